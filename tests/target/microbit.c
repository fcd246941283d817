/* SPDX-License-Identifier: MIT */
/*
 * Firmware for an nRF51 that looks at itself and tells on its UART: what was
 * programmed, the flash controller, the timer, the random numbers, the unique
 * ID; then it gives every character back that it gets.  No runtime; nRF51
 * Series Reference Manual 3.0.1, chapters 6, 7, 17, 21, 29.
 */
#include <stdbool.h>
#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))
#define HFCLK_START REG(0x40000000)
#define HFCLK_STARTED REG(0x40000100)
#define UART(offset) REG(0x40002000 + (offset))
#define TIMER0(offset) REG(0x40008000 + (offset))
#define RNG(offset) REG(0x4000d000 + (offset))
#define NVMC(offset) REG(0x4001e000 + (offset))
#define FICR(offset) REG(0x10000000 + (offset))

#define PIN_TXD 24 /* the micro:bit's wiring */
#define PIN_RXD 25
#define BAUD_115200 0x01d7e000

/* The page behind the program: nothing else uses it. */
#define SCRATCH 0x0003f000u

void microbit_start(void);

__attribute__((section(".vectors"),
	       used)) static const uintptr_t vectors[48] = {
	0x20001000, (uintptr_t)microbit_start
};

/* Much of it, so that a lost or shifted packet shows. */
#define TABLE_WORDS 4096
extern const uint32_t table[TABLE_WORDS];

static void put(uint8_t c)
{
	UART(0x11c) = 0;
	UART(0x51c) = c;
	while (UART(0x11c) == 0)
		;
}

static void say(const char *s)
{
	while (*s != '\0')
		put((uint8_t)*s++);
}

static void say_check(const char *name, bool good)
{
	say(" ");
	say(name);
	say(good ? "=ok" : "=BAD");
}

static void uart_on(void)
{
	HFCLK_START = 1;
	while (HFCLK_STARTED == 0)
		;
	UART(0x50c) = PIN_TXD;
	UART(0x514) = PIN_RXD;
	UART(0x524) = BAUD_115200;
	UART(0x500) = 4;
	UART(0x000) = 1;
	UART(0x008) = 1;
}

/* tests/target/table.awk makes the table by the same rule. */
static bool check_table(void)
{
	uint32_t v = 1;

	for (unsigned i = 0; i < TABLE_WORDS; i++) {
		if (table[i] != v)
			return false;
		v = v * 1664525 + 1013904223;
	}
	return true;
}

static void nvmc_wait(void)
{
	while ((NVMC(0x400) & 1) == 0)
		;
}

/* Erase gives ones, a write only takes ones away: 6.1. */
static bool check_nvmc(void)
{
	bool good;

	NVMC(0x504) = 2;
	NVMC(0x508) = SCRATCH;
	nvmc_wait();
	good = REG(SCRATCH) == 0xffffffff;
	NVMC(0x504) = 1;
	REG(SCRATCH) = 0xffff00ff;
	nvmc_wait();
	REG(SCRATCH) = 0xff00ffff;
	nvmc_wait();
	NVMC(0x504) = 0;
	return good && REG(SCRATCH) == 0xff0000ff;
}

static bool check_timer(void)
{
	uint32_t first;

	TIMER0(0x508) = 3; /* 32 bits */
	TIMER0(0x510) = 4; /* 1 MHz */
	TIMER0(0x000) = 1;
	TIMER0(0x040) = 1;
	first = TIMER0(0x540);
	for (volatile unsigned i = 0; i < 10000; i++)
		;
	TIMER0(0x040) = 1;
	return TIMER0(0x540) > first;
}

static bool check_random(void)
{
	uint8_t seen = 0;

	RNG(0x000) = 1;
	for (unsigned i = 0; i < 16; i++) {
		RNG(0x100) = 0;
		while (RNG(0x100) == 0)
			;
		seen |= (uint8_t)(RNG(0x508) ^ 0x5a);
	}
	RNG(0x004) = 1;
	return seen != 0;
}

static void say_hex(uint32_t v)
{
	for (int i = 28; i >= 0; i -= 4)
		put((uint8_t) "0123456789abcdef"[v >> i & 0xf]);
}

void microbit_start(void)
{
	uart_on();
	say("microbit:");
	say_check("table", check_table());
	say_check("nvmc", check_nvmc());
	say_check("timer", check_timer());
	say_check("random", check_random());
	say(" uid=");
	say_hex(FICR(0x60));
	say_hex(FICR(0x64));
	say(" ready\r\n");
	for (;;) {
		if (UART(0x108) == 0)
			continue;
		UART(0x108) = 0;
		put((uint8_t)UART(0x518));
	}
}
