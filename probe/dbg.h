/* SPDX-License-Identifier: MIT */
/*
 * probe/dbg.h - the chip behind a debug probe: its memory and its core.
 *
 * Neither the caller nor this header knows what carries it: ADIv5 over
 * CMSIS-DAP, or a GDB server (probe/probe.h).  What only one kind can do says
 * so in struct probe_info, and otherwise fails with E_UNSUPPORTED.
 *
 * Every call returns 0 or E_*; probe_why() then explains in one line what the
 * wire said ("AP 0 read of 0x08000000: FAULT after 3 words").  E_DAP_FAULT is
 * an access that the chip refused; dbg_recover() makes the next one possible.
 */
#ifndef PROBE_DBG_H
#define PROBE_DBG_H

#include "probe/probe.h"

/*
 * Finds the chip.  Over ADIv5: line reset, SWJ switch, DPIDR, power-up, AP 0
 * identification; the core runs on.  A GDB server halts it.  E_DAP_NO_ACK when
 * nobody answers.
 */
MUST_USE int dbg_connect(struct probe *p);
/* The same with the reset pin low until the core is told to halt at its first
 * instruction: firmware cannot take the debug pins away so early. */
MUST_USE int dbg_connect_reset(struct probe *p);
/* Lets go of the chip; where probe_info.silent is set, no debug traffic comes
 * before the next dbg_connect(). */
void dbg_disconnect(struct probe *p);
/* Clears what a refused access left behind, and looks whether anybody is still
 * there: E_DAP_NO_ACK if not. */
MUST_USE int dbg_recover(struct probe *p);

/* 0 where probe_info.dpidr is not set. */
uint32_t dbg_dpidr(const struct probe *p);
/* IDR of access port 0, likewise. */
uint32_t dbg_ap_idr(const struct probe *p);
/* ROM table: JEP106 designer (continuation << 7 | id; bit 31 set when
 * the table names none the JEDEC way) and part number. */
MUST_USE int dbg_rom_identity(struct probe *p, uint32_t *out_designer,
			      uint32_t *out_part);

/* -- memory -------------------------------------------------------------- */
/* addr and len multiples of 4 for the block calls, which go as fast as the
 * probe can. */
MUST_USE int dbg_read(struct probe *p, uint32_t addr, void *out, size_t len);
MUST_USE int dbg_write(struct probe *p, uint32_t addr, const void *buf,
		       size_t len);
MUST_USE int dbg_read32(struct probe *p, uint32_t addr, uint32_t *out);
/* Waits until (word & mask) == value, while the core runs if it did. */
MUST_USE int dbg_poll32(struct probe *p, uint32_t addr, uint32_t mask,
			uint32_t value, uint32_t timeout_us);
/*
 * The same, queued: nothing is waited for, several packets travel ahead of
 * their answers, and dbg_flush() gives the first error of all.  out is valid
 * after a good dbg_flush(); buf is read before the call returns.
 */
void dbg_queue_read32(struct probe *p, uint32_t addr, uint32_t *out);
void dbg_queue_write32(struct probe *p, uint32_t addr, uint32_t v);
void dbg_queue_read(struct probe *p, uint32_t addr, uint8_t *out, size_t len);
void dbg_queue_write(struct probe *p, uint32_t addr, const uint8_t *buf,
		     size_t len);
/* Polls for about DBG_MATCH_US at most; what is queued behind it in the same
 * packet is not done then.  E_TIMEOUT at the flush. */
#define DBG_MATCH_US 100000
void dbg_queue_match32(struct probe *p, uint32_t addr, uint32_t mask,
		       uint32_t value);
MUST_USE int dbg_flush(struct probe *p);

/*
 * Programs as gdb's "load" does: flash as the server's memory map tells,
 * through its own driver, in whole blocks, the rest as memory.  E_UNSUPPORTED
 * over ADIv5, where nobody is behind the probe who could.
 */
struct dbg_piece {
	uint32_t address;
	const uint8_t *data;
	size_t len;
};
MUST_USE int dbg_load(struct probe *p, const struct dbg_piece *pieces,
		      size_t count);

/* -- core ---------------------------------------------------------------- */
MUST_USE int dbg_halt(struct probe *p);
MUST_USE int dbg_resume(struct probe *p);
/* One instruction; the core is halted before and after it. */
MUST_USE int dbg_step(struct probe *p);
/* System reset; halted before the first instruction. */
MUST_USE int dbg_reset_halt(struct probe *p);
MUST_USE int dbg_reset_run(struct probe *p);
/* Registers of a halted core, numbered as DCRSR does: r0..r15, then xPSR, and
 * PRIMASK in bit 0 of number 20 (where a server knows none, writing it is
 * left out: after a reset no interrupt is enabled). */
#define DBG_REG_XPSR 16
#define DBG_REG_SPECIAL 20
MUST_USE int dbg_reg_read(struct probe *p, unsigned sel, uint32_t *out);
void dbg_queue_reg_write(struct probe *p, unsigned sel, uint32_t v);
/* Leaves debug state: C_DEBUGEN off, comparators cleared. */
MUST_USE int dbg_detach(struct probe *p);

#endif
