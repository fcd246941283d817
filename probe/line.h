/* SPDX-License-Identifier: MIT */
/*
 * probe/line.h - swd-pins bit by bit: characters to bits and back.  Pure.
 *
 * A character is a start bit 0 and 8 data bits, least significant first.
 */
#ifndef PROBE_LINE_H
#define PROBE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_CHAR_BITS 9
/* Ones between two characters that the host sends: the chip does other work
 * there. */
#define LINE_GAP 2
/* First character of every frame: what begins otherwise is noise. */
#define LINE_SYNC 0xa5
/* More ones in a row than any character holds: the chip listens. */
#define LINE_QUIET_ONES (LINE_CHAR_BITS)
/* In front of a frame: a chip that has other work sees the clock move before
 * the start bit comes. */
#define LINE_LEAD 16
/* No more than so many high clocks in a row before it: together they stay
 * below the 50 of an SWD line reset. */
#define LINE_ONES_MAX 32

/* Bit number n of characters with so many ones behind each. */
static inline bool line_bit(const uint8_t *buf, size_t n, unsigned gap)
{
	unsigned k = (unsigned)(n % (LINE_CHAR_BITS + gap));

	if (k == 0 || k >= LINE_CHAR_BITS)
		return k != 0;
	return (buf[n / (LINE_CHAR_BITS + gap)] >> (k - 1) & 1) != 0;
}

struct line_rx {     /* zero it to begin: the chip is busy */
	bool frame;  /* inside one */
	bool first;  /* its first character is under way */
	uint8_t bit; /* 0 = start bit expected, 1..8 data */
	uint8_t shift;
	unsigned ones; /* in a row, up to now */
};
/* Takes a bit as read; the character that it ends, or -1. */
int line_rx_bit(struct line_rx *rx, bool bit);
static inline bool line_rx_quiet(const struct line_rx *rx)
{
	return !rx->frame && rx->ones >= LINE_QUIET_ONES;
}

#endif
