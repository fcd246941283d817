/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/vmcu_rig.h - a virtual STM32L432 on a bench, for unit tests:
 * code into its flash or RAM through the debug bus, registers, time.
 */
#ifndef TESTS_UNIT_VMCU_RIG_H
#define TESTS_UNIT_VMCU_RIG_H

#include <stddef.h>
#include <stdint.h>

#include "vmcu/mcu.h"

#define US 1000000ull
#define MS (1000 * US)

#define FLASH 0x08000000u
#define SRAM1 0x20000000u
#define SRAM2 0x10000000u
#define RAM_CODE 0x20001000u
#define RESULT 0x20000100u

#define FLASH_KEYR 0x40022008u
#define FLASH_OPTKEYR 0x4002200cu
#define FLASH_SR 0x40022010u
#define FLASH_CR 0x40022014u
#define FLASH_ECCR 0x40022018u
#define FLASH_OPTR 0x40022020u
#define SR_EOP 0x001u
#define SR_PROGERR 0x008u
#define SR_WRPERR 0x010u
#define SR_PGAERR 0x020u
#define SR_SIZERR 0x040u
#define SR_PGSERR 0x080u
#define SR_OPTVERR 0x8000u
#define SR_BSY 0x10000u
#define SR_PEMPTY 0x20000u
#define SR_ERRORS 0xc3fau
#define CR_PG 0x1u
#define CR_PER 0x2u
#define CR_MER1 0x4u
#define CR_STRT 0x10000u
#define CR_OPTSTRT 0x20000u
#define CR_OBL 0x08000000u
#define CR_LOCK 0x80000000u
#define CR_OPTLOCK 0x40000000u
#define OPTR_DEFAULT 0xffeff8aau
#define OPTR_SRAM2_RST 0x02000000u

#define DHCSR 0xe000edf0u
#define DCRSR 0xe000edf4u
#define DCRDR 0xe000edf8u
#define DEMCR 0xe000edfcu
#define DBGKEY 0xa05f0000u
#define AIRCR 0xe000ed0cu

/* A new chip, powered, its debug domain on. */
struct mcu *rig_new(const struct mcu_config *cfg);
/* The default configuration: in memory only, typical times. */
struct mcu_config rig_config(void);
/* Off for a second, and on again; the debug domain on, nothing touched. */
void rig_power_cycle(struct mcu *m);
void rig_debug_on(struct mcu *m);

/* Bus accesses that must succeed. */
uint32_t rig_r(struct mcu *m, uint32_t addr);
void rig_w(struct mcu *m, uint32_t addr, uint32_t v);
enum mcu_bus rig_try(struct mcu *m, uint32_t addr);

void rig_halt(struct mcu *m);
void rig_go(struct mcu *m, uint32_t pc, uint32_t sp);
uint32_t rig_reg(struct mcu *m, unsigned sel);
void rig_set_reg(struct mcu *m, unsigned sel, uint32_t v);
/* Runs until halted (BKPT); false after the time given. */
int rig_wait_halt(struct mcu *m, uint64_t ps);

/* Flash, by its registers through the debug bus. */
void rig_unlock(struct mcu *m);
void rig_unlock_options(struct mcu *m);
/* Waits until not busy, and returns SR. */
uint32_t rig_busy(struct mcu *m);
uint32_t rig_program(struct mcu *m, uint32_t addr, uint64_t v);
void rig_flash(struct mcu *m, uint32_t addr, const void *p, size_t len);
uint32_t rig_erase_page(struct mcu *m, unsigned page);
void rig_options(struct mcu *m, uint32_t optr);
void rig_ram(struct mcu *m, uint32_t addr, const void *p, size_t len);
/* A word of flash as the running chip would see it, without the debugger:
 * NULL-safe peek for tests of protection. */
void rig_vectors(struct mcu *m, uint32_t sp, uint32_t entry);

#endif
