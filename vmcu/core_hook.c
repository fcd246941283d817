/* SPDX-License-Identifier: MIT */
/*
 * What Unicorn calls: the hook for every instruction, which counts cycles and
 * stops in time; accesses to what is not memory; faults; watchpoints.
 */
#include <string.h>

#include "vmcu/core_int.h"
#include "vmcu/mcu_int.h"

/* -- the hook for every instruction ---------------------------------------- */

static uint16_t fetch16(const struct core *c, uint32_t addr)
{
	uint16_t v;

	memcpy(&v, c->win_mem + (addr - c->win_base), sizeof(v));
	return v;
}

static uint32_t insn_len(uint16_t op)
{
	return op >= 0xe800 ? 4 : 2;
}

/* Not where the last instruction led: skipped by IT, or a branch. */
static void hook_jump(struct core *c, uint32_t addr)
{
	if (c->next - c->it_base < c->it_len && addr > c->next &&
	    addr - c->it_base <= c->it_len) {
		while (c->next < addr) {
			c->next += insn_len(fetch16(c, c->next));
			c->clk++;
		}
		return;
	}
	c->it_len = 0;
	if (addr - c->win_base >= c->win_size)
		core_enter_window(c, addr);
	c->clk += c->refill;
	if (c->win_flash)
		c->clk += c->fetch_jump;
	c->line = addr >> 3;
}

static void stop(struct core *c, enum core_stop why)
{
	c->stop = why;
	uc_emu_stop(c->uc);
}

static bool at_breakpoint(const struct core *c, uint32_t addr)
{
	for (unsigned i = 0; i < CORE_BREAKPOINTS; i++)
		if (c->bp[i].on && c->bp[i].addr == addr)
			return true;
	return false;
}

static bool in_flash(struct core *c, uint32_t addr)
{
	const struct core_window *w;

	if (addr - c->win_base < c->win_size)
		return c->win_flash;
	w = core_window_at(c, addr);
	return w != NULL && w->flash;
}

/* Lets the chip see the fetch, which may pend an NMI. */
static void check_fetch(struct core *c, uint32_t addr)
{
	uint32_t v;

	if (in_flash(c, addr))
		(void)mcu_core_read(c->m, addr, 2, &v);
}

/* Something wants a closer look; true = the instruction is not executed. */
static bool hook_slow(struct core *c, uint32_t addr)
{
	if (addr - c->it_base < c->it_len)
		return false; /* an IT block is one instruction */
	if (c->check_fetch)
		check_fetch(c, addr);
	if (c->step == 2) {
		stop(c, STOP_STEP);
	} else if (c->clk >= c->until || c->kick || c->resched) {
		stop(c, STOP_LIMIT);
	} else if (c->flash_busy && (c->bus_stall || in_flash(c, addr))) {
		stop(c, STOP_STALL);
	} else if (c->bp_count > 0 && c->debug_on && at_breakpoint(c, addr)) {
		stop(c, STOP_BREAK);
	} else if ((c->skip || c->patch_len) && core_skip_here(c, addr)) {
		stop(c, STOP_SKIP);
	} else {
		if (c->step == 1)
			c->step = 2;
		return false;
	}
	return true;
}

static void begin_it(struct core *c, uint32_t addr, uint16_t op)
{
	unsigned n = 4u - (unsigned)__builtin_ctz(op & 0xf);
	uint32_t p = addr + 2;

	c->it_base = p;
	while (n-- > 0 && p - c->win_base < c->win_size)
		p += insn_len(fetch16(c, p));
	c->it_len = p - c->it_base;
}

static bool fpu_off(const struct core *c, uint16_t second)
{
	unsigned cp = second >> 8 & 0xf;

	return (cp == 10 || cp == 11) && (c->cpacr >> 20 & 0xf) != 0xf;
}

/* MRS, MSR, DSB, DMB, ISB (ARM DDI 0419, A5.3). */
static bool v6m_system(uint16_t op, uint16_t second)
{
	if ((second & 0xd000) != 0x8000)
		return false;
	return op == 0xf3ef || (op & 0xfff0) == 0xf380 ||
	       (op == 0xf3bf && second >= 0x8f40 && second < 0x8f70);
}

