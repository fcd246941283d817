/* SPDX-License-Identifier: MIT */
/*
 * GPIO A, B, C, H.  Nothing drives the pins from outside: inputs show their
 * pulls, outputs what they drive.  PA13 and PA14 come out of reset as the
 * debug port.
 */
#include <string.h>

#include "vmcu/stm32l4/l4.h"

#define MODE_IN 0
#define MODE_OUT 1
#define MODE_AF 2

static unsigned field2(uint32_t reg, unsigned bit)
{
	return reg >> 2 * bit & 3;
}

/* -1 not driven, else the level */
static int driven(const struct l4_gpio *g, unsigned bit)
{
	int level = g->odr >> bit & 1;

	if (field2(g->moder, bit) != MODE_OUT)
		return -1;
	if (g->otyper >> bit & 1 && level)
		return -1; /* open drain, released */
	return level;
}

static uint32_t input(const struct l4_gpio *g)
{
	uint32_t v = 0;

	for (unsigned bit = 0; bit < 16; bit++) {
		int level = driven(g, bit);

		if (level < 0)
			level = field2(g->pupdr, bit) == 1;
		if (field2(g->moder, bit) != 3)
			v |= (uint32_t)level << bit;
	}
	return v;
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
		return input(g);
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

	memcpy(l->gpio, initial, sizeof(initial));
}

static const struct l4_gpio *port_of(const struct l4 *l, char port)
{
	static const char names[] = "ABCH";
	const char *p = port ? strchr(names, port) : NULL;

	return p ? &l->gpio[p - names] : NULL;
}

int l4_gpio_pin(const struct l4 *l, char port, unsigned bit)
{
	const struct l4_gpio *g = port_of(l, port);

	return g != NULL && bit < 16 ? driven(g, bit) : -1;
}

bool l4_gpio_af(const struct l4 *l, char port, unsigned bit, unsigned af)
{
	const struct l4_gpio *g = port_of(l, port);

	return field2(g->moder, bit) == MODE_AF &&
	       (g->afr[bit / 8] >> 4 * (bit % 8) & 0xf) == af;
}

bool l4_gpio_debug_pins(const struct l4 *l)
{
	return l4_gpio_af(l, 'A', 13, 0) && l4_gpio_af(l, 'A', 14, 0);
}
