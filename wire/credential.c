/* SPDX-License-Identifier: MIT */
#include "wire/credential.h"

#include <stdbool.h>
#include <string.h>

#include "base/cbor.h"
#include "wire/name.h"

/* RFC 8392 for the first three; ours are from the private range. */
enum claim {
	CLAIM_PRODUCT = 2, /* sub */
	CLAIM_ISSUED = 6,  /* iat */
	CLAIM_GRANT = 7,   /* cti */
	CLAIM_UID = -70001,
	CLAIM_FAMILY = -70002,
	CLAIM_ORDER = -70003,
	CLAIM_DIGEST = -70004,
	CLAIM_SERIAL = -70005,
	CLAIM_PROOF = -70006,
};

enum { CLAIMS_DEMANDED = 8, GRANT_LEN = 8 };

/* One rule for both directions: what is not accepted is not made either. */
static int credential_check(const struct credential *c)
{
	if (!name_valid(c->product) || !name_valid(c->order))
		return E_SYNTAX;
	if (c->serial[0] && !text_printable(c->serial))
		return E_SYNTAX;
	if (c->uid_len < 1 || c->uid_len > UID_MAX)
		return E_RANGE;
	if (!family_name(c->family) || !proof_name(c->proof))
		return E_RANGE;
	return 0;
}

static void wr_grant(struct wr *w, uint64_t grant)
{
	uint8_t b[GRANT_LEN];

	for (int i = 0; i < GRANT_LEN; i++)
		b[i] = (uint8_t)(grant >> (56 - 8 * i));
	cbor_wr_bytes(w, b, sizeof(b));
}

static uint64_t rd_grant(struct rd *r)
{
	uint8_t b[GRANT_LEN];
	uint64_t grant = 0;

	cbor_rd_fixed(r, b, sizeof(b));
	for (int i = 0; i < GRANT_LEN; i++)
		grant = grant << 8 | b[i];
	return grant;
}

int credential_encode(const struct credential *c, uint8_t *out, size_t cap,
		      size_t *out_len)
{
	struct wr w;
	int err = credential_check(c);

	if (err)
		return err;
	wr_init(&w, out, cap);
	cbor_wr_map(&w, CLAIMS_DEMANDED + (c->serial[0] != '\0'));
	cbor_wr_int(&w, CLAIM_PRODUCT);
	cbor_wr_text(&w, c->product);
	cbor_wr_int(&w, CLAIM_ISSUED);
	cbor_wr_uint(&w, c->issued);
	cbor_wr_int(&w, CLAIM_GRANT);
	wr_grant(&w, c->grant);
	cbor_wr_int(&w, CLAIM_UID);
	cbor_wr_bytes(&w, c->uid, c->uid_len);
	cbor_wr_int(&w, CLAIM_FAMILY);
	cbor_wr_uint(&w, c->family);
	cbor_wr_int(&w, CLAIM_ORDER);
	cbor_wr_text(&w, c->order);
	cbor_wr_int(&w, CLAIM_DIGEST);
	cbor_wr_bytes(&w, c->digest, DIGEST_LEN);
	if (c->serial[0]) {
		cbor_wr_int(&w, CLAIM_SERIAL);
		cbor_wr_text(&w, c->serial);
	}
	cbor_wr_int(&w, CLAIM_PROOF);
	cbor_wr_uint(&w, c->proof);
	return wr_end(&w, out_len);
}

static bool claim_known(int64_t key)
{
	return key == CLAIM_PRODUCT || key == CLAIM_ISSUED ||
	       key == CLAIM_GRANT || (key <= CLAIM_UID && key >= CLAIM_PROOF);
}

/* Deterministic CBOR leaves one order, so each claim is read where it must
 * stand.  Another one there: a claim is missing, or one is unknown. */
static void rd_claim(struct rd *r, enum claim want)
{
	int64_t key = cbor_rd_int(r);

	if (key != want)
		rd_fail(r, claim_known(key) ? E_SYNTAX : E_CRITICAL);
}

static uint8_t rd_small(struct rd *r)
{
	uint64_t v = cbor_rd_uint(r);

	if (v > UINT8_MAX)
		rd_fail(r, E_RANGE);
	return (uint8_t)v;
}

static void rd_uid(struct rd *r, struct credential *c)
{
	size_t len;
	const uint8_t *p = cbor_rd_bytes(r, UID_MAX, &len);

	if (p)
		memcpy(c->uid, p, len);
	c->uid_len = (uint8_t)len;
}

int credential_decode(const uint8_t *payload, size_t len,
		      struct credential *out)
{
	struct credential c;
	struct rd r;
	size_t count;
	int err;

	memset(&c, 0, sizeof(c));
	rd_init(&r, payload, len);
	count = cbor_rd_map(&r, len);
	if (count < CLAIMS_DEMANDED)
		rd_fail(&r, E_SYNTAX);
	rd_claim(&r, CLAIM_PRODUCT);
	cbor_rd_text(&r, c.product, sizeof(c.product));
	rd_claim(&r, CLAIM_ISSUED);
	c.issued = cbor_rd_uint(&r);
	rd_claim(&r, CLAIM_GRANT);
	c.grant = rd_grant(&r);
	rd_claim(&r, CLAIM_UID);
	rd_uid(&r, &c);
	rd_claim(&r, CLAIM_FAMILY);
	c.family = rd_small(&r);
	rd_claim(&r, CLAIM_ORDER);
	cbor_rd_text(&r, c.order, sizeof(c.order));
	rd_claim(&r, CLAIM_DIGEST);
	cbor_rd_fixed(&r, c.digest, DIGEST_LEN);
	if (count > CLAIMS_DEMANDED) {
		rd_claim(&r, CLAIM_SERIAL);
		cbor_rd_text(&r, c.serial, sizeof(c.serial));
		if (!text_printable(c.serial))
			rd_fail(&r, E_SYNTAX);
	}
	rd_claim(&r, CLAIM_PROOF);
	c.proof = rd_small(&r);
	/* All claims are there, so a count above them means unknown ones. */
	if (count > CLAIMS_DEMANDED + 1)
		rd_fail(&r, E_CRITICAL);
	err = rd_end(&r);
	if (!err)
		err = credential_check(&c);
	if (!err)
		*out = c;
	return err;
}
