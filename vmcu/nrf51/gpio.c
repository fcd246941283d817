/* SPDX-License-Identifier: MIT */
/*
 * GPIO (NRM 14): 32 pins, each set up by its PIN_CNF; a pin shows what the
 * chip or the outside drives (low wins when they fight), else its pull.  The
 * debug pins are none of these.
 */
#include <string.h>

#include "vmcu/nrf51/n51.h"

#define CNF_DIR (1u << 0)
#define CNF_INPUT_OFF (1u << 1)
#define CNF_PULL (3u << 2)
#define PULL_UP (3u << 2)
#define CNF_BITS 0x0003070fu
#define CNF_RESET 0x00000002u

static bool drives(const struct n51 *n, unsigned bit)
{
	return n->cnf[bit] & CNF_DIR;
}

static uint32_t directions(const struct n51 *n)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < N51_PINS; i++)
		v |= (n->cnf[i] & CNF_DIR) << i;
	return v;
}

int n51_gpio_pin(const struct n51 *n, unsigned bit)
{
	return bit < N51_PINS && drives(n, bit) ? (int)(n->out >> bit & 1) : -1;
}

int n51_gpio_level(const struct n51 *n, unsigned bit)
{
	int in, out = n51_gpio_pin(n, bit);

	if (bit >= N51_PINS)
		return -1;
	in = n->outside_drives >> bit & 1 ? (int)(n->outside_level >> bit & 1)
					  : -1;
	if (in >= 0 && out >= 0)
		return in & out;
	if (in >= 0 || out >= 0)
		return in >= 0 ? in : out;
	if (!(n->cnf[bit] & CNF_PULL))
		return -1;
	return (n->cnf[bit] & CNF_PULL) == PULL_UP;
}

static void fight(struct n51 *n, unsigned bit)
{
	if (drives(n, bit) && n->outside_drives >> bit & 1 &&
	    (n->out ^ n->outside_level) >> bit & 1)
		n->m->pin_conflicts++;
}

void n51_gpio_drive(struct n51 *n, unsigned bit, int level)
{
	uint32_t mask = 1u << (bit & 31);

	if (bit >= N51_PINS)
		return;
	n->outside_drives = level < 0 ? n->outside_drives & ~mask
				      : n->outside_drives | mask;
	n->outside_level = level > 0 ? n->outside_level | mask
				     : n->outside_level & ~mask;
	fight(n, bit);
}

bool n51_gpio_out(const struct n51 *n, uint32_t pin)
{
	return pin < N51_PINS && drives(n, pin);
}

bool n51_gpio_in(const struct n51 *n, uint32_t pin)
{
	return pin < N51_PINS && !drives(n, pin) &&
	       !(n->cnf[pin] & CNF_INPUT_OFF);
}

/* -- registers ------------------------------------------------------------- */

static uint32_t input(struct n51 *n)
{
	uint32_t v = 0;

	mcu_edges_due(n->m);
	for (unsigned i = 0; i < N51_PINS; i++)
		if (!(n->cnf[i] & CNF_INPUT_OFF) && n51_gpio_level(n, i) > 0)
			v |= 1u << i;
	return v;
}

uint32_t n51_gpio_read(struct n51 *n, uint32_t off)
{
	if (off >= 0x700 && off < 0x700 + 4 * N51_PINS)
		return n->cnf[(off - 0x700) / 4];
	switch (off) {
	case 0x504:
	case 0x508:
	case 0x50c:
		return n->out;
	case 0x510:
		return input(n);
	case 0x514:
	case 0x518:
	case 0x51c:
		return directions(n);
	default:
		return 0;
	}
}

static void put_directions(struct n51 *n, uint32_t v)
{
	for (unsigned i = 0; i < N51_PINS; i++)
		n->cnf[i] = (n->cnf[i] & ~CNF_DIR) | (v >> i & 1);
}

/* Tells what the chip drives otherwise than before. */
static void changed(struct n51 *n, const int before[N51_PINS])
{
	const struct mcu_listener *who = &n->m->listener;

	for (unsigned i = 0; i < N51_PINS; i++) {
		int level = n51_gpio_pin(n, i);

		if (level == before[i])
			continue;
		fight(n, i);
		if (who->pin != NULL)
			who->pin(who->user, n->m->now, N51_PORT, i, level);
	}
}

static void levels(const struct n51 *n, int out[N51_PINS])
{
	for (unsigned i = 0; i < N51_PINS; i++)
		out[i] = n51_gpio_pin(n, i);
}

void n51_gpio_write(struct n51 *n, uint32_t off, uint32_t v)
{
	int before[N51_PINS];

	levels(n, before);
	if (off >= 0x700 && off < 0x700 + 4 * N51_PINS)
		n->cnf[(off - 0x700) / 4] = v & CNF_BITS;
	else if (off == 0x504)
		n->out = v;
	else if (off == 0x508)
		n->out |= v;
	else if (off == 0x50c)
		n->out &= ~v;
	else if (off == 0x514)
		put_directions(n, v);
	else if (off == 0x518)
		put_directions(n, directions(n) | v);
	else if (off == 0x51c)
		put_directions(n, directions(n) & ~v);
	changed(n, before);
}

void n51_gpio_reset(struct n51 *n)
{
	int before[N51_PINS];

	levels(n, before);
	n->out = 0;
	for (unsigned i = 0; i < N51_PINS; i++)
		n->cnf[i] = CNF_RESET;
	changed(n, before);
}
