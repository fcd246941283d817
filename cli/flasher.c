/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

/* -- invite -------------------------------------------------------------- */
static const struct arg invite_args[] = {
	{ "NAME", NULL, ARG_NAME, ARG_OPERAND | ARG_REQUIRED,
	  offsetof(struct flasher, name), 0, 0, 0, "the flasher's name" },
	{ "manufacturer", "M", ARG_NAME, ARG_REQUIRED,
	  offsetof(struct flasher, manufacturer), 0, 0, 0,
	  "whose flasher it is" },
	{ "channels", "N", ARG_U32, 0, offsetof(struct flasher, channels), 0, 1,
	  1024, "the most devices that it may have in work (default 4)" },
};

static int invite_run(const struct command *self, void *globals, void *params)
{
	struct flasher *f = params;
	struct flasher made;
	struct cli *cli = globals;
	int r;

	(void)self;
	if (f->channels == 0)
		f->channels = 4;
	memset(&made, 0, sizeof(made));
	r = cli_call(cli, OP_FLASHER_INVITE, f, &made);
	if (r != 0)
		return r;
	if (cli->json)
		r = cli_show(cli, &flasher_shape, &made);
	else
		printf("flasher %s of %s may enrol once, within 24 hours.  "
		       "At the station:\n\n"
		       "  signet-flasher enrol --code %s\n\n"
		       "The code is shown only now; hand it over by a way "
		       "that you trust.\n",
		       made.name, made.manufacturer, made.code);
	shape_clear(&flasher_shape, &made);
	return r;
}

const struct command command_flasher_invite = {
	.object = "flasher",
	.verb = "invite",
	.summary = "make a one-time code with which a station enrols",
	.args = invite_args,
	.arg_count = ARRAY_LEN(invite_args),
	.params_size = sizeof(struct flasher),
	.run = invite_run,
};

/* -- list ---------------------------------------------------------------- */
static const struct column columns[] = {
	{ "name", "flasher", false },
	{ "state", "state", false },
	{ "channels", "channels", false },
	{ "manufacturer", "manufacturer", false },
	{ "seen", "last seen", false },
};
static const struct cli_view view = { OP_FLASHERS, columns, ARRAY_LEN(columns),
				      NULL, NULL };

const struct command command_flasher_list = {
	.object = "flasher",
	.verb = "list",
	.summary = "list the flashers",
	.params_size = sizeof(struct query),
	.run = cli_run_list,
	.data = &view,
};

/* -- revoke -------------------------------------------------------------- */
static const struct arg revoke_args[] = {
	{ "NAME", NULL, ARG_NAME, ARG_OPERAND | ARG_REQUIRED,
	  offsetof(struct query, flasher), 0, 0, 0, "the flasher" },
};
static const struct cli_view revoke_view = { OP_FLASHER_REVOKE, NULL, 0, NULL,
					     NULL };

const struct command command_flasher_revoke = {
	.object = "flasher",
	.verb = "revoke",
	.summary = "shut a flasher out from its next request on",
	.args = revoke_args,
	.arg_count = ARRAY_LEN(revoke_args),
	.params_size = sizeof(struct query),
	.run = cli_run_action,
	.data = &revoke_view,
};
