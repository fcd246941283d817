/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/f1_rig.h - a virtual STM32F103 on a bench, for unit tests; beside
 * tests/unit/vmcu_rig.h, which has halting and time.
 */
#ifndef TESTS_UNIT_F1_RIG_H
#define TESTS_UNIT_F1_RIG_H

#include <stddef.h>
#include <stdint.h>

#include "tests/unit/vmcu_rig.h"

#define F1_FLASH 0x08000000u
#define F1_RAM 0x20000000u
#define F1_RESULT 0x20000100u
#define F1_ACR 0x40022000u
#define F1_KEYR 0x40022004u
#define F1_OPTKEYR 0x40022008u
#define F1_SR 0x4002200cu
#define F1_CR 0x40022010u
#define F1_AR 0x40022014u
#define F1_OBR 0x4002201cu
#define F1_WRPR 0x40022020u
#define F1_OPTIONS 0x1ffff800u
#define F1_SIZE 0x1ffff7e0u
#define F1_UID 0x1ffff7e8u
#define F1_DBGMCU 0xe0042000u
#define F1_KEY1 0x45670123u
#define F1_KEY2 0xcdef89abu
#define F1_BSY 0x01u
#define F1_PGERR 0x04u
#define F1_WRPRTERR 0x10u
#define F1_ERRORS 0x14u
#define F1_EOP 0x20u
#define F1_PG 0x001u
#define F1_PER 0x002u
#define F1_MER 0x004u
#define F1_OPTPG 0x010u
#define F1_OPTER 0x020u
#define F1_STRT 0x040u
#define F1_LOCK 0x080u
#define F1_OPTWRE 0x200u

struct mcu_config f1_config(const char *chip, const char *quirks);
/* A new chip, powered, its debug domain on, nothing touched. */
struct mcu *f1_new(const char *chip, const char *quirks);

/* Half-words, as a debugger writes and reads them. */
enum mcu_bus f1_w16(struct mcu *m, uint32_t addr, uint16_t v);
uint16_t f1_r16(struct mcu *m, uint32_t addr);
void f1_unlock(struct mcu *m);
void f1_unlock_options(struct mcu *m);
/* Waits until not busy, and returns SR; clears its flags. */
uint32_t f1_done(struct mcu *m);
/* One half-word; SR afterwards. */
uint32_t f1_program(struct mcu *m, uint32_t addr, uint16_t v);
void f1_write(struct mcu *m, uint32_t addr, const void *p, size_t len);
uint32_t f1_page_erase(struct mcu *m, uint32_t addr);
uint32_t f1_mass_erase(struct mcu *m);
uint32_t f1_option_erase(struct mcu *m);
/* Number 0 to 7, the byte: the hardware makes the complement. */
uint32_t f1_option(struct mcu *m, unsigned i, uint8_t v);
/* Option area erased: level 1 from the next load on. */
void f1_lock(struct mcu *m);
/* tests/target/NAME.bin (its vector table first) to the flash's beginning. */
void f1_load(struct mcu *m, const char *name);
/* Off and on, with nobody on the debug wire; then ms of its own time. */
void f1_alone(struct mcu *m, unsigned ms);
/* What is in SRAM, past every protection. */
uint32_t f1_peek(struct mcu *m, uint32_t addr);

#endif
