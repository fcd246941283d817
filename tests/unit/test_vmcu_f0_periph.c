/* SPDX-License-Identifier: MIT */
/* The STM32F051: clocks, peripherals, identity, state file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/f0_rig.h"

#define CODE 0x20000400u
#define DATA 0x20000100u
#define STACK 0x20001000u
#define RCC 0x40021000u
#define ACR 0x40022000u
#define GPIOA 0x48000000u
#define TIM14 0x40002000u
#define ADC 0x40012400u

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

static void to_48_mhz(struct mcu *m)
{
	rig_w(m, ACR, 0x11);
	rig_w(m, RCC + 4, 10u << 18);
	rig_w(m, RCC, 0x01000083);
	rig_w(m, RCC + 4, 10u << 18 | 2);
	assert_int_equal(rig_r(m, RCC + 4) & 0xc, 8);
}

static void test_clock(void **state)
{
	/* 1: adds r0, #1; b 1b */
	static const uint16_t code[] = { 0x3001, 0xe7fd };
	struct mcu *m = *state;
	uint32_t before;

	rig_ram(m, CODE, code, sizeof(code));
	to_48_mhz(m);
	rig_set_reg(m, 0, 0);
	rig_go(m, CODE, STACK);
	before = 0;
	mcu_advance(m, 10 * MS);
	rig_halt(m);
	assert_in_range(rig_reg(m, 0) - before, 119900, 120300);
	rig_w(m, RCC, 0); /* neither PLL nor its source can be stopped */
	assert_int_equal(rig_r(m, RCC) & 0x03000000, 0x03000000);
}

static void test_uart(void **state)
{
	struct mcu *m = *state;
	uint8_t got[4] = { 0 };

	rig_halt(m);
	rig_w(m, RCC + 0x14, 1u << 17 | 0x14);
	rig_w(m, RCC + 0x18, 1u << 14);
	rig_w(m, GPIOA, 0x28280000);	    /* PA9, PA10: AF */
	rig_w(m, GPIOA + 0x24, 0x00000110); /* AF1 */
	rig_w(m, 0x4001380c, 69);	    /* 8 MHz / 115200 */
	rig_w(m, 0x40013800, 1 | 1u << 2 | 1u << 3);
	rig_w(m, 0x40013828, 'S');
	mcu_advance(m, 80 * US);
	assert_int_equal(mcu_uart_read(m, got, 1), 0);
	mcu_advance(m, 10 * US);
	assert_int_equal(mcu_uart_read(m, got, 4), 1);
	assert_int_equal(got[0], 'S');
	mcu_uart_write(m, (const uint8_t *)"r", 1);
	mcu_advance(m, 90 * US);
	assert_true(rig_r(m, 0x4001381c) & 1u << 5);
	assert_int_equal(rig_r(m, 0x40013824), 'r');
}

/* Received characters go to SRAM by themselves. */
static void test_dma(void **state)
{
	struct mcu *m = *state;

	rig_halt(m);
	rig_w(m, RCC + 0x14, 1u << 17 | 0x14 | 1);
	rig_w(m, RCC + 0x18, 1u << 14);
	rig_w(m, GPIOA, 0x28280000);
	rig_w(m, GPIOA + 0x24, 0x00000110);
	rig_w(m, 0x4001380c, 69);
	rig_w(m, 0x40013808, 1u << 6); /* DMAR */
	rig_w(m, 0x40020030 + 4, 4);   /* channel 3: CNDTR, CPAR, CMAR */
	rig_w(m, 0x40020030 + 8, 0x40013824);
	rig_w(m, 0x40020030 + 12, DATA);
	rig_w(m, 0x40020030, 1 | 1u << 7); /* EN, MINC, bytes */
	rig_w(m, DATA, 0);
	rig_w(m, 0x40013800, 1 | 1u << 2);
	mcu_uart_write(m, (const uint8_t *)"sign", 4);
	mcu_advance(m, 400 * US);
	assert_int_equal(rig_r(m, DATA), 0x6e676973);
	assert_int_equal(rig_r(m, 0x40020000) >> 8 & 2, 2); /* TCIF3 */
	assert_int_equal(rig_r(m, 0x40020030 + 4), 0);
}

