/* SPDX-License-Identifier: MIT */
/* What flashers ask for: grant, deliver, report; and what the clock does. */
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "chip/chip.h"
#include "server/ledger_int.h"

#define DUE_AT_ONCE 64

/* -- request keys --------------------------------------------------------- */
static int digest_request(const struct ledger_job *job, uint8_t out[32])
{
	uint8_t *buf = NULL;
	size_t len = 0;
	int err = shape_pack(api_route(job->op)->request, job->request, &buf,
			     &len);

	if (err == 0)
		err = crypto_sha256(buf, len, out);
	free(buf);
	return err;
}

/*
 * Looks whether this request has been answered before.  E_NOT_FOUND: it is
 * new, and row is prepared for its answer.  0: row holds the stored answer.
 * R_REPLAY, logged as an alarm: same key, other content.
 */
static int request_seen(struct call *c, enum request_kind kind,
			const uint8_t nonce[NONCE_LEN],
			struct row_request *row)
{
	uint8_t digest[32];
	int err = digest_request(c->job, digest);

	if (err < 0)
		return err;
	err = store_request_find(c->l->db, c->flasher->row.id, kind, nonce,
				 row);
	if (err == E_NOT_FOUND) {
		memset(row, 0, sizeof(*row));
		row->flasher_id = c->flasher->row.id;
		row->kind = kind;
		memcpy(row->nonce, nonce, NONCE_LEN);
		memcpy(row->digest, digest, sizeof(digest));
		return E_NOT_FOUND;
	}
	if (err == 0 && memcmp(row->digest, digest, sizeof(digest)) != 0) {
		c->event = "request.altered";
		return call_refuse(c, R_REPLAY,
				   "this request key was used for another "
				   "request before (grant %lld)",
				   (long long)row->grant_id);
	}
	return err;
}

/* -- grant ------------------------------------------------------------------ */
static int check_chip(struct call *c, const struct row_order *o)
{
	const struct grant_request *q = c->job->request;
	struct chip_print print = { .dpidr = q->dpidr,
				    .cpuid = q->cpuid,
				    .designer = q->designer,
				    .part = q->part,
				    .device_id = q->device_id,
				    .flash_kb = q->flash_kb };
	char why[CHIP_WHY_CAP] = "";

	if (chip_check_print((enum family)o->family, &print, why) < 0)
		return call_refuse(c, R_COUNTERFEIT, "%s", why);
	if (chip_check_uid((enum family)o->family, q->uid.data, q->uid.len,
			   why) < 0)
		return call_refuse(c, R_UID_FORM, "%s", why);
	return 0;
}

/* The rows that the rule about one chip needs. */
struct chip_rows {
	struct cached_order *order;
	struct cached_grant *own, *other; /* or NULL */
	struct cached_order *other_order;
};

static int load_chip(struct call *c, const uint8_t *uid, uint32_t len,
		     struct chip_rows *r)
{
	const struct row_order *o = &r->order->row;
	int err;

	if (!r->own) {
		err = cache_grant_uid(c->l, o, uid, len, &r->own);
		if (err < 0 && err != E_NOT_FOUND)
			return err;
	}
	err = cache_grant_charged(c->l, o->family, uid, len, &r->other);
	if (err < 0)
		return err == E_NOT_FOUND ? 0 : err;
	if (r->other == r->own) {
		r->other = NULL;
		return 0;
	}
	return cache_order_id(c->l, r->other->row.order_id, &r->other_order);
}

/* Says in words what the code of a refused grant means for this chip. */
static int refuse_grant(struct call *c, enum refusal_code code,
			const struct chip_rows *r)
{
	const struct row_order *o = &r->order->row;
	const struct row_grant *own = r->own ? &r->own->row : NULL;

	switch (code) {
	case R_CONFLICT:
		c->event = "uid.conflict";
		if (r->other)
			return call_refuse(c, code,
					   "another order (%s) has built this "
					   "unique ID already",
					   r->other_order->row.name);
		return call_refuse(c, code,
				   "another flasher is at work on this unique "
				   "ID in the same order");
	case R_ORDER_USED_UP:
		return call_refuse(c, code,
				   "all %u units of order %s have been used",
				   o->quantity, o->name);
	case R_ORDER_RESERVED:
		return call_refuse(c, code,
				   "the last %u units of order %s are reserved "
				   "by other channels",
				   o->reserved, o->name);
	case R_ALREADY_BUILT:
		return call_refuse(
			c, code, "this chip has been built already (order %s)",
			r->other ? r->other_order->row.name : o->name);
	case R_RETRY_LIMIT:
		return call_refuse(c, code,
				   "this chip has used all its %u attempts",
				   rules_attempts(o, own));
	case R_CREDIT:
		return call_refuse(c, code,
				   "flasher %s has %u grants open, as many as "
				   "it has channels",
				   c->flasher->row.name,
				   c->flasher->row.open);
	case R_STATE:
		return call_refuse(c, code,
				   "the owner has scrapped this chip");
	default:
		return (int)code;
	}
}

