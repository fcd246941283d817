/* SPDX-License-Identifier: MIT */
/* The core behind a GDB server: registers, resets, running. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/rw.h"
#include "probe/gdb.h"
#include "probe/tcp.h"

#define AIRCR 0xe000ed0cu
#define DHCSR 0xe000edf0u
#define DEMCR 0xe000edfcu
#define DBG_HALTED 0xa05f0003u /* key, C_HALT, C_DEBUGEN */
#define CATCH_RESET 0x01000001u
#define SYSRESETREQ 0x05fa0004u
#define S_HALT (1u << 17)
/* No core holds it by chance in the place where it is looked for. */
#define SENTINEL 0x5ea7ed01u
#define SENTINEL_REG 12
#define RESET_MS 2000

/* Names of DCRSR's numbers. */
static int reg_index(unsigned sel)
{
	if (sel == DBG_REG_SPECIAL)
		return GDB_REG_PRIMASK;
	return sel <= DBG_REG_XPSR ? (int)sel : -1;
}

/* All registers in one packet; r0..r15 are first in it whatever else is. */
static int all_registers(struct probe *p, uint8_t file[GDB_BODY_MAX / 2],
			 size_t *ret_len)
{
	struct gdb *g = p->gdb;
	int err = gdb_askf(p, "g");

	if (err != 0)
		return err;
	if (gdb_is_error(g) || g->rx.len < 2 * 64 ||
	    g->rx.len > GDB_BODY_MAX - 2)
		return probe_fail(p, E_PROBE,
				  "the GDB server gives no registers");
	/* 'x' stands for what it does not know */
	for (size_t i = 0; i < g->rx.len; i++)
		if (g->rx.buf[i] == 'x')
			g->rx.buf[i] = '0';
	*ret_len = g->rx.len / 2;
	if (gdb_unhex(g->rx.buf, g->rx.len, file, *ret_len) != 0)
		return probe_fail(p, E_PROBE,
				  "the GDB server's registers make no sense");
	return 0;
}

static int reg_unknown(struct probe *p, unsigned sel)
{
	return probe_fail(p, E_UNSUPPORTED,
			  "the GDB server gives no access to register %u", sel);
}

/* For a server that knows no P. */
static int write_all(struct probe *p, unsigned sel, uint32_t v)
{
	uint8_t file[GDB_BODY_MAX / 2], body[GDB_BODY_MAX] = "G";
	size_t len;
	int err;

	if (sel >= DBG_REG_XPSR)
		return reg_unknown(p, sel);
	err = all_registers(p, file, &len);
	if (err != 0)
		return err;
	for (unsigned i = 0; i < 4; i++)
		file[4 * sel + i] = (uint8_t)(v >> 8 * i);
	gdb_hex(file, len, body + 1);
	err = gdb_ask(p, body, 1 + 2 * len);
	if (err == 0 && !gdb_is_ok(p->gdb))
		err = reg_unknown(p, sel);
	return err;
}

void gdb_queue_reg_write(struct probe *p, unsigned sel, uint32_t v)
{
	uint8_t bytes[4] = { v & 0xff, v >> 8 & 0xff, v >> 16 & 0xff, v >> 24 };
	uint8_t hex[9] = { 0 };
	int i = reg_index(sel);
	struct gdb *g = p->gdb;

	if (i == GDB_REG_PRIMASK && !g->regs.reg[i].known)
		return; /* probe/dbg.h */
	if (i < 0 || !g->regs.reg[i].known) {
		reg_unknown(p, sel);
		return;
	}
	if (!gdb_may_access(p))
		return;
	gdb_hex(bytes, (g->regs.reg[i].bits + 7u) / 8, hex);
	if (gdb_askf(p, "P%" PRIx32 "=%s", g->regs.reg[i].number, hex) != 0)
		return;
	if (gdb_is_empty(g))
		write_all(p, sel, v);
	else if (!gdb_is_ok(g))
		reg_unknown(p, sel);
}

