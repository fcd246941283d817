/* SPDX-License-Identifier: MIT */
/* crypto/: published vectors, keys as text, refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "tests/lib/vectors.h"

static void test_sha256(void **state)
{
	/* FIPS 180-2, appendix B.1, and of the empty message. */
	static const char abc[] = "ba7816bf8f01cfea414140de5dae2223"
				  "b00361a396177a9cb410ff61f20015ad";
	static const char none[] = "e3b0c44298fc1c149afbf4c8996fb924"
				   "27ae41e4649b934ca495991b7852b855";
	struct crypto_sha256 *h;
	uint8_t want[SHA256_LEN], got[SHA256_LEN];

	(void)state;
	unhex(abc, want, sizeof(want));
	assert_int_equal(crypto_sha256("abc", 3, got), 0);
	assert_memory_equal(got, want, sizeof(want));
	assert_int_equal(crypto_sha256_new(&h), 0);
	assert_int_equal(crypto_sha256_update(h, "a", 1), 0);
	assert_int_equal(crypto_sha256_update(h, "", 0), 0);
	assert_int_equal(crypto_sha256_update(h, "bc", 2), 0);
	assert_int_equal(crypto_sha256_final(h, got), 0);
	assert_memory_equal(got, want, sizeof(want));
	unhex(none, want, sizeof(want));
	assert_int_equal(crypto_sha256("", 0, got), 0);
	assert_memory_equal(got, want, sizeof(want));
	crypto_sha256_free(NULL);
}

static void test_random(void **state)
{
	uint8_t a[32] = { 0 }, b[32] = { 0 };

	(void)state;
	assert_int_equal(crypto_random(a, sizeof(a)), 0);
	assert_int_equal(crypto_random(b, sizeof(b)), 0);
	assert_memory_not_equal(a, b, sizeof(a));
}

/* Columns of wycheproof_es256.txt: result, public key, signature. */
static void test_es256_wycheproof(void **state)
{
	FILE *f = fopen("tests/vectors/wycheproof_es256.txt", "r");
	char line[512], result[16], pub_hex[160], sig_hex[160];
	uint8_t pub[P256_PUB_LEN], sig[P256_SIG_LEN];
	int valid = 0, invalid = 0;

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		int want;

		if (line[0] == '#')
			continue;
		assert_int_equal(sscanf(line, "%15s %159s %159s", result,
					pub_hex, sig_hex),
				 3);
		assert_int_equal(unhex(pub_hex, pub, sizeof(pub)), sizeof(pub));
		assert_int_equal(unhex(sig_hex, sig, sizeof(sig)), sizeof(sig));
		want = strcmp(result, "valid") ? E_SIGNATURE : 0;
		assert_int_equal(crypto_es256_verify(pub, "123400", 6, sig),
				 want);
		want ? invalid++ : valid++;
	}
	fclose(f);
	assert_int_equal(valid, 7);
	assert_int_equal(invalid, 23);
}

