/* SPDX-License-Identifier: MIT */
/*
 * The two debug pins as a line that the host clocks (docs/protocol.md, "Line:
 * swd-pins").  PA14 is the clock, PA13 the data: open drain, pulled up, so
 * that setting it lets go.
 */
#include "loader/loader.h"

#define CLOCK (1u << 14)
#define DATA (1u << 13)
#define SWD_PATIENCE 200000u

void swd_busy(void)
{
	GPIOA_BSRR = DATA << 16;
}

void swd_release(void)
{
	GPIOA_BSRR = DATA;
}

/* The data wire at the next rising edge, or LINE_LOST when none comes. */
static TARGET_RAM int edge(void)
{
	uint32_t t = SWD_PATIENCE, v;

	while (GPIOA_IDR & CLOCK)
		if (!--t)
			return LINE_LOST;
	do {
		v = GPIOA_IDR;
		if (!--t)
			return LINE_LOST;
	} while (!(v & CLOCK));
	return v >> 13 & 1;
}

/* A start bit and 8 data bits. */
TARGET_RAM int swd_get(void)
{
	uint32_t v = 0;

	target_pump();
	target_feed();
	for (unsigned i = 0; i < 9; i++) {
		int bit = edge();

		if (bit < 0 || (i == 0 && bit))
			return LINE_LOST;
		v |= (uint32_t)bit << i;
	}
	return (int)(v >> 1);
}

TARGET_RAM void swd_put(uint8_t v)
{
	uint32_t bits = (uint32_t)v << 1;

	for (unsigned i = 0; i < 9; i++) {
		GPIOA_BSRR = bits >> i & 1 ? DATA : DATA << 16;
		if (edge() < 0)
			return;
	}
}

/* Two ones, of which the host sees at least one. */
TARGET_RAM void swd_mark(void)
{
	swd_release();
	/* however long it takes the host to come and look */
	while (edge() < 0)
		target_feed();
	(void)edge();
}
