/* SPDX-License-Identifier: MIT */
/* The STM32F103xE: 512 kB of flash, 64 kB of SRAM. */
#ifndef EXAMPLES_STM32F1_XE_MEMORY_H
#define EXAMPLES_STM32F1_XE_MEMORY_H

#define FLASH_LEN 0x00080000u
#define RAM_END 0x20010000u

#endif
