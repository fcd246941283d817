/* SPDX-License-Identifier: MIT */
/*
 * cli/table.h - answers of the server, for people and for scripts.
 *
 * For people: aligned columns; columns that are empty in every row are left
 * out.  On a terminal, and there alone: colours, and when it is too narrow,
 * times of today without the date, others without the hour, columns left out
 * that say the usual in every row (tries 1, held 0), rows that go on in the
 * next line, and long texts wrapped. For scripts: JSON as the server's shapes
 * have it.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "api/shape.h"

struct column {
	const char *field; /* name in the shape */
	const char *title; /* "quantity" */
	bool wraps; /* the last column: goes into a line of its own when the
		     * terminal is too narrow, instead of being cut */
};

#define TABLE_CELL_CAP 192

/* A field's value as text; blobs as "(N bytes)"; "" when empty or unknown. */
void table_cell(const struct shape *s, const void *obj, const char *field,
		char out[TABLE_CELL_CAP]);

/* Rows under a heading; nothing at all for no rows but "none". */
void table_rows(FILE *f, const struct shape *item, const struct list *rows,
		const struct column *cols, size_t count, bool heading);
/* One object, a line per field that has a value. */
void table_object(FILE *f, const struct shape *s, const void *obj);

/* Whether f may carry colours: a terminal, and NO_COLOR is not set. */
bool table_colour(FILE *f);
/* Columns of the terminal; 80 when f is none or hides it. */
size_t table_width(FILE *f);

#endif
