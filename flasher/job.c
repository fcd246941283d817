/* SPDX-License-Identifier: MIT */
#include "flasher/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/ct.h"
#include "base/hex.h"
#include "cli/args.h"
#include "flasher/journal.h"
#include "flasher/target.h"
#include "flasher/ui.h"
#include "http/client.h"
#include "wire/cose.h"
#include "wire/credential.h"
#include "wire/record.h"

#define RELOCK_NOTE "was read-protected; it is erased and built again"

struct job {
	const struct job_env *env;
	const struct channel_conf *conf;
	struct http_client *client;
	struct job_result *res;
	unsigned channel;
	struct probe *probe;
	struct target *target;
	struct target_identity id;
	struct journal journal;
	struct grant_answer grant;
	const struct release_set *release;
	struct deliver_answer delivered;
	uint8_t key[AEAD_KEY_LEN]; /* in memory alone; wiped at the end */
	uint8_t *chunk;
	struct refusal refusal;
	char why[STATION_WHY_CAP];
	bool journaled;
	bool last_report; /* this report ends the attempt */
};

static double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* -- failures --------------------------------------------------------------
 */
static int net_failed(struct job *j, int err)
{
	if (err != E_REFUSED)
		snprintf(j->why, sizeof(j->why), "%s: %s", error_text(err),
			 http_client_why(j->client));
	return err;
}

static int target_failed(struct job *j, int err)
{
	const char *why = target_why(j->target);

	snprintf(j->why, sizeof(j->why), "%s", why[0] ? why : error_text(err));
	return err;
}

/* -- journal and reports ---------------------------------------------------
 */
static int note_phase(struct job *j, const char *phase)
{
	snprintf(j->journal.phase, NAME_CAP, "%s", phase);
	j->journaled = true;
	return journal_write(j->env->st, &j->journal, j->why);
}

static void told(void *arg, const struct outbox_note *note)
{
	struct job *j = arg;

	if (note->err == E_REFUSED)
		ui_say(j->env->ui, (int)j->channel,
		       "report \"%s\" refused (%s): %s", note->report.outcome,
		       note->refusal.code, note->refusal.cause);
	j->res->unsent = note->err != 0 && note->err != E_REFUSED;
}

static void fill_report(const struct job *j, const char *outcome,
			struct report_request *out)
{
	const struct job_result *r = j->res;

	memset(out, 0, sizeof(*out));
	out->grant = r->grant;
	out->attempt = r->attempt;
	snprintf(out->outcome, NAME_CAP, "%s", outcome);
	snprintf(out->phase, NAME_CAP, "%s",
		 strcmp(outcome, "failed") == 0	  ? r->phase
		 : strcmp(outcome, "closed") == 0 ? "prove"
						  : "lock");
	job_clean_text(r->outcome == JOB_BUILT ? r->line : r->cause,
		       out->detail, sizeof(out->detail));
}

/*
 * Into the outbox, then to the server.  A server that is away does not stop
 * the device: the report waits.  A disk that is full does not either, as long
 * as the server hears it.
 */
static void report(struct job *j, const char *outcome)
{
	struct report_request req;
	struct report_answer ans;
	char why[STATION_WHY_CAP] = "";
	int r;

	fill_report(j, outcome, &req);
	if (outbox_put(j->env->st, &req, why) == 0) {
		if (j->last_report)
			journal_remove(j->env->st, j->channel);
		r = outbox_send(j->env->st, j->client, req.grant, told, j);
		j->res->unsent = r != 0;
	} else {
		ui_say(j->env->ui, (int)j->channel,
		       "cannot keep a report: %s; sending it at once", why);
		r = http_call(j->client, OP_REPORT, &req, &ans, &j->refusal);
		if (j->last_report && (r == 0 || r == E_REFUSED))
			journal_remove(j->env->st, j->channel);
	}
	if (r != 0 && r != E_REFUSED)
		ui_say(j->env->ui, (int)j->channel,
		       "report \"%s\" for grant %llu waits for the server (%s)",
		       outcome, (unsigned long long)req.grant, error_text(r));
}

/* -- the steps -------------------------------------------------------------
 */
static void progress(void *arg, enum target_phase phase, uint32_t done,
		     uint32_t total)
{
	struct job *j = arg;

	ui_phase(j->env->ui, j->channel, target_phase_name(phase));
	ui_progress(j->env->ui, j->channel, done, total);
}

