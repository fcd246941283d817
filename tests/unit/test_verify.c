/* SPDX-License-Identifier: MIT */
/*
 * The verification library says yes to what authority/ signs, and no to
 * everything else: with OpenSSL as its crypto, and with each BearSSL adaptor.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authority/authority.h"
#include "tests/lib/verify_openssl.h"
#include "verify/signet_verify.h"
#include "wire/record.h"

#define IMAGE_BASE 0x08000000u
#define IMAGE_LEN 3000u
#define SECOND_BASE 0x08004000u
#define SECOND_LEN 517u

extern const struct signet_crypto bearssl_i15, bearssl_m15, bearssl_i31,
	bearssl_m31;

static const uint8_t uid[UID_MAX] = { 0x34, 0,	 0x21, 0,   0x11, 'P',
				      'A',  'B', '1',  '2', '3',  '4' };

static const struct signet_crypto *env;
static uint8_t flash[0x8000]; /* at IMAGE_BASE */

static struct fixture {
	struct crypto_key *device, *release, *other;
	uint8_t device_pub[P256_PUB_LEN], release_pub[P256_PUB_LEN];
	struct signet_policy policy;
	struct firmware_info fw;
	struct credential cred;
	uint8_t firmware[RECORD_FIRMWARE_CAP];
	uint8_t credential[RECORD_CREDENTIAL_CAP];
} f;

static void flash_read(uint32_t address, void *out, size_t len)
{
	assert_in_range(address, IMAGE_BASE, IMAGE_BASE + sizeof(flash) - len);
	memcpy(out, flash + (address - IMAGE_BASE), len);
}

static void key_new(struct crypto_key **out, uint8_t *pub)
{
	uint8_t raw[P256_PUB_LEN];
	size_t len;

	assert_int_equal(crypto_key_generate(CRYPTO_P256, out), 0);
	assert_int_equal(crypto_key_public(*out, raw, sizeof(raw), &len), 0);
	if (pub)
		memcpy(pub, raw, sizeof(raw));
}

static void firmware_sign(const struct crypto_key *key, const char *label)
{
	uint8_t payload[FIRMWARE_SIG_MAX], cose[FIRMWARE_SIG_MAX];
	size_t len;

	assert_int_equal(
		firmware_info_encode(&f.fw, payload, sizeof(payload), &len), 0);
	assert_int_equal(authority_sign1(key, label, payload, len, cose,
					 sizeof(cose), &len),
			 0);
	memset(f.firmware, 0xff, sizeof(f.firmware));
	assert_int_equal(record_encode(RECORD_FIRMWARE, cose, len, f.firmware,
				       sizeof(f.firmware), &len),
			 0);
}

static void credential_sign(const struct crypto_key *key, const char *label)
{
	uint8_t payload[CREDENTIAL_MAX], cose[CREDENTIAL_MAX];
	size_t len;

	assert_int_equal(
		credential_encode(&f.cred, payload, sizeof(payload), &len), 0);
	assert_int_equal(authority_sign1(key, label, payload, len, cose,
					 sizeof(cose), &len),
			 0);
	memset(f.credential, 0xff, sizeof(f.credential));
	assert_int_equal(record_encode(RECORD_CREDENTIAL, cose, len,
				       f.credential, sizeof(f.credential),
				       &len),
			 0);
}

