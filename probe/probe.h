/* SPDX-License-Identifier: MIT */
/*
 * probe/probe.h - reaching a chip: debug probe, debug port, memory, core.
 *
 *   probe_*        the probe itself                    (probe.c)
 *   adi_*          ADIv5 debug port and one MEM-AP     (adi.c, mem.c)
 *   cortexm_*      halting debug through the MEM-AP    (cortexm.c)
 *
 * below them, private: dap.c (packets, several in flight), codec.c (their
 * bytes), dap_tcp.c (how they travel).
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
	const char *uri;   /* "tcp:127.0.0.1:4441"; libusb/hidapi come later */
	uint32_t clock_hz; /* SWD clock asked for, default 10 MHz */
	uint32_t timeout_ms; /* real time without an answer; default 3000 */
};

struct probe_info {
	char vendor[64], product[64], serial[64], firmware[64];
	uint32_t packet_size, packet_count;
	bool swd, jtag, uart;
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

/* -- ADIv5 --------------------------------------------------------------- */
/* Line reset, SWJ switch, DPIDR, power-up, AP 0 identification. */
MUST_USE int adi_connect(struct probe *p);
void adi_disconnect(struct probe *p);
uint32_t adi_dpidr(const struct probe *p);
/* Clears sticky errors after a FAULT. */
MUST_USE int adi_recover(struct probe *p);

/* Memory through the MEM-AP; addr and len multiples of 4 for the block calls,
 * which pipeline packets. */
MUST_USE int adi_read(struct probe *p, uint32_t addr, void *out, size_t len);
MUST_USE int adi_write(struct probe *p, uint32_t addr, const void *buf,
		       size_t len);
MUST_USE int adi_read32(struct probe *p, uint32_t addr, uint32_t *out);
/* Waits until (word & mask) == value, polling inside the probe. */
MUST_USE int adi_poll32(struct probe *p, uint32_t addr, uint32_t mask,
			uint32_t value, uint32_t timeout_us);
/*
 * The same, queued: nothing is waited for, several packets travel ahead of
 * their answers, and adi_flush() gives the first error of all.  out is valid
 * after a good adi_flush(); buf is read before the call returns.
 */
void adi_queue_read32(struct probe *p, uint32_t addr, uint32_t *out);
void adi_queue_write32(struct probe *p, uint32_t addr, uint32_t v);
void adi_queue_read(struct probe *p, uint32_t addr, uint8_t *out, size_t len);
void adi_queue_write(struct probe *p, uint32_t addr, const uint8_t *buf,
		     size_t len);
/* Polls inside the probe, for about ADI_MATCH_US at most; what is queued
 * behind it in the same packet is not done then.  E_TIMEOUT at the flush. */
#define ADI_MATCH_US 100000
void adi_queue_match32(struct probe *p, uint32_t addr, uint32_t mask,
		       uint32_t value);
MUST_USE int adi_flush(struct probe *p);
/* ROM table: JEP106 designer (continuation << 7 | id; bit 31 set when
 * the table names none the JEDEC way) and part number. */
MUST_USE int adi_rom_identity(struct probe *p, uint32_t *out_designer,
			      uint32_t *out_part);

/* -- Cortex-M halting debug --------------------------------------------- */
MUST_USE int cortexm_resume(struct probe *p);
/* SYSRESETREQ with vector catch: halted before the first instruction. */
MUST_USE int cortexm_reset_halt(struct probe *p);
MUST_USE int cortexm_reset_run(struct probe *p);
void cortexm_queue_reg_write(struct probe *p, unsigned sel, uint32_t v);
/* Leaves debug state: C_DEBUGEN off, comparators cleared. */
MUST_USE int cortexm_detach(struct probe *p);

#endif
