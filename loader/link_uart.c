/* SPDX-License-Identifier: MIT */
/* The serial line: USART2, polled (docs/protocol.md, "Line: uart"). */
#include "loader/loader.h"

#define ISR_RECEIVED (1u << 5)
#define ISR_EMPTY (1u << 7)
#define ICR_ERRORS 0xfu /* overrun, noise, framing, parity */
#define UART_PATIENCE 20000u /* turns of about 0.5 us: a pause ends the frame */

TARGET_RAM int uart_get(void)
{
	uint32_t t = UART_PATIENCE;

	while (!(USART2_ISR & ISR_RECEIVED)) {
		target_pump();
		target_feed();
		USART2_ICR = ICR_ERRORS;
		if (!--t)
			return LINE_LOST;
	}
	return (uint8_t)USART2_RDR;
}

TARGET_RAM void uart_put(uint8_t v)
{
	while (!(USART2_ISR & ISR_EMPTY))
		target_pump();
	USART2_TDR = v;
}
