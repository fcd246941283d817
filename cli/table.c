/* SPDX-License-Identifier: MIT */
#include "cli/table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "api/messages.h"
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

/* COLUMNS of the environment, for output that is not a terminal's; 0 = none */
static size_t columns_wanted(void)
{
	const char *s = getenv("COLUMNS");
	long n = s ? strtol(s, NULL, 10) : 0;

	return n >= 20 && n <= 1000 ? (size_t)n : 0;
}

size_t table_width(FILE *f)
{
	struct winsize ws;
	size_t n;

	if (ioctl(fileno(f), TIOCGWINSZ, &ws) == 0 && ws.ws_col >= 20)
		return ws.ws_col;
	n = columns_wanted();
	return n ? n : 80;
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

/* A table being printed. */
struct table {
	FILE *f;
	const struct shape *item;
	const struct column *cols;
	size_t count, last;	    /* last = the last column that is shown */
	size_t widths[COLUMNS_MAX]; /* 0 = no row has anything to say there */
	size_t limit;		    /* of the terminal; 0 = none */
	bool colour, short_of_room;
};

static bool is_time(const char *text)
{
	return strlen(text) == TIME_CAP - 1 && text[10] == 'T' &&
	       text[TIME_CAP - 2] == 'Z';
}

/* "2026-11-20T10:00:16Z" -> "10:00:16" today, "2026-11-20" before. */
static void shorten_time(char text[TABLE_CELL_CAP])
{
	char today[16];
	time_t now = time(NULL);
	struct tm tm;

	if (gmtime_r(&now, &tm) == NULL)
		return;
	strftime(today, sizeof(today), "%Y-%m-%d", &tm);
	if (strncmp(text, today, 10) == 0) {
		memmove(text, text + 11, 8);
		text[8] = '\0';
	} else {
		text[10] = '\0';
	}
}

/* A digest that is mentioned, not listed: its beginning tells which. */
static void shorten_digest(const char *field, char text[TABLE_CELL_CAP])
{
	if (strcmp(field, "digest") != 0 && strlen(text) == 2 * DIGEST_LEN &&
	    strspn(text, "0123456789abcdef") == 2 * DIGEST_LEN)
		memcpy(text + 16, "..", 3);
}

static void table_text(const struct table *t, const void *obj, size_t c,
		       char out[TABLE_CELL_CAP])
{
	table_cell(t->item, obj, t->cols[c].field, out);
	shorten_digest(t->cols[c].field, out);
	if (t->short_of_room && is_time(out))
		shorten_time(out);
}

/* What says nothing when every row says it; left out where room is short. */
static const struct {
	const char *field, *text;
	bool always; /* with room as well */
} usual[] = {
	{ "reserved", "0", false }, { "unknown", "0", false },
	{ "scrapped", "0", false }, { "attempts", "1", false },
	{ "count", "1", true },
};

static bool is_usual(const struct table *t, const char *field, const char *text)
{
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (strcmp(usual[i].field, field) == 0)
			return (t->short_of_room || usual[i].always) &&
			       strcmp(usual[i].text, text) == 0;
	return false;
}

/* Fills widths and last; returns the whole width. */
static size_t measure(struct table *t, const struct list *rows)
{
	char cell[TABLE_CELL_CAP];
	size_t total = 0;

	for (size_t c = 0; c < t->count; c++) {
		size_t w = 0;
		bool dull = true;

		for (size_t r = 0; r < rows->count; r++) {
			table_text(t, (char *)rows->items + r * t->item->size,
				   c, cell);
			if (strlen(cell) > w)
				w = strlen(cell);
			dull = dull && is_usual(t, t->cols[c].field, cell);
		}
		if (dull)
			w = 0;
		if (w > 0 && strlen(t->cols[c].title) > w)
			w = strlen(t->cols[c].title);
		t->widths[c] = w;
		if (w > 0) {
			total += w + (total ? 2 : 0);
			t->last = c;
		}
	}
	return total;
}

static void put_text(const struct table *t, const char *text, bool heading)
{
	const char *colour = t->colour && !heading ? colour_of(text) : NULL;

	fprintf(t->f, "%s%s%s", colour ? colour : "", text,
		colour ? "\033[0m" : "");
}

/* Blanks are owed until something stands behind them: none end a line. */
static void put_cell(const struct table *t, const char *text, size_t *owed,
		     bool heading)
{
	if (text[0] == '\0')
		return;
	fprintf(t->f, "%*s", (int)*owed, "");
	*owed = 0;
	put_text(t, text, heading);
}

/* Lines of their own, broken at blanks where there are some. */
static void put_below(const struct table *t, const char *text)
{
	size_t room = t->limit - 4;

	while (*text) {
		size_t n = strlen(text), cut;

		if (n > room) {
			for (cut = room; cut > 0 && text[cut] != ' ';)
				cut--;
			n = cut ? cut : room;
		}
		fprintf(t->f, "\n    %.*s", (int)n, text);
		text += n;
		text += strspn(text, " ");
	}
}

/* The last cell may be too long for the terminal. */
static void put_last(const struct table *t, const char *text, size_t used,
		     size_t owed, bool heading)
{
	size_t room = t->limit > used ? t->limit - used : 0;

	if (t->limit == 0 || strlen(text) <= room)
		put_cell(t, text, &owed, heading);
	else if (t->cols[t->last].wraps)
		put_below(t, text);
	else
		fprintf(t->f, "%*s%.*s..", (int)owed, "",
			room > 2 ? (int)room - 2 : 0, text);
}

/* A row goes on in the next line where a column has no room.  The last one, if
 * it may wrap, decides by itself, row by row. */
static bool breaks_before(const struct table *t, size_t c, size_t used)
{
	if (c == t->last && t->cols[c].wraps)
		return false;
	return t->limit && used + 2 + t->widths[c] > t->limit;
}

/* obj NULL = the heading. */
static void put_row(const struct table *t, const void *obj)
{
	char cell[TABLE_CELL_CAP];
	size_t used = 0, owed = 0, pad;

	for (size_t c = 0; c <= t->last; c++) {
		bool number = is_number(t->item, t->cols[c].field);

		if (t->widths[c] == 0)
			continue;
		if (obj)
			table_text(t, obj, c, cell);
		else
			snprintf(cell, sizeof(cell), "%s", t->cols[c].title);
		if (used && breaks_before(t, c, used)) {
			used = (size_t)fprintf(t->f, "\n    ") - 1;
			owed = 0;
		} else {
			owed += used ? 2 : 0;
			used += used ? 2 : 0;
		}
		pad = t->widths[c] - strlen(cell);
		owed += number ? pad : 0;
		used += number ? pad : 0;
		if (c == t->last) {
			put_last(t, cell, used, owed, obj == NULL);
			break;
		}
		put_cell(t, cell, &owed, obj == NULL);
		owed += number ? 0 : pad;
		used += strlen(cell) + (number ? 0 : pad);
	}
	fputc('\n', t->f);
}

void table_rows(FILE *f, const struct shape *item, const struct list *rows,
		const struct column *cols, size_t count, bool heading)
{
	struct table t = { .f = f,
			   .item = item,
			   .cols = cols,
			   .count = count,
			   .limit = isatty(fileno(f)) ? table_width(f)
						      : columns_wanted(),
			   .colour = table_colour(f) };

	if (rows->count == 0) {
		if (heading)
			fprintf(f, "none\n");
		return;
	}
	if (measure(&t, rows) > t.limit && t.limit) {
		t.short_of_room = true;
		(void)measure(&t, rows);
	}
	if (heading)
		put_row(&t, NULL);
	for (size_t r = 0; r < rows->count; r++)
		put_row(&t, (char *)rows->items + r * item->size);
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
