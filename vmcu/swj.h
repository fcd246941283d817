/* SPDX-License-Identifier: MIT */
/*
 * vmcu/swj.h - the chip's debug connector: SWJ-DP with its two wire
 * protocols on the same pins, and the sequences that switch between them.
 *
 * After power-on the pins speak JTAG.  At least 50 clocks with SWDIO/TMS high
 * and then 0xE79E, least significant bit first, select SWD; 0xE73C selects
 * JTAG.  Time is the caller's: swj knows edges only.
 */
#ifndef VMCU_SWJ_H
#define VMCU_SWJ_H

#include <stdbool.h>
#include <stdint.h>

#include "vmcu/jtag.h"
#include "vmcu/swd.h"

struct swj {
	struct wiretime *time; /* borrowed */
	struct adiv5 adi;
	struct swdp swd;
	struct jtag jtag;
	bool swd_selected;
	bool unplugged; /* the cable is off: nobody hears, nobody answers */
	/* A JTAG port in front of a chip that has SWD alone: for tools that
	 * speak nothing else.  No silicon has it. */
	bool fiction;
	unsigned ones; /* run of ones on SWDIO/TMS */
	unsigned switch_bits;
	uint16_t switch_word;
	bool chip_drives; /* in the last cycle */
	uint64_t clocks;  /* rising edges seen */
};

void swj_init(struct swj *s, struct wiretime *time);
/* The debug domain lost its power: everything as after power-on. */
void swj_power_on_reset(struct swj *s);

/* One SWCLK cycle.  probe = 0 or 1 driven by the probe, -1 released.  Returns
 * the level on SWDIO that the probe samples. */
int swj_swd_cycle(struct swj *s, int probe);

/* TCK edges for a JTAG adapter. */
bool swj_has_jtag(const struct swj *s);
void swj_jtag_rising(struct swj *s, int tms, int tdi);
void swj_jtag_falling(struct swj *s);
int swj_tdo(const struct swj *s);
void swj_trst(struct swj *s);

#endif
