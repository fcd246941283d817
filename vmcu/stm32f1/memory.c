/* SPDX-License-Identifier: MIT */
/*
 * Flash, SRAM, boot ROM, identity and option bytes: where they lie and who
 * may see them.
 *
 * Read protection follows the boot mode and the "debugger since power-on"
 * flag, not the program counter (PM0075 2.4.2, chips.md 3.2, 3.3).  SRAM is
 * open to a debugger at any time, and no reset clears it.
 */
#include <stdlib.h>
#include <string.h>

#include "vmcu/stm32f1/f1.h"

#define ROM_ENTRY 0x100u
#define INFO_UID 8u

/* The boot ROM waits: vectors, then `b .` (E7FE). */
static void make_rom(struct f1 *f)
{
	static const uint32_t vectors[2] = { 0x20000200, ROM_ENTRY + 1 };
	static const uint16_t loop = 0xe7fe;

	memset(f->rom, 0, F1_ROM_SIZE);
	memcpy(f->rom, vectors, sizeof(vectors));
	memcpy(f->rom + ROM_ENTRY, &loop, sizeof(loop));
}

int f1_memory_create(struct f1 *f)
{
	struct core *c = f->m->core;
	int err;

	f->ram = aligned_alloc(4096, f->model->ram_size);
	f->rom = aligned_alloc(4096, F1_ROM_SIZE);
	if (f->ram == NULL || f->rom == NULL)
		return E_NOMEM;
	memset(f->ram, 0, f->model->ram_size);
	make_rom(f);
	f->m->area[0] = (struct chip_area){ F1_FLASH_BASE, f->model->fpec.size,
					    f->fpec.flash };
	f->m->area[1] = (struct chip_area){ F1_RAM_BASE, f->model->ram_size,
					    f->ram };
	err = core_map(c, WIN_FLASH, F1_FLASH_BASE, f->model->fpec.size,
		       f->fpec.flash, true);
	if (!err)
		err = core_map(c, WIN_RAM, F1_RAM_BASE, f->model->ram_size,
			       f->ram, false);
	return err;
}

void f1_memory_destroy(struct f1 *f)
{
	free(f->ram);
	free(f->rom);
}

void f1_memory_noise(struct f1 *f)
{
	for (uint32_t i = 0; i < f->model->ram_size; i += 8) {
		uint64_t v = mcu_noise(f->m);

		memcpy(f->ram + i, &v, 8);
	}
	core_code_changed(f->m->core, F1_RAM_BASE, f->model->ram_size);
}

bool f1_flash_shut(const struct f1 *f)
{
	return f->fpec.level != 0 && (f->dbg_seen || f->boot != BOOT_FLASH);
}

static void map_alias(struct f1 *f)
{
	struct core *c = f->m->core;
	const struct core_window *w = &c->win[WIN_ALIAS];
	uint8_t *mem = f->fpec.flash;
	uint32_t size = f->model->fpec.size;

	if (f->boot == BOOT_ROM) {
		mem = f->rom;
		size = F1_ROM_SIZE;
	} else if (f->boot == BOOT_RAM) {
		mem = f->ram;
		size = f->model->ram_size;
	}
	if (w->mapped && w->mem == mem)
		return;
	(void)!core_map(c, WIN_ALIAS, 0, size, mem, f->boot != BOOT_RAM);
}

void f1_memory_update(struct f1 *f)
{
	bool open = !f1_flash_shut(f);

	map_alias(f);
	core_window_open(f->m->core, WIN_FLASH, open);
	core_window_open(f->m->core, WIN_ALIAS, open || f->boot != BOOT_FLASH);
}

/* -- access ---------------------------------------------------------------- */

static bool in_flash(const struct f1 *f, uint32_t addr, uint32_t *offset)
{
	*offset = addr - F1_FLASH_BASE;
	if (*offset < f->model->fpec.size)
		return true;
	*offset = addr;
	return f->boot == BOOT_FLASH && addr < f->model->fpec.size;
}

