/* SPDX-License-Identifier: MIT */
/*
 * What no wire can do to a chip: read its cells past every lock, damage them,
 * copy them.  For the tools and the demonstrations of attacks.
 */
#include <string.h>

#include "vmcu/mcu_int.h"

uint64_t core_cycles(const struct core *c)
{
	return c->clk - c->idle_clk;
}

const char *mcu_chip(const struct mcu *m)
{
	return m->chip->name;
}

const char *mcu_profile(const struct mcu *m)
{
	return m->profile;
}

const uint8_t *mcu_uid(const struct mcu *m, size_t *out_len)
{
	*out_len = m->chip->uid_len;
	return m->uid;
}

static bool inside(const struct chip_area *a, uint32_t addr, size_t len)
{
	return addr - a->base < a->len && len <= a->len - (addr - a->base);
}

uint32_t mcu_flash_base(const struct mcu *m)
{
	return m->area[0].base;
}

uint32_t mcu_flash_len(const struct mcu *m)
{
	return m->area[0].len;
}

int mcu_flash_peek(const struct mcu *m, uint32_t addr, uint8_t *out, size_t len)
{
	const struct chip_area *a = &m->area[0];

	if (!inside(a, addr, len))
		return E_RANGE;
	memcpy(out, a->cells + (addr - a->base), len);
	return 0;
}

int mcu_peek(const struct mcu *m, uint32_t addr, uint8_t *out, size_t len)
{
	for (unsigned i = 0; i < CHIP_AREAS; i++) {
		const struct chip_area *a = &m->area[i];

		if (a->cells == NULL || !inside(a, addr, len))
			continue;
		memcpy(out, a->cells + (addr - a->base), len);
		return 0;
	}
	return E_RANGE;
}

bool mcu_flash_torn(const struct mcu *m, uint32_t addr)
{
	return m->chip->torn(m, addr);
}

unsigned mcu_protection(const struct mcu *m)
{
	return m->chip->protection(m);
}

uint32_t mcu_program_counter(const struct mcu *m)
{
	return core_get(m->core, UC_ARM_REG_PC) & ~1u;
}

int mcu_flash_flip(struct mcu *m, uint32_t addr, unsigned bit)
{
	const struct chip_area *a = &m->area[0];

	if (!inside(a, addr, 1) || bit > 7)
		return E_RANGE;
	a->cells[addr - a->base] ^= (uint8_t)(1u << bit);
	m->chip->flash_changed(m, addr - a->base, 1);
	return 0;
}

int mcu_copy_from(struct mcu *m, struct mcu *from)
{
	struct state_table to, have;

	if (m->chip != from->chip || m->power)
		return E_STATE;
	mcu_state(m, &to);
	mcu_state(from, &have);
	state_copy(&to, &have);
	m->chip->flash_changed(m, 0, m->area[0].len);
	return 0;
}
