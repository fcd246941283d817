/* SPDX-License-Identifier: MIT */
/* The core's debug components, as a debugger finds them. */
#include "tests/unit/vmcu_wire.h"

#define DHCSR 0xe000edf0u
#define DCRSR 0xe000edf4u
#define DCRDR 0xe000edf8u
#define DEMCR 0xe000edfcu
#define DFSR 0xe000ed30u
#define AIRCR 0xe000ed0cu
#define FP_CTRL 0xe0002000u
#define FP_COMP0 0xe0002008u
#define DWT_CTRL 0xe0001000u
#define DWT_CYCCNT 0xe0001004u
#define DWT_COMP0 0xe0001020u
#define ROM 0xe00ff000u

#define KEY 0xa05f0000u
#define S_REGRDY (1u << 16)
#define S_HALT (1u << 17)
#define S_RESET_ST (1u << 25)
#define TRCENA (1u << 24)

#define RAM 0x20000000u
#define PROGRAM (RAM + 0x100)
#define CELL (RAM + 0x200)

static int setup(void **state)
{
	struct bench *b = bench_setup();

	swd_connect(b);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	bench_free(*state);
	return 0;
}

static uint32_t reg_read(struct bench *b, unsigned sel)
{
	w32(b, DCRSR, sel);
	assert_true(r32(b, DHCSR) & S_REGRDY);
	return r32(b, DCRDR);
}

static void reg_write(struct bench *b, unsigned sel, uint32_t v)
{
	w32(b, DCRDR, v);
	w32(b, DCRSR, 1u << 16 | sel);
	assert_true(r32(b, DHCSR) & S_REGRDY);
}

static bool halted(struct bench *b)
{
	return (r32(b, DHCSR) & S_HALT) != 0;
}

/*
 * loop: adds r0, #1; str r0, [r1]; nop; b loop.  r1 points to CELL.
 */
static void load_program(struct bench *b)
{
	w32(b, DHCSR, KEY | 3);
	assert_true(halted(b));
	w32(b, PROGRAM, 0x60083001);
	w32(b, PROGRAM + 4, 0xe7fbbf00);
	reg_write(b, 0, 0);
	reg_write(b, 1, CELL);
	reg_write(b, 15, PROGRAM);
	reg_write(b, 16, 0x01000000);
	w32(b, DFSR, 0x1f);
}

static void go(struct bench *b)
{
	w32(b, DHCSR, KEY | 1);
	bench_run(b, 100000000); /* 100 us */
}

static void test_halt_and_registers(void **state)
{
	struct bench *b = *state;

	load_program(b);
	for (unsigned i = 0; i < 13; i++)
		reg_write(b, i, 0x1000 + i);
	for (unsigned i = 0; i < 13; i++)
		assert_int_equal(reg_read(b, i), 0x1000 + i);
	reg_write(b, 17, 0x20001000);
	reg_write(b, 18, 0x20002000);
	assert_int_equal(reg_read(b, 17), 0x20001000);
	assert_int_equal(reg_read(b, 18), 0x20002000);
	assert_int_equal(reg_read(b, 13), 0x20001000); /* MSP is in use */
	reg_write(b, 20, 1);			       /* PRIMASK */
	assert_int_equal(reg_read(b, 20) & 1, 1);
	assert_int_equal(reg_read(b, 15), PROGRAM);
}

static void test_registers_need_halt(void **state)
{
	struct bench *b = *state;

	load_program(b);
	go(b);
	w32(b, DCRDR, 0x55);
	w32(b, DCRSR, 0);
	assert_false(r32(b, DHCSR) & S_REGRDY);
	assert_int_equal(r32(b, DCRDR), 0x55);
}

static void test_key(void **state)
{
	struct bench *b = *state;

	load_program(b);
	w32(b, DHCSR, 0x12340001);
	assert_true(halted(b));
	w32(b, DHCSR, KEY | 1);
	assert_false(halted(b));
}

static void step(struct bench *b)
{
	w32(b, DHCSR, KEY | 0xd); /* interrupts masked */
	bench_run(b, 10000000);	  /* 10 us */
	assert_true(halted(b));
}

