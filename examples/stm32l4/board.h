/* SPDX-License-Identifier: MIT */
/* board.h - clock and console of the example board. */
#ifndef EXAMPLES_STM32L4_BOARD_H
#define EXAMPLES_STM32L4_BOARD_H

#include <stddef.h>
#include <stdint.h>

#define BOARD_HZ 80000000u
#define BOARD_BAUD 115200u

/* 80 MHz from MSI (4 MHz) by the PLL; nothing to do when it runs already. */
void board_clock(void);

/* By the MPU: from now on nothing but the bootloader's 16 kB at the start of
 * flash can be executed.  Reading and writing stay as they were. */
void board_execute_only(void);

/* USART2, 115200 8N1, transmitter on PA2. */
void console_init(void);
void console_text(const char *s);
void console_hex(const uint8_t *p, size_t len);
void console_dec(uint32_t v);
/* Waits until the last bit has left. */
void console_flush(void);

#endif
