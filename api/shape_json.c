/* SPDX-License-Identifier: MIT */
/* JSON to struct and back, by shape. */
#include <inttypes.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/shape.h"
#include "api/shape_impl.h"
#include "base/hex.h"

#define DEPTH_MAX 4   /* object, list, object: 3 is the deepest we speak */
#define BYTES_MAX 512 /* largest SHAPE_BYTES array */

/* ---- base64 (RFC 4648, padded), by OpenSSL ----------------------------- */

/* EVP_DecodeBlock skips blanks and ignores stray bits, so what it decoded
 * must encode to the same text again: one value has one form. */
static int base64_decode(const char *s, size_t len, size_t cap,
			 struct blob *out)
{
	size_t n = len / 4 * 3;
	uint8_t *data = NULL;
	char *again = NULL;
	int err = E_SYNTAX;

	if (len % 4 || len > INT_MAX)
		return E_SYNTAX;
	if (len && s[len - 1] == '=')
		n -= s[len - 2] == '=' ? 2 : 1;
	if (n > cap)
		return E_RANGE;
	data = malloc(len / 4 * 3 + 1);
	again = malloc(len + 1);
	if (!data || !again) {
		err = E_NOMEM;
		goto out;
	}
	if (len && EVP_DecodeBlock(data, (const uint8_t *)s, (int)len) < 0)
		goto out;
	EVP_EncodeBlock((uint8_t *)again, data, (int)n);
	if (memcmp(again, s, len) != 0)
		goto out;
	out->data = data;
	out->len = n;
	data = NULL; /* transferred */
	err = 0;
out:
	free(data);
	free(again);
	return err;
}

static json_t *base64_make(const struct blob *b)
{
	size_t cap = (b->len + 2) / 3 * 4 + 1;
	char *text;
	json_t *j;

	if (b->len > INT_MAX / 4)
		return NULL;
	text = malloc(cap);
	if (!text)
		return NULL;
	text[0] = '\0';
	EVP_EncodeBlock((uint8_t *)text, b->data, (int)b->len);
	j = json_stringn_nocheck(text, (b->len + 2) / 3 * 4);
	free(text);
	return j;
}

/* ---- JSON value to field ----------------------------------------------- */

static int read_number(const struct shape_field *f, json_t *v, void *at,
		       char *why)
{
	uint64_t n;

	if (!json_is_integer(v))
		return shape_complain(f, E_SYNTAX, why);
	if (json_integer_value(v) < 0)
		return shape_complain(f, E_RANGE, why);
	n = (uint64_t)json_integer_value(v);
	if (!shape_number_ok(f, n))
		return shape_complain(f, E_RANGE, why);
	if (f->type == SHAPE_U32)
		*(uint32_t *)at = (uint32_t)n;
	else
		*(uint64_t *)at = n;
	return 0;
}

static int read_bool(const struct shape_field *f, json_t *v, void *at,
		     char *why)
{
	if (!json_is_boolean(v))
		return shape_complain(f, E_SYNTAX, why);
	*(bool *)at = json_is_true(v);
	return 0;
}

static int read_text(const struct shape_field *f, json_t *v, void *at,
		     char *why)
{
	size_t len = json_string_length(v);

	if (!json_is_string(v) || !shape_text_ok(f, json_string_value(v), len))
		return shape_complain(f, E_SYNTAX, why);
	memcpy(at, json_string_value(v), len);
	((char *)at)[len] = '\0';
	return 0;
}

static int read_bytes(const struct shape_field *f, json_t *v, void *at,
		      char *why)
{
	struct shape_bytes *b = at;
	size_t len = 0;

	if (!json_is_string(v) ||
	    hex_decode(json_string_value(v), b->data, f->cap, &len) ||
	    !shape_length_ok(f, len))
		return shape_complain(f, E_SYNTAX, why);
	b->len = (uint32_t)len;
	return 0;
}

static int read_blob(const struct shape_field *f, json_t *v, void *at,
		     char *why)
{
	struct blob b = { NULL, 0 };
	int err = E_SYNTAX;

	if (json_is_string(v))
		err = base64_decode(json_string_value(v), json_string_length(v),
				    f->cap, &b);
	if (err == E_NOMEM)
		return err;
	if (err)
		return shape_complain(f, err, why);
	if (!shape_length_ok(f, b.len)) {
		free(b.data);
		return shape_complain(f, E_RANGE, why);
	}
	*(struct blob *)at = b;
	return 0;
}

