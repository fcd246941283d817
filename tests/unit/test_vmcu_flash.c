/* SPDX-License-Identifier: MIT */
/* Flash controller: errors, times, torn writes, keys, the option bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/vmcu_rig.h"

#define PAGE 2048u
#define RCC_CR 0x40021000u
#define CR_FSTPG (1u << 18)
#define SR_MISERR (1u << 8)
#define SR_FASTERR (1u << 9)
#define VALUE 0x1122334455667788ull

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

static uint64_t read64(struct mcu *m, uint32_t addr)
{
	return rig_r(m, addr) | (uint64_t)rig_r(m, addr + 4) << 32;
}

/* Starts what CR says and measures how long BSY stands. */
static uint64_t busy_time(struct mcu *m)
{
	uint64_t start = mcu_now(m);

	assert_true(rig_r(m, FLASH_SR) & SR_BSY); /* at once */
	while (rig_r(m, FLASH_SR) & SR_BSY)
		mcu_advance(m, US / 100);
	return mcu_now(m) - start;
}

static void assert_near(uint64_t ps, uint64_t us_x100)
{
	uint64_t want = us_x100 * US / 100;

	/* the core may be one instruction (3 cycles at 4 MHz) ahead */
	assert_in_range(ps, want - US, want + US);
}

static void test_program_and_erase(void **state)
{
	struct mcu *m = *state;

	assert_int_equal(rig_program(m, FLASH, VALUE) & SR_ERRORS, 0);
	assert_true(read64(m, FLASH) == VALUE);
	assert_true(read64(m, FLASH + 8) == UINT64_MAX);
	assert_int_equal(rig_program(m, FLASH + PAGE, VALUE) & SR_ERRORS, 0);
	assert_int_equal(rig_erase_page(m, 0) & SR_ERRORS, 0);
	assert_true(read64(m, FLASH) == UINT64_MAX);
	assert_true(read64(m, FLASH + PAGE) == VALUE);
	rig_w(m, FLASH_CR, CR_MER1 | CR_STRT);
	assert_int_equal(rig_busy(m) & SR_ERRORS, 0);
	assert_true(read64(m, FLASH + PAGE) == UINT64_MAX);
}

static void test_second_write(void **state)
{
	struct mcu *m = *state;

	rig_program(m, FLASH, VALUE);
	assert_int_equal(rig_program(m, FLASH, VALUE & ~1ull) & SR_ERRORS,
			 SR_PROGERR);
	assert_true(read64(m, FLASH) == VALUE);
	/* errors stand in the way until they are cleared */
	assert_int_equal(rig_program(m, FLASH + 8, VALUE) & SR_ERRORS,
			 SR_PROGERR | SR_PGSERR);
	assert_true(read64(m, FLASH + 8) == UINT64_MAX);
	rig_w(m, FLASH_SR, SR_ERRORS);
	assert_int_equal(rig_program(m, FLASH + 8, VALUE) & SR_ERRORS, 0);
	/* all zeros may be written over anything */
	assert_int_equal(rig_program(m, FLASH, 0) & SR_ERRORS, 0);
	assert_true(read64(m, FLASH) == 0);
}

static uint32_t errors_after_clear(struct mcu *m)
{
	uint32_t sr = rig_r(m, FLASH_SR) & SR_ERRORS;

	rig_w(m, FLASH_SR, SR_ERRORS);
	assert_int_equal(rig_r(m, FLASH_SR) & SR_ERRORS, 0);
	return sr;
}

