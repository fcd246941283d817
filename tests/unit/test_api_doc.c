/* SPDX-License-Identifier: MIT */
/*
 * docs/api.md against api/messages.h: the page's tables are made from the
 * shapes, routes and refusals themselves.
 *
 *   test_api_doc           compares; says how to make them anew
 *   test_api_doc --print   prints the tables
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/messages.h"

#define PAGE "docs/api.md"
#define BEGIN "<!-- tables made by test_api_doc --print: begin -->\n"
#define END "<!-- end -->\n"

static const struct {
	enum api_port kind;
	const char *title;
} ports[] = {
	{ PORT_FLASHER, "Flasher port" },
	{ PORT_ENROL, "Enrolment port" },
	{ PORT_ADMIN, "Administration port" },
};

static void print_routes(FILE *f)
{
	for (size_t p = 0; p < sizeof(ports) / sizeof(ports[0]); p++) {
		fprintf(f,
			"### %s\n\n| method | path | request | answer |\n"
			"|---|---|---|---|\n",
			ports[p].title);
		for (int i = 1; i < OP_COUNT; i++) {
			const struct api_route *r = api_route((enum api_op)i);

			if (r->port == ports[p].kind)
				fprintf(f, "| %s | `%s` | %s | %s |\n",
					r->method, r->path, r->request->name,
					r->answer->name);
		}
		fprintf(f, "\n");
	}
}

static void print_rule(FILE *f, const struct shape_field *d)
{
	static const char *const types[] = {
		[SHAPE_U32] = "integer",  [SHAPE_U64] = "integer",
		[SHAPE_BOOL] = "boolean", [SHAPE_TEXT] = "text",
		[SHAPE_NAME] = "name",	  [SHAPE_BYTES] = "hex",
		[SHAPE_BLOB] = "base64",  [SHAPE_LIST] = "array",
	};

	fprintf(f, "| `%s` | %s | ", d->name, types[d->type]);
	switch (d->type) {
	case SHAPE_U32:
	case SHAPE_U64:
		if (d->min || d->max)
			fprintf(f, "%" PRIu64 " to %" PRIu64, d->min, d->max);
		else
			fprintf(f, "%s",
				d->type == SHAPE_U32 ? "32 bits" : "53 bits");
		break;
	case SHAPE_TEXT:
	case SHAPE_NAME:
		fprintf(f, "at most %zu bytes", d->cap - 1);
		break;
	case SHAPE_BYTES:
	case SHAPE_BLOB:
		if (d->min == d->cap)
			fprintf(f, "%zu bytes", d->cap);
		else
			fprintf(f, "at most %zu bytes", d->cap);
		break;
	case SHAPE_LIST:
		fprintf(f, "at most %zu of: %s", d->cap, d->item->name);
		break;
	case SHAPE_BOOL:
		break;
	}
	fprintf(f, " | %s |\n", d->required ? "yes" : "");
}

static void print_shape(FILE *f, const struct shape *s)
{
	fprintf(f,
		"#### %s\n\n| field | type | limits | required |\n"
		"|---|---|---|---|\n",
		s->name);
	for (size_t i = 0; i < s->count; i++)
		print_rule(f, &s->fields[i]);
	fprintf(f, "\n");
}

/* Each shape once, in the order in which the routes name them. */
static void print_shapes(FILE *f)
{
	const struct shape *done[4 * OP_COUNT] = { NULL };
	size_t n = 0;

	for (int i = 1; i < OP_COUNT; i++) {
		const struct api_route *r = api_route((enum api_op)i);
		const struct shape *both[] = { r->request, r->answer };

		for (int b = 0; b < 2; b++) {
			size_t k = 0;

			while (k < n && done[k] != both[b])
				k++;
			if (k < n)
				continue;
			done[n++] = both[b];
			print_shape(f, both[b]);
		}
	}
	print_shape(f, &log_entry_shape);
	print_shape(f, &refusal_shape);
}

static void print_refusals(FILE *f)
{
	struct refusal r;

	fprintf(f, "| code | status | cause | next step | who resolves |\n"
		   "|---|---|---|---|---|\n");
	for (int i = 1; i < R_COUNT; i++) {
		refusal_set(&r, (enum refusal_code)i, NULL);
		fprintf(f, "| `%s` | %u | %s | %s | %s |\n", r.code, r.http,
			r.cause, r.next, r.who);
	}
	fprintf(f, "\n");
}

static void print_all(FILE *f)
{
	fprintf(f, "\n## Operations\n\n");
	print_routes(f);
	fprintf(f, "## Refusals\n\n");
	print_refusals(f);
	fprintf(f, "## Messages\n\n");
	print_shapes(f);
}

static char *file_read(const char *path)
{
	static char text[1 << 18];
	FILE *f = fopen(path, "r");

	if (!f || !fread(text, 1, sizeof(text) - 1, f)) {
		fprintf(stderr, "%s cannot be read\n", path);
		exit(1);
	}
	fclose(f);
	return text;
}

int main(int argc, char **argv)
{
	char *page, *made = NULL, *begin, *end;
	size_t len;
	FILE *f;

	if (argc == 2 && !strcmp(argv[1], "--print")) {
		print_all(stdout);
		return 0;
	}
	f = open_memstream(&made, &len);
	if (!f)
		return 1;
	print_all(f);
	fclose(f);
	page = file_read(PAGE);
	begin = strstr(page, BEGIN);
	end = strstr(page, END);
	if (!begin || !end || end < begin) {
		fprintf(stderr, "%s lacks its markers\n", PAGE);
		return 1;
	}
	begin += strlen(BEGIN);
	if ((size_t)(end - begin) != len || memcmp(begin, made, len) != 0) {
		fprintf(stderr,
			"%s is not what api/messages.h says; put the "
			"output of %s --print between its markers\n",
			PAGE, argv[0]);
		return 1;
	}
	printf("%s agrees with api/messages.h\n", PAGE);
	free(made);
	return 0;
}
