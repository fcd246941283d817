/* SPDX-License-Identifier: MIT */
/*
 * vmcu/stm32/fpec_int.h - between fpec.c (cells, operations, stores) and
 * fpec_regs.c (registers, keys, loading of options).
 */
#ifndef VMCU_STM32_FPEC_INT_H
#define VMCU_STM32_FPEC_INT_H

#include "vmcu/stm32/fpec.h"

#define SR_BSY (1u << 0)
#define SR_EOP (1u << 5)
#define SR_ERRORS (FPEC_SR_PGERR | FPEC_SR_WRPRTERR)

#define CR_PG (1u << 0)
#define CR_PER (1u << 1)
#define CR_MER (1u << 2)
#define CR_OPTPG (1u << 4)
#define CR_OPTER (1u << 5)
#define CR_STRT (1u << 6)
#define CR_LOCK (1u << 7)
#define CR_OPTWRE (1u << 9)
#define CR_ERRIE (1u << 10)
#define CR_EOPIE (1u << 12)
#define CR_OBL_LAUNCH (1u << 13)
#define CR_PLAIN                                                              \
	(CR_PG | CR_PER | CR_MER | CR_OPTPG | CR_OPTER | CR_STRT | CR_ERRIE | \
	 CR_EOPIE)

/* Starts an operation; fpec_event() ends it. */
void fpec_start(struct fpec *f, enum fpec_op op);
void fpec_fail(struct fpec *f, uint32_t errors);
void fpec_irq(struct fpec *f);
/* One option half-word as a read finds it. */
uint16_t fpec_option_cell(struct fpec *f, unsigned i);

#endif
