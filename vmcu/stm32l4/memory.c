/* SPDX-License-Identifier: MIT */
/*
 * Flash, SRAM1, SRAM2, ROM, OTP, option and identity bytes: where they lie
 * and who may see them.
 *
 * The rules of read protection follow the boot mode and the "debugger since
 * power-on" flag, not the program counter (chips.md 3.2, 3.3).
 */
#include <stdlib.h>
#include <string.h>

#include "vmcu/stm32l4/l4.h"

#define UID_BASE 0x1fff7590u
#define SIZE_BASE 0x1fff75e0u
#define ROM_ENTRY 0x100u

/* The ROM loader: it waits.  Vectors, then `b .` (E7FE). */
static void make_rom(struct l4 *l)
{
	static const uint32_t vectors[2] = { 0x20002000,
					     L4_ROM_BASE + ROM_ENTRY + 1 };
	static const uint16_t loop = 0xe7fe;

	memset(l->rom, 0, L4_ROM_SIZE);
	memcpy(l->rom, vectors, sizeof(vectors));
	memcpy(l->rom + ROM_ENTRY, &loop, sizeof(loop));
}

int l4_memory_create(struct l4 *l)
{
	struct chip_area *area = l->m->area;
	struct core *c = l->m->core;
	int err;

	l->flash = aligned_alloc(4096, L4_FLASH_SIZE);
	l->ram = aligned_alloc(4096, L4_RAM_SIZE);
	l->rom = aligned_alloc(4096, L4_ROM_SIZE);
	l->ecc_bad = calloc(1, L4_DWORDS);
	if (!l->flash || !l->ram || !l->rom || !l->ecc_bad)
		return E_NOMEM;
	memset(l->flash, 0xff, L4_FLASH_SIZE);
	memset(l->otp, 0xff, L4_OTP_SIZE);
	make_rom(l);
	area[0] = (struct chip_area){ L4_FLASH_BASE, L4_FLASH_SIZE, l->flash };
	area[1] = (struct chip_area){ L4_RAM_BASE, L4_SRAM1_SIZE, l->ram };
	area[2] = (struct chip_area){ L4_SRAM2_BASE, L4_SRAM2_SIZE,
				      l->ram + L4_SRAM1_SIZE };
	err = core_map(c, WIN_FLASH, L4_FLASH_BASE, L4_FLASH_SIZE, l->flash,
		       true);
	if (!err)
		err = core_map(c, WIN_SRAM1, L4_RAM_BASE, L4_SRAM1_SIZE, l->ram,
			       false);
	if (!err)
		err = core_map(c, WIN_SRAM2, L4_SRAM2_BASE, L4_SRAM2_SIZE,
			       l->ram + L4_SRAM1_SIZE, false);
	if (!err)
		err = core_map(c, WIN_SRAM2_HIGH, L4_RAM_BASE + L4_SRAM1_SIZE,
			       L4_SRAM2_SIZE, l->ram + L4_SRAM1_SIZE, false);
	if (!err)
		err = core_map(c, WIN_ROM, L4_ROM_BASE, L4_ROM_SIZE, l->rom,
			       true);
	return err;
}

void l4_memory_destroy(struct l4 *l)
{
	free(l->flash);
	free(l->ram);
	free(l->rom);
	free(l->ecc_bad);
}

static void noise(struct l4 *l, uint8_t *p, uint32_t len)
{
	for (uint32_t i = 0; i < len; i += 8) {
		uint64_t v = mcu_noise(l->m);

		memcpy(p + i, &v, 8);
	}
}

void l4_memory_noise(struct l4 *l)
{
	noise(l, l->ram, L4_RAM_SIZE);
	core_code_changed(l->m->core, L4_RAM_BASE, L4_SRAM1_SIZE);
	core_code_changed(l->m->core, L4_SRAM2_BASE, L4_SRAM2_SIZE);
}

void l4_sram2_erase(struct l4 *l)
{
	memset(l->ram + L4_SRAM1_SIZE, 0, L4_SRAM2_SIZE);
	core_code_changed(l->m->core, L4_SRAM2_BASE, L4_SRAM2_SIZE);
}

bool l4_flash_shut(const struct l4 *l)
{
	return l4_rdp_level(l) == 1 && (l->dbg_seen || l->boot != BOOT_FLASH);
}

static void map_alias(struct l4 *l)
{
	struct core *c = l->m->core;
	const struct core_window *w = &c->win[WIN_ALIAS];
	uint8_t *mem = l->flash;
	uint32_t size = L4_FLASH_SIZE;

	if (l->mem_mode == 1) {
		mem = l->rom;
		size = L4_ROM_SIZE;
	} else if (l->mem_mode == 3) {
		mem = l->ram;
		size = L4_SRAM1_SIZE;
	}
	if (w->mapped && w->mem == mem)
		return;
	(void)!core_map(c, WIN_ALIAS, 0, size, mem, l->mem_mode != 3);
}

void l4_memory_update(struct l4 *l)
{
	bool open = !l4_flash_shut(l);

	map_alias(l);
	core_window_open(l->m->core, WIN_FLASH, open);
	core_window_open(l->m->core, WIN_ALIAS, open || l->mem_mode != 0);
	core_window_open(l->m->core, WIN_SRAM2, open);
	core_window_open(l->m->core, WIN_SRAM2_HIGH, open);
}

/* -- ECC ------------------------------------------------------------------- */

static bool page_bad(const struct l4 *l, unsigned page)
{
	const uint8_t *bad = l->ecc_bad + page * (L4_PAGE_SIZE / 8);

	for (unsigned i = 0; i < L4_PAGE_SIZE / 8; i++)
		if (bad[i])
			return true;
	return false;
}

