/* SPDX-License-Identifier: MIT */
/*
 * Cycles per instruction, by its first halfword, one table per core.
 *
 * Cortex-M4 (TRM r0p1, 3.3.1): 1, loads and stores 2, lists 1 + n, divide 6
 * (2 to 12 in silicon), ISB 4.  Cortex-M3 (TRM r2p0, 18.2): the same, but MLA
 * 2, long multiplication 4 (3 to 5), with accumulation 6 (4 to 7).  Cortex-M0
 * (TRM r0p0, 3.3): loads and stores 2, lists 1 + n, POP of the PC 4 + n, BL 4,
 * MRS, MSR and barriers 4, multiplication 1.  Unicorn's Cortex-M0 also runs
 * Thumb-2; what v6-M has not is therefore marked here.
 *
 * What follows a taken branch (pipeline refill) and flash wait states are
 * added in core_hook.c when they happen.
 */
#include <stddef.h>

#include "vmcu/core_int.h"

static uint8_t tables[CORE_COSTS][65536];

static unsigned bits(unsigned v)
{
	return (unsigned)__builtin_popcount(v);
}

static uint8_t entry(enum core_class class, unsigned cycles)
{
	return (uint8_t)(class << 4 | cycles);
}

static uint8_t cost_hint(unsigned op, bool v6m)
{
	if (op & 0xf)
		return entry(v6m ? CLASS_UNDEF : CLASS_IT, 1);
	if (op == 0xbf20 || op == 0xbf30 || op == 0xbf40)
		return entry(CLASS_WAIT, v6m ? 2 : 1);
	return 1;
}

static uint8_t cost_16(unsigned op, bool v6m)
{
	unsigned top = op >> 8;

	if ((op & 0xff00) == 0xbf00)
		return cost_hint(op, v6m);
	if ((op & 0xf500) == 0xb100 && v6m) /* CBZ, CBNZ */
		return entry(CLASS_UNDEF, 1);
	if ((op & 0xffe0) == 0xb660)
		return entry(CLASS_AFTER, 1);
	if ((op & 0xff00) == 0xbd00 && v6m) /* the refill makes it 4 + n */
		return (uint8_t)(2 + bits(op & 0x1ff));
	if ((op & 0xf600) == 0xb400)
		return (uint8_t)(1 + bits(op & 0x1ff));
	if (top >= 0xc0 && top <= 0xcf)
		return (uint8_t)(1 + bits(op & 0xff));
	if ((top >= 0x48 && top <= 0x9f))
		return 2;
	return 1;
}

struct wide {
	uint16_t mask, value;
	uint8_t class, cycles;
};

static const struct wide wide_m4[] = {
	{ 0xfe40, 0xe800, CLASS_LIST, 1 },   /* LDM, STM */
	{ 0xfe40, 0xe840, CLASS_PLAIN, 3 },  /* LDRD, LDREX, TBB */
	{ 0xee00, 0xec00, CLASS_FPU, 2 },    /* coprocessor load, store */
	{ 0xef00, 0xee00, CLASS_FPU, 1 },    /* coprocessor */
	{ 0xffe0, 0xf380, CLASS_SYSTEM, 1 }, /* MSR, or SSAT */
	{ 0xffff, 0xf3af, CLASS_SYSTEM, 1 }, /* hints */
	{ 0xffff, 0xf3bf, CLASS_SYSTEM, 4 }, /* barriers */
	{ 0xfe00, 0xf800, CLASS_PLAIN, 2 },  /* LDR, STR single */
	{ 0xffd0, 0xfb90, CLASS_PLAIN, 6 },  /* SDIV, UDIV */
	{ 0, 0, CLASS_PLAIN, 1 },
};

static const struct wide wide_m3[] = {
	{ 0xfe40, 0xe800, CLASS_LIST, 1 },
	{ 0xfe40, 0xe840, CLASS_PLAIN, 3 },
	{ 0xee00, 0xec00, CLASS_FPU, 2 },
	{ 0xef00, 0xee00, CLASS_FPU, 1 },
	{ 0xffe0, 0xf380, CLASS_SYSTEM, 1 },
	{ 0xffff, 0xf3af, CLASS_SYSTEM, 1 },
	{ 0xffff, 0xf3bf, CLASS_SYSTEM, 4 },
	{ 0xfe00, 0xf800, CLASS_PLAIN, 2 },
	{ 0xffd0, 0xfb90, CLASS_PLAIN, 6 },
	{ 0xfff0, 0xfb00, CLASS_MUL, 1 },   /* MUL, MLA, MLS */
	{ 0xffd0, 0xfb80, CLASS_PLAIN, 4 }, /* SMULL, UMULL */
	{ 0xffd0, 0xfbc0, CLASS_PLAIN, 6 }, /* SMLAL, UMLAL */
	{ 0, 0, CLASS_PLAIN, 1 },
};

/* BL shares its first halfwords with all the others; 2, and the refill. */
static const struct wide wide_m0[] = {
	{ 0xf800, 0xf000, CLASS_V6M, 2 },
	{ 0, 0, CLASS_UNDEF, 1 },
};

static uint8_t cost_wide(const struct wide *w, unsigned op)
{
	while ((op & w->mask) != w->value)
		w++;
	return entry(w->class, w->cycles);
}

void core_cost_init(void)
{
	static const struct wide *const wides[CORE_COSTS] = {
		[CORE_COST_M0] = wide_m0,
		[CORE_COST_M3] = wide_m3,
		[CORE_COST_M4] = wide_m4,
	};

	for (unsigned i = 0; i < CORE_COSTS; i++)
		for (unsigned op = 0; op < 65536; op++)
			tables[i][op] = op >= 0xe800
						? cost_wide(wides[i], op)
						: cost_16(op,
							  i == CORE_COST_M0);
}

const uint8_t *core_cost_table(enum core_cost which)
{
	return tables[which];
}

unsigned core_cost_list(uint16_t second)
{
	return bits(second);
}

unsigned core_cost_mul(uint16_t second)
{
	return second >> 12 == 0xf ? 0 : 1; /* Ra = 15: nothing to add */
}
