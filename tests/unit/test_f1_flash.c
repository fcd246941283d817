/* SPDX-License-Identifier: MIT */
/* The flash controller of the STM32F1: errors, times, torn cells, keys, the
 * option bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/f1_rig.h"

#define PAGE 1024u
#define PAGE8 (F1_FLASH + 8 * PAGE)

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

static void test_program_and_erase(void **state)
{
	struct mcu *m = *state;

	assert_int_equal(f1_program(m, PAGE8, 0x1234), F1_EOP);
	assert_int_equal(f1_r16(m, PAGE8), 0x1234);
	assert_int_equal(f1_r16(m, PAGE8 + 2), 0xffff);
	assert_int_equal(f1_program(m, PAGE8 + PAGE, 0x5678), F1_EOP);
	/* any address inside the page */
	assert_int_equal(f1_page_erase(m, PAGE8 + 0x3fe), F1_EOP);
	assert_int_equal(f1_r16(m, PAGE8), 0xffff);
	assert_int_equal(f1_r16(m, PAGE8 + PAGE), 0x5678);
	assert_int_equal(f1_mass_erase(m), F1_EOP);
	assert_int_equal(f1_r16(m, PAGE8 + PAGE), 0xffff);
}

static void test_second_write(void **state)
{
	struct mcu *m = *state;

	f1_program(m, PAGE8, 0x1234);
	assert_int_equal(f1_program(m, PAGE8, 0x1030), F1_PGERR);
	assert_int_equal(f1_r16(m, PAGE8), 0x1234);
	/* errors do not stand in the way of the next */
	rig_w(m, F1_CR, F1_PG);
	f1_w16(m, PAGE8, 0x1030);
	assert_true(rig_r(m, F1_SR) & F1_PGERR);
	f1_w16(m, PAGE8 + 2, 0x4321);
	assert_int_equal(f1_done(m), F1_PGERR | F1_EOP);
	assert_int_equal(f1_r16(m, PAGE8 + 2), 0x4321);
	/* zeros go over anything */
	assert_int_equal(f1_program(m, PAGE8, 0), F1_EOP);
	assert_int_equal(f1_r16(m, PAGE8), 0);
	assert_int_equal(f1_program(m, PAGE8, 0), F1_EOP);
}

static void test_widths(void **state)
{
	struct mcu *m = *state;

	f1_unlock(m);
	rig_w(m, F1_CR, F1_PG);
	assert_int_equal(mcu_bus_write(m, PAGE8, 4, 0x12345678), MCU_BUS_FAULT);
	assert_int_equal(mcu_bus_write(m, PAGE8, 1, 0x12), MCU_BUS_FAULT);
	assert_int_equal(rig_r(m, PAGE8), 0xffffffff);
	rig_w(m, F1_CR, 0);
	f1_unlock_options(m);
	assert_int_equal(mcu_bus_write(m, F1_OPTIONS, 4, 0), MCU_BUS_FAULT);
	/* without PG nothing happens */
	assert_int_equal(f1_w16(m, PAGE8, 0x1234), MCU_BUS_OK);
	assert_false(rig_r(m, F1_SR) & F1_BSY);
	assert_int_equal(f1_r16(m, PAGE8), 0xffff);
}

