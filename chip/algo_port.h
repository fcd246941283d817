/* SPDX-License-Identifier: MIT */
/*
 * chip/algo_port.h - inside a flash algorithm: what is the same on every chip
 * (chip/algo_main.c: commands, buffers, mirror, CRC) and what a family adds
 * (chip/FAMILY/algo_port.c, places in chip/FAMILY/layout.h).
 *
 * All of it runs in RAM and wants no runtime, no .data and no .bss.  The host
 * starts it after a reset that halted the core before its first instruction,
 * so clocks are at their reset values.  No interrupts.
 */
#ifndef CHIP_ALGO_PORT_H
#define CHIP_ALGO_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "chip/algo.h"

#define ALGO_REG(address) (*(volatile uint32_t *)(address))

/* Tells the host; always false. */
bool algo_failed(uint32_t error, uint32_t status, uint32_t address);
/* Handler of faults: tells the host, and stays. */
void algo_fault(void);
bool algo_idle(void); /* no command is being carried out */

/* Clock and caches; the vectors too, where a core can move them. */
void port_start(void);
/* A watchdog may be running. */
void port_feed(void);
/* The status register, and what else tells where a fault was. */
uint32_t port_status(uint32_t *ret_address);
void port_nmi(void);
/* The rest: false after algo_failed(). */
bool port_open(void); /* unlocks the controller, clears old errors */
bool port_erase_all(void);
/* One buffer, whole program units; erased units stay as they are.  fast: the
 * host says that all was erased a moment ago. */
bool port_program(const uint32_t *from, uint32_t address, uint32_t len,
		  bool fast);
bool port_options(const volatile uint32_t *want);

#endif
