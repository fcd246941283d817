/* SPDX-License-Identifier: MIT */
/* UART pacing, watchdog, random numbers, clocks, GPIO, gates, time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/vmcu_rig.h"

#define RCC 0x40021000u
#define AHB2ENR (RCC + 0x4c)
#define APB1ENR1 (RCC + 0x58)
#define APB2ENR (RCC + 0x60)
#define CCIPR (RCC + 0x88)
#define CSR (RCC + 0x94)
#define CRRCR (RCC + 0x98)
#define GPIOA 0x48000000u
#define USART2 0x40004400u
#define IWDG 0x40003000u
#define RNG 0x50060800u
#define CHAR_PS (87500 * 1000ull) /* 10 bits of 35 clocks at 4 MHz */

static int setup(void **state)
{
	struct mcu_config cfg = rig_config();

	*state = rig_new(&cfg);
	return 0;
}

static int teardown(void **state)
{
	mcu_free(*state);
	return 0;
}

/* USART2 on PA2 and PA3, 114,286 baud; answers every byte with byte + 1. */
static const uint32_t echo[] = {
	0x2101480c, 0xf44f64c1, 0x65813100, 0x4090f04f, 0x60014909, 0x41eef44f,
	0x48086201, 0x60c12123, 0x6001210d, 0x068a69c1, 0x6a41d5fc, 0x62813101,
	0x0000e7f8, 0x40021000, 0xabffffaf, 0x40004400,
};

static void boot(struct mcu *m, const void *code, size_t len)
{
	rig_vectors(m, 0x20008000, FLASH + 0x200);
	rig_flash(m, FLASH + 0x200, code, len);
	rig_power_cycle(m);
	mcu_advance(m, MS);
}

static void test_uart_echo(void **state)
{
	struct mcu *m = *state;
	uint8_t buf[8];

	boot(m, echo, sizeof(echo));
	assert_int_equal(mcu_uart_write(m, (const uint8_t *)"AB", 2), 2);
	/* first in, then out: two characters' time for the first answer */
	mcu_advance(m, 2 * CHAR_PS - 10 * US);
	assert_int_equal(mcu_uart_read(m, buf, sizeof(buf)), 0);
	mcu_advance(m, 30 * US);
	assert_int_equal(mcu_uart_read(m, buf, sizeof(buf)), 1);
	assert_int_equal(buf[0], 'B');
	mcu_advance(m, CHAR_PS);
	assert_int_equal(mcu_uart_read(m, buf, sizeof(buf)), 1);
	assert_int_equal(buf[0], 'C');
}

static void test_uart_needs_its_pin(void **state)
{
	uint32_t wrong[sizeof(echo) / 4];
	struct mcu *m = *state;
	uint8_t buf[8];

	memcpy(wrong, echo, sizeof(echo));
	wrong[14] = 0xabffff9f; /* PA2 stays a plain output */
	boot(m, wrong, sizeof(wrong));
	mcu_uart_write(m, (const uint8_t *)"A", 1);
	mcu_advance(m, 5 * MS);
	assert_int_equal(mcu_uart_read(m, buf, sizeof(buf)), 0);
}

static void uart_by_hand(struct mcu *m)
{
	rig_w(m, AHB2ENR, 1);
	rig_w(m, APB1ENR1, 1u << 17);
	rig_w(m, GPIOA, 0xabffffaf);
	rig_w(m, GPIOA + 0x20, 0x7700);
	rig_w(m, USART2 + 0x0c, 35);
	rig_w(m, USART2, 0x0d);
}

static void test_uart_flags(void **state)
{
	struct mcu *m = *state;

	uart_by_hand(m);
	assert_int_equal(rig_r(m, USART2 + 0x1c) & 0xc0, 0xc0); /* TXE, TC */
	rig_w(m, USART2 + 0x28, 'x');
	assert_int_equal(rig_r(m, USART2 + 0x1c) & 0xc0, 0x80);
	rig_w(m, USART2 + 0x28, 'y');
	assert_int_equal(rig_r(m, USART2 + 0x1c) & 0xc0, 0);
	mcu_advance(m, CHAR_PS + 2 * US);
	assert_int_equal(rig_r(m, USART2 + 0x1c) & 0xc0, 0x80);
	mcu_advance(m, CHAR_PS);
	assert_int_equal(rig_r(m, USART2 + 0x1c) & 0xc0, 0xc0);
}

