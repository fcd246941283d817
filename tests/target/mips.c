/* SPDX-License-Identifier: MIT */
/*
 * Work for bench/vmcu.c: SHA-256 over a buffer in RAM, a copy, and a sort, in
 * turns for ever, at 80 MHz.  About one instruction in four touches memory.
 */
#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))
#define RCC_CR REG(0x40021000)
#define RCC_CFGR REG(0x40021008)
#define RCC_PLLCFGR REG(0x4002100c)
#define FLASH_ACR REG(0x40022000)
#define WORDS 256

void mips_start(void);

__attribute__((section(".vectors"),
	       used)) static const uintptr_t vectors[16] = {
	0x2000c000, (uintptr_t)mips_start
};

static uint32_t data[WORDS], copy[WORDS], hash[8];
static uint32_t k[64];

static uint32_t ror(uint32_t v, unsigned n)
{
	return v >> n | v << (32 - n);
}

/* The compression function; its constants do not matter for speed. */
static void compress(const uint32_t block[16])
{
	uint32_t w[64], s[8];

	for (int i = 0; i < 16; i++)
		w[i] = block[i];
	for (int i = 16; i < 64; i++)
		w[i] = w[i - 16] + w[i - 7] +
		       (ror(w[i - 15], 7) ^ ror(w[i - 15], 18) ^
			w[i - 15] >> 3) +
		       (ror(w[i - 2], 17) ^ ror(w[i - 2], 19) ^ w[i - 2] >> 10);
	for (int i = 0; i < 8; i++)
		s[i] = hash[i];
	for (int i = 0; i < 64; i++) {
		uint32_t t = s[7] + k[i] + w[i] +
			     (ror(s[4], 6) ^ ror(s[4], 11) ^ ror(s[4], 25)) +
			     ((s[4] & s[5]) ^ (~s[4] & s[6]));
		uint32_t u = (ror(s[0], 2) ^ ror(s[0], 13) ^ ror(s[0], 22)) +
			     ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));

		s[7] = s[6];
		s[6] = s[5];
		s[5] = s[4];
		s[4] = s[3] + t;
		s[3] = s[2];
		s[2] = s[1];
		s[1] = s[0];
		s[0] = t + u;
	}
	for (int i = 0; i < 8; i++)
		hash[i] += s[i];
}

static void sort(uint32_t *v, int n)
{
	for (int gap = n / 2; gap > 0; gap /= 2)
		for (int i = gap; i < n; i++) {
			uint32_t x = v[i];
			int j = i;

			for (; j >= gap && v[j - gap] > x; j -= gap)
				v[j] = v[j - gap];
			v[j] = x;
		}
}

static void fast_clock(void)
{
	FLASH_ACR = 0x704;
	RCC_PLLCFGR = 1u << 24 | 40u << 8 | 1;
	RCC_CR |= 1u << 24;
	while (!(RCC_CR & 1u << 25))
		;
	RCC_CFGR = 3;
}

void mips_start(void)
{
	uint32_t seed = 1;

	fast_clock();
	for (int i = 0; i < 64; i++)
		k[i] = seed = seed * 1664525u + 1013904223u;
	for (;;) {
		for (int i = 0; i < WORDS; i++)
			data[i] = seed = seed * 1664525u + 1013904223u;
		for (int i = 0; i < WORDS; i += 16)
			compress(data + i);
		for (int i = 0; i < WORDS; i++)
			copy[i] = data[i];
		sort(copy, WORDS);
	}
}
