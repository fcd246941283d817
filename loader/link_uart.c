/* SPDX-License-Identifier: MIT */
/* The serial line: USART2, polled (docs/protocol.md, "Line: uart"). */
#include "loader/loader.h"

#define ISR_RECEIVED (1u << 5)
#define ISR_EMPTY (1u << 7)
#define ICR_ERRORS 0xfu /* overrun, noise, framing, parity */
#define UART_PATIENCE                                           \
	20000u /* turns of about 0.5 us: a pause ends the frame \
		*/

static TARGET_RAM bool get(uint8_t *p, uint32_t len)
{
	for (; len; len--) {
		uint32_t t = UART_PATIENCE;

		while (!(USART2_ISR & ISR_RECEIVED)) {
			target_pump();
			target_feed();
			USART2_ICR = ICR_ERRORS;
			if (!--t)
				return false;
		}
		*p++ = (uint8_t)USART2_RDR;
	}
	return true;
}

TARGET_RAM bool uart_get(uint8_t *head, uint8_t *body, uint32_t cap)
{
	uint32_t len;

	if (!get(head + 1, LINK_HEAD_LEN - 1))
		return false;
	len = head[4] | (uint32_t)head[5] << 8;
	return len <= cap && get(body, len + LINK_TAIL_LEN);
}

TARGET_RAM void uart_put(const uint8_t *p, uint32_t len)
{
	while (len--) {
		while (!(USART2_ISR & ISR_EMPTY))
			target_pump();
		USART2_TDR = *p++;
	}
}
