/* SPDX-License-Identifier: MIT */
/*
 * GPIO A, B, C, H.  A pin shows what the chip or the outside drives (low wins
 * when they fight), else its pull.  PA13 and PA14 come out of reset as the
 * debug port.
 */
#include <string.h>

#include "vmcu/stm32l4/l4.h"

#define MODE_IN 0
#define MODE_OUT 1
#define MODE_AF 2
#define MODE_ANALOG 3

static const char names[] = "ABCH";

static unsigned field2(uint32_t reg, unsigned bit)
{
	return reg >> 2 * bit & 3;
}

/* One bit per pin whose two-bit field has this value. */
static uint16_t where(uint32_t reg, unsigned value)
{
	uint16_t v = 0;

	for (unsigned bit = 0; bit < 16; bit++)
		v |= (uint16_t)((field2(reg, bit) == value) << bit);
	return v;
}

static uint16_t drives(const struct l4_gpio *g)
{
	/* an open drain lets go of a one */
	return where(g->moder, MODE_OUT) & (uint16_t) ~(g->otyper & g->odr);
}

/* After each change of a register: what follows from it, and who hears. */
static void changed(struct l4 *l, unsigned unit, struct l4_gpio before)
{
	const struct mcu_listener *who = &l->m->listener;
	const struct l4_outside *o = &l->outside[unit];
	struct l4_gpio *g = &l->gpio[unit];
	uint16_t other;

	if (g->moder != before.moder)
		g->analog = where(g->moder, MODE_ANALOG);
	if (g->pupdr != before.pupdr)
		g->pulled_up = where(g->pupdr, 1);
	g->drives = drives(g);
	other = (uint16_t)((g->drives ^ before.drives) |
			   (g->drives & (g->odr ^ before.odr)));
	if (other & g->drives & o->drives & (g->odr ^ o->level))
		l->m->pin_conflicts++;
	for (unsigned bit = 0; other != 0; bit++, other >>= 1)
		if (other & 1 && who->pin != NULL)
			who->pin(who->user, l->m->now, names[unit], bit,
				 g->drives >> bit & 1 ? (int)(g->odr >> bit & 1)
						      : -1);
}

static uint16_t levels(const struct l4_gpio *g, const struct l4_outside *o)
{
	uint16_t low = (uint16_t)((g->drives & ~g->odr) |
				  (o->drives & ~o->level));
	uint16_t high = (uint16_t)((g->drives & g->odr) |
				   (o->drives & o->level));

	return (uint16_t)((high | g->pulled_up) & ~low);
}

static uint32_t input(struct l4 *l, unsigned unit)
{
	const struct l4_gpio *g = &l->gpio[unit];

	mcu_edges_due(l->m);
	return levels(g, &l->outside[unit]) & (uint16_t)~g->analog;
}

uint32_t l4_gpio_read(struct l4 *l, unsigned unit, uint32_t off)
{
	const struct l4_gpio *g = &l->gpio[unit];

	switch (off) {
	case 0x00:
		return g->moder;
	case 0x04:
		return g->otyper;
	case 0x08:
		return g->ospeedr;
	case 0x0c:
		return g->pupdr;
	case 0x10:
		return input(l, unit);
	case 0x14:
		return g->odr;
	case 0x1c:
		return g->lckr;
	case 0x20:
	case 0x24:
		return g->afr[off == 0x24];
	default:
		return 0;
	}
}

static void put(uint32_t *reg, uint32_t v, uint32_t mask)
{
	*reg = (*reg & ~mask) | (v & mask);
}

void l4_gpio_write(struct l4 *l, unsigned unit, uint32_t off, uint32_t v,
		   uint32_t mask)
{
	struct l4_gpio *g = &l->gpio[unit];
	struct l4_gpio before = *g;

	v &= mask;
	switch (off) {
	case 0x00:
		put(&g->moder, v, mask);
		break;
	case 0x04:
		put(&g->otyper, v, mask & 0xffff);
		break;
	case 0x08:
		put(&g->ospeedr, v, mask);
		break;
	case 0x0c:
		put(&g->pupdr, v, mask);
		break;
	case 0x14:
		put(&g->odr, v, mask & 0xffff);
		break;
	case 0x18: /* BSRR: set wins */
		g->odr = (g->odr & ~(v >> 16)) | (v & 0xffff);
		break;
	case 0x20:
	case 0x24:
		put(&g->afr[off == 0x24], v, mask);
		break;
	case 0x28:
		g->odr &= ~(v & 0xffff);
		break;
	default:
		break;
	}
	changed(l, unit, before);
}

void l4_gpio_reset(struct l4 *l)
{
	static const struct l4_gpio initial[4] = {
		{ .moder = 0xabffffff,
		  .ospeedr = 0x0c000000,
		  .pupdr = 0x64000000 },
		{ .moder = 0xfffffebf, .pupdr = 0x00000100 },
		{ .moder = 0xffffffff },
		{ .moder = 0x0000000f },
	};

	for (unsigned unit = 0; unit < 4; unit++) {
		struct l4_gpio before = l->gpio[unit];

		l->gpio[unit] = initial[unit];
		before.moder = ~initial[unit].moder; /* work all out */
		before.pupdr = ~initial[unit].pupdr;
		changed(l, unit, before);
	}
}

static int unit_of(char port)
{
	const char *p = port ? strchr(names, port) : NULL;

	return p ? (int)(p - names) : -1;
}

int l4_gpio_pin(const struct l4 *l, char port, unsigned bit)
{
	int unit = unit_of(port);

	if (unit < 0 || bit > 15 || !(l->gpio[unit].drives >> bit & 1))
		return -1;
	return l->gpio[unit].odr >> bit & 1;
}

int l4_gpio_level(const struct l4 *l, char port, unsigned bit)
{
	int unit = unit_of(port);
	const struct l4_gpio *g = &l->gpio[unit < 0 ? 0 : unit];
	const struct l4_outside *o = &l->outside[unit < 0 ? 0 : unit];

	if (unit < 0 || bit > 15)
		return -1;
	if (!((g->drives | o->drives) >> bit & 1) &&
	    field2(g->pupdr, bit) != 1 && field2(g->pupdr, bit) != 2)
		return -1;
	return levels(g, o) >> bit & 1;
}

void l4_gpio_drive(struct l4 *l, char port, unsigned bit, int level)
{
	int unit = unit_of(port);
	struct l4_outside *o = &l->outside[unit < 0 ? 0 : unit];
	uint16_t mask;

	if (unit < 0 || bit > 15)
		return;
	mask = (uint16_t)(1u << bit);
	o->drives = (uint16_t)(level < 0 ? o->drives & ~mask
					 : o->drives | mask);
	o->level = (uint16_t)(level > 0 ? o->level | mask : o->level & ~mask);
	if (level >= 0 && l->gpio[unit].drives & mask &&
	    (int)(l->gpio[unit].odr >> bit & 1) != level)
		l->m->pin_conflicts++;
}

bool l4_gpio_af(const struct l4 *l, char port, unsigned bit, unsigned af)
{
	const struct l4_gpio *g = &l->gpio[unit_of(port)];

	return field2(g->moder, bit) == MODE_AF &&
	       (g->afr[bit / 8] >> 4 * (bit % 8) & 0xf) == af;
}

bool l4_gpio_debug_pins(const struct l4 *l)
{
	return l4_gpio_af(l, 'A', 13, 0) && l4_gpio_af(l, 'A', 14, 0);
}
