/* SPDX-License-Identifier: MIT */
/*
 * The loader's machine code on the virtual chip, against the host's half of
 * seal/ and wire/.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "seal/prim.h"
#include "tests/lib/sealed_bed.h"
#include "tests/unit/vmcu_rig.h"
#include "wire/layout.h"

static unsigned ask(struct sealed_bed *b)
{
	return sealed_bed_turn(b, LINK_ASK, 0, NULL, 0) ? b->frame.head.type
							: 0;
}

static void install(struct sealed_bed *b)
{
	uint16_t n = sealed_bed_chunks(b);

	assert_int_equal(sealed_bed_hello(b), LINK_MSG1);
	assert_int_equal(sealed_bed_deliver(b), LINK_WANT);
	for (uint16_t i = 0; i < n; i++)
		assert_int_equal(sealed_bed_chunk(b, i),
				 i + 1 == n ? LINK_REPORT : LINK_WANT);
}

static void start(struct sealed_bed *b, uint32_t optr)
{
	sealed_bed_new(b, BED_UART, optr);
	sealed_bed_image(b, 5000);
	sealed_bed_start(b);
}

static void ready(void **state)
{
	struct sealed_bed b;

	(void)state;
	start(&b, BED_OPTR_LOCKED);
	assert_int_equal(ask(&b), LINK_READY);
	assert_false(mcu_debug_pins_on(b.mcu));
	sealed_bed_free(&b);
}

static void fault_is(struct sealed_bed *b, uint16_t why)
{
	assert_int_equal(ask(b), LINK_FAULT);
	assert_int_equal(b->frame.head.index, why);
	/* and nothing leads past it */
	assert_int_equal(sealed_bed_hello(b), LINK_FAULT);
	assert_int_equal(b->frame.head.index, why);
}

static void refuses_open(void **state)
{
	static const uint32_t optr[] = {
		0xffeff8aa, /* as delivered */
		0xfdeff8aa, /* level 0, SRAM2 erased by reset */
		0xffeff8bb, /* level 1, SRAM2 kept */
		0xfdeff8b9, /* level 1 for the chip, but not as we write it */
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(optr) / sizeof(optr[0]); i++) {
		struct sealed_bed b;

		start(&b, optr[i]);
		fault_is(&b, 1);
		assert_false(mcu_debug_pins_on(b.mcu));
		sealed_bed_free(&b);
	}
}

/* Level 1 shuts the flash for as long as somebody looked: no loader at all. */
static void debugger_seen(void **state)
{
	struct sealed_bed b;
	uint32_t v;

	(void)state;
	start(&b, BED_OPTR_LOCKED);
	mcu_power(b.mcu, false);
	mcu_advance(b.mcu, 1000 * MS);
	mcu_power(b.mcu, true);
	mcu_debug_power(b.mcu, true, true);
	(void)!mcu_bus_read(b.mcu, 0xe000ed00, 4, &v);
	mcu_advance(b.mcu, 20 * MS);
	assert_int_equal(ask(&b), 0);
	sealed_bed_free(&b);
}

static void refuses_rng(void **state)
{
	(void)state;
	for (int rng = MCU_RNG_STUCK; rng <= MCU_RNG_SEIS; rng++) {
		struct mcu_faults f = { .rng = rng };
		struct sealed_bed b;

		sealed_bed_new(&b, BED_UART, BED_OPTR_LOCKED);
		sealed_bed_image(&b, 5000);
		mcu_faults_set(b.mcu, &f);
		sealed_bed_start(&b);
		fault_is(&b, 2);
		sealed_bed_free(&b);
	}
	/* and when it fails after the start-up tests (a bias needs more
	 * samples than one key to be sure of) */
	for (int rng = MCU_RNG_STUCK; rng <= MCU_RNG_SEIS;
	     rng += MCU_RNG_SEIS - MCU_RNG_STUCK) {
		struct mcu_faults f = { .rng = rng };
		struct sealed_bed b;

		start(&b, BED_OPTR_LOCKED);
		assert_int_equal(ask(&b), LINK_READY);
		mcu_faults_set(b.mcu, &f);
		/* the first key was there already */
		assert_int_equal(sealed_bed_hello(&b), LINK_MSG1);
		assert_int_equal(sealed_bed_hello(&b), LINK_FAULT);
		assert_int_equal(b.frame.head.index, 2);
		sealed_bed_free(&b);
	}
}

