/* SPDX-License-Identifier: MIT */
/*
 * Flash controller (RM0394 chapter 3): keys, double-word programming, erase,
 * fast programming of rows, option bytes, errors, time.  A cut or a reset in
 * mid-operation leaves the cells torn: random between old and new, with an ECC
 * that does not fit.
 */
#include <string.h>

#include "vmcu/stm32l4/l4.h"

#define KEY1 0x45670123u
#define KEY2 0xcdef89abu
#define OPTKEY1 0x08192a3bu
#define OPTKEY2 0x4c5d6e7fu

#define ROW_SIZE 256u
#define FAST_HZ_MIN 8000000u

#define SR_EOP (1u << 0)
#define SR_OPERR (1u << 1)
#define SR_PROGERR (1u << 3)
#define SR_WRPERR (1u << 4)
#define SR_PGAERR (1u << 5)
#define SR_SIZERR (1u << 6)
#define SR_PGSERR (1u << 7)
#define SR_MISERR (1u << 8)
#define SR_FASTERR (1u << 9)
#define SR_BSY (1u << 16)
#define SR_PEMPTY (1u << 17)
#define SR_DIRTY                                                      \
	(SR_PROGERR | SR_WRPERR | SR_PGAERR | SR_SIZERR | SR_PGSERR | \
	 SR_MISERR | SR_FASTERR)
#define SR_CLEARABLE 0xc3fbu

#define CR_PG (1u << 0)
#define CR_PER (1u << 1)
#define CR_MER1 (1u << 2)
#define CR_PNB(cr) ((cr) >> 3 & 0xff)
#define CR_STRT (1u << 16)
#define CR_OPTSTRT (1u << 17)
#define CR_FSTPG (1u << 18)
#define CR_EOPIE (1u << 24)
#define CR_ERRIE (1u << 25)
#define CR_OBL (1u << 27)
#define CR_OPTLOCK (1u << 30)
#define CR_LOCK (1u << 31)
#define CR_PLAIN 0x070707ffu

#define ECCR_ECCIE (1u << 24)
#define ECCR_ECCC (1u << 30)
#define ECCR_ECCD (1u << 31)

/*
 * Times in ns, minimum, typical, maximum (DS11451 table 48; it gives no
 * minimum: nine tenths of typical here).  Options: one erase of their page
 * and five double words.
 */
static const uint32_t times[][3] = {
	[OP_PROGRAM] = { 73521, 81690, 90760 },
	[OP_FAST] = { 53719, 59688, 66250 }, /* a row takes 32 of them */
	[OP_PAGE] = { 19818000, 22020000, 24470000 },
	[OP_MASS] = { 19917000, 22130000, 24590000 },
	[OP_REGRESS] = { 19917000, 22130000, 24590000 },
	[OP_OPTIONS] = { 20185605, 22428450, 24923800 },
};

static void update_irq(struct l4 *l)
{
	const struct l4_flash *f = &l->fl;
	bool level = (f->cr & CR_EOPIE && f->sr & SR_EOP) ||
		     (f->cr & CR_ERRIE && f->sr & SR_OPERR);

	mcu_irq(l->m, IRQ_FLASH, level);
}

static void fail(struct l4 *l, uint32_t error)
{
	l->fl.sr |= error;
	if (l->fl.cr & CR_ERRIE)
		l->fl.sr |= SR_OPERR;
	l->fl.half = false;
	update_irq(l);
}

static void fail_fast(struct l4 *l, uint32_t error)
{
	l->fl.row_left = 0;
	fail(l, error | SR_FASTERR);
}

static void start(struct l4 *l, enum l4_flash_op op)
{
	uint64_t ns = times[op][l->m->flash_time];

	l->fl.op = op;
	core_flash_busy(l->m->core, true);
	mcu_due(l->m, EVENT_FLASH, l->m->now + ns * 1000);
}

/* -- cells ----------------------------------------------------------------- */

static void put_dword(struct l4 *l, uint32_t offset, uint64_t v, bool bad)
{
	memcpy(l->flash + offset, &v, 8);
	l->ecc_bad[offset / 8] = bad;
}

static uint64_t get_dword(const struct l4 *l, uint32_t offset)
{
	uint64_t v;

	memcpy(&v, l->flash + offset, 8);
	return v;
}

