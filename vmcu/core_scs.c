/* SPDX-License-Identifier: MIT */
/*
 * Registers of the system control space, except the debug ones: SysTick, NVIC
 * and SCB (ARM DDI 0403, B3.2 to B3.4; for v6-M DDI 0419, B3.2 to B3.4), and
 * the core register file as the debugger selects it (C1.6.3).
 */
#include <stddef.h>
#include <string.h>

#include "vmcu/core_int.h"
#include "vmcu/mcu_int.h"

#define ST_ENABLE 1u
#define ST_TICKINT 2u
#define ST_CORE 4u /* clock source: core clock, else a eighth of it */
#define ST_COUNTFLAG (1u << 16)
#define CCR_V6M 0x208u /* STKALIGN, UNALIGN_TRP */

/* -- SysTick: counted only when somebody looks ----------------------------- */

static unsigned systick_div(const struct core *c)
{
	return c->st_ctrl & ST_CORE ? 1 : 8;
}

void core_systick_sync(struct core *c)
{
	uint64_t ticks = (c->clk - c->st_clk) / systick_div(c);

	if (!(c->st_ctrl & ST_ENABLE)) {
		c->st_clk = c->clk;
		return;
	}
	c->st_clk += ticks * systick_div(c);
	if (ticks == 0)
		return;
	if (c->st_val == 0) {
		c->st_val = c->st_load;
		ticks--;
	}
	if (c->st_load == 0 && c->st_val == 0)
		return;
	if (ticks < c->st_val) {
		c->st_val -= (uint32_t)ticks;
		return;
	}
	ticks = (ticks - c->st_val) % ((uint64_t)c->st_load + 1);
	c->st_val = ticks ? c->st_load + 1 - (uint32_t)ticks : 0;
	c->st_flag = true;
	if (c->st_ctrl & ST_TICKINT)
		core_exc_pend(c, EXC_SYSTICK);
}

uint64_t core_systick_next(const struct core *c)
{
	uint64_t ticks = c->st_val;

	if ((c->st_ctrl & 3) != 3)
		return UINT64_MAX;
	if (ticks == 0) {
		if (c->st_load == 0)
			return UINT64_MAX;
		ticks = (uint64_t)c->st_load + 1;
	}
	return c->st_clk + ticks * systick_div(c);
}

static uint32_t systick_ctrl_read(struct core *c)
{
	uint32_t v;

	core_systick_sync(c);
	v = c->st_ctrl | (c->st_flag ? ST_COUNTFLAG : 0);
	c->st_flag = false;
	return v;
}

static void systick_ctrl_write(struct core *c, uint32_t v)
{
	core_systick_sync(c);
	c->st_ctrl = v & 7;
	c->st_clk = c->clk;
	core_kick(c);
}

static void systick_val_write(struct core *c)
{
	core_systick_sync(c);
	c->st_val = 0;
	c->st_flag = false;
	c->st_clk = c->clk;
	core_kick(c);
}

static void systick_load_write(struct core *c, uint32_t v)
{
	core_systick_sync(c);
	c->st_load = v & 0xffffff;
	core_kick(c);
}

/* -- NVIC ------------------------------------------------------------------ */

static uint32_t prio_word(const struct core *c, unsigned first)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < 4 && first + i < CORE_EXCEPTIONS; i++)
		v |= (uint32_t)c->prio[first + i] << (8 * i);
	return v;
}

#define PRIO_V6M 0xc800u /* SVCall, PendSV, SysTick */

static void prio_word_write(struct core *c, unsigned first, uint32_t v)
{
	for (unsigned i = 0; i < 4 && first + i < CORE_EXCEPTIONS; i++)
		if (c->model->v7m || first >= 16 || PRIO_V6M >> (first + i) & 1)
			c->prio[first + i] = v >> (8 * i) & c->model->prio_mask;
	core_kick(c);
}

static uint32_t nvic_read(struct core *c, uint32_t off)
{
	unsigned i = off >> 2 & 7;

	if (off >= 0x400)
		return off - 0x400 < c->model->irqs
			       ? prio_word(c, 16 + (off - 0x400))
			       : 0;
	if (i >= c->model->irqs / 32)
		return 0;
	switch (off & ~0x1fu) {
	case 0x100:
	case 0x180:
		return c->irq_enable[i];
	case 0x200:
	case 0x280:
		return c->irq_pend[i];
	case 0x300: /* v6-M has no IABR */
		return c->model->v7m ? c->irq_active[i] : 0;
	default:
		return 0;
	}
}

