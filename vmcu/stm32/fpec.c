/* SPDX-License-Identifier: MIT */
/* Cells, operations and stores of the F1's and F0's flash controller. */
#include <stdlib.h>
#include <string.h>

#include "vmcu/stm32/fpec_int.h"

/* -- life ------------------------------------------------------------------ */

int fpec_init(struct fpec *f, struct mcu *m, const struct fpec_desc *desc,
	      const struct fpec_chip *chip)
{
	*f = (struct fpec){ .m = m, .desc = desc, .chip = chip };
	f->flash = aligned_alloc(4096, desc->size);
	f->loose = calloc(1, desc->size);
	if (f->flash == NULL || f->loose == NULL) {
		fpec_free(f);
		return E_NOMEM;
	}
	memset(f->flash, 0xff, desc->size);
	memcpy(f->option, desc->option_initial, sizeof(f->option));
	f->cr = CR_LOCK;
	return 0;
}

void fpec_free(struct fpec *f)
{
	free(f->flash);
	free(f->loose);
	f->flash = f->loose = NULL;
}

/* -- cells ----------------------------------------------------------------- */

static uint16_t get(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static void put(uint8_t *p, uint16_t v)
{
	p[0] = v & 0xff;
	p[1] = v >> 8;
}

/* What is not settled falls anew at each look. */
static uint16_t look(struct fpec *f, uint16_t v, uint16_t loose)
{
	if (loose == 0)
		return v;
	return (uint16_t)((v & ~loose) | (mcu_noise(f->m) & loose));
}

static uint16_t cell(struct fpec *f, uint32_t offset)
{
	uint16_t loose = get(f->loose + offset);

	if (loose != 0)
		put(f->flash + offset, look(f, get(f->flash + offset), loose));
	return get(f->flash + offset);
}

uint16_t fpec_option_cell(struct fpec *f, unsigned i)
{
	f->option[i] = look(f, f->option[i], f->option_loose[i]);
	return f->option[i];
}

static void set_cell(struct fpec *f, uint32_t offset, uint16_t v,
		     uint16_t loose)
{
	f->loose_count -= get(f->loose + offset) != 0;
	f->loose_count += loose != 0;
	put(f->flash + offset, v);
	put(f->loose + offset, loose);
}

/* A core's loads go past us: while anything is loose, they are shown first. */
static void update_trap(struct fpec *f)
{
	struct core *c = f->m->core;
	const uint32_t bases[2] = { f->desc->base, 0 };
	bool want = f->loose_count > 0;

	if (want == f->trapped)
		return;
	f->trapped = want;
	for (unsigned i = 0; i < 2; i++) {
		if (want)
			core_trap_reads(c, bases[i], f->desc->size,
					&f->trap[i]);
		else
			core_untrap_reads(c, &f->trap[i]);
	}
}

static void cells_changed(struct fpec *f, uint32_t offset, uint32_t len)
{
	core_code_changed(f->m->core, f->desc->base + offset, len);
	update_trap(f);
}

void fpec_changed(struct fpec *f, uint32_t offset, uint32_t len)
{
	f->loose_count = 0;
	for (uint32_t o = 0; o < f->desc->size; o += 2)
		f->loose_count += get(f->loose + o) != 0;
	cells_changed(f, offset, len);
}

bool fpec_torn(const struct fpec *f, uint32_t addr)
{
	uint32_t offset = addr - f->desc->base;

	return offset < f->desc->size && get(f->loose + (offset & ~1u)) != 0;
}

void fpec_state(struct fpec *f, struct state_table *out)
{
	*out = (struct state_table){
		.section = {
			{ "OPTS", STATE_BYTES, f->option, sizeof(f->option) },
			{ "OPTL", STATE_BYTES, f->option_loose,
			  sizeof(f->option_loose) },
			{ "FLSH", STATE_BYTES, f->flash, f->desc->size },
			{ "LOOS", STATE_BYTES, f->loose, f->desc->size },
		},
		.count = 4,
	};
}

uint32_t fpec_read(struct fpec *f, uint32_t offset, unsigned size)
{
	uint32_t v = cell(f, offset & ~1u);

	if (size == 4)
		return v | (uint32_t)cell(f, offset + 2) << 16;
	return size == 2 ? v : v >> 8 * (offset & 1) & 0xff;
}

uint32_t fpec_option_read(struct fpec *f, uint32_t offset, unsigned size)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < size; i++) {
		uint32_t at = offset + i;
		uint16_t pair = at / 2 < FPEC_OPTIONS
					? fpec_option_cell(f, at / 2)
					: 0xffff;

		v |= (uint32_t)(pair >> 8 * (at & 1) & 0xff) << 8 * i;
	}
	return v;
}

/* -- operations ------------------------------------------------------------ */

void fpec_irq(struct fpec *f)
{
	bool level = (f->cr & CR_EOPIE && f->sr & SR_EOP) ||
		     (f->cr & CR_ERRIE && f->sr & SR_ERRORS);

	mcu_irq(f->m, f->desc->irq, level);
}

void fpec_fail(struct fpec *f, uint32_t errors)
{
	f->sr |= errors;
	f->cr &= ~CR_STRT;
	fpec_irq(f);
}

void fpec_start(struct fpec *f, enum fpec_op op)
{
	uint64_t ns = f->desc->ns[op][f->m->flash_time];

	f->op = op;
	core_flash_busy(f->m->core, true);
	if (f->chip->hsi_on(f->m))
		mcu_due(f->m, f->desc->event, f->m->now + ns * 1000);
}