static void test_keys(void **state)
{
	struct mcu *m = *state;

	/* locked: CR takes nothing */
	rig_w(m, F1_CR, F1_PG);
	assert_int_equal(rig_r(m, F1_CR), F1_LOCK);
	f1_unlock(m);
	/* once more is harmless, as OpenOCD does it */
	rig_w(m, F1_KEYR, F1_KEY1);
	rig_w(m, F1_KEYR, F1_KEY2);
	assert_int_equal(rig_r(m, F1_CR), 0);
	assert_int_equal(rig_r(m, F1_KEYR), 0);
	f1_unlock_options(m);
	f1_unlock_options(m);
	/* OPTWRE goes by a written 0, and comes by the keys only */
	rig_w(m, F1_CR, 0);
	rig_w(m, F1_CR, F1_OPTWRE);
	assert_int_equal(rig_r(m, F1_CR), 0);
	/* a wrong key: bus error, locked, frozen until a reset */
	assert_int_equal(mcu_bus_write(m, F1_KEYR, 4, 1), MCU_BUS_FAULT);
	assert_true(rig_r(m, F1_CR) & F1_LOCK);
	assert_int_equal(mcu_bus_write(m, F1_KEYR, 4, F1_KEY1), MCU_BUS_FAULT);
	mcu_nrst(m, true);
	mcu_nrst(m, false);
	rig_w(m, F1_KEYR, F1_KEY1);
	assert_int_equal(mcu_bus_write(m, F1_KEYR, 4, F1_KEY1), MCU_BUS_FAULT);
	mcu_nrst(m, true);
	mcu_nrst(m, false);
	f1_unlock(m);
}

static uint64_t busy_time(struct mcu *m)
{
	uint64_t start = mcu_now(m);

	assert_true(rig_r(m, F1_SR) & F1_BSY); /* at once */
	while (rig_r(m, F1_SR) & F1_BSY)
		mcu_advance(m, US / 10);
	return (mcu_now(m) - start) / (US / 10);
}

static void test_times(void **state)
{
	static const struct {
		int time;
		uint64_t program, erase; /* tenths of us */
	} kinds[] = {
		{ MCU_TIME_MIN, 400, 200000 },
		{ MCU_TIME_TYP, 525, 200000 },
		{ MCU_TIME_MAX, 700, 400000 },
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct mcu_config cfg = f1_config("stm32f103xb", NULL);
		struct mcu *m;

		cfg.flash_time = kinds[i].time;
		m = rig_new(&cfg);
		f1_unlock(m);
		rig_w(m, F1_CR, F1_PG);
		f1_w16(m, PAGE8, 0);
		assert_in_range(busy_time(m), kinds[i].program - 5,
				kinds[i].program + 5);
		rig_w(m, F1_CR, F1_MER);
		rig_w(m, F1_CR, F1_MER | F1_STRT);
		/* busy: registers take nothing */
		rig_w(m, F1_CR, 0);
		rig_w(m, F1_AR, 0x08000400);
		assert_int_equal(rig_r(m, F1_CR), F1_MER | F1_STRT);
		assert_int_equal(rig_r(m, F1_AR), 0);
		assert_in_range(busy_time(m), kinds[i].erase - 10,
				kinds[i].erase + 10);
		mcu_free(m);
	}
}

static void test_cut_write(void **state)
{
	struct mcu *m = *state;
	unsigned kinds = 0;
	uint16_t first;

	f1_unlock(m);
	rig_w(m, F1_CR, F1_PG);
	mcu_cut_after(m, 1);
	f1_w16(m, PAGE8, 0x00ff);
	mcu_advance(m, MS);
	assert_false(mcu_powered(m));
	rig_power_cycle(m);
	assert_true(mcu_flash_torn(m, PAGE8));
	assert_false(mcu_flash_torn(m, PAGE8 + 2));
	/* what was to stay is there, the rest is another at each look */
	first = f1_r16(m, PAGE8);
	for (unsigned i = 0; i < 100; i++) {
		uint16_t v = f1_r16(m, PAGE8);

		assert_int_equal(v & 0xff, 0xff);
		kinds += v != first;
	}
	assert_true(kinds > 50);
	assert_true((rig_r(m, PAGE8) & 0xff) == 0xff);
	/* zeros make it firm, so does an erase */
	assert_int_equal(f1_program(m, PAGE8, 0), F1_EOP);
	assert_false(mcu_flash_torn(m, PAGE8));
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(f1_r16(m, PAGE8), 0);
}

/* adds up 64 reads of the half-word at r1; r0 counts changes from the first:
 * ldrh r2,[r1]; movs r0,#0; movs r3,#64; 1: ldrh r4,[r1]; cmp r4,r2; beq 2f;
 * adds r0,#1; 2: subs r3,#1; bne 1b; bkpt */