static void update_trap(struct l4 *l, unsigned page)
{
	static const uint32_t bases[2] = { L4_FLASH_BASE, 0 };
	bool bad = page_bad(l, page);

	if (bad == l->trapped[page])
		return;
	l->trapped[page] = bad;
	l->bad_pages += bad ? 1 : -1;
	core_check_fetches(l->m->core, l->bad_pages > 0);
	for (unsigned i = 0; i < 2; i++) {
		if (bad)
			core_trap_reads(l->m->core,
					bases[i] + page * L4_PAGE_SIZE,
					L4_PAGE_SIZE, &l->trap[page][i]);
		else
			core_untrap_reads(l->m->core, &l->trap[page][i]);
	}
}

void l4_flash_changed(struct l4 *l, uint32_t offset, uint32_t len)
{
	core_code_changed(l->m->core, L4_FLASH_BASE + offset, len);
	for (unsigned p = offset / L4_PAGE_SIZE;
	     p <= (offset + len - 1) / L4_PAGE_SIZE; p++)
		update_trap(l, p);
}

/* -- access ---------------------------------------------------------------- */

static uint32_t get(const uint8_t *p, unsigned size)
{
	uint32_t v = 0;

	memcpy(&v, p, size);
	return v;
}

static bool read_flash(struct l4 *l, uint32_t offset, unsigned size,
		       uint32_t *out)
{
	if (l4_flash_shut(l))
		return false;
	if (l->ecc_bad[offset / 8])
		l4_flash_ecc_error(l, offset);
	*out = get(l->flash + offset, size);
	return true;
}

/* SRAM2 follows the flash, so that a debugger cannot send code to read it. */
static bool ram_shut(const struct l4 *l, uint32_t offset)
{
	return offset >= L4_SRAM1_SIZE && l4_flash_shut(l);
}

static uint8_t info_byte(const struct l4 *l, uint32_t addr)
{
	static const uint8_t kb[2] = { L4_FLASH_SIZE / 1024 & 0xff,
				       L4_FLASH_SIZE / 1024 >> 8 };

	if (addr >= UID_BASE && addr < UID_BASE + ST_UID_LEN)
		return l->m->uid[addr - UID_BASE];
	if (addr >= SIZE_BASE && addr < SIZE_BASE + sizeof(kb))
		return kb[addr - SIZE_BASE];
	return 0xff;
}

static uint8_t option_byte(const struct l4 *l, uint32_t offset)
{
	if (offset / 8 >= OPT_COUNT)
		return 0xff;
	return l->opt.stored[offset / 8] >> 8 * (offset % 8) & 0xff;
}

static uint8_t system_byte(const struct l4 *l, uint32_t addr)
{
	if (addr - L4_OPTIONS_BASE < 0x100)
		return option_byte(l, addr - L4_OPTIONS_BASE);
	if (addr - L4_OTP_BASE < L4_OTP_SIZE)
		return l->otp[addr - L4_OTP_BASE];
	return info_byte(l, addr);
}

static uint32_t read_system(const struct l4 *l, uint32_t addr, unsigned size)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < size; i++)
		v |= (uint32_t)system_byte(l, addr + i) << 8 * i;
	return v;
}

/* Offset in flash or RAM behind an address; -1 when it is neither. */
static bool in_flash(const struct l4 *l, uint32_t addr, uint32_t *offset)
{
	*offset = addr - L4_FLASH_BASE;
	if (*offset < L4_FLASH_SIZE)
		return true;
	*offset = addr;
	return l->mem_mode == 0 && addr < L4_FLASH_SIZE;
}

static bool in_ram(const struct l4 *l, uint32_t addr, uint32_t *offset)
{
	*offset = addr - L4_RAM_BASE;
	if (*offset < L4_RAM_SIZE)
		return true;
	*offset = addr - L4_SRAM2_BASE + L4_SRAM1_SIZE;
	if (addr - L4_SRAM2_BASE < L4_SRAM2_SIZE)
		return true;
	*offset = addr;
	return l->mem_mode == 3 && addr < L4_SRAM1_SIZE;
}

bool l4_memory_read(struct l4 *l, uint32_t addr, unsigned size, uint32_t *out,
		    bool *mine)
{
	uint32_t offset;

	*mine = true;
	if (in_flash(l, addr, &offset))
		return read_flash(l, offset, size, out);
	if (in_ram(l, addr, &offset)) {
		if (ram_shut(l, offset))
			return false;
		*out = get(l->ram + offset, size);
		return true;
	}
	if (l->mem_mode == 1 && addr < L4_ROM_SIZE)
		addr += L4_ROM_BASE;
	if (addr - L4_ROM_BASE < L4_ROM_SIZE) {
		*out = get(l->rom + (addr - L4_ROM_BASE), size);
		return true;
	}
	if (addr >= L4_OTP_BASE && addr < L4_OPTIONS_BASE + 0x800) {
		*out = read_system(l, addr, size);
		return true;
	}
	*mine = false;
	return false;
}

bool l4_memory_write(struct l4 *l, enum mcu_master by, uint32_t addr,
		     unsigned size, uint32_t v, bool *mine)
{
	uint32_t offset;

	*mine = true;
	if (in_flash(l, addr, &offset)) {
		if (l4_flash_shut(l))
			return false;
		return l4_flash_store(l, by, offset, size, v);
	}
	if (in_ram(l, addr, &offset)) {
		if (ram_shut(l, offset))
			return false;
		memcpy(l->ram + offset, &v, size);
		core_code_changed(l->m->core, L4_RAM_BASE + offset, size);
		return true;
	}
	*mine = false;
	return false;
}
