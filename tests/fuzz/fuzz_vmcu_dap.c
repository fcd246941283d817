/* SPDX-License-Identifier: MIT */
/* Hostile bytes on the CMSIS-DAP port: no crash, and bounded answers. */
#include <stdlib.h>

#include "vmcu/dap_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DHCSR 0xe000edf0u
#define HALT 0xa05f0003u

/* One chip for all inputs: making one is the slow part.  Its core is halted,
 * so that DAP_Delay costs nothing; its port starts anew each time. */
static struct dap_server *server(void)
{
	static struct dap_server s;
	static struct bench *b;
	struct mcu_config cfg = { .chip = "stm32l432", .seed = 1 };
	char why[BENCH_WHY_CAP];

	if (b == NULL) {
		if (bench_new(&cfg, &b, why) != 0 ||
		    dap_server_init(&s, b, NULL, 0, why) != 0)
			abort();
		bench_power(b, true);
	}
	(void)mcu_bus_write(b->mcu, DHCSR, 4, HALT);
	swj_power_on_reset(&b->swj);
	dprobe_detach(&s.probe);
	return &s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dap_server *s = server();

	s->in_len = 0;
	s->queue.count = 0;
	while (size != 0) {
		size_t n = 1 + data[0] % 64u;

		if (n > size)
			n = size;
		s->out.len = 0;
		if (dap_server_take(s, data, n) != 0)
			break;
		data += n;
		size -= n;
	}
	return 0;
}
