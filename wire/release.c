/* SPDX-License-Identifier: MIT */
#include "wire/release.h"

#include <string.h>

#include "base/cbor.h"
#include "wire/name.h"

#define FILE_FORMAT "signet-release-v1"

enum field { /* map keys, ascending */
	     FIELD_PRODUCT = 1,
	     FIELD_VERSION = 2,
	     FIELD_ROLLBACK = 3,
	     FIELD_DIGEST = 4,
	     FIELD_SEGMENTS = 5,
	     FIELD_CHUNK_LEN = 6,
	     FIELD_FAMILY = 7,
	     FIELD_OPTIONS = 8,
	     FIELD_PROTECTION = 9,
	     FIELD_BOOT = 10,	/* of a sealed release */
	     FIELD_DEVICE = 11, /* where the family has several chips */
	     FIELD_SERIAL = 12, /* where the image holds a serial number */
	     FIELD_LATE = 13,	/* level 2 by the stub */
	     FIELD_LAST = FIELD_LATE,
};

enum {
	FIRMWARE_FIELDS = FIELD_SEGMENTS,
	HEADER_FIELDS = FIELD_PROTECTION, /* that are always there */
	FILE_ITEMS = 5,
	SEAL_TAG_LEN = 16,
	PROTECTION_MAX = 2,
	LATE = 1,
	BOOT_LEN = 8, /* stack pointer and reset vector */
};

int segments_check(const struct segment *s, size_t count)
{
	uint64_t end = 0;
	uint64_t sum = 0;

	if (count < 1 || count > SEGMENTS_MAX)
		return E_RANGE;
	for (size_t i = 0; i < count; i++) {
		if (!s[i].len)
			return E_RANGE;
		/* Adjacent ones would be two ways to write one image. */
		if (i && s[i].address <= end)
			return s[i].address < end ? E_OVERLAP : E_NOT_CANONICAL;
		end = (uint64_t)s[i].address + s[i].len;
		if (end > (uint64_t)UINT32_MAX + 1)
			return E_RANGE;
		sum += s[i].len;
	}
	return sum > IMAGE_MAX ? E_TOO_LARGE : 0;
}

static int firmware_check(const struct firmware_info *f)
{
	if (!name_valid(f->product) || !name_valid(f->version))
		return E_SYNTAX;
	return segments_check(f->segments, f->segment_count);
}

/* -- the place of the serial number --------------------------------------- */
static bool place_valid(const struct serial_place *s)
{
	if (s->form == SERIAL_U32)
		return s->len == 4;
	return s->form == SERIAL_ASCII && s->len >= 1 && s->len <= SERIAL_CAP;
}

/* Index of the segment that has all of it, or count. */
static size_t home(const struct release_header *h)
{
	const struct serial_place *p = &h->serial;
	size_t i;

	for (i = 0; i < h->fw.segment_count; i++) {
		const struct segment *s = &h->fw.segments[i];

		/* wraps to something large when it begins before */
		if (p->address - s->address < s->len &&
		    p->len <= s->len - (p->address - s->address))
			break;
	}
	return i;
}

int release_signed_part(const struct release_header *h,
			struct firmware_info *out)
{
	struct segment all[SEGMENTS_MAX + 1];
	uint32_t first = h->serial.address;
	uint32_t end = first + h->serial.len;
	size_t n = 0, at;

	*out = h->fw;
	if (h->serial.form == SERIAL_NONE)
		return 0;
	if (h->fw.segment_count == 0 || h->fw.segment_count > SEGMENTS_MAX)
		return E_RANGE;
	at = home(h);
	if (!place_valid(&h->serial) || at == h->fw.segment_count ||
	    first - h->fw.segments[0].address < BOOT_LEN)
		return E_RANGE;
	for (size_t i = 0; i < h->fw.segment_count; i++) {
		const struct segment *s = &h->fw.segments[i];
		uint32_t s_end = s->address + s->len;

		if (i != at) {
			all[n++] = *s;
			continue;
		}
		if (first != s->address)
			all[n++] = (struct segment){ s->address,
						     first - s->address };
		if (end != s_end)
			all[n++] = (struct segment){ end, s_end - end };
	}
	if (n > SEGMENTS_MAX)
		return E_TOO_LARGE;
	out->segment_count = (uint8_t)n;
	memset(out->segments, 0, sizeof(out->segments));
	memcpy(out->segments, all, n * sizeof(all[0]));
	return 0;
}

uint32_t release_plain_offset(const struct release_header *h, uint32_t address)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < h->fw.segment_count; i++) {
		const struct segment *s = &h->fw.segments[i];

		if (address - s->address < s->len)
			return sum + (address - s->address);
		sum += s->len;
	}
	return sum;
}

