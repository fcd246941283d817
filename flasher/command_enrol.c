/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "cli/local.h"
#include "flasher/enrol.h"
#include "flasher/program.h"

struct enrol_params {
	const char *code;
	uint32_t channels;
	char station[NAME_CAP];
	bool replace;
};

static const struct arg args[] = {
	{ "code", "CODE", ARG_TEXT, ARG_REQUIRED,
	  offsetof(struct enrol_params, code), 0, 0, 0,
	  "the owner's one-time code; \"-\" reads it from standard input" },
	{ "channels", "N", ARG_U32, 0, offsetof(struct enrol_params, channels),
	  0, 1, CHANNELS_MAX, "channels that this station has (default 4)" },
	{ "station", "NAME", ARG_NAME, 0,
	  offsetof(struct enrol_params, station), 0, 0, 0,
	  "what it calls itself in the owner's log (default: host name)" },
	{ "replace", NULL, ARG_FLAG, 0, offsetof(struct enrol_params, replace),
	  0, 0, 0, "enrol anew, in place of what is there" },
};

static void print_enrolled(const struct flasher_globals *f,
			   const struct station *st)
{
	json_t *o;

	if (!f->json) {
		printf("enrolled as %s at %s\nNow describe the channels in "
		       "%s/flasher.conf.\n",
		       st->name, st->server, st->dir);
		return;
	}
	o = json_pack("{s:s,s:s}", "flasher", st->name, "server", st->server);
	local_print_json(o);
}

static int run(const struct command *self, void *globals, void *params)
{
	const struct enrol_params *p = params;
	const struct flasher_globals *f = globals;
	struct enrol_options o = { .code = p->code,
				   .channels = p->channels,
				   .replace = p->replace };
	char why[STATION_WHY_CAP] = "", line[512];
	struct refusal refusal;
	struct station st;
	int r;

	(void)self;
	memset(&st, 0, sizeof(st));
	memset(&refusal, 0, sizeof(refusal));
	memcpy(o.station, p->station, sizeof(o.station));
	if (strcmp(p->code, "-") == 0) {
		/* So that the code is in no process list. */
		if (fgets(line, sizeof(line), stdin) == NULL)
			line[0] = '\0';
		line[strcspn(line, "\r\n")] = '\0';
		o.code = line;
	}
	r = station_dir(&st, f->dir, why);
	if (r != 0)
		return flasher_local_failed(r, why);
	r = enrol_run(&st, &o, &refusal, why);
	if (r == E_SYNTAX) {
		args_problem("usage",
			     "copy the code whole, or ask for a new "
			     "one",
			     "%s", why);
		r = EXIT_USAGE;
	} else if (r == E_EXISTS) {
		args_problem("exists", "use --replace if that is meant", "%s",
			     why);
		r = EXIT_LOCAL;
	} else if (r == E_NET || r == E_TIMEOUT) {
		args_problem("no-server",
			     "check the network, and the address in the code; "
			     "then give the same command again",
			     "%s", why);
		r = EXIT_SERVER;
	} else if (r != 0) {
		r = flasher_call_failed(r, &refusal, why);
	} else {
		print_enrolled(f, &st);
	}
	station_free(&st);
	return r;
}

const struct command command_enrol = {
	.object = "enrol",
	.summary = "make this station known to an owner, with a one-time code",
	.args = args,
	.arg_count = ARRAY_LEN(args),
	.params_size = sizeof(struct enrol_params),
	.run = run,
};
