/* SPDX-License-Identifier: MIT */
/*
 * Flash, UICR, FICR, RAM: where they lie and who may see them.
 *
 * The rules follow the place of the code that asks, not how the chip was
 * started (NRM 9.1, table 40): with PALL, code in RAM gets a HardFault from
 * code flash and the debugger reads zeros; code in flash sees all.  Since core
 * registers and stepping stay open, a debugger can have that code read for
 * it: so does the silicon.
 *
 * UICR and FICR: readable over SWD in any state, UICR shut to its writes with
 * PALL.  The table does not name them: unverified.
 */
#include <stdlib.h>
#include <string.h>

#include "vmcu/nrf51/n51.h"

#define VECTORS_OPEN 0x80u /* these escape PR0 */
#define ERASED 0xffffffffu

int n51_memory_create(struct n51 *n)
{
	struct core *c = n->m->core;
	int err;

	n->cells = aligned_alloc(4096, N51_FLASH_SIZE + 4096);
	n->ram = aligned_alloc(4096, N51_RAM_SIZE);
	n->wear = calloc(1, N51_CELL_WORDS);
	n->torn = calloc(1, N51_CELL_WORDS);
	if (!n->cells || !n->ram || !n->wear || !n->torn)
		return E_NOMEM;
	memset(n->cells, 0xff, N51_CELLS);
	n->rbpconf = n->clenr0 = ERASED;
	n->m->area[0] = (struct chip_area){ 0, N51_FLASH_SIZE, n->cells };
	n->m->area[1] = (struct chip_area){ N51_RAM_BASE, N51_RAM_SIZE,
					    n->ram };
	n->m->area[2] = (struct chip_area){ N51_UICR_BASE, N51_UICR_SIZE,
					    n->cells + N51_FLASH_SIZE };
	err = core_map(c, WIN_FLASH, 0, N51_FLASH_SIZE, n->cells, true);
	if (!err)
		err = core_map(c, WIN_RAM0, N51_RAM_BASE, N51_RAM_BLOCK, n->ram,
			       false);
	if (!err)
		err = core_map(c, WIN_RAM1, N51_RAM_BASE + N51_RAM_BLOCK,
			       N51_RAM_BLOCK, n->ram + N51_RAM_BLOCK, false);
	return err;
}

void n51_memory_destroy(struct n51 *n)
{
	free(n->cells);
	free(n->ram);
	free(n->wear);
	free(n->torn);
}

void n51_memory_noise(struct n51 *n)
{
	for (uint32_t i = 0; i < N51_RAM_SIZE; i += 8) {
		uint64_t v = mcu_noise(n->m);

		memcpy(n->ram + i, &v, 8);
	}
	core_code_changed(n->m->core, N51_RAM_BASE, N51_RAM_BLOCK);
	core_code_changed(n->m->core, N51_RAM_BASE + N51_RAM_BLOCK,
			  N51_RAM_BLOCK);
}

void n51_flash_changed(struct n51 *n, uint32_t offset, uint32_t len)
{
	if (offset < N51_FLASH_SIZE)
		core_code_changed(n->m->core, offset, len);
}

void n51_memory_ramon(struct n51 *n)
{
	core_window_open(n->m->core, WIN_RAM0, n->power.ramon & 1);
	core_window_open(n->m->core, WIN_RAM1, n->power.ramon >> 1 & 1);
}

/* -- the table ------------------------------------------------------------- */

bool n51_pall(const struct n51 *n)
{
	return (n->rbpconf >> 8 & 0xff) == 0;
}

static bool pr0(const struct n51 *n)
{
	return (n->rbpconf & 0xff) == 0;
}

static bool in_region0(const struct n51 *n, uint32_t addr)
{
	return n->clenr0 != ERASED && addr < n->clenr0;
}

enum n51_asker n51_asker(const struct n51 *n, enum mcu_master by)
{
	uint32_t pc = n->m->core->last;

