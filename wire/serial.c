/* SPDX-License-Identifier: MIT */
/* The place in the image that holds each device's own serial number. */
#include <string.h>

#include "wire/release.h"

#define BOOT_LEN 8u /* stack pointer and reset vector */

static bool place_valid(const struct serial_place *s)
{
	if (s->form == SERIAL_U32)
		return s->len == 4;
	return s->form == SERIAL_ASCII && s->len >= 1 && s->len <= SERIAL_CAP;
}

/* Index of the segment that has all of it, or count. */
static size_t home(const struct release_header *h)
{
	const struct serial_place *p = &h->serial;
	size_t i;

	for (i = 0; i < h->fw.segment_count; i++) {
		const struct segment *s = &h->fw.segments[i];

		/* wraps to something large when it begins before */
		if (p->address - s->address < s->len &&
		    p->len <= s->len - (p->address - s->address))
			break;
	}
	return i;
}

int release_signed_part(const struct release_header *h,
			struct firmware_info *out)
{
	struct segment all[SEGMENTS_MAX + 1];
	uint32_t first = h->serial.address;
	uint32_t end = first + h->serial.len;
	size_t n = 0, at;

	*out = h->fw;
	if (h->serial.form == SERIAL_NONE)
		return 0;
	if (h->fw.segment_count == 0 || h->fw.segment_count > SEGMENTS_MAX)
		return E_RANGE;
	at = home(h);
	if (!place_valid(&h->serial) || at == h->fw.segment_count ||
	    first - h->fw.segments[0].address < BOOT_LEN)
		return E_RANGE;
	for (size_t i = 0; i < h->fw.segment_count; i++) {
		const struct segment *s = &h->fw.segments[i];
		uint32_t s_end = s->address + s->len;

		if (i != at) {
			all[n++] = *s;
			continue;
		}
		if (first != s->address)
			all[n++] = (struct segment){ s->address,
						     first - s->address };
		if (end != s_end)
			all[n++] = (struct segment){ end, s_end - end };
	}
	if (n > SEGMENTS_MAX)
		return E_TOO_LARGE;
	out->segment_count = (uint8_t)n;
	memset(out->segments, 0, sizeof(out->segments));
	memcpy(out->segments, all, n * sizeof(all[0]));
	return 0;
}

uint32_t release_plain_offset(const struct release_header *h, uint32_t address)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < h->fw.segment_count; i++) {
		const struct segment *s = &h->fw.segments[i];

		if (address - s->address < s->len)
			return sum + (address - s->address);
		sum += s->len;
	}
	return sum;
}

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

	if (!place_valid(s) || len == 0 || len == SERIAL_CAP)
		return E_RANGE;
	if (s->form == SERIAL_U32)
		err = u32_bytes(serial, bytes);
	else if (len > s->len)
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