/* A good device; each test then spoils one thing. */
static int setup(void **state)
{
	uint8_t plain[IMAGE_LEN + SECOND_LEN];

	(void)state;
	memset(&f, 0, sizeof(f));
	key_new(&f.device, f.device_pub);
	key_new(&f.release, f.release_pub);
	key_new(&f.other, NULL);
	f.policy = (struct signet_policy){ "thermo", FAMILY_STM32L4,
					   f.device_pub, f.release_pub, 5 };
	for (size_t i = 0; i < sizeof(flash); i++)
		flash[i] = (uint8_t)(i * 7 + (i >> 8));
	memcpy(f.fw.product, "thermo", sizeof("thermo"));
	memcpy(f.fw.version, "1.2.0", sizeof("1.2.0"));
	f.fw.rollback = 5;
	f.fw.segment_count = 2;
	f.fw.segments[0] = (struct segment){ IMAGE_BASE, IMAGE_LEN };
	f.fw.segments[1] = (struct segment){ SECOND_BASE, SECOND_LEN };
	memcpy(plain, flash, IMAGE_LEN);
	memcpy(plain + IMAGE_LEN, flash + (SECOND_BASE - IMAGE_BASE),
	       SECOND_LEN);
	assert_int_equal(
		authority_image_digest(f.fw.segments, 2, plain, f.fw.digest),
		0);
	memcpy(f.cred.product, "thermo", sizeof("thermo"));
	memcpy(f.cred.order, "po-1001", sizeof("po-1001"));
	memcpy(f.cred.serial, "T-000042", sizeof("T-000042"));
	f.cred.grant = 77;
	f.cred.issued = 1790000000;
	f.cred.family = FAMILY_STM32L4;
	f.cred.uid_len = UID_MAX;
	memcpy(f.cred.uid, uid, UID_MAX);
	memcpy(f.cred.digest, f.fw.digest, DIGEST_LEN);
	firmware_sign(f.release, LABEL_FIRMWARE);
	credential_sign(f.device, LABEL_CREDENTIAL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	crypto_key_free(f.device);
	crypto_key_free(f.release);
	crypto_key_free(f.other);
	return 0;
}

/* Asks about the firmware record; a no must leave out untouched. */
static int ask_firmware(void)
{
	struct firmware_info out, before;
	struct signet_reason why;
	struct verdict v;

	memset(&out, 0xa5, sizeof(out));
	before = out;
	verdict_allow(&v);
	signet_verify_firmware(env, &f.policy, f.firmware, sizeof(f.firmware),
			       flash_read, &out, &why, &v);
	if (verdict_ok(&v)) {
		assert_int_equal(why.err, 0);
		assert_memory_equal(&out, &f.fw, sizeof(out));
		return 0;
	}
	assert_memory_equal(&out, &before, sizeof(out));
	assert_true(why.err < 0);
	assert_true(strlen(why.what) > 8);
	return why.err;
}

static int ask_device_with(const uint8_t *id, size_t id_len, const uint8_t *buf,
			   size_t len, const uint8_t digest[DIGEST_LEN])
{
	struct credential out, before;
	struct signet_reason why;
	struct verdict v;

	memset(&out, 0xa5, sizeof(out));
	before = out;
	verdict_allow(&v);
	signet_verify_device(env, &f.policy, id, id_len, buf, len, digest, &out,
			     &why, &v);
	if (verdict_ok(&v)) {
		assert_int_equal(why.err, 0);
		assert_memory_equal(&out, &f.cred, sizeof(out));
		return 0;
	}
	assert_memory_equal(&out, &before, sizeof(out));
	assert_true(why.err < 0);
	assert_true(strlen(why.what) > 8);
	return why.err;
}

static int ask_device(void)
{
	return ask_device_with(uid, UID_MAX, f.credential, sizeof(f.credential),
			       f.fw.digest);
}

static void test_good(void **state)
{
	(void)state;
	assert_int_equal(ask_firmware(), 0);
	assert_int_equal(ask_device(), 0);
}

static void test_good_bare_object(void **state)
{
	const uint8_t *data;
	size_t len;

	(void)state;
	assert_int_equal(record_decode(RECORD_CREDENTIAL, f.credential,
				       sizeof(f.credential), &data, &len),
			 0);
	assert_int_equal(ask_device_with(uid, UID_MAX, data, len, f.fw.digest),
			 0);
}

static void test_good_without_serial_and_outputs(void **state)
{
	struct verdict v;

	(void)state;
	memset(f.cred.serial, 0, sizeof(f.cred.serial));
	credential_sign(f.device, LABEL_CREDENTIAL);
	assert_int_equal(ask_device(), 0);
	signet_verify_device(env, &f.policy, uid, UID_MAX, f.credential,
			     sizeof(f.credential), f.fw.digest, NULL, NULL, &v);
	assert_true(verdict_ok(&v));
	signet_verify_firmware(env, &f.policy, f.firmware, sizeof(f.firmware),
			       flash_read, NULL, NULL, &v);
	assert_true(verdict_ok(&v));
}

static void test_wrong_key(void **state)
{
	(void)state;
	credential_sign(f.other, LABEL_CREDENTIAL);
	assert_int_equal(ask_device(), E_KEY);
	firmware_sign(f.other, LABEL_FIRMWARE);
	assert_int_equal(ask_firmware(), E_KEY);
}

/* Another key's signature under the right key's number. */
static void test_wrong_key_right_number(void **state)
{
	const uint8_t *data;
	struct cose_sign1 s, good;
	uint8_t cose[CREDENTIAL_MAX];
	size_t len;

	(void)state;
	assert_int_equal(record_decode(RECORD_CREDENTIAL, f.credential,
				       sizeof(f.credential), &data, &len),
			 0);
	assert_int_equal(cose_decode(data, len, &good), 0);
	credential_sign(f.other, LABEL_CREDENTIAL);
	assert_int_equal(cose_decode(data, len, &s), 0);
	memcpy(s.kid, good.kid, sizeof(s.kid));
	assert_int_equal(cose_encode(&s, cose, sizeof(cose), &len), 0);
	assert_int_equal(ask_device_with(uid, UID_MAX, cose, len, f.fw.digest),
			 E_SIGNATURE);
}

/* What is signed for one purpose is nothing for another. */
static void test_wrong_label(void **state)
{
	(void)state;
	credential_sign(f.device, LABEL_FIRMWARE);
	assert_int_equal(ask_device(), E_SIGNATURE);
	firmware_sign(f.release, LABEL_RELEASE);
	assert_int_equal(ask_firmware(), E_SIGNATURE);
}

static void test_wrong_record_type(void **state)
{
	(void)state;
	assert_true(ask_device_with(uid, UID_MAX, f.firmware,
				    sizeof(f.firmware), f.fw.digest) < 0);
}

static void test_wrong_uid(void **state)
{
	uint8_t id[UID_MAX + 1];

	(void)state;
	memset(id, 0, sizeof(id));
	for (size_t i = 0; i < UID_MAX; i++) {
		memcpy(id, uid, UID_MAX);
		id[i] ^= 1;
		assert_int_equal(ask_device_with(id, UID_MAX, f.credential,
						 sizeof(f.credential),
						 f.fw.digest),
				 E_AUTH);
	}
	memcpy(id, uid, UID_MAX);
	for (size_t len = 0; len <= UID_MAX + 1; len++)
		assert_int_equal(ask_device_with(id, len, f.credential,
						 sizeof(f.credential),
						 f.fw.digest),
				 len == UID_MAX ? 0 : E_AUTH);
}

static void test_wrong_product(void **state)
{
	static const char *const others[] = { "therm", "thermoo", "Thermo", "x",
					      "thermp" };

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		f.policy.product = others[i];
		assert_int_equal(ask_device(), E_AUTH);
		assert_int_equal(ask_firmware(), E_AUTH);
	}
}