static int open_target(struct job *j)
{
	const struct station *st = j->env->st;
	struct probe_config pc = { .uri = j->conf->probe,
				   .clock_hz = st->conf.clock_hz };
	struct power_config power = {
		.command = j->conf->power[0] ? j->conf->power : NULL,
		.off_ms = st->conf.power_off_ms,
	};
	char why[256] = "";
	int r = probe_open(&pc, &j->probe, why);

	if (r != 0) {
		snprintf(j->why, sizeof(j->why), "%s: %s", error_text(r), why);
		return r;
	}
	return target_new(j->probe, &power, progress, j, &j->target);
}

static int step_release(struct job *j)
{
	return cache_get(j->env->cache, j->client, NULL, &j->refusal,
			 &j->release, j->why);
}

static int step_identify(struct job *j)
{
	const struct chip *chip = chip_find(
		(enum family)j->release->header.family);
	int r;

	if (chip == NULL) {
		snprintf(j->why, sizeof(j->why),
			 "this version cannot program chip family %u",
			 j->release->header.family);
		return E_UNSUPPORTED;
	}
	r = open_target(j);
	if (r != 0)
		return r;
	r = target_identify(j->target, chip, &j->id);
	if (r != 0)
		return target_failed(j, r);
	if (j->id.uid_len == 0) {
		snprintf(j->why, sizeof(j->why),
			 "the chip is read-protected and hides its unique ID");
		return E_TARGET_PROTECTED;
	}
	hex_encode(j->id.uid, j->id.uid_len, j->res->uid);
	ui_uid(j->env->ui, j->channel, j->res->uid);
	return 0;
}

/* The nonce of a request for this chip whose answer never came, else a new
 * one: a repeated request must be the same request. */
static int grant_nonce(struct job *j)
{
	struct grant_request *q = &j->journal.request;
	char why[STATION_WHY_CAP];
	struct journal old;

	q->nonce.len = NONCE_LEN;
	if (journal_read(j->env->st, j->channel, &old, why) == 0 &&
	    old.grant == 0 && old.request.uid.len == q->uid.len &&
	    memcmp(old.request.uid.data, q->uid.data, q->uid.len) == 0 &&
	    strcmp(old.request.order, q->order) == 0 &&
	    old.request.nonce.len == NONCE_LEN) {
		memcpy(q->nonce.data, old.request.nonce.data, NONCE_LEN);
		return 0;
	}
	return crypto_random(q->nonce.data, NONCE_LEN);
}

/* The journal holds the request before it goes out: after a crash the very
 * same request finds the same grant. */
static int step_grant(struct job *j)
{
	struct grant_request *q = &j->journal.request;
	const struct chip_print *p = &j->id.print;
	int r;

	memset(&j->journal, 0, sizeof(j->journal));
	j->journal.channel = j->channel;
	snprintf(q->order, NAME_CAP, "%s", j->env->order);
	q->uid.len = j->id.uid_len;
	memcpy(q->uid.data, j->id.uid, j->id.uid_len);
	q->channel = j->channel;
	q->dpidr = p->dpidr;
	q->cpuid = p->cpuid;
	q->designer = p->designer;
	q->part = p->part;
	q->device_id = p->device_id;
	q->flash_kb = p->flash_kb;
	r = grant_nonce(j);
	if (r == 0)
		r = note_phase(j, "grant");
	if (r == 0)
		r = net_failed(j, http_call(j->client, OP_GRANT, q, &j->grant,
					    &j->refusal));
	if (r != 0)
		return r;
	j->journal.grant = j->res->grant = j->grant.grant;
	j->journal.attempt = j->res->attempt = j->grant.attempt;
	j->res->left = j->grant.left;
	snprintf(j->res->serial, SERIAL_CAP, "%s", j->grant.serial);
	return note_phase(j, "granted");
}

/* The grant names the release; the cache may have had an older one. */
static int step_match(struct job *j)
{
	uint8_t digest[DIGEST_LEN];
	size_t len = 0;
	int r = hex_decode(j->grant.header_digest, digest, sizeof(digest),
			   &len);

	if (r != 0 || len != DIGEST_LEN) {
		snprintf(j->why, sizeof(j->why),
			 "the grant names no release digest");
		return E_HTTP;
	}
	r = cache_get(j->env->cache, j->client, digest, &j->refusal,
		      &j->release, j->why);
	if (r == 0 && j->release->header.family != j->id.chip->family)
		r = E_TARGET_FINGERPRINT;
	if (r != 0)
		return r;
	j->chunk = malloc(j->release->header.chunk_len);
	return j->chunk ? 0 : E_NOMEM;
}

