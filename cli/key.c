/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ct.h"
#include "base/hex.h"
#include "cli/cli.h"
#include "keys/keyfile.h"

struct key_params {
	char purpose[NAME_CAP], name[NAME_CAP];
	bool no_passphrase;
};

void cli_key_path(const struct cli *cli, const char *name, const char *suffix,
		  char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s/keys/%s%s", cli->home, name, suffix);
}

static int key_problem(int err, const char *why)
{
	const char *next = "check the file";

	if (err == E_NOT_FOUND)
		next = "`signet key list` shows the keys of this machine";
	else if (err == E_PASSPHRASE)
		next = "try again with the right passphrase";
	else if (err == E_AUTH)
		next = "chmod 600 the file, if it is yours alone";
	else if (err == E_EXISTS)
		next = "choose another name; keys are never overwritten";
	args_problem(err == E_PASSPHRASE ? "passphrase" : "key", next, "%s",
		     why);
	return EXIT_LOCAL;
}

int cli_key_public(const struct cli *cli, const char *name,
		   uint8_t out[P256_PUB_LEN])
{
	char path[PATH_MAX], why[KEYFILE_WHY_CAP];
	enum crypto_key_type type;
	size_t len;
	int r;

	cli_key_path(cli, name, ".pub", path);
	r = keyfile_load_public(path, &type, out, P256_PUB_LEN, &len, why);
	if (r != 0)
		return key_problem(r, why);
	if (type == CRYPTO_P256 && len == P256_PUB_LEN)
		return 0;
	snprintf(why, sizeof(why), "%s is not a P-256 key", name);
	return key_problem(E_KEY, why);
}

int cli_key_open(const struct cli *cli, const char *name,
		 struct crypto_key **out)
{
	char path[PATH_MAX], why[KEYFILE_WHY_CAP];
	char pass[PASSPHRASE_CAP], prompt[96];
	bool encrypted = false;
	int r;

	cli_key_path(cli, name, ".pem", path);
	r = keyfile_is_encrypted(path, &encrypted, why);
	if (r != 0)
		return key_problem(r, why);
	pass[0] = '\0';
	if (encrypted) {
		snprintf(prompt, sizeof(prompt), "Passphrase of key %s", name);
		r = passphrase_get(
			&(struct passphrase_source){
				.file = cli->passphrase_file,
				.prompt = prompt },
			pass, why);
	}
	if (r == 0)
		r = keyfile_load(path, encrypted ? pass : NULL, out, why);
	ct_wipe(pass, sizeof(pass));
	return r == 0 ? 0 : key_problem(r, why);
}

/* -- generate ------------------------------------------------------------ */
static const struct arg generate_args[] = {
	{ "PURPOSE", NULL, ARG_NAME, ARG_OPERAND | ARG_REQUIRED,
	  offsetof(struct key_params, purpose), 0, 0, 0,
	  "what the key is for: release" },
	{ "NAME", NULL, ARG_NAME, ARG_OPERAND | ARG_REQUIRED,
	  offsetof(struct key_params, name), 0, 0, 0,
	  "what the key is called on this machine" },
	{ "no-passphrase", NULL, ARG_FLAG, 0,
	  offsetof(struct key_params, no_passphrase), 0, 0, 0,
	  "store it in clear, for machines without a person" },
};

static int generate_save(struct cli *cli, const char *name,
			 const struct crypto_key *k, const char *pass)
{
	char path[PATH_MAX], why[KEYFILE_WHY_CAP];
	uint8_t pub[P256_PUB_LEN];
	size_t len;
	int r = crypto_key_public(k, pub, sizeof(pub), &len);

	if (r != 0)
		return key_problem(r, error_text(r));
	snprintf(path, sizeof(path), "%s/keys", cli->home);
	r = cli_mkdir(path);
	if (r != 0)
		return r;
	cli_key_path(cli, name, ".pem", path);
	r = keyfile_save(path, k, pass, false, why);
	if (r == 0) {
		cli_key_path(cli, name, ".pub", path);
		r = keyfile_save_public(path, CRYPTO_P256, pub, len, why);
	}
	return r == 0 ? 0 : key_problem(r, why);
}

static int generate_passphrase(const struct cli *cli,
			       const struct key_params *p,
			       char pass[PASSPHRASE_CAP])
{
	char why[KEYFILE_WHY_CAP], prompt[96];
	int r;

	pass[0] = '\0';
	if (p->no_passphrase)
		return 0;
	snprintf(prompt, sizeof(prompt), "New passphrase for key %s", p->name);
	r = passphrase_get(
		&(struct passphrase_source){ .file = cli->passphrase_file,
					     .prompt = prompt,
					     .confirm = true },
		pass, why);
	if (r == 0)
		return 0;
	args_problem("passphrase",
		     "give --passphrase-file FILE, or run it on a terminal",
		     "%s", why);
	return EXIT_LOCAL;
}

static void print_key(const struct cli *cli, const char *name,
		      const uint8_t pub[P256_PUB_LEN])
{
	char hex[2 * P256_PUB_LEN + 1], id_hex[2 * KEY_ID_LEN + 1] = "?";
	uint8_t id[KEY_ID_LEN];

	hex_encode(pub, P256_PUB_LEN, hex);
	if (crypto_key_id(pub, P256_PUB_LEN, id) == 0)
		hex_encode(id, KEY_ID_LEN, id_hex);
	if (cli->json)
		printf("{\"name\":\"%s\",\"id\":\"%s\",\"public\":\"%s\"}",
		       name, id_hex, hex);
	else
		printf("%-20s  %s\n", name, id_hex);
}

