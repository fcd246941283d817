/* SPDX-License-Identifier: MIT */
/*
 * The smallest firmware that proves its start: says "hello" on USART2 (PA2,
 * 115200 baud) for ever.  With SHUT it takes the debug pins away first, as
 * shipped firmware does.  STM32L4, no runtime; RM0394 chapters 6, 8, 38.
 */
#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))
#define RCC_AHB2ENR REG(0x4002104c)
#define RCC_APB1ENR1 REG(0x40021058)
#define GPIOA_MODER REG(0x48000000)
#define GPIOA_AFRL REG(0x48000020)
#define USART2_CR1 REG(0x40004400)
#define USART2_BRR REG(0x4000440c)
#define USART2_ISR REG(0x4000441c)
#define USART2_TDR REG(0x40004428)
#define MSI_HZ 4000000

void hello_start(void);

__attribute__((section(".vectors"),
	       used)) static const uintptr_t vectors[16] = {
	0x20001000, (uintptr_t)hello_start
};

static void say(const char *s)
{
	for (; *s != '\0'; s++) {
		while (!(USART2_ISR & 1u << 7))
			;
		USART2_TDR = (uint8_t)*s;
	}
}

void hello_start(void)
{
	RCC_AHB2ENR |= 1;
	RCC_APB1ENR1 |= 1u << 17;
#ifdef SHUT
	GPIOA_MODER &= ~(3u << 26 | 3u << 28);
#endif
	GPIOA_MODER = (GPIOA_MODER & ~(3u << 4)) | 2u << 4;
	GPIOA_AFRL = (GPIOA_AFRL & ~(15u << 8)) | 7u << 8;
	USART2_BRR = (MSI_HZ + 57600) / 115200;
	USART2_CR1 = 1u << 3 | 1;
	for (;;) {
		say("hello from flash\r\n");
		for (volatile unsigned i = 0; i < 20000; i++)
			;
	}
}
