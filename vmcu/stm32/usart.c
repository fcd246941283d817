/* SPDX-License-Identifier: MIT */
/*
 * USART v2 and LPUART: asynchronous, one character at a time, paced by
 * the baud rate.  What is sent reaches the outside only through a pin that is
 * switched to the transmitter; likewise for the receiver.
 */
#include <string.h>

#include "vmcu/stm32/st.h"

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
#define CR3_DMAR (1u << 6)
#define ISR_ORE (1u << 3)
#define ISR_RXNE (1u << 5)
#define ISR_TC (1u << 6)
#define ISR_TXE (1u << 7)
#define ISR_TEACK (1u << 21)
#define ISR_REACK (1u << 22)
#define ISR_RESET (ISR_TC | ISR_TXE)

static bool wired(const struct st_usarts *l, const struct st_pin *pins)
{
	for (unsigned i = 0; i < ST_USART_PINS; i++)
		if (pins[i].port != 0 &&
		    st_gpio_af(l->gpio, pins[i].port, pins[i].bit, pins[i].af))
			return true;
	return false;
}

static bool tx_wired(const struct st_usarts *l, unsigned unit)
{
	return wired(l, l->cfg[unit].tx);
}

static bool rx_wired(const struct st_usarts *l, unsigned unit)
{
	return wired(l, l->cfg[unit].rx);
}

static unsigned tx_event(const struct st_usarts *l, unsigned unit)
{
	return l->event + unit;
}

static unsigned rx_event(const struct st_usarts *l, unsigned unit)
{
	return l->event + l->count + unit;
}

static void update_irq(struct st_usarts *l, unsigned unit)
{
	const struct st_usart *u = &l->unit[unit];
	uint32_t isr = u->isr, cr1 = u->cr1;
	bool level = (cr1 & CR1_TXEIE && isr & ISR_TXE) ||
		     (cr1 & CR1_TCIE && isr & ISR_TC) ||
		     (cr1 & CR1_RXNEIE && isr & (ISR_RXNE | ISR_ORE)) ||
		     (u->cr3 & CR3_EIE && isr & ISR_ORE);

	mcu_irq(l->m, l->cfg[unit].irq, level);
}

/* Picoseconds per character; 0 when there is no usable clock. */
static uint64_t char_time(const struct st_usarts *l, unsigned unit)
{
	const struct st_usart *u = &l->unit[unit];
	uint64_t hz = l->clock(l->m, unit), div = u->brr;
	unsigned __int128 bits = 10;

	if (u->cr1 & CR1_M0)
		bits++;
	if (u->cr1 & CR1_M1)
		bits--;
	if ((u->cr2 >> 12 & 3) == 2)
		bits++;
	if (hz == 0 || div == 0)
		return 0;
	if (l->cfg[unit].lpuart)
		return (uint64_t)(bits * div * PS_PER_S / (hz * 256));
	if (u->cr1 & CR1_OVER8)
		div = (div & 0xfff0) | (div & 7) << 1;
	else
		return (uint64_t)(bits * div * PS_PER_S / hz);
	return (uint64_t)(bits * div * PS_PER_S / (2 * hz));
}

/* For whoever watches the wires: a character begins. */
static void tell(struct st_usarts *l, unsigned unit, bool tx, uint8_t byte)
{
	const struct mcu_listener *who = &l->m->listener;

	if (who->uart != NULL)
		who->uart(who->user, l->m->now, tx, byte,
			  char_time(l, unit) / 10);
}

/* -- sending --------------------------------------------------------------- */

static void begin_shift(struct st_usarts *l, unsigned unit)
{
	struct st_usart *u = &l->unit[unit];
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
	mcu_due(l->m, tx_event(l, unit), l->m->now + t);
}

static void sent(struct st_usarts *l, unsigned unit)
{
	struct st_usart *u = &l->unit[unit];

	if (tx_wired(l, unit))
		ring_put(&l->m->uart_out, &u->shift, 1);
	u->shifting = false;
	begin_shift(l, unit);
	if (!u->shifting)
		u->isr |= ISR_TC;
	update_irq(l, unit);
}

static void write_tdr(struct st_usarts *l, unsigned unit, uint32_t v)
{
	struct st_usart *u = &l->unit[unit];

	if (!(u->cr1 & CR1_UE))
		return;
	u->tdr = v & 0x1ff;
	u->holding = true;
	u->isr &= ~(ISR_TXE | ISR_TC);
	begin_shift(l, unit);
}

