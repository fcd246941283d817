/* SPDX-License-Identifier: MIT */
/* wire/hello: the five payloads of the sealed handshake, good and bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/vectors.h"
#include "wire/hello.h"
#include "wire/record.h"

static int try_hello(const uint8_t *buf, size_t len)
{
	struct hello out;

	return hello_decode(buf, len, &out);
}

static int try_claim(const uint8_t *buf, size_t len)
{
	struct claim out;

	return claim_decode(buf, len, &out);
}

static int try_delivery(const uint8_t *buf, size_t len)
{
	static const struct delivery none;
	struct delivery out;
	int err;

	memset(&out, 0xa5, sizeof(out));
	err = delivery_decode(buf, len, &out);
	if (err)
		assert_memory_equal(&out, &none, sizeof(out));
	return err;
}

static int try_report(const uint8_t *buf, size_t len)
{
	struct report out;

	return report_decode(buf, len, &out);
}

static int try_commit(const uint8_t *buf, size_t len)
{
	struct commit out;

	return commit_decode(buf, len, &out);
}

/* -- hello ------------------------------------------------------------------
 */

static void test_hello(void **state)
{
	const struct hello h = { .order = "po-1001",
				 .grant = 0x0102030405060708,
				 .attempt = 3,
				 .challenge = { 0xaa, 0xbb } };
	uint8_t raw[HELLO_LEN], bad[HELLO_LEN];
	struct hello out, keep;

	(void)state;
	hello_encode(&h, raw);
	assert_memory_equal(raw, "\x01po-1001\0\0", 10);
	assert_memory_equal(raw + 33, "\x08\7\6\5\4\3\2\1\3\0\0\0\xaa\xbb", 14);
	check_lengths(try_hello, raw, sizeof(raw));
	assert_int_equal(hello_decode(raw, sizeof(raw), &out), 0);
	assert_string_equal(out.order, h.order);
	assert_true(out.grant == h.grant);
	assert_int_equal(out.attempt, 3);
	assert_memory_equal(out.challenge, h.challenge, CHALLENGE_LEN);
	memset(&out, 7, sizeof(out));
	keep = out;
	for (size_t at = 0; at < 1 + NAME_CAP; at++) {
		memcpy(bad, raw, sizeof(bad));
		bad[at] ^= at < 1 ? 3 : 0x80; /* version; no such letter */
		assert_int_equal(hello_decode(bad, sizeof(bad), &out),
				 at < 1	   ? E_VERSION
				 : at <= 8 ? E_SYNTAX
					   : E_NOT_CANONICAL);
		assert_memory_equal(&out, &keep, sizeof(out));
	}
	memcpy(bad, raw, sizeof(bad));
	memset(bad + 1, 'a', NAME_CAP); /* no end */
	assert_int_equal(hello_decode(bad, sizeof(bad), &out), E_SYNTAX);
	memset(bad + 1, 0, NAME_CAP);
	assert_int_equal(hello_decode(bad, sizeof(bad), &out), E_SYNTAX);
	bad[1] = 'P';
	bad[2] = 'o';
	assert_int_equal(hello_decode(bad, sizeof(bad), &out), E_SYNTAX);
}

static void test_prologue(void **state)
{
	uint8_t hello[HELLO_LEN], uid[12], digest[32], out[PROLOGUE_MAX];

	(void)state;
	memset(hello, 1, sizeof(hello));
	memset(uid, 2, sizeof(uid));
	memset(digest, 3, sizeof(digest));
	assert_int_equal(prologue_make(hello, uid, 12, digest, out),
			 PROLOGUE_MAX);
	assert_memory_equal(out, LABEL_HANDSHAKE, 19);
	assert_memory_equal(out + 19, hello, HELLO_LEN);
	assert_memory_equal(out + 19 + HELLO_LEN, uid, 12);
	assert_memory_equal(out + 31 + HELLO_LEN, digest, 32);
	assert_int_equal(prologue_make(hello, uid, 8, digest, out),
			 PROLOGUE_MAX - 4);
	assert_memory_equal(out + 27 + HELLO_LEN, digest, 32);
}

/* -- claim and report --------------------------------------------------------
 */

