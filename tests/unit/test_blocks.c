/* SPDX-License-Identifier: MIT */
/* flasher/blocks.c: chunks become aligned blocks, every byte at its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "flasher/blocks.h"

#define BASE 0x08000000u
#define SPACE 8192u
#define UNIT 8u

struct release {
	struct release_header header;
	uint8_t plain[SPACE];
	uint32_t total;
	uint8_t want[SPACE]; /* flash afterwards */
	int fail_at;
};

static int give(void *arg, uint32_t index, const uint8_t **out, size_t *out_len)
{
	struct release *r = arg;
	uint32_t at = index * r->header.chunk_len;

	if ((int)index == r->fail_at)
		return E_DECRYPT;
	if (at >= r->total)
		return E_RANGE;
	*out = r->plain + at;
	*out_len = r->total - at < r->header.chunk_len ? r->total - at
						       : r->header.chunk_len;
	return 0;
}

static void add(struct release *r, uint32_t offset, uint32_t len)
{
	struct firmware_info *fw = &r->header.fw;

	fw->segments[fw->segment_count++] = (struct segment){ BASE + offset,
							      len };
	for (uint32_t i = 0; i < len; i++) {
		uint8_t v = (uint8_t)rand();

		r->plain[r->total++] = v;
		r->want[offset + i] = v;
	}
}

static struct release *fresh(uint32_t chunk_len)
{
	struct release *r = calloc(1, sizeof(*r));

	memset(r->want, 0xff, SPACE);
	r->header.chunk_len = chunk_len;
	r->fail_at = -1;
	return r;
}

static int play(struct release *r, uint32_t cap, unsigned *ret_blocks)
{
	struct target_plan plan = { .header = &r->header,
				    .source = give,
				    .source_arg = r };
	uint8_t flash[SPACE], out[2048];
	uint32_t base, len, end = BASE;
	struct blocks b;
	int err;

	memset(flash, 0xff, SPACE);
	*ret_blocks = 0;
	blocks_init(&b, &plan);
	while ((err = blocks_next(&b, UNIT, out, cap, &base, &len)) == 0 &&
	       len != 0) {
		assert_true(len <= cap);
		assert_int_equal(base % UNIT, 0);
		assert_int_equal(len % UNIT, 0);
		assert_true(base >= end); /* ascending, no unit twice */
		end = base + len;
		memcpy(flash + (base - BASE), out, len);
		++*ret_blocks;
	}
	if (err == 0)
		assert_memory_equal(flash, r->want, SPACE);
	return err;
}

static void test_one(void **state)
{
	struct release *r = fresh(1024);
	unsigned blocks;

	(void)state;
	add(r, 0, 5000);
	assert_int_equal(play(r, 2048, &blocks), 0);
	assert_int_equal(blocks, 3);
	free(r);
}

/* Two segments in one double word must not become two blocks: the chip
 * programs a double word once. */
static void test_shared_unit(void **state)
{
	struct release *r = fresh(1024);
	unsigned blocks;

	(void)state;
	add(r, 3, 2);
	add(r, 6, 1);
	add(r, 9, 1);
	add(r, 2045, 2);
	add(r, 2048, 7);
	assert_int_equal(play(r, 64, &blocks), 0);
	free(r);
}

static void test_random(void **state)
{
	(void)state;
	srand(7);
	for (int round = 0; round < 2000; round++) {
		struct release *r = fresh(1 + (uint32_t)rand() % 300);
		uint32_t at = (uint32_t)rand() % 40;
		unsigned blocks;

		while (r->header.fw.segment_count < SEGMENTS_MAX) {
			uint32_t len = 1 + (uint32_t)rand() %
						   (rand() % 4 ? 12 : 900);

			if (at + len > SPACE)
				break;
			add(r, at, len);
			at += len + 1 +
			      (uint32_t)rand() % (rand() % 4 ? 10 : 400);
		}
		assert_int_equal(
			play(r, 8u * (1 + (uint32_t)rand() % 256), &blocks), 0);
		free(r);
	}
}

static void test_source_fails(void **state)
{
	struct release *r = fresh(90);
	unsigned blocks;

	(void)state;
	add(r, 0, 1000);
	r->fail_at = 7;
	assert_int_equal(play(r, 256, &blocks), E_DECRYPT);
	r->fail_at = -1;
	r->total = 999; /* gives less than the header promises */
	assert_int_equal(play(r, 256, &blocks), E_RANGE);
	r->total = 1001; /* or more */
	assert_int_equal(play(r, 256, &blocks), E_RANGE);
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_shared_unit),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_source_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
