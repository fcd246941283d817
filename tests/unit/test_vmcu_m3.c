/* SPDX-License-Identifier: MIT */
/* The Cortex-M3 of the STM32F103: cycles by its TRM, and what tells r1p1 from
 * newer cores and from the M4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/vmcu_rig.h"

#define CODE 0x20000400u
#define DATA 0x20000100u
#define STACK 0x20001000u

static int setup(void **state)
{
	struct mcu_config cfg = rig_config();

	cfg.chip = "stm32f103xb";
	*state = rig_new(&cfg);
	return 0;
}

static int teardown(void **state)
{
	mcu_free(*state);
	return 0;
}

/* Cycles of 1,000 turns with these instructions, less those of none. */
static uint64_t loop_cycles(struct mcu *m, const uint16_t *insns, size_t n)
{
	/* 1: <insns>; subs r7, #1; bne 1b; bkpt */
	uint16_t code[16];
	uint64_t begin;

	if (n != 0)
		memcpy(code, insns, n * 2);
	code[n] = 0x3f01;
	code[n + 1] = (uint16_t)(0xd100 | (uint8_t)(-(int)n - 3));
	code[n + 2] = 0xbe00;
	rig_halt(m);
	rig_ram(m, CODE, code, (n + 3) * 2);
	rig_set_reg(m, 0, DATA);
	rig_set_reg(m, 7, 1000);
	rig_go(m, CODE, STACK);
	begin = mcu_cycles(m);
	assert_true(rig_wait_halt(m, 100 * MS));
	return mcu_cycles(m) - begin;
}

/* Cortex-M3 TRM r2p0, 18.2.1. */
static void test_costs(void **state)
{
	static const struct {
		const char *what;
		uint16_t insns[4];
		size_t n;
		unsigned cycles;
	} rows[] = {
		{ "mul r1, r2, r3", { 0xfb02, 0xf103 }, 2, 1 },
		{ "mla r1, r2, r3, r4", { 0xfb02, 0x4103 }, 2, 2 },
		{ "mls r1, r2, r3, r4", { 0xfb02, 0x4113 }, 2, 2 },
		{ "umull r1, r2, r3, r4", { 0xfba3, 0x1204 }, 2, 4 },
		{ "umlal r1, r2, r3, r4", { 0xfbe3, 0x1204 }, 2, 6 },
		{ "udiv r1, r2, r3", { 0xfbb2, 0xf1f3 }, 2, 6 },
		{ "ldr r1, [r0]", { 0x6801 }, 1, 2 },
		{ "ldm r0, {r1-r4}", { 0xe890, 0x001e }, 2, 5 },
		{ "it eq; moveq r1, #0", { 0xbf08, 0x2100 }, 2, 2 },
		{ "bl .+6; nop", { 0xf000, 0xf801, 0xbf00 }, 3, 3 },
	};
	uint64_t none = loop_cycles(*state, NULL, 0);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t some = loop_cycles(*state, rows[i].insns, rows[i].n);

		if (some - none != 1000 * (uint64_t)rows[i].cycles)
			fail_msg("%s: %u/1000 cycles, not %u", rows[i].what,
				 (unsigned)(some - none), rows[i].cycles);
	}
}

static void test_registers(void **state)
{
	static const struct {
		uint32_t addr, write, read;
	} rows[] = {
		{ 0xe000ed00, 0, 0x411fc231 },
		{ 0xe000ed08, 0xffffffff, 0x3fffff80 }, /* r1p1: [29:7] */
		{ 0xe000e400, 0xffffffff, 0xf0f0f0f0 },
		{ 0xe000ed88, 0xffffffff, 0 },		/* no FPU */
		{ 0xe000ef40, 0, 0 },			/* MVFR0 */
		{ 0xe000e004, 0, 1 },			/* ICTR */
		{ 0xe000ed60, 0, 0x01141110 },		/* ID_ISAR0 */
		{ 0xe000ed18, 0x00f0f0f0, 0x00f0f0f0 }, /* v7-M has SHPR1 */
	};
	struct mcu *m = *state;

	rig_halt(m);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].write != 0)
			rig_w(m, rows[i].addr, rows[i].write);
		if (rig_r(m, rows[i].addr) != rows[i].read)
			fail_msg("%08x reads %08x, not %08x", rows[i].addr,
				 rig_r(m, rows[i].addr), rows[i].read);
	}
}

/* vmov s0, r0: no coprocessor; an access that is not aligned: fine. */
static void test_no_fpu(void **state)
{
	static const uint16_t code[] = { 0xf8d0, 0x1001, 0xee00, 0x0a10,
					 0xbe00 };
	struct mcu *m = *state;

	rig_halt(m);
	rig_w(m, DATA, 0x44332211);
	rig_w(m, DATA + 4, 0x88776655);
	rig_w(m, DEMCR, 1u << 10);
	rig_ram(m, CODE, code, sizeof(code));
	rig_set_reg(m, 0, DATA);
	rig_go(m, CODE, STACK);
	assert_true(rig_wait_halt(m, MS));
	assert_int_equal(rig_reg(m, 1), 0x55443322);
	assert_int_equal(rig_r(m, 0xe000ed28), 1u << 19); /* CFSR.NOCP */
}

/* SRAM bits have addresses of their own. */
static void test_bit_band(void **state)
{
	struct mcu *m = *state;

	rig_w(m, DATA, 0);
	rig_w(m, 0x22000000 + (DATA - 0x20000000) * 32 + 4 * 9, 1);
	assert_int_equal(rig_r(m, DATA), 1u << 9);
}

int main(void)
{
#define T(x) cmocka_unit_test_setup_teardown(x, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_costs),
		T(test_registers),
		T(test_no_fpu),
		T(test_bit_band),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