static void test_uart_overrun(void **state)
{
	struct mcu *m = *state;

	uart_by_hand(m);
	mcu_uart_write(m, (const uint8_t *)"pq", 2);
	mcu_advance(m, 3 * CHAR_PS);
	assert_int_equal(rig_r(m, USART2 + 0x1c) & 0x28, 0x28); /* ORE, RXNE */
	assert_int_equal(rig_r(m, USART2 + 0x24), 'p');
	rig_w(m, USART2 + 0x20, 8);
	assert_int_equal(rig_r(m, USART2 + 0x1c) & 0x28, 0);
}

static void test_uart_nobody_listens(void **state)
{
	struct mcu *m = *state;

	mcu_uart_write(m, (const uint8_t *)"lost", 4);
	uart_by_hand(m);
	mcu_advance(m, 6 * CHAR_PS);
	assert_int_equal(rig_r(m, USART2 + 0x1c) & 0x28, 0);
	mcu_uart_write(m, (const uint8_t *)"h", 1);
	mcu_advance(m, 2 * CHAR_PS);
	assert_int_equal(rig_r(m, USART2 + 0x24), 'h');
}

static void test_uart_interrupt(void **state)
{
	static const uint32_t code[] = {
		0x2101480b, 0xf44f64c1, 0x65813100, 0x4090f04f,
		0x60014908, 0x41eef44f, 0x48076201, 0x60c12123,
		0x6001212d, 0x21404a05, 0xbf306011, 0x0000e7fd,
		0x40021000, 0xabffffaf, 0x40004400, 0xe000e104,
	};
	static const uint32_t handler[] = { 0x6a414803, 0x68134a03, 0x60133301,
					    0x47706051, 0x40004400, RESULT };
	uint32_t vector[2] = { FLASH + 0x181, 0xffffffff };
	struct mcu *m = *state;
	uint64_t asleep;

	rig_flash(m, FLASH + 4 * (16 + 38), vector, 8); /* USART2 */
	rig_flash(m, FLASH + 0x180, handler, sizeof(handler));
	rig_w(m, RESULT, 0);
	rig_w(m, RESULT + 4, 0);
	rig_vectors(m, 0x20008000, FLASH + 0x200);
	rig_flash(m, FLASH + 0x200, code, sizeof(code));
	mcu_power(m, false);
	mcu_advance(m, MS);
	mcu_power(m, true);
	rig_debug_on(m);
	mcu_advance(m, MS);
	asleep = mcu_instructions(m);
	mcu_advance(m, 10 * MS);
	assert_true(mcu_instructions(m) == asleep); /* WFI */
	mcu_uart_write(m, (const uint8_t *)"123", 3);
	mcu_advance(m, MS);
	assert_int_equal(rig_r(m, RESULT), 3);
	assert_int_equal(rig_r(m, RESULT + 4), '3');
}

static void test_gated_peripherals(void **state)
{
	struct mcu *m = *state;

	assert_int_equal(rig_r(m, GPIOA), 0); /* no clock: reads 0 */
	rig_w(m, GPIOA, 0x12345678);
	rig_w(m, AHB2ENR, 1);
	assert_int_equal(rig_r(m, GPIOA), 0xabffffff);
	assert_int_equal(rig_r(m, USART2 + 0x1c), 0);
	assert_int_equal(rig_r(m, 0x40006000), 0); /* CRS: not modelled */
	assert_int_equal(rig_try(m, 0x40009800), MCU_BUS_FAULT);
	assert_int_equal(rig_try(m, 0x50000000), MCU_BUS_FAULT);
	assert_int_equal(rig_try(m, 0x60000000), MCU_BUS_FAULT);
}

static void test_gpio(void **state)
{
	struct mcu *m = *state;

	assert_true(mcu_debug_pins_on(m));
	assert_int_equal(mcu_pin(m, 'A', 5), -1);
	rig_w(m, AHB2ENR, 3);
	rig_w(m, GPIOA, 0xabfff7ff); /* PA5 output */
	assert_int_equal(mcu_pin(m, 'A', 5), 0);
	rig_w(m, GPIOA + 0x18, 1u << 5);
	assert_int_equal(mcu_pin(m, 'A', 5), 1);
	assert_int_equal(rig_r(m, GPIOA + 0x10) >> 5 & 1, 1);
	rig_w(m, GPIOA + 0x18, 1u << 21);
	assert_int_equal(mcu_pin(m, 'A', 5), 0);
	assert_int_equal(mcu_pin(m, 'Q', 5), -1);
}

