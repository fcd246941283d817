/* SPDX-License-Identifier: MIT */
/*
 * api/shape.h - one table per message, used everywhere.
 *
 * A shape lists a struct's fields: JSON name, type, offset, limits.  The same
 * table turns JSON into the struct (naming the field that is wrong), the
 * struct into JSON, and the struct into the bounded binary form that the
 * server's roles exchange.  So a message is described once (api/messages.h)
 * for edge, ledger, signer, CLI and flasher alike.
 */
#ifndef API_SHAPE_H
#define API_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/rw.h"

enum shape_type {
	SHAPE_U32,   /* uint32_t; JSON integer */
	SHAPE_U64,   /* uint64_t; JSON integer up to 2^53-1 */
	SHAPE_BOOL,  /* bool */
	SHAPE_TEXT,  /* char[cap], NUL-terminated UTF-8, no control bytes */
	SHAPE_NAME,  /* char[NAME_CAP]: the name rule of wire/const.h */
	SHAPE_BYTES, /* struct shape_bytes-like: fixed array + length, see cap;
		      * JSON: lower-case hex */
	SHAPE_BLOB,  /* struct blob, malloc'ed; JSON: base64 */
	SHAPE_LIST,  /* struct list of sub-shapes, malloc'ed; JSON array */
};

struct blob {	       /* SHAPE_BLOB */
	uint8_t *data; /* malloc'ed or NULL */
	size_t len;
};

struct list {	     /* SHAPE_LIST */
	void *items; /* malloc'ed array of the sub-shape's struct, or NULL */
	size_t count;
};

/* SHAPE_BYTES fields are declared with this: length first. */
#define SHAPE_BYTES_OF(n)        \
	struct {                 \
		uint32_t len;    \
		uint8_t data[n]; \
	}

struct shape;

struct shape_field {
	const char *name;
	enum shape_type type;
	size_t offset;
	size_t cap; /* TEXT: char[cap]; BYTES: array size; BLOB: bytes at most;
		     * LIST: items at most */
	bool required;		  /* absent in JSON is an error */
	uint64_t min, max;	  /* U32, U64: range, max 0 = no limit; TEXT,
				   * BYTES, BLOB: min = least length; when not
				   * required, empty is allowed as well */
	const struct shape *item; /* LIST */
};

struct shape {
	const char *name; /* "grant request" */
	size_t size;	  /* sizeof the struct */
	const struct shape_field *fields;
	size_t count;
};

#define SHAPE_WHY_CAP 160

/* JSON text (one object) to a zeroed struct.  Unknown members, wrong types and
 * values out of range are refused; why[] names the field and what it should
 * be.  On failure nothing stays allocated. */
MUST_USE int shape_from_json(const struct shape *s, const char *json,
			     size_t len, void *out, char why[SHAPE_WHY_CAP]);
/* As above, but members that the shape lacks are ignored (clients reading
 * answers of a newer server). */
MUST_USE int shape_from_json_lax(const struct shape *s, const char *json,
				 size_t len, void *out,
				 char why[SHAPE_WHY_CAP]);
/* malloc'ed, NUL-terminated; pretty = indented for people. */
MUST_USE int shape_to_json(const struct shape *s, const void *in, bool pretty,
			   char **out, size_t *out_len);
/* Binary form: fields in order, every length checked against the shape. */
MUST_USE int shape_pack(const struct shape *s, const void *in, uint8_t **out,
			size_t *out_len);
MUST_USE int shape_unpack(const struct shape *s, const uint8_t *buf, size_t len,
			  void *out);
/* Frees what blobs and lists hold and zeroes the struct. */
void shape_clear(const struct shape *s, void *p);

#endif