static int refuse_order(struct call *c, enum refusal_code code,
			const struct row_order *o)
{
	if (code == R_ORDER_CLOSED && o->state != ORDER_OPEN)
		return call_refuse(c, code, "order %s is %s", o->name,
				   rules_order_state(o->state));
	if (code == R_ORDER_CLOSED)
		return call_refuse(c, code, "order %s is outside its window",
				   o->name);
	if (code == R_NOT_ALLOWED)
		return call_refuse(c, code,
				   "order %s belongs to another manufacturer",
				   o->name);
	return (int)code;
}

static void fill_grant(const struct row_order *o, const struct row_grant *g,
		       struct grant_answer *a)
{
	a->grant = (uint64_t)g->id;
	a->attempt = g->attempt;
	a->lease_s = o->lease_s;
	TEXT_SET(a->state, rules_grant_state(g->state));
	TEXT_SET(a->mode, "signed");
	TEXT_SET(a->product, o->product);
	TEXT_SET(a->release, o->release);
	TEXT_SET(a->serial, g->serial);
	hex_encode(o->header_digest, DIGEST_LEN, a->header_digest);
	a->left = rules_left(o);
}

/* Starts the attempt in memory; a new grant is inserted at once, for its
 * number. */
static int start_attempt(struct call *c, struct chip_rows *r)
{
	const struct grant_request *q = c->job->request;
	struct row_order *o = &r->order->row;
	struct cached_flasher *before = NULL;
	struct row_grant g = { 0 };
	const char *event = "grant.attempt";
	int err;

	r->order->dirty = true;
	c->flasher->dirty = true;
	if (!r->own) {
		g.order_id = o->id;
		g.family = o->family;
		g.uid_len = q->uid.len;
		memcpy(g.uid, q->uid.data, q->uid.len);
		rules_grant_apply(o, &c->flasher->row, NULL, &g, c->now);
		err = cache_grant_new(c->l, &g, &r->own);
		event = "grant.reserved";
	} else {
		err = cache_flasher_id(c->l, r->own->row.flasher_id, &before);
		if (err < 0)
			return err;
		if (before != c->flasher) {
			event = "grant.moved";
			before->dirty = true;
		}
		rules_grant_apply(o, &c->flasher->row, &before->row,
				  &r->own->row, c->now);
		r->own->dirty = true;
	}
	if (err < 0)
		return err;
	return call_log(c, event, c->subject, "grant %lld, attempt %u of %u",
			(long long)r->own->row.id, r->own->row.attempt,
			rules_attempts(o, &r->own->row));
}

static int grant_answer_store(struct call *c, struct row_request *row,
			      int64_t grant)
{
	uint8_t *buf = NULL;
	size_t len = 0;
	int err = shape_pack(&grant_answer_shape, c->job->answer, &buf, &len);

	if (err == 0 && len > sizeof(row->answer))
		err = E_INTERNAL;
	if (err == 0) {
		memcpy(row->answer, buf, len);
		row->answer_len = (uint32_t)len;
		row->grant_id = grant;
		err = store_request_insert(c->l->db, row);
	}
	free(buf);
	return err;
}

static int op_grant(struct call *c)
{
	const struct grant_request *q = c->job->request;
	struct chip_rows r = { 0 };
	struct row_request row;
	int err, code;

	TEXT_SET(c->order, q->order);
	subject_uid(c->subject, q->uid.data, q->uid.len);
	if (q->nonce.len != NONCE_LEN || q->uid.len > UID_MAX)
		return call_refuse(c, R_BAD_REQUEST,
				   "uid or nonce has the wrong length");
	err = request_seen(c, REQUEST_GRANT, q->nonce.data, &row);
	if (err == 0)
		return shape_unpack(&grant_answer_shape, row.answer,
				    row.answer_len, c->job->answer);
	if (err != E_NOT_FOUND)
		return err;
	err = cache_order(c->l, q->order, &r.order);
	if (err < 0)
		return call_missing(c, err, "order", q->order);
	code = (int)rules_order(&r.order->row, &c->flasher->row, c->now);
	if (code != R_NONE)
		return refuse_order(c, (enum refusal_code)code,
				    &r.order->row);
	code = check_chip(c, &r.order->row);
	if (code != 0)
		return code;
	err = load_chip(c, q->uid.data, q->uid.len, &r);
	if (err < 0)
		return err;
	code = (int)rules_grant(&r.order->row, &c->flasher->row,
				r.own ? &r.own->row : NULL,
				r.other ? &r.other->row : NULL,
				r.other ? r.other_order->row.manufacturer : "",
				c->now);
	if (code != R_NONE)
		return refuse_grant(c, (enum refusal_code)code, &r);
	err = start_attempt(c, &r);
	if (err < 0)
		return err;
	fill_grant(&r.order->row, &r.own->row, c->job->answer);
	return grant_answer_store(c, &row, r.own->row.id);
}

