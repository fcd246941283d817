/* SPDX-License-Identifier: MIT */
/*
 * A programming routine, run by the core, with the power cut after every one
 * of its flash operations in turn.  It erases page 1 and programs eight
 * double words with STRD; once from flash (fetches stall), once from RAM.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/vmcu_rig.h"

#define PAGE1 (FLASH + 0x800)
#define DWORDS 8
#define OPERATIONS (1 + DWORDS)
/* FLASH registers; keys; CR = PER | STRT | page 1; wait; CR = PG; eight times
 * strd r4, r5, [r1], #8, wait, r4 += 1; r1 to RESULT; loop. */
#define OLD 0xa5a5a5a5a5a5a5a5ull

static const uint32_t routine[] = {
	0x490e480d, 0x490e6081, 0x490e6081, 0x69026141, 0xd4fc03d2, 0x61422201,
	0x2108f04f, 0x4d0b4c0a, 0xe8e12608, 0x69024502, 0xd4fc03d2, 0x3e013401,
	0x4b07d1f7, 0xe7fe6019, 0x40022000, 0x45670123, 0xcdef89ab, 0x0001000a,
	0x55667788, 0x11223344, RESULT,
};

static uint64_t value(unsigned i)
{
	return 0x1122334400000000ull | (0x55667788u + i);
}

static struct mcu *prepare(uint32_t entry)
{
	struct mcu_config cfg = rig_config();
	struct mcu *m = rig_new(&cfg);

	rig_flash(m, FLASH + 0x200, routine, sizeof(routine));
	for (unsigned i = 0; i < DWORDS; i++)
		rig_program(m, PAGE1 + 8 * i, OLD);
	rig_ram(m, RAM_CODE, routine, sizeof(routine));
	rig_w(m, RESULT, 0);
	rig_w(m, FLASH_CR, CR_LOCK); /* it brings its own keys */
	rig_go(m, entry, 0x20008000);
	return m;
}

static uint64_t read64(struct mcu *m, uint32_t addr)
{
	return rig_r(m, addr) | (uint64_t)rig_r(m, addr + 4) << 32;
}

static int torn(struct mcu *m, uint32_t addr)
{
	int bad;

	(void)rig_r(m, addr);
	bad = rig_r(m, FLASH_ECCR) >> 31 & 1;
	rig_w(m, FLASH_ECCR, 1u << 31);
	return bad;
}

/* What n operations, the last of them torn, have left. */
static void check(struct mcu *m, unsigned n)
{
	for (unsigned i = 0; i < DWORDS; i++) {
		uint32_t addr = PAGE1 + 8 * i;

		if (n == 1) /* torn erase: anything goes */
			continue;
		assert_int_equal(torn(m, addr), i == n - 2);
		if (i < n - 2)
			assert_true(read64(m, addr) == value(i));
		else if (i > n - 2)
			assert_true(read64(m, addr) == UINT64_MAX);
	}
}

static void sweep(uint32_t entry)
{
	for (unsigned n = 1; n <= OPERATIONS; n++) {
		struct mcu *m = prepare(entry);

		mcu_cut_after(m, n);
		mcu_advance(m, 50 * MS);
		assert_false(mcu_powered(m));
		rig_power_cycle(m);
		check(m, n);
		mcu_free(m);
	}
}

static void test_sweep_from_ram(void **state)
{
	(void)state;
	sweep(RAM_CODE);
}

static void test_sweep_from_flash(void **state)
{
	(void)state;
	sweep(FLASH + 0x200);
}

static uint64_t whole(uint32_t entry)
{
	struct mcu *m = prepare(entry);
	uint64_t insns = mcu_instructions(m);

	mcu_cut_after(m, OPERATIONS + 1); /* one more than there are */
	mcu_advance(m, 50 * MS);
	assert_true(mcu_powered(m));
	assert_int_equal(rig_r(m, RESULT), PAGE1 + 8 * DWORDS);
	for (unsigned i = 0; i < DWORDS; i++)
		assert_true(read64(m, PAGE1 + 8 * i) == value(i));
	insns = mcu_instructions(m) - insns;
	mcu_free(m);
	return insns;
}

/* Code in RAM polls while the flash is busy, code in flash stands still. */
static void test_whole(void **state)
{
	(void)state;
	assert_true(whole(FLASH + 0x200) + 15000 < whole(RAM_CODE));
}

/* A double word that is stored while another is programmed waits. */
static void test_store_waits(void **state)
{
	/* r0 = FLASH regs, r1 = address: strd r4, r5, [r1]; strd again at +8;
	 * bkpt */
	static const uint16_t code[] = { 0xe9c1, 0x4500, 0xe9c1,
					 0x4502, 0xbe00, 0xbf00 };
	struct mcu_config cfg = rig_config();
	struct mcu *m = rig_new(&cfg);
	uint64_t start;

	(void)state;
	rig_ram(m, RAM_CODE, code, sizeof(code));
	rig_unlock(m);
	rig_w(m, FLASH_CR, CR_PG);
	rig_halt(m);
	rig_set_reg(m, 1, PAGE1);
	rig_set_reg(m, 4, 0x11111111);
	rig_set_reg(m, 5, 0x22222222);
	rig_go(m, RAM_CODE, 0x20008000);
	start = mcu_now(m);
	assert_true(rig_wait_halt(m, 10 * MS));
	/* the second store could not finish before the first was done */
	assert_in_range(mcu_now(m) - start, 81 * US, 110 * US);
	assert_int_equal(rig_busy(m) & SR_ERRORS, 0);
	assert_true(read64(m, PAGE1) == 0x2222222211111111ull);
	assert_true(read64(m, PAGE1 + 8) == 0x2222222211111111ull);
	mcu_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_sweep_from_ram),
		cmocka_unit_test(test_sweep_from_flash),
		cmocka_unit_test(test_store_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
