/* SPDX-License-Identifier: MIT */
#include "api/shape.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/shape_impl.h"

#define U64_JSON_MAX                                            \
	((UINT64_C(1) << 53) - 1) /* exact in every JSON reader \
				   */

static bool name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
	       c == '_' || c == '-';
}

static bool name_ok(const struct shape_field *f, const char *s, size_t len)
{
	if (!len)
		return !f->required;
	for (size_t i = 0; i < len; i++)
		if (!name_char(s[i]))
			return false;
	return s[0] != '.' && s[0] != '_' && s[0] != '-';
}

/* Printable UTF-8.  Plain ASCII, nearly everything, needs no allocation; for
 * the rest the JSON library's own check decides, as it must accept the text
 * later anyway. */
static bool text_ok(const char *s, size_t len)
{
	bool ascii = true;
	json_t *t;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c < 0x20 || c == 0x7f)
			return false;
		if (c >= 0x80)
			ascii = false;
	}
	if (ascii)
		return true;
	t = json_stringn(s, len);
	json_decref(t);
	return t != NULL;
}

bool shape_text_ok(const struct shape_field *f, const char *s, size_t len)
{
	if (len >= f->cap || len < f->min)
		return false;
	if (f->type == SHAPE_NAME)
		return name_ok(f, s, len);
	return text_ok(s, len);
}

static uint64_t number_max(const struct shape_field *f)
{
	if (f->max)
		return f->max;
	return f->type == SHAPE_U32 ? UINT32_MAX : U64_JSON_MAX;
}

bool shape_number_ok(const struct shape_field *f, uint64_t v)
{
	return v >= f->min && v <= number_max(f);
}

bool shape_length_ok(const struct shape_field *f, size_t len)
{
	if (!len && !f->required)
		return true;
	return len >= f->min && len <= f->cap;
}

bool shape_field_empty(const struct shape_field *f, const void *p)
{
	const void *at = shape_at_const(f, p);

	switch (f->type) {
	case SHAPE_U32:
		return *(const uint32_t *)at == 0;
	case SHAPE_U64:
		return *(const uint64_t *)at == 0;
	case SHAPE_BOOL:
		return !*(const bool *)at;
	case SHAPE_TEXT:
	case SHAPE_NAME:
		return *(const char *)at == '\0';
	case SHAPE_BYTES:
		return ((const struct shape_bytes *)at)->len == 0;
	case SHAPE_BLOB:
		return ((const struct blob *)at)->len == 0;
	case SHAPE_LIST:
		return ((const struct list *)at)->count == 0;
	}
	return true;
}

/* "exactly 16 bytes", "1 to 12 bytes", "at most 472 bytes" */
static void length_text(const struct shape_field *f, char *out, size_t cap)
{
	if (f->min == f->cap)
		snprintf(out, cap, "exactly %zu bytes", f->cap);
	else if (f->min)
		snprintf(out, cap, "%" PRIu64 " to %zu bytes", f->min, f->cap);
	else
		snprintf(out, cap, "at most %zu bytes", f->cap);
}

int shape_complain(const struct shape_field *f, int err,
		   char why[SHAPE_WHY_CAP])
{
	char len[48];

	length_text(f, len, sizeof(len));
	switch (f->type) {
	case SHAPE_U32:
	case SHAPE_U64:
		snprintf(why, SHAPE_WHY_CAP,
			 "%s: must be an integer from %" PRIu64 " to %" PRIu64,
			 f->name, f->min, number_max(f));
		break;
	case SHAPE_BOOL:
		snprintf(why, SHAPE_WHY_CAP, "%s: must be true or false",
			 f->name);
		break;
	case SHAPE_TEXT:
		snprintf(why, SHAPE_WHY_CAP,
			 "%s: must be text of %s%zu bytes without control "
			 "characters",
			 f->name, f->min ? "1 to " : "at most ", f->cap - 1);
		break;
	case SHAPE_NAME:
		snprintf(why, SHAPE_WHY_CAP,
			 "%s: must be 1 to %zu characters of a-z 0-9 . _ - , "
			 "beginning with a letter or digit",
			 f->name, f->cap - 1);
		break;
	case SHAPE_BYTES:
		snprintf(why, SHAPE_WHY_CAP, "%s: must be hex digits, %s",
			 f->name, len);
		break;
	case SHAPE_BLOB:
		snprintf(why, SHAPE_WHY_CAP, "%s: must be base64, %s", f->name,
			 len);
		break;
	case SHAPE_LIST:
		snprintf(why, SHAPE_WHY_CAP,
			 "%s: must be an array of at most %zu objects", f->name,
			 f->cap);
		break;
	}
	return err;
}

static void list_clear(const struct shape *item, struct list *l)
{
	for (size_t i = 0; i < l->count; i++)
		shape_clear(item, (uint8_t *)l->items + i * item->size);
	free(l->items);
}

void shape_clear(const struct shape *s, void *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < s->count; i++) {
		const struct shape_field *f = &s->fields[i];

		if (f->type == SHAPE_BLOB)
			free(((struct blob *)shape_at(f, p))->data);
		else if (f->type == SHAPE_LIST)
			list_clear(f->item, shape_at(f, p));
	}
	memset(p, 0, s->size);
}
