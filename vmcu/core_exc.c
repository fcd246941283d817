/* SPDX-License-Identifier: MIT */
/*
 * Exceptions of ARMv7-M (ARM DDI 0403, B1.5) and ARMv6-M (DDI 0419, B1.5):
 * priorities, entry with stacking, tail-chaining, return, escalation, lock-up.
 * On v6-M every fault is a HardFault, because none of the others can be
 * enabled.  The floating-point context is never stacked.
 */
#include "vmcu/core_int.h"
#include "vmcu/mcu_int.h"

#define PRIO_THREAD 256
#define XPSR_T (1u << 24)
#define XPSR_ALIGN (1u << 9)
#define CCR_NONBASE (1u << 0)
#define CCR_STKALIGN (1u << 9)
#define SCR_SLEEPONEXIT (1u << 1)
#define SCR_SEVONPEND (1u << 4)

bool core_exc_bit(const uint32_t *set, unsigned n)
{
	return set[n / 32] >> (n % 32) & 1;
}

static void put_bit(uint32_t *set, unsigned n, bool on)
{
	uint32_t bit = 1u << (n % 32);

	set[n / 32] = on ? set[n / 32] | bit : set[n / 32] & ~bit;
}

bool core_exc_active(const struct core *c, unsigned n)
{
	if (n < 16)
		return c->sys_active >> n & 1;
	return core_exc_bit(c->irq_active, n - 16);
}

static void set_active(struct core *c, unsigned n, bool on)
{
	if (n < 16)
		put_bit(&c->sys_active, n, on);
	else
		put_bit(c->irq_active, n - 16, on);
}

void core_exc_pend(struct core *c, unsigned n)
{
	if (n < 16)
		c->sys_pend |= 1u << n;
	else
		put_bit(c->irq_pend, n - 16, true);
	if (c->scr & SCR_SEVONPEND)
		c->event = true;
	c->resched = true;
	c->limit = 0;
}

static void unpend(struct core *c, unsigned n)
{
	if (n < 16)
		c->sys_pend &= ~(1u << n);
	else
		put_bit(c->irq_pend, n - 16, false);
}

void core_irq(struct core *c, unsigned n, bool level)
{
	if (n >= c->model->irqs)
		return;
	if (level && !core_exc_bit(c->irq_level, n) &&
	    !core_exc_bit(c->irq_active, n))
		core_exc_pend(c, 16 + n);
	put_bit(c->irq_level, n, level);
}

void core_nmi(struct core *c)
{
	core_exc_pend(c, EXC_NMI);
}

/* -- priorities ------------------------------------------------------------ */

static int prio_of(const struct core *c, unsigned n)
{
	if (n == EXC_NMI)
		return -2;
	if (n == EXC_HARDFAULT)
		return -1;
	return c->prio[n];
}

/* Only the group part decides about preemption. */
static int group_of(const struct core *c, int prio)
{
	if (prio < 0)
		return prio;
	return prio & (int)(0xffu << (c->aircr_prigroup + 1) & 0xff);
}

static int active_prio(const struct core *c)
{
	int best = PRIO_THREAD;

	for (unsigned n = 2; n < CORE_EXCEPTIONS; n++) {
		if (n >= 16 && n % 32 == 16 && !c->irq_active[(n - 16) / 32]) {
			n += 31;
			continue;
		}
		if (!core_exc_active(c, n))
			continue;
		int p = group_of(c, prio_of(c, n));

		best = p < best ? p : best;
	}
	return best;
}

static int boost(struct core *c, int prio, bool with_primask)
{
	uint32_t basepri = 0;
	int p;

	if (c->model->v7m) {
		basepri = core_get(c, UC_ARM_REG_BASEPRI) & 0xf0;
		if (core_get(c, UC_ARM_REG_FAULTMASK) & 1)
			return prio < -1 ? prio : -1;
	}
	if (with_primask && core_get(c, UC_ARM_REG_PRIMASK) & 1)
		return prio < 0 ? prio : 0;
	if (basepri != 0) {
		p = group_of(c, (int)basepri);
		prio = p < prio ? p : prio;
	}
	return prio;
}

static bool any_pending(const struct core *c)
{
	uint32_t any = c->sys_pend;

	for (unsigned i = 0; i < CORE_IRQS / 32; i++)
		any |= c->irq_pend[i] & c->irq_enable[i];
	return any != 0;
}

static bool ready(const struct core *c, unsigned n)
{
	if (n < 16)
		return c->sys_pend >> n & 1;
	return core_exc_bit(c->irq_pend, n - 16) &&
	       core_exc_bit(c->irq_enable, n - 16);
}

unsigned core_exc_best(struct core *c, int *out_prio)
{
	unsigned best = 0;
	int prio = PRIO_THREAD;

	if (!any_pending(c))
		return 0;
	for (unsigned n = 2; n < CORE_EXCEPTIONS; n++) {
		if (!ready(c, n) || prio_of(c, n) >= prio)
			continue;
		best = n;
		prio = prio_of(c, n);
	}
	*out_prio = prio;
	return best;
}

