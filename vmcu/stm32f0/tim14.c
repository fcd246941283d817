/* SPDX-License-Identifier: MIT */
/*
 * TIM14 (RM0091 19): a counter, and the capture of its one input.  The input
 * can be the LSI, by the RTC's clock or by MCO (OR.TI1_RMP), so that the two
 * oscillators' drift against each other can be read.  Compare mode and
 * prescaled captures beyond that are not modelled.
 *
 * The LSI's jitter is not published; here each of its periods is off by up to
 * a quarter of a microsecond, or by nothing with the fault "rng".
 */
#include <string.h>

#include "vmcu/stm32f0/f0.h"

#define LSI_HZ 40000u
#define JITTER_PS 250000u
#define CR1_CEN (1u << 0)
#define SR_UIF (1u << 0)
#define SR_CC1IF (1u << 1)
#define SR_CC1OF (1u << 9)
#define CCER_CC1E (1u << 0)
#define CCMR1_INPUT 1u /* CC1S */
#define CCMR1_PSC(v) (1u << ((v) >> 2 & 3))
#define REMAP_RTC 1
#define REMAP_MCO 3

enum reg {
	CR1 = 0x00,
	DIER = 0x0c,
	SR = 0x10,
	EGR = 0x14,
	CCMR1 = 0x18,
	CCER = 0x20,
	CNT = 0x24,
	PSC = 0x28,
	ARR = 0x2c,
	CCR1 = 0x34,
	OR = 0x50,
};

static void update_irq(struct f0 *f)
{
	mcu_irq(f->m, IRQ_TIM14, f->tim.sr & f->tim.dier & 3);
}

/* Timers get twice the bus clock when that is divided (RM0091 6.2). */
static uint64_t ticks_hz(const struct f0 *f)
{
	uint64_t hz = f0_rcc_pclk(f);

	return (hz == f0_rcc_hclk(f) ? hz : 2 * hz) / (f->tim.psc + 1);
}

static uint32_t count(const struct f0 *f)
{
	unsigned __int128 n = f->m->now - f->tim.since;

	if (!(f->tim.cr1 & CR1_CEN))
		return f->tim.frozen;
	n = n * ticks_hz(f) / PS_PER_S + f->tim.frozen;
	return (uint32_t)(n % ((uint64_t)f->tim.arr + 1));
}

/* The count goes on from here, whatever has changed its pace. */
static void rebase(struct f0 *f)
{
	f->tim.frozen = count(f);
	f->tim.since = f->m->now;
}

static bool input_lives(const struct f0 *f)
{
	if ((f->tim.ccmr1 & 3) != CCMR1_INPUT || !(f->tim.ccer & CCER_CC1E) ||
	    !(f->tim.cr1 & CR1_CEN))
		return false;
	return (f->tim.remap == REMAP_RTC && f0_rcc_lsi_at_rtc(f)) ||
	       (f->tim.remap == REMAP_MCO && f0_rcc_lsi_at_mco(f));
}

static void next_edge(struct f0 *f)
{
	uint64_t ps = PS_PER_S / LSI_HZ;

	if (f->m->faults.rng == MCU_RNG_GOOD)
		ps += mcu_noise(f->m) % (2 * JITTER_PS) - JITTER_PS;
	mcu_due(f->m, EVENT_LSI, f->m->now + ps);
}

void f0_tim14_clocks(struct f0 *f)
{
	bool lives = input_lives(f);

	if (!lives)
		mcu_due(f->m, EVENT_LSI, PS_NEVER);
	else if (f->m->due[EVENT_LSI] == PS_NEVER)
		next_edge(f);
}

void f0_tim14_event(struct f0 *f)
{
	struct f0_tim14 *t = &f->tim;

	if (++t->edges >= CCMR1_PSC(t->ccmr1)) {
		t->edges = 0;
		t->sr |= t->sr & SR_CC1IF ? SR_CC1OF : 0;
		t->sr |= SR_CC1IF;
		t->ccr1 = count(f);
		update_irq(f);
	}
	next_edge(f);
}

static uint32_t read_ccr1(struct f0 *f)
{
	f->tim.sr &= ~SR_CC1IF;
	update_irq(f);
	return f->tim.ccr1;
}

uint32_t f0_tim14_read(void *dev, unsigned unit, uint32_t off)
{
	struct f0 *f = dev;
	const struct f0_tim14 *t = &f->tim;

	(void)unit;
	switch (off) {
	case CR1:
		return t->cr1;
	case DIER:
		return t->dier;
	case SR:
		return t->sr;
	case CCMR1:
		return t->ccmr1;
	case CCER:
		return t->ccer;
	case CNT:
		return count(f);
	case PSC:
		return t->psc;
	case ARR:
		return t->arr;
	case CCR1:
		return read_ccr1(f);
	case OR:
		return t->remap;
	default:
		return 0;
	}
}

static void write_egr(struct f0 *f, uint32_t v)
{
	if (!(v & 1)) /* UG */
		return;
	f->tim.frozen = 0;
	f->tim.since = f->m->now;
	f->tim.sr |= SR_UIF;
}

void f0_tim14_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		    uint32_t mask)
{
	struct f0 *f = dev;
	struct f0_tim14 *t = &f->tim;

	(void)unit;
	v &= mask & 0xffff;
	rebase(f);
	if (off == CR1)
		t->cr1 = v;
	else if (off == DIER)
		t->dier = v;
	else if (off == SR)
		t->sr &= v;
	else if (off == EGR)
		write_egr(f, v);
	else if (off == CCMR1)
		t->ccmr1 = v;
	else if (off == CCER)
		t->ccer = v;
	else if (off == CNT)
		t->frozen = v;
	else if (off == PSC)
		t->psc = v;
	else if (off == ARR)
		t->arr = v;
	else if (off == OR)
		t->remap = v & 3;
	update_irq(f);
	f0_tim14_clocks(f);
}

void f0_tim14_reset(struct f0 *f)
{
	memset(&f->tim, 0, sizeof(f->tim));
	f->tim.arr = 0xffff;
	mcu_due(f->m, EVENT_LSI, PS_NEVER);
}
