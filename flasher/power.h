/* SPDX-License-Identifier: MIT */
/* flasher/power.h - switching a target's supply (struct power_config). */
#ifndef FLASHER_POWER_H
#define FLASHER_POWER_H

#include <stdbool.h>

#include "flasher/target.h"

/* Runs the channel's command with "on" or "off", drives its GPIO line
 * (flasher/gpio.h), or asks the operator.
 * E_TARGET_POWER, with why. */
MUST_USE int power_switch(const struct power_config *cfg, bool on,
			  char why[256]);

/* Whether that can be done at all; nothing is switched. */
MUST_USE int power_can(const struct power_config *cfg, char why[256]);

#endif