static void test_es256(void **state)
{
	struct crypto_key *k;
	struct crypto_key *x;
	uint8_t pub[P256_PUB_LEN], sig[P256_SIG_LEN];
	size_t len;

	(void)state;
	assert_int_equal(crypto_key_generate(CRYPTO_P256, &k), 0);
	assert_int_equal(crypto_key_public(k, pub, sizeof(pub), &len), 0);
	assert_int_equal(len, P256_PUB_LEN);
	assert_int_equal(crypto_key_public(k, pub, len - 1, &len), E_SPACE);
	/* Many, so that R and S with leading zero bytes occur. */
	for (int i = 0; i < 600; i++) {
		assert_int_equal(crypto_es256_sign(k, &i, sizeof(i), sig), 0);
		assert_int_equal(crypto_es256_verify(pub, &i, sizeof(i), sig),
				 0);
	}
	for (size_t i = 0; i < sizeof(sig); i++) {
		int last = 599;

		sig[i] ^= 1;
		assert_int_equal(
			crypto_es256_verify(pub, &last, sizeof(last), sig),
			E_SIGNATURE);
		sig[i] ^= 1;
	}
	assert_int_equal(crypto_es256_verify(pub, "", 0, sig), E_SIGNATURE);
	/* Points that are none, or of another form. */
	pub[64] ^= 1;
	assert_int_equal(crypto_es256_verify(pub, "", 0, sig), E_KEY);
	pub[64] ^= 1;
	pub[0] = 0x06;
	assert_int_equal(crypto_es256_verify(pub, "", 0, sig), E_KEY);
	memset(pub, 0, sizeof(pub));
	assert_int_equal(crypto_es256_verify(pub, "", 0, sig), E_KEY);
	/* A key of another type signs nothing. */
	assert_int_equal(crypto_key_generate(CRYPTO_ED25519, &x), 0);
	assert_int_equal(crypto_es256_sign(x, "", 0, sig), E_KEY);
	crypto_key_free(x);
	crypto_key_free(k);
	crypto_key_free(NULL);
	assert_int_equal(crypto_key_generate(99, &k), E_ARG);
}

static void test_aead(void **state)
{
	const char *file = "rfc8439_2_8_2.txt";
	uint8_t key[AEAD_KEY_LEN], nonce[AEAD_NONCE_LEN], aad[32], pt[128];
	uint8_t want[160], got[160], before[160];
	size_t aad_len, len, n;

	(void)state;
	vector_get(file, "key", key, sizeof(key));
	vector_get(file, "nonce", nonce, sizeof(nonce));
	aad_len = vector_get(file, "aad", aad, sizeof(aad));
	len = vector_get(file, "pt", pt, sizeof(pt));
	n = vector_get(file, "ct", want, sizeof(want));
	n += vector_get(file, "tag", want + n, sizeof(want) - n);
	assert_int_equal(
		crypto_aead_seal(key, nonce, aad, aad_len, pt, len, got), 0);
	assert_memory_equal(got, want, n);
	assert_int_equal(crypto_aead_open(key, nonce, aad, aad_len, got, n,
					  got), /* in place */
			 0);
	assert_memory_equal(got, pt, len);
	/* Each byte altered: refused, and nothing written, in place or not. */
	for (size_t i = 0; i < n; i++) {
		want[i] ^= 0x80;
		memcpy(got, want, n);
		memset(before, 0x5a, sizeof(before));
		assert_int_equal(
			crypto_aead_open(key, nonce, aad, aad_len, got, n, got),
			E_DECRYPT);
		assert_memory_equal(got, want, n);
		assert_int_equal(crypto_aead_open(key, nonce, aad, aad_len,
						  want, n, before),
				 E_DECRYPT);
		assert_int_equal(before[0] & before[len - 1], 0x5a);
		want[i] ^= 0x80;
	}
	aad[0] ^= 1;
	assert_int_equal(
		crypto_aead_open(key, nonce, aad, aad_len, want, n, got),
		E_DECRYPT);
	aad[0] ^= 1;
	for (size_t i = 0; i < n; i++)
		assert_int_equal(crypto_aead_open(key, nonce, aad, aad_len,
						  want, i, got),
				 E_DECRYPT);
	/* Nothing to say, but authentic; and no AAD. */
	assert_int_equal(crypto_aead_seal(key, nonce, NULL, 0, NULL, 0, got),
			 0);
	assert_int_equal(
		crypto_aead_open(key, nonce, NULL, 0, got, AEAD_TAG_LEN, got),
		0);
	assert_int_equal(
		crypto_aead_open(key, nonce, aad, 1, got, AEAD_TAG_LEN, got),
		E_DECRYPT);
}

