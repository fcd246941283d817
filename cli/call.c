/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ct.h"
#include "cli/cli.h"
#include "http/client.h"

/* What a failed call means to a person: exit code and next step. */
static const struct {
	int err;
	enum exit_code exit;
	const char *code, *next;
} failures[] = {
	{ E_NET, EXIT_SERVER, "no-server",
	  "check that signetd runs, and the address in `signet init`" },
	{ E_TIMEOUT, EXIT_SERVER, "no-server",
	  "check the network and the server's load, then try again" },
	{ E_TLS, EXIT_SERVER, "tls",
	  "the server's certificate must be by the CA that `signet init` "
	  "stored; run it again if the server was set up anew" },
	{ E_ARG, EXIT_USAGE, "usage", "correct the value; --help explains" },
	{ E_IO, EXIT_LOCAL, "local-file", "run `signet init` again" },
	{ E_SYNTAX, EXIT_LOCAL, "local-file", "run `signet init` again" },
};

static int report_failure(const struct cli *cli, int err, const char *why)
{
	(void)cli;
	for (size_t i = 0; i < ARRAY_LEN(failures); i++)
		if (failures[i].err == err) {
			args_problem(failures[i].code, failures[i].next,
				     "%s%s%s", error_text(err),
				     why[0] ? ": " : "", why);
			return failures[i].exit;
		}
	args_problem("answer", "compare the versions of signet and signetd",
		     "%s%s%s", error_text(err), why[0] ? ": " : "", why);
	return EXIT_BUG;
}

static int report_refusal(const struct refusal *r)
{
	args_problem(r->code, r->next, "refused (%s): %s%s%s%s", r->code,
		     r->cause, r->who[0] ? " [" : "", r->who,
		     r->who[0] ? " can resolve it]" : "");
	return EXIT_REFUSED;
}

static int client_open(struct cli *cli)
{
	struct cli_config cfg;
	char ca[PATH_MAX];
	int r;

	if (cli->client)
		return 0;
	r = cli_home(cli);
	if (r == 0)
		r = cli_config_read(cli, &cfg);
	if (r != 0)
		return r;
	cli_path(cli, "ca.pem", ca);
	struct http_client_config hc = {
		.base_url = cfg.url,
		.ca_file = ca,
		.token = cfg.token,
	};

	r = http_client_new(&hc, &cli->client);
	ct_wipe(&cfg, sizeof(cfg));
	if (r == 0)
		return 0;
	cli->client = NULL;
	args_problem("config", "run `signet init` again",
		     "the settings in %s are not usable: %s", cli->home,
		     error_text(r));
	return EXIT_LOCAL;
}

void cli_close(struct cli *cli)
{
	http_client_free(cli->client);
	cli->client = NULL;
}

int cli_call(struct cli *cli, enum api_op op, const void *request, void *answer)
{
	struct refusal refusal;
	int r = client_open(cli);

	if (r != 0)
		return r;
	memset(&refusal, 0, sizeof(refusal));
	r = http_call(cli->client, op, request, answer, &refusal);
	if (r == 0)
		return EXIT_DONE;
	if (r == E_REFUSED)
		return report_refusal(&refusal);
	return report_failure(cli, r, http_client_why(cli->client));
}

int cli_show(const struct cli *cli, const struct shape *s, const void *obj)
{
	char *text = NULL;
	size_t len;

	if (!cli->json) {
		table_object(stdout, s, obj);
		return EXIT_DONE;
	}
	if (shape_to_json(s, obj, isatty(STDOUT_FILENO), &text, &len) != 0)
		return EXIT_BUG;
	puts(text);
	free(text);
	return EXIT_DONE;
}

/* The answer's only list: its shape and the list itself. */
static const struct shape *answer_list(enum api_op op, void *answer,
				       struct list **out)
{
	const struct shape_field *f = &api_route(op)->answer->fields[0];

	*out = (struct list *)((char *)answer + f->offset);
	return f->item;
}

static void print_json_rows(const struct shape *item, const struct list *rows,
			    bool first)
{
	for (size_t i = 0; i < rows->count; i++) {
		char *text = NULL;
		size_t len;

		if (shape_to_json(item, (char *)rows->items + i * item->size,
				  false, &text, &len) != 0)
			continue;
		printf("%s%s", first && i == 0 ? "" : ",\n", text);
		free(text);
	}
}

