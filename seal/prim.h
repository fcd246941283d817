/* SPDX-License-Identifier: MIT */
/*
 * seal/prim.h - the primitives under the sealed link.
 *
 * seal/prim_openssl.c on the host, seal/prim_bearssl_*.c on the chip (chosen
 * per family at link time):
 *
 *	seal/prim_bearssl_m31.c    Cortex-M3 and later
 *	seal/prim_bearssl_m15.c    Cortex-M0
 *
 * Their weight is in docs/architecture.md; a loader that is one
 * translation unit includes its adaptor (seal/prim_bearssl_glue.h).
 *
 * They are BearSSL's, whose unrolled loops are rolled up again when they are
 * built (seal/reroll.awk), for size; compared with OpenSSL by test_prim
 * and test_poly1305.
 */
#ifndef SEAL_PRIM_H
#define SEAL_PRIM_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Context big enough for either library; holds no pointer, may be copied and
 * forgotten. */
struct prim_sha256 {
	uint64_t opaque[16];
};
void prim_sha256_init(struct prim_sha256 *c);
void prim_sha256_update(struct prim_sha256 *c, const void *p, size_t len);
void prim_sha256_final(struct prim_sha256 *c, uint8_t out[32]);

/* out = scalar * point (RFC 7748); E_CRYPTO when the result is all zeros, and
 * out is then zeros.  out may be point. */
MUST_USE int prim_x25519(uint8_t out[32], const uint8_t scalar[32],
			 const uint8_t point[32]);
void prim_x25519_base(uint8_t out[32], const uint8_t scalar[32]);

/* ChaCha20-Poly1305 (RFC 8439), in place; nonce = 4 zero bytes || n LE. */
void prim_aead_seal(const uint8_t key[32], uint32_t n, const void *aad,
		    size_t aad_len, uint8_t *data, size_t len, uint8_t tag[16]);
/* E_DECRYPT leaves data undefined: the caller treats it as lost. */
MUST_USE int prim_aead_open(const uint8_t key[32], uint32_t n, const void *aad,
			    size_t aad_len, uint8_t *data, size_t len,
			    const uint8_t tag[16]);

#endif
