/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "vmcu/core_int.h"
#include "vmcu/mcu_int.h"

#define REFILL 2	    /* cycles to refill the pipeline */
#define NOWHERE 0xffffffffu /* Unicorn's "until": odd, never reached */
#define UC_INTR_SVC 2	    /* Unicorn's exception numbers for Arm */
#define UC_INTR_BKPT 7
#define UC_INTR_EXC_RETURN 8
#define UC_INTR_NOCP 17

uint32_t core_get(struct core *c, int reg)
{
	uint32_t v = 0;

	uc_reg_read(c->uc, reg, &v);
	return v;
}

void core_put(struct core *c, int reg, uint32_t v)
{
	uc_reg_write(c->uc, reg, &v);
}

/* -- the hook for every instruction ---------------------------------------- */

static struct core_window *window_at(struct core *c, uint32_t addr)
{
	for (unsigned i = 0; i < CORE_WINDOWS; i++) {
		struct core_window *w = &c->win[i];

		if (w->mapped && addr - w->base < w->size)
			return w;
	}
	return NULL;
}

static void enter_window(struct core *c, uint32_t addr)
{
	const struct core_window *w = window_at(c, addr);

	if (w == NULL)
		return; /* the fetch fails before any hook sees it */
	c->win_base = w->base;
	c->win_size = w->size;
	c->win_mem = w->mem;
	c->win_flash = w->flash;
}

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
		enter_window(c, addr);
	c->clk += REFILL;
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
	w = window_at(c, addr);
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
	cost = core_cost_table[op];
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
	const struct core_window *w = window_at(c, addr);

	(void)uc;
	if (type == UC_MEM_WRITE_PROT && w != NULL && w->flash &&
	    mcu_core_write(c->m, addr, (unsigned)size, (uint32_t)value))
		return true; /* Unicorn itself discards it: read-only memory */
	fault_at(c, addr,
		 type == UC_MEM_FETCH_UNMAPPED || type == UC_MEM_FETCH_PROT);
	return false;
}

static const struct {
	uint32_t base, size;
} io_areas[] = {
	{ 0x1fff7000, 0x00009000 }, /* OTP, identity, option bytes */
	{ 0x22000000, 0x02000000 }, /* bit band of SRAM */
	{ 0x40000000, 0x20000000 }, /* peripherals */
	{ 0xe0000000, 0x00100000 }, /* private peripheral bus */
};

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

#define IO_AREA(i)                                                            \
	static uint64_t io_read_##i(uc_engine *uc, uint64_t off,              \
				    unsigned size, void *user)                \
	{                                                                     \
		(void)uc;                                                     \
		return io_read(user, io_areas[i].base + (uint32_t)off, size); \
	}                                                                     \
	static void io_write_##i(uc_engine *uc, uint64_t off, unsigned size,  \
				 uint64_t v, void *user)                      \
	{                                                                     \
		(void)uc;                                                     \
		io_write(user, io_areas[i].base + (uint32_t)off, size, v);    \
	}
IO_AREA(0)
IO_AREA(1)
IO_AREA(2)
IO_AREA(3)

static const struct {
	uc_cb_mmio_read_t read;
	uc_cb_mmio_write_t write;
} io_calls[] = {
	{ io_read_0, io_write_0 },
	{ io_read_1, io_write_1 },
	{ io_read_2, io_write_2 },
	{ io_read_3, io_write_3 },
};

static void on_watch(uc_engine *uc, uc_mem_type type, uint64_t addr64, int size,
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
		c->halt_req = true;
		c->halt_why = CORE_DWTTRAP;
		core_kick(c);
	}
}

/* -- life ------------------------------------------------------------------ */

static uc_err add_hooks(struct core *c)
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
	for (unsigned i = 0; e == UC_ERR_OK && i < 4; i++)
		e = uc_mmio_map(c->uc, io_areas[i].base, io_areas[i].size,
				io_calls[i].read, c, io_calls[i].write, c);
	return e;
}

