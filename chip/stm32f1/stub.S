/* SPDX-License-Identifier: MIT */
/* The first 4 kB are frozen and hold nothing but the boot words: the firmware
 * begins behind them. */
#define FIRMWARE 0x08001000
#define VTOR 0xe000ed08
#include "chip/stm32/stub.S"
