/* SPDX-License-Identifier: MIT */
/* Values as OpenOCD and Black Magic Debug print them for real parts. */
#include "vmcu/debug_id.h"

#define CPUID_ADDRESS 0xe000ed00u

static const struct {
	uint32_t base;
	bool needs_trcena; /* its identification reads 0 before */
} components[DEBUG_COUNT] = {
	[DEBUG_ITM] = { 0xe0000000u, true },
	[DEBUG_DWT] = { 0xe0001000u, true },
	[DEBUG_FPB] = { 0xe0002000u, false },
	[DEBUG_SCS] = { 0xe000e000u, false },
	[DEBUG_TPIU] = { 0xe0040000u, true },
	[DEBUG_ROM] = { 0xe00ff000u, false },
};

/* Part number and revision nibble (PIDR0..2) of each component, by core. */
struct ids {
	uint16_t part[5];
	uint8_t revision[5];
	uint8_t tpiu_class;
};
static const struct ids ids_m0 = { { 0x000, 0x00a, 0x00b, 0x008, 0x000 },
				   { 0, 0, 0, 0, 0 },
				   0xe };
static const struct ids ids_m3 = { { 0x001, 0x002, 0x003, 0x000, 0x923 },
				   { 1, 1, 0, 1, 1 },
				   0x9 };
static const struct ids ids_m4 = { { 0x001, 0x002, 0x003, 0x00c, 0x9a1 },
				   { 3, 3, 2, 0, 0 },
				   0x9 };

static const struct ids *ids(const struct debug *d)
{
	uint32_t part = core_scs_read(d->core, CPUID_ADDRESS) >> 4 & 0xfff;

	if (!d->rom->armv7m)
		return &ids_m0;
	return part == 0xc23 ? &ids_m3 : &ids_m4;
}

static uint32_t pidr(const struct debug *d, enum debug_component c, unsigned i)
{
	const struct ids *id = ids(d);

	if (c == DEBUG_ROM)
		return d->rom->pidr[i];
	switch (i) { /* PIDR4..7, then PIDR0..3 */
	case 0:
		return 0x04; /* Arm: JEP106 bank 5 */
	case 4:
		return id->part[c] & 0xff;
	case 5:
		return 0xb0 | id->part[c] >> 8;
	case 6:
		return (uint32_t)id->revision[c] << 4 | 0x0b;
	default:
		return 0;
	}
}

static uint32_t cidr(const struct debug *d, enum debug_component c, unsigned i)
{
	static const uint8_t preamble[4] = { 0x0d, 0x00, 0x05, 0xb1 };
	unsigned class = 0xe;

	if (c == DEBUG_ROM)
		class = 0x1;
	else if (c == DEBUG_TPIU)
		class = ids(d)->tpiu_class;
	return i == 1 ? class << 4 : preamble[i];
}

uint32_t debug_identification(const struct debug *d, enum debug_component c,
			      uint32_t offset)
{
	if (components[c].needs_trcena && (d->demcr & DEBUG_TRCENA) == 0)
		return 0;
	if (offset >= 0xff0)
		return cidr(d, c, (offset - 0xff0) / 4);
	return pidr(d, c, (offset - 0xfd0) / 4);
}

/* Entries: offset to the component, bit 0 present, bit 1 32-bit format. */
uint32_t debug_rom_read(const struct debug *d, uint32_t offset)
{
	static const uint32_t v7m[] = { 0xfff0f003, 0xfff02003, 0xfff03003,
					0xfff01003, 0xfff41003 };
	static const uint32_t v6m[] = { 0xfff0f003, 0xfff02003, 0xfff03003 };
	unsigned i = offset / 4;

	if (offset == 0xfcc)
		return 1; /* MEMTYPE: system memory is on this bus */
	if (d->rom->armv7m)
		return i < 5 ? v7m[i] : 0;
	return i < 3 ? v6m[i] : 0;
}

bool debug_find(const struct debug *d, uint32_t addr, enum debug_component *out)
{
	for (unsigned c = 0; c < DEBUG_COUNT; c++) {
		if (addr - components[c].base >= 0x1000)
			continue;
		*out = (enum debug_component)c;
		return d->rom->armv7m || (c != DEBUG_ITM && c != DEBUG_TPIU);
	}
	return false;
}
