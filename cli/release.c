/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "keys/keyfile.h"
#include "wire/cose.h"
#include "wire/release.h"

/* -- upload -------------------------------------------------------------- */
struct upload_params {
	const char *file;
};

static const struct arg upload_args[] = {
	{ "FILE", NULL, ARG_TEXT, ARG_OPERAND | ARG_REQUIRED,
	  offsetof(struct upload_params, file), 0, 0, 0,
	  "what `signet release make` wrote" },
};

/* The product's name stands in the signed header; the server checks it. */
static int file_product(const uint8_t *buf, size_t len, char out[NAME_CAP])
{
	struct release_file f;
	struct release_header h;
	struct cose_sign1 cose;
	int r = release_file_decode(buf, len, &f);

	if (r == 0)
		r = cose_decode(f.header, f.header_len, &cose);
	if (r == 0)
		r = release_header_decode(cose.payload, cose.payload_len, &h);
	if (r == 0)
		snprintf(out, NAME_CAP, "%s", h.fw.product);
	return r;
}

static int upload_run(const struct command *self, void *globals, void *params)
{
	const struct upload_params *p = params;
	char why[KEYFILE_WHY_CAP];
	struct release_upload up;
	struct release made;
	int r;

	(void)self;
	memset(&up, 0, sizeof(up));
	memset(&made, 0, sizeof(made));
	r = keyfile_read(p->file, RELEASE_FILE_CAP, false, &up.file.data,
			 &up.file.len, why);
	if (r != 0) {
		args_problem("local-file", "check the path", "%s", why);
		return EXIT_LOCAL;
	}
	r = file_product(up.file.data, up.file.len, up.product);
	if (r != 0) {
		args_problem("local-file", "make it with `signet release make`",
			     "%s is no release file: %s", p->file,
			     error_text(r));
		r = EXIT_LOCAL;
	} else {
		r = cli_call(globals, OP_RELEASE_UPLOAD, &up, &made);
	}
	free(up.file.data);
	if (r != 0)
		return r;
	r = cli_show(globals, &release_shape, &made);
	shape_clear(&release_shape, &made);
	return r;
}

const struct command command_release_upload = {
	.object = "release",
	.verb = "upload",
	.summary = "hand a release to the server",
	.args = upload_args,
	.arg_count = ARRAY_LEN(upload_args),
	.params_size = sizeof(struct upload_params),
	.run = upload_run,
};

/* -- list ---------------------------------------------------------------- */
static const struct column columns[] = {
	{ "product", "product", false },
	{ "version", "version", false },
	{ "mode", "mode", false },
	{ "rollback", "rollback", false },
	{ "size", "bytes", false },
	{ "created", "created", false },
	{ "serial_at", "serial at", false },
	{ "protection", "protection", false },
	{ "digest", "digest", true },
};
static const struct cli_view view = { OP_RELEASES, columns, ARRAY_LEN(columns),
				      NULL, NULL };

static const struct arg list_args[] = {
	{ "product", "P", ARG_NAME, 0, offsetof(struct query, product), 0, 0, 0,
	  "only this product's" },
};

const struct command command_release_list = {
	.object = "release",
	.verb = "list",
	.summary = "list the releases that the server has",
	.args = list_args,
	.arg_count = ARRAY_LEN(list_args),
	.params_size = sizeof(struct query),
	.run = cli_run_list,
	.data = &view,
};
