/* SPDX-License-Identifier: MIT */
/*
 * The loaders of the families that are not the STM32L4, each on its virtual
 * chip: what differs there.  What does not is in test_loader.c.
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

/*
 * One per chip: what its claim must be, and what it must refuse; flash
 * operations from message 2 on at which power fails, and a number that is
 * beyond the last.
 *
 * With half-words, 3,000 bytes are 1,500 of them; the records up to 1,696; boot
 * words, the marker's first half up to 1,704; that half again, 8 pages, 16
 * half-words of zeros, the second half: 1,736 (4 pages of 2 kB: 1,732; less
 * what happens to be FFFF).  With words 750, 848, 852, 872.
 */
#define HALF_WORDS { 1, 800, 1500, 1600, 1698, 1702, 1706, 1711, 1718 }, 1800
#define WORDS { 1, 400, 750, 800, 849, 851, 853, 857, 860 }, 900
static const struct row {
	const struct bed_chip *chip;
	uint8_t family, word_count;
	struct {
		uint32_t address, mask, value;
	} words[8];
	uint32_t open[2]; /* option values that are no lock */
	double handshake; /* seconds at most */
	unsigned busy_ms; /* it works longer than this on message 2 */
	bool sister;	  /* of the row before: another end of the flash */
	uint32_t cuts[9], beyond;
} rows[] = {
	{ &bed_f1,
	  FAMILY_STM32F1,
	  7,
	  { { 0x1ffff800, 0xffffffff, 0x00ffffff },
	    { 0x1ffff804, 0xffffffff, 0xffffffff },
	    { 0x1ffff808, 0xffffffff, 0xffffffff },
	    { 0x1ffff80c, 0xffffffff, 0xffffffff },
	    { 0x4002201c, 3, 2 },
	    { 0xe000edf0, 1, 0 },
	    { 0xe0042000, 0xffffffff, 0 } },
	  { 0xa5, 0xa5 },
	  0.2,
	  20,
	  false,
	  HALF_WORDS },
	{ &bed_f1xe,
	  FAMILY_STM32F1,
	  7,
	  { { 0x1ffff800, 0xffffffff, 0x00ffffff },
	    { 0x1ffff804, 0xffffffff, 0xffffffff },
	    { 0x1ffff808, 0xffffffff, 0xffffffff },
	    { 0x1ffff80c, 0xffffffff, 0xffffffff },
	    { 0x4002201c, 3, 2 },
	    { 0xe000edf0, 1, 0 },
	    { 0xe0042000, 0xffffffff, 0 } },
	  { 0xa5, 0xa5 },
	  0.2,
	  20,
	  true,
	  HALF_WORDS },
	{ &bed_f0,
	  FAMILY_STM32F0,
	  5,
	  { { 0x1ffff800, 0xffffffff, 0x00ff44bb },
	    { 0x1ffff804, 0xffffffff, 0xffffffff },
	    { 0x1ffff808, 0xffffffff, 0xffffffff },
	    { 0x4002201c, 7, 2 },
	    { 0x48000000, 2u << 26 | 2u << 28, 0 } },
	  { 0xaa, 0xaa },
	  2.5,
	  300,
	  false,
	  HALF_WORDS },
	{ &bed_n51,
	  FAMILY_NRF51,
	  5,
	  { { 0x10001004, 0xffffffff, 0xffff00ff },
	    { 0x10001000, 0xffffffff, 0xffffffff },
	    { 0x10001008, 0xffffffff, 0xffffffff },
	    { 0x10001014, 0xffffffff, 0xffffffff },
	    { 0x00000000, 0xffffffff, 0xfa017ed0 } },
	  { 0xffffff00, 0xffff7fff }, /* PR0 alone is no lock */
	  2,
	  300,
	  false,
	  WORDS },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static unsigned ask(struct sealed_bed *b)
{
	return sealed_bed_turn(b, LINK_ASK, 0, NULL, 0) ? b->frame.head.type
							: 0;
}

static void start(struct sealed_bed *b, const struct row *r, enum bed_line line,
		  uint32_t len)
{
	sealed_bed_new_on(b, r->chip, line, r->chip->locked);
	sealed_bed_image(b, len);
	sealed_bed_start(b);
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
	(void)state;
	for (size_t i = 0; i < ROWS; i++)
		for (size_t n = 0; n < 2; n++) {
			struct sealed_bed b;

			sealed_bed_new_on(&b, rows[i].chip, BED_UART,
					  rows[i].open[n]);
			sealed_bed_start(&b);
			fault_is(&b, LINK_FAULT_OPEN);
			assert_int_equal(mcu_debug_pins_on(b.mcu),
					 rows[i].chip->pins_stay);
			sealed_bed_free(&b);
		}
}

static void refuses_rng(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++)
		for (int rng = MCU_RNG_STUCK; rng <= MCU_RNG_BIASED; rng++) {
			struct mcu_faults f = { .rng = rng };
			struct sealed_bed b;

			sealed_bed_new_on(&b, rows[i].chip, BED_UART,
					  rows[i].chip->locked);
			mcu_faults_set(b.mcu, &f);
			sealed_bed_start(&b);
			fault_is(&b, LINK_FAULT_RANDOM);
			sealed_bed_free(&b);
		}
}

