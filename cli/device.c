/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "cli/cli.h"

struct device_params {
	struct query q;
	const char *out;
};

static const struct column columns[] = {
	{ "uid", "unique ID", false },	 { "serial", "serial", false },
	{ "state", "state", false },	 { "proof", "proof", false },
	{ "order", "order", false },	 { "grant", "grant", false },
	{ "attempts", "tries", false },	 { "changed", "changed", false },
	{ "flasher", "flasher", false },
};
static const struct cli_view view = { OP_DEVICES, columns, ARRAY_LEN(columns),
				      "grant", NULL };

static const struct arg list_args[] = {
	{ "product", "P", ARG_NAME, 0, offsetof(struct query, product), 0, 0, 0,
	  "only this product's" },
	{ "order", "O", ARG_NAME, 0, offsetof(struct query, order), 0, 0, 0,
	  "only this order's" },
	{ "flasher", "F", ARG_NAME, 0, offsetof(struct query, flasher), 0, 0, 0,
	  "only those that this flasher built" },
	{ "after", "GRANT", ARG_U64, 0, offsetof(struct query, after), 0, 0, 0,
	  "only grants above this number" },
	{ "limit", "N", ARG_U32, 0, offsetof(struct query, limit), 0, 1, 0,
	  "at most so many" },
};

const struct command command_device_list = {
	.object = "device",
	.verb = "list",
	.summary = "list the devices that have been granted",
	.args = list_args,
	.arg_count = ARRAY_LEN(list_args),
	.params_size = sizeof(struct query),
	.run = cli_run_list,
	.data = &view,
};

static int device_get(struct cli *cli, const struct query *q,
		      struct device *out)
{
	char hex[2 * UID_MAX + 1];

	hex_encode(q->uid.data, q->uid.len, hex);
	return cli_find(cli, OP_DEVICES, q, "device with unique ID", hex, out);
}

static const struct arg show_args[] = {
	{ "UID", NULL, ARG_UID, ARG_OPERAND | ARG_REQUIRED,
	  offsetof(struct device_params, q.uid), 0, 0, 0,
	  "the chip's unique ID, in hex" },
};

static int show_run(const struct command *self, void *globals, void *params)
{
	const struct device_params *p = params;
	struct device d;
	int r;

	(void)self;
	memset(&d, 0, sizeof(d));
	r = device_get(globals, &p->q, &d);
	if (r != 0)
		return r;
	r = cli_show(globals, &device_shape, &d);
	shape_clear(&device_shape, &d);
	return r;
}

const struct command command_device_show = {
	.object = "device",
	.verb = "show",
	.summary = "show one device",
	.args = show_args,
	.arg_count = ARRAY_LEN(show_args),
	.params_size = sizeof(struct device_params),
	.run = show_run,
};

static const struct arg credential_args[] = {
	{ "UID", NULL, ARG_UID, ARG_OPERAND | ARG_REQUIRED,
	  offsetof(struct device_params, q.uid), 0, 0, 0,
	  "the chip's unique ID, in hex" },
	{ "out", "FILE", ARG_TEXT, ARG_REQUIRED,
	  offsetof(struct device_params, out), 0, 0, 0,
	  "where to write it (CBOR); \"-\" is standard output" },
};

static int credential_run(const struct command *self, void *globals,
			  void *params)
{
	const struct device_params *p = params;
	struct device d;
	int r;

	(void)self;
	memset(&d, 0, sizeof(d));
	r = device_get(globals, &p->q, &d);
	if (r != 0)
		return r;
	if (d.credential.len == 0) {
		args_problem("state", "`signet device show` tells its state",
			     "this device has no credential yet (%s)", d.state);
		r = EXIT_REFUSED;
	} else {
		r = cli_write_file(p->out, d.credential.data, d.credential.len);
	}
	shape_clear(&device_shape, &d);
	return r;
}

const struct command command_device_credential = {
	.object = "device",
	.verb = "credential",
	.summary = "write a device's credential into a file",
	.args = credential_args,
	.arg_count = ARRAY_LEN(credential_args),
	.params_size = sizeof(struct device_params),
	.run = credential_run,
};
