/* SPDX-License-Identifier: MIT */
/*
 * chip/stm32f0/target.h - the STM32F051 as the loader on it sees it (chip/
 * target_common.h).  Register names and sections are RM0091's (Rev 10).
 */
#ifndef CHIP_STM32F0_TARGET_H
#define CHIP_STM32F0_TARGET_H

#include <stdint.h>

#define TARGET_RAM __attribute__((section(".ram.text"), noinline))
#define TARGET_FAMILY FAMILY_STM32F0
#define TARGET_FLASH_BASE 0x08000000u
#define TARGET_PAGE_LEN 1024u
typedef uint16_t target_unit;
#define TARGET_UID ((const uint8_t *)0x1ffff7ac)
#define TARGET_UID_LEN 12
#define TARGET_WORDS 5
#define TARGET_HEAD_LAST 1
/* A quarter of a bit of entropy per sample is claimed, for one converter;
 * false alarms at 2^-30. */
#define TARGET_RNG_RUN 121
#define TARGET_RNG_PEAK 928
#define TARGET_KEY_WORDS 64

#include "chip/target_common.h"

#include "chip/stm32/target_fpec.h"

#define RCC_CR REG(0x40021000)
#define RCC_CFGR REG(0x40021004)
#define RCC_AHBENR REG(0x40021014)
#define RCC_APB2ENR REG(0x40021018)
#define GPIOA_MODER REG(0x48000000)
#define GPIOA_OTYPER REG(0x48000004)
#define GPIOA_PUPDR REG(0x4800000c)
#define GPIOA_IDR REG(0x48000010)
#define GPIOA_BSRR REG(0x48000018)
#define SYSCFG_CFGR1 REG(0x40010000)
#define ADC_ISR REG(0x40012400)
#define ADC_CR REG(0x40012408)
#define ADC_DR REG(0x40012440)
#define USART1_ISR REG(0x4001381c)
#define USART1_ICR REG(0x40013820)
#define USART1_RDR REG(0x40013824)
#define USART1_TDR REG(0x40013828)

/*
 * There is no VTOR, and what stands at the beginning of flash may be half of a
 * firmware's table: RAM is put at 0 instead, where the loader's own vectors
 * begin it (loader/module.mk).
 */
static inline void target_vectors(const void *table)
{
	(void)table;
	SYSCFG_CFGR1 = 3;
}

/* -- the links ------------------------------------------------------------- */
static inline bool target_uart_got(void)
{
	USART1_ICR = 0xf; /* overrun, noise, framing, parity */
	return (USART1_ISR & 1u << 5) != 0;
}

static inline uint8_t target_uart_take(void)
{
	return (uint8_t)USART1_RDR;
}

static inline void target_uart_drop(void)
{
	(void)USART1_RDR;
}

static inline bool target_uart_room(void)
{
	return (USART1_ISR & 1u << 7) != 0;
}

static inline void target_uart_give(uint8_t c)
{
	USART1_TDR = c;
}

/* PA14 is the clock; PA13 open drain, pulled up: setting it lets go. */
#define TARGET_CLOCK_BIT 14
#define TARGET_DATA_BIT 13

static inline uint32_t target_pins(void)
{
	return GPIOA_IDR;
}

static inline void target_data(bool high)
{
	GPIOA_BSRR = 1u << (high ? TARGET_DATA_BIT : TARGET_DATA_BIT + 16);
}

#endif
