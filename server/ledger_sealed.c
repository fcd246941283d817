/* SPDX-License-Identifier: MIT */
/* Sealed orders: handshake (the point of no return) and the chip's report. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chip/chip.h"
#include "server/ledger_int.h"
#include "wire/cose.h"
#include "wire/name.h"

#define EPHEMERAL_LEN 32

_Static_assert(STORE_SESSION_CAP == WRAPPED_SESSION_LEN, "session fits");
_Static_assert(STORE_LINK_CAP == SEALED_LINK_LEN, "link fits");
_Static_assert(STORE_MESSAGE2_CAP == SIGNER_MESSAGE2_MAX, "message 2 fits");
_Static_assert(STORE_COMMIT_CAP == SIGNER_COMMIT_MAX, "commit fits");

/* -- the start of an attempt --------------------------------------------- */
struct known { /* loaders for a chip: admitted ones first */
	uint32_t device;
	struct row_loader rows[HANDSHAKE_LOADERS_MAX];
	size_t count, admitted;
	bool want; /* those that are now being gathered */
};

static int add_known(void *arg, const struct row_loader *r)
{
	struct known *n = arg;

	if (r->device == n->device && r->admitted == n->want &&
	    n->count < HANDSHAKE_LOADERS_MAX)
		n->rows[n->count++] = *r;
	return 0;
}

static int known_loaders(struct ledger *l, const struct row_order *o,
			 struct known *out)
{
	struct store_filter f = { .limit = 0 };
	int err;

	memset(out, 0, sizeof(*out));
	out->device = o->device;
	out->want = true;
	err = store_loaders(l->db, &f, o->family, add_known, out);
	out->admitted = out->count;
	out->want = false;
	if (err == 0)
		err = store_loaders(l->db, &f, o->family, add_known, out);
	return err;
}

/* A chip with stage 0 has its loader already, and that speaks one line. */
static int stage0_ready(struct call *c, const struct row_order *o,
			const struct grant_request *q, enum loader_link link)
{
	struct row_loader has;
	int err = store_batch_loader(c->l->db, o->batch_id, o->family,
				     q->uid.data, q->uid.len, &has);

	if (err < 0) /* noted by nobody: its message 1 decides */
		return err == E_NOT_FOUND ? 0 : err;
	if (!has.admitted)
		return call_refuse(c, R_LOADER,
				   "the loader that this chip got at stage 0 "
				   "is no longer admitted");
	if (link == LOADER_LINK_NONE || has.link == LOADER_LINK_NONE ||
	    has.link == (uint32_t)link)
		return 0;
	return call_refuse(c, R_LINK,
			   "the loader that this chip got at stage 0 speaks "
			   "%s, the channel %s",
			   loader_link_name(has.link), q->link);
}

int sealed_ready(struct call *c, const struct row_order *o,
		 const struct grant_request *q)
{
	enum loader_link link = loader_link_find(q->link);
	struct row_loader any;

	if (q->link[0] && link == LOADER_LINK_NONE)
		return call_refuse(c, R_BAD_REQUEST, "link: uart or swd-pins");
	if (o->batch_id != 0)
		return stage0_ready(c, o, q, link);
	return loader_admitted(c, o, link, &any);
}

int sealed_attempt_start(struct call *c, const struct row_grant *g,
			 struct grant_answer *a)
{
	struct row_attempt row = { .grant_id = g->id,
				   .attempt = g->attempt,
				   .flasher_id = g->flasher_id };
	int err = crypto_random(row.challenge, sizeof(row.challenge));

	if (err == 0)
		err = store_attempt_insert(c->l->db, &row);
	if (err < 0)
		return err;
	a->challenge.len = CHALLENGE_LEN;
	memcpy(a->challenge.data, row.challenge, CHALLENGE_LEN);
	return 0;
}

int sealed_verified(struct call *c, const struct row_order *o,
		    const struct row_grant *g, uint32_t attempt, bool *out)
{
	struct row_attempt row;
	int err;

	*out = false;
	if (o->mode != MODE_SEALED)
		return 0;
	err = store_attempt_find(c->l->db, g->id, attempt, &row);
	if (err == E_NOT_FOUND)
		return 0;
	*out = err == 0 && row.report_len > 0;
	return err;
}

