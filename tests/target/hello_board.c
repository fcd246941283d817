/* SPDX-License-Identifier: MIT */
/* Says hello on the example board's console, for tests/e2e/target-f0.sh. */
#include "examples/board.h"

int main(void)
{
	board_clock();
	console_init();
	console_text("hello from flash\r\n");
	console_flush();
	return 0;
}
