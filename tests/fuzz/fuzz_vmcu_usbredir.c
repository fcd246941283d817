/* SPDX-License-Identifier: MIT */
/* Hostile bytes on the usbredir port: no crash, and bounded answers. */
#include <stdlib.h>

#include "vmcu/usbredir.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DHCSR 0xe000edf0u
#define HALT 0xa05f0003u

/* One chip for all inputs, as in fuzz_vmcu_dap.c. */
static struct usbredir *server(void)
{
	static struct usbredir u;
	static struct dprobe probe;
	static struct bench *b;
	struct mcu_config cfg = { .chip = "stm32l432", .seed = 1 };
	char why[BENCH_WHY_CAP];

	if (b == NULL) {
		if (bench_new(&cfg, &b, why) != 0)
			abort();
		dprobe_init(&probe, b, 0);
		if (usbredir_init(&u, &probe, NULL, why) != 0)
			abort();
		bench_power(b, true);
	}
	(void)mcu_bus_write(b->mcu, DHCSR, 4, HALT);
	swj_power_on_reset(&b->swj);
	dprobe_detach(&probe);
	return &u;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct usbredir *u = server();

	if (usbredir_attach(u) != 0)
		abort();
	while (size != 0) {
		size_t n = 1 + data[0] % 128u;

		if (n > size)
			n = size;
		u->out.len = u->out.sent = 0;
		if (usbredir_take(u, data, n) != 0)
			break;
		data += n;
		size -= n;
	}
	usbredir_detach(u);
	return 0;
}
