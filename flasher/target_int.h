/* SPDX-License-Identifier: MIT */
/*
 * flasher/target_int.h - one job on one probe, shared by target*.c.
 *
 *   target.c        connect, identify, errors
 *   target_algo.c   the algorithm in the target's RAM
 *   target_flash.c  erase, program, verify, records
 *   target_prepare.c  the chip made ready for a sealed job
 *   target_stage0.c   the same ahead of time, with a secret
 *   target_lock.c   option bytes, prove, unlock
 *   target_start.c  power cycle, start proof
 */
#ifndef FLASHER_TARGET_INT_H
#define FLASHER_TARGET_INT_H

#include "chip/algo.h"
#include "flasher/target.h"
#include "probe/dbg.h"

#define UART_BAUD_DEFAULT 115200

struct target {
	struct probe *probe; /* borrowed */
	struct power_config power;
	target_progress *progress;
	void *progress_arg;
	const struct chip *chip;
	enum target_phase phase;
	uint32_t phase_done, phase_total;
	int64_t last_report_ms;
	char why[256];
	bool attached;	    /* the debug port is connected */
	bool locked;	    /* as the option register said at identify */
	bool fast;	    /* rows at once, as long as the chip takes it */
	uint32_t uart_baud; /* 0 = not open */
	/* what target_program() left in the chip, for the proof */
	bool options_known;
	uint32_t options[CHIP_OPTIONS_MAX];
};

void target_phase_set(struct target *t, enum target_phase phase,
		      uint32_t total);
void target_report(struct target *t, uint32_t done);

/* Explains and returns err. */
int target_fail(struct target *t, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/*
 * After an error of the probe: "doing what: " and what the wire said.  Looks
 * whether anybody is still there: E_TARGET_LOST if not, else err.
 */
int target_wire_fail(struct target *t, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Connects, under reset if nobody answers otherwise. */
MUST_USE int target_attach(struct target *t);
void target_detach(struct target *t);
/* All option registers as they read. */
MUST_USE int target_read_options(struct target *t,
				 uint32_t out[CHIP_OPTIONS_MAX]);

/* -- the algorithm ------------------------------------------------------- */
/* Reset, load, run up to its command loop. */
MUST_USE int algo_start(struct target *t);
/* Starts a command without waiting for its end. */
void algo_queue_command(struct target *t, enum algo_command c, uint32_t arg0,
			uint32_t arg1);
/* Waits for its end; what says what was being done. */
MUST_USE int algo_wait(struct target *t, uint32_t timeout_us, const char *what,
		       uint64_t *out_result);
/* The algorithm's error words to an E_* and why; 0 when they say all is well.
 */
MUST_USE int algo_judge(struct target *t, const char *what, uint32_t error,
			uint32_t sr, uint32_t address);
/* What the error words say, after a poll that did not end well. */
MUST_USE int algo_ask(struct target *t, const char *what);
uint32_t algo_word_address(const struct target *t, enum algo_word w);

/* Segments that fit below the reserved flash; E_ARG for another family. */
MUST_USE int target_check_header(struct target *t,
				 const struct release_header *h);
/* Programs pieces at offsets from base, and reads them back over the wire; the
 * algorithm runs, the phase is set. */
MUST_USE int target_write_pieces(struct target *t, const char *what,
				 uint32_t base,
				 const struct target_record *pieces,
				 size_t count);

/* Mass erase; pieces at offsets from the flash's beginning, read back; then
 * the option words, which hold from the next power-on. */
MUST_USE int target_install(struct target *t,
			    const struct target_record *pieces, size_t count,
			    const uint32_t want[CHIP_OPTIONS_MAX]);

/* The option words that the release wants; E_ARG if the chip has no such. */
MUST_USE int target_want_options(struct target *t,
				 const struct release_header *h,
				 uint32_t out[CHIP_OPTIONS_MAX]);
/* Programs them and reads them back. */
MUST_USE int target_set_options(struct target *t,
				const uint32_t want[CHIP_OPTIONS_MAX]);

#endif
