/* SPDX-License-Identifier: MIT */
#include "base/rw.h"

#include <string.h>

void rd_init(struct rd *r, const void *buf, size_t len)
{
	r->p = buf;
	r->left = len;
	r->err = 0;
}

void rd_fail(struct rd *r, int err)
{
	if (!r->err)
		r->err = err;
}

const uint8_t *rd_bytes(struct rd *r, size_t len)
{
	const uint8_t *p = r->p;

	if (r->err)
		return NULL;
	if (len > r->left) {
		r->err = E_TRUNCATED;
		return NULL;
	}
	r->p += len;
	r->left -= len;
	return p;
}

void rd_copy(struct rd *r, void *out, size_t len)
{
	const uint8_t *p = rd_bytes(r, len);

	if (!len)
		return;
	if (p)
		memcpy(out, p, len);
	else
		memset(out, 0, len);
}

static uint64_t rd_le(struct rd *r, size_t len)
{
	const uint8_t *p = rd_bytes(r, len);
	uint64_t v = 0;

	for (size_t i = 0; p && i < len; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

uint8_t rd_u8(struct rd *r)
{
	return (uint8_t)rd_le(r, 1);
}

uint16_t rd_u16(struct rd *r)
{
	return (uint16_t)rd_le(r, 2);
}

uint32_t rd_u32(struct rd *r)
{
	return (uint32_t)rd_le(r, 4);
}

uint64_t rd_u64(struct rd *r)
{
	return rd_le(r, 8);
}

int rd_end(const struct rd *r)
{
	if (r->err)
		return r->err;
	return r->left ? E_TRAILING : 0;
}

void wr_init(struct wr *w, void *buf, size_t cap)
{
	w->buf = buf;
	w->len = 0;
	w->cap = cap;
	w->err = 0;
}

void wr_bytes(struct wr *w, const void *p, size_t len)
{
	if (w->err)
		return;
	if (len > w->cap - w->len) {
		w->err = E_SPACE;
		return;
	}
	if (len)
		memcpy(w->buf + w->len, p, len);
	w->len += len;
}

static void wr_le(struct wr *w, uint64_t v, size_t len)
{
	uint8_t b[8];

	for (size_t i = 0; i < len; i++)
		b[i] = (uint8_t)(v >> (8 * i));
	wr_bytes(w, b, len);
}

void wr_u8(struct wr *w, uint8_t v)
{
	wr_le(w, v, 1);
}

void wr_u16(struct wr *w, uint16_t v)
{
	wr_le(w, v, 2);
}

void wr_u32(struct wr *w, uint32_t v)
{
	wr_le(w, v, 4);
}

void wr_u64(struct wr *w, uint64_t v)
{
	wr_le(w, v, 8);
}

int wr_end(const struct wr *w, size_t *out_len)
{
	if (w->err)
		return w->err;
	*out_len = w->len;
	return 0;
}
