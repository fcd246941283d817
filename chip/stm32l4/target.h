/* SPDX-License-Identifier: MIT */
/*
 * chip/stm32l4/target.h - the STM32L432 as the loader on it sees it (chip/
 * target_common.h).  Register names and sections are RM0394's (Rev 4).
 *
 * What is marked TARGET_RAM runs from SRAM2, so that it goes on while flash is
 * busy.
 */
#ifndef CHIP_STM32L4_TARGET_H
#define CHIP_STM32L4_TARGET_H

#include <stdint.h>

#define TARGET_RAM __attribute__((section(".ram.text"), noinline))
#define TARGET_FAMILY FAMILY_STM32L4
#define TARGET_FLASH_BASE 0x08000000u
#define TARGET_PAGE_LEN 2048u
#define TARGET_ECC 1
typedef uint64_t target_unit;
#define TARGET_UID ((const uint8_t *)0x1fff7590)
#define TARGET_UID_LEN 12
#define TARGET_WORDS 10
#define TARGET_RNG_RUN 39   /* repetition count: 1 + 30 / 0.8 */
#define TARGET_RNG_PEAK 683 /* adaptive proportion: window 1,024, 2^-30 */
#define TARGET_KEY_WORDS 64

#include "chip/target_common.h"

#define FLASH_ACR REG(0x40022000)
#define FLASH_KEYR REG(0x40022008)
#define FLASH_SR REG(0x40022010)
#define FLASH_CR REG(0x40022014)
#define FLASH_ECCR REG(0x40022018)
#define FLASH_OPTR REG(0x40022020)
#define RCC_CR REG(0x40021000)
#define RCC_CFGR REG(0x40021008)
#define DMA1_CNDTR6 REG(0x40020070)
#define RCC_AHB2ENR REG(0x4002104c)
#define RCC_CRRCR REG(0x40021098)
#define GPIOA_MODER REG(0x48000000)
#define GPIOA_OTYPER REG(0x48000004)
#define GPIOA_PUPDR REG(0x4800000c)
#define GPIOA_IDR REG(0x48000010)
#define GPIOA_BSRR REG(0x48000018)
#define GPIOB_MODER REG(0x48000400)
#define USART2_ISR REG(0x4000441c)
#define USART2_ICR REG(0x40004420)
#define USART2_TDR REG(0x40004428)
#define RNG_SR REG(0x50060804)
#define RNG_DR REG(0x50060808)
#define IWDG_KR REG(0x40003000)
#define SCB_VTOR REG(0xe000ed08)
#define SCB_AIRCR REG(0xe000ed0c)

static inline void target_vectors(const void *table)
{
	SCB_VTOR = (uint32_t)table;
}

static inline void target_reset(void)
{
	SCB_AIRCR = 0x05fa0004;
}

static inline void target_feed(void)
{
	IWDG_KR = 0xaaaa;
}

/* -- flash (3.3) ----------------------------------------------------------- */
#define CR_PG (1u << 0)
#define CR_PER (1u << 1)
#define CR_PAGE(n) ((n) << 3)
#define CR_START (1u << 16)
#define CR_LOCK (1u << 31)
#define SR_BUSY (1u << 16)
#define SR_ERRORS 0xc3fau

static inline bool target_flash_busy(void)
{
	return (FLASH_SR & SR_BUSY) != 0;
}

static inline uint32_t target_flash_errors(void)
{
	return FLASH_SR & SR_ERRORS;
}

static inline void target_flash_open(void)
{
	if (FLASH_CR & CR_LOCK) {
		FLASH_KEYR = 0x45670123;
		FLASH_KEYR = 0xcdef89ab;
	}
	FLASH_SR = SR_ERRORS;
}

static inline bool target_flash_is_open(void)
{
	return !(FLASH_CR & CR_LOCK);
}

static inline void target_page_erase(uint32_t at)
{
	uint32_t cr = CR_PER |
		      CR_PAGE((at - TARGET_FLASH_BASE) / TARGET_PAGE_LEN);

	FLASH_CR = cr;
	FLASH_CR = cr | CR_START;
}

/* Two words, the lower one first (3.3.7). */
static inline void target_unit_store(uint32_t at, target_unit v)
{
	FLASH_CR = CR_PG;
	REG(at) = (uint32_t)v;
	REG(at + 4) = (uint32_t)(v >> 32);
}

/* -- the links ------------------------------------------------------------- */
/* DMA puts what comes into a ring, whatever the core does: two frames. */
#define TARGET_RING_LEN 1024u
extern uint8_t target_ring[TARGET_RING_LEN];
extern uint32_t target_ring_at;

static inline bool target_uart_got(void)
{
	USART2_ICR = 0xf; /* overrun, noise, framing, parity */
	return ((target_ring_at + DMA1_CNDTR6) % TARGET_RING_LEN) != 0;
}

static inline uint8_t target_uart_take(void)
{
	uint8_t c = target_ring[target_ring_at];

	target_ring_at = (target_ring_at + 1) % TARGET_RING_LEN;
	return c;
}

/* Nothing is lost: the ring has all of it. */
static inline void target_uart_drop(void)
{
}

static inline bool target_uart_room(void)
{
	return (USART2_ISR & 1u << 7) != 0;
}

static inline void target_uart_give(uint8_t c)
{
	USART2_TDR = c;
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
