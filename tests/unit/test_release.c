/* SPDX-License-Identifier: MIT */
/* wire/release: header, firmware signature payload, file, chunk arithmetic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cbor.h"
#include "tests/lib/vectors.h"
#include "wire/release.h"
#include "wire/serial.h"

static struct release_header example(void)
{
	struct release_header h = {
		.fw = { .product = "pump",
			.version = "1.0",
			.rollback = 3,
			.segment_count = 2,
			.segments = { { 0x08000000, 2048 },
				      { 0x08001000, 100 } } },
		.chunk_len = 512,
		.family = FAMILY_STM32L4,
		.protection = 1,
		.option_count = 1,
		.options = { { 0x40022020, 0xff, 0xbb } },
	};

	memset(h.fw.digest, 0xd1, sizeof(h.fw.digest));
	return h;
}

#define D8 "d1d1d1d1d1d1d1d1"
#define FW                                             \
	"016470756d700263312e300303045820" D8 D8 D8 D8 \
	"0582821a08000000190800821a080010001864"
#define REST                       \
	"06190200"                 \
	"0703"                     \
	"0881831a4002202018ff18bb" \
	"0901"

static int decode_header(const uint8_t *buf, size_t len)
{
	struct release_header h;

	return release_header_decode(buf, len, &h);
}

static int decode_firmware(const uint8_t *buf, size_t len)
{
	struct firmware_info f;

	return firmware_info_decode(buf, len, &f);
}

static int decode_file(const uint8_t *buf, size_t len)
{
	struct release_file f;

	return release_file_decode(buf, len, &f);
}

static void test_header(void **state)
{
	struct release_header h = example();
	struct release_header back;
	uint8_t want[512], got[512];
	size_t want_len = unhex("a9" FW REST, want, sizeof(want));
	size_t len;

	(void)state;
	assert_int_equal(release_header_encode(&h, got, sizeof(got), &len), 0);
	assert_int_equal(len, want_len);
	assert_memory_equal(got, want, len);
	assert_int_equal(release_header_decode(want, want_len, &back), 0);
	assert_memory_equal(&back, &h, sizeof(h));
	check_lengths(decode_header, want, want_len);
	assert_int_equal(release_header_encode(&h, got, want_len - 1, &len),
			 E_SPACE);
}

static void test_sealed_header(void **state)
{
	struct release_header h = example();
	struct release_header back;
	uint8_t want[512], got[512];
	size_t want_len = unhex("aa" FW REST "0a821a2000c0001a08000101", want,
				sizeof(want));
	size_t len;

	(void)state;
	h.sealed = true;
	h.boot[0] = 0x2000c000;
	h.boot[1] = 0x08000101;
	assert_int_equal(release_header_encode(&h, got, sizeof(got), &len), 0);
	assert_int_equal(len, want_len);
	assert_memory_equal(got, want, len);
	assert_int_equal(release_header_decode(want, want_len, &back), 0);
	assert_memory_equal(&back, &h, sizeof(h));
	check_lengths(decode_header, want, want_len);
}

static void test_device_header(void **state)
{
	struct release_header h = example();
	struct release_header back;
	uint8_t want[512], got[512];
	size_t want_len = unhex("aa" FW REST "0b190414", want, sizeof(want));
	size_t len;

	(void)state;
	h.device = 0x414;
	assert_int_equal(release_header_encode(&h, got, sizeof(got), &len), 0);
	assert_int_equal(len, want_len);
	assert_memory_equal(got, want, len);
	assert_int_equal(release_header_decode(want, want_len, &back), 0);
	assert_memory_equal(&back, &h, sizeof(h));
	check_lengths(decode_header, want, want_len);
	/* beside the boot words */
	h.sealed = true;
	h.boot[0] = 0x2000c000;
	h.boot[1] = 0x08000101;
	want_len = unhex("ab" FW REST "0a821a2000c0001a08000101"
			 "0b190414",
			 want, sizeof(want));
	assert_int_equal(release_header_encode(&h, got, sizeof(got), &len), 0);
	assert_int_equal(len, want_len);
	assert_memory_equal(got, want, len);
	assert_int_equal(release_header_decode(want, want_len, &back), 0);
	assert_memory_equal(&back, &h, sizeof(h));
	check_lengths(decode_header, want, want_len);
}

