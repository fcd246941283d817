/* SPDX-License-Identifier: MIT */
/* Read protection, option loading, boot selection, what SRAM survives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/vmcu_rig.h"

#define SECRET 0x1122334455667788ull
#define SECRET_AT (FLASH + 0x800)
#define OPTR_L1 ((OPTR_DEFAULT & ~0xffu) | 0xbb)
#define OPTR_L2 ((OPTR_DEFAULT & ~0xffu) | 0xcc)
#define COUNTER 0x20000200u

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

static void nrst(struct mcu *m)
{
	mcu_nrst(m, true);
	mcu_advance(m, 10 * US);
	mcu_nrst(m, false);
	mcu_advance(m, 10 * US);
}

/* Firmware that counts in SRAM1: ldr r0, =COUNTER; 1: adds r1, #1;
 * str r1, [r0]; b 1b */
static void install(struct mcu *m)
{
	static const uint16_t code[] = { 0x4802, 0x3101, 0x6001, 0xe7fc,
					 0xbf00, 0xbf00, 0x0200, 0x2000 };

	rig_vectors(m, 0x20008000, FLASH + 0x40);
	rig_flash(m, FLASH + 0x40, code, sizeof(code));
	rig_program(m, SECRET_AT, SECRET);
}

static int runs(struct mcu *m)
{
	uint64_t before = mcu_instructions(m);

	mcu_advance(m, MS);
	return mcu_instructions(m) > before + 500;
}

/* Without touching the bus: that would set the flag. */
static void lock(struct mcu *m, uint32_t optr)
{
	install(m);
	rig_options(m, optr);
}

static void test_level1_shuts(void **state)
{
	struct mcu *m = *state;

	lock(m, OPTR_L1);
	/* stored and shown, but not in force */
	assert_int_equal(rig_r(m, FLASH_OPTR), OPTR_L1);
	assert_int_equal(rig_r(m, 0x1fff7800), OPTR_L1);
	assert_int_equal(rig_r(m, 0x1fff7804), ~OPTR_L1);
	assert_int_equal(rig_r(m, SECRET_AT), (uint32_t)SECRET);
	nrst(m); /* a system reset does not load options here */
	assert_int_equal(rig_r(m, SECRET_AT), (uint32_t)SECRET);
	rig_power_cycle(m);
	assert_int_equal(rig_try(m, SECRET_AT), MCU_BUS_FAULT);
	assert_int_equal(rig_try(m, SECRET_AT - FLASH), MCU_BUS_FAULT);
	assert_int_equal(rig_try(m, SRAM2), MCU_BUS_FAULT);
	assert_int_equal(rig_try(m, 0x2000c000), MCU_BUS_FAULT);
	assert_int_equal(rig_try(m, SRAM1), MCU_BUS_OK);
	assert_int_equal(rig_try(m, 0x2000bffc), MCU_BUS_OK);
	assert_int_equal(rig_r(m, FLASH_OPTR), OPTR_L1);
	assert_int_equal(rig_r(m, 0xe0042000), 0x10016435);
}

static void test_level1_no_programming(void **state)
{
	struct mcu *m = *state;

	lock(m, OPTR_L1);
	rig_power_cycle(m);
	rig_unlock(m);
	rig_w(m, FLASH_CR, CR_PER | CR_STRT);
	assert_int_equal(rig_busy(m) & SR_ERRORS, SR_WRPERR);
	rig_w(m, FLASH_SR, SR_ERRORS);
	rig_w(m, FLASH_CR, CR_MER1 | CR_STRT);
	assert_int_equal(rig_busy(m) & SR_ERRORS, SR_WRPERR);
	rig_w(m, FLASH_CR, CR_PG);
	assert_int_equal(mcu_bus_write(m, FLASH, 4, 0), MCU_BUS_FAULT);
}

/* The debugger-since-power-on flag: every reset keeps it but POR. */
static void test_debugger_seen(void **state)
{
	struct mcu *m = *state;

	lock(m, OPTR_L1);
	rig_power_cycle(m);
	assert_true(runs(m));
	(void)rig_r(m, DHCSR); /* any access of the access port */
	assert_false(runs(m));
	nrst(m);
	assert_false(runs(m));
	rig_power_cycle(m);
	assert_true(runs(m));
	/* a debug port that only has its power up is not an access */
	rig_debug_on(m);
	assert_true(runs(m));
}

