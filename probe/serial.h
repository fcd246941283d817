/* SPDX-License-Identifier: MIT */
/*
 * probe/serial.h - a serial line of its own beside the probe: a terminal
 * device ("/dev/ttyUSB0") or a byte stream on the network ("tcp:HOST:PORT":
 * a terminal server in raw mode, an emulator).  For probe/ only.
 */
#ifndef PROBE_SERIAL_H
#define PROBE_SERIAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct serial;

/* E_ARG, E_PROBE_LOST with why[]. */
MUST_USE int serial_open(const char *name, uint32_t timeout_ms,
			 struct serial **out, char why[256]);
void serial_close(struct serial *s); /* NULL is allowed */
const char *serial_name(const struct serial *s);
/* 8 data bits, no parity, one stop bit; what came up to now is forgotten.
 * E_UNSUPPORTED for a rate that the device does not know. */
MUST_USE int serial_speed(struct serial *s, uint32_t baud);
/* What is there, at most cap; 0 bytes are normal.  E_PROBE_LOST. */
MUST_USE int serial_read(struct serial *s, uint8_t *out, size_t cap,
			 size_t *out_len);
/* E_TIMEOUT when the line takes no more; E_PROBE_LOST. */
MUST_USE int serial_write(struct serial *s, const uint8_t *buf, size_t len);

#endif