static const uint16_t looker[] = { 0x880a, 0x2000, 0x2340, 0x880c, 0x4294,
				   0xd000, 0x3001, 0x3b01, 0xd1f9, 0xbe00 };

/* Loads of the core see it too, from RAM code as from anywhere. */
static void test_torn_for_the_core(void **state)
{
	struct mcu *m = *state;

	rig_ram(m, F1_RAM + 0x400, looker, sizeof(looker));
	f1_program(m, PAGE8, 0x1234);
	rig_halt(m);
	rig_set_reg(m, 1, PAGE8);
	rig_go(m, F1_RAM + 0x400, F1_RAM + 0x1000);
	assert_true(rig_wait_halt(m, 10 * MS));
	assert_int_equal(rig_reg(m, 0), 0);
	f1_unlock(m);
	rig_w(m, F1_CR, F1_PER);
	rig_w(m, F1_AR, PAGE8);
	mcu_cut_after(m, 1);
	rig_w(m, F1_CR, F1_PER | F1_STRT);
	mcu_advance(m, 100 * MS);
	rig_power_cycle(m);
	rig_ram(m, F1_RAM + 0x400, looker, sizeof(looker));
	rig_halt(m);
	rig_set_reg(m, 1, PAGE8);
	rig_go(m, F1_RAM + 0x400, F1_RAM + 0x1000);
	assert_true(rig_wait_halt(m, 10 * MS));
	assert_true(rig_reg(m, 0) > 10);
	assert_int_equal(f1_page_erase(m, PAGE8), F1_EOP);
	rig_halt(m);
	rig_set_reg(m, 1, PAGE8);
	rig_go(m, F1_RAM + 0x400, F1_RAM + 0x1000);
	assert_true(rig_wait_halt(m, 10 * MS));
	assert_int_equal(rig_reg(m, 0), 0);
}

static void test_reset_tears(void **state)
{
	struct mcu *m = *state;

	f1_unlock(m);
	rig_w(m, F1_CR, F1_PG);
	f1_w16(m, PAGE8, 0);
	mcu_nrst(m, true);
	mcu_nrst(m, false);
	assert_false(rig_r(m, F1_SR) & F1_BSY);
	assert_true(mcu_flash_torn(m, PAGE8));
}

static void test_needs_hsi(void **state)
{
	struct mcu *m = *state;

	rig_w(m, 0x40021000, 1u << 16 | 1); /* HSE on */
	rig_w(m, 0x40021004, 1);	    /* and in use */
	rig_w(m, 0x40021000, 1u << 16);	    /* HSI off */
	f1_unlock(m);
	rig_w(m, F1_CR, F1_PG);
	f1_w16(m, PAGE8, 0x1234);
	mcu_advance(m, 100 * MS);
	assert_true(rig_r(m, F1_SR) & F1_BSY); /* for ever */
}

static void test_option_bytes(void **state)
{
	struct mcu *m = *state;

	assert_int_equal(rig_r(m, F1_OPTIONS), 0x00ff5aa5);
	assert_int_equal(rig_r(m, F1_OBR), 0x03fffffc);
	assert_int_equal(rig_r(m, F1_WRPR), 0xffffffff);
	/* not erased: not programmed */
	assert_int_equal(f1_option(m, 0, 0x55), F1_PGERR);
	assert_int_equal(f1_option_erase(m), F1_EOP);
	for (unsigned i = 0; i < 16; i += 4)
		assert_int_equal(rig_r(m, F1_OPTIONS + i), 0xffffffff);
	/* what is in force waits for a reset */
	assert_int_equal(rig_r(m, F1_OBR), 0x03fffffc);
	assert_int_equal(f1_option(m, 0, 0xa5), F1_EOP);
	assert_int_equal(f1_option(m, 1, 0xfe), F1_EOP);
	assert_int_equal(f1_option(m, 2, 0x12), F1_EOP);
	assert_int_equal(f1_option(m, 3, 0x34), F1_EOP);
	assert_int_equal(f1_option(m, 4, 0xfb), F1_EOP);
	assert_int_equal(rig_r(m, F1_OPTIONS), 0x01fe5aa5);
	assert_int_equal(rig_r(m, F1_OPTIONS + 4), 0xcb34ed12);
	mcu_nrst(m, true);
	mcu_nrst(m, false);
	assert_int_equal(rig_r(m, F1_OBR), 0x34 << 18 | 0x12 << 10 | 0xfe << 2);
	assert_int_equal(rig_r(m, F1_WRPR), 0xfffffffb);
}

