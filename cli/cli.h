/* SPDX-License-Identifier: MIT */
/*
 * cli/cli.h - what the commands of `signet` share.
 *
 * Every function that can fail returns an enum exit_code and has told the
 * person already what went wrong (args_problem()).
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <limits.h>
#include <stdbool.h>

#include "api/messages.h"
#include "base/exit.h"
#include "cli/args.h"
#include "cli/table.h"
#include "crypto/crypto.h"

struct http_client;

/* Options of every command, and what is made of them at first need. */
struct cli {
	bool json;
	const char *home_option;
	const char *passphrase_file;
	char home[PATH_MAX - 256]; /* the rest is for names below it */
	struct http_client *client;
};

/* -- conf.c: the owner's folder ------------------------------------------ */
struct cli_config {
	char url[256];
	char token[TEXT_CAP];
};

/* Fills cli->home from --home, $SIGNET_HOME or ~/.config/signet. */
int cli_home(struct cli *cli);
/* home/name in out; name is trusted. */
void cli_path(const struct cli *cli, const char *name, char out[PATH_MAX]);
int cli_config_read(const struct cli *cli, struct cli_config *out);
/* Writes config and ca.pem, folder 0700, files 0600. */
int cli_config_write(const struct cli *cli, const struct cli_config *cfg,
		     const char *ca_pem);
int cli_mkdir(const char *path);
/* Writes a file that anybody may read; "-" is stdout. */
int cli_write_file(const char *path, const void *p, size_t len);

/* -- call.c: the server -------------------------------------------------- */
/* Asks; refusals and failures are printed.  answer is to be released with
 * shape_clear() on EXIT_DONE alone. */
int cli_call(struct cli *cli, enum api_op op, const void *request,
	     void *answer);
void cli_close(struct cli *cli);
/* Finds the one row that q names; noun and name are for the message. */
int cli_find(struct cli *cli, enum api_op op, const struct query *q,
	     const char *noun, const char *name, void *out_row);
/* Prints an object: table or JSON. */
int cli_show(const struct cli *cli, const struct shape *s, const void *obj);

/* Commands that are one call: data points to one of these. */
struct cli_view {
	enum api_op op;
	const struct column *columns; /* lists */
	size_t column_count;
	const char *page_by; /* field that pages go on from, or NULL */
	const char *heading; /* for people, before the answer; or NULL */
};
int cli_run_list(const struct command *self, void *globals, void *params);
int cli_run_action(const struct command *self, void *globals, void *params);
/* show NAME: the list operation with one filter; params is a query. */
int cli_run_show(const struct command *self, void *globals, void *params);

/* -- key.c: the owner's keys --------------------------------------------- */
/* Path of home/keys/NAME.pem or .pub. */
void cli_key_path(const struct cli *cli, const char *name, const char *suffix,
		  char out[PATH_MAX]);
int cli_key_public(const struct cli *cli, const char *name,
		   uint8_t out[P256_PUB_LEN]);
/* Opens the private half; asks for the passphrase when it needs one. */
int cli_key_open(const struct cli *cli, const char *name,
		 struct crypto_key **out);
/* Name of the local key whose public half is pub. */
int cli_key_match(const struct cli *cli, const uint8_t pub[P256_PUB_LEN],
		  char out[NAME_CAP]);

/* -- the commands, one file per object ----------------------------------- */
extern const struct command command_init, command_key_generate,
	command_key_list, command_key_show, command_product_create,
	command_product_list, command_product_show, command_product_header,
	command_product_key, command_release_make, command_release_upload,
	command_release_list, command_order_create, command_order_list,
	command_order_show, command_order_pause, command_order_resume,
	command_order_end, command_flasher_invite, command_flasher_list,
	command_flasher_revoke, command_grant_scrap, command_grant_retry,
	command_device_list, command_device_show, command_device_credential,
	command_log_list, command_status, command_verify, command_loader_header,
	command_loader_add, command_loader_list, command_loader_retire,
	command_loader_admit, command_batch_create, command_batch_list;

#endif