static pthread_once_t cost_once = PTHREAD_ONCE_INIT;

int core_new(struct mcu *m, uint32_t cpuid, struct core **out)
{
	struct core *c = calloc(1, sizeof(*c));
	uc_err e;

	if (c == NULL)
		return E_NOMEM;
	pthread_once(&cost_once, core_cost_init);
	c->m = m;
	c->cpuid = cpuid;
	c->hz = 4000000;
	c->in_reset = true;
	e = uc_open(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS, &c->uc);
	if (e == UC_ERR_OK)
		e = uc_ctl_set_cpu_model(c->uc, UC_CPU_ARM_CORTEX_M4);
	if (e == UC_ERR_OK)
		e = add_hooks(c);
	if (e != UC_ERR_OK) {
		core_free(c);
		return E_INTERNAL;
	}
	*out = c;
	return 0;
}

void core_free(struct core *c)
{
	if (c == NULL)
		return;
	if (c->uc != NULL)
		uc_close(c->uc);
	free(c);
}

/*
 * Unicorn keeps translated code and address translations over a change of
 * permissions, so a shut window is unmapped.  Its flush of everything is no
 * way: it takes a quarter of a second and touches 1 GB.
 */
static void unmap(struct core *c, struct core_window *w)
{
	if (!w->open)
		return;
	uc_ctl_remove_cache(c->uc, (uint64_t)w->base,
			    (uint64_t)w->base + w->size);
	uc_mem_unmap(c->uc, w->base, w->size);
	w->open = false;
	c->win_size = 0;
}

static bool map(struct core *c, const struct core_window *w)
{
	uint32_t prot = w->flash ? UC_PROT_READ | UC_PROT_EXEC : UC_PROT_ALL;

	if (uc_mem_map_ptr(c->uc, w->base, w->size, prot, w->mem) != UC_ERR_OK)
		return false;
	/* only protecting makes it read-only memory, whose stores Unicorn
	 * discards after the hook has seen them */
	return !w->flash ||
	       uc_mem_protect(c->uc, w->base, w->size, prot) == UC_ERR_OK;
}

void core_window_open(struct core *c, unsigned window, bool open)
{
	struct core_window *w = &c->win[window];

	if (!w->mapped || w->open == open)
		return;
	core_kick(c);
	unmap(c, w);
	if (open)
		w->open = map(c, w);
}

int core_map(struct core *c, unsigned window, uint32_t base, uint32_t size,
	     uint8_t *mem, bool flash)
{
	struct core_window *w = &c->win[window];

	unmap(c, w);
	*w = (struct core_window){ base, size, mem, flash, true, false };
	core_window_open(c, window, true);
	return w->open ? 0 : E_INTERNAL;
}

/* Memory hooks only exist in code that is translated after them. */
static void forget_code(struct core *c)
{
	for (unsigned i = 0; i < CORE_WINDOWS; i++) {
		const struct core_window *w = &c->win[i];

		if (w->open)
			uc_ctl_remove_cache(c->uc, (uint64_t)w->base,
					    (uint64_t)w->base + w->size);
	}
}

void core_code_changed(struct core *c, uint32_t addr, uint32_t len)
{
	const struct core_window *w = window_at(c, addr);

	if (w == NULL || !w->open)
		return;
	for (unsigned i = 0; i < CORE_WINDOWS; i++) {
		const struct core_window *v = &c->win[i];
		uint8_t *p = w->mem + (addr - w->base);

		/* the same memory seen through every window */
		if (!v->open || p < v->mem || p >= v->mem + v->size)
			continue;
		uint64_t a = v->base + (uint32_t)(p - v->mem);

		uc_ctl_remove_cache(c->uc, a, a + len);
	}
}

static void on_trapped(uc_engine *uc, uc_mem_type type, uint64_t addr, int size,
		       int64_t value, void *user)
{
	struct core *c = user;
	uint32_t v;

	(void)uc;
	(void)type;
	(void)value;
	(void)mcu_core_read(c->m, (uint32_t)addr, (unsigned)size, &v);
}

