/* SPDX-License-Identifier: MIT */
/*
 * Reset and clock control (RM0008 chapter 7): HSI 8 MHz at reset, HSE 8 MHz
 * where the board has a crystal, PLL, LSI; clock gates and peripheral resets.
 * Oscillators are ready at once, the PLL too.
 */
#include <string.h>

#include "vmcu/stm32f1/f1.h"

enum rcc_reg {
	CR = 0x00,
	CFGR = 0x04,
	CIR = 0x08,
	APB2RSTR = 0x0c,
	APB1RSTR = 0x10,
	AHBENR = 0x14,
	APB2ENR = 0x18,
	APB1ENR = 0x1c,
	BDCR = 0x20,
	CSR = 0x24,
};

#define R(f, reg) ((f)->rcc[(reg) / 4])
#define HSI_HZ 8000000u
#define HSE_HZ 8000000u
#define CR_HSION (1u << 0)
#define CR_HSEON (1u << 16)
#define CR_PLLON (1u << 24)
#define CFGR_PLLSRC (1u << 16)
#define CFGR_PLLXTPRE (1u << 17)
#define BDCR_RTCSEL(v) ((v) >> 8 & 3)
#define BDCR_RTCEN (1u << 15)
#define BDCR_BDRST (1u << 16)
#define CSR_LSION 1u
#define CSR_RMVF (1u << 24)
#define PWR_CR_DBP (1u << 8)
#define AHBENR_BITS 0x00000555u /* xE; the bits of xB are among them */

static uint64_t hse(const struct f1 *f)
{
	return R(f, CR) & CR_HSEON && !mcu_quirk(f->m, QUIRK_NO_CRYSTAL)
		       ? HSE_HZ
		       : 0;
}

static uint64_t pll(const struct f1 *f)
{
	uint32_t cfgr = R(f, CFGR);
	unsigned mul = (cfgr >> 18 & 0xf) + 2;
	uint64_t in = cfgr & CFGR_PLLSRC ? hse(f) : HSI_HZ / 2;

	if (cfgr & CFGR_PLLSRC && cfgr & CFGR_PLLXTPRE)
		in /= 2;
	return R(f, CR) & CR_PLLON ? in * (mul > 16 ? 16 : mul) : 0;
}

static uint64_t sysclk(const struct f1 *f)
{
	switch (R(f, CFGR) >> 2 & 3) { /* SWS */
	case 1:
		return hse(f);
	case 2:
		return pll(f);
	default:
		return HSI_HZ;
	}
}

uint64_t f1_rcc_hclk(const struct f1 *f)
{
	static const uint8_t shift[8] = { 1, 2, 3, 4, 6, 7, 8, 9 };
	uint32_t hpre = R(f, CFGR) >> 4 & 0xf;

	return hpre & 8 ? sysclk(f) >> shift[hpre & 7] : sysclk(f);
}

uint64_t f1_rcc_pclk(const struct f1 *f, unsigned bus)
{
	uint32_t ppre = R(f, CFGR) >> (bus == 1 ? 8 : 11) & 7;
	uint64_t hz = f1_rcc_hclk(f);

	return ppre & 4 ? hz >> ((ppre & 3) + 1) : hz;
}

uint64_t f1_rcc_adc_clock(const struct f1 *f)
{
	return f1_rcc_pclk(f, 2) / (2 * ((R(f, CFGR) >> 14 & 3) + 1));
}

bool f1_rcc_gate(const struct f1 *f, uint8_t reg, uint8_t bit)
{
	return reg == 0 || R(f, reg) >> bit & 1;
}

bool f1_rcc_hsi(const struct f1 *f)
{
	return R(f, CR) & CR_HSION;
}

bool f1_rcc_lsi(const struct f1 *f)
{
	return R(f, CSR) & CSR_LSION || f->iwdg.on;
}

bool f1_rcc_rtc_on_lsi(const struct f1 *f)
{
	return R(f, BDCR) & BDCR_RTCEN && BDCR_RTCSEL(R(f, BDCR)) == 2 &&
	       f1_rcc_lsi(f);
}

uint64_t f1_lsi_period(struct f1 *f)
{
	/* About half a percent either way: an assumption, no figure is
	 * published (chips.md 5). */
	const int64_t period = PS_PER_S / F1_LSI_HZ, spread = period / 256;
	int64_t sum = 0;

	if (f->m->faults.rng == MCU_RNG_STUCK ||
	    f->m->faults.rng == MCU_RNG_SEIS)
		return (uint64_t)period;
	for (unsigned i = 0; i < 4; i++) /* nearly a bell */
		sum += (int64_t)(mcu_noise(f->m) % (uint64_t)(2 * spread)) -
		       spread;
	return (uint64_t)(period + sum / 2);
}

/* -- registers ------------------------------------------------------------- */