/* -- what handshake and report share ------------------------------------- */
struct sealed {
	struct chip_rows rows;
	struct row_attempt attempt;
};

/* Finds grant, order and attempt.  0, a refusal, or E_*. */
static int sealed_find(struct call *c, uint64_t grant, uint32_t attempt,
		       struct sealed *s)
{
	struct chip_rows *r = &s->rows;
	int err;

	if (grant > INT64_MAX)
		return R_NOT_FOUND;
	err = cache_grant_id(c->l, (int64_t)grant, &r->own);
	if (err == 0)
		err = cache_order_id(c->l, r->own->row.order_id, &r->order);
	if (err != 0)
		return err == E_NOT_FOUND ? R_NOT_FOUND : err;
	TEXT_SET(c->order, r->order->row.name);
	subject_uid(c->subject, r->own->row.uid, r->own->row.uid_len);
	if (r->order->row.mode != MODE_SEALED)
		return call_refuse(c, R_MODE, "order %s is signed",
				   r->order->row.name);
	err = store_attempt_find(c->l->db, r->own->row.id, attempt,
				 &s->attempt);
	/* What an attempt was answered is for its flasher alone. */
	if (err == E_NOT_FOUND ||
	    (err == 0 && s->attempt.flasher_id != c->flasher->row.id))
		return R_NOT_FOUND;
	return err;
}

static void signer_attempt(const struct sealed *s,
			   const struct store_content *content,
			   struct signer_attempt *out)
{
	const struct row_grant *g = &s->rows.own->row;

	TEXT_SET(out->order, s->rows.order->row.name);
	out->grant = (uint64_t)g->id;
	out->attempt = s->attempt.attempt;
	out->family = (uint8_t)g->family;
	out->uid_len = (uint8_t)g->uid_len;
	memcpy(out->uid, g->uid, UID_MAX);
	rules_serial(&s->rows.order->row, g, out->serial);
	out->header = content->header.data;
	out->header_len = content->header.len;
}

static int refuse_verdict(struct call *c, enum sealed_verdict v,
			  enum refusal_code unreadable, const char *why)
{
	static const enum refusal_code codes[] = {
		[SEALED_OK] = R_INTERNAL,   [SEALED_CLAIM] = R_CLAIM,
		[SEALED_LOCK] = R_LOCK,	    [SEALED_RNG] = R_RNG,
		[SEALED_REPORT] = R_REPORT, [SEALED_LOADER] = R_LOADER,
	};

	if (v == SEALED_UNREADABLE)
		return (int)unreadable;
	return call_refuse(c, codes[v], "%s", why);
}

/* The same key with other content: a fault, or somebody trying. */
static int alarm_altered(struct call *c, const char *what,
			 const struct row_attempt *a)
{
	c->event = "handshake.altered";
	return call_refuse(c, R_REPLAY,
			   "%s was used for another message before (grant "
			   "%lld, attempt %u)",
			   what, (long long)a->grant_id, a->attempt);
}

/* -- handshake ----------------------------------------------------------- */
static int handshake_answer(struct call *c, const struct row_attempt *a)
{
	struct handshake_answer *out = c->job->answer;
	int err;

	out->grant = (uint64_t)a->grant_id;
	out->attempt = a->attempt;
	if (a->link_len != SEALED_LINK_LEN) /* of an older version */
		return E_INTERNAL;
	err = blob_set(&out->key_enc, a->link, X25519_LEN);
	if (err == 0)
		err = blob_set(&out->key_sealed, a->link + X25519_LEN,
			       SEALED_LINK_LEN - X25519_LEN);
	if (err == 0)
		err = blob_set(&out->message2, a->message2, a->message2_len);
	return err;
}

/*
 * Has message 1 been seen?  0: answered with the stored bytes.  E_NOT_FOUND:
 * it is the attempt's first.  Else a refusal.
 */
