/* SPDX-License-Identifier: MIT */
/*
 * A programming routine, run by the core, with the power cut after every one
 * of its flash operations in turn: it erases a page and writes eight words,
 * once from flash, once from RAM.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/n51_rig.h"

#define PAGE 0x1000u
#define WORDS 8u
#define OPERATIONS (1 + WORDS)
#define OLD 0xa5a5a5a5u
#define FIRST 0x55667788u

/* CONFIG = EEN; ERASEPAGE = page; CONFIG = WEN; eight times str r4, [r3]; r3
 * += 4; r4 += 1; CONFIG = 0; r3 to RESULT; loop. */
static const uint32_t routine[] = {
	0x2705480b, 0x3704023f, 0x51c12102, 0x4b0a4a09, 0x21016013, 0x4c0951c1,
	0x601c2608, 0x34013304, 0xd1fa3e01, 0x51c12100, 0x602b4d05, 0x0000e7fe,
	0x4001e000, 0x4001e508, PAGE,	    FIRST,	RESULT,
};

static struct mcu *prepare(uint32_t entry)
{
	struct mcu *m = n51_new();

	n51_words(m, 0x200, routine, sizeof(routine) / 4);
	for (unsigned i = 0; i < WORDS; i++)
		n51_word(m, PAGE + 4 * i, OLD);
	rig_ram(m, N51_CODE, routine, sizeof(routine));
	rig_w(m, RESULT, 0);
	rig_go(m, entry, N51_STACK);
	return m;
}

/* Every bit lies between what was and what was to be. */
static void between(uint32_t v, uint32_t old, uint32_t new)
{
	assert_int_equal(v & ~(old | new), 0);
	assert_int_equal(~v & old & new, 0);
}

static void check(struct mcu *m, unsigned n)
{
	for (unsigned i = 0; i < WORDS; i++) {
		uint32_t addr = PAGE + 4 * i, v = rig_r(m, addr);

		assert_int_equal(mcu_flash_torn(m, addr),
				 n > 1 ? i == n - 2 : v != 0xffffffff);
		if (n == 1)
			between(v, OLD, 0xffffffff);
		else if (i < n - 2)
			assert_int_equal(v, FIRST + i);
		else if (i == n - 2)
			between(v, 0xffffffff, FIRST + i);
		else
			assert_int_equal(v, 0xffffffff);
	}
}

static void sweep(uint32_t entry)
{
	for (unsigned n = 1; n <= OPERATIONS; n++) {
		struct mcu *m = prepare(entry);

		mcu_cut_after(m, n);
		mcu_advance(m, 50 * MS);
		assert_false(mcu_powered(m));
		rig_power_cycle(m);
		check(m, n);
		mcu_free(m);
	}
}

static void test_sweep_from_ram(void **state)
{
	(void)state;
	sweep(N51_CODE);
}

static void test_sweep_from_flash(void **state)
{
	(void)state;
	sweep(0x200);
}

static void test_whole(void **state)
{
	struct mcu *m = prepare(0x200);

	(void)state;
	mcu_cut_after(m, OPERATIONS + 1); /* one more than there are */
	mcu_advance(m, 50 * MS);
	assert_true(mcu_powered(m));
	assert_int_equal(rig_r(m, RESULT), PAGE + 4 * WORDS);
	for (unsigned i = 0; i < WORDS; i++)
		assert_int_equal(rig_r(m, PAGE + 4 * i), FIRST + i);
	mcu_free(m);
}

/* Power that goes in mid-erase leaves what the cut leaves, and so does a reset;
 * the next erase makes it good. */
static void test_power_off_in_erase(void **state)
{
	struct mcu *m = n51_new();

	(void)state;
	n51_word(m, PAGE, 0);
	n51_config_set(m, N51_EEN);
	rig_w(m, N51_ERASEPAGE, PAGE);
	mcu_advance(m, MS);
	rig_power_cycle(m);
	assert_true(mcu_flash_torn(m, PAGE));
	n51_config_set(m, N51_EEN);
	rig_w(m, N51_ERASEPAGE, PAGE);
	n51_ready(m);
	assert_false(mcu_flash_torn(m, PAGE));
	assert_int_equal(rig_r(m, PAGE), 0xffffffff);
	mcu_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sweep_from_ram),
		cmocka_unit_test(test_sweep_from_flash),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_power_off_in_erase),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
