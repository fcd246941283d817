/* SPDX-License-Identifier: MIT */
/*
 * bench/ledger.c - what the ledger alone does per second.
 *
 * No network, no processes: ledger_batch() on a real file with a real signer
 * in this process, one thread.  A device costs three requests: grant, deliver
 * (one ES256 signature, two HPKE operations), report.  Batches of 1, 16, 64
 * and 256 show what group commit brings; beside it stands what one write and
 * fdatasync cost in the same folder.
 *
 *   ledger [SECONDS [FOLDER]]      JSON on standard output
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "tests/lib/ledger_bed.h"

#define BATCH_MAX 256
#define FLASHERS 4
#define CHANNELS 64

struct phase {
	double wall, cpu; /* seconds */
	size_t batches;
};

struct round_result {
	size_t size, devices;
	struct phase grant, deliver, report;
	double worst; /* seconds that the slowest batch took */
};

static struct bed bed;
static struct bed_flasher flashers[FLASHERS];
static uint32_t next_chip = 1;
static uint64_t next_nonce = 1;

static double wall(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void stop(const char *what)
{
	fprintf(stderr, "bench ledger: %s\n", what);
	exit(1);
}

static double sync_time(const char *dir)
{
	char path[128], block[4096];
	double begin;
	int fd, n = 200;

	snprintf(path, sizeof(path), "%s/sync", dir);
	memset(block, 1, sizeof(block));
	fd = open(path, O_RDWR | O_CREAT, 0600);
	if (fd < 0)
		stop("cannot write");
	begin = wall();
	for (int i = 0; i < n; i++)
		if (pwrite(fd, block, sizeof(block), (i % 16) * 4096) < 0 ||
		    fdatasync(fd) < 0)
			stop("cannot sync");
	begin = (wall() - begin) / n;
	close(fd);
	unlink(path);
	return begin;
}

static void run(struct ledger_job *jobs, size_t n, struct phase *p,
		double *worst)
{
	double w = wall(), c = cpu();

	if (ledger_batch(bed.ledger, jobs, n) < 0)
		stop("a batch failed");
	w = wall() - w;
	p->wall += w;
	p->cpu += cpu() - c;
	p->batches++;
	if (w > *worst)
		*worst = w;
	for (size_t i = 0; i < n; i++)
		if (jobs[i].refusal.http != 0)
			stop(jobs[i].refusal.cause);
}

static struct grant_request grant_q[BATCH_MAX];
static struct grant_answer grant_a[BATCH_MAX];
static struct deliver_request deliver_q[BATCH_MAX];
static struct deliver_answer deliver_a[BATCH_MAX];
static struct report_request report_q[BATCH_MAX];
static struct report_answer report_a[BATCH_MAX];

static void devices(size_t n, struct round_result *r)
{
	struct ledger_job g[BATCH_MAX], d[BATCH_MAX], p[BATCH_MAX];

	memset(grant_a, 0, sizeof(grant_a));
	memset(deliver_a, 0, sizeof(deliver_a));
	memset(report_a, 0, sizeof(report_a));
	for (size_t i = 0; i < n; i++) {
		const struct api_caller who = flashers[i % FLASHERS].caller;

		bed_grant_request("bench", next_chip++, next_nonce++,
				  &grant_q[i]);
		g[i] = (struct ledger_job){
			OP_GRANT, who, &grant_q[i], &grant_a[i], { .http = 0 }
		};
		d[i] = (struct ledger_job){ OP_DELIVER,
					    who,
					    &deliver_q[i],
					    &deliver_a[i],
					    { .http = 0 } };
		p[i] = (struct ledger_job){ OP_REPORT,
					    who,
					    &report_q[i],
					    &report_a[i],
					    { .http = 0 } };
	}
	run(g, n, &r->grant, &r->worst);
	for (size_t i = 0; i < n; i++) {
		deliver_q[i].grant = report_q[i].grant = grant_a[i].grant;
		deliver_q[i].attempt = report_q[i].attempt = 1;
		deliver_q[i].nonce.len = NONCE_LEN;
		bed_nonce(next_nonce++, deliver_q[i].nonce.data);
		BED_SET(report_q[i].outcome, "closed");
	}
	run(d, n, &r->deliver, &r->worst);
	run(p, n, &r->report, &r->worst);
	for (size_t i = 0; i < n; i++)
		shape_clear(&deliver_answer_shape, &deliver_a[i]);
	r->devices += n;
}

static void print_phase(const char *name, const struct phase *p,
			size_t devices_done, const char *end)
{
	printf("\"%s_per_s\": %.0f, \"%s_cpu_us\": %.1f%s", name,
	       (double)devices_done / p->wall, name,
	       p->cpu * 1e6 / (double)devices_done, end);
}

static void measure(size_t size, double seconds, const char *end)
{
	struct round_result r = { .size = size };
	double until = wall() + seconds, total;

	while (wall() < until)
		devices(size, &r);
	total = r.grant.wall + r.deliver.wall + r.report.wall;
	printf("    { \"batch\": %zu, \"devices\": %zu, ", size, r.devices);
	print_phase("grant", &r.grant, r.devices, ", ");
	print_phase("deliver", &r.deliver, r.devices, ", ");
	print_phase("report", &r.report, r.devices, ", ");
	printf("\"devices_per_s\": %.0f, \"slowest_batch_ms\": %.2f }%s\n",
	       (double)r.devices / total, r.worst * 1e3, end);
}

static void prepare(const char *folder)
{
	struct order q = { .name = "bench",
			   .mode = "signed",
			   .product = BED_PRODUCT,
			   .release = BED_RELEASE,
			   .manufacturer = BED_MAKER,
			   .quantity = 1u << 30,
			   .serial_prefix = "B-",
			   .serial_first = 1 },
		     a;

	bed_keys(&bed);
	if (folder) {
		snprintf(bed.db, sizeof(bed.db), "%s/bench-ledger-%ld.db",
			 folder, (long)getpid());
	}
	if (bed_open(&bed) < 0)
		stop("cannot open the ledger");
	bed_token(&bed);
	bed_product(&bed);
	if (bed_call(&bed, OP_ORDER_CREATE, bed.admin, &q, &a, NULL) != R_NONE)
		stop("no order");
	for (int i = 0; i < FLASHERS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "f%d", i);
		bed_enrol(&bed, name, BED_MAKER, CHANNELS, &flashers[i]);
	}
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 2.0;
	const char *folder = argc > 2 ? argv[2] : NULL;
	double sync_s;

	prepare(folder);
	sync_s = sync_time(folder ? folder : bed.dir);
	printf("{\n  \"bench\": \"ledger\",\n  \"method\": \"ledger_batch() "
	       "alone, one thread, real file and signer\",\n"
	       "  \"fdatasync_4k_us\": %.1f,\n  \"rates\": [\n",
	       sync_s * 1e6);
	measure(1, seconds, ",");
	measure(16, seconds, ",");
	measure(64, seconds, ",");
	measure(256, seconds, "");
	printf("  ]\n}\n");
	for (int i = 0; i < FLASHERS; i++)
		bed_flasher_free(&flashers[i]);
	bed_shut(&bed);
	if (folder)
		unlink(bed.db);
	bed_teardown(&bed);
	return 0;
}
