/* SPDX-License-Identifier: MIT */
/*
 * probe/probe.h - the debug probe, of whatever kind.
 *
 *   probe_*   the probe itself: this header
 *   dbg_*     the chip behind it: memory and core (probe/dbg.h)
 *   link      the loader behind it, when the debug port is shut (probe/link.h)
 *
 * Two kinds of probe answer them (struct probe_ops in probe/internal.h):
 *
 *   CMSIS-DAP   dap_probe.c on adi.c, mem.c, cortexm.c; below them dap.c
 *               (packets, several in flight), codec.c (their bytes),
 *               dap_tcp.c, usb_bulk.c, usb_hid.c (how they travel)
 *   GDB server  gdb_probe.c on gdb.c, wire/gdb.h and tcp.c
 *
 * Every call returns 0 or E_*; probe_why() then explains in one line what the
 * wire said ("AP 0 read of 0x08000000: FAULT after 3 words").
 */
#ifndef PROBE_PROBE_H
#define PROBE_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct probe; /* one probe with one target; not shared between threads */

struct probe_config {
	/* "tcp:127.0.0.1:4441", "usb:SERIAL", "hid:SERIAL": CMSIS-DAP
	 * (probe/usb.h).  "gdb:127.0.0.1:3333": a GDB server */
	const char *uri;
	/* "/dev/ttyUSB0" or "tcp:HOST:PORT": this is the target's UART, not
	 * the probe's own; NULL or "" for the latter */
	const char *serial;
	uint32_t clock_hz;   /* SWD clock asked for, default 10 MHz */
	uint32_t timeout_ms; /* real time without an answer; default 3000 */
};

struct probe_info {
	char vendor[64], product[64], serial[64], firmware[64];
	uint32_t packet_size, packet_count;
	bool swd, jtag, uart;
	bool dpidr;  /* dbg_dpidr() is the chip's own */
	bool silent; /* after dbg_disconnect() the debug wire is left alone */
};

MUST_USE int probe_open(const struct probe_config *cfg, struct probe **out,
			char why[256]);
void probe_close(struct probe *p);
const struct probe_info *probe_info(const struct probe *p);
const char *probe_why(const struct probe *p);

/* -- pins, power of time ------------------------------------------------- */
MUST_USE int probe_nreset(struct probe *p, bool asserted);
/* Waits inside the probe (DAP_Delay): the target runs meanwhile. */
MUST_USE int probe_delay_us(struct probe *p, uint32_t us);

/* -- UART of the probe (DAP_UART_*) -------------------------------------- */
MUST_USE int probe_uart_open(struct probe *p, uint32_t baud);
/* Bytes received so far, at most cap; 0 is normal. */
MUST_USE int probe_uart_read(struct probe *p, uint8_t *out, size_t cap,
			     size_t *out_len);
MUST_USE int probe_uart_write(struct probe *p, const uint8_t *buf, size_t len);

#endif