static void program(struct l4 *l, bool torn)
{
	uint32_t offset = l->fl.op_addr;
	uint64_t old = get_dword(l, offset), v = l->fl.op_data;

	if (torn)
		v = old & (v | mcu_noise(l->m));
	put_dword(l, offset, v, torn);
	l4_flash_changed(l, offset, 8);
}

/* Nobody looks whether the cells are erased: two values become their AND,
 * under an ECC of neither. */
static void program_fast(struct l4 *l, bool torn)
{
	if (get_dword(l, l->fl.op_addr) != UINT64_MAX) {
		l->fl.op_data &= get_dword(l, l->fl.op_addr);
		torn = true;
	}
	program(l, torn);
}

static void erase(struct l4 *l, uint32_t offset, uint32_t len, bool torn)
{
	for (uint32_t o = offset; o < offset + len; o += 8) {
		uint64_t v = UINT64_MAX;

		if (torn)
			v = get_dword(l, o) | mcu_noise(l->m);
		put_dword(l, o, v, v != UINT64_MAX);
	}
	l4_flash_changed(l, offset, len);
}

/* Everything that falls when level 1 is left, before the new value. */
static void regress(struct l4 *l, bool torn)
{
	erase(l, 0, L4_FLASH_SIZE, torn);
	l4_sram2_erase(l);
	memset(l->backup, 0, sizeof(l->backup));
}

static void program_options(struct l4 *l, bool torn)
{
	for (unsigned i = 0; i < OPT_COUNT; i++) {
		l->opt.stored[i] = l4_options_pair(l->opt.reg[i]);
		if (torn)
			l->opt.stored[i] ^= 1ull << mcu_noise(l->m) % 64;
	}
}

static void finish(struct l4 *l, bool torn)
{
	struct l4_flash *f = &l->fl;

	switch (f->op) {
	case OP_PROGRAM:
		program(l, torn);
		break;
	case OP_FAST:
		program_fast(l, torn);
		break;
	case OP_PAGE:
		erase(l, f->op_addr, L4_PAGE_SIZE, torn);
		break;
	case OP_MASS:
		erase(l, 0, L4_FLASH_SIZE, torn);
		f->erased = !torn;
		break;
	case OP_REGRESS:
		regress(l, torn);
		break;
	case OP_OPTIONS:
		program_options(l, torn);
		break;
	case OP_NONE:
		break;
	}
}

static void replay_stores(struct l4 *l)
{
	struct l4_flash *f = &l->fl;
	unsigned n = f->queued, i = 0;

	f->queued = 0;
	for (; i < n && f->op == OP_NONE; i++)
		(void)l4_flash_store(l, MASTER_CORE, f->queue[i].addr, 4,
				     f->queue[i].v);
	for (; i < n; i++)
		f->queue[f->queued++] = f->queue[i];
	if (f->queued > 0)
		core_stall(l->m->core);
}

void l4_flash_event(struct l4 *l)
{
	struct l4_flash *f = &l->fl;
	enum l4_flash_op op = f->op;
	bool torn = mcu_cut_here(l->m);

	finish(l, torn);
	if (op == OP_REGRESS && !torn) {
		start(l, OP_OPTIONS);
		return;
	}
	f->op = OP_NONE;
	f->cr &= ~(CR_STRT | CR_OPTSTRT);
	core_flash_busy(l->m->core, false);
	if (torn)
		return;
	if (f->row_left > 0 && f->queued == 0) {
		fail_fast(l, SR_MISERR); /* the next double word is late */
		return;
	}
	if (f->cr & CR_EOPIE)
		f->sr |= SR_EOP;
	update_irq(l);
	replay_stores(l);
}

void l4_flash_abort(struct l4 *l)
{
	if (l->fl.op == OP_NONE)
		return;
	finish(l, true);
	l->fl.op = OP_NONE;
	core_flash_busy(l->m->core, false);
}

/* -- stores to the flash itself -------------------------------------------- */

