/* SPDX-License-Identifier: MIT */
/*
 * Intel HEX ("Hexadecimal Object File Format Specification", Intel, 1988).
 * A record: ':', length, offset (2 bytes, big-endian), type, data, checksum.
 */
#include "image/internal.h"

enum record_type {
	HEX_DATA = 0,
	HEX_END = 1,
	HEX_SEGMENT = 2,       /* base = value * 16, offsets wrap at 64 kB */
	HEX_START_SEGMENT = 3, /* CS:IP; checked, then of no use to us */
	HEX_LINEAR = 4,	       /* base = value << 16 */
	HEX_START_LINEAR = 5,  /* EIP; likewise */
	HEX_TYPES
};

enum { HEAD_LEN = 4, CHECK_LEN = 1, DATA_MAX = 255 };
enum { SEGMENT_SIZE = 0x10000 };

struct hex {
	struct builder *b;
	uint32_t base;
	bool segmented;
	bool ended;
};

static uint32_t be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

/* In segmented mode the bytes past 64 kB go on at the segment's beginning. */
static int hex_data(struct hex *h, uint32_t offset, const uint8_t *p,
		    uint32_t len)
{
	uint32_t before = len;
	int err;

	if (h->segmented && offset + len > SEGMENT_SIZE)
		before = SEGMENT_SIZE - offset;
	err = builder_add(h->b, (uint64_t)h->base + offset, p, before);
	if (!err)
		err = builder_add(h->b, h->base, p + before, len - before);
	return err;
}

static int hex_record(struct hex *h, uint8_t type, uint32_t offset,
		      const uint8_t *p, uint32_t len)
{
	/* Data length that each type demands; -1 = any. */
	static const int demanded[HEX_TYPES] = { -1, 0, 2, 4, 2, 4 };

	if (type >= HEX_TYPES)
		return builder_fail(h->b, E_SYNTAX,
				    "record type %02x is unknown", type);
	if (demanded[type] >= 0 && len != (uint32_t)demanded[type])
		return builder_fail(h->b, E_SYNTAX,
				    "a record of type %02x has %d data bytes, "
				    "this one has %u",
				    type, demanded[type], len);
	if (type == HEX_DATA)
		return hex_data(h, offset, p, len);
	if (type == HEX_END)
		h->ended = true;
	if (type == HEX_SEGMENT || type == HEX_LINEAR) {
		h->segmented = type == HEX_SEGMENT;
		h->base = be16(p) << (h->segmented ? 4 : 16);
	}
	return 0;
}

static int hex_line(struct hex *h, const uint8_t *line, size_t line_len)
{
	uint8_t r[HEAD_LEN + DATA_MAX + CHECK_LEN];
	uint8_t sum = 0;
	size_t n;
	int err;

	if (h->ended)
		return builder_fail(h->b, E_TRAILING,
				    "there is more after the end-of-file "
				    "record");
	if (line[0] != ':')
		return builder_fail(h->b, E_SYNTAX,
				    "a record begins with ':', this line with "
				    "byte 0x%02x",
				    line[0]);
	err = record_bytes(h->b, line + 1, line_len - 1, r, sizeof(r), &n);
	if (err)
		return err;
	if (n < HEAD_LEN + CHECK_LEN ||
	    n != HEAD_LEN + CHECK_LEN + (size_t)r[0])
		return builder_fail(h->b, E_TRUNCATED,
				    "the record has %zu bytes, its length "
				    "field asks for %u",
				    n, HEAD_LEN + CHECK_LEN + (n ? r[0] : 0u));
	for (size_t i = 0; i < n - 1; i++)
		sum = (uint8_t)(sum - r[i]);
	if (r[n - 1] != sum)
		return builder_fail(h->b, E_CHECKSUM,
				    "checksum is %02x, should be %02x",
				    r[n - 1], sum);
	return hex_record(h, r[3], be16(r + 1), r + HEAD_LEN, r[0]);
}

int image_read_hex(struct builder *b, const uint8_t *buf, size_t len)
{
	struct hex h = { .b = b };
	struct lines l = { buf, len, 0 };
	const uint8_t *line;
	size_t line_len;

	b->kind = PLACE_LINE;
	while (lines_next(&l, &line, &line_len)) {
		int err;

		b->now = l.number;
		err = hex_line(&h, line, line_len);
		if (err)
			return err;
	}
	if (!h.ended)
		return builder_fail(b, E_TRUNCATED,
				    "the file ends without an end-of-file "
				    "record (:00000001FF)");
	return 0;
}