/* -- receiving ------------------------------------------------------------- */

static bool receiving(const struct st_usarts *l, unsigned unit)
{
	const struct st_usart *u = &l->unit[unit];

	return (u->cr1 & (CR1_UE | CR1_RE)) == (CR1_UE | CR1_RE) &&
	       rx_wired(l, unit) && char_time(l, unit) != 0;
}

static void begin_receive(struct st_usarts *l, unsigned unit)
{
	if (l->m->uart_in.len == 0 || !receiving(l, unit) ||
	    l->m->due[rx_event(l, unit)] != PS_NEVER)
		return;
	tell(l, unit, false, l->m->uart_in.buf[l->m->uart_in.head]);
	mcu_due(l->m, rx_event(l, unit), l->m->now + char_time(l, unit));
}

/* What comes while nobody listens is lost, as on a wire. */
static void lose_unheard(struct st_usarts *l)
{
	const struct mcu_listener *who = &l->m->listener;
	uint8_t byte;

	for (unsigned i = 0; i < l->count; i++)
		if (receiving(l, i))
			return;
	while (ring_get(&l->m->uart_in, &byte, 1) != 0)
		if (who->uart != NULL)
			who->uart(who->user, l->m->now, false, byte, 0);
}

static void received(struct st_usarts *l, unsigned unit)
{
	struct st_usart *u = &l->unit[unit];
	uint8_t byte;

	if (!(u->cr1 & CR1_RE) || ring_get(&l->m->uart_in, &byte, 1) == 0)
		return;
	if (u->isr & ISR_RXNE) {
		u->isr |= ISR_ORE; /* the new one is lost */
	} else {
		u->rdr = byte;
		u->isr |= ISR_RXNE;
	}
	if (l->dma != NULL)
		st_dma_run(l->dma);
	begin_receive(l, unit);
	update_irq(l, unit);
}

void st_usart_event(struct st_usarts *l, unsigned n)
{
	if (n < l->count)
		sent(l, n);
	else
		received(l, n - l->count);
}

void st_usart_kick(struct st_usarts *l)
{
	lose_unheard(l);
	for (unsigned i = 0; i < l->count; i++)
		begin_receive(l, i);
}

bool st_usart_rx_asks(const struct st_usarts *l, unsigned unit)
{
	const struct st_usart *u = &l->unit[unit];

	return (u->cr3 & CR3_DMAR) != 0 && (u->isr & ISR_RXNE) != 0;
}

/* -- registers ------------------------------------------------------------- */

static uint32_t read_rdr(struct st_usarts *l, unsigned unit)
{
	l->unit[unit].isr &= ~ISR_RXNE;
	update_irq(l, unit);
	return l->unit[unit].rdr;
}

uint32_t st_usart_read(void *dev, unsigned unit, uint32_t off)
{
	struct st_usarts *l = dev;
	const struct st_usart *u = &l->unit[unit];

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

static void write_cr1(struct st_usarts *l, unsigned unit, uint32_t v)
{
	struct st_usart *u = &l->unit[unit];

	u->cr1 = v;
	if (!(v & CR1_UE)) { /* what was on its way is lost */
		u->isr = ISR_RESET;
		u->shifting = u->holding = false;
		mcu_due(l->m, tx_event(l, unit), PS_NEVER);
		mcu_due(l->m, rx_event(l, unit), PS_NEVER);
	}
	lose_unheard(l);
	begin_shift(l, unit);
	begin_receive(l, unit);
}

void st_usart_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		    uint32_t mask)
{
	struct st_usarts *l = dev;
	struct st_usart *u = &l->unit[unit];

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
		if (l->dma != NULL)
			st_dma_run(l->dma);
		break;
	case 0x0c:
		if (!(u->cr1 & CR1_UE))
			u->brr = v & (l->cfg[unit].lpuart ? 0xfffff : 0xffff);
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

void st_usart_reset(struct st_usarts *l)
{
	memset(l->unit, 0, sizeof(l->unit));
	l->m->uart_in.len = 0;
	for (unsigned i = 0; i < l->count; i++)
		l->unit[i].isr = ISR_RESET;
}
