/* SPDX-License-Identifier: MIT */
#include "tests/unit/n51_rig.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HANDLER 0xc0u

struct mcu_config n51_config(void)
{
	struct mcu_config cfg = rig_config();

	cfg.chip = "nrf51822";
	return cfg;
}

struct mcu *n51_new(void)
{
	struct mcu_config cfg = n51_config();

	return rig_new(&cfg);
}

void n51_ready(struct mcu *m)
{
	int i = 0;

	while (!(rig_r(m, N51_READY) & 1)) {
		mcu_advance(m, 10 * US);
		assert_true(i++ < 10000);
	}
}

void n51_config_set(struct mcu *m, uint32_t config)
{
	rig_w(m, N51_CONFIG, config);
}

void n51_word(struct mcu *m, uint32_t addr, uint32_t v)
{
	n51_config_set(m, N51_WEN);
	rig_w(m, addr, v);
	n51_ready(m);
	n51_config_set(m, 0);
}

void n51_words(struct mcu *m, uint32_t addr, const uint32_t *p, size_t count)
{
	for (size_t i = 0; i < count; i++)
		n51_word(m, addr + 4 * (uint32_t)i, p[i]);
}

void n51_erase_all(struct mcu *m)
{
	n51_config_set(m, N51_EEN);
	rig_w(m, N51_ERASEALL, 1);
	n51_ready(m);
	n51_config_set(m, 0);
}

void n51_vectors(struct mcu *m, uint32_t entry)
{
	static const uint32_t handler = 0xe7febe01; /* bkpt #1; b . */

	n51_word(m, 0, N51_STACK);
	n51_word(m, 4, entry | 1);
	n51_word(m, 12, HANDLER | 1);
	n51_word(m, HANDLER, handler);
}

void n51_lock(struct mcu *m, uint32_t rbpconf)
{
	n51_word(m, N51_RBPCONF, rbpconf);
	rig_power_cycle(m);
}

int n51_run(struct mcu *m, uint32_t pc, const uint32_t regs[8])
{
	rig_halt(m);
	for (unsigned i = 0; i < 8; i++)
		rig_set_reg(m, i, regs[i]);
	rig_go(m, pc, N51_STACK);
	return rig_wait_halt(m, 100 * MS);
}

unsigned n51_exception(struct mcu *m)
{
	return rig_reg(m, 16) & 0x3f;
}
