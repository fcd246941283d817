/* SPDX-License-Identifier: MIT */
/* Read protection of the STM32F1: what it shuts, for whom, from when on, and
 * what lifting it costs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/f1_rig.h"

/* as tests/target/f1/locked.S leaves them */
#define STARTS (F1_RESULT + 0)
#define SR_FROZEN (F1_RESULT + 4)
#define SR_OTHER (F1_RESULT + 8)
#define OTHER (F1_RESULT + 12)
#define UID_WORD (F1_RESULT + 16)
#define IDCODE (F1_RESULT + 20)
#define MAPR (F1_RESULT + 24)
#define END (F1_RESULT + 28)

static int setup(void **state)
{
	*state = f1_new("stm32f103xb", NULL);
	return 0;
}

static int teardown(void **state)
{
	mcu_free(*state);
	return 0;
}

static void reset(struct mcu *m)
{
	mcu_nrst(m, true);
	mcu_nrst(m, false);
}

static uint32_t uid_word(struct mcu *m)
{
	size_t len;
	uint32_t v;

	memcpy(&v, mcu_uid(m, &len), sizeof(v));
	return v;
}

static void test_open_chip(void **state)
{
	struct mcu *m = *state;

	f1_load(m, "f1_locked");
	f1_alone(m, 10);
	assert_int_equal(f1_peek(m, END), 0x5a);
	assert_int_equal(f1_peek(m, SR_FROZEN), F1_EOP);
	assert_int_equal(f1_peek(m, SR_OTHER), F1_EOP);
	assert_int_equal(f1_peek(m, UID_WORD), uid_word(m));
	/* the erratum of a genuine part: nothing to see without a debugger */
	assert_int_equal(f1_peek(m, IDCODE), 0);
	rig_debug_on(m);
	assert_int_equal(rig_r(m, F1_DBGMCU), 0x20036410);
	assert_int_equal(rig_r(m, F1_UID), uid_word(m));
	assert_int_equal(f1_r16(m, F1_SIZE), 128);
}

static void test_locked_chip(void **state)
{
	struct mcu *m = *state;

	f1_load(m, "f1_locked");
	f1_lock(m);
	assert_int_equal(rig_r(m, F1_FLASH), 0x20001000); /* not in force */
	f1_alone(m, 10);
	/* the firmware runs, sees everything, and writes all but the first
	 * four pages */
	assert_int_equal(f1_peek(m, END), 0x5a);
	assert_int_equal(f1_peek(m, SR_FROZEN), F1_WRPRTERR);
	assert_int_equal(f1_peek(m, SR_OTHER), F1_EOP);
	assert_int_equal(f1_peek(m, OTHER), 0x1234);
	assert_int_equal(f1_peek(m, UID_WORD), uid_word(m));
	assert_int_equal(f1_peek(m, IDCODE), 0);
	/* the debugger sees the rest */
	rig_debug_on(m);
	assert_int_equal(rig_try(m, F1_FLASH), MCU_BUS_FAULT);
	assert_int_equal(rig_try(m, 0), MCU_BUS_FAULT);
	assert_int_equal(rig_try(m, F1_FLASH + 0x1fffc), MCU_BUS_FAULT);
	assert_int_equal(rig_try(m, F1_SIZE), MCU_BUS_FAULT);
	assert_int_equal(rig_try(m, F1_UID), MCU_BUS_FAULT);
	assert_int_equal(rig_r(m, END), 0x5a); /* SRAM */
	assert_int_equal(rig_r(m, F1_OPTIONS) & 0xffff, 0xffff);
	assert_int_equal(rig_r(m, F1_OBR) & 3, 2);
	assert_int_equal(rig_r(m, F1_DBGMCU), 0x20036410);
	assert_int_equal(f1_program(m, F1_FLASH + 0x2000, 1), F1_WRPRTERR);
	assert_int_equal(f1_page_erase(m, F1_FLASH + 0x2000), F1_WRPRTERR);
}

/* On the xE two pages of 2 kB are frozen. */
static void test_frozen_xe(void **state)
{
	struct mcu *m = f1_new("stm32f103xe", NULL);

	(void)state;
	f1_load(m, "f1_locked");
	f1_lock(m);
	f1_alone(m, 10);
	assert_int_equal(f1_peek(m, SR_FROZEN), F1_WRPRTERR);
	assert_int_equal(f1_peek(m, SR_OTHER), F1_EOP);
	mcu_free(m);
}