static void test_wrong_family(void **state)
{
	(void)state;
	f.policy.family = FAMILY_STM32F1;
	assert_int_equal(ask_device(), E_AUTH);
}

static void test_wrong_digest(void **state)
{
	uint8_t digest[DIGEST_LEN];

	(void)state;
	for (size_t i = 0; i < DIGEST_LEN; i++) {
		memcpy(digest, f.fw.digest, DIGEST_LEN);
		digest[i] ^= 0x80;
		assert_int_equal(ask_device_with(uid, UID_MAX, f.credential,
						 sizeof(f.credential), digest),
				 E_AUTH);
	}
}

static void test_rollback(void **state)
{
	(void)state;
	f.policy.rollback_min = 6;
	assert_int_equal(ask_firmware(), E_VERSION);
	f.policy.rollback_min = UINT32_MAX;
	assert_int_equal(ask_firmware(), E_VERSION);
	f.policy.rollback_min = 4;
	assert_int_equal(ask_firmware(), 0);
}

static void test_firmware_bits(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(flash); i++) {
		bool signed_byte = i < IMAGE_LEN ||
				   (i >= SECOND_BASE - IMAGE_BASE &&
				    i < SECOND_BASE - IMAGE_BASE + SECOND_LEN);

		/* all edges, and a sample of the middle */
		if (i % 97 && i > 2 && i != IMAGE_LEN - 1 && i != IMAGE_LEN &&
		    i != SECOND_BASE - IMAGE_BASE - 1 &&
		    i != SECOND_BASE - IMAGE_BASE + SECOND_LEN - 1)
			continue;
		flash[i] ^= (uint8_t)(1u << i % 8);
		assert_int_equal(ask_firmware(), signed_byte ? E_CHECKSUM : 0);
		flash[i] ^= (uint8_t)(1u << i % 8);
	}
}

