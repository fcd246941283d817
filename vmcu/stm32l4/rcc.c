/* SPDX-License-Identifier: MIT */
/*
 * Reset and clock control: MSI (4 MHz at reset), HSI16, PLL, HSI48; clock
 * gates and peripheral resets.  Oscillators are ready at once, the PLL too.
 * There is no crystal on the board: HSE and LSE never become ready.
 */
#include <string.h>

#include "vmcu/stm32l4/l4.h"

enum rcc_reg {
	CR = 0x00,
	ICSCR = 0x04,
	CFGR = 0x08,
	PLLCFGR = 0x0c,
	PLLSAI1 = 0x10,
	CIER = 0x18,
	CIFR = 0x1c,
	CICR = 0x20,
	AHB1RSTR = 0x28,
	APB2RSTR = 0x40,
	AHB1ENR = 0x48,
	AHB2ENR = 0x4c,
	AHB3ENR = 0x50,
	APB1ENR1 = 0x58,
	APB2ENR = 0x60,
	CCIPR = 0x88,
	BDCR = 0x90,
	CSR = 0x94,
	CRRCR = 0x98,
};

#define R(l, reg) ((l)->rcc[(reg) / 4])
#define HSI_HZ 16000000u
#define HSI48_HZ 48000000u

static const uint32_t msi_hz[16] = {
	100000,	 200000,  400000,   800000,   1000000,	2000000,
	4000000, 8000000, 16000000, 24000000, 32000000, 48000000,
};

static uint32_t msi(const struct l4 *l)
{
	uint32_t cr = R(l, CR);

	if (cr & 1u << 3) /* MSIRGSEL */
		return msi_hz[cr >> 4 & 0xf];
	return msi_hz[R(l, CSR) >> 8 & 0xf];
}

static uint64_t vco(const struct l4 *l)
{
	uint32_t p = R(l, PLLCFGR);
	uint64_t in = (p & 3) == 1 ? msi(l) : (p & 3) == 2 ? HSI_HZ : 0;

	if (!(R(l, CR) & 1u << 24))
		return 0;
	return in / ((p >> 4 & 7) + 1) * (p >> 8 & 0x7f);
}

static uint64_t pll_r(const struct l4 *l)
{
	uint32_t p = R(l, PLLCFGR);

	return p & 1u << 24 ? vco(l) / (2 * ((p >> 25 & 3) + 1)) : 0;
}

static uint64_t pll_q(const struct l4 *l)
{
	uint32_t p = R(l, PLLCFGR);

	return p & 1u << 20 ? vco(l) / (2 * ((p >> 21 & 3) + 1)) : 0;
}

uint64_t l4_rcc_sysclk(const struct l4 *l)
{
	switch (R(l, CFGR) >> 2 & 3) { /* SWS */
	case 1:
		return HSI_HZ;
	case 3:
		return pll_r(l);
	default:
		return msi(l);
	}
}

uint64_t l4_rcc_hclk(const struct l4 *l)
{
	static const uint8_t shift[8] = { 1, 2, 3, 4, 6, 7, 8, 9 };
	uint32_t hpre = R(l, CFGR) >> 4 & 0xf;
	uint64_t hz = l4_rcc_sysclk(l);

	return hpre & 8 ? hz >> shift[hpre & 7] : hz;
}

uint64_t l4_rcc_pclk(const struct l4 *l, unsigned bus)
{
	uint32_t ppre = R(l, CFGR) >> (bus == 1 ? 8 : 11) & 7;
	uint64_t hz = l4_rcc_hclk(l);

	return ppre & 4 ? hz >> ((ppre & 3) + 1) : hz;
}

uint64_t l4_rcc_clk48(const struct l4 *l)
{
	switch (R(l, CCIPR) >> 26 & 3) {
	case 0:
		return R(l, CRRCR) & 1 ? HSI48_HZ : 0;
	case 2:
		return pll_q(l);
	case 3:
		return msi(l);
	default:
		return 0; /* PLLSAI1 is not modelled */
	}
}