/* Where the next page begins; 0 = there is none. */
static uint64_t next_page(const struct shape *item, const struct list *rows,
			  const struct cli_view *v, uint32_t limit)
{
	char cell[TABLE_CELL_CAP];

	if (v->page_by == NULL || rows->count < limit)
		return 0;
	table_cell(item, (char *)rows->items + (rows->count - 1) * item->size,
		   v->page_by, cell);
	return strtoull(cell, NULL, 10);
}

int cli_run_list(const struct command *self, void *globals, void *params)
{
	const struct cli_view *v = self->data;
	struct cli *cli = globals;
	struct query *q = params;
	struct list any[4]; /* every list answer is one struct list */
	uint32_t wanted = q->limit;
	bool first = true;
	uint32_t seen = 0;
	int r;

	do {
		const struct shape *item;
		struct list *rows;

		q->limit = ROWS_MAX;
		if (wanted != 0 && wanted - seen < ROWS_MAX)
			q->limit = wanted - seen;
		memset(any, 0, sizeof(any));
		r = cli_call(cli, v->op, q, any);
		if (r != 0)
			break;
		item = answer_list(v->op, any, &rows);
		if (cli->json && first)
			printf("{\"rows\":[");
		if (cli->json)
			print_json_rows(item, rows, first);
		else
			table_rows(stdout, item, rows, v->columns,
				   v->column_count, first);
		first = false;
		seen += (uint32_t)rows->count;
		if (v->page_by == NULL && rows->count == ROWS_MAX)
			fprintf(stderr,
				"signet: only the first %d are shown; a "
				"filter narrows the list\n",
				ROWS_MAX);
		q->after = next_page(item, rows, v, q->limit);
		shape_clear(api_route(v->op)->answer, any);
	} while (q->after != 0 && (wanted == 0 || seen < wanted));
	if (cli->json && !first)
		puts("]}");
	return r;
}

/* Big enough for every single-object answer of the administration port. */
union any_answer {
	struct product product;
	struct release release;
	struct order order;
	struct flasher flasher;
	struct device device;
	struct status status;
	struct server_keys keys;
	struct loader loader;
	struct stage0_batch batch;
};

int cli_run_action(const struct command *self, void *globals, void *params)
{
	const struct cli_view *v = self->data;
	const struct shape *s = api_route(v->op)->answer;
	struct cli *cli = globals;
	union any_answer answer;
	int r;

	memset(&answer, 0, sizeof(answer));
	r = cli_call(cli, v->op, params, &answer);
	if (r != 0)
		return r;
	if (v->heading && !cli->json)
		puts(v->heading);
	r = cli_show(cli, s, &answer);
	shape_clear(s, &answer);
	return r;
}

int cli_find(struct cli *cli, enum api_op op, const struct query *q,
	     const char *noun, const char *name, void *out_row)
{
	const struct shape *item;
	struct list any[4], *rows;
	int r;

	memset(any, 0, sizeof(any));
	r = cli_call(cli, op, q, any);
	if (r != 0)
		return r;
	item = answer_list(op, any, &rows);
	if (rows->count == 0) {
		char next[96];

		snprintf(next, sizeof(next),
			 "check the name; `signet %.*s list` shows all",
			 (int)strcspn(noun, " "), noun);
		args_problem("not-found", next, "there is no %s %s", noun,
			     name);
		r = EXIT_REFUSED;
	} else {
		memcpy(out_row, rows->items, item->size);
		/* transferred: the row's blobs now belong to out_row */
		memset(rows->items, 0, item->size);
	}
	shape_clear(api_route(op)->answer, any);
	return r;
}

static const char *query_name(const struct query *q)
{
	if (q->product[0])
		return q->product;
	return q->order[0] ? q->order : q->flasher;
}

int cli_run_show(const struct command *self, void *globals, void *params)
{
	const struct cli_view *v = self->data;
	struct cli *cli = globals;
	struct query *q = params;
	union any_answer row;
	const struct shape *item = api_route(v->op)->answer->fields[0].item;
	int r;

	memset(&row, 0, sizeof(row));
	r = cli_find(cli, v->op, q, self->object, query_name(q), &row);
	if (r != 0)
		return r;
	r = cli_show(cli, item, &row);
	shape_clear(item, &row);
	return r;
}