/* Both lists of segments: as it is sent, and as it is signed. */
static int signed_check(const struct release_header *h)
{
	struct firmware_info fw;
	int err = firmware_check(&h->fw);

	if (!err)
		err = release_signed_part(h, &fw);
	return err ? err : segments_check(fw.segments, fw.segment_count);
}

static int header_check(const struct release_header *h)
{
	if (h->chunk_len < CHUNK_LEN_MIN || h->chunk_len > CHUNK_LEN_MAX ||
	    h->chunk_len % CHUNK_LEN_MIN)
		return E_RANGE;
	if (h->sealed && h->chunk_len > SEALED_CHUNK_MAX)
		return E_RANGE;
	if (!family_name(h->family) || h->protection > PROTECTION_MAX)
		return E_RANGE;
	if (h->late && (!h->sealed || h->protection != PROTECTION_MAX))
		return E_RANGE;
	if (h->option_count > OPTIONS_MAX)
		return E_TOO_LARGE;
	for (size_t i = 0; i < h->option_count; i++)
		if (h->options[i].value & ~h->options[i].mask)
			return E_RANGE;
	return signed_check(h);
}

static uint32_t rd_word(struct rd *r)
{
	uint64_t v = cbor_rd_uint(r);

	if (v > UINT32_MAX)
		rd_fail(r, E_RANGE);
	return (uint32_t)v;
}

static uint8_t rd_small(struct rd *r)
{
	uint32_t v = rd_word(r);

	if (v > UINT8_MAX)
		rd_fail(r, E_RANGE);
	return (uint8_t)v;
}

static void rd_tuple(struct rd *r, size_t count)
{
	if (cbor_rd_array(r, count) != count)
		rd_fail(r, E_SYNTAX);
}

/* Keys ascend without gaps, so each must stand in its place; a number from
 * beyond the list is a field that a newer version knows. */
static void rd_field(struct rd *r, enum field want)
{
	int64_t key = cbor_rd_int(r);

	if (key != want)
		rd_fail(r, key >= FIELD_PRODUCT && key <= FIELD_LAST
				   ? E_SYNTAX
				   : E_CRITICAL);
}

static void rd_fields(struct rd *r, size_t want)
{
	size_t count = cbor_rd_map(r, r->left);

	if (count != want)
		rd_fail(r, count > want ? E_CRITICAL : E_SYNTAX);
}

static void wr_firmware_fields(struct wr *w, const struct firmware_info *f)
{
	cbor_wr_uint(w, FIELD_PRODUCT);
	cbor_wr_text(w, f->product);
	cbor_wr_uint(w, FIELD_VERSION);
	cbor_wr_text(w, f->version);
	cbor_wr_uint(w, FIELD_ROLLBACK);
	cbor_wr_uint(w, f->rollback);
	cbor_wr_uint(w, FIELD_DIGEST);
	cbor_wr_bytes(w, f->digest, DIGEST_LEN);
	cbor_wr_uint(w, FIELD_SEGMENTS);
	cbor_wr_array(w, f->segment_count);
	for (size_t i = 0; i < f->segment_count; i++) {
		cbor_wr_array(w, 2);
		cbor_wr_uint(w, f->segments[i].address);
		cbor_wr_uint(w, f->segments[i].len);
	}
}

static void rd_firmware_fields(struct rd *r, struct firmware_info *f)
{
	rd_field(r, FIELD_PRODUCT);
	cbor_rd_text(r, f->product, sizeof(f->product));
	rd_field(r, FIELD_VERSION);
	cbor_rd_text(r, f->version, sizeof(f->version));
	rd_field(r, FIELD_ROLLBACK);
	f->rollback = rd_word(r);
	rd_field(r, FIELD_DIGEST);
	cbor_rd_fixed(r, f->digest, DIGEST_LEN);
	rd_field(r, FIELD_SEGMENTS);
	f->segment_count = (uint8_t)cbor_rd_array(r, SEGMENTS_MAX);
	for (size_t i = 0; i < f->segment_count; i++) {
		rd_tuple(r, 2);
		f->segments[i].address = rd_word(r);
		f->segments[i].len = rd_word(r);
	}
}

int firmware_info_encode(const struct firmware_info *f, uint8_t *out,
			 size_t cap, size_t *out_len)
{
	struct wr w;
	int err = firmware_check(f);

	if (err)
		return err;
	wr_init(&w, out, cap);
	cbor_wr_map(&w, FIRMWARE_FIELDS);
	wr_firmware_fields(&w, f);
	return wr_end(&w, out_len);
}

int firmware_info_decode(const uint8_t *buf, size_t len,
			 struct firmware_info *out)
{
	struct firmware_info f;
	struct rd r;
	int err;

