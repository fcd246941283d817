/* SPDX-License-Identifier: MIT */
/*
 * Cycles per instruction, by its first halfword (Cortex-M4 TRM r0p1, 3.3.1):
 * 1, loads and stores 2, lists 1 + n, divide 6 (2 to 12 in silicon), ISB 4.
 * What follows a taken branch (pipeline refill, 2) and flash wait states are
 * added in core.c when they happen.
 */
#include <stddef.h>

#include "vmcu/core_int.h"

uint8_t core_cost_table[65536];

static unsigned bits(unsigned v)
{
	return (unsigned)__builtin_popcount(v);
}

static uint8_t entry(enum core_class class, unsigned cycles)
{
	return (uint8_t)(class << 4 | cycles);
}

static uint8_t cost_hint(unsigned op)
{
	if (op & 0xf)
		return entry(CLASS_IT, 1);
	if (op == 0xbf20 || op == 0xbf30 || op == 0xbf40)
		return entry(CLASS_WAIT, 1);
	return 1;
}

static uint8_t cost_16(unsigned op)
{
	unsigned top = op >> 8;

	if ((op & 0xff00) == 0xbf00)
		return cost_hint(op);
	if ((op & 0xffe0) == 0xb660)
		return entry(CLASS_AFTER, 1);
	if ((op & 0xf600) == 0xb400)
		return (uint8_t)(1 + bits(op & 0x1ff));
	if (top >= 0xc0 && top <= 0xcf)
		return (uint8_t)(1 + bits(op & 0xff));
	if ((top >= 0x48 && top <= 0x9f))
		return 2;
	return 1;
}

static const struct {
	uint16_t mask, value;
	uint8_t class, cycles;
} cost_32[] = {
	{ 0xfe40, 0xe800, CLASS_LIST, 1 },   /* LDM, STM */
	{ 0xfe40, 0xe840, CLASS_PLAIN, 3 },  /* LDRD, LDREX, TBB */
	{ 0xee00, 0xec00, CLASS_FPU, 2 },    /* coprocessor load, store */
	{ 0xef00, 0xee00, CLASS_FPU, 1 },    /* coprocessor */
	{ 0xffe0, 0xf380, CLASS_SYSTEM, 1 }, /* MSR, or SSAT */
	{ 0xffff, 0xf3af, CLASS_SYSTEM, 1 }, /* hints */
	{ 0xffff, 0xf3bf, CLASS_SYSTEM, 4 }, /* barriers */
	{ 0xfe00, 0xf800, CLASS_PLAIN, 2 },  /* LDR, STR single */
	{ 0xffd0, 0xfb90, CLASS_PLAIN, 6 },  /* SDIV, UDIV */
};

static uint8_t cost_wide(unsigned op)
{
	for (size_t i = 0; i < sizeof(cost_32) / sizeof(cost_32[0]); i++)
		if ((op & cost_32[i].mask) == cost_32[i].value)
			return entry(cost_32[i].class, cost_32[i].cycles);
	return 1;
}

void core_cost_init(void)
{
	for (unsigned op = 0; op < 65536; op++)
		core_cost_table[op] = op >= 0xe800 ? cost_wide(op)
						   : cost_16(op);
}

unsigned core_cost_list(uint16_t second)
{
	return bits(second);
}
