/* SPDX-License-Identifier: MIT */
/*
 * Flash controller (RM0394 chapter 3): double-word programming, erase,
 * fast programming of rows, option bytes, errors, time.  A cut or a reset in
 * mid-operation leaves the cells torn: random between old and new, with an ECC
 * that does not fit.
 */
#include <string.h>

#include "vmcu/stm32l4/flash_int.h"

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

void l4_flash_irq(struct l4 *l)
{
	const struct l4_flash *f = &l->fl;
	bool level = (f->cr & CR_EOPIE && f->sr & SR_EOP) ||
		     (f->cr & CR_ERRIE && f->sr & SR_OPERR);

	mcu_irq(l->m, IRQ_FLASH, level);
}

void l4_flash_fail(struct l4 *l, uint32_t error)
{
	l->fl.sr |= error;
	if (l->fl.cr & CR_ERRIE)
		l->fl.sr |= SR_OPERR;
	l->fl.half = false;
	l4_flash_irq(l);
}

static void fail_fast(struct l4 *l, uint32_t error)
{
	l->fl.row_left = 0;
	l4_flash_fail(l, error | SR_FASTERR);
}

void l4_flash_start(struct l4 *l, enum l4_flash_op op)
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
		l4_flash_start(l, OP_OPTIONS);
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
	l4_flash_irq(l);
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
		l4_flash_fail(l, SR_PGAERR);
	} else if (l4_page_protected(l, offset / L4_PAGE_SIZE)) {
		l4_flash_fail(l, SR_WRPERR);
	} else if (data != 0 && (old != UINT64_MAX || l->ecc_bad[offset / 8])) {
		l4_flash_fail(l, SR_PROGERR);
	} else {
		f->op_addr = f->half_addr;
		f->op_data = data;
		l4_flash_start(l, OP_PROGRAM);
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
		l4_flash_fail(l, SR_PGSERR);
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
		l4_flash_start(l, OP_FAST);
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
		l4_flash_fail(l, SR_PGSERR);
		return true;
	}
	if (size != 4) {
		l4_flash_fail(l, SR_SIZERR);
		return true;
	}
	if (f->half)
		return second_half(l, offset, v);
	if (offset & 4) {
		l4_flash_fail(l, SR_PGAERR);
		return true;
	}
	f->half = true;
	f->half_addr = offset;
	f->half_data = v;
	return true;
}
