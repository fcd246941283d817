/* SPDX-License-Identifier: MIT */
/*
 * ADC1 and ADC2 (RM0008 chapter 11): regular sequences by software, single,
 * scanned or continuous, alone or with ADC2 as ADC1's slave (DUALMOD 6, the
 * slave's result in the upper half of ADC1_DR).
 *
 * What they measure is steady but for noise of a few steps, which is all that
 * a random number generator wants of them (NeuG, chips.md 5).  How much noise
 * real parts have is not published; here the last two bits are free.
 */
#include <string.h>

#include "vmcu/stm32f1/f1.h"

#define SR_EOC (1u << 1)
#define SR_STRT (1u << 4)
#define CR1_EOCIE (1u << 5)
#define CR1_SCAN (1u << 8)
#define CR1_DUALMOD(v) ((v) >> 16 & 0xf)
#define CR2_ADON (1u << 0)
#define CR2_CONT (1u << 1)
#define CR2_CAL (1u << 2)
#define CR2_RSTCAL (1u << 3)
#define CR2_DMA (1u << 8)
#define CR2_ALIGN (1u << 11)
#define CR2_EXTSEL_SW (7u << 17)
#define CR2_EXTTRIG (1u << 20)
#define CR2_SWSTART (1u << 22)
#define CR2_TSVREFE (1u << 23)
#define CHANNEL_TEMPERATURE 16
#define CHANNEL_REFERENCE 17

enum reg {
	SR = 0x00,
	CR1 = 0x04,
	CR2 = 0x08,
	SMPR1 = 0x0c,
	SMPR2 = 0x10,
	SQR1 = 0x2c,
	SQR2 = 0x30,
	SQR3 = 0x34,
	DR = 0x4c,
};

static void update_irq(struct f1 *f)
{
	bool level = false;

	for (unsigned i = 0; i < 2; i++)
		level |= f->adc[i].cr1 & CR1_EOCIE && f->adc[i].sr & SR_EOC;
	mcu_irq(f->m, IRQ_ADC1_2, level);
}

bool f1_adc_asks(const struct mcu *m, unsigned unit)
{
	const struct f1_adc *a = &f1_of(m)->adc[unit];

	return a->cr2 & CR2_DMA && a->fresh;
}

static unsigned length(const struct f1_adc *a)
{
	return a->cr1 & CR1_SCAN ? (a->sqr[0] >> 20 & 0xf) + 1 : 1;
}

static unsigned channel(const struct f1_adc *a)
{
	unsigned word = 2 - a->rank / 6; /* SQR3 has the first six */

	return a->sqr[word] >> 5 * (a->rank % 6) & 31;
}

/* Sample time and 12.5 periods of the ADC's clock. */
static uint64_t conversion_time(struct f1 *f, const struct f1_adc *a)
{
	static const uint16_t half_cycles[8] = { 3,  15,  27,  57,
						 83, 111, 143, 479 };
	unsigned c = channel(a);
	uint32_t reg = c >= 10 ? a->smpr[0] >> 3 * (c - 10)
			       : a->smpr[1] >> 3 * c;
	uint64_t hz = f1_rcc_adc_clock(f);

	return (half_cycles[reg & 7] + 25) * PS_PER_S / (2 * hz);
}

static uint32_t measure(struct f1 *f, unsigned c)
{
	uint64_t noise = mcu_noise(f->m);
	uint32_t level = c == CHANNEL_TEMPERATURE ? 1750
			 : c == CHANNEL_REFERENCE ? 1490
						  : 1000 + 100 * c;

	switch (f->m->faults.rng) {
	case MCU_RNG_STUCK:
	case MCU_RNG_SEIS:
		return level;
	case MCU_RNG_BIASED:
		return level + ((noise & 0xf) == 0);
	default:
		/* two dice, so that the middle is likelier */
		return level + (uint32_t)((noise & 3) + (noise >> 8 & 7));
	}
}

static void begin(struct f1 *f, unsigned unit)
{
	struct f1_adc *a = &f->adc[unit];

	a->busy = true;
	mcu_due(f->m, EVENT_ADC + unit, f->m->now + conversion_time(f, a));
}

