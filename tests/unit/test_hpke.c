/* SPDX-License-Identifier: MIT */
/* crypto/hpke: RFC 9180 appendix A.2, both directions, and refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "crypto/internal.h"
#include "tests/lib/vectors.h"

#define FILE_A2 "rfc9180_a2.txt"

struct a2 {
	uint8_t info[32], pk_r[32], enc[32], aad[16], pt[64], ct[64];
	size_t info_len, aad_len, pt_len, ct_len;
	struct crypto_key *recipient;
	struct crypto_key *ephemeral;
};

static struct crypto_key *private_key(const char *name)
{
	struct crypto_key *k = NULL;
	uint8_t raw[X25519_LEN];

	vector_get(FILE_A2, name, raw, sizeof(raw));
	assert_int_equal(
		key_wrap(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL,
						      raw, sizeof(raw)),
			 &k),
		0);
	return k;
}

static int setup(void **state)
{
	static struct a2 v;

	v.info_len = vector_get(FILE_A2, "info", v.info, sizeof(v.info));
	vector_get(FILE_A2, "pkRm", v.pk_r, sizeof(v.pk_r));
	vector_get(FILE_A2, "enc", v.enc, sizeof(v.enc));
	v.aad_len = vector_get(FILE_A2, "aad", v.aad, sizeof(v.aad));
	v.pt_len = vector_get(FILE_A2, "pt", v.pt, sizeof(v.pt));
	v.ct_len = vector_get(FILE_A2, "ct", v.ct, sizeof(v.ct));
	v.recipient = private_key("skRm");
	v.ephemeral = private_key("skEm");
	*state = &v;
	return 0;
}

static int teardown(void **state)
{
	struct a2 *v = *state;

	crypto_key_free(v->recipient);
	crypto_key_free(v->ephemeral);
	return 0;
}

static int open_a2(const struct a2 *v, size_t ct_len, uint8_t *out)
{
	return crypto_hpke_open(v->recipient, v->enc, v->info, v->info_len,
				v->aad, v->aad_len, v->ct, ct_len, out);
}

static void test_published(void **state)
{
	const struct a2 *v = *state;
	uint8_t out[64], enc[X25519_LEN];

	assert_int_equal(open_a2(v, v->ct_len, out), 0);
	assert_memory_equal(out, v->pt, v->pt_len);
	assert_int_equal(hpke_seal_with(v->ephemeral, v->pk_r, v->info,
					v->info_len, v->aad, v->aad_len, v->pt,
					v->pt_len, enc, out),
			 0);
	assert_memory_equal(enc, v->enc, sizeof(enc));
	assert_memory_equal(out, v->ct, v->ct_len);
}

static void test_altered(void **state)
{
	struct a2 v = *(struct a2 *)*state;
	uint8_t out[64];
	uint8_t *const parts[] = { v.info, v.aad, v.enc, v.ct };
	const size_t lens[] = { v.info_len, v.aad_len, sizeof(v.enc),
				v.ct_len };

	for (size_t p = 0; p < 4; p++) {
		for (size_t i = 0; i < lens[p]; i++) {
			/* X25519 ignores the top bit of a public key, but
			 * HPKE hashes it. */
			parts[p][i] ^= 0x80;
			assert_int_equal(open_a2(&v, v.ct_len, out), E_DECRYPT);
			parts[p][i] ^= 0x80;
		}
	}
	for (size_t n = 0; n < v.ct_len; n++)
		assert_int_equal(open_a2(&v, n, out), E_DECRYPT);
	assert_int_equal(open_a2(&v, v.ct_len, out), 0);
}

static void test_round_trip(void **state)
{
	const struct a2 *v = *state;
	enum { LEN = 300000 };
	uint8_t *in = malloc(LEN);
	uint8_t *sealed = malloc(LEN + AEAD_TAG_LEN);
	uint8_t enc[X25519_LEN], enc2[X25519_LEN];

	assert_non_null(in);
	assert_non_null(sealed);
	for (size_t i = 0; i < LEN; i++)
		in[i] = (uint8_t)(i * 7);
	assert_int_equal(
		crypto_hpke_seal(v->pk_r, "i", 1, "a", 1, in, LEN, enc, sealed),
		0);
	assert_int_equal(crypto_hpke_open(v->recipient, enc, "i", 1, "a", 1,
					  sealed, LEN + AEAD_TAG_LEN, sealed),
			 0);
	assert_memory_equal(in, sealed, LEN);
	assert_int_equal(
		crypto_hpke_seal(v->pk_r, "i", 1, "a", 1, in, 0, enc2, sealed),
		0);
	assert_memory_not_equal(enc, enc2, sizeof(enc));
	/* another purpose, another key */
	assert_int_equal(crypto_hpke_open(v->recipient, enc2, "j", 1, "a", 1,
					  sealed, AEAD_TAG_LEN, in),
			 E_DECRYPT);
	assert_int_equal(crypto_hpke_open(v->ephemeral, enc2, "i", 1, "a", 1,
					  sealed, AEAD_TAG_LEN, in),
			 E_DECRYPT);
	free(in);
	free(sealed);
}

static void test_bad_keys(void **state)
{
	static const uint8_t zero[X25519_LEN];
	static const uint8_t one[X25519_LEN] = { 1 };
	const struct a2 *v = *state;
	struct crypto_key *p256;
	uint8_t enc[X25519_LEN], out[64];
	uint8_t info[300] = { 0 };

	/* Points of small order give an all-zero secret: refused. */
	assert_int_equal(crypto_hpke_seal(zero, "", 0, "", 0, "x", 1, enc, out),
			 E_KEY);
	assert_int_equal(crypto_hpke_seal(one, "", 0, "", 0, "x", 1, enc, out),
			 E_KEY);
	assert_int_equal(crypto_hpke_open(v->recipient, zero, "", 0, "", 0,
					  v->ct, v->ct_len, out),
			 E_KEY);
	assert_int_equal(crypto_key_generate(CRYPTO_P256, &p256), 0);
	assert_int_equal(crypto_hpke_open(p256, v->enc, "", 0, "", 0, v->ct,
					  v->ct_len, out),
			 E_KEY);
	crypto_key_free(p256);
	assert_int_equal(crypto_hpke_seal(v->pk_r, info, sizeof(info), "", 0,
					  "x", 1, enc, out),
			 E_TOO_LARGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published),
		cmocka_unit_test(test_altered),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_bad_keys),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