static void test_claim(void **state)
{
	struct claim c = { .family = FAMILY_NRF51,
			   .uid_len = 8,
			   .word_count = CLAIM_WORDS_MAX,
			   .uid = { 1, 2, 3, 4, 5, 6, 7, 8 },
			   .rng_samples = 1,
			   .rng_longest_run = 2,
			   .rng_peak = 3,
			   .rng_failures = 0xfffffffe };
	uint8_t raw[CLAIM_MAX], bad[CLAIM_MAX];
	struct claim out;
	size_t len;

	(void)state;
	for (uint32_t i = 0; i < CLAIM_WORDS_MAX; i++)
		c.words[i] = (struct claim_word){ 0x40022020 + 4 * i, ~i };
	assert_int_equal(claim_encode(&c, raw, sizeof(raw), &len), 0);
	assert_int_equal(len, CLAIM_MAX);
	assert_int_equal(claim_encode(&c, bad, len - 1, &len), E_SPACE);
	check_lengths(try_claim, raw, CLAIM_MAX);
	assert_int_equal(claim_decode(raw, CLAIM_MAX, &out), 0);
	assert_memory_equal(&out, &c, sizeof(c));
	memcpy(bad, raw, sizeof(bad));
	bad[0] = 2;
	assert_int_equal(try_claim(bad, CLAIM_MAX), E_VERSION);
	bad[0] = 1;
	bad[1] = 0; /* families */
	assert_int_equal(try_claim(bad, CLAIM_MAX), E_RANGE);
	bad[1] = 5;
	assert_int_equal(try_claim(bad, CLAIM_MAX), E_RANGE);
	bad[1] = 4;
	bad[2] = 0; /* unique ID */
	assert_int_equal(try_claim(bad, CLAIM_MAX), E_RANGE);
	bad[2] = UID_MAX + 1;
	assert_int_equal(try_claim(bad, CLAIM_MAX), E_RANGE);
	bad[2] = 7;
	assert_int_equal(try_claim(bad, CLAIM_MAX), E_NOT_CANONICAL);
	bad[2] = 8;
	bad[14] = 1;
	assert_int_equal(try_claim(bad, CLAIM_MAX), E_NOT_CANONICAL);
	bad[14] = 0;
	assert_int_equal(try_claim(bad, CLAIM_MAX), 0);
	bad[15] = CLAIM_WORDS_MAX + 1;
	assert_int_equal(try_claim(bad, CLAIM_MAX), E_TOO_LARGE);
	bad[15] = CLAIM_WORDS_MAX - 1;
	assert_int_equal(try_claim(bad, CLAIM_MAX), E_TRAILING);
	c.word_count = CLAIM_WORDS_MAX + 1;
	assert_int_equal(claim_encode(&c, raw, sizeof(raw), &len), E_TOO_LARGE);
	c.word_count = 0;
	assert_int_equal(claim_encode(&c, raw, sizeof(raw), &len), 0);
	check_lengths(try_claim, raw, len);
	c.uid[11] = 1;
	assert_int_equal(claim_encode(&c, raw, sizeof(raw), &len),
			 E_NOT_CANONICAL);
}

static void test_report(void **state)
{
	struct report r = { .word_count = 2,
			    .digest = { 1, 2, 3 },
			    .words = { { 4, 5 }, { 6, 7 } } };
	uint8_t raw[REPORT_MAX];
	struct report out;
	size_t len;

	(void)state;
	assert_int_equal(report_encode(&r, raw, sizeof(raw), &len), 0);
	assert_int_equal(len, 1 + 32 + 1 + 16);
	check_lengths(try_report, raw, len);
	assert_int_equal(report_decode(raw, len, &out), 0);
	assert_memory_equal(&out, &r, sizeof(r));
	assert_int_equal(report_encode(&r, raw, len - 1, &len), E_SPACE);
	raw[0] = 0;
	assert_int_equal(try_report(raw, len), E_VERSION);
	raw[0] = 1;
	raw[33] = CLAIM_WORDS_MAX + 1;
	assert_int_equal(try_report(raw, len), E_TOO_LARGE);
	raw[33] = 3;
	assert_int_equal(try_report(raw, len), E_TRUNCATED);
	r.word_count = CLAIM_WORDS_MAX + 1;
	assert_int_equal(report_encode(&r, raw, sizeof(raw), &len),
			 E_TOO_LARGE);
	r.word_count = CLAIM_WORDS_MAX;
	assert_int_equal(report_encode(&r, raw, sizeof(raw), &len), 0);
	assert_int_equal(len, REPORT_MAX);
}

/* -- delivery ----------------------------------------------------------------
 */

static void patch_add(struct delivery *d, uint32_t address, uint16_t len)
{
	struct wr w;

	wr_init(&w, d->patches + d->patch_len, PATCH_TOTAL_MAX - d->patch_len);
	wr_u32(&w, address);
	wr_u16(&w, len);
	memset(d->patches + d->patch_len + 6, 0x55, len);
	d->patch_len = (uint16_t)(d->patch_len + 6 + len);
}

static struct delivery delivery(void)
{
	struct delivery d = { .chunk_len = SEALED_CHUNK_MAX,
			      .boot_words = { 0x20010000, 0x08000101 },
			      .segment_count = 2,
			      .segments = { { 0x08000000, 2048 },
					    { 0x08001000, 100 } } };

