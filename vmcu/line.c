/* SPDX-License-Identifier: MIT */
#include "vmcu/line.h"

#include <string.h>

#include "vmcu/bench.h"

#define PORT 'A'
#define SWDIO_BIT 13
#define SWCLK_BIT 14

void line_clear(struct line *l)
{
	l->head = l->count = 0;
	l->chip = -1;
	l->held[0] = l->held[1] = -1;
}

void line_init(struct line *l)
{
	memset(l, 0, sizeof(*l));
	l->last_sample = 1;
	line_clear(l);
}

void line_move(struct line *l, uint64_t ps, int level)
{
	if (l->count == LINE_MOVES) { /* the oldest no longer matters */
		l->chip = l->moves[l->head].level;
		l->head = (l->head + 1) % LINE_MOVES;
		l->count--;
	}
	l->moves[(l->head + l->count) % LINE_MOVES].at = ps;
	l->moves[(l->head + l->count++) % LINE_MOVES].level = level;
}

/* What the chip drove at this time; questions come in the order of time. */
static int chip_at(struct line *l, uint64_t ps)
{
	while (l->count > 0 && l->moves[l->head].at <= ps) {
		l->chip = l->moves[l->head].level;
		l->head = (l->head + 1) % LINE_MOVES;
		l->count--;
	}
	return l->chip;
}

bool line_on(const struct bench *b)
{
	return !b->swj.unplugged && mcu_powered(b->mcu) &&
	       !mcu_debug_pins_on(b->mcu);
}

int line_swdio(const struct bench *b)
{
	/* the probe has a pull-up of its own */
	return mcu_pin_level(b->mcu, PORT, SWDIO_BIT) != 0;
}

static void edge(struct bench *b, uint64_t ps, unsigned bit, int level)
{
	/* there is room: never more than LINE_BITS_MAX cycles are laid out */
	(void)!mcu_pin_drive_at(b->mcu, ps, PORT, bit, level);
}

/* Lays out the cycles; returns which of them the chip gets to see. */
static uint64_t lay_out(struct bench *b, uint64_t start, uint64_t period,
			bool out, uint64_t bits, unsigned n)
{
	struct line *l = &b->line;
	uint64_t seen = 0;

	if (!out)
		edge(b, start, SWDIO_BIT, -1);
	for (unsigned i = 0; i < n; i++) {
		uint64_t t = start + i * period;
		int level = bits >> i & 1;

		if (out)
			edge(b, t, SWDIO_BIT, level ^ noise_flip(&l->noise));
		if (noise_drop(&l->noise))
			continue;
		edge(b, t, SWCLK_BIT, 0);
		edge(b, t + period / 2, SWCLK_BIT, 1);
		seen |= 1ull << i;
	}
	return seen;
}

static uint64_t sample(struct bench *b, uint64_t start, uint64_t period,
		       uint64_t seen, unsigned n)
{
	struct line *l = &b->line;
	uint64_t v = 0;

	for (unsigned i = 0; i < n; i++) {
		int level = chip_at(l, start + i * period + period / 2);

		if (level < 0)
			level = 1; /* the chip's pull-up, or the probe's */
		if (!(seen >> i & 1))
			level = l->last_sample;
		l->last_sample = level;
		v |= (uint64_t)(level ^ noise_flip(&l->noise)) << i;
	}
	return v;
}

uint64_t line_bits(struct bench *b, uint64_t period_ps, bool out, uint64_t bits,
		   unsigned n)
{
	uint64_t start, seen, v = 0;

	wiretime_flush(&b->time);
	start = mcu_now(b->mcu);
	seen = lay_out(b, start, period_ps, out, bits, n);
	mcu_advance(b->mcu, n * period_ps);
	if (out)
		(void)chip_at(&b->line, mcu_now(b->mcu));
	else
		v = sample(b, start, period_ps, seen, n);
	b->line.held[0] = 1;
	b->line.held[1] = out ? (int)(bits >> (n - 1) & 1) : -1;
	b->line.clocks += n;
	if (b->capture != NULL)
		capture_cycles(b->capture, start, period_ps, out, bits, n);
	return v;
}

void line_hold(struct bench *b, int swclk, int swdio)
{
	struct line *l = &b->line;

	if (b->swj.unplugged)
		swclk = swdio = -1;
	if (l->held[0] != swclk)
		mcu_pin_drive(b->mcu, PORT, SWCLK_BIT, swclk);
	if (l->held[1] != swdio)
		mcu_pin_drive(b->mcu, PORT, SWDIO_BIT, swdio);
	l->held[0] = swclk;
	l->held[1] = swdio;
	if (b->capture != NULL)
		capture_probe(b->capture, mcu_now(b->mcu), swclk, swdio);
}
