/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "cli/cli.h"

static const struct arg args[] = {
	{ "GRANT", NULL, ARG_U64, ARG_OPERAND | ARG_REQUIRED,
	  offsetof(struct grant_change, grant), 0, 1, 0,
	  "the grant's number, as `signet device list` shows it" },
	{ "reason", "TEXT", ARG_COPY, ARG_REQUIRED,
	  offsetof(struct grant_change, reason), TEXT_CAP, 0, 0,
	  "why; it stands in the log" },
};
static const struct cli_view view = { OP_GRANT_CHANGE, NULL, 0, NULL, NULL };

/* The verb is the action's name on the wire. */
static int change_run(const struct command *self, void *globals, void *params)
{
	struct grant_change *c = params;

	snprintf(c->action, NAME_CAP, "%s", self->verb);
	return cli_run_action(self, globals, params);
}

const struct command command_grant_scrap = {
	.object = "grant",
	.verb = "scrap",
	.summary = "note that a device was scrapped; its unit stays used",
	.args = args,
	.arg_count = ARRAY_LEN(args),
	.params_size = sizeof(struct grant_change),
	.run = change_run,
	.data = &view,
};

const struct command command_grant_retry = {
	.object = "grant",
	.verb = "retry",
	.summary = "allow a chip that used all its attempts some more",
	.args = args,
	.arg_count = ARRAY_LEN(args),
	.params_size = sizeof(struct grant_change),
	.run = change_run,
	.data = &view,
};
