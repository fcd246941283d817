/* SPDX-License-Identifier: MIT */
/*
 * tests/lib/trace.h - what a listener makes of a VCD capture: the bits on the
 * debug wires, the characters on the UART, and from the bits the words that
 * SWD transfers carry.  Written from the published protocols alone; it knows
 * nothing of vmcu/ or of the loader.
 */
#ifndef TESTS_LIB_TRACE_H
#define TESTS_LIB_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trace_bytes {
	uint8_t *p;
	size_t len, cap;
};
void trace_put(struct trace_bytes *b, uint8_t byte);

struct trace {
	/* SWDIO at each rising edge of SWCLK: bit 0 the level, bit 1 set when
	 * the chip drove it */
	struct trace_bytes samples;
	uint64_t *at; /* the time of each sample, ns */
	size_t at_cap;
	struct trace_bytes tx, rx; /* UART characters at the given rate */
	uint64_t *tx_at, *rx_at;   /* the time of each */
	size_t tx_at_cap, rx_at_cap;
	uint64_t end_ns;
	unsigned power_ons; /* times that vdd rose */
	size_t power_on_at; /* samples before the last of them */
};

/* Ends the program with a message when the file cannot be read.  baud of the
 * serial wires; 0 = as the pulses on them
 * say. */
struct trace *trace_load(const char *path, unsigned baud);
void trace_free(struct trace *t);

/* 32-bit words of SWD transfers that were acknowledged, little-endian, in the
 * order of the wire: those to the access port, and those from the chip. */
void trace_swd_words(const struct trace *t, struct trace_bytes *written,
		     struct trace_bytes *read);

/* Samples packed into bytes, first bit lowest; of each period bits from phase
 * on, the first few are left out (period 0 = none): character lines with start
 * bits, or with what is between two characters. */
void trace_pack(const struct trace *t, unsigned period, unsigned phase,
		unsigned skip, struct trace_bytes *out);

/* Frames of the sealed link whose head check is right, on either line and in
 * either direction, in the order in which they began. */
struct trace_frame {
	uint64_t at; /* ns */
	uint8_t type;
	uint16_t index, len;
	const uint8_t *body;
};
void trace_frames(const struct trace *t,
		  void (*each)(void *user, const struct trace_frame *f),
		  void *user);

#endif