/* -- report ------------------------------------------------------------------- */
static int op_report(struct call *c)
{
	static const char *const events[] = {
		[REPORT_INSTALLED] = "grant.installed",
		[REPORT_CLOSED] = "grant.closed",
		[REPORT_FAILED] = "grant.failed",
	};
	const struct report_request *q = c->job->request;
	struct report_answer *a = c->job->answer;
	struct cached_grant *g;
	struct cached_order *o;
	enum report what;
	int err, code;

	if (!rules_outcome(q->outcome, &what))
		return call_refuse(c, R_BAD_REQUEST,
				   "outcome is installed, closed or failed");
	if (q->grant > INT64_MAX)
		return R_NOT_FOUND;
	err = cache_grant_id(c->l, (int64_t)q->grant, &g);
	if (err == 0)
		err = cache_order_id(c->l, g->row.order_id, &o);
	if (err < 0)
		return err == E_NOT_FOUND ? R_NOT_FOUND : err;
	TEXT_SET(c->order, o->row.name);
	subject_uid(c->subject, g->row.uid, g->row.uid_len);
	code = (int)rules_report(&c->flasher->row, &g->row, q->attempt, what);
	if (code == R_STATE)
		return call_refuse(c, R_STATE,
				   "%s does not follow %s in attempt %u",
				   q->outcome, rules_grant_state(g->row.state),
				   q->attempt);
	if (code != R_NONE)
		return code;
	if (rules_report_apply(&o->row, &c->flasher->row, &g->row, what,
			       c->l->unknown_after_s, c->now)) {
		o->dirty = g->dirty = c->flasher->dirty = true;
		err = call_log(c, events[what], c->subject,
			       "attempt %u %s%s%s", q->attempt, q->phase,
			       q->phase[0] && q->detail[0] ? ": " : "",
			       q->detail);
	}
	a->grant = q->grant;
	TEXT_SET(a->state, rules_grant_state(g->row.state));
	a->attempts_left = rules_attempts(&o->row, &g->row) - g->row.attempt;
	return err;
}

/* -- deliver ------------------------------------------------------------------ */
static int delivery_answer(struct deliver_answer *a, const struct row_grant *g,
			   uint32_t attempt, const uint8_t key[80])
{
	int err;

	a->grant = (uint64_t)g->id;
	a->attempt = attempt;
	err = blob_set(&a->credential, g->credential, g->credential_len);
	if (err == 0)
		err = blob_set(&a->key_enc, key, X25519_LEN);
	if (err == 0)
		err = blob_set(&a->key_sealed, key + X25519_LEN,
			       STORE_WRAPPED_LEN - X25519_LEN);
	return err;
}

/* The stored answer is the wrapped key; the credential is the grant's, which
 * never changes. */
static int deliver_again(struct call *c, const struct row_request *row)
{
	const struct deliver_request *q = c->job->request;
	struct cached_grant *g;
	int err = cache_grant_id(c->l, row->grant_id, &g);

	if (err < 0 || row->answer_len != STORE_WRAPPED_LEN)
		return E_INTERNAL;
	return delivery_answer(c->job->answer, &g->row, q->attempt,
			       row->answer);
}

static void *grow(void *items, size_t count, size_t *cap, size_t size)
{
	size_t want = *cap ? 2 * *cap : 16;
	void *more;

	if (count < *cap)
		return items;
	more = realloc(items, want * size);
	if (more)
		*cap = want;
	return more;
}

