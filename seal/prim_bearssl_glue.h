/* SPDX-License-Identifier: MIT */
/*
 * seal/prim_bearssl_glue.h - the same in both adaptors: seal/prim.h by what
 * they included of BearSSL before.  They define POLY1305, the implementation
 * that fits their core.
 *
 * The adaptors name BearSSL's functions directly, never a vtable, so that the
 * compiler sees what is used and drops the rest.
 *
 * A loader that includes an adaptor as part of its one translation unit may
 * define beforehand:
 *   PRIM_RAM      attribute of what opens a frame (its place in RAM)
 *   PRIM_FAR      attribute of what is called from other code
 *   PRIM_STEP()   every few microseconds while a frame is opened
 *   PRIM_STEP_OFTEN()  in addition, in ChaCha20, for cores that take longer
 *   PRIM_IDLE()   before each X25519, which takes 60 ms
 */
#ifndef SEAL_PRIM_BEARSSL_GLUE_H
#define SEAL_PRIM_BEARSSL_GLUE_H

#include "base/ct.h"
#include "seal/prim.h"

/* GCC's -fwhole-program makes everything else local; clang has neither. */
#ifdef __clang__
#define GLUE_EXPORT
#else
#define GLUE_EXPORT __attribute__((externally_visible))
#endif

#ifndef PRIM_RAM
#define PRIM_RAM
#endif
#ifndef PRIM_FAR
#define PRIM_FAR
#endif
#ifndef PRIM_IDLE
#define PRIM_IDLE() ((void)0)
#endif

enum { GLUE_KEY_LEN = 32, GLUE_TAG_LEN = 16 };

_Static_assert(sizeof(br_sha256_context) <= sizeof(struct prim_sha256),
	       "the context does not fit");

static br_sha256_context *glue_sha(struct prim_sha256 *c)
{
	return (br_sha256_context *)(void *)c;
}

/* br_sha256_init() would set the vtable, and so link all it points to. */
GLUE_EXPORT void prim_sha256_init(struct prim_sha256 *c)
{
	br_sha256_context *h = glue_sha(c);

	h->count = 0;
	memcpy(h->val, br_sha256_IV, sizeof(h->val));
}

GLUE_EXPORT void prim_sha256_update(struct prim_sha256 *c, const void *p,
				    size_t len)
{
	br_sha256_update(glue_sha(c), p, len);
}

GLUE_EXPORT void prim_sha256_final(struct prim_sha256 *c, uint8_t out[32])
{
	br_sha256_out(glue_sha(c), out);
}

GLUE_EXPORT int prim_x25519(uint8_t out[32], const uint8_t scalar[32],
			    const uint8_t point[32])
{
	uint8_t any = 0;

	PRIM_IDLE();
	if (out != point)
		memcpy(out, point, GLUE_KEY_LEN);
	api_mul(out, GLUE_KEY_LEN, scalar, GLUE_KEY_LEN, BR_EC_curve25519);
	for (int i = 0; i < GLUE_KEY_LEN; i++)
		any |= out[i];
	return any ? 0 : E_CRYPTO;
}

GLUE_EXPORT void prim_x25519_base(uint8_t out[32], const uint8_t scalar[32])
{
	memset(out, 0, GLUE_KEY_LEN);
	out[0] = 9;
	/* a multiple of the base point is never zero */
	(void)!prim_x25519(out, scalar, out);
}

PRIM_RAM static void glue_aead(const uint8_t key[32], uint32_t n,
			       const void *aad, size_t aad_len, uint8_t *data,
			       size_t len, uint8_t tag[16], int encrypt)
{
	uint32_t nonce[3] = { 0, n, 0 };

	POLY1305(key, nonce, data, len, aad, aad_len, tag, br_chacha20_ct_run,
		 encrypt);
}

GLUE_EXPORT PRIM_RAM PRIM_FAR void prim_aead_seal(const uint8_t key[32],
						  uint32_t n, const void *aad,
						  size_t aad_len, uint8_t *data,
						  size_t len, uint8_t tag[16])
{
	glue_aead(key, n, aad, aad_len, data, len, tag, 1);
}

GLUE_EXPORT PRIM_RAM int prim_aead_open(const uint8_t key[32], uint32_t n,
					const void *aad, size_t aad_len,
					uint8_t *data, size_t len,
					const uint8_t tag[16])
{
	uint8_t want[GLUE_TAG_LEN];

	glue_aead(key, n, aad, aad_len, data, len, want, 0);
	return ct_equal(want, tag, sizeof(want)) ? 0 : E_DECRYPT;
}

#endif