static void test_firmware(void **state)
{
	struct release_header h = example();
	struct firmware_info back;
	uint8_t want[512], got[512];
	size_t want_len = unhex("a5" FW, want, sizeof(want));
	size_t len;

	(void)state;
	assert_int_equal(firmware_info_encode(&h.fw, got, sizeof(got), &len),
			 0);
	assert_int_equal(len, want_len);
	assert_memory_equal(got, want, len);
	assert_int_equal(firmware_info_decode(want, want_len, &back), 0);
	assert_memory_equal(&back, &h.fw, sizeof(back));
	check_lengths(decode_firmware, want, want_len);
	/* one is not taken for the other */
	assert_int_equal(decode_header(want, want_len), E_SYNTAX);
	want_len = unhex("a9" FW REST, want, sizeof(want));
	assert_int_equal(decode_firmware(want, want_len), E_CRITICAL);
}

static void test_largest_fits(void **state)
{
	struct release_header h = example();
	uint8_t buf[RELEASE_HEADER_MAX];
	size_t len;

	(void)state;
	memset(h.fw.product, 'p', NAME_CAP - 1);
	memset(h.fw.version, 'v', NAME_CAP - 1);
	h.fw.rollback = UINT32_MAX;
	h.fw.segment_count = SEGMENTS_MAX;
	for (uint32_t i = 0; i < SEGMENTS_MAX; i++)
		h.fw.segments[i] = (struct segment){ 0x80000000 + i * 0x20000,
						     0x10001 };
	h.option_count = OPTIONS_MAX;
	for (uint32_t i = 0; i < OPTIONS_MAX; i++)
		h.options[i] = (struct option_word){ UINT32_MAX, UINT32_MAX,
						     UINT32_MAX };
	assert_int_equal(release_header_encode(&h, buf, sizeof(buf), &len), 0);
	assert_true(len + 90 <= RELEASE_HEADER_MAX);
	assert_int_equal(decode_header(buf, len), 0);
	assert_int_equal(firmware_info_encode(&h.fw, buf, sizeof(buf), &len),
			 0);
	assert_true(len + 90 <= FIRMWARE_SIG_MAX);
}

static void segments_refused(const struct segment *s, size_t n, int err)
{
	struct release_header h = example();
	uint8_t buf[1024];
	size_t len;
	struct wr w;

	/* The encoder says so ... */
	if (n)
		memcpy(h.fw.segments, s, n * sizeof(*s));
	h.fw.segment_count = (uint8_t)n;
	assert_int_equal(firmware_info_encode(&h.fw, buf, sizeof(buf), &len),
			 err);
	/* ... and the decoder, of bytes made without it. */
	len = unhex("a5" FW, buf, sizeof(buf));
	wr_init(&w, buf + len - 19, sizeof(buf));
	cbor_wr_uint(&w, 5);
	cbor_wr_array(&w, n);
	for (size_t i = 0; i < n; i++) {
		cbor_wr_array(&w, 2);
		cbor_wr_uint(&w, s[i].address);
		cbor_wr_uint(&w, s[i].len);
	}
	assert_int_equal(decode_firmware(buf, len - 19 + w.len), err);
}

