/* SPDX-License-Identifier: MIT */
#include "tests/unit/f0_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct mcu_config f0_config(void)
{
	struct mcu_config cfg = rig_config();

	cfg.chip = "stm32f051";
	return cfg;
}

struct mcu *f0_new(const char *quirks)
{
	struct mcu_config cfg = f0_config();

	cfg.quirks = quirks;
	return rig_new(&cfg);
}

void f0_unlock(struct mcu *m)
{
	if (!(rig_r(m, F0_CR) & F0_CR_LOCK))
		return;
	rig_w(m, F0_KEYR, 0x45670123);
	rig_w(m, F0_KEYR, 0xcdef89ab);
	assert_false(rig_r(m, F0_CR) & F0_CR_LOCK);
}

void f0_unlock_options(struct mcu *m)
{
	f0_unlock(m);
	rig_w(m, F0_OPTKEYR, 0x45670123);
	rig_w(m, F0_OPTKEYR, 0xcdef89ab);
	assert_true(rig_r(m, F0_CR) & F0_CR_OPTWRE);
}

uint32_t f0_busy(struct mcu *m)
{
	uint32_t sr;
	int i = 0;

	while ((sr = rig_r(m, F0_SR)) & F0_SR_BSY) {
		mcu_advance(m, 10 * US);
		assert_true(i++ < 20000);
	}
	rig_w(m, F0_SR, sr);
	return sr;
}

uint32_t f0_program(struct mcu *m, uint32_t addr, uint16_t v)
{
	uint32_t sr;

	f0_unlock(m);
	rig_w(m, F0_CR, F0_CR_PG);
	assert_int_equal(mcu_bus_write(m, addr, 2, v), MCU_BUS_OK);
	sr = f0_busy(m);
	rig_w(m, F0_CR, 0);
	return sr;
}

void f0_flash(struct mcu *m, uint32_t addr, const void *p, size_t len)
{
	const uint8_t *src = p;

	for (size_t i = 0; i < len; i += 2) {
		uint16_t v = 0xffff;

		memcpy(&v, src + i, len - i < 2 ? len - i : 2);
		assert_int_equal(f0_program(m, addr + (uint32_t)i, v),
				 F0_SR_EOP);
	}
}

uint32_t f0_erase_page(struct mcu *m, uint32_t addr)
{
	uint32_t sr;

	f0_unlock(m);
	rig_w(m, F0_CR, F0_CR_PER);
	rig_w(m, F0_AR, addr);
	rig_w(m, F0_CR, F0_CR_PER | F0_CR_STRT);
	sr = f0_busy(m);
	rig_w(m, F0_CR, 0);
	return sr;
}

uint32_t f0_option(struct mcu *m, unsigned i, uint8_t v)
{
	uint32_t sr;

	f0_unlock_options(m);
	rig_w(m, F0_CR, F0_CR_OPTPG | F0_CR_OPTWRE);
	assert_int_equal(mcu_bus_write(m, F0_OPTIONS + 2 * i, 2, v),
			 MCU_BUS_OK);
	sr = f0_busy(m);
	rig_w(m, F0_CR, F0_CR_OPTWRE);
	return sr;
}

void f0_options(struct mcu *m, uint8_t rdp, uint8_t user)
{
	f0_unlock_options(m);
	rig_w(m, F0_CR, F0_CR_OPTER | F0_CR_OPTWRE);
	rig_w(m, F0_CR, F0_CR_OPTER | F0_CR_OPTWRE | F0_CR_STRT);
	assert_int_equal(f0_busy(m), F0_SR_EOP);
	assert_int_equal(f0_option(m, 0, rdp), F0_SR_EOP);
	for (unsigned i = 1; i < 6; i++)
		assert_int_equal(f0_option(m, i, i == 1 ? user : 0xff),
				 F0_SR_EOP);
}

enum mcu_bus f0_read16(struct mcu *m, uint32_t addr, uint32_t *out)
{
	return mcu_bus_read(m, addr, 2, out);
}

void f0_vectors(struct mcu *m, uint32_t sp, uint32_t entry)
{
	uint32_t v[2] = { sp, entry | 1 };

	f0_flash(m, FLASH, v, sizeof(v));
}