void core_trap_reads(struct core *c, uint32_t addr, uint32_t len, uc_hook *hook)
{
	uc_hook_add(c->uc, hook, UC_HOOK_MEM_READ, (void *)on_trapped, c, addr,
		    (uint64_t)addr + len - 1);
	forget_code(c);
}

void core_untrap_reads(struct core *c, uc_hook *hook)
{
	uc_hook_del(c->uc, *hook);
	forget_code(c);
}

/* -- time ------------------------------------------------------------------ */

uint64_t core_ps(const struct core *c)
{
	unsigned __int128 t = c->clk - c->anchor_clk;

	return c->anchor_ps + (uint64_t)(t * PS_PER_S / c->hz);
}

static uint64_t clk_at(const struct core *c, uint64_t ps)
{
	unsigned __int128 t;

	if (ps <= c->anchor_ps)
		return c->anchor_clk;
	t = (unsigned __int128)(ps - c->anchor_ps) * c->hz;
	return c->anchor_clk + (uint64_t)((t + PS_PER_S - 1) / PS_PER_S);
}

void core_anchor(struct core *c, uint64_t ps)
{
	c->anchor_ps = ps;
	c->anchor_clk = c->clk;
}

void core_set_clock(struct core *c, uint64_t hz)
{
	if (hz == c->hz || hz == 0)
		return;
	core_anchor(c, core_ps(c));
	c->hz = hz;
	core_kick(c);
}

void core_set_fetch(struct core *c, unsigned wait_states, bool icache,
		    bool prefetch)
{
	c->fetch_jump = icache ? 0 : wait_states;
	c->fetch_seq = icache || prefetch ? 0 : wait_states;
}

void core_flash_busy(struct core *c, bool busy)
{
	c->flash_busy = busy;
	if (busy)
		c->limit = 0;
	else
		c->stalled = c->bus_stall = false;
}

void core_stall(struct core *c)
{
	c->bus_stall = true;
	c->limit = 0;
}

void core_check_fetches(struct core *c, bool on)
{
	c->check_fetch = on;
	core_kick(c);
}

void core_kick(struct core *c)
{
	c->kick = true;
	c->limit = 0;
}

uint64_t core_next(const struct core *c)
{
	uint64_t at = core_systick_next(c);
	unsigned __int128 t;

	if (at == UINT64_MAX || c->halted || c->in_reset)
		return PS_NEVER;
	t = (unsigned __int128)(at - c->anchor_clk) * PS_PER_S;
	return c->anchor_ps + (uint64_t)((t + c->hz - 1) / c->hz);
}

void core_tick(struct core *c)
{
	core_systick_sync(c);
}

/* -- running --------------------------------------------------------------- */

static void halt_now(struct core *c, enum core_halt why)
{
	core_systick_sync(c);
	c->halted = true;
	c->halt_req = false;
	c->sleeping = false;
	c->stalled = false;
	c->step = 0;
	c->no_thumb = c->no_thumb && !c->lockup;
	debug_on_halt(&c->m->debug, why);
}

static void breakpoint_insn(struct core *c)
{
	if (c->debug_on) {
		halt_now(c, CORE_BKPT);
		return;
	}
	c->hfsr |= HFSR_DEBUGEVT;
	core_exc_fault(c, EXC_HARDFAULT, 0);
}

static void wait_insn(struct core *c)
{
	uint32_t pc = core_get(c, UC_ARM_REG_PC) + c->stop_len;

	core_put(c, UC_ARM_REG_PC, pc | 1);
	c->next = pc;
	c->wfe = c->stop_op == 2;
	if (c->stop_op == 4) {
		c->event = true;
	} else if (c->wfe && c->event) {
		c->event = false;
	} else if (!core_exc_wakes(c) && !c->step) {
		c->sleeping = true;
	}
	if (c->step)
		halt_now(c, CORE_HALTED);
}

