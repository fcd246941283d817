/* SPDX-License-Identifier: MIT */
/*
 * The chip's primitives (BearSSL, made small: seal/reroll.awk) against the
 * RFCs' vectors and against OpenSSL on input of every length and on the
 * numbers where field arithmetic goes wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "seal/prim.h"
#include "tests/lib/vectors.h"

#define PRIM_DECLARE(p)                                                       \
	void p##_sha256_init(struct prim_sha256 *);                           \
	void p##_sha256_update(struct prim_sha256 *, const void *, size_t);   \
	void p##_sha256_final(struct prim_sha256 *, uint8_t[32]);             \
	int p##_x25519(uint8_t[32], const uint8_t[32], const uint8_t[32]);    \
	void p##_x25519_base(uint8_t[32], const uint8_t[32]);                 \
	void p##_aead_seal(const uint8_t[32], uint32_t, const void *, size_t, \
			   uint8_t *, size_t, uint8_t[16]);                   \
	int p##_aead_open(const uint8_t[32], uint32_t, const void *, size_t,  \
			  uint8_t *, size_t, const uint8_t[16]);
PRIM_DECLARE(m31)
PRIM_DECLARE(m15)

static const struct prim {
	const char *name;
	void (*init)(struct prim_sha256 *);
	void (*update)(struct prim_sha256 *, const void *, size_t);
	void (*final)(struct prim_sha256 *, uint8_t[32]);
	int (*x25519)(uint8_t[32], const uint8_t[32], const uint8_t[32]);
	void (*base)(uint8_t[32], const uint8_t[32]);
	void (*seal)(const uint8_t[32], uint32_t, const void *, size_t,
		     uint8_t *, size_t, uint8_t[16]);
	int (*open)(const uint8_t[32], uint32_t, const void *, size_t,
		    uint8_t *, size_t, const uint8_t[16]);
} prims[] = {
#define PRIM(p)                                                           \
	{                                                                 \
#p, p##_sha256_init, p##_sha256_update, p##_sha256_final, \
			p##_x25519, p##_x25519_base, p##_aead_seal,       \
			p##_aead_open                                     \
	}
	PRIM(prim),
	PRIM(m31),
	PRIM(m15),
};

enum { PRIMS = sizeof(prims) / sizeof(*prims), LONG = 700 };

static uint32_t seed = 1;

static void fill(void *out, size_t len)
{
	uint8_t *p = out;

	while (len--) {
		seed = seed * 1103515245u + 12345u;
		*p++ = (uint8_t)(seed >> 16);
	}
}

/* -- X25519 ---------------------------------------------------------------- */

static void x25519_is(const struct prim *p, const char *scalar,
		      const char *point, const char *want)
{
	uint8_t k[32], u[32], out[32], w[32];

	unhex(scalar, k, 32);
	unhex(point, u, 32);
	unhex(want, w, 32);
	assert_int_equal(p->x25519(out, k, u), 0);
	assert_memory_equal(out, w, 32);
}

/* RFC 7748, 5.2 and 6.1 */
static void test_x25519_rfc(void **state)
{
	(void)state;
	for (size_t i = 0; i < PRIMS; i++) {
		uint8_t k[32] = { 9 }, u[32] = { 9 }, want[32], next[32];

		x25519_is(&prims[i],
			  "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a"
			  "2244ba449ac4",
			  "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a9"
			  "03a6d0ab1c4c",
			  "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4"
			  "075577a28552");
		x25519_is(&prims[i],
			  "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4"
			  "169e7918ba0d",
			  "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4c"
			  "d549c715a493",
			  "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8"
			  "f7647aac7957");
		/* the iteration, its first and its thousandth result */
		for (int n = 1; n <= 1000; n++) {
			assert_int_equal(prims[i].x25519(next, k, u), 0);
			memcpy(u, k, 32);
			memcpy(k, next, 32);
			if (n > 1 && n < 1000)
				continue;
			unhex(n == 1 ? "422c8e7a6227d7bca1350b3e2bb7279f7897b87"
				       "b"
				       "b6854b783c60e80311ae3079"
				     : "684cf59ba83309552800ef566f2f4d3c1c3887c"
				       "4"
				       "9360e3875f2eb94d99532c51",
			      want, 32);
			assert_memory_equal(k, want, 32);
		}
	}
}

