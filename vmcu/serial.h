/* SPDX-License-Identifier: MIT */
/*
 * vmcu/serial.h - a chip's end of its UART wires: what all families' UARTs do
 * alike, one character at a time.  Registers, flags and buffers are theirs;
 * who watches the wires hears of each character as it begins.
 *
 * A length of 0 ps is a character that cannot be: no clock.
 */
#ifndef VMCU_SERIAL_H
#define VMCU_SERIAL_H

#include <stdbool.h>
#include <stdint.h>

struct mcu;

/* A character of this length begins to leave; slot becomes due at its end.
 * wired: a pin carries it. */
void serial_send(struct mcu *m, unsigned slot, bool wired, uint8_t byte,
		 uint64_t char_ps);
/* It has left. */
void serial_sent(struct mcu *m, bool wired, uint8_t byte);
/* The next character from outside begins, if there is one and none has begun;
 * slot becomes due at its end. */
void serial_listen(struct mcu *m, unsigned slot, uint64_t char_ps);
/* That end: false when the character is gone. */
bool serial_heard(struct mcu *m, uint8_t *out);
/* Nobody listens: what comes is lost, as on a wire. */
void serial_lose(struct mcu *m);

#endif