static int handshake_seen(struct call *c, const struct blob *msg,
			  const uint8_t digest[STORE_HASH_LEN],
			  const struct row_attempt *a)
{
	struct row_attempt other;
	int err;

	if (a->request_len > 0) {
		if (memcmp(a->request, digest, STORE_HASH_LEN) == 0)
			return handshake_answer(c, a);
		if (memcmp(a->ephemeral, msg->data, EPHEMERAL_LEN) == 0)
			return alarm_altered(c, "the chip's ephemeral key", a);
		return call_refuse_next(c, R_STATE, "start the device again",
					"attempt %u has had its handshake",
					a->attempt);
	}
	err = store_attempt_by_key(c->l->db, msg->data, &other);
	if (err == 0)
		return alarm_altered(c, "the chip's ephemeral key", &other);
	return err;
}

/* Fills what the signer is asked; content and batch are read here. */
static int handshake_ask(struct call *c, const struct sealed *s,
			 const struct known *known, const struct blob *msg,
			 struct signer_handshake *h)
{
	const struct row_order *o = &s->rows.order->row;
	const struct signer_port *port = c->l->signer;
	struct store_content content = { { 0 }, { 0 }, { 0 } };
	struct row_batch batch;
	int err = store_order_header(c->l->db, o->id, &content);

	if (err < 0)
		return err;
	signer_attempt(s, &content, &h->at);
	memcpy(h->challenge, s->attempt.challenge, CHALLENGE_LEN);
	memcpy(h->wrapped, o->wrapped, WRAPPED_KEY_LEN);
	for (size_t i = 0; i < known->count; i++)
		memcpy(h->loaders[i], known->rows[i].digest, DIGEST_LEN);
	h->loader_count = (uint8_t)known->count;
	h->admitted_count = (uint8_t)known->admitted;
	if (o->batch_id != 0) {
		err = store_batch_by_id(c->l->db, o->batch_id, &batch);
		if (err == 0) {
			TEXT_SET(h->batch, batch.name);
			memcpy(h->master, batch.master, WRAPPED_KEY_LEN);
		}
	}
	memcpy(h->kem_pub, c->flasher->row.kem_pub, X25519_LEN);
	h->message = msg->data;
	h->message_len = msg->len;
	if (err == 0)
		err = port->handshake(port->self, h);
	store_content_free(&content);
	return err;
}

/* Charges the unit and writes the answer down; nothing has been sent yet. */
static int handshake_done(struct call *c, struct sealed *s,
			  const struct row_loader *loader,
			  const struct signer_handshake *h, const uint8_t *msg,
			  const uint8_t digest[STORE_HASH_LEN])
{
	struct row_attempt *a = &s->attempt;
	struct chip_rows *r = &s->rows;
	int err;

	memcpy(a->ephemeral, msg, EPHEMERAL_LEN);
	memcpy(a->request, digest, STORE_HASH_LEN);
	a->ephemeral_len = EPHEMERAL_LEN;
	a->request_len = STORE_HASH_LEN;
	a->loader_id = loader->id;
	memcpy(a->session, h->session, WRAPPED_SESSION_LEN);
	a->session_len = WRAPPED_SESSION_LEN;
	memcpy(a->link, h->link, SEALED_LINK_LEN);
	a->link_len = SEALED_LINK_LEN;
	memcpy(a->message2, h->message2, h->message2_len);
	a->message2_len = (uint32_t)h->message2_len;
	err = store_attempt_update(c->l->db, a);
	if (err < 0)
		return err;
	rules_deliver_apply(&r->order->row, &c->flasher->row, &r->own->row,
			    c->l->unknown_after_s, c->now);
	r->order->dirty = r->own->dirty = c->flasher->dirty = true;
	err = credential_later(c, r->own, &r->order->row);
	if (err == 0)
		err = handshake_answer(c, a);
	return err < 0 ? err
		       : call_log(c, "grant.delivered", c->subject,
				  "grant %lld, attempt %u, serial %s, sealed",
				  (long long)r->own->row.id, a->attempt,
				  r->own->row.serial[0] ? r->own->row.serial
							: "-");
}

static int refuse_handshake(struct call *c, enum refusal_code code,
			    const struct chip_rows *r)
{
	if (code == R_ORDER_CLOSED || code == R_NOT_ALLOWED)
		return refuse_order(c, code, &r->order->row);
	if (code == R_STATE && r->own->row.state != GRANT_SCRAPPED)
		return call_refuse_next(c, code, "start the device again",
					"attempt %u was reported as failed",
					r->own->row.attempt);
	return refuse_grant(c, code, r);
}

