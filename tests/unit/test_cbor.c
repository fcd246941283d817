/* SPDX-License-Identifier: MIT */
/* base/cbor: RFC 8949 appendix A, and everything that is not deterministic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cbor.h"
#include "tests/lib/vectors.h"

/* RFC 8949 appendix A, the integers. */
static const struct {
	uint64_t value; /* of a negative one: -1 - value */
	const char *hex;
	int negative;
} integers[] = {
	{ 0, "00", 0 },
	{ 1, "01", 0 },
	{ 10, "0a", 0 },
	{ 23, "17", 0 },
	{ 24, "1818", 0 },
	{ 25, "1819", 0 },
	{ 100, "1864", 0 },
	{ 1000, "1903e8", 0 },
	{ 1000000, "1a000f4240", 0 },
	{ 1000000000000, "1b000000e8d4a51000", 0 },
	{ 18446744073709551615u, "1bffffffffffffffff", 0 },
	{ 0, "20", 1 },
	{ 9, "29", 1 },
	{ 99, "3863", 1 },
	{ 999, "3903e7", 1 },
	/* the edges of each width */
	{ 255, "18ff", 0 },
	{ 256, "190100", 0 },
	{ 65535, "19ffff", 0 },
	{ 65536, "1a00010000", 0 },
	{ 4294967295u, "1affffffff", 0 },
	{ 4294967296u, "1b0000000100000000", 0 },
	{ INT64_MAX, "3b7fffffffffffffff", 1 },
};

enum { INTEGERS = sizeof(integers) / sizeof(integers[0]) };

static void test_integers(void **state)
{
	(void)state;
	for (size_t i = 0; i < INTEGERS; i++) {
		uint64_t v = integers[i].value;
		uint8_t want[16], got[16];
		size_t want_len = unhex(integers[i].hex, want, sizeof(want));
		size_t len;
		struct wr w;
		struct rd r;

		wr_init(&w, got, sizeof(got));
		rd_init(&r, want, want_len);
		if (integers[i].negative) {
			cbor_wr_int(&w, -1 - (int64_t)v);
			assert_true(cbor_rd_int(&r) == -1 - (int64_t)v);
		} else {
			cbor_wr_uint(&w, v);
			assert_true(cbor_rd_uint(&r) == v);
		}
		assert_int_equal(rd_end(&r), 0);
		assert_int_equal(wr_end(&w, &len), 0);
		assert_int_equal(len, want_len);
		assert_memory_equal(got, want, len);
	}
}

static int read_int(const char *hex)
{
	uint8_t buf[16];
	struct rd r;

	rd_init(&r, buf, unhex(hex, buf, sizeof(buf)));
	cbor_rd_int(&r);
	return rd_end(&r);
}

static void test_integer_refusals(void **state)
{
	(void)state;
	/* longer than needed, at each width */
	assert_int_equal(read_int("1800"), E_NOT_CANONICAL);
	assert_int_equal(read_int("1817"), E_NOT_CANONICAL);
	assert_int_equal(read_int("1900ff"), E_NOT_CANONICAL);
	assert_int_equal(read_int("1a0000ffff"), E_NOT_CANONICAL);
	assert_int_equal(read_int("1b00000000ffffffff"), E_NOT_CANONICAL);
	assert_int_equal(read_int("3817"), E_NOT_CANONICAL);
	/* reserved, indefinite, outside int64_t, cut off, wrong type */
	assert_int_equal(read_int("1c"), E_SYNTAX);
	assert_int_equal(read_int("1e"), E_SYNTAX);
	assert_int_equal(read_int("1f"), E_NOT_CANONICAL);
	assert_int_equal(read_int("1b8000000000000000"), E_RANGE);
	assert_int_equal(read_int("3b8000000000000000"), E_RANGE);
	assert_int_equal(read_int("18"), E_TRUNCATED);
	assert_int_equal(read_int("1b00"), E_TRUNCATED);
	assert_int_equal(read_int(""), E_TRUNCATED);
	assert_int_equal(read_int("40"), E_SYNTAX);
	assert_int_equal(read_int("f93c00"), E_SYNTAX); /* half float 1.0 */
	assert_int_equal(read_int("0000"), E_TRAILING);
}