static void test_bit_band(void **state)
{
	struct mcu *m = *state;

	rig_w(m, 0x42000000 + (AHB2ENR - 0x40000000) * 32 + 18 * 4, 1);
	assert_int_equal(rig_r(m, AHB2ENR), 1u << 18);
	rig_w(m, SRAM1 + 0x4000, 0);
	rig_w(m, 0x22000000 + 0x4000 * 32 + 31 * 4, 1);
	assert_int_equal(rig_r(m, SRAM1 + 0x4000), 0x80000000);
	assert_int_equal(rig_r(m, 0x22000000 + 0x4000 * 32 + 31 * 4), 1);
	assert_int_equal(rig_r(m, 0x22000000 + 0x4000 * 32 + 30 * 4), 0);
}

static void test_debug_pins_away(void **state)
{
	struct mcu *m = *state;

	rig_w(m, AHB2ENR, 1);
	rig_w(m, GPIOA, 0xabffffff & ~(3u << 26 | 3u << 28));
	assert_false(mcu_debug_pins_on(m));
	assert_false(mcu_debug_alive(m));
	assert_int_equal(rig_try(m, SRAM1), MCU_BUS_DEAD);
	mcu_nrst(m, true); /* connect under reset still works */
	assert_true(mcu_debug_alive(m));
	assert_int_equal(rig_try(m, SRAM1), MCU_BUS_OK);
	mcu_nrst(m, false);
}

static void test_watchdog_by_key(void **state)
{
	struct mcu *m = *state;
	uint32_t resets = mcu_resets(m);

	rig_w(m, IWDG, 0xcccc);
	/* (4095 + 1) * 4 / 32 kHz = 512 ms */
	mcu_advance(m, 500 * MS);
	rig_w(m, IWDG, 0xaaaa);
	mcu_advance(m, 500 * MS);
	assert_int_equal(mcu_resets(m), resets);
	mcu_advance(m, 13 * MS);
	assert_int_equal(mcu_resets(m), resets + 1);
	assert_true(rig_r(m, CSR) & 1u << 29); /* IWDGRSTF */
	mcu_advance(m, 2000 * MS); /* it does not run after the reset */
	assert_int_equal(mcu_resets(m), resets + 1);
}

static void test_watchdog_by_option(void **state)
{
	struct mcu *m = *state;
	uint32_t resets;

	rig_options(m, OPTR_DEFAULT & ~(1u << 16));
	rig_power_cycle(m);
	resets = mcu_resets(m);
	mcu_advance(m, 511 * MS);
	assert_int_equal(mcu_resets(m), resets);
	mcu_advance(m, 2 * MS);
	assert_int_equal(mcu_resets(m), resets + 1);
	mcu_advance(m, 512 * MS); /* and again: it cannot be stopped */
	assert_int_equal(mcu_resets(m), resets + 2);
}

static void test_watchdog_settings_locked(void **state)
{
	struct mcu *m = *state;

	rig_w(m, IWDG + 4, 6);
	assert_int_equal(rig_r(m, IWDG + 4), 0);
	rig_w(m, IWDG, 0x5555);
	rig_w(m, IWDG + 4, 6);
	assert_int_equal(rig_r(m, IWDG + 4), 6);
}

static void rng_on(struct mcu *m)
{
	rig_w(m, AHB2ENR, 1u << 18);
	rig_w(m, CRRCR, 1);
	rig_w(m, RNG, 4);
}

static uint32_t rng_word(struct mcu *m)
{
	mcu_advance(m, 2 * US);
	assert_int_equal(rig_r(m, RNG + 4), 1);
	return rig_r(m, RNG + 8);
}

static void test_rng(void **state)
{
	struct mcu_config cfg = rig_config();
	struct mcu *m = *state, *other, *same;
	uint32_t a, b;

	rng_on(m);
	assert_int_equal(rig_r(m, RNG + 4), 0); /* takes its time */
	assert_int_equal(rig_r(m, RNG + 8), 0);
	a = rng_word(m);
	b = rng_word(m);
	assert_int_not_equal(a, b);
	same = rig_new(&cfg);
	cfg.seed = 2;
	other = rig_new(&cfg);
	rng_on(same);
	rng_on(other);
	assert_int_equal(rng_word(same), a);
	assert_int_not_equal(rng_word(other), a);
	mcu_free(same);
	mcu_free(other);
}

static void test_rng_without_clock(void **state)
{
	struct mcu *m = *state;

	rig_w(m, AHB2ENR, 1u << 18);
	rig_w(m, RNG, 4);
	mcu_advance(m, MS);
	assert_int_equal(rig_r(m, RNG + 4), 0x22); /* CECS, CEIS */
	assert_int_equal(rig_r(m, RNG + 8), 0);
	rig_w(m, CRRCR, 1);
	mcu_advance(m, 10 * US);
	assert_int_equal(rig_r(m, RNG + 4), 0x21); /* CEIS stays */
	rig_w(m, RNG + 4, 0);
	assert_int_equal(rig_r(m, RNG + 4), 1);
}

