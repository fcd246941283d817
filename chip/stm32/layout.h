/* SPDX-License-Identifier: MIT */
/*
 * chip/stm32/layout.h - where the flash algorithm of STM32F1 and STM32F0 and
 * its buffers lie in SRAM: 6,400 bytes, since the smallest has 8,192.  Read by
 * the host, the algorithm and its linker script.
 */
#ifndef CHIP_STM32_LAYOUT_H
#define CHIP_STM32_LAYOUT_H

#define ALGO_LOAD 0x20000000
#define ALGO_CODE_MAX 0x0700
#define ALGO_CONTROL 0x20000700
#define ALGO_STACK 0x20000900
#define ALGO_BUFFER_LEN 1024
#define ALGO_BUFFER0 0x20000900
#define ALGO_BUFFER1 0x20000d00
#define ALGO_MIRROR0 0x20001100
#define ALGO_MIRROR1 0x20001500

#endif
