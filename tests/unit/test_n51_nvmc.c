/* SPDX-License-Identifier: MIT */
/* nRF51: words, pages, everything; what the controller refuses; its time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/n51_rig.h"

#define PROTENSET0 (N51_POWER + 0x600)
#define DISABLEINDEBUG (N51_POWER + 0x608)
#define AT 0x1000u

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

static void test_words_lose_bits(void **state)
{
	struct mcu *m = *state;

	assert_int_equal(rig_r(m, AT), 0xffffffff);
	n51_word(m, AT, 0xffff00ff);
	assert_int_equal(rig_r(m, AT), 0xffff00ff);
	n51_word(m, AT, 0x12345678);
	assert_int_equal(rig_r(m, AT), 0x12340078);
	assert_int_equal(rig_r(m, AT + 4), 0xffffffff);
}

/* n_WRITE is 2: the manual does not say what a third write leaves. */
static void test_third_write(void **state)
{
	struct mcu *m = *state;
	uint32_t v;

	n51_word(m, AT, 0xffffffff);
	n51_word(m, AT, 0xffffffff);
	n51_word(m, AT, 0);
	v = rig_r(m, AT);
	assert_int_not_equal(v, 0);
	assert_int_not_equal(v, 0xffffffff);
}

static void test_needs_wen(void **state)
{
	struct mcu *m = *state;
	uint32_t v;

	rig_w(m, AT, 0);
	n51_config_set(m, N51_EEN);
	rig_w(m, AT, 0);
	n51_config_set(m, N51_EEN | N51_WEN);
	assert_int_equal(rig_r(m, N51_CONFIG), 0);
	rig_w(m, AT, 0);
	assert_int_equal(rig_r(m, AT), 0xffffffff);
	n51_config_set(m, N51_WEN);
	rig_w(m, N51_ERASEALL, 1); /* and EEN for this */
	assert_int_equal(rig_r(m, N51_READY), 1);
	assert_int_equal(mcu_bus_write(m, AT, 1, 0), MCU_BUS_FAULT);
	assert_int_equal(mcu_bus_write(m, AT, 2, 0), MCU_BUS_FAULT);
	assert_int_equal(mcu_bus_read(m, AT, 1, &v), MCU_BUS_OK);
	assert_int_equal(v, 0xff);
}

static void test_erase(void **state)
{
	struct mcu *m = *state;

	n51_word(m, AT - 4, 1);
	n51_word(m, AT, 2);
	n51_word(m, AT + 0x3fc, 3);
	n51_word(m, AT + 0x400, 4);
	n51_word(m, N51_UICR + 0x80, 5); /* CUSTOMER[0] */
	n51_config_set(m, N51_EEN);
	rig_w(m, N51_ERASEPAGE, AT);
	assert_int_equal(rig_r(m, N51_READY), 0);
	n51_ready(m);
	assert_int_equal(rig_r(m, AT - 4), 1);
	assert_int_equal(rig_r(m, AT), 0xffffffff);
	assert_int_equal(rig_r(m, AT + 0x3fc), 0xffffffff);
	assert_int_equal(rig_r(m, AT + 0x400), 4);
	rig_w(m, N51_NVMC + 0x514, 1); /* ERASEUICR: no factory code here */
	assert_int_equal(rig_r(m, N51_READY), 1);
	n51_erase_all(m);
	assert_int_equal(rig_r(m, AT - 4), 0xffffffff);
	assert_int_equal(rig_r(m, N51_UICR + 0x80), 0xffffffff);
}

static uint64_t time_of(struct mcu *m, uint32_t config, uint32_t addr,
			uint32_t v)
{
	uint64_t from = mcu_now(m);

	n51_config_set(m, config);
	rig_w(m, addr, v);
	while (!(rig_r(m, N51_READY) & 1))
		mcu_advance(m, US / 10);
	return mcu_now(m) - from;
}

static void test_times(void **state)
{
	struct mcu *m = *state;

	assert_in_range(time_of(m, N51_WEN, AT, 0), 46 * US, 47 * US);
	assert_in_range(time_of(m, N51_EEN, N51_ERASEPAGE, AT), 22 * MS,
			23 * MS);
	assert_in_range(time_of(m, N51_EEN, N51_ERASEALL, 1), 22 * MS, 23 * MS);
}

/* A debugger's access to busy flash waits; to the rest it does not. */
static void test_flash_waits(void **state)
{
	struct mcu *m = *state;
	uint64_t from = mcu_now(m);

	n51_config_set(m, N51_WEN);
	rig_w(m, AT, 7);
	assert_int_equal(rig_r(m, N51_RAM), rig_r(m, N51_RAM));
	assert_true(mcu_now(m) == from);
	assert_int_equal(rig_r(m, AT), 7);
	assert_in_range(mcu_now(m) - from, 46 * US, 47 * US);
}

