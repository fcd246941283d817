/* SPDX-License-Identifier: MIT */
#include "examples/board.h"

/* 80 MHz from MSI (4 MHz) by the PLL. */
void board_clock(void)
{
	if ((RCC_CFGR & RCC_CFGR_SWS_MASK) == RCC_CFGR_SWS_PLL)
		return; /* the bootloader was here */
	FLASH_ACR = (FLASH_ACR & ~FLASH_ACR_LATENCY_MASK) |
		    FLASH_ACR_LATENCY_4 | FLASH_ACR_PRFTEN | FLASH_ACR_ICEN |
		    FLASH_ACR_DCEN;
	while ((FLASH_ACR & FLASH_ACR_LATENCY_MASK) != FLASH_ACR_LATENCY_4)
		;
	while (!(RCC_CR & RCC_CR_MSIRDY))
		;
	/* 4 MHz / 1 * 40 = 160 MHz in the VCO, / 2 = 80 MHz */
	RCC_PLLCFGR = RCC_PLLCFGR_SRC_MSI | RCC_PLLCFGR_M(1u) |
		      RCC_PLLCFGR_N(40u) | RCC_PLLCFGR_R2 | RCC_PLLCFGR_REN;
	RCC_CR |= RCC_CR_PLLON;
	while (!(RCC_CR & RCC_CR_PLLRDY))
		;
	RCC_CFGR = (RCC_CFGR & ~RCC_CFGR_SW_MASK) | RCC_CFGR_SW_PLL;
	while ((RCC_CFGR & RCC_CFGR_SWS_MASK) != RCC_CFGR_SWS_PLL)
		;
}

/* By the MPU. */
void board_execute_only(void)
{
	const uint32_t data = MPU_RASR_NORMAL | MPU_RASR_READ_WRITE |
			      MPU_RASR_XN | MPU_RASR_ENABLE;
	const struct {
		uint32_t base, attributes;
	} regions[] = {
		/* a later one wins where they overlap */
		{ 0x00000000, MPU_RASR_SIZE(29) | data },
		{ FLASH_BASE, MPU_RASR_SIZE(14) | MPU_RASR_NORMAL |
				      MPU_RASR_READ_ONLY | MPU_RASR_ENABLE },
		{ RAM_BASE, MPU_RASR_SIZE(29) | data },
	};

	for (uint32_t i = 0; i < sizeof(regions) / sizeof(regions[0]); i++) {
		MPU_RBAR = regions[i].base | MPU_RBAR_VALID | i;
		MPU_RASR = regions[i].attributes;
	}
	MPU_CTRL = MPU_CTRL_ENABLE | MPU_CTRL_PRIVDEFENA;
	__asm__ volatile("dsb\n\tisb" ::: "memory");
}

/* Flash that was torn by a power cut has two wrong bits somewhere, and reading
 * it raises NMI. */
const char *board_damage(void)
{
	return FLASH_ECCR & FLASH_ECCR_ECCD ? "flash memory is damaged (ECC)"
					    : NULL;
}

void board_start(const uint32_t *vectors)
{
	MPU_CTRL = 0;
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

/* USART2, transmitter on PA2. */
void console_init(void)
{
	RCC_AHB2ENR |= RCC_AHB2ENR_GPIOAEN;
	RCC_APB1ENR1 |= RCC_APB1ENR1_USART2EN;
	(void)RCC_APB1ENR1; /* the clock arrives two cycles later */
	GPIOA_AFRL = (GPIOA_AFRL & ~(0xfu << 8)) | 7u << 8; /* PA2: AF7 */
	GPIOA_MODER = (GPIOA_MODER & ~(3u << 4)) | GPIO_MODE_ALTERNATE << 4;
	USART2_CR1 = 0;
	USART2_BRR = (BOARD_HZ + BOARD_BAUD / 2) / BOARD_BAUD;
	USART2_CR1 = USART_CR1_UE | USART_CR1_TE;
}

void console_char(char c)
{
	while (!(USART2_ISR & USART_ISR_TXE))
		;
	USART2_TDR = (uint8_t)c;
}

void console_flush(void)
{
	while (!(USART2_ISR & USART_ISR_TC))
		;
}
