/* SPDX-License-Identifier: MIT */
/*
 * USART1 to USART3 (RM0008 chapter 27): asynchronous, one character at a
 * time, paced by the baud rate.  What is sent reaches the outside only through
 * a pin that is switched to an alternate function's output; what comes needs
 * a pin that is an input.
 */
#include <string.h>

#include "vmcu/stm32f1/f1.h"

#define SR_ORE (1u << 3)
#define SR_RXNE (1u << 5)
#define SR_TC (1u << 6)
#define SR_TXE (1u << 7)
#define SR_RESET (SR_TC | SR_TXE)
#define CR1_RE (1u << 2)
#define CR1_TE (1u << 3)
#define CR1_RXNEIE (1u << 5)
#define CR1_TCIE (1u << 6)
#define CR1_TXEIE (1u << 7)
#define CR1_M (1u << 12)
#define CR1_UE (1u << 13)
#define CR3_EIE (1u << 0)
#define CR3_DMAR (1u << 6)
#define CR3_DMAT (1u << 7)
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

static unsigned place(const struct f1 *f, unsigned unit)
{
	return f->afio[MAPR] & pins[unit].remap ? 1 : 0;
}

static bool tx_wired(const struct f1 *f, unsigned unit)
{
	unsigned i = place(f, unit);

	return f1_gpio_is_af(f, pins[unit].port[i], pins[unit].tx[i]);
}

static bool rx_wired(const struct f1 *f, unsigned unit)
{
	unsigned i = place(f, unit);

	return f1_gpio_is_input(f, pins[unit].port[i], pins[unit].rx[i]);
}

static void update_irq(struct f1 *f, unsigned unit)
{
	const struct f1_uart *u = &f->uart[unit];
	uint32_t sr = u->sr, cr1 = u->cr1;
	bool level = (cr1 & CR1_TXEIE && sr & SR_TXE) ||
		     (cr1 & CR1_TCIE && sr & SR_TC) ||
		     (cr1 & CR1_RXNEIE && sr & (SR_RXNE | SR_ORE)) ||
		     (u->cr3 & CR3_EIE && sr & SR_ORE);

	mcu_irq(f->m, IRQ_USART1 + unit, level);
}

bool f1_uart_tx_asks(const struct mcu *m, unsigned unit)
{
	const struct f1_uart *u = &f1_of(m)->uart[unit];

	return u->cr3 & CR3_DMAT && u->sr & SR_TXE && u->cr1 & CR1_UE;
}

bool f1_uart_rx_asks(const struct mcu *m, unsigned unit)
{
	const struct f1_uart *u = &f1_of(m)->uart[unit];

	return u->cr3 & CR3_DMAR && u->sr & SR_RXNE;
}

/* Picoseconds per character; 0 when there is no usable clock. */
static uint64_t char_time(const struct f1 *f, unsigned unit)
{
	const struct f1_uart *u = &f->uart[unit];
	uint64_t hz = f1_rcc_pclk(f, unit == 0 ? 2 : 1);
	unsigned __int128 bits = 10;

	if (u->cr1 & CR1_M)
		bits++;
	if ((u->cr2 >> 12 & 3) == 2)
		bits++;
	if (hz == 0 || u->brr < 16)
		return 0;
	return (uint64_t)(bits * u->brr * PS_PER_S / hz);
}

/* For whoever watches the wires: a character begins. */
static void tell(struct f1 *f, unsigned unit, bool tx, uint8_t byte)
{
	const struct mcu_listener *who = &f->m->listener;

	if (who->uart != NULL)
		who->uart(who->user, f->m->now, tx, byte,
			  char_time(f, unit) / 10);
}

/* -- sending --------------------------------------------------------------- */

static void begin_shift(struct f1 *f, unsigned unit)
{
	struct f1_uart *u = &f->uart[unit];
	uint64_t t = char_time(f, unit);

	if (!u->holding || u->shifting || t == 0 ||
	    (u->cr1 & (CR1_UE | CR1_TE)) != (CR1_UE | CR1_TE))
		return;
	u->shift = (uint8_t)u->tdr;
	u->shifting = true;
	u->holding = false;
	u->sr |= SR_TXE;
	if (tx_wired(f, unit))
		tell(f, unit, true, u->shift);
	mcu_due(f->m, EVENT_UART + unit, f->m->now + t);
}

void f1_uart_tx_event(struct f1 *f, unsigned unit)
{
	struct f1_uart *u = &f->uart[unit];

	if (tx_wired(f, unit))
		ring_put(&f->m->uart_out, &u->shift, 1);
	u->shifting = false;
	begin_shift(f, unit);
	if (!u->shifting)
		u->sr |= SR_TC;
	st_dma_run(&f->dma);
	update_irq(f, unit);
}

