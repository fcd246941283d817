/* SPDX-License-Identifier: MIT */
/* The part of a flash algorithm that all families share (chip/algo.h is the
 * host's side of it). */
#include "chip/algo_port.h"

#include ALGO_LAYOUT

#define CONTROL ((volatile uint32_t *)ALGO_CONTROL)
#define CRC_TABLE ((uint32_t *)ALGO_TABLE)
#define CRC_POLYNOMIAL 0xedb88320u
#define CRC_STRETCH 0x4000u

static void algo_start(void);

/* Also what the host takes stack and entry from. */
__attribute__((section(".vectors"),
	       used)) static const uintptr_t vectors[16] = {
	ALGO_STACK,
	(uintptr_t)algo_start,
	(uintptr_t)port_nmi,
	(uintptr_t)algo_fault,
	(uintptr_t)algo_fault,
	(uintptr_t)algo_fault,
	(uintptr_t)algo_fault,
};

bool algo_failed(uint32_t error, uint32_t status, uint32_t address)
{
	CONTROL[ALGO_SR] = status;
	CONTROL[ALGO_ADDRESS] = address;
	CONTROL[ALGO_ERROR] = error;
	CONTROL[ALGO_STATE0] = ALGO_FAILED;
	CONTROL[ALGO_STATE1] = ALGO_FAILED;
	return false;
}

bool algo_idle(void)
{
	return CONTROL[ALGO_COMMAND] == ALGO_IDLE;
}

/* Nothing to go back to. */
void algo_fault(void)
{
	uint32_t address, status = port_status(&address);

	algo_failed(ALGO_E_FAULT, status, address);
	CONTROL[ALGO_COMMAND] = ALGO_IDLE;
	for (;;)
		port_feed();
}

static bool mirror_words(const uint32_t *from, uint32_t address, uint32_t len,
			 uint32_t *mirror)
{
	const volatile uint32_t *flash = (const volatile uint32_t *)address;
	const volatile uint32_t *end = flash + len / 4;
	uint32_t place;

	while (flash != end) {
		uint32_t word = *flash;

		*mirror++ = word;
		if (word != *from++)
			return algo_failed(ALGO_E_COMPARE, port_status(&place),
					   (uint32_t)flash);
		flash++;
	}
	return true;
}

static bool program(void)
{
	unsigned i = 0;
	bool ok = port_open();

	while (ok) {
		volatile uint32_t *state =
			&CONTROL[i ? ALGO_STATE1 : ALGO_STATE0];
		uint32_t *buffer = (uint32_t *)(i ? ALGO_BUFFER1
						  : ALGO_BUFFER0);
		uint32_t *mirror = (uint32_t *)(i ? ALGO_MIRROR1
						  : ALGO_MIRROR0);
		uint32_t address, len;

		while (state[0] != ALGO_FULL)
			port_feed();
		address = state[1];
		len = state[2];
		if (len == 0) {
			state[0] = ALGO_FREE;
			break;
		}
		ok = port_program(buffer, address, len, CONTROL[ALGO_ARG0]) &&
		     mirror_words(buffer, address, len, mirror);
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

/* One stretch without looking at the watchdog. */
static uint32_t crc_words(uint32_t v, const volatile uint32_t *p,
			  const volatile uint32_t *end)
{
	const uint32_t *table = CRC_TABLE;

	/* in a register, or its address is added at every step */
	__asm__("" : "+r"(table));

	while (p != end) {
		v ^= *p++;
		v = v >> 8 ^ table[v & 0xff];
		v = v >> 8 ^ table[v & 0xff];
		v = v >> 8 ^ table[v & 0xff];
		v = v >> 8 ^ table[v & 0xff];
	}
	return v;
}

static uint32_t crc(uint32_t address, uint32_t len)
{
	const volatile uint32_t *p = (const volatile uint32_t *)address;
	uint32_t v = 0xffffffff;

	while (len != 0) {
		uint32_t part = len < CRC_STRETCH ? len : CRC_STRETCH;

		v = crc_words(v, p, p + part / 4);
		p += part / 4;
		len -= part;
		port_feed();
	}
	return ~v;
}

static void command_run(uint32_t command)
{
	switch (command) {
	case ALGO_ERASE_ALL:
		if (port_open())
			port_erase_all();
		break;
	case ALGO_PROGRAM:
		program();
		break;
	case ALGO_CRC:
		CONTROL[ALGO_RESULT] = crc(CONTROL[ALGO_ARG0],
					   CONTROL[ALGO_ARG1]);
		break;
	case ALGO_OPTION_SET:
		if (port_open())
			port_options(&CONTROL[ALGO_OPTIONS]);
		break;
	case ALGO_READ:
		CONTROL[ALGO_RESULT] = ALGO_REG(CONTROL[ALGO_ARG0]);
		break;
	default:
		algo_failed(ALGO_E_COMMAND, command, 0);
	}
}

static void algo_start(void)
{
	port_start();
	for (unsigned i = ALGO_COMMAND; i < ALGO_WORDS; i++)
		CONTROL[i] = 0;
	crc_table();
	CONTROL[ALGO_READY] = ALGO_MAGIC;
	for (;;) {
		uint32_t command = CONTROL[ALGO_COMMAND];

		port_feed();
		if (command == ALGO_IDLE)
			continue;
		CONTROL[ALGO_ERROR] = ALGO_E_NONE;
		command_run(command);
		CONTROL[ALGO_COMMAND] = ALGO_IDLE;
	}
}
