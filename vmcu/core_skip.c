/* SPDX-License-Identifier: MIT */
/*
 * Leaves one instruction out, as a glitch on supply or clock would.
 *
 * Unicorn cannot be stopped inside an IT block; an instruction of one is
 * overwritten with a NOP while the block runs, and put back behind it.
 */
#include <string.h>

#include "vmcu/core_int.h"
#include "vmcu/mcu_int.h"

static uint16_t half(const struct core_window *w, uint32_t addr)
{
	uint16_t v = 0;

	if (w != NULL && addr - w->base <= w->size - 2)
		memcpy(&v, w->mem + (addr - w->base), sizeof(v));
	return v;
}

static uint32_t insn_len(uint16_t op)
{
	return op >= 0xe800 ? 4 : 2;
}

void core_skip(struct core *c, bool armed)
{
	c->skip = armed;
	core_kick(c);
}

/* True when addr is an IT instruction with `inside` in its block. */
static bool in_block(struct core *c, uint32_t addr, uint32_t inside)
{
	const struct core_window *w = core_window_at(c, addr);
	uint16_t op = half(w, addr);
	unsigned n;

	if ((op & 0xff00) != 0xbf00 || (op & 0xf) == 0)
		return false;
	n = 4u - (unsigned)__builtin_ctz(op & 0xf);
	for (addr += 2; n-- > 0; addr += insn_len(half(w, addr)))
		if (addr == inside)
			return true;
	return false;
}

bool core_skip_here(struct core *c, uint32_t addr)
{
	struct mcu_faults *f = &c->m->faults;

	if (c->patch_len != 0)
		return addr != c->patch_it; /* the block is over */
	if (f->skip_cycle != 0)
		return c->clk - c->idle_clk >= f->skip_cycle;
	if (f->skip_nth == 0 ||
	    (addr != f->skip_pc && !in_block(c, addr, f->skip_pc)))
		return false;
	return --f->skip_nth == 0;
}

static void patch(struct core *c, const struct core_window *w, uint32_t at)
{
	static const uint8_t nop2[] = { 0x00, 0xbf };
	static const uint8_t nop4[] = { 0xaf, 0xf3, 0x00, 0x80 };
	uint8_t *p = w->mem + (at - w->base);

	c->patch_at = at;
	c->patch_len = insn_len(half(w, at));
	memcpy(c->patched, p, c->patch_len);
	memcpy(p, c->patch_len == 2 ? nop2 : nop4, c->patch_len);
	core_code_changed(c, at, c->patch_len);
}

static void unpatch(struct core *c)
{
	const struct core_window *w = core_window_at(c, c->patch_at);

	memcpy(w->mem + (c->patch_at - w->base), c->patched, c->patch_len);
	core_code_changed(c, c->patch_at, c->patch_len);
	c->patch_len = 0;
}

void core_skip_now(struct core *c)
{
	struct mcu_faults *f = &c->m->faults;
	uint32_t pc = core_get(c, UC_ARM_REG_PC) & ~1u;
	const struct core_window *w = core_window_at(c, pc);

	if (c->patch_len != 0) {
		unpatch(c);
		return;
	}
	c->skip = false;
	if (f->skip_cycle == 0 && pc != f->skip_pc) {
		f->skipped = f->skip_pc;
		c->patch_it = pc;
		patch(c, w, f->skip_pc);
		return;
	}
	f->skip_cycle = 0;
	f->skipped = pc;
	pc += insn_len(half(w, pc));
	c->next = pc;
	c->clk++;
	core_put(c, UC_ARM_REG_PC, pc | 1);
}
