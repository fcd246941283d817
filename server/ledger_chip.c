/* SPDX-License-Identifier: MIT */
/* What grant and deliver share: request keys, the rows about one chip, and
 * refusals in words. */
#include <stdlib.h>
#include <string.h>

#include "server/ledger_int.h"

/* -- request keys -------------------------------------------------------- */
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

int request_seen(struct call *c, enum request_kind kind,
		 const uint8_t nonce[NONCE_LEN], struct row_request *row)
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

/* -- the chip ------------------------------------------------------------ */
int chip_load(struct call *c, const uint8_t *uid, uint32_t len,
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

int refuse_grant(struct call *c, enum refusal_code code,
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
				   "all that is left of order %s is reserved "
				   "by other channels (units: %u)",
				   o->name, o->reserved);
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
				   c->flasher->row.name, c->flasher->row.open);
	case R_STATE:
		return call_refuse_next(
			c, code,
			"set the board aside: a scrapped chip is not built "
			"again",
			"the owner has scrapped this chip");
	default:
		return (int)code;
	}
}

int refuse_order(struct call *c, enum refusal_code code,
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