static void check_pem(enum crypto_key_type type)
{
	struct crypto_key *k, *back = NULL;
	uint8_t pub[P256_PUB_LEN], pub2[P256_PUB_LEN];
	enum crypto_key_type got;
	size_t len, len2;
	char *pem;

	assert_int_equal(crypto_key_generate(type, &k), 0);
	assert_int_equal(crypto_key_type(k), type);
	assert_int_equal(crypto_key_public(k, pub, sizeof(pub), &len), 0);
	assert_int_equal(crypto_key_export(k, NULL, &pem), 0);
	assert_non_null(strstr(pem, "-----BEGIN PRIVATE KEY-----"));
	assert_int_equal(crypto_key_import(pem, NULL, &back), 0);
	assert_int_equal(crypto_key_public(back, pub2, sizeof(pub2), &len2), 0);
	assert_int_equal(len, len2);
	assert_memory_equal(pub, pub2, len);
	crypto_key_free(back);
	free(pem);

	assert_int_equal(crypto_key_export(k, "pass phrase", &pem), 0);
	assert_non_null(strstr(pem, "-----BEGIN ENCRYPTED PRIVATE KEY-----"));
	assert_int_equal(crypto_key_import(pem, NULL, &back), E_PASSPHRASE);
	assert_int_equal(crypto_key_import(pem, "", &back), E_PASSPHRASE);
	assert_int_equal(crypto_key_import(pem, "pass phras", &back),
			 E_PASSPHRASE);
	assert_int_equal(crypto_key_import(pem, "pass phrase", &back), 0);
	assert_int_equal(crypto_key_type(back), type);
	crypto_key_free(back);
	free(pem);

	assert_int_equal(crypto_pub_export(type, pub, len, &pem), 0);
	assert_int_equal(
		crypto_pub_import(pem, &got, pub2, sizeof(pub2), &len2), 0);
	assert_int_equal(got, type);
	assert_int_equal(len, len2);
	assert_memory_equal(pub, pub2, len);
	assert_int_equal(crypto_key_import(pem, NULL, &back), E_KEY);
	free(pem);
	assert_int_equal(crypto_pub_export(type, pub, len - 1, &pem), E_KEY);
	crypto_key_free(k);
}

static void test_pem(void **state)
{
	(void)state;
	check_pem(CRYPTO_P256);
	check_pem(CRYPTO_X25519);
	check_pem(CRYPTO_ED25519);
}

/* Made elsewhere: a P-384 key; a P-256 key whose public half belongs to
 * another private one; the public half as a compressed point. */
