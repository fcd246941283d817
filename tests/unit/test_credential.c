/* SPDX-License-Identifier: MIT */
/* wire/credential and wire/name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cbor.h"
#include "tests/lib/vectors.h"
#include "wire/credential.h"
#include "wire/name.h"

static struct credential example(void)
{
	struct credential c = {
		.product = "pump",
		.order = "order-7",
		.serial = "SN \xc3\xbc 1",
		.grant = 0x0102030405060708,
		.issued = 1767225600,
		.uid = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 },
		.uid_len = 12,
		.family = FAMILY_STM32L4,
		.proof = PROOF_NONE,
	};

	memset(c.digest, 0xd1, sizeof(c.digest));
	return c;
}

/* The claims of example(), put together by hand from RFC 8392 and RFC 8949. */
#define PRODUCT "026470756d70"
#define ISSUED "061a6955b900"
#define GRANT "07480102030405060708"
#define UID "3a000111704c0102030405060708090a0b0c"
#define FAMILY "3a0001117103"
#define ORDER "3a00011172676f726465722d37"
#define D8 "d1d1d1d1d1d1d1d1"
#define DIGEST "3a000111735820" D8 D8 D8 D8
#define SERIAL "3a0001117467534e20c3bc2031"
#define PROOF "3a0001117500"
#define ALL "a9" PRODUCT ISSUED GRANT UID FAMILY ORDER DIGEST SERIAL PROOF

static int decode(const uint8_t *buf, size_t len)
{
	struct credential c;

	return credential_decode(buf, len, &c);
}

static int decode_hex(const char *hex)
{
	uint8_t buf[512];

	return decode(buf, unhex(hex, buf, sizeof(buf)));
}

static void test_both_ways(void **state)
{
	struct credential c = example();
	struct credential back;
	uint8_t want[512], got[512];
	size_t want_len = unhex(ALL, want, sizeof(want));
	size_t len;

	(void)state;
	assert_int_equal(credential_encode(&c, got, sizeof(got), &len), 0);
	assert_int_equal(len, want_len);
	assert_memory_equal(got, want, len);
	assert_int_equal(credential_decode(want, want_len, &back), 0);
	assert_memory_equal(&back, &c, sizeof(c));
	check_lengths(decode, want, want_len);
	for (size_t cap = 0; cap < want_len; cap++)
		assert_int_equal(credential_encode(&c, got, cap, &len),
				 E_SPACE);
}

static void test_without_serial(void **state)
{
	struct credential c = example();
	struct credential back;
	uint8_t buf[512];
	size_t len;

	(void)state;
	memset(c.serial, 0, sizeof(c.serial));
	assert_int_equal(credential_encode(&c, buf, sizeof(buf), &len), 0);
	assert_int_equal(buf[0], 0xa8);
	assert_int_equal(credential_decode(buf, len, &back), 0);
	assert_memory_equal(&back, &c, sizeof(c));
	check_lengths(decode, buf, len);
}

static void test_short_uid(void **state)
{
	struct credential c = example();
	struct credential back;
	uint8_t buf[512];
	size_t len;

	(void)state;
	memset(c.uid + 1, 0, sizeof(c.uid) - 1);
	c.uid_len = 1;
	assert_int_equal(credential_encode(&c, buf, sizeof(buf), &len), 0);
	assert_int_equal(credential_decode(buf, len, &back), 0);
	assert_memory_equal(&back, &c, sizeof(c));
}

static void test_largest_fits(void **state)
{
	struct credential c = example();
	uint8_t buf[CREDENTIAL_MAX];
	size_t len;

	(void)state;
	memset(c.product, 'p', NAME_CAP - 1);
	memset(c.order, 'o', NAME_CAP - 1);
	memset(c.serial, 's', SERIAL_CAP - 1);
	c.issued = UINT64_MAX;
	c.grant = UINT64_MAX;
	assert_int_equal(credential_encode(&c, buf, sizeof(buf), &len), 0);
	/* 2 + 3 + 12 of COSE around it, 2 + 64 of signature, 2 of length */
	assert_true(len + 90 <= CREDENTIAL_MAX);
	assert_int_equal(decode(buf, len), 0);
}

