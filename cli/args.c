/* SPDX-License-Identifier: MIT */
#include "cli/args.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/shape.h"
#include "base/exit.h"
#include "base/hex.h"
#include "cli/help.h"
#include "wire/name.h"

#define ARGS_MAX 48 /* options of one command, with the globals */
#define OPT_HELP 1000
#define OPT_VERSION 1001
#define NUMBER_CAP 24

struct uid_field {
	SHAPE_BYTES_OF(UID_MAX) uid;
};

int args_number(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	char *end;
	unsigned long long v;
	size_t len = strlen(s);

	/* strtoull would take signs and blanks, and wrap "-1" around. */
	if (len == 0 || len > NUMBER_CAP || s[0] < '0' || s[0] > '9')
		return E_SYNTAX;
	errno = 0;
	v = strtoull(s, &end, s[0] == '0' && (s[1] | 32) == 'x' ? 16 : 10);
	if (*end != '\0')
		return E_SYNTAX;
	if (errno == ERANGE || v < min || v > max)
		return E_RANGE;
	*out = v;
	return 0;
}

static void arg_label(const struct arg *a, char out[64])
{
	snprintf(out, 64, "%s%s", a->flags & ARG_OPERAND ? "" : "--", a->name);
}

static int bad_value(const struct arg *a, const char *value, const char *why)
{
	char label[64];

	arg_label(a, label);
	args_problem("usage", "correct it; --help explains the command",
		     "%s \"%s\": %s", label, value, why);
	return EXIT_USAGE;
}

static int set_number(const struct arg *a, const char *value, void *field)
{
	uint64_t top = a->type == ARG_U32 ? UINT32_MAX : INT64_MAX;
	uint64_t max = a->max ? a->max : top;
	uint64_t v = 0;
	char why[96];
	int r = args_number(value, a->min, max, &v);

	if (r != 0) {
		snprintf(why, sizeof(why),
			 "must be a whole number, %llu to %llu",
			 (unsigned long long)a->min, (unsigned long long)max);
		return bad_value(a, value, why);
	}
	if (a->type == ARG_U32)
		*(uint32_t *)field = (uint32_t)v;
	else
		*(uint64_t *)field = v;
	return 0;
}

static int set_text(const struct arg *a, const char *value, void *field)
{
	if (a->type == ARG_TEXT) {
		*(const char **)field = value;
		return 0;
	}
	if (a->type == ARG_NAME && !name_valid(value))
		return bad_value(a, value,
				 "a name has 1 to 31 of a-z 0-9 . _ - and "
				 "begins with a letter or digit");
	size_t cap = a->type == ARG_NAME ? NAME_CAP : a->cap;

	if (strlen(value) >= cap)
		return bad_value(a, value, "is too long");
	memcpy(field, value, strlen(value) + 1);
	return 0;
}

static int set_uid(const struct arg *a, const char *value, void *field)
{
	struct uid_field *f = field;
	size_t len = 0;

	if (hex_decode(value, f->uid.data, UID_MAX, &len) != 0 || len == 0)
		return bad_value(a, value,
				 "a unique ID is typed as hex, at most 24 "
				 "digits");
	f->uid.len = (uint32_t)len;
	return 0;
}

static int set_list(const struct arg *a, const char *value, void *field)
{
	struct arg_list *l = field;

	if (l->count == ARG_LIST_MAX)
		return bad_value(a, value, "is given too often");
	l->items[l->count++] = value;
	return 0;
}

static int set_value(const struct arg *a, const char *value, void *base)
{
	void *field = (char *)base + a->offset;

	switch (a->type) {
	case ARG_FLAG:
		*(bool *)field = true;
		return 0;
	case ARG_U32:
	case ARG_U64:
		return set_number(a, value, field);
	case ARG_UID:
		return set_uid(a, value, field);
	case ARG_LIST:
		return set_list(a, value, field);
	case ARG_TEXT:
	case ARG_COPY:
	case ARG_NAME:
		return set_text(a, value, field);
	}
	return EXIT_BUG;
}

/* One parse: which rows there are, where each one's value goes, and whether
 * it was given. */
struct parse {
	const struct arg *args[ARGS_MAX];
	void *base[ARGS_MAX];
	bool given[ARGS_MAX];
	size_t count;
};

static void parse_add(struct parse *ps, const struct arg *args, size_t n,
		      void *base)
{
	for (size_t i = 0; i < n && ps->count < ARGS_MAX; i++) {
		ps->args[ps->count] = &args[i];
		ps->base[ps->count] = base;
		ps->given[ps->count++] = false;
	}
}

static void getopt_table(const struct parse *ps,
			 struct option out[ARGS_MAX + 3])
{
	size_t n = 0;

	for (size_t i = 0; i < ps->count; i++) {
		const struct arg *a = ps->args[i];

		if (a->flags & ARG_OPERAND)
			continue;
		out[n++] = (struct option){ a->name,
					    a->type == ARG_FLAG
						    ? no_argument
						    : required_argument,
					    NULL, (int)i };
	}
	out[n++] = (struct option){ "help", no_argument, NULL, OPT_HELP };
	out[n++] = (struct option){ "version", no_argument, NULL, OPT_VERSION };
	out[n] = (struct option){ NULL, 0, NULL, 0 };
}

