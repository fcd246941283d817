/* SPDX-License-Identifier: MIT */
/* Loaders: built by the owner with the server's key in them, and listed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include <jansson.h>

#include "base/hex.h"
#include "cli/cli.h"
#include "crypto/crypto.h"
#include "keys/keyfile.h"
#include "wire/layout.h"

/* -- keys-header --------------------------------------------------------- */
struct header_params {
	const char *out;
};

static const struct arg header_args[] = {
	{ "out", "FILE", ARG_TEXT, 0, offsetof(struct header_params, out), 0, 0,
	  0, "write there instead of standard output" },
};

static void print_header(FILE *f, const uint8_t pub[X25519_LEN])
{
	fprintf(f, "/* Made by `signet loader keys-header`.  A public key "
		   "only. */\n"
		   "#ifndef SIGNET_LOADER_KEYS_H\n"
		   "#define SIGNET_LOADER_KEYS_H\n\n#include <stdint.h>\n\n"
		   "static const uint8_t signet_server_pub[32] = {");
	for (size_t i = 0; i < X25519_LEN; i++)
		fprintf(f, "%s0x%02x,", i % 8 ? " " : "\n\t", pub[i]);
	fprintf(f, "\n};\n\n#endif\n");
}

static int header_run(const struct command *self, void *globals, void *params)
{
	const struct header_params *p = params;
	struct server_keys keys;
	struct query q;
	char *text = NULL;
	size_t len = 0;
	FILE *f;
	int r;

	(void)self;
	memset(&q, 0, sizeof(q));
	memset(&keys, 0, sizeof(keys));
	r = cli_call(globals, OP_SERVER_KEYS, &q, &keys);
	if (r != 0)
		return r;
	f = keys.noise_pub.len == X25519_LEN ? open_memstream(&text, &len)
					     : NULL;
	if (f == NULL) {
		args_problem("answer",
			     "compare the versions of signet and signetd",
			     "the server's answer lacks its key for loaders");
		r = EXIT_BUG;
	} else {
		print_header(f, keys.noise_pub.data);
		fclose(f);
		r = cli_write_file(p->out ? p->out : "-", text, len);
	}
	free(text);
	shape_clear(&server_keys_shape, &keys);
	return r;
}

const struct command command_loader_header = {
	.object = "loader",
	.verb = "keys-header",
	.summary = "print the C header that the loader is built with",
	.args = header_args,
	.arg_count = ARRAY_LEN(header_args),
	.params_size = sizeof(struct header_params),
	.run = header_run,
};

/* -- add ----------------------------------------------------------------- */
struct add_params {
	const char *file, *stub;
	char chip[NAME_CAP], link[NAME_CAP];
};

static const struct arg add_args[] = {
	{ "FILE", NULL, ARG_TEXT, ARG_OPERAND | ARG_REQUIRED,
	  offsetof(struct add_params, file), 0, 0, 0,
	  "loader.bin, as `make loader` wrote it" },
	{ "chip", "CHIP", ARG_NAME, 0, offsetof(struct add_params, chip), 0, 0,
	  0,
	  "the chip that it is for, such as stm32f103xe (default: what "
	  "loader.json beside FILE says)" },
	{ "link", "LINK", ARG_NAME, 0, offsetof(struct add_params, link), 0, 0,
	  0,
	  "the line that it speaks: uart or swd-pins (default: what "
	  "loader.json beside FILE says)" },
	{ "stub", "FILE", ARG_TEXT, 0, offsetof(struct add_params, stub), 0, 0,
	  0, "its resident stub (default: stub.bin beside FILE)" },
};

static int load(const char *path, size_t max, struct blob *out)
{
	char why[KEYFILE_WHY_CAP];

	if (keyfile_read(path, max, false, &out->data, &out->len, why) == 0)
		return 0;
	args_problem("local-file", "build it with `make loader`", "%s", why);
	return EXIT_LOCAL;
}

/* "DIR/NAME" of "DIR/loader.bin" */
static void beside(const char *file, const char *name, char out[PATH_MAX])
{
	const char *slash = strrchr(file, '/');
	int dir = slash ? (int)(slash - file) + 1 : 0;

	snprintf(out, PATH_MAX, "%.*s%s", dir, file, name);
}

static int load_both(const struct add_params *p, struct loader_upload *up)
{
	char stub[PATH_MAX];
	int r = load(p->file, LOADER_LEN, &up->loader);

	beside(p->file, "stub.bin", stub);
	if (r == 0)
		r = load(p->stub ? p->stub : stub, STUB_CODE_LEN, &up->stub);
	if (r == 0 && up->loader.len != LOADER_LEN) {
		args_problem("local-file", "build it with `make loader`",
			     "%s has %zu bytes, a loader has %d", p->file,
			     up->loader.len, LOADER_LEN);
		r = EXIT_LOCAL;
	}
	return r;
}

/* What the build says of the loader against what is asked for; fills what is
 * not asked for. */
