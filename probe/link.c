/* SPDX-License-Identifier: MIT */
#include "probe/link.h"

#include <stdlib.h>

#include "probe/link_impl.h"

#define QUIET_AFTER_POWER_US 20000

static const struct {
	const struct link_ops *ops;
	uint32_t rate;
} lines[] = {
	[PROBE_LINE_SWD_PINS] = { &link_swd_ops, PROBE_LINK_CLOCK_HZ },
	[PROBE_LINE_UART] = { &link_uart_ops, PROBE_LINK_BAUD },
};

static int cannot(struct probe *p, const char *why)
{
	probe_fail(p, E_UNSUPPORTED, "%s", why);
	p->err = 0;
	return E_UNSUPPORTED;
}

int probe_link_can(struct probe *p, enum probe_line line)
{
	/* no sequence at all: nothing moves, but the probe must know it */
	static const uint8_t none[2] = { DAP_SWD_SEQUENCE, 0 };
	uint8_t answer[DAP_PACKET_MAX];
	size_t len;
	int err;

	if (line == PROBE_LINE_UART)
		return p->info.uart ? 0 : cannot(p, "this probe has no UART");
	if (!p->info.swd)
		return cannot(p, "this probe has no raw SWD: the debug pins "
				 "cannot be clocked by hand");
	err = dap_command(p, none, sizeof(none), answer, sizeof(answer), &len);
	if (err == E_PROBE && !p->lost)
		return cannot(p, "this probe does not know DAP_SWD_Sequence "
				 "(CMSIS-DAP 1.2)");
	return err;
}

int link_pause(struct probe_link *l, uint32_t us)
{
	l->us += us;
	return probe_delay_us(l->probe, us);
}

int probe_link_open(struct probe *p, enum probe_line line, uint32_t rate,
		    struct probe_link **out)
{
	struct probe_link *l = calloc(1, sizeof(*l));
	int err;

	if (l == NULL)
		return E_NOMEM;
	l->ops = lines[line].ops;
	l->rate = rate != 0 ? rate : lines[line].rate;
	l->probe = p;
	err = link_pause(l, QUIET_AFTER_POWER_US);
	if (err == 0)
		err = l->ops->open(l);
	if (err != 0) {
		free(l);
		return err;
	}
	*out = l;
	return 0;
}

void probe_link_close(struct probe_link *l)
{
	if (l == NULL)
		return;
	l->ops->close(l);
	free(l);
}

int probe_link_write(struct probe_link *l, const uint8_t *buf, size_t len)
{
	if (l->ops->asks && !l->quiet)
		return E_STATE;
	l->quiet = false;
	l->idle = 0;
	return l->ops->write(l, buf, len);
}

int probe_link_read(struct probe_link *l, size_t want, uint8_t *out, size_t cap,
		    size_t *out_len, enum probe_line_state *ret_state)
{
	size_t len = 0;
	int err = l->ops->read(l, want, out, cap, &len, ret_state);

	if (err != 0)
		return err;
	l->idle = len != 0 ? 0 : l->idle + 1;
	l->quiet = *ret_state == PROBE_LINE_QUIET;
	*out_len = len;
	return 0;
}

bool probe_link_buffers(const struct probe_link *l)
{
	return !l->ops->asks;
}

int probe_link_wait(struct probe_link *l, uint32_t us)
{
	return link_pause(l, us);
}

uint64_t probe_link_us(const struct probe_link *l)
{
	return l->us;
}
