/* SPDX-License-Identifier: MIT */
/* STM32F1: clocks, pins, USART, converters, timers on the LSI, watchdog. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/f1_rig.h"

#define RCC_CR 0x40021000u
#define RCC_CFGR 0x40021004u
#define RCC_APB2ENR 0x40021018u
#define RCC_APB1ENR 0x4002101cu
#define RCC_BDCR 0x40021020u
#define RCC_CSR 0x40021024u
#define GPIOA_CRL 0x40010800u
#define GPIOA_CRH 0x40010804u
#define GPIOA_IDR 0x40010808u
#define GPIOA_ODR 0x4001080cu
#define GPIOA_BSRR 0x40010810u
#define USART1_SR 0x40013800u
#define USART1_DR 0x40013804u
#define USART1_BRR 0x40013808u
#define USART1_CR1 0x4001380cu
#define USART1_CR3 0x40013814u
#define ADC1 0x40012400u
#define ADC2 0x40012800u
#define TIM5 0x40000c00u
#define RTC 0x40002800u

static int setup(void **state)
{
	*state = f1_new("stm32f103xb", NULL);
	return 0;
}

static int teardown(void **state)
{
	mcu_free(*state);
	return 0;
}

/* Cycles that pass in a millisecond, in thousands. */
static unsigned mhz(struct mcu *m)
{
	static const uint16_t loop = 0xe7fe;
	uint64_t before;

	rig_ram(m, F1_RAM + 0x400, &loop, sizeof(loop));
	rig_go(m, F1_RAM + 0x400, F1_RAM + 0x1000);
	before = mcu_cycles(m);
	mcu_advance(m, MS);
	return (unsigned)((mcu_cycles(m) - before + 500) / 1000);
}

static void test_clocks(void **state)
{
	struct mcu *m = *state;

	assert_int_equal(mhz(m), 8);
	/* HSI / 2 * 16 */
	rig_w(m, RCC_CFGR, 15u << 18 | 4u << 8);
	rig_w(m, RCC_CR, rig_r(m, RCC_CR) | 1u << 24);
	assert_true(rig_r(m, RCC_CR) & 1u << 25);
	rig_w(m, RCC_CFGR, 15u << 18 | 4u << 8 | 2);
	assert_int_equal(rig_r(m, RCC_CFGR) >> 2 & 3, 2);
	assert_int_equal(mhz(m), 64);
	/* the PLL is in use: it cannot be stopped or changed */
	rig_w(m, RCC_CR, 0x81);
	rig_w(m, RCC_CFGR, 2);
	assert_int_equal(mhz(m), 64);
	/* HSE * 9 */
	rig_w(m, RCC_CFGR, 0);
	rig_w(m, RCC_CR, 1u << 16 | 0x81);
	assert_true(rig_r(m, RCC_CR) & 1u << 17);
	rig_w(m, RCC_CFGR, 7u << 18 | 1u << 16);
	rig_w(m, RCC_CR, 1u << 24 | 1u << 16 | 0x81);
	rig_w(m, RCC_CFGR, 7u << 18 | 1u << 16 | 2);
	assert_int_equal(mhz(m), 72);
}

static void test_no_crystal(void **state)
{
	struct mcu *m = f1_new("stm32f103xb", "no-crystal");

	(void)state;
	rig_w(m, RCC_CR, 1u << 16 | 0x81);
	assert_false(rig_r(m, RCC_CR) & 1u << 17);
	rig_w(m, RCC_CFGR, 1);
	assert_int_equal(rig_r(m, RCC_CFGR) >> 2 & 3, 0);
	assert_int_equal(mhz(m), 8);
	mcu_free(m);
}

static void test_unknown_quirk(void **state)
{
	struct mcu_config cfg = f1_config("stm32f103xb", "no-crystal,wet");
	struct mcu *m = NULL;
	char why[256] = "";

	(void)state;
	assert_int_not_equal(mcu_new(&cfg, &m, why), 0);
	assert_non_null(strstr(why, "\"wet\""));
}

static void test_pins(void **state)
{
	struct mcu *m = *state;

	rig_w(m, RCC_APB2ENR, 4);
	assert_int_equal(rig_r(m, GPIOA_CRL), 0x44444444);
	assert_int_equal(mcu_pin_level(m, 'A', 0), -1); /* floats */
	/* PA0 output, PA1 open drain, PA2 input with pull, PA3 analog */
	rig_w(m, GPIOA_CRL, 0x44440873);
	rig_w(m, GPIOA_BSRR, 1 | 2 | 4);
	assert_int_equal(mcu_pin(m, 'A', 0), 1);
	assert_int_equal(mcu_pin(m, 'A', 1), -1);
	assert_int_equal(mcu_pin_level(m, 'A', 2), 1);
	rig_w(m, GPIOA_BSRR, 7u << 16);
	assert_int_equal(mcu_pin(m, 'A', 0), 0);
	assert_int_equal(mcu_pin(m, 'A', 1), 0);
	assert_int_equal(mcu_pin_level(m, 'A', 2), 0);
	/* from outside */
	mcu_pin_drive(m, 'A', 2, 1);
	mcu_pin_drive(m, 'A', 3, 1);
	mcu_pin_drive(m, 'A', 4, 1);
	assert_int_equal(rig_r(m, GPIOA_IDR) & 0x1c, 0x14);
	/* PA13 is the debugger's, whatever its registers say */
	rig_w(m, GPIOA_CRH, 0x44344444);
	assert_int_equal(mcu_pin(m, 'A', 13), -1);
	rig_w(m, RCC_APB2ENR, 5);
	assert_int_equal(mcu_bus_write(m, 0x40010004, 4, 4u << 24), MCU_BUS_OK);
	assert_int_equal(mcu_pin(m, 'A', 13), 0);
}