	memset(d.content_key, 1, 32);
	memset(d.link_key, 2, 32);
	memset(d.done_token, 3, DONE_TOKEN_LEN);
	memset(d.header_digest, 4, 32);
	memset(d.digest, 5, 32);
	memset(d.final_options, 6, FINAL_OPTIONS_LEN);
	return d;
}

/* Encoder and decoder say the same of d. */
static int both(const struct delivery *d)
{
	uint8_t raw[DELIVERY_MAX + 8];
	struct wr w;
	size_t len;
	int err = delivery_encode(d, raw, sizeof(raw), &len);

	wr_init(&w, raw, sizeof(raw));
	wr_u8(&w, 1);
	wr_bytes(&w, d->content_key, 32);
	wr_bytes(&w, d->link_key, 32);
	wr_bytes(&w, d->header_digest, 32);
	wr_bytes(&w, d->digest, 32);
	wr_u32(&w, d->chunk_len);
	wr_bytes(&w, d->done_token, DONE_TOKEN_LEN);
	wr_u32(&w, d->boot_words[0]);
	wr_u32(&w, d->boot_words[1]);
	wr_bytes(&w, d->final_options, FINAL_OPTIONS_LEN);
	wr_u8(&w, d->segment_count);
	for (size_t i = 0; i < d->segment_count && i < SEGMENTS_MAX; i++) {
		wr_u32(&w, d->segments[i].address);
		wr_u32(&w, d->segments[i].len);
	}
	wr_u16(&w, d->patch_len);
	wr_bytes(&w, d->patches,
		 d->patch_len < PATCH_TOTAL_MAX ? d->patch_len
						: PATCH_TOTAL_MAX);
	assert_int_equal(try_delivery(raw, w.len), err);
	return err;
}

static void test_delivery(void **state)
{
	uint8_t raw[DELIVERY_MAX];
	struct delivery d = delivery(), out;
	struct patch p;
	struct rd r;
	size_t len;

	(void)state;
	assert_int_equal(both(&d), 0);
	patch_add(&d, 0x08000010, 4);
	patch_add(&d, 0x08000014, 1); /* adjacent */
	patch_add(&d, 0x080007ff, 1); /* a segment's last byte */
	patch_add(&d, 0x08001000, 100);
	assert_int_equal(both(&d), 0);
	assert_int_equal(delivery_encode(&d, raw, sizeof(raw), &len), 0);
	check_lengths(try_delivery, raw, len);
	assert_int_equal(delivery_decode(raw, len, &out), 0);
	assert_memory_equal(&out, &d, sizeof(d));
	rd_init(&r, out.patches, out.patch_len);
	assert_true(patch_next(&r, &p));
	assert_int_equal(p.address, 0x08000010);
	assert_int_equal(p.len, 4);
	assert_int_equal(p.bytes[3], 0x55);
	for (int i = 0; i < 3; i++)
		assert_true(patch_next(&r, &p));
	assert_int_equal(p.len, 100);
	assert_false(patch_next(&r, &p));
	assert_int_equal(r.err, 0);
	raw[0] = 0;
	assert_int_equal(try_delivery(raw, len), E_VERSION);
	/* the largest there is */
	d = delivery();
	d.segment_count = SEGMENTS_MAX;
	for (uint32_t i = 0; i < SEGMENTS_MAX; i++)
		d.segments[i] = (struct segment){ i << 12, 2048 };
	patch_add(&d, 0, PATCH_TOTAL_MAX - 6);
	assert_int_equal(delivery_encode(&d, raw, sizeof(raw), &len), 0);
	assert_int_equal(len, DELIVERY_MAX);
}

static void test_delivery_ranges(void **state)
{
	static const uint32_t chunks[] = { 0,	 63,   65,	96,
					   1985, 2048, 0x10000, 0xffffffc0 };
	struct delivery d;

	(void)state;
	for (size_t i = 0; i < sizeof(chunks) / sizeof(*chunks); i++) {
		d = delivery();
		d.chunk_len = chunks[i];
		assert_int_equal(both(&d), E_RANGE);
	}
	d.chunk_len = SEALED_CHUNK_MAX;
	assert_int_equal(both(&d), 0);
	d.segment_count = 0;
	assert_int_equal(both(&d), E_RANGE);
	d = delivery();
	d.segments[1].address = 0x08000800;
	assert_int_equal(both(&d), E_NOT_CANONICAL);
	d.segments[1].address = 0x080007ff;
	assert_int_equal(both(&d), E_OVERLAP);
	d.segments[1] = (struct segment){ 0xffffff00, 0x101 };
	assert_int_equal(both(&d), E_RANGE);
	d.segments[1].len = 0x100;
	assert_int_equal(both(&d), 0);
	d.segments[1].len = 0;
	assert_int_equal(both(&d), E_RANGE);
}