static void claim(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *r = &rows[i];
		const struct claim *c;
		struct sealed_bed b;
		size_t len;

		start(&b, r, BED_UART, 5000);
		assert_int_equal(ask(&b), LINK_READY);
		assert_int_equal(mcu_debug_pins_on(b.mcu), r->chip->pins_stay);
		assert_int_equal(sealed_bed_hello(&b), LINK_MSG1);
		c = &b.claim;
		assert_int_equal(c->family, r->family);
		assert_memory_equal(c->uid, mcu_uid(b.mcu, &len), c->uid_len);
		assert_int_equal(c->uid_len, len);
		assert_int_equal(c->word_count, r->word_count);
		for (unsigned w = 0; w < r->word_count; w++) {
			assert_int_equal(c->words[w].address,
					 r->words[w].address);
			assert_int_equal(c->words[w].value & r->words[w].mask,
					 r->words[w].value);
		}
		assert_int_equal(c->rng_samples, 8192 + 2048);
		assert_int_equal(c->rng_failures, 0);
		/* another hello: another key */
		len = 32;
		{
			uint8_t first[32];

			memcpy(first, b.frame.body, len);
			assert_int_equal(sealed_bed_hello(&b), LINK_MSG1);
			assert_memory_not_equal(b.frame.body, first, len);
		}
		sealed_bed_free(&b);
	}
}

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
	uint32_t top = sealed_bed_top(b);

	mcu_advance(b->mcu, 1000 * MS);
	assert_int_equal(
		mcu_flash_peek(b->mcu, b->chip->image_at, is, b->image_len), 0);
	assert_memory_equal(is, b->image, b->image_len);
	free(is);
	assert_true(all(b->mcu, top + LOADER_OFFSET,
			top + LOADER_OFFSET + LOADER_LEN, 0xff));
	assert_true(all(b->mcu, top + STAGE0_SECRET_OFFSET,
			top + STAGE0_SECRET_OFFSET + STAGE0_SECRET_LEN, 0));
	assert_true(all(b->mcu, top + MARKER_OFFSET,
			top + MARKER_OFFSET + MARKER_LEN, 0));
	/* the firmware runs */
	assert_int_equal(mcu_program_counter(b->mcu) & ~1u,
			 b->chip->image_at + BED_ENTRY);
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

static void whole(const struct row *r, enum bed_line line, uint32_t len)
{
	struct sealed_bed b;

	start(&b, r, line, len);
	install(&b);
	digest_is(&b);
	assert_int_equal(sealed_bed_commit(&b), LINK_DONE);
	printf("%s, %s, %u bytes: handshake %.1f ms, stream %.1f ms, report "
	       "%.1f ms, commit %.1f ms\n",
	       r->chip->name, line == BED_UART ? "uart" : "swd-pins", len,
	       (double)b.spent[0] / 1e9, (double)b.spent[1] / 1e9,
	       (double)b.spent[2] / 1e9, (double)b.spent[3] / 1e9);
	assert_true((double)b.spent[0] / 1e12 <= r->handshake);
	complete(&b);
	sealed_bed_free(&b);
}

static void whole_uart(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++)
		whole(&rows[i], BED_UART, 20000);
}

static void whole_swd(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].chip->dir[BED_SWD])
			whole(&rows[i], BED_SWD, 8000);
}

/* All that there is room for, below the largest flash: a thousand chunks. */
static void whole_flash(void **state)
{
	const struct row *largest = &rows[0];
	uint32_t len;

	(void)state;
	for (size_t i = 1; i < ROWS; i++)
		if (rows[i].chip->flash_len > largest->chip->flash_len)
			largest = &rows[i];
	len = largest->chip->flash + largest->chip->flash_len - RESERVED_LEN +
	      LOADER_OFFSET - largest->chip->image_at;
	assert_int_equal(len, 498 * 1024);
	whole(largest, BED_UART, len);
}

#define HANDLER (BED_ENTRY + 0x40)

/* Where NMI and HardFault are the stub's: the firmware's own, in the vectors 4
 * and 5, is what its fault comes to. */
