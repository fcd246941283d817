/* SPDX-License-Identifier: MIT */
/*
 * vmcu/swd.h - the chip's serial wire interface, clock by clock (IHI 0031,
 * chapter B4), so that a captured wire is exact.
 *
 * One clock cycle: the wire's level is what swdp_drive() says if the chip
 * drives it, else what the probe drives, else 1 (pull-up); then swdp_clock()
 * takes that level in.  A request with wrong parity, stop or park bit, and any
 * first request after a line reset that is not a DPIDR read, ends in the
 * protocol error state: silence until a line reset or a DPIDR read.
 */
#ifndef VMCU_SWD_H
#define VMCU_SWD_H

#include <stdbool.h>
#include <stdint.h>

#include "vmcu/adi.h"

/* Wire faults that a test asks for: the next N transfers. */
struct swdp_faults {
	unsigned wait, fault; /* answer WAIT, FAULT */
	unsigned parity;  /* wrong parity bit in read data, and taken as wrong
			   * in written data */
	unsigned silence; /* no answer */
};

enum swdp_state {
	SWDP_RESET, /* line reset seen: wait for a zero */
	SWDP_IDLE,
	SWDP_REQUEST,
	SWDP_TURN_ACK,
	SWDP_ACK,
	SWDP_READ,
	SWDP_TURN_WRITE,
	SWDP_WRITE,
	SWDP_TURN_IDLE,
	SWDP_ERROR,
};

struct swdp {
	struct adiv5 *adi; /* borrowed */
	struct swdp_faults faults;
	enum swdp_state state;
	unsigned bit;  /* bits done in this state */
	unsigned ones; /* run of ones on the wire */
	bool need_dpidr;
	bool bad_parity; /* this transfer's data parity is spoilt */
	uint8_t request;
	uint8_t recent; /* last eight bits, oldest in bit 0 */
	enum adiv5_ack ack;
	uint64_t shift;	    /* 33 bits of data */
	uint64_t transfers; /* answered requests */
};

#define SWDP_LINE_RESET 50 /* ones that make a line reset */

void swdp_init(struct swdp *s, struct adiv5 *adi);
/* Forgets the transfer; faults asked for stay. */
void swdp_power_on_reset(struct swdp *s);
/* 0 or 1 while the chip drives the wire, else -1. */
int swdp_drive(const struct swdp *s);
void swdp_clock(struct swdp *s, int level);

#endif