static void test_patch_ranges(void **state)
{
	static const struct {
		uint32_t address;
		uint16_t len;
		int err;
	} one[] = {
		{ 0x08000000, 1, 0 },	      { 0x08000000, 0, E_RANGE },
		{ 0x07ffffff, 1, E_RANGE },   { 0x07ffffff, 2, E_RANGE },
		{ 0x08000800, 1, E_RANGE },   { 0x080007ff, 2, E_RANGE },
		{ 0x08001063, 1, 0 },	      { 0x08001064, 1, E_RANGE },
		{ 0xffffffff, 1, E_RANGE },   { 0, 1, E_RANGE },
		{ 0x08001000, 101, E_RANGE },
	};
	struct delivery d;

	(void)state;
	for (size_t i = 0; i < sizeof(one) / sizeof(*one); i++) {
		d = delivery();
		patch_add(&d, one[i].address, one[i].len);
		assert_int_equal(both(&d), one[i].err);
	}
	d = delivery();
	patch_add(&d, 0x08000010, 4);
	patch_add(&d, 0x08000013, 1);
	assert_int_equal(both(&d), E_OVERLAP);
	d.patch_len -= 1;
	assert_int_equal(both(&d), E_TRUNCATED);
	d = delivery();
	patch_add(&d, 0x08001000, 4);
	patch_add(&d, 0x08000000, 4); /* not ascending */
	assert_int_equal(both(&d), E_OVERLAP);
	d.patch_len = 9; /* in the middle of a patch's head, or bytes */
	assert_int_equal(both(&d), E_TRUNCATED);
	d.patch_len = 3;
	assert_int_equal(both(&d), E_TRUNCATED);
	d.patch_len = PATCH_TOTAL_MAX + 1;
	assert_int_equal(both(&d), E_TOO_LARGE);
}

/* -- commit ------------------------------------------------------------------
 */

static void test_commit(void **state)
{
	uint8_t cred[RECORD_CREDENTIAL_CAP + 8], fw[RECORD_FIRMWARE_CAP + 8];
	struct commit c = { cred, 216, fw, 320 }, out;
	static const struct {
		size_t cred, fw;
		int err;
	} lens[] = {
		{ 8, 8, 0 },	     { RECORD_CREDENTIAL_CAP, 512, 0 },
		{ 0, 8, E_RANGE },   { 8, 0, E_RANGE },
		{ 12, 8, E_RANGE },  { 8, 511, E_RANGE },
		{ 488, 8, E_RANGE }, { 8, 520, E_RANGE },
	};
	uint8_t raw[COMMIT_MAX + 16];
	struct wr w;
	size_t len;

	(void)state;
	memset(cred, 1, sizeof(cred));
	memset(fw, 2, sizeof(fw));
	assert_int_equal(commit_encode(&c, raw, sizeof(raw), &len), 0);
	assert_int_equal(len, 1 + 2 + 216 + 2 + 320);
	check_lengths(try_commit, raw, len);
	assert_int_equal(commit_decode(raw, len, &out), 0);
	assert_ptr_equal(out.credential, raw + 3);
	assert_int_equal(out.credential_len, 216);
	assert_ptr_equal(out.firmware, raw + 3 + 216 + 2);
	assert_int_equal(out.firmware_len, 320);
	assert_int_equal(commit_encode(&c, raw, len - 1, &len), E_SPACE);
	raw[0] = 9;
	assert_int_equal(try_commit(raw, len), E_VERSION);
	for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		c.credential_len = lens[i].cred;
		c.firmware_len = lens[i].fw;
		assert_int_equal(commit_encode(&c, raw, sizeof(raw), &len),
				 lens[i].err);
		wr_init(&w, raw, sizeof(raw));
		wr_u8(&w, 1);
		wr_u16(&w, (uint16_t)lens[i].cred);
		wr_bytes(&w, cred, lens[i].cred);
		wr_u16(&w, (uint16_t)lens[i].fw);
		wr_bytes(&w, fw, lens[i].fw);
		assert_int_equal(try_commit(raw, w.len), lens[i].err);
	}
	assert_true(COMMIT_MAX ==
		    1 + 2 + RECORD_CREDENTIAL_CAP + 2 + RECORD_FIRMWARE_CAP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hello),
		cmocka_unit_test(test_prologue),
		cmocka_unit_test(test_claim),
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_delivery),
		cmocka_unit_test(test_delivery_ranges),
		cmocka_unit_test(test_patch_ranges),
		cmocka_unit_test(test_commit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
