/* SPDX-License-Identifier: MIT */
/*
 * probe/link.h - the two lines to a loader whose debug port is shut
 * (docs/protocol.md, "Line: swd-pins" and "Line: uart").
 *
 * Characters go in and come out; what they mean is the caller's
 * (flasher/link.c).  The two ends take turns: write a frame, then read until
 * the answer is whole or the line is quiet.
 *
 * While a link is open nothing else may be asked of the probe but
 * probe_delay_us().  All calls return 0 or E_*; probe_why() explains.
 */
#ifndef PROBE_LINK_H
#define PROBE_LINK_H

#include "probe/probe.h"

enum probe_line {
	PROBE_LINE_SWD_PINS, /* SWCLK and SWDIO as a clocked serial line */
	PROBE_LINE_UART,
};

/* Clock of swd-pins in Hz, or baud; what every chip can where it is 0. */
#define PROBE_LINK_CLOCK_HZ 400000
#define PROBE_LINK_BAUD 1000000

enum probe_line_state {
	PROBE_LINE_BUSY,  /* the chip works and does not listen */
	PROBE_LINE_TALKS, /* it is in the middle of a frame */
	PROBE_LINE_QUIET, /* it listens, and has nothing to say */
};

/* Whether this probe can: E_UNSUPPORTED with the reason in probe_why().
 * Nothing is clocked. */
MUST_USE int probe_link_can(struct probe *p, enum probe_line line);

struct probe_link; /* borrows the probe */

/* The target's power has just come on and no debug traffic has been since:
 * leaves the wires alone for 20 ms, then takes them. */
MUST_USE int probe_link_open(struct probe *p, enum probe_line line,
			     uint32_t rate, struct probe_link **out);
void probe_link_close(struct probe_link *l);

/* With swd-pins only when the line is quiet: E_STATE otherwise. */
MUST_USE int probe_link_write(struct probe_link *l, const uint8_t *buf,
			      size_t len);
/*
 * Listens for a short time: one packet.  want = characters of the present
 * frame that are still to come, as far as the caller knows (0 = it does not);
 * with swd-pins the host must know it, because it clocks the answer
 * out.  out gets what came, at most cap; 0 is normal.
 */
MUST_USE int probe_link_read(struct probe_link *l, size_t want, uint8_t *out,
			     size_t cap, size_t *out_len,
			     enum probe_line_state *ret_state);
/* Whether a frame may be written while the chip still works on another. */
bool probe_link_buffers(const struct probe_link *l);
/* Leaves the line alone for a while; the target runs. */
MUST_USE int probe_link_wait(struct probe_link *l, uint32_t us);
/* Microseconds that the line has been driven and listened to, packets not
 * counted: for time limits that do not depend on the probe. */
uint64_t probe_link_us(const struct probe_link *l);

#endif