static void test_segments(void **state)
{
	static const struct segment empty[] = { { 0x1000, 0 } };
	static const struct segment descending[] = { { 0x2000, 8 },
						     { 0x1000, 8 } };
	static const struct segment overlap[] = { { 0x1000, 9 },
						  { 0x1008, 8 } };
	static const struct segment adjacent[] = { { 0x1000, 8 },
						   { 0x1008, 8 } };
	static const struct segment wraps[] = { { 0xfffffff8, 9 } };
	static const struct segment last[] = { { 0xfffffff8, 8 } };
	static const struct segment large[] = { { 0, IMAGE_MAX },
						{ IMAGE_MAX + 8, 1 } };
	static const struct segment wrap_sum[] = { { 0, 0xfffffff0 },
						   { 0xfffffff4, 8 } };

	(void)state;
	segments_refused(NULL, 0, E_RANGE);
	segments_refused(empty, 1, E_RANGE);
	segments_refused(descending, 2, E_OVERLAP);
	segments_refused(overlap, 2, E_OVERLAP);
	segments_refused(adjacent, 2, E_NOT_CANONICAL);
	segments_refused(wraps, 1, E_RANGE);
	segments_refused(last, 1, 0);
	segments_refused(large, 1, 0);
	segments_refused(large, 2, E_TOO_LARGE);
	segments_refused(wrap_sum, 2, E_TOO_LARGE);
}

static void header_refused(struct release_header h, int err)
{
	uint8_t buf[1024];
	size_t len;

	assert_int_equal(release_header_encode(&h, buf, sizeof(buf), &len),
			 err);
}

static void test_header_refusals(void **state)
{
	static const uint32_t bad_chunks[] = { 0, 63, 65, 1000, 65600 };
	struct release_header h;

	(void)state;
	for (size_t i = 0; i < sizeof(bad_chunks) / sizeof(bad_chunks[0]);
	     i++) {
		h = example();
		h.chunk_len = bad_chunks[i];
		header_refused(h, E_RANGE);
	}
	h = example();
	h.chunk_len = CHUNK_LEN_MIN;
	header_refused(h, 0);
	h.chunk_len = CHUNK_LEN_MAX;
	header_refused(h, 0);
	h = example();
	h.family = 0;
	header_refused(h, E_RANGE);
	h = example();
	h.protection = 3;
	header_refused(h, E_RANGE);
	h = example();
	h.options[0].value = 0x100; /* outside its mask */
	header_refused(h, E_RANGE);
	h = example();
	h.sealed = true;
	h.chunk_len = 2048; /* would not fit a link frame */
	header_refused(h, E_RANGE);
	h = example();
	h.option_count = OPTIONS_MAX + 1;
	header_refused(h, E_TOO_LARGE);
	h = example();
	h.fw.version[0] = 'V';
	header_refused(h, E_SYNTAX);
}

/* Level 2 when all is there. */
static void test_header_late(void **state)
{
	struct release_header h = example(), back;
	uint8_t buf[512];
	size_t len;

	(void)state;
	assert_string_equal(release_protection(&h), "1");
	h.protection = 2;
	assert_string_equal(release_protection(&h), "2");
	h.sealed = true;
	assert_string_equal(release_protection(&h), "2-early");
	h.late = true;
	assert_string_equal(release_protection(&h), "2-late");
	assert_int_equal(release_header_encode(&h, buf, sizeof(buf), &len), 0);
	assert_memory_equal(buf + len - 2, "\x0d\x01", 2);
	assert_int_equal(release_header_decode(buf, len, &back), 0);
	assert_true(back.late);
	assert_int_equal(back.protection, 2);
	buf[len - 1] = 2;
	assert_int_equal(release_header_decode(buf, len, &back), E_RANGE);
	h.protection = 1;
	header_refused(h, E_RANGE);
	h.protection = 2;
	h.sealed = false;
	header_refused(h, E_RANGE);
}

static int decode_hex(const char *hex, try_decode *decode)
{
	uint8_t buf[512];

	return decode(buf, unhex(hex, buf, sizeof(buf)));
}

