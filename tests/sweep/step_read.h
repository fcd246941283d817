/* SPDX-License-Identifier: MIT */
/*
 * tests/sweep/step_read.h - the nRF51's memory by way of its core (Include
 * Security 2015): core registers and stepping stay open whatever is locked, so
 * an instruction in flash that loads a word is made to load each.
 */
#ifndef TESTS_SWEEP_STEP_READ_H
#define TESTS_SWEEP_STEP_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmcu/mcu.h"

/* Halts the core where it is: no reset. */
bool step_halt(struct mcu *m);
/* By AIRCR and vector catch, which the lock leaves open too. */
bool step_halt_at_reset(struct mcu *m);
/* An `ldr r0, [r0]` somewhere in the flash: how one finds it without seeing the
 * flash is in tests/unit/test_n51_protect.c, here one looks.  0: none. */
uint32_t step_find(const struct mcu *m, uint32_t flash, uint32_t len);
/* The core is halted; len bytes from `at` by the load at pc. */
void step_read(struct mcu *m, uint32_t pc, uint32_t at, uint8_t *out,
	       size_t len);

#endif
