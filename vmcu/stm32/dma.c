/* SPDX-License-Identifier: MIT */
/*
 * DMA1 (RM0394 chapter 11, RM0091 chapter 11, RM0008 chapter 13): up to seven
 * channels.  A transfer is made the moment that its peripheral asks; on the
 * chip it waits a few cycles for the bus.  What it reads and writes it reads
 * and writes on the chip's bus, with all that read protection forbids.
 *
 * Priorities do not matter then, and are not modelled.
 */
#include <string.h>

#include "vmcu/stm32/st.h"

#define CCR_EN (1u << 0)
#define CCR_DIR (1u << 4) /* from memory */
#define CCR_CIRC (1u << 5)
#define CCR_PINC (1u << 6)
#define CCR_MINC (1u << 7)
#define CCR_MEM2MEM (1u << 14)
#define CCR_MASK 0x7fffu
#define ISR_G 1u
#define ISR_TC 2u
#define ISR_HT 4u
#define ISR_TE 8u
#define ISR_INTERRUPTS (ISR_TC | ISR_HT | ISR_TE) /* as in CCR */
#define REG_CHANNELS 0x08
#define REG_CHANNEL_LEN 20
#define REG_CSELR 0xa8

static void update_irq(const struct st_dma *d, unsigned line)
{
	bool level = false;

	for (unsigned i = 0; i < d->cfg->channels; i++)
		level |= d->cfg->irq[i] == line &&
			 (d->isr >> 4 * i & d->ch[i].ccr & ISR_INTERRUPTS) != 0;
	mcu_irq(d->m, line, level);
}

static void raise_flags(struct st_dma *d, unsigned i, uint32_t flags)
{
	if (flags == 0)
		return;
	d->isr |= (flags | ISR_G) << 4 * i;
	update_irq(d, d->cfg->irq[i]);
}

static unsigned width(uint32_t ccr, unsigned shift)
{
	unsigned n = ccr >> shift & 3;

	return n == 3 ? 4 : 1u << n;
}

/* One transfer: the n-th of this round. */
static bool move(struct st_dma *d, const struct st_dma_channel *c, uint32_t n)
{
	unsigned psize = width(c->ccr, 8), msize = width(c->ccr, 10);
	uint32_t p = c->cpar + (c->ccr & CCR_PINC ? n * psize : 0);
	uint32_t at = c->cmar + (c->ccr & CCR_MINC ? n * msize : 0);
	bool out = (c->ccr & CCR_DIR) != 0;
	const struct chip *chip = d->m->chip;
	uint32_t v;

	p &= ~(uint32_t)(psize - 1);
	at &= ~(uint32_t)(msize - 1);
	if (!chip->read(d->m, MASTER_DMA, out ? at : p, out ? msize : psize,
			&v))
		return false;
	return chip->write(d->m, MASTER_DMA, out ? p : at, out ? psize : msize,
			   v);
}

static void transfer(struct st_dma *d, unsigned i)
{
	struct st_dma_channel *c = &d->ch[i];
	uint32_t flags = 0;

	if (!move(d, c, c->reload - c->cndtr)) {
		c->ccr &= ~CCR_EN;
		raise_flags(d, i, ISR_TE);
		return;
	}
	c->cndtr--;
	if (c->cndtr == c->reload / 2)
		flags = ISR_HT;
	if (c->cndtr == 0) {
		flags |= ISR_TC;
		if (c->ccr & CCR_CIRC)
			c->cndtr = c->reload;
	}
	raise_flags(d, i, flags);
}

static bool asked(const struct st_dma *d, unsigned i)
{
	const struct st_dma_request *r = d->cfg->request;

	if (d->ch[i].ccr & CCR_MEM2MEM)
		return (d->ch[i].ccr & CCR_CIRC) == 0;
	for (; r->asks != NULL; r++)
		if (r->channel == i + 1 && r->asks(d->m, r->unit) &&
		    (!d->cfg->select || r->select == (d->cselr >> 4 * i & 15)))
			return true;
	return false;
}

