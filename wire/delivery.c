/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "wire/hello.h"

bool patch_next(struct rd *r, struct patch *out)
{
	if (r->err || !r->left)
		return false;
	out->address = rd_u32(r);
	out->len = rd_u16(r);
	out->bytes = rd_bytes(r, out->len);
	return !r->err;
}

static bool patch_inside(const struct delivery *d, const struct patch *p)
{
	for (size_t i = 0; i < d->segment_count; i++) {
		const struct segment *s = &d->segments[i];

		/* wraps to something large when it begins before */
		if (p->address - s->address < s->len &&
		    p->len <= s->len - (p->address - s->address))
			return true;
	}
	return false;
}

static int patches_check(const struct delivery *d)
{
	struct patch p;
	struct rd r;
	uint64_t end = 0;

	if (d->patch_len > PATCH_TOTAL_MAX)
		return E_TOO_LARGE;
	rd_init(&r, d->patches, d->patch_len);
	while (patch_next(&r, &p)) {
		if (!p.len || !patch_inside(d, &p))
			return E_RANGE;
		if (p.address < end)
			return E_OVERLAP;
		end = (uint64_t)p.address + p.len;
	}
	return r.err;
}

static int delivery_check(const struct delivery *d)
{
	int err = segments_check(d->segments, d->segment_count);

	if (err)
		return err;
	if (d->chunk_len < CHUNK_LEN_MIN || d->chunk_len > SEALED_CHUNK_MAX ||
	    d->chunk_len % CHUNK_LEN_MIN)
		return E_RANGE;
	return patches_check(d);
}

int delivery_encode(const struct delivery *d, uint8_t *out, size_t cap,
		    size_t *out_len)
{
	struct wr w;
	int err = delivery_check(d);

	if (err)
		return err;
	wr_init(&w, out, cap);
	wr_u8(&w, HELLO_VERSION);
	wr_bytes(&w, d->content_key, sizeof(d->content_key));
	wr_bytes(&w, d->link_key, LINK_KEY_LEN);
	wr_bytes(&w, d->header_digest, DIGEST_LEN);
	wr_bytes(&w, d->digest, DIGEST_LEN);
	wr_u32(&w, d->chunk_len);
	wr_bytes(&w, d->done_token, DONE_TOKEN_LEN);
	wr_u32(&w, d->boot_words[0]);
	wr_u32(&w, d->boot_words[1]);
	wr_bytes(&w, d->final_options, FINAL_OPTIONS_LEN);
	wr_u8(&w, d->segment_count);
	for (size_t i = 0; i < d->segment_count; i++) {
		wr_u32(&w, d->segments[i].address);
		wr_u32(&w, d->segments[i].len);
	}
	wr_u16(&w, d->patch_len);
	wr_bytes(&w, d->patches, d->patch_len);
	return wr_end(&w, out_len);
}

static void rd_segments(struct rd *r, struct delivery *d)
{
	d->segment_count = rd_u8(r);
	if (d->segment_count > SEGMENTS_MAX) {
		rd_fail(r, E_TOO_LARGE);
		return;
	}
	for (size_t i = 0; i < d->segment_count; i++) {
		d->segments[i].address = rd_u32(r);
		d->segments[i].len = rd_u32(r);
	}
}

static void rd_patches(struct rd *r, struct delivery *d)
{
	d->patch_len = rd_u16(r);
	if (d->patch_len > PATCH_TOTAL_MAX)
		rd_fail(r, E_TOO_LARGE);
	else
		rd_copy(r, d->patches, d->patch_len);
}

/*
 * Straight into *out: it is the largest thing on the chip's stack, and holds
 * keys that would have to be wiped in two places.
 */
int delivery_decode(const uint8_t *buf, size_t len, struct delivery *out)
{
	struct rd r;
	int err;

	memset(out, 0, sizeof(*out));
	rd_init(&r, buf, len);
	if (rd_u8(&r) != HELLO_VERSION)
		rd_fail(&r, E_VERSION);
	rd_copy(&r, out->content_key, sizeof(out->content_key));
	rd_copy(&r, out->link_key, LINK_KEY_LEN);
	rd_copy(&r, out->header_digest, DIGEST_LEN);
	rd_copy(&r, out->digest, DIGEST_LEN);
	out->chunk_len = rd_u32(&r);
	rd_copy(&r, out->done_token, DONE_TOKEN_LEN);
	out->boot_words[0] = rd_u32(&r);
	out->boot_words[1] = rd_u32(&r);
	rd_copy(&r, out->final_options, FINAL_OPTIONS_LEN);
	rd_segments(&r, out);
	rd_patches(&r, out);
	err = rd_end(&r);
	if (!err)
		err = delivery_check(out);
	if (err)
		memset(out, 0, sizeof(*out));
	return err;
}
