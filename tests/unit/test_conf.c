/* SPDX-License-Identifier: MIT */
/* signetd.conf: values, mistakes, and that the manual lists every key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/conf.h"
#include "server/log.h"

static char why[CONF_WHY_CAP];

static int parse(const char *text, struct role_config *cfg)
{
	memset(cfg, 0, sizeof(*cfg));
	return conf_parse("x.conf", text, cfg, why);
}

static void test_defaults(void **state)
{
	struct role_config cfg;

	(void)state;
	assert_int_equal(parse("", &cfg), 0);
	assert_string_equal(cfg.flasher_address, "127.0.0.1");
	assert_int_equal(cfg.flasher_port, 7443);
	assert_int_equal(cfg.enrol_port, 7444);
	assert_int_equal(cfg.admin_port, 7445);
	assert_true(cfg.sandbox);
	assert_false(cfg.log_json);
	assert_int_equal(cfg.log_level, LOG_LEVEL_INFO);
	assert_int_equal(cfg.unknown_after_s, 3600);
}

static void test_values(void **state)
{
	static const char text[] = "# comment\n"
				   "\n"
				   "[server]\n"
				   "  names = a.example, 10.0.0.1  \n"
				   "sandbox=no\r\n"
				   "[flasher]\n"
				   "listen = 0.0.0.0:1\n"
				   "[enrol]\nlisten = 0.0.0.0:0\n"
				   "[admin]\n"
				   "listen = [::1]:65535\n"
				   "[log]\n"
				   "level = debug\n"
				   "format = json\n"
				   "[limits]\n"
				   "connections = 100000";
	struct role_config cfg;

	(void)state;
	assert_int_equal(parse(text, &cfg), 0);
	assert_string_equal(cfg.names, "a.example, 10.0.0.1");
	assert_false(cfg.sandbox);
	assert_string_equal(cfg.flasher_address, "0.0.0.0");
	assert_int_equal(cfg.flasher_port, 1);
	assert_string_equal(cfg.admin_address, "::1");
	assert_int_equal(cfg.admin_port, 65535);
	assert_int_equal(cfg.log_level, LOG_LEVEL_DEBUG);
	assert_true(cfg.log_json);
	assert_int_equal(cfg.connections, 100000);
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "[server]\nname = x\n",
		  "x.conf:2: unknown key \"name\"; did you mean \"names\"?" },
		{ "[sever]\n",
		  "x.conf:1: unknown section \"sever\"; did you mean "
		  "\"server\"?" },
		{ "[zzzzzzzzzz]\n", "unknown section \"zzzzzzzzzz\"; remove" },
		{ "[server]\nwhatever_it_is = 1\n", "remove it" },
		{ "names = x\n", "x.conf:1: \"names\" stands before any" },
		{ "[server]\nnames\n", "expected \"key = value\"" },
		{ "[server\n", "a section is written [name]" },
		{ "[admin]\nlisten = here:1\n",
		  "x.conf:2: listen = here:1: must be IP address and port" },
		{ "[admin]\nlisten = 127.0.0.1\n", "must be IP address" },
		{ "[admin]\nlisten = 127.0.0.1:65536\n", "must be IP" },
		{ "[admin]\nlisten = 127.0.0.1:\n", "must be IP" },
		{ "[limits]\nconnections = 0\n",
		  "must be a whole number from 1 to 100000" },
		{ "[limits]\nconnections = 1e3\n", "must be a whole number" },
		{ "[limits]\nconnections = -1\n", "must be a whole number" },
		{ "[log]\nlevel = loud\n",
		  "x.conf:2: level = loud: must be error, warning, info or "
		  "debug" },
		{ "[log]\nformat = xml\n", "must be text or json" },
		{ "[foo]\n", "unknown section \"foo\"; remove it" },
		{ "[server]\nnames =\n", "x.conf:2: names = : must be host" },
		{ "[server]\nnames = a b\n", "must be host names" },
		{ "[server]\nnames = a,,b\n", "must be host names" },
		{ "[server]\nnames = a,\n", "must be host names" },
		{ "[enrol]\nlisten = 127.0.0.1:7443\n",
		  "x.conf:2: listen: [flasher] has 127.0.0.1 port 7443" },
		{ "[flasher]\nlisten = 127.0.0.1:7445\n\n",
		  "[flasher] has 127.0.0.1 port 7445 already; give [admin]" },
		{ "[server]\nsandbox = maybe\n", "must be yes or no" },
		{ "[log]\nlevel = info\nlevel = info\n",
		  "x.conf:3: \"level\" is set twice" },
	};
	struct role_config cfg;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!parse(bad[i].text, &cfg) || !strstr(why, bad[i].says))
			fail_msg("%s: says \"%s\"", bad[i].text, why);
}

static void test_long_line(void **state)
{
	char text[4096];
	struct role_config cfg;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_not_equal(parse(text, &cfg), 0);
	assert_non_null(strstr(why, "too long"));
}

/* What init writes reads back as the same. */
static void test_write(void **state)
{
	struct role_config cfg, back;
	char *text;

	(void)state;
	assert_int_equal(parse("[admin]\nlisten = [::1]:9\n[log]\nlevel = "
			       "error\nformat = json\n[server]\nnames = z\n"
			       "[limits]\nidle_seconds = 5\n",
			       &cfg),
			 0);
	assert_int_equal(conf_write(&cfg, &text), 0);
	assert_int_equal(parse(text, &back), 0);
	assert_memory_equal(&cfg, &back, sizeof(cfg));
	free(text);
}

static void test_missing_file(void **state)
{
	struct role_config cfg = { 0 };

	(void)state;
	assert_int_equal(conf_load("/nonexistent/x.conf", &cfg, why), E_IO);
	assert_non_null(strstr(why, "/nonexistent/x.conf: No such file"));
}

/* Every key of the table has its entry in the manual page. */
static void test_manual(void **state)
{
	const char *section, *key;
	char *page = NULL, want[128];
	size_t len = 0;
	FILE *f = fopen("man/signetd.conf.5", "r");

	(void)state;
	assert_non_null(f);
	assert_true(getdelim(&page, &len, '\0', f) > 0);
	fclose(f);
	for (size_t i = 0; conf_entry(i, &section, &key); i++) {
		snprintf(want, sizeof(want), ".It Ic %s = ", key);
		if (!strstr(page, want))
			fail_msg("the manual lacks \"%s\"", want);
		snprintf(want, sizeof(want), ".Ss [%s]", section);
		if (!strstr(page, want))
			fail_msg("the manual lacks \"%s\"", want);
	}
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_missing_file),
		cmocka_unit_test(test_manual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
