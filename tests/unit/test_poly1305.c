/* SPDX-License-Identifier: MIT */
/*
 * Poly1305 of both adaptors (BearSSL's, rolled up by seal/reroll.awk) under
 * keys that no ChaCha20 would give: words full, empty and one off, and sums
 * next to the modulus, where a carry can be lost.  Compared with OpenSSL's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "inner.h"
#define PRIM_STEP() ((void)0)
#define poly1305_inner inner_m31
#include <small/poly1305_ctmul.c>
#undef poly1305_inner
#undef M
#define poly1305_inner inner_m15
#include <small/poly1305_ctmul32.c>

static uint8_t one_time[32];

/* In place of ChaCha20: the key is the one wanted, the text stays. */
static uint32_t given_key(const void *key, const void *iv, uint32_t cc,
			  void *data, size_t len)
{
	(void)key;
	(void)iv;
	if (cc == 0)
		memcpy(data, one_time, len < 32 ? len : 32);
	return cc + 1;
}

static void openssl_tag(const uint8_t *aad, size_t aad_len, const uint8_t *p,
			size_t len, uint8_t out[16])
{
	static const uint8_t zeros[16];
	uint8_t foot[16] = {
		(uint8_t)aad_len, (uint8_t)(aad_len >> 8), 0, 0, 0, 0, 0, 0,
		(uint8_t)len,	  (uint8_t)(len >> 8)
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "POLY1305", NULL);
	EVP_MAC_CTX *c = EVP_MAC_CTX_new(mac);
	size_t n;

	assert_non_null(c);
	assert_int_equal(EVP_MAC_init(c, one_time, 32, NULL), 1);
	EVP_MAC_update(c, aad, aad_len);
	EVP_MAC_update(c, zeros, -aad_len % 16);
	EVP_MAC_update(c, p, len);
	EVP_MAC_update(c, zeros, -len % 16);
	EVP_MAC_update(c, foot, 16);
	assert_int_equal(EVP_MAC_final(c, out, &n, 16), 1);
	EVP_MAC_CTX_free(c);
	EVP_MAC_free(mac);
}

static void same(const uint8_t *aad, size_t aad_len, uint8_t *p, size_t len)
{
	uint8_t want[16], tag[17];

	openssl_tag(aad, aad_len, p, len, want);
	br_poly1305_ctmul_run(NULL, NULL, p, len, aad, aad_len, tag, given_key,
			      1);
	assert_memory_equal(tag, want, 16);
	br_poly1305_ctmul32_run(NULL, NULL, p, len, aad, aad_len, tag + 1,
				given_key, 0);
	assert_memory_equal(tag + 1, want, 16);
}

static uint32_t seed = 7;

static uint32_t next(void)
{
	seed = seed * 1103515245u + 12345u;
	return seed >> 16;
}

/* Runs of bits that are all alike, some bits wrong. */
static void hard(uint8_t *p, size_t len)
{
	static const uint8_t bytes[] = { 0x00, 0xff, 0x00, 0xff, 0x01,
					 0xfe, 0x80, 0x7f, 0xfb, 0x05 };
	uint8_t b = 0;

	for (size_t i = 0; i < len; i++) {
		if (i == 0 || next() % 5 == 0)
			b = bytes[next() % sizeof(bytes)];
		p[i] = next() % 40 == 0 ? (uint8_t)next() : b;
	}
}

static void test_hard(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 40000; n++) {
		uint8_t aad[40], text[100];
		size_t aad_len = next() % sizeof(aad);
		size_t len = next() % sizeof(text);

		hard(one_time, 32);
		hard(aad, sizeof(aad));
		hard(text, sizeof(text));
		same(aad, aad_len, text, len);
	}
}

/* Each word of 13 and of 26 bits full, empty, one and one less than full, in
 * the key and in the text, the rest empty or full. */
static void word(uint8_t p[16], unsigned bits, unsigned at, unsigned kind,
		 bool rest)
{
	memset(p, rest ? 0xff : 0, 16);
	for (unsigned i = 0; i < bits && at * bits + i < 128; i++) {
		unsigned bit = at * bits + i;
		bool on = kind == 0   ? false
			  : kind == 1 ? true
			  : kind == 2 ? i == 0
				      : i != 0;

		p[bit / 8] &= (uint8_t) ~(1u << bit % 8);
		p[bit / 8] |= (uint8_t)((unsigned)on << bit % 8);
	}
}

static void test_words(void **state)
{
	uint8_t text[48];

	(void)state;
	for (unsigned n = 0; n < 1600; n++) {
		unsigned bits = n & 1 ? 13 : 26, words = n & 1 ? 10 : 5;
		unsigned k = n >> 1;

		word(one_time, bits, k % words, k / words % 4, k & 1);
		memset(one_time + 16, n & 2 ? 0xff : 0, 16);
		for (unsigned m = 0; m < words * 8; m++) {
			for (unsigned i = 0; i < 3; i++)
				word(text + 16 * i, bits, m % words,
				     m / words % 4, m / words / 4);
			same(text, 16 * (n & 1), text, sizeof(text));
		}
	}
}

/*
 * With r = 1 the blocks are summed, 2^128 being added to each: two of text and
 * the footer, 32 * 2^64.  So first + second = 2^128 - 32 * 2^64 - 5 + d makes
 * 2^130 - 5 + d, the modulus and its neighbours.
 */
static void test_modulus(void **state)
{
	(void)state;
	memset(one_time, 0, 32);
	one_time[0] = 1;
	for (int d = -12; d <= 200; d++) {
		uint8_t text[32] = { 0 }, tag[16];

		memset(text, 0xff, 16);
		text[0] = 0xff - 16;
		text[8] = 0xff - 32;
		text[16] = (uint8_t)(12 + d);
		memset(one_time + 16, 0, 16);
		openssl_tag(NULL, 0, text, sizeof(text), tag);
		assert_int_equal(tag[0], (uint8_t)(d < 0 ? d - 5 : d));
		same(NULL, 0, text, sizeof(text));
		memset(one_time + 16, 0xff, 16);
		same(NULL, 0, text, sizeof(text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hard),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_modulus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