static int set_row(struct parse *ps, size_t i, const char *value)
{
	const struct arg *a = ps->args[i];

	if (ps->given[i] && a->type != ARG_LIST && a->type != ARG_FLAG)
		return bad_value(a, value, "is given twice");
	ps->given[i] = true;
	return set_value(a, value, ps->base[i]);
}

/* Returns 0, an exit code above 0, or -1 for "help", -2 for "version". */
static int parse_options(struct parse *ps, int argc, char **argv, bool stop)
{
	struct option table[ARGS_MAX + 3];
	int c, r;

	getopt_table(ps, table);
	opterr = 0;
	optind = 0;
	while ((c = getopt_long(argc, argv, stop ? "+:h" : ":h", table,
				NULL)) != -1) {
		if (c == 'h' || c == OPT_HELP)
			return -1;
		if (c == OPT_VERSION)
			return -2;
		if (c == '?' || c == ':') {
			args_problem("usage", "--help lists the options",
				     c == ':' ? "%s needs a value"
					      : "there is no option %s here",
				     argv[optind - 1]);
			return EXIT_USAGE;
		}
		r = set_row(ps, (size_t)c, optarg ? optarg : "");
		if (r != 0)
			return r;
	}
	return 0;
}

static int parse_operands(struct parse *ps, int argc, char **argv)
{
	size_t row = 0;

	for (int i = optind; i < argc; i++) {
		int r;

		while (row < ps->count && !(ps->args[row]->flags & ARG_OPERAND))
			row++;
		if (row == ps->count) {
			args_problem("usage", "--help shows the command's form",
				     "\"%s\" is one word too many", argv[i]);
			return EXIT_USAGE;
		}
		r = set_row(ps, row, argv[i]);
		if (r != 0)
			return r;
		if (ps->args[row]->type != ARG_LIST)
			row++;
	}
	return 0;
}

static int check_required(const struct parse *ps)
{
	for (size_t i = 0; i < ps->count; i++) {
		const struct arg *a = ps->args[i];
		char label[64];

		if (!(a->flags & ARG_REQUIRED) || ps->given[i])
			continue;
		arg_label(a, label);
		args_problem("usage", "--help explains the command",
			     "%s is missing (%s)", label, a->help);
		return EXIT_USAGE;
	}
	return 0;
}

static int run_command(const struct program *p, const struct command *cmd,
		       int argc, char **argv, struct parse *ps, void *globals)
{
	void *params = calloc(1, cmd->params_size ? cmd->params_size : 1);
	int r;

	if (params == NULL)
		return EXIT_BUG;
	parse_add(ps, cmd->args, cmd->arg_count, params);
	r = parse_options(ps, argc, argv, false);
	if (r == -1) {
		help_command(p, cmd);
		r = 0;
		goto out;
	}
	if (r == -2) {
		help_version(p);
		r = 0;
		goto out;
	}
	if (r != 0 || (r = parse_operands(ps, argc, argv)) != 0 ||
	    (r = check_required(ps)) != 0)
		goto out;
	if (p->prepare && (r = p->prepare(globals)) != 0)
		goto out;
	r = cmd->run(cmd, globals, params);
out:
	free(params);
	return r;
}

static bool wants_help(int argc, char **argv)
{
	return argc > 1 &&
	       (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
}

/* argv[0] is the object; on a match argv[0] of the command's own parse is the
 * last word of its name. */
static int dispatch(const struct program *p, int argc, char **argv,
		    struct parse *ps, void *globals)
{
	bool object = false;

	for (size_t i = 0; i < p->command_count; i++) {
		const struct command *cmd = p->commands[i];

		if (strcmp(cmd->object, argv[0]) != 0)
			continue;
		object = true;
		if (cmd->verb == NULL)
			return run_command(p, cmd, argc, argv, ps, globals);
		if (argc > 1 && strcmp(cmd->verb, argv[1]) == 0)
			return run_command(p, cmd, argc - 1, argv + 1, ps,
					   globals);
	}
	if (object && wants_help(argc, argv)) {
		help_object(p, argv[0]);
		return 0;
	}
	if (object && argc > 1)
		args_problem("usage", "--help lists what there is",
			     "there is no command \"%s %s\"", argv[0], argv[1]);
	else if (object)
		args_problem("usage", "--help lists what there is",
			     "what should be done with \"%s\"?", argv[0]);
	else
		args_problem("usage", "--help lists the commands",
			     "there is no command \"%s\"", argv[0]);
	return EXIT_USAGE;
}

int args_main(const struct program *p, int argc, char **argv, void *globals)
{
	struct parse ps = { .count = 0 };
	int r;

	args_problem_setup(p->name, false);
	if (argc < 2) {
		help_program(p, stderr);
		return EXIT_USAGE;
	}
	parse_add(&ps, p->globals, p->global_count, globals);
	r = parse_options(&ps, argc, argv, true);
	if (r > 0)
		return r;
	if (r == -1) {
		help_program(p, stdout);
		return 0;
	}
	if (r == -2) {
		help_version(p);
		return 0;
	}
	if (optind >= argc) {
		args_problem("usage", "--help lists the commands",
			     "no command given");
		return EXIT_USAGE;
	}
	return dispatch(p, argc - optind, argv + optind, &ps, globals);
}
