/* SPDX-License-Identifier: MIT */
/* Hostile bytes on the remote_bitbang port. */
#include <stdlib.h>

#include "vmcu/bitbang.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CLOCK_HZ 10000000u
#define DHCSR 0xe000edf0u
#define HALT 0xa05f0003u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bitbang s;
	static struct bench *b;
	struct mcu_config cfg = { .chip = "stm32l432", .seed = 1 };
	char why[BENCH_WHY_CAP];

	if (b == NULL) {
		if (bench_new(&cfg, &b, why) != 0 ||
		    bitbang_init(&s, b, NULL, CLOCK_HZ, why) != 0)
			abort();
		bench_power(b, true);
	}
	(void)mcu_bus_write(b->mcu, DHCSR, 4, HALT);
	swj_power_on_reset(&b->swj);
	bench_nrst(b, BENCH_NRST_JTAG, false);
	s.out.len = 0;
	(void)!bitbang_take(&s, data, size);
	if (s.out.len > BITBANG_OUT)
		abort();
	return 0;
}
