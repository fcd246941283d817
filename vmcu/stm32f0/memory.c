/* SPDX-License-Identifier: MIT */
/*
 * Flash, SRAM, ROM, option and identity bytes: where they lie and who may see
 * them (RM0091 2.2, 4).
 */
#include <stdlib.h>
#include <string.h>

#include "vmcu/stm32f0/f0.h"

#define UID_BASE 0x1ffff7acu
#define SIZE_BASE 0x1ffff7ccu
#define ROM_ENTRY 0x100u
#define USER_NBOOT1 (1u << 4)

/* Times in ns: minimum, typical, maximum (DS8668).  It gives no typical time
 * for an erase: the minimum stands in, as on the F1. */
static const struct fpec_desc desc = {
	.base = F0_FLASH_BASE,
	.size = F0_FLASH_SIZE,
	.page = F0_PAGE_SIZE,
	.acr_writable = 0x17,
	.can_launch = true,
	.rdp_open = 0xaa,
	.rdp_dead = 0xcc,
	.options = 6,
	.option_initial = { 0x55aa, 0x00ff, 0x00ff, 0x00ff, 0x00ff, 0x00ff,
			    0xffff, 0xffff },
	.user_shift = 8,
	.data_shift = { 16, 24 },
	.option_clash = FPEC_SR_WRPRTERR,
	.shut_error = FPEC_SR_PGERR,
	.irq = IRQ_FLASH,
	.event = EVENT_FLASH,
	.ns = {
		[FPEC_PROGRAM] = { 40000, 53500, 60000 },
		[FPEC_PAGE] = { 20000000, 20000000, 40000000 },
		[FPEC_MASS] = { 20000000, 20000000, 40000000 },
		[FPEC_REGRESS] = { 20000000, 20000000, 40000000 },
		[FPEC_OPTION] = { 40000, 53500, 60000 },
		[FPEC_OPTION_ERASE] = { 20000000, 20000000, 40000000 },
	},
};

static bool is_shut(const struct mcu *m)
{
	return f0_flash_shut(f0_of(m));
}

static bool hsi_on(const struct mcu *m)
{
	return f0_rcc_hsi(f0_of(m));
}

/* Leaving level 1 also takes the backup registers (RM0091 4). */
static void regressed(struct mcu *m)
{
	memset(f0_of(m)->backup, 0, sizeof(f0_of(m)->backup));
}

static const struct fpec_chip fpec_chip = { is_shut, hsi_on, regressed };

/* The ROM loader: it waits.  Vectors, then `b .` (E7FE). */
static void make_rom(struct f0 *f)
{
	static const uint32_t vectors[2] = { 0x20001000, ROM_ENTRY + 1 };
	static const uint16_t loop = 0xe7fe;

	memset(f->rom, 0, F0_ROM_PAGE);
	memcpy(f->rom, vectors, sizeof(vectors));
	memcpy(f->rom + ROM_ENTRY, &loop, sizeof(loop));
}

int f0_memory_create(struct f0 *f)
{
	struct core *c = f->m->core;
	int err = fpec_init(&f->fpec, f->m, &desc, &fpec_chip);

	if (err)
		return err;
	f->ram = aligned_alloc(4096, F0_RAM_SIZE);
	f->rom = aligned_alloc(4096, F0_ROM_PAGE);
	if (f->ram == NULL || f->rom == NULL)
		return E_NOMEM;
	make_rom(f);
	f->m->area[0] = (struct chip_area){ F0_FLASH_BASE, F0_FLASH_SIZE,
					    f->fpec.flash };
	f->m->area[1] = (struct chip_area){ F0_RAM_BASE, F0_RAM_SIZE, f->ram };
	err = core_map(c, WIN_FLASH, F0_FLASH_BASE, F0_FLASH_SIZE,
		       f->fpec.flash, true);
	if (!err)
		err = core_map(c, WIN_SRAM, F0_RAM_BASE, F0_RAM_SIZE, f->ram,
			       false);
	return err;
}

void f0_memory_destroy(struct f0 *f)
{
	fpec_free(&f->fpec);
	free(f->ram);
	free(f->rom);
}

void f0_memory_noise(struct f0 *f)
{
	for (uint32_t i = 0; i < F0_RAM_SIZE; i += 8) {
		uint64_t v = mcu_noise(f->m);

		memcpy(f->ram + i, &v, 8);
	}
	core_code_changed(f->m->core, F0_RAM_BASE, F0_RAM_SIZE);
}

/* -- who sees what --------------------------------------------------------- */

bool f0_flash_shut(const struct f0 *f)
{
	return f->fpec.level == 1 && (f->dbg_seen || f->boot != BOOT_FLASH);
}

