/* SPDX-License-Identifier: MIT */
/*
 * Reset and clock control (RM0091 6): HSI 8 MHz at reset, PLL on half of it,
 * HSI14 for the ADC, LSI; clock gates and peripheral resets.  Oscillators are
 * ready at once.  There is no crystal: HSE and LSE never become ready.
 */
#include <string.h>

#include "vmcu/stm32f0/f0.h"

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
	AHBRSTR = 0x28,
	CFGR2 = 0x2c,
	CFGR3 = 0x30,
	CR2 = 0x34,
};

#define R(f, reg) ((f)->rcc[(reg) / 4])
#define HSI_HZ 8000000u
#define HSI14_HZ 14000000u
#define CR_HSION (1u << 0)
#define CR_PLLON (1u << 24)
#define CFGR_PLLSRC_HSE (1u << 16)
#define CSR_RMVF (1u << 24)

bool f0_rcc_hsi(const struct f0 *f)
{
	return R(f, CR) & CR_HSION;
}

bool f0_rcc_lsi(const struct f0 *f)
{
	return R(f, CSR) & 1 || f->iwdg.on;
}

static uint64_t pll(const struct f0 *f)
{
	uint32_t cfgr = R(f, CFGR), mul = (cfgr >> 18 & 0xf) + 2;

	if (!(R(f, CR) & CR_PLLON) || cfgr & CFGR_PLLSRC_HSE)
		return 0;
	return (uint64_t)HSI_HZ / 2 * (mul < 16 ? mul : 16);
}

static uint64_t sysclk(const struct f0 *f)
{
	return (R(f, CFGR) >> 2 & 3) == 2 ? pll(f) : HSI_HZ;
}

uint64_t f0_rcc_hclk(const struct f0 *f)
{
	static const uint8_t shift[8] = { 1, 2, 3, 4, 6, 7, 8, 9 };
	uint32_t hpre = R(f, CFGR) >> 4 & 0xf;

	return hpre & 8 ? sysclk(f) >> shift[hpre & 7] : sysclk(f);
}

uint64_t f0_rcc_pclk(const struct f0 *f)
{
	uint32_t ppre = R(f, CFGR) >> 8 & 7;

	return ppre & 4 ? f0_rcc_hclk(f) >> ((ppre & 3) + 1) : f0_rcc_hclk(f);
}

/* Only USART1 can choose (RM0091 6.4.13). */
uint64_t f0_rcc_uart_clock(const struct mcu *m, unsigned unit)
{
	const struct f0 *f = f0_of(m);

	switch (unit == 0 ? R(f, CFGR3) & 3 : 0) {
	case 0:
		return f0_rcc_pclk(f);
	case 1:
		return sysclk(f);
	case 3:
		return R(f, CR) & CR_HSION ? HSI_HZ : 0;
	default:
		return 0;
	}
}

/* CFGR2.CKMODE of the ADC: 0 HSI14 (which the ADC starts by itself), else a
 * fraction of PCLK. */
uint64_t f0_rcc_adc_clock(const struct f0 *f)
{
	switch (f->adc.cfgr2 >> 30) {
	case 0:
		return HSI14_HZ;
	case 1:
		return f0_rcc_pclk(f) / 2;
	case 2:
		return f0_rcc_pclk(f) / 4;
	default:
		return 0;
	}
}

bool f0_rcc_lsi_at_rtc(const struct f0 *f)
{
	return f0_rcc_lsi(f) && (R(f, BDCR) >> 8 & 3) == 2;
}

bool f0_rcc_lsi_at_mco(const struct f0 *f)
{
	return f0_rcc_lsi(f) && (R(f, CFGR) >> 24 & 7) == 2;
}

bool f0_rcc_gate(const void *family, uint8_t reg, uint8_t bit)
{
	const struct f0 *f = family;

	return reg == 0 || R(f, reg) >> bit & 1;
}