static void nvic_write(struct core *c, uint32_t off, uint32_t v)
{
	unsigned i = off >> 2 & 7;

	core_kick(c);
	if (off >= 0x400) {
		if (off - 0x400 < c->model->irqs)
			prio_word_write(c, 16 + (off - 0x400), v);
		return;
	}
	if (i >= c->model->irqs / 32)
		return;
	switch (off & ~0x1fu) {
	case 0x100:
		c->irq_enable[i] |= v;
		break;
	case 0x180:
		c->irq_enable[i] &= ~v;
		break;
	case 0x200:
		c->irq_pend[i] |= v;
		break;
	case 0x280:
		/* a line that is up pends again */
		c->irq_pend[i] &= ~(v & ~(c->irq_level[i] & ~c->irq_active[i]));
		break;
	default:
		break;
	}
}

/* -- SCB ------------------------------------------------------------------- */

static uint32_t icsr_read(struct core *c)
{
	int prio;
	unsigned n = core_exc_best(c, &prio);
	uint32_t v = core_get(c, UC_ARM_REG_IPSR) & 0x1ff;
	unsigned active = (unsigned)__builtin_popcount(c->sys_active);
	uint32_t isr = 0;

	core_systick_sync(c);
	for (unsigned i = 0; i < CORE_IRQS / 32; i++) {
		active += (unsigned)__builtin_popcount(c->irq_active[i]);
		isr |= c->irq_pend[i];
	}
	if (c->model->v7m)
		v |= active <= 1 ? 1u << 11 : 0; /* RETTOBASE */
	v |= (uint32_t)n << 12;
	v |= isr ? 1u << 22 : 0;
	v |= c->sys_pend >> EXC_SYSTICK & 1 ? 1u << 26 : 0;
	v |= c->sys_pend >> EXC_PENDSV & 1 ? 1u << 28 : 0;
	v |= c->sys_pend >> EXC_NMI & 1 ? 1u << 31 : 0;
	return v;
}

static void icsr_write(struct core *c, uint32_t v)
{
	if (v & 1u << 31)
		core_exc_pend(c, EXC_NMI);
	if (v & 1u << 28)
		core_exc_pend(c, EXC_PENDSV);
	if (v & 1u << 27)
		c->sys_pend &= ~(1u << EXC_PENDSV);
	if (v & 1u << 26)
		core_exc_pend(c, EXC_SYSTICK);
	if (v & 1u << 25)
		c->sys_pend &= ~(1u << EXC_SYSTICK);
	core_kick(c);
}

static void aircr_write(struct core *c, uint32_t v)
{
	if (v >> 16 != 0x05fa)
		return;
	c->aircr_prigroup = c->model->v7m ? v >> 8 & 7 : 0;
	if (v & 2 && c->halted) { /* VECTCLRACTIVE */
		c->sys_active = 0;
		memset(c->irq_active, 0, sizeof(c->irq_active));
		core_put(c, UC_ARM_REG_IPSR, 0);
	}
	if (v & 4)
		mcu_want_reset(c->m, RESET_SOFTWARE);
	core_kick(c);
}

/* Bits of SHCSR: {bit, exception} */
static const struct {
	uint8_t bit, n;
	bool pend;
} shcsr_bits[] = {
	{ 0, EXC_MEMMANAGE, false },  { 1, EXC_BUSFAULT, false },
	{ 3, EXC_USAGEFAULT, false }, { 7, EXC_SVC, false },
	{ 8, EXC_DEBUGMON, false },   { 10, EXC_PENDSV, false },
	{ 11, EXC_SYSTICK, false },   { 12, EXC_USAGEFAULT, true },
	{ 13, EXC_MEMMANAGE, true },  { 14, EXC_BUSFAULT, true },
	{ 15, EXC_SVC, true },
};

#define SHCSR_V6M (1u << 15) /* SVCALLPENDED is all there is */

static uint32_t shcsr_read(struct core *c)
{
	uint32_t v = c->shcsr_enable << 16;

	for (size_t i = 0; i < sizeof(shcsr_bits) / sizeof(*shcsr_bits); i++) {
		uint32_t set = shcsr_bits[i].pend ? c->sys_pend : c->sys_active;

		v |= (set >> shcsr_bits[i].n & 1) << shcsr_bits[i].bit;
	}
	return c->model->v7m ? v : v & SHCSR_V6M;
}

