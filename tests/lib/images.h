/* SPDX-License-Identifier: MIT */
/* tests/lib/images.h - short ways to try a firmware file in memory. */
#ifndef TESTS_LIB_IMAGES_H
#define TESTS_LIB_IMAGES_H

#include <stddef.h>
#include <stdint.h>

#include "image/image.h"

/* The parser's verdict on text, and its explanation. */
int try_text(const char *text, struct image *out, char why[IMAGE_ERROR_CAP]);

/* It must fail with err, in line (0: of no line), saying words. */
void refuse_text(const char *text, int err, unsigned int line,
		 const char *words);

/* It must give segments "08000000:0102 08000010:ff". */
void expect_text(const char *text, const char *segments);
void expect_image(const struct image *img, const char *segments);

#endif
