/* SPDX-License-Identifier: MIT */
/* image/internal.h - what the readers of the formats share; for image/ only.
 */
#ifndef IMAGE_INTERNAL_H
#define IMAGE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/image.h"

/* What place counts, for messages. */
enum place_kind { PLACE_LINE, PLACE_PROGRAM_HEADER };

/* One record's or segment's bytes, as they came; place is the line of a text
 * file or the number of a program header, for messages. */
struct piece {
	uint32_t address;
	uint32_t len;
	uint32_t place;
	size_t at; /* offset in builder.data */
};

/*
 * Collects pieces in any order and makes an image of them: sorted, adjacent
 * ones joined, doubly defined bytes refused.
 */
struct builder {
	const char *name; /* of the file, for messages */
	enum place_kind kind;
	uint32_t now; /* the place that is being read, 0 for none */
	char *why;    /* IMAGE_ERROR_CAP bytes */
	struct piece *pieces;
	size_t count;
	size_t cap;
	uint8_t *data;
	size_t data_len;
	size_t data_cap;
};

/* Writes "name:line: text" to why and returns err. */
int builder_fail(struct builder *b, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), warn_unused_result));
MUST_USE int builder_add(struct builder *b, uint64_t address, const void *p,
			 size_t len);
/* E_SYNTAX when there is no byte at all. */
MUST_USE int builder_finish(struct builder *b, struct image *out);
void builder_free(struct builder *b);

/* Lines of a text file, ended by LF, CR LF or CR; blanks at their ends and
 * empty lines are skipped.  number counts from 1. */
struct lines {
	const uint8_t *p;
	size_t left;
	uint32_t number;
};
/* False at the end of the file. */
bool lines_next(struct lines *l, const uint8_t **line, size_t *len);

/* Pairs of hexadecimal digits to bytes; explains what is wrong. */
MUST_USE int record_bytes(struct builder *b, const uint8_t *text, size_t len,
			  uint8_t *out, size_t cap, size_t *out_len);

/* The formats. */
MUST_USE int image_read_hex(struct builder *b, const uint8_t *buf, size_t len);
MUST_USE int image_read_srec(struct builder *b, const uint8_t *buf, size_t len);
MUST_USE int image_read_elf(struct builder *b, const uint8_t *buf, size_t len);

#endif
