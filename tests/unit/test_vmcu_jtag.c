/* SPDX-License-Identifier: MIT */
/* The virtual MCU's JTAG chain behind remote_bitbang's characters. */
#include "tests/unit/vmcu_wire.h"
#include "vmcu/bitbang.h"

#define CORE_IDCODE 0x4ba00477u
#define BOUNDARY_IDCODE 0x06435041u
#define CLOCK_HZ 1000000u

#define IR_DPACC 0xa
#define IR_APACC 0xb
#define IR_IDCODE 0xe
#define IR_BYPASS 0xf

struct fixture {
	struct bench *b;
	struct bitbang s;
};

static int setup(void **state)
{
	static struct fixture f;
	char why[NET_WHY_CAP];

	f.b = bench_setup();
	if (bitbang_init(&f.s, f.b, NULL, CLOCK_HZ, why) != 0)
		return -1;
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	bitbang_close(&f->s);
	bench_free(f->b);
	return 0;
}

static void say(struct fixture *f, const char *chars)
{
	assert_int_equal(
		bitbang_take(&f->s, (const uint8_t *)chars, strlen(chars)), 0);
}

/* One TCK cycle as OpenOCD does it: TDO is read while TCK is low. */
static unsigned cycle(struct fixture *f, unsigned tms, unsigned tdi)
{
	char low[3] = { (char)('0' + 2 * tms + tdi), 'R', 0 };
	char high[2] = { (char)('4' + 2 * tms + tdi), 0 };
	unsigned tdo;

	say(f, low);
	assert_int_equal(f->s.out.len, 1);
	tdo = f->s.out.buf[0] == '1';
	f->s.out.len = 0;
	say(f, high);
	return tdo;
}

static void tms_walk(struct fixture *f, const char *tms)
{
	for (; *tms != '\0'; tms++)
		(void)cycle(f, *tms == '1', 1);
}

/* From Run-Test/Idle into a shift state, n bits, and back. */
static uint64_t scan(struct fixture *f, const char *enter, uint64_t v,
		     unsigned n)
{
	uint64_t out = 0;

	tms_walk(f, enter);
	for (unsigned i = 0; i < n; i++)
		out |= (uint64_t)cycle(f, i + 1 == n, v >> i & 1) << i;
	tms_walk(f, "10");
	return out;
}

static uint64_t scan_dr(struct fixture *f, uint64_t v, unsigned n)
{
	return scan(f, "100", v, n);
}

/* TDI reaches the boundary-scan TAP first, so its bits are sent last. */
static unsigned scan_ir(struct fixture *f, unsigned core)
{
	return (unsigned)scan(f, "1100", core | 0x1fu << 4, 9);
}

/* 35 bits to the core, one to the bypassed boundary-scan TAP. */
static uint32_t access_dr(struct fixture *f, unsigned read, unsigned addr,
			  uint32_t v, unsigned *ack)
{
	uint64_t out = scan_dr(f, (uint64_t)v << 3 | addr >> 1 | read, 36);

	*ack = out & 7;
	return (uint32_t)(out >> 3);
}

static void reset_to_idle(struct fixture *f)
{
	tms_walk(f, "111110");
}

static void power_up(struct fixture *f)
{
	unsigned ack;

	reset_to_idle(f);
	(void)scan_ir(f, IR_DPACC);
	(void)access_dr(f, 0, 4, 0x50000000, &ack);
	(void)access_dr(f, 1, 4, 0, &ack);
	assert_int_equal(access_dr(f, 1, 12, 0, &ack), 0xf0000000);
	assert_int_equal(ack, 2);
}

static void test_idcodes(void **state)
{
	struct fixture *f = *state;
	uint64_t v;

	reset_to_idle(f);
	v = scan_dr(f, ~0ull, 64);
	assert_int_equal((uint32_t)v, CORE_IDCODE);
	assert_int_equal(v >> 32, BOUNDARY_IDCODE);
	/* What goes in comes out behind them. */
	reset_to_idle(f);
	tms_walk(f, "100");
	for (unsigned i = 0; i < 64; i++)
		(void)cycle(f, 0, 0xc5 >> i % 8 & 1);
	v = 0;
	for (unsigned i = 0; i < 8; i++)
		v |= (uint64_t)cycle(f, 0, 0) << i;
	assert_int_equal(v, 0xc5);
}

static void test_ir_capture_and_bypass(void **state)
{
	struct fixture *f = *state;

	reset_to_idle(f);
	assert_int_equal(scan_ir(f, IR_BYPASS), 0x1 | 0x01 << 4);
	/* Two bypass bits: a one bit pattern comes out two clocks later. */
	assert_int_equal(scan_dr(f, 0x5, 5) & 0x1f, 0x5 << 2);
	(void)scan_ir(f, IR_IDCODE);
	assert_int_equal((uint32_t)scan_dr(f, 0, 33), CORE_IDCODE);
}

