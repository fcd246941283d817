/* SPDX-License-Identifier: MIT */
/* The chip, through whatever kind of probe it is.  (probe/dbg.h) */
#include "probe/dbg.h"

#include "probe/internal.h"

int dbg_connect(struct probe *p)
{
	return p->ops->connect(p);
}

int dbg_connect_reset(struct probe *p)
{
	return p->ops->connect_reset(p);
}

void dbg_disconnect(struct probe *p)
{
	p->ops->disconnect(p);
}

int dbg_recover(struct probe *p)
{
	return p->ops->recover(p);
}

uint32_t dbg_dpidr(const struct probe *p)
{
	return p->info.dpidr ? p->dpidr : 0;
}

uint32_t dbg_ap_idr(const struct probe *p)
{
	return p->info.dpidr ? p->ap_idr : 0;
}

int dbg_rom_identity(struct probe *p, uint32_t *out_designer,
		     uint32_t *out_part)
{
	return p->ops->rom_identity(p, out_designer, out_part);
}

/* -- memory, queued ------------------------------------------------------ */

void dbg_queue_read32(struct probe *p, uint32_t addr, uint32_t *out)
{
	p->ops->queue_read32(p, addr, out);
}

void dbg_queue_write32(struct probe *p, uint32_t addr, uint32_t v)
{
	p->ops->queue_write32(p, addr, v);
}

void dbg_queue_read(struct probe *p, uint32_t addr, uint8_t *out, size_t len)
{
	p->ops->queue_read(p, addr, out, len);
}

void dbg_queue_write(struct probe *p, uint32_t addr, const uint8_t *buf,
		     size_t len)
{
	p->ops->queue_write(p, addr, buf, len);
}

void dbg_queue_match32(struct probe *p, uint32_t addr, uint32_t mask,
		       uint32_t value)
{
	p->ops->queue_match32(p, addr, mask, value);
}

int dbg_flush(struct probe *p)
{
	return p->ops->flush(p);
}

/* -- one call, one answer ------------------------------------------------ */

static int check_words(uint32_t addr, size_t len)
{
	return addr % 4 != 0 || len % 4 != 0 ? E_ARG : 0;
}

int dbg_read(struct probe *p, uint32_t addr, void *out, size_t len)
{
	int err = check_words(addr, len);

	if (err != 0)
		return err;
	dbg_queue_read(p, addr, out, len);
	return dbg_flush(p);
}

int dbg_write(struct probe *p, uint32_t addr, const void *buf, size_t len)
{
	int err = check_words(addr, len);

	if (err != 0)
		return err;
	dbg_queue_write(p, addr, buf, len);
	return dbg_flush(p);
}

int dbg_read32(struct probe *p, uint32_t addr, uint32_t *out)
{
	uint32_t v;
	int err;

	dbg_queue_read32(p, addr, &v);
	err = dbg_flush(p);
	if (err == 0)
		*out = v;
	return err;
}

/*
 * The probe gives up after about 0.1 s at the clock asked for; the wait goes
 * on packet by packet.  A slower wire only waits longer.
 */
int dbg_poll32(struct probe *p, uint32_t addr, uint32_t mask, uint32_t value,
	       uint32_t timeout_us)
{
	uint32_t waited = 0;
	int err;

	do {
		dbg_queue_match32(p, addr, mask, value);
		err = dbg_flush(p);
		waited += DBG_MATCH_US;
	} while (err == E_TIMEOUT && waited < timeout_us);
	return err;
}

int dbg_load(struct probe *p, const struct dbg_piece *pieces, size_t count)
{
	if (p->ops->load != NULL)
		return p->ops->load(p, pieces, count);
	probe_fail(p, E_UNSUPPORTED, "this probe has no flash driver");
	p->err = 0;
	return E_UNSUPPORTED;
}

/* -- core ---------------------------------------------------------------- */

int dbg_halt(struct probe *p)
{
	return p->ops->halt(p);
}

int dbg_resume(struct probe *p)
{
	return p->ops->resume(p);
}

int dbg_step(struct probe *p)
{
	return p->ops->step(p);
}

int dbg_reset_halt(struct probe *p)
{
	return p->ops->reset_halt(p);
}

int dbg_reset_run(struct probe *p)
{
	return p->ops->reset_run(p);
}

int dbg_reg_read(struct probe *p, unsigned sel, uint32_t *out)
{
	return p->ops->reg_read(p, sel, out);
}

void dbg_queue_reg_write(struct probe *p, unsigned sel, uint32_t v)
{
	p->ops->queue_reg_write(p, sel, v);
}

int dbg_detach(struct probe *p)
{
	return p->ops->detach(p);
}
