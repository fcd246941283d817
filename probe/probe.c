/* SPDX-License-Identifier: MIT */
/* Opening a probe of any kind, and its UART.  (probe/probe.h) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/gdb.h"
#include "probe/serial.h"

#define DEFAULT_CLOCK_HZ 10000000
#define DEFAULT_TIMEOUT_MS 3000

/* Addresses of GDB servers begin with "gdb:", all others are CMSIS-DAP's. */
static int open_kind(struct probe *p, const char *uri, char why[256])
{
	if (strncmp(uri, "gdb:", 4) == 0) {
		p->ops = &gdb_ops;
		return gdb_open(p, uri + 4, why);
	}
	p->ops = &dap_ops;
	return dap_open(p, uri, why);
}

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
	err = open_kind(p, cfg->uri, why);
	if (err == 0 && cfg->serial != NULL && cfg->serial[0] != '\0')
		err = serial_open(cfg->serial, p->timeout_ms, &p->serial, why);
	if (err != 0) {
		probe_close(p);
		return err;
	}
	if (p->serial != NULL)
		p->info.uart = true;
	*out = p;
	return 0;
}

void probe_close(struct probe *p)
{
	if (p == NULL)
		return;
	p->ops->close(p);
	serial_close(p->serial);
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

static int serial_result(struct probe *p, int err)
{
	if (err == 0)
		return 0;
	snprintf(p->why, sizeof(p->why), "serial line %.100s: %s",
		 serial_name(p->serial),
		 err == E_UNSUPPORTED ? "it does not know this speed"
		 : err == E_TIMEOUT   ? "it takes no more characters"
				      : "it is gone");
	return err;
}

int probe_uart_open(struct probe *p, uint32_t baud)
{
	if (p->serial != NULL)
		return serial_result(p, serial_speed(p->serial, baud));
	if (!p->info.uart)
		return no_uart(p);
	return p->ops->uart_open(p, baud);
}

int probe_uart_read(struct probe *p, uint8_t *out, size_t cap, size_t *out_len)
{
	if (p->serial != NULL)
		return serial_result(p,
				     serial_read(p->serial, out, cap, out_len));
	if (!p->info.uart)
		return no_uart(p);
	return p->ops->uart_read(p, out, cap, out_len);
}

int probe_uart_write(struct probe *p, const uint8_t *buf, size_t len)
{
	if (p->serial != NULL)
		return serial_result(p, serial_write(p->serial, buf, len));
	if (!p->info.uart)
		return no_uart(p);
	return p->ops->uart_write(p, buf, len);
}
