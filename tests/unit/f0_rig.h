/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/f0_rig.h - a virtual STM32F051 on a bench: what vmcu_rig.h has
 * for the L4's flash, for the F0's.
 */
#ifndef TESTS_UNIT_F0_RIG_H
#define TESTS_UNIT_F0_RIG_H

#include "tests/unit/vmcu_rig.h"

#define F0_KEYR 0x40022004u
#define F0_OPTKEYR 0x40022008u
#define F0_SR 0x4002200cu
#define F0_CR 0x40022010u
#define F0_AR 0x40022014u
#define F0_OBR 0x4002201cu
#define F0_WRPR 0x40022020u
#define F0_OPTIONS 0x1ffff800u
#define F0_SR_BSY 0x01u
#define F0_SR_PGERR 0x04u
#define F0_SR_WRPRTERR 0x10u
#define F0_SR_EOP 0x20u
#define F0_CR_PG 0x001u
#define F0_CR_PER 0x002u
#define F0_CR_MER 0x004u
#define F0_CR_OPTPG 0x010u
#define F0_CR_OPTER 0x020u
#define F0_CR_STRT 0x040u
#define F0_CR_LOCK 0x080u
#define F0_CR_OPTWRE 0x200u
#define F0_CR_OBL 0x2000u

struct mcu_config f0_config(void);
struct mcu *f0_new(const char *quirks);
void f0_unlock(struct mcu *m);
void f0_unlock_options(struct mcu *m);
/* Waits until not busy; SR, whose flags it clears. */
uint32_t f0_busy(struct mcu *m);
uint32_t f0_program(struct mcu *m, uint32_t addr, uint16_t v);
/* Half-words; all must work. */
void f0_flash(struct mcu *m, uint32_t addr, const void *p, size_t len);
uint32_t f0_erase_page(struct mcu *m, uint32_t addr);
/* Erases the option bytes and programs RDP and USER anew. */
void f0_options(struct mcu *m, uint8_t rdp, uint8_t user);
/* RDP alone, where it is erased or about to be opened. */
uint32_t f0_option(struct mcu *m, unsigned i, uint8_t v);
enum mcu_bus f0_read16(struct mcu *m, uint32_t addr, uint32_t *out);
/* Stack and entry at the flash's start. */
void f0_vectors(struct mcu *m, uint32_t sp, uint32_t entry);

#endif
