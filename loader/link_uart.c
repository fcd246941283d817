/* SPDX-License-Identifier: MIT */
/* The serial line (docs/protocol.md, "Line: uart"). */
#include "loader/loader.h"

/* turns of about 0.5 us: a pause ends the frame */
#define UART_PATIENCE 20000u

void link_start(void)
{
	target_uart_open();
}

static TARGET_RAM bool get(uint8_t *p, uint32_t len)
{
	for (; len; len--) {
		uint32_t t = UART_PATIENCE;

		do {
			if (!TARGET_STILL)
				target_pump();
			target_feed();
			if (!--t)
				return false;
		} while (!target_uart_got());
		*p++ = target_uart_take();
	}
	return true;
}

TARGET_RAM void link_get(uint8_t *p, uint32_t cap)
{
	uint32_t len;

	for (;;) {
		if (!get(p, 1) || p[0] != LINK_SYNC ||
		    !get(p + 1, LINK_HEAD_LEN - 1))
			continue;
		/* a length that is wrong would take the next frame with it;
		 * but between two characters not every core has the time */
		if (!TARGET_HEAD_LAST && link_head_decode(p, &loader.head))
			continue;
		len = p[4] | (uint32_t)p[5] << 8;
		if (len > cap || !get(p + LINK_HEAD_LEN, len + LINK_TAIL_LEN))
			continue;
		if (!TARGET_HEAD_LAST || !link_head_decode(p, &loader.head))
			return;
	}
}

TARGET_RAM void link_put(const uint8_t *p, uint32_t len)
{
	while (len--) {
		while (!target_uart_room())
			target_pump();
		target_uart_give(*p++);
	}
	/* A question that came while nobody looked has left its LINK_SYNC, and
	 * the next frame would be taken for the rest of it. */
	target_uart_drop();
}
