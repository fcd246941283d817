/* SPDX-License-Identifier: MIT */
/*
 * What is the F1's own about USART1 to USART3: their pins, moved by AFIO, not
 * by an alternate function's number.  A transmitter needs a pin that is an
 * alternate function's output, a receiver one that is an input.
 */
#include "vmcu/stm32f1/f1.h"

#define MAPR 1

/* The pins, and with the remap bit of AFIO_MAPR the others. */
static const struct {
	char port[2];
	uint8_t tx[2], rx[2];
	uint32_t remap;
} pins[F1_UARTS] = {
	{ "AB", { 9, 6 }, { 10, 7 }, 1u << 2 },
	{ "AD", { 2, 5 }, { 3, 6 }, 1u << 3 },
	{ "BC", { 10, 10 }, { 11, 11 }, 1u << 4 },
};

static const struct st_usart_config config[F1_UARTS] = {
	{ .irq = IRQ_USART1 },
	{ .irq = IRQ_USART2 },
	{ .irq = IRQ_USART3 },
};

static bool wired(const struct st_usarts *u, unsigned unit, bool tx)
{
	const struct f1 *f = f1_of(u->m);
	unsigned i = f->afio[MAPR] & pins[unit].remap ? 1 : 0;
	char port = pins[unit].port[i];

	return tx ? f1_gpio_is_af(f, port, pins[unit].tx[i])
		  : f1_gpio_is_input(f, port, pins[unit].rx[i]);
}

static uint64_t clock(const struct mcu *m, unsigned unit)
{
	return f1_rcc_pclk(f1_of(m), unit == 0 ? 2 : 1);
}

bool f1_uart_tx_asks(const struct mcu *m, unsigned unit)
{
	return st_usart_tx_asks(&f1_of(m)->uart, unit);
}

bool f1_uart_rx_asks(const struct mcu *m, unsigned unit)
{
	return st_usart_rx_asks(&f1_of(m)->uart, unit);
}

void f1_uart_create(struct f1 *f)
{
	f->uart = (struct st_usarts){
		.m = f->m,
		.cfg = config,
		.v1 = true,
		.count = F1_UARTS,
		.event = EVENT_UART,
		.wired = wired,
		.clock = clock,
		.dma = &f->dma,
	};
}
