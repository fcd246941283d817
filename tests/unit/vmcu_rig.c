/* SPDX-License-Identifier: MIT */
#include "tests/unit/vmcu_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct mcu_config rig_config(void)
{
	return (struct mcu_config){
		.chip = "stm32l432",
		.seed = 1,
		.profile = "genuine",
		.flash_time = MCU_TIME_TYP,
	};
}

void rig_debug_on(struct mcu *m)
{
	mcu_debug_power(m, true, true);
}

struct mcu *rig_new(const struct mcu_config *cfg)
{
	struct mcu *m = NULL;
	char why[256];

	assert_int_equal(mcu_new(cfg, &m, why), 0);
	mcu_power(m, true);
	rig_debug_on(m);
	return m;
}

void rig_power_cycle(struct mcu *m)
{
	mcu_power(m, false);
	mcu_advance(m, 1000 * MS);
	mcu_power(m, true);
	rig_debug_on(m);
}

uint32_t rig_r(struct mcu *m, uint32_t addr)
{
	uint32_t v = 0;

	assert_int_equal(mcu_bus_read(m, addr, 4, &v), MCU_BUS_OK);
	return v;
}

void rig_w(struct mcu *m, uint32_t addr, uint32_t v)
{
	assert_int_equal(mcu_bus_write(m, addr, 4, v), MCU_BUS_OK);
}

enum mcu_bus rig_try(struct mcu *m, uint32_t addr)
{
	uint32_t v;

	return mcu_bus_read(m, addr, 4, &v);
}

/* -- core ------------------------------------------------------------------ */

void rig_halt(struct mcu *m)
{
	rig_w(m, DHCSR, DBGKEY | 3);
	mcu_advance(m, 10 * US);
	assert_true(rig_r(m, DHCSR) & 1u << 17);
}

uint32_t rig_reg(struct mcu *m, unsigned sel)
{
	rig_w(m, DCRSR, sel);
	return rig_r(m, DCRDR);
}

void rig_set_reg(struct mcu *m, unsigned sel, uint32_t v)
{
	rig_w(m, DCRDR, v);
	rig_w(m, DCRSR, 1u << 16 | sel);
}

void rig_go(struct mcu *m, uint32_t pc, uint32_t sp)
{
	rig_halt(m);
	rig_set_reg(m, 15, pc);
	rig_set_reg(m, 16, 1u << 24);
	rig_set_reg(m, 13, sp);
	rig_w(m, DHCSR, DBGKEY | 1);
}

int rig_wait_halt(struct mcu *m, uint64_t ps)
{
	uint64_t end = mcu_now(m) + ps;

	while (mcu_now(m) < end) {
		mcu_advance(m, 10 * US);
		if (rig_r(m, DHCSR) & 1u << 17)
			return 1;
	}
	return 0;
}

/* -- flash ----------------------------------------------------------------- */

void rig_unlock(struct mcu *m)
{
	if (!(rig_r(m, FLASH_CR) & CR_LOCK))
		return;
	rig_w(m, FLASH_KEYR, 0x45670123);
	rig_w(m, FLASH_KEYR, 0xcdef89ab);
	assert_false(rig_r(m, FLASH_CR) & CR_LOCK);
}

void rig_unlock_options(struct mcu *m)
{
	rig_unlock(m);
	if (!(rig_r(m, FLASH_CR) & CR_OPTLOCK))
		return;
	rig_w(m, FLASH_OPTKEYR, 0x08192a3b);
	rig_w(m, FLASH_OPTKEYR, 0x4c5d6e7f);
	assert_false(rig_r(m, FLASH_CR) & CR_OPTLOCK);
}

uint32_t rig_busy(struct mcu *m)
{
	uint32_t sr;
	int i = 0;

	while ((sr = rig_r(m, FLASH_SR)) & SR_BSY) {
		mcu_advance(m, 10 * US);
		assert_true(i++ < 10000);
	}
	return sr;
}

uint32_t rig_program(struct mcu *m, uint32_t addr, uint64_t v)
{
	uint32_t sr;

	rig_unlock(m);
	rig_w(m, FLASH_CR, CR_PG);
	rig_w(m, addr, (uint32_t)v);
	rig_w(m, addr + 4, (uint32_t)(v >> 32));
	sr = rig_busy(m);
	rig_w(m, FLASH_CR, 0);
	return sr;
}

void rig_flash(struct mcu *m, uint32_t addr, const void *p, size_t len)
{
	const uint8_t *src = p;

	for (size_t i = 0; i < len; i += 8) {
		uint64_t v = UINT64_MAX;

		memcpy(&v, src + i, len - i < 8 ? len - i : 8);
		assert_int_equal(
			rig_program(m, addr + (uint32_t)i, v) & SR_ERRORS, 0);
	}
}

uint32_t rig_erase_page(struct mcu *m, unsigned page)
{
	uint32_t sr;

	rig_unlock(m);
	rig_w(m, FLASH_CR, CR_PER | CR_STRT | page << 3);
	sr = rig_busy(m);
	rig_w(m, FLASH_CR, 0);
	return sr;
}

void rig_options(struct mcu *m, uint32_t optr)
{
	rig_unlock_options(m);
	rig_w(m, FLASH_OPTR, optr);
	rig_w(m, FLASH_CR, CR_OPTSTRT);
	rig_busy(m);
}

void rig_ram(struct mcu *m, uint32_t addr, const void *p, size_t len)
{
	const uint8_t *src = p;

	for (size_t i = 0; i < len; i++)
		assert_int_equal(
			mcu_bus_write(m, addr + (uint32_t)i, 1, src[i]),
			MCU_BUS_OK);
}

void rig_vectors(struct mcu *m, uint32_t sp, uint32_t entry)
{
	assert_int_equal(
		rig_program(m, FLASH, (uint64_t)(entry | 1) << 32 | sp) &
			SR_ERRORS,
		0);
}
