/* SPDX-License-Identifier: MIT */
/*
 * flasher/ui.h - what operator and script see while devices are built.
 *
 * Three forms: on a terminal one line per channel, refreshed ten times a
 * second; otherwise one plain line per change of phase; with --json one JSON
 * object per line.  All calls may come from any thread.
 */
#ifndef FLASHER_UI_H
#define FLASHER_UI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flasher/job.h"

struct ui; /* opaque */

/* E_NOMEM. */
MUST_USE int ui_new(size_t channels, bool json, struct ui **out);
/* Prints table and counts of all results, then frees. */
void ui_finish(struct ui *ui);

/* A device is at work on the channel; forgets the one before. */
void ui_begin(struct ui *ui, unsigned channel);
void ui_uid(struct ui *ui, unsigned channel, const char *uid);
void ui_phase(struct ui *ui, unsigned channel, const char *phase);
/* Bytes within the phase. */
void ui_progress(struct ui *ui, unsigned channel, uint32_t done,
		 uint32_t total);
/* The device's one final result. */
void ui_result(struct ui *ui, unsigned channel, const struct job_result *r);
/* A line for the operator; channel -1 = the station. */
void ui_say(struct ui *ui, int channel, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The operator typed a line: the terminal has moved on by one. */
void ui_typed(struct ui *ui);

#endif