/* One flipped bit in any byte of either record, padding included. */
static void test_record_bits(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(f.firmware); i++) {
		f.firmware[i] ^= (uint8_t)(1u << i % 8);
		assert_true(ask_firmware() < 0);
		f.firmware[i] ^= (uint8_t)(1u << i % 8);
	}
	for (size_t i = 0; i < sizeof(f.credential); i++) {
		f.credential[i] ^= (uint8_t)(1u << i % 8);
		assert_true(ask_device() < 0);
		f.credential[i] ^= (uint8_t)(1u << i % 8);
	}
	assert_int_equal(ask_firmware(), 0);
	assert_int_equal(ask_device(), 0);
}

static void test_truncated(void **state)
{
	const uint8_t *data;
	size_t len;
	uint8_t *copy;

	(void)state;
	assert_int_equal(record_decode(RECORD_CREDENTIAL, f.credential,
				       sizeof(f.credential), &data, &len),
			 0);
	/* exact allocations, so that the sanitizer sees an overrun */
	for (size_t n = 0; n < len + RECORD_HEAD_LEN; n++) {
		copy = malloc(n ? n : 1);
		assert_non_null(copy);
		memcpy(copy, f.credential, n);
		assert_true(ask_device_with(uid, UID_MAX, copy, n,
					    f.fw.digest) < 0);
		if (n < len) {
			memcpy(copy, data, n);
			assert_true(ask_device_with(uid, UID_MAX, copy, n,
						    f.fw.digest) < 0);
		}
		free(copy);
	}
}

static void test_erased(void **state)
{
	(void)state;
	memset(f.credential, 0xff, sizeof(f.credential));
	memset(f.firmware, 0xff, sizeof(f.firmware));
	assert_int_equal(ask_device(), E_NOT_FOUND);
	assert_int_equal(ask_firmware(), E_NOT_FOUND);
	memset(f.credential, 0, sizeof(f.credential));
	memset(f.firmware, 0, sizeof(f.firmware));
	assert_true(ask_device() < 0);
	assert_true(ask_firmware() < 0);
}

/* Only one of 2^64 patterns is a yes; here all within two bits of one. */
static void test_verdict_words(void **state)
{
	struct verdict v;

	(void)state;
	verdict_deny(&v);
	assert_false(verdict_ok(&v));
	for (unsigned i = 0; i < 64; i++) {
		for (unsigned j = 0; j < 64; j++) {
			uint64_t flip = 1ull << i | 1ull << j;

			verdict_allow(&v);
			assert_true(verdict_ok(&v));
			v.value ^= (uint32_t)flip;
			v.check ^= (uint32_t)(flip >> 32);
			assert_false(verdict_ok(&v));
			verdict_deny(&v);
			v.value ^= (uint32_t)flip;
			v.check ^= (uint32_t)(flip >> 32);
			assert_false(verdict_ok(&v));
		}
	}
	for (unsigned i = 0; i < 4; i++) { /* stuck at zero or one */
		v.value = i & 1 ? UINT32_MAX : 0;
		v.check = i & 2 ? UINT32_MAX : 0;
		assert_false(verdict_ok(&v));
	}
}

