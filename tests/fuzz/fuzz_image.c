/* SPDX-License-Identifier: MIT */
/*
 * Firmware files of every format: what is taken is ordered and bounded, can be
 * read back and cannot be merged with itself; what is refused says why in one
 * line.
 */
#include <stdlib.h>
#include <string.h>

#include "image/image.h"
#include "wire/const.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_segments(const struct image *img)
{
	uint64_t end = 0;
	uint64_t sum = 0;

	if (!img->count)
		abort();
	for (size_t i = 0; i < img->count; i++) {
		const struct image_segment *s = &img->segments[i];

		if (!s->len || (i && s->address <= end))
			abort();
		end = (uint64_t)s->address + s->len;
		sum += s->len;
		if (end > (uint64_t)UINT32_MAX + 1 || sum > IMAGE_MAX)
			abort();
	}
}

static void check_read(const struct image *img)
{
	const struct image_segment *s = &img->segments[0];
	size_t len = s->len < 4096 ? s->len : 4096;
	uint8_t buf[4096 + 2];

	image_read(img, s->address, 0, buf, len);
	if (memcmp(buf, s->data, len) != 0)
		abort();
	if (!s->address)
		return;
	/* one byte before, which is a gap */
	image_read(img, s->address - 1, 0xa5, buf, len + 1);
	if (buf[0] != 0xa5 || memcmp(buf + 1, s->data, len) != 0)
		abort();
}

static void check_why(const char *why)
{
	if (strncmp(why, "fuzz", 4) || strlen(why) >= IMAGE_ERROR_CAP ||
	    strchr(why, '\n'))
		abort();
}

static void try_parse(const uint8_t *data, size_t len, int binary,
		      uint32_t address)
{
	char why[IMAGE_ERROR_CAP] = "";
	struct image img;

	if (image_parse("fuzz", data, len, binary, address, &img, why)) {
		check_why(why);
		return;
	}
	check_segments(&img);
	check_read(&img);
	if (image_merge(&img, &img, why) != E_OVERLAP &&
	    strstr(why, "larger") == NULL)
		abort();
	image_free(&img);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	try_parse(data, len, 0, 0);
	try_parse(data, len, 1, 0xffffff00);
	return 0;
}
