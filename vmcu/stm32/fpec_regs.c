/* SPDX-License-Identifier: MIT */
/*
 * Registers of the F1's and F0's flash controller: keys, control, and the
 * option bytes as they were loaded.
 */
#include "vmcu/stm32/fpec_int.h"

#define KEY1 0x45670123u
#define KEY2 0xcdef89abu
#define ACR_PRFTBE (1u << 4)
#define ACR_PRFTBS (1u << 5)

enum reg {
	ACR = 0x00,
	KEYR = 0x04,
	OPTKEYR = 0x08,
	SR = 0x0c,
	CR = 0x10,
	AR = 0x14,
	OBR = 0x1c,
	WRPR = 0x20,
};

/* -- options --------------------------------------------------------------- */

void fpec_load(struct fpec *f)
{
	uint16_t rdp = 0xffff;

	f->opterr = false;
	for (unsigned i = 0; i < FPEC_OPTIONS; i++) {
		uint16_t pair = fpec_option_cell(f, i);
		uint8_t v = pair & 0xff;

		if (i == FPEC_RDP)
			rdp = pair;
		f->loaded[i] = v;
		if ((uint8_t)~v == pair >> 8)
			continue;
		f->loaded[i] = 0xff;
		f->opterr |= pair != 0xffff;
	}
	f->level = 1;
	if ((rdp >> 8 ^ (rdp & 0xff)) != 0xff)
		return; /* erased or broken: protected */
	if ((rdp & 0xff) == f->desc->rdp_open)
		f->level = 0;
	else if (f->desc->rdp_dead != 0 && (rdp & 0xff) == f->desc->rdp_dead)
		f->level = 2;
}

static uint32_t read_obr(const struct fpec *f)
{
	static const uint32_t rdprt[] = { 0, 1u << 1, 3u << 1 };
	const struct fpec_desc *d = f->desc;

	return (f->opterr ? 1 : 0) | rdprt[f->level] |
	       (uint32_t)f->loaded[FPEC_USER] << d->user_shift |
	       (uint32_t)f->loaded[FPEC_DATA0] << d->data_shift[0] |
	       (uint32_t)f->loaded[FPEC_DATA1] << d->data_shift[1];
}

static uint32_t read_wrpr(const struct fpec *f)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < 4; i++)
		v |= (uint32_t)f->loaded[FPEC_WRP0 + i] << 8 * i;
	return v;
}

bool fpec_protected(const struct fpec *f, uint32_t offset)
{
	uint32_t sector = offset / FPEC_SECTOR;

	if (f->level != 0 && offset < f->desc->frozen)
		return true;
	/* the last bit stands for all that follows (PM0075 2.4.1) */
	return !(read_wrpr(f) >> (sector < 31 ? sector : 31) & 1);
}

/* -- control --------------------------------------------------------------- */

static uint32_t page_refusal(const struct fpec *f, uint32_t offset)
{
	if (f->chip->shut(f->m))
		return f->desc->shut_error;
	if (offset >= f->desc->size || fpec_protected(f, offset))
		return FPEC_SR_WRPRTERR;
	return 0;
}

static uint32_t mass_refusal(const struct fpec *f)
{
	if (f->chip->shut(f->m) && !f->desc->shut_mass_erase)
		return f->desc->shut_error;
	return read_wrpr(f) != 0xffffffff ? FPEC_SR_WRPRTERR : 0;
}

static void start(struct fpec *f)
{
	uint32_t error = 0;
	enum fpec_op op = FPEC_NONE;

	switch (f->cr & (CR_PG | CR_PER | CR_MER | CR_OPTPG | CR_OPTER)) {
	case CR_PER:
		op = FPEC_PAGE;
		f->op_at = f->ar - f->desc->base;
		error = page_refusal(f, f->op_at);
		f->op_at -= f->op_at % f->desc->page;
		break;
	case CR_MER:
		op = FPEC_MASS;
		error = mass_refusal(f);
		break;
	case CR_OPTER:
		op = f->cr & CR_OPTWRE ? FPEC_OPTION_ERASE : FPEC_NONE;
		error = f->level == 2 ? FPEC_SR_WRPRTERR : 0;
		break;
	default:
		break;
	}
	if (error != 0 || op == FPEC_NONE)
		fpec_fail(f, error);
	else
		fpec_start(f, op);
}

static void write_cr(struct fpec *f, uint32_t v)
{
	if (f->op != FPEC_NONE)
		return;
	if (f->desc->can_launch && v & CR_OBL_LAUNCH) {
		mcu_want_reset(f->m, RESET_OPTIONS);
		return;
	}
	if (f->cr & CR_LOCK)
		return;
	f->cr = (v & (CR_PLAIN | CR_LOCK)) | (f->cr & v & CR_OPTWRE);
	if (f->cr & CR_STRT)
		start(f);
	fpec_irq(f);
}

/* False: a wrong key, or one after it.  True with *open: both have come.
 * Again while open is harmless, as stock tools do it. */
static bool take_key(struct fpec_lock *k, uint32_t v, bool *open)
{
	*open = false;
	if (k->frozen)
		return false;
	if (k->step == 0 && v == KEY1) {
		k->step = 1;
		return true;
	}
	if (k->step == 1 && v == KEY2) {
		k->step = 0;
		*open = true;
		return true;
	}
	k->frozen = true;
	return false;
}

static bool write_key(struct fpec *f, uint32_t v)
{
	bool open, good = take_key(&f->key, v, &open);

	if (!good)
		f->cr |= CR_LOCK;
	else if (open)
		f->cr &= ~CR_LOCK;
	return good;
}

static bool write_optkey(struct fpec *f, uint32_t v)
{
	bool open, good = take_key(&f->optkey, v, &open);

	if (!good)
		f->cr &= ~CR_OPTWRE;
	else if (open)
		f->cr |= CR_OPTWRE;
	return good;
}

static void write_acr(struct fpec *f, uint32_t v)
{
	f->acr = v & f->desc->acr_writable;
	core_set_fetch(f->m->core, f->no_wait_states ? 0 : v & 7, false,
		       v & ACR_PRFTBE);
}

/* -- registers ------------------------------------------------------------- */

uint32_t fpec_reg_read(const struct fpec *f, uint32_t off)
{
	switch (off) {
	case ACR:
		return f->acr | (f->acr & ACR_PRFTBE ? ACR_PRFTBS : 0);
	case SR:
		return f->sr | (f->op != FPEC_NONE ? SR_BSY : 0);
	case CR:
		return f->cr;
	case AR:
		return f->ar;
	case OBR:
		return read_obr(f);
	case WRPR:
		return read_wrpr(f);
	default:
		return 0; /* the key registers, too */
	}
}

bool fpec_reg_write(struct fpec *f, uint32_t off, uint32_t v)
{
	switch (off) {
	case ACR:
		write_acr(f, v);
		return true;
	case KEYR:
		return write_key(f, v);
	case OPTKEYR:
		return write_optkey(f, v);
	case SR:
		f->sr &= ~(v & (SR_ERRORS | SR_EOP));
		fpec_irq(f);
		return true;
	case CR:
		write_cr(f, v);
		return true;
	case AR:
		if (f->op == FPEC_NONE)
			f->ar = v;
		return true;
	default:
		return true;
	}
}

void fpec_reset(struct fpec *f)
{
	fpec_abort(f);
	f->sr = f->ar = 0;
	f->cr = CR_LOCK;
	f->key = f->optkey = (struct fpec_lock){ 0 };
	write_acr(f, f->desc->acr_reset);
	fpec_irq(f);
}
