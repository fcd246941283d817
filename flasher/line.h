/* SPDX-License-Identifier: MIT */
/*
 * flasher/line.h - several channels, one thread each, board after board.
 *
 * A channel goes on while devices are wanted: its `next` command brings in the
 * next board (run by the shell as COMMAND CHANNEL RESULT, RESULT being built,
 * refused or failed; a status other than 0 ends the channel).  Without one the
 * operator is asked on the terminal; without a terminal each channel builds
 * one device.  The first interrupt lets the devices in work finish, the second
 * breaks them off (the journal remembers).
 */
#ifndef FLASHER_LINE_H
#define FLASHER_LINE_H

#include "flasher/job.h"

#define LINE_INDEX_MAX CHANNELS_MAX

struct line_options {
	const char *order;
	const char *start_pattern;
	bool erase_locked;		   /* see struct job_env */
	uint32_t count;			   /* devices; 0 = as many as come */
	unsigned channels[LINE_INDEX_MAX]; /* numbers in st->conf */
	size_t channel_count;
};

/* Returns an enum exit_code. */
int line_run(const struct station *st, const struct line_options *o,
	     struct cache *cache, struct ui *ui);

/* Runs a channel's `next` command; E_STATE when it says that that was all. */
MUST_USE int line_hook(const char *command, unsigned channel,
		       const struct job_result *r);

/* Installs the handlers of SIGINT and SIGTERM; true once the second came. */
void line_signals(void);
bool line_broken_off(void *arg);

#endif
