/* SPDX-License-Identifier: MIT */
/*
 * Non-volatile memory controller (NRM 6): words written by plain stores, bits
 * only from 1 to 0; pages and the whole erased by registers.  The core is
 * halted for as long as any of it takes, wherever its code lies.
 *
 * Whether a store without WEN, or an erase without EEN, does more than nothing
 * is not said: here nothing.  ERASEUICR works only where factory code is
 * present, which this chip has not.
 */
#include <string.h>

#include "vmcu/nrf51/n51.h"

#define READY 0x400
#define CONFIG 0x504
#define ERASEPAGE 0x508
#define ERASEALL 0x50c
#define ERASEPCR0 0x510
#define CONFIG_WEN 1u
#define CONFIG_EEN 2u

/*
 * Times in ns: minimum, typical, maximum.  Only maxima are published (46.3 us,
 * 22.3 ms), and they are typical here; a minimum of nine tenths is made up.
 */
static const uint32_t times[][3] = {
	[OP_WRITE] = { 41670, 46300, 46300 },
	[OP_PAGE] = { 20070000, 22300000, 22300000 },
	[OP_ALL] = { 20070000, 22300000, 22300000 },
};

bool n51_nvmc_busy(const struct n51 *n)
{
	return n->nvmc.op != OP_NONE;
}

static void start(struct n51 *n, enum n51_nvmc_op op, uint32_t at)
{
	uint64_t ns = times[op][n->m->flash_time];

	n->nvmc.op = op;
	n->nvmc.at = at;
	core_flash_busy(n->m->core, true);
	core_stall(n->m->core); /* code in RAM stands still as well */
	mcu_due(n->m, SLOT_NVMC, n->m->now + ns * 1000);
}

/* -- cells ----------------------------------------------------------------- */

static void put_word(struct n51 *n, uint32_t at, uint32_t v, bool torn)
{
	memcpy(n->cells + at, &v, 4);
	n->torn[at / 4] = torn;
}

static void write_word(struct n51 *n, bool torn)
{
	uint32_t at = n->nvmc.at, old = n51_get32(n->cells + at);
	uint32_t v = old & n->nvmc.data;
	bool worn = n->wear[at / 4] >= N51_WRITES;
	/* what has nothing to change cannot be left half changed */
	bool loose = torn && (v != old || n->torn[at / 4]);

	if (torn || worn) /* anything between old and new */
		v |= old & (uint32_t)mcu_noise(n->m);
	if (!worn)
		n->wear[at / 4]++;
	put_word(n, at, v, loose);
	n51_flash_changed(n, at, 4);
}

static void erase(struct n51 *n, uint32_t at, uint32_t len, bool torn)
{
	for (uint32_t i = at; i < at + len; i += 4) {
		uint32_t v = 0xffffffff;

		if (torn)
			v = n51_get32(n->cells + i) | (uint32_t)mcu_noise(n->m);
		put_word(n, i, v, torn && v != 0xffffffff);
		n->wear[i / 4] = 0;
	}
	if (at < N51_FLASH_SIZE)
		n51_flash_changed(
			n, at,
			at + len > N51_FLASH_SIZE ? N51_FLASH_SIZE - at : len);
}

static void finish(struct n51 *n, bool torn)
{
	if (n->nvmc.op == OP_WRITE)
		write_word(n, torn);
	else if (n->nvmc.op == OP_PAGE)
		erase(n, n->nvmc.at, N51_PAGE_SIZE, torn);
	else if (n->nvmc.op == OP_ALL)
		erase(n, 0, N51_CELLS, torn);
}

static void next_of_queue(struct n51 *n)
{
	struct n51_nvmc *f = &n->nvmc;

	if (f->queued == 0)
		return;
	f->data = f->queue[0].v;
	start(n, OP_WRITE, f->queue[0].at);
	f->queued--;
	memmove(f->queue, f->queue + 1, f->queued * sizeof(f->queue[0]));
}