static void test_launch_loads(void **state)
{
	struct mcu *m = *state;
	uint32_t resets;

	lock(m, OPTR_L1);
	rig_unlock_options(m);
	resets = mcu_resets(m);
	rig_w(m, FLASH_CR, CR_OBL);
	mcu_advance(m, US);
	assert_int_equal(mcu_resets(m), resets + 1);
	assert_int_equal(rig_try(m, SECRET_AT), MCU_BUS_FAULT);
	assert_false(runs(m)); /* hangs until a power cycle */
	rig_power_cycle(m);
	assert_true(runs(m));
}

static void test_any_other_value_is_level1(void **state)
{
	struct mcu *m = *state;

	lock(m, OPTR_DEFAULT & ~0xffu);
	rig_power_cycle(m);
	assert_int_equal(rig_try(m, SECRET_AT), MCU_BUS_FAULT);
}

static void fill_sram2(struct mcu *m)
{
	for (uint32_t i = 0; i < 16; i += 4)
		rig_w(m, SRAM2 + i, 0xfeedbeef);
}

static void test_regression_erases(void **state)
{
	struct mcu *m = *state;

	lock(m, OPTR_L1);
	rig_power_cycle(m);
	rig_options(m, OPTR_DEFAULT);
	assert_int_equal(rig_try(m, SECRET_AT), MCU_BUS_FAULT);
	rig_power_cycle(m);
	assert_int_equal(rig_r(m, SECRET_AT), 0xffffffff);
	assert_int_equal(rig_r(m, FLASH), 0xffffffff);
	assert_int_equal(rig_try(m, SRAM2), MCU_BUS_OK);
}

static void test_regression_erases_sram2(void **state)
{
	struct mcu *m = *state;

	fill_sram2(m);
	lock(m, OPTR_L1);
	rig_unlock_options(m);
	rig_w(m, FLASH_CR, CR_OBL); /* loads; SRAM2 keeps its content */
	mcu_advance(m, US);
	rig_options(m, OPTR_DEFAULT);
	rig_unlock_options(m);
	rig_w(m, FLASH_CR, CR_OBL);
	mcu_advance(m, US);
	assert_int_equal(rig_r(m, SRAM2), 0);
	assert_int_equal(rig_r(m, 0x2000c000), 0);
}

/* Not before the lock is loaded: then it is only one option among others. */
static void test_withdrawn_lock_erases_nothing(void **state)
{
	struct mcu *m = *state;

	lock(m, OPTR_L1);
	rig_options(m, OPTR_DEFAULT);
	rig_power_cycle(m);
	assert_int_equal(rig_r(m, SECRET_AT), (uint32_t)SECRET);
}

/* A cut anywhere in the regression: never open and full. */
static void test_regression_cut(void **state)
{
	(void)state;
	for (uint32_t n = 1; n <= 2; n++) {
		struct mcu_config cfg = rig_config();
		struct mcu *m = rig_new(&cfg);

		lock(m, OPTR_L1);
		rig_power_cycle(m);
		rig_unlock_options(m);
		rig_w(m, FLASH_OPTR, OPTR_DEFAULT);
		mcu_cut_after(m, n);
		rig_w(m, FLASH_CR, CR_OPTSTRT);
		mcu_advance(m, 100 * MS);
		assert_false(mcu_powered(m));
		rig_power_cycle(m);
		assert_int_equal(rig_try(m, SECRET_AT), MCU_BUS_FAULT);
		if (n == 2) /* the torn option word counts as locked */
			assert_true(rig_r(m, FLASH_SR) & SR_OPTVERR);
		rig_options(m, OPTR_DEFAULT);
		rig_power_cycle(m);
		assert_int_equal(rig_r(m, SECRET_AT), 0xffffffff);
		mcu_free(m);
	}
}

static void test_level2_is_the_end(void **state)
{
	struct mcu *m = *state;

	lock(m, OPTR_L2);
	assert_int_equal(rig_try(m, SRAM1), MCU_BUS_OK);
	rig_power_cycle(m);
	assert_false(mcu_debug_alive(m));
	assert_int_equal(rig_try(m, SRAM1), MCU_BUS_DEAD);
	assert_int_equal(rig_try(m, DHCSR), MCU_BUS_DEAD);
	assert_true(runs(m));
	mcu_nrst(m, true);
	assert_int_equal(rig_try(m, FLASH_OPTR), MCU_BUS_DEAD);
	mcu_nrst(m, false);
	assert_true(runs(m));
}

