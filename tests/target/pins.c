/* SPDX-License-Identifier: MIT */
/*
 * Takes the debug pins away and plays a shift register on them, for
 * tests/unit/test_vmcu_line.c: 32 bits in at rising edges of PA14, then the
 * same 32 bits out on PA13, open drain, each put out after a rising edge; and
 * so on.  Before that it sends two characters through USART1.
 */
#include <stdint.h>

#define R(a) (*(volatile uint32_t *)(a))
#define RCC_CR R(0x40021000)
#define RCC_AHB2ENR R(0x4002104c)
#define RCC_APB2ENR R(0x40021060)
#define FLASH_ACR R(0x40022000)
#define GPIOA 0x48000000
#define MODER R(GPIOA)
#define OTYPER R(GPIOA + 4)
#define PUPDR R(GPIOA + 0xc)
#define IDR R(GPIOA + 0x10)
#define BSRR R(GPIOA + 0x18)
#define AFRH R(GPIOA + 0x24)
#define USART1 0x40013800
#define DATA 13
#define CLOCK 14

__attribute__((noreturn)) void start(void);

__attribute__((section(".vectors"), used)) static const uint32_t vectors[] = {
	0x20001000, 9 /* start, right behind, in Thumb */
};

static void rising(void)
{
	while ((IDR >> CLOCK & 1) != 0)
		;
	while ((IDR >> CLOCK & 1) == 0)
		;
}

static void put(unsigned level)
{
	BSRR = 1u << (level ? DATA : DATA + 16);
}

static void setup(void)
{
	FLASH_ACR = 0x702; /* caches, prefetch, two wait states */
	while ((FLASH_ACR & 7) != 2)
		;
	RCC_CR = 0xb9; /* MSI at 48 MHz */
	RCC_AHB2ENR |= 1;
	RCC_APB2ENR |= 1 << 14;
	AFRH = (AFRH & ~0xff0u) | 0x770; /* PA9, PA10: USART1 */
	MODER = (MODER & ~(0xfu << 18)) | 0xau << 18;
	R(USART1 + 0xc) = 48; /* 1 Mbaud */
	R(USART1) = 0xd;
	R(USART1 + 0x28) = 'O';
	while ((R(USART1 + 0x1c) & 0x80) == 0)
		;
	R(USART1 + 0x28) = 'K';
	put(1);
	OTYPER |= 1u << DATA;
	PUPDR = (PUPDR & ~(0xfu << 26)) | 5u << 26;
	MODER = (MODER & ~(0xfu << 26)) | 1u << 26;
}

__attribute__((noreturn, section(".text.start"))) void start(void)
{
	setup();
	for (;;) {
		uint32_t v = 0;

		for (unsigned i = 0; i < 32; i++) {
			rising();
			v |= (IDR >> DATA & 1) << i;
		}
		for (unsigned i = 0; i < 32; i++) {
			put(v >> i & 1);
			rising();
		}
		put(1);
	}
}
