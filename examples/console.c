/* SPDX-License-Identifier: MIT */
#include "examples/board.h"

void console_text(const char *s)
{
	while (*s)
		console_char(*s++);
}

void console_hex(const uint8_t *p, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		console_char(digits[p[i] >> 4]);
		console_char(digits[p[i] & 15]);
	}
}

void console_dec(uint32_t v)
{
	char text[11];
	char *p = text + sizeof(text) - 1;

	*p = '\0';
	do {
		*--p = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	console_text(p);
}