/*
 * Firmware that unlocks everything, writes OPTR and starts it: ldr r0, =FLASH
 * registers; the keys; the option keys; OPTR; OPTSTRT; waits for BSY; loops.
 */
static void install_option_writer(struct mcu *m, uint32_t optr)
{
	uint32_t code[17] = {
		0x490a4809, 0x490a6081, 0x490a6081, 0x490a60c1, 0x490a60c1,
		0x21016201, 0x61410449, 0x03ca6901, 0x4a07d4fc, 0xe7fe6011,
		0x40022000, 0x45670123, 0xcdef89ab, 0x08192a3b, 0x4c5d6e7f,
		optr,	    COUNTER,
	};

	rig_vectors(m, 0x20008000, FLASH + 0x40);
	rig_flash(m, FLASH + 0x40, code, sizeof(code));
}

/* At level 0 it works; at level 2 nothing does. */
static void test_level2_irreversible(void **state)
{
	struct mcu *m = *state;

	install_option_writer(m, OPTR_L2);
	rig_power_cycle(m);
	mcu_advance(m, 100 * MS);
	assert_true(mcu_debug_alive(m));
	rig_power_cycle(m);
	assert_false(mcu_debug_alive(m));
	mcu_free(m);
	*state = m = rig_new(
		&(struct mcu_config){ .chip = "stm32l432",
				      .profile = "genuine",
				      .seed = 1,
				      .flash_time = MCU_TIME_TYP });
	install_option_writer(m, OPTR_DEFAULT);
	rig_options(m, OPTR_L2);
	rig_power_cycle(m);
	mcu_advance(m, 100 * MS);
	rig_power_cycle(m);
	assert_false(mcu_debug_alive(m));
}

static void test_empty_flash_boots_rom(void **state)
{
	struct mcu *m = *state;

	assert_true(rig_r(m, FLASH_SR) & SR_PEMPTY);
	install(m);
	nrst(m); /* sampled only when options are loaded */
	assert_true(rig_r(m, FLASH_SR) & SR_PEMPTY);
	rig_halt(m);
	assert_int_equal(rig_reg(m, 15) & 0xffff0000, 0x1fff0000);
	rig_power_cycle(m);
	assert_false(rig_r(m, FLASH_SR) & SR_PEMPTY);
	mcu_advance(m, MS);
	rig_halt(m);
	assert_int_equal(rig_reg(m, 15) & 0xffff0000, FLASH);
}

/* What tools do instead of a power cycle: a 1 turns PEMPTY over. */
static void test_empty_flag_by_hand(void **state)
{
	struct mcu *m = *state;

	install(m);
	rig_w(m, FLASH_SR, SR_PEMPTY);
	assert_false(rig_r(m, FLASH_SR) & SR_PEMPTY);
	nrst(m);
	rig_halt(m);
	assert_int_equal(rig_reg(m, 15) & 0xffff0000, FLASH);
	rig_w(m, FLASH_SR, SR_PEMPTY);
	assert_true(rig_r(m, FLASH_SR) & SR_PEMPTY);
	nrst(m);
	rig_halt(m);
	assert_int_equal(rig_reg(m, 15) & 0xffff0000, 0x1fff0000);
}

/* Where nBOOT0 decides, nobody looks whether the flash is empty. */
static void test_empty_flag_without_pin(void **state)
{
	struct mcu *m = *state;

	rig_options(m, OPTR_DEFAULT & ~(1u << 26)); /* nSWBOOT0 */
	rig_power_cycle(m);
	assert_true(rig_r(m, FLASH_SR) & SR_PEMPTY);
	mcu_advance(m, MS);
	assert_true(rig_r(m, DHCSR) & 1u << 19); /* locked up in FF */
}

/* Code in RAM, started by the boot options, loads from flash. */
static uint32_t read_from_ram_boot(struct mcu *m, uint32_t optr)
{
	/* ldr r0, =SECRET_AT; ldr r1, [r0]; loop */
	static const uint32_t ram[] = { 0x20008000, SRAM1 + 0x41 };
	static const uint16_t code[] = { 0x4801, 0x6801, 0xe7fe,
					 0xbf00, 0x0800, 0x0800 };

	/* nSWBOOT0, nBOOT0, nBOOT1 all 0 */
	lock(m, optr & ~0x0c800000u);
	rig_ram(m, SRAM1, ram, sizeof(ram));
	rig_ram(m, SRAM1 + 0x40, code, sizeof(code));
	mcu_power(m, false); /* a dip: SRAM survives, the flag does not */
	mcu_advance(m, 10 * MS);
	mcu_power(m, true);
	mcu_advance(m, MS);
	rig_debug_on(m);
	rig_halt(m);
	return rig_reg(m, 1);
}

