/* SPDX-License-Identifier: MIT */
#include "vmcu/serial.h"

#include "vmcu/mcu_int.h"

static void tell(struct mcu *m, bool tx, uint8_t byte, uint64_t char_ps)
{
	const struct mcu_listener *who = &m->listener;

	if (who->uart != NULL)
		who->uart(who->user, m->now, tx, byte, char_ps / 10);
}

void serial_send(struct mcu *m, unsigned slot, bool wired, uint8_t byte,
		 uint64_t char_ps)
{
	if (wired)
		tell(m, true, byte, char_ps);
	mcu_due(m, slot, m->now + char_ps);
}

void serial_sent(struct mcu *m, bool wired, uint8_t byte)
{
	if (wired)
		ring_put(&m->uart_out, &byte, 1);
}

void serial_listen(struct mcu *m, unsigned slot, uint64_t char_ps)
{
	if (m->uart_in.len == 0 || m->due[slot] != PS_NEVER)
		return;
	tell(m, false, m->uart_in.buf[m->uart_in.head], char_ps);
	mcu_due(m, slot, m->now + char_ps);
}

bool serial_heard(struct mcu *m, uint8_t *out)
{
	return ring_get(&m->uart_in, out, 1) != 0;
}

void serial_lose(struct mcu *m)
{
	uint8_t byte;

	while (serial_heard(m, &byte))
		tell(m, false, byte, 0);
}