static unsigned takeable(struct core *c, bool with_primask)
{
	int prio;
	unsigned n = core_exc_best(c, &prio);

	if (n == 0)
		return 0;
	if (c->step && c->step_mask && n != EXC_NMI && n != EXC_HARDFAULT)
		return 0;
	if (group_of(c, prio) >= boost(c, active_prio(c), with_primask))
		return 0;
	return n;
}

bool core_exc_wakes(struct core *c)
{
	return (c->wfe && c->event) || takeable(c, false) != 0;
}

/* -- entry ----------------------------------------------------------------- */

static const struct {
	unsigned n;
	uint32_t cfsr, vcatch;
} catches[] = {
	{ EXC_HARDFAULT, 0, 1u << 10 },
	{ EXC_MEMMANAGE, 0, 1u << 4 },
	{ EXC_BUSFAULT, 0, 1u << 8 },
	{ EXC_USAGEFAULT, CFSR_NOCP, 1u << 5 },
	{ EXC_USAGEFAULT, CFSR_UNDEFINSTR | CFSR_INVSTATE | CFSR_INVPC,
	  1u << 7 },
};

static void catch_vector(struct core *c, unsigned n)
{
	for (size_t i = 0; i < sizeof(catches) / sizeof(catches[0]); i++) {
		if (catches[i].n != n || !(c->vcatch & catches[i].vcatch))
			continue;
		if (catches[i].cfsr && !(c->cfsr & catches[i].cfsr))
			continue;
		if (c->debug_on)
			core_halt(c, CORE_VCATCH);
		return;
	}
}

static void lock_up(struct core *c)
{
	c->lockup = true;
	if (c->m->chip->lockup)
		c->m->chip->lockup(c->m);
	core_put(c, UC_ARM_REG_PC, 0xffffffff);
	if (c->debug_on && c->vcatch & 1u << 10) {
		core_halt(c, CORE_VCATCH);
	}
}

/* Jumps to the handler of n; the stack is already in order. */
static void vector_to(struct core *c, unsigned n, uint32_t lr)
{
	uint32_t v = 0;

	set_active(c, n, true);
	unpend(c, n);
	core_put(c, UC_ARM_REG_IPSR, n);
	core_put(c, UC_ARM_REG_LR, lr);
	if (!core_load_vector(c, c->vtor + 4 * n, &v)) {
		c->hfsr |= HFSR_VECTTBL;
		if (n == EXC_HARDFAULT || n == EXC_NMI) {
			lock_up(c);
			return;
		}
		set_active(c, n, false);
		vector_to(c, EXC_HARDFAULT, lr);
		return;
	}
	core_put(c, UC_ARM_REG_PC, v | 1);
	c->no_thumb = !(v & 1);
	c->next = v & ~1u;
	c->it_len = 0;
	c->sleeping = false;
	c->event = true;
	catch_vector(c, n);
}

static const int frame_regs[] = {
	UC_ARM_REG_R0,	UC_ARM_REG_R1, UC_ARM_REG_R2, UC_ARM_REG_R3,
	UC_ARM_REG_R12, UC_ARM_REG_LR, UC_ARM_REG_PC,
};

/* False when the stack cannot be written; SP moves all the same. */
static bool push_frame(struct core *c, uint32_t xpsr)
{
	uint32_t sp = core_get(c, UC_ARM_REG_SP);
	bool ok = true;

	xpsr &= ~XPSR_ALIGN;
	if (c->ccr & CCR_STKALIGN && sp & 4) {
		sp -= 4;
		xpsr |= XPSR_ALIGN;
	}
	sp -= 32;
	for (unsigned i = 0; i < 7; i++)
		ok &= core_store(c, sp + 4 * i, core_get(c, frame_regs[i]));
	ok &= core_store(c, sp + 28, xpsr);
	core_put(c, UC_ARM_REG_SP, sp);
	return ok;
}

static void enter(struct core *c, unsigned n)
{
	uint32_t xpsr = core_get(c, UC_ARM_REG_XPSR);
	uint32_t control = core_get(c, UC_ARM_REG_CONTROL);
	bool thread = (xpsr & 0x1ff) == 0;
	uint32_t lr = 0xfffffff1;
	bool ok;

	xpsr = c->no_thumb ? xpsr & ~XPSR_T : xpsr | XPSR_T;
	c->no_thumb = false;
	ok = push_frame(c, xpsr);
	if (thread) {
		lr = control & 2 ? 0xfffffffd : 0xfffffff9;
		core_put(c, UC_ARM_REG_CONTROL, control & ~2u);
	}
	c->clk += c->model->entry;
	if (!ok) {
		c->cfsr |= CFSR_STKERR;
		if (n == EXC_HARDFAULT || n == EXC_BUSFAULT) {
			lock_up(c);
			return;
		}
		c->hfsr |= HFSR_FORCED;
		n = EXC_HARDFAULT;
	}
	vector_to(c, n, lr);
}

