/* SPDX-License-Identifier: MIT */
/*
 * chip/family.h - the chip descriptions that chip.c knows, by folder.
 * Everybody outside chip/ goes through chip/chip.h.
 */
#ifndef CHIP_FAMILY_H
#define CHIP_FAMILY_H

#include "chip/chip.h"

extern const struct chip chip_stm32f103xb, chip_stm32f103xe; /* stm32f1 */
extern const struct chip chip_stm32f0; /* chip/stm32f0/chip.c */
extern const struct chip chip_stm32l4; /* chip/stm32l4/chip.c */
extern const struct chip chip_nrf51;   /* chip/nrf51/chip.c */

#endif