static uint64_t cycles_in(struct mcu *m, uint64_t ps)
{
	uint64_t before = mcu_cycles(m);

	mcu_advance(m, ps);
	return mcu_cycles(m) - before;
}

static void test_clock(void **state)
{
	static const uint32_t pll[] = {
		0xf240480a, 0x60017104, 0x490a4809, 0x680160c1, 0x7280f04f,
		0x60014311, 0x01896801, 0x2103d5fc, 0x68816081, 0x29030889,
		0xe7fed1fb, 0x40022000, 0x40021000, 0x01002801,
	};
	struct mcu *m = *state;
	uint64_t n;

	assert_in_range(cycles_in(m, 10 * MS), 39995, 40005);
	boot(m, pll, sizeof(pll));
	assert_in_range(cycles_in(m, 10 * MS), 799995, 800005);
	n = 0; /* many small steps are the same as one */
	for (int i = 0; i < 10000; i++)
		n += cycles_in(m, US);
	assert_in_range(n, 799995, 800005);
	rig_halt(m);
	assert_int_equal(cycles_in(m, MS), 0);
}

static void test_identity(void **state)
{
	struct mcu *m = *state;
	uint8_t uid[12];

	for (unsigned i = 0; i < 12; i++) {
		uint32_t v;

		assert_int_equal(mcu_bus_read(m, 0x1fff7590 + i, 1, &v),
				 MCU_BUS_OK);
		uid[i] = (uint8_t)v;
	}
	for (unsigned i = 0; i < 4; i++) { /* X and Y, BCD */
		assert_in_range(uid[i] >> 4, 0, 9);
		assert_in_range(uid[i] & 15, 0, 9);
	}
	assert_in_range(uid[4], 1, 25);
	for (unsigned i = 5; i < 12; i++)
		assert_in_range(uid[i], ' ', 'Z');
	assert_int_equal(rig_r(m, 0x1fff75e0) & 0xffff, 256);
	assert_int_equal(rig_r(m, 0xe000ed00), 0x410fc241);
}

/* JEP106 of the ROM table: continuation << 8 | code, without parity. */
static unsigned designer(struct mcu *m)
{
	uint32_t rom = 0xe00ff000;

	return (rig_r(m, rom + 0xfd0) & 15) << 8 |
	       (rig_r(m, rom + 0xfe8) & 7) << 4 |
	       (rig_r(m, rom + 0xfe4) >> 4 & 15);
}

static void test_counterfeit(void **state)
{
	struct mcu_config cfg = rig_config();
	struct mcu *m;
	char why[256];

	(void)state;
	m = rig_new(&cfg);
	assert_int_equal(designer(m), 0x020); /* ST */
	mcu_free(m);
	cfg.profile = "clone-gd";
	m = rig_new(&cfg);
	assert_int_equal(designer(m), 0x751); /* GigaDevice */
	assert_int_equal(rig_r(m, 0xe000ed00), 0x412fc241);
	assert_int_equal(rig_r(m, 0xe0042000), 0x10016435); /* copied */
	mcu_free(m);
	cfg.profile = "clone-arm";
	m = rig_new(&cfg);
	assert_int_equal(designer(m), 0x43b);
	mcu_free(m);
	cfg.profile = "remarked";
	m = rig_new(&cfg);
	assert_int_equal(mcu_identity(m)->dpidr, 0x0bc11477);
	assert_int_equal(rig_r(m, 0xe0042000), 0x10006431);
	mcu_free(m);
	cfg.profile = "no such";
	assert_int_equal(mcu_new(&cfg, &m, why), E_ARG);
	assert_non_null(strstr(why, "no such"));
}

int main(void)
{
#define T(x) cmocka_unit_test_setup_teardown(x, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_uart_echo),
		T(test_uart_needs_its_pin),
		T(test_uart_flags),
		T(test_uart_overrun),
		T(test_uart_nobody_listens),
		T(test_uart_interrupt),
		T(test_gated_peripherals),
		T(test_gpio),
		T(test_bit_band),
		T(test_debug_pins_away),
		T(test_watchdog_by_key),
		T(test_watchdog_by_option),
		T(test_watchdog_settings_locked),
		T(test_rng),
		T(test_rng_without_clock),
		T(test_clock),
		T(test_identity),
		T(test_counterfeit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
