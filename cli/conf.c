/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ct.h"
#include "cli/cli.h"
#include "cli/local.h"
#include "keys/keyfile.h"

#define CONFIG_MAX 4096

int cli_home(struct cli *cli)
{
	const char *dir = cli->home_option;
	const char *tail = "";

	if (cli->home[0])
		return 0;
	if (dir == NULL)
		dir = getenv("SIGNET_HOME");
	if (dir == NULL) {
		dir = getenv("HOME");
		tail = "/.config/signet";
	}
	if (dir == NULL || dir[0] == '\0') {
		args_problem("no-home", "give --home DIR or set SIGNET_HOME",
			     "there is no home folder for keys and settings");
		return EXIT_LOCAL;
	}
	if ((size_t)snprintf(cli->home, sizeof(cli->home), "%s%s", dir, tail) >=
	    sizeof(cli->home)) {
		cli->home[0] = '\0';
		args_problem("no-home", "use a shorter path",
			     "the path of the home folder is too long");
		return EXIT_LOCAL;
	}
	return 0;
}

void cli_path(const struct cli *cli, const char *name, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s/%s", cli->home, name);
}

int cli_mkdir(const char *path)
{
	char why[LOCAL_WHY_CAP];

	if (local_mkdir(path, why) == 0)
		return 0;
	args_problem("local-file", "check the path and its permissions", "%s",
		     why);
	return EXIT_LOCAL;
}

int cli_write_file(const char *path, const void *p, size_t len)
{
	char why[KEYFILE_WHY_CAP];

	if (strcmp(path, "-") == 0) {
		if (fwrite(p, 1, len, stdout) == len && fflush(stdout) == 0)
			return 0;
		args_problem("local-file", "check where the output goes",
			     "cannot write: %s", strerror(errno));
		return EXIT_LOCAL;
	}
	if (keyfile_write(path, p, len, 0644, true, why) == 0)
		return 0;
	args_problem("local-file", "check the path and the space on the disk",
		     "%s", why);
	return EXIT_LOCAL;
}

/* One "key = value" line.  Returns NULL, or what is wrong with it. */
static const char *config_line(char *line, struct cli_config *out)
{
	char *eq, *key, *value;

	line = local_trim(line);
	if (line[0] == '\0' || line[0] == '#')
		return NULL;
	eq = strchr(line, '=');
	if (eq == NULL)
		return "is not \"key = value\"";
	*eq = '\0';
	key = local_trim(line);
	value = local_trim(eq + 1);
	if (strcmp(key, "url") == 0 && strlen(value) < sizeof(out->url)) {
		snprintf(out->url, sizeof(out->url), "%s", value);
		return NULL;
	}
	if (strcmp(key, "token") == 0 && strlen(value) < sizeof(out->token)) {
		snprintf(out->token, sizeof(out->token), "%s", value);
		return NULL;
	}
	return "has an unknown key (url, token) or too long a value";
}

static int config_parse(const char *path, char *text, struct cli_config *out)
{
	unsigned number = 0;
	char *save = NULL;

	/* strtok_r would swallow empty lines and spoil the count. */
	for (char *line = text; line; line = save) {
		const char *why;

		save = strchr(line, '\n');
		if (save)
			*save++ = '\0';
		number++;
		why = config_line(line, out);
		if (why == NULL)
			continue;
		args_problem("config", "correct the line, or run `signet init`",
			     "%s:%u: the line %s", path, number, why);
		return EXIT_LOCAL;
	}
	if (out->url[0] && out->token[0])
		return 0;
	args_problem("config", "run `signet init` again",
		     "%s: url or token is missing", path);
	return EXIT_LOCAL;
}

int cli_config_read(const struct cli *cli, struct cli_config *out)
{
	char path[PATH_MAX], why[KEYFILE_WHY_CAP];
	uint8_t *text = NULL;
	size_t len = 0;
	int r;

	memset(out, 0, sizeof(*out));
	cli_path(cli, "config", path);
	r = keyfile_read(path, CONFIG_MAX, true, &text, &len, why);
	if (r == E_NOT_FOUND) {
		args_problem("config",
			     "run `signet init --from owner.json` with the "
			     "file that `signetd init` wrote",
			     "%s does not exist", path);
		return EXIT_LOCAL;
	}
	if (r != 0) {
		args_problem("config", "check the file and its permissions",
			     "%s", why);
		return EXIT_LOCAL;
	}
	r = config_parse(path, (char *)text, out);
	ct_wipe(text, len);
	free(text);
	return r;
}

static int write_secret(const struct cli *cli, const char *name,
			const char *text)
{
	char path[PATH_MAX], why[KEYFILE_WHY_CAP];

	cli_path(cli, name, path);
	if (keyfile_write(path, text, strlen(text), 0600, true, why) == 0)
		return 0;
	args_problem("local-file", "check the folder and the space on the disk",
		     "%s", why);
	return EXIT_LOCAL;
}

int cli_config_write(const struct cli *cli, const struct cli_config *cfg,
		     const char *ca_pem)
{
	char text[CONFIG_MAX];
	int r;

	r = cli_mkdir(cli->home);
	if (r == 0)
		r = write_secret(cli, "ca.pem", ca_pem);
	if (r != 0)
		return r;
	snprintf(text, sizeof(text),
		 "# signet: how to reach the server\nurl = %s\ntoken = %s\n",
		 cfg->url, cfg->token);
	r = write_secret(cli, "config", text);
	ct_wipe(text, sizeof(text));
	return r;
}
