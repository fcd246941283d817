/* SPDX-License-Identifier: MIT */
/*
 * chip/stm32f1/target.h - the STM32F103xB and xE as the loader on them sees
 * them (chip/target_common.h).  Register names are RM0008's, flash: PM0075.
 *
 * PAGE_LEN and TOP come from the build: the two differ in nothing else here.
 */
#ifndef CHIP_STM32F1_TARGET_H
#define CHIP_STM32F1_TARGET_H

#include <stdint.h>

#define TARGET_RAM __attribute__((section(".ram.text"), noinline))
#define TARGET_FAMILY FAMILY_STM32F1
#define TARGET_FLASH_BASE 0x08000000u
/* The first 4 kB cannot be changed once read protection is loaded (PM0075
 * 2.4.1): images begin behind them, with their own vector table. */
#define TARGET_FROZEN 0x1000u
#define TARGET_PAGE_LEN PAGE_LEN
typedef uint16_t target_unit;
#define TARGET_UID ((const uint8_t *)0x1ffff7e8)
#define TARGET_UID_LEN 12
#define TARGET_WORDS 7
/* Half a bit of entropy per sample is claimed, for two converters that see
 * noise of their own; false alarms at 2^-30. */
#define TARGET_RNG_RUN 61
#define TARGET_RNG_PEAK 810
#define TARGET_KEY_WORDS 64
#define TARGET_JITTER 16
#define TARGET_GAP_STEP 1
#define TARGET_STAGE0 0 /* the first look of a debugger reads RAM */

#include "chip/target_common.h"

#include "chip/stm32/target_fpec.h"

#define RCC_CR REG(0x40021000)
#define RCC_CFGR REG(0x40021004)
#define RCC_APB2ENR REG(0x40021018)
#define AFIO_MAPR REG(0x40010004)
#define GPIOA_CRH REG(0x40010804)
#define GPIOA_IDR REG(0x40010808)
#define GPIOA_BSRR REG(0x40010810)
#define ADC1_SR REG(0x40012400)
#define ADC1_CR2 REG(0x40012408)
#define ADC1_DR REG(0x4001244c)
#define RTC_DIVL REG(0x40002814)
#define SYST_CVR REG(0xe000e018)
#define USART1_SR REG(0x40013800)
#define USART1_DR REG(0x40013804)
#define SCB_VTOR REG(0xe000ed08)

static inline void target_vectors(const void *table)
{
	SCB_VTOR = (uint32_t)table;
}

/* -- the links ------------------------------------------------------------- */
/* Reading DR after SR clears the errors. */
static inline bool target_uart_got(void)
{
	return (USART1_SR & 1u << 5) != 0;
}

static inline uint8_t target_uart_take(void)
{
	return (uint8_t)USART1_DR;
}

static inline void target_uart_drop(void)
{
	(void)USART1_DR;
}

static inline bool target_uart_room(void)
{
	return (USART1_SR & 1u << 7) != 0;
}

static inline void target_uart_give(uint8_t c)
{
	USART1_DR = c;
}

/*
 * PA14 is the clock.  PA13: an open-drain output has no pull-up here, so it is
 * let go by making it an input, which has; ODR chooses between up and down, and
 * is changed while it is the input.
 */
#define TARGET_CLOCK_BIT 14
#define TARGET_DATA_BIT 13
#define CRH_IN 0x888448b4u  /* PA8..15: PA9 USART1_TX, PA10 _RX pulled up */
#define CRH_LOW 0x883448b4u /* PA13 an output */

static inline uint32_t target_pins(void)
{
	return GPIOA_IDR;
}

static inline void target_data(bool high)
{
	if (high) {
		GPIOA_CRH = CRH_IN;
		GPIOA_BSRR = 1u << TARGET_DATA_BIT;
	} else {
		GPIOA_BSRR = 1u << (TARGET_DATA_BIT + 16);
		GPIOA_CRH = CRH_LOW;
	}
}

#endif