	if (by == MASTER_DEBUG)
		return ASK_SWD;
	if (!n->m->core->in_uc) /* vectors and stacked registers */
		return ASK_REGION0;
	if (pc >= N51_FLASH_SIZE)
		return ASK_RAM;
	return in_region0(n, pc) ? ASK_REGION0 : ASK_REGION1;
}

static enum n51_access code_access(const struct n51 *n, enum n51_asker who,
				   uint32_t addr, bool write)
{
	bool region0 = in_region0(n, addr);
	bool hidden = region0 && pr0(n) && addr >= VECTORS_OPEN;

	switch (who) {
	case ASK_SWD:
		return n51_pall(n) || hidden ? ACCESS_ZERO : ACCESS_FULL;
	case ASK_RAM:
		return n51_pall(n) || hidden ? ACCESS_FAULT : ACCESS_FULL;
	case ASK_REGION1:
		return hidden || (region0 && write) ? ACCESS_FAULT
						    : ACCESS_FULL;
	default:
		return ACCESS_FULL;
	}
}

void n51_memory_load(struct n51 *n)
{
	bool trap;

	n->rbpconf = n51_get32(n->cells + N51_FLASH_SIZE + UICR_RBPCONF);
	n->clenr0 = n51_get32(n->cells + N51_FLASH_SIZE + UICR_CLENR0);
	trap = n51_pall(n) || (pr0(n) && n->clenr0 != ERASED);
	if (trap == n->trapped)
		return;
	n->trapped = trap;
	if (trap)
		core_trap_reads(n->m->core, 0, N51_FLASH_SIZE, &n->trap);
	else
		core_untrap_reads(n->m->core, &n->trap);
}

/* -- what is always there -------------------------------------------------- */

uint32_t n51_ficr_word(const struct n51 *n, uint32_t offset)
{
	static const struct {
		uint16_t offset;
		uint32_t value;
	} words[] = {
		{ 0x010, N51_PAGE_SIZE }, /* CODEPAGESIZE */
		{ 0x014, N51_PAGES },	  /* CODESIZE */
		{ 0x034, N51_RAM_SIZE / N51_RAM_BLOCK },
		{ 0x038, N51_RAM_BLOCK }, /* SIZERAMBLOCK0 */
		{ 0x03c, N51_RAM_BLOCK },
		{ 0x100, 0x00051822 }, /* INFO.PART, VARIANT, PACKAGE */
		{ 0x104, 0x00001002 },
		{ 0x108, 0x00002000 },
		{ 0x10c, N51_RAM_SIZE / 1024 },
		{ 0x110, N51_FLASH_SIZE / 1024 },
	};

	if (offset == 0x05c)
		return n->profile->configid;
	if (offset == 0x060 || offset == 0x064)
		return n51_get32(n->m->uid + (offset - 0x060));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].offset == offset)
			return words[i].value;
	return ERASED;
}

/* The table that BASE names: Nordic's, one entry, the core's own table. */
uint32_t n51_rom_word(const struct n51 *n, uint32_t offset)
{
	const struct n51_profile *p = n->profile;

	switch (offset) {
	case 0x000:
		return 0xf00ff003; /* 0xe00ff000 */
	case 0xfcc:
		return 1;
	case 0xfd0:
		return p->designer_bank;
	case 0xfe0:
		return p->part & 0xff;
	case 0xfe4:
		return (uint32_t)(p->designer & 0xf) << 4 | p->part >> 8;
	case 0xfe8:
		return 8u | p->designer >> 4;
	case 0xff0:
		return 0x0d;
	case 0xff4:
		return 0x10;
	case 0xff8:
		return 0x05;
	case 0xffc:
		return 0xb1;
	default:
		return 0;
	}
}

/* -- access ---------------------------------------------------------------- */

static uint32_t part_of(uint32_t word, uint32_t addr, unsigned size)
{
	word >>= 8 * (addr & 3);
	return size == 4 ? word : word & ((1u << 8 * size) - 1);
}

static bool ram_off(const struct n51 *n, uint32_t offset)
{
	return !(n->power.ramon >> offset / N51_RAM_BLOCK & 1);
}

