/* SPDX-License-Identifier: MIT */
/*
 * signet-flasher - builds devices: asks the owner's server for each chip,
 * programs, locks, proves, reports.
 */
#include <stdio.h>
#include <string.h>

#include "cli/args.h"
#include "flasher/program.h"
#include "http/client.h"

static const struct arg globals[] = {
	{ "json", NULL, ARG_FLAG, 0, offsetof(struct flasher_globals, json), 0,
	  0, 0, "print JSON, one object a line, for scripts" },
	{ "dir", "DIR", ARG_TEXT, 0, offsetof(struct flasher_globals, dir), 0,
	  0, 0,
	  "the station's folder (default $SIGNET_FLASHER_DIR, then "
	  "~/.local/state/signet-flasher)" },
};

static const struct command *const commands[] = {
	&command_enrol,	  &command_probes, &command_work,
	&command_program, &command_stage0, &command_status,
};

static int prepare(void *arg)
{
	struct flasher_globals *f = arg;

	args_problem_setup("signet-flasher", f->json);
	return 0;
}

static const struct program program = {
	.name = "signet-flasher",
	.about = "Manufacturer's side of Signet: builds the devices that an "
		 "order allows.",
	.commands = commands,
	.command_count = ARRAY_LEN(commands),
	.globals = globals,
	.global_count = ARRAY_LEN(globals),
	.prepare = prepare,
};

int main(int argc, char **argv)
{
	struct flasher_globals f;
	int r;

	memset(&f, 0, sizeof(f));
	if (http_client_global_init() != 0)
		return EXIT_BUG;
	r = args_main(&program, argc, argv, &f);
	http_client_global_cleanup();
	if (fflush(stdout) != 0 && r == 0)
		r = EXIT_LOCAL;
	return r;
}
