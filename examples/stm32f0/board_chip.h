/* SPDX-License-Identifier: MIT */
/*
 * The few registers of the STM32F051 that the examples touch: RM0091 Rev 10.
 */
#ifndef EXAMPLES_STM32F0_BOARD_CHIP_H
#define EXAMPLES_STM32F0_BOARD_CHIP_H

#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(uintptr_t)(address))

#define BOARD_HZ 48000000u
#define BOARD_BAUD 115200u

/* Flash interface: 3.5 */
#define FLASH_ACR REG(0x40022000)
#define FLASH_ACR_LATENCY_1 1u /* above 24 MHz */
#define FLASH_ACR_PRFTBE (1u << 4)

/* Reset and clock control: 6.4 */
#define RCC_CR REG(0x40021000)
#define RCC_CR_PLLON (1u << 24)
#define RCC_CR_PLLRDY (1u << 25)
#define RCC_CFGR REG(0x40021004)
#define RCC_CFGR_SW_PLL 2u
#define RCC_CFGR_SWS_MASK (3u << 2)
#define RCC_CFGR_SWS_PLL (2u << 2)
#define RCC_CFGR_PLLMUL(n) (((n)-2u) << 18)
#define RCC_AHBENR REG(0x40021014)
#define RCC_AHBENR_GPIOAEN (1u << 17)
#define RCC_APB2ENR REG(0x40021018)
#define RCC_APB2ENR_SYSCFGEN (1u << 0)
#define RCC_APB2ENR_USART1EN (1u << 14)

/* GPIO: 8.4 */
#define GPIOA_MODER REG(0x48000000)
#define GPIOA_AFRH REG(0x48000024)
#define GPIO_MODE_ALTERNATE 2u

/* System configuration: 9.1.1 */
#define SYSCFG_CFGR1 REG(0x40010000)
#define SYSCFG_CFGR1_SRAM 3u /* at address 0 */

/* USART: 26.7 */
#define USART1_CR1 REG(0x40013800)
#define USART_CR1_UE (1u << 0)
#define USART_CR1_TE (1u << 3)
#define USART1_BRR REG(0x4001380c)
#define USART1_ISR REG(0x4001381c)
#define USART_ISR_TC (1u << 6)
#define USART_ISR_TXE (1u << 7)
#define USART1_TDR REG(0x40013828)

/* Unique device ID, 96 bits: 32.1 */
#define UID_ADDRESS 0x1ffff7acu
#define UID_LEN 12

/* Memory: 2.2 */
#define FLASH_BASE 0x08000000u
#define FLASH_LEN 0x00010000u
#define RAM_BASE 0x20000000u
#define RAM_END 0x20002000u
#define APP_BASE 0x08005000u
#define VECTORS 48 /* 16 of the core, 32 interrupts */

/* SysTick: PM0215 section 4.4 */
#define SYST_CSR REG(0xe000e010)
#define SYST_CSR_ENABLE (1u << 0)
#define SYST_CSR_TICKINT (1u << 1)
#define SYST_CSR_CLKSOURCE (1u << 2)
#define SYST_RVR REG(0xe000e014)
#define SYST_CVR REG(0xe000e018)

#endif
