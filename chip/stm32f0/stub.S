/* SPDX-License-Identifier: MIT */
/* There is no VTOR: the firmware's table is where the chip begins, but for the
 * first two words of it. */
#define FIRMWARE 0x08000000
#include "chip/stm32/stub.S"
