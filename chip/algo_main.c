/* SPDX-License-Identifier: MIT */
/* The part of a flash algorithm that all families share (chip/algo.h is the
 * host's side of it). */
#include "chip/algo_port.h"

#include <stddef.h>

#include ALGO_LAYOUT

#define CONTROL ((volatile uint32_t *)ALGO_CONTROL)
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

struct chunk { /* copied by load and store multiple */
	uint32_t word[8];
};
#define CHUNK_WORDS (sizeof(struct chunk) / 4)

/* What the flash now holds goes to where the host can fetch it; it compares. */
static void mirror_words(uint32_t address, uint32_t len, uint32_t *mirror)
{
	const uint32_t *flash = (const uint32_t *)address;
	const uint32_t *end = flash + len / 4;

	/* it has been written behind the compiler's back */
	__asm__ volatile("" ::: "memory");
	while ((size_t)(end - flash) >= CHUNK_WORDS) {
		*(struct chunk *)mirror = *(const struct chunk *)flash;
		mirror += CHUNK_WORDS;
		flash += CHUNK_WORDS;
	}
	while (flash != end)
		*mirror++ = *flash++;
	__asm__ volatile("" ::: "memory");
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
		ok = port_program(buffer, address, len, CONTROL[ALGO_ARG0]);
		if (ok) {
			mirror_words(address, len, mirror);
			state[0] = ALGO_FREE;
		}
		i ^= 1;
	}
	return ok;
}

struct crc { /* the first message bit in bit 0 of lo */
	uint32_t lo, hi;
};

/* Two words more: times x^64, which by the polynomial is (1 + x)(1 + x^3). */
static inline struct crc crc_pair(struct crc c, const uint32_t *p)
{
	uint32_t lo = c.lo ^ p[0], hi = c.hi ^ p[1];
	uint32_t over = lo << 31; /* x^64 and up */

	lo ^= lo >> 1;
	lo ^= hi << 31;
	hi ^= hi >> 1;
	over ^= over >> 3;
	over ^= lo << 29;
	lo ^= lo >> 3;
	lo ^= hi << 29;
	hi ^= hi >> 3;
	over ^= over >> 1;
	over ^= over >> 3;
	return (struct crc){ lo, hi ^ over };
}

/* One stretch without looking at the watchdog. */
static struct crc crc_words(struct crc c, const uint32_t *p,
			    const uint32_t *end)
{
	while ((size_t)(end - p) >= CHUNK_WORDS) {
#pragma GCC unroll 4
		for (unsigned i = 0; i < CHUNK_WORDS; i += 2)
			c = crc_pair(c, p + i);
		p += CHUNK_WORDS;
	}
	for (; p != end; p += 2)
		c = crc_pair(c, p);
	return c;
}

static void crc(uint32_t address, uint32_t len)
{
	const uint32_t *p = (const uint32_t *)address;
	struct crc c = { 0xffffffff, 0xffffffff };

	__asm__ volatile("" ::: "memory");
	while (len != 0) {
		uint32_t part = len < CRC_STRETCH ? len : CRC_STRETCH;

		c = crc_words(c, p, p + part / 4);
		p += part / 4;
		len -= part;
		port_feed();
	}
	CONTROL[ALGO_RESULT] = ~c.lo;
	CONTROL[ALGO_RESULT_HIGH] = ~c.hi;
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
		crc(CONTROL[ALGO_ARG0], CONTROL[ALGO_ARG1]);
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
