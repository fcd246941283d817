/* SPDX-License-Identifier: MIT */
/* DMA1 of the STM32L4: what USART2 receives goes round a ring; the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/vmcu_rig.h"

#define RCC 0x40021000u
#define AHB1ENR (RCC + 0x48)
#define AHB2ENR (RCC + 0x4c)
#define APB1ENR1 (RCC + 0x58)
#define GPIOA 0x48000000u
#define USART2 0x40004400u
#define DMA1 0x40020000u
#define ISR DMA1
#define IFCR (DMA1 + 4)
#define CCR(n) (DMA1 + 8 + 20 * ((n)-1))
#define CNDTR(n) (CCR(n) + 4)
#define CPAR(n) (CCR(n) + 8)
#define CMAR(n) (CCR(n) + 12)
#define CSELR (DMA1 + 0xa8)
#define EN 1u
#define CIRC (1u << 5)
#define PINC (1u << 6)
#define MINC (1u << 7)
#define MEM2MEM (1u << 14)
#define FLAGS(n, f) ((uint32_t)(f) << 4 * ((n)-1))
#define TC 2u
#define HT 4u
#define TE 8u
#define CHAR_PS (87500 * 1000ull) /* 10 bits of 35 clocks at 4 MHz */
#define RING (SRAM2 + 0x100)

static int setup(void **state)
{
	struct mcu_config cfg = rig_config();
	struct mcu *m = rig_new(&cfg);

	rig_halt(m);
	rig_w(m, AHB1ENR, 0x101);
	*state = m;
	return 0;
}

static int teardown(void **state)
{
	mcu_free(*state);
	return 0;
}

/* USART2 by channel 6 into 8 bytes. */
static void listen(struct mcu *m, uint32_t ccr)
{
	rig_w(m, AHB2ENR, 1);
	rig_w(m, APB1ENR1, 1u << 17);
	rig_w(m, GPIOA, 0xabffffaf);
	rig_w(m, GPIOA + 0x20, 0x7700);
	rig_w(m, CSELR, 2u << 20);
	rig_w(m, CNDTR(6), 8);
	rig_w(m, CPAR(6), USART2 + 0x24);
	rig_w(m, CMAR(6), RING);
	rig_w(m, CCR(6), ccr);
	rig_w(m, USART2 + 0x08, 1u << 6); /* DMAR */
	rig_w(m, USART2 + 0x0c, 35);
	rig_w(m, USART2, 0x0d);
}

static void says(struct mcu *m, const char *text)
{
	mcu_uart_write(m, (const uint8_t *)text, strlen(text));
	mcu_advance(m, (strlen(text) + 1) * CHAR_PS);
}

static void ring_is(struct mcu *m, const char want[9])
{
	uint32_t words[2] = { rig_r(m, RING), rig_r(m, RING + 4) };

	assert_memory_equal(words, want, 8);
}

static void test_ring(void **state)
{
	struct mcu *m = *state;

	listen(m, MINC | CIRC | EN);
	rig_w(m, RING + 8, 0x11223344);
	says(m, "abc");
	assert_int_equal(rig_r(m, CNDTR(6)), 5);
	assert_int_equal(rig_r(m, ISR), 0);
	says(m, "d");
	assert_int_equal(rig_r(m, ISR), FLAGS(6, HT | 1));
	says(m, "efgh");
	ring_is(m, "abcdefgh");
	assert_int_equal(rig_r(m, CNDTR(6)), 8);
	assert_int_equal(rig_r(m, ISR), FLAGS(6, TC | HT | 1));
	rig_w(m, IFCR, FLAGS(6, HT));
	assert_int_equal(rig_r(m, ISR), FLAGS(6, TC | 1));
	rig_w(m, IFCR, FLAGS(6, 1)); /* all of the channel */
	assert_int_equal(rig_r(m, ISR), 0);
	says(m, "XY");
	ring_is(m, "XYcdefgh");
	assert_int_equal(rig_r(m, CNDTR(6)), 6);
	/* nothing was overrun, nothing behind it was written */
	assert_int_equal(rig_r(m, USART2 + 0x1c) & 0x28, 0);
	assert_int_equal(rig_r(m, RING + 8), 0x11223344);
}

/* Once round, then it stops; the next character waits, the one after is lost.
 */