static const struct bad_header {
	const char *hex;
	int err;
} bad_headers[] = {
	{ "aa" FW REST "0e00", E_CRITICAL },
	{ "ab" FW REST "0a820102"
	  "0e00",
	  E_CRITICAL },
	{ "ac" FW REST "0a820102"
	  "0b01"
	  "0e00",
	  E_CRITICAL },
	{ "ad" FW REST "0a820102"
	  "0b01"
	  "0c83000402"
	  "0e00",
	  E_CRITICAL },
	{ "aa" FW REST "0d00", E_RANGE },
	{ "aa" FW REST "0d01", E_RANGE }, /* of sealed ones */
	{ "ab" FW REST "0a820102"	  /* of level 2 */
	  "0d01",
	  E_RANGE },
	{ "ab" FW REST "0d01"
	  "0a820102",
	  E_SYNTAX },
	{ "aa" FW REST "0c00", E_SYNTAX },
	{ "aa" FW REST "0c83000400", E_NOT_CANONICAL },
	/* at address 0, which no segment has */
	{ "aa" FW REST "0c83000402", E_RANGE },
	{ "aa" FW REST "0b00", E_NOT_CANONICAL },
	{ "ab" FW REST "0b01"
	  "0a820102",
	  E_SYNTAX },
	{ "aa" FW REST "0900", E_SYNTAX },
	{ "aa" FW REST "0b1b0000000100000000", E_RANGE },
	{ "aa" FW REST "0a00", E_SYNTAX },
	{ "aa" FW REST "0a8101", E_SYNTAX },
	{ "aa" FW REST "0a82011b0000000100000000", E_RANGE },
	{ "a9" FW REST "0a820102", E_TRAILING },
	{ "a9" FW "06190200"
	  "0703"
	  "0880"
	  "0a00",
	  E_SYNTAX },
	{ "a9" FW "06190200"
	  "0703"
	  "0901"
	  "0880",
	  E_SYNTAX },
	{ "a8" FW "06190200"
	  "0703"
	  "0901",
	  E_SYNTAX },
	{ "a9" FW "06190200"
	  "0703"
	  "0889"
	  "830000008300000083000000830000008300000083000000"
	  "830000008300000083000000"
	  "0901",
	  E_TOO_LARGE },
	{ "a9" FW "06190200"
	  "0703"
	  "08818200"
	  "00"
	  "0901",
	  E_SYNTAX },
	{ "a9" FW "061b0000000100000400"
	  "0703"
	  "0880"
	  "0901",
	  E_RANGE },
	{ "a9" FW "06190200"
	  "07190103"
	  "0880"
	  "0901",
	  E_RANGE },
	{ "a9" FW "06190200"
	  "0703"
	  "0880"
	  "0920",
	  E_SYNTAX },
	{ "a9" FW "06190200"
	  "0703"
	  "089fff"
	  "0901",
	  E_NOT_CANONICAL },
};

static void test_header_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_headers) / sizeof(bad_headers[0]);
	     i++) {
		int err = decode_hex(bad_headers[i].hex, decode_header);

		if (err != bad_headers[i].err)
			fail_msg("case %zu: %s, expected %s", i,
				 error_name(err),
				 error_name(bad_headers[i].err));
	}
}

static void test_file(void **state)
{
	static const uint8_t sealed[17] = { 1 };
	struct release_file f = { .header = (const uint8_t *)"hd",
				  .header_len = 2,
				  .firmware = (const uint8_t *)"fw",
				  .firmware_len = 2,
				  .sealed = sealed,
				  .sealed_len = sizeof(sealed) };
	struct release_file back;
	uint8_t buf[256];
	size_t len;

	(void)state;
	memset(f.enc, 0xe0, sizeof(f.enc));
	assert_int_equal(release_file_encode(&f, buf, sizeof(buf), &len), 0);
	assert_memory_equal(buf,
			    "\x85\x71signet-release-v1\x42hd\x42"
			    "fw",
			    25);
	assert_int_equal(release_file_decode(buf, len, &back), 0);
	assert_int_equal(back.header_len, 2);
	assert_memory_equal(back.header, "hd", 2);
	assert_int_equal(back.firmware_len, 2);
	assert_memory_equal(back.enc, f.enc, 32);
	assert_int_equal(back.sealed_len, sizeof(sealed));
	assert_memory_equal(back.sealed, sealed, sizeof(sealed));
	check_lengths(decode_file, buf, len);
	buf[18] = '2'; /* another version */
	assert_int_equal(decode_file(buf, len), E_VERSION);
	f.sealed_len = 16; /* a tag around nothing */
	assert_int_equal(release_file_encode(&f, buf, sizeof(buf), &len),
			 E_RANGE);
	f.sealed_len = IMAGE_MAX + 16; /* allowed, but not into this buffer */
	assert_int_equal(release_file_encode(&f, buf, sizeof(buf), &len),
			 E_SPACE);
	f.sealed_len = IMAGE_MAX + 17;
	assert_int_equal(release_file_encode(&f, buf, sizeof(buf), &len),
			 E_TOO_LARGE);
	f.sealed_len = 17;
	f.header_len = RELEASE_HEADER_MAX + 1;
	assert_int_equal(release_file_encode(&f, buf, sizeof(buf), &len),
			 E_TOO_LARGE);
	f.header_len = 0;
	assert_int_equal(release_file_encode(&f, buf, sizeof(buf), &len),
			 E_RANGE);
}

