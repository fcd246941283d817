/* SPDX-License-Identifier: MIT */
/*
 * The chip behind a GDB server: probe/dbg.h on probe/gdb.h.
 *
 * A server takes no packet while the core runs, so the core is stopped for
 * every batch of accesses and let go at its end; code on the chip that polls
 * its memory does not notice.  What is queued is done at once: a question and
 * its answer are one round, and the first error keeps the rest from being
 * asked.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/rw.h"
#include "probe/gdb.h"
#include "probe/tcp.h"

/* -- memory -------------------------------------------------------------- */

/* The core stands, and nothing has failed: accesses may begin. */
static bool may_access(struct probe *p)
{
	if (p->err == 0 && p->gdb->fd < 0)
		probe_fail(p, E_PROBE_LOST, "the GDB server is not connected");
	return p->err == 0 && gdb_stop(p) == 0;
}

static int refused(struct probe *p, const char *what, uint32_t addr)
{
	return probe_fail(p, E_DAP_FAULT,
			  "%s 0x%08" PRIx32
			  ": the GDB server answers with an error",
			  what, addr);
}

static int read_piece(struct probe *p, uint32_t addr, uint8_t *out, size_t len)
{
	struct gdb *g = p->gdb;
	int err = gdb_askf(p, "m%" PRIx32 ",%zx", addr, len);

	if (err != 0)
		return err;
	/* fewer bytes than asked for: the rest cannot be read */
	if (gdb_is_error(g) || gdb_is_empty(g) ||
	    (g->rx.len % 2 == 0 && g->rx.len < 2 * len))
		return refused(p, "read of", addr);
	if (gdb_unhex(g->rx.buf, g->rx.len, out, len) != 0)
		return probe_fail(p, E_PROBE,
				  "the GDB server's answer to a read makes no "
				  "sense");
	return 0;
}

static void gdb_queue_read(struct probe *p, uint32_t addr, uint8_t *out,
			   size_t len)
{
	size_t most = p->gdb->body_max / 2 & ~(size_t)3;

	if (!may_access(p))
		return;
	while (len > 0) {
		size_t n = len < most ? len : most;

		if (read_piece(p, addr, out, n) != 0)
			return;
		addr += (uint32_t)n;
		out += n;
		len -= n;
	}
}

/* "X addr,len:bytes"; a server may answer before it has written, so that an
 * error comes with a later packet (barrier()). */
static int write_binary(struct probe *p, uint32_t addr, const uint8_t *buf,
			size_t len)
{
	struct gdb *g = p->gdb;
	uint8_t body[GDB_BODY_MAX];
	int head = snprintf((char *)body, 32, "X%" PRIx32 ",%zx:", addr, len);
	int err;

	memcpy(body + head, buf, len);
	err = gdb_ask(p, body, (size_t)head + len);
	if (err != 0)
		return err;
	if (gdb_is_empty(g)) {
		g->no_x = true;
		return 0;
	}
	if (!gdb_is_ok(g))
		return g->written
			       ? refused(p, "write at or behind", g->write_at)
			       : refused(p, "write of", addr);
	g->written = true;
	g->write_at = addr;
	return 0;
}

static int write_hex(struct probe *p, uint32_t addr, const uint8_t *buf,
		     size_t len)
{
	uint8_t body[GDB_BODY_MAX];
	int head = snprintf((char *)body, 32, "M%" PRIx32 ",%zx:", addr, len);
	int err;

	gdb_hex(buf, len, body + head);
	err = gdb_ask(p, body, (size_t)head + 2 * len);
	if (err == 0 && !gdb_is_ok(p->gdb))
		err = refused(p, "write of", addr);
	return err;
}

#define WRITE_HEAD 20 /* "M08000000,1000:" */

/* As many bytes as one packet takes, escaped. */
static size_t binary_len(const struct gdb *g, const uint8_t *buf, size_t len)
{
	size_t room = g->body_max - WRITE_HEAD, n = len < room ? len : room;

	while (gdb_escaped_len(buf, n) > room)
		n -= (gdb_escaped_len(buf, n) - room + 1) / 2;
	return n < len ? n & ~(size_t)3 : n;
}

