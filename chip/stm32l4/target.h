/* SPDX-License-Identifier: MIT */
/*
 * chip/stm32l4/target.h - the STM32L432 as the loader on it sees it.
 *
 * Register names are RM0394's (Rev 4).  Nothing here uses interrupts; what is
 * marked TARGET_RAM runs from SRAM2, so that it goes on while flash is busy.
 */
#ifndef CHIP_STM32L4_TARGET_H
#define CHIP_STM32L4_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hard.h"
#include "wire/hello.h"

#define TARGET_RAM __attribute__((section(".ram.text"), noinline))

#define TARGET_FLASH_BASE 0x08000000u
#define TARGET_FLASH_LEN 0x40000u
#define TARGET_PAGE_LEN 2048u
#define TARGET_TOP (TARGET_FLASH_BASE + TARGET_FLASH_LEN - RESERVED_LEN)
#define TARGET_UID ((const uint8_t *)0x1fff7590)
#define TARGET_UID_LEN 12

#define REG(address) (*(volatile uint32_t *)(address))
#define FLASH_ACR REG(0x40022000)
#define FLASH_KEYR REG(0x40022008)
#define FLASH_SR REG(0x40022010)
#define FLASH_CR REG(0x40022014)
#define FLASH_ECCR REG(0x40022018)
#define FLASH_OPTR REG(0x40022020)
#define RCC_CR REG(0x40021000)
#define RCC_CFGR REG(0x40021008)
#define RCC_PLLCFGR REG(0x4002100c)
#define RCC_AHB2ENR REG(0x4002104c)
#define RCC_APB1ENR1 REG(0x40021058)
#define RCC_CRRCR REG(0x40021098)
#define GPIOA_MODER REG(0x48000000)
#define GPIOA_OTYPER REG(0x48000004)
#define GPIOA_PUPDR REG(0x4800000c)
#define GPIOA_IDR REG(0x48000010)
#define GPIOA_BSRR REG(0x48000018)
#define GPIOA_AFRL REG(0x48000020)
#define GPIOA_AFRH REG(0x48000024)
#define GPIOB_MODER REG(0x48000400)
#define USART2_CR1 REG(0x40004400)
#define USART2_BRR REG(0x4000440c)
#define USART2_ISR REG(0x4000441c)
#define USART2_ICR REG(0x40004420)
#define USART2_RDR REG(0x40004424)
#define USART2_TDR REG(0x40004428)
#define RNG_CR REG(0x50060800)
#define RNG_SR REG(0x50060804)
#define RNG_DR REG(0x50060808)
#define IWDG_KR REG(0x40003000)
#define SCB_VTOR REG(0xe000ed08)
#define SCB_AIRCR REG(0xe000ed0c)
#define SCB_DHCSR REG(0xe000edf0)

static inline void target_feed(void)
{
	IWDG_KR = 0xaaaa;
}

/* -- target.c -------------------------------------------------------------- */
void target_pins_off(void);
void target_clock(void);
/* What the claim and the report carry, read anew. */
#define TARGET_WORDS 10
#define TARGET_WORDS_LEN (TARGET_WORDS * 8) /* address, value */
void target_words(uint8_t out[TARGET_WORDS_LEN]);
/* Allows only what is locked: level 1 or 2, SRAM2 erased by reset, no area
 * protected against us, no debugger, pins away.  Anything else stays no. */
void target_lock_check(struct verdict *v);

/* -- target_rng.c ---------------------------------------------------------- */
struct target_rng { /* SP 800-90B 4.4, one sample = one bit */
	uint32_t samples, longest_run, peak, failures;
	uint32_t run, window, same;
	uint32_t last, first;
};
#define TARGET_RNG_RUN 39   /* repetition count: 1 + 30 / 0.8 */
#define TARGET_RNG_PEAK 683 /* adaptive proportion: window 1,024, 2^-30 */
/* Start-up test over 8,192 samples. */
MUST_USE int target_rng_start(struct target_rng *h);
/* 32 tested samples; not to be used when failures says so afterwards. */
uint32_t target_rng_word(struct target_rng *h);

/* -- target_flash.c -------------------------------------------------------- */
struct target_flash {
	const uint32_t *from;
	uint32_t left;		    /* bytes that wait to be programmed */
	uint32_t to, room;	    /* in the segment at hand */
	const struct segment *next; /* the segment behind it */
	uint32_t page;		    /* number of the page at hand */
	uint32_t failed; /* the controller's status, or 1: not as expected */
	bool ready;	 /* the next double word may be stored */
	bool again;	 /* erase each page before its first use */
};
extern struct target_flash target_flash;
extern volatile uint32_t target_ecc; /* double errors seen */

/* One step of whatever is to be done, if the controller is free. */
void target_pump(void);
/* Until all is programmed; E_TARGET_FLASH. */
MUST_USE int target_flash_wait(void);
MUST_USE int target_flash_unlock(void);
/* True when [at, at + len) is erased and without torn cells. */
bool target_flash_blank(uint32_t at, uint32_t len);
/* Erases a page but writes its first `keep` bytes again, by way of buf. */
MUST_USE int target_flash_renew(uint32_t page_at, uint32_t keep, uint32_t *buf);
/* Programs len bytes (multiple of 8) and waits. */
MUST_USE int target_flash_put(uint32_t at, const void *from, uint32_t len);

#endif
