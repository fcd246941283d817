/* SPDX-License-Identifier: MIT */
/* Small on cores that multiply 32 x 32 to 64 bits (Cortex-M3 and later).
 * See signet_verify_bearssl.h. */
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
#include <int/i31_add.c>
#include <int/i31_bitlen.c>
#include <int/i31_decmod.c>
#include <int/i31_decode.c>
#include <int/i31_encode.c>
#include <int/i31_fmont.c>
#include <int/i31_iszero.c>
#include <int/i31_modpow.c>
#include <int/i31_montmul.c>
#include <int/i31_muladd.c>
#include <int/i31_ninv31.c>
#include <int/i31_rshift.c>
#include <int/i31_sub.c>
#include <int/i31_tmont.c>
#include <int/i32_div32.c>
#include <ec/ecdsa_i31_bits.c>
#include <ec/ecdsa_i31_vrfy_raw.c>
#include <ec/ec_secp256r1.c>
#include <ec/ec_secp384r1.c>
#include <ec/ec_secp521r1.c>
#include <ec/ec_prime_i31.c>
/* clang-format on */

static uint32_t p256_muladd(unsigned char *a, const unsigned char *b,
			    size_t len, const unsigned char *x, size_t xlen,
			    const unsigned char *y, size_t ylen, int curve)
{
	(void)curve;
	(void)b; /* NULL: the generator */
	return api_muladd(a, br_secp256r1.generator, len, x, xlen, y, ylen,
			  BR_EC_secp256r1);
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
	return br_ecdsa_i31_vrfy_raw(&p256_only, hash, 32, &key, sig, 64);
}

#include "signet_verify_bearssl_glue.h"
