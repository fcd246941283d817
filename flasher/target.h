/* SPDX-License-Identifier: MIT */
/*
 * flasher/target.h - what a job does to one chip through the debug port
 * (design part 3).
 *
 * In signed mode, in order: target_identify() while the chip is open;
 * target_program() (mass erase, program through the RAM algorithm with two
 * buffers, verify on the chip and by read-back, records, option bytes, read
 * protection); power cycle; target_start() (start proof over UART);
 * target_prove_locked() (reading must fail); power cycle; target_start()
 * again.  The caller (flasher/job.c) talks to the server in between.  In sealed
 * mode target_prepare() takes the place of target_program(), and the firmware
 * comes over the link (flasher/sealed.h) between the first power cycle and the
 * second.
 *
 * Every failure leaves a one-line cause in target_why() and the phase in
 * target_phase().  After an error on the wire somebody looks whether the chip
 * is still there: E_TARGET_LOST when nobody answers any more, else the E_DAP_*
 * of what was spoiled.  A chip left in mid-job is mass-erased by the next one.
 */
#ifndef FLASHER_TARGET_H
#define FLASHER_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "chip/chip.h"
#include "probe/probe.h"
#include "wire/release.h"

/* Target power, per channel: a shell command run with "on" or "off" appended
 * ("signet-vmcu ctl /run/ch0 power").  NULL command: the operator is asked on
 * the terminal; without a terminal that is E_TARGET_POWER. */
struct power_config {
	const char *command;
	uint32_t off_ms; /* how long power stays away; default 1000 */
};

enum target_phase {
	PHASE_CONNECT,
	PHASE_ERASE,
	PHASE_PROGRAM,
	PHASE_VERIFY,
	PHASE_RECORDS,
	PHASE_LOCK,
	PHASE_POWER,
	PHASE_START,
	PHASE_PROVE,
	PHASE_LOADER, /* sealed mode: loader, stub and boot words go in */
};
const char *target_phase_name(enum target_phase p); /* "program" */

struct target_identity {
	const struct chip *chip; /* description used */
	struct chip_print print; /* measured */
	uint8_t uid[UID_MAX];
	uint8_t uid_len;
	bool locked; /* already read-protected: uid may be unreadable */
};

/* Where the bytes come from: plaintext of chunk `index`, decrypted on demand;
 * valid until the next call. */
typedef int target_source(void *arg, uint32_t index, const uint8_t **out,
			  size_t *out_len);

struct target_record {
	uint32_t offset;     /* from the start of the reserved top 8 kB */
	const uint8_t *data; /* as wire/record.h encodes it */
	size_t len;
};

struct target_plan {
	const struct release_header *header;
	target_source *source;
	void *source_arg;
	const struct target_record *records;
	size_t record_count;
};

/* What a sealed job puts into the chip before it is locked (wire/layout.h). */
struct target_loader {
	const struct release_header *header; /* of a sealed release */
	const uint8_t *loader;		     /* LOADER_LEN bytes */
	const uint8_t *stub;
	size_t stub_len;
};

/* Called at least ten times a second and at each phase change. done/total in
 * bytes within the phase. */
typedef void target_progress(void *arg, enum target_phase phase, uint32_t done,
			     uint32_t total);

struct target; /* one job on one probe */
MUST_USE int target_new(struct probe *p, const struct power_config *power,
			target_progress *progress, void *progress_arg,
			struct target **out);
void target_free(struct target *t);
const char *target_why(const struct target *t);
enum target_phase target_phase(const struct target *t);

/* chip = what the order's product is made of (chip_find(family)).  When nobody
 * answers, the channel's power command switches the board on, once. */
MUST_USE int target_identify(struct target *t, const struct chip *chip,
			     struct target_identity *out);
/* E_TARGET_PROTECTED on a locked chip.  The option bytes written here come
 * into force with the next power cycle. */
MUST_USE int target_program(struct target *t, const struct target_plan *plan);
/*
 * Sealed mode, step 3: mass erase; boot words, stub and loader, all read back;
 * every option byte with the release's read protection.  It holds from the
 * power cycle on.
 */
MUST_USE int target_prepare(struct target *t, const struct target_loader *plan);
/* A late release: the stub has set level 2, which target_prove_locked() is to
 * find from now on. */
MUST_USE int target_raised(struct target *t, const struct release_header *h);
/*
 * Stage 0: what target_prepare() does, ahead of time at a trusted site, with
 * no release and with a secret; then a power cycle, and the proof that the
 * lock holds.  The secret crosses the debug wire.  E_UNSUPPORTED when the
 * family cannot keep one.
 */
struct target_stage0 {
	const uint8_t *loader; /* LOADER_LEN bytes */
	const uint8_t *stub;
	size_t stub_len;
	const uint8_t *secret; /* STAGE0_SECRET_LEN bytes */
};
MUST_USE int target_stage0(struct target *t, const struct target_stage0 *plan);
/*
 * In a sealed job, in place of target_prepare(): nothing is erased, only the
 * option bytes are made the release's.  E_TARGET_OPEN when the chip is not
 * locked, and so has no stage 0.
 */
MUST_USE int target_stage0_ready(struct target *t,
				 const struct release_header *h);
/* Lets go of the debug port, which stays silent, switches off, waits in target
 * time, opens the probe's UART (115200 baud, or as the last target_start() had
 * it), switches on. */
MUST_USE int target_power_cycle(struct target *t);
/* Whether the probe can do a whole job, to be asked after target_identify():
 * some cannot read all of the fingerprint, or do not leave a locked chip alone.
 * E_UNSUPPORTED with the reason. */
MUST_USE int target_can_build(struct target *t);
/* Whether it can be switched: E_TARGET_POWER with the reason. */
MUST_USE int target_can_power(struct target *t);
/* The probe's UART was used for something else meanwhile. */
void target_uart_lost(struct target *t);
/*
 * Runs the target until a UART line contains `pattern` (NULL or "" = no start
 * proof: returns at once) or timeout_ms of target time is over
 * (E_TARGET_NO_PROOF; line[] then holds the last line heard).
 */
MUST_USE int target_start(struct target *t, const char *pattern, uint32_t baud,
			  uint32_t timeout_ms, char line[160]);
/* Tries to read flash through the debug port.  0 = every try failed as it
 * must; E_TARGET_OPEN = something could be read. */
MUST_USE int target_prove_locked(struct target *t);

/* Lifts read protection where the family can (mass erase!), for rework: all
 * option bytes as delivered, power cycle, and a look at the result. */
MUST_USE int target_unlock(struct target *t, const struct chip *chip);

#endif