static void test_memory(void **state)
{
	struct fixture *f = *state;
	unsigned ack;

	power_up(f);
	(void)scan_ir(f, IR_APACC);
	(void)access_dr(f, 0, 0, CSW_WORD, &ack);
	(void)access_dr(f, 0, 4, 0x20000100, &ack);
	(void)access_dr(f, 0, 12, 0xcafe0001, &ack);
	(void)access_dr(f, 0, 12, 0xcafe0002, &ack);
	(void)access_dr(f, 0, 4, 0x20000100, &ack);
	(void)access_dr(f, 1, 12, 0, &ack);
	assert_int_equal(access_dr(f, 1, 12, 0, &ack), 0xcafe0001);
	(void)scan_ir(f, IR_DPACC);
	assert_int_equal(access_dr(f, 1, 12, 0, &ack), 0xcafe0002);
	assert_int_equal(ack, 2);
}

static void test_sticky_error(void **state)
{
	struct fixture *f = *state;
	unsigned ack;

	power_up(f);
	(void)scan_ir(f, IR_APACC);
	(void)access_dr(f, 0, 0, CSW_WORD, &ack);
	(void)access_dr(f, 0, 4, 0x60000000, &ack);
	(void)access_dr(f, 1, 12, 0, &ack);
	(void)access_dr(f, 0, 4, 0x20000000, &ack); /* discarded */
	(void)scan_ir(f, IR_DPACC);
	(void)access_dr(f, 1, 4, 0, &ack);
	assert_int_equal(access_dr(f, 1, 12, 0, &ack) & 0x20, 0x20);
	(void)access_dr(f, 0, 4, 0x50000020, &ack); /* write one clears */
	(void)access_dr(f, 1, 4, 0, &ack);
	assert_int_equal(access_dr(f, 1, 12, 0, &ack) & 0x20, 0);
	(void)scan_ir(f, IR_APACC);
	(void)access_dr(f, 1, 4, 0, &ack);
	assert_int_not_equal(access_dr(f, 1, 4, 0, &ack), 0x20000000);
}

static void test_wait(void **state)
{
	struct fixture *f = *state;
	unsigned ack;

	power_up(f);
	f->b->swj.jtag.wait = 1;
	(void)access_dr(f, 0, 8, 0xf0, &ack);
	assert_int_equal(ack, 1);
	(void)access_dr(f, 1, 8, 0, &ack); /* SELECT was not written */
	assert_int_equal(ack, 2);
	assert_int_equal(access_dr(f, 1, 12, 0, &ack), 0);
}

static void test_each_clock_costs(void **state)
{
	struct fixture *f = *state;
	uint64_t before;

	bench_settle(f->b);
	before = mcu_now(f->b->mcu);
	say(f, "0404040404"); /* five rising edges */
	say(f, "BbBb00001111");
	bench_settle(f->b);
	assert_int_equal(mcu_now(f->b->mcu) - before,
			 5 * (WIRETIME_PS / CLOCK_HZ));
}

static void test_reset_pins(void **state)
{
	struct fixture *f = *state;
	uint32_t resets = mcu_resets(f->b->mcu);

	say(f, "s");
	assert_int_equal(f->b->nrst, BENCH_NRST_JTAG);
	say(f, "r");
	assert_int_equal(f->b->nrst, 0);
	assert_true(mcu_resets(f->b->mcu) > resets);
	tms_walk(f, "0000"); /* somewhere outside Test-Logic-Reset */
	say(f, "t");
	assert_int_equal(f->b->swj.jtag.state, JTAG_RESET);
	say(f, "r");
}

static void test_bad_characters(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(bitbang_take(&f->s, (const uint8_t *)"8", 1),
			 E_SYNTAX);
	assert_int_equal(bitbang_take(&f->s, (const uint8_t *)"0\0", 2),
			 E_SYNTAX);
	assert_int_equal(bitbang_take(&f->s, (const uint8_t *)"v", 1),
			 E_SYNTAX);
	assert_int_equal(bitbang_take(&f->s, (const uint8_t *)"Q", 1),
			 E_INTERRUPTED);
}

static void test_too_many_questions(void **state)
{
	struct fixture *f = *state;
	static uint8_t many[BITBANG_OUT + 1];

	memset(many, 'R', sizeof(many));
	assert_int_equal(bitbang_take(&f->s, many, sizeof(many)), E_SPACE);
}

static void tms_bits(struct fixture *f, uint64_t v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		(void)cycle(f, v >> i & 1, 1);
}

/* A port that was left in SWD is deaf on JTAG until it is switched back. */
static void test_switch_back_from_swd(void **state)
{
	struct fixture *f = *state;

	swd_connect(f->b);
	reset_to_idle(f);
	assert_true(scan_dr(f, ~0ull, 64) == ~0ull);
	tms_bits(f, ~0ull, 56);
	tms_bits(f, 0xe73c, 16);
	reset_to_idle(f);
	assert_int_equal((uint32_t)scan_dr(f, ~0ull, 64), CORE_IDCODE);
}

static void test_dead_chip(void **state)
{
	struct fixture *f = *state;

	bench_power(f->b, false);
	reset_to_idle(f);
	assert_true(scan_dr(f, 0, 64) == ~0ull);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_idcodes),
		T(test_ir_capture_and_bypass),
		T(test_memory),
		T(test_sticky_error),
		T(test_wait),
		T(test_each_clock_costs),
		T(test_reset_pins),
		T(test_bad_characters),
		T(test_too_many_questions),
		T(test_switch_back_from_swd),
		T(test_dead_chip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
