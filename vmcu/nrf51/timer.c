/* SPDX-License-Identifier: MIT */
/*
 * TIMER0 to TIMER2 (NRM 17): 16 MHz over 2^PRESCALER, or counting COUNT tasks;
 * four compare registers.  The counter is worked out when somebody looks.
 * TIMER1 and TIMER2 take 24 and 32 bits here too; silicon has 16 there.
 */
#include <string.h>

#include "vmcu/nrf51/n51.h"

#define TICK_PS (PS_PER_S / N51_HZ)
#define EVENT_COMPARE0 16
#define SHORT_CLEAR 0 /* + register */
#define SHORT_STOP 8

static struct n51_timer *timer_of(struct n51 *n, enum n51_id id)
{
	return &n->timer[id - ID_TIMER0];
}

static uint32_t width(const struct n51_timer *t)
{
	static const uint32_t masks[4] = { 0xffff, 0xff, 0xffffff, 0xffffffff };

	return masks[t->bitmode & 3];
}

static uint64_t tick(const struct n51_timer *t)
{
	unsigned shift = t->prescaler > 9 ? 9 : t->prescaler;

	return TICK_PS << shift;
}

static bool counts_time(const struct n51_timer *t)
{
	return t->running && t->mode == 0;
}

static void catch_up(struct n51 *n, struct n51_timer *t)
{
	uint64_t ticks;

	if (!counts_time(t)) {
		t->since = n->m->now;
		return;
	}
	ticks = (n->m->now - t->since) / tick(t);
	t->since += ticks * tick(t);
	t->count = (uint32_t)(t->count + ticks) & width(t);
}

/* When the counter is next equal to a compare register. */
static void plan(struct n51 *n, enum n51_id id)
{
	struct n51_timer *t = timer_of(n, id);
	uint64_t best = UINT64_MAX;

	if (!counts_time(t)) {
		mcu_due(n->m, SLOT_TIMER + (id - ID_TIMER0), PS_NEVER);
		return;
	}
	for (unsigned i = 0; i < N51_CCS; i++) {
		uint64_t left = (t->cc[i] - t->count) & width(t);

		if (t->cc[i] > width(t))
			continue;
		if (left == 0)
			left = (uint64_t)width(t) + 1;
		best = left < best ? left : best;
	}
	mcu_due(n->m, SLOT_TIMER + (id - ID_TIMER0),
		best == UINT64_MAX ? PS_NEVER : t->since + best * tick(t));
}

static void compare(struct n51 *n, enum n51_id id)
{
	struct n51_timer *t = timer_of(n, id);
	uint32_t at = t->count;

	for (unsigned i = 0; i < N51_CCS; i++) {
		if (t->cc[i] != at)
			continue;
		n51_event(n, id, EVENT_COMPARE0 + i);
		if (n51_short(n, id, SHORT_CLEAR + i))
			t->count = 0;
		if (n51_short(n, id, SHORT_STOP + i))
			t->running = false;
	}
}

void n51_timer_event(struct n51 *n, unsigned i)
{
	enum n51_id id = ID_TIMER0 + i;

	catch_up(n, timer_of(n, id));
	compare(n, id);
	plan(n, id);
}

void n51_timer_task(struct n51 *n, enum n51_id id, unsigned i)
{
	struct n51_timer *t = timer_of(n, id);

	catch_up(n, t);
	if (i == 0) {
		t->running = true;
	} else if (i == 1 || i == 4) {
		t->running = false;
	} else if (i == 2 && t->mode != 0 && t->running) {
		t->count = (t->count + 1) & width(t);
		compare(n, id);
	} else if (i == 3) {
		t->count = 0;
	} else if (i >= 16 && i < 16 + N51_CCS) {
		t->cc[i - 16] = t->count;
	}
	if (i == 4) /* SHUTDOWN */
		t->count = 0;
	plan(n, id);
}

uint32_t n51_timer_read(struct n51 *n, enum n51_id id, uint32_t off)
{
	const struct n51_timer *t = timer_of(n, id);

	if (off >= 0x540 && off < 0x540 + 4 * N51_CCS)
		return t->cc[(off - 0x540) / 4];
	switch (off) {
	case 0x504:
		return t->mode;
	case 0x508:
		return t->bitmode;
	case 0x510:
		return t->prescaler;
	default:
		return 0;
	}
}

bool n51_timer_write(struct n51 *n, enum n51_id id, enum mcu_master by,
		     uint32_t off, uint32_t v)
{
	struct n51_timer *t = timer_of(n, id);

	(void)by;
	catch_up(n, t);
	if (off >= 0x540 && off < 0x540 + 4 * N51_CCS)
		t->cc[(off - 0x540) / 4] = v & width(t);
	else if (off == 0x504)
		t->mode = v & 1;
	else if (off == 0x508)
		t->bitmode = v & 3;
	else if (off == 0x510)
		t->prescaler = v & 0xf;
	plan(n, id);
	return true;
}

void n51_timer_reset(struct n51 *n)
{
	memset(n->timer, 0, sizeof(n->timer));
	for (unsigned i = 0; i < N51_TIMERS; i++)
		n->timer[i].prescaler = 4;
}
