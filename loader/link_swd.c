/* SPDX-License-Identifier: MIT */
/*
 * The two debug pins as a line that the host clocks (docs/protocol.md, "Line:
 * swd-pins").
 */
#include "loader/loader.h"

/* Looks at the clock, of 10 cycles each. */
#define COLD 20u /* while it rests: other work waits */
#define HOT 64u	 /* while it moves: nothing else is done; and bits of it */
#define SWD_PATIENCE (3u << 16) /* a short constant */
#define SWD_LOST (-1)
#define CHAR_BITS 9 /* a start bit 0, then the character */
#define GAP_MAX 8   /* ones between two characters */
#define SYNC_BITS (LINK_SYNC << 1)

void link_start(void)
{
	target_swd_open();
}

/*
 * Shifts in n bits from above, each as it is at a rising edge of the clock, or
 * fewer when they are SYNC_BITS; SWD_LOST when no edge comes.
 */
static TARGET_RAM int shift(uint32_t bits, uint32_t n, uint32_t patience)
{
	do {
		uint32_t v, t = patience;

		while (target_pins() >> TARGET_CLOCK_BIT & 1)
			if (!--t)
				return SWD_LOST;
		do {
			v = target_pins();
			if (!--t)
				return SWD_LOST;
		} while (!(v >> TARGET_CLOCK_BIT & 1));
		v = v >> TARGET_DATA_BIT & 1;
		bits = bits >> 1 | v << (CHAR_BITS - 1);
	} while (--n && bits != SYNC_BITS);
	return (int)bits;
}

/*
 * Between the last bit of a character and the start of the next, or the ones
 * that the host puts in between, what else is to be done is done, but not
 * between head and body.
 */
static TARGET_RAM bool get(uint8_t *head, uint32_t cap)
{
	uint8_t *p = head + 1, *body = head + LINK_HEAD_LEN, *end = body;

	for (;;) {
		uint32_t ones = GAP_MAX;
		int v;

		while ((v = shift(0, 1, SWD_PATIENCE)) != 0)
			if (v < 0 || !ones--)
				return false;
		v = shift(0, CHAR_BITS - 1, SWD_PATIENCE);
		if (v < 0)
			return false;
		*p++ = (uint8_t)(v >> 1);
		if (p == body) {
			uint32_t len = head[4] | (uint32_t)head[5] << 8;

			if (len > cap)
				return false;
			end = body + len + LINK_TAIL_LEN;
		} else if (p == end) {
			return true;
		} else {
			target_pump();
			/* where the host leaves gaps, there is more time */
			if (TARGET_GAP_STEP && ones != GAP_MAX)
				target_pump();
		}
	}
}

TARGET_RAM void link_get(uint8_t *p, uint32_t cap)
{
	int bits;

	target_data(true);
	for (;;) {
		target_pump();
		target_feed();
		bits = shift(0x1ff, 1, COLD);
		while (bits >= 0) {
			if (bits == SYNC_BITS && get(p, cap)) {
				/* busy, from the 0 on that the host ends
				 * with; it may look at once */
				(void)shift(0, 1, SWD_PATIENCE);
				target_data(false);
				return;
			}
			bits = shift((uint32_t)bits, HOT, HOT);
		}
	}
}

/*
 * Two ones, of which the host sees at least one, however long it takes to come
 * and look; then the characters.
 */
TARGET_RAM void link_put(const uint8_t *p, uint32_t len)
{
	uint32_t bits = 3, left = 2; /* the mark */
	uint32_t patience = COLD;

	for (;;) {
		target_data(bits & 1);
		while (shift(0, 1, patience) < 0) {
			target_feed();
			target_pump();
		}
		patience = SWD_PATIENCE;
		bits >>= 1;
		if (--left)
			continue;
		if (!len--)
			return;
		bits = (uint32_t)*p++ << 1;
		left = CHAR_BITS;
	}
}
