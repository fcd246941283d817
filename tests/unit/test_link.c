/* SPDX-License-Identifier: MIT */
/*
 * seal/link: frames and their checks, the receiver between noise, the seal of
 * data frames; and a whole job between a station and tests/lib/chip_peer over
 * a wire that damages, loses and doubles.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "seal/prim.h"
#include "tests/lib/chip_peer.h"
#include "tests/lib/vectors.h"

static uint32_t seed = 1;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 8) % below;
}

static void fill(void *out, size_t len)
{
	uint8_t *p = out;

	while (len--)
		*p++ = (uint8_t)rnd(256);
}

/* -- frames ---------------------------------------------------------------- */

static void test_head(void **state)
{
	/* CRC-16/CCITT-FALSE of 03 02 01 04 00, computed apart */
	const struct link_head h = { LINK_DATA, 0x0102, 4 };
	uint8_t raw[LINK_HEAD_LEN], bad[LINK_HEAD_LEN];
	struct link_head got, keep = { 1, 2, 3 };

	(void)state;
	link_head_encode(&h, raw);
	assert_int_equal(raw[0], 0xa5);
	assert_memory_equal(raw + 1, "\x03\x02\x01\x04\x00", 5);
	assert_int_equal(link_head_decode(raw, &got), 0);
	assert_int_equal(got.type, LINK_DATA);
	assert_int_equal(got.index, 0x0102);
	assert_int_equal(got.len, 4);
	/* one bit and any two bits */
	for (int a = 0; a < 64; a++)
		for (int b = a; b < 64; b++) {
			memcpy(bad, raw, sizeof(bad));
			bad[a / 8] ^= (uint8_t)(1 << a % 8);
			if (b != a)
				bad[b / 8] ^= (uint8_t)(1 << b % 8);
			got = keep;
			assert_int_equal(link_head_decode(bad, &got),
					 a < 8 ? E_SYNTAX : E_CHECKSUM);
			assert_memory_equal(&got, &keep, sizeof(got));
		}
}

/* The check values of the CRC catalogue: of "123456789". */
static void test_checks(void **state)
{
	const struct link_head big = { LINK_DATA, 0, LINK_BODY_MAX + 1 };
	const struct link_head full = { LINK_DATA, 0xffff, LINK_BODY_MAX };
	uint8_t raw[LINK_HEAD_LEN];
	struct link_head got;
	/* 29B1 is that of the 9 digits; over type to length there are 5 */
	const struct link_head digits = { '1', '2' | '3' << 8, '4' | '5' << 8 };

	(void)state;
	assert_int_equal(link_crc32("123456789", 9), 0xcbf43926);
	assert_int_equal(link_crc32("", 0), 0);
	link_head_encode(&digits, raw);
	assert_int_equal(raw[6] | raw[7] << 8, 0x4560);
	link_head_encode(&big, raw);
	assert_int_equal(link_head_decode(raw, &got), E_TOO_LARGE);
	link_head_encode(&full, raw);
	assert_int_equal(link_head_decode(raw, &got), 0);
}

static void test_receiver(void **state)
{
	static uint8_t stream[40000], bodies[12][LINK_BODY_MAX];
	static uint8_t buf[LINK_BODY_MAX + LINK_TAIL_LEN];
	struct link_rx rx = { .buf = buf };
	struct link_head heads[12];
	size_t len = 0, got = 0, damaged = 0;

	(void)state;
	for (size_t i = 0; i < 12; i++) {
		heads[i].type = (uint8_t)rnd(256);
		heads[i].index = (uint16_t)rnd(65536);
		heads[i].len = (uint16_t)(i == 3   ? 0
					  : i == 4 ? LINK_BODY_MAX
						   : rnd(LINK_BODY_MAX + 1));
		fill(bodies[i], sizeof(bodies[i]));
		memset(bodies[i], LINK_SYNC, 40); /* looks like beginnings */
		/* noise, with half a head in it now and then */
		for (uint32_t n = rnd(30); n; n--)
			stream[len++] = (uint8_t)rnd(256) & 0x7f;
		if (i % 3 == 1) {
			link_head_encode(&heads[i], stream + len);
			len += 1 + rnd(6);
		}
		len += link_frame(&heads[i], bodies[i], stream + len);
	}
	for (size_t i = 0; i < len; i++) {
		int r = link_rx_byte(&rx, stream[i]);

		if (r < 0)
			damaged++;
		if (r != 1)
			continue;
		assert_true(got < 12);
		assert_int_equal(rx.head.type, heads[got].type);
		assert_int_equal(rx.head.index, heads[got].index);
		assert_int_equal(rx.head.len, heads[got].len);
		assert_memory_equal(buf, bodies[got], heads[got].len);
		got++;
	}
	assert_int_equal(got, 12);
	assert_true(damaged > 0);
}

