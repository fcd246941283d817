/* SPDX-License-Identifier: MIT */
/* Batches: deciding, committing, and what happens when storage fails. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "server/ledger_int.h"

#define SEEN_EVERY_S 60

/* -- log and refusals ---------------------------------------------------- */
int batch_log(struct ledger *l, const struct row_log *row, bool refusal)
{
	struct pending_log *p = calloc(1, sizeof(*p));

	if (!p)
		return E_NOMEM;
	p->row = *row;
	p->row.time = l->batch.now;
	p->refusal = refusal;
	return vec_add(&l->batch.logs, p);
}

int call_log(struct call *c, const char *event, const char *subject,
	     const char *text, ...)
{
	struct row_log row = { 0 };
	va_list ap;

	TEXT_SET(row.event, event);
	TEXT_SET(row.actor, c->actor);
	TEXT_SET(row.order, c->order);
	TEXT_SET(row.subject, subject);
	va_start(ap, text);
	vsnprintf(row.text, sizeof(row.text), text, ap);
	va_end(ap);
	return batch_log(c->l, &row, false);
}

int call_refuse(struct call *c, enum refusal_code code, const char *detail, ...)
{
	va_list ap;

	va_start(ap, detail);
	vsnprintf(c->detail, sizeof(c->detail), detail, ap);
	va_end(ap);
	return (int)code;
}

int call_refuse_next(struct call *c, enum refusal_code code, const char *next,
		     const char *detail, ...)
{
	va_list ap;

	va_start(ap, detail);
	vsnprintf(c->detail, sizeof(c->detail), detail, ap);
	va_end(ap);
	TEXT_SET(c->next, next);
	return (int)code;
}

int call_missing(struct call *c, int err, const char *kind, const char *name)
{
	if (err != E_NOT_FOUND)
		return err;
	if (c->flasher)
		TEXT_SET(c->next, "check the name; `signet-flasher work` lists "
				  "the orders");
	else
		snprintf(c->next, sizeof(c->next),
			 "check the name; `signet %s list` shows all", kind);
	return call_refuse(c, R_NOT_FOUND, "there is no %s %s", kind, name);
}

static const struct op_row *op_find(enum api_op op)
{
	static const struct op_row *const groups[] = {
		ledger_grant_ops,  ledger_deliver_ops, ledger_catalog_ops,
		ledger_order_ops,  ledger_flasher_ops, ledger_list_ops,
		ledger_sealed_ops, ledger_loader_ops,
	};

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		for (const struct op_row *r = groups[i]; r->handle; r++)
			if (r->op == op)
				return r;
	return NULL;
}

/* Sets the job's refusal and writes it down in the batch. */
static int refuse(struct call *c, const char *name, enum refusal_code code)
{
	struct row_log row = { 0 };

	refusal_set(&c->job->refusal, code, c->detail);
	if (c->next[0])
		TEXT_SET(c->job->refusal.next, c->next);
	if (c->event)
		TEXT_SET(row.event, c->event);
	else
		snprintf(row.event, sizeof(row.event), "%s.refused", name);
	TEXT_SET(row.actor, c->actor);
	TEXT_SET(row.order, c->order);
	TEXT_SET(row.subject, c->subject);
	TEXT_SET(row.code, c->job->refusal.code);
	TEXT_SET(row.text, c->job->refusal.cause);
	return batch_log(c->l, &row, true);
}

/* -- who asks ------------------------------------------------------------ */
static int know_flasher(struct call *c)
{
	const uint8_t *id = c->job->caller.id;
	int err = cache_flasher_cert(c->l, id, &c->flasher);

	if (err == E_NOT_FOUND) {
		hex_encode(id, 32, c->subject);
		return call_refuse(c, R_AUTH,
				   "no flasher has this certificate");
	}
	if (err < 0)
		return err;
	TEXT_SET(c->actor, c->flasher->row.name);
	if (c->flasher->row.state != FLASHER_ENROLLED)
		return call_refuse(c, R_REVOKED, "flasher %s is revoked",
				   c->flasher->row.name);
	if (c->now - c->flasher->row.seen >= SEEN_EVERY_S) {
		c->flasher->row.seen = c->now;
		c->flasher->dirty = true;
	}
	return 0;
}

static int know_person(struct call *c)
{
	struct row_person who;
	int err = store_person_by_token(c->l->db, c->job->caller.id, &who);

	if (err == E_NOT_FOUND)
		return call_refuse(c, R_AUTH, "the token is not known");
	if (err == 0)
		TEXT_SET(c->actor, who.name);
	return err;
}

