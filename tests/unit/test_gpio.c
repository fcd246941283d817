/* SPDX-License-Identifier: MIT */
/*
 * GPIO lines: their addresses, and what is said when there is none.  Lines
 * that exist are switched in tests/judge/gpio.sh.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "flasher/gpio.h"
#include "flasher/power.h"

static void test_addresses(void **state)
{
	struct gpio_name n;

	(void)state;
	assert_int_equal(gpio_parse("gpio:gpiochip0:5", &n), 0);
	assert_string_equal(n.chip, "gpiochip0");
	assert_string_equal(n.line, "5");
	assert_false(n.low);
	assert_int_equal(n.bias, 0);
	assert_int_equal(gpio_parse("gpio:/dev/gpiochip3:power 1:low", &n), 0);
	assert_string_equal(n.chip, "/dev/gpiochip3");
	assert_string_equal(n.line, "power 1");
	assert_true(n.low);
	assert_int_equal(gpio_parse("gpio:0:1:pull-up:low", &n), 0);
	assert_true(n.low);
	assert_int_not_equal(n.bias, 0);
}

static void test_bad_addresses(void **state)
{
	static const char *const bad[] = {
		"gpio:",
		"gpio:chip",
		"gpio:chip:",
		"gpio::5",
		"gpio:chip:5:",
		"gpio:chip:5:high",
		"gpio:chip:5:low:",
		"gpio:chip:5::low",
		"relay 5",
		"gpio:0123456789012345678901234567890123456789012345678901234"
		"567890123:1",
	};
	struct gpio_name n = { .chip = "kept" };
	char why[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(gpio_parse(bad[i], &n), E_ARG);
		assert_int_equal(gpio_set(bad[i], true, why), E_ARG);
		assert_non_null(strstr(why, "CHIP:LINE"));
	}
	assert_string_equal(n.chip, "kept");
}

static void test_no_such_chip(void **state)
{
	static const char line[] = "gpio:no-such-chip:1";
	struct power_config cfg = { .command = line };
	char why[256];

	(void)state;
	assert_int_equal(gpio_can(line, why), E_NOT_FOUND);
	assert_non_null(strstr(why, line));
	assert_int_equal(gpio_set(line, true, why), E_NOT_FOUND);
	assert_int_equal(gpio_wait_press(line, 0, why), E_NOT_FOUND);
	assert_int_equal(power_can(&cfg, why), E_TARGET_POWER);
	assert_non_null(strstr(why, line));
	assert_int_equal(power_switch(&cfg, true, why), E_TARGET_POWER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_bad_addresses),
		cmocka_unit_test(test_no_such_chip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
