/* SPDX-License-Identifier: MIT */
/*
 * vmcu/debug.h - the core's debug components on the private peripheral bus:
 * DHCSR, DCRSR, DCRDR, DEMCR, DFSR, FPB, DWT, ITM/TPIU identification, ROM
 * table (ARMv7-M ARM part C, ARM ADIv5 for the table).
 *
 * vmcu/mcu.c routes 0xE0000000-0xE003FFFF (except SCS non-debug) and the ROM
 * table page 0xE00FF000 here, for debugger and core.  Survives every reset
 * except power-on.  0xE0040000 (TPIU) comes here too, and of the SCS the
 * registers DFSR (0xE000ED30), 0xE000EDF0-0xE000EDFC and the identification
 * 0xE000EFD0-0xE000EFFC.
 *
 * Not modelled: FPB remapping (such a comparator reads back and does nothing),
 * DWT's PC sampling, profiling counters, data-value and PC comparators, trace
 * output.
 */
#ifndef VMCU_DEBUG_H
#define VMCU_DEBUG_H

#include <stdbool.h>
#include <stdint.h>

#include "vmcu/core.h"

struct debug_rom { /* identity data of one chip */
	uint32_t
		pidr[8]; /* PIDR4..7 then PIDR0..3, as at 0xFD0.. and 0xFE0.. */
	bool armv7m;	 /* DWT/FPB/ITM/TPIU layout of v7-M, else v6-M */
	unsigned breakpoints, watchpoints;
	/* A code comparator that remaps acts on the reset vector, the one
	 * place where it is modelled. */
	bool remaps;
};

struct debug {
	struct core *core; /* borrowed */
	const struct debug_rom *rom;
	uint32_t dhcsr; /* C_* bits */
	uint32_t demcr, dfsr, dcrdr;
	bool regrdy, reset_seen, retire_seen;
	uint32_t fp_ctrl, fp_comp[8], fp_remap;
	uint32_t dwt_ctrl, dwt_comp[4], dwt_mask[4], dwt_function[4];
	uint32_t dwt_cyccnt;
};

void debug_init(struct debug *d, struct core *core,
		const struct debug_rom *rom);
void debug_power_on_reset(struct debug *d);
/* A system reset happened: S_RESET_ST; returns true when VC_CORERESET wants
 * the core halted before its first instruction. */
bool debug_system_reset(struct debug *d);
/* The core halted by itself (breakpoint, vector catch). */
void debug_on_halt(struct debug *d, enum core_halt why);
/* Where the flash patch unit has the word at addr fetched from instead
 * (ARMv7-M ARM C1.11); addr itself when it has no say. */
uint32_t debug_remapped(const struct debug *d, uint32_t addr);
/* Watchpoint i matched. */
void debug_on_watch(struct debug *d, unsigned i);

/* 32-bit aligned access; by_debugger: only the debugger may set C_DEBUGEN.
 * Returns false for addresses that nobody answers (bus fault). */
bool debug_read(struct debug *d, uint32_t addr, bool by_debugger,
		uint32_t *out);
bool debug_write(struct debug *d, uint32_t addr, bool by_debugger, uint32_t v);

#endif
