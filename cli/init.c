/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/ct.h"
#include "cli/cli.h"
#include "cli/local.h"
#include "keys/keyfile.h"

#define OWNER_MAX 16384 /* owner.json, ca.pem */

struct init_params {
	const char *from, *url, *ca, *token_file;
};

static const struct arg init_args[] = {
	{ "from", "FILE", ARG_TEXT, 0, offsetof(struct init_params, from), 0, 0,
	  0, "owner.json, as `signetd init` wrote it" },
	{ "url", "URL", ARG_TEXT, 0, offsetof(struct init_params, url), 0, 0, 0,
	  "address of the administration port, https://host:port" },
	{ "ca", "FILE", ARG_TEXT, 0, offsetof(struct init_params, ca), 0, 0, 0,
	  "the server's CA certificate (PEM)" },
	{ "token-file", "FILE", ARG_TEXT, 0,
	  offsetof(struct init_params, token_file), 0, 0, 0,
	  "file with the access token; \"-\" reads one line" },
};

static int read_text(const char *path, bool secret, char **out)
{
	char why[KEYFILE_WHY_CAP];
	uint8_t *text = NULL;
	size_t len;

	if (keyfile_read(path, OWNER_MAX, secret, &text, &len, why) != 0) {
		args_problem("local-file",
			     secret ? "check the path; the file must be "
				      "readable by you alone (chmod 600)"
				    : "check the path",
			     "%s", why);
		return EXIT_LOCAL;
	}
	*out = (char *)text;
	return 0;
}

static int owner_field(const json_t *j, const char *key, const char *path,
		       char *out, size_t cap)
{
	const char *v = json_string_value(json_object_get(j, key));

	if (v && v[0] && strlen(v) < cap) {
		snprintf(out, cap, "%s", v);
		return 0;
	}
	args_problem("local-file", "take the file that `signetd init` wrote",
		     "%s: \"%s\" is missing or no text", path, key);
	return EXIT_LOCAL;
}

static int from_owner(const char *path, struct cli_config *cfg,
		      char ca[OWNER_MAX])
{
	json_error_t err;
	char *text = NULL;
	json_t *j;
	int r = read_text(path, true, &text);

	if (r != 0)
		return r;
	j = json_loads(text, JSON_REJECT_DUPLICATES, &err);
	ct_wipe(text, strlen(text));
	free(text);
	if (j == NULL) {
		args_problem("local-file",
			     "take the file that `signetd init` wrote",
			     "%s:%d: %s", path, err.line, err.text);
		return EXIT_LOCAL;
	}
	r = owner_field(j, "url", path, cfg->url, sizeof(cfg->url));
	if (r == 0)
		r = owner_field(j, "token", path, cfg->token,
				sizeof(cfg->token));
	if (r == 0)
		r = owner_field(j, "ca", path, ca, OWNER_MAX);
	json_decref(j);
	return r;
}

static int read_token(const char *path, char out[TEXT_CAP])
{
	char *text = NULL;
	int r;

	if (strcmp(path, "-") == 0) {
		if (fgets(out, TEXT_CAP, stdin) == NULL)
			out[0] = '\0';
	} else {
		r = read_text(path, true, &text);
		if (r != 0)
			return r;
		snprintf(out, TEXT_CAP, "%s", text);
		ct_wipe(text, strlen(text));
		free(text);
	}
	out[strcspn(out, "\r\n")] = '\0';
	if (out[0])
		return 0;
	args_problem("local-file", "put the token into the first line",
		     "%s holds no token", path);
	return EXIT_LOCAL;
}

static int from_parts(const struct init_params *p, struct cli_config *cfg,
		      char ca[OWNER_MAX])
{
	char *text = NULL;
	int r;

	if (p->url == NULL || p->ca == NULL || p->token_file == NULL) {
		args_problem("usage", "give --from, or all three of the others",
			     "--from, or --url with --ca and --token-file, is "
			     "missing");
		return EXIT_USAGE;
	}
	if (strlen(p->url) >= sizeof(cfg->url)) {
		args_problem("usage", NULL, "--url is too long");
		return EXIT_USAGE;
	}
	snprintf(cfg->url, sizeof(cfg->url), "%s", p->url);
	r = read_text(p->ca, false, &text);
	if (r != 0)
		return r;
	snprintf(ca, OWNER_MAX, "%s", text);
	free(text);
	return read_token(p->token_file, cfg->token);
}

static void print_done(const struct cli *cli, const struct cli_config *cfg)
{
	json_t *o;

	if (!cli->json) {
		printf("%s now knows the server at %s\n", cli->home, cfg->url);
		return;
	}
	o = json_pack("{s:s,s:s}", "home", cli->home, "url", cfg->url);
	local_print_json(o);
}

static int init_run(const struct command *self, void *globals, void *params)
{
	const struct init_params *p = params;
	struct cli *cli = globals;
	struct cli_config cfg;
	char ca[OWNER_MAX];
	int r = cli_home(cli);

	(void)self;
	if (r != 0)
		return r;
	memset(&cfg, 0, sizeof(cfg));
	r = p->from ? from_owner(p->from, &cfg, ca) : from_parts(p, &cfg, ca);
	if (r == 0 && strncmp(cfg.url, "https://", 8) != 0) {
		args_problem("usage", "give it as https://host:port",
			     "the address \"%s\" is not https", cfg.url);
		r = EXIT_USAGE;
	}
	if (r == 0)
		r = cli_config_write(cli, &cfg, ca);
	if (r == 0)
		print_done(cli, &cfg);
	ct_wipe(&cfg, sizeof(cfg));
	return r;
}

const struct command command_init = {
	.object = "init",
	.summary = "tell this machine where the server is and who you are",
	.args = init_args,
	.arg_count = ARRAY_LEN(init_args),
	.params_size = sizeof(struct init_params),
	.run = init_run,
};
