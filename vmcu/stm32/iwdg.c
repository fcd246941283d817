/* SPDX-License-Identifier: MIT */
/*
 * Independent watchdog on the LSI: by key, or from reset on when the option
 * bytes say so.  It counts through flash operations.
 */
#include "vmcu/stm32/st.h"

#define KEY_RELOAD 0xaaaa
#define KEY_UNLOCK 0x5555
#define KEY_START 0xcccc

static uint64_t tick(const struct st_iwdg *w)
{
	unsigned shift = 2 + (w->pr < 6 ? w->pr : 6);

	return (PS_PER_S << shift) / w->cfg->hz;
}

static void reload(struct st_iwdg *w)
{
	w->since = w->m->now;
	mcu_due(w->m, w->cfg->event, w->m->now + (w->rlr + 1) * tick(w));
}

static void refresh(struct st_iwdg *w)
{
	uint64_t passed = (w->m->now - w->since) / tick(w);
	uint32_t count = passed > w->rlr ? 0 : w->rlr - (uint32_t)passed;

	if (!w->on)
		return;
	if (count > w->winr) /* too early for the window */
		mcu_want_reset(w->m, RESET_WATCHDOG);
	else
		reload(w);
}

void st_iwdg_start(struct st_iwdg *w)
{
	if (w->on)
		return;
	w->on = true;
	reload(w);
}

void st_iwdg_event(struct st_iwdg *w)
{
	if (core_is_halted(w->m->core) && w->cfg->frozen(w->m))
		mcu_due(w->m, w->cfg->event, w->m->now + tick(w));
	else
		mcu_want_reset(w->m, RESET_WATCHDOG);
}

uint32_t st_iwdg_read(void *dev, unsigned unit, uint32_t off)
{
	const struct st_iwdg *w = dev;

	(void)unit;
	switch (off) {
	case 0x04:
		return w->pr;
	case 0x08:
		return w->rlr;
	case 0x10:
		return w->cfg->window ? w->winr : 0;
	default:
		return 0;
	}
}

static void write_key(struct st_iwdg *w, uint32_t key)
{
	w->unlocked = key == KEY_UNLOCK;
	if (key == KEY_RELOAD)
		refresh(w);
	else if (key == KEY_START)
		st_iwdg_start(w);
}

void st_iwdg_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		   uint32_t mask)
{
	struct st_iwdg *w = dev;

	(void)unit;
	v &= mask;
	if (off == 0x00) {
		write_key(w, v & 0xffff);
		return;
	}
	if (!w->unlocked)
		return;
	if (off == 0x04)
		w->pr = v & 7;
	else if (off == 0x08)
		w->rlr = v & 0xfff;
	else if (off == 0x10 && w->cfg->window)
		w->winr = v & 0xfff;
	if (off == 0x10 && w->cfg->window && w->on)
		reload(w);
}

void st_iwdg_reset(struct st_iwdg *w)
{
	w->on = w->unlocked = false;
	w->pr = 0;
	w->since = 0;
	w->rlr = w->winr = 0xfff;
}