static int open_content_key(struct job *j)
{
	const struct deliver_answer *d = &j->delivered;
	uint8_t aad[8 + 4 + DIGEST_LEN];
	struct wr w;
	size_t len;
	int r;

	if (d->key_enc.len != X25519_LEN ||
	    d->key_sealed.len != AEAD_KEY_LEN + AEAD_TAG_LEN)
		return E_HTTP;
	wr_init(&w, aad, sizeof(aad));
	wr_u64(&w, j->grant.grant);
	wr_u32(&w, j->grant.attempt);
	wr_bytes(&w, j->release->header_digest, DIGEST_LEN);
	r = wr_end(&w, &len);
	if (r != 0)
		return r;
	return crypto_hpke_open(j->env->st->kem, d->key_enc.data,
				LABEL_HPKE_CONTENT_KEY,
				strlen(LABEL_HPKE_CONTENT_KEY), aad, len,
				d->key_sealed.data, d->key_sealed.len, j->key);
}

/* The device checks the signature; here it is made sure, before the chip is
 * erased, that the credential is for this chip and this firmware. */
static int check_credential(struct job *j)
{
	const struct blob *b = &j->delivered.credential;
	struct cose_sign1 cose;
	struct credential c;
	int r = cose_decode(b->data, b->len, &cose);

	if (r == 0)
		r = credential_decode(cose.payload, cose.payload_len, &c);
	if (r == 0 &&
	    (c.uid_len != j->id.uid_len ||
	     memcmp(c.uid, j->id.uid, c.uid_len) != 0 ||
	     memcmp(c.digest, j->release->header.fw.digest, DIGEST_LEN) != 0))
		r = E_HTTP;
	if (r != 0) {
		snprintf(j->why, sizeof(j->why),
			 "the server's credential is not for this chip and "
			 "firmware: %s",
			 error_text(r));
		return r;
	}
	job_clean_text(c.serial, j->res->serial, SERIAL_CAP);
	return 0;
}

static int step_deliver(struct job *j)
{
	struct deliver_request q;
	int r;

	memset(&q, 0, sizeof(q));
	q.grant = j->grant.grant;
	q.attempt = j->grant.attempt;
	q.nonce.len = NONCE_LEN;
	r = crypto_random(q.nonce.data, NONCE_LEN);
	if (r == 0)
		r = net_failed(j, http_call(j->client, OP_DELIVER, &q,
					    &j->delivered, &j->refusal));
	if (r != 0)
		return r;
	r = check_credential(j);
	if (r != 0)
		return r;
	r = open_content_key(j);
	if (r != 0)
		snprintf(j->why, sizeof(j->why),
			 "the content key cannot be opened: %s", error_text(r));
	return r;
}

static int source(void *arg, uint32_t index, const uint8_t **out,
		  size_t *out_len)
{
	struct job *j = arg;
	int r = cache_chunk(j->release, index, j->key, j->chunk, out_len);

	if (r != 0) {
		snprintf(j->why, sizeof(j->why), "chunk %u: %s", index,
			 error_text(r));
		return r;
	}
	*out = j->chunk;
	return 0;
}

static int program_with(struct job *j, struct target_record records[2])
{
	struct target_plan plan = {
		.header = &j->release->header,
		.source = source,
		.source_arg = j,
		.records = records,
		.record_count = 2,
	};
	int r = target_program(j->target, &plan);

	return r == 0 || r == E_DECRYPT ? r : target_failed(j, r);
}

static int step_program(struct job *j)
{
	uint8_t firmware[RECORD_FIRMWARE_CAP];
	uint8_t credential[RECORD_CREDENTIAL_CAP];
	struct target_record records[2] = {
		{ RECORD_FIRMWARE_OFFSET, firmware, 0 },
		{ RECORD_CREDENTIAL_OFFSET, credential, 0 },
	};
	int r = record_encode(RECORD_FIRMWARE, j->release->firmware,
			      j->release->firmware_len, firmware,
			      sizeof(firmware), &records[0].len);

	if (r == 0)
		r = record_encode(RECORD_CREDENTIAL,
				  j->delivered.credential.data,
				  j->delivered.credential.len, credential,
				  sizeof(credential), &records[1].len);
	if (r == 0 && j->id.locked) {
		ui_say(j->env->ui, (int)j->channel, "%s " RELOCK_NOTE,
		       j->res->uid);
		r = target_unlock(j->target, j->id.chip);
		if (r != 0)
			return target_failed(j, r);
	}
	if (r == 0)
		r = program_with(j, records);
	ct_wipe(j->key, sizeof(j->key));
	if (j->chunk)
		ct_wipe(j->chunk, j->release->header.chunk_len);
	return r;
}