static void test_chunks(void **state)
{
	struct release_header h = example();
	uint8_t digest[DIGEST_LEN];
	uint8_t nonce[12];
	uint8_t aad[CHUNK_AAD_LEN];

	(void)state;
	assert_int_equal(release_plain_len(&h), 2148);
	assert_int_equal(release_chunk_count(&h), 5);
	assert_int_equal(release_chunk_len(&h, 0), 512);
	assert_int_equal(release_chunk_len(&h, 4), 100);
	h.fw.segment_count = 1; /* 2048: no short chunk at the end */
	assert_int_equal(release_chunk_count(&h), 4);
	assert_int_equal(release_chunk_len(&h, 3), 512);
	h.fw.segments[0].len = 1;
	assert_int_equal(release_chunk_count(&h), 1);
	assert_int_equal(release_chunk_len(&h, 0), 1);

	release_chunk_nonce(0x01020304, nonce);
	assert_memory_equal(nonce, "\0\0\0\0\4\3\2\1\0\0\0\0", 12);
	memset(digest, 0xab, sizeof(digest));
	release_chunk_aad(digest, 0x01020304, true, aad);
	assert_memory_equal(aad, digest, DIGEST_LEN);
	assert_memory_equal(aad + DIGEST_LEN, "\4\3\2\1\1", 5);
	release_chunk_aad(digest, 0, false, aad);
	assert_memory_equal(aad + DIGEST_LEN, "\0\0\0\0\0", 5);
}

static void test_serial_rules(void **state)
{
	static const struct {
		struct serial_place place;
		int err;
	} t[] = {
		{ { 0x08000008, 32, SERIAL_ASCII }, 0 },
		{ { 0x080007fc, 4, SERIAL_U32 }, 0 }, /* a segment's end */
		{ { 0x08001000, 4, SERIAL_U32 }, 0 }, /* its beginning */
		{ { 0x08000004, 4, SERIAL_U32 }, E_RANGE }, /* boot words */
		{ { 0x08000007, 4, SERIAL_U32 }, E_RANGE },
		{ { 0x080007fd, 4, SERIAL_U32 }, E_RANGE }, /* over its end */
		{ { 0x07fffffe, 16, SERIAL_ASCII }, E_RANGE },
		{ { 0x08000900, 4, SERIAL_U32 }, E_RANGE }, /* in the gap */
		{ { 0x20000000, 4, SERIAL_U32 }, E_RANGE },
		{ { 0x08000010, 33, SERIAL_ASCII }, E_RANGE },
		{ { 0x08000010, 0, SERIAL_ASCII }, E_RANGE },
		{ { 0x08000010, 5, SERIAL_U32 }, E_RANGE },
		{ { 0x08000010, 4, 3 }, E_RANGE },
	};
	struct release_header h = example(), got;
	uint8_t buf[RELEASE_HEADER_MAX];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		h.serial = t[i].place;
		assert_int_equal(
			release_header_encode(&h, buf, sizeof(buf), &len),
			t[i].err);
		if (t[i].err)
			continue;
		assert_int_equal(release_header_decode(buf, len, &got), 0);
		assert_memory_equal(&got, &h, sizeof(h));
	}
	/* it may not cut more segments than there may be */
	h.fw.segment_count = SEGMENTS_MAX;
	for (uint32_t i = 0; i < SEGMENTS_MAX; i++)
		h.fw.segments[i] = (struct segment){ 0x08000000 + i * 256,
						     128 };
	h.serial = (struct serial_place){ 0x08000010, 4, SERIAL_U32 };
	assert_int_equal(release_header_encode(&h, buf, sizeof(buf), &len),
			 E_TOO_LARGE);
	h.serial.address = 0x08000100; /* shortens one, cuts none */
	assert_int_equal(release_header_encode(&h, buf, sizeof(buf), &len), 0);
}