static void test_wrong_sequences(void **state)
{
	struct mcu *m = *state;

	rig_unlock(m);
	rig_w(m, FLASH, 1); /* no PG */
	assert_int_equal(errors_after_clear(m), SR_PGSERR);
	rig_w(m, FLASH_CR, CR_PG);
	mcu_bus_write(m, FLASH, 2, 1);
	assert_int_equal(errors_after_clear(m), SR_SIZERR);
	mcu_bus_write(m, FLASH, 1, 1);
	assert_int_equal(errors_after_clear(m), SR_SIZERR);
	rig_w(m, FLASH + 4, 1); /* high word first */
	assert_int_equal(errors_after_clear(m), SR_PGAERR);
	rig_w(m, FLASH, 1);
	rig_w(m, FLASH + 12, 1); /* another double word */
	assert_int_equal(errors_after_clear(m), SR_PGAERR);
	rig_w(m, FLASH_CR, CR_PG | CR_PER | CR_STRT);
	assert_int_equal(errors_after_clear(m), SR_PGSERR);
	rig_w(m, FLASH_CR, CR_PER | CR_MER1 | CR_STRT);
	assert_int_equal(errors_after_clear(m), SR_PGSERR);
	rig_w(m, FLASH_CR, CR_STRT);
	assert_int_equal(errors_after_clear(m), SR_PGSERR);
	rig_w(m, FLASH_CR, CR_PER | CR_STRT | 128 << 3); /* no such page */
	assert_int_equal(errors_after_clear(m), SR_WRPERR);
	rig_w(m, FLASH_CR, CR_FSTPG); /* without a mass erase */
	rig_w(m, FLASH, 1);
	assert_int_equal(errors_after_clear(m), SR_PGSERR);
	assert_true(read64(m, FLASH) == UINT64_MAX);
}

static void fast_ready(struct mcu *m)
{
	rig_unlock(m);
	rig_w(m, FLASH_CR, CR_MER1);
	rig_w(m, FLASH_CR, CR_MER1 | CR_STRT);
	assert_int_equal(rig_busy(m) & SR_ERRORS, 0);
	rig_w(m, RCC_CR, 0x99); /* MSI 24 MHz */
	rig_w(m, FLASH_CR, CR_FSTPG);
}

static void fast_pair(struct mcu *m, uint32_t addr, uint64_t v)
{
	rig_w(m, addr, (uint32_t)v);
	rig_w(m, addr + 4, (uint32_t)(v >> 32));
}

static void test_fast_row(void **state)
{
	struct mcu *m = *state;
	uint64_t start;

	fast_ready(m);
	start = mcu_now(m);
	fast_pair(m, FLASH + 256, VALUE);
	for (uint32_t i = 1; i < 32; i++) {
		fast_pair(m, FLASH + 256 + 8 * i, VALUE + i);
		mcu_advance(m, 60 * US);
		assert_true(rig_r(m, FLASH_SR) & SR_BSY);
	}
	assert_int_equal(rig_busy(m) & SR_ERRORS, 0);
	/* 1.91 ms, seen in steps of 60 us */
	assert_in_range(mcu_now(m) - start, 1909 * US, 1970 * US);
	for (uint32_t i = 0; i < 32; i++)
		assert_true(read64(m, FLASH + 256 + 8 * i) == VALUE + i);
	assert_true(read64(m, FLASH + 512) == UINT64_MAX);
}

static void test_fast_errors(void **state)
{
	struct mcu *m = *state;

	fast_ready(m);
	rig_w(m, FLASH + 8, 1); /* not the beginning of a row */
	assert_int_equal(errors_after_clear(m), SR_PGAERR | SR_FASTERR);
	fast_pair(m, FLASH, VALUE); /* the second one never comes */
	mcu_advance(m, 100 * US);
	assert_int_equal(errors_after_clear(m), SR_MISERR | SR_FASTERR);
	fast_pair(m, FLASH + 256, VALUE);
	rig_w(m, FLASH + 256 + 16, 1); /* leaves one out */
	mcu_advance(m, 100 * US);
	assert_int_equal(errors_after_clear(m), SR_PGAERR | SR_FASTERR);
	rig_w(m, RCC_CR, 0x63); /* 4 MHz are too slow */
	rig_w(m, FLASH + 512, 1);
	assert_int_equal(errors_after_clear(m), SR_FASTERR);
	assert_true(read64(m, FLASH + 512) == UINT64_MAX);
}

