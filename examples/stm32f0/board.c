/* SPDX-License-Identifier: MIT */
#include "examples/board.h"

void board_clock(void)
{
	const uint32_t pll = RCC_CFGR_PLLMUL(12u); /* 8 MHz / 2 * 12 */

	if ((RCC_CFGR & RCC_CFGR_SWS_MASK) == RCC_CFGR_SWS_PLL)
		return; /* the bootloader was here */
	FLASH_ACR = FLASH_ACR_LATENCY_1 | FLASH_ACR_PRFTBE;
	RCC_CFGR = pll;
	RCC_CR |= RCC_CR_PLLON;
	while (!(RCC_CR & RCC_CR_PLLRDY))
		;
	RCC_CFGR = pll | RCC_CFGR_SW_PLL;
	while ((RCC_CFGR & RCC_CFGR_SWS_MASK) != RCC_CFGR_SWS_PLL)
		;
}

/* A Cortex-M0 has no MPU. */
void board_execute_only(void)
{
}

/* Flash without ECC raises no NMI. */
const char *board_damage(void)
{
	return NULL;
}

/*
 * There is no VTOR: the image's vectors go to the beginning of SRAM, which it
 * leaves free (app.ld), and SRAM to address 0.
 */
void board_start(const uint32_t *vectors)
{
	volatile uint32_t *to = (volatile uint32_t *)(uintptr_t)RAM_BASE;

	RCC_APB2ENR |= RCC_APB2ENR_SYSCFGEN;
	for (uint32_t i = 0; i < VECTORS; i++)
		to[i] = vectors[i];
	SYSCFG_CFGR1 = SYSCFG_CFGR1_SRAM;
	__asm__ volatile("dsb\n\t"
			 "msr msp, %0\n\t"
			 "isb\n\t"
			 "bx %1"
			 :
			 : "r"(vectors[0]), "r"(vectors[1])
			 : "memory");
	__builtin_unreachable();
}

void console_init(void)
{
	RCC_AHBENR |= RCC_AHBENR_GPIOAEN;
	RCC_APB2ENR |= RCC_APB2ENR_USART1EN;
	(void)RCC_APB2ENR; /* the clock arrives two cycles later */
	GPIOA_AFRH = (GPIOA_AFRH & ~(0xfu << 4)) | 1u << 4; /* PA9: AF1 */
	GPIOA_MODER = (GPIOA_MODER & ~(3u << 18)) | GPIO_MODE_ALTERNATE << 18;
	USART1_CR1 = 0;
	USART1_BRR = (BOARD_HZ + BOARD_BAUD / 2) / BOARD_BAUD;
	USART1_CR1 = USART_CR1_UE | USART_CR1_TE;
}

void console_char(char c)
{
	while (!(USART1_ISR & USART_ISR_TXE))
		;
	USART1_TDR = (uint8_t)c;
}

void console_flush(void)
{
	while (!(USART1_ISR & USART_ISR_TC))
		;
}
