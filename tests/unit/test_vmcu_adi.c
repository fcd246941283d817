/* SPDX-License-Identifier: MIT */
/* SWD wire, debug port and MEM-AP of the virtual MCU. */
#include "tests/unit/vmcu_wire.h"

#define RAM 0x20000000u
#define NOWHERE 0x60000000u
#define STICKYERR 0x20u
#define STICKYORUN 0x02u
#define STICKYCMP 0x10u
#define WDATAERR 0x80u

static int setup(void **state)
{
	*state = bench_setup();
	return 0;
}

static int teardown(void **state)
{
	bench_free(*state);
	return 0;
}

static uint32_t ctrl(struct bench *b)
{
	uint32_t v;

	assert_int_equal(swd_read(b, DP, 4, &v), OK);
	return v;
}

static void test_silent_until_switched(void **state)
{
	struct bench *b = *state;
	uint32_t v;

	line_reset(b);
	assert_int_equal(swd_read(b, DP, 0, &v), SILENT);
	bits(b, ~0ull, 56);
	bits(b, 0xe79f, 16); /* one bit wrong */
	line_reset(b);
	assert_int_equal(swd_read(b, DP, 0, &v), SILENT);
	bits(b, ~0ull, 49); /* one clock too few */
	bits(b, 0xe79e, 16);
	line_reset(b);
	/* 56 ones of the reset before it do not count: zeros lie between. */
	assert_int_equal(swd_read(b, DP, 0, &v), SILENT);
	swd_switch(b);
	assert_int_equal(swd_read(b, DP, 0, &v), OK);
	assert_int_equal(v, 0x2ba01477);
	bits(b, ~0ull, 56);
	bits(b, 0xe73c, 16);
	line_reset(b);
	assert_int_equal(swd_read(b, DP, 0, &v), SILENT);
}

static void test_dpidr_first(void **state)
{
	struct bench *b = *state;
	uint32_t v;

	swd_switch(b);
	assert_int_equal(swd_read(b, DP, 4, &v), SILENT);
	assert_int_equal(swd_read(b, DP, 0, &v), OK);
	assert_int_equal(swd_read(b, DP, 4, &v), OK);
	line_reset(b);
	assert_int_equal(swd_write(b, DP, 4, 0x50000000), SILENT);
	assert_int_equal(swd_read(b, DP, 0, &v), OK);
	assert_int_equal(ctrl(b) & 0xf0000000, 0);
}

static void test_request_parity(void **state)
{
	struct bench *b = *state;
	uint32_t v;

	swd_connect(b);
	assert_int_equal(swd_raw(b, DP, 1, 4, &v, 1), SILENT);
	assert_int_equal(swd_read(b, DP, 4, &v), SILENT);
	assert_int_equal(swd_read(b, DP, 0, &v), OK);
	assert_int_equal(swd_read(b, DP, 4, &v), OK);
}

static void test_power_up_needed(void **state)
{
	struct bench *b = *state;
	uint32_t v;

	swd_switch(b);
	assert_int_equal(swd_read(b, DP, 0, &v), OK);
	assert_int_equal(swd_read(b, AP, 0, &v), FAULT);
	assert_true(ctrl(b) & STICKYERR);
	assert_int_equal(swd_write(b, DP, 8, 0), FAULT);
	assert_int_equal(swd_write(b, DP, 0, 1 << 2), OK);
	assert_false(ctrl(b) & STICKYERR);
	assert_int_equal(swd_write(b, DP, 4, 0x50000000), OK);
	assert_int_equal(swd_read(b, AP, 0, &v), OK);
}

static void test_identification(void **state)
{
	struct bench *b = *state;
	uint32_t v;

	swd_connect(b);
	assert_int_equal(swd_write(b, DP, 8, 0xf0), OK);
	assert_int_equal(swd_read(b, AP, 12, &v), OK);
	assert_int_equal(swd_read(b, AP, 8, &v), OK); /* posted: the IDR */
	assert_int_equal(v, 0x24770011);
	assert_int_equal(swd_read(b, AP, 4, &v), OK);
	assert_int_equal(v, 0xe00ff003);
	assert_int_equal(swd_read(b, DP, RDBUFF, &v), OK);
	assert_int_equal(v, 0);
	/* Another AP does not exist: zeros, no error. */
	assert_int_equal(swd_write(b, DP, 8, 0x010000f0), OK);
	assert_int_equal(swd_read(b, AP, 12, &v), OK);
	assert_int_equal(swd_read(b, DP, RDBUFF, &v), OK);
	assert_int_equal(v, 0);
}

