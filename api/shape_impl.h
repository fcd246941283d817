/* SPDX-License-Identifier: MIT */
/*
 * api/shape_impl.h - what the files of api/ share; nobody else includes it.
 */
#ifndef API_SHAPE_IMPL_H
#define API_SHAPE_IMPL_H

#include <jansson.h>

#include "api/shape.h"

/* A SHAPE_BYTES field seen without its array size. */
struct shape_bytes {
	uint32_t len;
	uint8_t data[];
};

static inline void *shape_at(const struct shape_field *f, void *p)
{
	return (uint8_t *)p + f->offset;
}

static inline const void *shape_at_const(const struct shape_field *f,
					 const void *p)
{
	return (const uint8_t *)p + f->offset;
}

/* True if a text of len bytes may stand in the field: length, UTF-8, no
 * control bytes; for SHAPE_NAME the name rule. */
bool shape_text_ok(const struct shape_field *f, const char *s, size_t len);
/* True if an integer lies in the field's range. */
bool shape_number_ok(const struct shape_field *f, uint64_t v);
/* True if the length of bytes, blob or list fits. */
bool shape_length_ok(const struct shape_field *f, size_t len);
/* The field's content is zero or empty. */
bool shape_field_empty(const struct shape_field *f, const void *p);
/* "quantity: must be an integer from 1 to 2147483647"; always E_SYNTAX or
 * E_RANGE, as given. */
int shape_complain(const struct shape_field *f, int err,
		   char why[SHAPE_WHY_CAP]);

/* One JSON object to and from a struct. */
int shape_object_read(const struct shape *s, json_t *object, bool lax,
		      void *out, char why[SHAPE_WHY_CAP]);
/* New reference, or NULL (out of memory, or a field breaks its shape).
 * sparse leaves out empty fields. */
json_t *shape_object_make(const struct shape *s, const void *in, bool sparse);
/* Text to object, with the limits on depth and duplicates. */
int shape_text_parse(const char *json, size_t len, json_t **out,
		     char why[SHAPE_WHY_CAP]);

#endif
