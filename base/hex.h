/* SPDX-License-Identifier: MIT */
/* base/hex.h - lower-case hexadecimal text. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Writes 2*len digits and a NUL; out holds 2*len + 1 bytes. */
void hex_encode(const void *p, size_t len, char *out);

/* Either case.  E_SYNTAX on an odd count or a bad digit, E_SPACE above cap. */
MUST_USE int hex_decode(const char *s, uint8_t *out, size_t cap,
			size_t *out_len);

#endif
