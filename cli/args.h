/* SPDX-License-Identifier: MIT */
/*
 * cli/args.h - command lines as tables.
 *
 * A program is a table of commands ("order create"); a command is a table of
 * options and operands, each bound to a field of the command's parameter
 * struct.  The same tables drive dispatch, checks and --help.  Used by signet
 * and by signet-flasher.
 */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum arg_type {
	ARG_FLAG, /* bool; takes no value */
	ARG_TEXT, /* const char *, as typed */
	ARG_COPY, /* char[cap] */
	ARG_NAME, /* char[NAME_CAP], by the name rule of wire/const.h */
	ARG_U32,  /* uint32_t, min..max */
	ARG_U64,  /* uint64_t, min..max */
	ARG_UID,  /* SHAPE_BYTES_OF(UID_MAX), typed as hex */
	ARG_LIST, /* struct arg_list; may be repeated */
};

#define ARG_LIST_MAX 32
struct arg_list {
	const char *items[ARG_LIST_MAX];
	size_t count;
};

enum arg_flags {
	ARG_OPERAND = 1,  /* no dashes; by position */
	ARG_REQUIRED = 2, /* absent is a usage error */
};

struct arg {
	const char *name; /* "product" for --product, "NAME" for an operand */
	const char *meta; /* what the value is called; NULL for a flag */
	enum arg_type type;
	unsigned flags;
	size_t offset, cap;
	uint64_t min, max; /* numbers; max 0 = the type's */
	const char *help;
};

struct command {
	const char *object;  /* "order" */
	const char *verb;    /* "create", or NULL: the object is all */
	const char *summary; /* one line */
	const struct arg *args;
	size_t arg_count;
	size_t params_size; /* zeroed before parsing; 0 = none */
	/* Returns an enum exit_code. */
	int (*run)(const struct command *self, void *globals, void *params);
	const void *data; /* for run */
};

struct program {
	const char *name;  /* "signet" */
	const char *about; /* one line */
	const struct command *const *commands;
	size_t command_count;
	const struct arg *globals; /* allowed with every command */
	size_t global_count;
	int (*prepare)(void *globals); /* before run; may be NULL */
	const char *exit_note; /* a line behind the exit codes, or NULL */
};

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Parses, runs, returns the exit code.  --help and --version need no table
 * rows. */
int args_main(const struct program *p, int argc, char **argv, void *globals);

/* Whole string a number (decimal, 0x hex) within min..max. */
MUST_USE int args_number(const char *s, uint64_t min, uint64_t max,
			 uint64_t *out);

/*
 * Tells a person what went wrong, why, and what to do next, on stderr:
 *
 *	signet: cannot read app.hex: No such file or directory
 *	  next: check the path
 *
 * next may be NULL.  With JSON output on, the same goes to stdout as
 * {"error":{"code":..,"cause":..,"next":..}} too.
 */
void args_problem(const char *code, const char *next, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The program's name for messages, and whether problems are JSON too. */
void args_problem_setup(const char *program, bool json);

#endif
