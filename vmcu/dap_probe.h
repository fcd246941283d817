/* SPDX-License-Identifier: MIT */
/*
 * vmcu/dap_probe.h - a CMSIS-DAP probe with SWD, target reset and UART, wired
 * to the bench: takes one request packet, gives one response packet (Arm
 * CMSIS-DAP 2.1.1).  Transport is the caller's (vmcu/dap_server.h).
 *
 * A command is checked as a whole before any of it acts; a malformed one, and
 * one that this probe does not have, is answered with DAP_INVALID.  In
 * DAP_ExecuteCommands those in front of it have acted.
 */
#ifndef VMCU_DAP_PROBE_H
#define VMCU_DAP_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rw.h"
#include "vmcu/bench.h"

#define DPROBE_CLOCK_DEFAULT 1000000u
#define DPROBE_CLOCK_MAX 20000000u
#define DPROBE_UART_BUFFER 8192u

enum dprobe_user { DPROBE_FREE, DPROBE_TCP, DPROBE_USB_V2, DPROBE_USB_V1 };

struct dprobe {
	struct bench *bench;   /* borrowed */
	uint64_t packet_ps;    /* virtual cost of each packet */
	const char *serial;    /* borrowed; NULL = from the board's UID */
	enum dprobe_user user; /* who has it; the transports keep to it */
	size_t packet_max;     /* what the transport in use can carry */
	bool connected;
	uint32_t clock_hz;
	uint8_t idle_cycles;
	uint16_t wait_retry, match_retry;
	uint32_t match_mask;
	unsigned turnaround;
	bool data_phase;
	bool swclk, swdio; /* levels that it leaves on the wires */
	bool executing;	   /* inside DAP_ExecuteCommands */
	struct {
		bool dap, configured, rx, tx;
		uint64_t pos;
	} uart;
	uint64_t packets;
};

void dprobe_init(struct dprobe *p, struct bench *b, uint64_t packet_ps);
/* Releases what a client held: reset line, UART, connection. */
void dprobe_detach(struct dprobe *p);

/* The serial number that DAP_Info gives. */
#define DPROBE_SERIAL_CAP 64
void dprobe_serial(const struct dprobe *p, char out[DPROBE_SERIAL_CAP]);

/* One packet; resp holds at least DAP_PACKET_MAX bytes.  Returns the length
 * of the response, 0 when this command has none. */
size_t dprobe_packet(struct dprobe *p, const uint8_t *req, size_t len,
		     uint8_t *resp);

/* -- inside: one handler per command, in dap_probe.c, dap_transfer.c,
 *    dap_uart.c.  The command byte has been read and echoed. */
typedef void dprobe_handler(struct dprobe *p, struct rd *r, struct wr *w);
dprobe_handler dprobe_transfer_configure, dprobe_transfer,
	dprobe_transfer_block, dprobe_write_abort, dprobe_swd_sequence,
	dprobe_swj_sequence, dprobe_swd_configure;
dprobe_handler dprobe_uart_transport, dprobe_uart_configure,
	dprobe_uart_transfer, dprobe_uart_control, dprobe_uart_status;

/* n cycles of SWCLK, at most 64: out drives SWDIO with the bits, else they are
 * sampled.  To the debug port, or to the firmware when the pins are its own. */
uint64_t dprobe_bits(struct dprobe *p, bool out, uint64_t bits, unsigned n);

#endif
