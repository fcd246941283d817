/* SPDX-License-Identifier: MIT */
#include "seal/link.h"

#include <string.h>

#include "seal/noise.h"
#include "wire/hello.h"

_Static_assert(SEALED_CHUNK_MAX + 2 * NOISE_TAG_LEN <= LINK_BODY_MAX,
	       "a chunk under both seals fits a frame");
_Static_assert(DELIVERY_MAX + NOISE_OVERHEAD <= LINK_BODY_MAX,
	       "message 2 fits a frame");
_Static_assert(COMMIT_MAX + NOISE_TAG_LEN <= LINK_BODY_MAX,
	       "the commit fits a frame");

/* A loader has other work in between. */
#ifndef LINK_STEP
#define LINK_STEP() ((void)0)
#endif

/* Bit by bit: five bytes of a head are worth no table. */
static uint16_t crc16(const uint8_t *p, size_t len)
{
	uint32_t crc = 0xffff;

	while (len--) {
		crc ^= (uint32_t)*p++ << 8;
		for (int i = 0; i < 8; i++)
			crc = crc << 1 ^ (crc & 0x8000 ? 0x1021 : 0);
	}
	return (uint16_t)crc;
}

uint32_t link_crc32(const void *data, size_t len)
{
	/* two steps of the polynomial EDB88320: more would cost the loader
	 * more than they save */
	static const uint32_t two[4] = { 0x00000000, 0x76dc4190, 0xedb88320,
					 0x9b64c2b0 };
	const uint8_t *p = data;
	uint32_t crc = 0xffffffff;

	while (len--) {
		LINK_STEP();
		crc ^= *p++;
		for (int i = 0; i < 4; i++)
			crc = crc >> 2 ^ two[crc & 3];
	}
	return ~crc;
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

void link_head_encode(const struct link_head *h, uint8_t out[LINK_HEAD_LEN])
{
	out[0] = LINK_SYNC;
	out[1] = h->type;
	put16(out + 2, h->index);
	put16(out + 4, h->len);
	put16(out + 6, crc16(out + 1, 5));
}

int link_head_decode(const uint8_t in[LINK_HEAD_LEN], struct link_head *out)
{
	if (in[0] != LINK_SYNC)
		return E_SYNTAX;
	if (get16(in + 6) != crc16(in + 1, 5))
		return E_CHECKSUM;
	if (get16(in + 4) > LINK_BODY_MAX)
		return E_TOO_LARGE;
	out->type = in[1];
	out->index = get16(in + 2);
	out->len = get16(in + 4);
	return 0;
}

size_t link_frame(const struct link_head *h, const uint8_t *body, uint8_t *out)
{
	uint8_t *p = out + LINK_HEAD_LEN;
	uint32_t crc;

	if (h->len)
		memmove(p, body, h->len);
	link_head_encode(h, out);
	crc = link_crc32(p, h->len);
	p += h->len;
	put16(p, crc);
	put16(p + 2, crc >> 16);
	return LINK_HEAD_LEN + h->len + LINK_TAIL_LEN;
}

/* What stood in a damaged head may be the beginning of the next one. */
static void head_retry(struct link_rx *rx)
{
	size_t at = 1;

	while (at < LINK_HEAD_LEN && rx->raw[at] != LINK_SYNC)
		at++;
	rx->have = (uint32_t)(LINK_HEAD_LEN - at);
	memmove(rx->raw, rx->raw + at, rx->have);
}

static int head_byte(struct link_rx *rx, uint8_t b)
{
	int err;

	if (!rx->have && b != LINK_SYNC)
		return 0;
	rx->raw[rx->have++] = b;
	if (rx->have < LINK_HEAD_LEN)
		return 0;
	err = link_head_decode(rx->raw, &rx->head);
	if (err)
		head_retry(rx);
	return err;
}

int link_rx_byte(struct link_rx *rx, uint8_t b)
{
	const uint8_t *tail = rx->buf + rx->head.len;

	if (rx->have < LINK_HEAD_LEN)
		return head_byte(rx, b);
	rx->buf[rx->have++ - LINK_HEAD_LEN] = b;
	if (rx->have < (uint32_t)LINK_HEAD_LEN + rx->head.len + LINK_TAIL_LEN)
		return 0;
	rx->have = 0;
	if (link_crc32(rx->buf, rx->head.len) !=
	    (get16(tail) | (uint32_t)get16(tail + 2) << 16))
		return E_CHECKSUM;
	return 1;
}

void link_seal(const uint8_t key[32], uint16_t index, const uint8_t *in,
	       size_t len, uint8_t *out)
{
	noise_seal(key, index, in, len, out);
}

int link_open(const uint8_t key[32], uint16_t index, uint8_t *body, size_t len)
{
	return noise_open(key, index, body, len, body);
}