/* "rows[3]." in front of what is wrong inside */
static void prefix_why(const struct shape_field *f, size_t i, char *why)
{
	char inner[SHAPE_WHY_CAP];

	memcpy(inner, why, sizeof(inner));
	snprintf(why, SHAPE_WHY_CAP, "%s[%zu].%.100s", f->name, i, inner);
}

static int read_list(const struct shape_field *f, json_t *v, bool lax, void *at,
		     char *why)
{
	struct list *l = at;
	size_t n = json_array_size(v);
	int err = 0;

	if (!json_is_array(v))
		return shape_complain(f, E_SYNTAX, why);
	if (!shape_length_ok(f, n))
		return shape_complain(f, E_RANGE, why);
	if (!n)
		return 0;
	l->items = calloc(n, f->item->size);
	if (!l->items)
		return E_NOMEM;
	for (size_t i = 0; i < n && !err; i++) {
		err = shape_object_read(f->item, json_array_get(v, i), lax,
					(uint8_t *)l->items + i * f->item->size,
					why);
		if (err)
			prefix_why(f, i, why);
		else
			l->count++; /* the caller's clear frees these */
	}
	return err;
}

static int read_field(const struct shape_field *f, json_t *v, bool lax,
		      void *at, char *why)
{
	switch (f->type) {
	case SHAPE_U32:
	case SHAPE_U64:
		return read_number(f, v, at, why);
	case SHAPE_BOOL:
		return read_bool(f, v, at, why);
	case SHAPE_TEXT:
	case SHAPE_NAME:
		return read_text(f, v, at, why);
	case SHAPE_BYTES:
		return read_bytes(f, v, at, why);
	case SHAPE_BLOB:
		return read_blob(f, v, at, why);
	case SHAPE_LIST:
		return read_list(f, v, lax, at, why);
	}
	return E_INTERNAL;
}

static bool shape_has(const struct shape *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (!strcmp(s->fields[i].name, name))
			return true;
	return false;
}

static int refuse_unknown(const struct shape *s, json_t *object, char *why)
{
	const char *key;
	json_t *v;

	json_object_foreach(object, key, v)
	{
		if (shape_has(s, key))
			continue;
		if (shape_text_ok(&(struct shape_field){ .type = SHAPE_TEXT,
							 .cap = 64 },
				  key, strlen(key)))
			snprintf(why, SHAPE_WHY_CAP,
				 "%s: is not a field of the %s", key, s->name);
		else
			snprintf(why, SHAPE_WHY_CAP,
				 "the %s has no field with such a name",
				 s->name);
		return E_SYNTAX;
	}
	return 0;
}

static int complain_missing(const struct shape_field *f, char *why)
{
	snprintf(why, SHAPE_WHY_CAP, "%s: is missing", f->name);
	return E_SYNTAX;
}

int shape_object_read(const struct shape *s, json_t *object, bool lax,
		      void *out, char why[SHAPE_WHY_CAP])
{
	int err = 0;

	memset(out, 0, s->size);
	if (!json_is_object(object)) {
		snprintf(why, SHAPE_WHY_CAP, "the %s must be a JSON object",
			 s->name);
		return E_SYNTAX;
	}
	if (!lax)
		err = refuse_unknown(s, object, why);
	for (size_t i = 0; i < s->count && !err; i++) {
		const struct shape_field *f = &s->fields[i];
		json_t *v = json_object_get(object, f->name);

		if (v)
			err = read_field(f, v, lax, shape_at(f, out), why);
		else if (f->required)
			err = complain_missing(f, why);
	}
	if (err == E_NOMEM)
		snprintf(why, SHAPE_WHY_CAP, "%s", error_text(err));
	if (err)
		shape_clear(s, out);
	return err;
}

/* ---- text to object ---------------------------------------------------- */

/* Nesting, counted before the parser sees the text: its own limit (2,048) is
 * for its stack, ours for what a message can be. */
static bool depth_ok(const char *s, size_t len)
{
	unsigned depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		if (quoted) {
			if (s[i] == '\\')
				i++;
			else if (s[i] == '"')
				quoted = false;
		} else if (s[i] == '"') {
			quoted = true;
		} else if (s[i] == '{' || s[i] == '[') {
			if (++depth > DEPTH_MAX)
				return false;
		} else if ((s[i] == '}' || s[i] == ']') && depth) {
			depth--;
		}
	}
	return true;
}

