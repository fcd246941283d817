/* SPDX-License-Identifier: MIT */
/* nRF51: what lives on without power, and files that are not its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/n51_rig.h"

#define AT 0x2000u

struct place {
	char folder[64], file[96];
	struct mcu_config cfg;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	snprintf(p->folder, sizeof(p->folder), "/tmp/n51-state-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	snprintf(p->file, sizeof(p->file), "%s/chip.state", p->folder);
	p->cfg = n51_config();
	p->cfg.state = p->file;
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	unlink(p->file);
	rmdir(p->folder);
	free(p);
	return 0;
}

static void test_lives_on(void **state)
{
	static const uint8_t other_uid[8] = { 9 };
	struct place *p = *state;
	struct mcu *m = rig_new(&p->cfg);
	uint32_t uid = rig_r(m, 0x10000060);

	n51_word(m, AT, 0x11223344);
	n51_word(m, AT + 4, 0xffffffff);
	n51_word(m, AT + 4, 0xffffffff);
	n51_word(m, N51_RBPCONF, 0xffffff00);
	assert_int_equal(mcu_save(m), 0);
	mcu_free(m);
	p->cfg.seed = 77; /* neither seed nor uid matter any more */
	p->cfg.uid = other_uid;
	m = rig_new(&p->cfg);
	assert_int_equal(rig_r(m, 0x10000060), uid);
	assert_int_equal(rig_r(m, AT), 0x11223344);
	assert_int_equal(rig_r(m, N51_RBPCONF), 0xffffff00);
	n51_word(m, AT + 4, 0); /* the third write of this word */
	assert_int_not_equal(rig_r(m, AT + 4), 0);
	mcu_free(m);
}

static void test_torn_cells_live_on(void **state)
{
	struct place *p = *state;
	struct mcu *m = rig_new(&p->cfg);

	mcu_cut_after(m, 1);
	n51_config_set(m, N51_WEN);
	rig_w(m, AT, 0);
	mcu_advance(m, MS);
	assert_false(mcu_powered(m));
	assert_int_equal(mcu_save(m), 0);
	mcu_free(m);
	m = rig_new(&p->cfg);
	assert_true(mcu_flash_torn(m, AT));
	assert_false(mcu_flash_torn(m, AT + 4));
	mcu_free(m);
}

static void refused(const struct mcu_config *cfg, const char *because)
{
	struct mcu *m = NULL;
	char why[256];

	assert_int_not_equal(mcu_new(cfg, &m, why), 0);
	assert_non_null(strstr(why, because));
}

static void test_refusals(void **state)
{
	static const uint8_t uid[12] = { 1 };
	struct place *p = *state;
	struct mcu_config cfg = p->cfg;
	struct mcu *m = rig_new(&p->cfg);

	assert_int_equal(mcu_save(m), 0);
	mcu_free(m);
	cfg.chip = "stm32l432";
	refused(&cfg, "another chip");
	cfg = p->cfg;
	cfg.profile = "remarked";
	refused(&cfg, "another profile");
	cfg.state = NULL;
	cfg.profile = "no such";
	refused(&cfg, "no profile");
	cfg.profile = NULL;
	cfg.uid = uid;
	cfg.uid_len = sizeof(uid);
	refused(&cfg, "16 hex digits");
	assert_int_equal(truncate(p->file, 5000), 0);
	refused(&p->cfg, "truncated");
}

static void test_copy_keeps_the_uid(void **state)
{
	struct place *p = *state;
	struct mcu_config cfg = n51_config();
	struct mcu *from = rig_new(&p->cfg), *to;
	uint32_t uid;

	n51_word(from, AT, 0x11223344);
	n51_word(from, N51_UICR + 0x80, 0x55);
	cfg.seed = 2;
	to = rig_new(&cfg);
	uid = rig_r(to, 0x10000060);
	assert_int_not_equal(uid, rig_r(from, 0x10000060));
	mcu_power(to, false);
	assert_int_equal(mcu_copy_from(to, from), 0);
	rig_power_cycle(to);
	assert_int_equal(rig_r(to, AT), 0x11223344);
	assert_int_equal(rig_r(to, N51_UICR + 0x80), 0x55);
	assert_int_equal(rig_r(to, 0x10000060), uid);
	mcu_free(from);
	mcu_free(to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lives_on, setup, teardown),
		cmocka_unit_test_setup_teardown(test_torn_cells_live_on, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_copy_keeps_the_uid, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