static void start(struct f1 *f, unsigned unit)
{
	struct f1_adc *a = &f->adc[unit];

	if (!(a->cr2 & CR2_ADON) || f1_rcc_adc_clock(f) == 0)
		return;
	a->sr |= SR_STRT;
	a->rank = 0;
	begin(f, unit);
}

static bool dual(const struct f1 *f)
{
	return CR1_DUALMOD(f->adc[0].cr1) == 6 && f->adc[1].cr2 & CR2_ADON;
}

static uint32_t result(struct f1 *f, unsigned unit)
{
	struct f1_adc *a = &f->adc[unit];
	unsigned c = channel(a);
	uint32_t v = measure(f, c);

	/* channels 16 and 17 are there once TSVREFE has woken them, in ADC1 */
	if (c >= CHANNEL_TEMPERATURE && (unit != 0 || !(a->cr2 & CR2_TSVREFE)))
		v = 0;
	return a->cr2 & CR2_ALIGN ? v << 4 & 0xffff : v & 0xfff;
}

void f1_adc_event(struct f1 *f, unsigned unit)
{
	struct f1_adc *a = &f->adc[unit], *slave = &f->adc[1];

	a->busy = false;
	a->fresh = true;
	a->dr = result(f, unit);
	if (unit == 0 && dual(f)) {
		slave->rank = a->rank;
		slave->dr = result(f, 1);
		slave->sr |= SR_EOC;
		a->dr |= slave->dr << 16;
	}
	a->rank++;
	if (a->rank < length(a)) {
		begin(f, unit);
	} else {
		a->sr |= SR_EOC;
		if (a->cr2 & CR2_CONT)
			start(f, unit);
	}
	st_dma_run(&f->dma);
	update_irq(f);
}

/* -- registers ------------------------------------------------------------- */

static uint32_t *plain(struct f1_adc *a, uint32_t off)
{
	switch (off) {
	case SR:
		return &a->sr;
	case CR1:
		return &a->cr1;
	case CR2:
		return &a->cr2;
	case SMPR1:
	case SMPR2:
		return &a->smpr[(off - SMPR1) / 4];
	case SQR1:
	case SQR2:
	case SQR3:
		return &a->sqr[(off - SQR1) / 4];
	default:
		return off < sizeof(a->other) ? &a->other[off / 4] : NULL;
	}
}

uint32_t f1_adc_read(void *dev, unsigned unit, uint32_t off)
{
	struct f1 *f = dev;
	struct f1_adc *a = &f->adc[unit];
	uint32_t *reg = plain(a, off);

	if (off == DR) {
		a->sr &= ~SR_EOC;
		a->fresh = false;
		update_irq(f);
		return a->dr;
	}
	return reg != NULL ? *reg : 0;
}

static void write_cr2(struct f1 *f, unsigned unit, uint32_t v)
{
	struct f1_adc *a = &f->adc[unit];
	uint32_t was = a->cr2;

	/* calibration is over at once */
	a->cr2 = v & 0x00fef903 & ~(CR2_SWSTART | CR2_CAL | CR2_RSTCAL);
	if (!(v & CR2_ADON)) {
		a->busy = false;
		mcu_due(f->m, EVENT_ADC + unit, PS_NEVER);
		return;
	}
	if (!(was & CR2_ADON))
		return; /* it wakes up */
	/* ADON written over itself starts, if nothing else changes */
	if (v == was || (v & CR2_SWSTART && v & CR2_EXTTRIG &&
			 (v & CR2_EXTSEL_SW) == CR2_EXTSEL_SW))
		start(f, unit);
}

void f1_adc_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		  uint32_t mask)
{
	struct f1 *f = dev;
	struct f1_adc *a = &f->adc[unit];
	uint32_t *reg = plain(a, off);

	if (reg == NULL || off == DR)
		return;
	v = (*reg & ~mask) | (v & mask);
	if (off == SR)
		a->sr &= v; /* cleared by a written 0 */
	else if (off == CR2)
		write_cr2(f, unit, v);
	else
		*reg = v;
	update_irq(f);
	return;
}

void f1_adc_reset(struct f1 *f)
{
	memset(f->adc, 0, sizeof(f->adc));
	for (unsigned i = 0; i < 2; i++)
		mcu_due(f->m, EVENT_ADC + i, PS_NEVER);
}