/* -- registers ------------------------------------------------------------- */

static void write_cr(struct f0 *f, uint32_t v)
{
	uint32_t cr = (v & 0x010d00f9) | (R(f, CR) & 0xff00);
	uint32_t cfgr = R(f, CFGR);
	bool on_pll = (cfgr >> 2 & 3) == 2;

	if (on_pll)
		cr |= CR_PLLON; /* the clock in use cannot be stopped */
	if (!on_pll || !(cfgr & CFGR_PLLSRC_HSE))
		cr |= !on_pll ? CR_HSION : 0;
	cr |= (cr & CR_HSION) << 1;
	cr |= (cr & CR_PLLON) << 1;
	R(f, CR) = cr;
}

static void write_cfgr(struct f0 *f, uint32_t v)
{
	uint32_t old = R(f, CFGR), fixed = 0;
	uint32_t sws = old >> 2 & 3;

	if (R(f, CR) & CR_PLLON) /* its settings only while it is off */
		fixed = 0x003f0000;
	R(f, CFGR) = (old & fixed) | (v & ~fixed & ~0xcu);
	if ((v & 3) == 0 && R(f, CR) & CR_HSION)
		sws = 0;
	else if ((v & 3) == 2 && pll(f) != 0)
		sws = 2;
	R(f, CFGR) |= sws << 2;
}

static void write_csr(struct f0 *f, uint32_t v)
{
	uint32_t csr = (R(f, CSR) & 0xff000000) | (v & 1);

	csr |= (csr & 1) << 1; /* LSIRDY */
	if (v & CSR_RMVF)
		csr &= 0x00ffffff;
	R(f, CSR) = csr;
}

static void write_cr2(struct f0 *f, uint32_t v)
{
	R(f, CR2) = (v & 0xfd) | (v & 1) << 1 | 0x8000;
}

uint32_t f0_rcc_read(void *dev, unsigned unit, uint32_t off)
{
	struct f0 *f = dev;

	(void)unit;
	return off < sizeof(f->rcc) ? R(f, off) : 0;
}

static bool is_rstr(uint32_t off)
{
	return off == APB2RSTR || off == APB1RSTR || off == AHBRSTR;
}

void f0_rcc_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		  uint32_t mask)
{
	struct f0 *f = dev;
	uint32_t old;

	(void)unit;
	if (off >= sizeof(f->rcc))
		return;
	old = R(f, off);
	v = (old & ~mask) | (v & mask);
	if (off == CR)
		write_cr(f, v);
	else if (off == CFGR)
		write_cfgr(f, v);
	else if (off == CSR)
		write_csr(f, v);
	else if (off == CR2)
		write_cr2(f, v);
	else if (off != CIR)
		R(f, off) = v;
	if (is_rstr(off) && v & ~old)
		f0_device_reset(f, (uint8_t)off, v & ~old);
	core_set_clock(f->m->core, f0_rcc_hclk(f));
	f0_tim14_clocks(f);
}

void f0_rcc_reset(struct f0 *f, enum mcu_reset why)
{
	static const uint8_t flag[] = {
		[RESET_POWER] = 27,    [RESET_PIN] = 26,
		[RESET_SOFTWARE] = 28, [RESET_WATCHDOG] = 29,
		[RESET_OPTIONS] = 25,
	};
	uint32_t csr = R(f, CSR), bdcr = R(f, BDCR);

	memset(f->rcc, 0, sizeof(f->rcc));
	R(f, CR) = 0x83;
	R(f, AHBENR) = 0x14;
	R(f, CR2) = 0x8080;
	R(f, BDCR) = why == RESET_POWER ? 0 : bdcr;
	/* every reset also pulls the pin low from inside */
	csr = why == RESET_POWER ? 0 : csr & 0xff000003;
	R(f, CSR) = csr | 1u << flag[why] | 1u << 26;
	core_set_clock(f->m->core, f0_rcc_hclk(f));
}