static void test_step(void **state)
{
	struct bench *b = *state;

	load_program(b);
	step(b);
	assert_int_equal(reg_read(b, 15), PROGRAM + 2);
	assert_int_equal(reg_read(b, 0), 1);
	step(b);
	assert_int_equal(reg_read(b, 15), PROGRAM + 4);
	assert_int_equal(r32(b, CELL), 1);
	assert_int_equal(r32(b, DFSR) & 1, 1);
	w32(b, DFSR, 1);
	assert_int_equal(r32(b, DFSR) & 1, 0);
}

static void test_run_and_halt(void **state)
{
	struct bench *b = *state;
	uint32_t first;

	load_program(b);
	go(b);
	first = r32(b, CELL);
	assert_true(first > 10);
	assert_int_equal(r32(b, CELL), first); /* time stands still */
	bench_run(b, 100000000);
	assert_true(r32(b, CELL) > first);
	w32(b, DHCSR, KEY | 3);
	assert_true(halted(b));
	first = r32(b, CELL);
	bench_run(b, 100000000);
	assert_int_equal(r32(b, CELL), first);
}

static void test_breakpoints(void **state)
{
	struct bench *b = *state;

	/* FPB reaches code addresses only: the program moves to SRAM2. */
	load_program(b);
	w32(b, 0x10000100, 0x60083001);
	w32(b, 0x10000104, 0xe7fbbf00);
	reg_write(b, 15, 0x10000100);
	assert_int_equal(r32(b, FP_CTRL), 0x260);
	w32(b, FP_CTRL, 3);
	w32(b, FP_COMP0, 0x10000104 | 1u << 30 | 1); /* lower half */
	go(b);
	assert_true(halted(b));
	assert_int_equal(reg_read(b, 15), 0x10000104);
	assert_int_equal(r32(b, DFSR) & 2, 2);
	w32(b, FP_COMP0, 0x10000100 | 2u << 30 | 1); /* upper half */
	go(b);
	assert_true(halted(b));
	assert_int_equal(reg_read(b, 15), 0x10000102);
	w32(b, FP_COMP0 + 4, 0x10000104 | 3u << 30 | 1); /* both */
	w32(b, FP_COMP0, 0);
	go(b);
	assert_int_equal(reg_read(b, 15), 0x10000104);
	go(b); /* the comparator matches again before anything runs */
	assert_int_equal(reg_read(b, 15), 0x10000104);
	w32(b, FP_CTRL, 2);
	step(b); /* as every debugger does it */
	w32(b, FP_CTRL, 3);
	assert_int_equal(reg_read(b, 15), 0x10000106);
	go(b);
	assert_int_equal(reg_read(b, 15), 0x10000106);
	w32(b, FP_CTRL, 2); /* off, all of them */
	go(b);
	assert_false(halted(b));
}

static void test_bkpt_instruction(void **state)
{
	struct bench *b = *state;

	load_program(b);
	w32(b, PROGRAM + 4, 0xe7fbbe00); /* bkpt 0 */
	go(b);
	assert_true(halted(b));
	assert_int_equal(reg_read(b, 15), PROGRAM + 4);
	assert_int_equal(r32(b, DFSR) & 2, 2);
}

static void test_watchpoint(void **state)
{
	struct bench *b = *state;

	load_program(b);
	w32(b, DEMCR, TRCENA);
	w32(b, DWT_COMP0, CELL);
	w32(b, DWT_COMP0 + 4, 0);
	w32(b, DWT_COMP0 + 16, CELL + 4); /* another, that nothing touches */
	w32(b, DWT_COMP0 + 24, 7);
	w32(b, DWT_COMP0 + 8, 5); /* reads: the program only writes */
	go(b);
	assert_false(halted(b));
	w32(b, DWT_COMP0 + 8, 6);
	go(b);
	assert_true(halted(b));
	assert_int_equal(r32(b, DFSR) & 4, 4);
	assert_false(r32(b, DWT_COMP0 + 24) & 1u << 24);
	assert_true(r32(b, DWT_COMP0 + 8) & 1u << 24);
	assert_false(r32(b, DWT_COMP0 + 8) & 1u << 24);
}