void st_dma_run(struct st_dma *d)
{
	for (unsigned i = 0; i < d->cfg->channels; i++)
		while (d->ch[i].ccr & CCR_EN && d->ch[i].cndtr != 0 &&
		       asked(d, i))
			transfer(d, i);
}

/* -- registers ------------------------------------------------------------- */

/* Channel and its register behind an offset. */
static struct st_dma_channel *channel_at(struct st_dma *d, uint32_t off,
					 unsigned *i, uint32_t *reg)
{
	*i = (off - REG_CHANNELS) / REG_CHANNEL_LEN;
	*reg = (off - REG_CHANNELS) % REG_CHANNEL_LEN;
	return off >= REG_CHANNELS && *i < d->cfg->channels ? &d->ch[*i] : NULL;
}

uint32_t st_dma_read(void *dev, unsigned unit, uint32_t off)
{
	struct st_dma *d = dev;
	const struct st_dma_channel *c;
	uint32_t reg;
	unsigned i;

	(void)unit;
	if (off == 0)
		return d->isr;
	if (off == REG_CSELR && d->cfg->select)
		return d->cselr;
	c = channel_at(d, off, &i, &reg);
	if (c == NULL || reg > 12)
		return 0;
	return reg == 0	  ? c->ccr
	       : reg == 4 ? c->cndtr
	       : reg == 8 ? c->cpar
			  : c->cmar;
}

static void write_ccr(struct st_dma *d, unsigned i, uint32_t v)
{
	struct st_dma_channel *c = &d->ch[i];

	if (v & CCR_EN && !(c->ccr & CCR_EN))
		c->reload = c->cndtr;
	/* the rest can only be changed while it is off */
	if (c->ccr & CCR_EN)
		c->ccr = (c->ccr & ~(CCR_EN | ISR_INTERRUPTS)) |
			 (v & (CCR_EN | ISR_INTERRUPTS));
	else
		c->ccr = v & CCR_MASK;
	update_irq(d, d->cfg->irq[i]);
	st_dma_run(d);
}

static void write_channel(struct st_dma *d, unsigned i, uint32_t reg,
			  uint32_t v)
{
	struct st_dma_channel *c = &d->ch[i];

	if (reg == 0)
		write_ccr(d, i, v);
	else if (c->ccr & CCR_EN)
		return; /* read-only then */
	else if (reg == 4)
		c->cndtr = v & 0xffff;
	else if (reg == 8)
		c->cpar = v;
	else if (reg == 12)
		c->cmar = v;
}

static void clear_flags(struct st_dma *d, uint32_t v)
{
	for (unsigned i = 0; i < d->cfg->channels; i++) {
		if (v >> 4 * i & ISR_G)
			v |= 15u << 4 * i;
		d->isr &= ~(v & 15u << 4 * i);
		if (!(d->isr >> 4 * i & ISR_INTERRUPTS))
			d->isr &= ~(ISR_G << 4 * i);
		update_irq(d, d->cfg->irq[i]);
	}
}

void st_dma_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		  uint32_t mask)
{
	struct st_dma *d = dev;
	uint32_t reg;
	unsigned i;

	(void)unit;
	v = (v & mask) | (st_dma_read(d, 0, off) & ~mask);
	if (off == 4) {
		clear_flags(d, v);
	} else if (off == REG_CSELR) {
		d->cselr = v & 0x0fffffff;
		st_dma_run(d);
	} else if (channel_at(d, off, &i, &reg) != NULL) {
		write_channel(d, i, reg, v);
	}
}

void st_dma_reset(struct st_dma *d)
{
	d->isr = d->cselr = 0;
	memset(d->ch, 0, sizeof(d->ch));
	for (unsigned i = 0; i < d->cfg->channels; i++)
		update_irq(d, d->cfg->irq[i]);
}