/* Which loaders may have made the message: the one that the station names, the
 * one that went in at stage 0, or all for the chip. */
static int handshake_loaders(struct call *c, const struct sealed *s,
			     const char *named, struct known *out)
{
	const struct row_order *o = &s->rows.order->row;
	const struct row_grant *g = &s->rows.own->row;
	int err = E_NOT_FOUND;

	out->count = 1;
	out->admitted = 1;
	if (named[0])
		return loader_named(c, named, o->family, o->device,
				    &out->rows[0]);
	if (o->batch_id != 0)
		err = store_batch_loader(c->l->db, o->batch_id, g->family,
					 g->uid, g->uid_len, &out->rows[0]);
	if (err == 0)
		out->admitted = out->rows[0].admitted;
	if (err == E_NOT_FOUND) {
		err = known_loaders(c->l, o, out);
		if (err == 0 && out->admitted == 0)
			return R_LOADER;
	}
	return err;
}

/* The rules have agreed: is it really the chip? */
static int handshake_try(struct call *c, struct sealed *s,
			 const struct handshake_request *q,
			 const uint8_t digest[STORE_HASH_LEN])
{
	const struct blob *msg = &q->message;
	struct signer_handshake *h;
	struct known known;
	int err = handshake_loaders(c, s, q->loader, &known);

	if (err != 0)
		return err;
	h = calloc(1, sizeof(*h));
	if (!h)
		return E_NOMEM;
	err = handshake_ask(c, s, &known, msg, h);
	if (err == 0 &&
	    (h->loader >= known.count || h->message2_len > STORE_MESSAGE2_CAP))
		err = E_INTERNAL;
	if (err == 0 && h->verdict != SEALED_OK)
		err = refuse_verdict(c, h->verdict, R_HANDSHAKE, h->why);
	else if (err == 0)
		err = handshake_done(c, s, &known.rows[h->loader], h, msg->data,
				     digest);
	free(h);
	return err;
}

static int op_handshake(struct call *c)
{
	const struct handshake_request *q = c->job->request;
	const struct blob *msg = &q->message;
	uint8_t digest[STORE_HASH_LEN];
	struct sealed s = { .rows = { 0 } };
	struct chip_rows *r = &s.rows;
	int err, code;

	if (msg->len < NOISE_MESSAGE_OVERHEAD)
		return call_refuse(c, R_BAD_REQUEST, "message: too short");
	err = sealed_find(c, q->grant, q->attempt, &s);
	if (err != 0)
		return err;
	err = crypto_sha256(msg->data, msg->len, digest);
	if (err == 0)
		err = handshake_seen(c, msg, digest, &s.attempt);
	if (err != E_NOT_FOUND)
		return err;
	if (r->own->signing)
		return LATER;
	err = chip_load(c, r->own->row.uid, r->own->row.uid_len, r);
	if (err < 0)
		return err;
	code = (int)rules_handshake(&r->order->row, &c->flasher->row,
				    &r->own->row, q->attempt,
				    r->other ? &r->other->row : NULL, c->now);
	if (code != R_NONE)
		return refuse_handshake(c, (enum refusal_code)code, r);
	return handshake_try(c, &s, q, digest);
}

/* -- the chip's report --------------------------------------------------- */
static int commit_answer(struct call *c, const struct sealed *s)
{
	struct installed_answer *out = c->job->answer;

	out->grant = (uint64_t)s->attempt.grant_id;
	out->attempt = s->attempt.attempt;
	/* What it became then; the same bytes whenever it is asked again. */
	TEXT_SET(out->state, rules_grant_state(GRANT_INSTALLED));
	TEXT_SET(out->serial, s->rows.own->row.serial);
	return blob_set(&out->commit, s->attempt.commit, s->attempt.commit_len);
}

/* The chunks only where the signer needs them: they are long. */
static int commit_content(struct call *c, const struct row_order *o,
			  struct store_content *out)
{
	struct release_header h;
	struct cose_sign1 s;
	int err = store_order_header(c->l->db, o->id, out);

	if (err < 0)
		return err;
	err = cose_decode(out->header.data, out->header.len, &s);
	if (err == 0)
		err = release_header_decode(s.payload, s.payload_len, &h);
	if (err == 0 && h.serial.form == SERIAL_NONE)
		return 0;
	store_content_free(out);
	return err < 0 ? err : store_order_content(c->l->db, o->id, out);
}

