/* SPDX-License-Identifier: MIT */
/*
 * vmcu/debug_id.h - which debug component an address belongs to, and what its
 * identification registers and the ROM table say.
 */
#ifndef VMCU_DEBUG_ID_H
#define VMCU_DEBUG_ID_H

#include "vmcu/debug.h"

#define DEBUG_TRCENA (1u << 24) /* in DEMCR */

enum debug_component {
	DEBUG_ITM,
	DEBUG_DWT,
	DEBUG_FPB,
	DEBUG_SCS,
	DEBUG_TPIU,
	DEBUG_ROM,
	DEBUG_COUNT,
};

/* False where this core has nothing. */
bool debug_find(const struct debug *d, uint32_t addr,
		enum debug_component *out);
/* offset 0xfd0..0xffc */
uint32_t debug_identification(const struct debug *d, enum debug_component c,
			      uint32_t offset);
uint32_t debug_rom_read(const struct debug *d, uint32_t offset);

#endif
