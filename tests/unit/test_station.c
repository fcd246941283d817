/* SPDX-License-Identifier: MIT */
/* The station's files: flasher.conf, one-time codes, journal and outbox. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "flasher/enrol.h"
#include "flasher/journal.h"

static struct station st;

static int make_dir(void **state)
{
	char tmp[] = "/tmp/signet-station-XXXXXX";

	(void)state;
	memset(&st, 0, sizeof(st));
	st.lock = -1;
	if (mkdtemp(tmp) == NULL)
		return -1;
	snprintf(st.dir, sizeof(st.dir), "%s", tmp);
	return 0;
}

static int remove_dir(void **state)
{
	static const char *const names[] = { "journal", "outbox", "" };
	char path[PATH_MAX];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		station_path(&st, names[i], path);
		rmdir(path);
	}
	return 0;
}

/* -- flasher.conf ---------------------------------------------------------- */
static int parse(const char *text, struct flasher_conf *c, char *why)
{
	char copy[2048];

	snprintf(copy, sizeof(copy), "%s", text);
	return conf_parse("f.conf", copy, c, why);
}

static void conf_good(void **state)
{
	char why[CONF_WHY_CAP];
	struct flasher_conf c;

	(void)state;
	assert_int_equal(parse("", &c, why), 0);
	assert_int_equal(c.channel_count, 0);
	assert_int_equal(c.retry_s, 30);
	assert_int_equal(parse("# x\n\n start-pattern = signet: genuine \r\n"
			       "clock=4000000\n[channel 0]\nprobe = tcp:a:1\n"
			       "power = relay --port=0\n[channel 1]\n"
			       "probe = tcp:b:2\nuart = 9600",
			       &c, why),
			 0);
	assert_int_equal(c.channel_count, 2);
	assert_string_equal(c.start_pattern, "signet: genuine");
	assert_int_equal(c.clock_hz, 4000000);
	assert_string_equal(c.channel[0].power, "relay --port=0");
	assert_int_equal(c.channel[0].uart, 115200);
	assert_int_equal(c.channel[1].uart, 9600);
}

static void conf_bad(void **state)
{
	static const struct {
		const char *text, *line;
	} bad[] = {
		{ "x\n", "f.conf:1:" },
		{ "\n\nfoo = 1\n", "f.conf:3:" },
		{ "clock = fast\n", "f.conf:1:" },
		{ "clock = 0\n", "f.conf:1:" },
		{ "retry = 99999\n", "f.conf:1:" },
		{ "[channel 1]\nprobe = usb:\n", "f.conf:1:" },
		{ "[channel 0\n", "f.conf:1:" },
		{ "[station]\n", "f.conf:1:" },
		{ "[channel 0]\nprobe = usb:x\n[channel 0]\nprobe = usb:y\n",
		  "f.conf:3:" },
		{ "[channel 0]\nprobe = foo:1\n",
		  "f.conf:2: probe = foo:1: must begin with usb:" },
		{ "[channel 0]\nprobe = tcp:h\n", "f.conf:2: probe" },
		{ "[channel 0]\nprobe = usb:\nserial = COM1\n",
		  "f.conf:3: serial = COM1: must be /dev/" },
		{ "[channel 0]\nprobe = usb:\npower = gpio:0\n",
		  "f.conf:3: power = gpio:0: must be gpio:CHIP:LINE" },
		{ "[channel 0]\nprobe = usb:\nnext = gpio:0:1:up\n",
		  "f.conf:3: next" },
		{ "server = signet.example\n", "f.conf:1: server" },
		{ "clock = 1000\n\nclock = 2000\n",
		  "f.conf:3: \"clock\" is set twice" },
		{ "[channel 0]\nprobe = usb:\nprobe = usb:1\n",
		  "f.conf:3: \"probe\" is set twice" },
		{ "# x\n[channel 0]\nuart = 9600\n[channel 1]\nprobe = usb:\n",
		  "f.conf:2: channel 0 has no probe" },
		{ "[channel 0]\nclock = 1000\n", "f.conf:2:" },
		{ "[channel 0]\nuart = 115200\n",
		  "f.conf:1: channel 0 has no probe" },
	};
	struct flasher_conf c;
	char why[CONF_WHY_CAP];

	(void)state;
	memset(&c, 0x5a, sizeof(c));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse(bad[i].text, &c, why), E_CONFIG);
		assert_non_null(strstr(why, bad[i].line));
	}
	assert_int_equal(c.channel_count, (size_t)0x5a5a5a5a5a5a5a5a);
}

