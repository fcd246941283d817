/* SPDX-License-Identifier: MIT */
/*
 * What counts the LSI: channel 4 of TIM5 (xE only, AFIO_MAPR bit 16; RM0008
 * chapter 15, capture of rising edges and nothing else) and the RTC (chapter
 * 18, seconds flag and counter).  The LSI is a bad clock, and so a source of
 * chance.
 */
#include <string.h>

#include "vmcu/stm32f1/f1.h"

#define MAPR 1
#define MAPR_TIM5CH4 (1u << 16)
#define TIM_CEN 1u
#define SR_UIF 1u
#define SR_CC4IF (1u << 4)
#define SR_CC4OF (1u << 12)
#define CCER_CC4E (1u << 12)
#define DIER_CC4IE (1u << 4)

static uint64_t tim5_clock(const struct f1 *f)
{
	uint64_t pclk = f1_rcc_pclk(f, 1);

	/* doubled behind a prescaler (RM0008 7.2) */
	return pclk == f1_rcc_hclk(f) ? pclk : 2 * pclk;
}

static uint32_t tim5_count(const struct f1 *f)
{
	unsigned __int128 t = f->m->now - f->tim5.start;
	uint64_t ticks = (uint64_t)(t * tim5_clock(f) / PS_PER_S) /
			 (f->tim5.psc + 1);

	if (!(f->tim5.cr1 & TIM_CEN))
		return 0;
	return (uint32_t)(ticks % ((uint64_t)f->tim5.arr + 1));
}

static void tim5_next(struct f1 *f)
{
	bool on = f->tim5.cr1 & TIM_CEN && f->tim5.ccer & CCER_CC4E &&
		  (f->tim5.ccmr2 >> 8 & 3) == 1 &&
		  f->afio[MAPR] & MAPR_TIM5CH4 && f1_rcc_lsi(f);

	if (!on)
		mcu_due(f->m, EVENT_TIM5, PS_NEVER);
	else if (f->m->due[EVENT_TIM5] == PS_NEVER)
		mcu_due(f->m, EVENT_TIM5, f->m->now + f1_lsi_period(f));
}

static void tim5_irq(struct f1 *f)
{
	mcu_irq(f->m, IRQ_TIM5,
		f->tim5.dier & DIER_CC4IE && f->tim5.sr & SR_CC4IF);
}

void f1_tim5_event(struct f1 *f)
{
	unsigned every = 1u << (f->tim5.ccmr2 >> 10 & 3); /* IC4PSC */

	if (++f->tim5.edges % every == 0) {
		f->tim5.ccr4 = tim5_count(f);
		f->tim5.sr |= f->tim5.sr & SR_CC4IF ? SR_CC4OF : SR_CC4IF;
		tim5_irq(f);
	}
	tim5_next(f);
}

uint32_t f1_tim5_read(void *dev, unsigned unit, uint32_t off)
{
	struct f1 *f = dev;
	(void)unit;
	switch (off) {
	case 0x00:
		return f->tim5.cr1;
	case 0x04:
		return f->tim5.cr2;
	case 0x0c:
		return f->tim5.dier;
	case 0x10:
		return f->tim5.sr;
	case 0x1c:
		return f->tim5.ccmr2;
	case 0x20:
		return f->tim5.ccer;
	case 0x24:
		return tim5_count(f);
	case 0x28:
		return f->tim5.psc;
	case 0x2c:
		return f->tim5.arr;
	case 0x40:
		f->tim5.sr &= ~SR_CC4IF; /* reading the capture clears it */
		tim5_irq(f);
		return f->tim5.ccr4;
	default:
		return 0;
	}
}