static void hook_special(struct core *c, uint32_t addr, uint16_t op,
			 enum core_class class)
{
	uint16_t second = 0;
	bool in_it = addr - c->it_base < c->it_len;
	unsigned hint = op >> 4 & 0xf;

	if (insn_len(op) == 4)
		second = fetch16(c, addr + 2);
	switch (class) {
	case CLASS_IT:
		begin_it(c, addr, op);
		return;
	case CLASS_LIST:
		c->clk += core_cost_list(second);
		return;
	case CLASS_FPU:
		if (fpu_off(c, second) && !in_it)
			stop(c, STOP_NOCP);
		return;
	case CLASS_MUL:
		c->clk += core_cost_mul(second);
		return;
	case CLASS_UNDEF:
		stop(c, STOP_UNDEF);
		return;
	case CLASS_V6M:
		if ((second & 0xd000) == 0xd000)
			return; /* BL */
		if (!v6m_system(op, second)) {
			stop(c, STOP_UNDEF);
			return;
		}
		c->clk += c->model->system_extra;
		hint = 0;
		break;
	case CLASS_SYSTEM:
		hint = op == 0xf3af ? second & 0xff : 0;
		break;
	case CLASS_AFTER:
		hint = 0;
		break;
	default:
		break;
	}
	if (hint >= 2 && hint <= 4 && !in_it) {
		c->stop_op = hint;
		c->stop_len = insn_len(op);
		stop(c, STOP_WAIT);
		return;
	}
	c->resched = true;
	c->limit = 0;
}

static void on_insn(uc_engine *uc, uint64_t addr64, uint32_t size, void *user)
{
	struct core *c = user;
	uint32_t addr = (uint32_t)addr64;
	uint16_t op;
	uint8_t cost;

	(void)uc;
	if (c->clk >= c->limit && hook_slow(c, addr))
		return;
	if (addr != c->next)
		hook_jump(c, addr);
	op = fetch16(c, addr);
	cost = c->cost[op];
	c->last = addr;
	c->next = addr + size;
	c->insns++;
	c->clk += cost & 0xf;
	if (c->fetch_seq != 0 && addr >> 3 != c->line) {
		c->line = addr >> 3;
		c->clk += c->win_flash ? c->fetch_seq : 0;
	}
	if (cost >> 4)
		hook_special(c, addr, op, cost >> 4);
}

/* -- the other hooks ------------------------------------------------------- */

static void on_intr(uc_engine *uc, uint32_t number, void *user)
{
	struct core *c = user;

	c->intr = (int)number;
	uc_emu_stop(uc);
}

static void fault_at(struct core *c, uint32_t addr, bool fetch)
{
	c->fault_late = false;
	c->fault = true;
	c->fault_fetch = fetch;
	c->fault_addr = addr;
}

/* Memory that is not mapped, shut, or flash being written. */
static bool on_invalid(uc_engine *uc, uc_mem_type type, uint64_t addr64,
		       int size, int64_t value, void *user)
{
	struct core *c = user;
	uint32_t addr = (uint32_t)addr64;
	const struct core_window *w = core_window_at(c, addr);

	(void)uc;
	if (type == UC_MEM_WRITE_PROT && w != NULL && w->flash &&
	    mcu_core_write(c->m, addr, (unsigned)size, (uint32_t)value))
		return true; /* Unicorn itself discards it: read-only memory */
	fault_at(c, addr,
		 type == UC_MEM_FETCH_UNMAPPED || type == UC_MEM_FETCH_PROT);
	return false;
}

/*
 * A bus fault stops Unicorn inside the access: it then leaves registers as
 * they were and the program counter at the instruction.
 */
static uint64_t io_read(struct core *c, uint32_t addr, unsigned size)
{
	uint32_t v = 0;

	if (!mcu_core_read(c->m, addr, size, &v)) {
		fault_at(c, addr, false);
		uc_emu_stop(c->uc);
	}
	return v;
}

static void io_write(struct core *c, uint32_t addr, unsigned size, uint64_t v)
{
	if (!mcu_core_write(c->m, addr, size, (uint32_t)v)) {
		fault_at(c, addr, false);
		uc_emu_stop(c->uc);
	}
}