/* -- one-time codes -------------------------------------------------------- */
#define PIN "00112233445566778899aabbccddeeff"
#define SECRET "ffeeddccbbaa99887766554433221100"

static void codes(void **state)
{
	static const char *const bad[] = {
		"",
		"SGN1-",
		"SGN2-" PIN "-" SECRET "@h:1",
		"SGN1-" PIN SECRET "@h:1",
		"SGN1-" PIN "-" SECRET,
		"SGN1-" PIN "-" SECRET "@h",
		"SGN1-" PIN "-" SECRET "@:1",
		"SGN1-" PIN "-" SECRET "@h:0",
		"SGN1-" PIN "-" SECRET "@h:65536",
		"SGN1-" PIN "-" SECRET "@h:1/x",
		"SGN1-" PIN "-" SECRET "@u@h:1",
		"SGN1-" PIN "-" SECRET "0@h:1",
		"SGN1-0011223344556677889xaabbccddeeff-" SECRET "@h:1",
		"SGN1-00112233445566778899AABBCCDDEEFF-" SECRET "@h:1",
	};
	char why[STATION_WHY_CAP];
	struct enrol_code c;

	(void)state;
	assert_int_equal(
		enrol_parse("SGN1-" PIN "-" SECRET "@[::1]:7442", &c, why), 0);
	assert_string_equal(c.host, "[::1]");
	assert_string_equal(c.url, "https://[::1]:7442");
	assert_string_equal(c.secret, SECRET);
	assert_int_equal(c.pin[1], 0x11);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(enrol_parse(bad[i], &c, why), E_SYNTAX);
}

/* -- journal and outbox ---------------------------------------------------- */
static void journal_round(void **state)
{
	struct journal j = { .channel = 3, .grant = 77, .attempt = 2 };
	struct journal back;
	char why[STATION_WHY_CAP], path[PATH_MAX];
	FILE *f;

	(void)state;
	snprintf(j.phase, NAME_CAP, "program");
	snprintf(j.request.order, NAME_CAP, "demo");
	j.request.uid.len = 12;
	memset(j.request.uid.data, 0xa5, 12);
	j.request.nonce.len = NONCE_LEN;
	memset(j.request.nonce.data, 0x3c, NONCE_LEN);
	j.request.cpuid = 0x410fc241;
	assert_int_equal(journal_read(&st, 3, &back, why), E_NOT_FOUND);
	assert_int_equal(journal_write(&st, &j, why), 0);
	assert_int_equal(journal_read(&st, 3, &back, why), 0);
	assert_memory_equal(&back, &j, sizeof(j));
	assert_int_equal(journal_read(&st, 2, &back, why), E_NOT_FOUND);

	station_path(&st, "journal/3.json", path);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("{\"channel\":3,\"pha", f);
	fclose(f);
	assert_int_equal(journal_read(&st, 3, &back, why), E_SYNTAX);
	journal_remove(&st, 3);
	assert_int_equal(journal_read(&st, 3, &back, why), E_NOT_FOUND);
}

static void empty_outbox(void)
{
	char dir[PATH_MAX], path[PATH_MAX + 300];
	struct dirent *d;
	DIR *all;

	station_path(&st, "outbox", dir);
	all = opendir(dir);
	assert_non_null(all);
	while ((d = readdir(all)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", dir, d->d_name);
		unlink(path);
	}
	closedir(all);
}

static void outbox_keeps(void **state)
{
	struct report_request r = { .grant = 5, .attempt = 1 };
	char why[STATION_WHY_CAP], path[PATH_MAX];
	struct stat sb;

	(void)state;
	snprintf(r.outcome, NAME_CAP, "installed");
	assert_int_equal(outbox_count(&st), 0);
	assert_int_equal(outbox_put(&st, &r, why), 0);
	snprintf(r.outcome, NAME_CAP, "closed");
	assert_int_equal(outbox_put(&st, &r, why), 0);
	assert_int_equal(outbox_count(&st), 2);
	/* a half-written file of a crash is no report */
	station_path(&st, "outbox/.new", path);
	fclose(fopen(path, "w"));
	assert_int_equal(outbox_count(&st), 2);
	unlink(path);
	station_path(&st, "outbox", path);
	assert_int_equal(stat(path, &sb), 0);
	assert_int_equal(sb.st_mode & 077, 0);
	empty_outbox();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conf_good),
		cmocka_unit_test(conf_bad),
		cmocka_unit_test(codes),
		cmocka_unit_test_setup_teardown(journal_round, make_dir,
						remove_dir),
		cmocka_unit_test_setup_teardown(outbox_keeps, make_dir,
						remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