static int read_text(const char *hex, char *out, size_t cap)
{
	uint8_t buf[64];
	struct rd r;

	rd_init(&r, buf, unhex(hex, buf, sizeof(buf)));
	cbor_rd_text(&r, out, cap);
	return rd_end(&r);
}

static void test_text(void **state)
{
	char s[8];

	(void)state;
	/* RFC 8949 appendix A */
	assert_int_equal(read_text("60", s, sizeof(s)), 0);
	assert_string_equal(s, "");
	assert_int_equal(read_text("6449455446", s, sizeof(s)), 0);
	assert_string_equal(s, "IETF");
	assert_int_equal(read_text("62c3bc", s, sizeof(s)), 0);
	assert_string_equal(s, "\xc3\xbc");
	assert_int_equal(read_text("63e6b0b4", s, sizeof(s)), 0);
	assert_int_equal(read_text("64f0908591", s, sizeof(s)), 0);
	/* exactly full, and one too many */
	assert_int_equal(read_text("6761626364656667", s, sizeof(s)), 0);
	assert_int_equal(read_text("686162636465666768", s, sizeof(s)),
			 E_TOO_LARGE);
	assert_string_equal(s, "");
}

/* The first and last character of each length, and those around the
 * surrogates. */
static void test_text_edges(void **state)
{
	static const char *const good[] = {
		"6101",	      "617f",	    "62c280",	    "62dfbf",
		"63e0a080",   "63ed9fbf",   "63ee8080",	    "63efbfbf",
		"64f0908080", "64f48fbfbf", "65c280dfbf41",
	};
	char s[8];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(read_text(good[i], s, sizeof(s)), 0);
}

static void test_bad_text(void **state)
{
	static const char *const bad[] = {
		"6180",	      /* continuation alone */
		"61c3",	      /* cut off */
		"62c328",     /* no continuation */
		"62c080",     /* overlong NUL */
		"62c1bf",     /* overlong */
		"63e08080",   /* overlong */
		"63eda080",   /* surrogate */
		"64f0808080", /* overlong */
		"64f4908080", /* above U+10FFFF */
		"61ff",	      /* never in UTF-8 */
		"6100",	      /* NUL inside */
		"63610062",   /* NUL inside */
	};
	char s[8];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(read_text(bad[i], s, sizeof(s)), E_SYNTAX);
		assert_string_equal(s, "");
	}
	assert_int_equal(read_text("7f6161ff", s, sizeof(s)), E_NOT_CANONICAL);
	assert_int_equal(read_text("4161", s, sizeof(s)), E_SYNTAX);
	assert_int_equal(read_text("6261", s, sizeof(s)), E_TRUNCATED);
}

static void test_bytes(void **state)
{
	static const uint8_t four[] = { 0x44, 1, 2, 3, 4 };
	static const uint8_t huge[] = { 0x5b, 0xff, 0xff, 0xff, 0xff,
					0xff, 0xff, 0xff, 0xff };
	uint8_t out[4] = { 9, 9, 9, 9 };
	const uint8_t *p;
	size_t len;
	struct rd r;

	(void)state;
	rd_init(&r, four, sizeof(four));
	p = cbor_rd_bytes(&r, 4, &len);
	assert_ptr_equal(p, four + 1);
	assert_int_equal(len, 4);
	assert_int_equal(rd_end(&r), 0);

	rd_init(&r, four, sizeof(four));
	assert_null(cbor_rd_bytes(&r, 3, &len));
	assert_int_equal(len, 0);
	assert_int_equal(rd_end(&r), E_TOO_LARGE);

	rd_init(&r, huge, sizeof(huge));
	assert_null(cbor_rd_bytes(&r, SIZE_MAX, &len));
	assert_int_equal(rd_end(&r), E_TRUNCATED);

	rd_init(&r, four, sizeof(four));
	cbor_rd_fixed(&r, out, 4);
	assert_memory_equal(out, four + 1, 4);
	rd_init(&r, four, sizeof(four));
	cbor_rd_fixed(&r, out, 3);
	assert_int_equal(rd_end(&r), E_TOO_LARGE);
	assert_int_equal(out[0] | out[1] | out[2], 0);
	rd_init(&r, four, sizeof(four));
	memset(out, 9, sizeof(out));
	{
		uint8_t five[5];

		cbor_rd_fixed(&r, five, 5);
		assert_int_equal(rd_end(&r), E_SYNTAX);
		assert_int_equal(five[0] | five[4], 0);
	}
}