static void gdb_queue_write(struct probe *p, uint32_t addr, const uint8_t *buf,
			    size_t len)
{
	struct gdb *g = p->gdb;
	size_t most = (g->body_max - WRITE_HEAD) / 2 & ~(size_t)3;

	if (!may_access(p))
		return;
	while (len > 0 && p->err == 0) {
		size_t n = g->no_x ? (len < most ? len : most)
				   : binary_len(g, buf, len);
		bool no_x = g->no_x;
		int err = no_x ? write_hex(p, addr, buf, n)
			       : write_binary(p, addr, buf, n);

		if (err != 0 || g->no_x != no_x)
			continue;
		addr += (uint32_t)n;
		buf += n;
		len -= n;
	}
}

static void gdb_queue_read32(struct probe *p, uint32_t addr, uint32_t *out)
{
	uint8_t word[4];
	struct rd r;

	if (!may_access(p) || read_piece(p, addr, word, 4) != 0)
		return;
	rd_init(&r, word, 4);
	*out = rd_u32(&r);
}

/* A register may want its write before the next read: no X. */
static void gdb_queue_write32(struct probe *p, uint32_t addr, uint32_t v)
{
	uint8_t word[4] = { v & 0xff, v >> 8 & 0xff, v >> 16 & 0xff, v >> 24 };

	if (may_access(p))
		gdb_noted(write_hex(p, addr, word, 4));
}

/* An empty write: with its answer, every X before it has been done. */
static void barrier(struct probe *p)
{
	struct gdb *g = p->gdb;

	if (!g->written || p->err != 0 || g->fd < 0)
		return;
	g->written = false;
	if (gdb_askf(p, "X%" PRIx32 ",0:", g->write_at) == 0 && !gdb_is_ok(g) &&
	    !gdb_is_empty(g))
		refused(p, "write of", g->write_at);
}

static int gdb_flush(struct probe *p)
{
	struct gdb *g = p->gdb;
	int err;

	barrier(p);
	if (p->err == 0 && g->want_run && g->fd >= 0 && gdb_run(p) != 0)
		g->want_run = false;
	err = p->err;
	p->err = 0;
	return err;
}

/* -- waiting for a value ------------------------------------------------- */

static void pause_us(uint32_t us)
{
	struct timespec t = { us / 1000000, (long)(us % 1000000) * 1000 };

	while (nanosleep(&t, &t) != 0)
		;
}

/* So many looks at least: time may pass on the wire only. */
#define LOOKS_MIN 32
#define LOOK_US 1000
#define LOOK_LONGEST_US 8000

static void gdb_queue_match32(struct probe *p, uint32_t addr, uint32_t mask,
			      uint32_t value)
{
	int64_t deadline = tcp_now_ms() + DBG_MATCH_US / 1000;
	uint32_t us = LOOK_US, v = 0;

	for (unsigned looks = 1;; looks++) {
		gdb_queue_read32(p, addr, &v);
		if (p->err != 0 || (v & mask) == value)
			return;
		if (looks >= LOOKS_MIN && tcp_now_ms() > deadline)
			break;
		if (p->gdb->want_run && gdb_run(p) != 0)
			return;
		pause_us(us);
		us = 2 * us < LOOK_LONGEST_US ? 2 * us : LOOK_LONGEST_US;
	}
	probe_fail(p, E_TIMEOUT,
		   "0x%08" PRIx32 " reads 0x%08" PRIx32
		   ": the value waited for did not come",
		   addr, v);
}

/* -- core ---------------------------------------------------------------- */

#define CPUID 0xe000ed00u
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

static void gdb_queue_reg_write(struct probe *p, unsigned sel, uint32_t v)
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
	if (!may_access(p))
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
	if (!may_access(p))
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

static int gdb_reg_read(struct probe *p, unsigned sel, uint32_t *out)
{
	int err = reg_get(p, sel, out);

	p->err = 0;
	return err;
}

static int gdb_halt(struct probe *p)
{
	p->gdb->want_run = false;
	(void)may_access(p); /* the flush tells */
	return gdb_flush(p);
}

static int gdb_resume(struct probe *p)
{
	barrier(p);
	p->gdb->want_run = p->err == 0;
	return gdb_flush(p);
}

