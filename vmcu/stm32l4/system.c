/* SPDX-License-Identifier: MIT */
/* SYSCFG (memory remap, SRAM2 erase) and PWR (plain registers). */
#include <string.h>

#include "vmcu/stm32l4/l4.h"

#define MEMRMP 0x00
#define SCSR 0x18
#define SKR 0x24
#define SCSR_SRAM2ER 1u

uint32_t l4_syscfg_read(void *dev, unsigned unit, uint32_t off)
{
	struct l4 *l = dev;
	(void)unit;
	if (off == MEMRMP)
		return l->mem_mode;
	return off < sizeof(l->syscfg.regs) ? l->syscfg.regs[off / 4] : 0;
}

static void write_scsr(struct l4 *l, uint32_t v)
{
	if (!(v & SCSR_SRAM2ER) || l->syscfg.skey != 2)
		return;
	l->syscfg.skey = 0;
	l4_sram2_erase(l);
}

static void write_skr(struct l4 *l, uint32_t v)
{
	if (l->syscfg.skey == 0 && (v & 0xff) == 0xca)
		l->syscfg.skey = 1;
	else if (l->syscfg.skey == 1 && (v & 0xff) == 0x53)
		l->syscfg.skey = 2;
	else
		l->syscfg.skey = 0;
}

void l4_syscfg_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		     uint32_t mask)
{
	struct l4 *l = dev;
	(void)unit;
	v &= mask;
	if (off == MEMRMP) {
		l->mem_mode = v & 7;
		/* memory is remapped between two instructions */
		mcu_due(l->m, EVENT_REMAP, l->m->now);
	} else if (off == SCSR) {
		write_scsr(l, v);
	} else if (off == SKR) {
		write_skr(l, v);
	} else if (off < sizeof(l->syscfg.regs)) {
		l->syscfg.regs[off / 4] = (l->syscfg.regs[off / 4] & ~mask) | v;
	}
}

void l4_syscfg_reset(struct l4 *l)
{
	memset(&l->syscfg, 0, sizeof(l->syscfg));
	l->syscfg.regs[1] = 0x7c000001;
}

uint32_t l4_pwr_read(void *dev, unsigned unit, uint32_t off)
{
	struct l4 *l = dev;
	(void)unit;
	return off < sizeof(l->pwr) ? l->pwr[off / 4] : 0;
}

void l4_pwr_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		  uint32_t mask)
{
	struct l4 *l = dev;
	(void)unit;
	if (off >= sizeof(l->pwr) || off == 0x10 || off == 0x14)
		return; /* SR1, SR2 */
	l->pwr[off / 4] = (l->pwr[off / 4] & ~mask) | (v & mask);
}

void l4_pwr_reset(struct l4 *l)
{
	memset(l->pwr, 0, sizeof(l->pwr));
	l->pwr[0] = 0x200;
	l->pwr[2] = 0x8000;
	l->pwr[0x14 / 4] = 0x100; /* REGLPS */
}
