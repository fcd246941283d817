/* SPDX-License-Identifier: MIT */
/* base/rw, base/ct, base/hard, base/error: the cursors everything stands on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/ct.h"
#include "base/error.h"
#include "base/hard.h"
#include "base/rw.h"

static void test_little_endian(void **state)
{
	static const uint8_t want[] = { 0x01, 0x03, 0x02, 0x07, 0x06, 0x05,
					0x04, 0x0f, 0x0e, 0x0d, 0x0c, 0x0b,
					0x0a, 0x09, 0x08, 'x',	'y' };
	uint8_t buf[sizeof(want)];
	struct wr w;
	struct rd r;
	size_t len;
	uint8_t xy[2];

	(void)state;
	wr_init(&w, buf, sizeof(buf));
	wr_u8(&w, 0x01);
	wr_u16(&w, 0x0203);
	wr_u32(&w, 0x04050607);
	wr_u64(&w, 0x08090a0b0c0d0e0f);
	wr_bytes(&w, "xy", 2);
	assert_int_equal(wr_end(&w, &len), 0);
	assert_int_equal(len, sizeof(want));
	assert_memory_equal(buf, want, sizeof(want));

	rd_init(&r, buf, len);
	assert_int_equal(rd_u8(&r), 0x01);
	assert_int_equal(rd_u16(&r), 0x0203);
	assert_int_equal(rd_u32(&r), 0x04050607);
	assert_true(rd_u64(&r) == 0x08090a0b0c0d0e0f);
	rd_copy(&r, xy, 2);
	assert_memory_equal(xy, "xy", 2);
	assert_int_equal(rd_end(&r), 0);
}

static void test_reader_stays_failed(void **state)
{
	static const uint8_t three[] = { 1, 2, 3 };
	uint8_t out[4] = { 9, 9, 9, 9 };
	struct rd r;

	(void)state;
	rd_init(&r, three, sizeof(three));
	assert_int_equal(rd_u32(&r), 0);
	assert_int_equal(rd_u8(&r), 0); /* although three bytes are there */
	rd_copy(&r, out, sizeof(out));
	assert_int_equal(out[0] | out[1] | out[2] | out[3], 0);
	assert_null(rd_bytes(&r, 0));
	rd_fail(&r, E_RANGE); /* the first error wins */
	assert_int_equal(rd_end(&r), E_TRUNCATED);
}

static void test_trailing(void **state)
{
	struct rd r;

	(void)state;
	rd_init(&r, "ab", 2);
	rd_u8(&r);
	assert_int_equal(rd_end(&r), E_TRAILING);
	/* A length near the top of size_t must not wrap. */
	assert_null(rd_bytes(&r, SIZE_MAX));
	assert_int_equal(rd_end(&r), E_TRUNCATED);
}

static void test_writer_full(void **state)
{
	uint8_t buf[4] = { 0, 0, 0, 0xee };
	size_t len = 77;
	struct wr w;

	(void)state;
	wr_init(&w, buf, 3);
	wr_u16(&w, 0xffff);
	wr_u16(&w, 0xffff);
	wr_u8(&w, 1); /* would fit, but the message has a hole already */
	assert_int_equal(wr_end(&w, &len), E_SPACE);
	assert_int_equal(len, 77);
	assert_int_equal(buf[2], 0);
	assert_int_equal(buf[3], 0xee);
}

static void test_ct(void **state)
{
	uint8_t secret[3] = { 1, 2, 3 };

	(void)state;
	assert_true(ct_equal("abc", "abc", 3));
	assert_false(ct_equal("abc", "abd", 3));
	assert_false(ct_equal("abc", "bbc", 3));
	assert_true(ct_equal("a", "b", 0));
	ct_wipe(secret, sizeof(secret));
	assert_int_equal(secret[0] | secret[1] | secret[2], 0);
}

static void test_verdict(void **state)
{
	struct verdict v = { 0, 0 };

	(void)state;
	assert_false(verdict_ok(&v));
	verdict_allow(&v);
	assert_true(verdict_ok(&v));
	/* One changed bit anywhere is no yes any more. */
	for (int bit = 0; bit < 32; bit++) {
		v.value ^= 1u << bit;
		assert_false(verdict_ok(&v));
		v.value ^= 1u << bit;
		v.check ^= 1u << bit;
		assert_false(verdict_ok(&v));
		v.check ^= 1u << bit;
	}
	v.value = v.check = 0xffffffff;
	assert_false(verdict_ok(&v));
	verdict_deny(&v);
	assert_false(verdict_ok(&v));
}

static void test_error_names(void **state)
{
	(void)state;
	assert_string_equal(error_name(E_SIGNATURE), "E_SIGNATURE");
	assert_string_equal(error_text(E_SIGNATURE), "signature is not valid");
	assert_string_equal(error_name(0), "E_OK");
	assert_string_equal(error_name(-99999), "E_UNKNOWN");
	assert_non_null(error_text(-99999));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_little_endian),
		cmocka_unit_test(test_reader_stays_failed),
		cmocka_unit_test(test_trailing),
		cmocka_unit_test(test_writer_full),
		cmocka_unit_test(test_ct),
		cmocka_unit_test(test_verdict),
		cmocka_unit_test(test_error_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
