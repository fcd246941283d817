/* SPDX-License-Identifier: MIT */
#include "examples/board.h"

/* An event that is pending wakes the core, handler or not. */
void board_ticks(uint32_t hz)
{
	SCB_SCR |= SCB_SCR_SEVONPEND;
	TIMER0_BITMODE = TIMER0_BITMODE_32;
	TIMER0_PRESCALER = 0;
	TIMER0_CC0 = BOARD_HZ / hz;
	TIMER0_SHORTS = TIMER0_SHORT_CLEAR;
	TIMER0_INTENSET = TIMER0_INT_COMPARE0;
	TIMER0_CLEAR = 1;
	TIMER0_START = 1;
}

void board_wait_tick(void)
{
	while (!TIMER0_COMPARE0)
		__asm__ volatile("wfe");
	TIMER0_COMPARE0 = 0;
	NVIC_ICPR = 1u << TIMER0_IRQ;
}
