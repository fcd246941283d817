/* SPDX-License-Identifier: MIT */
#include "tests/lib/sealed_bed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "seal/prim.h"
#include "tests/lib/elf32.h"
#include "tests/unit/vmcu_rig.h"
#include "wire/layout.h"
#include "wire/record.h"

#define RECORD_TEST_LEN 200

/* SHA-256("signet test loader server") style: any bytes do. */
static const uint8_t server_key[32] = "signet test: noise static key...";

uint32_t sealed_bed_top(const struct sealed_bed *b)
{
	return b->chip->flash + b->chip->flash_len - RESERVED_LEN;
}

size_t sealed_bed_boot(const struct sealed_bed *b, uint8_t out[BED_BOOT_MAX])
{
	uint32_t top = sealed_bed_top(b);
	const uint32_t words[] = {
		b->chip->stack,
		(top + STUB_OFFSET) | 1,
		(top + STUB_FAULT_OFFSET) | 1,
		(top + STUB_FAULT_OFFSET) | 1,
	};

	memcpy(out, words, sizeof(words));
	return b->chip->boot_faults ? 16 : 8;
}

static size_t load(const struct sealed_bed *b, const char *name, uint8_t *out,
		   size_t cap)
{
	char path[256];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", b->chip->dir[b->line], name);
	f = fopen(path, "rb");
	if (f == NULL)
		fail_msg("%s: cannot be read", path);
	n = fread(out, 1, cap, f);
	fclose(f);
	return n;
}

void sealed_bed_new_on(struct sealed_bed *b, const struct bed_chip *chip,
		       enum bed_line line, uint32_t option)
{
	struct mcu_config cfg = rig_config();
	static uint8_t code[16384];
	uint8_t boot[BED_BOOT_MAX];
	uint32_t top;
	size_t n;

	memset(b, 0, sizeof(*b));
	b->chip = chip;
	b->line = line;
	b->swd_period = chip->swd_period ? chip->swd_period : 2500000;
	cfg.chip = chip->name;
	b->mcu = rig_new(&cfg);
	rig_halt(b->mcu);
	top = sealed_bed_top(b);
	n = sealed_bed_boot(b, boot);
	chip->put(b->mcu, chip->flash, boot, n);
	n = load(b, "loader.bin", code, sizeof(code));
	chip->put(b->mcu, (uint32_t)(top + LOADER_OFFSET), code, n);
	n = load(b, "stub.bin", code, sizeof(code));
	chip->put(b->mcu, top + STUB_OFFSET, code, n);
	chip->lock(b->mcu, option);
}

void sealed_bed_new(struct sealed_bed *b, enum bed_line line, uint32_t optr)
{
	sealed_bed_new_on(b, &bed_l4, line, optr);
}

void sealed_bed_free(struct sealed_bed *b)
{
	free(b->image);
	mcu_free(b->mcu);
}

void sealed_bed_image(struct sealed_bed *b, uint32_t len)
{
	uint32_t x = 12345;

	b->image = malloc(len);
	b->image_len = len;
	for (uint32_t i = 0; i < len; i++) {
		x = x * 1664525 + 1013904223;
		b->image[i] = (uint8_t)(x >> 24);
	}
	if (b->chip->image_at == b->chip->flash) {
		uint8_t boot[BED_BOOT_MAX];
		size_t n = sealed_bed_boot(b, boot);

		memcpy(b->image, boot, n);
	}
	memcpy(b->image + BED_ENTRY, (uint16_t[]){ 0xe7fe }, 2); /* b . */
	b->delivery.chunk_len = SEALED_CHUNK_MAX;
	b->delivery.segment_count = 1;
	b->delivery.segments[0] = (struct segment){ b->chip->image_at, len };
	b->delivery.boot_words[0] = b->chip->stack;
	b->delivery.boot_words[1] = b->chip->image_at + BED_ENTRY + 1;
	memset(b->delivery.final_options, 0xff, FINAL_OPTIONS_LEN);
	for (unsigned i = 0; i < 32; i++) {
		b->delivery.content_key[i] = (uint8_t)i;
		b->delivery.link_key[i] = (uint8_t)(i + 32);
		b->delivery.done_token[i % DONE_TOKEN_LEN] = (uint8_t)(i + 64);
		b->delivery.header_digest[i] = (uint8_t)(i + 96);
	}
}

void sealed_bed_start(struct sealed_bed *b)
{
	uint8_t drop[4096];

	mcu_debug_power(b->mcu, false, false);
	mcu_power(b->mcu, false);
	mcu_advance(b->mcu, 1000 * MS);
	mcu_power(b->mcu, true);
	mcu_advance(b->mcu, b->chip->start_ms * MS);
	while (mcu_uart_read(b->mcu, drop, sizeof(drop)))
		;
}

/* -- lines ----------------------------------------------------------------- */