static void own_faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		const uint32_t vectors[2] = { 0, HANDLER | 1 };
		const uint16_t code[2] = { 0xde00, 0xe7fe }; /* udf; b . */
		struct sealed_bed b;

		if (!rows[i].chip->boot_faults)
			continue;
		sealed_bed_new_on(&b, rows[i].chip, BED_UART,
				  rows[i].chip->locked);
		sealed_bed_image(&b, 1024);
		memcpy(b.image + 16, vectors, sizeof(vectors));
		memcpy(b.image + BED_ENTRY, &code[0], 2);
		memcpy(b.image + HANDLER, &code[1], 2);
		sealed_bed_start(&b);
		install(&b);
		assert_int_equal(sealed_bed_commit(&b), LINK_DONE);
		mcu_advance(b.mcu, 1000 * MS);
		assert_int_equal(mcu_program_counter(b.mcu) & ~1u,
				 b.chip->image_at + HANDLER);
		sealed_bed_free(&b);
	}
}

#define PATIENCE_MS 300 /* docs/protocol.md, "Line: uart" */

/* The station asks while the chip works on message 2; then its frames follow
 * each answer after gap_us.  Returns how often it must ask for an answer to
 * one of those. */
static unsigned repeats(const struct row *r, unsigned gap_us)
{
	struct sealed_bed b;
	uint16_t n;

	start(&b, r, BED_UART, 5000);
	n = sealed_bed_chunks(&b);
	assert_int_equal(sealed_bed_hello(&b), LINK_MSG1);
	b.ask_ms = r->busy_ms;
	assert_int_equal(sealed_bed_deliver(&b), LINK_WANT);
	assert_true(b.asked > 0);
	b.ask_ms = PATIENCE_MS;
	b.asked = 0;
	for (uint16_t i = 0; i < n && b.asked == 0; i++) {
		unsigned type;

		mcu_advance(b.mcu, (uint64_t)gap_us * 1000000);
		type = sealed_bed_chunk(&b, i);
		if (b.asked == 0)
			assert_int_equal(type,
					 i + 1 == n ? LINK_REPORT : LINK_WANT);
	}
	n = (uint16_t)b.asked;
	if (n == 0) {
		digest_is(&b);
		assert_int_equal(sealed_bed_commit(&b), LINK_DONE);
		complete(&b);
	}
	sealed_bed_free(&b);
	return n;
}

/* A question that the chip had no time for takes no frame with it. */
static void asked_while_busy(void **state)
{
	static const unsigned gap_us[] = { 0, 100, 250, 1000 };

	(void)state;
	for (size_t i = 0; i < ROWS; i++)
		for (size_t k = 0;
		     k < sizeof(gap_us) / sizeof(gap_us[0]) && !rows[i].sister;
		     k++)
			assert_int_equal(repeats(&rows[i], gap_us[k]), 0);
}

/* Power fails in flash operation n, counted from message 2 on; then the whole
 * job again, to the end. */
static bool cut_at(const struct row *r, uint32_t n)
{
	struct sealed_bed b;
	uint16_t i = 0, chunks;
	unsigned type;
	bool cut;

	start(&b, r, BED_UART, 3000);
	assert_int_equal(sealed_bed_hello(&b), LINK_MSG1);
	mcu_cut_after(b.mcu, n);
	type = sealed_bed_deliver(&b);
	chunks = sealed_bed_chunks(&b);
	while (mcu_powered(b.mcu) && i < chunks && type == LINK_WANT)
		type = sealed_bed_chunk(&b, i++);
	if (mcu_powered(b.mcu))
		(void)sealed_bed_commit(&b);
	mcu_advance(b.mcu, 1000 * MS);
	cut = !mcu_powered(b.mcu);
	mcu_cut_after(b.mcu, 0);
	sealed_bed_start(&b);
	mcu_advance(b.mcu, 500 * MS);
	if (cut && ask(&b) != 0) { /* else the stub went on alone */
		install(&b);
		digest_is(&b);
		assert_int_equal(sealed_bed_commit(&b), LINK_DONE);
	}
	complete(&b);
	sealed_bed_free(&b);
	return cut;
}

static void cuts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		/* a sister's pages: where the loader is erased */
		for (size_t k = rows[i].sister ? 6 : 0; k < 9; k++)
			if (!cut_at(&rows[i], rows[i].cuts[k]))
				fail_msg("%s, no operation %u",
					 rows[i].chip->name, rows[i].cuts[k]);
		assert_false(cut_at(&rows[i], rows[i].beyond));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_open),
		cmocka_unit_test(refuses_rng),
		cmocka_unit_test(claim),
		cmocka_unit_test(whole_uart),
		cmocka_unit_test(whole_swd),
		cmocka_unit_test(whole_flash),
		cmocka_unit_test(own_faults),
		cmocka_unit_test(cuts),
		cmocka_unit_test(asked_while_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