static int want_credential(struct batch *b, const struct row_order *o,
			   const struct row_grant *g, size_t *out)
{
	struct signer_credential *s =
		grow(b->credentials, b->credential_count, &b->credential_cap,
		     sizeof(*s));
	struct credential *k;

	if (!s)
		return E_NOMEM;
	b->credentials = s;
	s += b->credential_count;
	memset(s, 0, sizeof(*s));
	k = &s->claims;
	TEXT_SET(k->product, o->product);
	TEXT_SET(k->order, o->name);
	TEXT_SET(k->serial, g->serial);
	k->grant = (uint64_t)g->id;
	k->issued = (uint64_t)b->now;
	memcpy(k->uid, g->uid, g->uid_len);
	k->uid_len = (uint8_t)g->uid_len;
	k->family = (uint8_t)g->family;
	k->proof = (uint8_t)o->proof;
	memcpy(k->digest, o->digest, DIGEST_LEN);
	*out = b->credential_count++;
	return 0;
}

static int want_rewrap(struct batch *b, const struct row_order *o,
		       const struct row_flasher *f, const struct row_grant *g,
		       size_t *out)
{
	struct signer_rewrap *s = grow(b->rewraps, b->rewrap_count,
				       &b->rewrap_cap, sizeof(*s));

	if (!s)
		return E_NOMEM;
	b->rewraps = s;
	s += b->rewrap_count;
	memset(s, 0, sizeof(*s));
	TEXT_SET(s->order, o->name);
	memcpy(s->header_digest, o->header_digest, DIGEST_LEN);
	memcpy(s->wrapped, o->wrapped, WRAPPED_KEY_LEN);
	memcpy(s->kem_pub, f->kem_pub, X25519_LEN);
	s->grant = (uint64_t)g->id;
	s->attempt = g->attempt;
	*out = b->rewrap_count++;
	return 0;
}

static int delivery_add(struct call *c, struct cached_grant *g,
			const struct row_order *o,
			const struct row_request *row)
{
	struct batch *b = &c->l->batch;
	struct delivery *d = calloc(1, sizeof(*d));
	int err = 0;

	if (!d)
		return E_NOMEM;
	d->job = c->job;
	d->grant = g;
	d->request = *row;
	d->request.grant_id = g->row.id;
	d->credential = SIZE_MAX;
	if (g->row.credential_len == 0)
		err = want_credential(b, o, &g->row, &d->credential);
	if (err == 0)
		err = want_rewrap(b, o, &c->flasher->row, &g->row, &d->rewrap);
	if (err < 0) {
		free(d);
		return err;
	}
	g->signing = true;
	return vec_add(&b->deliveries, d);
}

static int refuse_deliver(struct call *c, enum refusal_code code,
			  const struct chip_rows *r)
{
	const struct row_grant *g = &r->own->row;

	if (code == R_ORDER_CLOSED || code == R_NOT_ALLOWED)
		return refuse_order(c, code, &r->order->row);
	if (code == R_STATE && g->state != GRANT_SCRAPPED)
		return call_refuse(c, code,
				   "attempt %u was reported as failed: start "
				   "the device again",
				   g->attempt);
	return refuse_grant(c, code, r);
}

static bool being_answered(const struct batch *b, const struct row_request *row)
{
	for (size_t i = 0; i < b->deliveries.count; i++) {
		const struct delivery *d = b->deliveries.items[i];

		if (d->request.flasher_id == row->flasher_id &&
		    memcmp(d->request.nonce, row->nonce, NONCE_LEN) == 0)
			return true;
	}
	return false;
}

static int op_deliver(struct call *c)
{
	const struct deliver_request *q = c->job->request;
	struct chip_rows r = { 0 };
	struct row_request row;
	int err, code;

	if (q->nonce.len != NONCE_LEN || q->grant > INT64_MAX)
		return call_refuse(c, R_BAD_REQUEST,
				   "grant or nonce is malformed");
	err = cache_grant_id(c->l, (int64_t)q->grant, &r.own);
	if (err == 0)
		err = cache_order_id(c->l, r.own->row.order_id, &r.order);
	if (err < 0 && err != E_NOT_FOUND)
		return err;
	if (err == 0) {
		TEXT_SET(c->order, r.order->row.name);
		subject_uid(c->subject, r.own->row.uid, r.own->row.uid_len);
	}
	err = request_seen(c, REQUEST_DELIVER, q->nonce.data, &row);
	if (err == 0)
		return deliver_again(c, &row);
	if (err != E_NOT_FOUND)
		return err;
	if (!r.order)
		return R_NOT_FOUND;
	if (r.own->signing || being_answered(&c->l->batch, &row))
		return LATER;
	err = load_chip(c, r.own->row.uid, r.own->row.uid_len, &r);
	if (err < 0)
		return err;
	code = (int)rules_deliver(&r.order->row, &c->flasher->row, &r.own->row,
				  q->attempt, r.other ? &r.other->row : NULL,
				  c->now);
	if (code != R_NONE)
		return refuse_deliver(c, (enum refusal_code)code, &r);
	rules_deliver_apply(&r.order->row, &c->flasher->row, &r.own->row,
			    c->l->unknown_after_s, c->now);
	r.order->dirty = r.own->dirty = c->flasher->dirty = true;
	err = delivery_add(c, r.own, &r.order->row, &row);
	if (err < 0)
		return err;
	return call_log(c, "grant.delivered", c->subject,
			"grant %lld, attempt %u, serial %s",
			(long long)r.own->row.id, r.own->row.attempt,
			r.own->row.serial[0] ? r.own->row.serial : "-");
}

