/* SPDX-License-Identifier: MIT */
/* The core: lock-up, steps, breakpoints, time that does not depend on how it
 * is cut, code that changes under it, what SRAM2 hides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/vmcu_rig.h"

#define S_HALT (1u << 17)
#define S_SLEEP (1u << 18)
#define S_LOCKUP (1u << 19)

static int setup(void **state)
{
	struct mcu_config cfg = rig_config();

	*state = rig_new(&cfg);
	return 0;
}

static int teardown(void **state)
{
	mcu_free(*state);
	return 0;
}

static void test_erased_vectors_lock_up(void **state)
{
	struct mcu *m = *state;
	uint64_t n;

	/* not empty, but no reset vector: to 0xFFFFFFFE, and so on */
	rig_program(m, FLASH, 0xffffffff20008000ull);
	rig_power_cycle(m);
	mcu_advance(m, MS);
	n = mcu_instructions(m);
	mcu_advance(m, MS);
	assert_true(mcu_instructions(m) == n);
	assert_true(rig_r(m, DHCSR) & S_LOCKUP);
	mcu_nrst(m, true);
	mcu_nrst(m, false);
	mcu_advance(m, MS);
	assert_true(rig_r(m, DHCSR) & S_LOCKUP);
}

/* movs r0, #1; movs r0, #2; movs r0, #3; wfi; movs r0, #4; b . */
static const uint16_t steps[] = {
	0x2001, 0x2002, 0x2003, 0xbf30, 0x2004, 0xe7fe
};

static void step(struct mcu *m)
{
	rig_w(m, DHCSR, DBGKEY | 5);
	mcu_advance(m, 10 * US);
	assert_true(rig_r(m, DHCSR) & S_HALT);
}

static void test_step(void **state)
{
	struct mcu *m = *state;

	rig_ram(m, RAM_CODE, steps, sizeof(steps));
	rig_halt(m);
	rig_set_reg(m, 15, RAM_CODE);
	for (uint32_t i = 1; i <= 3; i++) {
		step(m);
		assert_int_equal(rig_reg(m, 0), i);
		assert_int_equal(rig_reg(m, 15), RAM_CODE + 2 * i);
	}
	step(m); /* over WFI */
	assert_int_equal(rig_reg(m, 15), RAM_CODE + 8);
	step(m);
	assert_int_equal(rig_reg(m, 0), 4);
}

static void test_sleep_shows(void **state)
{
	struct mcu *m = *state;

	rig_ram(m, RAM_CODE, steps, sizeof(steps));
	rig_go(m, RAM_CODE, 0x20008000);
	mcu_advance(m, MS);
	assert_true(rig_r(m, DHCSR) & S_SLEEP);
	rig_halt(m);
	assert_int_equal(rig_reg(m, 15), RAM_CODE + 8);
}

static void test_breakpoint(void **state)
{
	struct mcu *m = *state;

	rig_ram(m, RAM_CODE, steps, sizeof(steps));
	rig_w(m, 0xe0002000, 3); /* FP_CTRL */
	rig_program(m, FLASH + 0x100, 0x2003200220012000ull);
	rig_w(m, 0xe0002008, (FLASH + 0x100) | 2u << 30 | 1);
	rig_go(m, FLASH + 0x100, 0x20008000);
	assert_true(rig_wait_halt(m, MS));
	assert_int_equal(rig_reg(m, 15), FLASH + 0x102);
	assert_int_equal(rig_reg(m, 0), 0);
}

/* 1: adds r0, #1; str r0, [r1]; ldr r2, [r1]; cmp; bne 1b; b . */
static const uint16_t loop[] = {
	0x3001, 0x6008, 0x680a, 0x4298, 0xd1fa, 0xe7fe
};

static struct mcu *start_loop(void)
{
	struct mcu_config cfg = rig_config();
	struct mcu *m = rig_new(&cfg);

	rig_ram(m, RAM_CODE, loop, sizeof(loop));
	rig_halt(m);
	rig_set_reg(m, 0, 0);
	rig_set_reg(m, 1, RESULT);
	rig_set_reg(m, 3, 5000);
	rig_go(m, RAM_CODE, 0x20008000);
	return m;
}

/* One long run, and the same in uneven small pieces. */
static void test_time_does_not_depend_on_pieces(void **state)
{
	struct mcu *a = start_loop(), *b = start_loop();
	uint64_t left = 10 * MS, piece = 1;

	(void)state;
	mcu_advance(a, left);
	while (left > 0) {
		uint64_t n = piece < left ? piece : left;

		mcu_advance(b, n);
		left -= n;
		piece = piece * 7 % 10000019 + 1;
	}
	assert_true(mcu_now(a) == mcu_now(b));
	assert_true(mcu_instructions(a) == mcu_instructions(b));
	assert_true(mcu_cycles(a) == mcu_cycles(b));
	/* 5 instructions, 1 + 2 + 2 + 1 + 1 cycles, 2 to refill; 40,000 in
	 * 10 ms of 4 MHz */
	assert_int_equal(rig_r(a, RESULT), rig_r(b, RESULT));
	assert_in_range(rig_r(a, RESULT), 40000 / 9 - 2, 40000 / 9 + 2);
	mcu_free(a);
	mcu_free(b);
}