static void exc_return_insn(struct core *c)
{
	uint32_t value = core_get(c, UC_ARM_REG_PC) | 1;

	if (core_get(c, UC_ARM_REG_IPSR) == 0)
		core_exc_fault(c, EXC_BUSFAULT, CFSR_IBUSERR);
	else
		core_exc_return(c, value);
}

static void fault_insn(struct core *c)
{
	if (c->fault_fetch) {
		core_exc_fault(c, EXC_BUSFAULT, CFSR_IBUSERR);
		return;
	}
	c->bfar = c->fault_addr;
	core_exc_fault(c, EXC_BUSFAULT, CFSR_PRECISERR | CFSR_BFARVALID);
}

static void intr_insn(struct core *c)
{
	switch (c->intr) {
	case UC_INTR_SVC:
		core_exc_fault(c, EXC_SVC, 0);
		break;
	case UC_INTR_BKPT:
		breakpoint_insn(c);
		break;
	case UC_INTR_EXC_RETURN:
		exc_return_insn(c);
		break;
	case UC_INTR_NOCP:
		core_exc_fault(c, EXC_USAGEFAULT, CFSR_NOCP);
		break;
	default:
		core_exc_fault(c, EXC_USAGEFAULT, CFSR_UNDEFINSTR);
		break;
	}
}

static void undefined_insn(struct core *c)
{
	bool thumb = core_get(c, UC_ARM_REG_XPSR) & 1u << 24;

	c->no_thumb = !thumb;
	core_exc_fault(c, EXC_USAGEFAULT,
		       thumb ? CFSR_UNDEFINSTR : CFSR_INVSTATE);
}

static void after_run(struct core *c, uc_err e)
{
	bool stepped = c->step == 2;

	if (c->fault)
		fault_insn(c);
	else if (c->intr >= 0)
		intr_insn(c);
	else if (e != UC_ERR_OK)
		undefined_insn(c);
	else if (c->stop == STOP_WAIT)
		wait_insn(c);
	else if (c->stop == STOP_STALL)
		c->stalled = true;
	else if (c->stop == STOP_BREAK)
		halt_now(c, CORE_BKPT);
	else if (c->stop == STOP_NOCP)
		core_exc_fault(c, EXC_USAGEFAULT, CFSR_NOCP);
	else if (c->stop == STOP_NONE)
		c->sleeping = !core_exc_wakes(c); /* WFI in an IT block */
	if (stepped && !c->halted)
		halt_now(c, CORE_HALTED);
}

static void execute(struct core *c)
{
	uint32_t pc = core_get(c, UC_ARM_REG_PC);
	uc_err e;

	if (c->no_thumb) {
		core_exc_fault(c, EXC_USAGEFAULT, CFSR_INVSTATE);
		return;
	}
	c->limit = c->until;
	if (c->bp_count > 0 || c->step || c->flash_busy || c->check_fetch)
		c->limit = 0;
	c->stop = STOP_NONE;
	c->resched = false;
	c->fault = false;
	c->intr = -1;
	enter_window(c, pc);
	c->in_uc = true;
	e = uc_emu_start(c->uc, pc | 1, NOWHERE, 0, 0);
	c->in_uc = false;
	after_run(c, e);
}

static void idle(struct core *c)
{
	uint64_t passed = c->until - c->clk;

	c->clk = c->until;
	if (c->halted || c->in_reset) {
		c->idle_clk += passed;
		c->st_clk += passed; /* SysTick stands still */
	}
}

void core_run(struct core *c, uint64_t ps)
{
	c->kick = false;
	for (;;) {
		c->until = clk_at(c, ps);
		if (c->in_reset || c->halted || c->lockup) {
			if (c->clk < c->until)
				idle(c);
			return;
		}
		if (c->halt_req) {
			halt_now(c, c->halt_why);
			continue;
		}
		if (c->clk >= c->until)
			return;
		if (c->stalled && c->flash_busy) {
			idle(c);
			return;
		}
		c->stalled = false;
		if (core_exc_take(c))
			continue;
		if (c->sleeping) {
			idle(c);
			return;
		}
		execute(c);
		if (c->kick)
			return;
	}
}