static int know_port(struct call *c)
{
	switch (c->job->caller.port) {
	case PORT_FLASHER:
		return know_flasher(c);
	case PORT_ADMIN:
		return know_person(c);
	case PORT_ENROL:
		return 0; /* the one-time code speaks for itself */
	}
	return E_INTERNAL;
}

static int know(struct call *c)
{
	const struct api_route *route = api_route(c->job->op);

	if (!route || route->port != c->job->caller.port)
		return call_refuse(c, R_AUTH,
				   "this operation is not offered here");
	return know_port(c);
}

/* -- one batch ----------------------------------------------------------- */
static void answer_clear(struct ledger_job *job)
{
	const struct api_route *route = api_route(job->op);

	if (route)
		shape_clear(route->answer, job->answer);
}

/* Has this batch decided anything that is not in the database yet? */
static bool is_unwritten(const struct batch *b)
{
	return b->logs.count > 0 || b->deliveries.count > 0;
}

/* Equal ones are coalesced by code, caller and operation; those of strangers by
 * code and port, so that they add few entries, however they vary. */
static int write_refused(struct call *c)
{
	const struct ledger_refused *what = c->job->request;
	const struct api_route *route = api_route(what->op);
	int r = know_port(c);

	if (r < 0)
		return r;
	c->event = "request.refused";
	if (r > 0 && c->subject[0] == '\0')
		TEXT_SET(c->subject, "administration port");
	else if (route && c->subject[0] == '\0')
		snprintf(c->subject, sizeof(c->subject), "%s %s", route->method,
			 route->path);
	TEXT_SET(c->detail, what->cause);
	return refuse(c, "request", what->code);
}

static int run_job(struct ledger *l, struct ledger_job *job, bool *out_later)
{
	struct call c = { .l = l, .job = job, .now = l->batch.now };
	const struct op_row *op = op_find(job->op);
	int r;

	*out_later = false;
	memset(&job->refusal, 0, sizeof(job->refusal));
	if (job->op == LEDGER_REFUSED)
		return write_refused(&c);
	r = know(&c);
	if (r == 0 && op && op->reads && is_unwritten(&l->batch))
		r = LATER;
	if (r == 0)
		r = op ? op->handle(&c) : E_INTERNAL;
	if (r == LATER)
		*out_later = true;
	if (r <= 0 || r == LATER)
		return r < 0 ? r : 0;
	answer_clear(job);
	return refuse(&c, op ? op->name : "request", (enum refusal_code)r);
}

/* What was refused while nothing could be written is said once it can. */
static int log_unrecorded(struct ledger *l)
{
	struct row_log row = { 0 };

	if (l->unrecorded == 0)
		return 0;
	TEXT_SET(row.event, "storage.failed");
	TEXT_SET(row.code, "storage");
	snprintf(row.text, sizeof(row.text),
		 "%llu requests were refused while the database could not be "
		 "written",
		 (unsigned long long)l->unrecorded);
	return batch_log(l, &row, false);
}

static int mend(struct ledger *l)
{
	int err = 0;

	if (l->broken)
		err = store_recover(l->db);
	if (err == 0)
		l->broken = false;
	return err;
}

static bool only_reads(struct ledger_job *const *jobs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct api_route *route = api_route(jobs[i]->op);

		if (!route || strcmp(route->method, "GET") != 0)
			return false;
	}
	return n > 0;
}

/* While the disk is full questions are still answered: what else is due
 * waits for the next tick or the next change. */
static int batch_due(struct ledger *l, struct ledger_job **jobs, size_t n)
{
	int err;

	if (l->unrecorded > 0 && only_reads(jobs, n))
		return 0;
	err = log_unrecorded(l);
	return err ? err : ledger_expire(l);
}

static int batch_decide(struct ledger *l, struct ledger_job **jobs, size_t n,
			bool *later)
{
	int err = batch_due(l, jobs, n);

	for (size_t i = 0; err == 0 && i < n; i++)
		err = run_job(l, jobs[i], &later[i]);
	if (err == 0)
		err = ledger_deliveries_finish(l);
	if (err == 0)
		err = cache_flush(l);
	return err;
}

int batch_run(struct ledger *l, struct ledger_job **jobs, size_t n, bool *later)
{
	int err = mend(l);

	l->batch.now = l->now(l->now_arg);
	if (err == 0)
		err = store_begin(l->db);
	if (err == 0) {
		err = batch_decide(l, jobs, n, later);
		if (err == 0)
			err = store_commit(l->db);
		else
			store_rollback(l->db);
	}
	if (err == 0)
		l->unrecorded = 0;
	for (size_t i = 0; err < 0 && i < n; i++) {
		answer_clear(jobs[i]);
		memset(&jobs[i]->refusal, 0, sizeof(jobs[i]->refusal));
	}
	if (err == E_DB_UNCERTAIN || err == E_DB)
		l->broken = true;
	cache_clear(l);
	return err;
}

