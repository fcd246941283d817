/* SPDX-License-Identifier: MIT */
/*
 * bench/sealed.c - what the server does for sealed devices, per second.
 *
 * No network: ledger_batch() on a real file with a real signer in this
 * process, one thread, the chips in software.  A device costs four requests:
 * grant, handshake (message 1 opened: two X25519; message 2: two more, and two
 * HPKE seals), report and commit, closed.  The chips' own part (message 1,
 * opening message 2, the report) is timed apart and not part of the rates.
 * Batches of 1, 8 and 32 show what group commit brings.
 *
 *   bench_sealed [SECONDS]      figures also in build/bench/sealed.json
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/lib/ledger_sealed.h"

#define BATCH_MAX 32

enum part { GRANT, CHIP, HANDSHAKE, INSTALLED, CLOSED, PARTS };
static const char *const names[] = { "grant", "chip", "handshake", "installed",
				     "closed" };

static struct bed bed;
static struct vault vault;
static struct bed_flasher flasher;
static struct job jobs[BATCH_MAX];
static uint32_t next_chip = 1;
static uint64_t next_nonce = 1;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void stop(const char *what)
{
	fprintf(stderr, "bench_sealed: %s failed\n", what);
	exit(1);
}

static void batch(struct ledger_job *b, size_t n, const char *what)
{
	if (ledger_batch(bed.ledger, b, n) != 0)
		stop(what);
	for (size_t i = 0; i < n; i++)
		if (bed_code(&b[i].refusal) != R_NONE)
			stop(what);
}

static struct ledger_job ask(enum api_op op, const void *q, void *a)
{
	return (struct ledger_job){
		.op = op, .caller = flasher.caller, .request = q, .answer = a
	};
}

static void grants(size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (job_grant(&vault, &flasher, "o1", next_chip++, next_nonce++,
			      &jobs[i]) != R_NONE)
			stop("grant");
}

static void chips_begin(size_t n)
{
	for (size_t i = 0; i < n; i++)
		job_message1(&jobs[i]);
}

static void handshakes(size_t n)
{
	struct handshake_request q[BATCH_MAX];
	struct ledger_job b[BATCH_MAX];

	memset(q, 0, sizeof(q));
	for (size_t i = 0; i < n; i++) {
		struct job *j = &jobs[i];

		q[i].grant = j->grant.grant;
		q[i].attempt = j->grant.attempt;
		q[i].message = (struct blob){ j->message1, j->message1_len };
		b[i] = ask(OP_HANDSHAKE, &q[i], &j->answer);
	}
	batch(b, n, "handshake");
}

static void chips_go_on(size_t n)
{
	for (size_t i = 0; i < n; i++)
		job_message2(&jobs[i]);
}

static void reports(size_t n)
{
	struct installed_request q[BATCH_MAX];
	struct ledger_job b[BATCH_MAX];

	memset(q, 0, sizeof(q));
	for (size_t i = 0; i < n; i++) {
		struct job *j = &jobs[i];

		q[i].grant = j->grant.grant;
		q[i].attempt = j->grant.attempt;
		q[i].report = (struct blob){ j->report, j->report_len };
		b[i] = ask(OP_INSTALLED, &q[i], &j->commit);
	}
	batch(b, n, "report");
}

static void closed(size_t n)
{
	struct report_request q[BATCH_MAX];
	struct report_answer a[BATCH_MAX];
	struct ledger_job b[BATCH_MAX];

	memset(q, 0, sizeof(q));
	for (size_t i = 0; i < n; i++) {
		q[i].grant = jobs[i].grant.grant;
		q[i].attempt = jobs[i].grant.attempt;
		BED_SET(q[i].outcome, "closed");
		b[i] = ask(OP_REPORT, &q[i], &a[i]);
	}
	batch(b, n, "closed");
	for (size_t i = 0; i < n; i++)
		job_clear(&jobs[i]);
}

static void timed(void (*step)(size_t n), size_t n, double *total)
{
	double begin = now();

	step(n);
	*total += now() - begin;
}

/* Devices per second of the server's time without the grants, which are not
 * batched here. */
static void measure(FILE *json, size_t n, double seconds)
{
	double t[PARTS] = { 0 }, end = now() + seconds;
	size_t devices = 0;

	while (now() < end) {
		timed(grants, n, &t[GRANT]);
		timed(chips_begin, n, &t[CHIP]);
		timed(handshakes, n, &t[HANDSHAKE]);
		timed(chips_go_on, n, &t[CHIP]);
		timed(reports, n, &t[INSTALLED]);
		timed(closed, n, &t[CLOSED]);
		devices += n;
	}
	printf("%5zu %9zu", n, devices);
	fprintf(json, "  {\"batch\": %zu, \"devices\": %zu", n, devices);
	for (int i = 0; i < PARTS; i++) {
		printf(" %12.0f", (double)devices / t[i]);
		fprintf(json, ", \"%s_per_s\": %.1f", names[i],
			(double)devices / t[i]);
	}
	printf("\n");
	fprintf(json, "}");
}

int main(int argc, char **argv)
{
	static const size_t sizes[] = { 1, 8, 32 };
	double seconds = argc > 1 ? atof(argv[1]) : 3;
	FILE *json = fopen("build/bench/sealed.json", "w");

	if (json == NULL || seconds <= 0)
		stop("build/bench/sealed.json");
	bed_setup(&bed);
	vault_setup(&bed, &vault);
	vault_order(&vault, "o1", 1000000, "");
	bed_enrol(&bed, "line1", BED_MAKER, 64, &flasher);
	printf("batch   devices");
	for (int i = 0; i < PARTS; i++)
		printf(" %10s/s", names[i]);
	printf("\n");
	fprintf(json, "{\"method\": \"ledger and signer in one process and "
		      "thread, no network; grants one by one\", \"rows\": [\n");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		measure(json, sizes[i], seconds);
		fprintf(json, i + 1 < sizeof(sizes) / sizeof(sizes[0]) ? ",\n"
								       : "\n");
	}
	fprintf(json, "]}\n");
	bed_flasher_free(&flasher);
	bed_teardown(&bed);
	return fclose(json) != 0;
}