/* As a station does whose answer does not come (flasher/link.c). */
static void uart_ask(struct sealed_bed *b)
{
	const struct link_head h = { .type = LINK_ASK };
	uint8_t out[LINK_HEAD_LEN + LINK_TAIL_LEN];
	size_t len = link_frame(&h, NULL, out);

	assert_int_equal(mcu_uart_write(b->mcu, out, len), len);
	b->asked++;
}

static bool uart_turn(struct sealed_bed *b, const uint8_t *p, size_t len)
{
	struct link_rx rx = { .buf = b->frame.body };
	uint8_t in[64];
	size_t done = 0;

	for (unsigned t = 1; t <= 60000; t++) {
		size_t n;

		if (done < len)
			done += mcu_uart_write(b->mcu, p + done, len - done);
		else if (b->ask_ms != 0 && t % (b->ask_ms * 10) == 0)
			uart_ask(b);
		mcu_advance(b->mcu, MS / 10);
		while ((n = mcu_uart_read(b->mcu, in, sizeof(in))))
			for (size_t i = 0; i < n; i++)
				if (link_rx_byte(&rx, in[i]) == 1) {
					b->frame.head = rx.head;
					return true;
				}
	}
	return false;
}

/* The clock idles high; the data is set while it is low. */
static void swd_write(struct sealed_bed *b, int bit)
{
	mcu_pin_drive(b->mcu, 'A', 14, 0);
	mcu_pin_drive(b->mcu, 'A', 13, bit);
	mcu_advance(b->mcu, b->swd_period / 2);
	mcu_pin_drive(b->mcu, 'A', 14, 1);
	mcu_advance(b->mcu, b->swd_period / 2);
}

static int swd_read(struct sealed_bed *b)
{
	int v;

	mcu_pin_drive(b->mcu, 'A', 13, -1);
	mcu_pin_drive(b->mcu, 'A', 14, 0);
	mcu_advance(b->mcu, b->swd_period / 2);
	v = mcu_pin_level(b->mcu, 'A', 13);
	mcu_pin_drive(b->mcu, 'A', 14, 1);
	mcu_advance(b->mcu, b->swd_period / 2);
	return v != 0;
}

static int swd_byte(struct sealed_bed *b)
{
	unsigned v = 0;

	for (unsigned i = 0; i < 9; i++)
		v |= (unsigned)swd_read(b) << i;
	return v & 1 ? -1 : (int)(v >> 1);
}

/* Up to and with the start bit of an answer's first character. */
static bool swd_wait(struct sealed_bed *b)
{
	unsigned ones = 0;
	bool busy = false;

	for (unsigned i = 0; i < 200000; i++) {
		if (i % 64 == 0)
			mcu_advance(b->mcu, MS / 4);
		if (swd_read(b)) {
			if (busy && ++ones > 16)
				return false;
			continue;
		}
		busy = true;
		if (ones > 0)
			return true;
	}
	return false;
}

static bool swd_turn(struct sealed_bed *b, const uint8_t *p, size_t len)
{
	struct link_rx rx = { .buf = b->frame.body };
	unsigned first = 0;
	int v;

	for (unsigned i = 0; i < 16; i++)
		swd_write(b, 1);
	for (size_t i = 0; i < len; i++)
		for (unsigned bit = 0, c = (unsigned)p[i] << 1; bit < 9; bit++)
			swd_write(b, c >> bit & 1);
	swd_write(b, 0);
	mcu_pin_drive(b->mcu, 'A', 13, -1);
	if (!swd_wait(b))
		return false;
	for (unsigned i = 0; i < 8; i++)
		first |= (unsigned)swd_read(b) << i;
	for (v = (int)first; v >= 0; v = swd_byte(b))
		if (link_rx_byte(&rx, (uint8_t)v) == 1) {
			b->frame.head = rx.head;
			return true;
		}
	return false;
}

bool sealed_bed_turn(struct sealed_bed *b, uint8_t type, uint16_t index,
		     const uint8_t *body, uint16_t len)
{
	static uint8_t out[LINK_FRAME_MAX];
	const struct link_head h = { type, index, len };
	size_t n = link_frame(&h, body, out);

	return b->line == BED_UART ? uart_turn(b, out, n) : swd_turn(b, out, n);
}

/* -- the job --------------------------------------------------------------- */

static unsigned answer(struct sealed_bed *b, uint8_t type, uint16_t index,
		       const uint8_t *body, size_t len)
{
	return sealed_bed_turn(b, type, index, body, (uint16_t)len)
		       ? b->frame.head.type
		       : 0;
}

static void loader_digest(struct sealed_bed *b, uint8_t out[32])
{
	static uint8_t flash[LOADER_LEN];
	struct prim_sha256 c;

	assert_int_equal(
		mcu_flash_peek(b->mcu,
			       (uint32_t)(sealed_bed_top(b) + LOADER_OFFSET),
			       flash, LOADER_LEN),
		0);
	prim_sha256_init(&c);
	prim_sha256_update(&c, flash, LOADER_LEN);
	prim_sha256_final(&c, out);
}