static int note_agrees(const json_t *note, const char *path, const char *key,
		       char value[NAME_CAP])
{
	const char *said = json_string_value(json_object_get(note, key));

	if (said == NULL || strcmp(said, value) == 0)
		return 0;
	if (value[0] == '\0') {
		snprintf(value, NAME_CAP, "%s", said);
		return 0;
	}
	args_problem("local-file",
		     "add the right loader, or leave the option "
		     "away",
		     "%s says that this loader's %s is %s, not %s", path, key,
		     said, value);
	return EXIT_LOCAL;
}

static int note_digest(const json_t *note, const char *path,
		       const struct blob *loader)
{
	const char *said = json_string_value(json_object_get(note, "sha256"));
	uint8_t digest[DIGEST_LEN];
	char hex[HEX_DIGEST_CAP];

	if (said == NULL)
		return 0;
	if (crypto_sha256(loader->data, loader->len, digest) != 0)
		return EXIT_BUG;
	hex_encode(digest, DIGEST_LEN, hex);
	if (strcmp(said, hex) == 0)
		return 0;
	args_problem("local-file", "build it again with `make loader`",
		     "%s is of another loader", path);
	return EXIT_LOCAL;
}

/* loader.json, as `make loader` wrote it; it may be missing. */
static int check_note(const char *file, struct loader_upload *up)
{
	char path[PATH_MAX];
	json_t *note;
	int r;

	beside(file, "loader.json", path);
	if (access(path, F_OK) != 0)
		return 0;
	note = json_load_file(path, 0, NULL);
	if (!json_is_object(note)) {
		json_decref(note);
		args_problem("local-file", "build it with `make loader`",
			     "%s is no JSON object", path);
		return EXIT_LOCAL;
	}
	r = note_digest(note, path, &up->loader);
	if (r == 0)
		r = note_agrees(note, path, "chip", up->chip);
	if (r == 0)
		r = note_agrees(note, path, "link", up->link);
	json_decref(note);
	return r;
}

static int check_named(const char *file, const struct loader_upload *up)
{
	bool chip = up->chip[0] == '\0';

	if (!chip && up->link[0] != '\0')
		return 0;
	args_problem("usage",
		     chip ? "give --chip"
			  : "give --link uart or --link swd-pins",
		     "no loader.json beside %s says which %s", file,
		     chip ? "chip it is for" : "line it speaks");
	return EXIT_USAGE;
}

static int add_run(const struct command *self, void *globals, void *params)
{
	const struct add_params *p = params;
	struct loader_upload up;
	struct loader made;
	int r;

	(void)self;
	memset(&up, 0, sizeof(up));
	memset(&made, 0, sizeof(made));
	snprintf(up.chip, NAME_CAP, "%s", p->chip);
	snprintf(up.link, NAME_CAP, "%s", p->link);
	r = load_both(p, &up);
	if (r == 0)
		r = check_note(p->file, &up);
	if (r == 0)
		r = check_named(p->file, &up);
	if (r == 0)
		r = cli_call(globals, OP_LOADER_ADD, &up, &made);
	free(up.loader.data);
	free(up.stub.data);
	if (r != 0)
		return r;
	r = cli_show(globals, &loader_shape, &made);
	shape_clear(&loader_shape, &made);
	return r;
}

const struct command command_loader_add = {
	.object = "loader",
	.verb = "add",
	.summary = "admit a loader: chips that run it may get keys",
	.args = add_args,
	.arg_count = ARRAY_LEN(add_args),
	.params_size = sizeof(struct add_params),
	.run = add_run,
};

/* -- list ---------------------------------------------------------------- */
static const struct column columns[] = {
	{ "chip", "chip", false },    { "link", "link", false },
	{ "state", "state", false },  { "created", "created", false },
	{ "digest", "digest", true },
};
static const struct cli_view view = { OP_LOADERS, columns, ARRAY_LEN(columns),
				      NULL, NULL };

const struct command command_loader_list = {
	.object = "loader",
	.verb = "list",
	.summary = "list the loaders, newest first",
	.params_size = sizeof(struct query),
	.run = cli_run_list,
	.data = &view,
};

/* -- retire, admit ------------------------------------------------------- */
static const struct arg change_args[] = {
	{ "DIGEST", NULL, ARG_COPY, ARG_OPERAND | ARG_REQUIRED,
	  offsetof(struct loader_change, digest), HEX_DIGEST_CAP, 0, 0,
	  "the loader's digest, as `signet loader list` shows it" },
};

static const struct cli_view change_view = { OP_LOADER_CHANGE, NULL, 0, NULL,
					     NULL };

/* The verb is the action's name on the wire. */
static int change_run(const struct command *self, void *globals, void *params)
{
	struct loader_change *c = params;

	snprintf(c->action, NAME_CAP, "%s", self->verb);
	return cli_run_action(self, globals, params);
}

const struct command command_loader_retire = {
	.object = "loader",
	.verb = "retire",
	.summary = "take a loader off the list: it gets no more keys",
	.args = change_args,
	.arg_count = ARRAY_LEN(change_args),
	.params_size = sizeof(struct loader_change),
	.run = change_run,
	.data = &change_view,
};

const struct command command_loader_admit = {
	.object = "loader",
	.verb = "admit",
	.summary = "put a retired loader on the list again",
	.args = change_args,
	.arg_count = ARRAY_LEN(change_args),
	.params_size = sizeof(struct loader_change),
	.run = change_run,
	.data = &change_view,
};
