/* SPDX-License-Identifier: MIT */
#include "image/internal.h"

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* Takes one line off the front, without its end. */
static size_t take_line(struct lines *l)
{
	size_t n = 0;
	size_t end;

	while (n < l->left && l->p[n] != '\n' && l->p[n] != '\r')
		n++;
	end = n;
	if (end < l->left && l->p[end] == '\r')
		end++;
	if (end < l->left && l->p[end] == '\n')
		end++;
	l->p += end;
	l->left -= end;
	l->number++;
	return n;
}

bool lines_next(struct lines *l, const uint8_t **line, size_t *len)
{
	while (l->left) {
		const uint8_t *p = l->p;
		size_t n = take_line(l);

		while (n && blank(p[n - 1]))
			n--;
		while (n && blank(p[0])) {
			p++;
			n--;
		}
		if (!n)
			continue;
		*line = p;
		*len = n;
		return true;
	}
	return false;
}

static int digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int record_bytes(struct builder *b, const uint8_t *text, size_t len,
		 uint8_t *out, size_t cap, size_t *out_len)
{
	for (size_t i = 0; i < len; i++)
		if (digit(text[i]) < 0)
			return builder_fail(b, E_SYNTAX,
					    "byte 0x%02x is not a hexadecimal "
					    "digit",
					    text[i]);
	if (len % 2)
		return builder_fail(b, E_SYNTAX,
				    "odd number of hexadecimal digits");
	if (len / 2 > cap)
		return builder_fail(b, E_SYNTAX,
				    "the record has %zu bytes, at most %zu are "
				    "possible",
				    len / 2, cap);
	for (size_t i = 0; i < len / 2; i++)
		out[i] = (uint8_t)(digit(text[2 * i]) << 4 |
				   digit(text[2 * i + 1]));
	*out_len = len / 2;
	return 0;
}
