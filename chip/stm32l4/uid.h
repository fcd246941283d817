/* SPDX-License-Identifier: MIT */
/* chip/stm32l4/uid.h - what a UID of this family can look like. */
#ifndef CHIP_STM32L4_UID_H
#define CHIP_STM32L4_UID_H

#include "chip/chip.h"

MUST_USE int stm32l4_check_uid(const uint8_t *uid, char why[CHIP_WHY_CAP]);

#endif