#define IO_AREA(i)                                                           \
	static uint64_t io_read_##i(uc_engine *uc, uint64_t off,             \
				    unsigned size, void *user)               \
	{                                                                    \
		(void)uc;                                                    \
		return io_read(user,                                         \
			       ((struct core *)user)->io_base[i] +           \
				       (uint32_t)off,                        \
			       size);                                        \
	}                                                                    \
	static void io_write_##i(uc_engine *uc, uint64_t off, unsigned size, \
				 uint64_t v, void *user)                     \
	{                                                                    \
		(void)uc;                                                    \
		io_write(user,                                               \
			 ((struct core *)user)->io_base[i] + (uint32_t)off,  \
			 size, v);                                           \
	}
IO_AREA(0)
IO_AREA(1)
IO_AREA(2)
IO_AREA(3)
IO_AREA(4)

static const struct {
	uc_cb_mmio_read_t read;
	uc_cb_mmio_write_t write;
} io_calls[CORE_IO] = {
	{ io_read_0, io_write_0 }, { io_read_1, io_write_1 },
	{ io_read_2, io_write_2 }, { io_read_3, io_write_3 },
	{ io_read_4, io_write_4 },
};

void core_on_watch(uc_engine *uc, uc_mem_type type, uint64_t addr64, int size,
		   int64_t value, void *user)
{
	struct core *c = user;
	uint32_t first = (uint32_t)addr64, last = first + (uint32_t)size - 1;

	(void)uc;
	(void)value;
	if (!c->debug_on || !c->in_uc)
		return;
	for (unsigned i = 0; i < CORE_WATCHPOINTS; i++) {
		const struct core_watch *w = &c->watch[i];
		uint32_t low = w->addr & ~w->mask, high = w->addr | w->mask;

		if (!w->on || last < low || first > high)
			continue;
		if (type == UC_MEM_WRITE ? !w->write : !w->read)
			continue;
		debug_on_watch(&c->m->debug, i);
		c->halt_req = true;
		c->halt_why = CORE_DWTTRAP;
		core_kick(c);
	}
}

/* v6-M: Unicorn would do it, and has done it when this is heeded. */
static void on_access(uc_engine *uc, uc_mem_type type, uint64_t addr, int size,
		      int64_t value, void *user)
{
	struct core *c = user;

	(void)type;
	(void)value;
	if ((addr & ((uint64_t)size - 1)) == 0)
		return;
	fault_at(c, (uint32_t)addr, false);
	c->fault_late = true;
	uc_emu_stop(uc);
}

static uc_err map_io(struct core *c, unsigned i, uint32_t base, uint32_t size)
{
	c->io_base[i] = base;
	if (size == 0)
		return UC_ERR_OK;
	return uc_mmio_map(c->uc, base, size, io_calls[i].read, c,
			   io_calls[i].write, c);
}

static uc_err map_all_io(struct core *c)
{
	const struct chip_io *own = c->m->chip->io;
	uc_err e;

	e = map_io(c, 0, 0x40000000, 0x20000000); /* peripherals */
	if (e == UC_ERR_OK)
		e = map_io(c, 1, 0xe0000000, 0x00100000); /* private bus */
	if (e == UC_ERR_OK && c->model->v7m)
		e = map_io(c, 2, 0x22000000, 0x02000000); /* SRAM's bits */
	for (unsigned i = 0; e == UC_ERR_OK && i < CHIP_IO; i++)
		e = map_io(c, 3 + i, own[i].base, own[i].size);
	return e;
}

uc_err core_hooks_add(struct core *c)
{
	uc_hook h;
	uc_err e;

	e = uc_hook_add(c->uc, &h, UC_HOOK_CODE, (void *)on_insn, c, 1, 0);
	if (e == UC_ERR_OK)
		e = uc_hook_add(c->uc, &h, UC_HOOK_INTR, (void *)on_intr, c, 1,
				0);
	if (e == UC_ERR_OK)
		e = uc_hook_add(c->uc, &h, UC_HOOK_MEM_INVALID,
				(void *)on_invalid, c, 1, 0);
	if (e == UC_ERR_OK && !c->model->v7m)
		e = uc_hook_add(c->uc, &h, UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE,
				(void *)on_access, c, 1, 0);
	return e == UC_ERR_OK ? map_all_io(c) : e;
}