static void write_dr(struct f1 *f, unsigned unit, uint32_t v)
{
	struct f1_uart *u = &f->uart[unit];

	if (!(u->cr1 & CR1_UE))
		return;
	u->tdr = v & 0x1ff;
	u->holding = true;
	u->sr &= ~SR_TXE;
	if (u->sr_seen)
		u->sr &= ~SR_TC;
	u->sr_seen = false;
	begin_shift(f, unit);
	if (u->shifting)
		u->sr &= ~SR_TC; /* it is no longer complete */
}

/* -- receiving ------------------------------------------------------------- */

static bool receiving(const struct f1 *f, unsigned unit)
{
	const struct f1_uart *u = &f->uart[unit];

	return (u->cr1 & (CR1_UE | CR1_RE)) == (CR1_UE | CR1_RE) &&
	       rx_wired(f, unit) && char_time(f, unit) != 0;
}

static void begin_receive(struct f1 *f, unsigned unit)
{
	if (f->m->uart_in.len == 0 || !receiving(f, unit) ||
	    f->m->due[EVENT_UART_RX + unit] != PS_NEVER)
		return;
	tell(f, unit, false, f->m->uart_in.buf[f->m->uart_in.head]);
	mcu_due(f->m, EVENT_UART_RX + unit, f->m->now + char_time(f, unit));
}

/* What comes while nobody listens is lost, as on a wire. */
static void lose_unheard(struct f1 *f)
{
	const struct mcu_listener *who = &f->m->listener;
	uint8_t byte;

	for (unsigned i = 0; i < F1_UARTS; i++)
		if (receiving(f, i))
			return;
	while (ring_get(&f->m->uart_in, &byte, 1) != 0)
		if (who->uart != NULL)
			who->uart(who->user, f->m->now, false, byte, 0);
}

void f1_uart_rx_event(struct f1 *f, unsigned unit)
{
	struct f1_uart *u = &f->uart[unit];
	uint8_t byte;

	if (!(u->cr1 & CR1_RE) || ring_get(&f->m->uart_in, &byte, 1) == 0)
		return;
	if (u->sr & SR_RXNE) {
		u->sr |= SR_ORE; /* the new one is lost */
	} else {
		u->rdr = byte;
		u->sr |= SR_RXNE;
	}
	begin_receive(f, unit);
	st_dma_run(&f->dma);
	update_irq(f, unit);
}

void f1_uart_kick(struct f1 *f)
{
	lose_unheard(f);
	for (unsigned i = 0; i < F1_UARTS; i++)
		begin_receive(f, i);
}

/* -- registers ------------------------------------------------------------- */

static uint32_t read_dr(struct f1 *f, unsigned unit)
{
	struct f1_uart *u = &f->uart[unit];

	u->sr &= ~SR_RXNE;
	if (u->sr_seen)
		u->sr &= ~SR_ORE;
	u->sr_seen = false;
	update_irq(f, unit);
	return u->rdr;
}

uint32_t f1_uart_read(void *dev, unsigned unit, uint32_t off)
{
	struct f1 *f = dev;
	struct f1_uart *u = &f->uart[unit];

	switch (off) {
	case 0x00:
		u->sr_seen = true;
		return u->sr;
	case 0x04:
		return read_dr(f, unit);
	case 0x08:
		return u->brr;
	case 0x0c:
		return u->cr1;
	case 0x10:
		return u->cr2;
	case 0x14:
		return u->cr3;
	case 0x18:
		return u->gtpr;
	default:
		return 0;
	}
}

static void write_cr1(struct f1 *f, unsigned unit, uint32_t v)
{
	struct f1_uart *u = &f->uart[unit];

	u->cr1 = v & 0x3fff;
	if (!(v & CR1_UE)) { /* what was on its way is lost */
		u->sr = SR_RESET;
		u->shifting = u->holding = false;
		mcu_due(f->m, EVENT_UART + unit, PS_NEVER);
		mcu_due(f->m, EVENT_UART_RX + unit, PS_NEVER);
	}
	lose_unheard(f);
	begin_shift(f, unit);
	begin_receive(f, unit);
}

void f1_uart_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		   uint32_t mask)
{
	struct f1 *f = dev;
	struct f1_uart *u = &f->uart[unit];

	v &= mask;
	switch (off) {
	case 0x00: /* RXNE and TC are cleared by a written 0 */
		u->sr &= v | ~(SR_RXNE | SR_TC);
		break;
	case 0x04:
		write_dr(f, unit, v);
		break;
	case 0x08:
		u->brr = v & 0xffff;
		break;
	case 0x0c:
		write_cr1(f, unit, v);
		break;
	case 0x10:
		u->cr2 = v;
		break;
	case 0x14:
		u->cr3 = v;
		st_dma_run(&f->dma);
		break;
	case 0x18:
		u->gtpr = v;
		break;
	default:
		break;
	}
	update_irq(f, unit);
	return;
}

void f1_uart_reset(struct f1 *f)
{
	memset(f->uart, 0, sizeof(f->uart));
	f->m->uart_in.len = 0;
	for (unsigned i = 0; i < F1_UARTS; i++)
		f->uart[i].sr = SR_RESET;
}