/* Points whose words are full, empty, or next to the modulus. */
static void hard_point(uint8_t p[32], unsigned int n)
{
	fill(p, 32);
	switch (n % 6) {
	case 0:
		memset(p, 0xff, 32);
		p[0] = (uint8_t)(n / 6); /* around 2^255 - 1 */
		break;
	case 1:
		memset(p, 0, 32);
		p[n / 6 % 32] = 4;
		break;
	case 2:
		memset(p, 0xff, 32);
		p[n / 6 % 32] ^= 0x10;
		break;
	case 3:
		memset(p + 4, 0xff, 24);
		break;
	default:
		break;
	}
}

static void test_x25519_same(void **state)
{
	(void)state;
	for (unsigned int n = 0; n < 300; n++) {
		uint8_t k[32], u[32], want[32], out[32];
		int err;

		fill(k, 32);
		if (n % 7 == 0)
			memset(k, n % 2 ? 0xff : 0, 32);
		hard_point(u, n);
		err = prims[0].x25519(want, k, u);
		for (size_t i = 1; i < PRIMS; i++) {
			assert_int_equal(prims[i].x25519(out, k, u), err);
			assert_memory_equal(out, want, 32);
		}
		prims[0].base(want, k);
		for (size_t i = 1; i < PRIMS; i++) {
			prims[i].base(out, k);
			assert_memory_equal(out, want, 32);
		}
	}
}

static void x25519_all(const uint8_t k[32], const uint8_t u[32])
{
	uint8_t want[32], out[32];
	int err = prims[0].x25519(want, k, u);

	for (size_t i = 1; i < PRIMS; i++) {
		assert_int_equal(prims[i].x25519(out, k, u), err);
		assert_memory_equal(out, want, 32);
	}
}

/* The numbers that have two encodings, 2^255 - 19 and more, their neighbours,
 * and each of them with the bit set that says nothing. */
static void test_x25519_not_canonical(void **state)
{
	(void)state;
	for (unsigned int n = 0; n < 2 * 64; n++) {
		uint8_t k[32], u[32];

		fill(k, 32);
		memset(u, 0xff, 32);
		u[0] = (uint8_t)(0xff - n / 2);
		u[31] = n & 1 ? 0xff : 0x7f;
		x25519_all(k, u);
		memset(u, 0, 32);
		u[0] = (uint8_t)(n / 2);
		u[31] = n & 1 ? 0x80 : 0;
		x25519_all(k, u);
	}
}

/* Words as the implementations have them, of 13 and of 30 bits: each alone
 * full, empty, 1, and one less than full, the others full or empty; and the
 * same in the scalar. */
static void test_x25519_words(void **state)
{
	static const unsigned int widths[] = { 13, 30, 15, 8 };

	(void)state;
	for (size_t w = 0; w < sizeof(widths) / sizeof(*widths); w++)
		for (unsigned int n = 0; n < 8 * (255 / widths[w] + 1); n++) {
			unsigned int first = n / 8 * widths[w];
			uint8_t k[32], u[32], u2[32];

			memset(u, n & 1 ? 0xff : 0, 32);
			for (unsigned int i = 0;
			     i < widths[w] && first + i < 256; i++) {
				unsigned int bit = first + i;
				unsigned int kind = n / 2 % 4;
				bool on = kind == 1 || (kind == 2 && i == 0) ||
					  (kind == 3 && i != 0);

				u[bit / 8] &= (uint8_t) ~(1u << bit % 8);
				u[bit / 8] |= (uint8_t)((unsigned)on
							<< bit % 8);
			}
			fill(k, 32);
			fill(u2, 32);
			x25519_all(k, u);
			x25519_all(u, u2);
			x25519_all(u, u);
		}
}

static void test_x25519_zero(void **state)
{
	static const char *const points[] = {
		"000000000000000000000000000000000000000000000000000000000000"
		"0000",
		"010000000000000000000000000000000000000000000000000000000000"
		"0000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49"
		"b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f"
		"1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"ff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"ff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"ff7f",
	};
	static const uint8_t zeros[32];

	(void)state;
	for (size_t i = 0; i < PRIMS; i++)
		for (size_t n = 0; n < sizeof(points) / sizeof(*points); n++) {
			uint8_t k[32], u[32], out[32];

			fill(k, 32);
			unhex(points[n], u, 32);
			assert_int_equal(prims[i].x25519(out, k, u), E_CRYPTO);
			assert_memory_equal(out, zeros, 32);
			u[31] |= 0x80;
			assert_int_equal(prims[i].x25519(out, k, u), E_CRYPTO);
			/* the point's place is taken for the answer */
			assert_int_equal(prims[i].x25519(u, k, u), E_CRYPTO);
			assert_memory_equal(u, zeros, 32);
		}
}

