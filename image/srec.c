/* SPDX-License-Identifier: MIT */
/*
 * Motorola S-record ("M68000 Family Programmer's Reference Manual", appendix
 * C).  A record: 'S', type digit, count of the bytes that follow, address (2
 * to 4 bytes, big-endian), data, checksum (ones' complement of the sum).
 */
#include "image/internal.h"

enum { COUNT_LEN = 1, CHECK_LEN = 1, RECORD_MAX = COUNT_LEN + 255 };

enum kind { KIND_HEADER, KIND_DATA, KIND_COUNT, KIND_END, KIND_RESERVED };

static const struct {
	enum kind kind;
	uint8_t address_len;
} types[10] = {
	[0] = { KIND_HEADER, 2 },   [1] = { KIND_DATA, 2 },
	[2] = { KIND_DATA, 3 },	    [3] = { KIND_DATA, 4 },
	[4] = { KIND_RESERVED, 0 }, [5] = { KIND_COUNT, 2 },
	[6] = { KIND_COUNT, 3 },    [7] = { KIND_END, 4 },
	[8] = { KIND_END, 3 },	    [9] = { KIND_END, 2 },
};

struct srec {
	struct builder *b;
	uint32_t records; /* data records so far */
	bool counted;	  /* a count record confirmed them */
	bool ended;
};

static uint32_t big_endian(const uint8_t *p, size_t len)
{
	uint32_t v = 0;

	while (len--)
		v = v << 8 | *p++;
	return v;
}

static int srec_record(struct srec *s, unsigned int type, const uint8_t *p,
		       size_t len)
{
	size_t address_len = types[type].address_len;
	uint32_t address = big_endian(p, address_len);

	if (types[type].kind != KIND_DATA && types[type].kind != KIND_HEADER &&
	    len != address_len)
		return builder_fail(s->b, E_SYNTAX,
				    "a record of type S%u carries no data",
				    type);
	switch (types[type].kind) {
	case KIND_DATA:
		if (s->counted)
			return builder_fail(s->b, E_TRAILING,
					    "there is data after the count "
					    "record");
		s->records++;
		return builder_add(s->b, address, p + address_len,
				   len - address_len);
	case KIND_COUNT:
		if (address != s->records)
			return builder_fail(s->b, E_CHECKSUM,
					    "the count record says %u data "
					    "records, there are %u",
					    address, s->records);
		s->counted = true;
		return 0;
	case KIND_END:
		s->ended = true;
		return 0;
	default:
		return 0;
	}
}

static int srec_checked(struct srec *s, unsigned int type, const uint8_t *r,
			size_t n)
{
	uint8_t sum = 0xff;

	if (n < COUNT_LEN || n != COUNT_LEN + (size_t)r[0])
		return builder_fail(s->b, E_TRUNCATED,
				    "%zu bytes follow the count, which says %u",
				    n ? n - COUNT_LEN : 0, n ? r[0] : 0u);
	if (r[0] < types[type].address_len + CHECK_LEN)
		return builder_fail(s->b, E_SYNTAX,
				    "a record of type S%u has at least %u "
				    "bytes, this one has %u",
				    type, types[type].address_len + CHECK_LEN,
				    r[0]);
	for (size_t i = 0; i < n - 1; i++)
		sum = (uint8_t)(sum - r[i]);
	if (r[n - 1] != sum)
		return builder_fail(s->b, E_CHECKSUM,
				    "checksum is %02x, should be %02x",
				    r[n - 1], sum);
	return srec_record(s, type, r + COUNT_LEN, n - COUNT_LEN - CHECK_LEN);
}

static int srec_line(struct srec *s, const uint8_t *line, size_t len)
{
	uint8_t r[RECORD_MAX];
	unsigned int type;
	size_t n;
	int err;

	if (s->ended)
		return builder_fail(s->b, E_TRAILING,
				    "there is more after the end record");
	if (len < 2 || line[0] != 'S' || line[1] < '0' || line[1] > '9')
		return builder_fail(s->b, E_SYNTAX,
				    "a record begins with S0 to S9");
	type = (unsigned int)(line[1] - '0');
	if (types[type].kind == KIND_RESERVED)
		return builder_fail(s->b, E_SYNTAX,
				    "record type S%u is reserved", type);
	err = record_bytes(s->b, line + 2, len - 2, r, sizeof(r), &n);
	return err ? err : srec_checked(s, type, r, n);
}

int image_read_srec(struct builder *b, const uint8_t *buf, size_t len)
{
	struct srec s = { .b = b };
	struct lines l = { buf, len, 0 };
	const uint8_t *line;
	size_t line_len;

	b->kind = PLACE_LINE;
	while (lines_next(&l, &line, &line_len)) {
		int err;

		b->now = l.number;
		err = srec_line(&s, line, line_len);
		if (err)
			return err;
	}
	/* Some tools leave the end record out, but then they count. */
	if (!s.ended && !s.counted)
		return builder_fail(b, E_TRUNCATED,
				    "the file ends without an end record (S7, "
				    "S8 or S9)");
	return 0;
}