/*
 * movs r0, #0; 1: adds r0, #1; nop x 5; b 1b: 7 instructions, 9 cycles with
 * the refill; 14 bytes in two 64-bit lines.
 */
static uint32_t turns_in_10ms(struct mcu *m, uint32_t acr)
{
	rig_halt(m);
	rig_w(m, 0x40022000, acr);
	rig_set_reg(m, 15, FLASH + 0x800);
	rig_w(m, DHCSR, DBGKEY | 1);
	mcu_advance(m, 10 * MS);
	rig_halt(m);
	return rig_reg(m, 0);
}

static void test_wait_states(void **state)
{
	static const uint16_t code[] = { 0xbf00, 0xbf00, 0xbf00, 0x2000,
					 0x3001, 0xbf00, 0xbf00, 0xbf00,
					 0xbf00, 0xbf00, 0xe7f8 };
	struct mcu *m = *state;

	rig_flash(m, FLASH + 0x800, code, sizeof(code));
	/* instruction cache: as if there were none */
	assert_in_range(turns_in_10ms(m, 0x604), 40000 / 9, 40000 / 9 + 5);
	/* prefetch hides the second line, not the jump: + 4 */
	assert_in_range(turns_in_10ms(m, 0x104), 40000 / 13, 40000 / 13 + 5);
	/* nothing: + 4 + 4 */
	assert_in_range(turns_in_10ms(m, 0x004), 40000 / 17, 40000 / 17 + 5);
	assert_in_range(turns_in_10ms(m, 0x001), 40000 / 11, 40000 / 11 + 5);
}

static void test_code_replaced_by_debugger(void **state)
{
	static const uint16_t one[] = { 0x2001, 0xbe00 };
	static const uint16_t two[] = { 0x2002, 0xbe00 };
	struct mcu *m = *state;

	for (int i = 0; i < 3; i++) {
		rig_ram(m, SRAM2 + 0x100, one, sizeof(one));
		rig_go(m, SRAM2 + 0x100, 0x20008000);
		assert_true(rig_wait_halt(m, MS));
		assert_int_equal(rig_reg(m, 0), 1);
		/* through its other address */
		rig_ram(m, 0x2000c100, two, sizeof(two));
		rig_go(m, SRAM2 + 0x100, 0x20008000);
		assert_true(rig_wait_halt(m, MS));
		assert_int_equal(rig_reg(m, 0), 2);
	}
}

static void test_flash_code_replaced(void **state)
{
	struct mcu *m = *state;

	rig_program(m, FLASH + 0x800, 0xffffffffbe002001ull);
	rig_go(m, FLASH + 0x800, 0x20008000);
	assert_true(rig_wait_halt(m, MS));
	assert_int_equal(rig_reg(m, 0), 1);
	rig_erase_page(m, 1);
	rig_program(m, FLASH + 0x800, 0xffffffffbe002002ull);
	rig_go(m, FLASH + 0x800, 0x20008000);
	assert_true(rig_wait_halt(m, MS));
	assert_int_equal(rig_reg(m, 0), 2);
	rig_program(m, FLASH, 1); /* boots from flash: seen at 0, too */
	rig_power_cycle(m);
	rig_go(m, 0x800, 0x20008000);
	assert_true(rig_wait_halt(m, MS));
	assert_int_equal(rig_reg(m, 0), 2);
}

/* At level 1 a debugger's own code in SRAM1 reads neither flash nor SRAM2,
 * under either address.  ldr r1, [r0]; bkpt. */
static uint32_t load_by_code(struct mcu *m, uint32_t addr)
{
	static const uint16_t code[] = { 0x6801, 0xbe00 };

	rig_ram(m, RAM_CODE, code, sizeof(code));
	rig_w(m, DEMCR, 1u << 10); /* catch hard faults */
	rig_halt(m);
	rig_set_reg(m, 0, addr);
	rig_set_reg(m, 1, 0);
	rig_go(m, RAM_CODE, 0x20008000);
	(void)rig_wait_halt(m, MS);
	rig_halt(m);
	return rig_reg(m, 1);
}

static void test_level1_against_own_code(void **state)
{
	static const uint32_t secrets[] = { FLASH, 0x00000000, SRAM2,
					    0x2000c000 };
	struct mcu *m = *state;

	rig_program(m, FLASH, 0x5ec4e7);
	rig_w(m, SRAM2, 0x5ec4e7);
	rig_options(m, (OPTR_DEFAULT & ~0xffu) | 0xbb);
	for (unsigned i = 0; i < 4; i++)
		if (i != 1) /* still booted from ROM */
			assert_int_equal(load_by_code(m, secrets[i]), 0x5ec4e7);
	mcu_power(m, false); /* a dip keeps SRAM2 */
	mcu_advance(m, MS);
	mcu_power(m, true);
	rig_debug_on(m);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(load_by_code(m, secrets[i]), 0);
}

int main(void)
{
#define T(x) cmocka_unit_test_setup_teardown(x, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_erased_vectors_lock_up),
		T(test_step),
		T(test_sleep_shows),
		T(test_breakpoint),
		T(test_time_does_not_depend_on_pieces),
		T(test_wait_states),
		T(test_code_replaced_by_debugger),
		T(test_flash_code_replaced),
		T(test_level1_against_own_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