static int delivery_finish(struct ledger *l, struct delivery *d)
{
	const struct batch *b = &l->batch;
	const struct signer_rewrap *w = &b->rewraps[d->rewrap];
	struct row_grant *g = &d->grant->row;
	int err;

	if (d->credential != SIZE_MAX) {
		const struct signer_credential *s =
			&b->credentials[d->credential];

		if (s->out_len == 0 || s->out_len > sizeof(g->credential))
			return E_INTERNAL;
		memcpy(g->credential, s->out, s->out_len);
		g->credential_len = (uint32_t)s->out_len;
	}
	memcpy(d->request.answer, w->out_enc, X25519_LEN);
	memcpy(d->request.answer + X25519_LEN, w->out_sealed,
	       sizeof(w->out_sealed));
	d->request.answer_len = STORE_WRAPPED_LEN;
	err = store_request_insert(l->db, &d->request);
	if (err < 0)
		return err;
	d->grant->signing = false;
	return delivery_answer(d->job->answer, g, w->attempt,
			       d->request.answer);
}

int ledger_deliveries_finish(struct ledger *l)
{
	struct batch *b = &l->batch;
	const struct signer_port *s = l->signer;
	int err = 0;

	if (b->credential_count > 0)
		err = s->credentials(s->self, b->credentials,
				     b->credential_count);
	if (err == 0 && b->rewrap_count > 0)
		err = s->rewrap(s->self, b->rewraps, b->rewrap_count);
	for (size_t i = 0; err == 0 && i < b->deliveries.count; i++)
		err = delivery_finish(l, b->deliveries.items[i]);
	return err;
}

/* -- clock -------------------------------------------------------------------- */
struct due {
	int64_t ids[DUE_AT_ONCE];
	size_t count;
};

static int add_due(void *arg, const struct row_grant *r)
{
	struct due *d = arg;

	d->ids[d->count++] = r->id;
	return 0;
}

static int expire(struct ledger *l, int64_t id)
{
	struct call c = { .l = l, .now = l->batch.now };
	struct cached_flasher *f = NULL;
	struct cached_order *o;
	struct cached_grant *g;
	int err = cache_grant_id(l, id, &g);

	if (err == 0)
		err = cache_order_id(l, g->row.order_id, &o);
	if (err == 0)
		err = cache_flasher_id(l, g->row.flasher_id, &f);
	if (err < 0)
		return err;
	rules_due_apply(&o->row, &f->row, &g->row, c.now);
	o->dirty = g->dirty = f->dirty = true;
	TEXT_SET(c.order, o->row.name);
	subject_uid(c.subject, g->row.uid, g->row.uid_len);
	/* At once, so that the next look does not find it again. */
	err = store_grant_update(l->db, &g->row);
	if (err < 0)
		return err;
	return call_log(&c,
			g->row.state == GRANT_RELEASED ? "grant.expired"
						       : "grant.unknown",
			c.subject, "grant %lld, attempt %u, flasher %s",
			(long long)id, g->row.attempt, f->row.name);
}

int ledger_expire(struct ledger *l)
{
	struct due d;
	int err;

	do {
		d.count = 0;
		err = store_grants_due(l->db, l->batch.now, DUE_AT_ONCE,
				       add_due, &d);
		for (size_t i = 0; err == 0 && i < d.count; i++)
			err = expire(l, d.ids[i]);
	} while (err == 0 && d.count == DUE_AT_ONCE);
	return err;
}

const struct op_row ledger_grant_ops[] = {
	{ OP_GRANT, "grant", op_grant, false },
	{ OP_DELIVER, "deliver", op_deliver, false },
	{ OP_REPORT, "report", op_report, false },
	{ OP_NONE, NULL, NULL, false },
};
