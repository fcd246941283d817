/* SPDX-License-Identifier: MIT */
/*
 * vmcu/core.h - the processor: Unicorn executes, everything an ARMv6-M or
 * ARMv7-M core adds around it is ours (exceptions, NVIC, SysTick, SCB).
 *
 * The debug components in vmcu/debug.c (DHCSR, DCRSR, DCRDR, DEMCR, DFSR, FPB,
 * DWT, ROM table; ARMv7-M ARM part C) drive it through the calls below.
 */
#ifndef VMCU_CORE_H
#define VMCU_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct core; /* opaque, owned by struct mcu */

/* Why the core halted: the bits of DFSR (ARMv7-M ARM C1.6.1). */
enum core_halt {
	CORE_HALTED = 1 << 0, /* C_HALT or step */
	CORE_BKPT = 1 << 1,   /* BKPT or FPB */
	CORE_DWTTRAP = 1 << 2,
	CORE_VCATCH = 1 << 3,
	CORE_EXTERNAL = 1 << 4,
};

bool core_is_halted(const struct core *c);
bool core_is_locked_up(const struct core *c);
bool core_is_sleeping(const struct core *c);
/* Halts before the next instruction; calls back debug_on_halt(). */
void core_halt(struct core *c, enum core_halt why);
void core_resume(struct core *c);
/* One instruction, then halted again (CORE_HALTED); mask_ints = C_MASKINTS. */
void core_step(struct core *c, bool mask_ints);
/* Debug enabled: BKPT halts instead of faulting. */
void core_debug_enable(struct core *c, bool on);

/* DCRSR register numbers (ARMv7-M ARM C1.6.3): 0-15, 16 xPSR, 17 MSP, 18 PSP,
 * 20 CONTROL|FAULTMASK|BASEPRI|PRIMASK, 33 FPSCR, 64.. S0-S31. */
MUST_USE int core_reg_read(struct core *c, unsigned sel, uint32_t *out);
MUST_USE int core_reg_write(struct core *c, unsigned sel, uint32_t v);

/* Core cycles executed, for DWT_CYCCNT. */
uint64_t core_cycles(const struct core *c);

/* FPB: halfword addresses, two per comparator (a comparator can break on both
 * halves of its word); DWT: data watchpoints. */
#define CORE_BREAKPOINTS 16
#define CORE_WATCHPOINTS 4
void core_breakpoint(struct core *c, unsigned i, bool on, uint32_t addr);
struct core_watch {
	bool on, read, write;
	uint32_t addr, mask; /* address compare ignores the mask bits */
};
void core_watchpoint(struct core *c, unsigned i, struct core_watch w);
/* DEMCR vector catch bits as in DEMCR[10:0]. */
void core_vector_catch(struct core *c, uint32_t demcr);
/* AIRCR.SYSRESETREQ and friends go through the mcu, see vmcu/mcu.c. */

/* SCS registers other than debug (0xE000E000-0xE000EDEF, 0xE000EF00..): SCB,
 * NVIC, SysTick, MPU type, FPU.  For core and debugger alike. */
uint32_t core_scs_read(struct core *c, uint32_t addr);
void core_scs_write(struct core *c, uint32_t addr, uint32_t v);

#endif