void f1_tim5_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		   uint32_t mask)
{
	struct f1 *f = dev;
	(void)unit;
	v &= mask & 0xffff;
	switch (off) {
	case 0x00:
		if (v & ~f->tim5.cr1 & TIM_CEN)
			f->tim5.start = f->m->now;
		f->tim5.cr1 = v;
		break;
	case 0x04:
		f->tim5.cr2 = v;
		break;
	case 0x0c:
		f->tim5.dier = v;
		break;
	case 0x10:
		f->tim5.sr &= v;
		break;
	case 0x14: /* EGR.UG */
		f->tim5.start = f->m->now;
		f->tim5.sr |= SR_UIF;
		break;
	case 0x1c:
		f->tim5.ccmr2 = v;
		break;
	case 0x20:
		f->tim5.ccer = v;
		break;
	case 0x28:
		f->tim5.psc = v;
		break;
	case 0x2c:
		f->tim5.arr = v;
		break;
	default:
		break;
	}
	tim5_irq(f);
	tim5_next(f);
	return;
}

void f1_tim5_reset(struct f1 *f)
{
	memset(&f->tim5, 0, sizeof(f->tim5));
	f->tim5.arr = 0xffff;
	mcu_due(f->m, EVENT_TIM5, PS_NEVER);
}

/* -- RTC ------------------------------------------------------------------- */

#define CRL_SECF 1u
#define CRL_RSF (1u << 3)
#define CRL_CNF (1u << 4)
#define CRL_RTOFF (1u << 5)

static void rtc_next(struct f1 *f)
{
	if (!f1_rcc_rtc_on_lsi(f))
		mcu_due(f->m, EVENT_RTC, PS_NEVER);
	else if (f->m->due[EVENT_RTC] == PS_NEVER)
		mcu_due(f->m, EVENT_RTC, f->m->now + f1_lsi_period(f));
}

/* One period of the LSI has passed; also called to set it going. */
void f1_rtc_event(struct f1 *f)
{
	if (f1_rcc_rtc_on_lsi(f) && f->m->due[EVENT_RTC] == PS_NEVER) {
		if (f->rtc.div == 0) {
			f->rtc.div = f->rtc.prl;
			f->rtc.cnt++;
			f->rtc.crl |= CRL_SECF;
		} else {
			f->rtc.div--;
		}
		f->rtc.crl |= CRL_RSF;
	}
	rtc_next(f);
}

uint32_t f1_rtc_read(void *dev, unsigned unit, uint32_t off)
{
	struct f1 *f = dev;
	(void)unit;
	switch (off) {
	case 0x00:
		return f->rtc.crh;
	case 0x04:
		return f->rtc.crl | CRL_RTOFF;
	case 0x10:
		return f->rtc.div >> 16 & 0xf;
	case 0x14:
		return f->rtc.div & 0xffff;
	case 0x18:
		return f->rtc.cnt >> 16;
	case 0x1c:
		return f->rtc.cnt & 0xffff;
	default:
		return 0;
	}
}

static void put_half(uint32_t *reg, bool high, uint32_t v)
{
	*reg = high ? (*reg & 0xffff) | v << 16 : (*reg & 0xffff0000) | v;
}

void f1_rtc_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		  uint32_t mask)
{
	struct f1 *f = dev;
	bool set = f->rtc.crl & CRL_CNF;

	(void)unit;
	v &= mask & 0xffff;
	if (!(f->pwr[0] & 1u << 8))
		return; /* DBP: the backup domain is write-protected */
	if (off == 0x00)
		f->rtc.crh = v & 7;
	else if (off == 0x04)
		f->rtc.crl = (f->rtc.crl & v & 0xf) | (v & CRL_CNF);
	else if (set && (off == 0x08 || off == 0x0c))
		put_half(&f->rtc.prl, off == 0x08, off == 0x08 ? v & 0xf : v);
	else if (set && (off == 0x18 || off == 0x1c))
		put_half(&f->rtc.cnt, off == 0x18, v);
	return;
}

void f1_rtc_reset(struct f1 *f)
{
	memset(&f->rtc, 0, sizeof(f->rtc));
	f->rtc.prl = 0x8000;
	mcu_due(f->m, EVENT_RTC, PS_NEVER);
}
