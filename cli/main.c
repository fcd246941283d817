/* SPDX-License-Identifier: MIT */
/*
 * signet - the owner's program: products, releases, orders, flashers,
 * devices; and `signet verify`, which needs no server.
 */
#include <stdio.h>

#include "cli/cli.h"
#include "http/client.h"

static const struct arg globals[] = {
	{ "json", NULL, ARG_FLAG, 0, offsetof(struct cli, json), 0, 0, 0,
	  "print JSON, for scripts" },
	{ "home", "DIR", ARG_TEXT, 0, offsetof(struct cli, home_option), 0, 0,
	  0,
	  "folder of settings and keys (default $SIGNET_HOME, then "
	  "~/.config/signet)" },
	{ "passphrase-file", "FILE", ARG_TEXT, 0,
	  offsetof(struct cli, passphrase_file), 0, 0, 0,
	  "take the passphrase from FILE's first line" },
};

static const struct command *const commands[] = {
	&command_init,
	&command_key_generate,
	&command_key_list,
	&command_key_show,
	&command_product_create,
	&command_product_list,
	&command_product_show,
	&command_product_header,
	&command_product_key,
	&command_release_make,
	&command_release_upload,
	&command_release_list,
	&command_order_create,
	&command_order_list,
	&command_order_show,
	&command_order_pause,
	&command_order_resume,
	&command_order_end,
	&command_flasher_invite,
	&command_flasher_list,
	&command_flasher_revoke,
	&command_grant_scrap,
	&command_grant_retry,
	&command_loader_header,
	&command_loader_add,
	&command_loader_list,
	&command_loader_retire,
	&command_loader_admit,
	&command_batch_create,
	&command_batch_list,
	&command_device_list,
	&command_device_show,
	&command_device_credential,
	&command_log_list,
	&command_status,
	&command_verify,
};

static int prepare(void *arg)
{
	struct cli *cli = arg;

	args_problem_setup("signet", cli->json);
	return 0;
}

static const struct program program = {
	.name = "signet",
	.about = "Owner's side of Signet: products, releases, orders, "
		 "flashers, devices.",
	.commands = commands,
	.command_count = ARRAY_LEN(commands),
	.globals = globals,
	.global_count = ARRAY_LEN(globals),
	.prepare = prepare,
	.exit_note = "For verify, 0 is genuine and 1 is not.",
};

int main(int argc, char **argv)
{
	struct cli cli = { .json = false };
	int r;

	if (http_client_global_init() != 0)
		return EXIT_BUG;
	r = args_main(&program, argc, argv, &cli);
	cli_close(&cli);
	http_client_global_cleanup();
	if (fflush(stdout) != 0 && r == 0)
		r = EXIT_LOCAL;
	return r;
}
