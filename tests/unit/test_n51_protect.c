/* SPDX-License-Identifier: MIT */
/*
 * nRF51: what read protection hides, from whom, and what it does not: with
 * PALL the whole flash is extracted by a debugger that steps.  NRM table 40.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/n51_rig.h"

#define SECRET 0x5ec2e700u
#define CODE 0x3a0u
#define FAR 0x8000u /* where the secret lies */
#define GPIO_OUT 0x50000504u
#define FLASH_LEN 0x40000u

static int setup(void **state)
{
	*state = n51_new();
	return 0;
}

static int teardown(void **state)
{
	mcu_free(*state);
	return 0;
}

/* ldr r1, [r0]; bkpt, in flash; and loops; a secret. */
static void install(struct mcu *m)
{
	static const uint32_t code[] = { 0xbe006801, 0xe7fee7fe };

	n51_vectors(m, CODE + 4);
	n51_words(m, CODE, code, 2);
	n51_word(m, FAR, SECRET);
}

static void locked(struct mcu *m)
{
	install(m);
	n51_lock(m, N51_PALL);
	mcu_advance(m, MS);
}

static void test_lock_waits_for_a_reset(void **state)
{
	struct mcu *m = *state;

	install(m);
	n51_word(m, N51_RBPCONF, N51_PALL);
	assert_int_equal(mcu_protection(m), 0);
	assert_int_equal(rig_r(m, FAR), SECRET);
	rig_w(m, AIRCR, 0x05fa0004); /* any reset will do */
	mcu_advance(m, 10 * US);
	assert_int_equal(mcu_protection(m), 1);
	assert_int_equal(rig_r(m, FAR), 0);
}

static void test_swd_reads_zeros(void **state)
{
	struct mcu *m = *state;
	uint32_t v = 1;

	locked(m);
	assert_int_equal(rig_r(m, FAR), 0);
	assert_int_equal(rig_r(m, 0), 0);
	assert_int_equal(mcu_bus_read(m, FAR, 1, &v), MCU_BUS_OK);
	assert_int_equal(v, 0);
	rig_w(m, RESULT, 0x1234);
	assert_int_equal(rig_r(m, RESULT), 0);
	rig_w(m, GPIO_OUT, 1);
	assert_int_equal(rig_r(m, GPIO_OUT), 0);
	n51_config_set(m, N51_WEN); /* the controller is open, flash not */
	assert_int_equal(rig_r(m, N51_CONFIG), N51_WEN);
	rig_w(m, FAR, 0);
	rig_w(m, N51_UICR + 0x80, 0);
	assert_int_equal(rig_r(m, N51_READY), 1);
	rig_w(m, N51_POWER + 0x544, 1); /* POWER.RESET */
	assert_int_equal(rig_r(m, N51_POWER + 0x544), 1);
	rig_w(m, N51_POWER + 0x524, 0); /* RAMON is not */
	assert_int_equal(rig_r(m, N51_POWER + 0x524), 0);
	assert_int_equal(rig_r(m, N51_RBPCONF), N51_PALL);
	assert_int_equal(rig_r(m, 0x10000010), 0x400); /* CODEPAGESIZE */
	assert_int_equal(mcu_flash_peek(m, FAR, (uint8_t *)&v, 4), 0);
	assert_int_equal(v, SECRET);
}

/* The debugger cannot put code into RAM, so code in flash does it:
 * str r3, [r2]; bx r4, and in RAM: ldr r1, [r0]; bkpt. */
static void ram_code(struct mcu *m, uint32_t addr)
{
	const uint32_t regs[8] = { addr, 0, N51_CODE, 0xbe006801,
				   N51_CODE | 1 };

	n51_word(m, CODE + 8, 0x47206013);
	n51_lock(m, N51_PALL);
	assert_true(n51_run(m, CODE + 8, regs));
}

static void test_ram_code_faults(void **state)
{
	struct mcu *m = *state;

	install(m);
	ram_code(m, FAR);
	assert_int_equal(n51_exception(m), 3);
	assert_int_equal(rig_reg(m, 1), 0); /* it got nothing */
}

static void test_ram_code_sees_the_rest(void **state)
{
	struct mcu *m = *state;

	install(m);
	ram_code(m, 0x10000014);
	assert_int_equal(n51_exception(m), 0);
	assert_int_equal(rig_reg(m, 1), 0x100); /* CODESIZE */
}

static void test_flash_code_reads(void **state)
{
	static const uint32_t regs[8] = { FAR };
	struct mcu *m = *state;

	locked(m);
	assert_true(n51_run(m, CODE, regs));
	assert_int_equal(n51_exception(m), 0);
	assert_int_equal(rig_reg(m, 1), SECRET);
}

