/* SPDX-License-Identifier: MIT */
/*
 * chip/stm32/target_fpec.h - what the STM32F1 and the STM32F0 have in common
 * for the loader: the flash controller, which programs half-words (PM0075 2.3,
 * RM0091 3.2), the watchdog, and the reset.  Included by their target.h.
 *
 * There is no ECC: a torn half-word reads as anything, so what is in the way
 * is seen by its content (chip/target_flash.c).
 */
#ifndef CHIP_STM32_TARGET_FPEC_H
#define CHIP_STM32_TARGET_FPEC_H

#define FLASH_KEYR REG(0x40022004)
#define FLASH_SR REG(0x4002200c)
#define FLASH_CR REG(0x40022010)
#define FLASH_AR REG(0x40022014)
#define FLASH_OBR REG(0x4002201c)
#define FLASH_WRPR REG(0x40022020)
#define IWDG_KR REG(0x40003000)
#define SCB_AIRCR REG(0xe000ed0c)

#define CR_PG (1u << 0)
#define CR_PER (1u << 1)
#define CR_STRT (1u << 6)
#define CR_LOCK (1u << 7)
#define SR_BSY (1u << 0)
#define SR_ERRORS 0x14u /* PGERR, WRPRTERR; write 1 clears */
#define SR_EOP (1u << 5)

static inline void target_reset(void)
{
	SCB_AIRCR = 0x05fa0004;
}

static inline void target_feed(void)
{
	IWDG_KR = 0xaaaa;
}

static inline bool target_flash_busy(void)
{
	return (FLASH_SR & SR_BSY) != 0;
}

static inline uint32_t target_flash_errors(void)
{
	return FLASH_SR & SR_ERRORS;
}

/* The keys are harmless where it is open already. */
static inline void target_flash_open(void)
{
	FLASH_KEYR = 0x45670123;
	FLASH_KEYR = 0xcdef89ab;
	FLASH_SR = SR_ERRORS | SR_EOP;
}

static inline bool target_flash_is_open(void)
{
	return !(FLASH_CR & CR_LOCK);
}

static inline void target_page_erase(uint32_t at)
{
	FLASH_CR = CR_PER;
	FLASH_AR = at;
	FLASH_CR = CR_PER | CR_STRT;
}

static inline void target_unit_store(uint32_t at, target_unit v)
{
	FLASH_CR = CR_PG;
	*(volatile target_unit *)at = v;
}

#endif
