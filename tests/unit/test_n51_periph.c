/* SPDX-License-Identifier: MIT */
/* nRF51: UART, RNG, timers, watchdog, pins, resets, identity. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/n51_rig.h"

#define UART 0x40002000u
#define TIMER0 0x40008000u
#define RNG 0x4000d000u
#define WDT 0x40010000u
#define GPIO 0x50000000u
#define CNF(n) (GPIO + 0x700 + 4 * (n))
#define RESETREAS (N51_POWER + 0x400)
#define GPREGRET (N51_POWER + 0x51c)
#define TX 24u
#define RX 25u
#define BAUD_115200 0x01d7e000u
#define BAUD_1M 0x10000000u

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

/* -- UART ------------------------------------------------------------------ */

static void uart_on(struct mcu *m, uint32_t baud)
{
	rig_w(m, GPIO + 0x508, 1u << TX);
	rig_w(m, CNF(TX), 1);
	rig_w(m, CNF(RX), 0);
	rig_w(m, UART + 0x50c, TX);
	rig_w(m, UART + 0x514, RX);
	rig_w(m, UART + 0x524, baud);
	rig_w(m, UART + 0x500, 4);
	rig_w(m, UART + 0x000, 1); /* STARTRX */
	rig_w(m, UART + 0x008, 1); /* STARTTX */
}

static void test_uart_sends(void **state)
{
	struct mcu *m = *state;
	uint8_t buf[8];

	uart_on(m, BAUD_1M);
	rig_w(m, UART + 0x51c, 'x');
	mcu_advance(m, 9 * US);
	assert_int_equal(rig_r(m, UART + 0x11c), 0);
	assert_int_equal(mcu_uart_read(m, buf, 8), 0);
	rig_w(m, UART + 0x51c, 'y'); /* too early: lost */
	mcu_advance(m, 2 * US);
	assert_int_equal(rig_r(m, UART + 0x11c), 1); /* TXDRDY */
	rig_w(m, UART + 0x11c, 0);
	rig_w(m, UART + 0x51c, 'z');
	mcu_advance(m, 20 * US);
	assert_int_equal(mcu_uart_read(m, buf, 8), 2);
	assert_memory_equal(buf, "xz", 2);
	rig_w(m, UART + 0x524, BAUD_115200);
	rig_w(m, UART + 0x11c, 0);
	rig_w(m, UART + 0x51c, 'w');
	mcu_advance(m, 86 * US);
	assert_int_equal(rig_r(m, UART + 0x11c), 0);
	mcu_advance(m, US);
	assert_int_equal(rig_r(m, UART + 0x11c), 1);
}

static void test_uart_needs_pins_and_tasks(void **state)
{
	struct mcu *m = *state;
	uint8_t buf[8];

	uart_on(m, BAUD_1M);
	rig_w(m, UART + 0x50c, 0xffffffff);
	rig_w(m, UART + 0x51c, 'a');
	mcu_advance(m, 20 * US);
	rig_w(m, UART + 0x50c, TX);
	rig_w(m, CNF(TX), 2); /* not an output */
	rig_w(m, UART + 0x51c, 'b');
	mcu_advance(m, 20 * US);
	rig_w(m, CNF(TX), 1);
	rig_w(m, UART + 0x00c, 1); /* STOPTX */
	rig_w(m, UART + 0x51c, 'c');
	mcu_advance(m, 20 * US);
	assert_int_equal(mcu_uart_read(m, buf, 8), 0);
	rig_w(m, CNF(RX), 2); /* input disconnected */
	mcu_uart_write(m, (const uint8_t *)"d", 1);
	mcu_advance(m, 20 * US);
	assert_int_equal(rig_r(m, UART + 0x108), 0);
}

/* Six bytes wait; the seventh is lost, and said so. */
static void test_uart_fifo(void **state)
{
	struct mcu *m = *state;

	uart_on(m, BAUD_1M);
	mcu_uart_write(m, (const uint8_t *)"1234567", 7);
	mcu_advance(m, 65 * US);
	assert_int_equal(rig_r(m, UART + 0x480), 0);
	mcu_advance(m, 10 * US);
	assert_int_equal(rig_r(m, UART + 0x480), 1); /* OVERRUN */
	assert_int_equal(rig_r(m, UART + 0x124), 1); /* ERROR */
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(rig_r(m, UART + 0x108), 1);
		rig_w(m, UART + 0x108, 0);
		assert_int_equal(rig_r(m, UART + 0x518), '1' + i);
	}
	assert_int_equal(rig_r(m, UART + 0x108), 0);
	rig_w(m, UART + 0x480, 1);
	assert_int_equal(rig_r(m, UART + 0x480), 0);
}

