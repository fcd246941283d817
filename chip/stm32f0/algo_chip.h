/* SPDX-License-Identifier: MIT */
/*
 * chip/stm32f0/algo_chip.h - what chip/stm32/algo_port.c must know of the
 * STM32F0 alone: its vectors, its clock, its option bytes.
 */
#ifndef CHIP_STM32F0_ALGO_CHIP_H
#define CHIP_STM32F0_ALGO_CHIP_H

#define RCC_APB2ENR ALGO_REG(0x40021018)
#define SYSCFG_CFGR1 ALGO_REG(0x40010000)

/* There is no VTOR: SRAM, which begins with our vectors, goes to address 0
 * (RM0091 9.1.1). */
static inline void algo_vectors(void)
{
	RCC_APB2ENR |= 1;
	SYSCFG_CFGR1 = 3;
}

/* 48 MHz without a crystal: HSI / 2 * 12, one wait state (RM0091 3.5.1,
 * 6.4.2).  HSI stays on: flash work needs it. */
#define ALGO_ACR 0x11u
#define ALGO_CFGR (10u << 18)

#define ALGO_OPTION_CELLS 6u /* WRP2 and WRP3 are not there (RM0091 4) */

#endif
