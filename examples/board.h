/* SPDX-License-Identifier: MIT */
/*
 * board.h - what bootloader and application ask of the board.
 *
 * One folder per chip family: board_chip.h, found by the include path, has the
 * registers and
 *
 *	BOARD_HZ	the core's clock after board_clock()
 *	BOARD_BAUD	of the console
 *	FLASH_BASE, FLASH_LEN, RAM_BASE, RAM_END
 *	APP_BASE	where the bootloader's part of flash ends
 *	UID_ADDRESS, UID_LEN
 *
 * and board.c and ticks.c the functions.
 */
#ifndef EXAMPLES_BOARD_H
#define EXAMPLES_BOARD_H

#include <stddef.h>
#include <stdint.h>

#include "board_chip.h"

/* Nothing to do when it runs already. */
void board_clock(void);

/* From now on nothing but the bootloader's part of flash can be executed, where
 * the core can do that; reading and writing stay as they were. */
void board_execute_only(void);

/* After an NMI: what is wrong with the memory, NULL if nothing is known. */
const char *board_damage(void);

/* Stack pointer, vectors and entry of another image. */
void board_start(const uint32_t *vectors) __attribute__((noreturn));

/* The console: 8N1, only sending. */
void console_init(void);
void console_char(char c);
/* Waits until the last bit has left. */
void console_flush(void);

/* -- ticks.c, for the application ---------------------------------------- */
/* An interrupt hz times a second, and a sleep until the next one. */
void board_ticks(uint32_t hz);
void board_wait_tick(void);

/* -- console.c ----------------------------------------------------------- */
void console_text(const char *s);
void console_hex(const uint8_t *p, size_t len);
void console_dec(uint32_t v);

#endif
