/* SPDX-License-Identifier: MIT */
/*
 * vmcu/line.h - SWCLK and SWDIO while they belong to the firmware: the debug
 * port is off, and the same two wires carry the sealed link.
 *
 * A sequence of clocks is laid out as edges in time, the chip runs through it
 * in one go, looks at its pins when it likes, and what it drove at the moment
 * of each sample is read from a record.  That is lock-step to the instruction
 * at the price of one run per sequence.
 *
 * One cycle, as CMSIS-DAP's probes make it: SWDIO set and SWCLK low, half a
 * period later SWDIO sampled and SWCLK high; so the clock rests high.
 */
#ifndef VMCU_LINE_H
#define VMCU_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmcu/noise.h"

#define LINE_MOVES 256
#define LINE_BITS_MAX 64

struct bench;

struct line {
	struct { /* what the chip did to SWDIO, oldest first */
		uint64_t at;
		int level;
	} moves[LINE_MOVES];
	unsigned head, count;
	int chip;	 /* what it drives now: -1, 0, 1 */
	int last_sample; /* repeated when a clock is lost */
	int held[2];	 /* SWCLK, SWDIO as the probe last left them */
	struct noise noise;
	uint64_t clocks;
};

void line_init(struct line *l);
/* The chip's pins changed hands (another board). */
void line_clear(struct line *l);
/* Chip's move, from its listener. */
void line_move(struct line *l, uint64_t ps, int level);
/* True while the wires are the firmware's: powered, and not debug pins. */
bool line_on(const struct bench *b);
/* n cycles of period_ps; out: sends bits, else returns what was sampled. */
uint64_t line_bits(struct bench *b, uint64_t period_ps, bool out, uint64_t bits,
		   unsigned n);
/* The probe leaves the wires like this between sequences, -1 = released. */
void line_hold(struct bench *b, int swclk, int swdio);
/* The level on SWDIO that the probe sees now. */
int line_swdio(const struct bench *b);

#endif
