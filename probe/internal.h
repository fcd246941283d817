/* SPDX-License-Identifier: MIT */
/*
 * probe/internal.h - struct probe, what each kind of probe offers, and the
 * packet queue under adi.c.
 *
 * Everything that goes to the target is queued: ops gather in one
 * DAP_Transfer packet until it is full or must be sent, packets travel ahead
 * of their answers as far as the probe allows, and queue_flush() waits for
 * all of them.  The first error sticks until then; what was queued behind it
 * is sent and ignored (a sticky error in the debug port keeps the target from
 * obeying it).
 */
#ifndef PROBE_INTERNAL_H
#define PROBE_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "probe/codec.h"
#include "probe/dbg.h"
#include "probe/probe.h"
#include "probe/transport.h"

#define PROBE_IN_FLIGHT_MAX 16

enum slot_kind { SLOT_OPS, SLOT_BLOCK, SLOT_STATUS, SLOT_SEQUENCE };

struct slot { /* one packet, sent or being filled */
	enum slot_kind kind;
	unsigned count;
	size_t request_len, response_len;
	struct dap_op ops[DAP_OPS_MAX];
	uint8_t request; /* SLOT_BLOCK */
	uint8_t *data;	 /* SLOT_BLOCK read, SLOT_SEQUENCE (count bytes) */
	uint32_t where;
	uint8_t command; /* SLOT_STATUS */
};

/* What each kind of probe offers; probe.c and dbg.c hand over to it. */
struct probe_ops {
	void (*close)(struct probe *p);
	int (*nreset)(struct probe *p, bool asserted);
	int (*delay_us)(struct probe *p, uint32_t us);
	/* NULL: no UART of its own */
	int (*uart_open)(struct probe *p, uint32_t baud);
	int (*uart_read)(struct probe *p, uint8_t *out, size_t cap,
			 size_t *out_len);
	int (*uart_write)(struct probe *p, const uint8_t *buf, size_t len);

	int (*connect)(struct probe *p);
	int (*connect_reset)(struct probe *p);
	void (*disconnect)(struct probe *p);
	int (*recover)(struct probe *p);
	int (*rom_identity)(struct probe *p, uint32_t *out_designer,
			    uint32_t *out_part);

	void (*queue_read32)(struct probe *p, uint32_t addr, uint32_t *out);
	void (*queue_write32)(struct probe *p, uint32_t addr, uint32_t v);
	void (*queue_read)(struct probe *p, uint32_t addr, uint8_t *out,
			   size_t len);
	void (*queue_write)(struct probe *p, uint32_t addr, const uint8_t *buf,
			    size_t len);
	void (*queue_match32)(struct probe *p, uint32_t addr, uint32_t mask,
			      uint32_t value);
	int (*flush)(struct probe *p);

	int (*halt)(struct probe *p);
	int (*resume)(struct probe *p);
	int (*step)(struct probe *p);
	int (*reset_halt)(struct probe *p);
	int (*reset_run)(struct probe *p);
	int (*reg_read)(struct probe *p, unsigned sel, uint32_t *out);
	void (*queue_reg_write)(struct probe *p, unsigned sel, uint32_t v);
	int (*detach)(struct probe *p);
	/* NULL: what is behind it has no flash driver */
	int (*load)(struct probe *p, const struct dbg_piece *pieces,
		    size_t count);
};

/* dap_probe.c.  After an error probe_close() tidies up. */
struct gdb;
struct serial;
extern const struct probe_ops dap_ops;
MUST_USE int dap_open(struct probe *p, const char *uri, char why[256]);

struct probe {
	const struct probe_ops *ops;
	struct gdb *gdb;       /* of gdb_ops; probe/gdb.h */
	struct serial *serial; /* in place of the probe's own UART, or NULL */
	struct transport transport;
	struct probe_info info;
	uint32_t clock_hz, timeout_ms;
	bool lost;
	char why[256];

	/* queue: slots[head] is the oldest in flight, slots[open] fills */
	struct slot *slots;
	unsigned slot_count, head, in_flight, open;
	int err; /* first error since the last flush */

	/* ADIv5 */
	bool connected;
	uint32_t dpidr, ap_idr, ap_base;
	uint32_t select, csw, tar;
	bool select_known, csw_known, tar_known;
};

