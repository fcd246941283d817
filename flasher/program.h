/* SPDX-License-Identifier: MIT */
/* flasher/program.h - what the commands of `signet-flasher` share. */
#ifndef FLASHER_PROGRAM_H
#define FLASHER_PROGRAM_H

#include "api/messages.h"
#include "base/exit.h"
#include "cli/args.h"
#include "flasher/station.h"

struct flasher_globals { /* options of every command */
	bool json;
	const char *dir;
};

/* The channels: from flasher.conf, or from --probe, which replace them. */
struct channel_options {
	struct arg_list probes, powers;
	const char *next;
	const char *channels; /* "0,2" or NULL = all */
	const char *link;     /* "swd-pins", "uart", or NULL */
	uint32_t uart;
};

/* Opens the station; failures are printed.  Frees on failure. */
int flasher_open(const struct flasher_globals *f, struct station *st);
/* Applies --probe, --power, --next, --channels; fills the list of channel
 * numbers. */
int flasher_channels(struct station *st, const struct channel_options *o,
		     unsigned out[CHANNELS_MAX], size_t *out_count);
/* Prints a failed call to the server; returns the exit code. */
int flasher_call_failed(int err, const struct refusal *refusal,
			const char *why);
/* The same, with what the client (or NULL) says of it. */
int flasher_client_failed(int err, const struct refusal *refusal,
			  const struct http_client *client);
/* Prints a failure at the station. */
int flasher_local_failed(int err, const char *why);

extern const struct command command_enrol, command_probes, command_work,
	command_program, command_stage0, command_status;

#endif
