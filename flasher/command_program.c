/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "flasher/journal.h"
#include "flasher/line.h"
#include "flasher/program.h"
#include "flasher/ui.h"
#include "http/client.h"

#define START_RETRIES 3 /* at start a dead server is told soon */

struct program_params {
	char order[NAME_CAP];
	uint32_t count;
	struct channel_options channels;
	const char *start_pattern;
	bool erase_locked;
};

static const struct arg args[] = {
	{ "order", "O", ARG_NAME, ARG_REQUIRED,
	  offsetof(struct program_params, order), 0, 0, 0,
	  "the order; `signet-flasher work` lists them" },
	{ "count", "N", ARG_U32, 0, offsetof(struct program_params, count), 0,
	  1, 0, "stop after so many devices" },
	{ "channels", "LIST", ARG_TEXT, 0,
	  offsetof(struct program_params, channels.channels), 0, 0, 0,
	  "only these channels, such as 0,2 (default: all)" },
	{ "probe", "URI", ARG_LIST, 0,
	  offsetof(struct program_params, channels.probes), 0, 0, 0,
	  "a channel with this probe, such as tcp:127.0.0.1:4441; replaces "
	  "those of flasher.conf" },
	{ "power", "CMD", ARG_LIST, 0,
	  offsetof(struct program_params, channels.powers), 0, 0, 0,
	  "its target power: run with on or off appended; the first goes with "
	  "the first --probe" },
	{ "next", "CMD", ARG_TEXT, 0,
	  offsetof(struct program_params, channels.next), 0, 0, 0,
	  "brings in the next board: run with channel and result appended" },
	{ "uart", "BAUD", ARG_U32, 0,
	  offsetof(struct program_params, channels.uart), 0, 300, 4000000,
	  "speed of the start proof's serial line (default 115200)" },
	{ "link", "LINE", ARG_TEXT, 0,
	  offsetof(struct program_params, channels.link), 0, 0, 0,
	  "line to a chip whose debug port is shut: swd-pins or uart (default: "
	  "flasher.conf's)" },
	{ "start-pattern", "TEXT", ARG_TEXT, 0,
	  offsetof(struct program_params, start_pattern), 0, 0, 0,
	  "what the firmware must say when it has started" },
	{ "erase-locked", NULL, ARG_FLAG, 0,
	  offsetof(struct program_params, erase_locked), 0, 0, 0,
	  "erase locked chips that hide their unique ID, whatever they are" },
};

/* First of all the server hears what it could not hear before. */
static int recover(const struct station *st, struct ui *ui)
{
	struct http_client *client = NULL;
	int r = station_client(st, START_RETRIES, line_broken_off, NULL,
			       &client);

	if (r != 0)
		return flasher_local_failed(r, error_text(r));
	r = job_recover(st, client, ui);
	if (r != 0)
		r = flasher_client_failed(r, NULL, client);
	http_client_free(client);
	return r;
}

static void cache_told(void *arg, const char *text)
{
	ui_say(arg, -1, "%s", text);
}

/* Gets the release before any device is begun: an unknown order or a server
 * that is down is one message, not one per channel. */
static int warm(const struct station *st, struct cache *cache)
{
	const struct release_set *set;
	char why[STATION_WHY_CAP] = "";
	struct http_client *client = NULL;
	struct refusal refusal;
	int r;

	memset(&refusal, 0, sizeof(refusal));
	r = station_client(st, START_RETRIES, line_broken_off, NULL, &client);
	if (r == 0)
		r = cache_get(cache, client, NULL, &refusal, &set, why);
	http_client_free(client);
	return r == 0 ? 0 : flasher_call_failed(r, &refusal, why);
}

static int build(struct station *st, const struct line_options *o, bool json)
{
	struct cache *cache = NULL;
	struct ui *ui = NULL;
	size_t unsent;
	int r = ui_new(st->conf.channel_count, json, &ui);

	if (r == 0)
		r = cache_new(st, o->order, cache_told, ui, &cache);
	if (r != 0) {
		ui_finish(ui);
		return EXIT_BUG;
	}
	r = recover(st, ui);
	if (r == 0)
		r = warm(st, cache);
	if (r == 0)
		r = line_run(st, o, cache, ui);
	unsent = outbox_count(st);
	if (unsent)
		ui_say(ui, -1,
		       "%zu report%s for the server wait%s in %s/outbox; the "
		       "next start sends them",
		       unsent, unsent > 1 ? "s" : "", unsent > 1 ? "" : "s",
		       st->dir);
	ui_finish(ui);
	cache_free(cache);
	return r;
}

static int run(const struct command *self, void *globals, void *params)
{
	struct program_params *p = params;
	const struct flasher_globals *f = globals;
	struct line_options o = { .order = p->order, .count = p->count };
	char why[STATION_WHY_CAP] = "";
	struct station st;
	int r = flasher_open(f, &st);

	(void)self;
	if (r != 0)
		return r;
	o.erase_locked = p->erase_locked;
	o.start_pattern = p->start_pattern ? p->start_pattern
					   : st.conf.start_pattern;
	line_signals();
	r = flasher_channels(&st, &p->channels, o.channels, &o.channel_count);
	if (r == 0 && (r = station_lock(&st, why)) != 0)
		r = flasher_local_failed(r, why);
	if (r == 0)
		r = build(&st, &o, f->json);
	station_free(&st);
	return r;
}

const struct command command_program = {
	.object = "program",
	.summary = "build devices of an order",
	.args = args,
	.arg_count = ARRAY_LEN(args),
	.params_size = sizeof(struct program_params),
	.run = run,
};
