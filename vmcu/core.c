/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdlib.h>

#include "vmcu/core_int.h"
#include "vmcu/mcu_int.h"

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

/* -- life ------------------------------------------------------------------ */

static pthread_once_t cost_once = PTHREAD_ONCE_INIT;

int core_new(struct mcu *m, uint32_t cpuid, struct core **out)
{
	const struct core_model *model = core_model_find(cpuid);
	struct core *c = calloc(1, sizeof(*c));
	uc_err e;

	if (c == NULL)
		return E_NOMEM;
	if (model == NULL) {
		free(c);
		return E_INTERNAL;
	}
	pthread_once(&cost_once, core_cost_init);
	c->m = m;
	c->cpuid = cpuid;
	c->model = model;
	c->cost = core_cost_table(model->cost);
	c->refill = model->refill;
	c->hz = 4000000;
	c->in_reset = true;
	e = uc_open(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS, &c->uc);
	if (e == UC_ERR_OK)
		e = uc_ctl_set_cpu_model(c->uc, model->uc_cpu);
	if (e == UC_ERR_OK)
		e = core_hooks_add(c);
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

void core_without_systick(struct core *c)
{
	c->no_systick = true;
}

/* -- time ------------------------------------------------------------------ */

uint64_t core_ps(const struct core *c)
{
	unsigned __int128 t = c->clk - c->anchor_clk;

	return c->anchor_ps + (uint64_t)(t * PS_PER_S / c->hz);
}

uint64_t core_ps_at(const struct core *c, uint64_t cycle)
{
	uint64_t clk = cycle + c->idle_clk;
	unsigned __int128 t;

	if (c->halted || c->in_reset)
		return PS_NEVER;
	if (clk <= c->anchor_clk)
		return c->anchor_ps;
	t = (unsigned __int128)(clk - c->anchor_clk) * PS_PER_S;
	return c->anchor_ps + (uint64_t)((t + c->hz - 1) / c->hz);
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

void core_halt_now(struct core *c, enum core_halt why)
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
		core_halt_now(c, CORE_BKPT);
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
		core_halt_now(c, CORE_HALTED);
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
	if (c->fault_late) {
		core_put(c, UC_ARM_REG_PC, c->last | 1);
		c->next = c->last;
	}
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
		core_halt_now(c, CORE_BKPT);
	else if (c->stop == STOP_SKIP)
		core_skip_now(c);
	else if (c->stop == STOP_UNDEF)
		core_exc_fault(c, EXC_USAGEFAULT, 0);
	else if (c->stop == STOP_NOCP)
		core_exc_fault(c, EXC_USAGEFAULT, CFSR_NOCP);
	else if (c->stop == STOP_NONE)
		c->sleeping = !core_exc_wakes(c); /* WFI in an IT block */
	if (stepped && !c->halted)
		core_halt_now(c, CORE_HALTED);
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
	if (c->bp_count > 0 || c->step || c->flash_busy || c->check_fetch ||
	    c->skip || c->patch_len != 0)
		c->limit = 0;
	c->stop = STOP_NONE;
	c->resched = false;
	c->fault = false;
	c->intr = -1;
	core_enter_window(c, pc);
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
			core_halt_now(c, c->halt_why);
			continue;
		}
		if (c->clk >= c->until)
			return;
		if (c->stalled && c->flash_busy) {
			idle(c);
			return;
		}
		c->stalled = false;
		if (core_exc_take(c)) {
			/* the entry was the step (ARMv7-M ARM C1.5.2) */
			if (c->step == 1)
				core_halt_now(c, CORE_HALTED);
			continue;
		}
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

	(void)core_load_vector(c, c->vtor, &sp);
	(void)core_load_vector(c, debug_remapped(&c->m->debug, c->vtor + 4),
			       &pc);
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