/* Every bit of a frame turned round: never taken, and the next one is. */
static void test_damaged_frames(void **state)
{
	uint8_t body[24], frame[64], buf[LINK_BODY_MAX + LINK_TAIL_LEN];
	const struct link_head h = { LINK_WANT, 7, sizeof(body) };
	size_t len;

	(void)state;
	fill(body, sizeof(body));
	len = link_frame(&h, body, frame);
	assert_int_equal(len, LINK_HEAD_LEN + sizeof(body) + LINK_TAIL_LEN);
	for (size_t bit = 0; bit < len * 8; bit++) {
		struct link_rx rx = { .buf = buf };
		size_t whole = 0;

		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
		for (size_t i = 0; i < len; i++)
			assert_int_not_equal(link_rx_byte(&rx, frame[i]), 1);
		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
		/* a head in doubt may eat into the next frame, not further */
		for (int twice = 0; twice < 2; twice++)
			for (size_t i = 0; i < len; i++)
				whole += link_rx_byte(&rx, frame[i]) == 1;
		assert_true(whole >= 1);
	}
}

/* -- the seal -------------------------------------------------------------- */

static void test_seal(void **state)
{
	uint8_t key[32], other[32], text[100], want[100], body[116], tag[16];
	static const uint8_t zeros[100];

	(void)state;
	fill(key, sizeof(key));
	fill(other, sizeof(other));
	fill(text, sizeof(text));
	link_seal(key, 513, text, sizeof(text), body);
	/* the nonce is the index, and there is no additional data */
	memcpy(want, text, sizeof(want));
	prim_aead_seal(key, 513, NULL, 0, want, sizeof(want), tag);
	assert_memory_equal(body, want, sizeof(want));
	assert_memory_equal(body + 100, tag, 16);
	/* sealed again it is the same bytes */
	link_seal(key, 513, text, sizeof(text), body);
	assert_memory_equal(body, want, sizeof(want));
	for (size_t bit = 0; bit < 116 * 8; bit++) {
		link_seal(key, 513, text, sizeof(text), body);
		body[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(link_open(key, 513, body, 116), E_DECRYPT);
		assert_memory_equal(body, zeros, 100);
	}
	for (unsigned int index = 0; index < 65536; index += 1 + index % 7) {
		if (index == 513)
			continue;
		link_seal(key, 513, text, sizeof(text), body);
		assert_int_equal(link_open(key, (uint16_t)index, body, 116),
				 E_DECRYPT);
	}
	link_seal(key, 513, text, sizeof(text), body);
	assert_int_equal(link_open(other, 513, body, 116), E_DECRYPT);
	for (size_t n = 0; n < 116; n++) {
		link_seal(key, 513, text, sizeof(text), body);
		assert_int_equal(link_open(key, 513, body, n),
				 n < 16 ? E_TRUNCATED : E_DECRYPT);
	}
	link_seal(key, 513, text, sizeof(text), body);
	assert_int_equal(link_open(key, 513, body, 116), 0);
	assert_memory_equal(body, text, sizeof(text));
}

/* -- a whole job ----------------------------------------------------------- */

enum { IMAGE = 5000, FLASH_BASE = 0x08000000, FLASH_LEN = 256 << 10 };

struct bed {
	struct chip_peer chip;
	uint32_t noise; /* of 1000 bytes this many are damaged */
	uint8_t image[IMAGE], chunks[IMAGE + 80 * NOISE_TAG_LEN];
	struct delivery d;
	struct hello hello;
	uint8_t s_priv[32], uid[12];
	struct noise server;
	uint8_t k1[32], k2[32], message2[DELIVERY_MAX + NOISE_OVERHEAD];
	size_t message2_len;
	/* what the station hears */
	struct link_rx rx;
	uint8_t body[LINK_BODY_MAX + LINK_TAIL_LEN];
	bool heard;
	unsigned int sent;
};

static uint8_t wire(const struct bed *b, uint8_t v)
{
	return b->noise && rnd(1000) < b->noise ? v ^ (uint8_t)(1 << rnd(8))
						: v;
}

static void to_station(void *user, const uint8_t *p, size_t len)
{
	struct bed *b = user;

	for (size_t i = 0; i < len; i++)
		if (link_rx_byte(&b->rx, wire(b, p[i])) == 1)
			b->heard = true;
}

/* One frame out; asks until an answer came whole. */
static struct link_head talk(struct bed *b, enum link_type type, uint16_t index,
			     const uint8_t *body, size_t len)
{
	struct link_head h = { (uint8_t)type, index, (uint16_t)len };

	for (int tries = 0; tries < 100; tries++) {
		uint8_t frame[LINK_FRAME_MAX];
		size_t n = link_frame(&h, body, frame);

		b->heard = false;
		b->sent++;
		if (!b->noise || rnd(20)) /* or lost as a whole */
			for (size_t i = 0; i < n; i++) {
				uint8_t v = wire(b, frame[i]);

				chip_peer_bytes(&b->chip, &v, 1);
			}
		if (b->heard)
			return b->rx.head;
		h = (struct link_head){ LINK_ASK, 0, 0 };
	}
	fail_msg("no answer");
	return h;
}

static void digest_make(struct bed *b)
{
	struct delivery *d = &b->d;
	struct crypto_sha256 *h;

	assert_int_equal(crypto_sha256_new(&h), 0);
	assert_int_equal(
		crypto_sha256_update(h, LABEL_IMAGE, strlen(LABEL_IMAGE)), 0);
	for (size_t i = 0, at = 0; i < 2; at += d->segments[i++].len) {
		/* little-endian, as the hosts of these tests */
		assert_int_equal(crypto_sha256_update(h, &d->segments[i], 8),
				 0);
		assert_int_equal(crypto_sha256_update(h, b->image + at,
						      d->segments[i].len),
				 0);
	}
	assert_int_equal(crypto_sha256_final(h, d->digest), 0);
}

/* An order of one release: its digest, its chunks, what message 2 says. */
static void order_make(struct bed *b)
{
	struct delivery *d = &b->d;
	uint8_t nonce[12], aad[CHUNK_AAD_LEN], *out = b->chunks;

	fill(b->image, IMAGE);
	memset(d, 0, sizeof(*d));
	fill(d->content_key, 5 * 32);
	d->chunk_len = 192;
	d->segment_count = 2;
	d->segments[0] = (struct segment){ FLASH_BASE + 8, 3000 };
	d->segments[1] = (struct segment){ FLASH_BASE + 0x2000, IMAGE - 3000 };
	digest_make(b);
	for (uint32_t i = 0; i * 192 < IMAGE; i++) {
		size_t len = IMAGE - i * 192 < 192 ? IMAGE - i * 192 : 192;

		release_chunk_nonce(i, nonce);
		release_chunk_aad(d->header_digest, i, (i + 1) * 192 >= IMAGE,
				  aad);
		assert_int_equal(crypto_aead_seal(d->content_key, nonce, aad,
						  sizeof(aad),
						  b->image + i * 192, len, out),
				 0);
		out += len + AEAD_TAG_LEN;
	}
}

static void bed_make(struct bed *b)
{
	struct release_header h = { .family = FAMILY_STM32L4, .protection = 1 };

	memset(b, 0, sizeof(*b));
	b->rx.buf = b->body;
	order_make(b);
	fill(b->s_priv, 32);
	fill(b->uid, 12);
	memcpy(b->hello.order, "po-1", 5);
	b->hello.grant = 42;
	b->hello.attempt = 1;
	fill(b->hello.challenge, CHALLENGE_LEN);
	b->chip.send = to_station;
	b->chip.user = b;
	b->chip.flash_base = FLASH_BASE;
	b->chip.flash_len = FLASH_LEN;
	b->chip.flash = malloc(FLASH_LEN);
	assert_non_null(b->chip.flash);
	memset(b->chip.flash, 0xff, FLASH_LEN);
	b->chip.soft.chip = chip_find(FAMILY_STM32L4);
	memcpy(b->chip.soft.uid, b->uid, 12);
	memset(b->chip.soft.loader_digest, 0x1d, DIGEST_LEN);
	prim_x25519_base(b->chip.soft.server_pub, b->s_priv);
	assert_int_equal(soft_chip_claim(&b->chip.soft, &h), 0);
	chip_peer_start(&b->chip);
}

/* The server's end: message 1 in b->body, message 2 made of it. */
static void serve(struct bed *b, size_t len)
{
	uint8_t prologue[PROLOGUE_MAX], hello[HELLO_LEN], e[32];
	uint8_t digest[32], payload[LINK_BODY_MAX], pub[32];
	struct claim claim;
	size_t n;

	memset(digest, 0x1d, sizeof(digest));
	hello_encode(&b->hello, hello);
	n = prologue_make(hello, b->uid, 12, digest, prologue);
	prim_x25519_base(pub, b->s_priv);
	noise_init(&b->server, false, pub, prologue, n, NULL);
	assert_int_equal(
		noise_read1(&b->server, b->s_priv, NULL, b->body, len, payload),
		0);
	assert_int_equal(claim_decode(payload, len - NOISE_OVERHEAD, &claim),
			 0);
	assert_memory_equal(claim.uid, b->uid, 12);
	assert_int_equal(delivery_encode(&b->d, payload, sizeof(payload), &n),
			 0);
	fill(e, sizeof(e));
	assert_int_equal(noise_write2(&b->server, e, payload, n, b->message2),
			 0);
	b->message2_len = n + NOISE_OVERHEAD;
	assert_int_equal(noise_split(&b->server, b->k1, b->k2, NULL), 0);
}

/* Until the chip says type; sends what it asks for. */
static struct link_head stream(struct bed *b)
{
	struct link_head h = { .type = LINK_WANT };
	uint8_t body[LINK_BODY_MAX];

	while (h.type == LINK_WANT) {
		size_t at = (size_t)h.index * 192;
		size_t len = (IMAGE - at < 192 ? IMAGE - at : 192) + 16;

		assert_true(at < IMAGE);
		link_seal(b->d.link_key, h.index,
			  b->chunks + h.index * (192 + 16), len, body);
		h = talk(b, LINK_DATA, h.index, body, len + 16);
	}
	return h;
}

static void commit(struct bed *b, size_t report_len)
{
	uint8_t plain[COMMIT_MAX], sealed[COMMIT_MAX + 16], cred[216], fw[320];
	const struct commit c = { cred, sizeof(cred), fw, sizeof(fw) };
	struct link_head h = { .type = LINK_REPORT };
	struct report r;
	size_t n;

	assert_int_equal(noise_open(b->k1, 0, b->body, report_len, plain), 0);
	assert_int_equal(report_decode(plain, report_len - 16, &r), 0);
	assert_memory_equal(r.digest, b->d.digest, DIGEST_LEN);
	fill(cred, sizeof(cred));
	fill(fw, sizeof(fw));
	assert_int_equal(commit_encode(&c, plain, sizeof(plain), &n), 0);
	noise_seal(b->k2, 0, plain, n, sealed);
	while (h.type == LINK_REPORT)
		h = talk(b, LINK_COMMIT, 0, sealed, n + 16);
	assert_int_equal(h.type, LINK_DONE);
	assert_int_equal(b->chip.step, CHIP_PEER_DONE);
	assert_memory_equal(b->chip.credential, cred, sizeof(cred));
	assert_memory_equal(b->chip.firmware, fw, sizeof(fw));
}

static void job(struct bed *b)
{
	uint8_t hello[HELLO_LEN];
	struct link_head h;

	hello_encode(&b->hello, hello);
	h = talk(b, LINK_ASK, 0, NULL, 0);
	while (h.type == LINK_READY)
		h = talk(b, LINK_HELLO, 0, hello, sizeof(hello));
	assert_int_equal(h.type, LINK_MSG1);
	serve(b, h.len);
	while (h.type == LINK_MSG1)
		h = talk(b, LINK_MSG2, 0, b->message2, b->message2_len);
	assert_int_equal(h.type, LINK_WANT);
	h = stream(b);
	assert_int_equal(h.type, LINK_REPORT);
	commit(b, h.len);
	assert_memory_equal(b->chip.flash + 8, b->image, 3000);
	assert_memory_equal(b->chip.flash + 0x2000, b->image + 3000,
			    IMAGE - 3000);
}

static void test_job(void **state)
{
	static struct bed b;
	uint8_t plain[2], patch[] = { 0x10, 0x20, 0, 8, 2, 0, 'S', 'N' };

	(void)state;
	bed_make(&b);
	job(&b);
	assert_int_equal(b.chip.damaged, 0);
	assert_int_equal(b.chip.ignored, 0);
	free(b.chip.flash);
	/* with a patch, the digest is of what was installed */
	bed_make(&b);
	memcpy(b.d.patches, patch, sizeof(patch));
	b.d.patch_len = sizeof(patch);
	memcpy(plain, b.image + 3000 + 0x10, 2);
	memcpy(b.image + 3000 + 0x10, "SN", 2);
	digest_make(&b);
	job(&b);
	assert_memory_equal(b.chip.flash + 0x2010, "SN", 2);
	assert_memory_not_equal(plain, "SN", 2);
	free(b.chip.flash);
}

static void test_job_on_a_bad_wire(void **state)
{
	static struct bed b;

	(void)state;
	for (int n = 0; n < 20; n++) {
		bed_make(&b);
		b.noise = 1;
		job(&b);
		assert_true(b.sent > 30);
		free(b.chip.flash);
	}
	assert_true(b.chip.damaged > 0);
}

/* Frames that must change nothing, at every step of a job. */
static void annoy(struct bed *b, const struct bed *other)
{
	enum chip_peer_step step = b->chip.step;
	uint16_t want = b->chip.want;
	uint8_t answer[LINK_FRAME_MAX], body[LINK_BODY_MAX];
	size_t len = b->chip.answer_len;
	struct link_head h;

	memcpy(answer, b->chip.answer, len);
	fill(body, sizeof(body));
	for (unsigned int type = 0; type < 256; type++) {
		if (type == LINK_HELLO && step <= CHIP_PEER_HELLO)
			continue; /* (random bytes are no hello, see below) */
		h = talk(b, (enum link_type)type, want, body, 240);
		assert_int_equal(h.type, answer[1]);
	}
	/* another chip's, an old one, one of the future */
	link_seal(other->d.link_key, want, b->chunks + want * 208, 208, body);
	talk(b, LINK_DATA, want, body, 224);
	link_seal(b->d.link_key, (uint16_t)(want + 1),
		  b->chunks + (want + 1) * 208, 208, body);
	talk(b, LINK_DATA, (uint16_t)(want + 1), body, 224);
	/* chunk n under nonce n, but said to be the next */
	if (want) {
		link_seal(b->d.link_key, (uint16_t)(want - 1),
			  b->chunks + (want - 1) * 208, 208, body);
		talk(b, LINK_DATA, want, body, 224);
		talk(b, LINK_DATA, (uint16_t)(want - 1), body, 224);
	}
	talk(b, LINK_MSG2, 0, other->message2, other->message2_len);
	memset(body, 0, HELLO_LEN);
	talk(b, LINK_HELLO, 0, body, HELLO_LEN);
	assert_int_equal(b->chip.step, step);
	assert_int_equal(b->chip.want, want);
	assert_int_equal(b->chip.answer_len, len);
	assert_memory_equal(b->chip.answer, answer, len);
}

static void test_frames_that_change_nothing(void **state)
{
	static struct bed b, other;
	uint8_t hello[HELLO_LEN], body[LINK_BODY_MAX];
	struct link_head h;

	(void)state;
	bed_make(&other);
	job(&other);
	bed_make(&b);
	annoy(&b, &other);
	hello_encode(&b.hello, hello);
	h = talk(&b, LINK_HELLO, 0, hello, sizeof(hello));
	assert_int_equal(h.type, LINK_MSG1);
	serve(&b, h.len);
	annoy(&b, &other);
	/* message 2 with each byte altered */
	for (size_t i = 0; i < b.message2_len; i += 3) {
		b.message2[i] ^= 4;
		h = talk(&b, LINK_MSG2, 0, b.message2, b.message2_len);
		assert_int_equal(h.type, LINK_MSG1);
		b.message2[i] ^= 4;
	}
	h = talk(&b, LINK_MSG2, 0, b.message2, b.message2_len);
	assert_int_equal(h.type, LINK_WANT);
	for (uint16_t n = 0; n < 3; n++) {
		annoy(&b, &other);
		link_seal(b.d.link_key, n, b.chunks + n * 208, 208, body);
		h = talk(&b, LINK_DATA, n, body, 224);
		assert_int_equal(h.type, LINK_WANT);
		assert_int_equal(h.index, n + 1);
	}
	/* and on from the fourth */
	link_seal(b.d.link_key, 3, b.chunks + 3 * 208, 208, body);
	talk(&b, LINK_DATA, 3, body, 224);
	h = talk(&b, LINK_ASK, 0, NULL, 0);
	assert_int_equal(h.index, 4);
	free(b.chip.flash);
	free(other.chip.flash);
}

/* A power cut: new keys, and nothing of the old session is taken. */
static void test_power_cut(void **state)
{
	static struct bed b;
	uint8_t hello[HELLO_LEN], old_e[32], old2[sizeof(b.message2)];
	struct link_head h;
	size_t old2_len;

	(void)state;
	bed_make(&b);
	hello_encode(&b.hello, hello);
	h = talk(&b, LINK_HELLO, 0, hello, sizeof(hello));
	memcpy(old_e, b.body, 32);
	serve(&b, h.len);
	memcpy(old2, b.message2, b.message2_len);
	old2_len = b.message2_len;
	h = talk(&b, LINK_MSG2, 0, b.message2, b.message2_len);
	assert_int_equal(h.type, LINK_WANT);
	chip_peer_start(&b.chip);
	h = talk(&b, LINK_ASK, 0, NULL, 0);
	assert_int_equal(h.type, LINK_READY);
	h = talk(&b, LINK_HELLO, 0, hello, sizeof(hello));
	assert_int_equal(h.type, LINK_MSG1);
	assert_memory_not_equal(b.body, old_e, 32);
	h = talk(&b, LINK_MSG2, 0, old2, old2_len);
	assert_int_equal(h.type, LINK_MSG1);
	chip_peer_start(&b.chip);
	b.hello.attempt = 2;
	job(&b);
	free(b.chip.flash);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_checks),
		cmocka_unit_test(test_receiver),
		cmocka_unit_test(test_damaged_frames),
		cmocka_unit_test(test_seal),
		cmocka_unit_test(test_job),
		cmocka_unit_test(test_job_on_a_bad_wire),
		cmocka_unit_test(test_frames_that_change_nothing),
		cmocka_unit_test(test_power_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