static const char p384[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDAAAAAAAAAAAAAAAAAA\n"
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEjRWehZANiAAR66eHbEWB5\n"
	"THDB7wcb5RkfbGYkD0YI++ikTs02w+1duXUA8uTYTj+0WFD9b0MDMCvYrCFETNgN\n"
	"JBU42ANLOZoN7jY261ywC5SZ0GGlcdsPFLtH7XlFOUjtY/OmzLv2508=\n"
	"-----END PRIVATE KEY-----\n";

static const char halves_differ[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAAAAAAAAAAAAAAAA\n"
	"AAAAAAAAAAAAAAAAAAAAAAEjRWihRANCAAQIi7n/IqspGnTIb8Z3uol7qt7jcMxh\n"
	"KbgtFwuj/CZBXEQtqacWBnlW2R6qArk61AlJDofNXnWOpqMxod63W6hG\n"
	"-----END PRIVATE KEY-----\n";

static const char compressed[] =
	"-----BEGIN PUBLIC KEY-----\n"
	"MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgACCIu5/yKrKRp0yG/Gd7qJe6re43DM\n"
	"YSm4LRcLo/wmQVw=\n"
	"-----END PUBLIC KEY-----\n";

static void test_pem_refusals(void **state)
{
	struct crypto_key *k;
	uint8_t pub[P256_PUB_LEN];
	enum crypto_key_type type;
	size_t len;

	(void)state;
	assert_int_equal(crypto_key_import("", NULL, &k), E_KEY);
	assert_int_equal(crypto_key_import("nonsense", "x", &k), E_KEY);
	assert_int_equal(crypto_key_import(p384, NULL, &k), E_KEY);
	assert_int_equal(crypto_key_import(halves_differ, NULL, &k), E_KEY);
	assert_int_equal(crypto_pub_import("", &type, pub, sizeof(pub), &len),
			 E_KEY);
	assert_int_equal(crypto_pub_import(p384, &type, pub, sizeof(pub), &len),
			 E_KEY);
}

static void test_compressed_point(void **state)
{
	static const char hex[] = "04088bb9ff22ab291a74c86fc677ba897baadee370cc"
				  "6129b82d170ba3fc26415c"
				  "442da9a716067956d91eaa02b93ad409490e87cd5e75"
				  "8ea6a331a1deb75ba846";
	uint8_t pub[P256_PUB_LEN], want[P256_PUB_LEN];
	enum crypto_key_type type;
	size_t len;

	(void)state;
	unhex(hex, want, sizeof(want));
	assert_int_equal(
		crypto_pub_import(compressed, &type, pub, sizeof(pub), &len),
		0);
	assert_int_equal(len, sizeof(pub));
	assert_memory_equal(pub, want, sizeof(pub));
}

static void test_key_id(void **state)
{
	uint8_t id[KEY_ID_LEN];

	(void)state;
	assert_int_equal(crypto_key_id((const uint8_t *)"abc", 3, id), 0);
	assert_memory_equal(id, "\xba\x78\x16\xbf\x8f\x01\xcf\xea", 8);
}

/* RFC 5869, test case 1. */
static void test_hkdf(void **state)
{
	static const uint8_t want[42] = { 0x3c, 0xb2, 0x5f, 0x25, 0xfa, 0xac,
					  0xd5, 0x7a, 0x90, 0x43, 0x4f, 0x64,
					  0xd0, 0x36, 0x2f, 0x2a, 0x2d, 0x2d,
					  0x0a, 0x90, 0xcf, 0x1a, 0x5a, 0x4c,
					  0x5d, 0xb0, 0x2d, 0x56, 0xec, 0xc4,
					  0xc5, 0xbf, 0x34, 0x00, 0x72, 0x08,
					  0xd5, 0xb8, 0x87, 0x18, 0x58, 0x65 };
	uint8_t secret[22], salt[13], info[10], got[42];

	(void)state;
	memset(secret, 0x0b, sizeof(secret));
	for (size_t i = 0; i < sizeof(salt); i++)
		salt[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(info); i++)
		info[i] = (uint8_t)(0xf0 + i);
	assert_int_equal(crypto_hkdf(secret, sizeof(secret), salt, sizeof(salt),
				     info, sizeof(info), got, sizeof(got)),
			 0);
	assert_memory_equal(got, want, sizeof(want));
}

/* The private half is the key file's, and only X25519 gives it. */
static void test_x25519_raw(void **state)
{
	struct crypto_key *k = NULL, *again = NULL;
	uint8_t raw[X25519_LEN], raw2[X25519_LEN];
	char *pem = NULL;

	(void)state;
	assert_int_equal(crypto_key_generate(CRYPTO_X25519, &k), 0);
	assert_int_equal(crypto_key_x25519(k, raw), 0);
	assert_int_equal(crypto_key_export(k, NULL, &pem), 0);
	assert_int_equal(crypto_key_import(pem, NULL, &again), 0);
	assert_int_equal(crypto_key_x25519(again, raw2), 0);
	assert_memory_equal(raw, raw2, sizeof(raw));
	crypto_key_free(again);
	crypto_key_free(k);
	free(pem);
	assert_int_equal(crypto_key_generate(CRYPTO_P256, &k), 0);
	assert_int_equal(crypto_key_x25519(k, raw), E_KEY);
	crypto_key_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha256),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_es256_wycheproof),
		cmocka_unit_test(test_hkdf),
		cmocka_unit_test(test_x25519_raw),
		cmocka_unit_test(test_es256),
		cmocka_unit_test(test_aead),
		cmocka_unit_test(test_pem),
		cmocka_unit_test(test_pem_refusals),
		cmocka_unit_test(test_compressed_point),
		cmocka_unit_test(test_key_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
