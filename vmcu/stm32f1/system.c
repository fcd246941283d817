/* SPDX-License-Identifier: MIT */
/*
 * PWR and BKP: plain registers; the backup domain wants PWR_CR.DBP.
 */
#include <string.h>

#include "vmcu/stm32f1/f1.h"

#define PWR_CR_DBP (1u << 8)

uint32_t f1_pwr_read(void *dev, unsigned unit, uint32_t off)
{
	struct f1 *f = dev;
	(void)unit;
	return off < sizeof(f->pwr) ? f->pwr[off / 4] : 0;
}

void f1_pwr_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		  uint32_t mask)
{
	struct f1 *f = dev;
	(void)unit;
	if (off == 0)
		f->pwr[0] = (f->pwr[0] & ~mask) | (v & mask & 0x1f3);
	return;
}

void f1_pwr_reset(struct f1 *f)
{
	memset(f->pwr, 0, sizeof(f->pwr));
}

uint32_t f1_bkp_read(void *dev, unsigned unit, uint32_t off)
{
	struct f1 *f = dev;
	(void)unit;
	return off < sizeof(f->bkp) ? f->bkp[off / 4] : 0;
}

void f1_bkp_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		  uint32_t mask)
{
	struct f1 *f = dev;
	(void)unit;
	(void)mask;
	if (off >= 4 && off < sizeof(f->bkp) && f->pwr[0] & PWR_CR_DBP)
		f->bkp[off / 4] = v & 0xffff;
	return;
}

void f1_bkp_reset(struct f1 *f)
{
	memset(f->bkp, 0, sizeof(f->bkp));
}
