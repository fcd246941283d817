/* SPDX-License-Identifier: MIT */
/*
 * A pin shows what the chip or the outside drives (low wins
 * when they fight), else its pull.  PA13 and PA14 come out of reset as the
 * debug port.
 */
#include <string.h>

#include "vmcu/stm32/st.h"

#define MODE_IN 0
#define MODE_OUT 1
#define MODE_AF 2
#define MODE_ANALOG 3

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

static uint16_t driven(const struct st_port *p)
{
	/* an open drain lets go of a one */
	return where(p->moder, MODE_OUT) & (uint16_t) ~(p->otyper & p->odr);
}

/* After each change of a register: what follows from it, and who hears. */
static void changed(struct st_gpio *g, unsigned unit, struct st_port before)
{
	const struct mcu_listener *who = &g->m->listener;
	struct st_port *p = &g->port[unit];
	uint16_t other;

	if (p->moder != before.moder)
		p->analog = where(p->moder, MODE_ANALOG);
	if (p->pupdr != before.pupdr)
		p->pulled_up = where(p->pupdr, 1);
	p->drives = driven(p);
	other = (uint16_t)((p->drives ^ before.drives) |
			   (p->drives & (p->odr ^ before.odr)));
	if (other & p->drives & g->outside[unit].drives &
	    (p->odr ^ g->outside[unit].level))
		g->m->pin_conflicts++;
	for (unsigned bit = 0; other != 0; bit++, other >>= 1)
		if (other & 1 && who->pin != NULL)
			who->pin(who->user, g->m->now, g->cfg->names[unit], bit,
				 p->drives >> bit & 1 ? (int)(p->odr >> bit & 1)
						      : -1);
}

static uint16_t levels(const struct st_gpio *g, unsigned unit)
{
	const struct st_port *p = &g->port[unit];
	uint16_t drives = g->outside[unit].drives;
	uint16_t level = g->outside[unit].level;
	uint16_t low = (uint16_t)((p->drives & ~p->odr) | (drives & ~level));
	uint16_t high = (uint16_t)((p->drives & p->odr) | (drives & level));

	return (uint16_t)((high | p->pulled_up) & ~low);
}

static uint32_t input(struct st_gpio *g, unsigned unit)
{
	mcu_edges_due(g->m);
	return levels(g, unit) & (uint16_t)~g->port[unit].analog;
}

uint32_t st_gpio_read(void *dev, unsigned unit, uint32_t off)
{
	struct st_gpio *all = dev;
	const struct st_port *g = &all->port[unit];

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
		return input(all, unit);
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

void st_gpio_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		   uint32_t mask)
{
	struct st_gpio *all = dev;
	struct st_port *g = &all->port[unit];
	struct st_port before = *g;

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
	changed(all, unit, before);
}

void st_gpio_reset(struct st_gpio *g)
{
	for (unsigned unit = 0; g->cfg->names[unit] != '\0'; unit++) {
		struct st_port before = g->port[unit], *p = &g->port[unit];

		*p = (struct st_port){
			.moder = g->cfg->initial[unit].moder,
			.ospeedr = g->cfg->initial[unit].ospeedr,
			.pupdr = g->cfg->initial[unit].pupdr,
		};
		before.moder = ~p->moder; /* work all out */
		before.pupdr = ~p->pupdr;
		changed(g, unit, before);
	}
}

static int unit_of(const struct st_gpio *g, char port)
{
	const char *p = port ? strchr(g->cfg->names, port) : NULL;

	return p ? (int)(p - g->cfg->names) : -1;
}

int st_gpio_pin(const struct st_gpio *g, char port, unsigned bit)
{
	int unit = unit_of(g, port);

	if (unit < 0 || bit > 15 || !(g->port[unit].drives >> bit & 1))
		return -1;
	return g->port[unit].odr >> bit & 1;
}

int st_gpio_level(const struct st_gpio *g, char port, unsigned bit)
{
	int unit = unit_of(g, port);
	const struct st_port *p = &g->port[unit < 0 ? 0 : unit];

	if (unit < 0 || bit > 15)
		return -1;
	if (!((p->drives | g->outside[unit].drives) >> bit & 1) &&
	    field2(p->pupdr, bit) != 1 && field2(p->pupdr, bit) != 2)
		return -1;
	return levels(g, (unsigned)unit) >> bit & 1;
}

void st_gpio_drive(struct st_gpio *g, char port, unsigned bit, int level)
{
	int unit = unit_of(g, port);
	uint16_t mask, drives, is;

	if (unit < 0 || bit > 15)
		return;
	mask = (uint16_t)(1u << bit);
	drives = g->outside[unit].drives;
	is = g->outside[unit].level;
	g->outside[unit].drives = (uint16_t)(level < 0 ? drives & ~mask
						       : drives | mask);
	g->outside[unit].level = (uint16_t)(level > 0 ? is | mask : is & ~mask);
	if (level >= 0 && g->port[unit].drives & mask &&
	    (int)(g->port[unit].odr >> bit & 1) != level)
		g->m->pin_conflicts++;
}

bool st_gpio_af(const struct st_gpio *g, char port, unsigned bit, unsigned af)
{
	int unit = unit_of(g, port);
	const struct st_port *p = &g->port[unit < 0 ? 0 : unit];

	return unit >= 0 && field2(p->moder, bit) == MODE_AF &&
	       (p->afr[bit / 8] >> 4 * (bit % 8) & 0xf) == af;
}

bool st_gpio_debug_pins(const struct st_gpio *g)
{
	return st_gpio_af(g, 'A', 13, 0) && st_gpio_af(g, 'A', 14, 0);
}