static int reg_get(struct probe *p, unsigned sel, uint32_t *out)
{
	uint8_t file[GDB_BODY_MAX / 2] = { 0 };
	struct gdb *g = p->gdb;
	int i = reg_index(sel);
	size_t len = 4, at = 0;
	struct rd r;
	int err;

	if (i < 0 || !g->regs.reg[i].known)
		return reg_unknown(p, sel);
	if (!gdb_may_access(p))
		return p->err;
	err = gdb_askf(p, "p%" PRIx32, g->regs.reg[i].number);
	if (err != 0)
		return err;
	if (gdb_is_error(g) || (gdb_is_empty(g) && sel >= DBG_REG_XPSR))
		return reg_unknown(p, sel);
	if (gdb_is_empty(g)) {
		err = all_registers(p, file, &len);
		at = 4 * (size_t)sel;
	} else if (g->rx.len / 2 > 4 ||
		   gdb_unhex(g->rx.buf, g->rx.len, file, g->rx.len / 2) != 0) {
		err = probe_fail(p, E_PROBE,
				 "the GDB server's answer about a register "
				 "makes no sense");
	}
	if (err != 0)
		return err;
	rd_init(&r, file + at, 4);
	*out = rd_u32(&r);
	return 0;
}

int gdb_reg_read(struct probe *p, unsigned sel, uint32_t *out)
{
	int err = reg_get(p, sel, out);

	p->err = 0;
	return err;
}

int gdb_halt(struct probe *p)
{
	p->gdb->want_run = false;
	(void)gdb_may_access(p); /* the flush tells */
	return gdb_flush(p);
}

int gdb_resume(struct probe *p)
{
	gdb_barrier(p);
	p->gdb->want_run = p->err == 0;
	return gdb_flush(p);
}

int gdb_step(struct probe *p)
{
	p->gdb->want_run = false;
	gdb_barrier(p);
	if (gdb_may_access(p))
		gdb_noted(gdb_step_one(p));
	return gdb_flush(p);
}

/* Through the core's own reset register. */
static void reset_by_register(struct probe *p)
{
	gdb_queue_write32(p, DHCSR, DBG_HALTED);
	gdb_queue_write32(p, DEMCR, CATCH_RESET);
	gdb_queue_write32(p, AIRCR, SYSRESETREQ);
	gdb_queue_match32(p, DHCSR, S_HALT, S_HALT);
}

/* A reset that comes after its answer: a register tells when. */
static void reset_and_look(struct probe *p, const char *command)
{
	int64_t deadline = tcp_now_ms() + RESET_MS;
	uint32_t v = SENTINEL;

	gdb_queue_reg_write(p, SENTINEL_REG, SENTINEL);
	if (p->err == 0 && gdb_order(p, command) == E_UNSUPPORTED)
		probe_fail(p, E_PROBE, "the GDB server refuses to reset");
	while (v == SENTINEL && p->err == 0) {
		if (tcp_now_ms() > deadline)
			probe_fail(p, E_PROBE, "the core was not reset");
		gdb_pause_us(GDB_LOOK_US);
		gdb_noted(reg_get(p, SENTINEL_REG, &v));
	}
}

static void reset_by_monitor(struct probe *p, const char *command)
{
	if (p->gdb->server->reset_late) {
		reset_and_look(p, command);
		return;
	}
	if (gdb_order(p, command) == E_UNSUPPORTED)
		probe_fail(p, E_PROBE, "the GDB server refuses to reset");
}

int gdb_reset_halt(struct probe *p)
{
	struct gdb *g = p->gdb;

	g->want_run = false;
	gdb_barrier(p);
	if (!gdb_may_access(p))
		return gdb_flush(p);
	if (g->server->reset_halt != NULL)
		reset_by_monitor(p, g->server->reset_halt);
	else
		reset_by_register(p);
	return gdb_flush(p);
}

/* Halted and let go at once: nothing depends on how a server counts a core
 * that it has not let run itself. */
int gdb_reset_run(struct probe *p)
{
	int err = gdb_reset_halt(p);

	if (err == 0 && p->gdb->server->reset_halt == NULL) {
		gdb_queue_write32(p, DEMCR, 0);
		err = gdb_flush(p);
	}
	return err != 0 ? err : gdb_resume(p);
}
