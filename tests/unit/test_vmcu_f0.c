/* SPDX-License-Identifier: MIT */
/* The STM32F051: flash, options, protection, cuts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/f0_rig.h"

#define CODE 0x20000400u
#define DATA 0x20000100u
#define STACK 0x20001000u
#define RCC 0x40021000u
#define USER_DEFAULT 0xff

static int setup(void **state)
{
	*state = f0_new(NULL);
	return 0;
}

static int teardown(void **state)
{
	mcu_free(*state);
	return 0;
}

/* -- flash ----------------------------------------------------------------- */

static void test_program(void **state)
{
	struct mcu *m = *state;

	assert_int_equal(f0_program(m, FLASH + 2, 0x1234), F0_SR_EOP);
	assert_int_equal(rig_r(m, FLASH), 0x1234ffff);
	/* not erased: skipped; zeros always */
	assert_int_equal(f0_program(m, FLASH + 2, 0x1200), F0_SR_PGERR);
	assert_int_equal(rig_r(m, FLASH), 0x1234ffff);
	assert_int_equal(f0_program(m, FLASH + 2, 0), F0_SR_EOP);
	assert_int_equal(rig_r(m, FLASH), 0x0000ffff);
	/* half-words or nothing */
	rig_w(m, F0_CR, F0_CR_PG);
	assert_int_equal(mcu_bus_write(m, FLASH + 8, 4, 1), MCU_BUS_FAULT);
	assert_int_equal(mcu_bus_write(m, FLASH + 8, 1, 1), MCU_BUS_FAULT);
	assert_int_equal(rig_r(m, FLASH + 8), 0xffffffff);
	/* and registers are words */
	assert_int_equal(mcu_bus_write(m, F0_CR, 2, 0), MCU_BUS_FAULT);
}

static void test_erase(void **state)
{
	struct mcu *m = *state;

	f0_program(m, FLASH + 0x3fe, 1);
	f0_program(m, FLASH + 0x400, 2);
	assert_int_equal(f0_erase_page(m, FLASH + 0x123), F0_SR_EOP);
	assert_int_equal(rig_r(m, FLASH + 0x3fc), 0xffffffff);
	assert_int_equal(rig_r(m, FLASH + 0x400) & 0xffff, 2);
	rig_w(m, F0_CR, F0_CR_MER);
	rig_w(m, F0_CR, F0_CR_MER | F0_CR_STRT);
	assert_true(rig_r(m, F0_SR) & F0_SR_BSY); /* at once */
	assert_int_equal(f0_busy(m), F0_SR_EOP);
	assert_int_equal(rig_r(m, FLASH + 0x400), 0xffffffff);
}

static void test_keys(void **state)
{
	struct mcu *m = *state;

	assert_int_equal(rig_r(m, F0_CR), F0_CR_LOCK);
	f0_unlock(m);
	rig_w(m, F0_KEYR, 0x45670123); /* again: harmless */
	rig_w(m, F0_KEYR, 0xcdef89ab);
	assert_int_equal(rig_r(m, F0_CR) & F0_CR_LOCK, 0);
	rig_w(m, F0_CR, F0_CR_LOCK);
	assert_int_equal(mcu_bus_write(m, F0_KEYR, 4, 1), MCU_BUS_FAULT);
	assert_int_equal(mcu_bus_write(m, F0_KEYR, 4, 0x45670123),
			 MCU_BUS_FAULT);
	rig_w(m, AIRCR, 0x05fa0004);
	mcu_advance(m, MS);
	f0_unlock(m);
}

static uint64_t time_of(struct mcu *m, int kind)
{
	uint64_t begin = mcu_now(m);

	if (kind == 0)
		f0_erase_page(m, FLASH);
	else
		f0_program(m, FLASH, 0);
	return mcu_now(m) - begin;
}

