/* SPDX-License-Identifier: MIT */
/*
 * chip/stm32f1/algo_chip.h - what chip/stm32/algo_port.c must know of the
 * STM32F1 alone: its vector table and its clock.
 */
#ifndef CHIP_STM32F1_ALGO_CHIP_H
#define CHIP_STM32F1_ALGO_CHIP_H

#define SCB_VTOR ALGO_REG(0xe000ed08)

static inline void algo_vectors(void)
{
	SCB_VTOR = ALGO_LOAD;
}

/* 64 MHz without a crystal: HSI / 2 * 16, two wait states, APB1 half of it
 * (RM0008 7.3, PM0075 3.1).  HSI stays on: flash work needs it. */
#define ALGO_ACR 0x12u
#define ALGO_CFGR (15u << 18 | 4u << 8)

#define ALGO_OPTION_CELLS 8u

#endif
