/* SPDX-License-Identifier: MIT */
/*
 * The flash algorithm of the STM32L4: runs in SRAM1, wants no runtime, no
 * .data and no .bss.  Interface in chip/algo.h, places in layout.h.
 * Registers: RM0394 chapters 3 (flash), 6 (RCC), 32 (IWDG).
 *
 * The host starts it after a reset that halted the core before its first
 * instruction, so clocks are at their reset values.  No interrupts.
 */
#include <stdbool.h>
#include <stdint.h>

#include "chip/algo.h"
#include "chip/stm32l4/layout.h"

#define REG(address) (*(volatile uint32_t *)(address))
#define FLASH_ACR REG(0x40022000)
#define FLASH_KEYR REG(0x40022008)
#define FLASH_OPTKEYR REG(0x4002200c)
#define FLASH_SR REG(0x40022010)
#define FLASH_CR REG(0x40022014)
#define FLASH_ECCR REG(0x40022018)
#define FLASH_OPTION(i) REG(option_address[i])
#define RCC_CR REG(0x40021000)
#define IWDG_KR REG(0x40003000)
#define SCB_VTOR REG(0xe000ed08)

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

#define CONTROL ((volatile uint32_t *)L4_ALGO_CONTROL)
#define CRC_TABLE ((uint32_t *)L4_ALGO_TABLE)
#define CRC_POLYNOMIAL 0xedb88320u

static void algo_start(void);
static void algo_fault(void);
static void algo_nmi(void);

/* Also what the host takes stack and entry from. */
__attribute__((section(".vectors"),
	       used)) static const uintptr_t vectors[16] = {
	L4_ALGO_STACK,	       (uintptr_t)algo_start, (uintptr_t)algo_nmi,
	(uintptr_t)algo_fault, (uintptr_t)algo_fault, (uintptr_t)algo_fault,
	(uintptr_t)algo_fault,
};

static const uint32_t option_address[] = {
	0x40022020, 0x40022024, 0x40022028, 0x4002202c, 0x40022030,
};

static bool failed(uint32_t error, uint32_t status, uint32_t address)
{
	CONTROL[ALGO_SR] = status;
	CONTROL[ALGO_ADDRESS] = address;
	CONTROL[ALGO_ERROR] = error;
	CONTROL[ALGO_STATE0] = ALGO_FAILED;
	CONTROL[ALGO_STATE1] = ALGO_FAILED;
	return false;
}

/* Nothing to go back to. */
static void algo_fault(void)
{
	failed(ALGO_E_FAULT, FLASH_SR, FLASH_ECCR);
	CONTROL[ALGO_COMMAND] = ALGO_IDLE;
	for (;;)
		IWDG_KR = 0xaaaa;
}

/*
 * ECC double error.  One may be left from before our start, when the core
 * fetched its vectors from cells that a power cut has torn; in a command it
 * is the answer.
 */
