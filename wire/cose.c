/* SPDX-License-Identifier: MIT */
#include "wire/cose.h"

#include <string.h>

#include "base/cbor.h"

enum { COSE_TAG_SIGN1 = 18, COSE_HEADER_KID = 4 };

/* { 1: -7 }: algorithm ES256, the only protected header there is. */
static const uint8_t protected_header[] = { 0xa1, 0x01, 0x26 };

static void wr_prefix(struct wr *w, const char *label)
{
	cbor_wr_array(w, 4);
	cbor_wr_text(w, "Signature1");
	cbor_wr_bytes(w, protected_header, sizeof(protected_header));
	cbor_wr_bytes(w, label, strlen(label));
}

/* Head of a byte string whose bytes the caller brings. */
static void wr_bytes_head(struct wr *w, size_t len)
{
	size_t at = w->len;

	/* Same argument as an unsigned integer, with the major type changed.
	 */
	cbor_wr_uint(w, len);
	if (!w->err)
		w->buf[at] |= CBOR_BYTES << 5;
}

int cose_tbs_prefix(const char *label, size_t payload_len, uint8_t *out,
		    size_t cap, size_t *out_len)
{
	struct wr w;

	wr_init(&w, out, cap);
	wr_prefix(&w, label);
	wr_bytes_head(&w, payload_len);
	return wr_end(&w, out_len);
}

int cose_to_be_signed(const char *label, const uint8_t *payload,
		      size_t payload_len, uint8_t *out, size_t cap,
		      size_t *out_len)
{
	struct wr w;

	wr_init(&w, out, cap);
	wr_prefix(&w, label);
	cbor_wr_bytes(&w, payload, payload_len);
	return wr_end(&w, out_len);
}

int cose_encode(const struct cose_sign1 *s, uint8_t *out, size_t cap,
		size_t *out_len)
{
	struct wr w;

	wr_init(&w, out, cap);
	cbor_wr_tag(&w, COSE_TAG_SIGN1);
	cbor_wr_array(&w, 4);
	cbor_wr_bytes(&w, protected_header, sizeof(protected_header));
	cbor_wr_map(&w, 1);
	cbor_wr_uint(&w, COSE_HEADER_KID);
	cbor_wr_bytes(&w, s->kid, COSE_KID_LEN);
	cbor_wr_bytes(&w, s->payload, s->payload_len);
	cbor_wr_bytes(&w, s->sig, COSE_SIG_LEN);
	return wr_end(&w, out_len);
}

/* Anything but the one protected header may change what the signature means,
 * so it is treated as critical whether it says so or not. */
static void rd_protected(struct rd *r)
{
	size_t len;
	const uint8_t *p = cbor_rd_bytes(r, r->left, &len);

	if (p && (len != sizeof(protected_header) ||
		  memcmp(p, protected_header, len) != 0))
		rd_fail(r, E_CRITICAL);
}

/* Exactly the key number: unsigned headers that nobody reads have no place in
 * a record that is to have one encoding. */
static void rd_unprotected(struct rd *r, uint8_t kid[COSE_KID_LEN])
{
	size_t n = cbor_rd_map(r, r->left);

	if (n != 1 || cbor_rd_int(r) != COSE_HEADER_KID)
		rd_fail(r, E_CRITICAL);
	cbor_rd_fixed(r, kid, COSE_KID_LEN);
}

int cose_decode(const uint8_t *buf, size_t len, struct cose_sign1 *out)
{
	struct cose_sign1 s;
	struct rd r;
	int err;

	rd_init(&r, buf, len);
	if (cbor_rd_tag(&r) != COSE_TAG_SIGN1)
		rd_fail(&r, E_SYNTAX);
	if (cbor_rd_array(&r, 4) != 4)
		rd_fail(&r, E_SYNTAX);
	rd_protected(&r);
	rd_unprotected(&r, s.kid);
	s.payload = cbor_rd_bytes(&r, r.left, &s.payload_len);
	cbor_rd_fixed(&r, s.sig, COSE_SIG_LEN);
	err = rd_end(&r);
	if (!err)
		*out = s;
	return err;
}
