/* SPDX-License-Identifier: MIT */
/* Pins, clock, lock and entropy of the STM32F103, for the loader on it. */
#include <string.h>

#include "target.h"

#define GATE_AFIO (1u << 0)
#define GATE_A (1u << 2)
#define GATE_ADC (3u << 9) /* both */
#define GATE_USART1 (1u << 14)
#define SWJ_OFF 0x04000000u
#define PINS_UP (1u << 10 | 1u << 13 | 1u << 15)

/* SWJ_CFG cannot be read, and reading the rest of MAPR is undefined: one plain
 * store, which leaves every remapping off. */
void target_pins_off(void)
{
	RCC_APB2ENR = GATE_AFIO | GATE_A;
	(void)RCC_APB2ENR; /* the clock arrives two cycles later */
	AFIO_MAPR = SWJ_OFF;
}

/*
 * 64 MHz: HSI 8 MHz / 2 * 16, two wait states, APB1 half of it, ADC a sixth
 * (RM0008 7.3, PM0075 3.1).  USART1 on PA9 and PA10 at 1 Mbaud.  Both ADCs in
 * regular simultaneous mode with the shortest sampling time: ADC1 at the
 * internal reference, ADC2 at PA0.  The RTC runs from the LSI, divided as it
 * comes out of reset.
 */
static const struct {
	uint32_t address, value;
} setup[] = {
	{ 0x40022000, 0x12 },		 /* FLASH_ACR */
	{ 0x40021004, 0x003c8400 },	 /* RCC_CFGR */
	{ 0x40021000, 1u << 24 | 0x83 }, /* RCC_CR: PLLON */
	{ 0x40021018, GATE_AFIO | GATE_A | GATE_ADC | GATE_USART1 },
	{ 0x4002101c, 3u << 27 },	    /* RCC_APB1ENR: PWR, BKP */
	{ 0x40021024, 1 },		    /* RCC_CSR: LSION */
	{ 0x40007000, 1u << 8 },	    /* PWR_CR: DBP */
	{ 0x40021020, 1u << 15 | 2u << 8 }, /* RCC_BDCR: RTCEN, LSI */
	{ 0x40010810, PINS_UP },	    /* GPIOA_BSRR */
	{ 0x40010804, CRH_IN },		    /* GPIOA_CRH */
	{ 0x40012404, 6u << 16 },	    /* ADC1_CR1: DUALMOD */
	{ 0x40012434, 17 },		    /* ADC1_SQR3: the reference */
	{ 0x40012808, 0x001e0001 },	    /* ADC2_CR2: EXTTRIG, ADON */
	{ 0x40012408, 0x009e0001 },	    /* ADC1_CR2: and TSVREFE */
	{ 0xe000e014, 0xffffff },	    /* SYST_RVR */
	{ 0xe000e010, 5 },		    /* SYST_CSR */
};

void target_clock(void)
{
#pragma GCC unroll 1
	for (unsigned i = 0; i < sizeof(setup) / sizeof(setup[0]); i++)
		REG(setup[i].address) = setup[i].value;
	while (!(RCC_CR & 1u << 25))
		;
	RCC_CFGR = 0x003c8402;
	while ((RCC_CFGR & 0xc) != 8)
		;
}

void target_uart_open(void)
{
	REG(0x40013808) = 64;				/* USART1_BRR */
	REG(0x4001380c) = 1u << 13 | 1u << 3 | 1u << 2; /* _CR1: UE TE RE */
}

void target_swd_open(void)
{
}

/* What the claim carries, in the order that docs/protocol.md gives; and what
 * must be found there: protection loaded and options whole, C_DEBUGEN = 0, and
 * DBGMCU_IDCODE reads 0, which it does for the core of a genuine chip without
 * a debugger (ES096 2.3). */
#define OPTIONS_AT 0x1ffff800u
static const struct {
	uint32_t address, mask, value;
} witness[TARGET_WORDS] = {
	{ OPTIONS_AT, 0, 0 },	       { OPTIONS_AT + 4, 0, 0 },
	{ OPTIONS_AT + 8, 0, 0 },      { OPTIONS_AT + 12, 0, 0 },
	{ 0x4002201c, 3, 2 },	       { 0xe000edf0, 1, 0 },
	{ 0xe0042000, 0xffffffff, 0 },
};

/* RDP and its complement as they are in the cells: not those of level 0. */
static inline bool level_ok(void)
{
	return (uint16_t)REG(OPTIONS_AT) != 0x5aa5;
}

#include "chip/stm32/target_words.h"

/* The lowest bits of both converters, added: each is noise of its own. */
#define RNG_PATIENCE 10000u

bool target_rng_raw(uint32_t *out)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < 32; i++) {
		uint32_t t = RNG_PATIENCE, d;

		ADC1_CR2 = 0x00de0001; /* SWSTART */
		while (!(ADC1_SR & 2)) /* EOC */
			if (!--t)
				return false;
		d = ADC1_DR;
		v = v << 1 | ((d ^ d >> 16) & 1);
	}
	*out = v;
	return true;
}

/* When the LSI's next edge comes, in cycles of the HSI; 0: none came. */
uint32_t target_jitter(void)
{
	uint32_t was = RTC_DIVL, t = RNG_PATIENCE;

	while (RTC_DIVL == was)
		if (!--t)
			return 0;
	return SYST_CVR;
}

void target_nmi(void)
{
	target_reset();
}
