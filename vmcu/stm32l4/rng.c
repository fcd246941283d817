/* SPDX-License-Identifier: MIT */
/*
 * Random number generator: one word per 40 periods of its 48 MHz clock, from
 * the chip's seeded noise.  Without that clock it raises the clock error.
 */
#include <string.h>

#include "vmcu/stm32l4/l4.h"

#define CR_RNGEN (1u << 2)
#define CR_IE (1u << 3)
#define CR_CED (1u << 5)
#define SR_DRDY (1u << 0)
#define SR_CECS (1u << 1)
#define SR_SECS (1u << 2)
#define SR_CEIS (1u << 5)
#define SR_SEIS (1u << 6)
#define WORD_CLOCKS 40

static void update_irq(struct l4 *l)
{
	mcu_irq(l->m, IRQ_RNG,
		l->rng.cr & CR_IE && l->rng.sr & (SR_DRDY | SR_CEIS | SR_SEIS));
}

static void begin_word(struct l4 *l)
{
	uint64_t hz = l4_rcc_clk48(l);

	if (!(l->rng.cr & CR_RNGEN) || l->rng.sr & SR_DRDY)
		return;
	if (hz == 0) {
		if (!(l->rng.cr & CR_CED))
			l->rng.sr |= SR_CECS | SR_CEIS;
		mcu_due(l->m, EVENT_RNG, l->m->now + PS_PER_US);
		return;
	}
	mcu_due(l->m, EVENT_RNG, l->m->now + WORD_CLOCKS * PS_PER_S / hz);
}

static void make_word(struct l4 *l)
{
	uint64_t noise = mcu_noise(l->m);

	switch (l->m->faults.rng) {
	case MCU_RNG_SEIS:
		l->rng.sr |= SR_SECS | SR_SEIS;
		return;
	case MCU_RNG_STUCK:
		l->rng.dr = 0x5eed5eed;
		break;
	case MCU_RNG_BIASED:
		l->rng.dr = (uint32_t)(noise | noise >> 32);
		break;
	default:
		l->rng.dr = (uint32_t)noise;
		break;
	}
	l->rng.sr |= SR_DRDY;
}

void l4_rng_event(struct l4 *l)
{
	if (l4_rcc_clk48(l) != 0) {
		l->rng.sr &= ~SR_CECS;
		make_word(l);
	} else {
		begin_word(l);
	}
	update_irq(l);
}

static uint32_t read_dr(struct l4 *l)
{
	uint32_t v = l->rng.sr & SR_DRDY ? l->rng.dr : 0;

	if (l->rng.sr & SR_DRDY) {
		l->rng.sr &= ~SR_DRDY;
		begin_word(l);
		update_irq(l);
	}
	return v;
}

uint32_t l4_rng_read(void *dev, unsigned unit, uint32_t off)
{
	struct l4 *l = dev;
	(void)unit;
	switch (off) {
	case 0x00:
		return l->rng.cr;
	case 0x04:
		return l->rng.sr;
	case 0x08:
		return read_dr(l);
	default:
		return 0;
	}
}

void l4_rng_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		  uint32_t mask)
{
	struct l4 *l = dev;
	(void)unit;
	v &= mask;
	if (off == 0x00) {
		l->rng.cr = v & (CR_RNGEN | CR_IE | CR_CED);
		if (!(v & CR_RNGEN)) {
			l->rng.sr &= ~(SR_DRDY | SR_CECS | SR_SECS);
			mcu_due(l->m, EVENT_RNG, PS_NEVER);
		} else if (l->m->due[EVENT_RNG] == PS_NEVER) {
			begin_word(l);
		}
	} else if (off == 0x04) { /* write 0 clears */
		l->rng.sr &= v | ~(SR_CEIS | SR_SEIS);
	}
	update_irq(l);
}

void l4_rng_reset(struct l4 *l)
{
	memset(&l->rng, 0, sizeof(l->rng));
}
