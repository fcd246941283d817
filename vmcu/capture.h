/* SPDX-License-Identifier: MIT */
/*
 * vmcu/capture.h - a logic analyzer on all the board's wires: what passes is
 * written as VCD (IEEE 1364), in virtual time, one nanosecond a step.
 *
 *   vdd nrst        supply, reset
 *   swclk swdio     the debug connector, as the wires are
 *   swdio_target    1 while the chip drives SWDIO, 0 while it does not
 *   tx rx           the chip's UART: from it, to it
 *
 * Wires are heard in pieces, the supply and the UART by what the chip tells,
 * the debug wires by what the probe does, not in the order of time; so events
 * wait until everybody is past them (capture_settle).
 */
#ifndef VMCU_CAPTURE_H
#define VMCU_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct capture; /* opaque */

/* The wires' levels at the beginning. */
struct capture_start {
	uint64_t now_ps;
	bool vdd, nrst;
};
MUST_USE int capture_open(const char *path, const struct capture_start *at,
			  struct capture **out);
/* Writes what is left.  E_IO when any write has failed. */
MUST_USE int capture_close(struct capture *c);
/* Nothing earlier than this will come any more. */
void capture_settle(struct capture *c, uint64_t now_ps);

void capture_vdd(struct capture *c, uint64_t ps, bool on);
void capture_nrst(struct capture *c, uint64_t ps, bool high);
/* A clock cycle of the debug port: the level on the wire, who made it. */
void capture_cycle(struct capture *c, uint64_t ps, uint64_t period, int level,
		   bool by_chip);
/* The same for the firmware's line; the chip's part comes by capture_chip. */
void capture_cycles(struct capture *c, uint64_t ps, uint64_t period, bool out,
		    uint64_t bits, unsigned n);
/* What the chip itself drives on SWDIO from now on, -1 nothing. */
void capture_chip(struct capture *c, uint64_t ps, int level);
/* What the probe drives between its sequences. */
void capture_probe(struct capture *c, uint64_t ps, int swclk, int swdio);
/* A UART character; bit_ps 0 = the rate is not known. */
void capture_uart(struct capture *c, uint64_t ps, bool tx, uint8_t byte,
		  uint64_t bit_ps);

#endif