static int generate_run(const struct command *self, void *globals, void *params)
{
	const struct key_params *p = params;
	struct cli *cli = globals;
	struct crypto_key *k = NULL;
	char pass[PASSPHRASE_CAP];
	uint8_t pub[P256_PUB_LEN];
	int r = cli_home(cli);

	(void)self;
	if (r == 0 && strcmp(p->purpose, "release") != 0) {
		args_problem("usage",
			     "device keys are made and kept by the server",
			     "keys are generated here for \"release\" only");
		return EXIT_USAGE;
	}
	if (r == 0)
		r = generate_passphrase(cli, p, pass);
	if (r != 0)
		return r;
	if (crypto_key_generate(CRYPTO_P256, &k) != 0)
		r = key_problem(E_RANDOM, "cannot generate a key");
	else
		r = generate_save(cli, p->name, k, pass);
	ct_wipe(pass, sizeof(pass));
	crypto_key_free(k);
	if (r == 0)
		r = cli_key_public(cli, p->name, pub);
	if (r == 0) {
		print_key(cli, p->name, pub);
		if (cli->json)
			putchar('\n');
	}
	return r;
}

const struct command command_key_generate = {
	.object = "key",
	.verb = "generate",
	.summary = "make a key pair and store it on this machine",
	.args = generate_args,
	.arg_count = ARRAY_LEN(generate_args),
	.params_size = sizeof(struct key_params),
	.run = generate_run,
};

/* -- list ---------------------------------------------------------------- */
typedef int key_visit(void *arg, const char *name,
		      const uint8_t pub[P256_PUB_LEN]);

static int only_pub(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	return len > 4 && len < NAME_CAP + 4 &&
	       strcmp(d->d_name + len - 4, ".pub") == 0;
}

/* Calls visit for each readable key, by name, until it returns non-zero. */
static int each_key(const struct cli *cli, key_visit *visit, void *arg)
{
	char path[PATH_MAX], why[KEYFILE_WHY_CAP], name[NAME_CAP];
	struct dirent **all = NULL;
	int n, r = 0;

	snprintf(path, sizeof(path), "%s/keys", cli->home);
	n = scandir(path, &all, only_pub, alphasort);
	for (int i = 0; i < n; i++) {
		uint8_t pub[P256_PUB_LEN];
		enum crypto_key_type type;
		size_t len = strlen(all[i]->d_name) - 4;

		memcpy(name, all[i]->d_name, len);
		name[len] = '\0';
		cli_key_path(cli, name, ".pub", path);
		if (r == 0 &&
		    keyfile_load_public(path, &type, pub, sizeof(pub), &len,
					why) == 0 &&
		    type == CRYPTO_P256)
			r = visit(arg, name, pub);
		free(all[i]);
	}
	free(all);
	return r;
}

struct list_visit {
	const struct cli *cli;
	size_t count;
};

static int list_one(void *arg, const char *name,
		    const uint8_t pub[P256_PUB_LEN])
{
	struct list_visit *v = arg;

	if (v->count == 0)
		printf("%s", v->cli->json ? "{\"rows\":["
					  : "name                  id\n");
	else if (v->cli->json)
		printf(",\n");
	v->count++;
	print_key(v->cli, name, pub);
	return 0;
}

static int list_run(const struct command *self, void *globals, void *params)
{
	struct cli *cli = globals;
	struct list_visit v = { cli, 0 };
	int r = cli_home(cli);

	(void)self;
	(void)params;
	if (r != 0)
		return r;
	(void)each_key(cli, list_one, &v);
	if (cli->json)
		puts(v.count ? "]}" : "{\"rows\":[]}");
	else if (v.count == 0)
		puts("none");
	return 0;
}

const struct command command_key_list = {
	.object = "key",
	.verb = "list",
	.summary = "list the keys on this machine",
	.run = list_run,
};

struct match_visit {
	const uint8_t *pub;
	char *out;
};

static int match_one(void *arg, const char *name,
		     const uint8_t pub[P256_PUB_LEN])
{
	struct match_visit *v = arg;

	if (memcmp(pub, v->pub, P256_PUB_LEN) != 0)
		return 0;
	snprintf(v->out, NAME_CAP, "%s", name);
	return 1;
}

int cli_key_match(const struct cli *cli, const uint8_t pub[P256_PUB_LEN],
		  char out[NAME_CAP])
{
	struct match_visit v = { pub, out };

	if (each_key(cli, match_one, &v) != 0)
		return 0;
	args_problem("key",
		     "work on the machine that holds the key, or give --key",
		     "the product's release key is not on this machine (%s)",
		     cli->home);
	return EXIT_LOCAL;
}

/* -- show ---------------------------------------------------------------- */
static const struct arg show_args[] = {
	{ "NAME", NULL, ARG_NAME, ARG_OPERAND | ARG_REQUIRED,
	  offsetof(struct key_params, name), 0, 0, 0, "the key" },
};

static int show_run(const struct command *self, void *globals, void *params)
{
	const struct key_params *p = params;
	struct cli *cli = globals;
	uint8_t pub[P256_PUB_LEN];
	char *pem = NULL;
	int r = cli_home(cli);

	(void)self;
	if (r == 0)
		r = cli_key_public(cli, p->name, pub);
	if (r != 0)
		return r;
	print_key(cli, p->name, pub);
	if (cli->json) {
		putchar('\n');
		return 0;
	}
	r = crypto_pub_export(CRYPTO_P256, pub, sizeof(pub), &pem);
	if (r != 0)
		return key_problem(r, error_text(r));
	fputs(pem, stdout);
	free(pem);
	return 0;
}

const struct command command_key_show = {
	.object = "key",
	.verb = "show",
	.summary = "print a key's number and its public half (PEM)",
	.args = show_args,
	.arg_count = ARRAY_LEN(show_args),
	.params_size = sizeof(struct key_params),
	.run = show_run,
};