/* -- the attack (Include Security 2015) ------------------------------------ */

static void step(struct mcu *m)
{
	rig_w(m, DHCSR, DBGKEY | 0xd); /* STEP, MASKINTS */
	mcu_advance(m, 5 * US);
	if (!(rig_r(m, DHCSR) & 1u << 17))
		rig_halt(m);
}

static void try_at(struct mcu *m, uint32_t pc, uint32_t addr)
{
	rig_set_reg(m, 15, pc);
	rig_set_reg(m, 16, 1u << 24);
	for (unsigned i = 0; i < 8; i++)
		rig_set_reg(m, i, addr);
	step(m);
}

/* The first two words are known from the registers after a reset.  Where does
 * one step turn the address of the second into its value? */
static int find_load(struct mcu *m, uint32_t entry, uint32_t *pc, unsigned *reg)
{
	for (*pc = 0xc0; *pc < FLASH_LEN; *pc += 2) {
		try_at(m, *pc, 4);
		for (*reg = 0; *reg < 8; ++*reg)
			if ((rig_reg(m, *reg) & ~1u) == entry)
				return 1;
	}
	return 0;
}

static uint32_t reset_entry(struct mcu *m)
{
	rig_w(m, DEMCR, 1);
	rig_w(m, DHCSR, DBGKEY | 3);
	rig_w(m, AIRCR, 0x05fa0004);
	mcu_advance(m, 50 * US);
	return rig_reg(m, 15);
}

static void test_stepping_extracts_all(void **state)
{
	struct mcu *m = *state;
	uint32_t pc, entry, *out = malloc(FLASH_LEN);
	uint8_t *have = malloc(FLASH_LEN);
	unsigned reg;

	assert_true(out != NULL && have != NULL);
	install(m);
	for (uint32_t i = 0; i < 4096; i += 4)
		n51_word(m, 0x10000 + i, i * 2654435761u);
	n51_lock(m, N51_PALL);
	entry = reset_entry(m);
	assert_int_equal(entry, CODE + 4);
	assert_true(find_load(m, entry, &pc, &reg));
	assert_int_equal(pc, CODE);
	for (uint32_t a = 0; a < FLASH_LEN; a += 4) {
		/* once the place is known, one register is enough */
		rig_set_reg(m, 15, pc);
		rig_set_reg(m, 0, a);
		step(m);
		out[a / 4] = rig_reg(m, reg);
	}
	assert_int_equal(mcu_flash_peek(m, 0, have, FLASH_LEN), 0);
	assert_memory_equal(out, have, FLASH_LEN);
	free(out);
	free(have);
}

/* -- the way back ---------------------------------------------------------- */

static void test_recovery_erases(void **state)
{
	struct mcu *m = *state;

	locked(m);
	n51_config_set(m, N51_EEN);
	rig_w(m, N51_ERASEALL, 1);
	n51_ready(m);
	assert_int_equal(rig_r(m, N51_RBPCONF), 0xffffffff);
	assert_int_equal(rig_r(m, FAR), 0); /* still shut */
	rig_power_cycle(m);
	assert_int_equal(mcu_protection(m), 0);
	assert_int_equal(rig_r(m, FAR), 0xffffffff);
	assert_int_equal(rig_r(m, 0), 0xffffffff);
}

static void test_region0_only(void **state)
{
	static const uint32_t far_load = 0xbe006801;
	const uint32_t regs[8] = { CODE };
	struct mcu *m = *state;

	install(m);
	n51_word(m, FAR + 8, far_load);
	n51_word(m, N51_UICR, 0x1000);
	n51_lock(m, 0xffffff00); /* PR0 */
	assert_int_equal(mcu_protection(m), 0);
	assert_int_equal(rig_r(m, CODE), 0);
	assert_int_equal(rig_r(m, 4), (CODE + 4) | 1); /* 0x00-0x7f escape */
	assert_int_equal(rig_r(m, FAR), SECRET);
	assert_true(n51_run(m, CODE, regs)); /* region 0 reads itself */
	assert_int_equal(rig_reg(m, 1), far_load);
	assert_true(n51_run(m, FAR + 8, regs)); /* region 1 does not */
	assert_int_equal(n51_exception(m), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lock_waits_for_a_reset,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_swd_reads_zeros, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_ram_code_faults, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_ram_code_sees_the_rest,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_flash_code_reads, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_stepping_extracts_all,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_recovery_erases, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_region0_only, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
