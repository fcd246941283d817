/* SPDX-License-Identifier: MIT */
/*
 * USART1, USART2, LPUART1: asynchronous, one character at a time, paced by
 * the baud rate.  What is sent reaches the outside only through a pin that is
 * switched to the transmitter; likewise for the receiver.
 */
#include <string.h>

#include "vmcu/stm32l4/l4.h"

#define CR1_UE (1u << 0)
#define CR1_RE (1u << 2)
#define CR1_TE (1u << 3)
#define CR1_RXNEIE (1u << 5)
#define CR1_TCIE (1u << 6)
#define CR1_TXEIE (1u << 7)
#define CR1_PCE (1u << 10)
#define CR1_M0 (1u << 12)
#define CR1_OVER8 (1u << 15)
#define CR1_M1 (1u << 28)
#define CR3_EIE (1u << 0)
#define ISR_ORE (1u << 3)
#define ISR_RXNE (1u << 5)
#define ISR_TC (1u << 6)
#define ISR_TXE (1u << 7)
#define ISR_TEACK (1u << 21)
#define ISR_REACK (1u << 22)
#define ISR_RESET (ISR_TC | ISR_TXE)
#define LPUART 2

static const struct {
	char port;
	uint8_t bit, af;
} tx_pins[3][2] = {
	{ { 'A', 9, 7 }, { 'B', 6, 7 } },
	{ { 'A', 2, 7 }, { 'A', 2, 7 } },
	{ { 'A', 2, 8 }, { 'A', 2, 8 } },
}, rx_pins[3][2] = {
	{ { 'A', 10, 7 }, { 'B', 7, 7 } },
	{ { 'A', 3, 7 }, { 'A', 15, 3 } },
	{ { 'A', 3, 8 }, { 'A', 3, 8 } },
};

static bool tx_wired(const struct l4 *l, unsigned unit)
{
	for (unsigned i = 0; i < 2; i++)
		if (l4_gpio_af(l, tx_pins[unit][i].port, tx_pins[unit][i].bit,
			       tx_pins[unit][i].af))
			return true;
	return false;
}

static bool rx_wired(const struct l4 *l, unsigned unit)
{
	for (unsigned i = 0; i < 2; i++)
		if (l4_gpio_af(l, rx_pins[unit][i].port, rx_pins[unit][i].bit,
			       rx_pins[unit][i].af))
			return true;
	return false;
}

static void update_irq(struct l4 *l, unsigned unit)
{
	static const uint8_t irqs[3] = { IRQ_USART1, IRQ_USART2, IRQ_LPUART1 };
	const struct l4_uart *u = &l->uart[unit];
	uint32_t isr = u->isr, cr1 = u->cr1;
	bool level = (cr1 & CR1_TXEIE && isr & ISR_TXE) ||
		     (cr1 & CR1_TCIE && isr & ISR_TC) ||
		     (cr1 & CR1_RXNEIE && isr & (ISR_RXNE | ISR_ORE)) ||
		     (u->cr3 & CR3_EIE && isr & ISR_ORE);

	mcu_irq(l->m, irqs[unit], level);
}

/* Picoseconds per character; 0 when there is no usable clock. */
static uint64_t char_time(const struct l4 *l, unsigned unit)
{
	const struct l4_uart *u = &l->uart[unit];
	uint64_t hz = l4_rcc_uart_clock(l, unit), div = u->brr;
	unsigned __int128 bits = 10;

	if (u->cr1 & CR1_M0)
		bits++;
	if (u->cr1 & CR1_M1)
		bits--;
	if ((u->cr2 >> 12 & 3) == 2)
		bits++;
	if (hz == 0 || div == 0)
		return 0;
	if (unit == LPUART)
		return (uint64_t)(bits * div * PS_PER_S / (hz * 256));
	if (u->cr1 & CR1_OVER8)
		div = (div & 0xfff0) | (div & 7) << 1;
	else
		return (uint64_t)(bits * div * PS_PER_S / hz);
	return (uint64_t)(bits * div * PS_PER_S / (2 * hz));
}

/* For whoever watches the wires: a character begins. */
static void tell(struct l4 *l, unsigned unit, bool tx, uint8_t byte)
{
	const struct mcu_listener *who = &l->m->listener;

	if (who->uart != NULL)
		who->uart(who->user, l->m->now, tx, byte,
			  char_time(l, unit) / 10);
}

/* -- sending --------------------------------------------------------------- */

static void begin_shift(struct l4 *l, unsigned unit)
{
	struct l4_uart *u = &l->uart[unit];
	uint64_t t = char_time(l, unit);

	if (!u->holding || u->shifting || t == 0 ||
	    (u->cr1 & (CR1_UE | CR1_TE)) != (CR1_UE | CR1_TE))
		return;
	u->shift = (uint8_t)u->tdr;
	u->shifting = true;
	u->holding = false;
	u->isr |= ISR_TXE;
	if (tx_wired(l, unit))
		tell(l, unit, true, u->shift);
	mcu_due(l->m, EVENT_UART + unit, l->m->now + t);
}

void l4_uart_tx_event(struct l4 *l, unsigned unit)
{
	struct l4_uart *u = &l->uart[unit];

	if (tx_wired(l, unit))
		ring_put(&l->m->uart_out, &u->shift, 1);
	u->shifting = false;
	begin_shift(l, unit);
	if (!u->shifting)
		u->isr |= ISR_TC;
	update_irq(l, unit);
}