static void test_serial_bytes(void **state)
{
	static const struct {
		struct serial_place place;
		const char *serial;
		int err;
		uint8_t want[6];
	} t[] = {
		{ { 0, 6, SERIAL_ASCII }, "A-12", 0, { 'A', '-', '1', '2' } },
		{ { 0, 4, SERIAL_ASCII }, "A-12", 0, { 'A', '-', '1', '2' } },
		{ { 0, 3, SERIAL_ASCII }, "A-12", E_RANGE, { 0 } },
		{ { 0, 6, SERIAL_ASCII }, "", E_RANGE, { 0 } },
		{ { 0, 4, SERIAL_U32 }, "A-258", 0, { 2, 1, 0, 0 } },
		{ { 0, 4, SERIAL_U32 },
		  "4294967295",
		  0,
		  { 255, 255, 255, 255 } },
		{ { 0, 4, SERIAL_U32 }, "A4294967296", E_RANGE, { 0 } },
		{ { 0, 4, SERIAL_U32 }, "12A", E_RANGE, { 0 } },
		{ { 0, 4, SERIAL_U32 }, "", E_RANGE, { 0 } },
		{ { 0, 4, SERIAL_NONE }, "1", E_RANGE, { 0 } },
	};
	struct release_header h = example();
	char text[SERIAL_PLACE_CAP];
	uint8_t out[SERIAL_CAP], p[8];

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		memset(out, 0xee, sizeof(out));
		assert_int_equal(serial_bytes(&t[i].place, t[i].serial, out),
				 t[i].err);
		if (t[i].err)
			assert_int_equal(out[0], 0xee);
		else
			assert_memory_equal(out, t[i].want, sizeof(t[i].want));
	}
	/* plaintext offset 2060: the second segment's 12th byte; in two parts
	 */
	h.serial = (struct serial_place){ 0x0800100c, 6, SERIAL_ASCII };
	memcpy(out, "abcdef", 6);
	memset(p, '.', sizeof(p));
	serial_overlay(&h, out, 2056, p, 6);
	assert_memory_equal(p, "....ab..", 8);
	serial_overlay(&h, out, 2062, p, 8);
	assert_memory_equal(p, "cdefab..", 8);
	serial_overlay(&h, out, 2066, p, 8);
	assert_memory_equal(p, "cdefab..", 8);
	serial_place_text(&h.serial, text);
	assert_string_equal(text, "0x0800100c:ascii:6");
	h.serial = (struct serial_place){ 0x0800100c, 32, SERIAL_ASCII };
	serial_place_text(&h.serial, text);
	assert_string_equal(text, "0x0800100c:ascii:32");
	h.serial = (struct serial_place){ 0xfedcba98, 4, SERIAL_U32 };
	serial_place_text(&h.serial, text);
	assert_string_equal(text, "0xfedcba98:u32");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_serial_rules),
		cmocka_unit_test(test_serial_bytes),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_sealed_header),
		cmocka_unit_test(test_device_header),
		cmocka_unit_test(test_firmware),
		cmocka_unit_test(test_largest_fits),
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_header_refusals),
		cmocka_unit_test(test_header_late),
		cmocka_unit_test(test_header_bytes),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_chunks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
