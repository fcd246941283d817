/* SPDX-License-Identifier: MIT */
/*
 * The binary form that the server's roles exchange: fields in order; U32 4
 * bytes, U64 8, BOOL 1; TEXT and NAME u16 length and bytes; BYTES, BLOB u32
 * length and bytes; LIST u32 count and items.  Little-endian.
 *
 * The reader trusts the sender no more than the JSON reader does: every range,
 * length and name rule of the shape is checked again.
 */
#include <stdlib.h>
#include <string.h>

#include "api/shape.h"
#include "api/shape_impl.h"

/* ---- writing ----------------------------------------------------------- */

static size_t shape_packed_len(const struct shape *s, const void *in);

static size_t list_packed_len(const struct shape_field *f, const struct list *l)
{
	size_t n = 4;

	for (size_t i = 0; i < l->count; i++)
		n += shape_packed_len(f->item, (const uint8_t *)l->items +
						       i * f->item->size);
	return n;
}

static size_t field_packed_len(const struct shape_field *f, const void *at)
{
	switch (f->type) {
	case SHAPE_U32:
		return 4;
	case SHAPE_U64:
		return 8;
	case SHAPE_BOOL:
		return 1;
	case SHAPE_TEXT:
	case SHAPE_NAME:
		return 2 + strnlen(at, f->cap);
	case SHAPE_BYTES:
		return 4 + ((const struct shape_bytes *)at)->len;
	case SHAPE_BLOB:
		return 4 + ((const struct blob *)at)->len;
	case SHAPE_LIST:
		return list_packed_len(f, at);
	}
	return 0;
}

static size_t shape_packed_len(const struct shape *s, const void *in)
{
	size_t n = 0;

	for (size_t i = 0; i < s->count; i++)
		n += field_packed_len(&s->fields[i],
				      shape_at_const(&s->fields[i], in));
	return n;
}

static void pack_data(struct wr *w, const struct shape_field *f,
		      const uint8_t *data, size_t len)
{
	if (len > f->cap) {
		w->err = E_ARG;
		return;
	}
	wr_u32(w, (uint32_t)len);
	wr_bytes(w, data, len);
}

static void pack_text(struct wr *w, const struct shape_field *f, const char *s)
{
	size_t len = strnlen(s, f->cap);

	if (len >= f->cap) {
		w->err = E_ARG;
		return;
	}
	wr_u16(w, (uint16_t)len);
	wr_bytes(w, s, len);
}

static void pack_struct(struct wr *w, const struct shape *s, const void *in);

static void pack_list(struct wr *w, const struct shape_field *f,
		      const struct list *l)
{
	if (l->count > f->cap) {
		w->err = E_ARG;
		return;
	}
	wr_u32(w, (uint32_t)l->count);
	for (size_t i = 0; i < l->count; i++)
		pack_struct(w, f->item,
			    (const uint8_t *)l->items + i * f->item->size);
}

static void pack_field(struct wr *w, const struct shape_field *f,
		       const void *at)
{
	const struct shape_bytes *bytes = at;
	const struct blob *blob = at;

	switch (f->type) {
	case SHAPE_U32:
		wr_u32(w, *(const uint32_t *)at);
		break;
	case SHAPE_U64:
		wr_u64(w, *(const uint64_t *)at);
		break;
	case SHAPE_BOOL:
		wr_u8(w, *(const bool *)at);
		break;
	case SHAPE_TEXT:
	case SHAPE_NAME:
		pack_text(w, f, at);
		break;
	case SHAPE_BYTES:
		pack_data(w, f, bytes->data, bytes->len);
		break;
	case SHAPE_BLOB:
		pack_data(w, f, blob->data, blob->len);
		break;
	case SHAPE_LIST:
		pack_list(w, f, at);
		break;
	}
}

static void pack_struct(struct wr *w, const struct shape *s, const void *in)
{
	for (size_t i = 0; i < s->count; i++)
		pack_field(w, &s->fields[i], shape_at_const(&s->fields[i], in));
}

int shape_pack(const struct shape *s, const void *in, uint8_t **out,
	       size_t *out_len)
{
	size_t cap = shape_packed_len(s, in);
	uint8_t *buf = malloc(cap ? cap : 1);
	struct wr w;
	int err;

	if (!buf)
		return E_NOMEM;
	wr_init(&w, buf, cap);
	pack_struct(&w, s, in);
	err = wr_end(&w, out_len);
	if (err) {
		free(buf);
		return err;
	}
	*out = buf;
	return 0;
}