/* Records err with its text, unless an earlier one waits; returns err. */
int probe_fail(struct probe *p, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void queue_op(struct probe *p, const struct dap_op *op);
/* Up to what one packet holds of count words; returns how many it took.
 * Writes read data now, reads store into data at the flush. */
unsigned queue_block(struct probe *p, uint8_t request, uint8_t *data,
		     unsigned count, uint32_t where);
/* A command with a status answer, in order with the rest. */
void queue_status(struct probe *p, const uint8_t *packet, size_t len);
/* A DAP_SWD_Sequence packet, in order with the rest; what it clocks in, in_len
 * bytes, is in `in` after the flush. */
void queue_sequence(struct probe *p, const uint8_t *packet, size_t len,
		    uint8_t *in, unsigned in_len);
/* Room for ops in the open packet: bytes of request and response. */
size_t queue_room(const struct probe *p);
MUST_USE int queue_flush(struct probe *p);
/* Tells the probe how often to try again: on WAIT, and until a value matches.
 */
void queue_configure(struct probe *p);
#define WAIT_RETRIES 64

/* One command at a time; waits for everything queued before it. */
MUST_USE int dap_command(struct probe *p, const uint8_t *request, size_t len,
			 uint8_t *answer, size_t cap, size_t *out_len);
/* A command answered by a status byte. */
MUST_USE int dap_simple(struct probe *p, const uint8_t *request, size_t len,
			const char *what);

/* Takes the SWD pins; what is then clocked is the caller's. */
MUST_USE int adi_take_pins(struct probe *p, uint32_t clock_hz);

/* adi.c */
#define DP_ABORT 0x0
#define DP_DPIDR 0x0
#define DP_CTRL_STAT 0x4
#define DP_SELECT 0x8
#define DP_RDBUFF 0xc
#define AP_CSW 0x00
#define AP_TAR 0x04
#define AP_DRW 0x0c
#define AP_BASE 0xf8
#define AP_IDR 0xfc
void adi_queue_dp_write(struct probe *p, uint8_t reg, uint32_t v);
void adi_queue_ap_write(struct probe *p, uint8_t reg, uint32_t v);
void adi_queue_ap_read(struct probe *p, uint8_t reg, uint32_t *out);
/* Register 0xf0 bank selection, cached. */
void adi_queue_select(struct probe *p, uint8_t reg);
/* FAULT is also the answer to everything after a write whose parity was
 * wrong: E_DAP_PARITY then, else E_DAP_FAULT. */
MUST_USE int adi_fault_cause(struct probe *p);
void adi_forget(struct probe *p); /* nothing is known of the target's DP */

MUST_USE int adi_connect(struct probe *p);
void adi_disconnect(struct probe *p);
MUST_USE int adi_recover(struct probe *p);
/* PIDR4..7, then PIDR0..3, as they stand in the table */
void adi_rom_decode(const uint32_t pidr[8], uint32_t *out_designer,
		    uint32_t *out_part);
MUST_USE int adi_rom_identity(struct probe *p, uint32_t *out_designer,
			      uint32_t *out_part);

/* mem.c: as probe/dbg.h says of dbg_* */
void adi_queue_read32(struct probe *p, uint32_t addr, uint32_t *out);
void adi_queue_write32(struct probe *p, uint32_t addr, uint32_t v);
void adi_queue_read(struct probe *p, uint32_t addr, uint8_t *out, size_t len);
void adi_queue_write(struct probe *p, uint32_t addr, const uint8_t *buf,
		     size_t len);
void adi_queue_match32(struct probe *p, uint32_t addr, uint32_t mask,
		       uint32_t value);

/* cortexm.c: halting debug through the MEM-AP, likewise */
MUST_USE int cortexm_halt(struct probe *p);
MUST_USE int cortexm_resume(struct probe *p);
MUST_USE int cortexm_step(struct probe *p);
MUST_USE int cortexm_reset_halt(struct probe *p);
MUST_USE int cortexm_reset_run(struct probe *p);
MUST_USE int cortexm_reg_read(struct probe *p, unsigned sel, uint32_t *out);
void cortexm_queue_reg_write(struct probe *p, unsigned sel, uint32_t v);
MUST_USE int cortexm_detach(struct probe *p);
MUST_USE int cortexm_connect_reset(struct probe *p);

#endif