static void algo_nmi(void)
{
	if (CONTROL[ALGO_COMMAND] != ALGO_IDLE)
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

static bool flash_unlock(void)
{
	flash_wait();
	if (FLASH_CR & CR_LOCK) {
		FLASH_KEYR = 0x45670123;
		FLASH_KEYR = 0xcdef89ab;
	}
	FLASH_SR = SR_ERRORS | SR_EOP;
	if (FLASH_CR & CR_LOCK)
		return failed(ALGO_E_UNLOCK, FLASH_SR, 0);
	return true;
}

static bool flash_check(uint32_t status, uint32_t address)
{
	if (status & SR_ERRORS)
		return failed(ALGO_E_FLASH, status, address);
	return true;
}

static bool erase_all(void)
{
	bool ok;

	if (!flash_unlock())
		return false;
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

static bool mirror_words(const uint32_t *from, uint32_t address, uint32_t len,
			 uint32_t *mirror)
{
	const volatile uint32_t *flash = (const volatile uint32_t *)address;
	const volatile uint32_t *end = flash + len / 4;

	while (flash != end) {
		uint32_t word = *flash;

		*mirror++ = word;
		if (word != *from++)
			return failed(ALGO_E_COMPARE, FLASH_SR,
				      (uint32_t)flash);
		flash++;
	}
	return true;
}

static bool program(void)
{
	unsigned i = 0;
	bool ok = flash_unlock();

	while (ok) {
		volatile uint32_t *state =
			&CONTROL[i ? ALGO_STATE1 : ALGO_STATE0];
		uint32_t *buffer = (uint32_t *)(i ? L4_ALGO_BUFFER1
						  : L4_ALGO_BUFFER0);
		uint32_t *mirror = (uint32_t *)(i ? L4_ALGO_MIRROR1
						  : L4_ALGO_MIRROR0);
		uint32_t address, len;

		while (state[0] != ALGO_FULL)
			IWDG_KR = 0xaaaa;
		address = state[1];
		len = state[2];
		if (len == 0) {
			state[0] = ALGO_FREE;
			break;
		}
		FLASH_CR = CR_PG;
		ok = program_words(buffer, address, len, CONTROL[ALGO_ARG0]);
		FLASH_CR = 0;
		ok = ok && mirror_words(buffer, address, len, mirror);
		if (ok)
			state[0] = ALGO_FREE;
		i ^= 1;
	}
	return ok;
}

static void crc_table(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t v = i;

		for (unsigned bit = 0; bit < 8; bit++)
			v = v & 1 ? v >> 1 ^ CRC_POLYNOMIAL : v >> 1;
		CRC_TABLE[i] = v;
	}
}

static uint32_t crc(uint32_t address, uint32_t len)
{
	const volatile uint32_t *p = (const volatile uint32_t *)address;
	const uint32_t *table = CRC_TABLE;
	uint32_t v = 0xffffffff;

	/* in a register, or its address is added at every step */
	__asm__("" : "+r"(table));

	for (; len != 0; len -= 4) {
		v ^= *p++;
		v = v >> 8 ^ table[v & 0xff];
		v = v >> 8 ^ table[v & 0xff];
		v = v >> 8 ^ table[v & 0xff];
		v = v >> 8 ^ table[v & 0xff];
		if ((len & 0x3fff) == 0)
			IWDG_KR = 0xaaaa;
	}
	return ~v;
}

/* The hardware erases and programs the option page in one operation. */
static bool option_set(void)
{
	if (!flash_unlock())
		return false;
	if (FLASH_CR & CR_OPTLOCK) {
		FLASH_OPTKEYR = 0x08192a3b;
		FLASH_OPTKEYR = 0x4c5d6e7f;
	}
	if (FLASH_CR & CR_OPTLOCK)
		return failed(ALGO_E_UNLOCK, FLASH_SR, 0);
	for (unsigned i = 0; i < 5; i++)
		FLASH_OPTION(i) = CONTROL[ALGO_OPTIONS + i];
	FLASH_CR = CR_OPTSTART;
	return flash_check(flash_wait(), option_address[0]);
}

static void command_run(uint32_t command)
{
	switch (command) {
	case ALGO_ERASE_ALL:
		erase_all();
		break;
	case ALGO_PROGRAM:
		program();
		break;
	case ALGO_CRC:
		CONTROL[ALGO_RESULT] = crc(CONTROL[ALGO_ARG0],
					   CONTROL[ALGO_ARG1]);
		break;
	case ALGO_OPTION_SET:
		option_set();
		break;
	case ALGO_READ:
		CONTROL[ALGO_RESULT] = REG(CONTROL[ALGO_ARG0]);
		break;
	default:
		failed(ALGO_E_COMMAND, command, 0);
	}
}

static void algo_start(void)
{
	SCB_VTOR = L4_ALGO_LOAD;
	FLASH_ACR = ACR_LATENCY2;
	FLASH_ACR = ACR_LATENCY2 | ACR_CACHE_RESET;
	FLASH_ACR = ACR_LATENCY2;
	RCC_CR = (RCC_CR & ~MSI_RANGE_FIELD) | MSI_RANGE_48MHZ |
		 MSI_RANGE_SELECT;
	for (unsigned i = ALGO_COMMAND; i < ALGO_WORDS; i++)
		CONTROL[i] = 0;
	crc_table();
	CONTROL[ALGO_READY] = ALGO_MAGIC;
	for (;;) {
		uint32_t command = CONTROL[ALGO_COMMAND];

		IWDG_KR = 0xaaaa;
		if (command == ALGO_IDLE)
			continue;
		CONTROL[ALGO_ERROR] = ALGO_E_NONE;
		command_run(command);
		CONTROL[ALGO_COMMAND] = ALGO_IDLE;
	}
}