/* What the parser quotes may hold any byte of the input. */
static void printable(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || (unsigned char)*s >= 0x7f)
			*s = '?';
}

int shape_text_parse(const char *json, size_t len, json_t **out,
		     char why[SHAPE_WHY_CAP])
{
	json_error_t e;
	json_t *object;

	if (!depth_ok(json, len)) {
		snprintf(why, SHAPE_WHY_CAP,
			 "JSON is nested deeper than %d levels", DEPTH_MAX);
		return E_SYNTAX;
	}
	object = json_loadb(json, len, JSON_REJECT_DUPLICATES, &e);
	if (!object) {
		snprintf(why, SHAPE_WHY_CAP,
			 "not valid JSON: line %d, column %d: %.80s", e.line,
			 e.column, e.text);
		printable(why);
		return E_SYNTAX;
	}
	*out = object;
	return 0;
}

static int from_json(const struct shape *s, const char *json, size_t len,
		     bool lax, void *out, char *why)
{
	json_t *object;
	int err;

	memset(out, 0, s->size);
	why[0] = '\0';
	err = shape_text_parse(json, len, &object, why);
	if (err)
		return err;
	err = shape_object_read(s, object, lax, out, why);
	json_decref(object);
	return err;
}

int shape_from_json(const struct shape *s, const char *json, size_t len,
		    void *out, char why[SHAPE_WHY_CAP])
{
	return from_json(s, json, len, false, out, why);
}

int shape_from_json_lax(const struct shape *s, const char *json, size_t len,
			void *out, char why[SHAPE_WHY_CAP])
{
	return from_json(s, json, len, true, out, why);
}

/* ---- struct to JSON ---------------------------------------------------- */

static json_t *make_bytes(const struct shape_field *f, const void *at)
{
	const struct shape_bytes *b = at;
	char text[2 * BYTES_MAX + 1];

	if (b->len > f->cap || b->len > BYTES_MAX)
		return NULL;
	hex_encode(b->data, b->len, text);
	return json_string_nocheck(text);
}

static json_t *make_text(const struct shape_field *f, const char *s)
{
	size_t len = strnlen(s, f->cap);

	return len < f->cap ? json_stringn(s, len) : NULL;
}

static json_t *make_u64(uint64_t v)
{
	return v >> 53 ? NULL : json_integer((json_int_t)v);
}

static json_t *make_list(const struct shape_field *f, const struct list *l,
			 bool sparse)
{
	json_t *a = json_array();

	if (l->count > f->cap)
		goto fail;
	for (size_t i = 0; a && i < l->count; i++) {
		const uint8_t *item = (const uint8_t *)l->items +
				      i * f->item->size;

		if (json_array_append_new(
			    a, shape_object_make(f->item, item, sparse)))
			goto fail;
	}
	return a;
fail:
	json_decref(a);
	return NULL;
}

static json_t *make_field(const struct shape_field *f, const void *at,
			  bool sparse)
{
	switch (f->type) {
	case SHAPE_U32:
		return json_integer(*(const uint32_t *)at);
	case SHAPE_U64:
		return make_u64(*(const uint64_t *)at);
	case SHAPE_BOOL:
		return json_boolean(*(const bool *)at);
	case SHAPE_TEXT:
	case SHAPE_NAME:
		return make_text(f, at);
	case SHAPE_BYTES:
		return make_bytes(f, at);
	case SHAPE_BLOB:
		return base64_make(at);
	case SHAPE_LIST:
		return make_list(f, at, sparse);
	}
	return NULL;
}

json_t *shape_object_make(const struct shape *s, const void *in, bool sparse)
{
	json_t *o = json_object();

	for (size_t i = 0; o && i < s->count; i++) {
		const struct shape_field *f = &s->fields[i];

		if (sparse && !f->required && shape_field_empty(f, in))
			continue;
		if (json_object_set_new_nocheck(
			    o, f->name,
			    make_field(f, shape_at_const(f, in), sparse))) {
			json_decref(o);
			return NULL;
		}
	}
	return o;
}

int shape_to_json(const struct shape *s, const void *in, bool pretty,
		  char **out, size_t *out_len)
{
	json_t *o = shape_object_make(s, in, false);
	char *text;

	if (!o)
		return E_ARG;
	text = json_dumps(o, pretty ? JSON_INDENT(2) : JSON_COMPACT);
	json_decref(o);
	if (!text)
		return E_NOMEM;
	*out_len = strlen(text);
	*out = text;
	return 0;
}