unsigned sealed_bed_hello(struct sealed_bed *b)
{
	uint8_t hello[HELLO_LEN], prologue[PROLOGUE_MAX], digest[32], pub[32];
	uint8_t claim[CLAIM_MAX];
	uint64_t t = mcu_now(b->mcu);
	const uint8_t *uid;
	size_t uid_len, n;
	unsigned type;

	snprintf(b->hello.order, sizeof(b->hello.order), "order-1");
	b->hello.grant = 7;
	b->hello.attempt++;
	hello_encode(&b->hello, hello);
	type = answer(b, LINK_HELLO, 0, hello, HELLO_LEN);
	b->spent[0] = mcu_now(b->mcu) - t;
	if (type != LINK_MSG1)
		return type;
	loader_digest(b, digest);
	prim_x25519_base(pub, server_key);
	uid = mcu_uid(b->mcu, &uid_len);
	n = prologue_make(hello, uid, uid_len, digest, prologue);
	noise_init(&b->noise, false, pub, prologue, n, NULL);
	assert_int_equal(noise_read1(&b->noise, server_key, NULL, b->frame.body,
				     b->frame.head.len, claim),
			 0);
	assert_int_equal(claim_decode(claim, b->frame.head.len - NOISE_OVERHEAD,
				      &b->claim),
			 0);
	return type;
}

unsigned sealed_bed_deliver(struct sealed_bed *b)
{
	static const uint8_t e[32] = { 9, 9, 9 };
	uint8_t plain[DELIVERY_MAX], msg[DELIVERY_MAX + NOISE_OVERHEAD];
	uint64_t t = mcu_now(b->mcu);
	unsigned type;
	size_t n;

	assert_int_equal(
		delivery_encode(&b->delivery, plain, sizeof(plain), &n), 0);
	if (b->chunk_len)
		memcpy(plain + 1 + 4 * 32, b->chunk_len, 4);
	assert_int_equal(noise_write2(&b->noise, e, plain, n, msg), 0);
	assert_int_equal(noise_split(&b->noise, b->k1, b->k2, NULL), 0);
	type = answer(b, LINK_MSG2, 0, msg, n + NOISE_OVERHEAD);
	b->spent[0] += mcu_now(b->mcu) - t;
	return type;
}

uint16_t sealed_bed_chunks(const struct sealed_bed *b)
{
	return (uint16_t)((b->image_len + b->delivery.chunk_len - 1) /
			  b->delivery.chunk_len);
}

static void report_take(struct sealed_bed *b)
{
	uint8_t plain[REPORT_MAX + NOISE_TAG_LEN];

	assert_true(b->frame.head.len <= sizeof(plain));
	assert_int_equal(
		noise_open(b->k1, 0, b->frame.body, b->frame.head.len, plain),
		0);
	assert_int_equal(report_decode(plain, b->frame.head.len - NOISE_TAG_LEN,
				       &b->report),
			 0);
}

unsigned sealed_bed_chunk(struct sealed_bed *b, uint16_t n)
{
	uint8_t body[2048], aad[CHUNK_AAD_LEN];
	uint32_t at = n * b->delivery.chunk_len;
	uint32_t len = b->image_len - at;
	bool last = len <= b->delivery.chunk_len;
	uint64_t t = mcu_now(b->mcu);
	unsigned type;

	if (!last)
		len = b->delivery.chunk_len;
	memcpy(body, b->image + at, len);
	release_chunk_aad(b->delivery.header_digest, n, last, aad);
	prim_aead_seal(b->delivery.content_key, n, aad, sizeof(aad), body, len,
		       body + len);
	link_seal(b->delivery.link_key, n, body, len + 16, body);
	type = answer(b, LINK_DATA, n, body, len + 32);
	b->spent[last ? 2 : 1] += mcu_now(b->mcu) - t;
	if (type == LINK_REPORT)
		report_take(b);
	return type;
}

unsigned sealed_bed_commit(struct sealed_bed *b)
{
	uint8_t data[RECORD_TEST_LEN], a[512], f[512];
	uint8_t plain[COMMIT_MAX + NOISE_TAG_LEN];
	struct commit c = { .credential = a, .firmware = f };
	uint64_t t = mcu_now(b->mcu);
	unsigned type;
	size_t n;

	memset(data, 0x5a, sizeof(data));
	assert_int_equal(record_encode(RECORD_CREDENTIAL, data, sizeof(data), a,
				       sizeof(a), &c.credential_len),
			 0);
	assert_int_equal(record_encode(RECORD_FIRMWARE, data, sizeof(data) - 40,
				       f, sizeof(f), &c.firmware_len),
			 0);
	assert_int_equal(commit_encode(&c, plain, sizeof(plain), &n), 0);
	noise_seal(b->k2, 0, plain, n, plain);
	type = answer(b, LINK_COMMIT, 0, plain, n + NOISE_TAG_LEN);
	b->spent[3] = mcu_now(b->mcu) - t;
	return type;
}
