/* SPDX-License-Identifier: MIT */
/*
 * What no wire can do to a chip: read its cells past every lock, damage them,
 * copy them.  For the tools and the demonstrations of attacks.
 */
#include <string.h>

#include "vmcu/stm32l4/l4.h"

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
	return l4_of(m)->profile->name;
}

const uint8_t *mcu_uid(const struct mcu *m, size_t *out_len)
{
	*out_len = sizeof(l4_of(m)->uid);
	return l4_of(m)->uid;
}

uint32_t mcu_flash_base(const struct mcu *m)
{
	(void)m;
	return L4_FLASH_BASE;
}

uint32_t mcu_flash_len(const struct mcu *m)
{
	(void)m;
	return L4_FLASH_SIZE;
}

static bool inside(uint32_t addr, size_t len)
{
	return addr >= L4_FLASH_BASE && len <= L4_FLASH_SIZE &&
	       addr - L4_FLASH_BASE <= L4_FLASH_SIZE - len;
}

int mcu_flash_peek(const struct mcu *m, uint32_t addr, uint8_t *out, size_t len)
{
	if (!inside(addr, len))
		return E_RANGE;
	memcpy(out, l4_of(m)->flash + (addr - L4_FLASH_BASE), len);
	return 0;
}

int mcu_peek(const struct mcu *m, uint32_t addr, uint8_t *out, size_t len)
{
	const struct l4 *l = l4_of(m);
	uint32_t base = L4_RAM_BASE, size = L4_SRAM1_SIZE;
	const uint8_t *p = l->ram;

	if (addr - L4_SRAM2_BASE < L4_SRAM2_SIZE) {
		base = L4_SRAM2_BASE;
		size = L4_SRAM2_SIZE;
		p += L4_SRAM1_SIZE;
	}
	if (addr - base >= size)
		return mcu_flash_peek(m, addr, out, len);
	if (len > size - (addr - base))
		return E_RANGE;
	memcpy(out, p + (addr - base), len);
	return 0;
}

bool mcu_flash_torn(const struct mcu *m, uint32_t addr)
{
	return inside(addr, 1) &&
	       l4_of(m)->ecc_bad[(addr - L4_FLASH_BASE) / 8] != 0;
}

unsigned mcu_protection(const struct mcu *m)
{
	return l4_rdp_level(l4_of(m));
}

uint32_t mcu_program_counter(const struct mcu *m)
{
	return core_get(m->core, UC_ARM_REG_PC) & ~1u;
}

int mcu_flash_flip(struct mcu *m, uint32_t addr, unsigned bit)
{
	uint32_t offset = addr - L4_FLASH_BASE;

	if (!inside(addr, 1) || bit > 7)
		return E_RANGE;
	l4_of(m)->flash[offset] ^= (uint8_t)(1u << bit);
	l4_flash_changed(l4_of(m), offset, 1);
	return 0;
}

int mcu_copy_from(struct mcu *m, const struct mcu *from)
{
	struct l4 *to = l4_of(m);
	const struct l4 *l = l4_of(from);

	if (m->chip != from->chip || m->power)
		return E_STATE;
	memcpy(to->flash, l->flash, L4_FLASH_SIZE);
	memcpy(to->ecc_bad, l->ecc_bad, L4_DWORDS);
	memcpy(to->otp, l->otp, sizeof(to->otp));
	memcpy(to->opt.stored, l->opt.stored, sizeof(to->opt.stored));
	l4_flash_changed(to, 0, L4_FLASH_SIZE);
	return 0;
}
