/* SPDX-License-Identifier: MIT */
#include "probe/line.h"

/* Busy, mark, or quiet: a 0 after a 1 is a start bit. */
static void hunt(struct line_rx *rx, bool bit, unsigned ones_before)
{
	if (bit || ones_before == 0)
		return;
	rx->frame = rx->first = true;
	rx->bit = 1;
	rx->shift = 0;
}

int line_rx_bit(struct line_rx *rx, bool bit)
{
	unsigned ones = rx->ones;

	rx->ones = bit ? ones + 1 : 0;
	if (!rx->frame) {
		hunt(rx, bit, ones);
		return -1;
	}
	if (rx->bit == 0) { /* a start bit that reads 1 ends the frame */
		rx->frame = !bit;
		rx->bit = 1;
		rx->shift = 0;
		return -1;
	}
	rx->shift |= (uint8_t)(bit << (rx->bit - 1));
	if (rx->bit++ < 8)
		return -1;
	rx->bit = 0;
	if (rx->first && rx->shift != LINE_SYNC) {
		rx->frame = false;
		return -1;
	}
	rx->first = false;
	return rx->shift;
}
