/* SPDX-License-Identifier: MIT */
#include "cli/layout.h"

#include "base/rw.h"
#include "wire/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ERASED 0xff

int layout_check(const struct chip *chip, const struct image *img,
		 const char *name, char why[LAYOUT_WHY_CAP])
{
	uint64_t base = chip->flash_base;
	uint64_t top = base + chip->flash_len;
	uint64_t limit = top - RESERVED_LEN;

	if (img->count == 0) {
		snprintf(why, LAYOUT_WHY_CAP, "%s: it holds no data", name);
		return E_RANGE;
	}
	for (size_t i = 0; i < img->count; i++) {
		uint64_t first = img->segments[i].address;
		uint64_t end = first + img->segments[i].len;

		if (first >= base && end <= limit)
			continue;
		if (first >= base && end <= top)
			snprintf(why, LAYOUT_WHY_CAP,
				 "%s: 0x%08llx..0x%08llx reaches into the "
				 "reserved top %u bytes of the flash, from "
				 "0x%08llx on",
				 name, (unsigned long long)first,
				 (unsigned long long)end - 1,
				 (unsigned)RESERVED_LEN,
				 (unsigned long long)limit);
		else
			snprintf(why, LAYOUT_WHY_CAP,
				 "%s: 0x%08llx..0x%08llx is outside the flash "
				 "of %s, 0x%08llx..0x%08llx",
				 name, (unsigned long long)first,
				 (unsigned long long)end - 1, chip->name,
				 (unsigned long long)base,
				 (unsigned long long)limit - 1);
		return E_RANGE;
	}
	return 0;
}

/* Joins segment i with its successor, gap included. */
static void join(struct segment *s, size_t *count, size_t i)
{
	s[i].len = s[i + 1].address + s[i + 1].len - s[i].address;
	memmove(&s[i + 1], &s[i + 2], (*count - i - 2) * sizeof(*s));
	(*count)--;
}

static size_t smallest_gap(const struct segment *s, size_t count)
{
	uint32_t best = UINT32_MAX;
	size_t at = 0;

	for (size_t i = 0; i + 1 < count; i++) {
		uint32_t gap = s[i + 1].address - (s[i].address + s[i].len);

		if (gap < best) {
			best = gap;
			at = i;
		}
	}
	return at;
}

/* Whole program units, and whole double words, which loaders count in; segments
 * that then touch or share a unit are one. */
static size_t pad(const struct chip *chip, const struct image *img,
		  struct segment *s)
{
	uint32_t unit = chip->program_unit < 8 ? 8 : chip->program_unit;
	size_t n = 0;

	for (size_t i = 0; i < img->count; i++) {
		uint32_t first = img->segments[i].address / unit * unit;
		uint32_t end = img->segments[i].address + img->segments[i].len;

		end = (end + unit - 1) / unit * unit;
		if (n > 0 && first <= s[n - 1].address + s[n - 1].len) {
			s[n - 1].len = end - s[n - 1].address;
			continue;
		}
		s[n++] = (struct segment){ first, end - first };
	}
	return n;
}

static int copy(const struct image *img, struct layout *l,
		char why[LAYOUT_WHY_CAP])
{
	size_t at = 0;

	for (size_t i = 0; i < l->count; i++)
		l->len += l->segments[i].len;
	if (l->len > IMAGE_MAX) {
		snprintf(why, LAYOUT_WHY_CAP,
			 "the image has %zu bytes, a release at most %u",
			 l->len, IMAGE_MAX);
		return E_TOO_LARGE;
	}
	l->plain = malloc(l->len);
	if (l->plain == NULL) {
		snprintf(why, LAYOUT_WHY_CAP, "out of memory");
		return E_NOMEM;
	}
	for (size_t i = 0; i < l->count; i++) {
		image_read(img, l->segments[i].address, ERASED, l->plain + at,
			   l->segments[i].len);
		at += l->segments[i].len;
	}
	return 0;
}

int layout_make(const struct chip *chip, const struct image *img,
		struct layout *out, char why[LAYOUT_WHY_CAP])
{
	struct segment *s = calloc(img->count, sizeof(*s));
	struct layout l = { .count = 0 };
	size_t n;
	int r;

	if (s == NULL) {
		snprintf(why, LAYOUT_WHY_CAP, "out of memory");
		return E_NOMEM;
	}
	n = pad(chip, img, s);
	while (n > SEGMENTS_MAX)
		join(s, &n, smallest_gap(s, n));
	memcpy(l.segments, s, n * sizeof(*s));
	l.count = (uint8_t)n;
	free(s);
	r = copy(img, &l, why);
	if (r == 0)
		*out = l;
	return r;
}

/*
 * The vectors of NMI and HardFault go to 4 and 5, whose places the core leaves
 * alone (ARMv6-M ARM B1.5.3); the stub's come in (wire/layout.h).  A table may
 * be filled with its fault handler; anything else there is somebody's.
 */
