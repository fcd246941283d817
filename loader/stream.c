/* SPDX-License-Identifier: MIT */
/*
 * Chunks: opened under the link key and the content key, overlaid with the
 * device's patches, and handed to the flash driver, which works while the next
 * one comes.
 */
#include <string.h>

#include "loader/loader.h"
#include "seal/prim.h"

#define IMAGE_AT (TARGET_FLASH_BASE + TARGET_FROZEN)
#define IMAGE_END (TARGET_TOP + LOADER_OFFSET)
/* The boot words, which an erasure must leave there. */
#define KEEP (TARGET_FROZEN ? 0u : TARGET_BOOT_LEN)

static inline uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Message 2 comes from our own server; checked is what the chip could be
 * harmed by. */
static bool layout_take(void)
{
	const struct delivery_wire *d = &loader.in.delivery.wire;
	uint32_t end = IMAGE_AT;

	LOADER_BASE(d);
	loader.chunk_len = get32(d->chunk_len);
	loader.total = 0;
	if (!loader.chunk_len || loader.chunk_len > LOADER_CHUNK_MAX ||
	    loader.chunk_len % 64 || d->segment_count > SEGMENTS_MAX)
		return false;
	for (unsigned i = 0; i < d->segment_count; i++) {
		const struct segment *s = d->segments + i;

		if ((s->address | s->len) % 8 || s->address < end ||
		    s->address > IMAGE_END || s->len > IMAGE_END - s->address)
			return false;
		end = s->address + s->len;
		loader.total += s->len;
	}
	return loader.total != 0;
}

void stream_look(void)
{
	loader.again = !target_flash_blank(IMAGE_AT + KEEP,
					   IMAGE_END - IMAGE_AT - KEEP);
}

/*
 * Something is in flash: an attempt was cut short.  Then no page is taken for
 * erased.  The boot page is never erased for good measure, so it costs an
 * erasure here when cells in it are torn, or may be.
 */
static bool room_make(void)
{
	target_unit *buf = (target_unit *)&loader.frame[0];
	bool blank;

	target_flash.again = loader.again;
	if (!KEEP)
		return true;
	blank = target_flash_blank(IMAGE_AT + KEEP, TARGET_PAGE_LEN - KEEP);
	if (TARGET_ECC ? !target_ecc : blank)
		return true;
	return !target_flash_renew(IMAGE_AT, KEEP, buf);
}

void stream_begin(void)
{
	struct delivery_wire *d = &loader.in.delivery.wire;

	if (!layout_take()) {
		loader_fault(LINK_FAULT_LAYOUT);
		return;
	}
	loader.want = 0;
	loader.turn = 0;
	memcpy(&loader.ending, d->ending, sizeof(loader.ending));
	memset(d->index, 0, sizeof(d->index));
	if (target_flash_unlock() || !room_make()) {
		loader_fault(LINK_FAULT_FLASH);
		return;
	}
	target_flash.page = 0;
	target_flash.room = 0;
	target_flash.next = d->segments;
	loader.step = STEP_STREAM;
	line_answer(LINK_WANT, 0, 0);
}

/* What of the patches lies in [at, at + len). */
static TARGET_RAM void overlay(uint8_t *p, uint32_t at, uint32_t len)
{
	const struct delivery_wire *d = &loader.in.delivery.wire;
	const uint8_t *q, *end;

	LOADER_BASE(d);
	q = (const uint8_t *)(d->segments + d->segment_count);
	end = q + 2 + (q[0] | q[1] << 8);
	q += 2;
	while (q < end) {
		uint32_t to = q[0] | (uint32_t)q[1] << 8 |
			      (uint32_t)q[2] << 16 | (uint32_t)q[3] << 24;
		uint32_t n = q[4] | (uint32_t)q[5] << 8;

		q += 6;
		for (; n; n--, to++, q++)
			if (to - at < len)
				p[to - at] = *q;
	}
}

/* The same walk over segments as the driver will make. */
static TARGET_RAM void patch(uint8_t *p, uint32_t len)
{
	uint32_t to = target_flash.to, room = target_flash.room;
	const struct segment *next = target_flash.next;

	while (len) {
		uint32_t n;

		if (!room) {
			to = next->address;
			room = next->len;
			next++;
		}
		n = room < len ? room : len;
		overlay(p, to, n);
		p += n;
		to += n;
		room -= n;
		len -= n;
	}
}

TARGET_RAM void stream_chunk(uint8_t *body, uint32_t len)
{
	struct delivery_wire *d = &loader.in.delivery.wire;
	uint32_t at = loader.want * loader.chunk_len;
	uint32_t plain = loader.total - at;

	LOADER_BASE(d);
	if (plain > loader.chunk_len)
		plain = loader.chunk_len;
	if (len != plain + 2 * NOISE_TAG_LEN)
		return;
	if (prim_aead_open(d->link_key, loader.want, NULL, 0, body,
			   plain + NOISE_TAG_LEN, body + plain + NOISE_TAG_LEN))
		return;
	d->index[0] = (uint8_t)loader.want;
	d->index[1] = (uint8_t)(loader.want >> 8);
	d->last = at + plain == loader.total;
	if (prim_aead_open(d->content_key, loader.want, d->header_digest,
			   CHUNK_AAD_LEN, body, plain, body + plain))
		return;
	if (target_flash_wait()) {
		report_make(); /* sees it, too, and ends it */
		return;
	}
	patch(body, plain);
	target_flash.from = (const target_unit *)body;
	target_flash.left = plain;
	if (TARGET_STILL && target_flash_wait()) {
		report_make();
		return;
	}
	loader.turn ^= 1;
	loader.want++;
	if (d->last)
		report_make();
	else
		line_answer(LINK_WANT, loader.want, 0);
}
