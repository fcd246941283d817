/* SPDX-License-Identifier: MIT */
/* The flash controller's registers: keys, control, option registers, ECC. */
#include <string.h>

#include "vmcu/stm32l4/flash_int.h"

#define KEY1 0x45670123u
#define KEY2 0xcdef89abu
#define OPTKEY1 0x08192a3bu
#define OPTKEY2 0x4c5d6e7fu

#define ECCR_ECCIE (1u << 24)
#define ECCR_ECCC (1u << 30)
#define ECCR_ECCD (1u << 31)

/* -- control --------------------------------------------------------------- */

static bool any_protected(const struct l4 *l)
{
	for (unsigned p = 0; p < L4_PAGES; p++)
		if (l4_page_protected(l, p))
			return true;
	return false;
}

static void start_erase(struct l4 *l)
{
	struct l4_flash *f = &l->fl;
	unsigned page = CR_PNB(f->cr);
	unsigned kinds = !!(f->cr & CR_PG) + !!(f->cr & CR_PER) +
			 !!(f->cr & CR_MER1) + !!(f->cr & CR_FSTPG);

	f->cr &= ~CR_STRT;
	if (kinds != 1 || f->cr & (CR_PG | CR_FSTPG) || f->sr & SR_DIRTY) {
		l4_flash_fail(l, SR_PGSERR);
		return;
	}
	if (l4_flash_shut(l)) {
		l4_flash_fail(l, SR_WRPERR);
		return;
	}
	if (f->cr & CR_MER1 ? any_protected(l)
			    : page >= L4_PAGES || l4_page_protected(l, page)) {
		l4_flash_fail(l, SR_WRPERR);
		return;
	}
	f->cr |= CR_STRT;
	f->op_addr = page * L4_PAGE_SIZE;
	l4_flash_start(l, f->cr & CR_MER1 ? OP_MASS : OP_PAGE);
}

static void start_options(struct l4 *l)
{
	struct l4_flash *f = &l->fl;
	bool opens = (l->opt.reg[OPT_OPTR] & 0xff) == 0xaa;

	if (l4_rdp_level(l) == 2) {
		f->cr &= ~CR_OPTSTRT;
		l4_flash_fail(l, SR_WRPERR);
		return;
	}
	if (f->sr & SR_DIRTY) {
		f->cr &= ~CR_OPTSTRT;
		l4_flash_fail(l, SR_PGSERR);
		return;
	}
	l4_flash_start(l,
		       l4_rdp_level(l) == 1 && opens ? OP_REGRESS : OP_OPTIONS);
}

static void write_cr(struct l4 *l, uint32_t v)
{
	struct l4_flash *f = &l->fl;
	uint32_t was = f->cr;

	if (was & CR_LOCK || f->op != OP_NONE)
		return;
	f->cr = (v & CR_PLAIN) | ((was | v) & (CR_LOCK | CR_OPTLOCK));
	if (f->cr & CR_LOCK)
		f->cr |= CR_OPTLOCK;
	if (was & CR_OPTLOCK)
		f->cr &= ~CR_OPTSTRT;
	if (!(f->cr & CR_PG))
		f->half = false;
	if (!(f->cr & CR_FSTPG))
		f->row_left = 0;
	if (v & CR_OBL && !(was & CR_OPTLOCK)) {
		mcu_want_reset(l->m, RESET_OPTIONS);
		return;
	}
	if (f->cr & CR_STRT)
		start_erase(l);
	else if (f->cr & CR_OPTSTRT)
		start_options(l);
	l4_flash_irq(l);
}

/* A wrong key, or one at the wrong time, freezes the lock until a reset. */
static void write_key(struct l4 *l, uint32_t v)
{
	struct l4_flash *f = &l->fl;

	if (f->frozen) {
		l->bus_error = true;
		return;
	}
	if (f->cr & CR_LOCK && f->key_step == 0 && v == KEY1) {
		f->key_step = 1;
	} else if (f->cr & CR_LOCK && f->key_step == 1 && v == KEY2) {
		f->key_step = 0;
		f->cr &= ~CR_LOCK;
	} else {
		f->frozen = true;
		l->bus_error = true;
		f->cr |= CR_LOCK | CR_OPTLOCK;
	}
}