static void test_times(void **state)
{
	static const uint64_t us[3][2] = { { 20000, 40 },
					   { 20000, 53 },
					   { 40000, 60 } };

	(void)state;
	for (int t = 0; t < 3; t++) {
		struct mcu_config cfg = f0_config();
		struct mcu *m;

		cfg.flash_time = t;
		m = rig_new(&cfg);
		for (int kind = 0; kind < 2; kind++)
			assert_in_range(time_of(m, kind) / US, us[t][kind],
					us[t][kind] + 20);
		mcu_free(m);
	}
}

/* Code in RAM runs on while the flash works, code in flash stands. */
static void test_stall(void **state)
{
	/* 1: adds r0, #1; b 1b */
	static const uint16_t code[] = { 0x3001, 0xe7fd };
	struct mcu *m = *state;
	uint32_t ran[2];

	f0_flash(m, FLASH + 0x800, code, sizeof(code));
	rig_ram(m, CODE, code, sizeof(code));
	for (int i = 0; i < 2; i++) {
		rig_halt(m);
		rig_set_reg(m, 0, 0);
		rig_go(m, i ? CODE : FLASH + 0x800, STACK);
		rig_w(m, F0_CR, F0_CR_PER);
		rig_w(m, F0_AR, FLASH + 0x400);
		rig_w(m, F0_CR, F0_CR_PER | F0_CR_STRT);
		mcu_advance(m, 20 * MS);
		rig_halt(m);
		ran[i] = rig_reg(m, 0);
		f0_busy(m);
	}
	assert_in_range(ran[0], 0, 2);
	assert_in_range(ran[1], 39990, 40010); /* 8 MHz, 4 cycles */
}

/* The clock in use cannot be switched off, so flash work finds its HSI. */
static void test_hsi_stays(void **state)
{
	struct mcu *m = *state;

	rig_w(m, RCC, 0);
	assert_true(rig_r(m, RCC) & 1);
	assert_int_equal(f0_program(m, FLASH, 1), F0_SR_EOP);
}

/* -- options --------------------------------------------------------------- */

static void test_options_default(void **state)
{
	struct mcu *m = *state;

	assert_int_equal(rig_r(m, F0_OPTIONS), 0x00ff55aa);
	assert_int_equal(rig_r(m, F0_OBR), 0xffffff00);
	assert_int_equal(rig_r(m, F0_WRPR), 0xffffffff);
	/* what stock tools write although it is not there */
	f0_unlock_options(m);
	rig_w(m, F0_CR, F0_CR_OPTPG | F0_CR_OPTWRE);
	assert_int_equal(mcu_bus_write(m, F0_OPTIONS + 12, 2, 0xff),
			 MCU_BUS_OK);
	assert_int_equal(rig_r(m, F0_SR) & 0x14, 0);
}

static void test_options_need_erase(void **state)
{
	struct mcu *m = *state;

	assert_int_equal(f0_option(m, 1, 0x0f), F0_SR_WRPRTERR);
	assert_int_equal(rig_r(m, F0_OPTIONS), 0x00ff55aa);
}

static unsigned level(struct mcu *m)
{
	return mcu_protection(m);
}

/* A system reset is not enough; POR is, and OBL_LAUNCH. */
static void test_when_loaded(void **state)
{
	struct mcu *m = *state;

	f0_options(m, 0xbb, USER_DEFAULT);
	assert_int_equal(rig_r(m, F0_OPTIONS) & 0xffff, 0x44bb);
	assert_int_equal(rig_r(m, F0_OBR) & 6, 0);
	rig_w(m, AIRCR, 0x05fa0004);
	mcu_advance(m, MS);
	assert_int_equal(level(m), 0);
	mcu_nrst(m, true);
	mcu_nrst(m, false);
	assert_int_equal(level(m), 0);
	assert_int_equal(rig_try(m, FLASH), MCU_BUS_OK);
	rig_w(m, F0_CR, F0_CR_OBL); /* works while locked, too */
	mcu_advance(m, MS);
	assert_int_equal(level(m), 1);
	assert_int_equal(rig_r(m, F0_OBR) & 6, 2);
	assert_int_equal(rig_r(m, RCC + 0x24) >> 25 & 1, 1);
	/* the debugger has been seen before: shut at once */
	assert_int_equal(rig_try(m, FLASH), MCU_BUS_FAULT);
}

