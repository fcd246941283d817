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

#include "loader/layout.h"
#include "tests/lib/sealed_bed.h"
#include "tests/unit/vmcu_rig.h"

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

static void ready(void **state)
{
	struct sealed_bed b;

	(void)state;
	sealed_bed_new(&b, BED_OPTR_LOCKED);
	sealed_bed_start(&b);
	assert_int_equal(ask(&b), LINK_READY);
	sealed_bed_free(&b);
}

static void whole(void **state)
{
	struct sealed_bed b;
	uint8_t *is;

	(void)state;
	sealed_bed_new(&b, BED_OPTR_LOCKED);
	if (getenv("BED_LINE"))
		b.line = BED_SWD;
	sealed_bed_image(&b, 20000);
	sealed_bed_start(&b);
	install(&b);
	assert_int_equal(sealed_bed_commit(&b), LINK_DONE);
	is = malloc(b.image_len);
	assert_int_equal(mcu_flash_peek(b.mcu, FLASH, is, b.image_len), 0);
	assert_memory_equal(is, b.image, b.image_len);
	for (unsigned i = 0; i < 4; i++)
		printf("%u: %.3f ms\n", i, (double)b.spent[i] / 1e9);
	free(is);
	sealed_bed_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ready),
		cmocka_unit_test(whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
