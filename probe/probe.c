/* SPDX-License-Identifier: MIT */
/* Opening a probe of any kind, and its UART.  (probe/probe.h) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/internal.h"

#define DEFAULT_CLOCK_HZ 10000000
#define DEFAULT_TIMEOUT_MS 3000

int probe_open(const struct probe_config *cfg, struct probe **out,
	       char why[256])
{
	struct probe *p = calloc(1, sizeof(*p));
	int err;

	why[0] = '\0';
	if (p == NULL)
		return E_NOMEM;
	p->clock_hz = cfg->clock_hz != 0 ? cfg->clock_hz : DEFAULT_CLOCK_HZ;
	p->timeout_ms = cfg->timeout_ms != 0 ? cfg->timeout_ms
					     : DEFAULT_TIMEOUT_MS;
	p->ops = &dap_ops;
	err = dap_open(p, cfg->uri, why);
	if (err != 0) {
		probe_close(p);
		return err;
	}
	*out = p;
	return 0;
}

void probe_close(struct probe *p)
{
	if (p == NULL)
		return;
	p->ops->close(p);
	free(p);
}

const struct probe_info *probe_info(const struct probe *p)
{
	return &p->info;
}

const char *probe_why(const struct probe *p)
{
	return p->why;
}

int probe_nreset(struct probe *p, bool asserted)
{
	return p->ops->nreset(p, asserted);
}

int probe_delay_us(struct probe *p, uint32_t us)
{
	return p->ops->delay_us(p, us);
}

static int no_uart(struct probe *p)
{
	probe_fail(p, E_UNSUPPORTED, "this probe has no UART");
	p->err = 0;
	return E_UNSUPPORTED;
}

int probe_uart_open(struct probe *p, uint32_t baud)
{
	if (!p->info.uart)
		return no_uart(p);
	return p->ops->uart_open(p, baud);
}

int probe_uart_read(struct probe *p, uint8_t *out, size_t cap, size_t *out_len)
{
	if (!p->info.uart)
		return no_uart(p);
	return p->ops->uart_read(p, out, cap, out_len);
}

int probe_uart_write(struct probe *p, const uint8_t *buf, size_t len)
{
	if (!p->info.uart)
		return no_uart(p);
	return p->ops->uart_write(p, buf, len);
}