static void claim(void **state)
{
	static const struct claim_word want[] = {
		{ 0x40022020, BED_OPTR_LOCKED }, { 0x40022024, 0xffffffff },
		{ 0x40022028, 0x7fff0000 },	 { 0x4002202c, 0x000000ff },
		{ 0x40022030, 0x000000ff },	 { 0x48000000, 0x83ffffef },
		{ 0x48000400, 0xfffffc3f },	 { 0xe000edf0, 0 },
		{ 0xe0042000, 0x10016435 },	 { 0x40022010, 0 },
	};
	struct sealed_bed b;
	size_t len;

	(void)state;
	start(&b, BED_OPTR_LOCKED);
	assert_int_equal(sealed_bed_hello(&b), LINK_MSG1);
	assert_int_equal(b.claim.family, FAMILY_STM32L4);
	assert_memory_equal(b.claim.uid, mcu_uid(b.mcu, &len), 12);
	assert_int_equal(b.claim.word_count, 10);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(b.claim.words[i].address, want[i].address);
		if (i != 7) /* DHCSR: its other bits tell of the core */
			assert_int_equal(b.claim.words[i].value, want[i].value);
	}
	assert_int_equal(b.claim.words[7].value & 1, 0);
	assert_int_equal(b.claim.rng_samples, 8192 + 2048);
	assert_in_range(b.claim.rng_longest_run, 6, 38);
	assert_in_range(b.claim.rng_peak, 400, 682);
	assert_int_equal(b.claim.rng_failures, 0);
	sealed_bed_free(&b);
}

/* The same hello: the same bytes.  Another: another key. */
static void hello_again(void **state)
{
	static struct bed_frame first;
	uint8_t hello[HELLO_LEN];
	struct sealed_bed b;

	(void)state;
	start(&b, BED_OPTR_LOCKED);
	assert_int_equal(sealed_bed_hello(&b), LINK_MSG1);
	first = b.frame;
	hello_encode(&b.hello, hello);
	assert_true(sealed_bed_turn(&b, LINK_HELLO, 0, hello, HELLO_LEN));
	assert_memory_equal(b.frame.body, first.body, first.head.len);
	assert_int_equal(ask(&b), LINK_MSG1);
	assert_memory_equal(b.frame.body, first.body, first.head.len);
	assert_int_equal(sealed_bed_hello(&b), LINK_MSG1);
	assert_memory_not_equal(b.frame.body, first.body, 32);
	sealed_bed_free(&b);
}

/* What is not for it, altered or out of turn, changes nothing. */
static void bad_frames(void **state)
{
	static uint8_t junk[1500];
	struct sealed_bed b;

	(void)state;
	start(&b, BED_OPTR_LOCKED);
	assert_true(sealed_bed_turn(&b, LINK_MSG2, 0, junk, 300));
	assert_int_equal(b.frame.head.type, LINK_READY);
	assert_true(
		sealed_bed_turn(&b, LINK_DATA, 0, junk, SEALED_CHUNK_MAX + 32));
	assert_int_equal(b.frame.head.type, LINK_READY);
	assert_true(sealed_bed_turn(&b, LINK_HELLO, 0, junk, HELLO_LEN - 1));
	assert_int_equal(b.frame.head.type, LINK_READY);
	assert_int_equal(sealed_bed_hello(&b), LINK_MSG1);
	assert_true(sealed_bed_turn(&b, LINK_MSG2, 0, junk, 300));
	assert_int_equal(b.frame.head.type, LINK_MSG1);
	assert_true(sealed_bed_turn(&b, LINK_MSG2, 0, junk, 3));
	assert_int_equal(b.frame.head.type, LINK_MSG1);
	assert_int_equal(sealed_bed_deliver(&b), LINK_WANT);
	assert_true(
		sealed_bed_turn(&b, LINK_DATA, 0, junk, SEALED_CHUNK_MAX + 32));
	assert_int_equal(b.frame.head.type, LINK_WANT);
	assert_int_equal(b.frame.head.index, 0);
	assert_int_equal(sealed_bed_chunk(&b, 1), LINK_WANT);
	assert_int_equal(b.frame.head.index, 0);
	assert_int_equal(sealed_bed_chunk(&b, 0), LINK_WANT);
	assert_int_equal(b.frame.head.index, 1);
	assert_int_equal(sealed_bed_chunk(&b, 0), LINK_WANT);
	assert_int_equal(b.frame.head.index, 1);
	assert_true(sealed_bed_turn(&b, LINK_COMMIT, 0, junk, 400));
	assert_int_equal(b.frame.head.type, LINK_WANT);
	for (uint16_t i = 1; i < sealed_bed_chunks(&b); i++)
		(void)sealed_bed_chunk(&b, i);
	assert_int_equal(b.frame.head.type, LINK_REPORT);
	assert_true(sealed_bed_turn(&b, LINK_COMMIT, 0, junk, 400));
	assert_int_equal(b.frame.head.type, LINK_REPORT);
	assert_int_equal(sealed_bed_commit(&b), LINK_DONE);
	sealed_bed_free(&b);
}