static int commit_ask(struct call *c, const struct sealed *s,
		      const struct blob *report, struct signer_commit *out)
{
	const struct row_grant *g = &s->rows.own->row;
	const struct signer_port *port = c->l->signer;
	struct store_content content = { { 0 }, { 0 }, { 0 } };
	int err = commit_content(c, &s->rows.order->row, &content);

	if (err < 0)
		return err;
	signer_attempt(s, &content, &out->at);
	memcpy(out->wrapped, s->rows.order->row.wrapped, WRAPPED_KEY_LEN);
	out->chunks = content.chunks.data;
	out->chunks_len = content.chunks.len;
	memcpy(out->session, s->attempt.session, WRAPPED_SESSION_LEN);
	out->report = report->data;
	out->report_len = report->len;
	out->credential = g->credential;
	out->credential_len = g->credential_len;
	out->firmware = content.firmware.data;
	out->firmware_len = content.firmware.len;
	err = port->commit(port->self, out);
	store_content_free(&content);
	return err;
}

static int installed_done(struct call *c, struct sealed *s,
			  const struct signer_commit *m,
			  const uint8_t digest[STORE_HASH_LEN])
{
	struct row_attempt *a = &s->attempt;
	struct chip_rows *r = &s->rows;
	int err;

	if (m->commit_len == 0 || m->commit_len > STORE_COMMIT_CAP)
		return E_INTERNAL;
	memcpy(a->report, digest, STORE_HASH_LEN);
	a->report_len = STORE_HASH_LEN;
	memcpy(a->commit, m->commit, m->commit_len);
	a->commit_len = (uint32_t)m->commit_len;
	err = store_attempt_update(c->l->db, a);
	if (err < 0)
		return err;
	(void)rules_report_apply(&r->order->row, &c->flasher->row, &r->own->row,
				 REPORT_INSTALLED, c->l->unknown_after_s,
				 c->now);
	r->order->dirty = r->own->dirty = c->flasher->dirty = true;
	err = commit_answer(c, s);
	return err < 0 ? err
		       : call_log(c, "grant.installed", c->subject,
				  "attempt %u, said by the chip", a->attempt);
}

static int installed_try(struct call *c, struct sealed *s,
			 const struct blob *report,
			 const uint8_t digest[STORE_HASH_LEN])
{
	struct signer_commit *m = calloc(1, sizeof(*m));
	int err;

	if (!m)
		return E_NOMEM;
	err = commit_ask(c, s, report, m);
	if (err == 0 && m->verdict != SEALED_OK)
		err = refuse_verdict(c, m->verdict, R_REPORT, m->why);
	else if (err == 0)
		err = installed_done(c, s, m, digest);
	free(m);
	return err;
}

static int op_installed(struct call *c)
{
	const struct installed_request *q = c->job->request;
	uint8_t digest[STORE_HASH_LEN];
	struct sealed s = { .rows = { 0 } };
	const struct row_grant *g;
	int err, code;

	err = sealed_find(c, q->grant, q->attempt, &s);
	if (err == 0)
		err = crypto_sha256(q->report.data, q->report.len, digest);
	if (err != 0)
		return err;
	if (s.attempt.report_len > 0) {
		if (memcmp(s.attempt.report, digest, sizeof(digest)) == 0)
			return commit_answer(c, &s);
		return alarm_altered(c, "the report's key", &s.attempt);
	}
	g = &s.rows.own->row;
	if (s.rows.own->signing)
		return LATER;
	code = (int)rules_installed(&c->flasher->row, g, q->attempt);
	if (code == R_STATE)
		return call_refuse(c, R_STATE,
				   "a report does not follow %s in attempt %u",
				   rules_grant_state(g->state), q->attempt);
	if (code != R_NONE)
		return code;
	return installed_try(c, &s, &q->report, digest);
}

const struct op_row ledger_sealed_ops[] = {
	{ OP_HANDSHAKE, "handshake", op_handshake, false },
	{ OP_INSTALLED, "installed", op_installed, false },
	{ OP_NONE, NULL, NULL, false },
};
