/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

#define QUANTITY_MAX 0x7fffffffu

/* -- create -------------------------------------------------------------- */
static const struct arg create_args[] = {
	{ "NAME", NULL, ARG_NAME, ARG_OPERAND | ARG_REQUIRED,
	  offsetof(struct order, name), 0, 0, 0, "the order's name" },
	{ "product", "P", ARG_NAME, ARG_REQUIRED,
	  offsetof(struct order, product), 0, 0, 0, "what is built" },
	{ "release", "V", ARG_NAME, ARG_REQUIRED,
	  offsetof(struct order, release), 0, 0, 0, "version of its firmware" },
	{ "quantity", "N", ARG_U32, ARG_REQUIRED,
	  offsetof(struct order, quantity), 0, 1, QUANTITY_MAX,
	  "how many devices may be built" },
	{ "manufacturer", "M", ARG_NAME, ARG_REQUIRED,
	  offsetof(struct order, manufacturer), 0, 0, 0,
	  "whose flashers may build it" },
	{ "mode", "MODE", ARG_NAME, 0, offsetof(struct order, mode), 0, 0, 0,
	  "sealed (default), or signed, if the product allows it" },
	{ "batch", "B", ARG_NAME, 0, offsetof(struct order, batch), 0, 0, 0,
	  "the stage-0 batch that its chips are from (default: none)" },
	{ "retries", "N", ARG_U32, 0, offsetof(struct order, retries), 0, 1,
	  1000, "extra attempts per device (default 3)" },
	{ "lease", "SECONDS", ARG_U32, 0, offsetof(struct order, lease_s), 0, 1,
	  86400, "how long a reservation holds (default 120)" },
	{ "serial-prefix", "TEXT", ARG_COPY, 0,
	  offsetof(struct order, serial_prefix), SERIAL_CAP, 0, 0,
	  "serial numbers are TEXT and a number (default: none)" },
	{ "serial-first", "N", ARG_U64, 0, offsetof(struct order, serial_first),
	  0, 0, 0, "first serial number (default 1)" },
	{ "opens", "TIME", ARG_COPY, 0, offsetof(struct order, opens), TIME_CAP,
	  0, 0, "not before, as 2026-11-20T08:00:00Z" },
	{ "closes", "TIME", ARG_COPY, 0, offsetof(struct order, closes),
	  TIME_CAP, 0, 0, "not after, likewise" },
};

/* Defaults are spelled out, so that the order says what holds. */
static int create_run(const struct command *self, void *globals, void *params)
{
	struct order *o = params;

	if (o->mode[0] == '\0')
		snprintf(o->mode, NAME_CAP, "sealed");
	if (o->retries == 0)
		o->retries = 3;
	if (o->lease_s == 0)
		o->lease_s = 120;
	if (o->serial_prefix[0] && o->serial_first == 0)
		o->serial_first = 1;
	return cli_run_action(self, globals, params);
}

static const struct cli_view create_view = { OP_ORDER_CREATE, NULL, 0, NULL,
					     NULL };

const struct command command_order_create = {
	.object = "order",
	.verb = "create",
	.summary = "allow one manufacturer to build a number of devices",
	.args = create_args,
	.arg_count = ARRAY_LEN(create_args),
	.params_size = sizeof(struct order),
	.run = create_run,
	.data = &create_view,
};

/* -- list, show ---------------------------------------------------------- */
static const struct column columns[] = {
	{ "name", "order", false },	    { "state", "state", false },
	{ "quantity", "units", false },	    { "delivered", "used", false },
	{ "closed", "built", false },	    { "reserved", "held", false },
	{ "unknown", "unkn", false },	    { "scrapped", "scrap", false },
	{ "mode", "mode", false },	    { "proof", "proof", false },
	{ "product", "product", false },    { "release", "release", false },
	{ "manufacturer", "maker", false },
};
static const struct cli_view view = { OP_ORDERS, columns, ARRAY_LEN(columns),
				      NULL, NULL };

static const struct arg list_args[] = {
	{ "product", "P", ARG_NAME, 0, offsetof(struct query, product), 0, 0, 0,
	  "only this product's" },
};

const struct command command_order_list = {
	.object = "order",
	.verb = "list",
	.summary = "list the orders and how far they are",
	.args = list_args,
	.arg_count = ARRAY_LEN(list_args),
	.params_size = sizeof(struct query),
	.run = cli_run_list,
	.data = &view,
};

static const struct arg show_args[] = {
	{ "NAME", NULL, ARG_NAME, ARG_OPERAND | ARG_REQUIRED,
	  offsetof(struct query, order), 0, 0, 0, "the order" },
};

const struct command command_order_show = {
	.object = "order",
	.verb = "show",
	.summary = "show one order",
	.args = show_args,
	.arg_count = ARRAY_LEN(show_args),
	.params_size = sizeof(struct query),
	.run = cli_run_show,
	.data = &view,
};

/* -- pause, resume, end -------------------------------------------------- */
static const struct arg change_args[] = {
	{ "NAME", NULL, ARG_NAME, ARG_OPERAND | ARG_REQUIRED,
	  offsetof(struct order_change, order), 0, 0, 0, "the order" },
};

static const struct cli_view change_view = { OP_ORDER_CHANGE, NULL, 0, NULL,
					     NULL };

/* The verb is the action's name on the wire. */
static int change_run(const struct command *self, void *globals, void *params)
{
	struct order_change *c = params;

	snprintf(c->action, NAME_CAP, "%s", self->verb);
	return cli_run_action(self, globals, params);
}

const struct command command_order_pause = {
	.object = "order",
	.verb = "pause",
	.summary = "let nothing more be built until it is resumed",
	.args = change_args,
	.arg_count = ARRAY_LEN(change_args),
	.params_size = sizeof(struct order_change),
	.run = change_run,
	.data = &change_view,
};

const struct command command_order_resume = {
	.object = "order",
	.verb = "resume",
	.summary = "open a paused order again",
	.args = change_args,
	.arg_count = ARRAY_LEN(change_args),
	.params_size = sizeof(struct order_change),
	.run = change_run,
	.data = &change_view,
};

const struct command command_order_end = {
	.object = "order",
	.verb = "end",
	.summary = "close an order for good",
	.args = change_args,
	.arg_count = ARRAY_LEN(change_args),
	.params_size = sizeof(struct order_change),
	.run = change_run,
	.data = &change_view,
};