static void write_tdr(struct l4 *l, unsigned unit, uint32_t v)
{
	struct l4_uart *u = &l->uart[unit];

	if (!(u->cr1 & CR1_UE))
		return;
	u->tdr = v & 0x1ff;
	u->holding = true;
	u->isr &= ~(ISR_TXE | ISR_TC);
	begin_shift(l, unit);
}

/* -- receiving ------------------------------------------------------------- */

static bool receiving(const struct l4 *l, unsigned unit)
{
	const struct l4_uart *u = &l->uart[unit];

	return (u->cr1 & (CR1_UE | CR1_RE)) == (CR1_UE | CR1_RE) &&
	       rx_wired(l, unit) && char_time(l, unit) != 0;
}

static void begin_receive(struct l4 *l, unsigned unit)
{
	if (l->m->uart_in.len == 0 || !receiving(l, unit) ||
	    l->m->due[EVENT_UART_RX + unit] != PS_NEVER)
		return;
	tell(l, unit, false, l->m->uart_in.buf[l->m->uart_in.head]);
	mcu_due(l->m, EVENT_UART_RX + unit, l->m->now + char_time(l, unit));
}

/* What comes while nobody listens is lost, as on a wire. */
static void lose_unheard(struct l4 *l)
{
	const struct mcu_listener *who = &l->m->listener;
	uint8_t byte;

	for (unsigned i = 0; i < 3; i++)
		if (receiving(l, i))
			return;
	while (ring_get(&l->m->uart_in, &byte, 1) != 0)
		if (who->uart != NULL)
			who->uart(who->user, l->m->now, false, byte, 0);
}

void l4_uart_rx_event(struct l4 *l, unsigned unit)
{
	struct l4_uart *u = &l->uart[unit];
	uint8_t byte;

	if (!(u->cr1 & CR1_RE) || ring_get(&l->m->uart_in, &byte, 1) == 0)
		return;
	if (u->isr & ISR_RXNE) {
		u->isr |= ISR_ORE; /* the new one is lost */
	} else {
		u->rdr = byte;
		u->isr |= ISR_RXNE;
	}
	begin_receive(l, unit);
	update_irq(l, unit);
}

void l4_uart_kick(struct l4 *l)
{
	lose_unheard(l);
	for (unsigned i = 0; i < 3; i++)
		begin_receive(l, i);
}

/* -- registers ------------------------------------------------------------- */

static uint32_t read_rdr(struct l4 *l, unsigned unit)
{
	l->uart[unit].isr &= ~ISR_RXNE;
	update_irq(l, unit);
	return l->uart[unit].rdr;
}

uint32_t l4_uart_read(struct l4 *l, unsigned unit, uint32_t off)
{
	const struct l4_uart *u = &l->uart[unit];

	switch (off) {
	case 0x00:
		return u->cr1;
	case 0x04:
		return u->cr2;
	case 0x08:
		return u->cr3;
	case 0x0c:
		return u->brr;
	case 0x1c:
		return u->isr | (u->cr1 & CR1_TE ? ISR_TEACK : 0) |
		       (u->cr1 & CR1_RE ? ISR_REACK : 0);
	case 0x24:
		return read_rdr(l, unit);
	case 0x28:
		return u->tdr;
	default:
		return 0;
	}
}

static void write_cr1(struct l4 *l, unsigned unit, uint32_t v)
{
	struct l4_uart *u = &l->uart[unit];

	u->cr1 = v;
	if (!(v & CR1_UE)) { /* what was on its way is lost */
		u->isr = ISR_RESET;
		u->shifting = u->holding = false;
		mcu_due(l->m, EVENT_UART + unit, PS_NEVER);
		mcu_due(l->m, EVENT_UART_RX + unit, PS_NEVER);
	}
	lose_unheard(l);
	begin_shift(l, unit);
	begin_receive(l, unit);
}

void l4_uart_write(struct l4 *l, unsigned unit, uint32_t off, uint32_t v,
		   uint32_t mask)
{
	struct l4_uart *u = &l->uart[unit];

	v &= mask;
	switch (off) {
	case 0x00:
		write_cr1(l, unit, v);
		break;
	case 0x04:
		u->cr2 = v;
		break;
	case 0x08:
		u->cr3 = v;
		break;
	case 0x0c:
		if (!(u->cr1 & CR1_UE))
			u->brr = v & (unit == LPUART ? 0xfffff : 0xffff);
		break;
	case 0x18: /* RQR: RXFRQ */
		if (v & 1u << 3)
			u->isr &= ~ISR_RXNE;
		break;
	case 0x20: /* ICR */
		u->isr &= ~(v & (ISR_ORE | ISR_TC));
		break;
	case 0x28:
		write_tdr(l, unit, v);
		break;
	default:
		break;
	}
	update_irq(l, unit);
}

void l4_uart_reset(struct l4 *l)
{
	memset(l->uart, 0, sizeof(l->uart));
	l->m->uart_in.len = 0;
	for (unsigned i = 0; i < 3; i++)
		l->uart[i].isr = ISR_RESET;
}
