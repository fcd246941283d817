/* SPDX-License-Identifier: MIT */
/*
 * wire/gdb_xml.h - the two XML documents of a GDB server that we read: its
 * memory map (Debugging with GDB, E.16 "Memory Map Format") and its registers
 * (G "Target Descriptions").  Pure; no general XML: tags and their attributes
 * are looked for, everything else is skipped.
 */
#ifndef WIRE_GDB_XML_H
#define WIRE_GDB_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum gdb_memory { GDB_RAM, GDB_ROM, GDB_FLASH };
struct gdb_region {
	enum gdb_memory type;
	uint32_t start, len;
	uint32_t block; /* of flash: what is erased at once */
};
#define GDB_REGIONS_MAX 64

/* Regions beyond 32 bits are cut off or left out.  E_SYNTAX for a document
 * that is none, or flash without a block size; E_TOO_LARGE. */
MUST_USE int gdb_memory_map(const char *xml, struct gdb_region *out,
			    size_t *ret_count);

/* The numbers that a server gives the registers we want. */
enum gdb_reg_name {
	GDB_REG_R0,
	GDB_REG_SP = 13,
	GDB_REG_LR,
	GDB_REG_PC,
	GDB_REG_XPSR,
	GDB_REG_PRIMASK,
	GDB_REG_COUNT
};
struct gdb_regs {
	uint32_t next; /* number of a register that names none */
	struct {
		bool known;
		uint32_t number;
		uint8_t bits;
	} reg[GDB_REG_COUNT];
};
#define GDB_INCLUDES_MAX 8
#define GDB_ANNEX_CAP 64
/*
 * Adds what one document says; begin with all zeros.  Names of further
 * documents go to annex[], in order; they count on where this one ended.
 */
MUST_USE int gdb_registers(const char *xml, struct gdb_regs *regs,
			   char annex[][GDB_ANNEX_CAP], size_t *ret_annexes);
/* The numbers without any description: r0..r15, and xPSR = 25 (G.5.3). */
void gdb_registers_default(struct gdb_regs *regs);

#endif
