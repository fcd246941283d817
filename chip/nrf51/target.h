/* SPDX-License-Identifier: MIT */
/*
 * chip/nrf51/target.h - the nRF51822 as the loader on it sees it (chip/
 * target_common.h).  Register names and chapters are those of the nRF51 Series
 * Reference Manual 3.0.1.
 *
 * The core is halted in every write and erase (6.1), wherever its code lies,
 * and code in RAM must not touch code flash (9.1): all of the loader runs from
 * flash, and nothing is programmed while a frame comes.
 */
#ifndef CHIP_NRF51_TARGET_H
#define CHIP_NRF51_TARGET_H

#include <stdint.h>

#define TARGET_RAM __attribute__((noinline))
#define TARGET_FAMILY FAMILY_NRF51
#define TARGET_FLASH_BASE 0u
#define TARGET_PAGE_LEN 1024u
typedef uint32_t target_unit;
#define TARGET_BOOT_LEN 16u
#define TARGET_STILL 1
#define TARGET_STAGE0 0
#define TARGET_UID ((const uint8_t *)target_uid)
#define TARGET_UID_LEN 8
#define TARGET_WORDS 5
#define TARGET_FAULT 1
/* Bias corrected; 0.8 bits of entropy per bit are claimed, as of the STM32L4:
 * the manual gives no figure. */
#define TARGET_RNG_RUN 39
#define TARGET_RNG_PEAK 683
#define TARGET_KEY_WORDS 64

#include "chip/target_common.h"

/* FICR.DEVICEID (7), read as words: whether bytes can be is not said. */
extern uint32_t target_uid[2];

#define NVMC_READY REG(0x4001e400)
#define NVMC_CONFIG REG(0x4001e504)
#define NVMC_ERASEPAGE REG(0x4001e508)
#define NVMC_WEN 1u
#define NVMC_EEN 2u
#define RNG_VALRDY REG(0x4000d100)
#define RNG_VALUE REG(0x4000d508)
#define UART_RXDRDY REG(0x40002108)
#define UART_TXDRDY REG(0x4000211c)
#define UART_RXD REG(0x40002518)
#define UART_TXD REG(0x4000251c)
#define WDT_RR0 REG(0x40010600)
#define SCB_AIRCR REG(0xe000ed0c)

/* There is no VTOR: the stub's fault entry finds ours (stub.S). */
static inline void target_vectors(const void *table)
{
	(void)table;
}

static inline void target_reset(void)
{
	SCB_AIRCR = 0x05fa0004;
}

/* One that a firmware started goes on through a soft reset (19). */
static inline void target_feed(void)
{
	WDT_RR0 = 0x6e524635;
}

/* -- flash (6) ------------------------------------------------------------- */
static inline bool target_flash_busy(void)
{
	return !(NVMC_READY & 1);
}

/* It has no status but that. */
static inline uint32_t target_flash_errors(void)
{
	return 0;
}

static inline void target_flash_open(void)
{
	NVMC_CONFIG = NVMC_WEN;
}

static inline bool target_flash_is_open(void)
{
	return NVMC_CONFIG == NVMC_WEN;
}

static inline void target_page_erase(uint32_t at)
{
	NVMC_CONFIG = NVMC_EEN;
	NVMC_ERASEPAGE = at;
	NVMC_CONFIG = NVMC_WEN;
}

static inline void target_unit_store(uint32_t at, target_unit v)
{
	REG(at) = v;
}

/* -- uart (29) ------------------------------------------------------------- */
static inline bool target_uart_got(void)
{
	return UART_RXDRDY != 0;
}

/* Reading moves the next one up, which says so: the event is cleared first. */
static inline uint8_t target_uart_take(void)
{
	UART_RXDRDY = 0;
	return (uint8_t)UART_RXD;
}

/* Six are kept; one more may be on its way. */
static inline void target_uart_drop(void)
{
	for (unsigned i = 0; i < 7; i++)
		(void)target_uart_take();
}

/* The register is single, and tells only when it has been emptied. */
static inline bool target_uart_room(void)
{
	return true;
}

static inline void target_uart_give(uint8_t c)
{
	UART_TXDRDY = 0;
	UART_TXD = c;
	while (!UART_TXDRDY)
		;
}

#endif
