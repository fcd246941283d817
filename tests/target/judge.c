/* SPDX-License-Identifier: MIT */
/* A program for a debugger to look at: no library, no peripherals. */
#include <stdint.h>

struct record {
	uint32_t rounds;
	uint32_t sum;
	char name[8];
};

extern uint32_t stack_top[];
void reset(void);
int main(void);

volatile struct record record = { .rounds = 0, .sum = 100, .name = "judge" };
extern uint32_t data_load[], data_start[], data_end[], bss_start[], bss_end[];

__attribute__((noinline)) static uint32_t add(uint32_t a, uint32_t b)
{
	uint32_t total = a + b;

	return total;
}

int main(void)
{
	for (;;) {
		record.rounds++;
		record.sum = add(record.sum, record.rounds);
	}
}

void reset(void)
{
	uint32_t *from = data_load;

	for (uint32_t *to = data_start; to < data_end; to++)
		*to = *from++;
	for (uint32_t *to = bss_start; to < bss_end; to++)
		*to = 0;
	main();
}

__attribute__((section(".vectors"),
	       used)) static const uintptr_t vectors[16] = {
	(uintptr_t)stack_top,
	(uintptr_t)reset,
};