static void test_when_loaded_quirk(void **state)
{
	struct mcu *m = f0_new("reset-loads");

	(void)state;
	f0_options(m, 0xbb, USER_DEFAULT);
	mcu_nrst(m, true);
	mcu_nrst(m, false);
	assert_int_equal(level(m), 1);
	mcu_free(m);
}

/* A broken pair, or an erased one, is level 1. */
static void test_broken_options(void **state)
{
	struct mcu *m = *state;

	f0_unlock_options(m);
	rig_w(m, F0_CR, F0_CR_OPTER | F0_CR_OPTWRE);
	rig_w(m, F0_CR, F0_CR_OPTER | F0_CR_OPTWRE | F0_CR_STRT);
	f0_busy(m);
	assert_int_equal(rig_r(m, F0_OPTIONS), 0xffffffff);
	rig_power_cycle(m);
	assert_int_equal(level(m), 1);
	assert_int_equal(rig_r(m, F0_OBR) & 7, 2);
}

static void test_write_protection(void **state)
{
	struct mcu *m = *state;

	f0_unlock_options(m);
	rig_w(m, F0_CR, F0_CR_OPTER | F0_CR_OPTWRE);
	rig_w(m, F0_CR, F0_CR_OPTER | F0_CR_OPTWRE | F0_CR_STRT);
	f0_busy(m);
	f0_option(m, 0, 0xaa);
	f0_option(m, 4, 0xfd); /* WRP0: pages 4 to 7 */
	f0_option(m, 1, USER_DEFAULT);
	rig_power_cycle(m);
	assert_int_equal(level(m), 0);
	assert_int_equal(rig_r(m, F0_WRPR), 0xfffffffd);
	assert_int_equal(f0_program(m, FLASH + 0xffe, 1), F0_SR_EOP);
	assert_int_equal(f0_program(m, FLASH + 0x1000, 1), F0_SR_WRPRTERR);
	assert_int_equal(f0_erase_page(m, FLASH + 0x1c00), F0_SR_WRPRTERR);
	assert_int_equal(f0_erase_page(m, FLASH + 0x2000), F0_SR_EOP);
}

/* -- protection ------------------------------------------------------------ */

/* A program that counts at DATA, from flash. */
static void counting_chip(struct mcu *m)
{
	/* ldr r0, =DATA; 1: adds r1, #1; str r1, [r0]; b 1b; .word DATA */
	static const uint16_t code[] = { 0x4802, 0x2100, 0x3101, 0x6001,
					 0xe7fc, 0xbf00, 0x0100, 0x2000 };

	f0_vectors(m, STACK, FLASH + 0x100);
	f0_flash(m, FLASH + 0x100, code, sizeof(code));
	f0_program(m, FLASH + 0x800, 0x5ec4);
	f0_options(m, 0xbb, USER_DEFAULT);
}

static bool counts(struct mcu *m)
{
	uint8_t a[4], b[4];

	assert_int_equal(mcu_peek(m, DATA, a, 4), 0);
	mcu_advance(m, MS);
	assert_int_equal(mcu_peek(m, DATA, b, 4), 0);
	return memcmp(a, b, 4) != 0;
}