static void test_gates(void **state)
{
	struct mcu *m = *state;

	rig_w(m, GPIOA, 0);
	assert_int_equal(rig_r(m, GPIOA), 0); /* reads 0 without its clock */
	rig_w(m, RCC + 0x14, 1u << 17);
	assert_int_equal(rig_r(m, GPIOA), 0x28000000);
	assert_int_equal(rig_r(m, GPIOA + 0xc), 0x24000000);
	/* DBGMCU answers the debugger at once */
	assert_int_equal(rig_r(m, 0x40015800), 0x20006440);
}

static void test_debug_pins(void **state)
{
	struct mcu *m = *state;

	rig_w(m, RCC + 0x14, 1u << 17);
	assert_true(mcu_debug_alive(m));
	rig_w(m, GPIOA, 0x08000000); /* PA14 is an input */
	assert_false(mcu_debug_alive(m));
	mcu_nrst(m, true);
	assert_true(mcu_debug_alive(m));
}

/* ADC on the temperature sensor: noise, unless it is to be stuck. */
static unsigned different(struct mcu *m)
{
	uint32_t last = 0, v;
	unsigned n = 0;

	for (int i = 0; i < 64; i++) {
		rig_w(m, ADC + 8, 4); /* ADSTART */
		for (int wait = 0; !(rig_r(m, ADC) & 4); wait++) {
			assert_true(wait < 100);
			mcu_advance(m, US);
		}
		v = rig_r(m, ADC + 0x40);
		assert_in_range(v, 1700, 1850);
		n += v != last;
		last = v;
	}
	return n;
}

static void test_adc(void **state)
{
	const struct mcu_faults stuck = { .rng = MCU_RNG_STUCK };
	struct mcu *m = *state;

	rig_w(m, RCC + 0x18, 1u << 9);
	rig_w(m, ADC + 0x308, 3u << 22);
	rig_w(m, ADC + 0x28, 1u << 16);
	rig_w(m, ADC + 8, 1); /* ADEN */
	assert_true(rig_r(m, ADC) & 1);
	assert_in_range(different(m), 40, 63);
	mcu_faults_set(m, &stuck);
	assert_in_range(different(m), 1, 2);
}

/* TIM14 on the LSI by MCO: 1,200 ticks of 48 MHz, give or take some. */
static void test_tim14(void **state)
{
	struct mcu *m = *state;
	uint32_t last = 0, other = 0;

	to_48_mhz(m);
	rig_w(m, RCC + 0x1c, 1u << 8);
	rig_w(m, RCC + 0x24, 1); /* LSION */
	rig_w(m, RCC + 4, rig_r(m, RCC + 4) | 2u << 24);
	rig_w(m, TIM14 + 0x50, 3);
	rig_w(m, TIM14 + 0x18, 1);
	rig_w(m, TIM14 + 0x20, 1);
	rig_w(m, TIM14, 1);
	for (int i = 0; i < 32; i++) {
		uint32_t v;

		for (int wait = 0; !(rig_r(m, TIM14 + 0x10) & 2); wait++) {
			assert_true(wait < 100);
			mcu_advance(m, US);
		}
		v = rig_r(m, TIM14 + 0x34);
		if (i > 0) {
			assert_in_range((v - last) & 0xffff, 1180, 1220);
			other += ((v - last) & 0xffff) != 1200;
		}
		last = v;
	}
	assert_in_range(other, 20, 31);
}

static void test_watchdog_option(void **state)
{
	struct mcu *m = *state;

	f0_vectors(m, STACK, FLASH + 0x100);
	f0_program(m, FLASH + 0x100, 0xe7fe); /* b . */
	f0_options(m, 0xaa, 0xfe);	      /* WDG_SW = 0 */
	rig_power_cycle(m);
	mcu_advance(m, 400 * MS);
	assert_int_equal(mcu_resets(m), 2);
	mcu_advance(m, 20 * MS); /* 4,096 of 4 / 40 kHz: 409.6 ms */
	assert_int_equal(mcu_resets(m), 3);
}