/* -- when a batch fails -------------------------------------------------- */
static bool is_storage(int err)
{
	return err == E_DISK_FULL || err == E_DB_BUSY || err == E_DB ||
	       err == E_DB_UNCERTAIN;
}

/* The refusal of a job that failed alone gets a transaction of its own. */
static void log_failure(struct ledger *l, struct ledger_job *job, int err)
{
	const struct op_row *op = op_find(job->op);
	struct call c = { .l = l, .job = job };

	l->batch.now = l->now(l->now_arg);
	snprintf(c.detail, sizeof(c.detail), "the server failed: %s",
		 error_text(err));
	err = store_begin(l->db);
	if (err < 0) {
		l->unrecorded++;
		return;
	}
	(void)know(&c);
	err = refuse(&c, op ? op->name : "request", R_INTERNAL);
	if (err == 0)
		err = cache_flush(l);
	if (err == 0)
		err = store_commit(l->db);
	else
		store_rollback(l->db);
	if (err < 0)
		l->unrecorded++;
	cache_clear(l);
}

static void fail_job(struct ledger *l, struct ledger_job *job, int err)
{
	char detail[TEXT_CAP];

	if (is_storage(err)) {
		refusal_set(&job->refusal, R_STORAGE,
			    err == E_DISK_FULL ? "the server's disk is full"
					       : NULL);
		l->unrecorded++;
		return;
	}
	snprintf(detail, sizeof(detail), "the server failed: %s",
		 error_text(err));
	refusal_set(&job->refusal, R_INTERNAL, detail);
	log_failure(l, job, err);
}

/*
 * Nobody knows whether a commit happened.  Requests with a key are read back
 * by running them again; what the owner does has none, and must not be done
 * twice.
 */
static bool repeatable(const struct ledger_job *job)
{
	const struct api_route *route = api_route(job->op);

	return route &&
	       (route->port != PORT_ADMIN || strcmp(route->method, "GET") == 0);
}

static void run_alone(struct ledger *l, struct ledger_job *job, int why)
{
	bool later;
	int err;

	if (why == E_DB_UNCERTAIN && !repeatable(job)) {
		refusal_set(&job->refusal, R_STORAGE,
			    "the disk failed; look whether it was done before "
			    "you repeat it");
		l->unrecorded++;
		return;
	}
	err = batch_run(l, &job, 1, &later);
	if (err < 0)
		fail_job(l, job, err);
}

/* After a batch failed with err: 0 if its jobs have been dealt with one by
 * one. */
static int batch_rescue(struct ledger *l, struct ledger_job **jobs, size_t n,
			int err)
{
	bool hopeless = is_storage(err) && err != E_DB_UNCERTAIN;

	if (err == E_DB_UNCERTAIN && mend(l) < 0)
		hopeless = true;
	if (hopeless || (n == 1 && err != E_DB_UNCERTAIN)) {
		for (size_t i = 0; i < n; i++)
			fail_job(l, jobs[i], err);
		return err;
	}
	for (size_t i = 0; i < n; i++)
		run_alone(l, jobs[i], err);
	return 0;
}

int ledger_batch(struct ledger *l, struct ledger_job *jobs, size_t n)
{
	struct ledger_job **set = calloc(n ? n : 1, sizeof(void *));
	bool *later = calloc(n ? n : 1, sizeof(*later));
	size_t left = n, kept;
	int err = 0, first = 0;

	if (!set || !later) {
		for (size_t i = 0; i < n; i++)
			refusal_set(&jobs[i].refusal, R_INTERNAL, NULL);
		err = E_NOMEM;
		goto out;
	}
	for (size_t i = 0; i < n; i++)
		set[i] = &jobs[i];
	do {
		err = batch_run(l, set, left, later);
		if (err < 0) {
			err = batch_rescue(l, set, left, err);
			first = first ? first : err;
			break;
		}
		/* What a job waited for has been written now, so each round
		 * gets some done. */
		kept = 0;
		for (size_t i = 0; i < left; i++)
			if (later[i])
				set[kept++] = set[i];
		left = kept;
	} while (left > 0);
	err = first;
out:
	free(set);
	free(later);
	return err;
}