static bool second_half(struct l4 *l, uint32_t offset, uint32_t v)
{
	struct l4_flash *f = &l->fl;
	uint64_t data = (uint64_t)v << 32 | f->half_data;
	uint64_t old = get_dword(l, f->half_addr);

	f->half = false;
	if (offset != f->half_addr + 4) {
		fail(l, SR_PGAERR);
	} else if (l4_page_protected(l, offset / L4_PAGE_SIZE)) {
		fail(l, SR_WRPERR);
	} else if (data != 0 && (old != UINT64_MAX || l->ecc_bad[offset / 8])) {
		fail(l, SR_PROGERR);
	} else {
		f->op_addr = f->half_addr;
		f->op_data = data;
		start(l, OP_PROGRAM);
	}
	return true;
}

/*
 * RM0394 3.3.7: after a mass erase, HCLK 8 MHz at least, 32 double words of
 * one row in order, each before the one in front is done.
 */
static void fast_store(struct l4 *l, uint32_t offset, unsigned size, uint32_t v)
{
	struct l4_flash *f = &l->fl;

	if (f->sr & SR_DIRTY || f->cr & CR_PG || !f->erased) {
		fail(l, SR_PGSERR);
	} else if (size != 4) {
		fail_fast(l, SR_SIZERR);
	} else if (f->row_left == 0 ? offset % ROW_SIZE != 0
				    : offset != f->row_next) {
		fail_fast(l, SR_PGAERR);
	} else if (l4_page_protected(l, offset / L4_PAGE_SIZE)) {
		fail_fast(l, SR_WRPERR);
	} else if (l4_rcc_hclk(l) < FAST_HZ_MIN) {
		fail_fast(l, 0);
	} else {
		if (f->row_left == 0)
			f->row_left = ROW_SIZE / 8;
		f->row_next = offset + 4;
		if (!(offset & 4)) {
			f->half_data = v;
			return;
		}
		f->op_addr = offset - 4;
		f->op_data = (uint64_t)v << 32 | f->half_data;
		f->row_left--;
		start(l, OP_FAST);
	}
}

bool l4_flash_store(struct l4 *l, enum mcu_master by, uint32_t offset,
		    unsigned size, uint32_t v)
{
	struct l4_flash *f = &l->fl;

	if (f->op != OP_NONE) { /* the bus waits until it is done */
		if (f->queued < 4) {
			f->queue[f->queued].addr = offset;
			f->queue[f->queued++].v = v;
		}
		if (by == MASTER_CORE)
			core_stall(l->m->core);
		return true;
	}
	if (f->cr & CR_FSTPG) {
		fast_store(l, offset, size, v);
		return true;
	}
	if (!(f->cr & CR_PG) || f->sr & SR_DIRTY) {
		fail(l, SR_PGSERR);
		return true;
	}
	if (size != 4) {
		fail(l, SR_SIZERR);
		return true;
	}
	if (f->half)
		return second_half(l, offset, v);
	if (offset & 4) {
		fail(l, SR_PGAERR);
		return true;
	}
	f->half = true;
	f->half_addr = offset;
	f->half_data = v;
	return true;
}

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
		fail(l, SR_PGSERR);
		return;
	}
	if (l4_flash_shut(l)) {
		fail(l, SR_WRPERR);
		return;
	}
	if (f->cr & CR_MER1 ? any_protected(l)
			    : page >= L4_PAGES || l4_page_protected(l, page)) {
		fail(l, SR_WRPERR);
		return;
	}
	f->cr |= CR_STRT;
	f->op_addr = page * L4_PAGE_SIZE;
	start(l, f->cr & CR_MER1 ? OP_MASS : OP_PAGE);
}

static void start_options(struct l4 *l)
{
	struct l4_flash *f = &l->fl;
	bool opens = (l->opt.reg[OPT_OPTR] & 0xff) == 0xaa;

	if (l4_rdp_level(l) == 2) {
		f->cr &= ~CR_OPTSTRT;
		fail(l, SR_WRPERR);
		return;
	}
	if (f->sr & SR_DIRTY) {
		f->cr &= ~CR_OPTSTRT;
		fail(l, SR_PGSERR);
		return;
	}
	start(l, l4_rdp_level(l) == 1 && opens ? OP_REGRESS : OP_OPTIONS);
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
	update_irq(l);
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

uint32_t l4_flash_read(struct l4 *l, unsigned unit, uint32_t off)
{
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

void l4_flash_write(struct l4 *l, unsigned unit, uint32_t off, uint32_t v,
		    uint32_t mask)
{
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
		update_irq(l);
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
