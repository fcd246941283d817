/* SPDX-License-Identifier: MIT */
/* SYSCFG (memory remap), PWR and DBGMCU: mostly plain registers. */
#include <string.h>

#include "vmcu/stm32f0/f0.h"

#define CFGR1 0x00

uint32_t f0_syscfg_read(void *dev, unsigned unit, uint32_t off)
{
	const struct f0 *f = dev;

	(void)unit;
	if (off >= sizeof(f->syscfg))
		return 0;
	return f->syscfg[off / 4] | (off == CFGR1 ? f->mem_mode : 0);
}

void f0_syscfg_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		     uint32_t mask)
{
	struct f0 *f = dev;

	(void)unit;
	if (off >= sizeof(f->syscfg))
		return;
	v = (f0_syscfg_read(dev, unit, off) & ~mask) | (v & mask);
	if (off == CFGR1) {
		f->mem_mode = v & 3;
		v &= ~3u;
		/* memory is remapped between two instructions */
		mcu_due(f->m, EVENT_REMAP, f->m->now);
	}
	f->syscfg[off / 4] = v;
}

uint32_t f0_pwr_read(void *dev, unsigned unit, uint32_t off)
{
	const struct f0 *f = dev;

	(void)unit;
	return off < sizeof(f->pwr) ? f->pwr[off / 4] : 0;
}

void f0_pwr_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		  uint32_t mask)
{
	struct f0 *f = dev;

	(void)unit;
	if (off == 0)
		f->pwr[0] = (f->pwr[0] & ~mask) | (v & mask);
}

/* IDCODE, CR, APB1_FZ, APB2_FZ: kept through all resets but power-on. */
uint32_t f0_dbgmcu_read(void *dev, unsigned unit, uint32_t off)
{
	const struct f0 *f = dev;

	(void)unit;
	if (off == 0)
		return f->profile->dbgmcu_id;
	return off < sizeof(f->dbgmcu) ? f->dbgmcu[off / 4] : 0;
}

void f0_dbgmcu_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		     uint32_t mask)
{
	struct f0 *f = dev;

	(void)unit;
	if (off != 0 && off < sizeof(f->dbgmcu))
		f->dbgmcu[off / 4] = (f->dbgmcu[off / 4] & ~mask) | (v & mask);
}

void f0_system_reset(struct f0 *f)
{
	memset(f->syscfg, 0, sizeof(f->syscfg));
	memset(f->pwr, 0, sizeof(f->pwr));
}
