/* SPDX-License-Identifier: MIT */
/*
 * The few registers of the STM32L432 that the examples touch.
 *
 * Written from RM0394 (peripherals: section given at each block) and PM0214
 * (the Cortex-M4's own registers).
 */
#ifndef EXAMPLES_STM32L4_BOARD_CHIP_H
#define EXAMPLES_STM32L4_BOARD_CHIP_H

#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(uintptr_t)(address))

#define BOARD_HZ 80000000u
#define BOARD_BAUD 115200u

/* Flash interface: RM0394 section 3.7 */
#define FLASH_ACR REG(0x40022000)
#define FLASH_ACR_LATENCY_MASK 0x7u
#define FLASH_ACR_LATENCY_4 4u /* above 64 MHz in voltage range 1 */
#define FLASH_ACR_PRFTEN (1u << 8)
#define FLASH_ACR_ICEN (1u << 9)
#define FLASH_ACR_DCEN (1u << 10)
#define FLASH_ECCR REG(0x40022018)
#define FLASH_ECCR_ECCD (1u << 31) /* two errors: raises NMI */

/* Reset and clock control: RM0394 section 6.4 */
#define RCC_CR REG(0x40021000)
#define RCC_CR_MSIRDY (1u << 1)
#define RCC_CR_PLLON (1u << 24)
#define RCC_CR_PLLRDY (1u << 25)
#define RCC_CFGR REG(0x40021008)
#define RCC_CFGR_SW_MASK 0x3u
#define RCC_CFGR_SW_PLL 0x3u
#define RCC_CFGR_SWS_MASK (0x3u << 2)
#define RCC_CFGR_SWS_PLL (0x3u << 2)
#define RCC_PLLCFGR REG(0x4002100c)
#define RCC_PLLCFGR_SRC_MSI 1u
#define RCC_PLLCFGR_M(m) (((m)-1u) << 4)
#define RCC_PLLCFGR_N(n) ((n) << 8)
#define RCC_PLLCFGR_REN (1u << 24)
#define RCC_PLLCFGR_R2 (0u << 25)
#define RCC_AHB2ENR REG(0x4002104c)
#define RCC_AHB2ENR_GPIOAEN (1u << 0)
#define RCC_APB1ENR1 REG(0x40021058)
#define RCC_APB1ENR1_USART2EN (1u << 17)

/* GPIO: RM0394 section 8.4 */
#define GPIOA_MODER REG(0x48000000)
#define GPIOA_AFRL REG(0x48000020)
#define GPIO_MODE_ALTERNATE 2u

/* USART: RM0394 section 38.8 */
#define USART2_CR1 REG(0x40004400)
#define USART_CR1_UE (1u << 0)
#define USART_CR1_TE (1u << 3)
#define USART2_BRR REG(0x4000440c)
#define USART2_ISR REG(0x4000441c)
#define USART_ISR_TC (1u << 6)
#define USART_ISR_TXE (1u << 7)
#define USART2_TDR REG(0x40004428)

/* Unique device ID, 96 bits: RM0394 section 47.1 */
#define UID_ADDRESS 0x1fff7590u
#define UID_LEN 12

/* Memory: RM0394 section 2.2 */
#define FLASH_BASE 0x08000000u
#define FLASH_LEN 0x00040000u
#define APP_BASE 0x08004000u
#define RAM_BASE 0x20000000u
#define RAM_END 0x20010000u /* SRAM1 48 kB, SRAM2 16 kB after it */

/* SysTick: PM0214 section 4.5 */
#define SYST_CSR REG(0xe000e010)
#define SYST_CSR_ENABLE (1u << 0)
#define SYST_CSR_TICKINT (1u << 1)
#define SYST_CSR_CLKSOURCE (1u << 2)
#define SYST_RVR REG(0xe000e014)
#define SYST_CVR REG(0xe000e018)

/* System control block: PM0214 section 4.4 */
#define SCB_ICSR REG(0xe000ed04)
#define SCB_ICSR_VECTACTIVE 0x1ffu
#define SCB_VTOR REG(0xe000ed08)

/* Memory protection unit: PM0214 section 4.2 */
#define MPU_CTRL REG(0xe000ed94)
#define MPU_CTRL_ENABLE (1u << 0)
#define MPU_CTRL_PRIVDEFENA (1u << 2) /* elsewhere the default map holds */
#define MPU_RBAR REG(0xe000ed9c)
#define MPU_RBAR_VALID (1u << 4) /* the region number is in bits 3:0 */
#define MPU_RASR REG(0xe000eda0)
#define MPU_RASR_ENABLE (1u << 0)
#define MPU_RASR_SIZE(log2) (((log2)-1u) << 1)
#define MPU_RASR_READ_ONLY (6u << 24)
#define MPU_RASR_READ_WRITE (3u << 24)
#define MPU_RASR_NORMAL (1u << 17) /* C: memory, not a device */
#define MPU_RASR_XN (1u << 28)	   /* never execute */

#endif