static void test_uart_rts_holds_back(void **state)
{
	struct mcu *m = *state;

	uart_on(m, BAUD_1M);
	rig_w(m, UART + 0x508, 8);
	rig_w(m, UART + 0x56c, 1);
	mcu_uart_write(m, (const uint8_t *)"123456789", 9);
	mcu_advance(m, MS);
	assert_int_equal(rig_r(m, UART + 0x480), 0);
	for (unsigned i = 0; i < 9; i++) {
		assert_int_equal(rig_r(m, UART + 0x518), '1' + i);
		mcu_advance(m, 20 * US);
	}
}

static void test_uart_stops(void **state)
{
	struct mcu *m = *state;

	uart_on(m, BAUD_1M);
	rig_w(m, UART + 0x004, 1); /* STOPRX */
	mcu_uart_write(m, (const uint8_t *)"a", 1);
	mcu_advance(m, 20 * US); /* it hears out what is on its way */
	assert_int_equal(rig_r(m, UART + 0x108), 1);
	assert_int_equal(rig_r(m, UART + 0x144), 0);
	mcu_advance(m, 40 * US);
	assert_int_equal(rig_r(m, UART + 0x144), 1); /* RXTO */
	rig_w(m, UART + 0x108, 0);
	assert_int_equal(rig_r(m, UART + 0x518), 'a');
	mcu_uart_write(m, (const uint8_t *)"b", 1);
	mcu_advance(m, 40 * US);
	assert_int_equal(rig_r(m, UART + 0x108), 0);
}

/* -- RNG ------------------------------------------------------------------- */

static uint64_t byte_time(struct mcu *m)
{
	uint64_t from = mcu_now(m);

	rig_w(m, RNG + 0x100, 0);
	while (!rig_r(m, RNG + 0x100)) {
		mcu_advance(m, US);
		assert_true(mcu_now(m) - from < 10 * MS);
	}
	return mcu_now(m) - from;
}

static void test_rng_times(void **state)
{
	struct mcu *m = *state;
	uint64_t sum = 0, least = UINT64_MAX, most = 0;

	rig_w(m, RNG, 1);
	assert_in_range(byte_time(m), 166 * US, 169 * US);
	assert_in_range(byte_time(m), 166 * US, 169 * US);
	rig_w(m, RNG + 0x504, 1); /* DERCEN */
	(void)byte_time(m);
	for (unsigned i = 0; i < 400; i++) {
		uint64_t t = byte_time(m);

		sum += t;
		least = t < least ? t : least;
		most = t > most ? t : most;
	}
	assert_in_range(sum / 400, 640 * US, 700 * US);
	assert_true(least >= 333 * US && least < 500 * US);
	assert_true(most > 900 * US);
}

static void test_rng_shorts_and_bits(void **state)
{
	struct mcu *m = *state;
	unsigned ones = 0, seen[256] = { 0 }, kinds = 0;

	rig_w(m, RNG, 1);
	for (unsigned i = 0; i < 2000; i++) {
		uint32_t v;

		(void)byte_time(m);
		v = rig_r(m, RNG + 0x508);
		ones += (unsigned)__builtin_popcount(v);
		kinds += seen[v & 0xff]++ == 0;
	}
	assert_in_range(ones, 7700, 8300);
	assert_true(kinds > 250);
	rig_w(m, RNG + 0x200, 1); /* VALRDY stops it */
	(void)byte_time(m);
	rig_w(m, RNG + 0x100, 0);
	mcu_advance(m, 5 * MS);
	assert_int_equal(rig_r(m, RNG + 0x100), 0);
}

static void test_rng_faults(void **state)
{
	struct mcu *m = *state;
	struct mcu_faults f = { .rng = MCU_RNG_STUCK };
	unsigned ones = 0;

	mcu_faults_set(m, &f);
	rig_w(m, RNG, 1);
	(void)byte_time(m);
	for (unsigned i = 0, first = rig_r(m, RNG + 0x508); i < 8; i++) {
		(void)byte_time(m);
		assert_int_equal(rig_r(m, RNG + 0x508), first);
	}
	f.rng = MCU_RNG_BIASED;
	mcu_faults_set(m, &f);
	for (unsigned i = 0; i < 500; i++) {
		(void)byte_time(m);
		ones += (unsigned)__builtin_popcount(rig_r(m, RNG + 0x508));
	}
	assert_in_range(ones, 2800, 3200);
	f.rng = MCU_RNG_SEIS;
	mcu_faults_set(m, &f);
	(void)byte_time(m); /* was under way */
	rig_w(m, RNG + 0x100, 0);
	mcu_advance(m, 100 * MS);
	assert_int_equal(rig_r(m, RNG + 0x100), 0);
}

