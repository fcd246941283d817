/* SPDX-License-Identifier: MIT */
/*
 * vmcu/mcu.h - one virtual microcontroller, as its pins and its debug bus see
 * it.
 *
 * vmcu/core.c (Unicorn, exceptions, NVIC, SysTick), one folder per family
 * (flash, options, peripherals) stand behind it; the wires in front are adi.c
 * (debug port and access port), dap_server.c (CMSIS-DAP), jtag.c (JTAG-DP and
 * remote_bitbang), control.c (bench supply, board swap, faults).
 *
 * Time is virtual, in picoseconds, and moves only in mcu_advance(): the core
 * executes exactly what fits, peripherals and flash operations progress, the
 * watchdog counts.  Between calls time stands still.
 */
#ifndef VMCU_MCU_H
#define VMCU_MCU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct mcu; /* opaque */

struct mcu_config {
	const char *chip;    /* one of mcu_chip_name(); NULL = the state
			      * file's */
	const char *state;   /* state file, NULL = in memory only */
	const uint8_t *uid;  /* of a new chip, NULL = from seed */
	size_t uid_len;	     /* 0 = as long as it is on this chip */
	uint64_t seed;	     /* noise of SRAM, RNG, UID */
	const char *profile; /* "genuine", or a counterfeit profile name;
			      * NULL = the state file's, else genuine */
	enum { MCU_TIME_MIN, MCU_TIME_TYP, MCU_TIME_MAX } flash_time;
	/* Behaviour that the manuals leave open, published weaknesses, and the
	 * board: names with commas between, as the chip offers them
	 * (docs/vmcu.md); NULL = none.  Not in the state file. */
	const char *quirks;
};

#define MCU_UID_MAX 16
/* The chips that there are, by number; NULL behind the last. */
const char *mcu_chip_name(unsigned i);
/* Bytes of a UID; 0: there is no such chip. */
size_t mcu_chip_uid_len(const char *chip);

/* A new chip is virgin: flash erased, options default, power off.  An existing
 * state file is loaded; a damaged, truncated or foreign one is refused with a
 * reason in why[] and left untouched. */
MUST_USE int mcu_new(const struct mcu_config *cfg, struct mcu **out,
		     char why[256]);
void mcu_free(struct mcu *m);
/* Writes the state file (write, fsync, rename).  Volatile state is not in it.
 */
MUST_USE int mcu_save(struct mcu *m);

/* -- tools around the chip (vmcu/raw.c), not seen by any wire ----------- */
const char *mcu_chip(const struct mcu *m);
const char *mcu_profile(const struct mcu *m);
const uint8_t *mcu_uid(const struct mcu *m, size_t *out_len);
/* The main flash array as stored, past every protection.  E_RANGE outside. */
uint32_t mcu_flash_base(const struct mcu *m);
uint32_t mcu_flash_len(const struct mcu *m);
MUST_USE int mcu_flash_peek(const struct mcu *m, uint32_t addr, uint8_t *out,
			    size_t len);
/* Flash and RAM as they are; E_RANGE. */
MUST_USE int mcu_peek(const struct mcu *m, uint32_t addr, uint8_t *out,
		      size_t len);
/* A write or an erase was cut short in this double word: ECC gives it up. */
bool mcu_flash_torn(const struct mcu *m, uint32_t addr);
/* Read protection in force: 0, 1 or 2. */
unsigned mcu_protection(const struct mcu *m);
/* Where the core is. */
uint32_t mcu_program_counter(const struct mcu *m);
/* Flips one stored bit, 0..7 of the byte at addr, unseen by ECC. */
MUST_USE int mcu_flash_flip(struct mcu *m, uint32_t addr, unsigned bit);
/* Flash and option bytes of `from` (same chip type) into m; m keeps its UID. */
MUST_USE int mcu_copy_from(struct mcu *m, struct mcu *from);

/* -- time ---------------------------------------------------------------- */
void mcu_advance(struct mcu *m, uint64_t picoseconds);
uint64_t mcu_now(const struct mcu *m);
/* Instructions executed since creation (benchmarks). */
uint64_t mcu_instructions(const struct mcu *m);
/* Core cycles since creation (flash wait states included). */
uint64_t mcu_cycles(const struct mcu *m);

/* -- power and reset ----------------------------------------------------- */
/* Off keeps SRAM content until power has been away for 500 ms (virtual). */
void mcu_power(struct mcu *m, bool on);
bool mcu_powered(const struct mcu *m);
void mcu_nrst(struct mcu *m, bool asserted); /* the NRST pin held low */
/* Cuts the power after flash operation n from now (1 = the next one), leaving
 * it torn; 0 disarms. */
void mcu_cut_after(struct mcu *m, uint32_t n);

