/* SPDX-License-Identifier: MIT */
/*
 * The flash algorithm of the STM32L4: runs in SRAM1 (chip/algo_port.h).
 * Registers: RM0394 chapters 3 (flash), 6 (RCC), 32 (IWDG).
 */
#include "chip/algo_port.h"
#include "chip/stm32l4/layout.h"

#define FLASH_ACR ALGO_REG(0x40022000)
#define FLASH_KEYR ALGO_REG(0x40022008)
#define FLASH_OPTKEYR ALGO_REG(0x4002200c)
#define FLASH_SR ALGO_REG(0x40022010)
#define FLASH_CR ALGO_REG(0x40022014)
#define FLASH_ECCR ALGO_REG(0x40022018)
#define FLASH_OPTION(i) ALGO_REG(option_address[i])
#define RCC_CR ALGO_REG(0x40021000)
#define IWDG_KR ALGO_REG(0x40003000)
#define SCB_VTOR ALGO_REG(0xe000ed08)

#define ACR_LATENCY2 0x002 /* 48 MHz in voltage range 1: RM0394 3.3.3 */
#define ACR_CACHE_RESET 0x1800
#define CR_PG (1u << 0)
#define CR_MER1 (1u << 2)
#define CR_FSTPG (1u << 18)
#define CR_START (1u << 16)
#define CR_OPTSTART (1u << 17)
#define CR_OPTLOCK (1u << 30)
#define CR_LOCK (1u << 31)
#define SR_BUSY (1u << 16)
/* OPERR PROGERR WRPERR PGAERR SIZERR PGSERR MISERR FASTERR RDERR OPTVERR */
#define SR_ERRORS 0xc3fau
#define SR_EOP 1u
#define ECCR_ECCD (1u << 31)
#define ROW_LEN 256
#define MSI_RANGE_48MHZ (11u << 4)
#define MSI_RANGE_FIELD (15u << 4)
#define MSI_RANGE_SELECT (1u << 3)

static const uint32_t option_address[] = {
	0x40022020, 0x40022024, 0x40022028, 0x4002202c, 0x40022030,
};

void port_feed(void)
{
	IWDG_KR = 0xaaaa;
}

uint32_t port_status(uint32_t *ret_address)
{
	*ret_address = FLASH_ECCR;
	return FLASH_SR;
}

/*
 * ECC double error.  One may be left from before our start, when the core
 * fetched its vectors from cells that a power cut has torn; in a command it
 * is the answer.
 */
void port_nmi(void)
{
	if (!algo_idle())
		algo_fault();
	FLASH_ECCR |= ECCR_ECCD;
}

/* A hardware watchdog may be running: option byte IWDG_SW. */
static uint32_t flash_wait(void)
{
	uint32_t status;

	do
		status = FLASH_SR;
	while (status & SR_BUSY);
	return status;
}

bool port_open(void)
{
	flash_wait();
	if (FLASH_CR & CR_LOCK) {
		FLASH_KEYR = 0x45670123;
		FLASH_KEYR = 0xcdef89ab;
	}
	FLASH_SR = SR_ERRORS | SR_EOP;
	if (FLASH_CR & CR_LOCK)
		return algo_failed(ALGO_E_UNLOCK, FLASH_SR, 0);
	return true;
}

static bool flash_check(uint32_t status, uint32_t address)
{
	if (status & SR_ERRORS)
		return algo_failed(ALGO_E_FLASH, status, address);
	return true;
}

bool port_erase_all(void)
{
	bool ok;

	FLASH_CR = CR_MER1;
	FLASH_CR = CR_MER1 | CR_START;
	ok = flash_check(flash_wait(), 0);
	FLASH_CR = 0;
	/* the caches may hold what was there before: RM0394 3.3.4 */
	FLASH_ACR = ACR_LATENCY2 | ACR_CACHE_RESET;
	FLASH_ACR = ACR_LATENCY2;
	return ok;
}

/* Whether a row begins at address that has no erased double word in it. */
static bool row_is_full(const uint32_t *from, uint32_t address, uint32_t len)
{
	if (address % ROW_LEN != 0 || len < ROW_LEN)
		return false;
	for (unsigned i = 0; i < ROW_LEN / 4; i += 2)
		if ((from[i] & from[i + 1]) == 0xffffffff)
			return false;
	return true;
}

/*
 * RM0394 3.3.7, fast programming: the flash was mass-erased, HCLK is above
 * 8 MHz, and the stores follow each other without a pause, the bus holding
 * each until the one before is taken.
 */
static uint32_t program_row(const uint32_t *from, uint32_t address)
{
	volatile uint32_t *to = (volatile uint32_t *)address;
	uint32_t status;

	FLASH_CR = CR_FSTPG;
	for (unsigned i = 0; i < ROW_LEN / 4; i++)
		to[i] = from[i];
	status = flash_wait();
	FLASH_CR = CR_PG;
	return status;
}

/* Erased double words stay as they are: programming FF would only give them
 * an ECC and make them final. */
static bool program_words(const uint32_t *from, uint32_t address, uint32_t len,
			  bool fast)
{
	while (len != 0) {
		volatile uint32_t *to = (volatile uint32_t *)address;
		uint32_t status = 0, step = 8;

		if (fast && row_is_full(from, address, len)) {
			step = ROW_LEN;
			status = program_row(from, address);
		} else if ((from[0] & from[1]) != 0xffffffff) {
			to[0] = from[0];
			to[1] = from[1];
			status = flash_wait();
		}
		if (status & SR_ERRORS)
			return flash_check(status, address);
		address += step;
		from += step / 4;
		len -= step;
	}
	IWDG_KR = 0xaaaa;
	return true;
}

bool port_program(const uint32_t *from, uint32_t address, uint32_t len,
		  bool fast)
{
	bool ok;

	FLASH_CR = CR_PG;
	ok = program_words(from, address, len, fast);
	FLASH_CR = 0;
	return ok;
}

/* The hardware erases and programs the option page in one operation. */
bool port_options(const volatile uint32_t *want)
{
	if (FLASH_CR & CR_OPTLOCK) {
		FLASH_OPTKEYR = 0x08192a3b;
		FLASH_OPTKEYR = 0x4c5d6e7f;
	}
	if (FLASH_CR & CR_OPTLOCK)
		return algo_failed(ALGO_E_UNLOCK, FLASH_SR, 0);
	for (unsigned i = 0; i < 5; i++)
		FLASH_OPTION(i) = want[i];
	FLASH_CR = CR_OPTSTART;
	return flash_check(flash_wait(), option_address[0]);
}

void port_start(void)
{
	SCB_VTOR = ALGO_LOAD;
	FLASH_ACR = ACR_LATENCY2;
	FLASH_ACR = ACR_LATENCY2 | ACR_CACHE_RESET;
	FLASH_ACR = ACR_LATENCY2;
	RCC_CR = (RCC_CR & ~MSI_RANGE_FIELD) | MSI_RANGE_48MHZ |
		 MSI_RANGE_SELECT;
}