static int move_faults(const struct chip *chip, struct layout *l,
		       char why[LAYOUT_WHY_CAP])
{
	uint32_t v[6] = { 0 };
	bool free = l->segments[0].len >= sizeof(v);
	struct rd r;

	rd_init(&r, l->plain, free ? sizeof(v) : 0);
	for (size_t i = 0; free && i < 6; i++)
		v[i] = rd_u32(&r);
	for (size_t i = 4; i < 6; i++)
		free = free && (v[i] == 0 || v[i] == UINT32_MAX ||
				v[i] == v[2] || v[i] == v[3]);
	if (free) {
		memcpy(l->plain + 16, l->plain + 8, 8);
		return 0;
	}
	snprintf(
		why, LAYOUT_WHY_CAP,
		"a sealed release for %s needs the vectors 4 and 5 (at 0x%08x) "
		"for the firmware's own NMI and HardFault: they must be blank, "
		"or their like",
		chip->name, chip->flash_base + 16);
	return E_RANGE;
}

int layout_seal(const struct chip *chip, struct layout *l, uint32_t out_boot[2],
		char why[LAYOUT_WHY_CAP])
{
	uint32_t top = chip->flash_base + chip->flash_len - RESERVED_LEN;
	uint32_t first = chip->flash_base + chip->frozen;
	uint32_t stack, reset;
	uint8_t boot[CHIP_BOOT_MAX];
	size_t len = chip_boot(chip, boot);
	struct rd r;

	if (l->count != 0 &&
	    l->segments[l->count - 1].address + l->segments[l->count - 1].len >
		    top + LOADER_OFFSET) {
		snprintf(why, LAYOUT_WHY_CAP,
			 "a sealed release leaves the flash from 0x%08x on to "
			 "the loader",
			 top + LOADER_OFFSET);
		return E_RANGE;
	}
	if (l->count == 0 || l->segments[0].address != first ||
	    l->segments[0].len < 8) {
		snprintf(why, LAYOUT_WHY_CAP,
			 chip->frozen ? "a sealed release for %s is linked for "
					"0x%08x: the lock freezes what lies "
					"below, which anybody may read"
				      : "a sealed release for %s needs its "
					"stack pointer and reset vector at "
					"0x%08x, where the chip starts",
			 chip->name, first);
		return E_RANGE;
	}
	rd_init(&r, l->plain, 8);
	stack = rd_u32(&r);
	reset = rd_u32(&r);
	if (stack % 4 != 0 || reset % 2 == 0 || reset - first >= top - first) {
		snprintf(why, LAYOUT_WHY_CAP,
			 "0x%08x: 0x%08x 0x%08x are no stack pointer and reset "
			 "vector",
			 first, stack, reset);
		return E_RANGE;
	}
	out_boot[0] = stack;
	out_boot[1] = reset;
	if (chip->frozen)
		return 0;
	if (chip->boot_faults && move_faults(chip, l, why) != 0)
		return E_RANGE;
	memcpy(l->plain, boot, len);
	return 0;
}

/* Plaintext bytes of [address, address + len), or NULL: not in one segment. */
static uint8_t *bytes_at(struct layout *l, uint32_t address, uint32_t len)
{
	uint8_t *p = l->plain;

	for (size_t i = 0; i < l->count; i++) {
		const struct segment *s = &l->segments[i];

		if (address - s->address < s->len)
			return len <= s->len - (address - s->address)
				       ? p + (address - s->address)
				       : NULL;
		p += s->len;
	}
	return NULL;
}

static bool all_are(const uint8_t *p, size_t len, uint8_t value)
{
	while (len > 0 && *p == value) {
		p++;
		len--;
	}
	return len == 0;
}

int layout_serial(const struct chip *chip, struct layout *l,
		  const struct serial_place *place, char why[LAYOUT_WHY_CAP])
{
	uint32_t room = chip->flash_len - RESERVED_LEN;
	uint32_t at = place->address - chip->flash_base;
	uint8_t *p = bytes_at(l, place->address, place->len);

	if (at >= chip->flash_len)
		snprintf(why, LAYOUT_WHY_CAP,
			 "the serial number's place 0x%08x lies outside of the "
			 "flash",
			 place->address);
	else if (at + place->len > room)
		snprintf(why, LAYOUT_WHY_CAP,
			 "the serial number's place 0x%08x lies in the "
			 "reserved top of the flash, from 0x%08x on",
			 place->address, chip->flash_base + room);
	else if (p == NULL)
		snprintf(why, LAYOUT_WHY_CAP,
			 "the serial number's place 0x%08x+%u is not in the "
			 "image: let the linker keep room for it there",
			 place->address, place->len);
	else if (place->address - l->segments[0].address < 8)
		snprintf(why, LAYOUT_WHY_CAP,
			 "0x%08x holds the stack pointer and the reset vector, "
			 "no serial number",
			 l->segments[0].address);
	else if (!all_are(p, place->len, 0xff) && !all_are(p, place->len, 0))
		snprintf(why, LAYOUT_WHY_CAP,
			 "the image has other content at the serial number's "
			 "place 0x%08x+%u: it must be all FF, or all zeros",
			 place->address, place->len);
	else {
		memset(p, ERASED, place->len);
		return 0;
	}
	return E_RANGE;
}

void layout_free(struct layout *l)
{
	free(l->plain);
	memset(l, 0, sizeof(*l));
}