static void shcsr_write(struct core *c, uint32_t v)
{
	uint32_t can = c->model->v7m ? UINT32_MAX : SHCSR_V6M;

	c->shcsr_enable = (v & can) >> 16 & 7;
	for (size_t i = 0; i < sizeof(shcsr_bits) / sizeof(*shcsr_bits); i++) {
		if (!(can >> shcsr_bits[i].bit & 1))
			continue;
		uint32_t *set = shcsr_bits[i].pend ? &c->sys_pend
						   : &c->sys_active;
		uint32_t bit = 1u << shcsr_bits[i].n;

		*set = v >> shcsr_bits[i].bit & 1 ? *set | bit : *set & ~bit;
	}
	core_kick(c);
}

/* Feature registers (TRM 4.1 of each core); v6-M has none of them. */
static const struct {
	uint16_t off;
	uint32_t m3, m4;
} features[] = {
	{ 0xd40, 0x00000030, 0x00000030 }, { 0xd44, 0x00000200, 0x00000200 },
	{ 0xd48, 0x00100000, 0x00100000 }, { 0xd50, 0x00000030, 0x00000030 },
	{ 0xd58, 0x01000000, 0x01000000 }, { 0xd60, 0x01141110, 0x01101110 },
	{ 0xd64, 0x02111000, 0x02112000 }, { 0xd68, 0x21112231, 0x21232231 },
	{ 0xd6c, 0x01111110, 0x01111131 }, { 0xd70, 0x01310102, 0x01310132 },
	{ 0xf40, 0, 0x10110021 },	   { 0xf44, 0, 0x11000011 },
};
#define MPU_TYPE 0xd90
#define MPU_REGIONS 0x00000800 /* eight; not modelled beyond this */

static uint32_t scs_constant(const struct core *c, uint32_t off)
{
	const struct core_model *m = c->model;

	if (off == 0x01c)
		return c->no_systick ? 0 : m->systick_calib;
	if (!m->v7m)
		return 0;
	if (off == 0x004) /* ICTR: interrupts in groups of 32, less one */
		return m->irqs / 32 - 1;
	/* no STM32F1 has an MPU */
	if (off == MPU_TYPE)
		return m->fpu ? MPU_REGIONS : 0;
	for (size_t i = 0; i < sizeof(features) / sizeof(*features); i++)
		if (features[i].off == off)
			return m->fpu ? features[i].m4 : features[i].m3;
	return 0;
}

/* Registers without side effects: where they are, and what can be written;
 * w1c: a written 1 clears.  Registers of v7-M read 0 on v6-M. */
static const struct {
	uint16_t off;
	uint16_t field;
	uint32_t writable;
	bool w1c, v7m;
} plain_regs[] = {
	{ 0x008, offsetof(struct core, actlr), 0xffffffff, false, false },
	{ 0x014, offsetof(struct core, st_load), 0, false, false },
	{ 0xd00, offsetof(struct core, cpuid), 0, false, false },
	{ 0xd08, offsetof(struct core, vtor), 0xffffff80, false, false },
	{ 0xd10, offsetof(struct core, scr), 0x16, false, false },
	{ 0xd14, offsetof(struct core, ccr), 0x31b, false, false },
	{ 0xd28, offsetof(struct core, cfsr), 0xffffffff, true, true },
	{ 0xd2c, offsetof(struct core, hfsr), 0xffffffff, true, true },
	{ 0xd34, offsetof(struct core, mmfar), 0xffffffff, false, true },
	{ 0xd38, offsetof(struct core, bfar), 0xffffffff, false, true },
	{ 0xd88, offsetof(struct core, cpacr), 0x00f00000, false, true },
};

static uint32_t writable(const struct core *c, size_t i)
{
	if (plain_regs[i].off == 0xd08)
		return c->model->vtor_mask;
	if (plain_regs[i].off == 0xd14 && !c->model->v7m)
		return 0; /* STKALIGN and UNALIGN_TRP are as they are */
	if (plain_regs[i].off == 0xd88 && !c->model->fpu)
		return 0;
	return plain_regs[i].writable;
}

static uint32_t *plain_reg(struct core *c, uint32_t off, size_t *out_i)
{
	for (size_t i = 0; i < sizeof(plain_regs) / sizeof(*plain_regs); i++) {
		if (plain_regs[i].off != off ||
		    (plain_regs[i].v7m && !c->model->v7m))
			continue;
		*out_i = i;
		return (uint32_t *)(void *)((char *)c + plain_regs[i].field);
	}
	return NULL;
}

static uint32_t systick_val_read(struct core *c)
{
	core_systick_sync(c);
	return c->st_val;
}

static uint32_t aircr_read(struct core *c)
{
	return 0xfa050000 | c->aircr_prigroup << 8;
}