static int gdb_step(struct probe *p)
{
	p->gdb->want_run = false;
	barrier(p);
	if (may_access(p))
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
		pause_us(LOOK_US);
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

static int gdb_reset_halt(struct probe *p)
{
	struct gdb *g = p->gdb;

	g->want_run = false;
	barrier(p);
	if (!may_access(p))
		return gdb_flush(p);
	if (g->server->reset_halt != NULL)
		reset_by_monitor(p, g->server->reset_halt);
	else
		reset_by_register(p);
	return gdb_flush(p);
}

/* Halted and let go at once: nothing depends on how a server counts a core
 * that it has not let run itself. */
static int gdb_reset_run(struct probe *p)
{
	int err = gdb_reset_halt(p);

	if (err == 0 && p->gdb->server->reset_halt == NULL) {
		gdb_queue_write32(p, DEMCR, 0);
		err = gdb_flush(p);
	}
	return err != 0 ? err : gdb_resume(p);
}

/* No breakpoint was set, and debug state ends with the connection. */
static int gdb_detach(struct probe *p)
{
	(void)p;
	return 0;
}

/* -- connecting ---------------------------------------------------------- */

/* DPIDR and the AP's IDR, where the server can be asked for them. */
static void ask_dpidr(struct probe *p)
{
	const char *command = p->gdb->server->dpidr;
	unsigned dpidr = 0, ap_idr = 0;
	char text[64] = "";

	p->info.dpidr = false;
	if (command == NULL || gdb_monitor(p, command, text, sizeof(text)) != 0)
		return;
	if (sscanf(text, "0x%8x 0x%8x", &dpidr, &ap_idr) != 2 || dpidr == 0)
		return;
	p->dpidr = dpidr;
	p->ap_idr = ap_idr;
	p->info.dpidr = true;
}

/* Connects, and says in p->info who is there. */
static int connect_server(struct probe *p)
{
	struct gdb *g = p->gdb;
	int err = gdb_connect(p);

	if (err != 0)
		return err;
	p->info.silent = g->server->silent;
	snprintf(p->info.product, sizeof(p->info.product), "%s",
		 g->server->name);
	ask_dpidr(p);
	return p->err;
}

static int look(struct probe *p)
{
	struct gdb *g = p->gdb;
	uint32_t cpuid;
	int err;

	if (g->away && g->server->examine != NULL &&
	    gdb_order(p, g->server->examine) == E_UNSUPPORTED)
		probe_fail(p, E_DAP_NO_ACK,
			   "the GDB server does not find the target again");
	gdb_queue_read32(p, CPUID, &cpuid);
	err = gdb_flush(p);
	return err == E_DAP_FAULT ? E_DAP_NO_ACK : err;
}

static int gdb_chip_connect(struct probe *p)
{
	struct gdb *g = p->gdb;
	int err;

	p->err = 0;
	err = g->fd < 0 ? connect_server(p) : 0;
	p->err = 0;
	if (err == E_PROBE_LOST && g->refused)
		err = E_DAP_NO_ACK;
	if (err == 0)
		err = look(p);
	if (err == 0)
		g->away = false;
	return err;
}

/* The server has the reset pin, and its own configuration for that. */
static int gdb_chip_connect_reset(struct probe *p)
{
	return gdb_chip_connect(p);
}

static void gdb_chip_disconnect(struct probe *p)
{
	struct gdb *g = p->gdb;
	bool run = g->want_run;

	p->err = 0;
	g->away = true;
	if (g->fd < 0)
		return;
	g->want_run = false;
	/* it may be gone: nothing to be done about an error here */
	if (gdb_stop(p) == 0 && g->server->quiet != NULL)
		gdb_noted(gdb_order(p, g->server->quiet));
	/* "D" lets it run, and a core that stood goes on standing */
	if (p->err == 0 && run && g->server->detach_stands)
		gdb_noted(gdb_run(p));
	else if (p->err == 0 && run)
		gdb_noted(gdb_askf(p, "D"));
	p->err = 0;
	gdb_hang_up(p);
}

static int gdb_recover(struct probe *p)
{
	p->err = 0;
	return p->gdb->fd < 0 ? gdb_chip_connect(p) : look(p);
}

/* -- ROM table ----------------------------------------------------------- */

#define ROM_ARM 0xe00ff000u    /* where the architecture puts it */
#define ROM_VENDOR 0xf0000000u /* of some Cortex-M0 (nRF51) */

/* The ID block of a ROM table: IHI 0031 D1.  A server does not tell the AP's
 * BASE, so the vendor's place is looked at first. */
static int read_rom(struct probe *p, uint32_t base, uint32_t pidr[8])
{
	uint32_t cidr[4] = { 0 };

	for (unsigned i = 0; i < 4; i++)
		gdb_queue_read32(p, base + 0xff0 + 4 * i, &cidr[i]);
	for (unsigned i = 0; i < 8; i++)
		gdb_queue_read32(p, base + 0xfd0 + 4 * i, &pidr[i]);
	if (p->err != 0)
		return gdb_flush(p);
	if ((cidr[0] & 0xff) != 0x0d || (cidr[1] & 0xff) != 0x10 ||
	    (cidr[2] & 0xff) != 0x05 || (cidr[3] & 0xff) != 0xb1)
		return E_NOT_FOUND;
	return gdb_flush(p);
}

static int gdb_rom_identity(struct probe *p, uint32_t *out_designer,
			    uint32_t *out_part)
{
	uint32_t pidr[8] = { 0 };
	int err = read_rom(p, ROM_VENDOR, pidr);

	if (err == E_DAP_FAULT || err == E_NOT_FOUND)
		err = read_rom(p, ROM_ARM, pidr);
	if (err == E_NOT_FOUND) {
		memset(pidr, 0, sizeof(pidr));
		pidr[6] = 8; /* nobody's number, not an old ASCII code */
		err = 0;
	}
	if (err == 0)
		adi_rom_decode(pidr, out_designer, out_part);
	return err;
}

/* -- the probe ----------------------------------------------------------- */

static int gdb_nreset(struct probe *p, bool asserted)
{
	(void)asserted;
	probe_fail(p, E_UNSUPPORTED,
		   "a GDB server does not give the reset pin away");
	p->err = 0;
	return E_UNSUPPORTED;
}

static int gdb_delay_us(struct probe *p, uint32_t us)
{
	(void)p;
	pause_us(us);
	return 0;
}

static void gdb_close(struct probe *p)
{
	struct gdb *g = p->gdb;

	if (g == NULL)
		return;
	gdb_chip_disconnect(p);
	free(g->in);
	free(g->out);
	free(g);
}

int gdb_open(struct probe *p, const char *address, char why[256])
{
	struct gdb *g = calloc(1, sizeof(*g));
	int err;

	if (g == NULL)
		return E_NOMEM;
	p->gdb = g;
	g->fd = -1;
	g->server = gdb_server_any();
	g->in = malloc(GDB_BODY_MAX + 1);
	g->out = malloc(GDB_FRAME_LEN(GDB_BODY_MAX));
	if (g->in == NULL || g->out == NULL)
		return E_NOMEM;
	if (strlen(address) >= sizeof(g->address)) {
		snprintf(why, 256, "the GDB server's address is too long");
		return E_ARG;
	}
	strcpy(g->address, address);
	err = connect_server(p);
	p->err = 0;
	/* a target that is not there, or dark, is found out later */
	if (err == E_DAP_NO_ACK || (err == E_PROBE_LOST && g->refused))
		err = 0;
	if (err != 0)
		snprintf(why, 256, "gdb:%.100s: %.140s", address, p->why);
	return err;
}

const struct probe_ops gdb_ops = {
	.close = gdb_close,
	.nreset = gdb_nreset,
	.delay_us = gdb_delay_us,
	.connect = gdb_chip_connect,
	.connect_reset = gdb_chip_connect_reset,
	.disconnect = gdb_chip_disconnect,
	.recover = gdb_recover,
	.rom_identity = gdb_rom_identity,
	.queue_read32 = gdb_queue_read32,
	.queue_write32 = gdb_queue_write32,
	.queue_read = gdb_queue_read,
	.queue_write = gdb_queue_write,
	.queue_match32 = gdb_queue_match32,
	.flush = gdb_flush,
	.halt = gdb_halt,
	.resume = gdb_resume,
	.step = gdb_step,
	.reset_halt = gdb_reset_halt,
	.reset_run = gdb_reset_run,
	.reg_read = gdb_reg_read,
	.queue_reg_write = gdb_queue_reg_write,
	.detach = gdb_detach,
	.load = gdb_load,
};