static void test_containers(void **state)
{
	uint8_t buf[32];
	size_t len;
	struct wr w;
	struct rd r;

	(void)state;
	wr_init(&w, buf, sizeof(buf));
	cbor_wr_tag(&w, 18);
	cbor_wr_array(&w, 2);
	cbor_wr_bool(&w, true);
	cbor_wr_map(&w, 1);
	cbor_wr_int(&w, -70001);
	cbor_wr_bool(&w, false);
	assert_int_equal(wr_end(&w, &len), 0);
	assert_int_equal(len, 10);
	assert_memory_equal(buf, "\xd2\x82\xf5\xa1\x3a\x00\x01\x11\x70\xf4",
			    len);
	rd_init(&r, buf, len);
	assert_int_equal(cbor_rd_peek(&r), CBOR_TAG);
	assert_int_equal(cbor_rd_tag(&r), 18);
	assert_int_equal(cbor_rd_peek(&r), CBOR_ARRAY);
	assert_int_equal(cbor_rd_array(&r, 2), 2);
	assert_true(cbor_rd_bool(&r));
	assert_int_equal(cbor_rd_map(&r, 1), 1);
	assert_int_equal(cbor_rd_int(&r), -70001);
	assert_false(cbor_rd_bool(&r));
	assert_int_equal(cbor_rd_peek(&r), CBOR_SIMPLE);
	assert_int_equal(rd_end(&r), 0);

	rd_init(&r, buf + 1, 1);
	assert_int_equal(cbor_rd_array(&r, 1), 0);
	assert_int_equal(rd_end(&r), E_TOO_LARGE);
	rd_init(&r, "\x9f", 1);
	cbor_rd_array(&r, 9);
	assert_int_equal(rd_end(&r), E_NOT_CANONICAL);
	rd_init(&r, "\xf6", 1); /* null */
	cbor_rd_bool(&r);
	assert_int_equal(rd_end(&r), E_SYNTAX);
	rd_init(&r, "\xf8\x15", 2); /* true, longer than needed */
	cbor_rd_bool(&r);
	assert_int_equal(rd_end(&r), E_NOT_CANONICAL);
}

static int read_keys(const char *hex, size_t count)
{
	struct cbor_keys k = CBOR_KEYS_INIT;
	uint8_t buf[32];
	struct rd r;

	rd_init(&r, buf, unhex(hex, buf, sizeof(buf)));
	while (count--)
		cbor_rd_key(&r, &k);
	return rd_end(&r);
}

static void test_key_order(void **state)
{
	(void)state;
	assert_int_equal(read_keys("000102171818190100", 6), 0);
	assert_int_equal(read_keys("0717202138633a00011170", 6), 0);
	assert_int_equal(read_keys("0101", 2), E_NOT_CANONICAL);
	assert_int_equal(read_keys("0201", 2), E_NOT_CANONICAL);
	assert_int_equal(read_keys("2001", 2), E_NOT_CANONICAL);
	assert_int_equal(read_keys("2020", 2), E_NOT_CANONICAL);
	assert_int_equal(read_keys("2120", 2), E_NOT_CANONICAL);
	assert_int_equal(read_keys("6161", 1), E_SYNTAX);
}

static void test_writer_space(void **state)
{
	uint8_t buf[16];
	size_t len;

	(void)state;
	/* 1 + 2 + 4 bytes: every smaller capacity fails. */
	for (size_t cap = 0; cap <= 7; cap++) {
		struct wr w;

		wr_init(&w, buf, cap);
		cbor_wr_array(&w, 2);
		cbor_wr_uint(&w, 24);
		cbor_wr_text(&w, "abc");
		assert_int_equal(wr_end(&w, &len), cap == 7 ? 0 : E_SPACE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_integer_refusals),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_text_edges),
		cmocka_unit_test(test_bad_text),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_containers),
		cmocka_unit_test(test_key_order),
		cmocka_unit_test(test_writer_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