/* What a debugger has seen stays shut for the core too, over every reset, until
 * the power goes. */
static void test_debugger_since_power_on(void **state)
{
	struct mcu *m = *state;

	f1_load(m, "f1_locked");
	f1_lock(m);
	f1_alone(m, 10);
	rig_debug_on(m);
	assert_int_equal(rig_r(m, STARTS), f1_peek(m, STARTS));
	rig_w(m, STARTS, 0);
	rig_w(m, END, 0);
	mcu_debug_power(m, false, false);
	reset(m);
	mcu_advance(m, 10 * MS);
	assert_int_equal(f1_peek(m, STARTS), 0);
	assert_int_equal(f1_peek(m, END), 0);
	/* a dip keeps SRAM, and is a power-on reset */
	mcu_power(m, false);
	mcu_advance(m, 5 * MS);
	mcu_power(m, true);
	mcu_advance(m, 10 * MS);
	assert_int_equal(f1_peek(m, STARTS), 1);
	assert_int_equal(f1_peek(m, END), 0x5a);
}

/* Nobody knows whether a reset with the probe attached loads the protection
 * (chips.md 3.3): the one way the chip is shut, the other way it stays open
 * until the power goes.  A station must do with both. */
static void test_reset_after_lock(void **state)
{
	static const char *const ways[] = { NULL, "nrst-keeps-open" };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct mcu *m = f1_new("stm32f103xb", ways[i]);

		f1_load(m, "f1_locked");
		f1_lock(m);
		reset(m);
		assert_int_equal(rig_try(m, F1_FLASH),
				 i ? MCU_BUS_OK : MCU_BUS_FAULT);
		assert_int_equal(mcu_protection(m), !i);
		rig_power_cycle(m);
		assert_int_equal(mcu_protection(m), 1);
		assert_int_equal(rig_try(m, F1_FLASH), MCU_BUS_FAULT);
		mcu_free(m);
	}
}

static void test_regression(void **state)
{
	struct mcu *m = *state;

	f1_load(m, "f1_locked");
	f1_lock(m);
	rig_power_cycle(m);
	f1_option_erase(m);
	assert_int_equal(f1_option(m, 0, 0xa5), F1_EOP);
	/* erased at once, open from the next load on */
	assert_int_equal(rig_try(m, F1_FLASH), MCU_BUS_FAULT);
	rig_power_cycle(m);
	for (uint32_t i = 0; i < 0x20000; i += 4)
		assert_int_equal(rig_r(m, F1_FLASH + i), 0xffffffff);
	assert_int_equal(rig_r(m, F1_OBR) & 3, 0);
}

/* A cut between the erase and the weaker value: never open and full. */
static void test_regression_cut(void **state)
{
	(void)state;
	for (unsigned op = 1; op <= 3; op++) {
		struct mcu *m = f1_new("stm32f103xb", NULL);
		uint8_t word[4];

		f1_load(m, "f1_locked");
		f1_lock(m);
		rig_power_cycle(m);
		f1_unlock_options(m);
		mcu_cut_after(m, op);
		rig_w(m, F1_CR, F1_OPTWRE | F1_OPTER | F1_STRT);
		mcu_advance(m, 50 * MS);
		if (mcu_powered(m)) {
			rig_w(m, F1_CR, F1_OPTWRE | F1_OPTPG);
			f1_w16(m, F1_OPTIONS, 0xa5);
			mcu_advance(m, 100 * MS);
		}
		assert_false(mcu_powered(m));
		rig_power_cycle(m);
		assert_int_equal(mcu_flash_peek(m, F1_FLASH + 4, word, 4), 0);
		if (mcu_protection(m) == 0)
			assert_memory_equal(word, "\xff\xff\xff\xff", 4);
		if (op == 1) /* nothing but the options was touched */
			assert_memory_not_equal(word, "\xff\xff\xff\xff", 4);
		mcu_free(m);
	}
}

static void test_mass_erase_at_level_1(void **state)
{
	struct mcu *m = *state;

	f1_load(m, "f1_locked");
	f1_lock(m);
	rig_power_cycle(m);
	assert_int_equal(f1_mass_erase(m), F1_EOP);
	assert_int_equal(mcu_protection(m), 1);
	assert_int_equal(rig_try(m, F1_FLASH), MCU_BUS_FAULT);
}