/* SYSCFG maps SRAM to 0; there is no vector table register. */
static void test_remap(void **state)
{
	struct mcu *m = *state;

	rig_halt(m);
	rig_w(m, 0x20000000, 0x12345678);
	rig_w(m, RCC + 0x18, 1);
	rig_w(m, 0x40010000, 3);
	mcu_advance(m, US);
	assert_int_equal(rig_r(m, 0), 0x12345678);
	rig_w(m, 0x40010000, 0);
	mcu_advance(m, US);
	assert_int_equal(rig_r(m, 0), 0xffffffff);
}

static void test_identity(void **state)
{
	static const uint8_t uid[12] = {
		1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
	};
	struct mcu_config cfg = f0_config();
	struct mcu *m;
	char why[256];
	uint32_t v;

	(void)state;
	cfg.uid = uid;
	cfg.uid_len = 12;
	m = rig_new(&cfg);
	assert_int_equal(rig_r(m, 0x1ffff7ac), 0x04030201);
	assert_int_equal(rig_r(m, 0x1ffff7b4), 0x0c0b0a09);
	assert_int_equal(f0_read16(m, 0x1ffff7cc, &v), MCU_BUS_OK);
	assert_int_equal(v, 64);
	assert_int_equal(rig_r(m, 0xe00fffe0), 0x40);
	assert_int_equal(rig_r(m, 0xe00fffe4), 0x04);
	mcu_free(m);
	cfg.uid_len = 8;
	assert_int_equal(mcu_new(&cfg, &m, why), E_ARG);
	assert_non_null(strstr(why, "24 hex digits"));
	cfg = f0_config();
	cfg.quirks = "nosuch";
	assert_int_equal(mcu_new(&cfg, &m, why), E_ARG);
	assert_non_null(strstr(why, "nosuch"));
}

/* -- the state file -------------------------------------------------------- */

/* Torn cells, option bytes and UID live on; the file says what chip it is. */
static void test_state(void **state)
{
	char path[] = "/tmp/vmcu-f0-XXXXXX";
	struct mcu_config cfg = f0_config();
	struct mcu *m;
	char why[256];
	uint32_t uid;

	(void)state;
	assert_int_not_equal(mkstemp(path), -1);
	unlink(path);
	cfg.state = path;
	m = rig_new(&cfg);
	uid = rig_r(m, 0x1ffff7b0);
	f0_program(m, FLASH + 4, 0x1234);
	f0_options(m, 0xbb, 0xfd);
	f0_unlock(m);
	mcu_cut_after(m, 1);
	rig_w(m, F0_CR, F0_CR_PG);
	(void)!mcu_bus_write(m, FLASH, 2, 0);
	mcu_advance(m, MS);
	assert_int_equal(mcu_save(m), 0);
	mcu_free(m);
	cfg.chip = cfg.profile = NULL; /* it knows */
	cfg.seed = 99;
	m = rig_new(&cfg);
	assert_string_equal(mcu_chip(m), "stm32f051");
	assert_int_equal(rig_r(m, 0x1ffff7b0), uid);
	assert_int_equal(mcu_protection(m), 1);
	assert_int_equal(rig_r(m, F0_OPTIONS), 0x02fd44bb);
	assert_true(mcu_flash_torn(m, FLASH));
	assert_false(mcu_flash_torn(m, FLASH + 4));
	mcu_free(m);
	cfg.chip = "stm32l432";
	assert_int_equal(mcu_new(&cfg, &m, why), E_STATE);
	assert_non_null(strstr(why, "another chip"));
	unlink(path);
}

int main(void)
{
#define T(x) cmocka_unit_test_setup_teardown(x, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_clock),	    T(test_uart),
		T(test_dma),	    T(test_gates),
		T(test_debug_pins), T(test_adc),
		T(test_tim14),	    T(test_watchdog_option),
		T(test_remap),	    T(test_identity),
		T(test_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