static void test_eop_only_when_asked(void **state)
{
	struct mcu *m = *state;

	assert_int_equal(rig_program(m, FLASH, VALUE) & SR_EOP, 0);
	rig_w(m, FLASH_CR, CR_PG | 1u << 24);
	rig_w(m, FLASH + 8, 0);
	rig_w(m, FLASH + 12, 0);
	assert_int_equal(rig_busy(m) & SR_EOP, SR_EOP);
	rig_w(m, FLASH_SR, SR_EOP);
	assert_int_equal(rig_r(m, FLASH_SR) & SR_EOP, 0);
}

static void test_locks(void **state)
{
	struct mcu *m = *state;

	rig_w(m, FLASH_CR, CR_PG); /* locked: nothing happens */
	assert_int_equal(rig_r(m, FLASH_CR), CR_LOCK | CR_OPTLOCK);
	rig_unlock_options(m);
	/* what OpenOCD stores must not lock or unlock the other half */
	rig_w(m, FLASH_CR, 0);
	assert_int_equal(rig_r(m, FLASH_CR), 0);
	rig_w(m, FLASH_CR, CR_OPTLOCK);
	assert_int_equal(rig_r(m, FLASH_CR), CR_OPTLOCK);
	rig_w(m, FLASH_CR, 0);
	assert_int_equal(rig_r(m, FLASH_CR), CR_OPTLOCK);
	rig_w(m, FLASH_CR, CR_LOCK);
	assert_int_equal(rig_r(m, FLASH_CR), CR_LOCK | CR_OPTLOCK);
	rig_w(m, FLASH_CR, 0);
	assert_int_equal(rig_r(m, FLASH_CR), CR_LOCK | CR_OPTLOCK);
}

static void test_wrong_key_freezes(void **state)
{
	struct mcu *m = *state;

	assert_int_equal(mcu_bus_write(m, FLASH_KEYR, 4, 0x45670124),
			 MCU_BUS_FAULT);
	assert_int_equal(mcu_bus_write(m, FLASH_KEYR, 4, 0x45670123),
			 MCU_BUS_FAULT);
	assert_true(rig_r(m, FLASH_CR) & CR_LOCK);
	mcu_nrst(m, true);
	mcu_advance(m, US);
	mcu_nrst(m, false);
	rig_unlock(m);
	/* a key while unlocked is an error as well */
	assert_int_equal(mcu_bus_write(m, FLASH_KEYR, 4, 0x45670123),
			 MCU_BUS_FAULT);
	assert_true(rig_r(m, FLASH_CR) & CR_LOCK);
}

static void measure(int kind, const uint32_t want_us_x100[3])
{
	struct mcu_config cfg = rig_config();
	struct mcu *m;

	cfg.flash_time = kind;
	m = rig_new(&cfg);
	rig_unlock(m);
	rig_w(m, FLASH_CR, CR_PG);
	rig_w(m, FLASH, 0);
	rig_w(m, FLASH + 4, 0);
	assert_near(busy_time(m), want_us_x100[0]);
	rig_w(m, FLASH_CR, CR_PER | CR_STRT);
	assert_near(busy_time(m), want_us_x100[1]);
	rig_w(m, FLASH_CR, CR_MER1 | CR_STRT);
	assert_near(busy_time(m), want_us_x100[2]);
	mcu_free(m);
}

static void test_times(void **state)
{
	static const uint32_t typ[3] = { 8169, 2202000, 2213000 };
	static const uint32_t max[3] = { 9076, 2447000, 2459000 };

	(void)state;
	measure(MCU_TIME_TYP, typ);
	measure(MCU_TIME_MAX, max);
}

