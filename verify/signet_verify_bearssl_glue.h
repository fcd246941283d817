/* SPDX-License-Identifier: MIT */
/*
 * signet_verify_bearssl_glue.h - the same in all adaptors: BearSSL's calls in
 * the shape that signet_verify.h wants.  Included once, after BearSSL; the
 * includer defines p256_answer() first: 1 when the signature is good.
 */
#ifndef SIGNET_VERIFY_BEARSSL_GLUE_H
#define SIGNET_VERIFY_BEARSSL_GLUE_H

#include "signet_verify_bearssl.h"

/* C99 has no static assertion; a context that does not fit fails here. */
typedef char hash_ctx_fits[sizeof(br_sha256_context) <= SIGNET_HASH_CTX_MAX
				   ? 1
				   : -1];

static void glue_hash_init(void *ctx)
{
	br_sha256_init(ctx);
}

static void glue_hash_update(void *ctx, const void *p, size_t len)
{
	br_sha256_update(ctx, p, len);
}

static void glue_hash_final(void *ctx, uint8_t out[32])
{
	br_sha256_out(ctx, out);
}

static uint32_t glue_p256_verify(const uint8_t pub[65], const uint8_t hash[32],
				 const uint8_t sig[64])
{
	/* the answer is read twice, and a yes is put together in two steps, so
	 * that one skipped instruction does not make it */
	volatile uint32_t answer = p256_answer(pub, hash, sig);
	volatile uint32_t verdict = VERDICT_NO;

	if (answer == 1)
		verdict = ~VERDICT_YES;
	if (answer == 1)
		verdict = ~verdict;
	return verdict;
}

/* GCC's -fwhole-program makes everything else local; clang has neither. */
#ifdef __clang__
#define GLUE_EXPORT
#else
#define GLUE_EXPORT __attribute__((externally_visible))
#endif

GLUE_EXPORT const struct signet_crypto signet_bearssl = {
	glue_hash_init,
	glue_hash_update,
	glue_hash_final,
	glue_p256_verify,
};

#endif