/* -- what is in the flash at the end --------------------------------------- */

#define TOP 0x0803e000u

static bool all(struct mcu *m, uint32_t at, uint32_t end, uint8_t value)
{
	for (; at < end; at++) {
		uint8_t v;

		assert_int_equal(mcu_flash_peek(m, at, &v, 1), 0);
		if (v != value)
			return false;
	}
	return true;
}

static void complete(struct sealed_bed *b)
{
	uint8_t *is = malloc(b->image_len);

	mcu_advance(b->mcu, 400 * MS);
	assert_int_equal(mcu_flash_peek(b->mcu, FLASH, is, b->image_len), 0);
	assert_memory_equal(is, b->image, b->image_len);
	free(is);
	assert_true(all(b->mcu, TOP + LOADER_OFFSET,
			TOP + LOADER_OFFSET + LOADER_LEN, 0xff));
	assert_true(all(b->mcu, TOP + STAGE0_SECRET_OFFSET,
			TOP + STAGE0_SECRET_OFFSET + STAGE0_SECRET_LEN, 0));
	assert_true(all(b->mcu, TOP + MARKER_OFFSET,
			TOP + MARKER_OFFSET + MARKER_LEN, 0));
	/* the firmware runs */
	assert_int_equal(mcu_program_counter(b->mcu) & ~1u, FLASH + BED_ENTRY);
}

static void digest_is(struct sealed_bed *b)
{
	uint8_t want[32], head[8];
	struct prim_sha256 c;

	memcpy(head, &b->delivery.segments[0].address, 4);
	memcpy(head + 4, &b->delivery.segments[0].len, 4);
	prim_sha256_init(&c);
	prim_sha256_update(&c, LABEL_IMAGE, sizeof(LABEL_IMAGE) - 1);
	prim_sha256_update(&c, head, 8);
	prim_sha256_update(&c, b->image, b->image_len);
	prim_sha256_final(&c, want);
	assert_memory_equal(b->report.digest, want, 32);
	assert_int_equal(b->report.word_count, 10);
	assert_int_equal(b->report.words[0].value, BED_OPTR_LOCKED);
}

static void whole(enum bed_line line, uint32_t len)
{
	struct sealed_bed b;

	sealed_bed_new(&b, line, BED_OPTR_LOCKED);
	sealed_bed_image(&b, len);
	sealed_bed_start(&b);
	install(&b);
	digest_is(&b);
	assert_int_equal(sealed_bed_commit(&b), LINK_DONE);
	printf("%s, %u bytes: handshake %.1f ms, stream %.1f ms, report "
	       "%.1f ms, commit %.1f ms\n",
	       line == BED_UART ? "uart" : "swd-pins", len,
	       (double)b.spent[0] / 1e9, (double)b.spent[1] / 1e9,
	       (double)b.spent[2] / 1e9, (double)b.spent[3] / 1e9);
	complete(&b);
	sealed_bed_free(&b);
}

static void whole_uart(void **state)
{
	(void)state;
	whole(BED_UART, 20000);
	whole(BED_UART, 2048);
}

static void whole_swd(void **state)
{
	(void)state;
	whole(BED_SWD, 8000);
}