/* -- timers ---------------------------------------------------------------- */

static uint32_t capture(struct mcu *m, unsigned i)
{
	rig_w(m, TIMER0 + 0x040 + 4 * i, 1);
	return rig_r(m, TIMER0 + 0x540 + 4 * i);
}

static void test_timer(void **state)
{
	struct mcu *m = *state;

	rig_w(m, TIMER0 + 0x508, 3); /* 32 bits */
	rig_w(m, TIMER0 + 0x510, 4); /* 1 MHz */
	rig_w(m, TIMER0 + 0x540, 100);
	rig_w(m, TIMER0, 1);
	mcu_advance(m, 50 * US);
	assert_int_equal(capture(m, 1), 50);
	assert_int_equal(rig_r(m, TIMER0 + 0x140), 0);
	mcu_advance(m, 50 * US);
	assert_int_equal(rig_r(m, TIMER0 + 0x140), 1); /* COMPARE[0] */
	mcu_advance(m, 20 * US);
	assert_int_equal(capture(m, 1), 120);
	rig_w(m, TIMER0 + 0x004, 1); /* STOP */
	mcu_advance(m, 20 * US);
	assert_int_equal(capture(m, 1), 120);
	rig_w(m, TIMER0 + 0x00c, 1); /* CLEAR */
	assert_int_equal(capture(m, 1), 0);
	rig_w(m, TIMER0 + 0x508, 1); /* 8 bits wrap */
	rig_w(m, TIMER0, 1);
	mcu_advance(m, 300 * US);
	assert_int_equal(capture(m, 1), 300 - 256);
}

static void test_timer_shorts(void **state)
{
	struct mcu *m = *state;

	rig_w(m, TIMER0 + 0x510, 0); /* 16 MHz */
	rig_w(m, TIMER0 + 0x540, 160);
	rig_w(m, TIMER0 + 0x200, 1); /* COMPARE[0] clears */
	rig_w(m, TIMER0, 1);
	mcu_advance(m, 25 * US);
	assert_int_equal(capture(m, 1), 80);
	rig_w(m, TIMER0 + 0x200, 1u << 8); /* and now stops */
	mcu_advance(m, 25 * US);
	assert_int_equal(capture(m, 1), 160);
	rig_w(m, TIMER0 + 0x504, 1); /* counter */
	rig_w(m, TIMER0 + 0x00c, 1);
	rig_w(m, TIMER0, 1);
	rig_w(m, TIMER0 + 0x008, 1);
	rig_w(m, TIMER0 + 0x008, 1);
	mcu_advance(m, 25 * US);
	assert_int_equal(capture(m, 1), 2);
}

static void test_interrupt_line(void **state)
{
	struct mcu *m = *state;

	rig_halt(m);
	rig_w(m, TIMER0 + 0x304, 1u << 16);
	assert_int_equal(rig_r(m, TIMER0 + 0x308), 1u << 16);
	rig_w(m, TIMER0 + 0x540, 16);
	rig_w(m, TIMER0, 1);
	mcu_advance(m, 100 * US);
	assert_int_equal(rig_r(m, 0xe000e200), 1u << 8); /* pending: TIMER0 */
	rig_w(m, TIMER0 + 0x308, 1u << 16);
	assert_int_equal(rig_r(m, TIMER0 + 0x304), 0);
}

/* -- watchdog and resets --------------------------------------------------- */

static const uint32_t idle_loop = 0x46c0e7fe; /* b . */

static void run_idle(struct mcu *m)
{
	n51_vectors(m, 0x400);
	n51_word(m, 0x400, idle_loop);
	rig_power_cycle(m);
}

