/* SPDX-License-Identifier: MIT */
/*
 * wire/cose.h - COSE_Sign1 (RFC 9052 section 4.2), ES256 only, tag 18.
 *
 * Freestanding.  Signing: cose_to_be_signed() -> sign -> cose_encode().
 * Checking: cose_decode() -> cose_to_be_signed() -> verify.  The algorithm is
 * what the verifier's key record says (ES256); a header that says anything
 * else is refused, never obeyed.
 */
#ifndef WIRE_COSE_H
#define WIRE_COSE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define COSE_KID_LEN 8
#define COSE_SIG_LEN 64

struct cose_sign1 {
	uint8_t kid[COSE_KID_LEN];
	const uint8_t *payload; /* points into the decoded buffer */
	size_t payload_len;
	uint8_t sig[COSE_SIG_LEN];
};

/* Sig_structure: ["Signature1", protected, external_aad, payload]; label is
 * the context label that becomes external_aad. */
MUST_USE int cose_to_be_signed(const char *label, const uint8_t *payload,
			       size_t payload_len, uint8_t *out, size_t cap,
			       size_t *out_len);
/*
 * The same in two parts for a streaming hash on small chips: the bytes before
 * the payload.  They are at most COSE_PREFIX_MAX long.
 */
#define COSE_PREFIX_MAX 64
MUST_USE int cose_tbs_prefix(const char *label, size_t payload_len,
			     uint8_t *out, size_t cap, size_t *out_len);

MUST_USE int cose_encode(const struct cose_sign1 *s, uint8_t *out, size_t cap,
			 size_t *out_len);
/* Whole buffer must be one COSE_Sign1 of exactly our form (E_TRAILING,
 * E_CRITICAL for any other header); wrongly sized kid or signature: E_SYNTAX or
 * E_TOO_LARGE. */
MUST_USE int cose_decode(const uint8_t *buf, size_t len,
			 struct cose_sign1 *out);

#endif