static void clocks_changed(struct f1 *f)
{
	core_set_clock(f->m->core, f1_rcc_hclk(f));
}

static void write_cr(struct f1 *f, uint32_t v)
{
	uint32_t cr = (v & 0x010d00f9) | 0x8000; /* HSICAL */
	uint32_t sws = R(f, CFGR) >> 2 & 3;

	if (sws == 2)
		cr |= CR_PLLON; /* the clock in use cannot be stopped */
	if (sws == 1 || (sws == 2 && R(f, CFGR) & CFGR_PLLSRC))
		cr |= CR_HSEON;
	if (sws == 0 || (sws == 2 && !(R(f, CFGR) & CFGR_PLLSRC)))
		cr |= CR_HSION;
	cr |= (cr & CR_HSION) << 1;
	if (!mcu_quirk(f->m, QUIRK_NO_CRYSTAL))
		cr |= (cr & CR_HSEON) << 1;
	R(f, CR) = cr;
	if (pll(f) != 0)
		R(f, CR) |= CR_PLLON << 1;
}

static void write_cfgr(struct f1 *f, uint32_t v)
{
	uint32_t old = R(f, CFGR), sw = v & 3, sws = old >> 2 & 3;
	uint32_t pll_bits = 0xfu << 18 | CFGR_PLLSRC | CFGR_PLLXTPRE;

	if (R(f, CR) & CR_PLLON) /* only while it is off */
		v = (v & ~pll_bits) | (old & pll_bits);
	R(f, CFGR) = (v & 0x077fffffu & ~0xcu) | sws << 2;
	if (sw == 0 && R(f, CR) & CR_HSION)
		sws = 0;
	else if (sw == 1 && hse(f) != 0)
		sws = 1;
	else if (sw == 2 && pll(f) != 0)
		sws = 2;
	R(f, CFGR) = (R(f, CFGR) & ~0xcu) | sws << 2;
}

static void write_bdcr(struct f1 *f, uint32_t v)
{
	if (!(f->pwr[0] & PWR_CR_DBP))
		return; /* the backup domain is write-protected */
	if (v & BDCR_BDRST) {
		f1_rcc_backup_reset(f);
		R(f, BDCR) = BDCR_BDRST;
		return;
	}
	R(f, BDCR) = v & 0x8305;
	f1_rtc_event(f); /* its clock may have begun to run */
}

static void write_csr(struct f1 *f, uint32_t v)
{
	uint32_t csr = (R(f, CSR) & 0xfc000000) | (v & CSR_LSION);

	if (v & CSR_RMVF)
		csr &= 0x03ffffff;
	R(f, CSR) = csr | (csr & CSR_LSION) << 1;
}

uint32_t f1_rcc_read(void *dev, unsigned unit, uint32_t off)
{
	struct f1 *f = dev;
	(void)unit;
	return off < sizeof(f->rcc) ? R(f, off) : 0;
}

void f1_rcc_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		  uint32_t mask)
{
	struct f1 *f = dev;
	uint32_t old;

	(void)unit;
	if (off >= sizeof(f->rcc))
		return;
	old = R(f, off);
	v = (old & ~mask) | (v & mask);
	switch (off) {
	case CR:
		write_cr(f, v);
		break;
	case CFGR:
		write_cfgr(f, v);
		write_cr(f, R(f, CR));
		break;
	case CIR:
		break;
	case AHBENR:
		R(f, off) = v & (AHBENR_BITS | f->profile->ahbenr_more);
		break;
	case BDCR:
		write_bdcr(f, v);
		break;
	case CSR:
		write_csr(f, v);
		break;
	default:
		R(f, off) = v;
		break;
	}
	if ((off == APB2RSTR || off == APB1RSTR) && v & ~old)
		f1_device_reset(f, (uint8_t)off, v & ~old);
	clocks_changed(f);
	return;
}

void f1_rcc_backup_reset(struct f1 *f)
{
	R(f, BDCR) = 0;
	memset(f->bkp, 0, sizeof(f->bkp));
	f1_rtc_reset(f);
}

void f1_rcc_reset(struct f1 *f, enum mcu_reset why)
{
	static const uint8_t flag[] = {
		[RESET_POWER] = 27,
		[RESET_PIN] = 26,
		[RESET_SOFTWARE] = 28,
		[RESET_WATCHDOG] = 29,
	};
	uint32_t csr = R(f, CSR), bdcr = R(f, BDCR);

	memset(f->rcc, 0, sizeof(f->rcc));
	R(f, CR) = 0x83 | 0x8000;
	R(f, AHBENR) = 0x14;
	R(f, BDCR) = why == RESET_POWER ? 0 : bdcr;
	/* every reset also pulls the pin low from inside */
	csr = why == RESET_POWER ? 0 : csr & 0xfc000003;
	R(f, CSR) = csr | 1u << flag[why] | 1u << 26;
	clocks_changed(f);
}
