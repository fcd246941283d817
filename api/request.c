/* SPDX-License-Identifier: MIT */
#include "api/request.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/shape_impl.h"

int api_params_add(struct api_params *p, const char *name, const char *value)
{
	struct api_param *item = &p->items[p->count];

	if (p->count == API_PARAMS_MAX || strlen(name) >= sizeof(item->name) ||
	    strlen(value) >= sizeof(item->value))
		return E_SPACE;
	memcpy(item->name, name, strlen(name) + 1);
	memcpy(item->value, value, strlen(value) + 1);
	p->count++;
	return 0;
}

/* One segment of the pattern in braces: a parameter. */
static bool match_param(const char *pattern, size_t plen, const char *path,
			size_t len, struct api_params *p)
{
	char name[NAME_CAP], value[API_PARAM_CAP];

	if (plen - 2 >= sizeof(name) || !len || len >= sizeof(value))
		return false;
	memcpy(name, pattern + 1, plen - 2);
	name[plen - 2] = '\0';
	memcpy(value, path, len);
	value[len] = '\0';
	return api_params_add(p, name, value) == 0;
}

bool api_path_match(const char *pattern, const char *path, struct api_params *p)
{
	size_t before = p->count;

	while (*pattern == '/' && *path == '/') {
		size_t plen = strcspn(++pattern, "/");
		size_t len = strcspn(++path, "/");

		if (*pattern == '{') {
			if (!match_param(pattern, plen, path, len, p))
				break;
		} else if (plen != len || memcmp(pattern, path, len) != 0) {
			break;
		}
		pattern += plen;
		path += len;
	}
	if (!*pattern && !*path)
		return true;
	p->count = before;
	return false;
}

static const struct shape_field *field_find(const struct shape *s,
					    const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (!strcmp(s->fields[i].name, name))
			return &s->fields[i];
	return NULL;
}

/* Parameters are text; numbers among them become JSON integers, so that one
 * reader judges all fields. */
static json_t *param_value(const struct shape_field *f, const char *value)
{
	size_t len = strlen(value);

	if (!f || (f->type != SHAPE_U32 && f->type != SHAPE_U64))
		return json_string(value);
	if (!len || len > 16 || strspn(value, "0123456789") != len)
		return json_string(value);
	return json_integer(strtoll(value, NULL, 10));
}

static int add_params(const struct shape *s, const struct api_params *p,
		      json_t *object, char *why)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct api_param *item = &p->items[i];

		if (json_object_get(object, item->name)) {
			snprintf(why, SHAPE_WHY_CAP,
				 "%s: is given twice, in the address too",
				 item->name);
			return E_SYNTAX;
		}
		if (json_object_set_new(object, item->name,
					param_value(field_find(s, item->name),
						    item->value))) {
			snprintf(why, SHAPE_WHY_CAP,
				 "a parameter of the address is not UTF-8");
			return E_SYNTAX;
		}
	}
	return 0;
}

int api_request_decode(const struct api_route *route,
		       const struct api_params *p, const char *body, size_t len,
		       void *out, char why[SHAPE_WHY_CAP])
{
	json_t *object = NULL;
	int err = 0;

	memset(out, 0, route->request->size);
	why[0] = '\0';
	if (body && len)
		err = shape_text_parse(body, len, &object, why);
	else
		object = json_object();
	if (err)
		return err;
	if (!json_is_object(object)) {
		snprintf(why, SHAPE_WHY_CAP, "the %s must be a JSON object",
			 route->request->name);
		err = E_SYNTAX;
		goto out;
	}
	err = add_params(route->request, p, object, why);
	if (!err)
		err = shape_object_read(route->request, object, false, out,
					why);
out:
	json_decref(object);
	return err;
}

/* ---- the client's side ------------------------------------------------- */

/* A JSON scalar as it stands in an address.  Everything that may occur there
 * (names, hex, integers) needs no escaping; anything else is refused. */
