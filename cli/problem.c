/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/args.h"
#include "cli/local.h"

/* Process-wide on purpose: set once in main(), read wherever a message is
 * printed. */
static const char *problem_program = "signet";
static bool problem_json;

void args_problem_setup(const char *program, bool json)
{
	problem_program = program;
	problem_json = json;
}

static void print_json(const char *code, const char *cause, const char *next)
{
	local_print_json(json_pack("{s:{s:s, s:s, s:s*}}", "error", "code",
				   code, "cause", cause, "next", next));
}

void args_problem(const char *code, const char *next, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	fprintf(stderr, "%s: %s\n", problem_program, text ? text : fmt);
	if (next)
		fprintf(stderr, "  next: %s\n", next);
	if (problem_json)
		print_json(code, text ? text : fmt, next);
	free(text);
}
