/* SPDX-License-Identifier: MIT */
#include "tests/lib/images.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"

int try_text(const char *text, struct image *out, char why[IMAGE_ERROR_CAP])
{
	size_t len = strlen(text);
	/* Without the NUL, so that reading past the end is seen. */
	uint8_t *copy = malloc(len ? len : 1);
	int err;

	assert_non_null(copy);
	for (size_t i = 0; i < len; i++)
		copy[i] = (uint8_t)text[i];
	err = image_parse("f", copy, len, 0, 0, out, why);
	free(copy);
	return err;
}

void refuse_text(const char *text, int err, unsigned int line,
		 const char *words)
{
	char why[IMAGE_ERROR_CAP] = "";
	char place[32] = "f: ";
	struct image img = { (void *)why, 99 };
	int got = try_text(text, &img, why);

	if (line)
		snprintf(place, sizeof(place), "f:%u: ", line);
	if (got != err || strncmp(why, place, strlen(place)) != 0 ||
	    !strstr(why, words))
		fail_msg("got %s \"%s\", expected %s at \"%s\" with \"%s\"",
			 error_name(got), why, error_name(err), place, words);
	/* The output stays as it was. */
	assert_ptr_equal(img.segments, why);
	assert_int_equal(img.count, 99);
}

void expect_image(const struct image *img, const char *segments)
{
	char got[2048] = "";
	char hex[1024];
	size_t n = 0;

	for (size_t i = 0; i < img->count; i++) {
		const struct image_segment *s = &img->segments[i];

		assert_true(s->len < sizeof(hex) / 2);
		hex_encode(s->data, s->len, hex);
		n += (size_t)snprintf(got + n, sizeof(got) - n,
				      "%s%08" PRIx32 ":%s", i ? " " : "",
				      s->address, hex);
		assert_true(n < sizeof(got));
	}
	assert_string_equal(got, segments);
}

void expect_text(const char *text, const char *segments)
{
	char why[IMAGE_ERROR_CAP] = "";
	struct image img;
	int err = try_text(text, &img, why);

	if (err)
		fail_msg("%s: %s", error_name(err), why);
	expect_image(&img, segments);
	image_free(&img);
}