static void test_watchdog(void **state)
{
	struct mcu *m = *state;

	run_idle(m);
	rig_w(m, GPREGRET, 0x5a);
	rig_w(m, WDT + 0x504, 32767); /* a second */
	rig_w(m, WDT, 1);
	assert_int_equal(rig_r(m, WDT + 0x400), 1);
	rig_w(m, WDT + 0x504, 20); /* frozen */
	assert_int_equal(rig_r(m, WDT + 0x504), 32767);
	mcu_advance(m, 900 * MS);
	rig_w(m, WDT + 0x600, 0x6e524635);
	mcu_advance(m, 900 * MS);
	rig_w(m, WDT + 0x600, 1); /* the wrong word */
	assert_int_equal(rig_r(m, RESETREAS), 0);
	rig_w(m, AIRCR, 0x05fa0004); /* it goes on through a soft reset */
	mcu_advance(m, 50 * MS);
	assert_int_equal(rig_r(m, RESETREAS), 4); /* SREQ */
	assert_int_equal(rig_r(m, GPREGRET), 0x5a);
	mcu_advance(m, 60 * MS);
	assert_int_equal(rig_r(m, RESETREAS), 6); /* and DOG */
	assert_int_equal(rig_r(m, GPREGRET), 0);
	assert_int_equal(rig_r(m, WDT + 0x400), 0);
	rig_w(m, RESETREAS, 2);
	assert_int_equal(rig_r(m, RESETREAS), 4);
	rig_power_cycle(m);
	assert_int_equal(rig_r(m, RESETREAS), 0);
}

static void test_watchdog_waits_for_debugger(void **state)
{
	struct mcu *m = *state;

	run_idle(m);
	rig_w(m, WDT + 0x504, 327); /* 10 ms; CONFIG.HALT is 0 */
	rig_w(m, WDT, 1);
	rig_halt(m);
	mcu_advance(m, 100 * MS);
	assert_int_equal(rig_r(m, RESETREAS), 0);
	rig_w(m, DHCSR, DBGKEY | 1);
	mcu_advance(m, 20 * MS);
	assert_int_equal(rig_r(m, RESETREAS), 2);
}

/* A blank chip locks up: it starts over for ever, unless debugged. */
static void test_lockup(void **state)
{
	struct mcu *m = *state;
	uint32_t before;

	mcu_power(m, false);
	mcu_power(m, true);
	before = mcu_resets(m);
	mcu_advance(m, 10 * MS);
	assert_true(mcu_resets(m) - before > 10);
	rig_debug_on(m);
	(void)rig_r(m, DHCSR);
	mcu_advance(m, MS);
	before = mcu_resets(m);
	mcu_advance(m, 10 * MS);
	assert_int_equal(mcu_resets(m), before);
	assert_true(rig_r(m, DHCSR) & 1u << 19); /* S_LOCKUP */
	assert_true(rig_r(m, RESETREAS) & 8);
}

/* nRESET is SWDIO: no reset while a debugger is there, unless it asks. */
static void test_pin_reset(void **state)
{
	struct mcu *m = *state;
	uint32_t before = mcu_resets(m);

	mcu_nrst(m, true);
	assert_int_equal(mcu_resets(m), before + 1);
	mcu_nrst(m, false);
	(void)rig_r(m, DHCSR); /* debug interface mode */
	mcu_nrst(m, true);
	mcu_nrst(m, false);
	assert_int_equal(mcu_resets(m), before + 1);
	rig_w(m, DEMCR, 1u << 24);
	rig_w(m, N51_POWER + 0x544, 1); /* POWER.RESET */
	mcu_nrst(m, true);
	assert_int_equal(mcu_resets(m), before + 2);
	assert_int_equal(rig_r(m, DEMCR), 0); /* the debug logic as well */
	mcu_nrst(m, false);
	assert_int_equal(rig_r(m, RESETREAS) & 1, 1);
}

/* -- pins, clocks, identity ------------------------------------------------ */

static void test_gpio(void **state)
{
	struct mcu *m = *state;

	assert_int_equal(rig_r(m, CNF(3)), 2);
	assert_int_equal(mcu_pin(m, 'P', 3), -1);
	rig_w(m, GPIO + 0x518, 1u << 3); /* DIRSET */
	assert_int_equal(rig_r(m, CNF(3)), 3);
	assert_int_equal(mcu_pin(m, 'P', 3), 0);
	rig_w(m, GPIO + 0x508, 1u << 3);
	assert_int_equal(mcu_pin(m, 'P', 3), 1);
	rig_w(m, GPIO + 0x50c, 1u << 3);
	assert_int_equal(mcu_pin(m, 'P', 3), 0);
	rig_w(m, CNF(31), 0xc); /* input, pulled up */
	assert_int_equal(rig_r(m, GPIO + 0x510) >> 31, 1);
	mcu_pin_drive(m, 'P', 31, 0);
	assert_int_equal(rig_r(m, GPIO + 0x510) >> 31, 0);
	mcu_pin_drive(m, 'P', 30, 1); /* its input is disconnected */
	assert_int_equal(rig_r(m, GPIO + 0x510) >> 30, 0);
	assert_int_equal(mcu_pin_conflicts(m), 0);
	mcu_pin_drive(m, 'P', 3, 1);
	assert_int_equal(mcu_pin_conflicts(m), 1);
	assert_true(mcu_debug_pins_on(m));
}

