/* SPDX-License-Identifier: MIT */
/* Fast on cores with a 32-bit multiplier only (Cortex-M0).  See
 * signet_verify_bearssl.h. */
#include "inner.h"

/* Inlined where the curve is a constant, so that the others fall away. */
static uint32_t api_muladd(unsigned char *, const unsigned char *, size_t,
			   const unsigned char *, size_t, const unsigned char *,
			   size_t, int) __attribute__((always_inline));

/* The order matters: the last one defines macros like t1. */
/* clang-format off */
#include <codec/ccopy.c>
#include <codec/dec32be.c>
#include <codec/enc32be.c>
#include <hash/sha2small.c>
#include <int/i15_add.c>
#include <int/i15_bitlen.c>
#include <int/i15_decmod.c>
#include <int/i15_decode.c>
#include <int/i15_encode.c>
#include <int/i15_fmont.c>
#include <int/i15_iszero.c>
#include <int/i15_modpow.c>
#include <int/i15_montmul.c>
#include <int/i15_muladd.c>
#include <int/i15_ninv15.c>
#include <int/i15_rshift.c>
#include <int/i15_sub.c>
#include <int/i15_tmont.c>
#include <ec/ecdsa_i15_bits.c>
#include <ec/ecdsa_i15_vrfy_raw.c>
#define P256_N curve_order /* both files have these names */
#define P256_G curve_generator
#include <ec/ec_secp256r1.c>
#include <ec/ec_secp384r1.c>
#include <ec/ec_secp521r1.c>
#undef P256_N
#undef P256_G
#include <ec/ec_p256_m15.c>
/* clang-format on */

static uint32_t p256_muladd(unsigned char *a, const unsigned char *b,
			    size_t len, const unsigned char *x, size_t xlen,
			    const unsigned char *y, size_t ylen, int curve)
{
	(void)curve;
	(void)b;
	return api_muladd(a, NULL, len, x, xlen, y, ylen, BR_EC_secp256r1);
}

/* The one operation of a curve that verification needs. */
static const br_ec_impl p256_only = {
	(uint32_t)1 << BR_EC_secp256r1, 0, 0, 0, 0, 0, p256_muladd,
};

static uint32_t p256_answer(const uint8_t pub[65], const uint8_t hash[32],
			    const uint8_t sig[64])
{
	br_ec_public_key key;

	key.curve = BR_EC_secp256r1;
	key.q = (unsigned char *)pub; /* only read */
	key.qlen = 65;
	return br_ecdsa_i15_vrfy_raw(&p256_only, hash, 32, &key, sig, 64);
}

#include "signet_verify_bearssl_glue.h"
