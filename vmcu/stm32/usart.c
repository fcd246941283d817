/* SPDX-License-Identifier: MIT */
/*
 * USART of both generations, and LPUART: asynchronous, one character at a
 * time, paced by the baud rate.  What is sent reaches the outside only through
 * a pin that is switched to the transmitter; likewise for the receiver.
 *
 * The generations (RM0008 chapter 27; RM0394 chapter 36, RM0091 chapter 27)
 * differ in where registers lie, in how flags are cleared and in UE's place.
 */
#include <string.h>

#include "vmcu/serial.h"
#include "vmcu/stm32/st.h"

#define CR1_RE (1u << 2)
#define CR1_TE (1u << 3)
#define CR1_RXNEIE (1u << 5)
#define CR1_TCIE (1u << 6)
#define CR1_TXEIE (1u << 7)
#define CR1_M0 (1u << 12)
#define CR1_OVER8 (1u << 15)
#define CR1_M1 (1u << 28)
#define CR1_V1 0x3fffu
#define CR1_UE_V1 (1u << 13)
#define CR1_UE_V2 (1u << 0)
#define CR3_EIE (1u << 0)
#define CR3_DMAR (1u << 6)
#define CR3_DMAT (1u << 7)
#define SR_ORE (1u << 3)
#define SR_RXNE (1u << 5)
#define SR_TC (1u << 6)
#define SR_TXE (1u << 7)
#define SR_TEACK (1u << 21)
#define SR_REACK (1u << 22)
#define SR_RESET (SR_TC | SR_TXE)
#define RQR_RXFRQ (1u << 3)

enum reg {
	REG_NONE,
	REG_SR, /* ISR */
	REG_DR, /* the first generation's for both ways */
	REG_RDR,
	REG_TDR,
	REG_BRR,
	REG_CR1,
	REG_CR2,
	REG_CR3,
	REG_GTPR,
	REG_RQR,
	REG_ICR
};

static enum reg reg_at(const struct st_usarts *l, uint32_t off)
{
	static const uint8_t v1[] = { REG_SR,  REG_DR,	REG_BRR, REG_CR1,
				      REG_CR2, REG_CR3, REG_GTPR };
	static const uint8_t v2[] = { REG_CR1,	REG_CR2,  REG_CR3, REG_BRR,
				      REG_NONE, REG_NONE, REG_RQR, REG_SR,
				      REG_ICR,	REG_RDR,  REG_TDR };

	off /= 4;
	if (l->v1)
		return off < sizeof(v1) ? v1[off] : REG_NONE;
	return off < sizeof(v2) ? v2[off] : REG_NONE;
}

static bool on(const struct st_usarts *l, unsigned unit, uint32_t bits)
{
	bits |= l->v1 ? CR1_UE_V1 : CR1_UE_V2;
	return (l->unit[unit].cr1 & bits) == bits;
}

bool st_usart_af(const struct st_usarts *l, unsigned unit, bool tx)
{
	const struct st_usart_config *cfg = &l->cfg[unit];
	const struct st_pin *pins = tx ? cfg->tx : cfg->rx;

	for (unsigned i = 0; i < ST_USART_PINS; i++)
		if (pins[i].port != 0 &&
		    st_gpio_af(l->gpio, pins[i].port, pins[i].bit, pins[i].af))
			return true;
	return false;
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
	uint32_t sr = u->sr, cr1 = u->cr1;
	bool level = (cr1 & CR1_TXEIE && sr & SR_TXE) ||
		     (cr1 & CR1_TCIE && sr & SR_TC) ||
		     (cr1 & CR1_RXNEIE && sr & (SR_RXNE | SR_ORE)) ||
		     (u->cr3 & CR3_EIE && sr & SR_ORE);

	mcu_irq(l->m, l->cfg[unit].irq, level);
}

static void ask_dma(struct st_usarts *l)
{
	if (l->dma != NULL)
		st_dma_run(l->dma);
}

bool st_usart_rx_asks(const struct st_usarts *l, unsigned unit)
{
	const struct st_usart *u = &l->unit[unit];

	return (u->cr3 & CR3_DMAR) != 0 && (u->sr & SR_RXNE) != 0;
}

bool st_usart_tx_asks(const struct st_usarts *l, unsigned unit)
{
	const struct st_usart *u = &l->unit[unit];

	return (u->cr3 & CR3_DMAT) != 0 && (u->sr & SR_TXE) != 0 &&
	       on(l, unit, 0);
}

static unsigned bits_of(const struct st_usart *u)
{
	unsigned bits = 10;

	if (u->cr1 & CR1_M0)
		bits++;
	if (u->cr1 & CR1_M1)
		bits--;
	if ((u->cr2 >> 12 & 3) == 2)
		bits++;
	return bits;
}

/* Picoseconds per character; 0 when there is no usable clock. */
static uint64_t char_time(const struct st_usarts *l, unsigned unit)
{
	const struct st_usart *u = &l->unit[unit];
	uint64_t hz = l->clock(l->m, unit), div = u->brr;
	unsigned __int128 bits = bits_of(u);

	if (hz == 0 || div < (l->v1 ? 16 : 1))
		return 0;
	if (l->cfg[unit].lpuart)
		return (uint64_t)(bits * div * PS_PER_S / (hz * 256));
	if (!(u->cr1 & CR1_OVER8))
		return (uint64_t)(bits * div * PS_PER_S / hz);
	div = (div & 0xfff0) | (div & 7) << 1;
	return (uint64_t)(bits * div * PS_PER_S / (2 * hz));
}

/* -- sending --------------------------------------------------------------- */

