/* SPDX-License-Identifier: MIT */
/*
 * The flash algorithm of the nRF51 (chip/algo_port.h).  Registers: nRF51 Series
 * Reference Manual 3.0.1, chapters 6 (NVMC), 8 (UICR), 12 (POWER), 19 (WDT).
 *
 * The core is halted by every write and erase (6.1), so READY is already 1 when
 * the next instruction runs: it is asked after erases and at the end of a
 * buffer, not after each of thousands of words.
 */
#include "chip/algo_port.h"

#define NVMC_READY ALGO_REG(0x4001e400)
#define NVMC_CONFIG ALGO_REG(0x4001e504)
#define NVMC_ERASEALL ALGO_REG(0x4001e50c)
#define WDT_RR0 ALGO_REG(0x40010600)
#define POWER_RAMON ALGO_REG(0x40000524)
#define CONFIG_READ 0u
#define CONFIG_WRITE 1u
#define CONFIG_ERASE 2u
#define WDT_RELOAD 0x6e524635u
#define RAM_ALL 3u

/* As chip/nrf51/chip.c lists them. */
static const uint32_t option_address[] = {
	0x10001004, /* RBPCONF */
	0x10001000, /* CLENR0 */
	0x10001008, /* XTALFREQ */
	0x10001014, /* BOOTLOADERADDR */
};
#define OPTIONS (sizeof(option_address) / sizeof(option_address[0]))

/* Anomaly PAN 16: without this the mirrors may lie in RAM that is off. */
void port_start(void)
{
	POWER_RAMON |= RAM_ALL;
}

void port_feed(void)
{
	WDT_RR0 = WDT_RELOAD;
}

uint32_t port_status(uint32_t *ret_address)
{
	*ret_address = 0;
	return NVMC_READY;
}

void port_nmi(void)
{
	algo_fault();
}

static void wait_ready(void)
{
	while (!(NVMC_READY & 1))
		;
}

bool port_open(void)
{
	wait_ready();
	NVMC_CONFIG = CONFIG_READ;
	return true;
}

bool port_erase_all(void)
{
	NVMC_CONFIG = CONFIG_ERASE;
	wait_ready();
	NVMC_ERASEALL = 1;
	wait_ready();
	NVMC_CONFIG = CONFIG_READ;
	return true;
}

/* Each write counts (n_WRITE): erased words are left out. */
static inline void program_word(uint32_t address, uint32_t v)
{
	if (v != 0xffffffff)
		ALGO_REG(address) = v;
}

bool port_program(const uint32_t *from, uint32_t address, uint32_t len,
		  bool fast)
{
	uint32_t end = address + len;

	(void)fast; /* there is one way */
	NVMC_CONFIG = CONFIG_WRITE;
	wait_ready();
	for (; end - address >= 16; address += 16, from += 4) {
#pragma GCC unroll 4
		for (unsigned i = 0; i < 4; i++)
			program_word(address + 4 * i, from[i]);
	}
	for (; address != end; address += 4)
		program_word(address, *from++);
	wait_ready();
	port_feed();
	NVMC_CONFIG = CONFIG_READ;
	return true;
}

/* Bits can only be taken away; what is missing then has to come from an
 * ERASEALL.  RBPCONF goes last. */
bool port_options(const volatile uint32_t *want)
{
	NVMC_CONFIG = CONFIG_WRITE;
	wait_ready();
	for (unsigned i = OPTIONS; i-- > 0;)
		if (ALGO_REG(option_address[i]) != want[i])
			ALGO_REG(option_address[i]) = want[i];
	wait_ready();
	NVMC_CONFIG = CONFIG_READ;
	for (unsigned i = 0; i < OPTIONS; i++)
		if (ALGO_REG(option_address[i]) != want[i])
			return algo_failed(ALGO_E_FLASH, NVMC_READY,
					   option_address[i]);
	return true;
}
