/* SPDX-License-Identifier: MIT */
/* flasher/power.c: the command hook, and every way in which it can fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "flasher/power.h"

static char folder[] = "/tmp/signet-power-XXXXXX";

static int try(const char *command, bool on, char why[256])
{
	struct power_config cfg = { .command = command };

	why[0] = '\0';
	return power_switch(&cfg, on, why);
}

static void test_words(void **state)
{
	char command[200], path[100], why[256], line[32] = "";
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/said", folder);
	snprintf(command, sizeof(command), "f() { echo \"$1\" >>%s; }; f",
		 path);
	assert_int_equal(try(command, false, why), 0);
	assert_int_equal(try(command, true, why), 0);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	assert_string_equal(line, "off\n");
	assert_non_null(fgets(line, sizeof(line), f));
	assert_string_equal(line, "on\n");
	fclose(f);
	unlink(path);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *command, *word;
	} cases[] = {
		{ "false", "exit code 1" },
		{ "echo relay 3 is stuck; exit 7 #", "exit code 7: relay 3" },
		{ "echo '\033[31mred' >&2; exit 2 #", "?[31mred" },
		{ "kill -9 $$ #", "signal 9" },
		{ "/nonexistent/relay", "exit code 127" },
	};
	char why[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(try(cases[i].command, true, why),
				 E_TARGET_POWER);
		assert_non_null(strstr(why, cases[i].word));
	}
}

/* A command that floods its output must neither block nor overflow. */
static void test_talkative(void **state)
{
	char why[256];

	(void)state;
	assert_int_equal(try("head -c 300000 /dev/zero; exit 1 #", true, why),
			 E_TARGET_POWER);
	assert_int_equal(try("head -c 300000 /dev/zero #", true, why), 0);
}

static void test_too_long(void **state)
{
	char command[2000], why[256];

	(void)state;
	memset(command, 'x', sizeof(command));
	command[sizeof(command) - 1] = '\0';
	assert_int_equal(try(command, true, why), E_TARGET_POWER);
	assert_non_null(strstr(why, "longer"));
}

/* It hangs, together with a child of its own that holds its output. */
static void test_hangs(void **state)
{
	time_t start = time(NULL);
	char why[256];

	(void)state;
	assert_int_equal(try("sleep 60 & sleep 60 #", true, why),
			 E_TARGET_POWER);
	assert_non_null(strstr(why, "longer than 10 s"));
	assert_true(time(NULL) - start < 20);
}

/* Nobody to ask: no terminal in tests. */
static void test_no_terminal(void **state)
{
	char why[256];

	(void)state;
	assert_non_null(freopen("/dev/null", "r", stdin));
	assert_int_equal(try(NULL, true, why), E_TARGET_POWER);
	assert_non_null(strstr(why, "no terminal"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_talkative),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_hangs),
		cmocka_unit_test(test_no_terminal),
	};
	int failures;

	if (mkdtemp(folder) == NULL)
		return 1;
	failures = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failures;
}