static void test_boot_from_ram_shuts_flash(void **state)
{
	struct mcu *m = *state;

	assert_int_equal(read_from_ram_boot(m, OPTR_DEFAULT), (uint32_t)SECRET);
	mcu_free(m);
	*state = m = rig_new(
		&(struct mcu_config){ .chip = "stm32l432",
				      .profile = "genuine",
				      .seed = 1,
				      .flash_time = MCU_TIME_TYP });
	assert_int_not_equal(read_from_ram_boot(m, OPTR_L1), (uint32_t)SECRET);
	assert_int_not_equal(rig_r(m, 0xe000ed28), 0); /* CFSR */
}

static void test_sram_survival(void **state)
{
	struct mcu *m = *state;

	rig_w(m, SRAM1 + 0x4000, 0xcafe0001);
	rig_w(m, SRAM2, 0xcafe0002);
	nrst(m);
	assert_int_equal(rig_r(m, SRAM1 + 0x4000), 0xcafe0001);
	assert_int_equal(rig_r(m, SRAM2), 0xcafe0002);
	mcu_power(m, false);
	mcu_advance(m, 499 * MS);
	mcu_power(m, true);
	rig_debug_on(m);
	assert_int_equal(rig_r(m, SRAM1 + 0x4000), 0xcafe0001);
	mcu_power(m, false);
	mcu_advance(m, 501 * MS);
	mcu_power(m, true);
	rig_debug_on(m);
	assert_int_not_equal(rig_r(m, SRAM1 + 0x4000), 0xcafe0001);
	assert_int_not_equal(rig_r(m, SRAM1 + 0x4000), 0);
	assert_int_not_equal(rig_r(m, SRAM1 + 0x4000),
			     rig_r(m, SRAM1 + 0x4004));
}

static void test_sram2_erased_at_reset(void **state)
{
	struct mcu *m = *state;

	rig_options(m, OPTR_DEFAULT & ~OPTR_SRAM2_RST);
	rig_w(m, SRAM2, 1);
	nrst(m); /* not loaded yet */
	assert_int_equal(rig_r(m, SRAM2), 1);
	rig_power_cycle(m);
	rig_w(m, SRAM2, 0xcafe0002);
	rig_w(m, SRAM1 + 0x4000, 0xcafe0001);
	nrst(m);
	assert_int_equal(rig_r(m, SRAM2), 0);
	assert_int_equal(rig_r(m, SRAM1 + 0x4000), 0xcafe0001);
	rig_w(m, SRAM2, 0xcafe0002);
	rig_w(m, AIRCR, 0x05fa0004);
	mcu_advance(m, US);
	assert_int_equal(rig_r(m, SRAM2), 0);
}

static void test_option_bits_that_stay(void **state)
{
	struct mcu *m = *state;

	rig_unlock_options(m);
	rig_w(m, FLASH_OPTR, 0x000000aa);
	assert_int_equal(rig_r(m, FLASH_OPTR),
			 (OPTR_DEFAULT & ~0x0f8f77ffu) | 0xaa);
	rig_w(m, FLASH_CR, CR_OPTLOCK);
	rig_w(m, FLASH_OPTR, OPTR_DEFAULT); /* locked: ignored */
	assert_int_not_equal(rig_r(m, FLASH_OPTR), OPTR_DEFAULT);
	nrst(m); /* never started: the stored word is back */
	assert_int_equal(rig_r(m, FLASH_OPTR), OPTR_DEFAULT);
}

int main(void)
{
#define T(x) cmocka_unit_test_setup_teardown(x, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_level1_shuts),
		T(test_level1_no_programming),
		T(test_debugger_seen),
		T(test_launch_loads),
		T(test_any_other_value_is_level1),
		T(test_regression_erases),
		T(test_regression_erases_sram2),
		T(test_withdrawn_lock_erases_nothing),
		T(test_regression_cut),
		T(test_level2_is_the_end),
		T(test_level2_irreversible),
		T(test_empty_flash_boots_rom),
		T(test_empty_flag_by_hand),
		T(test_empty_flag_without_pin),
		T(test_boot_from_ram_shuts_flash),
		T(test_sram_survival),
		T(test_sram2_erased_at_reset),
		T(test_option_bits_that_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
