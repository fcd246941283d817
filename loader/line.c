/* SPDX-License-Identifier: MIT */
/*
 * Frames (seal/link.h), over the line on which the station speaks first.  The
 * check of a head is made with that of its body: between two characters of
 * swd-pins there is no time for it.
 */
#include "loader/loader.h"

#define UART_RECEIVED (1u << 5)
#define CLOCK (1u << 14)
#define HOT 64u /* looks at the clock without doing anything else */
#define SYNC_BITS (LINK_SYNC << 1)

/*
 * Waits for the first byte of a frame, LINK_SYNC; says on which line.  While
 * the clock moves nothing else is done.
 */
static TARGET_RAM int hunt(void)
{
	uint32_t bits = 0x1ff, idle = HOT, last = 1, v;

	for (;;) {
		if (loader.line != LINE_SWD && USART2_ISR & UART_RECEIVED) {
			if ((uint8_t)USART2_RDR == LINK_SYNC)
				return LINE_UART;
		}
		if (idle >= HOT) {
			target_pump();
			target_feed();
			USART2_ICR = 0xf;
		} else {
			idle++;
		}
		if (loader.line == LINE_UART)
			continue;
		v = GPIOA_IDR;
		if ((v >> 14 & 1) == last)
			continue;
		last ^= 1;
		idle = 0;
		if (!last)
			continue;
		bits = bits >> 1 | (v >> 13 & 1) << 8;
		if (bits == SYNC_BITS)
			return LINE_SWD;
	}
}

static TARGET_RAM bool get(uint8_t which, uint8_t *p, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++) {
		int v = which == LINE_UART ? uart_get() : swd_get();

		if (v < 0)
			return false;
		p[i] = (uint8_t)v;
	}
	return true;
}

TARGET_RAM int line_receive(uint8_t *head, uint8_t *body, uint32_t cap)
{
	swd_release();
	for (;;) {
		uint8_t which = (uint8_t)hunt();
		uint32_t len, crc;

		head[0] = LINK_SYNC;
		if (!get(which, head + 1, LINK_HEAD_LEN - 1))
			continue;
		len = head[4] | (uint32_t)head[5] << 8;
		if (len > cap)
			continue;
		if (!get(which, body, len + LINK_TAIL_LEN))
			continue;
		if (which == LINE_SWD)
			swd_busy(); /* the host may look at once */
		if (link_head_decode(head, &loader.head)) {
			swd_release();
			continue;
		}
		loader.line = which;
		crc = link_crc32(body, len);
		body += len;
		return crc == (body[0] | (uint32_t)body[1] << 8 |
			       (uint32_t)body[2] << 16 |
			       (uint32_t)body[3] << 24)
			       ? 0
			       : E_CHECKSUM;
	}
}

TARGET_RAM void line_send(void)
{
	const uint8_t *p = loader.answer.head;
	uint32_t len = loader.answer_len;

	if (loader.line == LINE_SWD)
		swd_mark();
	while (len--)
		if (loader.line == LINE_SWD)
			swd_put(*p++);
		else
			uart_put(*p++);
}
