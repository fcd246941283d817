/* SPDX-License-Identifier: MIT */
/* The state file: a device lives on; damage is refused and left alone. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/vmcu_rig.h"

struct place {
	char folder[64], file[96];
	struct mcu_config cfg;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	snprintf(p->folder, sizeof(p->folder), "/tmp/vmcu-state-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	snprintf(p->file, sizeof(p->file), "%s/chip.state", p->folder);
	p->cfg = rig_config();
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

static void make(struct place *p)
{
	struct mcu *m = rig_new(&p->cfg);

	rig_program(m, FLASH, 0x1122334455667788ull);
	rig_options(m, OPTR_DEFAULT & ~OPTR_SRAM2_RST);
	assert_int_equal(mcu_save(m), 0);
	mcu_free(m);
}

static void test_lives_on(void **state)
{
	static const uint8_t other_uid[12] = { 9 };
	struct place *p = *state;
	struct mcu *m;
	uint32_t uid;

	m = rig_new(&p->cfg);
	uid = rig_r(m, 0x1fff7594);
	mcu_free(m);
	make(p);
	p->cfg.seed = 77; /* neither seed nor uid matter any more */
	p->cfg.uid = other_uid;
	m = rig_new(&p->cfg);
	assert_int_equal(rig_r(m, 0x1fff7594), uid);
	assert_int_equal(rig_r(m, FLASH), 0x55667788);
	assert_int_equal(rig_r(m, FLASH_OPTR), OPTR_DEFAULT & ~OPTR_SRAM2_RST);
	mcu_free(m);
}

static void test_torn_cells_live_on(void **state)
{
	struct place *p = *state;
	struct mcu *m = rig_new(&p->cfg);

	rig_program(m, FLASH, 1);
	rig_unlock(m);
	mcu_cut_after(m, 1);
	rig_w(m, FLASH_CR, CR_PG);
	rig_w(m, FLASH + 8, 1);
	rig_w(m, FLASH + 12, 1);
	mcu_advance(m, MS);
	assert_int_equal(mcu_save(m), 0);
	mcu_free(m);
	m = rig_new(&p->cfg);
	(void)rig_r(m, FLASH);
	assert_int_equal(rig_r(m, FLASH_ECCR) >> 31, 0);
	(void)rig_r(m, FLASH + 8);
	assert_int_equal(rig_r(m, FLASH_ECCR) >> 31, 1);
	mcu_free(m);
}

static void refused(struct place *p, int err, const char *text)
{
	struct mcu *m = NULL;
	char why[256] = "";

	assert_int_equal(mcu_new(&p->cfg, &m, why), err);
	assert_null(m);
	if (strstr(why, text) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", why, text);
	assert_non_null(strstr(why, p->file));
}

static void poke(struct place *p, long at, int byte)
{
	FILE *f = fopen(p->file, "r+b");

	assert_non_null(f);
	fseek(f, at, SEEK_SET);
	fputc(byte, f);
	fclose(f);
}

static long length(struct place *p)
{
	struct stat st;

	assert_int_equal(stat(p->file, &st), 0);
	return (long)st.st_size;
}

static void test_damage(void **state)
{
	struct place *p = *state;
	long len;

	make(p);
	len = length(p);
	poke(p, len / 2, 0x5a);
	refused(p, E_CHECKSUM, "damaged");
	assert_int_equal(length(p), len); /* untouched */
	refused(p, E_CHECKSUM, "damaged");
}

static void test_truncated(void **state)
{
	struct place *p = *state;
	long len;

	make(p);
	len = length(p);
	assert_int_equal(truncate(p->file, len - 1), 0);
	refused(p, E_TRUNCATED, "truncated");
	assert_int_equal(truncate(p->file, 60), 0);
	refused(p, E_TRUNCATED, "truncated");
	assert_int_equal(truncate(p->file, 0), 0);
	refused(p, E_TRUNCATED, "truncated");
}

static void test_longer(void **state)
{
	struct place *p = *state;

	make(p);
	assert_int_equal(truncate(p->file, length(p) + 1), 0);
	refused(p, E_TRAILING, "longer");
}

static void test_foreign(void **state)
{
	struct place *p = *state;

	make(p);
	poke(p, 0, 'X');
	refused(p, E_SYNTAX, "not a state file");
	unlink(p->file);
	make(p);
	poke(p, 4, 9);
	refused(p, E_VERSION, "version");
	unlink(p->file);
	make(p);
	poke(p, 8, 'n');
	refused(p, E_STATE, "another chip");
	unlink(p->file);
	make(p);
	p->cfg.profile = "clone-gd";
	refused(p, E_STATE, "another profile");
}

/* A disk that fills up in mid-write: the old state stays whole. */
static void test_full_disk(void **state)
{
	struct rlimit old, small;
	struct place *p = *state;
	struct mcu *m;

	make(p);
	m = rig_new(&p->cfg);
	rig_program(m, FLASH + 8, 1);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 100000;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_not_equal(mcu_save(m), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	mcu_free(m);
	m = rig_new(&p->cfg);
	assert_int_equal(rig_r(m, FLASH), 0x55667788);
	assert_int_equal(rig_r(m, FLASH + 8), 0xffffffff);
	mcu_free(m);
}

static void test_cannot_write(void **state)
{
	struct place *p = *state;
	char path[128];
	struct mcu *m;

	snprintf(path, sizeof(path), "%s/none/chip.state", p->folder);
	p->cfg.state = path;
	m = rig_new(&p->cfg);
	assert_int_equal(mcu_save(m), E_IO);
	mcu_free(m);
}

int main(void)
{
#define T(x) cmocka_unit_test_setup_teardown(x, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_lives_on),     T(test_torn_cells_live_on),
		T(test_damage),	      T(test_truncated),
		T(test_longer),	      T(test_foreign),
		T(test_cannot_write), T(test_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
