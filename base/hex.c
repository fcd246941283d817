/* SPDX-License-Identifier: MIT */
#include "base/hex.h"

#include <string.h>

void hex_encode(const void *p, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *b = p;

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[b[i] >> 4];
		*out++ = digits[b[i] & 15];
	}
	*out = '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int hex_decode(const char *s, uint8_t *out, size_t cap, size_t *out_len)
{
	size_t n = strlen(s);

	if (n % 2)
		return E_SYNTAX;
	if (n / 2 > cap)
		return E_SPACE;
	for (size_t i = 0; i < n; i++)
		if (hex_digit(s[i]) < 0)
			return E_SYNTAX;
	for (size_t i = 0; i < n; i += 2)
		out[i / 2] = (uint8_t)(hex_digit(s[i]) << 4 |
				       hex_digit(s[i + 1]));
	*out_len = n / 2;
	return 0;
}
