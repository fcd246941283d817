/* SPDX-License-Identifier: MIT */
/* chip/nrf51/uid.h - what a UID of this family can look like. */
#ifndef CHIP_NRF51_UID_H
#define CHIP_NRF51_UID_H

#include "chip/chip.h"

MUST_USE int nrf51_check_uid(const uint8_t *uid, char why[CHIP_WHY_CAP]);

#endif
