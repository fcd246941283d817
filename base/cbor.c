/* SPDX-License-Identifier: MIT */
#include "base/cbor.h"

#include <string.h>

enum {
	SIMPLE_FALSE = 20,
	SIMPLE_TRUE = 21,
	ARG_ONE_BYTE = 24, /* 24..27: 1, 2, 4, 8 bytes follow */
	ARG_EIGHT_BYTES = 27,
	ARG_INDEFINITE = 31,
};

static void wr_head(struct wr *w, enum cbor_major major, uint64_t v)
{
	unsigned int width = v <= UINT8_MAX    ? 0
			     : v <= UINT16_MAX ? 1
			     : v <= UINT32_MAX ? 2
					       : 3;

	if (v < ARG_ONE_BYTE) {
		wr_u8(w, (uint8_t)(major << 5 | v));
		return;
	}
	wr_u8(w, (uint8_t)(major << 5 | (ARG_ONE_BYTE + width)));
	for (unsigned int shift = 8u << width; shift; shift -= 8)
		wr_u8(w, (uint8_t)(v >> (shift - 8)));
}

void cbor_wr_uint(struct wr *w, uint64_t v)
{
	wr_head(w, CBOR_UINT, v);
}

void cbor_wr_int(struct wr *w, int64_t v)
{
	if (v < 0)
		wr_head(w, CBOR_NINT, ~(uint64_t)v);
	else
		wr_head(w, CBOR_UINT, (uint64_t)v);
}

void cbor_wr_bytes(struct wr *w, const void *p, size_t len)
{
	wr_head(w, CBOR_BYTES, len);
	wr_bytes(w, p, len);
}

void cbor_wr_text(struct wr *w, const char *s)
{
	size_t len = strlen(s);

	wr_head(w, CBOR_TEXT, len);
	wr_bytes(w, s, len);
}

void cbor_wr_array(struct wr *w, size_t count)
{
	wr_head(w, CBOR_ARRAY, count);
}

void cbor_wr_map(struct wr *w, size_t pairs)
{
	wr_head(w, CBOR_MAP, pairs);
}

void cbor_wr_tag(struct wr *w, uint64_t tag)
{
	wr_head(w, CBOR_TAG, tag);
}

void cbor_wr_bool(struct wr *w, bool v)
{
	wr_head(w, CBOR_SIMPLE, v ? SIMPLE_TRUE : SIMPLE_FALSE);
}

/* The argument that follows the initial byte; only the shortest form. */
static uint64_t rd_argument(struct rd *r, unsigned int info)
{
	uint64_t v = 0;
	unsigned int width;

	if (info < ARG_ONE_BYTE)
		return info;
	if (info > ARG_EIGHT_BYTES) {
		rd_fail(r, info == ARG_INDEFINITE ? E_NOT_CANONICAL : E_SYNTAX);
		return 0;
	}
	width = 1u << (info - ARG_ONE_BYTE);
	for (unsigned int i = 0; i < width; i++)
		v = v << 8 | rd_u8(r);
	/* The value must need its width: not fit into half of it. */
	if (!r->err && (width == 1 ? v < ARG_ONE_BYTE : !(v >> (4 * width))))
		rd_fail(r, E_NOT_CANONICAL);
	return r->err ? 0 : v;
}

static uint64_t rd_head(struct rd *r, enum cbor_major major)
{
	uint8_t first = rd_u8(r);

	if (!r->err && first >> 5 != major)
		rd_fail(r, E_SYNTAX);
	return r->err ? 0 : rd_argument(r, first & 31);
}

/* A length or count that max bounds; the compare comes before any narrowing
 * to size_t, which has 32 bits on the chips. */
static size_t rd_size(struct rd *r, enum cbor_major major, size_t max)
{
	uint64_t v = rd_head(r, major);

	if (v > max) {
		rd_fail(r, E_TOO_LARGE);
		return 0;
	}
	return (size_t)v;
}