static void test_usart(void **state)
{
	struct mcu *m = *state;
	uint8_t got[8];

	rig_w(m, RCC_APB2ENR, 1u << 14 | 4);
	assert_int_equal(rig_r(m, USART1_SR), 0xc0);
	rig_w(m, GPIOA_CRH, 0x444444b4); /* PA9 output of the USART */
	rig_w(m, USART1_BRR, 69);	 /* 8 MHz: 115,942 baud */
	rig_w(m, USART1_CR1, 0x200c);
	rig_w(m, USART1_DR, 'a');
	rig_w(m, USART1_DR, 'b');
	assert_false(rig_r(m, USART1_SR) & 0x80);
	mcu_advance(m, 80 * US);
	assert_int_equal(mcu_uart_read(m, got, 8), 0);
	mcu_advance(m, 100 * US);
	assert_int_equal(mcu_uart_read(m, got, 8), 2);
	assert_memory_equal(got, "ab", 2);
	assert_true(rig_r(m, USART1_SR) & 0x40);
	/* receiving; the third comes while the first is still there */
	mcu_uart_write(m, (const uint8_t *)"x", 1);
	mcu_advance(m, 100 * US);
	assert_true(rig_r(m, USART1_SR) & 0x20);
	assert_int_equal(rig_r(m, USART1_DR), 'x');
	assert_false(rig_r(m, USART1_SR) & 0x20);
	mcu_uart_write(m, (const uint8_t *)"yz", 2);
	mcu_advance(m, 200 * US);
	assert_true(rig_r(m, USART1_SR) & 8);
	assert_int_equal(rig_r(m, USART1_DR), 'y');
	assert_false(rig_r(m, USART1_SR) & 0x28);
	/* the pin is not the USART's: nothing gets out */
	rig_w(m, GPIOA_CRH, 0x44444434);
	rig_w(m, USART1_DR, 'c');
	mcu_advance(m, 200 * US);
	assert_int_equal(mcu_uart_read(m, got, 8), 0);
}

#define DMA1 0x40020000u
#define BUFFER (F1_RAM + 0x800)

static void test_usart_by_dma(void **state)
{
	struct mcu *m = *state;
	uint8_t got[8];

	rig_w(m, RCC_APB2ENR, 1u << 14 | 4);
	rig_w(m, 0x40021014, 0x15);
	rig_w(m, GPIOA_CRH, 0x444444b4);
	rig_w(m, USART1_BRR, 69);
	rig_w(m, USART1_CR1, 0x200c);
	/* channel 4 sends, channel 5 receives */
	rig_ram(m, BUFFER, "DMA!", 4);
	rig_w(m, DMA1 + 0x48, 4);
	rig_w(m, DMA1 + 0x4c, USART1_DR);
	rig_w(m, DMA1 + 0x50, BUFFER);
	rig_w(m, DMA1 + 0x44, 1u << 7 | 1u << 4 | 1);
	rig_w(m, DMA1 + 0x5c, 4);
	rig_w(m, DMA1 + 0x60, USART1_DR);
	rig_w(m, DMA1 + 0x64, BUFFER + 8);
	rig_w(m, DMA1 + 0x58, 1u << 7 | 1);
	mcu_advance(m, MS);
	assert_int_equal(mcu_uart_read(m, got, 8), 0); /* nobody asks yet */
	rig_w(m, USART1_CR3, 3u << 6);
	mcu_uart_write(m, (const uint8_t *)"back", 4);
	mcu_advance(m, MS);
	assert_int_equal(mcu_uart_read(m, got, 8), 4);
	assert_memory_equal(got, "DMA!", 4);
	assert_int_equal(rig_r(m, BUFFER + 8), 0x6b636162);
	assert_int_equal(rig_r(m, DMA1) & 0x22000, 0x22000); /* both done */
	assert_false(rig_r(m, USART1_SR) & 0x28);
}

static uint32_t convert(struct mcu *m)
{
	unsigned i = 0;

	rig_w(m, ADC1 + 8, 0x00de0001);
	while (!(rig_r(m, ADC1) & 2)) {
		mcu_advance(m, US);
		assert_true(i++ < 100);
	}
	return rig_r(m, ADC1 + 0x4c);
}

