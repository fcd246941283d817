/* SPDX-License-Identifier: MIT */
/*
 * wire/serial.h - a device's serial number in its image: field 12 of the
 * release's header (wire/release.h).
 *
 * Freestanding, host only.
 */
#ifndef WIRE_SERIAL_H
#define WIRE_SERIAL_H

#include <stdint.h>

#include "base/error.h"
#include "wire/release.h"

/* The bytes of one device.  E_RANGE: that serial number does not fit. */
MUST_USE int serial_bytes(const struct serial_place *s, const char *serial,
			  uint8_t out[SERIAL_CAP]);
/* Puts what of them lies in plaintext [at, at + len) into p. */
void serial_overlay(const struct release_header *h,
		    const uint8_t bytes[SERIAL_CAP], uint32_t at, uint8_t *p,
		    uint32_t len);
/* "0x08001000:ascii:16", "0x08001000:u32", or "". */
#define SERIAL_PLACE_CAP 32
void serial_place_text(const struct serial_place *s,
		       char out[SERIAL_PLACE_CAP]);

#endif
