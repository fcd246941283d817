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

TARGET_RAM int swd_edge(uint32_t patience)
{
	uint32_t v;

	while (GPIOA_IDR & CLOCK)
		if (!--patience)
			return LINE_LOST;
	do {
		v = GPIOA_IDR;
		if (!--patience)
			return LINE_LOST;
	} while (!(v & CLOCK));
	return v >> 13 & 1;
}

/*
 * Characters: a start bit and 8 data bits.  One function, because between the
 * last bit of one and the start of the next there are only 80 cycles; what
 * else is to be done is done there, but not between head and body.
 */
TARGET_RAM bool swd_get(uint8_t *head, uint8_t *body, uint32_t cap)
{
	uint8_t *p = head + 1, *end = head + LINK_HEAD_LEN;

	for (;;) {
		uint32_t v = 0;

		for (unsigned i = 0; i < 9; i++) {
			int bit = swd_edge(SWD_PATIENCE);

			if (bit < 0)
				return false;
			v |= (uint32_t)bit << i;
		}
		if (v & 1)
			return false;
		*p++ = (uint8_t)(v >> 1);
		if (p != end) {
			target_feed();
			target_pump();
		} else if (body == NULL) {
			return true;
		} else {
			v = head[4] | (uint32_t)head[5] << 8;
			if (v > cap)
				return false;
			p = body;
			end = body + v + LINK_TAIL_LEN;
			body = NULL;
		}
	}
}

/*
 * Two ones, of which the host sees at least one, however long it takes to come
 * and look; then the characters.
 */
TARGET_RAM void swd_put(const uint8_t *p, uint32_t len)
{
	uint32_t bits = 3, left = 2; /* the mark */

	for (;;) {
		GPIOA_BSRR = bits & 1 ? DATA : DATA << 16;
		while (swd_edge(SWD_PATIENCE) < 0)
			target_feed();
		bits >>= 1;
		if (--left)
			continue;
		if (!len--)
			return;
		bits = (uint32_t)*p++ << 1;
		left = 9;
	}
}
