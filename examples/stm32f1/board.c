/* SPDX-License-Identifier: MIT */
#include "examples/board.h"

/* 64 MHz without a crystal: 8 MHz / 2 * 16. */
void board_clock(void)
{
	const uint32_t cfgr = RCC_CFGR_PLLMUL(16u) | RCC_CFGR_PPRE1_2;

	if ((RCC_CFGR & RCC_CFGR_SWS_MASK) == RCC_CFGR_SWS_PLL)
		return; /* the bootloader was here */
	FLASH_ACR = FLASH_ACR_LATENCY_2 | FLASH_ACR_PRFTBE;
	RCC_CFGR = cfgr;
	RCC_CR |= RCC_CR_PLLON;
	while (!(RCC_CR & RCC_CR_PLLRDY))
		;
	RCC_CFGR = cfgr | RCC_CFGR_SW_PLL;
	while ((RCC_CFGR & RCC_CFGR_SWS_MASK) != RCC_CFGR_SWS_PLL)
		;
}

/* The STM32F103 has no MPU. */
void board_execute_only(void)
{
}

/* Flash without ECC raises no NMI. */
const char *board_damage(void)
{
	return NULL;
}

void board_start(const uint32_t *vectors)
{
	SCB_VTOR = (uint32_t)(uintptr_t)vectors;
	__asm__ volatile("dsb\n\t"
			 "msr msp, %0\n\t"
			 "isb\n\t"
			 "bx %1"
			 :
			 : "r"(vectors[0]), "r"(vectors[1])
			 : "memory");
	__builtin_unreachable();
}

/* USART1, transmitter on PA9. */
void console_init(void)
{
	RCC_APB2ENR |= RCC_APB2ENR_IOPAEN | RCC_APB2ENR_USART1EN;
	(void)RCC_APB2ENR; /* the clock arrives two cycles later */
	GPIOA_CRH = (GPIOA_CRH & ~GPIO_PIN_MASK(9)) | GPIO_PIN_AF_10MHZ(9);
	USART1_CR1 = 0;
	USART1_BRR = (BOARD_HZ + BOARD_BAUD / 2) / BOARD_BAUD;
	USART1_CR1 = USART_CR1_UE | USART_CR1_TE;
}

void console_char(char c)
{
	while (!(USART1_SR & USART_SR_TXE))
		;
	USART1_DR = (uint8_t)c;
}

void console_flush(void)
{
	while (!(USART1_SR & USART_SR_TC))
		;
}
