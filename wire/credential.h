/* SPDX-License-Identifier: MIT */
/*
 * wire/credential.h - the record that makes one chip genuine.
 *
 * A CWT (RFC 8392) in a tagged COSE_Sign1 (RFC 9052), deterministic CBOR,
 * ES256 by the product's device key, external AAD = LABEL_CREDENTIAL.
 *
 *   protected   { 1: -7 }
 *   unprotected { 4: kid }                       kid = crypto_key_id()
 *   payload     { 2: product, 6: iat, 7: grant (8 bytes, big-endian),
 *                 -70001: uid, -70002: family, -70003: order,
 *                 -70004: digest, -70005: serial, -70006: proof step }
 *
 * Encoder and decoder share credential.c.  Freestanding: no allocation, no
 * crypto; the signature is made or checked by the caller over the
 * Sig_structure that wire/cose.h builds.
 */
#ifndef WIRE_CREDENTIAL_H
#define WIRE_CREDENTIAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/const.h"

struct credential {
	char product[NAME_CAP];
	char order[NAME_CAP];
	char serial[SERIAL_CAP]; /* may be empty: then the claim is absent */
	uint64_t grant;
	uint64_t issued; /* seconds since 1970-01-01 UTC */
	uint8_t uid[UID_MAX];
	uint8_t uid_len;
	uint8_t family;		    /* enum family */
	uint8_t proof;		    /* enum proof_step */
	uint8_t digest[DIGEST_LEN]; /* release digest as built */
};

/* The CWT claims set, to be signed as COSE payload. */
MUST_USE int credential_encode(const struct credential *c, uint8_t *out,
			       size_t cap, size_t *out_len);
/* Demands every claim but serial, refuses unknown claims (E_CRITICAL). */
MUST_USE int credential_decode(const uint8_t *payload, size_t len,
			       struct credential *out);

#endif
