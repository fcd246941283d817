/* SPDX-License-Identifier: MIT */
/* Starting an attempt on a chip, and saying what became of it. */
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "chip/chip.h"
#include "server/ledger_int.h"
#include "wire/name.h"

/* -- grant --------------------------------------------------------------- */
static int check_chip(struct call *c, const struct row_order *o)
{
	const struct grant_request *q = c->job->request;
	struct chip_print print = { .dpidr = q->dpidr,
				    .cpuid = q->cpuid,
				    .designer = q->designer,
				    .part = q->part,
				    .device_id = q->device_id,
				    .flash_kb = q->flash_kb,
				    .ap_idr = q->ap_idr,
				    .vtor = q->vtor };
	const struct chip *meant = chip_meant((enum family)o->family,
					      o->device);
	char why[CHIP_WHY_CAP] = "";

	if (chip_check_print((enum family)o->family, &print, why) < 0)
		return call_refuse(c, R_COUNTERFEIT, "%s", why);
	if (meant && chip_of(meant->family, q->device_id) != meant)
		return call_refuse(c, R_CHIP,
				   "release %s is laid out for %s, and this is "
				   "a %s",
				   o->release, meant->name,
				   chip_of(meant->family, q->device_id)->name);
	if (chip_check_uid((enum family)o->family, q->uid.data, q->uid.len,
			   why) < 0)
		return call_refuse(c, R_UID_FORM, "%s", why);
	return 0;
}

static void fill_grant(const struct row_order *o, const struct row_grant *g,
		       struct grant_answer *a)
{
	a->grant = (uint64_t)g->id;
	a->attempt = g->attempt;
	a->lease_s = o->lease_s;
	TEXT_SET(a->state, rules_grant_state(g->state));
	TEXT_SET(a->mode, rules_mode(o->mode));
	TEXT_SET(a->proof, proof_name(o->proof));
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
		return refuse_order(c, (enum refusal_code)code, &r.order->row);
	code = check_chip(c, &r.order->row);
	if (code == 0 && r.order->row.mode == MODE_SEALED)
		code = sealed_ready(c, &r.order->row, q);
	if (code != 0)
		return code;
	err = chip_load(c, q->uid.data, q->uid.len, &r);
	if (err < 0)
		return err;
	code = (int)rules_grant(
		&r.order->row, &c->flasher->row, r.own ? &r.own->row : NULL,
		r.other ? &r.other->row : NULL,
		r.other ? r.other_order->row.manufacturer : "", c->now);
	if (code != R_NONE)
		return refuse_grant(c, (enum refusal_code)code, &r);
	err = start_attempt(c, &r);
	if (err < 0)
		return err;
	fill_grant(&r.order->row, &r.own->row, c->job->answer);
	if (r.order->row.mode == MODE_SEALED) {
		err = sealed_attempt_start(c, &r.own->row, c->job->answer);
		if (err < 0)
			return err;
	}
	return grant_answer_store(c, &row, r.own->row.id);
}

/* -- report -------------------------------------------------------------- */
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
	bool verified;
	int err, code;

	if (!rules_outcome(q->outcome, &what))
		return call_refuse(c, R_BAD_REQUEST,
				   "outcome is installed, closed or failed");
	if (q->grant > INT64_MAX)
		return R_NOT_FOUND;
	err = cache_grant_id(c->l, (int64_t)q->grant, &g);
	if (err == 0)
		err = cache_order_id(c->l, g->row.order_id, &o);
	if (err != 0)
		return err == E_NOT_FOUND ? R_NOT_FOUND : err;
	TEXT_SET(c->order, o->row.name);
	subject_uid(c->subject, g->row.uid, g->row.uid_len);
	err = sealed_verified(c, &o->row, &g->row, q->attempt, &verified);
	if (err < 0)
		return err;
	code = (int)rules_report(&o->row, &c->flasher->row, &g->row, q->attempt,
				 what, verified);
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
		err = call_log(c, events[what], c->subject, "attempt %u %s%s%s",
			       q->attempt, q->phase,
			       q->phase[0] && q->detail[0] ? ": " : "",
			       q->detail);
	}
	a->grant = q->grant;
	TEXT_SET(a->state, rules_grant_state(g->row.state));
	a->attempts_left = rules_attempts(&o->row, &g->row) - g->row.attempt;
	return err;
}

const struct op_row ledger_grant_ops[] = {
	{ OP_GRANT, "grant", op_grant, false },
	{ OP_REPORT, "report", op_report, false },
	{ OP_NONE, NULL, NULL, false },
};