static void test_write_protection(void **state)
{
	struct mcu *m = *state;

	/* bit 2: pages 8 to 11 */
	f1_option_erase(m);
	f1_option(m, 0, 0xa5);
	f1_option(m, 4, 0xfb);
	assert_int_equal(f1_program(m, PAGE8, 0x1234), F1_EOP);
	mcu_nrst(m, true);
	mcu_nrst(m, false);
	assert_int_equal(f1_program(m, PAGE8 + 2, 0x1234), F1_WRPRTERR);
	assert_int_equal(f1_page_erase(m, PAGE8 + 3 * PAGE), F1_WRPRTERR);
	assert_int_equal(f1_page_erase(m, PAGE8 + 4 * PAGE), F1_EOP);
	assert_int_equal(f1_mass_erase(m), F1_WRPRTERR);
	assert_int_equal(f1_r16(m, PAGE8), 0x1234);
	/* outside of the flash */
	assert_int_equal(f1_page_erase(m, F1_FLASH + 128 * PAGE), F1_WRPRTERR);
}

/* On the xE the last bit stands for all from page 62 on. */
static void test_write_protection_xe(void **state)
{
	struct mcu *m = f1_new("stm32f103xe", NULL);

	(void)state;
	f1_option_erase(m);
	f1_option(m, 0, 0xa5);
	f1_option(m, 7, 0x7f);
	mcu_nrst(m, true);
	mcu_nrst(m, false);
	assert_int_equal(f1_page_erase(m, F1_FLASH + 61 * 2048), F1_EOP);
	assert_int_equal(f1_page_erase(m, F1_FLASH + 62 * 2048), F1_WRPRTERR);
	assert_int_equal(f1_page_erase(m, F1_FLASH + 255 * 2048), F1_WRPRTERR);
	mcu_free(m);
}

/* A cut in an option byte: locked when its complement is broken. */
static void test_torn_option(void **state)
{
	unsigned locked = 0, errors = 0;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		struct mcu_config cfg = f1_config("stm32f103xb", NULL);
		struct mcu *m;

		cfg.seed = 100 + i;
		m = rig_new(&cfg);
		f1_option_erase(m);
		f1_unlock_options(m);
		rig_w(m, F1_CR, F1_OPTWRE | F1_OPTPG);
		mcu_cut_after(m, 1);
		f1_w16(m, F1_OPTIONS, 0xa5);
		mcu_advance(m, MS);
		rig_power_cycle(m);
		locked += mcu_protection(m);
		errors += rig_r(m, F1_OBR) & 1;
		mcu_free(m);
	}
	assert_true(locked >= 18); /* one in 256 falls on the right side */
	assert_true(errors >= 15);
}

int main(void)
{
#define T(x) cmocka_unit_test_setup_teardown(x, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_program_and_erase),
		T(test_second_write),
		T(test_widths),
		T(test_keys),
		cmocka_unit_test(test_times),
		T(test_cut_write),
		T(test_torn_for_the_core),
		T(test_reset_tears),
		T(test_needs_hsi),
		T(test_option_bytes),
		T(test_write_protection),
		cmocka_unit_test(test_write_protection_xe),
		cmocka_unit_test(test_torn_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
