/* SPDX-License-Identifier: MIT */
/*
 * Watchdog (NRM 19): once started it runs until a power-on, pin or watchdog
 * reset, through soft resets and flash work; every reload register that RREN
 * names has to be written with the magic word.  The reset follows TIMEOUT two
 * low-frequency clocks later.
 */
#include <string.h>

#include "vmcu/nrf51/n51.h"

#define RELOAD 0x6e524635u
#define CONFIG_HALT (1u << 3) /* goes on while a debugger halts the core */
#define EVENT_TIMEOUT 0
#define LF_PS (PS_PER_S / N51_LF_HZ)

static void plan(struct n51 *n, uint64_t clocks)
{
	n->wdt.due = n->m->now + clocks * LF_PS;
	mcu_due(n->m, SLOT_WDT, n->wdt.due);
}

static void reload(struct n51 *n)
{
	n->wdt.asked = n->wdt.rren;
	plan(n, (uint64_t)n->wdt.crv + 1);
}

void n51_wdt_event(struct n51 *n)
{
	if (core_is_halted(n->m->core) && !(n->wdt.config & CONFIG_HALT)) {
		plan(n, 1);
		return;
	}
	if (n->block[ID_WDT].events & 1u << EVENT_TIMEOUT) {
		mcu_want_reset(n->m, RESET_WATCHDOG);
		return;
	}
	n51_event(n, ID_WDT, EVENT_TIMEOUT);
	plan(n, 2);
}

void n51_wdt_task(struct n51 *n, enum n51_id id, unsigned i)
{
	(void)id;
	if (i != 0 || n->wdt.on)
		return;
	n->wdt.on = true;
	reload(n);
}

uint32_t n51_wdt_read(struct n51 *n, enum n51_id id, uint32_t off)
{
	(void)id;
	switch (off) {
	case 0x400:
		return n->wdt.on;
	case 0x404:
		return n->wdt.asked;
	case 0x504:
		return n->wdt.crv;
	case 0x508:
		return n->wdt.rren;
	case 0x50c:
		return n->wdt.config;
	default:
		return 0;
	}
}

static void feed(struct n51 *n, unsigned i)
{
	n->wdt.asked &= ~(1u << i);
	if (n->wdt.on && n->wdt.asked == 0)
		reload(n);
}

bool n51_wdt_write(struct n51 *n, enum n51_id id, enum mcu_master by,
		   uint32_t off, uint32_t v)
{
	(void)id;
	(void)by;
	if (off >= 0x600 && off < 0x620) {
		if (v == RELOAD)
			feed(n, (off - 0x600) / 4);
		return true;
	}
	if (n->wdt.on) /* configuration is frozen */
		return true;
	if (off == 0x504)
		n->wdt.crv = v < 0xf ? 0xf : v;
	else if (off == 0x508)
		n->wdt.rren = v & 0xff;
	else if (off == 0x50c)
		n->wdt.config = v & 9;
	return true;
}

void n51_wdt_reset(struct n51 *n)
{
	memset(&n->wdt, 0, sizeof(n->wdt));
	n->wdt.crv = 0xffffffff;
	n->wdt.rren = 1;
	n->wdt.config = 1;
}
