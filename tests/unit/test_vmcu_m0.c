/* SPDX-License-Identifier: MIT */
/* The Cortex-M0: cycles by its TRM, and what v6-M has not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/f0_rig.h"

#define S_HALT (1u << 17)
#define S_LOCKUP (1u << 19)
#define CPUID 0xe000ed00u
#define ICSR 0xe000ed04u
#define VTOR 0xe000ed08u
#define CCR 0xe000ed14u
#define SHPR1 0xe000ed18u
#define SHPR2 0xe000ed1cu
#define SHPR3 0xe000ed20u
#define SHCSR 0xe000ed24u
#define CFSR 0xe000ed28u
#define HFSR 0xe000ed2cu
#define NVIC_ISER 0xe000e100u
#define NVIC_IPR 0xe000e400u
#define VC_HARDERR (1u << 10)
#define CODE 0x20000400u
#define DATA 0x20000100u
#define STACK 0x20001000u

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

/*
 * Cycles of one instruction: a loop with it against a loop with none, which
 * counts down r7.  r0 points to data.
 */
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

static void cost(struct mcu *m, const char *what, const uint16_t *insns,
		 size_t n, unsigned want)
{
	uint64_t none = loop_cycles(m, NULL, 0);
	uint64_t some = loop_cycles(m, insns, n);

	if (some - none != 1000 * (uint64_t)want)
		fail_msg("%s: %u.%03u cycles, not %u", what,
			 (unsigned)((some - none) / 1000),
			 (unsigned)((some - none) % 1000), want);
}

/* Cortex-M0 TRM r0p0, table 3-1; 4 of 1,000 turns leave no branch: the loop
 * itself has subs 1 and bne 3. */
