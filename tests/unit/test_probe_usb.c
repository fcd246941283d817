/* SPDX-License-Identifier: MIT */
/*
 * How probes on USB are named and chosen.  The transfers themselves are tried
 * against a real USB stack by tests/judge/usb-probe.sh.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "probe/probe.h"
#include "probe/usb.h"

static void test_names(void **state)
{
	static const struct {
		const char *text;
		bool any_id;
		uint16_t vid, pid;
		const char *serial;
	} good[] = {
		{ "", true, 0, 0, "" },
		{ "LINE-3", true, 0, 0, "LINE-3" },
		{ "1209:0001", false, 0x1209, 1, "" },
		{ "0d28:0204:0240000012", false, 0x0d28, 0x204, "0240000012" },
		{ "12345678", true, 0, 0, "12345678" },
		{ "1209:1", true, 0, 0, "1209:1" }, /* a serial with a colon */
		{ "C251:F001:A:B", false, 0xc251, 0xf001, "A:B" },
	};
	struct usb_name n;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(usb_name_parse(good[i].text, &n), 0);
		assert_int_equal(n.any_id, good[i].any_id);
		if (!n.any_id) {
			assert_int_equal(n.vid, good[i].vid);
			assert_int_equal(n.pid, good[i].pid);
		}
		assert_string_equal(n.serial, good[i].serial);
	}
}

static void test_bad_names(void **state)
{
	char longest[USB_TEXT_CAP + 1];
	struct usb_name n = { .vid = 7 };

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[USB_TEXT_CAP] = '\0';
	assert_int_equal(usb_name_parse(longest, &n), E_ARG);
	assert_int_equal(usb_name_parse("1209:0001:", &n), E_ARG);
	assert_int_equal(usb_name_parse("a\nb", &n), E_ARG);
	assert_int_equal(usb_name_parse("\303\274", &n), E_ARG);
	assert_int_equal(usb_name_parse("@", &n), E_ARG);
	assert_int_equal(usb_name_parse("@1-2:3", &n), E_ARG);
	assert_int_equal(
		usb_name_parse("@1-2.3.4.5.6.7.8.9.10.11.12.13.14.15.16"
			       ".17.18",
			       &n),
		E_ARG);
	assert_int_equal(n.vid, 7); /* outputs only on success */
	longest[USB_TEXT_CAP - 1] = '\0';
	assert_int_equal(usb_name_parse(longest, &n), 0);
}

/* Imitations often share one serial number: then the socket decides. */
static void test_places(void **state)
{
	struct usb_probe a = { .vid = 1, .pid = 2, .place = "1-2.3" };
	struct usb_name n;

	(void)state;
	assert_int_equal(usb_name_parse("@1-2.3", &n), 0);
	assert_true(usb_name_fits(&n, &a));
	snprintf(a.place, sizeof(a.place), "1-2.30");
	assert_false(usb_name_fits(&n, &a));
	usb_probe_name(&a, "hid");
	assert_string_equal(a.uri, "hid:@1-2.30");
}

static struct usb_probe probe(uint16_t vid, uint16_t pid, const char *serial)
{
	struct usb_probe p = { .vid = vid, .pid = pid };

	snprintf(p.serial, sizeof(p.serial), "%s", serial);
	usb_probe_name(&p, "usb");
	return p;
}

static int choose(const char *name, const struct usb_probe *list, size_t n,
		  int *ret_which, char why[256])
{
	struct usb_choice c;
	int err = usb_choice_init(&c, "usb", name, why);

	*ret_which = -1;
	for (size_t i = 0; i < n && err == 0; i++)
		if (usb_choice_take(&c, &list[i]))
			*ret_which = (int)i;
	return err == 0 ? usb_choice_end(&c, why) : err;
}

static void test_choice(void **state)
{
	struct usb_probe list[] = { probe(0x1209, 1, "A"),
				    probe(0x1209, 1, "B"),
				    probe(0x0d28, 0x204, "B2"),
				    probe(0x0d28, 0x205, "") };
	char why[256];
	int which;

	(void)state;
	assert_int_equal(choose("B", list, 4, &which, why), 0);
	assert_int_equal(which, 1);
	assert_int_equal(choose("0d28:0204", list, 4, &which, why), 0);
	assert_int_equal(which, 2);
	assert_int_equal(choose("1209:0001:A", list, 4, &which, why), 0);
	assert_int_equal(which, 0);
	assert_int_equal(choose("", list, 1, &which, why), 0);
	assert_int_equal(choose("1209:0001", list, 4, &which, why), E_ARG);
	assert_non_null(strstr(why, "2 probes fit"));
	assert_non_null(strstr(why, "by its serial number, or by its place"));
	assert_int_equal(choose("", list, 4, &which, why), E_ARG);
	assert_int_equal(choose("b", list, 4, &which, why), E_PROBE_LOST);
	assert_non_null(strstr(why, "usb:b"));
	assert_int_equal(choose("1209:0002", list, 4, &which, why),
			 E_PROBE_LOST);
	assert_int_equal(choose("", NULL, 0, &which, why), E_PROBE_LOST);
	list[3].problem = "no permission";
	assert_string_equal(list[3].uri, "usb:0d28:0205");
	assert_int_equal(choose("0d28:0205", list, 4, &which, why),
			 E_PROBE_LOST);
	assert_non_null(strstr(why, "no permission"));
}

/* Every address says what is wrong with it. */
static void test_open(void **state)
{
	static const struct {
		const char *uri;
		int err;
		const char *word;
	} bad[] = {
		{ "usb:no-such-probe", E_PROBE_LOST, "usb:no-such-probe" },
		{ "hid:no-such-probe", E_PROBE_LOST, "hid:no-such-probe" },
		{ "usb:1209:0001:", E_ARG, "VID:PID" },
		{ "hid:1209:0001:", E_ARG, "VID:PID" },
		{ "jlink:1", E_ARG, "usb:" },
		{ "", E_ARG, "usb:" },
	};
	char why[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct probe_config cfg = { .uri = bad[i].uri };
		struct probe *p = NULL;

		assert_int_equal(probe_open(&cfg, &p, why), bad[i].err);
		assert_null(p);
		assert_non_null(strstr(why, bad[i].word));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),  cmocka_unit_test(test_bad_names),
		cmocka_unit_test(test_places), cmocka_unit_test(test_choice),
		cmocka_unit_test(test_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