static void program(struct fpec *f, bool torn)
{
	uint16_t old = cell(f, f->op_at);
	uint16_t loose = torn ? old & (uint16_t)~f->op_data : 0;

	set_cell(f, f->op_at, torn ? old : f->op_data, loose);
	cells_changed(f, f->op_at, 2);
}

static void erase(struct fpec *f, uint32_t offset, uint32_t len, bool torn)
{
	for (uint32_t o = offset; o < offset + len; o += 2) {
		uint16_t old = get(f->flash + o);
		uint16_t loose = get(f->loose + o);

		if (torn) /* what was 0 is somewhere on its way to 1 */
			loose |= (uint16_t)(~old & mcu_noise(f->m));
		set_cell(f, o, torn ? old : 0xffff, torn ? loose : 0);
	}
	cells_changed(f, offset, len);
}

static void program_option(struct fpec *f, bool torn)
{
	unsigned i = f->op_at;
	uint8_t v = f->op_data & 0xff;
	uint16_t pair = (uint16_t)(v | (uint8_t)~v << 8);

	f->option_loose[i] = torn ? f->option[i] & (uint16_t)~pair : 0;
	if (!torn)
		f->option[i] = pair;
}

static void erase_options(struct fpec *f, bool torn)
{
	for (unsigned i = 0; i < FPEC_OPTIONS; i++) {
		uint16_t old = f->option[i];

		f->option_loose[i] = torn ? (uint16_t)~old : 0;
		f->option[i] = torn ? old : 0xffff;
	}
}

static void finish(struct fpec *f, bool torn)
{
	switch (f->op) {
	case FPEC_PROGRAM:
		program(f, torn);
		break;
	case FPEC_PAGE:
		erase(f, f->op_at, f->desc->page, torn);
		break;
	case FPEC_MASS:
		erase(f, 0, f->desc->size, torn);
		break;
	case FPEC_REGRESS:
		erase(f, 0, f->desc->size, torn);
		f->chip->regressed(f->m);
		break;
	case FPEC_OPTION:
		program_option(f, torn);
		break;
	case FPEC_OPTION_ERASE:
		erase_options(f, torn);
		break;
	case FPEC_NONE:
	case FPEC_OPS:
		break;
	}
}

static void replay_stores(struct fpec *f)
{
	unsigned n = f->queued, i = 0;

	f->queued = 0;
	for (; i < n && f->op == FPEC_NONE; i++)
		(void)!fpec_store(f, MASTER_CORE, f->queue[i].offset, 2,
				  f->queue[i].v);
	for (; i < n; i++)
		f->queue[f->queued++] = f->queue[i];
	if (f->queued > 0)
		core_stall(f->m->core);
}

void fpec_event(struct fpec *f)
{
	enum fpec_op op = f->op;
	bool torn = mcu_cut_here(f->m);

	finish(f, torn);
	f->op = FPEC_NONE;
	if (op == FPEC_REGRESS && !torn) {
		f->op_at = FPEC_RDP;
		fpec_start(f, FPEC_OPTION);
		return;
	}
	f->cr &= ~CR_STRT;
	core_flash_busy(f->m->core, false);
	if (torn)
		return;
	f->sr |= SR_EOP;
	fpec_irq(f);
	replay_stores(f);
}

void fpec_abort(struct fpec *f)
{
	f->queued = 0;
	if (f->op == FPEC_NONE)
		return;
	finish(f, true);
	f->op = FPEC_NONE;
	core_flash_busy(f->m->core, false);
}

/* -- stores ---------------------------------------------------------------- */

static uint32_t refusal(struct fpec *f, uint32_t offset, uint16_t v)
{
	if (f->chip->shut(f->m))
		return f->desc->shut_error;
	if (fpec_protected(f, offset))
		return FPEC_SR_WRPRTERR;
	/* zeros go over anything (PM0075 2.3.3) */
	return v != 0 && cell(f, offset) != 0xffff ? FPEC_SR_PGERR : 0;
}

bool fpec_store(struct fpec *f, enum mcu_master by, uint32_t offset,
		unsigned size, uint32_t v)
{
	uint32_t error;

	if (size != 2)
		return false;
	if (f->op != FPEC_NONE) { /* the bus waits until it is done */
		if (f->queued < FPEC_QUEUE) {
			f->queue[f->queued].offset = offset;
			f->queue[f->queued++].v = v;
		}
		if (by == MASTER_CORE)
			core_stall(f->m->core);
		return true;
	}
	if (!(f->cr & CR_PG))
		return true;
	error = refusal(f, offset, (uint16_t)v);
	if (error != 0) {
		fpec_fail(f, error);
		return true;
	}
	f->op_at = offset;
	f->op_data = (uint16_t)v;
	fpec_start(f, FPEC_PROGRAM);
	return true;
}

bool fpec_option_store(struct fpec *f, uint32_t offset, unsigned size,
		       uint32_t v)
{
	const struct fpec_desc *d = f->desc;
	unsigned i = offset / 2;
	bool opens = i == FPEC_RDP && (v & 0xff) == d->rdp_open;

	if (size != 2)
		return false;
	if (f->op != FPEC_NONE || i >= d->options ||
	    (f->cr & (CR_OPTPG | CR_OPTWRE)) != (CR_OPTPG | CR_OPTWRE))
		return true;
	if (f->level == 2 && i == FPEC_RDP) {
		fpec_fail(f, FPEC_SR_WRPRTERR);
	} else if (fpec_option_cell(f, i) != 0xffff) {
		fpec_fail(f, d->option_clash);
	} else {
		f->op_at = i;
		f->op_data = (uint16_t)v;
		fpec_start(f,
			   opens && f->level == 1 ? FPEC_REGRESS : FPEC_OPTION);
	}
	return true;
}
