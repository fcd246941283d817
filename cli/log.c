/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

static const struct column columns[] = {
	{ "seq", "no", false },	     { "time", "time", false },
	{ "event", "event", false }, { "actor", "actor", false },
	{ "order", "order", false }, { "code", "code", false },
	{ "count", "times", false }, { "subject", "subject", false },
	{ "text", "text", true },
};
static const struct cli_view view = { OP_LOG, columns, ARRAY_LEN(columns),
				      "seq", NULL };

static const struct arg list_args[] = {
	{ "product", "P", ARG_NAME, 0, offsetof(struct query, product), 0, 0, 0,
	  "only entries about this product" },
	{ "order", "O", ARG_NAME, 0, offsetof(struct query, order), 0, 0, 0,
	  "only entries about this order" },
	{ "flasher", "F", ARG_NAME, 0, offsetof(struct query, flasher), 0, 0, 0,
	  "only entries of this flasher" },
	{ "event", "EVENT", ARG_NAME, 0, offsetof(struct query, event), 0, 0, 0,
	  "only such events, such as grant.refused" },
	{ "uid", "UID", ARG_UID, 0, offsetof(struct query, uid), 0, 0, 0,
	  "only entries about this chip" },
	{ "after", "NO", ARG_U64, 0, offsetof(struct query, after), 0, 0, 0,
	  "only entries above this number" },
	{ "limit", "N", ARG_U32, 0, offsetof(struct query, limit), 0, 1, 0,
	  "at most so many" },
};

const struct command command_log_list = {
	.object = "log",
	.verb = "list",
	.summary = "list what happened and what was refused",
	.args = list_args,
	.arg_count = ARRAY_LEN(list_args),
	.params_size = sizeof(struct query),
	.run = cli_run_list,
	.data = &view,
};

static const struct cli_view status_view = { OP_STATUS, NULL, 0, NULL, NULL };

const struct command command_status = {
	.object = "status",
	.summary = "ask the server how it is",
	.params_size = sizeof(struct query),
	.run = cli_run_action,
	.data = &status_view,
};
