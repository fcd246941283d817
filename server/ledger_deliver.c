/* SPDX-License-Identifier: MIT */
/* The point of no return: credential and key leave. */
#include <stdlib.h>
#include <string.h>

#include "server/ledger_int.h"

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
	struct signer_credential *s = grow(b->credentials, b->credential_count,
					   &b->credential_cap, sizeof(*s));
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

/* One per order and station in a batch. */
static int want_rewrap(struct batch *b, const struct row_order *o,
		       const struct row_flasher *f, size_t *out)
{
	struct signer_rewrap *s;

	for (size_t i = 0; i < b->rewrap_count; i++) {
		s = &b->rewraps[i];
		if (!memcmp(s->kem_pub, f->kem_pub, X25519_LEN) &&
		    !memcmp(s->wrapped, o->wrapped, WRAPPED_KEY_LEN)) {
			*out = i;
			return 0;
		}
	}
	s = grow(b->rewraps, b->rewrap_count, &b->rewrap_cap, sizeof(*s));
	if (!s)
		return E_NOMEM;
	b->rewraps = s;
	s += b->rewrap_count;
	memset(s, 0, sizeof(*s));
	TEXT_SET(s->order, o->name);
	memcpy(s->header_digest, o->header_digest, DIGEST_LEN);
	memcpy(s->wrapped, o->wrapped, WRAPPED_KEY_LEN);
	memcpy(s->kem_pub, f->kem_pub, X25519_LEN);
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
	d->attempt = g->row.attempt;
	d->credential = SIZE_MAX;
	if (g->row.credential_len == 0)
		err = want_credential(b, o, &g->row, &d->credential);
	if (err == 0)
		err = want_rewrap(b, o, &c->flasher->row, &d->rewrap);
	if (err < 0) {
		free(d);
		return err;
	}
	g->signing = true;
	return vec_add(&b->deliveries, d);
}

int credential_later(struct call *c, struct cached_grant *g,
		     const struct row_order *o)
{
	struct batch *b = &c->l->batch;
	struct delivery *d;
	int err;

	if (g->row.credential_len > 0)
		return 0;
	d = calloc(1, sizeof(*d));
	if (!d)
		return E_NOMEM;
	d->grant = g;
	err = want_credential(b, o, &g->row, &d->credential);
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
	if (code == R_MODE)
		return call_refuse(c, code,
				   "order %s is sealed: its key goes to chips "
				   "only",
				   r->order->row.name);
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

		if (d->job && d->request.flasher_id == row->flasher_id &&
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
	err = chip_load(c, r.own->row.uid, r.own->row.uid_len, &r);
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
	const struct signer_rewrap *w;
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
	d->grant->signing = false;
	if (!d->job)
		return 0;
	w = &b->rewraps[d->rewrap];
	memcpy(d->request.answer, w->out_enc, X25519_LEN);
	memcpy(d->request.answer + X25519_LEN, w->out_sealed,
	       sizeof(w->out_sealed));
	d->request.answer_len = STORE_WRAPPED_LEN;
	err = store_request_insert(l->db, &d->request);
	if (err < 0)
		return err;
	return delivery_answer(d->job->answer, g, d->attempt,
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

const struct op_row ledger_deliver_ops[] = {
	{ OP_DELIVER, "deliver", op_deliver, false },
	{ OP_NONE, NULL, NULL, false },
};
