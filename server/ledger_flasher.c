/* SPDX-License-Identifier: MIT */
/* Flashers: inviting, enrolling, revoking. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ct.h"
#include "base/hex.h"
#include "server/ledger_int.h"
#include "wire/name.h"

#define CHANNELS_DEFAULT 4
#define CHANNELS_MOST 256
#define SECRET_LEN (ENROL_SECRET_HEX / 2)

/* -- inviting ------------------------------------------------------------ */
static int make_code(struct call *c, int64_t flasher_id, char out[TEXT_CAP])
{
	struct row_invite i = { .flasher_id = flasher_id,
				.expires = c->now + RULES_INVITE_S };
	uint8_t secret[SECRET_LEN], pin[32];
	char hex[2 * SECRET_LEN + 1], pin_hex[ENROL_PIN_HEX + 1];
	int err = crypto_random(secret, sizeof(secret));

	if (err == 0)
		err = crypto_sha256(c->l->ca, c->l->ca_len, pin);
	if (err == 0)
		err = crypto_sha256(secret, sizeof(secret), i.secret);
	if (err < 0)
		return err;
	/* The first bytes only find the row, so that wrong guesses at the
	 * rest can be counted. */
	memcpy(i.selector, secret, sizeof(i.selector));
	err = store_invite_put(c->l->db, &i);
	hex_encode(secret, sizeof(secret), hex);
	hex_encode(pin, ENROL_PIN_HEX / 2, pin_hex);
	snprintf(out, TEXT_CAP, ENROL_CODE_PREFIX "%s-%s@%.88s", pin_hex, hex,
		 c->l->enrol_host);
	ct_wipe(secret, sizeof(secret));
	ct_wipe(hex, sizeof(hex));
	return err;
}

static int invite_row(struct call *c, const struct flasher *q)
{
	if (!name_valid(q->name) || !name_valid(q->manufacturer))
		return call_refuse(c, R_BAD_REQUEST,
				   "name, manufacturer: 1 to 31 of a-z 0-9 . "
				   "_ -");
	if (q->channels > CHANNELS_MOST)
		return call_refuse(c, R_BAD_REQUEST, "channels: at most %d",
				   CHANNELS_MOST);
	return 0;
}

/* A name may be invited again until it is enrolled, and after it was
 * revoked. */
static int op_flasher_invite(struct call *c)
{
	const struct flasher *q = c->job->request;
	struct flasher *a = c->job->answer;
	struct cached_flasher *f;
	struct row_flasher row = { 0 };
	int err;

	TEXT_SET(c->subject, q->name);
	err = invite_row(c, q);
	if (err != 0)
		return err;
	err = cache_flasher(c->l, q->name, &f);
	if (err == E_NOT_FOUND) {
		TEXT_SET(row.name, q->name);
		TEXT_SET(row.manufacturer, q->manufacturer);
		row.channels = CHANNELS_DEFAULT;
		row.state = FLASHER_INVITED;
		row.created = c->now;
		err = store_flasher_insert(c->l->db, &row);
		if (err == 0)
			err = cache_flasher_id(c->l, row.id, &f);
	}
	if (err < 0)
		return err;
	if (f->row.state == FLASHER_ENROLLED)
		return call_refuse_next(
			c, R_EXISTS,
			"choose another name, or `signet flasher revoke` it "
			"first",
			"flasher %s is enrolled", q->name);
	if (f->row.open > 0 &&
	    strcmp(f->row.manufacturer, q->manufacturer) != 0)
		return call_refuse_next(
			c, R_STATE,
			"choose another name, or have its boards built or "
			"scrapped first",
			"flasher %s holds %u grants for %s", q->name,
			f->row.open, f->row.manufacturer);
	TEXT_SET(f->row.manufacturer, q->manufacturer);
	f->row.channels = q->channels ? q->channels : CHANNELS_DEFAULT;
	f->row.state = FLASHER_INVITED;
	f->dirty = true;
	err = make_code(c, f->row.id, a->code);
	if (err < 0)
		return err;
	fill_flasher(&f->row, a);
	return call_log(c, "flasher.invited", q->name,
			"manufacturer %s, %u channels", q->manufacturer,
			f->row.channels);
}

static int op_flasher_revoke(struct call *c)
{
	const struct query *q = c->job->request;
	struct cached_flasher *f;
	int err;

	TEXT_SET(c->subject, q->flasher);
	err = cache_flasher(c->l, q->flasher, &f);
	if (err < 0)
		return call_missing(c, err, "flasher", q->flasher);
	if (f->row.state == FLASHER_REVOKED)
		return call_refuse(c, R_STATE, "flasher %s is revoked already",
				   q->flasher);
	f->row.state = FLASHER_REVOKED;
	f->dirty = true;
	fill_flasher(&f->row, c->job->answer);
	return call_log(c, "flasher.revoked", q->flasher, "%u grants open",
			f->row.open);
}