static const struct {
	const char *hex;
	int err;
} bad_claims[] = {
	/* each claim missing */
	{ "a8" ISSUED GRANT UID FAMILY ORDER DIGEST SERIAL PROOF, E_SYNTAX },
	{ "a8" PRODUCT GRANT UID FAMILY ORDER DIGEST SERIAL PROOF, E_SYNTAX },
	{ "a8" PRODUCT ISSUED UID FAMILY ORDER DIGEST SERIAL PROOF, E_SYNTAX },
	{ "a8" PRODUCT ISSUED GRANT FAMILY ORDER DIGEST SERIAL PROOF,
	  E_SYNTAX },
	{ "a8" PRODUCT ISSUED GRANT UID ORDER DIGEST SERIAL PROOF, E_SYNTAX },
	{ "a8" PRODUCT ISSUED GRANT UID FAMILY DIGEST SERIAL PROOF, E_SYNTAX },
	{ "a8" PRODUCT ISSUED GRANT UID FAMILY ORDER SERIAL PROOF, E_SYNTAX },
	{ "a8" PRODUCT ISSUED GRANT UID FAMILY ORDER DIGEST SERIAL, E_SYNTAX },
	{ "a7" PRODUCT ISSUED GRANT UID FAMILY ORDER DIGEST, E_SYNTAX },
	{ "a0", E_SYNTAX },
	/* unknown ones: iss, exp, 8 (cnf), one of ours too far */
	{ "aa016161" PRODUCT ISSUED GRANT UID FAMILY ORDER DIGEST SERIAL PROOF,
	  E_CRITICAL },
	{ "aa" PRODUCT "0400" ISSUED GRANT UID FAMILY ORDER DIGEST SERIAL PROOF,
	  E_CRITICAL },
	{ "aa" PRODUCT ISSUED GRANT "08a0" UID FAMILY ORDER DIGEST SERIAL PROOF,
	  E_CRITICAL },
	{ "aa" PRODUCT ISSUED GRANT UID FAMILY ORDER DIGEST SERIAL PROOF
	  "3a0001117600",
	  E_CRITICAL },
	{ "a9" PRODUCT ISSUED GRANT UID FAMILY ORDER DIGEST PROOF
	  "3a0001117600",
	  E_SYNTAX },
	/* order of keys, and one twice */
	{ "a9" ISSUED PRODUCT GRANT UID FAMILY ORDER DIGEST SERIAL PROOF,
	  E_SYNTAX },
	{ "aa" PRODUCT PRODUCT ISSUED GRANT UID FAMILY ORDER DIGEST SERIAL
		  PROOF,
	  E_SYNTAX },
	/* values: empty and long UID, families 0 and 5 and 259, proof
	 * 3, names against the rule, empty serial, control byte */
	{ "a8" PRODUCT ISSUED GRANT "3a0001117040" FAMILY ORDER DIGEST PROOF,
	  E_RANGE },
	{ "a8" PRODUCT ISSUED GRANT
	  "3a000111704d0102030405060708090a0b0c0d" FAMILY ORDER DIGEST PROOF,
	  E_TOO_LARGE },
	{ "a8" PRODUCT ISSUED GRANT UID "3a0001117100" ORDER DIGEST PROOF,
	  E_RANGE },
	{ "a8" PRODUCT ISSUED GRANT UID "3a0001117105" ORDER DIGEST PROOF,
	  E_RANGE },
	{ "a8" PRODUCT ISSUED GRANT UID "3a00011171190103" ORDER DIGEST PROOF,
	  E_RANGE },
	{ "a8" PRODUCT ISSUED GRANT UID FAMILY ORDER DIGEST "3a0001117503",
	  E_RANGE },
	{ "a8"
	  "0260" ISSUED GRANT UID FAMILY ORDER DIGEST PROOF,
	  E_SYNTAX },
	{ "a8"
	  "02645075"
	  "6d70" ISSUED GRANT UID FAMILY ORDER DIGEST PROOF,
	  E_SYNTAX },
	{ "a9" PRODUCT ISSUED GRANT UID FAMILY ORDER DIGEST
	  "3a0001117460" PROOF,
	  E_SYNTAX },
	{ "a9" PRODUCT ISSUED GRANT UID FAMILY ORDER DIGEST
	  "3a00011174610a" PROOF,
	  E_SYNTAX },
	/* types: iat negative, iat a float, grant an integer */
	{ "a8" PRODUCT "0620" GRANT UID FAMILY ORDER DIGEST PROOF, E_SYNTAX },
	{ "a8" PRODUCT "06fa4e000000" GRANT UID FAMILY ORDER DIGEST PROOF,
	  E_SYNTAX },
	{ "a8" PRODUCT ISSUED "0701" UID FAMILY ORDER DIGEST PROOF, E_SYNTAX },
	/* not shortest */
	{ "b808" PRODUCT ISSUED GRANT UID FAMILY ORDER DIGEST PROOF,
	  E_NOT_CANONICAL },
	{ "a8" PRODUCT
	  "061b000000006955b900" GRANT UID FAMILY ORDER DIGEST PROOF,
	  E_NOT_CANONICAL },
	/* indefinite map */
	{ "bf" PRODUCT ISSUED GRANT UID FAMILY ORDER DIGEST PROOF "ff",
	  E_NOT_CANONICAL },
};