	memset(&f, 0, sizeof(f));
	rd_init(&r, buf, len);
	rd_fields(&r, FIRMWARE_FIELDS);
	rd_firmware_fields(&r, &f);
	err = rd_end(&r);
	if (!err)
		err = firmware_check(&f);
	if (!err)
		*out = f;
	return err;
}

static void wr_options(struct wr *w, const struct release_header *h)
{
	cbor_wr_array(w, h->option_count);
	for (size_t i = 0; i < h->option_count; i++) {
		cbor_wr_array(w, 3);
		cbor_wr_uint(w, h->options[i].reg);
		cbor_wr_uint(w, h->options[i].mask);
		cbor_wr_uint(w, h->options[i].value);
	}
}

static void rd_options(struct rd *r, struct release_header *h)
{
	h->option_count = (uint8_t)cbor_rd_array(r, OPTIONS_MAX);
	for (size_t i = 0; i < h->option_count; i++) {
		rd_tuple(r, 3);
		h->options[i].reg = rd_word(r);
		h->options[i].mask = rd_word(r);
		h->options[i].value = rd_word(r);
	}
}

int release_header_encode(const struct release_header *h, uint8_t *out,
			  size_t cap, size_t *out_len)
{
	struct wr w;
	int err = header_check(h);

	if (err)
		return err;
	wr_init(&w, out, cap);
	cbor_wr_map(&w, (size_t)HEADER_FIELDS + h->sealed + (h->device != 0) +
				(h->serial.form != SERIAL_NONE) + h->late);
	wr_firmware_fields(&w, &h->fw);
	cbor_wr_uint(&w, FIELD_CHUNK_LEN);
	cbor_wr_uint(&w, h->chunk_len);
	cbor_wr_uint(&w, FIELD_FAMILY);
	cbor_wr_uint(&w, h->family);
	cbor_wr_uint(&w, FIELD_OPTIONS);
	wr_options(&w, h);
	cbor_wr_uint(&w, FIELD_PROTECTION);
	cbor_wr_uint(&w, h->protection);
	if (h->sealed) {
		cbor_wr_uint(&w, FIELD_BOOT);
		cbor_wr_array(&w, 2);
		cbor_wr_uint(&w, h->boot[0]);
		cbor_wr_uint(&w, h->boot[1]);
	}
	if (h->device != 0) {
		cbor_wr_uint(&w, FIELD_DEVICE);
		cbor_wr_uint(&w, h->device);
	}
	if (h->serial.form != SERIAL_NONE) {
		cbor_wr_uint(&w, FIELD_SERIAL);
		cbor_wr_array(&w, 3);
		cbor_wr_uint(&w, h->serial.address);
		cbor_wr_uint(&w, h->serial.len);
		cbor_wr_uint(&w, h->serial.form);
	}
	if (h->late) {
		cbor_wr_uint(&w, FIELD_LATE);
		cbor_wr_uint(&w, LATE);
	}
	return wr_end(&w, out_len);
}

/* Fields 10 to 13, of which each may be missing: `count` follow. */
static void rd_optional(struct rd *r, size_t count, struct release_header *h)
{
	int64_t key = count > 0 ? cbor_rd_int(r) : 0;

	if (key == FIELD_BOOT) {
		h->sealed = true;
		rd_tuple(r, 2);
		h->boot[0] = rd_word(r);
		h->boot[1] = rd_word(r);
		key = --count > 0 ? cbor_rd_int(r) : 0;
	}
	if (key == FIELD_DEVICE) {
		h->device = rd_word(r);
		if (h->device == 0) /* left out, then */
			rd_fail(r, E_NOT_CANONICAL);
		key = --count > 0 ? cbor_rd_int(r) : 0;
	}
	if (key == FIELD_SERIAL) {
		rd_tuple(r, 3);
		h->serial.address = rd_word(r);
		h->serial.len = rd_small(r);
		h->serial.form = rd_small(r);
		if (h->serial.form == SERIAL_NONE)
			rd_fail(r, E_NOT_CANONICAL);
		key = --count > 0 ? cbor_rd_int(r) : 0;
	}
	if (key == FIELD_LATE) {
		h->late = true;
		if (rd_small(r) != LATE)
			rd_fail(r, E_RANGE);
		count--;
	}
	if (count > 0)
		rd_fail(r, key >= FIELD_PRODUCT && key <= FIELD_LAST
				   ? E_SYNTAX
				   : E_CRITICAL);
}

int release_header_decode(const uint8_t *buf, size_t len,
			  struct release_header *out)
{
	struct release_header h;
	size_t count;
	struct rd r;
	int err;

