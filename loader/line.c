/* SPDX-License-Identifier: MIT */
/*
 * Frames (seal/link.h), over the line on which the station speaks first.  The
 * check of a head is made with that of its body: between two characters of
 * swd-pins there is no time for it.
 */
#include <string.h>

#include "loader/loader.h"

#define UART_RECEIVED (1u << 5)
/* Looks at the clock, of 10 cycles each: while it rests, so few that no
 * character of the serial line is missed; and while it moves. */
#define COLD 20u
#define HOT 64u
#define SYNC_BITS (LINK_SYNC << 1)

/*
 * Waits for LINK_SYNC and takes what follows; says on which line.  Once the
 * clock moves nothing else is done until it rests.
 */
static TARGET_RAM int frame_get(uint8_t *head, uint8_t *body, uint32_t cap)
{
	uint32_t bits = 0x1ff, patience;
	int bit;

	for (;;) {
		if (loader.line != LINE_SWD && USART2_ISR & UART_RECEIVED &&
		    (uint8_t)USART2_RDR == LINK_SYNC &&
		    uart_get(head, body, cap))
			return LINE_UART;
		target_pump();
		target_feed();
		USART2_ICR = 0xf;
		if (loader.line == LINE_UART)
			continue;
		patience = COLD;
		while ((bit = swd_edge(patience)) >= 0) {
			patience = HOT;
			bits = bits >> 1 | (uint32_t)bit << 8;
			if (bits == SYNC_BITS && swd_get(head, body, cap))
				return LINE_SWD;
		}
	}
}

TARGET_RAM int line_receive(uint8_t *head, uint8_t *body, uint32_t cap)
{
	uint32_t crc, sent;
	int which;

	do {
		swd_release();
		which = frame_get(head, body, cap);
		if (which == LINE_SWD)
			swd_busy(); /* the host may look at once */
		head[0] = LINK_SYNC;
	} while (link_head_decode(head, &loader.head));
	loader.line = (uint8_t)which;
	crc = link_crc32(body, loader.head.len);
	memcpy(&sent, body + loader.head.len, sizeof(sent));
	return crc == sent ? 0 : E_CHECKSUM;
}

TARGET_RAM void line_send(void)
{
	if (loader.line == LINE_SWD)
		swd_put(loader.answer.head, loader.answer_len);
	else
		uart_put(loader.answer.head, loader.answer_len);
}