/* WFE's register, also set by what pends and is not enabled (SEVONPEND). */
static void wake_by_event(struct core *c)
{
	if (!c->sleeping || !c->wfe || !c->event)
		return;
	c->sleeping = false;
	c->event = false;
}

bool core_exc_take(struct core *c)
{
	unsigned n;

	if (!any_pending(c)) {
		wake_by_event(c);
		return false;
	}
	n = takeable(c, true);
	if (n == 0) {
		wake_by_event(c);
		if (c->sleeping && core_exc_wakes(c))
			c->sleeping = false; /* wakes without being taken */
		return false;
	}
	c->sleeping = false;
	enter(c, n);
	return true;
}

static bool fault_enabled(const struct core *c, unsigned n)
{
	if (n == EXC_SVC)
		return true;
	return c->shcsr_enable >> (n - EXC_MEMMANAGE) & 1;
}

void core_exc_fault(struct core *c, unsigned n, uint32_t cfsr_bits)
{
	int now = boost(c, active_prio(c), true);

	c->cfsr |= cfsr_bits;
	if (n != EXC_HARDFAULT &&
	    (!fault_enabled(c, n) || group_of(c, prio_of(c, n)) >= now)) {
		c->hfsr |= HFSR_FORCED;
		n = EXC_HARDFAULT;
	}
	if (n == EXC_HARDFAULT && now <= -1) {
		lock_up(c);
		return;
	}
	enter(c, n);
}

/* -- return ---------------------------------------------------------------- */

static unsigned count_active(const struct core *c)
{
	unsigned n = (unsigned)__builtin_popcount(c->sys_active);

	for (unsigned i = 0; i < CORE_IRQS / 32; i++)
		n += (unsigned)__builtin_popcount(c->irq_active[i]);
	return n;
}

static void deactivate(struct core *c, unsigned n)
{
	set_active(c, n, false);
	if (n != EXC_NMI && c->model->v7m)
		core_put(c, UC_ARM_REG_FAULTMASK, 0);
	if (n >= 16 && core_exc_bit(c->irq_level, n - 16))
		core_exc_pend(c, n); /* the line is still up */
}

static bool return_legal(const struct core *c, uint32_t value, unsigned n)
{
	unsigned active = count_active(c);

	if (!core_exc_active(c, n))
		return false;
	if (value == 0xfffffff1)
		return active > 1;
	if (value == 0xfffffff9 || value == 0xfffffffd)
		return active == 1 || c->ccr & CCR_NONBASE;
	return false;
}

static bool pop_frame(struct core *c, uint32_t f[8])
{
	uint32_t sp = core_get(c, UC_ARM_REG_SP);

	for (unsigned i = 0; i < 8; i++)
		if (!core_load(c, sp + 4 * i, &f[i]))
			return false;
	sp += 32;
	if (f[7] & XPSR_ALIGN && c->ccr & CCR_STKALIGN)
		sp |= 4;
	core_put(c, UC_ARM_REG_SP, sp);
	return true;
}

static void unstack(struct core *c, uint32_t value)
{
	uint32_t f[8];

	if (value != 0xfffffff1) {
		core_put(c, UC_ARM_REG_IPSR, 0);
		if (value == 0xfffffffd)
			core_put(c, UC_ARM_REG_CONTROL,
				 core_get(c, UC_ARM_REG_CONTROL) | 2);
	}
	if (!pop_frame(c, f)) {
		core_exc_fault(c, EXC_BUSFAULT, CFSR_UNSTKERR);
		return;
	}
	core_put(c, UC_ARM_REG_XPSR,
		 (f[7] & 0xf80f0000) | XPSR_T |
			 (value == 0xfffffff1 ? f[7] & 0x1ff : 0));
	for (unsigned i = 0; i < 6; i++)
		core_put(c, frame_regs[i], f[i]);
	core_put(c, UC_ARM_REG_PC, f[6] | 1);
	c->no_thumb = !(f[7] & XPSR_T);
	c->next = f[6] & ~1u;
	if ((value == 0xfffffff1) != ((f[7] & 0x1ff) != 0))
		core_exc_fault(c, EXC_USAGEFAULT, CFSR_INVPC);
}

void core_exc_return(struct core *c, uint32_t value)
{
	unsigned n = core_get(c, UC_ARM_REG_IPSR) & 0x1ff;
	bool thread = value != 0xfffffff1;

	if (!return_legal(c, value, n)) {
		set_active(c, n, false);
		c->cfsr |= CFSR_INVPC;
		c->hfsr |= HFSR_FORCED;
		if (boost(c, active_prio(c), true) <= -1)
			lock_up(c);
		else
			vector_to(c, EXC_HARDFAULT, 0xf0000000 | value);
		return;
	}
	deactivate(c, n);
	c->event = true;
	n = takeable(c, true);
	if (n != 0) { /* tail-chain: the frame stays where it is */
		c->clk += c->model->tail;
		vector_to(c, n, value);
		return;
	}
	c->clk += c->model->leave;
	unstack(c, value);
	if (thread && c->scr & SCR_SLEEPONEXIT && !core_exc_wakes(c))
		c->sleeping = true;
}
