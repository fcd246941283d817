/* SPDX-License-Identifier: MIT */
/* Pins, clock and lock of the STM32L432, for the loader on it. */
#include <string.h>

#include "target.h"

#define MODE_MASK(bit) (3u << 2 * (bit))
#define PINS_A (MODE_MASK(13) | MODE_MASK(14) | MODE_MASK(15))
#define PINS_B (MODE_MASK(3) | MODE_MASK(4))
#define GATE_A 1u
#define GATE_B 2u
#define GATE_RNG (1u << 18)
#define LEVEL_MASK 0xffu
#define LEVEL1 0xbbu
#define LEVEL2 0xccu

/* PA13..15, PB3, PB4 become inputs: the debug port hears nothing any more.
 * PA13 is our data line: open drain, pulled up. */
void target_pins_off(void)
{
	RCC_AHB2ENR |= GATE_A | GATE_B | GATE_RNG;
	(void)RCC_AHB2ENR; /* the clock arrives two cycles later */
	GPIOA_MODER &= ~PINS_A;
	GPIOB_MODER &= ~PINS_B;
	GPIOA_OTYPER = 1u << 13;
	GPIOA_PUPDR = 1u << 26 | 2u << 28 | 1u << 30;
}

struct setup {
	uint32_t address, value;
};

static void set_up(const struct setup *s, unsigned count)
{
	for (; count; count--, s++)
		REG(s->address) = s->value;
}

/*
 * 80 MHz: MSI 4 MHz * 40 / 2, four wait states (RM0394 3.3.3), no data cache,
 * so that what was just programmed is read from the cells.  HSI48 for the
 * RNG.
 */
void target_clock(void)
{
	static const struct setup clocks[] = {
		{ 0x40022000, 0x304 },			 /* FLASH_ACR */
		{ 0x4002100c, 1u << 24 | 40u << 8 | 1 }, /* RCC_PLLCFGR */
		{ 0x40021000, 1u << 24 | 0x63 },	 /* RCC_CR: PLLON */
		{ 0x40021098, 1 },			 /* RCC_CRRCR */
		{ 0x50060800, 1 << 2 },			 /* RNG_CR: RNGEN */
	};

	set_up(clocks, sizeof(clocks) / sizeof(clocks[0]));
	while (!(RCC_CR & RCC_CRRCR << 24 & 1u << 25))
		;
	RCC_CFGR = 3;
	while ((RCC_CFGR & 0xc) != 0xc)
		;
}

uint8_t target_ring[TARGET_RING_LEN];
uint32_t target_ring_at;

/* USART2 on PA2 (AF7) and PA15 (AF3) at 2 Mbaud, its receiver by channel 6 of
 * DMA1 (RM0394 11.6.7). */
void target_uart_open(void)
{
	static const struct setup uart[] = {
		{ 0x40021048, 1u << 8 | 1 },	 /* RCC_AHB1ENR: FLASH DMA1 */
		{ 0x40021058, 1u << 17 },	 /* RCC_APB1ENR1: USART2 */
		{ 0x400200a8, 2u << 20 },	 /* DMA1_CSELR */
		{ 0x40020070, TARGET_RING_LEN }, /* DMA1_CNDTR6 */
		{ 0x40020074, 0x40004424 },	 /* DMA1_CPAR6: RDR */
		{ 0x40020078, (uint32_t)target_ring }, /* DMA1_CMAR6 */
		{ 0x4002006c, 1u << 7 | 1u << 5 | 1 }, /* CCR6: MINC CIRC EN */
		{ 0x48000020, 7u << 8 },	       /* GPIOA_AFRL */
		{ 0x48000024, 3u << 28 },	       /* GPIOA_AFRH */
		{ 0x48000000, 0x83ffffef },	       /* GPIOA_MODER */
		{ 0x4000440c, 40 },		       /* USART2_BRR */
		{ 0x40004408, 1u << 6 },	       /* USART2_CR3: DMAR */
		{ 0x40004400, 1 | 1 << 2 | 1 << 3 }, /* USART2_CR1: UE RE TE */
	};

	set_up(uart, sizeof(uart) / sizeof(uart[0]));
}

/* PA13 becomes an output, and lets go. */
void target_swd_open(void)
{
	GPIOA_BSRR = 1u << TARGET_DATA_BIT;
	GPIOA_MODER |= 1u << 26;
}

/* What the claim carries, in the order that docs/protocol.md gives; and what
 * must be found there: OPTR (level 1 or 2: see target_locked(); SRAM2_RST = 0),
 * no protected area that is ours to write, PA13..15 and PB3, PB4 no alternate
 * functions (PA15 is the receiver), C_DEBUGEN = 0. */
static const struct {
	uint32_t address, mask, value;
} witness[TARGET_WORDS] = {
	{ 0x40022020, 1u << 25, 0 },
	{ 0x40022024, 0xffff, 0xffff },
	{ 0x40022028, 0xffff, 0 },
	{ 0x4002202c, 0x00ff00ff, 0x000000ff },
	{ 0x40022030, 0x00ff00ff, 0x000000ff },
	{ 0x48000000, 2u << 26 | 2u << 28, 0 },
	{ 0x48000400, PINS_B, 0 },
	{ 0xe000edf0, 1, 0 },
	{ 0xe0042000, 0, 0 },
	{ 0x40022010, 0, 0 },
};

void target_words(uint8_t out[TARGET_WORDS_LEN])
{
	for (unsigned i = 0; i < TARGET_WORDS; i++, out += 8) {
		uint32_t v = REG(witness[i].address);

		memcpy(out, &witness[i].address, sizeof(v));
		memcpy(out + 4, &v, sizeof(v));
	}
}

__attribute__((noinline)) bool target_locked(void)
{
	uint32_t level = FLASH_OPTR & LEVEL_MASK, wrong = 0;

	for (unsigned i = 0; i < TARGET_WORDS; i++)
		wrong |= (REG(witness[i].address) & witness[i].mask) ^
			 witness[i].value;
	return (level == LEVEL1 || level == LEVEL2) && !wrong;
}

/* The manual claims more than the 0.8 bits of entropy per bit that the health
 * tests allow for. */
#define RNG_READY 1u
#define RNG_ERRORS (1u << 1 | 1u << 2 | 1u << 5 | 1u << 6)
#define RNG_PATIENCE 100000u

bool target_rng_raw(uint32_t *out)
{
	uint32_t t = RNG_PATIENCE;

	while (!(RNG_SR & RNG_READY))
		if (!--t || RNG_SR & RNG_ERRORS)
			return false;
	*out = RNG_DR;
	return true;
}

/* A double error in flash; its reader looks at target_ecc. */
TARGET_RAM void target_nmi(void)
{
	FLASH_ECCR |= 1u << 31;
	target_ecc = 1;
}