static void test_torn_write(void **state)
{
	struct mcu *m = *state;

	rig_program(m, FLASH, 1); /* not empty: boots from flash */
	mcu_cut_after(m, 2);
	rig_program(m, FLASH + 8, VALUE);
	rig_unlock(m);
	rig_w(m, FLASH_CR, CR_PG);
	rig_w(m, FLASH + 16, (uint32_t)VALUE);
	rig_w(m, FLASH + 20, (uint32_t)(VALUE >> 32));
	mcu_advance(m, MS);
	assert_false(mcu_powered(m));
	rig_power_cycle(m);
	assert_true(read64(m, FLASH + 8) == VALUE);
	assert_int_equal(rig_r(m, FLASH_ECCR), 0);
	(void)read64(m, FLASH + 16);
	assert_int_equal(rig_r(m, FLASH_ECCR), 1u << 31 | 16);
	/* no second value without an erase, except all zeros */
	assert_int_equal(rig_program(m, FLASH + 16, VALUE) & SR_ERRORS,
			 SR_PROGERR);
	rig_w(m, FLASH_SR, SR_ERRORS);
	assert_int_equal(rig_program(m, FLASH + 16, 0) & SR_ERRORS, 0);
	rig_w(m, FLASH_ECCR, 1u << 31);
	assert_true(read64(m, FLASH + 16) == 0);
	assert_int_equal(rig_r(m, FLASH_ECCR) >> 31, 0);
}

static void test_torn_erase(void **state)
{
	struct mcu *m = *state;
	unsigned bad = 0;

	for (uint32_t i = 0; i < 16; i++)
		rig_program(m, FLASH + PAGE + 8 * i, VALUE);
	rig_unlock(m);
	mcu_cut_after(m, 1);
	rig_w(m, FLASH_CR, CR_PER | CR_STRT | 1 << 3);
	mcu_advance(m, 30 * MS);
	assert_false(mcu_powered(m));
	rig_power_cycle(m);
	for (uint32_t i = 0; i < 16; i++) {
		(void)rig_r(m, FLASH + PAGE + 8 * i);
		bad += rig_r(m, FLASH_ECCR) >> 31;
		rig_w(m, FLASH_ECCR, 1u << 31);
	}
	assert_true(bad > 8);
	assert_int_equal(rig_erase_page(m, 1) & SR_ERRORS, 0);
	assert_true(read64(m, FLASH + PAGE) == UINT64_MAX);
	assert_int_equal(rig_r(m, FLASH_ECCR) >> 31, 0);
}

/* Firmware reads a torn double word: its NMI handler must run. */
static void test_torn_write_is_nmi(void **state)
{
	/* 0: sp, reset 0x41, nmi 0x61; reset: r1 = 1, [r0] = r1, load from
	 * r2 = flash + 0x100, then r1 = 2, [r0] = r1, loop.
	 * nmi: [r0 + 4] = 0x55, loop */
	static const uint16_t code[] = {
		0x4803,
		0x4a04,
		0x2101,
		0x6001,
		0x6813,
		0x2102,
		0x6001,
		0xe7fe,
		0x0100,
		0x2000,
		0x0100,
		0x0800,
		0,
		0,
		0,
		0,
		/* 0x60 */ 0x2155,
		0x6041,
		0xe7fe,
		0,
	};
	static const uint32_t vectors[4] = { 0x20008000, FLASH + 0x41,
					     FLASH + 0x61, FLASH + 0x65 };
	struct mcu *m = *state;

	rig_flash(m, FLASH, vectors, sizeof(vectors));
	rig_flash(m, FLASH + 0x40, code, sizeof(code));
	rig_unlock(m);
	mcu_cut_after(m, 1);
	rig_w(m, FLASH_CR, CR_PG);
	rig_w(m, FLASH + 0x100, 0x1234);
	rig_w(m, FLASH + 0x104, 0x1234);
	mcu_advance(m, MS);
	assert_false(mcu_powered(m));
	rig_power_cycle(m);
	mcu_advance(m, MS);
	assert_int_equal(rig_r(m, RESULT), 1);
	assert_int_equal(rig_r(m, RESULT + 4), 0x55);
}

