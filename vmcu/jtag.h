/* SPDX-License-Identifier: MIT */
/*
 * vmcu/jtag.h - the chip's JTAG scan chain, edge by edge (IEEE 1149.1, and
 * IHI 0031 chapter B3 for the JTAG-DP).
 *
 * TDI enters the boundary-scan TAP (IR length 5, only IDCODE and BYPASS do
 * something) where the chip has one, then the core's TAP (IR length 4: ABORT
 * 1000, DPACC 1010, APACC 1011, IDCODE 1110, BYPASS 1111), then TDO.
 */
#ifndef VMCU_JTAG_H
#define VMCU_JTAG_H

#include <stdbool.h>
#include <stdint.h>

#include "vmcu/adi.h"

enum jtag_state {
	JTAG_RESET,
	JTAG_IDLE,
	JTAG_SELECT_DR,
	JTAG_CAPTURE_DR,
	JTAG_SHIFT_DR,
	JTAG_EXIT1_DR,
	JTAG_PAUSE_DR,
	JTAG_EXIT2_DR,
	JTAG_UPDATE_DR,
	JTAG_SELECT_IR,
	JTAG_CAPTURE_IR,
	JTAG_SHIFT_IR,
	JTAG_EXIT1_IR,
	JTAG_PAUSE_IR,
	JTAG_EXIT2_IR,
	JTAG_UPDATE_IR,
};

struct jtag_tap {
	unsigned ir_len;
	uint32_t ir;
	uint64_t shift;
	unsigned shift_len;
};

struct jtag {
	struct adiv5 *adi; /* borrowed */
	unsigned wait;	   /* the next N DPACC/APACC scans answer WAIT */
	enum jtag_state state;
	struct jtag_tap core, boundary;
	bool waiting; /* this scan was answered WAIT: its update is ignored */
	int tdo;
};

void jtag_init(struct jtag *j, struct adiv5 *adi);
/* Power-on, TRST. */
void jtag_reset(struct jtag *j);
void jtag_rising(struct jtag *j, int tms, int tdi);
/* TDO changes on the falling edge; 1 outside the shift states. */
void jtag_falling(struct jtag *j);

#endif
