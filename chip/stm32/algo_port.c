/* SPDX-License-Identifier: MIT */
/*
 * The flash algorithm of STM32F1 and STM32F0 (chip/algo_port.h).  Registers:
 * PM0075 (F1), RM0091 chapter 3 (F0), which agree; what the two differ in is
 * in their algo_chip.h.
 */
#include "chip/algo_port.h"

#include "chip/stm32/layout.h"

#include "algo_chip.h"

#define FLASH_ACR ALGO_REG(0x40022000)
#define FLASH_KEYR ALGO_REG(0x40022004)
#define FLASH_OPTKEYR ALGO_REG(0x40022008)
#define FLASH_SR ALGO_REG(0x4002200c)
#define FLASH_CR ALGO_REG(0x40022010)
#define RCC_CR ALGO_REG(0x40021000)
#define RCC_CR_PLLON (1u << 24)
#define RCC_CR_PLLRDY (1u << 25)
#define RCC_CFGR ALGO_REG(0x40021004)
#define CFGR_SW_PLL 2u
#define IWDG_KR ALGO_REG(0x40003000)

#define KEY1 0x45670123u
#define KEY2 0xcdef89abu
#define CR_PG (1u << 0)
#define CR_MER (1u << 2)
#define CR_OPTPG (1u << 4)
#define CR_OPTER (1u << 5)
#define CR_START (1u << 6)
#define CR_LOCK (1u << 7)
#define CR_OPTWRE (1u << 9)
#define SR_BUSY (1u << 0)
#define SR_ERRORS 0x14u /* PGERR, WRPRTERR */
#define SR_EOP (1u << 5)
#define OPTION_CELLS ((volatile uint16_t *)0x1ffff800)
#define ERASED 0xffffu

void port_start(void)
{
	algo_vectors();
	FLASH_ACR = ALGO_ACR;
	RCC_CFGR = ALGO_CFGR;
	RCC_CR |= RCC_CR_PLLON;
	while (!(RCC_CR & RCC_CR_PLLRDY))
		;
	RCC_CFGR = ALGO_CFGR | CFGR_SW_PLL;
}

/* A hardware watchdog may be running: option bit WDG_SW. */
void port_feed(void)
{
	IWDG_KR = 0xaaaa;
}

uint32_t port_status(uint32_t *ret_address)
{
	*ret_address = 0;
	return FLASH_SR;
}

void port_nmi(void)
{
	algo_fault();
}

static uint32_t flash_wait(void)
{
	uint32_t status;

	do
		status = FLASH_SR;
	while (status & SR_BUSY);
	return status;
}

static bool flash_check(uint32_t status, uint32_t address)
{
	if (status & SR_ERRORS)
		return algo_failed(ALGO_E_FLASH, status, address);
	return true;
}

/* The keys again where it is open already do no harm. */
bool port_open(void)
{
	flash_wait();
	FLASH_KEYR = KEY1;
	FLASH_KEYR = KEY2;
	FLASH_SR = SR_ERRORS | SR_EOP;
	if (FLASH_CR & CR_LOCK)
		return algo_failed(ALGO_E_UNLOCK, FLASH_SR, 0);
	return true;
}

bool port_erase_all(void)
{
	uint32_t status;

	FLASH_CR = CR_MER;
	FLASH_CR = CR_MER | CR_START;
	status = flash_wait();
	FLASH_CR = 0;
	return flash_check(status, 0);
}

/* Erased half-words stay as they are, and take no time. */
bool port_program(const uint32_t *from, uint32_t address, uint32_t len,
		  bool fast)
{
	const uint16_t *unit = (const uint16_t *)from, *end = unit + len / 2;
	volatile uint16_t *to = (volatile uint16_t *)address;
	uint32_t status = 0;

	(void)fast; /* there is one way */
	FLASH_CR = CR_PG;
	for (; unit != end && !(status & SR_ERRORS); unit++, to++) {
		if (*unit == ERASED)
			continue;
		*to = *unit;
		status = flash_wait();
	}
	FLASH_CR = 0;
	port_feed();
	return flash_check(status, (uint32_t)to - 2);
}

/* -- option bytes ---------------------------------------------------------- */

/* The byte that belongs into half-word i; FF is left erased, which for the read
 * protection is the locked value. */
static uint16_t option_value(const volatile uint32_t *want, unsigned i)
{
	return (uint16_t)(want[i / 2] >> 16 * (i & 1)) & 0xff;
}

/* FF may be there programmed or erased. */
static bool options_equal(const volatile uint32_t *want)
{
	bool equal = true;

	for (unsigned i = 0; i < ALGO_OPTION_CELLS; i++) {
		uint16_t v = option_value(want, i), cell = OPTION_CELLS[i];

		equal = equal && (cell == (v | (v ^ 0xff) << 8) ||
				  (v == 0xff && cell == ERASED));
	}
	return equal;
}

/* Erased at first, so that the chip is locked until the last one, the read
 * protection, is in place.  The complements are the hardware's work.  Lifting
 * the protection also erases the flash, within the one store. */
bool port_options(const volatile uint32_t *want)
{
	uint32_t status;

	if (options_equal(want))
		return true;
	FLASH_OPTKEYR = KEY1;
	FLASH_OPTKEYR = KEY2;
	if (!(FLASH_CR & CR_OPTWRE))
		return algo_failed(ALGO_E_UNLOCK, FLASH_SR, 0);
	FLASH_CR = CR_OPTWRE | CR_OPTER;
	FLASH_CR = CR_OPTWRE | CR_OPTER | CR_START;
	status = flash_wait();
	FLASH_CR = CR_OPTWRE | CR_OPTPG;
	for (unsigned i = ALGO_OPTION_CELLS;
	     i-- > 0 && !(status & SR_ERRORS);) {
		uint16_t v = option_value(want, i);

		if (v == 0xff)
			continue;
		OPTION_CELLS[i] = v;
		status = flash_wait();
	}
	FLASH_CR = CR_LOCK;
	return flash_check(status, (uint32_t)OPTION_CELLS);
}