static bool in_ram(const struct f1 *f, uint32_t addr, uint32_t *offset)
{
	*offset = addr - F1_RAM_BASE;
	if (*offset < f->model->ram_size)
		return true;
	*offset = addr;
	return f->boot == BOOT_RAM && addr < f->model->ram_size;
}

static uint8_t info_byte(const struct f1 *f, uint32_t at)
{
	uint32_t kb = f->model->fpec.size / 1024;
	uint32_t ram_kb = f->model->ram_size / 1024;

	if (at < 2)
		return kb >> 8 * at & 0xff;
	if (at < 4 && f->profile->ram_size_info)
		return ram_kb >> 8 * (at - 2) & 0xff;
	if (at >= INFO_UID && at < INFO_UID + ST_UID_LEN)
		return f->m->uid[at - INFO_UID];
	return 0xff;
}

static bool read_info(const struct f1 *f, uint32_t at, unsigned size,
		      uint32_t *out)
{
	uint32_t v = 0;

	/* it lies in the flash's own block, and is shut with it */
	if (f1_flash_shut(f))
		return false;
	for (unsigned i = 0; i < size; i++)
		v |= (uint32_t)info_byte(f, at + i) << 8 * i;
	*out = v;
	return true;
}

static bool read_system(struct f1 *f, uint32_t addr, unsigned size,
			uint32_t *out)
{
	if (addr - F1_INFO_BASE < F1_INFO_SIZE)
		return read_info(f, addr - F1_INFO_BASE, size, out);
	*out = 0xffffffff;
	if (addr >= F1_OPTIONS_BASE)
		*out = fpec_option_read(&f->fpec, addr - F1_OPTIONS_BASE, size);
	else
		memcpy(out, f->rom + (addr - F1_SYSTEM_BASE), size);
	if (size < 4)
		*out &= (1u << 8 * size) - 1;
	return true;
}

/* CVE-2020-8004: the core fetches a vector, and nobody checks.  Imitations
 * do not check their DMA controller either (F103 analysis d1-a). */
static bool leaks(const struct f1 *f, enum mcu_master by)
{
	if (by == MASTER_DMA)
		return f->profile->dma_leaks;
	return mcu_quirk(f->m, QUIRK_VECTOR_FETCH) &&
	       core_fetches_vector(f->m->core);
}

bool f1_memory_read(struct f1 *f, enum mcu_master by, uint32_t addr,
		    unsigned size, uint32_t *out, bool *mine)
{
	uint32_t offset;

	*mine = true;
	if (in_flash(f, addr, &offset)) {
		if (f1_flash_shut(f) && !leaks(f, by))
			return false;
		*out = fpec_read(&f->fpec, offset, size);
		return true;
	}
	if (in_ram(f, addr, &offset)) {
		*out = 0;
		memcpy(out, f->ram + offset, size);
		return true;
	}
	if (addr >= F1_SYSTEM_BASE && addr < F1_OPTIONS_BASE + 0x800)
		return read_system(f, addr, size, out);
	if (f->boot == BOOT_ROM && addr < F1_ROM_SIZE)
		return read_system(f, F1_SYSTEM_BASE + addr, size, out);
	*mine = false;
	return false;
}

bool f1_memory_write(struct f1 *f, enum mcu_master by, uint32_t addr,
		     unsigned size, uint32_t v, bool *mine)
{
	uint32_t offset;

	*mine = true;
	if (in_flash(f, addr, &offset))
		return fpec_store(&f->fpec, by, offset, size, v);
	if (in_ram(f, addr, &offset)) {
		memcpy(f->ram + offset, &v, size);
		core_code_changed(f->m->core, F1_RAM_BASE + offset, size);
		return true;
	}
	if (addr >= F1_OPTIONS_BASE && addr < F1_OPTIONS_BASE + 0x800)
		return fpec_option_store(&f->fpec, addr - F1_OPTIONS_BASE, size,
					 v);
	*mine = false;
	return false;
}