void n51_nvmc_event(struct n51 *n)
{
	bool torn = mcu_cut_here(n->m);

	finish(n, torn);
	n->nvmc.op = OP_NONE;
	core_flash_busy(n->m->core, false);
	if (torn)
		n->nvmc.queued = 0;
	next_of_queue(n);
}

void n51_nvmc_abort(struct n51 *n)
{
	n->nvmc.queued = 0;
	if (n->nvmc.op == OP_NONE)
		return;
	finish(n, true);
	n->nvmc.op = OP_NONE;
	core_flash_busy(n->m->core, false);
}

void n51_nvmc_reset(struct n51 *n)
{
	memset(&n->nvmc, 0, sizeof(n->nvmc));
}

bool n51_nvmc_store(struct n51 *n, enum mcu_master by, uint32_t at, uint32_t v)
{
	struct n51_nvmc *f = &n->nvmc;

	if (f->config != CONFIG_WEN)
		return true;
	if (at < N51_FLASH_SIZE && n51_block_protected(n, at))
		return by == MASTER_DEBUG; /* HardFault for the core */
	if (f->op != OP_NONE) { /* one instruction that stores several */
		if (f->queued == sizeof(f->queue) / sizeof(f->queue[0]))
			return false;
		f->queue[f->queued].at = at;
		f->queue[f->queued++].v = v;
		return true;
	}
	f->data = v;
	start(n, OP_WRITE, at);
	return true;
}

/* -- registers ------------------------------------------------------------- */

void n51_nvmc_task(struct n51 *n, enum n51_id id, unsigned i)
{
	(void)n;
	(void)id;
	(void)i;
}

uint32_t n51_nvmc_read(struct n51 *n, enum n51_id id, uint32_t off)
{
	(void)id;
	if (off == READY)
		return !n51_nvmc_busy(n);
	return off == CONFIG ? n->nvmc.config : 0;
}

static bool any_protected(const struct n51 *n)
{
	for (uint32_t at = 0; at < N51_FLASH_SIZE; at += N51_PAGE_SIZE)
		if (n51_block_protected(n, at))
			return true;
	return false;
}

static bool erase_page(struct n51 *n, enum mcu_master by, uint32_t v)
{
	uint32_t at = v & ~(N51_PAGE_SIZE - 1);
	enum n51_asker who = n51_asker(n, by);
	bool region0 = n->clenr0 != 0xffffffff && at < n->clenr0;

	if (at >= N51_FLASH_SIZE)
		return true;
	if (n51_block_protected(n, at))
		return by == MASTER_DEBUG;
	if (region0) /* ERASEPCR0 is for these */
		return who == ASK_SWD;
	start(n, OP_PAGE, at);
	return true;
}

static bool erase_region0(struct n51 *n, enum mcu_master by, uint32_t v)
{
	enum n51_asker who = n51_asker(n, by);

	if (who == ASK_SWD)
		return true; /* ignored */
	if (who != ASK_REGION0)
		return false;
	if (v < n->clenr0 && v < N51_FLASH_SIZE)
		start(n, OP_PAGE, v & ~(N51_PAGE_SIZE - 1));
	return true;
}

static bool erase_all(struct n51 *n, enum mcu_master by)
{
	if (any_protected(n))
		return by == MASTER_DEBUG;
	start(n, OP_ALL, 0);
	return true;
}

bool n51_nvmc_write(struct n51 *n, enum n51_id id, enum mcu_master by,
		    uint32_t off, uint32_t v)
{
	(void)id;
	if (n51_nvmc_busy(n))
		return true;
	if (off == CONFIG) /* both at once is "unpredictable": neither */
		n->nvmc.config = (v & 3) == 3 ? 0 : v & 3;
	if (n->nvmc.config != CONFIG_EEN)
		return true;
	if (off == ERASEPAGE)
		return erase_page(n, by, v);
	if (off == ERASEPCR0)
		return erase_region0(n, by, v);
	if (off == ERASEALL && v & 1)
		return erase_all(n, by);
	return true;
}
