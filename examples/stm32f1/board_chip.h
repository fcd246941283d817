/* SPDX-License-Identifier: MIT */
/*
 * The few registers of the STM32F103 that the examples touch: RM0008 Rev 21,
 * flash: PM0075.  What xB and xE differ in is in their own memory.h.
 */
#ifndef EXAMPLES_STM32F1_BOARD_CHIP_H
#define EXAMPLES_STM32F1_BOARD_CHIP_H

#include <stdint.h>

#include "memory.h"

#define REG(address) (*(volatile uint32_t *)(uintptr_t)(address))

#define BOARD_HZ 64000000u
#define BOARD_BAUD 115200u

/* Flash interface: PM0075 3.1 */
#define FLASH_ACR REG(0x40022000)
#define FLASH_ACR_LATENCY_2 2u /* above 48 MHz */
#define FLASH_ACR_PRFTBE (1u << 4)

/* Reset and clock control: 7.3 */
#define RCC_CR REG(0x40021000)
#define RCC_CR_PLLON (1u << 24)
#define RCC_CR_PLLRDY (1u << 25)
#define RCC_CFGR REG(0x40021004)
#define RCC_CFGR_SW_PLL 2u
#define RCC_CFGR_SWS_MASK (3u << 2)
#define RCC_CFGR_SWS_PLL (2u << 2)
#define RCC_CFGR_PPRE1_2 (4u << 8) /* APB1 takes 36 MHz at most */
#define RCC_CFGR_PLLMUL(n) (((n)-2u) << 18)
#define RCC_APB2ENR REG(0x40021018)
#define RCC_APB2ENR_IOPAEN (1u << 2)
#define RCC_APB2ENR_USART1EN (1u << 14)

/* GPIO: 9.2 */
#define GPIOA_CRH REG(0x40010804)
#define GPIO_PIN_MASK(n) (0xfu << 4 * ((n)-8))
#define GPIO_PIN_AF_10MHZ(n) (0x9u << 4 * ((n)-8))

/* USART: 27.6 */
#define USART1_SR REG(0x40013800)
#define USART_SR_TC (1u << 6)
#define USART_SR_TXE (1u << 7)
#define USART1_DR REG(0x40013804)
#define USART1_BRR REG(0x40013808)
#define USART1_CR1 REG(0x4001380c)
#define USART_CR1_TE (1u << 3)
#define USART_CR1_UE (1u << 13)

/* Unique device ID, 96 bits: 30.2 */
#define UID_ADDRESS 0x1ffff7e8u
#define UID_LEN 12

/* Memory: 3.3 */
#define FLASH_BASE 0x08000000u
#define RAM_BASE 0x20000000u
#define APP_BASE 0x08005000u

/* SysTick: PM0056 section 4.5 */
#define SYST_CSR REG(0xe000e010)
#define SYST_CSR_ENABLE (1u << 0)
#define SYST_CSR_TICKINT (1u << 1)
#define SYST_CSR_CLKSOURCE (1u << 2)
#define SYST_RVR REG(0xe000e014)
#define SYST_CVR REG(0xe000e018)

/* System control block: PM0056 section 4.4 */
#define SCB_VTOR REG(0xe000ed08)

#endif
