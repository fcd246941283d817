/* SPDX-License-Identifier: MIT */
#include "cli/table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/hex.h"

#define COLUMNS_MAX 16

static const struct {
	const char *word, *colour;
} colours[] = {
	{ "open", "\033[32m" },	    { "closed", "\033[32m" },
	{ "enrolled", "\033[32m" }, { "installed", "\033[32m" },
	{ "reserved", "\033[33m" }, { "delivered", "\033[33m" },
	{ "paused", "\033[33m" },   { "invited", "\033[33m" },
	{ "ended", "\033[31m" },    { "revoked", "\033[31m" },
	{ "unknown", "\033[31m" },  { "scrapped", "\033[31m" },
	{ "failed", "\033[31m" },
};

bool table_colour(FILE *f)
{
	return isatty(fileno(f)) && getenv("NO_COLOR") == NULL;
}

size_t table_width(FILE *f)
{
	struct winsize ws;

	if (ioctl(fileno(f), TIOCGWINSZ, &ws) == 0 && ws.ws_col >= 20)
		return ws.ws_col;
	return 80;
}

static const struct shape_field *field_find(const struct shape *s,
					    const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->fields[i].name, name) == 0)
			return &s->fields[i];
	return NULL;
}

struct bytes_field { /* what SHAPE_BYTES_OF(n) looks like */
	uint32_t len;
	uint8_t data[];
};

static void bytes_text(const void *p, char out[TABLE_CELL_CAP])
{
	const struct bytes_field *b = p;

	if (b->len * 2 < TABLE_CELL_CAP)
		hex_encode(b->data, b->len, out);
}

static void field_text(const struct shape_field *f, const void *obj,
		       char out[TABLE_CELL_CAP])
{
	const void *p = (const char *)obj + f->offset;
	const struct blob *blob = p;

	out[0] = '\0';
	switch (f->type) {
	case SHAPE_U32:
		snprintf(out, TABLE_CELL_CAP, "%u", *(const uint32_t *)p);
		break;
	case SHAPE_U64:
		snprintf(out, TABLE_CELL_CAP, "%llu",
			 (unsigned long long)*(const uint64_t *)p);
		break;
	case SHAPE_BOOL:
		snprintf(out, TABLE_CELL_CAP, "%s",
			 *(const bool *)p ? "yes" : "no");
		break;
	case SHAPE_TEXT:
	case SHAPE_NAME:
		snprintf(out, TABLE_CELL_CAP, "%s", (const char *)p);
		break;
	case SHAPE_BYTES:
		bytes_text(p, out);
		break;
	case SHAPE_BLOB:
		if (blob->len > 0)
			snprintf(out, TABLE_CELL_CAP, "(%zu bytes)", blob->len);
		break;
	case SHAPE_LIST:
		break;
	}
}

void table_cell(const struct shape *s, const void *obj, const char *field,
		char out[TABLE_CELL_CAP])
{
	const struct shape_field *f = field_find(s, field);

	out[0] = '\0';
	if (f)
		field_text(f, obj, out);
}

static bool is_number(const struct shape *s, const char *field)
{
	const struct shape_field *f = field_find(s, field);

	return f && (f->type == SHAPE_U32 || f->type == SHAPE_U64);
}

static const char *colour_of(const char *word)
{
	for (size_t i = 0; i < sizeof(colours) / sizeof(colours[0]); i++)
		if (strcmp(colours[i].word, word) == 0)
			return colours[i].colour;
	return NULL;
}

/* Widths; 0 = no row has anything to say there. */
static void measure(const struct shape *item, const struct list *rows,
		    const struct column *cols, size_t count,
		    size_t widths[COLUMNS_MAX])
{
	char cell[TABLE_CELL_CAP];

	for (size_t c = 0; c < count; c++) {
		size_t w = 0;

		for (size_t r = 0; r < rows->count; r++) {
			table_cell(item, (char *)rows->items + r * item->size,
				   cols[c].field, cell);
			if (strlen(cell) > w)
				w = strlen(cell);
		}
		if (w > 0 && strlen(cols[c].title) > w)
			w = strlen(cols[c].title);
		widths[c] = w;
	}
}

struct line { /* where we are in the line being printed */
	FILE *f;
	size_t used, width; /* width 0 = no limit */
	bool first, colour;
};

static void put_cell(struct line *l, const char *text, size_t width, bool right,
		     bool last)
{
	const char *colour = l->colour ? colour_of(text) : NULL;
	size_t len = strlen(text);

	if (!l->first) {
		fputs("  ", l->f);
		l->used += 2;
	}
	l->first = false;
	if (last && l->width && l->used + len > l->width) {
		len = l->width > l->used + 2 ? l->width - l->used - 2 : 0;
		fprintf(l->f, "%.*s..", (int)len, text);
		return;
	}
	if (right)
		fprintf(l->f, "%*s", (int)(width - len), "");
	if (colour)
		fputs(colour, l->f);
	fputs(text, l->f);
	if (colour)
		fputs("\033[0m", l->f);
	if (!right && !last)
		fprintf(l->f, "%*s", (int)(width - len), "");
	l->used += width;
}

static void put_row(FILE *f, const struct shape *item, const void *obj,
		    const struct column *cols, size_t count,
		    const size_t widths[COLUMNS_MAX])
{
	struct line l = { f, 0, isatty(fileno(f)) ? table_width(f) : 0, true,
			  table_colour(f) };
	char cell[TABLE_CELL_CAP];
	size_t last = count;

	for (size_t c = 0; c < count; c++)
		if (widths[c] > 0)
			last = c;
	for (size_t c = 0; c < count; c++) {
		if (widths[c] == 0)
			continue;
		if (obj)
			table_cell(item, obj, cols[c].field, cell);
		else
			snprintf(cell, sizeof(cell), "%s", cols[c].title);
		put_cell(&l, cell, widths[c], is_number(item, cols[c].field),
			 c == last);
	}
	fputc('\n', f);
}

void table_rows(FILE *f, const struct shape *item, const struct list *rows,
		const struct column *cols, size_t count, bool heading)
{
	size_t widths[COLUMNS_MAX];

	if (rows->count == 0) {
		if (heading)
			fprintf(f, "none\n");
		return;
	}
	measure(item, rows, cols, count, widths);
	if (heading)
		put_row(f, item, NULL, cols, count, widths);
	for (size_t r = 0; r < rows->count; r++)
		put_row(f, item, (char *)rows->items + r * item->size, cols,
			count, widths);
}

void table_object(FILE *f, const struct shape *s, const void *obj)
{
	char cell[TABLE_CELL_CAP];
	bool colour = table_colour(f);

	for (size_t i = 0; i < s->count; i++) {
		const char *c;

		field_text(&s->fields[i], obj, cell);
		if (cell[0] == '\0')
			continue;
		c = colour ? colour_of(cell) : NULL;
		fprintf(f, "%-15s %s%s%s\n", s->fields[i].name, c ? c : "",
			cell, c ? "\033[0m" : "");
	}
}