static void test_resend(void **state)
{
	struct bench *b = *state;
	uint32_t v;

	swd_connect(b);
	w32(b, RAM, 0x12345678);
	assert_int_equal(r32(b, RAM), 0x12345678);
	assert_int_equal(swd_read(b, DP, 8, &v), OK);
	assert_int_equal(v, 0x12345678);
}

static void test_sizes_and_lanes(void **state)
{
	struct bench *b = *state;

	swd_connect(b);
	w32(b, RAM, 0x44332211);
	assert_int_equal(mem_read(b, CSW_BYTE, RAM + 2), 0x00330000);
	assert_int_equal(mem_read(b, CSW_HALF, RAM + 2), 0x44330000);
	mem_write(b, CSW_BYTE, RAM + 1, 0xaabbccdd);
	assert_int_equal(r32(b, RAM), 0x4433cc11);
	mem_write(b, CSW_HALF, RAM + 2, 0xaabbccdd);
	assert_int_equal(r32(b, RAM), 0xaabbcc11);
}

static void test_packed(void **state)
{
	struct bench *b = *state;
	uint32_t v;

	swd_connect(b);
	w32(b, RAM, 0x44332211);
	assert_int_equal(mem_read(b, 0x23000020, RAM), 0x44332211);
	assert_int_equal(swd_read(b, AP, 4, &v), OK);
	assert_int_equal(swd_read(b, DP, RDBUFF, &v), OK);
	assert_int_equal(v, RAM + 4);
	assert_int_equal(swd_read(b, AP, 0, &v), OK);
	assert_int_equal(swd_read(b, DP, RDBUFF, &v), OK);
	assert_int_equal(v & 0x37, 0x20);
}

static void test_increment_wraps(void **state)
{
	struct bench *b = *state;
	uint32_t v;

	swd_connect(b);
	w32(b, RAM, 1);
	w32(b, RAM + 0x1000, 2);
	w32(b, RAM + 0xffc, 3);
	assert_int_equal(swd_write(b, AP, 4, RAM + 0xffc), OK);
	assert_int_equal(swd_read(b, AP, 12, &v), OK);
	assert_int_equal(swd_read(b, AP, 12, &v), OK);
	assert_int_equal(v, 3);
	assert_int_equal(swd_read(b, DP, RDBUFF, &v), OK);
	assert_int_equal(v, 1); /* not 2: 4 kB further down again */
	assert_int_equal(swd_write(b, AP, 0, CSW_NO_INC), OK);
	assert_int_equal(swd_write(b, AP, 4, RAM), OK);
	assert_int_equal(swd_write(b, AP, 12, 5), OK);
	assert_int_equal(swd_read(b, AP, 4, &v), OK);
	assert_int_equal(swd_read(b, DP, RDBUFF, &v), OK);
	assert_int_equal(v, RAM);
}

static void test_banked_data(void **state)
{
	struct bench *b = *state;
	uint32_t v;

	swd_connect(b);
	assert_int_equal(swd_write(b, AP, 0, CSW_WORD), OK);
	assert_int_equal(swd_write(b, AP, 4, RAM + 0x20), OK);
	assert_int_equal(swd_write(b, DP, 8, 0x10), OK);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(swd_write(b, AP, 4 * i, 100 + i), OK);
	assert_int_equal(swd_read(b, AP, 8, &v), OK);
	assert_int_equal(swd_read(b, DP, RDBUFF, &v), OK);
	assert_int_equal(v, 102);
	assert_int_equal(swd_write(b, DP, 8, 0), OK);
	assert_int_equal(r32(b, RAM + 0x2c), 103);
}

static void test_bus_error_sticks(void **state)
{
	struct bench *b = *state;
	uint32_t v;

	swd_connect(b);
	w32(b, RAM, 9);
	assert_int_equal(swd_write(b, AP, 4, NOWHERE), OK);
	assert_int_equal(swd_write(b, AP, 12, 1), OK);
	assert_int_equal(swd_read(b, DP, RDBUFF, &v), FAULT);
	assert_int_equal(swd_write(b, AP, 4, RAM), FAULT);
	assert_true(ctrl(b) & STICKYERR);
	assert_int_equal(swd_write(b, DP, 0, 0x1e), OK);
	assert_int_equal(r32(b, RAM), 9);
}

