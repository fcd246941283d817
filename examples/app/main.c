/* SPDX-License-Identifier: MIT */
/*
 * app - the product's firmware, as far as this example goes: it says that it
 * runs, then counts seconds.
 */
#include "examples/stm32l4/board.h"
#include "examples/stm32l4/startup.h"
#include "examples/stm32l4/stm32l432.h"

#include "signet_keys.h"

#ifndef APP_VERSION
#define APP_VERSION "1.0.0"
#endif

#define TICK_HZ 10u /* SysTick is 24 bits wide: 80 MHz / 10 fits */

static volatile uint32_t ticks;

void systick_handler(void)
{
	ticks++;
}

int main(void)
{
	uint32_t seconds = 0;

	board_clock();
	console_init();
	console_text("app: " SIGNET_PRODUCT " " APP_VERSION " running\r\n");
	SYST_RVR = BOARD_HZ / TICK_HZ - 1;
	SYST_CVR = 0;
	SYST_CSR = SYST_CSR_CLKSOURCE | SYST_CSR_TICKINT | SYST_CSR_ENABLE;
	for (;;) {
		__asm__ volatile("wfi");
		if (ticks / TICK_HZ == seconds)
			continue;
		seconds = ticks / TICK_HZ;
		console_text("app: tick ");
		console_dec(seconds);
		console_text("\r\n");
	}
}
