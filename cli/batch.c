/* SPDX-License-Identifier: MIT */
/* Batches of chips that get a stage-0 secret at a trusted site. */
#include "cli/cli.h"

static const struct arg create_args[] = {
	{ "NAME", NULL, ARG_NAME, ARG_OPERAND | ARG_REQUIRED,
	  offsetof(struct stage0_batch, name), 0, 0, 0, "the batch's name" },
	{ "family", "FAMILY", ARG_NAME, ARG_REQUIRED,
	  offsetof(struct stage0_batch, family), 0, 0, 0,
	  "the chips' family: stm32l4 or stm32f0" },
	{ "manufacturer", "M", ARG_NAME, ARG_REQUIRED,
	  offsetof(struct stage0_batch, manufacturer), 0, 0, 0,
	  "the trusted site whose flashers put the secrets in" },
};

static const struct cli_view create_view = { OP_BATCH_CREATE, NULL, 0, NULL,
					     NULL };

const struct command command_batch_create = {
	.object = "batch",
	.verb = "create",
	.summary = "start a batch of chips with stage-0 secrets",
	.args = create_args,
	.arg_count = ARRAY_LEN(create_args),
	.params_size = sizeof(struct stage0_batch),
	.run = cli_run_action,
	.data = &create_view,
};

static const struct column columns[] = {
	{ "name", "batch", false },	   { "family", "family", false },
	{ "manufacturer", "site", false }, { "chips", "chips", false },
	{ "created", "created", false },
};
static const struct cli_view view = { OP_BATCHES, columns, ARRAY_LEN(columns),
				      NULL, NULL };

const struct command command_batch_list = {
	.object = "batch",
	.verb = "list",
	.summary = "list the batches and how many chips have their secret",
	.params_size = sizeof(struct query),
	.run = cli_run_list,
	.data = &view,
};
