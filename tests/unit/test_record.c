/* SPDX-License-Identifier: MIT */
/* wire/record: what stands in flash, and what only looks like it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/vectors.h"
#include "wire/record.h"

static const uint8_t *data;
static size_t len;

static void test_both_ways(void **state)
{
	static const uint8_t want[] = { 'S',  'G',  'N',  'T', 2,   0,
					3,    0,    'a',  'b', 'c', 0xff,
					0xff, 0xff, 0xff, 0xff };
	uint8_t place[64];
	size_t n;

	(void)state;
	memset(place, 0xff, sizeof(place));
	assert_int_equal(record_encode(RECORD_CREDENTIAL,
				       (const uint8_t *)"abc", 3, place,
				       sizeof(place), &n),
			 0);
	assert_int_equal(n, sizeof(want));
	assert_memory_equal(place, want, n);
	assert_int_equal(record_decode(RECORD_CREDENTIAL, place, sizeof(place),
				       &data, &len),
			 0);
	assert_int_equal(len, 3);
	assert_memory_equal(data, "abc", 3);
	/* as a file: the record alone */
	assert_int_equal(
		record_decode(RECORD_CREDENTIAL, place, n, &data, &len), 0);
}

static void test_padding(void **state)
{
	uint8_t in[24];
	uint8_t out[40];
	size_t n;

	(void)state;
	memset(in, 7, sizeof(in));
	for (size_t i = 0; i <= sizeof(in); i++) {
		assert_int_equal(record_encode(RECORD_FIRMWARE, in, i, out,
					       sizeof(out), &n),
				 0);
		assert_int_equal(n % 8, 0);
		assert_true(n >= RECORD_HEAD_LEN + i &&
			    n < RECORD_HEAD_LEN + i + 8);
		assert_int_equal(
			record_decode(RECORD_FIRMWARE, out, n, &data, &len), 0);
		assert_int_equal(len, i);
		assert_int_equal(
			record_encode(RECORD_FIRMWARE, in, i, out, n - 1, &n),
			E_SPACE);
	}
}

static void test_sizes_fit_their_places(void **state)
{
	uint8_t in[512] = { 0 };
	uint8_t out[512];
	size_t n;

	(void)state;
	assert_int_equal(record_encode(RECORD_CREDENTIAL, in, CREDENTIAL_MAX,
				       out, RECORD_CREDENTIAL_CAP, &n),
			 0);
	assert_int_equal(record_encode(RECORD_FIRMWARE, in, FIRMWARE_SIG_MAX,
				       out, RECORD_FIRMWARE_CAP, &n),
			 0);
	assert_true(RECORD_FIRMWARE_OFFSET + RECORD_FIRMWARE_CAP <=
		    RECORD_CREDENTIAL_OFFSET);
	assert_true(RECORD_CREDENTIAL_OFFSET + RECORD_CREDENTIAL_CAP <=
		    RESERVED_LEN);
}

static void test_refusals(void **state)
{
	uint8_t place[48];
	uint8_t big[70000];
	size_t n;

	(void)state;
	memset(place, 0xff, sizeof(place));
	assert_int_equal(record_decode(RECORD_FIRMWARE, place, sizeof(place),
				       &data, &len),
			 E_NOT_FOUND);
	assert_int_equal(record_decode(RECORD_FIRMWARE, place, 0, &data, &len),
			 E_NOT_FOUND);
	assert_int_equal(record_encode(RECORD_FIRMWARE,
				       (const uint8_t *)"0123456789", 10, place,
				       sizeof(place), &n),
			 0);
	/* the wrong type, at the wrong place, cut off at each length */
	assert_int_equal(record_decode(RECORD_CREDENTIAL, place, sizeof(place),
				       &data, &len),
			 E_SYNTAX);
	assert_int_equal(record_decode(RECORD_FIRMWARE, place + 8,
				       sizeof(place) - 8, &data, &len),
			 E_SYNTAX);
	for (size_t cut = 1; cut < RECORD_HEAD_LEN + 10; cut++)
		assert_int_not_equal(
			record_decode(RECORD_FIRMWARE, place, cut, &data, &len),
			0);
	/* something behind it */
	place[47] = 0xfe;
	assert_int_equal(record_decode(RECORD_FIRMWARE, place, sizeof(place),
				       &data, &len),
			 E_TRAILING);
	/* a length beyond the place */
	place[47] = 0xff;
	place[7] = 0x40;
	assert_int_equal(record_decode(RECORD_FIRMWARE, place, sizeof(place),
				       &data, &len),
			 E_TRUNCATED);
	/* torn: head erased, data there */
	memset(place, 0xff, 8);
	assert_int_equal(record_decode(RECORD_FIRMWARE, place, sizeof(place),
				       &data, &len),
			 E_SYNTAX);
	assert_int_equal(record_encode(RECORD_FIRMWARE, big, 65536, big,
				       sizeof(big), &n),
			 E_TOO_LARGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_sizes_fit_their_places),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