static void val_write(struct core *c, uint32_t v)
{
	(void)v;
	systick_val_write(c);
}

static void stir_write(struct core *c, uint32_t v)
{
	if ((v & 0x1ff) < c->model->irqs)
		core_exc_pend(c, 16 + (v & 0x1ff));
	core_kick(c);
}

/* Registers with a life of their own. */
static const struct {
	uint16_t off;
	uint32_t (*read)(struct core *c);
	void (*write)(struct core *c, uint32_t v);
} live_regs[] = {
	{ 0x010, systick_ctrl_read, systick_ctrl_write },
	{ 0x014, NULL, systick_load_write },
	{ 0x018, systick_val_read, val_write },
	{ 0xd04, icsr_read, icsr_write },
	{ 0xd0c, aircr_read, aircr_write },
	{ 0xd24, shcsr_read, shcsr_write },
	{ 0xf00, NULL, stir_write },
};

static bool is_live(const struct core *c, size_t i, uint32_t off)
{
	if (live_regs[i].off != off)
		return false;
	if (off < 0x100 && c->no_systick)
		return false;
	return off != 0xf00 || c->model->v7m;
}

static bool is_nvic(uint32_t off)
{
	return off >= 0x100 && off < 0x500;
}

static bool is_shpr(uint32_t off)
{
	return off >= 0xd18 && off < 0xd24;
}

uint32_t core_scs_read(struct core *c, uint32_t addr)
{
	uint32_t off = addr & 0xffc;
	const uint32_t *plain;
	size_t i;

	if (is_nvic(off))
		return nvic_read(c, off);
	if (is_shpr(off))
		return prio_word(c, 4 + (off - 0xd18));
	for (i = 0; i < sizeof(live_regs) / sizeof(*live_regs); i++)
		if (is_live(c, i, off) && live_regs[i].read)
			return live_regs[i].read(c);
	plain = plain_reg(c, off, &i);
	return plain ? *plain : scs_constant(c, off);
}

void core_scs_write(struct core *c, uint32_t addr, uint32_t v)
{
	uint32_t off = addr & 0xffc, mask;
	uint32_t *plain;
	size_t i;

	if (is_nvic(off)) {
		nvic_write(c, off, v);
		return;
	}
	if (is_shpr(off)) {
		prio_word_write(c, 4 + (off - 0xd18), v);
		return;
	}
	for (i = 0; i < sizeof(live_regs) / sizeof(*live_regs); i++) {
		if (is_live(c, i, off)) {
			live_regs[i].write(c, v);
			return;
		}
	}
	plain = plain_reg(c, off, &i);
	if (plain == NULL)
		return;
	mask = writable(c, i);
	if (plain_regs[i].w1c)
		*plain &= ~v;
	else
		*plain = (*plain & ~mask) | (v & mask);
}

/* -- reset ----------------------------------------------------------------- */

static void clear(uint32_t set[CORE_IRQS / 32])
{
	for (unsigned i = 0; i < CORE_IRQS / 32; i++)
		set[i] = 0;
}

void core_reset(struct core *c, uint32_t vtor, bool power)
{
	for (unsigned i = 0; i < CORE_EXCEPTIONS; i++)
		c->prio[i] = 0;
	clear(c->irq_pend);
	clear(c->irq_enable);
	clear(c->irq_active);
	clear(c->irq_level);
	c->sys_pend = c->sys_active = 0;
	c->vtor = vtor;
	c->aircr_prigroup = c->scr = c->shcsr_enable = 0;
	c->ccr = c->model->v7m ? 1u << 9 : CCR_V6M;
	c->cfsr = c->hfsr = c->cpacr = c->actlr = 0;
	c->st_ctrl = c->st_load = c->st_val = 0;
	c->st_flag = false;
	c->st_clk = c->clk;
	c->halted = c->lockup = c->sleeping = c->stalled = false;
	c->halt_req = c->event = c->no_thumb = false;
	c->step = 0;
	c->it_len = 0;
	core_put(c, UC_ARM_REG_IPSR, 0);
	core_put(c, UC_ARM_REG_CONTROL, 0);
	core_put(c, UC_ARM_REG_XPSR, 1u << 24);
	core_put(c, UC_ARM_REG_PRIMASK, 0);
	if (c->model->v7m) {
		core_put(c, UC_ARM_REG_FAULTMASK, 0);
		core_put(c, UC_ARM_REG_BASEPRI, 0);
	}
	if (power)
		c->bfar = c->mmfar = 0;
	core_kick(c);
}
