/* SPDX-License-Identifier: MIT */
/*
 * vmcu/bench.h - the workbench around the chip: the board on it, its power
 * supply, the reset line that several tools may pull, its UART as heard by
 * several listeners, and the debug connector.
 */
#ifndef VMCU_BENCH_H
#define VMCU_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmcu/capture.h"
#include "vmcu/line.h"
#include "vmcu/mcu.h"
#include "vmcu/swj.h"
#include "vmcu/wiretime.h"

#define BENCH_UART_CAP 65536
#define BENCH_WHY_CAP 256

enum bench_puller { /* who holds NRST low */
		    BENCH_NRST_PROBE = 1 << 0,
		    BENCH_NRST_JTAG = 1 << 1,
		    BENCH_NRST_BENCH = 1 << 2,
		    BENCH_NRST_FAULT = 1 << 3,
};

/* Sockets of debuggers on the same pins: one at a time. */
enum bench_debugger { BENCH_DAP, BENCH_JTAG, BENCH_DEBUGGERS };

struct bench_board { /* strings owned by the bench */
	char *chip, *state, *profile, *quirks;
	uint64_t seed;
	int flash_time;
};

struct bench {
	struct mcu *mcu;
	struct wiretime time;
	struct swj swj;
	struct line line;	 /* the same wires as the firmware's */
	struct noise uart_noise; /* and its UART */
	struct capture *capture; /* NULL = nobody records */
	struct bench_board board;
	unsigned nrst;		       /* enum bench_puller */
	int debugger[BENCH_DEBUGGERS]; /* -1 = none; kept by the servers */
	/* A test that watches flash operations, cycles and the supply too;
	 * borrowed, NULL = nobody.  Its other calls are not made. */
	const struct mcu_listener *also;
	uint8_t uart[BENCH_UART_CAP];
	uint64_t uart_end; /* bytes heard since the start */
};

/* Sets `also` and has it heard at once. */
void bench_listen(struct bench *b, const struct mcu_listener *also);
/* uid NULL = from the seed; state NULL = in memory only.  Power is off. */
MUST_USE int bench_new(const struct mcu_config *cfg, struct bench **out,
		       char why[BENCH_WHY_CAP]);
void bench_free(struct bench *b);

/* Virtual time that is not spent on a wire (delays, packet costs). */
void bench_run(struct bench *b, uint64_t picoseconds);
/* Catches up with time spent on wires and collects the UART. */
void bench_settle(struct bench *b);

/* This debugger is connected, and has not just left. */
bool bench_debugged(const struct bench *b, enum bench_debugger who);
void bench_power(struct bench *b, bool on);
void bench_nrst(struct bench *b, enum bench_puller who, bool low);
MUST_USE int bench_save(struct bench *b, char why[BENCH_WHY_CAP]);

/*
 * Swaps the board: saves and removes the old one, then loads `state`, or with
 * create makes a virgin chip there.  The supply stays switched as it was.  On
 * failure the old board stays in place, without having lost power.
 */
struct bench_insert {
	const char *state;
	bool create;
	const char *profile; /* NULL = genuine */
	const uint8_t *uid;  /* NULL = from the seed and the file name */
	size_t uid_len;
};
MUST_USE int bench_insert(struct bench *b, const struct bench_insert *what,
			  char why[BENCH_WHY_CAP]);

/* Records all wires into a file from now on, or no longer (path NULL). */
MUST_USE int bench_capture(struct bench *b, const char *path,
			   char why[BENCH_WHY_CAP]);

/* A fault by its text, as signet-vmcu's --fault and `ctl fault` take it
 * (vmcu/fault.c has the list). */
MUST_USE int bench_fault(struct bench *b, const char *spec,
			 char why[BENCH_WHY_CAP]);

/* Bytes towards the firmware's receiver; returns how many its queue took. */
size_t bench_uart_write(struct bench *b, const uint8_t *p, size_t len);
/* Bytes of the firmware's UART from *pos on; moves *pos.  *ret_lost says that
 * the listener came too late for some. */
size_t bench_uart_read(struct bench *b, uint64_t *pos, uint8_t *out, size_t cap,
		       bool *ret_lost);

#endif