static void write_optkey(struct l4 *l, uint32_t v)
{
	struct l4_flash *f = &l->fl;
	bool legal = !(f->cr & CR_LOCK) && f->cr & CR_OPTLOCK;

	if (f->opt_frozen) {
		l->bus_error = true;
		return;
	}
	if (legal && f->optkey_step == 0 && v == OPTKEY1) {
		f->optkey_step = 1;
	} else if (legal && f->optkey_step == 1 && v == OPTKEY2) {
		f->optkey_step = 0;
		f->cr &= ~CR_OPTLOCK;
	} else {
		f->opt_frozen = true;
		l->bus_error = true;
		f->cr |= CR_OPTLOCK;
	}
}

static void write_acr(struct l4 *l, uint32_t v)
{
	l->fl.acr = v & 0x7f07;
	core_set_fetch(l->m->core, v & 7, v & 1u << 9, v & 1u << 8);
}

static void write_eccr(struct l4 *l, uint32_t v)
{
	struct l4_flash *f = &l->fl;

	f->eccr &= ~(v & (ECCR_ECCC | ECCR_ECCD));
	f->eccr = (f->eccr & ~ECCR_ECCIE) | (v & ECCR_ECCIE);
}

void l4_flash_ecc_error(struct l4 *l, uint32_t offset)
{
	struct l4_flash *f = &l->fl;

	if (f->eccr & ECCR_ECCD)
		return;
	f->eccr = (f->eccr & ECCR_ECCIE) | ECCR_ECCD | (offset & ~7u);
	core_nmi(l->m->core);
}

static uint32_t read_sr(const struct l4 *l)
{
	bool busy = l->fl.op != OP_NONE || l->fl.row_left > 0;

	return l->fl.sr | (busy ? SR_BSY : 0) | (l->pempty ? SR_PEMPTY : 0);
}

static const uint8_t option_offsets[OPT_COUNT] = { 0x20, 0x24, 0x28, 0x2c,
						   0x30 };

static int option_at(uint32_t off)
{
	for (int i = 0; i < OPT_COUNT; i++)
		if (option_offsets[i] == off)
			return i;
	return -1;
}

uint32_t l4_flash_read(void *dev, unsigned unit, uint32_t off)
{
	struct l4 *l = dev;
	int i = option_at(off);

	(void)unit;
	if (i >= 0)
		return l->opt.reg[i];
	switch (off) {
	case 0x00:
		return l->fl.acr;
	case 0x10:
		return read_sr(l);
	case 0x14:
		return l->fl.cr;
	case 0x18:
		return l->fl.eccr;
	default:
		return 0;
	}
}

void l4_flash_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		    uint32_t mask)
{
	struct l4 *l = dev;
	int i = option_at(off);

	(void)unit;
	(void)mask;
	if (i >= 0) {
		if (!(l->fl.cr & CR_OPTLOCK) && l->fl.op == OP_NONE)
			l->opt.reg[i] = l4_options_mask((enum l4_option)i, v);
		return;
	}
	switch (off) {
	case 0x00:
		write_acr(l, v);
		break;
	case 0x08:
		write_key(l, v);
		break;
	case 0x0c:
		write_optkey(l, v);
		break;
	case 0x10:
		l->fl.sr &= ~(v & SR_CLEARABLE);
		if (v & SR_PEMPTY) /* a 1 turns it over */
			l->pempty = !l->pempty;
		l4_flash_irq(l);
		break;
	case 0x14:
		write_cr(l, v);
		break;
	case 0x18:
		write_eccr(l, v);
		break;
	default:
		break;
	}
}

void l4_flash_reset(struct l4 *l)
{
	memset(&l->fl, 0, sizeof(l->fl));
	l->fl.cr = CR_LOCK | CR_OPTLOCK;
	for (unsigned i = 0; i < OPT_COUNT; i++)
		l->opt.reg[i] = (uint32_t)l->opt.stored[i];
	write_acr(l, 0x600);
}