/* Both converters at once, as a random number generator uses them. */
static void test_adc(void **state)
{
	struct mcu *m = *state;
	unsigned ones = 0, changes = 0;
	uint32_t last = 0;
	struct mcu_faults stuck = { .rng = MCU_RNG_STUCK };

	rig_w(m, RCC_APB2ENR, 3u << 9);
	rig_w(m, ADC1 + 4, 6u << 16);
	rig_w(m, ADC1 + 0x34, 17);
	rig_w(m, ADC2 + 8, 0x001e0001);
	rig_w(m, ADC1 + 8, 0x009e0001);
	for (unsigned i = 0; i < 1000; i++) {
		uint32_t v = convert(m);

		assert_in_range(v & 0xffff, 1490, 1500);
		assert_in_range(v >> 16, 1000, 1010);
		ones += (v ^ v >> 16) & 1;
		changes += v != last;
		last = v;
	}
	assert_in_range(ones, 400, 600);
	assert_true(changes > 500);
	mcu_faults_set(m, &stuck);
	last = convert(m);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(convert(m), last);
}

static void test_tim5(void **state)
{
	struct mcu *m = f1_new("stm32f103xe", NULL);
	uint32_t last = 0, low = 0xffff, high = 0;

	(void)state;
	rig_w(m, RCC_APB2ENR, 1);
	rig_w(m, RCC_APB1ENR, 8);
	rig_w(m, RCC_CSR, 1);
	rig_w(m, 0x40010004, 1u << 16 | 2u << 24);
	rig_w(m, TIM5 + 0x1c, 1u << 8);
	rig_w(m, TIM5 + 0x20, 1u << 12);
	rig_w(m, TIM5, 1);
	for (unsigned i = 0; i < 200; i++) {
		unsigned waited = 0;

		while (!(rig_r(m, TIM5 + 0x10) & 1u << 4)) {
			mcu_advance(m, US);
			assert_true(waited++ < 100);
		}
		uint32_t v = rig_r(m, TIM5 + 0x40);
		uint32_t period = (v - last) & 0xffff;

		last = v;
		if (i == 0)
			continue;
		low = period < low ? period : low;
		high = period > high ? period : high;
	}
	/* 8 MHz / 40 kHz = 200, and a little this or that way */
	assert_in_range(low, 190, 199);
	assert_in_range(high, 201, 210);
	mcu_free(m);
}

static void test_no_tim5_on_xb(void **state)
{
	struct mcu *m = *state;

	rig_w(m, RCC_APB1ENR, 8);
	rig_w(m, TIM5 + 0x2c, 0x1234);
	assert_int_equal(rig_r(m, TIM5 + 0x2c), 0);
}

static void test_rtc(void **state)
{
	struct mcu *m = *state;
	unsigned waited = 0;

	rig_w(m, RCC_APB1ENR, 3u << 27);
	rig_w(m, RCC_CSR, 1);
	rig_w(m, RCC_BDCR, 1u << 15 | 2u << 8); /* DBP is not set */
	assert_int_equal(rig_r(m, RCC_BDCR), 0);
	rig_w(m, 0x40007000, 1u << 8);
	rig_w(m, RCC_BDCR, 1u << 15 | 2u << 8);
	rig_w(m, RTC + 4, 1u << 4);
	rig_w(m, RTC + 12, 39); /* a "second" of 40 periods: 1 ms */
	rig_w(m, RTC + 4, 0);
	mcu_advance(m, 2000 * MS); /* the old one runs out */
	rig_w(m, RTC + 4, 0);
	assert_false(rig_r(m, RTC + 4) & 1);
	while (!(rig_r(m, RTC + 4) & 1)) {
		mcu_advance(m, 10 * US);
		assert_true(waited++ < 200);
	}
	/* a reset leaves the backup domain alone */
	mcu_nrst(m, true);
	mcu_nrst(m, false);
	assert_int_equal(rig_r(m, RCC_BDCR), 1u << 15 | 2u << 8);
	rig_power_cycle(m);
	assert_int_equal(rig_r(m, RCC_BDCR), 0);
}

static void test_watchdog(void **state)
{
	struct mcu *m = *state;
	uint32_t resets;

	f1_option_erase(m);
	f1_option(m, 0, 0xa5);
	f1_option(m, 1, 0xfe); /* WDG_SW = 0: by hardware */
	rig_power_cycle(m);
	resets = mcu_resets(m);
	mcu_advance(m, 400 * MS);
	assert_int_equal(mcu_resets(m), resets);
	rig_w(m, 0x40003000, 0xaaaa);
	mcu_advance(m, 400 * MS);
	assert_int_equal(mcu_resets(m), resets);
	mcu_advance(m, 20 * MS);
	assert_int_equal(mcu_resets(m), resets + 1);
	assert_true(rig_r(m, RCC_CSR) & 1u << 29);
}

int main(void)
{
#define T(x) cmocka_unit_test_setup_teardown(x, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_clocks),
		cmocka_unit_test(test_no_crystal),
		cmocka_unit_test(test_unknown_quirk),
		T(test_pins),
		T(test_usart),
		T(test_usart_by_dma),
		T(test_adc),
		cmocka_unit_test(test_tim5),
		T(test_no_tim5_on_xb),
		T(test_rtc),
		T(test_watchdog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