static void test_costs(void **state)
{
	static const struct {
		const char *what;
		uint16_t insns[4];
		size_t n;
		unsigned cycles;
	} rows[] = {
		{ "adds r1, r2, r3", { 0x18d1 }, 1, 1 },
		{ "muls r1, r2", { 0x4351 }, 1, 1 },
		{ "ldr r1, [r0]", { 0x6801 }, 1, 2 },
		{ "strb r1, [r0]", { 0x7001 }, 1, 2 },
		{ "stm r0!, {r1-r4}; subs r0, #16", { 0xc01e, 0x3810 }, 2, 6 },
		{ "push {r1-r3}; pop {r1-r3}", { 0xb40e, 0xbc0e }, 2, 8 },
		{ "b .+4; nop", { 0xe000, 0xbf00 }, 2, 3 },
		{ "beq not taken", { 0xd0ff }, 1, 1 },
		{ "bl .+6; nop", { 0xf000, 0xf801, 0xbf00 }, 3, 4 },
		{ "mrs r1, primask", { 0xf3ef, 0x8110 }, 2, 4 },
		{ "dmb", { 0xf3bf, 0x8f5f }, 2, 4 },
		{ "nop", { 0xbf00 }, 1, 1 },
		{ "mov r1, pc; adds r1, #5; bx r1; nop",
		  { 0x4679, 0x3105, 0x4708, 0xbf00 },
		  4,
		  1 + 1 + 3 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cost(*state, rows[i].what, rows[i].insns, rows[i].n,
		     rows[i].cycles);
}

/* bl f; f: push {lr}; pop {pc}: 4 + 2 + (4 + 1) */
static void test_pop_pc(void **state)
{
	static const uint16_t call[] = { 0xf000, 0xf803, 0x3f01, 0xd1fb,
					 0xbe00, 0xb500, 0xbd00 };
	struct mcu *m = *state;
	uint64_t begin;

	rig_halt(m);
	rig_ram(m, CODE, call, sizeof(call));
	rig_set_reg(m, 7, 1000);
	rig_go(m, CODE, STACK);
	begin = mcu_cycles(m);
	assert_true(rig_wait_halt(m, 100 * MS));
	/* and subs 1, bne 3 but for the last; bkpt 1 */
	assert_int_equal(mcu_cycles(m) - begin, 1000 * (4 + 2 + 5 + 4) - 2 + 1);
}

static void test_registers(void **state)
{
	static const struct {
		uint32_t addr, write, read;
	} rows[] = {
		{ CPUID, 0, 0x410cc200 },
		{ VTOR, 0xffffffff, 0 },
		{ CCR, 0, 0x208 },
		{ SHPR1, 0xffffffff, 0 },
		{ SHPR2, 0xffffffff, 0xc0000000 },
		{ SHPR3, 0xffffffff, 0xc0c00000 },
		{ SHCSR, 0x00070000, 0 },
		{ CFSR, 0, 0 },
		{ HFSR, 0, 0 },
		{ NVIC_ISER, 0xffffffff, 0xffffffff },
		{ NVIC_ISER + 4, 0xffffffff, 0 },
		{ NVIC_IPR, 0xffffffff, 0xc0c0c0c0 },
		{ NVIC_IPR + 32, 0xffffffff, 0 },
		{ 0xe000ed40, 0, 0 },		      /* ID_PFR0 */
		{ 0xe000ed90, 0, 0 },		      /* MPU_TYPE */
		{ 0xe000e004, 0, 0 },		      /* ICTR */
		{ 0xe000e014, 0xffffffff, 0xffffff }, /* SysTick's load */
		{ DEMCR, 0xffffffff, 0x01000401 },
		{ 0xe0002000, 0, 0x40 }, /* BP_CTRL: four */
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
	assert_int_equal(rig_r(m, 0xe0001000) >> 28, 2); /* DWT_CTRL */
	/* identification of SCS, DWT, BPU (chips.md 1.2) */
	assert_int_equal(rig_r(m, 0xe000efe0), 0x08);
	assert_int_equal(rig_r(m, 0xe0001fe0), 0x0a);
	assert_int_equal(rig_r(m, 0xe0002fe0), 0x0b);
	assert_int_equal(rig_try(m, 0xe0000000), MCU_BUS_FAULT); /* ITM */
	/* no bit band */
	assert_int_equal(rig_try(m, 0x22000000), MCU_BUS_FAULT);
}

/* Runs code and says whether it ended in a HardFault. */
static bool hard_fault(struct mcu *m, const uint16_t *code, size_t n,
		       uint32_t r0)
{
	rig_halt(m);
	rig_w(m, DEMCR, VC_HARDERR | 1);
	rig_w(m, AIRCR, 0x05fa0004); /* no fault may be active any more */
	mcu_advance(m, 10 * US);
	rig_ram(m, CODE, code, n * 2);
	rig_set_reg(m, 0, r0);
	rig_go(m, CODE, STACK);
	assert_true(rig_wait_halt(m, MS));
	if ((rig_reg(m, 16) & 0x3f) != 3)
		return false;
	/* the frame shows the instruction, not the next */
	assert_int_equal(rig_r(m, rig_reg(m, 13) + 24), CODE);
	return true;
}

static void test_unaligned(void **state)
{
	static const uint16_t ldr[] = { 0x6801, 0xbe00 };
	static const uint16_t str[] = { 0x6001, 0xbe00 };
	static const uint16_t ldrh[] = { 0x8801, 0xbe00 };
	static const uint16_t ldm[] = { 0xc806, 0xbe00 };
	static const uint16_t ldrb[] = { 0x7801, 0xbe00 };
	struct mcu *m = *state;

	assert_false(hard_fault(m, ldr, 2, DATA));
	assert_true(hard_fault(m, ldr, 2, DATA + 1));
	assert_true(hard_fault(m, ldr, 2, DATA + 2));
	assert_true(hard_fault(m, str, 2, DATA + 2));
	assert_false(hard_fault(m, ldrh, 2, DATA + 2));
	assert_true(hard_fault(m, ldrh, 2, DATA + 1));
	assert_true(hard_fault(m, ldm, 2, DATA + 2));
	assert_false(hard_fault(m, ldrb, 2, DATA + 3));
}

static void test_every_fault_is_hard(void **state)
{
	static const uint16_t nowhere[] = { 0x6801, 0xbe00 };
	static const uint16_t wide[] = { 0xf04f, 0x0001, 0xbe00 }; /* mov.w */
	static const uint16_t it[] = { 0xbf08, 0x2001, 0xbe00 };
	static const uint16_t div[] = { 0xfb90, 0xf0f1, 0xbe00 };
	static const uint16_t undefined[] = { 0xde00, 0xbe00 };
	struct mcu *m = *state;

	assert_true(hard_fault(m, nowhere, 2, 0x30000000));
	assert_true(hard_fault(m, wide, 3, 0));
	assert_true(hard_fault(m, it, 3, 0));
	assert_true(hard_fault(m, div, 3, 0));
	assert_true(hard_fault(m, undefined, 2, 0));
	assert_int_equal(rig_r(m, CFSR), 0);
	assert_int_equal(rig_r(m, HFSR), 0);
}

/* Its own debug registers do not answer the core. */
static void test_core_sees_no_debug(void **state)
{
	static const uint16_t ldr[] = { 0x6801, 0xbe00 };
	struct mcu *m = *state;

	assert_false(hard_fault(m, ldr, 2, DHCSR));
	assert_int_equal(rig_reg(m, 1), 0);
	assert_true(rig_r(m, DHCSR) & 1);
}

/*
 * Two interrupts of one priority group do not preempt each other, and of two
 * that wait the lower number goes first; entry 16 cycles.
 */
static void test_interrupts(void **state)
{
	/* handler of IRQ 0: ldr r1, [r0]; adds r1, #1; str r1, [r0]; bx lr */
	static const uint16_t handler[] = { 0x6801, 0x3101, 0x6001, 0x4770 };
	/* handler of IRQ 5: ldr r2, [r0]; bx lr */
	static const uint16_t other[] = { 0x6802, 0x4770 };
	static const uint16_t idle[] = { 0xe7fe };
	uint32_t vectors[48] = { STACK, 0x08000201 };
	struct mcu *m = *state;

	vectors[16] = 0x08000211;
	vectors[16 + 5] = 0x08000221;
	f0_flash(m, FLASH, vectors, sizeof(vectors));
	f0_flash(m, FLASH + 0x200, idle, sizeof(idle));
	f0_flash(m, FLASH + 0x210, handler, sizeof(handler));
	f0_flash(m, FLASH + 0x220, other, sizeof(other));
	rig_power_cycle(m);
	rig_halt(m);
	rig_w(m, DATA, 41);
	rig_set_reg(m, 0, DATA);
	rig_set_reg(m, 2, 0);
	rig_w(m, NVIC_IPR, 0xff);	   /* IRQ 0: lowest */
	rig_w(m, NVIC_IPR + 4, 0xc0 << 8); /* IRQ 5: the same */
	rig_w(m, NVIC_ISER, 0x21);
	rig_w(m, 0xe000e200, 0x21);
	rig_w(m, DHCSR, DBGKEY | 1);
	mcu_advance(m, MS);
	rig_halt(m);
	assert_int_equal(rig_r(m, DATA), 42);
	assert_int_equal(rig_reg(m, 2), 0); /* popped: it was R2 of a frame */
	assert_int_equal(rig_reg(m, 16) & 0x3f, 0);
	assert_int_equal(rig_r(m, 0xe000e200), 0);
}

static void test_lockup(void **state)
{
	struct mcu *m = *state;

	f0_vectors(m, 0x30000000, 0x08000100); /* nowhere to stack, no code */
	rig_power_cycle(m);
	mcu_advance(m, MS);
	assert_true(rig_r(m, DHCSR) & S_LOCKUP);
}

static void test_vector_catch(void **state)
{
	struct mcu *m = *state;

	f0_vectors(m, STACK, 0x08000100);
	rig_halt(m);
	rig_w(m, DEMCR, 1);
	rig_w(m, AIRCR, 0x05fa0004);
	mcu_advance(m, MS);
	assert_true(rig_r(m, DHCSR) & S_HALT);
	assert_int_equal(rig_reg(m, 15), 0x08000100);
}

/* A clone has another core: pipeline of two stages, a vector table. */
static void test_clone_core(void **state)
{
	static const uint16_t b[] = { 0xe000, 0xbf00 };
	struct mcu_config cfg = f0_config();
	struct mcu *m;

	(void)state;
	cfg.profile = "clone-m0plus";
	m = rig_new(&cfg);
	assert_int_equal(rig_r(m, CPUID), 0x410cc601);
	cost(m, "b on M0+", b, 2, 2);
	rig_w(m, VTOR, 0xffffffff);
	assert_int_equal(rig_r(m, VTOR), 0xffffff00);
	mcu_free(m);
}

static void test_access_port(void **state)
{
	const struct mcu_identity *id = mcu_identity(*state);

	assert_int_equal(id->dpidr, 0x0bb11477);
	assert_int_equal(id->ap_idr, 0x04770021);
	assert_int_equal(id->ap_csw, 0x03000040);
	assert_int_equal(id->ap_wrap, 1024);
	assert_false(id->ap_packed);
	assert_int_equal(id->jtag_idcode, 0);
}

int main(void)
{
#define T(x) cmocka_unit_test_setup_teardown(x, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_costs),
		T(test_pop_pc),
		T(test_registers),
		T(test_unaligned),
		T(test_every_fault_is_hard),
		T(test_core_sees_no_debug),
		T(test_interrupts),
		T(test_lockup),
		T(test_vector_catch),
		T(test_clone_core),
		T(test_access_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
