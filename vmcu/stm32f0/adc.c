/* SPDX-License-Identifier: MIT */
/*
 * ADC (RM0091 13): calibration, enabling, single and continuous conversion of
 * the chosen channels, overrun.  DMA requests, triggers and the analog watchdog
 * are not modelled.
 *
 * What it measures is steady but for noise, which is all that a random number
 * generator wants of it.  How much noise real parts have is not published;
 * here the temperature sensor and Vrefint scatter by about two steps.
 */
#include <string.h>

#include "vmcu/stm32f0/f0.h"

#define ISR_ADRDY (1u << 0)
#define ISR_EOSMP (1u << 1)
#define ISR_EOC (1u << 2)
#define ISR_EOSEQ (1u << 3)
#define ISR_OVR (1u << 4)
#define ISR_ALL 0x9fu
#define CR_ADEN (1u << 0)
#define CR_ADDIS (1u << 1)
#define CR_ADSTART (1u << 2)
#define CR_ADSTP (1u << 4)
#define CR_ADCAL (1u << 31)
#define CFGR1_OVRMOD (1u << 12)
#define CFGR1_CONT (1u << 13)
#define CFGR1_WAIT (1u << 14)
#define CCR_VREFEN (1u << 22)
#define CCR_TSEN (1u << 23)
#define CHANNEL_TEMPERATURE 16
#define CHANNEL_REFERENCE 17
#define CHANNELS 19

enum reg {
	ISR = 0x00,
	IER = 0x04,
	CR = 0x08,
	CFGR1 = 0x0c,
	CFGR2 = 0x10,
	SMPR = 0x14,
	TR = 0x20,
	CHSELR = 0x28,
	DR = 0x40,
	CCR = 0x308,
};

static void update_irq(struct f0 *f)
{
	mcu_irq(f->m, IRQ_ADC, f->adc.isr & f->adc.ier);
}

/* In half clocks of the ADC: sampling, and 12.5 for the conversion. */
static uint64_t conversion(const struct f0 *f)
{
	static const uint16_t sample[8] = { 3, 15, 27, 57, 83, 111, 143, 479 };
	uint64_t hz = f0_rcc_adc_clock(f);

	if (hz == 0)
		return PS_NEVER;
	return (sample[f->adc.smpr & 7] + 25u) * PS_PER_S / (2 * hz);
}

static unsigned next_channel(const struct f0 *f, unsigned from)
{
	while (from < CHANNELS && !(f->adc.chselr >> from & 1))
		from++;
	return from;
}

static void convert(struct f0 *f, unsigned channel)
{
	uint64_t ps = conversion(f);

	f->adc.channel = channel;
	mcu_due(f->m, EVENT_ADC, ps == PS_NEVER ? ps : f->m->now + ps);
}

static void begin(struct f0 *f)
{
	unsigned first = next_channel(f, 0);

	if (first == CHANNELS)
		f->adc.cr &= ~CR_ADSTART;
	else
		convert(f, first);
}

/* Sixteen coins: a spread of two steps. */
static int scatter(struct f0 *f)
{
	uint64_t noise = mcu_noise(f->m);

	switch (f->m->faults.rng) {
	case MCU_RNG_STUCK:
	case MCU_RNG_SEIS:
		return 0;
	case MCU_RNG_BIASED: /* most results are the same */
		return (noise & 0xf) == 0;
	default:
		return __builtin_popcountll(noise & 0xffff) - 8;
	}
}

static uint32_t measure(struct f0 *f)
{
	uint32_t v = 0;

	if (f->adc.channel == CHANNEL_TEMPERATURE && f->adc.ccr & CCR_TSEN)
		v = 1769;
	else if (f->adc.channel == CHANNEL_REFERENCE && f->adc.ccr & CCR_VREFEN)
		v = 1526;
	if (v != 0)
		v = (uint32_t)((int)v + scatter(f));
	v >>= 2 * (f->adc.cfgr1 >> 3 & 3); /* RES */
	return v;
}

void f0_adc_event(struct f0 *f)
{
	struct f0_adc *a = &f->adc;
	unsigned next = next_channel(f, a->channel + 1);
	uint32_t v = measure(f);

	if (a->isr & ISR_EOC) {
		a->isr |= ISR_OVR;
		if (a->cfgr1 & CFGR1_OVRMOD)
			a->dr = v;
	} else {
		a->dr = v;
	}
	a->isr |= ISR_EOC | ISR_EOSMP;
	if (next < CHANNELS) {
		convert(f, next);
	} else {
		a->isr |= ISR_EOSEQ;
		if (a->cfgr1 & CFGR1_CONT)
			begin(f);
		else
			a->cr &= ~CR_ADSTART;
	}
	update_irq(f);
}

static void write_cr(struct f0 *f, uint32_t v)
{
	struct f0_adc *a = &f->adc;

	if (v & CR_ADCAL && !(a->cr & CR_ADEN))
		a->dr = 0x40; /* the factor; ready at once */
	if (v & CR_ADEN && f0_rcc_adc_clock(f) != 0) {
		a->cr |= CR_ADEN;
		a->isr |= ISR_ADRDY;
	}
	if (v & CR_ADSTP) {
		a->cr &= ~CR_ADSTART;
		mcu_due(f->m, EVENT_ADC, PS_NEVER);
	}
	if (v & CR_ADDIS && !(a->cr & CR_ADSTART))
		a->cr &= ~CR_ADEN;
	if (v & CR_ADSTART && a->cr & CR_ADEN && !(a->cr & CR_ADSTART)) {
		a->cr |= CR_ADSTART;
		begin(f);
	}
}

static uint32_t read_dr(struct f0 *f)
{
	f->adc.isr &= ~ISR_EOC;
	update_irq(f);
	return f->adc.dr;
}

uint32_t f0_adc_read(void *dev, unsigned unit, uint32_t off)
{
	struct f0 *f = dev;
	const struct f0_adc *a = &f->adc;

	(void)unit;
	switch (off) {
	case ISR:
		return a->isr;
	case IER:
		return a->ier;
	case CR:
		return a->cr;
	case CFGR1:
		return a->cfgr1;
	case CFGR2:
		return a->cfgr2;
	case SMPR:
		return a->smpr;
	case TR:
		return a->tr;
	case CHSELR:
		return a->chselr;
	case DR:
		return read_dr(f);
	case CCR:
		return a->ccr;
	default:
		return 0;
	}
}

/* Settings only while nothing is being converted (RM0091 13.4.8). */
static void configure(struct f0_adc *a, uint32_t off, uint32_t v)
{
	if (a->cr & CR_ADSTART)
		return;
	if (off == CFGR1)
		a->cfgr1 = v;
	else if (off == CFGR2)
		a->cfgr2 = v;
	else if (off == SMPR)
		a->smpr = v & 7;
	else if (off == TR)
		a->tr = v;
	else if (off == CHSELR)
		a->chselr = v & ((1u << CHANNELS) - 1);
	else if (off == CCR)
		a->ccr = v & 0x01c00000;
}

void f0_adc_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		  uint32_t mask)
{
	struct f0 *f = dev;

	(void)unit;
	v &= mask;
	if (off == ISR)
		f->adc.isr &= ~(v & ISR_ALL);
	else if (off == IER)
		f->adc.ier = v & ISR_ALL;
	else if (off == CR)
		write_cr(f, v);
	else
		configure(&f->adc, off, v);
	update_irq(f);
}

void f0_adc_reset(struct f0 *f)
{
	memset(&f->adc, 0, sizeof(f->adc));
	f->adc.tr = 0x0fff0000;
	mcu_due(f->m, EVENT_ADC, PS_NEVER);
}
