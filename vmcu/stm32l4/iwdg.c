/* SPDX-License-Identifier: MIT */
/*
 * Independent watchdog on the 32 kHz LSI: by key, or from reset on when the
 * option bit IWDG_SW is 0.  It counts through flash operations.
 */
#include <string.h>

#include "vmcu/stm32l4/l4.h"

#define LSI_HZ 32000u
#define KEY_RELOAD 0xaaaa
#define KEY_UNLOCK 0x5555
#define KEY_START 0xcccc
#define DBG_IWDG_STOP (1u << 12)

static uint64_t tick(const struct l4 *l)
{
	unsigned shift = 2 + (l->iwdg.pr < 6 ? l->iwdg.pr : 6);

	return (PS_PER_S << shift) / LSI_HZ;
}

static void reload(struct l4 *l)
{
	l->iwdg.since = l->m->now;
	mcu_due(l->m, EVENT_IWDG, l->m->now + (l->iwdg.rlr + 1) * tick(l));
}

static void refresh(struct l4 *l)
{
	uint64_t passed = (l->m->now - l->iwdg.since) / tick(l);
	uint32_t count = passed > l->iwdg.rlr ? 0
					      : l->iwdg.rlr - (uint32_t)passed;

	if (!l->iwdg.on)
		return;
	if (count > l->iwdg.winr) /* too early for the window */
		mcu_want_reset(l->m, RESET_WATCHDOG);
	else
		reload(l);
}

void l4_iwdg_start(struct l4 *l)
{
	if (l->iwdg.on)
		return;
	l->iwdg.on = true;
	reload(l);
}

void l4_iwdg_event(struct l4 *l)
{
	bool frozen = core_is_halted(l->m->core) &&
		      l->dbgmcu[2] & DBG_IWDG_STOP;

	if (frozen)
		mcu_due(l->m, EVENT_IWDG, l->m->now + tick(l));
	else
		mcu_want_reset(l->m, RESET_WATCHDOG);
}

uint32_t l4_iwdg_read(struct l4 *l, unsigned unit, uint32_t off)
{
	(void)unit;
	switch (off) {
	case 0x04:
		return l->iwdg.pr;
	case 0x08:
		return l->iwdg.rlr;
	case 0x10:
		return l->iwdg.winr;
	default:
		return 0;
	}
}

static void write_key(struct l4 *l, uint32_t key)
{
	l->iwdg.unlocked = key == KEY_UNLOCK;
	if (key == KEY_RELOAD)
		refresh(l);
	else if (key == KEY_START)
		l4_iwdg_start(l);
}

void l4_iwdg_write(struct l4 *l, unsigned unit, uint32_t off, uint32_t v,
		   uint32_t mask)
{
	(void)unit;
	v &= mask;
	if (off == 0x00) {
		write_key(l, v & 0xffff);
		return;
	}
	if (!l->iwdg.unlocked)
		return;
	if (off == 0x04)
		l->iwdg.pr = v & 7;
	else if (off == 0x08)
		l->iwdg.rlr = v & 0xfff;
	else if (off == 0x10)
		l->iwdg.winr = v & 0xfff;
	if (off == 0x10 && l->iwdg.on)
		reload(l);
}

void l4_iwdg_reset(struct l4 *l)
{
	memset(&l->iwdg, 0, sizeof(l->iwdg));
	l->iwdg.rlr = l->iwdg.winr = 0xfff;
}