/* The same when it is fetched: nothing of it is executed. */
static void test_torn_code_is_nmi(void **state)
{
	/* 0x40: ldr r0, =RESULT; movs r1, #1; str r1, [r0]; b 0x100
	 * nmi at 0x60: movs r1, #0x55; str r1, [r0, #4]; loop */
	static const uint16_t code[] = {
		0x4801,
		0x2101,
		0x6001,
		0xe05b,
		0x0100,
		0x2000,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		/* 0x60 */ 0x2155,
		0x6041,
		0xe7fe,
		0,
	};
	static const uint32_t vectors[4] = { 0x20008000, FLASH + 0x41,
					     FLASH + 0x61, FLASH + 0x65 };
	struct mcu *m = *state;

	rig_flash(m, FLASH, vectors, sizeof(vectors));
	rig_flash(m, FLASH + 0x40, code, sizeof(code));
	rig_unlock(m);
	mcu_cut_after(m, 1);
	rig_w(m, FLASH_CR, CR_PG);
	rig_w(m, FLASH + 0x100, 0xe7fe2100);
	rig_w(m, FLASH + 0x104, 0);
	mcu_advance(m, MS);
	rig_power_cycle(m);
	mcu_advance(m, MS);
	assert_int_equal(rig_r(m, RESULT), 1);
	assert_int_equal(rig_r(m, RESULT + 4), 0x55);
	assert_int_equal(rig_r(m, FLASH_ECCR), 1u << 31 | 0x100);
}

static void test_reset_tears(void **state)
{
	struct mcu *m = *state;

	rig_program(m, FLASH, 1);
	rig_unlock(m);
	rig_w(m, FLASH_CR, CR_PG);
	rig_w(m, FLASH + 8, 0x1234);
	rig_w(m, FLASH + 12, 0x1234);
	mcu_nrst(m, true);
	mcu_advance(m, US);
	mcu_nrst(m, false);
	assert_false(rig_r(m, FLASH_SR) & SR_BSY);
	(void)rig_r(m, FLASH + 8);
	assert_true(rig_r(m, FLASH_ECCR) >> 31);
}

static void test_write_protection(void **state)
{
	struct mcu *m = *state;

	rig_unlock_options(m);
	rig_w(m, 0x4002202c, 5u << 16 | 3); /* pages 3 to 5 */
	rig_w(m, FLASH_CR, CR_OPTSTRT);
	rig_busy(m);
	/* not in force before it is loaded */
	assert_int_equal(rig_program(m, FLASH + 3 * PAGE, 1) & SR_ERRORS, 0);
	rig_program(m, FLASH, 1);
	rig_power_cycle(m);
	assert_int_equal(rig_program(m, FLASH + 2 * PAGE, 1) & SR_ERRORS, 0);
	assert_int_equal(rig_program(m, FLASH + 4 * PAGE, 1) & SR_ERRORS,
			 SR_WRPERR);
	rig_w(m, FLASH_SR, SR_ERRORS);
	assert_int_equal(rig_erase_page(m, 5) & SR_ERRORS, SR_WRPERR);
	rig_w(m, FLASH_SR, SR_ERRORS);
	assert_int_equal(rig_erase_page(m, 6) & SR_ERRORS, 0);
	rig_w(m, FLASH_CR, CR_MER1 | CR_STRT);
	assert_int_equal(rig_busy(m) & SR_ERRORS, SR_WRPERR);
}

int main(void)
{
#define T(x) cmocka_unit_test_setup_teardown(x, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_program_and_erase),
		T(test_second_write),
		T(test_wrong_sequences),
		T(test_fast_row),
		T(test_fast_errors),
		T(test_eop_only_when_asked),
		T(test_locks),
		T(test_wrong_key_freezes),
		T(test_times),
		T(test_torn_write),
		T(test_torn_erase),
		T(test_torn_write_is_nmi),
		T(test_torn_code_is_nmi),
		T(test_reset_tears),
		T(test_write_protection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
