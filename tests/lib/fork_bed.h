/* SPDX-License-Identifier: MIT */
/*
 * tests/lib/fork_bed.h - one reference run of a virtual chip, and at each of
 * its flash operations, or at chosen cycles, a process of its own in which
 * things go wrong.
 *
 * The chip lives in this process, so fork() copies it as it stands, in the
 * middle of whatever it does.  What a child finds it says by its exit code;
 * the reference run goes on as if nothing had been.
 */
#ifndef TESTS_LIB_FORK_BED_H
#define TESTS_LIB_FORK_BED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmcu/mcu.h"

#define FORK_CODES 64
#define FORK_BROKEN (FORK_CODES - 1) /* the child died, or said nonsense */

struct fork_bed {
	struct mcu *mcu;
	void *user;
	/* In the child, with the chip's supply just gone and its operation
	 * number n torn; returns what it found, below FORK_BROKEN. */
	int (*cut)(void *user, uint32_t n);
	/* In the child, in mid-run; variant counts from 0. */
	int (*stop)(void *user, unsigned variant);
	unsigned variants;
	uint64_t stride; /* cycles between stops */
	uint32_t every;	 /* fork at every so many operations, 0 = each */
	/* out */
	uint32_t operations, stops;
	uint32_t codes[FORK_CODES];
	bool child; /* this process is one */
	bool done;  /* and its power has gone */
};

/* What it wants to hear of the chip, for chips that somebody else listens to
 * as well (bench_listen()). */
struct mcu_listener fork_bed_listener(struct fork_bed *f);
/* From now on, until fork_bed_end(). */
void fork_bed_begin(struct fork_bed *f);
void fork_bed_end(struct fork_bed *f);

/* Lets the chip run; returns how many different addresses it executed, in the
 * order of their first time. */
unsigned fork_bed_trace(struct mcu *m, uint64_t ps, uint32_t *pcs,
			unsigned cap);

/* -- what a chip's flash holds (design part 6, wire/layout.h) -------------- */
enum flash_class {
	CLASS_BLANK,	 /* nothing secret; starts from the beginning */
	CLASS_RESUMABLE, /* locked, the loader whole: it starts again */
	CLASS_COMPLETE,	 /* locked, the firmware whole, the marker's first half
			  * set: the stub needs nobody any more */
	CLASS_REGRESS,	 /* locked, nothing in it starts: only going back to
			  * level 0, which erases all, helps */
	CLASS_BAD,
	CLASSES
};
struct flash_truth {
	uint32_t base, len;	  /* of the main flash */
	const uint8_t *installed; /* len bytes: as it is at the end, with FF
				   * where nothing belongs */
	uint32_t image_len;	  /* firmware from base on */
	uint32_t boot_len;	  /* what it begins with is there before it */
	const uint8_t *before;	  /* len bytes: ready for the job */
};
enum flash_class flash_classify(const struct mcu *m,
				const struct flash_truth *t, char why[128]);
/* Nothing is left to do: the marker set, the loader gone. */
bool flash_finished(const struct mcu *m, const struct flash_truth *t);
/* Bytes of the firmware that are in the flash at their place, not counting
 * the boot page's first double word and erased ones. */
uint32_t flash_plaintext(const struct mcu *m, const struct flash_truth *t);

#endif