	memset(&h, 0, sizeof(h));
	rd_init(&r, buf, len);
	count = cbor_rd_map(&r, r.left);
	if (count < HEADER_FIELDS || count > FIELD_LAST)
		rd_fail(&r, count > FIELD_LAST ? E_CRITICAL : E_SYNTAX);
	rd_firmware_fields(&r, &h.fw);
	rd_field(&r, FIELD_CHUNK_LEN);
	h.chunk_len = rd_word(&r);
	rd_field(&r, FIELD_FAMILY);
	h.family = rd_small(&r);
	rd_field(&r, FIELD_OPTIONS);
	rd_options(&r, &h);
	rd_field(&r, FIELD_PROTECTION);
	h.protection = rd_small(&r);
	rd_optional(&r, count - HEADER_FIELDS, &h);
	err = rd_end(&r);
	if (!err)
		err = header_check(&h);
	if (!err)
		*out = h;
	return err;
}

const char *release_protection(const struct release_header *h)
{
	static const char *const levels[] = { "0", "1", "2" };

	if (h->late)
		return "2-late";
	if (h->sealed && h->protection == PROTECTION_MAX)
		return "2-early";
	return levels[h->protection % 3];
}

static int file_check(const struct release_file *f)
{
	if (f->header_len > RELEASE_HEADER_MAX ||
	    f->firmware_len > FIRMWARE_SIG_MAX ||
	    f->sealed_len > IMAGE_MAX + SEAL_TAG_LEN)
		return E_TOO_LARGE;
	if (!f->header_len || !f->firmware_len || f->sealed_len <= SEAL_TAG_LEN)
		return E_RANGE;
	return 0;
}

int release_file_encode(const struct release_file *f, uint8_t *out, size_t cap,
			size_t *out_len)
{
	struct wr w;
	int err = file_check(f);

	if (err)
		return err;
	wr_init(&w, out, cap);
	cbor_wr_array(&w, FILE_ITEMS);
	cbor_wr_text(&w, FILE_FORMAT);
	cbor_wr_bytes(&w, f->header, f->header_len);
	cbor_wr_bytes(&w, f->firmware, f->firmware_len);
	cbor_wr_bytes(&w, f->enc, sizeof(f->enc));
	cbor_wr_bytes(&w, f->sealed, f->sealed_len);
	return wr_end(&w, out_len);
}

int release_file_decode(const uint8_t *buf, size_t len,
			struct release_file *out)
{
	struct release_file f;
	struct rd r;
	char format[NAME_CAP];
	int err;

	rd_init(&r, buf, len);
	if (cbor_rd_array(&r, r.left) != FILE_ITEMS)
		rd_fail(&r, E_SYNTAX);
	cbor_rd_text(&r, format, sizeof(format));
	if (strcmp(format, FILE_FORMAT) != 0)
		rd_fail(&r, E_VERSION);
	f.header = cbor_rd_bytes(&r, RELEASE_HEADER_MAX, &f.header_len);
	f.firmware = cbor_rd_bytes(&r, FIRMWARE_SIG_MAX, &f.firmware_len);
	cbor_rd_fixed(&r, f.enc, sizeof(f.enc));
	f.sealed = cbor_rd_bytes(&r, IMAGE_MAX + SEAL_TAG_LEN, &f.sealed_len);
	err = rd_end(&r);
	if (!err)
		err = file_check(&f);
	if (!err)
		*out = f;
	return err;
}

uint32_t release_plain_len(const struct release_header *h)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < h->fw.segment_count; i++)
		sum += h->fw.segments[i].len;
	return sum;
}

uint32_t release_chunk_count(const struct release_header *h)
{
	return (release_plain_len(h) + h->chunk_len - 1) / h->chunk_len;
}

uint32_t release_chunk_len(const struct release_header *h, uint32_t i)
{
	uint32_t left = release_plain_len(h) - i * h->chunk_len;

	return left < h->chunk_len ? left : h->chunk_len;
}

void release_chunk_nonce(uint32_t index, uint8_t out[12])
{
	struct wr w;

	wr_init(&w, out, 12);
	wr_u32(&w, 0);
	wr_u64(&w, index);
}

void release_chunk_aad(const uint8_t header_digest[DIGEST_LEN], uint32_t index,
		       bool last, uint8_t out[CHUNK_AAD_LEN])
{
	struct wr w;

	wr_init(&w, out, CHUNK_AAD_LEN);
	wr_bytes(&w, header_digest, DIGEST_LEN);
	wr_u32(&w, index);
	wr_u8(&w, last);
}

size_t release_key_aad(const char *order,
		       const uint8_t header_digest[DIGEST_LEN],
		       uint8_t out[KEY_AAD_MAX])
{
	size_t len = 0;

	for (; len < NAME_CAP - 1 && order[len]; len++)
		out[len] = (uint8_t)order[len];
	out[len++] = 0;
	memcpy(out + len, header_digest, DIGEST_LEN);
	return len + DIGEST_LEN;
}