static int value_text(const json_t *v, char out[API_PARAM_CAP])
{
	int n;

	if (json_is_integer(v))
		n = snprintf(out, API_PARAM_CAP, "%" JSON_INTEGER_FORMAT,
			     json_integer_value(v));
	else if (json_is_string(v))
		n = snprintf(out, API_PARAM_CAP, "%s", json_string_value(v));
	else
		return E_ARG;
	if (n <= 0 || n >= API_PARAM_CAP)
		return E_ARG;
	return strspn(out, "abcdefghijklmnopqrstuvwxyz0123456789._-") ==
			       (size_t)n
		       ? 0
		       : E_ARG;
}

/* Fills the pattern and takes what went into it out of the object. */
static int encode_path(const char *pattern, json_t *object, struct wr *w)
{
	char name[NAME_CAP], value[API_PARAM_CAP];

	while (*pattern) {
		size_t len = strcspn(pattern, "{");

		wr_bytes(w, pattern, len);
		pattern += len;
		if (!*pattern)
			break;
		len = strcspn(++pattern, "}");
		if (len >= sizeof(name))
			return E_ARG;
		memcpy(name, pattern, len);
		name[len] = '\0';
		pattern += len + 1;
		if (value_text(json_object_get(object, name), value))
			return E_ARG;
		json_object_del(object, name);
		wr_bytes(w, value, strlen(value));
	}
	return 0;
}

static int encode_query(json_t *object, struct wr *w)
{
	char value[API_PARAM_CAP];
	const char *key, *sep = "?";
	json_t *v;

	json_object_foreach(object, key, v)
	{
		if (value_text(v, value))
			return E_ARG;
		wr_bytes(w, sep, 1);
		wr_bytes(w, key, strlen(key));
		wr_bytes(w, "=", 1);
		wr_bytes(w, value, strlen(value));
		sep = "&";
	}
	return 0;
}

int api_request_encode(const struct api_route *route, const void *in,
		       char target[API_TARGET_CAP], char **out_body,
		       size_t *out_len)
{
	json_t *object = shape_object_make(route->request, in, true);
	bool get = !strcmp(route->method, "GET");
	char *body = NULL;
	struct wr w;
	size_t n;
	int err = E_ARG;

	if (!object)
		return E_ARG;
	wr_init(&w, target, API_TARGET_CAP - 1);
	err = encode_path(route->path, object, &w);
	if (!err && get)
		err = encode_query(object, &w);
	if (!err)
		err = wr_end(&w, &n);
	if (err)
		goto out;
	target[n] = '\0';
	if (!get) {
		body = json_dumps(object, JSON_COMPACT);
		if (!body) {
			err = E_NOMEM;
			goto out;
		}
	}
	*out_body = body;
	*out_len = body ? strlen(body) : 0;
out:
	json_decref(object);
	return err;
}

/* Name, quotes, colon, comma, and the value in its longest JSON form; texts
 * may be escaped as \uXXXX. */
static size_t field_json_max(const struct shape_field *f)
{
	size_t n = strlen(f->name) + 8;

	switch (f->type) {
	case SHAPE_U32:
	case SHAPE_U64:
	case SHAPE_BOOL:
		return n + 20;
	case SHAPE_TEXT:
	case SHAPE_NAME:
		return n + 6 * f->cap;
	case SHAPE_BYTES:
		return n + 2 * f->cap;
	case SHAPE_BLOB:
		return n + (f->cap + 2) / 3 * 4;
	case SHAPE_LIST:
		break; /* no request holds a list */
	}
	return n;
}

size_t api_request_body_max(const struct api_route *route)
{
	size_t n = 1024; /* blanks and line ends of hand-made requests */

	if (!strcmp(route->method, "GET"))
		return 0;
	for (size_t i = 0; i < route->request->count; i++)
		n += field_json_max(&route->request->fields[i]);
	return n;
}
