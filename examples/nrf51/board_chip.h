/* SPDX-License-Identifier: MIT */
/*
 * The few registers of the nRF51822 that the examples touch, from the nRF51
 * Series Reference Manual 3.0.1 (chapters in brackets).
 */
#ifndef EXAMPLES_NRF51_BOARD_CHIP_H
#define EXAMPLES_NRF51_BOARD_CHIP_H

#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(uintptr_t)(address))

#define BOARD_HZ 16000000u
#define BOARD_BAUD 115200u

/* POWER, CLOCK [12, 13] */
#define CLOCK_HFCLKSTART REG(0x40000000)
#define CLOCK_HFCLKSTARTED REG(0x40000100)
#define POWER_RAMON REG(0x40000524)
#define POWER_RAMON_ALL 0x3u

/* GPIO [14] */
#define GPIO_OUTSET REG(0x50000508)
#define GPIO_PIN_CNF(n) REG(0x50000700 + 4 * (n))
#define GPIO_CNF_OUTPUT 0x3u /* input buffer disconnected */

/* UART [29]; the pin is the one of the micro:bit */
#define UART_TX_PIN 24u
#define UART_STARTTX REG(0x40002008)
#define UART_TXDRDY REG(0x4000211c)
#define UART_ENABLE REG(0x40002500)
#define UART_ENABLED 4u
#define UART_PSELTXD REG(0x4000250c)
#define UART_TXD REG(0x4000251c)
#define UART_BAUDRATE REG(0x40002524)
#define UART_BAUDRATE_115200 0x01d7e000u

/* TIMER0 [17] */
#define TIMER0_IRQ 8u
#define TIMER0_START REG(0x40008000)
#define TIMER0_CLEAR REG(0x4000800c)
#define TIMER0_COMPARE0 REG(0x40008140)
#define TIMER0_SHORTS REG(0x40008200)
#define TIMER0_SHORT_CLEAR 1u
#define TIMER0_INTENSET REG(0x40008304)
#define TIMER0_INT_COMPARE0 (1u << 16)
#define TIMER0_BITMODE REG(0x40008508)
#define TIMER0_BITMODE_32 3u
#define TIMER0_PRESCALER REG(0x40008510)
#define TIMER0_CC0 REG(0x40008540)

/* ARMv6-M ARM B3.2, B3.4 */
#define SCB_SCR REG(0xe000ed10)
#define SCB_SCR_SEVONPEND (1u << 4)
#define NVIC_ICPR REG(0xe000e280)

/* FICR.DEVICEID [7] */
#define UID_ADDRESS 0x10000060u
#define UID_LEN 8

#define FLASH_BASE 0x00000000u
#define FLASH_LEN 0x00040000u
#define APP_BASE 0x00005000u
#define RAM_BASE 0x20000000u
#define RAM_END 0x20004000u

#endif