/* Booted from RAM the flash is shut, debugger or not. */
static void test_boot_from_ram(void **state)
{
	/* at SRAM's beginning: vectors, then a look at the flash */
	static const uint32_t code[] = {
		0x20001000, 0x20000015, 0x20000021, 0x20000021,
		0x20000021, 0x68014801, /* ldr r0, [pc, #4]; ldr r1, [r0] */
		0xe7fee7fe, 0x08000000, /* b .; its literal */
		0xe7fee7fe,		/* fault: b . */
	};
	struct mcu *m = *state;

	f1_load(m, "f1_locked");
	f1_lock(m);
	rig_power_cycle(m);
	rig_ram(m, F1_RAM, code, sizeof(code));
	mcu_pin_drive(m, 'X', 0, 1);
	mcu_pin_drive(m, 'B', 2, 1);
	mcu_debug_power(m, false, false);
	mcu_power(m, false);
	mcu_advance(m, 5 * MS);
	mcu_power(m, true);
	mcu_advance(m, MS);
	rig_debug_on(m);
	assert_int_equal(rig_r(m, 0), 0x20001000); /* SRAM at 0 */
	assert_int_equal(rig_try(m, F1_FLASH), MCU_BUS_FAULT);
	rig_halt(m);
	assert_int_equal(rig_reg(m, 0), F1_FLASH);
	assert_true((rig_reg(m, 16) & 0x1ff) == 3); /* HardFault */
}

/* SWJ_CFG: write-only, so a read-modify-write breaks; back at every reset. */
static void test_swj(void **state)
{
	struct mcu *m = *state;
	unsigned seen = 0;

	rig_w(m, 0x40021018, 5);
	for (unsigned i = 0; i < 64; i++)
		seen |= 1u << (rig_r(m, 0x40010004) >> 24 & 7);
	assert_true(__builtin_popcount(seen) > 4);
	rig_w(m, 0x40010004, 2u << 24);
	assert_true(mcu_debug_pins_on(m));
	assert_int_equal(mcu_pin_level(m, 'A', 13), 1);
	assert_int_equal(mcu_pin_level(m, 'A', 14), 0);
	rig_w(m, 0x40010004, 5u << 24); /* no effect */
	assert_true(mcu_debug_pins_on(m));
	assert_int_equal(mcu_bus_write(m, 0x40010004, 4, 4u << 24), MCU_BUS_OK);
	assert_false(mcu_debug_pins_on(m));
	assert_int_equal(mcu_pin_level(m, 'A', 13), -1); /* floats now */
	assert_int_equal(rig_try(m, F1_RAM), MCU_BUS_DEAD);
	reset(m);
	assert_true(mcu_debug_pins_on(m));
	assert_int_equal(rig_try(m, F1_RAM), MCU_BUS_OK);
}

/* The imitations, in what only the core can see. */
static void test_imitations(void **state)
{
	static const struct {
		const char *name;
		uint32_t idcode, vtor;
	} profiles[] = {
		{ "genuine", 0, 0x3fffff80 },
		{ "gd32f103", 0x13030410, 0xffffff80 },
		{ "cks32f103", 0x20036410, 0xffffff80 },
		{ "newer-core", 0x20036410, 0xffffff80 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		struct mcu_config cfg = f1_config("stm32f103xb", NULL);
		struct mcu *m;

		cfg.profile = profiles[i].name;
		m = rig_new(&cfg);
		f1_load(m, "f1_locked");
		f1_alone(m, 10);
		assert_int_equal(f1_peek(m, IDCODE), profiles[i].idcode);
		rig_debug_on(m);
		rig_w(m, 0xe000ed08, 0xffffffff);
		assert_int_equal(rig_r(m, 0xe000ed08), profiles[i].vtor);
		rig_w(m, 0x40021014, 0xffffffff);
		assert_int_equal(rig_r(m, 0x40021014), 0x555);
		mcu_free(m);
	}
}

int main(void)
{
#define T(x) cmocka_unit_test_setup_teardown(x, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_open_chip),
		T(test_locked_chip),
		cmocka_unit_test(test_frozen_xe),
		T(test_debugger_since_power_on),
		cmocka_unit_test(test_reset_after_lock),
		T(test_regression),
		cmocka_unit_test(test_regression_cut),
		T(test_mass_erase_at_level_1),
		T(test_boot_from_ram),
		T(test_swj),
		cmocka_unit_test(test_imitations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