/* -- enrolling ----------------------------------------------------------- */
/* What must be the same when an enrolment is repeated. */
static int digest_enrol(const struct enrol_request *q, uint8_t out[32])
{
	uint8_t parts[32 + X25519_LEN];
	int err = crypto_sha256(q->csr.data, q->csr.len, parts);

	memcpy(parts + 32, q->kem_pub.data, X25519_LEN);
	return err < 0 ? err : crypto_sha256(parts, sizeof(parts), out);
}

static int fill_enrol(struct call *c, const struct row_flasher *f,
		      const uint8_t *der, size_t len)
{
	struct enrol_answer *a = c->job->answer;
	int err;

	TEXT_SET(a->flasher, f->name);
	a->flasher_port = c->l->flasher_port;
	err = blob_set(&a->certificate, der, len);
	return err < 0 ? err : blob_set(&a->ca, c->l->ca, c->l->ca_len);
}

static int enrol_again(struct call *c, const struct row_flasher *f)
{
	struct store_blob der = { 0 };
	int err = store_station_cert(c->l->db, f->id, &der);

	if (err == 0)
		err = fill_enrol(c, f, der.data, der.len);
	free(der.data);
	return err;
}

static int enrol_new(struct call *c, struct cached_flasher *f,
		     struct row_invite *i, const uint8_t request[32])
{
	const struct enrol_request *q = c->job->request;
	const struct signer_port *s = c->l->signer;
	uint8_t *der = NULL;
	size_t len = 0;
	int err = s->station_cert(s->self, f->row.name, q->csr.data, q->csr.len,
				  &der, &len);

	if (err == E_SYNTAX || err == E_KEY || err == E_SIGNATURE)
		return call_refuse(c, R_BAD_REQUEST, "csr: %s",
				   error_text(err));
	if (err < 0)
		return err;
	err = crypto_sha256(der, len, f->row.cert);
	f->row.cert_len = 32;
	memcpy(f->row.kem_pub, q->kem_pub.data, X25519_LEN);
	f->row.kem_len = X25519_LEN;
	f->row.state = FLASHER_ENROLLED;
	f->row.seen = c->now;
	f->dirty = true;
	memcpy(i->request, request, 32);
	i->request_len = 32;
	if (err == 0)
		err = store_station_cert_set(c->l->db, f->row.id, der, len);
	if (err == 0)
		err = store_invite_put(c->l->db, i);
	if (err == 0)
		err = call_log(c, "flasher.enrolled", f->row.name,
			       "station %s, %u channels", q->station,
			       q->channels);
	if (err == 0)
		err = fill_enrol(c, &f->row, der, len);
	free(der);
	return err;
}

static int refuse_code(struct call *c, struct row_invite *i,
		       const uint8_t secret[32])
{
	int err = 0;

	if (!ct_equal(i->secret, secret, 32) && i->wrong < RULES_INVITE_WRONG) {
		i->wrong++;
		err = store_invite_put(c->l->db, i);
	}
	return err < 0 ? err : R_CODE;
}

static int op_enrol(struct call *c)
{
	const struct enrol_request *q = c->job->request;
	uint8_t raw[SECRET_LEN], secret[32], request[32];
	struct cached_flasher *f;
	struct row_invite i;
	bool again = false;
	size_t len = 0;
	int err, code;

	TEXT_SET(c->subject, q->station);
	if (q->kem_pub.len != X25519_LEN)
		return call_refuse(c, R_BAD_REQUEST, "kem_pub: 32 bytes");
	if (hex_decode(q->secret, raw, sizeof(raw), &len) < 0 ||
	    len != sizeof(raw))
		return R_CODE;
	err = crypto_sha256(raw, sizeof(raw), secret);
	if (err == 0)
		err = digest_enrol(q, request);
	if (err == 0)
		err = store_invite_find(c->l->db, raw, &i);
	ct_wipe(raw, sizeof(raw));
	if (err != 0)
		return err == E_NOT_FOUND ? (int)R_CODE : err;
	err = cache_flasher_id(c->l, i.flasher_id, &f);
	if (err < 0)
		return err;
	TEXT_SET(c->actor, f->row.name);
	code = (int)rules_invite(&i, &f->row, secret, request, c->now, &again);
	if (code == R_CODE)
		return refuse_code(c, &i, secret);
	if (code != R_NONE)
		return code;
	return again ? enrol_again(c, &f->row) : enrol_new(c, f, &i, request);
}

const struct op_row ledger_flasher_ops[] = {
	{ OP_FLASHER_INVITE, "flasher", op_flasher_invite, false },
	{ OP_FLASHER_REVOKE, "flasher", op_flasher_revoke, false },
	{ OP_ENROL, "enrol", op_enrol, false },
	{ OP_NONE, NULL, NULL, false },
};
