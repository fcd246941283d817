/* SPDX-License-Identifier: MIT */
#include "examples/board.h"

/* The crystal: the RC oscillator is too coarse for a UART.  Old revisions start
 * with half of their RAM (anomaly PAN 16). */
void board_clock(void)
{
	POWER_RAMON |= POWER_RAMON_ALL;
	if (CLOCK_HFCLKSTARTED)
		return; /* the bootloader was here */
	CLOCK_HFCLKSTART = 1;
	while (!CLOCK_HFCLKSTARTED)
		;
}

/* No MPU of the core's; Nordic's own guards regions, not execution. */
void board_execute_only(void)
{
}

/* No ECC: a torn cell reads as something. */
const char *board_damage(void)
{
	return NULL;
}

/* No VTOR either: the application has no interrupts, or finds its handlers by
 * the bootloader's table. */
void board_start(const uint32_t *vectors)
{
	__asm__ volatile("msr msp, %0\n\t"
			 "bx %1"
			 :
			 : "r"(vectors[0]), "r"(vectors[1])
			 : "memory");
	__builtin_unreachable();
}

void console_init(void)
{
	GPIO_OUTSET = 1u << UART_TX_PIN; /* the line's rest */
	GPIO_PIN_CNF(UART_TX_PIN) = GPIO_CNF_OUTPUT;
	UART_PSELTXD = UART_TX_PIN;
	UART_BAUDRATE = UART_BAUDRATE_115200;
	UART_ENABLE = UART_ENABLED;
	UART_STARTTX = 1;
}

void console_char(char c)
{
	UART_TXDRDY = 0;
	UART_TXD = (uint8_t)c;
	while (!UART_TXDRDY)
		;
}

void console_flush(void)
{
	/* console_char() waits for each */
}