static void test_data_parity(void **state)
{
	struct bench *b = *state;
	uint32_t v = 77;

	swd_connect(b);
	w32(b, RAM, 9);
	assert_int_equal(swd_write(b, AP, 4, RAM), OK);
	assert_int_equal(swd_raw(b, AP, 0, 12, &v, 2), OK);
	assert_int_equal(swd_read(b, DP, RDBUFF, &v), FAULT);
	assert_true(ctrl(b) & WDATAERR);
	assert_int_equal(swd_write(b, DP, 0, 1 << 3), OK);
	assert_int_equal(r32(b, RAM), 9); /* nothing was written */
}

static void test_faults_on_request(void **state)
{
	struct bench *b = *state;
	struct swdp_faults *f = &b->swj.swd.faults;
	uint32_t v;

	swd_connect(b);
	f->wait = 2;
	assert_int_equal(swd_read(b, DP, 4, &v), WAIT);
	assert_int_equal(swd_read(b, DP, 4, &v), WAIT);
	assert_int_equal(swd_read(b, DP, 4, &v), OK);
	f->fault = 1;
	assert_int_equal(swd_read(b, DP, 4, &v), FAULT);
	assert_int_equal(swd_read(b, DP, 4, &v), OK);
	f->parity = 1;
	assert_int_equal(swd_read(b, DP, 4, &v), 8);
	assert_int_equal(swd_read(b, DP, 4, &v), OK);
	f->parity = 1;
	assert_int_equal(swd_write(b, AP, 4, RAM), OK);
	assert_true(ctrl(b) & WDATAERR);
	assert_int_equal(swd_write(b, DP, 0, 1 << 3), OK);
	f->silence = 1;
	assert_int_equal(swd_read(b, DP, 4, &v), SILENT);
	assert_int_equal(swd_read(b, DP, 0, &v), OK);
	assert_int_equal(swd_read(b, DP, 4, &v), OK);
}

static void test_overrun(void **state)
{
	struct bench *b = *state;
	uint32_t v;

	swd_connect(b);
	assert_int_equal(swd_write(b, DP, 4, 0x50000001), OK);
	b->swj.swd.faults.wait = 1;
	bits(b, 0x8d, 8); /* read CTRL/STAT */
	(void)listen_bits(b, 1);
	assert_int_equal(listen_bits(b, 3), WAIT);
	(void)listen_bits(b, 34); /* the data phase comes all the same */
	bits(b, 0, 2);
	assert_int_equal(swd_read(b, AP, 0, &v), FAULT);
	/* A FAULT has a data phase as well then; the reset ends it. */
	line_reset(b);
	assert_int_equal(swd_read(b, DP, 0, &v), OK);
	assert_true(ctrl(b) & STICKYORUN);
	assert_int_equal(swd_write(b, DP, 0, 1 << 4), OK);
	assert_false(ctrl(b) & STICKYORUN);
}

static void test_pushed_compare(void **state)
{
	struct bench *b = *state;
	uint32_t v;

	swd_connect(b);
	w32(b, RAM, 0x11223344);
	/* Verify, all lanes: equal is fine, different sets STICKYCMP. */
	assert_int_equal(swd_write(b, AP, 4, RAM), OK);
	assert_int_equal(swd_write(b, DP, 4, 0x50000f04), OK);
	assert_int_equal(swd_write(b, AP, 12, 0x11223344), OK);
	assert_false(ctrl(b) & STICKYCMP);
	assert_int_equal(swd_write(b, DP, 4, 0x50000000), OK);
	assert_int_equal(swd_write(b, AP, 4, RAM), OK);
	assert_int_equal(swd_write(b, DP, 4, 0x50000f04), OK);
	assert_int_equal(swd_write(b, AP, 12, 0x11223345), OK);
	assert_true(ctrl(b) & STICKYCMP);
	assert_int_equal(swd_read(b, AP, 0, &v), FAULT);
	assert_int_equal(swd_write(b, DP, 0, 1 << 1), OK);
	assert_int_equal(swd_write(b, DP, 4, 0x50000000), OK);
	assert_int_equal(r32(b, RAM), 0x11223344);
}