static void test_bad_claims(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_claims) / sizeof(bad_claims[0]);
	     i++) {
		int err = decode_hex(bad_claims[i].hex);

		if (err != bad_claims[i].err)
			fail_msg("case %zu: %s, expected %s", i,
				 error_name(err),
				 error_name(bad_claims[i].err));
	}
}

static void encode_refused(struct credential c, int err)
{
	uint8_t buf[512];
	size_t len;

	assert_int_equal(credential_encode(&c, buf, sizeof(buf), &len), err);
}

/* What is not accepted is not made either. */
static void test_encoder_refuses(void **state)
{
	struct credential c;

	(void)state;
	c = example();
	c.product[0] = '\0';
	encode_refused(c, E_SYNTAX);
	c = example();
	c.order[3] = ' ';
	encode_refused(c, E_SYNTAX);
	c = example();
	c.serial[1] = '\n';
	encode_refused(c, E_SYNTAX);
	c = example();
	c.uid_len = 0;
	encode_refused(c, E_RANGE);
	c.uid_len = UID_MAX + 1;
	encode_refused(c, E_RANGE);
	c = example();
	c.family = 0;
	encode_refused(c, E_RANGE);
	c = example();
	c.proof = 9;
	encode_refused(c, E_RANGE);
}

static void test_names(void **state)
{
	char longest[NAME_CAP + 1];

	(void)state;
	memset(longest, 'a', sizeof(longest));
	longest[NAME_CAP] = '\0';
	assert_false(name_valid(longest));
	longest[NAME_CAP - 1] = '\0';
	assert_true(name_valid(longest));
	assert_true(name_valid("1.0.3-rc_1"));
	assert_false(name_valid(""));
	assert_false(name_valid("-a"));
	assert_false(name_valid(".."));
	assert_false(name_valid("_a"));
	assert_false(name_valid("A"));
	assert_false(name_valid("a/b"));
	assert_false(name_valid("a b"));
	assert_false(name_valid("\xc3\xbc"));
	assert_true(text_printable("SN 1"));
	assert_false(text_printable(""));
	assert_false(text_printable("\x7f"));
	assert_string_equal(family_name(FAMILY_STM32L4), "stm32l4");
	assert_null(family_name(0));
	assert_null(family_name(5));
	assert_int_equal(family_find("nrf51"), FAMILY_NRF51);
	assert_int_equal(family_find("NRF51"), FAMILY_NONE);
	assert_string_equal(proof_name(PROOF_STAGE0), "stage0");
	assert_string_equal(proof_name(PROOF_DEMO), "demonstration");
	assert_null(proof_name(3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_without_serial),
		cmocka_unit_test(test_short_uid),
		cmocka_unit_test(test_largest_fits),
		cmocka_unit_test(test_bad_claims),
		cmocka_unit_test(test_encoder_refuses),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
