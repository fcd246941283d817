/* SPDX-License-Identifier: MIT */
/* Not in board.c: the bootloader has no interrupts. */
#include "examples/board.h"
#include "examples/startup.h"

static volatile uint32_t ticks;

void systick_handler(void)
{
	ticks++;
}

/* SysTick is 24 bits wide: 64 MHz / 4 is the slowest. */
void board_ticks(uint32_t hz)
{
	SYST_RVR = BOARD_HZ / hz - 1;
	SYST_CVR = 0;
	SYST_CSR = SYST_CSR_CLKSOURCE | SYST_CSR_TICKINT | SYST_CSR_ENABLE;
}

void board_wait_tick(void)
{
	uint32_t now = ticks;

	while (ticks == now)
		__asm__ volatile("wfi");
}
