/* SPDX-License-Identifier: MIT */
/*
 * app - the product's firmware, as far as this example goes: it says that it
 * runs, then counts seconds.
 */
#include "examples/board.h"

#include "signet_keys.h"

#ifndef APP_VERSION
#define APP_VERSION "1.0.0"
#endif

#define TICK_HZ 10u

int main(void)
{

	board_clock();
	console_init();
	console_text("app: " SIGNET_PRODUCT " " APP_VERSION " running\r\n");
	board_ticks(TICK_HZ);
	for (uint32_t ticks = 1;; ticks++) {
		board_wait_tick();
		if (ticks % TICK_HZ != 0)
			continue;
		console_text("app: tick ");
		console_dec(ticks / TICK_HZ);
		console_text("\r\n");
	}
}
