/* SPDX-License-Identifier: MIT */
/*
 * GPIO A to G (RM0008 chapter 9): CRL and CRH, four bits a pin; AFIO.  A pin
 * shows what the chip or the outside drives (low wins when they fight), else
 * its pull.
 *
 * SWJ_CFG in AFIO_MAPR is write-only: reads give noise there, so that a
 * read-modify-write breaks one day (chips.md 4).  While the debug port has its
 * pins, the port's registers have no say over them.
 */
#include <string.h>

#include "vmcu/stm32f1/f1.h"

#define CRL_RESET 0x44444444u
#define MAPR 1
#define MAPR_SWJ(v) ((v) >> 24 & 7)
#define MAPR_SWJ_MASK (7u << 24)

static const char names[] = "ABCDEFG";

/* Pins that SWJ_CFG leaves to the debug port, and their pulls. */
struct swj_pins {
	uint16_t a, b;
};
static struct swj_pins swj_pins(const struct f1 *f)
{
	static const struct swj_pins by_cfg[] = {
		[0] = { 0xe000, 0x0018 }, /* PA13 to PA15, PB3, PB4 */
		[1] = { 0xe000, 0x0008 }, /* without NJTRST */
		[2] = { 0x6000, 0x0000 }, /* SWD only */
	};

	return f->swj < 3 ? by_cfg[f->swj] : (struct swj_pins){ 0, 0 };
}

static uint16_t swj_mask(const struct f1 *f, unsigned unit)
{
	struct swj_pins p = swj_pins(f);

	return unit == 0 ? p.a : unit == 1 ? p.b : 0;
}

static unsigned config(const struct f1_gpio *g, unsigned bit)
{
	return g->cr[bit / 8] >> 4 * (bit % 8) & 0xf;
}

/* What follows from the registers, pin by pin. */
static void derive(const struct f1 *f, unsigned unit, struct f1_gpio *g)
{
	uint16_t debug = swj_mask(f, unit);

	g->drives = g->pulled = g->analog = g->input = g->af = 0;
	for (unsigned bit = 0; bit < 16; bit++) {
		unsigned c = config(g, bit), cnf = c >> 2;
		uint16_t mask = (uint16_t)(1u << bit);

		if (debug & mask)
			continue;
		if ((c & 3) == 0) {
			g->analog |= cnf == 0 ? mask : 0;
			g->input |= cnf == 1 || cnf == 2 ? mask : 0;
			g->pulled |= cnf == 2 ? mask : 0;
		} else if (cnf >= 2) {
			g->af |= mask;
		} else if (cnf == 0 || !(g->odr & mask)) {
			g->drives |= mask; /* open drain lets go of a one */
		}
	}
}

/* After each change of a register: what follows from it, and who hears. */
static void changed(struct f1 *f, unsigned unit, struct f1_gpio before)
{
	const struct mcu_listener *who = &f->m->listener;
	const struct f1_outside *o = &f->outside[unit];
	struct f1_gpio *g = &f->gpio[unit];
	uint16_t other;

	if (g->cr[0] != before.cr[0] || g->cr[1] != before.cr[1])
		derive(f, unit, g);
	else if (g->odr != before.odr)
		derive(f, unit, g);
	other = (uint16_t)((g->drives ^ before.drives) |
			   (g->drives & (g->odr ^ before.odr)));
	if (other & g->drives & o->drives & (g->odr ^ o->level))
		f->m->pin_conflicts++;
	for (unsigned bit = 0; other != 0; bit++, other >>= 1)
		if (other & 1 && who->pin != NULL)
			who->pin(who->user, f->m->now, names[unit], bit,
				 g->drives >> bit & 1 ? (int)(g->odr >> bit & 1)
						      : -1);
}

/* Pulls of the debug port: PA13, PA15, PB4 up, PA14 down (chips.md 4). */
static uint16_t pulled_up(const struct f1 *f, unsigned unit)
{
	const struct f1_gpio *g = &f->gpio[unit];
	uint16_t up = (uint16_t)(g->pulled & g->odr);

	return up | (swj_mask(f, unit) & (unit == 0 ? 0xa000 : 0x0010));
}

static uint16_t levels(const struct f1 *f, unsigned unit)
{
	const struct f1_gpio *g = &f->gpio[unit];
	const struct f1_outside *o = &f->outside[unit];
	uint16_t low = (uint16_t)((g->drives & ~g->odr) |
				  (o->drives & ~o->level));
	uint16_t high = (uint16_t)((g->drives & g->odr) |
				   (o->drives & o->level));

	return (uint16_t)((high | pulled_up(f, unit)) & ~low);
}

static uint32_t input(struct f1 *f, unsigned unit)
{
	mcu_edges_due(f->m);
	return levels(f, unit) & (uint16_t)~f->gpio[unit].analog;
}

uint32_t f1_gpio_read(void *dev, unsigned unit, uint32_t off)
{
	struct f1 *f = dev;
	const struct f1_gpio *g = &f->gpio[unit];

	switch (off) {
	case 0x00:
	case 0x04:
		return g->cr[off / 4];
	case 0x08:
		return input(f, unit);
	case 0x0c:
		return g->odr;
	case 0x18:
		return g->lckr;
	default:
		return 0;
	}
}