static void test_no_power_no_answer(void **state)
{
	struct bench *b = *state;
	uint32_t v;

	swd_connect(b);
	bench_power(b, false);
	assert_int_equal(swd_read(b, DP, 0, &v), SILENT);
	bench_power(b, true);
	assert_int_equal(swd_read(b, DP, 0, &v), SILENT); /* JTAG again */
	swd_connect(b);
	b->swj.unplugged = true;
	assert_int_equal(swd_read(b, DP, 0, &v), SILENT);
	b->swj.unplugged = false;
	line_reset(b);
	assert_int_equal(swd_read(b, DP, 0, &v), OK);
}

#define RCC_AHB2ENR 0x4002104cu
#define GPIOA_MODER 0x48000000u

/* The firmware takes PA13 and PA14; here a debugger does it to itself. */
static void test_pins_taken_away(void **state)
{
	struct bench *b = *state;
	uint32_t v;

	swd_connect(b);
	w32(b, RCC_AHB2ENR, 1);
	assert_int_equal(swd_write(b, AP, 4, GPIOA_MODER), OK);
	assert_int_equal(swd_write(b, AP, 12, 0xabffffff & ~(3u << 26)), OK);
	assert_int_equal(swd_read(b, DP, RDBUFF, &v), SILENT);
	swd_switch(b);
	assert_int_equal(swd_read(b, DP, 0, &v), SILENT);
	/* A system reset gives them back; the port kept its state. */
	bench_nrst(b, BENCH_NRST_BENCH, true);
	bench_nrst(b, BENCH_NRST_BENCH, false);
	line_reset(b);
	assert_int_equal(swd_read(b, DP, 0, &v), OK);
	assert_int_equal(ctrl(b) & 0xf0000000, 0xf0000000);
}

#define FLASH 0x40022000u

static void program_rdp(struct bench *b, uint32_t rdp)
{
	w32(b, FLASH + 0x08, 0x45670123);
	w32(b, FLASH + 0x08, 0xcdef89ab);
	w32(b, FLASH + 0x0c, 0x08192a3b);
	w32(b, FLASH + 0x0c, 0x4c5d6e7f);
	w32(b, FLASH + 0x20, (r32(b, FLASH + 0x20) & ~0xffu) | rdp);
	w32(b, FLASH + 0x14, 1u << 17);
	bench_run(b, 100000000000); /* 100 ms */
}

static void test_level_2_is_silent(void **state)
{
	struct bench *b = *state;
	uint32_t v;

	swd_connect(b);
	program_rdp(b, 0xcc);
	assert_int_equal(swd_read(b, DP, 0, &v), OK); /* not loaded yet */
	bench_power(b, false);
	bench_power(b, true);
	swd_switch(b);
	assert_int_equal(swd_read(b, DP, 0, &v), SILENT);
	bench_nrst(b, BENCH_NRST_BENCH, true); /* nor under reset */
	swd_switch(b);
	assert_int_equal(swd_read(b, DP, 0, &v), SILENT);
}

static void test_level_1_faults(void **state)
{
	struct bench *b = *state;
	uint32_t v;

	swd_connect(b);
	program_rdp(b, 0xbb);
	bench_power(b, false);
	bench_power(b, true);
	swd_connect(b);
	assert_int_equal(swd_write(b, AP, 0, CSW_WORD), OK);
	assert_int_equal(swd_write(b, AP, 4, 0x08000000), OK);
	assert_int_equal(swd_read(b, AP, 12, &v), OK);
	assert_int_equal(swd_read(b, DP, RDBUFF, &v), FAULT);
	assert_int_equal(swd_write(b, DP, 0, 0x1e), OK);
	w32(b, RAM, 4);
	assert_int_equal(r32(b, RAM), 4);
}

static void test_time_on_the_wire(void **state)
{
	struct bench *b = *state;
	uint64_t before = mcu_now(b->mcu);

	/* Edges alone cost nothing: time is the probe's. */
	swd_connect(b);
	bench_settle(b);
	assert_int_equal(mcu_now(b->mcu), before);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_silent_until_switched), T(test_dpidr_first),
		T(test_request_parity),	       T(test_power_up_needed),
		T(test_identification),	       T(test_resend),
		T(test_sizes_and_lanes),       T(test_packed),
		T(test_increment_wraps),       T(test_banked_data),
		T(test_bus_error_sticks),      T(test_data_parity),
		T(test_faults_on_request),     T(test_overrun),
		T(test_pushed_compare),	       T(test_no_power_no_answer),
		T(test_pins_taken_away),       T(test_level_2_is_silent),
		T(test_level_1_faults),	       T(test_time_on_the_wire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