static void test_clocks(void **state)
{
	struct mcu *m = *state;

	assert_int_equal(rig_r(m, N51_POWER + 0x40c), 1u << 16);
	rig_w(m, N51_POWER + 0x000, 1); /* HFCLKSTART */
	assert_int_equal(rig_r(m, N51_POWER + 0x100), 0);
	mcu_advance(m, MS);
	assert_int_equal(rig_r(m, N51_POWER + 0x100), 1);
	assert_int_equal(rig_r(m, N51_POWER + 0x40c), 1u << 16 | 1);
}

static void test_identity(void **state)
{
	static const uint8_t uid[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct mcu_config cfg = n51_config();
	const struct mcu_identity *id = mcu_identity(*state);
	struct mcu *m = *state;

	assert_int_equal(id->dpidr, 0x0bb11477);
	assert_int_equal(id->ap_base, 0xf0000003);
	assert_int_equal(rig_r(m, 0xe000ed00), 0x410cc200);
	assert_int_equal(rig_r(m, 0x1000005c), 0xffff0072);
	assert_int_equal(rig_r(m, 0x10000014), 0x100);
	assert_int_equal(rig_r(m, 0x10000028), 0xffffffff);
	assert_int_equal(rig_r(m, 0xf0000000), 0xf00ff003);
	assert_int_equal(rig_r(m, 0xf0000fe4) >> 4, 4); /* Nordic: 0x244 */
	assert_int_equal(rig_r(m, 0xf0000fe8), 0xc);
	assert_int_equal(rig_r(m, 0xf0000fd0), 2);
	assert_int_equal(rig_try(m, 0x30000000), MCU_BUS_FAULT);
	cfg.uid = uid;
	cfg.uid_len = sizeof(uid);
	m = rig_new(&cfg);
	assert_int_equal(rig_r(m, 0x10000060), 0x04030201);
	assert_int_equal(rig_r(m, 0x10000064), 0x08070605);
	mcu_free(m);
}

/* QEMU's model has both; code that uses them must fail here. */
static void test_no_vtor_no_systick(void **state)
{
	struct mcu *m = *state;

	rig_w(m, 0xe000ed08, 0x20000000);
	assert_int_equal(rig_r(m, 0xe000ed08), 0);
	rig_w(m, 0xe000e014, 1000);
	rig_w(m, 0xe000e010, 5);
	mcu_advance(m, MS);
	assert_int_equal(rig_r(m, 0xe000e010), 0);
	assert_int_equal(rig_r(m, 0xe000e018), 0);
}

/* PAN 16: revision 2 starts with half of its RAM. */
static void test_ramon(void **state)
{
	struct mcu_config cfg = n51_config();
	struct mcu *m = *state;

	assert_int_equal(rig_r(m, N51_POWER + 0x524), 3);
	cfg.profile = "revision2";
	m = rig_new(&cfg);
	assert_int_equal(rig_try(m, N51_RAM), MCU_BUS_OK);
	assert_int_equal(rig_try(m, N51_RAM + 0x2000), MCU_BUS_FAULT);
	rig_w(m, N51_POWER + 0x524, 3);
	rig_w(m, N51_RAM + 0x2000, 7);
	assert_int_equal(rig_r(m, N51_RAM + 0x2000), 7);
	rig_w(m, AIRCR, 0x05fa0004); /* kept by a soft reset */
	mcu_advance(m, 10 * US);
	assert_int_equal(rig_r(m, N51_RAM + 0x2000), 7);
	mcu_free(m);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_uart_sends),
		TEST(test_uart_needs_pins_and_tasks),
		TEST(test_uart_fifo),
		TEST(test_uart_rts_holds_back),
		TEST(test_uart_stops),
		TEST(test_rng_times),
		TEST(test_rng_shorts_and_bits),
		TEST(test_rng_faults),
		TEST(test_timer),
		TEST(test_timer_shorts),
		TEST(test_interrupt_line),
		TEST(test_watchdog),
		TEST(test_watchdog_waits_for_debugger),
		TEST(test_lockup),
		TEST(test_pin_reset),
		TEST(test_gpio),
		TEST(test_clocks),
		TEST(test_identity),
		TEST(test_no_vtor_no_systick),
		TEST(test_ramon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
