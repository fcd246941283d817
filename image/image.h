/* SPDX-License-Identifier: MIT */
/*
 * image/image.h - firmware files to segments.
 *
 * Reads Intel HEX (record types 00-05), Motorola S-record (S0-S9), ELF32
 * little-endian (PT_LOAD program headers, physical addresses) and raw binary
 * with an address ("file.bin@0x08004000").  The format is recognised by
 * content, binary by the @ADDRESS.  Every refusal names file, line or offset,
 * and what is wrong.
 */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define IMAGE_ERROR_CAP 256
#define IMAGE_BYTES_MAX                                      \
	(2u << 20) /* of firmware; IMAGE_MAX of wire/const.h \
		    */

struct image_segment {
	uint32_t address;
	uint32_t len;
	uint8_t *data; /* owned by the image */
};

struct image { /* segments ascending, not overlapping, not adjacent */
	struct image_segment *segments;
	size_t count;
};

/* name may carry "@ADDRESS" (C number syntax).  On failure why[] explains in
 * one line: "app.hex:12: checksum is 3f, should be 40". */
MUST_USE int image_load(const char *name, struct image *out,
			char why[IMAGE_ERROR_CAP]);
/* The same from memory; name only appears in messages.  address is used for
 * raw binaries; binary = 0 recognises the format. */
MUST_USE int image_parse(const char *name, const uint8_t *buf, size_t len,
			 int binary, uint32_t address, struct image *out,
			 char why[IMAGE_ERROR_CAP]);
/* Adds more into img; E_OVERLAP when both define a byte.  more is left alone.
 */
MUST_USE int image_merge(struct image *img, const struct image *more,
			 char why[IMAGE_ERROR_CAP]);
/* Reads len bytes at address; gaps read as fill. */
void image_read(const struct image *img, uint32_t address, uint8_t fill,
		uint8_t *out, size_t len);
void image_free(struct image *img);

#endif