static void test_once(void **state)
{
	struct mcu *m = *state;

	listen(m, MINC | EN);
	says(m, "abcdefgh");
	ring_is(m, "abcdefgh");
	assert_int_equal(rig_r(m, CNDTR(6)), 0);
	says(m, "ij");
	ring_is(m, "abcdefgh");
	assert_int_equal(rig_r(m, USART2 + 0x1c) & 0x28, 0x28); /* ORE RXNE */
	/* while it is on nothing of it can be changed; off and on again it goes
	 * on with what waits */
	rig_w(m, CNDTR(6), 4);
	rig_w(m, CMAR(6), RING + 4);
	assert_int_equal(rig_r(m, CNDTR(6)), 0);
	assert_int_equal(rig_r(m, CMAR(6)), RING);
	rig_w(m, CCR(6), 0);
	rig_w(m, CNDTR(6), 4);
	rig_w(m, CCR(6), MINC | EN);
	ring_is(m, "ibcdefgh");
	assert_int_equal(rig_r(m, CNDTR(6)), 3);
}

/* Another channel, no request selected, or none made: nothing moves. */
static void test_who_asks(void **state)
{
	struct mcu *m = *state;

	listen(m, MINC | EN);
	rig_w(m, CSELR, 0);
	says(m, "a");
	assert_int_equal(rig_r(m, CNDTR(6)), 8);
	assert_int_equal(rig_r(m, USART2 + 0x1c) & 0x20, 0x20);
	rig_w(m, CSELR, 2u << 16); /* channel 5's: USART1 */
	assert_int_equal(rig_r(m, CNDTR(6)), 8);
	rig_w(m, CSELR, 2u << 20);
	assert_int_equal(rig_r(m, CNDTR(6)), 7);
	rig_w(m, USART2 + 0x08, 0); /* not DMAR */
	says(m, "b");
	assert_int_equal(rig_r(m, CNDTR(6)), 7);
	rig_w(m, USART2 + 0x08, 1u << 6);
	assert_int_equal(rig_r(m, CNDTR(6)), 6);
}

static void test_no_clock(void **state)
{
	struct mcu *m = *state;

	rig_w(m, AHB1ENR, 0x100);
	rig_w(m, CNDTR(1), 5);
	assert_int_equal(rig_r(m, CNDTR(1)), 0);
	rig_w(m, AHB1ENR, 0x101);
	assert_int_equal(rig_r(m, CNDTR(1)), 0);
}

static void test_memory_to_memory(void **state)
{
	struct mcu *m = *state;

	rig_w(m, SRAM1, 0x44332211);
	rig_w(m, SRAM1 + 4, 0x88776655);
	rig_w(m, CNDTR(1), 4);
	rig_w(m, CPAR(1), SRAM1 + 1);
	rig_w(m, CMAR(1), SRAM2);
	/* bytes to half-words */
	rig_w(m, CCR(1), MEM2MEM | PINC | MINC | 1u << 10 | EN);
	assert_int_equal(rig_r(m, SRAM2), 0x00330022);
	assert_int_equal(rig_r(m, SRAM2 + 4), 0x00550044);
	assert_int_equal(rig_r(m, ISR), FLAGS(1, TC | HT | 1));
}

/* Where nobody is, and what is shut, end it. */
static void test_errors(void **state)
{
	struct mcu *m = *state;

	rig_w(m, CNDTR(2), 4);
	rig_w(m, CPAR(2), 0x60000000);
	rig_w(m, CMAR(2), SRAM1);
	rig_w(m, CCR(2), MEM2MEM | PINC | MINC | EN);
	assert_int_equal(rig_r(m, ISR), FLAGS(2, TE | 1));
	assert_int_equal(rig_r(m, CCR(2)) & EN, 0);
	assert_int_equal(rig_r(m, CNDTR(2)), 4);
}

/* At level 1 a debugger has flash shut, and DMA does not get past that. */
static void test_protection(void **state)
{
	struct mcu *m = *state;

	rig_program(m, FLASH + 0x800, 0x1122334455667788);
	rig_options(m, OPTR_DEFAULT - 0xaa + 0xbb);
	rig_power_cycle(m);
	rig_halt(m);
	rig_w(m, AHB1ENR, 0x101);
	rig_w(m, SRAM1, 0x5a5a5a5a);
	rig_w(m, CNDTR(1), 1);
	rig_w(m, CPAR(1), FLASH + 0x800);
	rig_w(m, CMAR(1), SRAM1);
	rig_w(m, CCR(1), MEM2MEM | 2u << 8 | 2u << 10 | EN);
	assert_int_equal(rig_r(m, ISR), FLAGS(1, TE | 1));
	assert_int_equal(rig_r(m, SRAM1), 0x5a5a5a5a);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_ring),	    T(test_once),   T(test_who_asks),
		T(test_no_clock),   T(test_errors), T(test_memory_to_memory),
		T(test_protection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