/* -- ChaCha20-Poly1305 ----------------------------------------------------- */

static void test_aead_same(void **state)
{
	(void)state;
	for (size_t len = 0; len < LONG; len += len < 140 ? 1 : 37) {
		uint8_t key[32], aad[80], text[LONG], want[LONG], wtag[16];
		uint32_t n = (uint32_t)len << (len % 23);
		size_t aad_len = len % sizeof(aad);

		fill(key, sizeof(key));
		fill(aad, sizeof(aad));
		fill(text, sizeof(text));
		if (len % 5 == 0) /* carries all the way */
			memset(text, 0xff, sizeof(text));
		memcpy(want, text, len);
		prims[0].seal(key, n, aad, aad_len, want, len, wtag);
		for (size_t i = 1; i < PRIMS; i++) {
			uint8_t buf[LONG + 3], tag[17];
			uint8_t *at = buf + len % 4; /* any alignment */

			memcpy(at, text, len);
			prims[i].seal(key, n, aad, aad_len, at, len, tag + 1);
			assert_memory_equal(at, want, len);
			assert_memory_equal(tag + 1, wtag, 16);
			assert_int_equal(prims[i].open(key, n, aad, aad_len, at,
						       len, tag + 1),
					 0);
			assert_memory_equal(at, text, len);
		}
	}
}

/* RFC 8439's own vector has a nonce that does not begin with zeros, and is
 * checked in test_crypto; here: what must not open. */
static void test_aead_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < PRIMS; i++) {
		uint8_t key[32], aad[5], good[50], text[50], tag[16];
		const struct {
			uint8_t *p;
			size_t len;
		} parts[] = {
			{ key, 32 }, { aad, 5 }, { good, 50 }, { tag, 16 }
		};

		fill(key, sizeof(key));
		fill(aad, sizeof(aad));
		fill(good, sizeof(good));
		prims[i].seal(key, 3, aad, 5, good, 50, tag);
		for (size_t n = 0; n < sizeof(parts) / sizeof(*parts); n++)
			for (size_t at = 0; at < parts[n].len; at++) {
				parts[n].p[at] ^= 0x20;
				memcpy(text, good, 50);
				assert_int_equal(prims[i].open(key, 3, aad, 5,
							       text, 50, tag),
						 E_DECRYPT);
				parts[n].p[at] ^= 0x20;
			}
		memcpy(text, good, 50);
		assert_int_equal(prims[i].open(key, 4, aad, 5, text, 50, tag),
				 E_DECRYPT);
		memcpy(text, good, 50);
		assert_int_equal(prims[i].open(key, 3, aad, 4, text, 50, tag),
				 E_DECRYPT);
		memcpy(text, good, 50);
		assert_int_equal(prims[i].open(key, 3, aad, 5, text, 50, tag),
				 0);
	}
}

/* -- SHA-256 --------------------------------------------------------------- */

static void hash(const struct prim *p, const void *in, size_t len, size_t step,
		 uint8_t out[32])
{
	const uint8_t *q = in;
	struct prim_sha256 c, copy;

	p->init(&c);
	for (; len > step; len -= step, q += step)
		p->update(&c, q, step);
	copy = c; /* may be copied at any moment */
	memset(&c, 0xa5, sizeof(c));
	p->update(&copy, q, len);
	p->final(&copy, out);
}

static void test_sha256(void **state)
{
	uint8_t in[LONG], out[32], want[32];

	(void)state;
	fill(in, sizeof(in));
	for (size_t i = 0; i < PRIMS; i++) {
		hash(&prims[i], "abc", 3, 64, out); /* FIPS 180-4 */
		unhex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61"
		      "f20015ad",
		      want, 32);
		assert_memory_equal(out, want, 32);
		for (size_t len = 0; len < LONG; len++) {
			hash(&prims[0], in, len, LONG, want);
			hash(&prims[i], in, len, len % 67 + 1, out);
			assert_memory_equal(out, want, 32);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_x25519_rfc),
		cmocka_unit_test(test_x25519_same),
		cmocka_unit_test(test_x25519_not_canonical),
		cmocka_unit_test(test_x25519_words),
		cmocka_unit_test(test_x25519_zero),
		cmocka_unit_test(test_aead_same),
		cmocka_unit_test(test_aead_refusals),
		cmocka_unit_test(test_sha256),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
