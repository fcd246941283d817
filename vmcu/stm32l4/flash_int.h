/* SPDX-License-Identifier: MIT */
/*
 * vmcu/stm32l4/flash_int.h - between flash.c (cells, operations, stores) and
 * flash_regs.c (registers) of the flash controller.
 */
#ifndef VMCU_STM32L4_FLASH_INT_H
#define VMCU_STM32L4_FLASH_INT_H

#include "vmcu/stm32l4/l4.h"

#define ROW_SIZE 256u
#define FAST_HZ_MIN 8000000u

#define SR_EOP (1u << 0)
#define SR_OPERR (1u << 1)
#define SR_PROGERR (1u << 3)
#define SR_WRPERR (1u << 4)
#define SR_PGAERR (1u << 5)
#define SR_SIZERR (1u << 6)
#define SR_PGSERR (1u << 7)
#define SR_MISERR (1u << 8)
#define SR_FASTERR (1u << 9)
#define SR_BSY (1u << 16)
#define SR_PEMPTY (1u << 17)
#define SR_DIRTY                                                      \
	(SR_PROGERR | SR_WRPERR | SR_PGAERR | SR_SIZERR | SR_PGSERR | \
	 SR_MISERR | SR_FASTERR)
#define SR_CLEARABLE 0xc3fbu

#define CR_PG (1u << 0)
#define CR_PER (1u << 1)
#define CR_MER1 (1u << 2)
#define CR_PNB(cr) ((cr) >> 3 & 0xff)
#define CR_STRT (1u << 16)
#define CR_OPTSTRT (1u << 17)
#define CR_FSTPG (1u << 18)
#define CR_EOPIE (1u << 24)
#define CR_ERRIE (1u << 25)
#define CR_OBL (1u << 27)
#define CR_OPTLOCK (1u << 30)
#define CR_LOCK (1u << 31)
#define CR_PLAIN 0x070707ffu

/* Starts an operation; l4_flash_event() ends it. */
void l4_flash_start(struct l4 *l, enum l4_flash_op op);
/* Sets error bits. */
void l4_flash_fail(struct l4 *l, uint32_t error);
void l4_flash_irq(struct l4 *l);

#endif