/* ---- reading ----------------------------------------------------------- */

static void unpack_number(struct rd *r, const struct shape_field *f, void *at)
{
	uint64_t v = f->type == SHAPE_U32 ? rd_u32(r) : rd_u64(r);

	/* An optional number that was not given is 0, whatever min says. */
	if (!shape_number_ok(f, v) && (v || f->required)) {
		rd_fail(r, E_RANGE);
		return;
	}
	if (f->type == SHAPE_U32)
		*(uint32_t *)at = (uint32_t)v;
	else
		*(uint64_t *)at = v;
}

static void unpack_bool(struct rd *r, bool *at)
{
	uint8_t v = rd_u8(r);

	if (v > 1)
		rd_fail(r, E_SYNTAX);
	else
		*at = v;
}

static void unpack_text(struct rd *r, const struct shape_field *f, char *at)
{
	size_t len = rd_u16(r);
	const uint8_t *p = rd_bytes(r, len);

	if (!p)
		return;
	if ((len || f->required) && !shape_text_ok(f, (const char *)p, len)) {
		rd_fail(r, E_SYNTAX);
		return;
	}
	memcpy(at, p, len);
	at[len] = '\0';
}

static void unpack_bytes(struct rd *r, const struct shape_field *f,
			 struct shape_bytes *b)
{
	uint32_t len = rd_u32(r);

	if (r->err || !shape_length_ok(f, len)) {
		rd_fail(r, E_RANGE);
		return;
	}
	rd_copy(r, b->data, len);
	b->len = r->err ? 0 : len;
}

static void unpack_blob(struct rd *r, const struct shape_field *f,
			struct blob *b)
{
	uint32_t len = rd_u32(r);
	const uint8_t *p;

	if (r->err || !shape_length_ok(f, len)) {
		rd_fail(r, E_RANGE);
		return;
	}
	p = rd_bytes(r, len);
	if (!p || !len)
		return;
	b->data = malloc(len);
	if (!b->data) {
		rd_fail(r, E_NOMEM);
		return;
	}
	memcpy(b->data, p, len);
	b->len = len;
}

static void unpack_struct(struct rd *r, const struct shape *s, void *out);

static void unpack_list(struct rd *r, const struct shape_field *f,
			struct list *l)
{
	uint32_t n = rd_u32(r);

	/* No item is shorter than its number of fields, so a count that the
	 * rest cannot hold is refused before memory is taken for it. */
	if (r->err || !shape_length_ok(f, n) ||
	    (uint64_t)n * f->item->count > r->left) {
		rd_fail(r, E_RANGE);
		return;
	}
	if (!n)
		return;
	l->items = calloc(n, f->item->size);
	if (!l->items) {
		rd_fail(r, E_NOMEM);
		return;
	}
	for (l->count = 0; l->count < n && !r->err; l->count++)
		unpack_struct(r, f->item,
			      (uint8_t *)l->items + l->count * f->item->size);
}

static void unpack_struct(struct rd *r, const struct shape *s, void *out)
{
	for (size_t i = 0; i < s->count && !r->err; i++) {
		const struct shape_field *f = &s->fields[i];
		void *at = shape_at(f, out);

		switch (f->type) {
		case SHAPE_U32:
		case SHAPE_U64:
			unpack_number(r, f, at);
			break;
		case SHAPE_BOOL:
			unpack_bool(r, at);
			break;
		case SHAPE_TEXT:
		case SHAPE_NAME:
			unpack_text(r, f, at);
			break;
		case SHAPE_BYTES:
			unpack_bytes(r, f, at);
			break;
		case SHAPE_BLOB:
			unpack_blob(r, f, at);
			break;
		case SHAPE_LIST:
			unpack_list(r, f, at);
			break;
		}
	}
}

int shape_unpack(const struct shape *s, const uint8_t *buf, size_t len,
		 void *out)
{
	struct rd r;
	int err;

	memset(out, 0, s->size);
	rd_init(&r, buf, len);
	unpack_struct(&r, s, out);
	err = rd_end(&r);
	if (err)
		shape_clear(s, out);
	return err;
}