/* Faults that a test asks for; power-on does not end them. */
struct mcu_faults {
	enum {
		MCU_RNG_GOOD,
		MCU_RNG_STUCK,	/* the same word for ever */
		MCU_RNG_BIASED, /* three of four bits are ones */
		MCU_RNG_SEIS,	/* its own alarm, and no words */
	} rng;
	/* A pulse on NRST when mcu_cycles() gets here, 0 = never; hold: NRST
	 * stays low, and held tells so. */
	uint64_t reset_cycle;
	bool hold, held;
	/* The instruction here is left out when it is reached for the nth
	 * time (from 1), 0 = never; or the first that begins at or after a
	 * cycle.  Instructions of an IT block count as reached with it, and
	 * only an address can choose one of them. */
	uint32_t skip_pc, skip_nth;
	uint64_t skip_cycle;
	uint32_t skipped; /* address of what was left out, 0 = nothing yet */
};
void mcu_faults_set(struct mcu *m, const struct mcu_faults *f);
const struct mcu_faults *mcu_faults(const struct mcu *m);
/* Flash operations (program, erase, option bytes) since creation. */
uint32_t mcu_flash_operations(const struct mcu *m);
/* Times a power-on reset, or any system reset, has happened. */
uint32_t mcu_resets(const struct mcu *m);

/* -- pins ---------------------------------------------------------------- */
/* UART bytes sent by the firmware since the last call. */
size_t mcu_uart_read(struct mcu *m, uint8_t *out, size_t cap);
/* Queues bytes towards the firmware's receiver (paced by the baud rate). */
size_t mcu_uart_write(struct mcu *m, const uint8_t *p, size_t len);
/* What the chip drives on a pin (port 'A'.., bit 0..15; nRF51 'P', 0..31): -1
 * nothing, 0, 1. */
int mcu_pin(const struct mcu *m, char port, unsigned bit);
/* The level on the wire: what the chip or the outside drives (low wins), else
 * the chip's pull; -1 floating. */
int mcu_pin_level(const struct mcu *m, char port, unsigned bit);
/* The outside drives a pin: 0, 1, or -1 = lets go.  Stays through resets. */
void mcu_pin_drive(struct mcu *m, char port, unsigned bit, int level);
/* The same at a time to come (as mcu_now() counts); calls in the order of
 * time, at most MCU_EDGES_MAX not yet due.  So a whole sequence of edges is
 * laid out first and the chip then runs through it in one mcu_advance(), with
 * each edge where it belongs. */
#define MCU_EDGES_MAX 1024
MUST_USE int mcu_pin_drive_at(struct mcu *m, uint64_t ps, char port,
			      unsigned bit, int level);
/* Times that chip and outside drove one pin against each other. */
uint32_t mcu_pin_conflicts(const struct mcu *m);
/* True while PA13/PA14 are still switched to the debug port. */
bool mcu_debug_pins_on(const struct mcu *m);

/* Somebody who watches the chip's pins and supply; any of the calls may be
 * NULL.  Times are as mcu_now() counts, and may lie a little ahead of it. */
struct mcu_listener {
	void *user;
	/* The chip drives a pin otherwise: -1 lets go. */
	void (*pin)(void *user, uint64_t ps, char port, unsigned bit,
		    int level);
	/* A character begins on the transmitter's or receiver's wire.  bit_ps
	 * 0: sent to a firmware that is not listening, baud rate unknown. */
	void (*uart)(void *user, uint64_t ps, bool tx, uint8_t byte,
		     uint64_t bit_ps);
	void (*power)(void *user, uint64_t ps, bool on);
	/* A flash operation is about to end; see mcu_cut_after(). */
	void (*flash)(void *user, uint32_t count);
	/* Called instead of the reset at mcu_faults.reset_cycle. */
	void (*cycle)(void *user);
};
void mcu_listen(struct mcu *m, const struct mcu_listener *l); /* copied */

/* -- debug bus: what an AHB-AP sees ------------------------------------- */
enum mcu_bus { MCU_BUS_OK = 0, MCU_BUS_FAULT = 1, MCU_BUS_DEAD = 2 };
/* size 1, 2 or 4, naturally aligned; value right-aligned.  FAULT sets the AP's
 * sticky error; DEAD means no power, level 2, or the debug domain is off.
 * The first access sets the chip's "debugger since power-on" flag. */
enum mcu_bus mcu_bus_read(struct mcu *m, uint32_t addr, unsigned size,
			  uint32_t *out);
enum mcu_bus mcu_bus_write(struct mcu *m, uint32_t addr, unsigned size,
			   uint32_t value);

/* Identity that the ports show: DPIDR, JTAG IDCODEs, AP IDR and BASE. */
struct mcu_identity {
	uint32_t dpidr;
	uint32_t jtag_idcode;	/* core TAP, IR length 4 */
	uint32_t jtag_boundary; /* boundary-scan TAP, IR length 5; 0 = none */
	uint32_t ap_idr, ap_base, ap_cfg;
	bool ap_packed;	  /* MEM-AP keeps packed transfers */
	uint32_t ap_wrap; /* auto-increment wraps at, bytes */
	uint32_t ap_csw;  /* after power-on; 0 = 0x23000040 */
};
const struct mcu_identity *mcu_identity(const struct mcu *m);

/* True when the debug port answers at all: powered, not level 2, pins on. */
bool mcu_debug_alive(const struct mcu *m);

/* DBGPRQ etc. of the DP's power-up requests (CDBGPWRUPREQ, CSYSPWRUPREQ). */
void mcu_debug_power(struct mcu *m, bool debug_req, bool system_req);

#endif
