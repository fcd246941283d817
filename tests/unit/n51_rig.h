/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/n51_rig.h - a virtual nRF51822 on a bench, for unit tests; beside
 * tests/unit/vmcu_rig.h, which has registers, halting and time.
 */
#ifndef TESTS_UNIT_N51_RIG_H
#define TESTS_UNIT_N51_RIG_H

#include <stddef.h>
#include <stdint.h>

#include "tests/unit/vmcu_rig.h"

#define N51_RAM 0x20000000u
#define N51_CODE 0x20000800u /* where tests put code */
#define N51_STACK 0x20001800u
#define N51_UICR 0x10001000u
#define N51_RBPCONF 0x10001004u
#define N51_PALL 0xffff00ffu
#define N51_POWER 0x40000000u
#define N51_NVMC 0x4001e000u
#define N51_READY (N51_NVMC + 0x400)
#define N51_CONFIG (N51_NVMC + 0x504)
#define N51_ERASEPAGE (N51_NVMC + 0x508)
#define N51_ERASEALL (N51_NVMC + 0x50c)
#define N51_ERASEPCR0 (N51_NVMC + 0x510)
#define N51_WEN 1u
#define N51_EEN 2u

struct mcu_config n51_config(void);
struct mcu *n51_new(void);
/* Waits until the controller is ready. */
void n51_ready(struct mcu *m);
void n51_config_set(struct mcu *m, uint32_t config);
/* One word, as a debugger writes it. */
void n51_word(struct mcu *m, uint32_t addr, uint32_t v);
void n51_words(struct mcu *m, uint32_t addr, const uint32_t *p, size_t count);
void n51_erase_all(struct mcu *m);
/* Vectors: stack, reset, and a HardFault handler that breaks. */
void n51_vectors(struct mcu *m, uint32_t entry);
/* Writes UICR.RBPCONF; it acts after the power cycle. */
void n51_lock(struct mcu *m, uint32_t rbpconf);
/* Runs code at pc until it halts; the registers r0 to r7 first. */
int n51_run(struct mcu *m, uint32_t pc, const uint32_t regs[8]);
/* The exception the halted core is in: 0, 3 = HardFault. */
unsigned n51_exception(struct mcu *m);

#endif
