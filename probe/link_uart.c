/* SPDX-License-Identifier: MIT */
/* The serial line, by the probe's UART. */
#include "probe/link_impl.h"

#define POLL_US 500
#define SILENCE_US 300000 /* then it is the station's turn */

static int uart_open(struct probe_link *l)
{
	return probe_uart_open(l->probe, l->rate);
}

static void uart_close(struct probe_link *l)
{
	(void)l;
}

static int uart_write(struct probe_link *l, const uint8_t *buf, size_t len)
{
	l->us += (uint64_t)len * 10 * 1000000 / l->rate;
	return probe_uart_write(l->probe, buf, len);
}

/* The probe gathers by itself: want is not needed. */
static int uart_read(struct probe_link *l, size_t want, uint8_t *out,
		     size_t cap, size_t *out_len,
		     enum probe_line_state *ret_state)
{
	int err = 0;

	(void)want;
	if (l->idle != 0)
		err = link_pause(l, POLL_US);
	if (err == 0)
		err = probe_uart_read(l->probe, out, cap, out_len);
	if (err != 0)
		return err;
	if (*out_len != 0)
		*ret_state = PROBE_LINE_TALKS;
	else
		*ret_state = l->idle >= SILENCE_US / POLL_US ? PROBE_LINE_QUIET
							     : PROBE_LINE_BUSY;
	return 0;
}

const struct link_ops link_uart_ops = {
	.open = uart_open,
	.close = uart_close,
	.write = uart_write,
	.read = uart_read,
};
