/* SPDX-License-Identifier: MIT */
/* Pins, clock and lock of the STM32L432, for the loader on it. */
#include "chip/stm32l4/target.h"

#define MODE_MASK(bit) (3u << 2 * (bit))
#define PINS_A (MODE_MASK(13) | MODE_MASK(14) | MODE_MASK(15))
#define PINS_B (MODE_MASK(3) | MODE_MASK(4))
#define DEBUG_A 0xa8000000u /* PA13, PA14, PA15 as alternate functions */
#define DEBUG_B 0x00000280u /* PB3, PB4 */
#define GATE_A 1u
#define GATE_B 2u
#define GATE_RNG (1u << 18)
#define GATE_USART2 (1u << 17)
#define LEVEL_MASK 0xffu
#define LEVEL1 0xbbu
#define LEVEL2 0xccu
#define SRAM2_KEEP (1u << 25) /* SRAM2_RST = 1: not erased by a reset */
#define C_DEBUGEN 1u

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

/* 80 MHz: MSI 4 MHz * 40 / 2, four wait states (RM0394 3.3.3), no data cache,
 * so that what was just programmed is read from the cells.  HSI48 for the
 * RNG.  USART2 on PA2 (AF7) and PA15 (AF3) at 1 Mbaud. */
void target_clock(void)
{
	FLASH_ACR = 0x304;
	while ((FLASH_ACR & 7) != 4)
		;
	RCC_PLLCFGR = 1u << 24 | 40u << 8 | 1u;
	RCC_CR |= 1u << 24;
	RCC_CRRCR = 1;
	while (!(RCC_CR & 1u << 25) || !(RCC_CRRCR & 2))
		;
	RCC_CFGR = 3;
	while ((RCC_CFGR & 0xc) != 0xc)
		;
	RCC_APB1ENR1 |= GATE_USART2;
	GPIOA_AFRL = 7u << 8;
	GPIOA_AFRH = 3u << 28;
	GPIOA_MODER = (GPIOA_MODER & ~(MODE_MASK(2) | MODE_MASK(13) |
				       MODE_MASK(15))) |
		      2u << 4 | 1u << 26 | 2u << 30;
	USART2_BRR = 80;
	USART2_CR1 = 1u | 1u << 2 | 1u << 3; /* UE RE TE */
	RNG_CR = 1u << 2;
}

/* In the order that docs/protocol.md gives. */
static const uint32_t word_address[TARGET_WORDS] = {
	0x40022020, 0x40022024, 0x40022028, 0x4002202c, 0x40022030,
	0x48000000, 0x48000400, 0xe000edf0, 0xe0042000, 0x40022010,
};

void target_words(struct claim_word out[TARGET_WORDS])
{
	for (unsigned i = 0; i < TARGET_WORDS; i++) {
		out[i].address = word_address[i];
		out[i].value = REG(word_address[i]);
	}
}

static bool no_area(uint32_t first, uint32_t last)
{
	return (first & 0xffff) > (last & 0xffff);
}

static bool locked(void)
{
	uint32_t option = FLASH_OPTR;
	uint32_t level = option & LEVEL_MASK;
	uint32_t a = REG(word_address[3]), b = REG(word_address[4]);

	if (level != LEVEL1 && level != LEVEL2)
		return false;
	if (option & SRAM2_KEEP || SCB_DHCSR & C_DEBUGEN)
		return false;
	if ((GPIOA_MODER & MODE_MASK(13)) == 2u << 26 ||
	    (GPIOA_MODER & MODE_MASK(14)) == 2u << 28 ||
	    (GPIOB_MODER & PINS_B) != 0)
		return false;
	return no_area(REG(word_address[1]), REG(word_address[2])) &&
	       no_area(a & 0xff, a >> 16 & 0xff) &&
	       no_area(b & 0xff, b >> 16 & 0xff);
}

/* Read twice: one instruction that is skipped must not be enough. */
void target_lock_check(struct verdict *v)
{
	verdict_deny(v);
	if (!locked())
		return;
	__asm__ volatile("" ::: "memory");
	if (!locked())
		return;
	verdict_allow(v);
}
