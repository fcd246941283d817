/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "api/shape.h"
#include "base/exit.h"
#include "cli/args.h"
#include "wire/const.h"

struct globals {
	bool json;
	const char *dir;
};

struct params {
	char name[NAME_CAP];
	uint32_t count;
	uint64_t big;
	bool flag;
	char text[8];
	SHAPE_BYTES_OF(UID_MAX) uid;
	struct arg_list files;
};

static struct params got;
static struct globals got_globals;
static int runs;

static int run(const struct command *self, void *g, void *p)
{
	(void)self;
	memcpy(&got, p, sizeof(got));
	memcpy(&got_globals, g, sizeof(got_globals));
	runs++;
	return 42;
}

static const struct arg args[] = {
	{ "NAME", NULL, ARG_NAME, ARG_OPERAND | ARG_REQUIRED,
	  offsetof(struct params, name), 0, 0, 0, "n" },
	{ "FILE", NULL, ARG_LIST, ARG_OPERAND, offsetof(struct params, files),
	  0, 0, 0, "f" },
	{ "count", "N", ARG_U32, 0, offsetof(struct params, count), 0, 1, 9,
	  "c" },
	{ "big", "N", ARG_U64, 0, offsetof(struct params, big), 0, 0, 0, "b" },
	{ "flag", NULL, ARG_FLAG, 0, offsetof(struct params, flag), 0, 0, 0,
	  "x" },
	{ "text", "T", ARG_COPY, 0, offsetof(struct params, text), 8, 0, 0,
	  "t" },
	{ "uid", "U", ARG_UID, 0, offsetof(struct params, uid), 0, 0, 0, "u" },
};
static const struct command cmd = { .object = "thing",
				    .verb = "do",
				    .summary = "does it",
				    .args = args,
				    .arg_count = ARRAY_LEN(args),
				    .params_size = sizeof(struct params),
				    .run = run };
static const struct command *const commands[] = { &cmd };
static const struct arg globals[] = {
	{ "json", NULL, ARG_FLAG, 0, offsetof(struct globals, json), 0, 0, 0,
	  "j" },
	{ "dir", "D", ARG_TEXT, 0, offsetof(struct globals, dir), 0, 0, 0,
	  "d" },
};
static const struct program program = { .name = "prog",
					.about = "about",
					.commands = commands,
					.command_count = 1,
					.globals = globals,
					.global_count = ARRAY_LEN(globals) };

#define CALL(...) call((const char *const[]){ "prog", __VA_ARGS__, NULL })

static int call(const char *const *words)
{
	struct globals g = { false, NULL };
	char *argv[20];
	int argc = 0;

	for (; words[argc]; argc++)
		argv[argc] = (char *)words[argc];
	argv[argc] = NULL;
	memset(&got, 0, sizeof(got));
	runs = 0;
	return args_main(&program, argc, argv, &g);
}

static void good_lines(void **state)
{
	(void)state;
	assert_int_equal(CALL("thing", "do", "a-1"), 42);
	assert_string_equal(got.name, "a-1");
	assert_int_equal(got.count, 0);
	/* options before, between and after; globals anywhere */
	assert_int_equal(CALL("--dir", "/x", "thing", "do", "--count=9", "a",
			      "f1", "--json", "f2", "--flag"),
			 42);
	assert_int_equal(got.count, 9);
	assert_true(got.flag);
	assert_int_equal(got.files.count, 2);
	assert_string_equal(got.files.items[1], "f2");
	assert_true(got_globals.json);
	assert_string_equal(got_globals.dir, "/x");
	assert_int_equal(CALL("thing", "do", "a", "--uid", "0aFF", "--big",
			      "0xffffffffff", "--text", "1234567"),
			 42);
	assert_int_equal(got.uid.len, 2);
	assert_int_equal(got.uid.data[1], 0xff);
	assert_int_equal(got.big, 0xffffffffff);
	assert_string_equal(got.text, "1234567");
	/* what follows -- is an operand */
	assert_int_equal(CALL("thing", "do", "a", "--", "--count"), 42);
	assert_string_equal(got.files.items[0], "--count");
}

#define USAGE(...)                                                 \
	do {                                                       \
		assert_int_equal(CALL("thing", "do", __VA_ARGS__), \
				 EXIT_USAGE);                      \
		assert_int_equal(runs, 0);                         \
	} while (0)

static void bad_lines(void **state)
{
	(void)state;
	USAGE("--flag"); /* NAME missing */
	USAGE("Upper");
	USAGE("");
	USAGE(".dot");
	USAGE("a123456789012345678901234567890x"); /* 32 characters */
	USAGE("a", "--count", "0");
	USAGE("a", "--count", "10");
	USAGE("a", "--count", "-1");
	USAGE("a", "--count", "4294967297");
	USAGE("a", "--count", "1x");
	USAGE("a", "--count", " 1");
	USAGE("a", "--count", "");
	USAGE("a", "--count");
	USAGE("a", "--count", "1", "--count", "2");
	USAGE("a", "--big", "99999999999999999999");
	USAGE("a", "--text", "12345678");
	USAGE("a", "--uid", "0");
	USAGE("a", "--uid", "");
	USAGE("a", "--uid", "xx");
	USAGE("a", "--uid", "00112233445566778899aabbcc");
	USAGE("a", "--nothing");
	assert_int_equal(CALL("thing", "dont"), EXIT_USAGE);
	assert_int_equal(CALL("thing"), EXIT_USAGE);
	assert_int_equal(CALL("other"), EXIT_USAGE);
	assert_int_equal(CALL("--json"), EXIT_USAGE);
	assert_int_equal(runs, 0);
}

static void numbers(void **state)
{
	uint64_t v = 7;

	(void)state;
	assert_int_equal(args_number("0", 0, 9, &v), 0);
	assert_int_equal(v, 0);
	assert_int_equal(args_number("0x10", 0, 16, &v), 0);
	assert_int_equal(v, 16);
	assert_int_equal(args_number("017", 0, 99, &v), 0);
	assert_int_equal(v, 17); /* no octal surprise */
	assert_int_equal(args_number("17", 0, 16, &v), E_RANGE);
	assert_int_equal(args_number("18446744073709551616", 0, UINT64_MAX, &v),
			 E_RANGE);
	assert_int_equal(args_number("+1", 0, 16, &v), E_SYNTAX);
	assert_int_equal(v, 17);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_lines),
		cmocka_unit_test(bad_lines),
		cmocka_unit_test(numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
