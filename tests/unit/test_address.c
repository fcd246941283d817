/* SPDX-License-Identifier: MIT */
/* Addresses as people write them: every form, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/address.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

typedef const char *form(const char *text);

static void all_good(form *f, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (f(texts[i]) != NULL)
			fail_msg("\"%s\" %s", texts[i], f(texts[i]));
}

static void all_bad(form *f, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (f(texts[i]) == NULL)
			fail_msg("\"%s\" was taken", texts[i]);
		assert_memory_equal(f(texts[i]), "must ", 5);
	}
}

static void test_split(void **state)
{
	static const char *const bad[] = {
		"",
		"host",
		"host:",
		":1",
		"[]:1",
		"host:0",
		"host:x",
		"host:65536",
		"h:-1",
		"host:1 ",
		"h:99999999999999999999",
	};
	char host[8] = "kept";
	const char *port = NULL;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(address_split(bad[i], host, 8, &port), E_ARG);
	assert_int_equal(address_split("12345678:1", host, 8, &port), E_ARG);
	assert_string_equal(host, "kept");
	assert_null(port);
	assert_int_equal(address_split("1234567:65535", host, 8, &port), 0);
	assert_string_equal(host, "1234567");
	assert_string_equal(port, "65535");
	assert_int_equal(address_split("[::1]:80", host, 8, &port), 0);
	assert_string_equal(host, "::1");
	assert_string_equal(port, "80");
}

static void test_probe(void **state)
{
	static const char *const good[] = {
		"usb:",
		"usb:0240000034544e45",
		"usb:1209:0001:A:b",
		"usb:@1-2.3",
		"hid:",
		"hid:@2-1",
		"tcp:[::1]:4441",
		"tcp:127.0.0.1:4441",
		"gdb:host:3333",
	};
	static const char *const bad[] = {
		"",	    "foo:1",	   "jlink:1", "USB:1",	     "tcp:",
		"tcp:host", "tcp:host:x",  "gdb:",    "gdb:h:0",     "tcp::1",
		"usb:@",    "usb:@socket", "4441",    "tcp:h:65536",
	};

	(void)state;
	all_good(address_probe, good, COUNT(good));
	all_bad(address_probe, bad, COUNT(bad));
}

static void test_serial(void **state)
{
	static const char *const good[] = { "/dev/ttyUSB0", "tcp:h:1" };
	static const char *const bad[] = { "", "ttyUSB0", "tcp:h", "COM1" };

	(void)state;
	all_good(address_serial, good, COUNT(good));
	all_bad(address_serial, bad, COUNT(bad));
}

static void test_switch(void **state)
{
	static const char *const good[] = {
		"",
		"relay --port=0",
		"gpiod on",
		"gpio:gpiochip0:5",
		"gpio:/dev/gpiochip3:power 1:low",
		"gpio:0:1:pull-up:low",
		"gpio:0:1:low:pull-down",
	};
	static const char *const bad[] = {
		"gpio:",
		"gpio:chip",
		"gpio:chip:",
		"gpio::5",
		"gpio:chip:5:",
		"gpio:chip:5:high",
		"gpio:chip:5:low:",
		"gpio:chip:5::low",
		"gpio:0123456789012345678901234567890123456789012345678901234"
		"567890123:1",
	};

	(void)state;
	all_good(address_switch, good, COUNT(good));
	all_bad(address_switch, bad, COUNT(bad));
}

static void test_server(void **state)
{
	static const char *const good[] = {
		"https://signet.example:7443",
		"https://[::1]:7443/",
		"https://10.0.0.1",
	};
	static const char *const bad[] = {
		"",
		"signet.example:7443",
		"http://x:1",
		"https://",
		"https://:7443",
		"https:///x",
		"https://a b:1",
	};

	(void)state;
	all_good(address_server, good, COUNT(good));
	all_bad(address_server, bad, COUNT(bad));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),  cmocka_unit_test(test_probe),
		cmocka_unit_test(test_serial), cmocka_unit_test(test_switch),
		cmocka_unit_test(test_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