static void begin_shift(struct st_usarts *l, unsigned unit)
{
	struct st_usart *u = &l->unit[unit];
	uint64_t t = char_time(l, unit);

	if (!u->holding || u->shifting || t == 0 || !on(l, unit, CR1_TE))
		return;
	u->shift = (uint8_t)u->tdr;
	u->shifting = true;
	u->holding = false;
	u->sr |= SR_TXE;
	serial_send(l->m, tx_event(l, unit), l->wired(l, unit, true), u->shift,
		    t);
}

static void sent(struct st_usarts *l, unsigned unit)
{
	struct st_usart *u = &l->unit[unit];

	serial_sent(l->m, l->wired(l, unit, true), u->shift);
	u->shifting = false;
	begin_shift(l, unit);
	if (!u->shifting)
		u->sr |= SR_TC;
	ask_dma(l);
	update_irq(l, unit);
}

static void write_data(struct st_usarts *l, unsigned unit, uint32_t v)
{
	struct st_usart *u = &l->unit[unit];

	if (!on(l, unit, 0))
		return;
	u->tdr = v & 0x1ff;
	u->holding = true;
	u->sr &= ~SR_TXE;
	if (!l->v1 || u->sr_seen)
		u->sr &= ~SR_TC;
	u->sr_seen = false;
	begin_shift(l, unit);
	if (u->shifting)
		u->sr &= ~SR_TC; /* it is no longer complete */
}

/* -- receiving ------------------------------------------------------------- */

static bool receiving(const struct st_usarts *l, unsigned unit)
{
	return on(l, unit, CR1_RE) && l->wired(l, unit, false) &&
	       char_time(l, unit) != 0;
}

static void begin_receive(struct st_usarts *l, unsigned unit)
{
	if (receiving(l, unit))
		serial_listen(l->m, rx_event(l, unit), char_time(l, unit));
}

static void lose_unheard(struct st_usarts *l)
{
	for (unsigned i = 0; i < l->count; i++)
		if (receiving(l, i))
			return;
	serial_lose(l->m);
}

static void received(struct st_usarts *l, unsigned unit)
{
	struct st_usart *u = &l->unit[unit];
	uint8_t byte;

	if (!(u->cr1 & CR1_RE) || !serial_heard(l->m, &byte))
		return;
	if (u->sr & SR_RXNE) {
		u->sr |= SR_ORE; /* the new one is lost */
	} else {
		u->rdr = byte;
		u->sr |= SR_RXNE;
	}
	ask_dma(l);
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

/* -- registers ------------------------------------------------------------- */

static uint32_t read_sr(struct st_usarts *l, unsigned unit)
{
	struct st_usart *u = &l->unit[unit];

	u->sr_seen = true;
	if (l->v1)
		return u->sr;
	return u->sr | (u->cr1 & CR1_TE ? SR_TEACK : 0) |
	       (u->cr1 & CR1_RE ? SR_REACK : 0);
}

/* The first generation clears ORE by a read of SR, then of DR. */
static uint32_t read_data(struct st_usarts *l, unsigned unit)
{
	struct st_usart *u = &l->unit[unit];

	u->sr &= ~SR_RXNE;
	if (l->v1 && u->sr_seen)
		u->sr &= ~SR_ORE;
	u->sr_seen = false;
	update_irq(l, unit);
	return u->rdr;
}

uint32_t st_usart_read(void *dev, unsigned unit, uint32_t off)
{
	struct st_usarts *l = dev;
	const struct st_usart *u = &l->unit[unit];

	switch (reg_at(l, off)) {
	case REG_SR:
		return read_sr(l, unit);
	case REG_DR:
	case REG_RDR:
		return read_data(l, unit);
	case REG_TDR:
		return u->tdr;
	case REG_BRR:
		return u->brr;
	case REG_CR1:
		return u->cr1;
	case REG_CR2:
		return u->cr2;
	case REG_CR3:
		return u->cr3;
	case REG_GTPR:
		return u->gtpr;
	default:
		return 0;
	}
}

static void write_cr1(struct st_usarts *l, unsigned unit, uint32_t v)
{
	struct st_usart *u = &l->unit[unit];

	u->cr1 = l->v1 ? v & CR1_V1 : v;
	if (!on(l, unit, 0)) { /* what was on its way is lost */
		u->sr = SR_RESET;
		u->shifting = u->holding = false;
		mcu_due(l->m, tx_event(l, unit), PS_NEVER);
		mcu_due(l->m, rx_event(l, unit), PS_NEVER);
	}
	lose_unheard(l);
	begin_shift(l, unit);
	begin_receive(l, unit);
}

static void write_brr(struct st_usarts *l, unsigned unit, uint32_t v)
{
	if (l->v1 || !on(l, unit, 0))
		l->unit[unit].brr = v &
				    (l->cfg[unit].lpuart ? 0xfffff : 0xffff);
}

void st_usart_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		    uint32_t mask)
{
	struct st_usarts *l = dev;
	struct st_usart *u = &l->unit[unit];

	v &= mask;
	switch (reg_at(l, off)) {
	case REG_SR: /* the first generation's: written zeros clear */
		u->sr &= l->v1 ? v | ~(SR_RXNE | SR_TC) : ~0u;
		break;
	case REG_DR:
	case REG_TDR:
		write_data(l, unit, v);
		break;
	case REG_BRR:
		write_brr(l, unit, v);
		break;
	case REG_CR1:
		write_cr1(l, unit, v);
		break;
	case REG_CR2:
		u->cr2 = v;
		break;
	case REG_CR3:
		u->cr3 = v;
		ask_dma(l);
		break;
	case REG_GTPR:
		u->gtpr = v;
		break;
	case REG_RQR:
		u->sr &= v & RQR_RXFRQ ? ~SR_RXNE : ~0u;
		break;
	case REG_ICR:
		u->sr &= ~(v & (SR_ORE | SR_TC));
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
		l->unit[i].sr = SR_RESET;
}