/* str r1, [r0]; 1: r2++; str r2, [r3]; b 1b: in RAM, and yet it stands. */
static void test_core_stands_still(void **state)
{
	static const uint32_t code[] = { 0x32016001, 0xe7fc601a };
	struct mcu *m = *state;
	uint64_t before;

	n51_vectors(m, AT);
	rig_ram(m, N51_CODE, code, sizeof(code));
	rig_w(m, RESULT, 0);
	rig_halt(m);
	n51_config_set(m, N51_WEN);
	rig_set_reg(m, 0, AT);
	rig_set_reg(m, 1, 0x5555aaaa);
	rig_set_reg(m, 2, 0);
	rig_set_reg(m, 3, RESULT);
	rig_go(m, N51_CODE, N51_STACK);
	mcu_advance(m, 46 * US);
	assert_int_equal(rig_r(m, RESULT), 0);
	mcu_advance(m, 20 * US);
	assert_in_range(rig_r(m, RESULT), 20, 60);
	assert_int_equal(rig_r(m, AT), 0x5555aaaa);
	/* an erase that the debugger begins halts it, too */
	n51_config_set(m, N51_EEN);
	rig_w(m, N51_ERASEPAGE, AT);
	before = mcu_instructions(m);
	mcu_advance(m, 20 * MS);
	assert_true(mcu_instructions(m) - before < 4);
	mcu_advance(m, 3 * MS);
	assert_true(mcu_instructions(m) - before > 100);
}

static void test_store_multiple(void **state)
{
	static const uint32_t code = 0xbe00c036; /* stmia r0!, {r1,r2,r4,r5} */
	static const uint32_t regs[8] = { AT, 1, 2, 0, 4, 5, 0, 0 };
	struct mcu *m = *state;
	uint64_t from;

	rig_ram(m, N51_CODE, &code, sizeof(code));
	n51_config_set(m, N51_WEN);
	from = mcu_now(m);
	assert_true(n51_run(m, N51_CODE, regs));
	assert_true(mcu_now(m) - from >= 4 * 46 * US);
	assert_int_equal(rig_r(m, AT), 1);
	assert_int_equal(rig_r(m, AT + 4), 2);
	assert_int_equal(rig_r(m, AT + 8), 4);
	assert_int_equal(rig_r(m, AT + 12), 5);
	assert_int_equal(rig_reg(m, 0), AT + 16);
}

static void test_bytes_fault(void **state)
{
	static const uint32_t strb = 0xbe007001, str = 0xbe006001;
	static const uint32_t regs[8] = { AT, 0 };
	struct mcu *m = *state;

	n51_vectors(m, AT);
	rig_ram(m, N51_CODE, &strb, sizeof(strb));
	n51_config_set(m, N51_WEN);
	assert_true(n51_run(m, N51_CODE, regs));
	assert_int_equal(n51_exception(m), 3);
	assert_int_equal(rig_r(m, AT), 0xffffffff);
	rig_ram(m, N51_CODE, &str, sizeof(str));
	assert_true(n51_run(m, N51_CODE, regs));
	assert_int_equal(n51_exception(m), 0);
	assert_int_equal(rig_r(m, AT), 0);
}

/* NRM 9.1.5: blocks of 4 kB, until the next reset. */
static void test_protected_blocks(void **state)
{
	static const uint32_t str = 0xbe006001;
	static const uint32_t regs[8] = { AT, 0 };
	struct mcu *m = *state;

	n51_vectors(m, 0x400);
	rig_ram(m, N51_CODE, &str, sizeof(str));
	rig_w(m, PROTENSET0, 1u << 1);
	rig_w(m, PROTENSET0, 0);
	assert_int_equal(rig_r(m, PROTENSET0), 2);
	n51_word(m, AT + 4, 0); /* DISABLEINDEBUG is 1 */
	assert_int_equal(rig_r(m, AT + 4), 0);
	rig_w(m, DISABLEINDEBUG, 0);
	n51_word(m, AT, 0);
	assert_int_equal(rig_r(m, AT), 0xffffffff);
	n51_erase_all(m);
	assert_int_equal(rig_r(m, AT + 4), 0);
	n51_config_set(m, N51_WEN);
	assert_true(n51_run(m, N51_CODE, regs));
	assert_int_equal(n51_exception(m), 3);
	rig_w(m, AIRCR, 0x05fa0004);
	mcu_advance(m, 10 * US);
	assert_int_equal(rig_r(m, PROTENSET0), 0);
	n51_word(m, AT, 0);
	assert_int_equal(rig_r(m, AT), 0);
}

static void test_region0(void **state)
{
	static const uint32_t str = 0xbe006001;
	const uint32_t regs[8] = { N51_ERASEPCR0, 0x400 };
	struct mcu *m = *state;

	n51_vectors(m, 0x200);
	n51_word(m, 0x200, str);
	n51_word(m, 0x400, 0);
	n51_word(m, 0x2000, str);
	n51_word(m, N51_UICR, 0x1000);
	n51_word(m, N51_UICR, 0); /* no longer FF: nothing happens */
	assert_int_equal(rig_r(m, N51_UICR), 0x1000);
	rig_power_cycle(m);
	n51_config_set(m, N51_EEN);
	rig_w(m, N51_ERASEPCR0, 0x400); /* SWD: ignored */
	assert_int_equal(rig_r(m, N51_READY), 1);
	assert_true(n51_run(m, 0x2000, regs)); /* region 1 may not */
	assert_int_equal(n51_exception(m), 3);
	assert_int_equal(rig_r(m, 0x400), 0);
	assert_true(n51_run(m, 0x200, regs));
	assert_int_equal(n51_exception(m), 0);
	assert_int_equal(rig_r(m, 0x400), 0xffffffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_words_lose_bits, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_third_write, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_needs_wen, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_erase, setup, teardown),
		cmocka_unit_test_setup_teardown(test_times, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flash_waits, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_core_stands_still, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_store_multiple, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_bytes_fault, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_protected_blocks, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_region0, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