static int step_installed(struct job *j)
{
	report(j, "installed");
	return 0;
}

static int step_power(struct job *j)
{
	int r = target_power_cycle(j->target);

	return r == 0 ? 0 : target_failed(j, r);
}

static int step_start(struct job *j)
{
	const struct flasher_conf *c = &j->env->st->conf;
	const char *pattern = j->env->start_pattern;
	const char *said;
	char line[160] = "";
	int r = target_start(j->target, pattern, j->conf->uart,
			     c->start_timeout_ms, line);

	/* what the firmware said when the power went is still before it */
	said = pattern[0] ? strstr(line, pattern) : NULL;
	job_clean_text(said ? said : line, j->res->line, sizeof(j->res->line));
	if (r == 0)
		return 0;
	(void)target_failed(j, r);
	if (r == E_TARGET_NO_PROOF)
		snprintf(j->why, sizeof(j->why), "%s; it said \"%.160s\"",
			 error_text(r), j->res->line);
	return r;
}

static int step_prove(struct job *j)
{
	int r = target_prove_locked(j->target);

	return r == 0 ? 0 : target_failed(j, r);
}

static int step_closed(struct job *j)
{
	j->last_report = true;
	j->res->outcome = JOB_BUILT;
	report(j, "closed");
	return 0;
}

static const struct step {
	const char *phase;
	int (*run)(struct job *j);
	bool shown;   /* the target's steps show finer phases themselves */
	bool journal; /* note the phase on disk before it begins */
} steps[] = {
	{ "fetch", step_release, true, false },
	{ "connect", step_identify, false, false },
	{ "grant", step_grant, true, false },
	{ "fetch", step_match, false, false },
	{ "deliver", step_deliver, true, true },
	{ "program", step_program, false, true },
	{ "report", step_installed, true, true },
	{ "power", step_power, false, false },
	{ "start", step_start, false, false },
	{ "prove", step_prove, false, true },
	{ "power", step_power, false, false },
	{ "start", step_start, false, false },
	{ "report", step_closed, true, false },
};

static int run_step(struct job *j, const struct step *s)
{
	snprintf(j->res->phase, NAME_CAP, "%s", s->phase);
	if (s->shown)
		ui_phase(j->env->ui, j->channel, s->phase);
	if (j->env->stopped(j->env->stopped_arg) && j->res->grant == 0)
		return E_INTERRUPTED;
	if (s->journal && note_phase(j, s->phase) != 0) {
		/* The attempt goes on: the grant is in the journal. */
		ui_say(j->env->ui, (int)j->channel, "%s", j->why);
		j->why[0] = '\0';
	}
	return s->run(j);
}

/* Phases of the target are finer than ours. */
static void failed_phase(struct job *j)
{
	if (j->target && strcmp(j->res->phase, "program") == 0)
		snprintf(j->res->phase, NAME_CAP, "%s",
			 target_phase_name(target_phase(j->target)));
}

static void end(struct job *j, int err)
{
	struct job_result *r = j->res;

	if (err == 0)
		return;
	r->err = err;
	failed_phase(j);
	if (err == E_REFUSED)
		job_result_refused(r, &j->refusal);
	else
		job_result_failed(r, err, j->why);
	if (r->grant != 0) {
		j->last_report = true;
		report(j, "failed");
	} else if (j->journaled && (err == E_REFUSED || err == E_DISK_FULL)) {
		journal_remove(j->env->st, j->channel);
	}
}

void job_run(const struct job_env *env, unsigned channel,
	     const struct channel_conf *conf, struct http_client *client,
	     struct job_result *out)
{
	struct job j = { .env = env,
			 .conf = conf,
			 .client = client,
			 .res = out,
			 .channel = channel };
	double begin = seconds_now();
	int r = 0;

	memset(out, 0, sizeof(*out));
	out->channel = channel;
	snprintf(out->order, NAME_CAP, "%s", env->order);
	ui_begin(env->ui, channel);
	for (size_t i = 0; i < ARRAY_LEN(steps) && r == 0; i++)
		r = run_step(&j, &steps[i]);
	end(&j, r);
	ct_wipe(j.key, sizeof(j.key));
	shape_clear(&deliver_answer_shape, &j.delivered);
	free(j.chunk);
	target_free(j.target);
	probe_close(j.probe);
	out->seconds = seconds_now() - begin;
}
