/* SPDX-License-Identifier: MIT */
/*
 * flasher/gpio.h - lines of the station's GPIO chips, over libgpiod.
 *
 *	gpio:CHIP:LINE[:low][:pull-up|:pull-down]
 *
 * CHIP is a name (gpiochip0), a label, a number or a path; LINE an offset or
 * the line's name; "low" = active when low.  Lines are asked for at their
 * first use and kept until the process ends, because a line that is given
 * back may fall back to anything.
 */
#ifndef FLASHER_GPIO_H
#define FLASHER_GPIO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define GPIO_NAME_CAP 64

struct gpio_name {
	char chip[GPIO_NAME_CAP], line[GPIO_NAME_CAP];
	bool low;
	int bias; /* libgpiod's flag, or 0 */
};

/* Whether a configured command is the address of a line. */
bool gpio_is(const char *text);
MUST_USE int gpio_parse(const char *text, struct gpio_name *out);

/* Whether there is such a line, and nobody else has it; nothing is switched.
 * E_ARG, E_NOT_FOUND, E_STATE (in use), E_IO; with why, as below. */
MUST_USE int gpio_can(const char *text, char why[256]);
/* Drives the line. */
MUST_USE int gpio_set(const char *text, bool active, char why[256]);
/* Waits until a button on the line is pressed, not merely held.  E_TIMEOUT;
 * 0 ms = only looks. */
MUST_USE int gpio_wait_press(const char *text, uint32_t timeout_ms,
			     char why[256]);
/* What the button did so far does not count. */
MUST_USE int gpio_forget_presses(const char *text, char why[256]);

#endif