/* Units: 0 USART1, 1 USART2, 2 LPUART1. */
uint64_t l4_rcc_uart_clock(const struct mcu *m, unsigned unit)
{
	const struct l4 *l = l4_of(m);
	static const uint8_t shift[3] = { 0, 2, 10 };

	switch (R(l, CCIPR) >> shift[unit] & 3) {
	case 0:
		return l4_rcc_pclk(l, unit == 0 ? 2 : 1);
	case 1:
		return l4_rcc_sysclk(l);
	case 2:
		return R(l, CR) & 1u << 8 ? HSI_HZ : 0;
	default:
		return 0;
	}
}

bool l4_rcc_gate(const void *dev, uint8_t reg, uint8_t bit)
{
	const struct l4 *l = dev;

	return reg == 0 || R(l, reg) >> bit & 1;
}

/* -- registers ------------------------------------------------------------- */

static void clocks_changed(struct l4 *l)
{
	core_set_clock(l->m->core, l4_rcc_hclk(l));
}

static void write_cr(struct l4 *l, uint32_t v)
{
	uint32_t cr = v & 0x050909fd; /* PLL, HSE*, HSI, MSI controls */
	uint32_t sws = R(l, CFGR) >> 2 & 3;

	if (sws == 3)
		cr |= 1u << 24; /* the clock in use cannot be stopped */
	if (sws == 0)
		cr |= 1;
	if (sws == 1)
		cr |= 1u << 8;
	cr |= (cr & 1) << 1;	    /* MSIRDY */
	cr |= (cr & 1u << 8) << 2;  /* HSIRDY */
	cr |= (cr & 1u << 24) << 1; /* PLLRDY */
	R(l, CR) = cr;
}

static void write_cfgr(struct l4 *l, uint32_t v)
{
	uint32_t sw = v & 3, old = R(l, CFGR);
	uint32_t sws = old >> 2 & 3;

	if (sw == 0 && R(l, CR) & 1)
		sws = 0;
	else if (sw == 1 && R(l, CR) & 1u << 8)
		sws = 1;
	else if (sw == 3 && pll_r(l) != 0)
		sws = 3;
	R(l, CFGR) = (v & ~0xcu) | sws << 2;
}

static void write_csr(struct l4 *l, uint32_t v)
{
	uint32_t csr = R(l, CSR);

	csr = (csr & 0xff000000) | (v & 0xf01);
	csr |= (csr & 1) << 1; /* LSIRDY */
	if (v & 1u << 23)      /* RMVF */
		csr &= 0x00ffffff;
	R(l, CSR) = csr;
}

uint32_t l4_rcc_read(void *dev, unsigned unit, uint32_t off)
{
	struct l4 *l = dev;
	(void)unit;
	return off < sizeof(l->rcc) ? R(l, off) : 0;
}

void l4_rcc_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		  uint32_t mask)
{
	struct l4 *l = dev;
	uint32_t old;

	(void)unit;
	if (off >= sizeof(l->rcc))
		return;
	old = R(l, off);
	v = (old & ~mask) | (v & mask);
	switch (off) {
	case CR:
		write_cr(l, v);
		break;
	case CFGR:
		write_cfgr(l, v);
		break;
	case CSR:
		write_csr(l, v);
		break;
	case CRRCR:
		R(l, off) = (v & 1) | (v & 1) << 1;
		break;
	case CIFR:
	case CICR:
		break;
	default:
		R(l, off) = v;
		break;
	}
	if (off >= AHB1RSTR && off <= APB2RSTR && v & ~old)
		l4_device_reset(l, (uint8_t)off, v & ~old);
	clocks_changed(l);
}

void l4_rcc_reset(struct l4 *l, enum mcu_reset why)
{
	static const uint8_t flag[] = {
		[RESET_POWER] = 27,    [RESET_PIN] = 26,
		[RESET_SOFTWARE] = 28, [RESET_WATCHDOG] = 29,
		[RESET_OPTIONS] = 25,
	};
	uint32_t csr = R(l, CSR), bdcr = R(l, BDCR);

	memset(l->rcc, 0, sizeof(l->rcc));
	R(l, CR) = 0x63;
	R(l, ICSCR) = 0x10000000;
	R(l, PLLCFGR) = 0x1000;
	R(l, AHB1ENR) = 0x100;
	R(l, BDCR) = why == RESET_POWER ? 0 : bdcr;
	/* every reset also pulls the pin low from inside */
	csr = (why == RESET_POWER ? 0 : csr & 0xff000003) | 0x600;
	R(l, CSR) = csr | 1u << flag[why] | 1u << 26;
	clocks_changed(l);
}