static void test_level1(void **state)
{
	struct mcu *m = *state;
	uint32_t v;

	counting_chip(m);
	rig_power_cycle(m);
	assert_true(counts(m)); /* nobody has looked yet */
	/* SRAM is open, and that look shuts the flash for the core, too */
	assert_int_equal(rig_try(m, DATA), MCU_BUS_OK);
	assert_false(counts(m));
	assert_int_equal(rig_try(m, FLASH + 0x800), MCU_BUS_FAULT);
	assert_int_equal(f0_read16(m, 0x800, &v), MCU_BUS_FAULT); /* alias */
	assert_int_equal(f0_program(m, FLASH + 0x900, 1), F0_SR_PGERR);
	assert_int_equal(f0_erase_page(m, FLASH), F0_SR_PGERR);
	rig_w(m, F0_CR, F0_CR_MER);
	rig_w(m, F0_CR, F0_CR_MER | F0_CR_STRT);
	assert_int_equal(f0_busy(m), F0_SR_PGERR);
	/* a system reset does not help */
	mcu_nrst(m, true);
	mcu_nrst(m, false);
	assert_false(counts(m));
	rig_power_cycle(m);
	assert_true(counts(m));
}

/* Own code of the debugger, in SRAM, sees as little. */
static void test_level1_own_code(void **state)
{
	static const uint16_t code[] = { 0x6801, 0xbe00 };
	struct mcu *m = *state;

	counting_chip(m);
	rig_power_cycle(m);
	rig_halt(m);
	rig_w(m, DEMCR, 1u << 10);
	rig_ram(m, CODE, code, sizeof(code));
	rig_set_reg(m, 0, FLASH + 0x800);
	rig_set_reg(m, 1, 0);
	rig_go(m, CODE, STACK);
	(void)rig_wait_halt(m, MS);
	rig_halt(m);
	assert_int_equal(rig_reg(m, 1), 0);
}

/* Secrets in SRAM outlive a reset and are there for the debugger. */
static void test_level1_sram(void **state)
{
	struct mcu *m = *state;

	counting_chip(m);
	rig_power_cycle(m);
	mcu_advance(m, MS);
	mcu_nrst(m, true);
	mcu_nrst(m, false);
	assert_int_not_equal(rig_r(m, DATA), 0);
}

static void test_regression(void **state)
{
	struct mcu *m = *state;

	counting_chip(m);
	rig_power_cycle(m);
	f0_unlock_options(m);
	rig_w(m, F0_CR, F0_CR_OPTER | F0_CR_OPTWRE);
	rig_w(m, F0_CR, F0_CR_OPTER | F0_CR_OPTWRE | F0_CR_STRT);
	f0_busy(m);
	assert_int_equal(rig_try(m, FLASH), MCU_BUS_FAULT);
	assert_int_equal(f0_option(m, 0, 0xaa), F0_SR_EOP);
	rig_power_cycle(m);
	assert_int_equal(level(m), 0);
	for (uint32_t a = 0; a < 0x10000; a += 4)
		assert_int_equal(rig_r(m, FLASH + a), 0xffffffff);
}

/* Cut between the two: blank or locked, never open and full. */
static void test_regression_cut(void **state)
{
	(void)state;
	for (uint32_t n = 1; n <= 3; n++) {
		struct mcu *m = f0_new(NULL);
		uint8_t cells[2];

		counting_chip(m);
		rig_power_cycle(m);
		f0_unlock_options(m);
		mcu_cut_after(m, n);
		rig_w(m, F0_CR, F0_CR_OPTER | F0_CR_OPTWRE);
		rig_w(m, F0_CR, F0_CR_OPTER | F0_CR_OPTWRE | F0_CR_STRT);
		mcu_advance(m, 100 * MS);
		if (mcu_powered(m)) {
			rig_w(m, F0_CR, F0_CR_OPTPG | F0_CR_OPTWRE);
			(void)!mcu_bus_write(m, F0_OPTIONS, 2, 0xaa);
			mcu_advance(m, 100 * MS);
		}
		assert_false(mcu_powered(m));
		rig_power_cycle(m);
		assert_int_equal(mcu_flash_peek(m, FLASH + 0x800, cells, 2), 0);
		if (level(m) == 0)
			assert_int_equal(cells[0] & cells[1], 0xff);
		mcu_free(m);
	}
}

