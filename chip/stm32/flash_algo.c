/* SPDX-License-Identifier: MIT */
/*
 * The flash algorithm of STM32F1 and STM32F0: runs in SRAM, wants no runtime,
 * no .data and no .bss.  Interface in chip/algo.h, places in layout.h; what
 * the families differ in is in their algo_chip.h.  Registers: PM0075 (F1),
 * RM0091 chapter 3 (F0), which agree.
 *
 * The host starts it after a reset that halted the core before its first
 * instruction, so clocks are at their reset values.  No interrupts.
 */
#include <stdbool.h>
#include <stdint.h>

#include "chip/algo.h"
#include "chip/stm32/layout.h"

#define REG(address) (*(volatile uint32_t *)(address))
#define FLASH_ACR REG(0x40022000)
#define FLASH_KEYR REG(0x40022004)
#define FLASH_OPTKEYR REG(0x40022008)
#define FLASH_SR REG(0x4002200c)
#define FLASH_CR REG(0x40022010)
#define RCC_CR REG(0x40021000)
#define RCC_CR_PLLON (1u << 24)
#define RCC_CR_PLLRDY (1u << 25)
#define RCC_CFGR REG(0x40021004)
#define IWDG_KR REG(0x40003000)

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
#define OPTIONS ((volatile uint16_t *)0x1ffff800)
#define ERASED 0xffffu
#define STM32F_OPTIONS 8u

#include "algo_chip.h"

#define CONTROL ((volatile uint32_t *)STM32F_ALGO_CONTROL)
#define CRC_TABLE ((uint32_t *)STM32F_ALGO_TABLE)
#define CRC_POLYNOMIAL 0xedb88320u

static void algo_start(void);
static void algo_fault(void);

/* Also what the host takes stack and entry from. */
__attribute__((section(".vectors"),
	       used)) static const uintptr_t vectors[16] = {
	STM32F_ALGO_STACK,     (uintptr_t)algo_start, (uintptr_t)algo_fault,
	(uintptr_t)algo_fault, (uintptr_t)algo_fault, (uintptr_t)algo_fault,
	(uintptr_t)algo_fault,
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
	failed(ALGO_E_FAULT, FLASH_SR, 0);
	CONTROL[ALGO_COMMAND] = ALGO_IDLE;
	for (;;)
		IWDG_KR = 0xaaaa;
}

/* A hardware watchdog may be running: option bit WDG_SW. */
static uint32_t flash_wait(void)
{
	uint32_t status;

	do
		status = FLASH_SR;
	while (status & SR_BUSY);
	return status;
}

/* The keys again where it is open already do no harm. */
static bool flash_unlock(void)
{
	flash_wait();
	FLASH_KEYR = KEY1;
	FLASH_KEYR = KEY2;
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
	FLASH_CR = CR_MER;
	FLASH_CR = CR_MER | CR_START;
	ok = flash_check(flash_wait(), 0);
	FLASH_CR = 0;
	return ok;
}

/* Erased half-words stay as they are, and take no time. */
static bool program_units(const uint16_t *from, uint32_t address, uint32_t len)
{
	volatile uint16_t *to = (volatile uint16_t *)address;
	const uint16_t *end = from + len / 2;

	for (; from != end; from++, to++) {
		uint32_t status;

		if (*from == ERASED)
			continue;
		*to = *from;
		status = flash_wait();
		if (status & SR_ERRORS)
			return flash_check(status, (uint32_t)to);
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
		uint32_t *buffer = (uint32_t *)(i ? STM32F_ALGO_BUFFER1
						  : STM32F_ALGO_BUFFER0);
		uint32_t *mirror = (uint32_t *)(i ? STM32F_ALGO_MIRROR1
						  : STM32F_ALGO_MIRROR0);
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
		ok = program_units((const uint16_t *)buffer, address, len);
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

/* The half-word that belongs there: 0xffff is left erased, which for the read
 * protection is the locked value and for the others the same as FF. */
static uint16_t option_value(unsigned i)
{
	return (uint16_t)(CONTROL[ALGO_OPTIONS + i / 2] >> 16 * (i & 1));
}

/* FF may be there programmed or erased. */
static bool option_equal(void)
{
	bool equal = true;

	for (unsigned i = 0; i < STM32F_OPTIONS; i++) {
		uint16_t v = option_value(i) & 0xff, cell = OPTIONS[i];

		equal = equal && (cell == (v | (v ^ 0xff) << 8) ||
				  (v == 0xff && cell == ERASED));
	}
	return equal;
}

/* Erased at first, so that the chip is locked until the last one, the read
 * protection, is in place.  The complements are the hardware's work.  Lifting
 * the protection also erases the flash, within the one store. */
static bool option_set(void)
{
	uint32_t status = 0;

	if (option_equal())
		return true;
	if (!flash_unlock())
		return false;
	FLASH_OPTKEYR = KEY1;
	FLASH_OPTKEYR = KEY2;
	if (!(FLASH_CR & CR_OPTWRE))
		return failed(ALGO_E_UNLOCK, FLASH_SR, 0);
	FLASH_CR = CR_OPTWRE | CR_OPTER;
	FLASH_CR = CR_OPTWRE | CR_OPTER | CR_START;
	status = flash_wait();
	FLASH_CR = CR_OPTWRE | CR_OPTPG;
	for (unsigned i = STM32F_OPTIONS; i-- > 0 && !(status & SR_ERRORS);) {
		if ((option_value(i) & 0xff) == 0xff)
			continue;
		OPTIONS[i] = option_value(i) & 0xff;
		status = flash_wait();
	}
	FLASH_CR = CR_LOCK;
	return flash_check(status, (uint32_t)OPTIONS);
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
	algo_vectors();
	algo_clock();
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
