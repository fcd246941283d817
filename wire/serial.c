/* SPDX-License-Identifier: MIT */
/* The place in the image that holds each device's own serial number. */
#include <string.h>

#include "wire/serial.h"

static int u32_bytes(const char *serial, uint8_t out[SERIAL_CAP])
{
	size_t len = strlen(serial), at = len;
	uint64_t v = 0;

	while (at > 0 && serial[at - 1] >= '0' && serial[at - 1] <= '9')
		at--;
	if (at == len)
		return E_RANGE;
	for (; at < len; at++) {
		v = v * 10 + (uint64_t)(serial[at] - '0');
		if (v > UINT32_MAX)
			return E_RANGE;
	}
	for (size_t i = 0; i < 4; i++)
		out[i] = (uint8_t)(v >> (8 * i));
	return 0;
}

int serial_bytes(const struct serial_place *s, const char *serial,
		 uint8_t out[SERIAL_CAP])
{
	uint8_t bytes[SERIAL_CAP] = { 0 };
	size_t len = strnlen(serial, SERIAL_CAP);
	int err = 0;

	if (len == 0 || len == SERIAL_CAP)
		return E_RANGE;
	if (s->form == SERIAL_U32)
		err = u32_bytes(serial, bytes);
	else if (s->form != SERIAL_ASCII || len > s->len)
		err = E_RANGE;
	else
		memcpy(bytes, serial, len);
	if (!err)
		memcpy(out, bytes, sizeof(bytes));
	return err;
}

void serial_overlay(const struct release_header *h,
		    const uint8_t bytes[SERIAL_CAP], uint32_t at, uint8_t *p,
		    uint32_t len)
{
	uint32_t to = release_plain_offset(h, h->serial.address);

	if (h->serial.form == SERIAL_NONE)
		return;
	for (uint32_t i = 0; i < h->serial.len; i++)
		if (to + i - at < len)
			p[to + i - at] = bytes[i];
}

void serial_place_text(const struct serial_place *s, char out[SERIAL_PLACE_CAP])
{
	static const char hex[] = "0123456789abcdef";
	char *p = out;

	*p = '\0';
	if (s->form == SERIAL_NONE)
		return;
	memcpy(p, "0x", 2);
	p += 2;
	for (int shift = 28; shift >= 0; shift -= 4)
		*p++ = hex[s->address >> shift & 15];
	if (s->form == SERIAL_U32) {
		memcpy(p, ":u32", 5);
		return;
	}
	memcpy(p, ":ascii:", 7);
	p += 7;
	if (s->len >= 10)
		*p++ = (char)('0' + s->len / 10 % 10);
	*p++ = (char)('0' + s->len % 10);
	*p = '\0';
}