/* An adaptor whose answer is anything but the one word. */
static uint32_t odd_answer;

static uint32_t odd_p256(const uint8_t pub[65], const uint8_t hash[32],
			 const uint8_t sig[64])
{
	(void)pub;
	(void)hash;
	(void)sig;
	return odd_answer;
}

static void test_adaptor_answers(void **state)
{
	static const uint32_t answers[] = {
		0, 1, UINT32_MAX, VERDICT_NO, ~VERDICT_YES, ~VERDICT_NO
	};
	struct signet_crypto odd = *env;

	(void)state;
	odd.p256_verify = odd_p256;
	env = &odd;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		odd_answer = answers[i];
		assert_int_equal(ask_device(), E_SIGNATURE);
		assert_int_equal(ask_firmware(), E_SIGNATURE);
	}
	for (unsigned i = 0; i < 32; i++) {
		odd_answer = VERDICT_YES ^ 1u << i;
		assert_int_equal(ask_device(), E_SIGNATURE);
	}
	odd_answer = VERDICT_YES;
	assert_int_equal(ask_device(), 0);
	env = &verify_openssl;
}

/* Every adaptor says what OpenSSL says: good, and spoilt in many ways. */
static void test_bearssl(void **state)
{
	static const struct signet_crypto *const adaptors[] = {
		&bearssl_i15, &bearssl_m15, &bearssl_i31, &bearssl_m31
	};
	uint8_t hash[DIGEST_LEN], sig[COSE_SIG_LEN], pub[P256_PUB_LEN];
	struct cose_sign1 s;
	const uint8_t *data;
	size_t len;

	(void)state;
	for (size_t a = 0; a < sizeof(adaptors) / sizeof(adaptors[0]); a++) {
		env = adaptors[a];
		test_good(state);
		test_wrong_key_right_number(state);
		credential_sign(f.device, LABEL_CREDENTIAL);
		assert_int_equal(record_decode(RECORD_CREDENTIAL, f.credential,
					       sizeof(f.credential), &data,
					       &len),
				 0);
		assert_int_equal(cose_decode(data, len, &s), 0);
		verify_openssl_hash(LABEL_CREDENTIAL, &s, hash);
		for (unsigned i = 0; i < 32 + 64 + 65; i++) {
			uint8_t *p = i < 32   ? &hash[i]
				     : i < 96 ? &sig[i - 32]
					      : &pub[i - 96];

			memcpy(sig, s.sig, sizeof(sig));
			memcpy(pub, f.device_pub, sizeof(pub));
			assert_int_equal(env->p256_verify(pub, hash, sig),
					 VERDICT_YES);
			*p ^= (uint8_t)(1u << i % 8);
			assert_int_equal(env->p256_verify(pub, hash, sig),
					 VERDICT_NO);
			*p ^= (uint8_t)(1u << i % 8);
		}
		memset(sig, 0, sizeof(sig)); /* r = s = 0 */
		assert_int_equal(env->p256_verify(pub, hash, sig), VERDICT_NO);
		memset(sig, 0xff, sizeof(sig)); /* above the group order */
		assert_int_equal(env->p256_verify(pub, hash, sig), VERDICT_NO);
	}
	env = &verify_openssl;
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_good),
		T(test_good_bare_object),
		T(test_good_without_serial_and_outputs),
		T(test_wrong_key),
		T(test_wrong_key_right_number),
		T(test_wrong_label),
		T(test_wrong_record_type),
		T(test_wrong_uid),
		T(test_wrong_product),
		T(test_wrong_family),
		T(test_wrong_digest),
		T(test_rollback),
		T(test_firmware_bits),
		T(test_record_bits),
		T(test_truncated),
		T(test_erased),
		T(test_verdict_words),
		T(test_adaptor_answers),
		T(test_bearssl),
	};

	env = &verify_openssl;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
