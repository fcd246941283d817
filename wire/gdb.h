/* SPDX-License-Identifier: MIT */
/*
 * wire/gdb.h - the GDB remote serial protocol's packets (Debugging with GDB,
 * appendix E "Remote Protocol", sections E.1 "Overview" and E.4 "Stop Reply
 * Packets").  Pure: no socket, no time.
 *
 *	$BODY#CS     CS = sum of BODY's bytes as sent, two hex digits
 *	}C           C ^ 0x20 is meant: for $ # } and *
 *	C*N          C and N - 29 more of it (received only)
 *	%BODY#CS     a notification: no acknowledgement
 *	+ -          packet taken, packet wanted again
 *	0x03         from us: stop the target
 */
#ifndef WIRE_GDB_H
#define WIRE_GDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define GDB_INTERRUPT 0x03
#define GDB_ACK '+'
#define GDB_NAK '-'
#define GDB_ESCAPE '}'
#define GDB_ESCAPE_XOR 0x20
#define GDB_REPEAT_BIAS 29
/* What we send and take at most, whatever PacketSize a server announces; what
 * one that announces none takes (gdb's own guess, remote.c: 400); and what is
 * too little to hold the registers of a Cortex-M. */
#define GDB_BODY_MAX 16384
#define GDB_BODY_LEAST 400
#define GDB_BODY_MIN 256
/* The longest frame of a body: every byte escaped, $ # and the sum. */
#define GDB_FRAME_LEN(body) (2 * (size_t)(body) + 4)

/* -- out ----------------------------------------------------------------- */
/* "$...#cs"; cap of GDB_FRAME_LEN(len) is always enough. */
MUST_USE int gdb_frame(const uint8_t *body, size_t len, uint8_t *out,
		       size_t cap, size_t *out_len);
/* Bytes that buf takes in a frame, as it is escaped. */
size_t gdb_escaped_len(const uint8_t *buf, size_t len);

/* -- in ------------------------------------------------------------------ */
enum gdb_event {
	GDB_EV_NOTHING, /* more bytes are needed */
	GDB_EV_ACK,
	GDB_EV_NAK,
	GDB_EV_PACKET,	 /* rx->buf[0..len) is its body, and a NUL behind */
	GDB_EV_NOTICE,	 /* the same of a notification */
	GDB_EV_BAD,	 /* wrong sum, or a run or escape that is none */
	GDB_EV_TOO_LONG, /* more than rx->cap; the rest was skipped */
	GDB_EV_NOISE,	 /* a byte outside of any packet */
};

struct gdb_rx { /* gdb_rx_init() */
	uint8_t *buf;
	size_t cap, len; /* cap without the NUL */
	uint8_t state, sum, said;
	bool notice, bad, long_;
};

/* buf has cap + 1 bytes and outlives rx. */
void gdb_rx_init(struct gdb_rx *rx, uint8_t *buf, size_t cap);
enum gdb_event gdb_rx_byte(struct gdb_rx *rx, uint8_t c);

/* -- what stands in bodies ----------------------------------------------- */
/* Lower-case hex of buf, 2 * len characters and no NUL. */
void gdb_hex(const uint8_t *buf, size_t len, uint8_t *out);
/* Exactly len bytes of 2 * len digits; E_SYNTAX. */
MUST_USE int gdb_unhex(const uint8_t *text, size_t text_len, uint8_t *out,
		       size_t len);
/* The digits from *at on, 1 to 8 of them; *at moves behind them.  E_SYNTAX. */
MUST_USE int gdb_number(const uint8_t *body, size_t len, size_t *at,
			uint32_t *out);

/* "S05", "T05thread:...;", "W00", "X09": why the target stopped. */
struct gdb_stop {
	uint8_t signal;
	bool exited; /* W or X: the target is gone */
};
MUST_USE int gdb_stop_decode(const uint8_t *body, size_t len,
			     struct gdb_stop *out);
#define GDB_SIGNAL_INT 2
#define GDB_SIGNAL_TRAP 5

/* The value of "NAME=VALUE", or "" for "NAME+", in an answer to qSupported;
 * NULL when the server does not have it.  Ends at ';' or the NUL. */
const char *gdb_feature(const char *answer, const char *name);
/* PacketSize of an answer to qSupported, brought within what we can do:
 * GDB_BODY_LEAST when there is none; E_RANGE when it makes no sense. */
MUST_USE int gdb_packet_size(const char *answer, size_t *out);

#endif