void f1_gpio_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		   uint32_t mask)
{
	struct f1 *f = dev;
	struct f1_gpio *g = &f->gpio[unit];
	struct f1_gpio before = *g;

	v &= mask;
	switch (off) {
	case 0x00:
	case 0x04:
		g->cr[off / 4] = (g->cr[off / 4] & ~mask) | v;
		break;
	case 0x0c:
		g->odr = (g->odr & ~mask) | (v & 0xffff);
		break;
	case 0x10: /* BSRR: set wins */
		g->odr = (g->odr & ~(v >> 16)) | (v & 0xffff);
		break;
	case 0x14:
		g->odr &= ~(v & 0xffff);
		break;
	case 0x18:
		g->lckr = v;
		break;
	default:
		break;
	}
	changed(f, unit, before);
	return;
}

void f1_gpio_reset(struct f1 *f)
{
	for (unsigned unit = 0; unit < F1_PORTS; unit++) {
		struct f1_gpio before = f->gpio[unit];

		f->gpio[unit] = (struct f1_gpio){
			.cr = { CRL_RESET, CRL_RESET },
		};
		before.cr[0] = ~CRL_RESET; /* work it out */
		changed(f, unit, before);
	}
}

static int unit_of(char port)
{
	const char *p = port ? strchr(names, port) : NULL;

	return p ? (int)(p - names) : -1;
}

int f1_gpio_pin(const struct f1 *f, char port, unsigned bit)
{
	int unit = unit_of(port);

	if (unit < 0 || bit > 15 || !(f->gpio[unit].drives >> bit & 1))
		return -1;
	return f->gpio[unit].odr >> bit & 1;
}

int f1_gpio_level(const struct f1 *f, char port, unsigned bit)
{
	int unit = unit_of(port);
	uint16_t held;

	if (port == 'X' && bit == 0)
		return f->boot0;
	if (unit < 0 || bit > 15)
		return -1;
	held = f->gpio[unit].drives | f->outside[unit].drives |
	       f->gpio[unit].pulled |
	       (swj_mask(f, (unsigned)unit) & (unit == 0 ? 0xe000 : 0x0010));
	if (!(held >> bit & 1))
		return -1;
	return levels(f, (unsigned)unit) >> bit & 1;
}

void f1_gpio_drive(struct f1 *f, char port, unsigned bit, int level)
{
	int unit = unit_of(port);
	struct f1_outside *o = &f->outside[unit < 0 ? 0 : unit];
	uint16_t mask;

	if (port == 'X' && bit == 0)
		f->boot0 = level > 0;
	if (unit < 0 || bit > 15)
		return;
	mask = (uint16_t)(1u << bit);
	o->drives = (uint16_t)(level < 0 ? o->drives & ~mask
					 : o->drives | mask);
	o->level = (uint16_t)(level > 0 ? o->level | mask : o->level & ~mask);
	if (level >= 0 && f->gpio[unit].drives & mask &&
	    (int)(f->gpio[unit].odr >> bit & 1) != level)
		f->m->pin_conflicts++;
}

bool f1_gpio_is_af(const struct f1 *f, char port, unsigned bit)
{
	return f->gpio[unit_of(port)].af >> bit & 1;
}

bool f1_gpio_is_input(const struct f1 *f, char port, unsigned bit)
{
	return f->gpio[unit_of(port)].input >> bit & 1;
}

/* -- AFIO ------------------------------------------------------------------ */

uint32_t f1_afio_read(void *dev, unsigned unit, uint32_t off)
{
	struct f1 *f = dev;
	uint32_t v = off < sizeof(f->afio) ? f->afio[off / 4] : 0;

	(void)unit;
	if (off == 4 * MAPR)
		v = (v & ~MAPR_SWJ_MASK) |
		    (uint32_t)(mcu_noise(f->m) & MAPR_SWJ_MASK);
	return v;
}

static void swj_set(struct f1 *f, unsigned cfg)
{
	if (cfg > 4 || cfg == 3)
		return; /* "no effect" */
	f->swj = cfg;
	for (unsigned unit = 0; unit < 2; unit++) {
		struct f1_gpio before = f->gpio[unit];

		derive(f, unit, &f->gpio[unit]);
		before.cr[0] = ~f->gpio[unit].cr[0];
		changed(f, unit, before);
	}
}

void f1_afio_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		   uint32_t mask)
{
	struct f1 *f = dev;
	(void)unit;
	if (off >= sizeof(f->afio))
		return;
	f->afio[off / 4] = (f->afio[off / 4] & ~mask) | (v & mask);
	if (off == 4 * MAPR && mask & MAPR_SWJ_MASK)
		swj_set(f, MAPR_SWJ(v));
	return;
}

void f1_afio_reset(struct f1 *f)
{
	memset(f->afio, 0, sizeof(f->afio));
	swj_set(f, 0);
}
