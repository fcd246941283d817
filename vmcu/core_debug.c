/* SPDX-License-Identifier: MIT */
/* What the debugger does to the core (core.h). */
#include "vmcu/core_int.h"
#include "vmcu/mcu_int.h"

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
	core_halt_now(c, why);
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
			    (void *)core_on_watch, c, low, high);
	core_forget_code(c);
}

void core_vector_catch(struct core *c, uint32_t demcr)
{
	c->vcatch = demcr & 0x7ff;
}

/* -- the register file for the debugger ------------------------------------ */

static const int core_regs[19] = {
	UC_ARM_REG_R0,	 UC_ARM_REG_R1,	 UC_ARM_REG_R2,	 UC_ARM_REG_R3,
	UC_ARM_REG_R4,	 UC_ARM_REG_R5,	 UC_ARM_REG_R6,	 UC_ARM_REG_R7,
	UC_ARM_REG_R8,	 UC_ARM_REG_R9,	 UC_ARM_REG_R10, UC_ARM_REG_R11,
	UC_ARM_REG_R12,	 UC_ARM_REG_SP,	 UC_ARM_REG_LR,	 UC_ARM_REG_PC,
	UC_ARM_REG_XPSR, UC_ARM_REG_MSP, UC_ARM_REG_PSP,
};

static uint32_t special_read(struct core *c)
{
	if (!c->model->v7m)
		return (core_get(c, UC_ARM_REG_CONTROL) & 0xff) << 24 |
		       (core_get(c, UC_ARM_REG_PRIMASK) & 1);
	return (core_get(c, UC_ARM_REG_CONTROL) & 0xff) << 24 |
	       (core_get(c, UC_ARM_REG_FAULTMASK) & 1) << 16 |
	       (core_get(c, UC_ARM_REG_BASEPRI) & 0xff) << 8 |
	       (core_get(c, UC_ARM_REG_PRIMASK) & 1);
}

static void special_write(struct core *c, uint32_t v)
{
	core_put(c, UC_ARM_REG_PRIMASK, v & 1);
	if (c->model->v7m) {
		core_put(c, UC_ARM_REG_BASEPRI, v >> 8 & 0xf0);
		core_put(c, UC_ARM_REG_FAULTMASK, v >> 16 & 1);
	}
	if ((core_get(c, UC_ARM_REG_IPSR) & 0x1ff) == 0)
		core_put(c, UC_ARM_REG_CONTROL, v >> 24 & 3);
}

int core_reg_read(struct core *c, unsigned sel, uint32_t *out)
{
	uint32_t v;

	if (sel < 19)
		v = core_get(c, core_regs[sel]);
	else if (sel == 20)
		v = special_read(c);
	else if (!c->model->fpu)
		return E_ARG;
	else if (sel == 33)
		v = core_get(c, UC_ARM_REG_FPSCR);
	else if (sel >= 64 && sel < 96)
		v = core_get(c, UC_ARM_REG_S0 + (int)(sel - 64));
	else
		return E_ARG;
	if (sel == 16)
		v = c->no_thumb ? v & ~(1u << 24) : v | 1u << 24;
	*out = v;
	return 0;
}

static void flow_write(struct core *c, unsigned sel, uint32_t v)
{
	if (sel == 15) {
		core_put(c, UC_ARM_REG_PC, v | 1);
		c->next = v & ~1u;
		c->it_len = 0;
		return;
	}
	core_put(c, UC_ARM_REG_IPSR, v & 0x1ff);
	core_put(c, UC_ARM_REG_XPSR, (v & 0xf80f01ff) | 1u << 24);
	c->no_thumb = !(v & 1u << 24);
}

int core_reg_write(struct core *c, unsigned sel, uint32_t v)
{
	if (sel == 15 || sel == 16)
		flow_write(c, sel, v);
	else if (sel < 19)
		core_put(c, core_regs[sel],
			 sel == 13 || sel > 16 ? v & ~3u : v);
	else if (sel == 20)
		special_write(c, v);
	else if (!c->model->fpu)
		return E_ARG;
	else if (sel == 33)
		core_put(c, UC_ARM_REG_FPSCR, v);
	else if (sel >= 64 && sel < 96)
		core_put(c, UC_ARM_REG_S0 + (int)(sel - 64), v);
	else
		return E_ARG;
	return 0;
}