enum cbor_major cbor_rd_peek(const struct rd *r)
{
	if (r->err || !r->left)
		return CBOR_SIMPLE;
	return (enum cbor_major)(r->p[0] >> 5);
}

uint64_t cbor_rd_uint(struct rd *r)
{
	return rd_head(r, CBOR_UINT);
}

int64_t cbor_rd_int(struct rd *r)
{
	enum cbor_major major = cbor_rd_peek(r);
	uint64_t v;

	v = rd_head(r, major == CBOR_NINT ? CBOR_NINT : CBOR_UINT);
	if (v > INT64_MAX) {
		rd_fail(r, E_RANGE);
		return 0;
	}
	if (r->err)
		return 0;
	return major == CBOR_NINT ? -1 - (int64_t)v : (int64_t)v;
}

const uint8_t *cbor_rd_bytes(struct rd *r, size_t max, size_t *out_len)
{
	size_t len = rd_size(r, CBOR_BYTES, max);
	const uint8_t *p = rd_bytes(r, len);

	*out_len = p ? len : 0;
	return p;
}

void cbor_rd_fixed(struct rd *r, void *out, size_t len)
{
	size_t got = rd_size(r, CBOR_BYTES, len);

	if (got != len)
		rd_fail(r, E_SYNTAX);
	rd_copy(r, out, len);
}

/* Length of the UTF-8 sequence at p (RFC 3629), 0 when there is none. */
static size_t utf8_sequence(const uint8_t *p, size_t left)
{
	size_t n = p[0] < 0x80	 ? 1
		   : p[0] < 0xc2 ? 0
		   : p[0] < 0xe0 ? 2
		   : p[0] < 0xf0 ? 3
		   : p[0] < 0xf5 ? 4
				 : 0;

	if (n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || /* overlong */
	    (p[0] == 0xed && p[1] > 0x9f) || /* surrogates */
	    (p[0] == 0xf0 && p[1] < 0x90) || /* overlong */
	    (p[0] == 0xf4 && p[1] > 0x8f))   /* above U+10FFFF */
		return 0;
	return n;
}

static bool utf8_without_nul(const uint8_t *p, size_t len)
{
	size_t n;

	for (; len; p += n, len -= n) {
		n = utf8_sequence(p, len);
		if (!n || !p[0])
			return false;
	}
	return true;
}

void cbor_rd_text(struct rd *r, char *out, size_t cap)
{
	size_t len = rd_size(r, CBOR_TEXT, cap - 1);
	const uint8_t *p = rd_bytes(r, len);

	out[0] = '\0';
	if (!p)
		return;
	if (!utf8_without_nul(p, len)) {
		rd_fail(r, E_SYNTAX);
		return;
	}
	memcpy(out, p, len);
	out[len] = '\0';
}

size_t cbor_rd_array(struct rd *r, size_t max)
{
	return rd_size(r, CBOR_ARRAY, max);
}

size_t cbor_rd_map(struct rd *r, size_t max)
{
	return rd_size(r, CBOR_MAP, max);
}

uint64_t cbor_rd_tag(struct rd *r)
{
	return rd_head(r, CBOR_TAG);
}

bool cbor_rd_bool(struct rd *r)
{
	uint64_t v = rd_head(r, CBOR_SIMPLE);

	if (v != SIMPLE_TRUE && v != SIMPLE_FALSE)
		rd_fail(r, E_SYNTAX);
	return !r->err && v == SIMPLE_TRUE;
}

/* Encoded integers sort as 0, 1, 2, ... then -1, -2, -3, ... */
static bool key_follows(int64_t key, int64_t last)
{
	if ((key < 0) != (last < 0))
		return key < 0;
	return key < 0 ? key < last : key > last;
}

int64_t cbor_rd_key(struct rd *r, struct cbor_keys *k)
{
	int64_t key = cbor_rd_int(r);

	if (!r->err && k->any && !key_follows(key, k->last))
		rd_fail(r, E_NOT_CANONICAL);
	if (r->err)
		return 0;
	k->any = true;
	k->last = key;
	return key;
}
