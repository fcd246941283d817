/* SPDX-License-Identifier: MIT */
/*
 * chip/stm32l4/layout.h - where the flash algorithm and its buffers lie in
 * SRAM1.  Read by the host, the algorithm and its linker script.
 */
#ifndef CHIP_STM32L4_LAYOUT_H
#define CHIP_STM32L4_LAYOUT_H

#define ALGO_LOAD 0x20000000
#define ALGO_CODE_MAX 0x0700
#define ALGO_CONTROL 0x20000700
#define ALGO_STACK 0x20000c00
#define ALGO_BUFFER_LEN 2048
#define ALGO_BUFFER0 0x20001000
#define ALGO_BUFFER1 0x20001800
#define ALGO_MIRROR0 0x20002000
#define ALGO_MIRROR1 0x20002800

#endif