static bool read_code(struct n51 *n, enum mcu_master by, uint32_t addr,
		      unsigned size, uint32_t *out)
{
	switch (code_access(n, n51_asker(n, by), addr, false)) {
	case ACCESS_FULL:
		*out = part_of(n51_get32(n->cells + (addr & ~3u)), addr, size);
		return true;
	case ACCESS_ZERO:
		*out = 0;
		return true;
	default:
		return false;
	}
}

static bool read_ram(struct n51 *n, enum mcu_master by, uint32_t offset,
		     unsigned size, uint32_t *out)
{
	*out = 0;
	if (by == MASTER_DEBUG && n51_pall(n))
		return true;
	if (ram_off(n, offset))
		return false;
	memcpy(out, n->ram + offset, size);
	return true;
}

bool n51_memory_read(struct n51 *n, enum mcu_master by, uint32_t addr,
		     unsigned size, uint32_t *out, bool *mine)
{
	uint32_t word;

	*mine = true;
	if (addr < N51_FLASH_SIZE)
		return read_code(n, by, addr, size, out);
	if (addr - N51_RAM_BASE < N51_RAM_SIZE)
		return read_ram(n, by, addr - N51_RAM_BASE, size, out);
	word = addr & ~3u;
	if (addr - N51_UICR_BASE < N51_UICR_SIZE)
		word = n51_get32(n->cells + N51_FLASH_SIZE +
				 (word - N51_UICR_BASE));
	else if (addr - N51_FICR_BASE < N51_FICR_SIZE)
		word = n51_ficr_word(n, word - N51_FICR_BASE);
	else if (addr - N51_ROM_TABLE < 0x1000)
		word = n51_rom_word(n, word - N51_ROM_TABLE);
	else
		*mine = false;
	*out = part_of(word, addr, size);
	return *mine;
}

static bool write_code(struct n51 *n, enum mcu_master by, uint32_t addr,
		       unsigned size, uint32_t v)
{
	enum n51_access a = code_access(n, n51_asker(n, by), addr, true);

	if (a != ACCESS_FULL)
		return a == ACCESS_ZERO;
	/* "only full 32-bit words", else a HardFault (NRM 6.1.1) */
	return size == 4 && n51_nvmc_store(n, by, addr, v);
}

static bool write_ram(struct n51 *n, enum mcu_master by, uint32_t offset,
		      unsigned size, uint32_t v)
{
	if (by == MASTER_DEBUG && n51_pall(n))
		return true;
	if (ram_off(n, offset))
		return false;
	memcpy(n->ram + offset, &v, size);
	core_code_changed(n->m->core, N51_RAM_BASE + offset, size);
	return true;
}

static bool write_uicr(struct n51 *n, enum mcu_master by, uint32_t offset,
		       unsigned size, uint32_t v)
{
	if (by == MASTER_DEBUG && n51_pall(n))
		return true;
	/* CLENR0 can be changed only while it is erased (NRM 9.1.4) */
	if (offset == UICR_CLENR0 &&
	    n51_get32(n->cells + N51_FLASH_SIZE) != ERASED)
		return true;
	return size == 4 && n51_nvmc_store(n, by, N51_FLASH_SIZE + offset, v);
}

bool n51_memory_write(struct n51 *n, enum mcu_master by, uint32_t addr,
		      unsigned size, uint32_t v, bool *mine)
{
	*mine = true;
	if (addr < N51_FLASH_SIZE)
		return write_code(n, by, addr, size, v);
	if (addr - N51_RAM_BASE < N51_RAM_SIZE)
		return write_ram(n, by, addr - N51_RAM_BASE, size, v);
	if (addr - N51_UICR_BASE < N51_UICR_SIZE)
		return write_uicr(n, by, addr - N51_UICR_BASE, size, v);
	if (addr - N51_FICR_BASE < N51_FICR_SIZE ||
	    addr - N51_ROM_TABLE < 0x1000)
		return true;
	*mine = false;
	return false;
}
