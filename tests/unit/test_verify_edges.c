/* SPDX-License-Identifier: MIT */
/*
 * The BearSSL adaptors at the edges of P-256: each must say what OpenSSL says
 * of hashes, signatures and keys at and beyond their limits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"
#include "crypto/crypto.h"
#include "tests/lib/verify_openssl.h"

extern const struct signet_crypto bearssl_i15, bearssl_m15, bearssl_i31,
	bearssl_m31;

static const char order_hex[] = /* SEC 2, 2.4.2 */
	"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
static const char prime_hex[] =
	"ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";

/* out = n + d, as 32 bytes big-endian, without a carry out of the last. */
static void number(const char *hex, int d, uint8_t out[32])
{
	size_t len;

	assert_int_equal(hex_decode(hex, out, 32, &len), 0);
	out[31] = (uint8_t)(out[31] + d);
}

/* out = n - s */
static void order_minus(const uint8_t s[32], uint8_t out[32])
{
	uint8_t n[32];
	int borrow = 0;

	number(order_hex, 0, n);
	for (int i = 31; i >= 0; i--) {
		int v = n[i] - s[i] - borrow;

		borrow = v < 0;
		out[i] = (uint8_t)v;
	}
}

static uint32_t all_say(const uint8_t pub[65], const uint8_t hash[32],
			const uint8_t sig[64])
{
	uint32_t answer = verify_openssl.p256_verify(pub, hash, sig);

	assert_int_equal(bearssl_i15.p256_verify(pub, hash, sig), answer);
	assert_int_equal(bearssl_m15.p256_verify(pub, hash, sig), answer);
	assert_int_equal(bearssl_i31.p256_verify(pub, hash, sig), answer);
	assert_int_equal(bearssl_m31.p256_verify(pub, hash, sig), answer);
	return answer;
}

/* r and s at their limits, for a signature that is good otherwise. */
static void edge_signatures(const uint8_t pub[65], const uint8_t hash[32],
			    const uint8_t good[64])
{
	static const struct {
		const char *base;
		int d;
	} edges[] = {
		{ order_hex, 0 }, { order_hex, -1 }, { order_hex, 1 },
		{ prime_hex, 0 }, { prime_hex, -1 },
	};
	uint8_t sig[64];

	for (size_t half = 0; half < 64; half += 32) {
		memcpy(sig, good, 64);
		memset(sig + half, 0, 32);
		assert_int_equal(all_say(pub, hash, sig), VERDICT_NO);
		sig[half + 31] = 1;
		assert_int_equal(all_say(pub, hash, sig), VERDICT_NO);
		memset(sig + half, 0xff, 32);
		assert_int_equal(all_say(pub, hash, sig), VERDICT_NO);
		for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
			number(edges[i].base, edges[i].d, sig + half);
			assert_int_equal(all_say(pub, hash, sig), VERDICT_NO);
		}
	}
	memcpy(sig, good, 64);
	order_minus(good + 32, sig + 32); /* the other valid s */
	assert_int_equal(all_say(pub, hash, sig), VERDICT_YES);
}

static void edge_keys(const uint8_t good[65], const uint8_t hash[32],
		      const uint8_t sig[64])
{
	uint8_t pub[65];

	memset(pub, 0, sizeof(pub));
	assert_int_equal(all_say(pub, hash, sig), VERDICT_NO);
	pub[0] = 4; /* not on the curve */
	assert_int_equal(all_say(pub, hash, sig), VERDICT_NO);
	for (size_t half = 1; half < 65; half += 32) {
		memcpy(pub, good, sizeof(pub));
		number(prime_hex, 0, pub + half);
		assert_int_equal(all_say(pub, hash, sig), VERDICT_NO);
		memset(pub + half, 0xff, 32);
		assert_int_equal(all_say(pub, hash, sig), VERDICT_NO);
	}
	memcpy(pub, good, sizeof(pub));
	for (size_t i = 33; i < 65; i++) /* another point, hardly -Q */
		pub[i] ^= 0xff;
	assert_int_equal(all_say(pub, hash, sig), VERDICT_NO);
}

static void key_new(struct crypto_key **key, uint8_t pub[P256_PUB_LEN])
{
	size_t len;

	assert_int_equal(crypto_key_generate(CRYPTO_P256, key), 0);
	assert_int_equal(crypto_key_public(*key, pub, P256_PUB_LEN, &len), 0);
}

static void test_edges(void **state)
{
	uint8_t hash[32], sig[64], pub[P256_PUB_LEN], other_pub[P256_PUB_LEN];
	struct crypto_key *key, *other;

	(void)state;
	key_new(&key, pub);
	key_new(&other, other_pub);
	/* A hash of 0 or n is left out: there OpenSSL says yes, and BearSSL no,
	 * as it does not multiply by zero.  No message has such a hash. */
	for (int i = 0; i < 24; i++) {
		if (i == 0)
			memset(hash, 0xff, sizeof(hash)); /* above n */
		else if (i < 3)
			number(order_hex, 2 * i - 3, hash); /* n - 1, n + 1 */
		else if (i == 3)
			number(prime_hex, 0, hash);
		else
			assert_int_equal(crypto_random(hash, sizeof(hash)), 0);
		verify_openssl_sign(crypto_key_native(key), hash, sig);
		assert_int_equal(all_say(pub, hash, sig), VERDICT_YES);
		assert_int_equal(all_say(other_pub, hash, sig), VERDICT_NO);
		if (i > 6)
			continue;
		edge_signatures(pub, hash, sig);
		edge_keys(pub, hash, sig);
	}
	crypto_key_free(key);
	crypto_key_free(other);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
