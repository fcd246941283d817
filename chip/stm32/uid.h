/* SPDX-License-Identifier: MIT */
/* chip/stm32/uid.h - what a UID of an STM32F0 or STM32L4 can look like. */
#ifndef CHIP_STM32_UID_H
#define CHIP_STM32_UID_H

#include "chip/chip.h"

MUST_USE int stm32_check_uid(const uint8_t *uid, char why[CHIP_WHY_CAP]);

#endif
