/* SPDX-License-Identifier: MIT */
/*
 * The judge program (tests/target/n51) on the virtual nRF51822.  What it tells
 * goes to $N51_LOG, so that tests/judge/qemu-nrf51.sh can compare it with what
 * the same binary tells on QEMU.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/n51_rig.h"

#define BIN "build/target/n51_judge.bin"
#define SENT "hello\nnrf51\nend\n"

static void load(struct mcu *m)
{
	static uint32_t bin[8192];
	FILE *f = fopen(BIN, "rb");
	size_t len;

	if (f == NULL)
		fail_msg("%s is missing: make target", BIN);
	len = fread(bin, 1, sizeof(bin), f);
	fclose(f);
	n51_words(m, 0, bin, (len + 3) / 4);
	rig_power_cycle(m);
}

static void save(const char *text)
{
	const char *path = getenv("N51_LOG");
	FILE *f;

	if (path == NULL)
		return;
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void test_program_finishes(void **state)
{
	static char text[8192];
	struct mcu *m = n51_new();
	bool sent = false;
	size_t n = 0;

	(void)state;
	load(m);
	for (unsigned i = 0; i < 500 && !strstr(text, "done\n"); i++) {
		mcu_advance(m, 10 * MS);
		n += mcu_uart_read(m, (uint8_t *)text + n,
				   sizeof(text) - 1 - n);
		if (sent || !strstr(text, "echo\n"))
			continue;
		/* byte by byte: it answers before it listens again */
		for (const char *p = SENT; *p; p++) {
			mcu_uart_write(m, (const uint8_t *)p, 1);
			mcu_advance(m, MS);
		}
		sent = true;
	}
	save(text);
	if (!strstr(text, "done\n"))
		fail_msg("did not finish: %s", text);
	assert_non_null(strstr(text, "HELLO\nNRF51\nEND\n"));
	mcu_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_program_finishes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
