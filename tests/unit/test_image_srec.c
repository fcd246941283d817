/* SPDX-License-Identifier: MIT */
/* image/: Motorola S-record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/images.h"

#define S1 "S1050010AABB85\n" /* AA BB at 0010 */
#define S9 "S9030000FC\n"

static void test_types(void **state)
{
	(void)state;
	expect_text(S1 S9, "00000010:aabb");
	expect_text("S20608000001CC24\nS804000000FB\n", "00080000:01cc");
	expect_text("S30708000000AA0145\nS70500000000FA\n", "08000000:aa01");
	/* header with any text, count records, both, lower case digits */
	expect_text("S0060000484452"
		    "1B\n" S1 "S5030001FB\n" S9,
		    "00000010:aabb");
	expect_text(S1 "S604000001FA\n" S9, "00000010:aabb");
	expect_text("S1050010aabb85\r\nS9030000fc", "00000010:aabb");
	/* the count stands for a missing end record */
	expect_text(S1 "S5030001FB\n", "00000010:aabb");
	/* no data: nothing added */
	expect_text(S1 "S1030020DC\n" S9, "00000010:aabb");
	/* from the M68000 manual's example and many pages */
	expect_text("S00F000068656C6C6F202020202000003C\n"
		    "S11F00007C0802A6900100049421FFF07C6C1B787C8C23783C60000"
		    "038630000"
		    "26\n"
		    "S5030001FB\nS9030000FC\n",
		    "00000000:7c0802a6900100049421fff07c6c1b787c8c23783c600000"
		    "38630000");
}

static void test_refusals(void **state)
{
	(void)state;
	refuse_text("S1050010AABB86\n" S9, E_CHECKSUM, 1,
		    "checksum is 86, should be 85");
	refuse_text(S1, E_TRUNCATED, 1, "without an end record");
	refuse_text(S1 S9 S1, E_TRAILING, 3, "after the end record");
	refuse_text(S1 "S5030002FA\n" S9, E_CHECKSUM, 2,
		    "says 2 data records, there are 1");
	refuse_text(S1 "S5030001FB\nS1050020AABB75\n" S9, E_TRAILING, 3,
		    "data after the count record");
	refuse_text(S1 "S4030000FC\n" S9, E_SYNTAX, 2, "S4 is reserved");
	refuse_text(S1 "SA030000FC\n" S9, E_SYNTAX, 2, "S0 to S9");
	refuse_text(S1 "S\n" S9, E_SYNTAX, 2, "S0 to S9");
	refuse_text(S1 "hello\n" S9, E_SYNTAX, 2, "S0 to S9");
	refuse_text(S1 "S9\n", E_TRUNCATED, 2, "0 bytes follow the count");
	refuse_text("S1050010AAB5\n" S9, E_TRUNCATED, 1,
		    "4 bytes follow the count, which says 5");
	refuse_text("S1050010AABB8500\n" S9, E_TRUNCATED, 1, "which says 5");
	refuse_text("S10200FD\n" S9, E_SYNTAX, 1, "at least 3 bytes");
	refuse_text("S3040000FB\n" S9, E_TRUNCATED, 1, "which says 4");
	refuse_text("S304000000FB\n" S9, E_SYNTAX, 1, "at least 5 bytes");
	refuse_text("S1050010AABB8\n" S9, E_SYNTAX, 1, "odd number");
	refuse_text("S1050010AAXB85\n" S9, E_SYNTAX, 1, "not a hexadecimal");
	refuse_text(S1 "S905000001"
		       "02F7\n",
		    E_SYNTAX, 2, "carries no data");
	refuse_text(S1 S1 S9, E_OVERLAP, 2, "is defined already at f:1");
	refuse_text(S9, E_SYNTAX, 0, "nothing to program");
	refuse_text("S307FFFFFFFFAA0151\nS70500000000FA\n", E_RANGE, 1,
		    "address space");
}

static void test_truncated(void **state)
{
	static const char whole[] = "S0060000484452"
				    "1B\n" S1 "S5030001FB\nS9030000FC";
	size_t counted = strlen(whole) - strlen("S9030000FC");
	char text[sizeof(whole)];
	char why[IMAGE_ERROR_CAP];
	struct image img;

	(void)state;
	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		/* With its count record the data is known to be whole. */
		int complete = n == counted || n == counted - 1;

		memcpy(text, whole, n);
		text[n] = '\0';
		if (!try_text(text, &img, why)) {
			assert_true(complete);
			image_free(&img);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_truncated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
