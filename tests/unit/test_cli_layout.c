/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "cli/layout.h"

#define BASE 0x08000000u

static uint8_t bytes[0x10000];

/* An image of n pieces: address, length. */
static struct image image_of(struct image_segment *seg, size_t n)
{
	for (size_t i = 0; i < n; i++)
		seg[i].data = bytes;
	return (struct image){ seg, n };
}

static int check(uint32_t address, uint32_t len)
{
	struct image_segment seg[1] = { { address, len, NULL } };
	struct image img = image_of(seg, 1);
	char why[LAYOUT_WHY_CAP] = "";
	int r = layout_check(chip_find(FAMILY_STM32L4), &img, "f.hex", why);

	if (r != 0)
		assert_non_null(strstr(why, "f.hex"));
	return r;
}

static void places(void **state)
{
	const struct chip *chip = chip_find(FAMILY_STM32L4);
	uint32_t limit = BASE + chip->flash_len - RESERVED_LEN;
	struct image none = { NULL, 0 };
	char why[LAYOUT_WHY_CAP];

	(void)state;
	assert_int_equal(check(BASE, 16), 0);
	assert_int_equal(check(limit - 16, 16), 0);
	assert_int_equal(check(limit - 16, 17), E_RANGE);
	assert_int_equal(check(limit, 1), E_RANGE);
	assert_int_equal(check(BASE - 1, 2), E_RANGE);
	assert_int_equal(check(0x20000000, 4), E_RANGE);
	assert_int_equal(check(0, 4), E_RANGE);
	assert_int_equal(check(0xfffffff0, 15), E_RANGE);
	assert_int_equal(layout_check(chip, &none, "f", why), E_RANGE);
}

/* Words at odd places become whole double words, padded with FF. */
static void padding(void **state)
{
	struct image_segment seg[3] = { { BASE + 4, 4, NULL },
					{ BASE + 9, 1, NULL },
					{ BASE + 32, 8, NULL } };
	struct image img = image_of(seg, 3);
	char why[LAYOUT_WHY_CAP];
	struct layout l;

	(void)state;
	memset(bytes, 0x5a, sizeof(bytes));
	assert_int_equal(layout_make(chip_find(FAMILY_STM32L4), &img, &l, why),
			 0);
	assert_int_equal(l.count, 2);
	assert_int_equal(l.segments[0].address, BASE);
	assert_int_equal(l.segments[0].len, 16);
	assert_int_equal(l.segments[1].address, BASE + 32);
	assert_int_equal(l.len, 24);
	assert_int_equal(l.plain[3], 0xff);
	assert_int_equal(l.plain[4], 0x5a);
	assert_int_equal(l.plain[8], 0xff);
	assert_int_equal(l.plain[9], 0x5a);
	assert_int_equal(l.plain[10], 0xff);
	layout_free(&l);
}

/* More pieces than a release may have: the smallest gaps are filled. */
static void joining(void **state)
{
	struct image_segment seg[SEGMENTS_MAX + 4];
	struct image img;
	char why[LAYOUT_WHY_CAP];
	struct layout l;

	(void)state;
	for (uint32_t i = 0; i < SEGMENTS_MAX + 4; i++)
		seg[i] = (struct image_segment){
			BASE + i * 256 + (i < 4 ? 0 : 0x1000), 8, NULL
		};
	img = image_of(seg, SEGMENTS_MAX + 4);
	assert_int_equal(layout_make(chip_find(FAMILY_STM32L4), &img, &l, why),
			 0);
	assert_int_equal(l.count, SEGMENTS_MAX);
	for (uint32_t i = 0; i + 1 < l.count; i++)
		assert_true(l.segments[i].address + l.segments[i].len <
			    l.segments[i + 1].address);
	/* the wide gap is still one */
	assert_true(l.len < 0x1000);
	layout_free(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places),
		cmocka_unit_test(padding),
		cmocka_unit_test(joining),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