void f0_boot_choose(struct f0 *f)
{
	static const unsigned modes[] = { 0, 1, 3 };

	f->boot = BOOT_FLASH;
	if (f->boot0 && f->fpec.level != 2)
		f->boot = f->fpec.loaded[FPEC_USER] & USER_NBOOT1 ? BOOT_ROM
								  : BOOT_RAM;
	f->mem_mode = modes[f->boot];
}

static void map_alias(struct f0 *f)
{
	struct core *c = f->m->core;
	const struct core_window *w = &c->win[WIN_ALIAS];
	uint8_t *mem = f->fpec.flash;
	uint32_t size = F0_FLASH_SIZE;

	if (f->mem_mode == 1) {
		mem = f->rom;
		size = F0_ROM_PAGE;
	} else if (f->mem_mode == 3) {
		mem = f->ram;
		size = F0_RAM_SIZE;
	}
	if (w->mapped && w->mem == mem)
		return;
	(void)!core_map(c, WIN_ALIAS, 0, size, mem, f->mem_mode != 3);
}

void f0_memory_update(struct f0 *f)
{
	bool open = !f0_flash_shut(f);

	map_alias(f);
	core_window_open(f->m->core, WIN_FLASH, open);
	core_window_open(f->m->core, WIN_ALIAS,
			 open || f->mem_mode == 1 || f->mem_mode == 3);
}

/* -- access ---------------------------------------------------------------- */

static uint32_t get(const uint8_t *p, unsigned size)
{
	uint32_t v = 0;

	memcpy(&v, p, size);
	return v;
}

static bool in_flash(const struct f0 *f, uint32_t addr, uint32_t *offset)
{
	*offset = addr - F0_FLASH_BASE;
	if (*offset < F0_FLASH_SIZE)
		return true;
	*offset = addr;
	return (f->mem_mode & 1) == 0 && addr < F0_FLASH_SIZE;
}

static bool in_ram(const struct f0 *f, uint32_t addr, uint32_t *offset)
{
	*offset = addr - F0_RAM_BASE;
	if (*offset < F0_RAM_SIZE)
		return true;
	*offset = addr;
	return f->mem_mode == 3 && addr < F0_RAM_SIZE;
}

static bool read_flash(struct f0 *f, enum mcu_master by, uint32_t offset,
		       unsigned size, uint32_t *out)
{
	bool raced = by == MASTER_DEBUG && f->raced;

	if (f0_flash_shut(f) && !raced)
		return false;
	*out = fpec_read(&f->fpec, offset, size);
	return true;
}

static uint8_t system_byte(const struct f0 *f, uint32_t addr)
{
	static const uint8_t kb[2] = { F0_FLASH_SIZE / 1024 & 0xff,
				       F0_FLASH_SIZE / 1024 >> 8 };

	if (addr - UID_BASE < ST_UID_LEN)
		return f->m->uid[addr - UID_BASE];
	if (addr - SIZE_BASE < sizeof(kb))
		return kb[addr - SIZE_BASE];
	if (addr - F0_ROM_BASE < 0x200)
		return f->rom[addr - F0_ROM_BASE];
	return 0xff;
}

static uint32_t read_system(struct f0 *f, uint32_t addr, unsigned size)
{
	uint32_t v = 0;

	if (addr - F0_OPTIONS_BASE < F0_OPTIONS_SIZE)
		return fpec_option_read(&f->fpec, addr - F0_OPTIONS_BASE, size);
	for (unsigned i = 0; i < size; i++)
		v |= (uint32_t)system_byte(f, addr + i) << 8 * i;
	return v;
}

bool f0_memory_read(struct f0 *f, enum mcu_master by, uint32_t addr,
		    unsigned size, uint32_t *out, bool *mine)
{
	uint32_t offset;

	*mine = true;
	if (in_flash(f, addr, &offset))
		return read_flash(f, by, offset, size, out);
	if (in_ram(f, addr, &offset)) {
		*out = get(f->ram + offset, size);
		return true;
	}
	if (f->mem_mode == 1 && addr < F0_ROM_SIZE) {
		*out = get(f->rom + addr, size);
		return true;
	}
	if (addr >= F0_ROM_BASE && addr < F0_OPTIONS_BASE + 0x800) {
		*out = read_system(f, addr, size);
		return true;
	}
	*mine = false;
	return false;
}

bool f0_memory_write(struct f0 *f, enum mcu_master by, uint32_t addr,
		     unsigned size, uint32_t v, bool *mine)
{
	uint32_t offset;

	*mine = true;
	if (in_flash(f, addr, &offset))
		return fpec_store(&f->fpec, by, offset, size, v);
	if (in_ram(f, addr, &offset)) {
		memcpy(f->ram + offset, &v, size);
		core_code_changed(f->m->core, F0_RAM_BASE + offset, size);
		return true;
	}
	if (addr - F0_OPTIONS_BASE < F0_OPTIONS_SIZE)
		return fpec_option_store(&f->fpec, addr - F0_OPTIONS_BASE, size,
					 v);
	*mine = false;
	return false;
}