/* -- reset ----------------------------------------------------------------- */

void core_hold(struct core *c, bool reset)
{
	c->in_reset = reset;
	core_kick(c);
}

void core_start(struct core *c)
{
	uint32_t sp = 0, pc = 0;

	(void)core_load(c, c->vtor, &sp);
	(void)core_load(c, c->vtor + 4, &pc);
	core_put(c, UC_ARM_REG_SP, sp & ~3u);
	core_put(c, UC_ARM_REG_LR, 0xffffffff);
	core_put(c, UC_ARM_REG_PC, pc | 1);
	c->no_thumb = !(pc & 1);
	c->next = pc & ~1u;
	c->in_reset = false;
}

bool core_unprivileged(struct core *c)
{
	return core_get(c, UC_ARM_REG_CONTROL) & 1 &&
	       (core_get(c, UC_ARM_REG_IPSR) & 0x1ff) == 0;
}

/* -- memory for stacking and vectors --------------------------------------- */

bool core_load(struct core *c, uint32_t addr, uint32_t *out)
{
	const struct core_window *w = window_at(c, addr);

	if (w == NULL || w->flash)
		return mcu_core_read(c->m, addr, 4, out);
	if (!w->open || addr - w->base > w->size - 4)
		return false;
	memcpy(out, w->mem + (addr - w->base), 4);
	return true;
}

bool core_store(struct core *c, uint32_t addr, uint32_t v)
{
	const struct core_window *w = window_at(c, addr);

	if (w == NULL || w->flash || !w->open || addr - w->base > w->size - 4)
		return false;
	memcpy(w->mem + (addr - w->base), &v, 4);
	return true;
}

/* -- debug (core.h) -------------------------------------------------------- */

bool core_is_halted(const struct core *c)
{
	return c->halted;
}

bool core_is_locked_up(const struct core *c)
{
	return c->lockup;
}

bool core_is_sleeping(const struct core *c)
{
	return c->sleeping;
}

void core_halt(struct core *c, enum core_halt why)
{
	if (c->halted)
		return;
	if (c->in_uc || c->in_reset) {
		c->halt_req = true;
		c->halt_why = why;
		core_kick(c);
		return;
	}
	halt_now(c, why);
}

void core_resume(struct core *c)
{
	c->halted = false;
	c->halt_req = false;
	c->lockup = false;
	c->step = 0;
}

void core_step(struct core *c, bool mask_ints)
{
	c->halted = false;
	c->lockup = false;
	c->step = 1;
	c->step_mask = mask_ints;
}

void core_debug_enable(struct core *c, bool on)
{
	c->debug_on = on;
	core_kick(c);
}

void core_breakpoint(struct core *c, unsigned i, bool on, uint32_t addr)
{
	if (i >= CORE_BREAKPOINTS)
		return;
	c->bp[i].on = on;
	c->bp[i].addr = addr & ~1u;
	c->bp_count = 0;
	for (i = 0; i < CORE_BREAKPOINTS; i++)
		c->bp_count += c->bp[i].on;
	core_kick(c);
}

void core_watchpoint(struct core *c, unsigned i, struct core_watch w)
{
	uint64_t low = w.addr & ~w.mask, high = w.addr | w.mask;

	if (i >= CORE_WATCHPOINTS)
		return;
	if (c->watch_set[i])
		uc_hook_del(c->uc, c->watch_hook[i]);
	c->watch[i] = w;
	c->watch_set[i] = w.on;
	low = low >= 3 ? low - 3 : 0; /* wider accesses that reach into it */
	if (w.on)
		uc_hook_add(c->uc, &c->watch_hook[i],
			    UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE,
			    (void *)on_watch, c, low, high);
	forget_code(c);
}

void core_vector_catch(struct core *c, uint32_t demcr)
{
	c->vcatch = demcr & 0x7ff;
}
