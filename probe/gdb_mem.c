/* SPDX-License-Identifier: MIT */
/*
 * Memory behind a GDB server.
 *
 * A server takes no packet while the core runs, so the core is stopped for
 * every batch of accesses and let go at its end; code on the chip that polls
 * its memory does not notice.  What is queued is done at once: a question and
 * its answer are one round, and the first error keeps the rest from being
 * asked.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/rw.h"
#include "probe/gdb.h"
#include "probe/tcp.h"

/* The core stands, and nothing has failed: accesses may begin. */
bool gdb_may_access(struct probe *p)
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

void gdb_queue_read(struct probe *p, uint32_t addr, uint8_t *out, size_t len)
{
	size_t most = p->gdb->body_max / 2 & ~(size_t)3;

	if (!gdb_may_access(p))
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

void gdb_queue_write(struct probe *p, uint32_t addr, const uint8_t *buf,
		     size_t len)
{
	struct gdb *g = p->gdb;
	size_t most = (g->body_max - WRITE_HEAD) / 2 & ~(size_t)3;

	if (!gdb_may_access(p))
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

void gdb_queue_read32(struct probe *p, uint32_t addr, uint32_t *out)
{
	uint8_t word[4];
	struct rd r;

	if (!gdb_may_access(p) || read_piece(p, addr, word, 4) != 0)
		return;
	rd_init(&r, word, 4);
	*out = rd_u32(&r);
}

/* A register may want its write before the next read: no X. */
void gdb_queue_write32(struct probe *p, uint32_t addr, uint32_t v)
{
	uint8_t word[4] = { v & 0xff, v >> 8 & 0xff, v >> 16 & 0xff, v >> 24 };

	if (gdb_may_access(p))
		gdb_noted(write_hex(p, addr, word, 4));
}

/* An empty write: with its answer, every X before it has been done. */
void gdb_barrier(struct probe *p)
{
	struct gdb *g = p->gdb;

	if (!g->written || p->err != 0 || g->fd < 0)
		return;
	g->written = false;
	if (gdb_askf(p, "X%" PRIx32 ",0:", g->write_at) == 0 && !gdb_is_ok(g) &&
	    !gdb_is_empty(g))
		refused(p, "write of", g->write_at);
}

int gdb_flush(struct probe *p)
{
	struct gdb *g = p->gdb;
	int err;

	gdb_barrier(p);
	if (p->err == 0 && g->want_run && g->fd >= 0 && gdb_run(p) != 0)
		g->want_run = false;
	err = p->err;
	p->err = 0;
	return err;
}

/* -- waiting for a value ------------------------------------------------- */

void gdb_pause_us(uint32_t us)
{
	struct timespec t = { us / 1000000, (long)(us % 1000000) * 1000 };

	while (nanosleep(&t, &t) != 0)
		;
}

/* So many looks at least: time may pass on the wire only. */
#define LOOKS_MIN 32
#define LOOK_LONGEST_US 8000

void gdb_queue_match32(struct probe *p, uint32_t addr, uint32_t mask,
		       uint32_t value)
{
	int64_t deadline = tcp_now_ms() + DBG_MATCH_US / 1000;
	uint32_t us = GDB_LOOK_US, v = 0;

	for (unsigned looks = 1;; looks++) {
		gdb_queue_read32(p, addr, &v);
		if (p->err != 0 || (v & mask) == value)
			return;
		if (looks >= LOOKS_MIN && tcp_now_ms() > deadline)
			break;
		if (p->gdb->want_run && gdb_run(p) != 0)
			return;
		gdb_pause_us(us);
		us = 2 * us < LOOK_LONGEST_US ? 2 * us : LOOK_LONGEST_US;
	}
	probe_fail(p, E_TIMEOUT,
		   "0x%08" PRIx32 " reads 0x%08" PRIx32
		   ": the value waited for did not come",
		   addr, v);
}