static void test_cycle_counter(void **state)
{
	struct bench *b = *state;
	uint32_t n;

	load_program(b);
	assert_int_equal(r32(b, DWT_CTRL), 0);
	w32(b, DEMCR, TRCENA);
	assert_int_equal(r32(b, DWT_CTRL) >> 28, 4);
	w32(b, DWT_CTRL, 1);
	w32(b, DWT_CYCCNT, 0);
	go(b);
	w32(b, DHCSR, KEY | 3);
	n = r32(b, DWT_CYCCNT);
	/* 100 us at the 4 MHz of reset. */
	assert_in_range(n, 380, 420);
	bench_run(b, 100000000);
	assert_int_equal(r32(b, DWT_CYCCNT), n);
}

static void test_vector_catch_at_reset(void **state)
{
	struct bench *b = *state;

	load_program(b);
	w32(b, DEMCR, 1);
	w32(b, AIRCR, 0x05fa0004);
	bench_run(b, 1000000000);
	assert_true(r32(b, DHCSR) & S_RESET_ST);
	assert_false(r32(b, DHCSR) & S_RESET_ST); /* reading cleared it */
	assert_true(halted(b));
	assert_int_equal(r32(b, DFSR) & 8, 8);
	/* Debug state survives a system reset, not a power-on reset. */
	assert_int_equal(r32(b, DEMCR), 1);
	bench_power(b, false);
	bench_power(b, true);
	swd_connect(b);
	assert_int_equal(r32(b, DEMCR), 0);
	assert_int_equal(r32(b, DHCSR) & 1, 0);
}

static void test_reset_line_halts(void **state)
{
	struct bench *b = *state;

	load_program(b);
	w32(b, DEMCR, 1);
	bench_nrst(b, BENCH_NRST_BENCH, true);
	bench_run(b, 1000000000);
	bench_nrst(b, BENCH_NRST_BENCH, false);
	bench_run(b, 1000000000);
	assert_true(halted(b));
	w32(b, DEMCR, 0);
	bench_nrst(b, BENCH_NRST_BENCH, true);
	bench_nrst(b, BENCH_NRST_BENCH, false);
	assert_false(halted(b));
}

/* Software may not switch debugging on: str r2, [r3] with DHCSR's key. */
static void test_software_cannot_enable(void **state)
{
	struct bench *b = *state;

	load_program(b);
	w32(b, PROGRAM, 0xbf00601a);	 /* str r2, [r3]; nop */
	w32(b, PROGRAM + 4, 0xe7fcbf00); /* nop; b PROGRAM + 2 */
	reg_write(b, 2, KEY | 3);
	reg_write(b, 3, DHCSR);
	w32(b, DHCSR, KEY); /* debugging off: the core runs on */
	bench_run(b, 10000000);
	assert_int_equal(r32(b, DHCSR) & (1 | S_HALT), 0);
}

static uint32_t pid(struct bench *b, uint32_t base)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < 4; i++)
		v |= (r32(b, base + 0xfe0 + 4 * i) & 0xff) << 8 * i;
	return v;
}

static void test_rom_table(void **state)
{
	struct bench *b = *state;

	assert_int_equal(pid(b, ROM), 0x000a0435);
	assert_int_equal(r32(b, ROM + 0xfd0), 0);
	assert_int_equal(r32(b, ROM + 0xff0), 0x0d);
	assert_int_equal(r32(b, ROM + 0xff4), 0x10);
	assert_int_equal(r32(b, ROM + 0xff8), 0x05);
	assert_int_equal(r32(b, ROM + 0xffc), 0xb1);
	assert_int_equal(r32(b, ROM), 0xfff0f003);
	assert_int_equal(pid(b, 0xe000e000), 0x000bb00c);
	assert_int_equal(pid(b, 0xe0002000), 0x002bb003);
	/* DWT and ITM are dark before TRCENA. */
	assert_int_equal(pid(b, 0xe0001000), 0);
	assert_int_equal(pid(b, 0xe0000000), 0);
	w32(b, DEMCR, TRCENA);
	assert_int_equal(pid(b, 0xe0001000), 0x003bb002);
	assert_int_equal(pid(b, 0xe0000000), 0x003bb001);
	assert_int_equal(pid(b, 0xe0040000), 0x000bb9a1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_halt_and_registers),
		T(test_registers_need_halt),
		T(test_key),
		T(test_step),
		T(test_run_and_halt),
		T(test_breakpoints),
		T(test_bkpt_instruction),
		T(test_watchpoint),
		T(test_cycle_counter),
		T(test_vector_catch_at_reset),
		T(test_reset_line_halts),
		T(test_software_cannot_enable),
		T(test_rom_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
