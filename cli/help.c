/* SPDX-License-Identifier: MIT */
#include "cli/help.h"

#include <string.h>

#include "base/exit.h"
#include "cli/version.h"

#define HELP_COLUMN 26 /* where explanations begin */
#define HELP_WIDTH 79

/* Words of text from column HELP_COLUMN on, wrapped; the cursor is at `at`. */
static void wrap(FILE *f, size_t at, const char *text)
{
	size_t col = at;

	if (col + 2 > HELP_COLUMN) {
		fputc('\n', f);
		col = 0;
	}
	fprintf(f, "%*s", (int)(HELP_COLUMN - col), "");
	col = HELP_COLUMN;
	while (*text) {
		size_t n = strcspn(text, " ");

		if (col + n > HELP_WIDTH && col > HELP_COLUMN) {
			fprintf(f, "\n%*s", HELP_COLUMN, "");
			col = HELP_COLUMN;
		}
		fwrite(text, 1, n, f);
		col += n;
		text += n;
		if (*text == ' ') {
			text++;
			if (col + 1 + strcspn(text, " ") <= HELP_WIDTH) {
				fputc(' ', f);
				col++;
			} else {
				fprintf(f, "\n%*s", HELP_COLUMN, "");
				col = HELP_COLUMN;
			}
		}
	}
	fputc('\n', f);
}

static size_t print_name(FILE *f, const struct command *cmd)
{
	int n = fprintf(f, "  %s", cmd->object);

	if (cmd->verb)
		n += fprintf(f, " %s", cmd->verb);
	return (size_t)n;
}

static void print_args(FILE *f, const struct arg *args, size_t count,
		       bool operands)
{
	for (size_t i = 0; i < count; i++) {
		const struct arg *a = &args[i];
		int n;

		if (!!(a->flags & ARG_OPERAND) != operands)
			continue;
		if (operands)
			n = fprintf(f, "  %s", a->name);
		else if (a->meta)
			n = fprintf(f, "  --%s %s", a->name, a->meta);
		else
			n = fprintf(f, "  --%s", a->name);
		wrap(f, (size_t)n, a->help);
	}
}

static void print_globals(const struct program *p, FILE *f)
{
	fprintf(f, "\noptions of every command:\n");
	print_args(f, p->globals, p->global_count, false);
	wrap(f, (size_t)fprintf(f, "  --help"), "explain, and do nothing");
	wrap(f, (size_t)fprintf(f, "  --version"), "print the version");
}

void help_program(const struct program *p, FILE *f)
{
	fprintf(f, "usage: %s [OPTIONS] COMMAND [ARGUMENTS]\n%s\n\ncommands:\n",
		p->name, p->about);
	for (size_t i = 0; i < p->command_count; i++)
		wrap(f, print_name(f, p->commands[i]), p->commands[i]->summary);
	print_globals(p, f);
	fprintf(f, "\nexit codes:\n");
#define X(sym, num, text) wrap(f, (size_t)fprintf(f, "  %d", num), text);
	EXIT_LIST(X)
#undef X
	if (p->exit_note)
		fprintf(f, "%s\n", p->exit_note);
	fprintf(f,
		"\n%s COMMAND --help explains one command;\n"
		"%s(1) is the manual.\n",
		p->name, p->name);
}

void help_object(const struct program *p, const char *object)
{
	printf("usage: %s %s COMMAND [ARGUMENTS]\n\ncommands:\n", p->name,
	       object);
	for (size_t i = 0; i < p->command_count; i++)
		if (strcmp(p->commands[i]->object, object) == 0)
			wrap(stdout, print_name(stdout, p->commands[i]),
			     p->commands[i]->summary);
	print_globals(p, stdout);
}

/* Prints one word of the usage line, wrapped and indented. */
static void usage_word(const char *word, size_t *col)
{
	size_t n = strlen(word);

	if (*col + n + 1 > HELP_WIDTH) {
		printf("\n       ");
		*col = 7;
	}
	printf(" %s", word);
	*col += n + 1;
}

static void usage_arg(const struct arg *a, size_t *col)
{
	bool required = a->flags & ARG_REQUIRED;
	bool operand = a->flags & ARG_OPERAND;
	char word[96];

	snprintf(word, sizeof(word), "%s%s%s%s%s%s%s", required ? "" : "[",
		 operand ? "" : "--", a->name, operand || !a->meta ? "" : " ",
		 operand || !a->meta ? "" : a->meta, required ? "" : "]",
		 a->type == ARG_LIST ? "..." : "");
	usage_word(word, col);
}

void help_command(const struct program *p, const struct command *cmd)
{
	size_t col = (size_t)printf("usage: %s %s", p->name, cmd->object);
	bool any[2] = { false, false };

	if (cmd->verb)
		usage_word(cmd->verb, &col);
	for (int operand = 1; operand >= 0; operand--)
		for (size_t i = 0; i < cmd->arg_count; i++) {
			const struct arg *a = &cmd->args[i];

			if (!!(a->flags & ARG_OPERAND) != operand)
				continue;
			any[operand] = true;
			usage_arg(a, &col);
		}
	printf("\n\n%s\n", cmd->summary);
	if (any[1]) {
		printf("\noperands:\n");
		print_args(stdout, cmd->args, cmd->arg_count, true);
	}
	if (any[0]) {
		printf("\noptions:\n");
		print_args(stdout, cmd->args, cmd->arg_count, false);
	}
	print_globals(p, stdout);
}

void help_version(const struct program *p)
{
	printf("%s %s\n", p->name, SIGNET_VERSION);
}
