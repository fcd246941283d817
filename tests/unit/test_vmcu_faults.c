/* SPDX-License-Identifier: MIT */
/* An instruction left out, and a random number generator gone bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/vmcu_rig.h"

/* movs r0,#0; adds r0,#1; adds r0,#2; cmp r0,#3; ite eq; addeq r0,#16;
 * addne r0,#32; mov.w r1,#0x55; bkpt */
static const uint16_t code[] = { 0x2000, 0x3001, 0x3002, 0x2803, 0xbf0c,
				 0x3010, 0x3020, 0xf04f, 0x0155, 0xbe00 };

static struct mcu *start(void)
{
	struct mcu_config cfg = rig_config();
	struct mcu *m = rig_new(&cfg);

	rig_halt(m);
	rig_ram(m, RAM_CODE, code, sizeof(code));
	return m;
}

static void run(struct mcu *m, uint32_t r0, uint32_t r1)
{
	rig_set_reg(m, 1, 0);
	rig_go(m, RAM_CODE, SRAM1 + 0x1000);
	assert_true(rig_wait_halt(m, MS));
	assert_int_equal(rig_reg(m, 0), r0);
	assert_int_equal(rig_reg(m, 1), r1);
}

static void test_skip(void **state)
{
	static const struct {
		uint32_t offset, nth, r0, r1;
	} cases[] = {
		{ 2, 1, 2 + 32, 0x55 },	     /* adds r0,#1 */
		{ 4, 1, 1 + 32, 0x55 },	     /* adds r0,#2 */
		{ 6, 1, 3 + 32, 0x55 },	     /* cmp: the last adds decides */
		{ 8, 1, 3 + 16 + 32, 0x55 }, /* ite */
		{ 10, 1, 3, 0x55 },	     /* addeq */
		{ 12, 1, 3 + 16, 0x55 },     /* addne, not taken anyway */
		{ 14, 1, 3 + 16, 0 },	     /* mov.w */
		{ 10, 2, 3 + 16, 0x55 },     /* only the second time */
	};
	struct mcu *m = start();

	(void)state;
	run(m, 3 + 16, 0x55);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mcu_faults f = {
			.skip_pc = RAM_CODE + cases[i].offset,
			.skip_nth = cases[i].nth,
		};

		mcu_faults_set(m, &f);
		run(m, cases[i].r0, cases[i].r1);
		assert_int_equal(mcu_faults(m)->skipped,
				 cases[i].nth == 1 ? f.skip_pc : 0);
		run(m, cases[i].nth == 1 ? 3 + 16 : 3, 0x55);
		run(m, 3 + 16, 0x55); /* once, and the code is whole */
	}
	mcu_free(m);
}

static void test_skip_cycle(void **state)
{
	struct mcu *m = start();
	struct mcu_faults f = { 0 };
	unsigned odd = 0;

	(void)state;
	for (uint64_t i = 1; i < 12; i++) {
		f.skip_cycle = mcu_cycles(m) + i;
		mcu_faults_set(m, &f);
		rig_set_reg(m, 1, 0);
		rig_go(m, RAM_CODE, SRAM1 + 0x1000);
		if (!rig_wait_halt(m, MS)) { /* it left out the bkpt */
			rig_halt(m);
			continue;
		}
		odd += rig_reg(m, 0) != 19 || rig_reg(m, 1) != 0x55;
	}
	assert_in_range(odd, 4, 11);
	mcu_free(m);
}

#define RNG 0x50060800u

static struct mcu *with_rng(int kind)
{
	struct mcu *m = start();
	struct mcu_faults f = { 0 };

	f.rng = kind;
	mcu_faults_set(m, &f);
	rig_w(m, 0x40021098, 1); /* HSI48 */
	rig_w(m, 0x4002104c, rig_r(m, 0x4002104c) | 1u << 18);
	rig_w(m, RNG, 4);
	return m;
}

static unsigned ones(struct mcu *m, unsigned *ret_same)
{
	uint32_t last = 0;
	unsigned n = 0;

	*ret_same = 0;
	for (unsigned i = 0; i < 100; i++) {
		uint32_t v;

		mcu_advance(m, 10 * US);
		assert_int_equal(rig_r(m, RNG + 4), 1);
		v = rig_r(m, RNG + 8);
		n += (unsigned)__builtin_popcount(v);
		*ret_same += i != 0 && v == last;
		last = v;
	}
	return n;
}

static void test_rng(void **state)
{
	struct mcu *m = with_rng(MCU_RNG_GOOD);
	unsigned same;

	(void)state;
	assert_in_range(ones(m, &same), 1450, 1750);
	assert_int_equal(same, 0);
	mcu_free(m);
	m = with_rng(MCU_RNG_BIASED);
	assert_in_range(ones(m, &same), 2250, 2550);
	assert_int_equal(same, 0);
	mcu_free(m);
	m = with_rng(MCU_RNG_STUCK);
	(void)ones(m, &same);
	assert_int_equal(same, 99);
	mcu_free(m);
	m = with_rng(MCU_RNG_SEIS);
	mcu_advance(m, 100 * US);
	assert_int_equal(rig_r(m, RNG + 4), 1u << 6 | 1u << 2);
	mcu_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_skip_cycle),
		cmocka_unit_test(test_rng),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