static void test_level2(void **state)
{
	struct mcu *m = *state;
	uint32_t v;

	counting_chip(m);
	f0_options(m, 0xcc, USER_DEFAULT);
	rig_power_cycle(m);
	assert_int_equal(level(m), 2);
	assert_false(mcu_debug_alive(m));
	assert_int_equal(mcu_bus_read(m, DATA, 4, &v), MCU_BUS_DEAD);
	mcu_nrst(m, true);
	assert_false(mcu_debug_alive(m));
	mcu_nrst(m, false);
	assert_true(counts(m));
	/* no other boot either */
	mcu_pin_drive(m, 'X', 0, 1);
	rig_power_cycle(m);
	assert_true(counts(m));
}

/* Booted from ROM at level 1: shut, although no debugger came. */
static void test_rom_boot(void **state)
{
	struct mcu *m = *state;

	counting_chip(m);
	mcu_pin_drive(m, 'X', 0, 1);
	rig_power_cycle(m);
	assert_false(counts(m));
	assert_int_equal(rig_try(m, FLASH), MCU_BUS_FAULT);
}

/* CVE-2017-18347: the first access since power-on wins, when asked for. */
static void test_swd_race(void **state)
{
	struct mcu *m = f0_new("swd-race");

	(void)state;
	counting_chip(m);
	rig_power_cycle(m);
	assert_int_equal(rig_r(m, FLASH + 0x800) & 0xffff, 0x5ec4);
	assert_int_equal(rig_try(m, FLASH + 0x800), MCU_BUS_FAULT);
	rig_power_cycle(m);
	(void)rig_r(m, DATA); /* that was the one */
	assert_int_equal(rig_try(m, FLASH + 0x800), MCU_BUS_FAULT);
	rig_power_cycle(m);
	assert_int_equal(rig_r(m, FLASH + 0x100), 0x21004802);
	mcu_free(m);
}

static void test_race_needs_quirk(void **state)
{
	struct mcu *m = *state;

	counting_chip(m);
	rig_power_cycle(m);
	assert_int_equal(rig_try(m, FLASH + 0x800), MCU_BUS_FAULT);
}

/* -- cuts ------------------------------------------------------------------ */

static void test_torn_half_word(void **state)
{
	struct mcu *m = *state;
	uint32_t first, v;
	bool other = false;

	f0_unlock(m);
	mcu_cut_after(m, 1);
	rig_w(m, F0_CR, F0_CR_PG);
	(void)!mcu_bus_write(m, FLASH, 2, 0x0f0f);
	mcu_advance(m, MS);
	assert_false(mcu_powered(m));
	rig_power_cycle(m);
	assert_true(mcu_flash_torn(m, FLASH));
	assert_int_equal(f0_read16(m, FLASH, &first), MCU_BUS_OK);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(f0_read16(m, FLASH, &v), MCU_BUS_OK);
		other |= v != first;
		assert_int_equal(v & 0x0f0f, 0x0f0f); /* those were to stay */
	}
	assert_true(other);
	assert_int_equal(f0_program(m, FLASH, 0), F0_SR_EOP);
	assert_int_equal(rig_r(m, FLASH), 0xffff0000);
	assert_false(mcu_flash_torn(m, FLASH));
}

int main(void)
{
#define T(x) cmocka_unit_test_setup_teardown(x, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_program),
		T(test_erase),
		T(test_keys),
		T(test_times),
		T(test_stall),
		T(test_hsi_stays),
		T(test_options_default),
		T(test_options_need_erase),
		T(test_when_loaded),
		T(test_when_loaded_quirk),
		T(test_broken_options),
		T(test_write_protection),
		T(test_level1),
		T(test_level1_own_code),
		T(test_level1_sram),
		T(test_regression),
		T(test_regression_cut),
		T(test_level2),
		T(test_rom_boot),
		T(test_swd_race),
		T(test_race_needs_quirk),
		T(test_torn_half_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