/* Address u32, length u16, bytes; within a chunk, across two, at the end. */
static void patches(void **state)
{
	static const struct {
		uint32_t at;
		uint16_t len;
	} list[] = { { 0x200, 5 }, { 1020, 9 }, { 4990, 10 } };
	struct sealed_bed b;
	uint8_t *was;

	(void)state;
	start(&b, BED_OPTR_LOCKED);
	was = malloc(b.image_len);
	memcpy(was, b.image, b.image_len);
	for (unsigned i = 0; i < 3; i++) {
		uint8_t *p = b.delivery.patches + b.delivery.patch_len;
		uint32_t at = FLASH + list[i].at;

		memcpy(p, &at, 4);
		memcpy(p + 4, &list[i].len, 2);
		memset(p + 6, 0xa0 + (int)i, list[i].len);
		b.delivery.patch_len += 6 + list[i].len;
	}
	install(&b);
	for (unsigned i = 0; i < 3; i++)
		memset(b.image + list[i].at, 0xa0 + (int)i, list[i].len);
	digest_is(&b);
	assert_memory_not_equal(was, b.image, b.image_len);
	free(was);
	assert_int_equal(sealed_bed_commit(&b), LINK_DONE);
	complete(&b);
	sealed_bed_free(&b);
}

static void refuses_layout(void **state)
{
	static const struct segment bad[] = {
		{ 0x0803d800, 8 },  /* the loader itself */
		{ FLASH, 0x3d808 }, /* one double word too long */
		{ FLASH + 4, 64 },  /* not aligned */
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sealed_bed b;

		start(&b, BED_OPTR_LOCKED);
		b.delivery.segments[0] = bad[i];
		assert_int_equal(sealed_bed_hello(&b), LINK_MSG1);
		assert_int_equal(sealed_bed_deliver(&b), LINK_FAULT);
		assert_int_equal(b.frame.head.index, 4);
		sealed_bed_free(&b);
	}
}

static void refuses_chunk_len(void **state)
{
	static const uint32_t bad[] = { 0, 63, 1088, 65536, 0xffffffc0 };

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sealed_bed b;

		start(&b, BED_OPTR_LOCKED);
		b.chunk_len = &bad[i];
		assert_int_equal(sealed_bed_hello(&b), LINK_MSG1);
		assert_int_equal(sealed_bed_deliver(&b), LINK_FAULT);
		assert_int_equal(b.frame.head.index, 4);
		sealed_bed_free(&b);
	}
}

/*
 * Power fails in flash operation n, counted from message 2 on; then the whole
 * job again, to the end.
 */
static void cut_at(uint32_t n)
{
	struct sealed_bed b;
	uint16_t i = 0, chunks;
	unsigned type;

	start(&b, BED_OPTR_LOCKED);
	assert_int_equal(sealed_bed_hello(&b), LINK_MSG1);
	mcu_cut_after(b.mcu, n);
	type = sealed_bed_deliver(&b);
	chunks = sealed_bed_chunks(&b);
	while (mcu_powered(b.mcu) && i < chunks && type == LINK_WANT)
		type = sealed_bed_chunk(&b, i++);
	if (mcu_powered(b.mcu))
		(void)sealed_bed_commit(&b);
	mcu_advance(b.mcu, 400 * MS);
	assert_false(mcu_powered(b.mcu));
	mcu_cut_after(b.mcu, 0);
	sealed_bed_start(&b);
	mcu_advance(b.mcu, 200 * MS);
	if (ask(&b) != 0) { /* else the stub went on alone */
		install(&b);
		digest_is(&b);
		assert_int_equal(sealed_bed_commit(&b), LINK_DONE);
	}
	complete(&b);
	sealed_bed_free(&b);
}

static void cuts(void **state)
{
	/* 5,000 bytes: 625 double words less the first; firmware and
	 * credential records 21 + 26; boot words; marker; 4 pages; 4 double
	 * words of zeros; marker */
	static const uint32_t n[] = { 1,   2,	255, 256, 300, 624,
				      625, 640, 660, 671, 672, 673,
				      674, 676, 678, 680, 682 };

	(void)state;
	for (unsigned i = 0; i < sizeof(n) / sizeof(n[0]); i++)
		cut_at(n[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ready),
		cmocka_unit_test(refuses_open),
		cmocka_unit_test(debugger_seen),
		cmocka_unit_test(refuses_rng),
		cmocka_unit_test(claim),
		cmocka_unit_test(hello_again),
		cmocka_unit_test(bad_frames),
		cmocka_unit_test(refuses_layout),
		cmocka_unit_test(refuses_chunk_len),
		cmocka_unit_test(whole_uart),
		cmocka_unit_test(whole_swd),
		cmocka_unit_test(patches),
		cmocka_unit_test(cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
