/* SPDX-License-Identifier: MIT */
/* The STM32F103xB: 128 kB of flash, 20 kB of SRAM. */
#ifndef EXAMPLES_STM32F1_XB_MEMORY_H
#define EXAMPLES_STM32F1_XB_MEMORY_H

#define FLASH_LEN 0x00020000u
#define RAM_END 0x20005000u

#endif
