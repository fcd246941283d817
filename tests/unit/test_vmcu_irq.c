/* SPDX-License-Identifier: MIT */
/*
 * The interrupt test program (tests/target/irq) on the virtual MCU.  It must
 * finish; what it logs goes to $IRQ_LOG, so that tests/judge/qemu-irq.sh can
 * compare it with what the same binary logs on QEMU.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/vmcu_rig.h"

#define IRQ_BIN "build/target/irq.bin"
#define LOG_AREA 0x20003000u
#define LOG_CAP 8188

static size_t load_bin(uint8_t *buf, size_t cap)
{
	FILE *f = fopen(IRQ_BIN, "rb");
	size_t len;

	if (f == NULL)
		fail_msg("%s is missing: make target", IRQ_BIN);
	len = fread(buf, 1, cap, f);
	fclose(f);
	return len;
}

static size_t read_log(struct mcu *m, char *out, size_t cap)
{
	uint32_t len = rig_r(m, LOG_AREA);

	if (!(len & 1u << 31))
		return 0;
	len &= 0x7fffffff;
	assert_true(len < cap);
	for (uint32_t i = 0; i < len; i++) {
		uint32_t v;

		assert_int_equal(mcu_bus_read(m, LOG_AREA + 4 + i, 1, &v),
				 MCU_BUS_OK);
		out[i] = (char)v;
	}
	out[len] = '\0';
	return len;
}

static void save_log(const char *text)
{
	const char *path = getenv("IRQ_LOG");
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
	static uint8_t bin[65536];
	static char text[LOG_CAP + 1];
	struct mcu_config cfg = rig_config();
	struct mcu *m = rig_new(&cfg);
	size_t len = load_bin(bin, sizeof(bin));
	size_t n = 0;

	(void)state;
	rig_flash(m, FLASH, bin, len);
	rig_power_cycle(m);
	for (int i = 0; n == 0 && i < 100; i++) {
		mcu_advance(m, 100 * MS);
		n = read_log(m, text, sizeof(text));
	}
	if (n == 0) {
		rig_halt(m);
		fail_msg("did not finish, pc %08x", rig_reg(m, 15));
	}
	save_log(text);
	assert_non_null(strstr(text, "done\n"));
	mcu_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_program_finishes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
