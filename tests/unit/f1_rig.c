/* SPDX-License-Identifier: MIT */
#include "tests/unit/f1_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct mcu_config f1_config(const char *chip, const char *quirks)
{
	struct mcu_config cfg = rig_config();

	cfg.chip = chip;
	cfg.quirks = quirks;
	return cfg;
}

struct mcu *f1_new(const char *chip, const char *quirks)
{
	struct mcu_config cfg = f1_config(chip, quirks);

	return rig_new(&cfg);
}

enum mcu_bus f1_w16(struct mcu *m, uint32_t addr, uint16_t v)
{
	return mcu_bus_write(m, addr, 2, v);
}

uint16_t f1_r16(struct mcu *m, uint32_t addr)
{
	uint32_t v = 0;

	assert_int_equal(mcu_bus_read(m, addr, 2, &v), MCU_BUS_OK);
	return (uint16_t)v;
}

void f1_unlock(struct mcu *m)
{
	if (!(rig_r(m, F1_CR) & F1_LOCK))
		return;
	rig_w(m, F1_KEYR, F1_KEY1);
	rig_w(m, F1_KEYR, F1_KEY2);
	assert_false(rig_r(m, F1_CR) & F1_LOCK);
}

void f1_unlock_options(struct mcu *m)
{
	f1_unlock(m);
	rig_w(m, F1_OPTKEYR, F1_KEY1);
	rig_w(m, F1_OPTKEYR, F1_KEY2);
	assert_true(rig_r(m, F1_CR) & F1_OPTWRE);
}

uint32_t f1_done(struct mcu *m)
{
	uint32_t sr;
	int i = 0;

	while ((sr = rig_r(m, F1_SR)) & F1_BSY) {
		mcu_advance(m, 10 * US);
		assert_true(i++ < 20000);
	}
	rig_w(m, F1_SR, sr);
	return sr;
}

uint32_t f1_program(struct mcu *m, uint32_t addr, uint16_t v)
{
	uint32_t sr;

	f1_unlock(m);
	rig_w(m, F1_CR, F1_PG);
	assert_int_equal(f1_w16(m, addr, v), MCU_BUS_OK);
	sr = f1_done(m);
	rig_w(m, F1_CR, 0);
	return sr;
}

void f1_write(struct mcu *m, uint32_t addr, const void *p, size_t len)
{
	const uint8_t *src = p;

	for (size_t i = 0; i < len; i += 2) {
		uint16_t v = 0xffff;

		memcpy(&v, src + i, len - i < 2 ? 1 : 2);
		assert_int_equal(f1_program(m, addr + (uint32_t)i, v), F1_EOP);
	}
}

uint32_t f1_page_erase(struct mcu *m, uint32_t addr)
{
	uint32_t sr;

	f1_unlock(m);
	rig_w(m, F1_CR, F1_PER);
	rig_w(m, F1_AR, addr);
	rig_w(m, F1_CR, F1_PER | F1_STRT);
	sr = f1_done(m);
	rig_w(m, F1_CR, 0);
	return sr;
}

uint32_t f1_mass_erase(struct mcu *m)
{
	uint32_t sr;

	f1_unlock(m);
	rig_w(m, F1_CR, F1_MER);
	rig_w(m, F1_CR, F1_MER | F1_STRT);
	sr = f1_done(m);
	rig_w(m, F1_CR, 0);
	return sr;
}

uint32_t f1_option_erase(struct mcu *m)
{
	uint32_t sr;

	f1_unlock_options(m);
	rig_w(m, F1_CR, F1_OPTWRE | F1_OPTER);
	rig_w(m, F1_CR, F1_OPTWRE | F1_OPTER | F1_STRT);
	sr = f1_done(m);
	rig_w(m, F1_CR, 0);
	return sr;
}

uint32_t f1_option(struct mcu *m, unsigned i, uint8_t v)
{
	uint32_t sr;

	f1_unlock_options(m);
	rig_w(m, F1_CR, F1_OPTWRE | F1_OPTPG);
	assert_int_equal(f1_w16(m, F1_OPTIONS + 2 * i, v), MCU_BUS_OK);
	sr = f1_done(m);
	rig_w(m, F1_CR, 0);
	return sr;
}

void f1_lock(struct mcu *m)
{
	assert_int_equal(f1_option_erase(m), F1_EOP);
	rig_w(m, F1_CR, F1_LOCK);
}

void f1_load(struct mcu *m, const char *name)
{
	uint8_t code[2048];
	char path[128];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "build/target/%s.bin", name);
	f = fopen(path, "rb");
	if (f == NULL)
		fail_msg("%s is missing: make target", path);
	len = fread(code, 1, sizeof(code), f);
	fclose(f);
	f1_write(m, F1_FLASH, code, len);
	rig_w(m, F1_CR, F1_LOCK);
}

void f1_alone(struct mcu *m, unsigned ms)
{
	mcu_debug_power(m, false, false);
	mcu_power(m, false);
	mcu_advance(m, 1000 * MS);
	mcu_power(m, true);
	mcu_advance(m, ms * MS);
}

uint32_t f1_peek(struct mcu *m, uint32_t addr)
{
	uint32_t v;

	assert_int_equal(mcu_peek(m, addr, (uint8_t *)&v, sizeof(v)), 0);
	return v;
}
