/* SPDX-License-Identifier: MIT */
/* base/hex: digits, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"

static void test_both_ways(void **state)
{
	uint8_t all[256];
	uint8_t back[256];
	char text[513];
	size_t len;

	(void)state;
	for (int i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	hex_encode(all, sizeof(all), text);
	assert_int_equal(strlen(text), 512);
	assert_memory_equal(text, "000102", 6);
	assert_string_equal(text + 506, "fdfeff");
	assert_int_equal(hex_decode(text, back, sizeof(back), &len), 0);
	assert_int_equal(len, 256);
	assert_memory_equal(all, back, 256);
	assert_int_equal(hex_decode("aBCdEf", back, 3, &len), 0);
	assert_memory_equal(back, "\xab\xcd\xef", 3);
	hex_encode(all, 0, text);
	assert_string_equal(text, "");
	assert_int_equal(hex_decode("", back, 0, &len), 0);
	assert_int_equal(len, 0);
}

static void test_refusals(void **state)
{
	uint8_t out[4] = { 1, 2, 3, 4 };
	size_t len = 99;

	(void)state;
	assert_int_equal(hex_decode("abc", out, 4, &len), E_SYNTAX);
	assert_int_equal(hex_decode("0g", out, 4, &len), E_SYNTAX);
	assert_int_equal(hex_decode("0x", out, 4, &len), E_SYNTAX);
	assert_int_equal(hex_decode(" 1", out, 4, &len), E_SYNTAX);
	assert_int_equal(hex_decode("+1", out, 4, &len), E_SYNTAX);
	assert_int_equal(hex_decode("0\xe4", out, 4, &len), E_SYNTAX);
	assert_int_equal(hex_decode("0011223344", out, 4, &len), E_SPACE);
	assert_int_equal(hex_decode("001122zz", out, 4, &len), E_SYNTAX);
	/* Nothing was written by any of them. */
	assert_memory_equal(out, "\1\2\3\4", 4);
	assert_int_equal(len, 99);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
