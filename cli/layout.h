/* SPDX-License-Identifier: MIT */
/*
 * cli/layout.h - firmware files to what a release holds.
 *
 * A release's segments are whole program units of the chip (the padding is
 * FF, as erased flash), at most SEGMENTS_MAX, inside the flash and below its
 * reserved top, so that digest and signature are of the bytes as installed.
 */
#ifndef CLI_LAYOUT_H
#define CLI_LAYOUT_H

#include "chip/chip.h"
#include "image/image.h"
#include "wire/release.h"

#define LAYOUT_WHY_CAP 320

struct layout {
	struct segment segments[SEGMENTS_MAX];
	uint8_t count;
	uint8_t *plain; /* malloc'ed: the segments' bytes without gaps */
	size_t len;
};

/* E_RANGE when img, read from name, has a byte outside the part of the flash
 * that images may use; why[] says which and where. */
MUST_USE int layout_check(const struct chip *chip, const struct image *img,
			  const char *name, char why[LAYOUT_WHY_CAP]);
/* Pads, joins and copies.  img must have passed layout_check().  E_TOO_LARGE
 * above IMAGE_MAX. */
MUST_USE int layout_make(const struct chip *chip, const struct image *img,
			 struct layout *out, char why[LAYOUT_WHY_CAP]);
/* Lays l out for sealed mode (wire/layout.h): the image's reset vector becomes
 * the address of the resident stub; out_boot gets the two words that stood at
 * its beginning.  E_RANGE when the chip's first words are not in the image, or
 * are no stack pointer and reset vector. */
MUST_USE int layout_seal(const struct chip *chip, struct layout *l,
			 uint32_t out_boot[2], char why[LAYOUT_WHY_CAP]);
/* Makes room for the device's serial number (wire/release.h): E_RANGE when the
 * image has no blank bytes (all FF or all zeros) there.  They become FF. */
MUST_USE int layout_serial(const struct chip *chip, struct layout *l,
			   const struct serial_place *place,
			   char why[LAYOUT_WHY_CAP]);
void layout_free(struct layout *l);

#endif
