/* SPDX-License-Identifier: MIT */
/*
 * Programming through a GDB server's own flash driver: its memory map,
 * vFlashErase, vFlashWrite, vFlashDone (Debugging with GDB, E.2 "Packets").
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/gdb.h"

#define FLASH_TIMES 20 /* a mass erase by pages, behind one packet */

struct map {
	struct gdb_region regions[GDB_REGIONS_MAX];
	size_t count;
};

static int map_read(struct probe *p, struct map *m)
{
	char *xml = NULL;
	int err;

	m->count = 0;
	if (!p->gdb->map_xml)
		return 0;
	err = gdb_document(p, "memory-map", "", &xml);
	if (err == 0)
		err = gdb_memory_map(xml, m->regions, &m->count);
	free(xml);
	if (err != 0 && p->err == 0)
		probe_fail(p, E_PROBE,
			   "the GDB server's memory map makes no "
			   "sense");
	return p->err;
}

static const struct gdb_region *find(const struct map *m, uint32_t addr)
{
	for (size_t i = 0; i < m->count; i++)
		if (addr >= m->regions[i].start &&
		    addr - m->regions[i].start < m->regions[i].len)
			return &m->regions[i];
	return NULL;
}

/* How much of a piece from addr on lies in one region. */
static size_t within(const struct gdb_region *r, uint32_t addr, size_t len)
{
	size_t room = r->len - (addr - r->start);

	return len < room ? len : room;
}

static int flash_ask(struct probe *p, const void *body, size_t len,
		     const char *what, uint32_t addr)
{
	int err = gdb_ask_slow(p, body, len, FLASH_TIMES);

	if (err == 0 && !gdb_is_ok(p->gdb))
		err = probe_fail(p, E_TARGET_FLASH,
				 "%s at 0x%08" PRIx32
				 ": the GDB server answers \"%.40s\"",
				 what, addr, (const char *)p->gdb->rx.buf);
	return err;
}

struct span { /* of flash, in whole blocks */
	uint32_t start, end;
};

/* Erases the blocks of one stretch, unless the one before did. */
static int erase(struct probe *p, const struct gdb_region *r, uint32_t addr,
		 size_t len, struct span *done)
{
	uint32_t start = addr - (addr - r->start) % r->block;
	uint32_t end = addr + (uint32_t)len - 1;
	char body[64];
	int n;

	end += r->block - (end - r->start) % r->block;
	if (end - r->start > r->len)
		end = r->start + r->len;
	if (start < done->end && start >= done->start)
		start = done->end;
	if (start >= end)
		return 0;
	n = snprintf(body, sizeof(body), "vFlashErase:%" PRIx32 ",%" PRIx32,
		     start, end - start);
	done->start = start;
	done->end = end;
	return flash_ask(p, body, (size_t)n, "erasing", start);
}

#define WRITE_HEAD 22 /* "vFlashWrite:08000000:" */

static int program(struct probe *p, uint32_t addr, const uint8_t *buf,
		   size_t len)
{
	uint8_t body[GDB_BODY_MAX];
	size_t room = p->gdb->body_max - WRITE_HEAD;
	int err = 0;

	while (len > 0 && err == 0) {
		size_t n = len < room ? len : room;
		int head;

		while (gdb_escaped_len(buf, n) > room)
			n -= (gdb_escaped_len(buf, n) - room + 1) / 2;
		head = snprintf((char *)body, WRITE_HEAD + 1,
				"vFlashWrite:%" PRIx32 ":", addr);
		memcpy(body + head, buf, n);
		err = flash_ask(p, body, (size_t)head + n, "programming", addr);
		addr += (uint32_t)n;
		buf += n;
		len -= n;
	}
	return err;
}

/* What is done with each stretch of a piece, in two rounds. */
static int flash_piece(struct probe *p, const struct map *m,
		       const struct dbg_piece *piece, bool erasing,
		       struct span *done)
{
	size_t at = 0;
	int err = 0;

	while (at < piece->len && err == 0) {
		uint32_t addr = piece->address + (uint32_t)at;
		const struct gdb_region *r = find(m, addr);
		size_t n = r == NULL ? piece->len - at
				     : within(r, addr, piece->len - at);

		if (r != NULL && r->type == GDB_FLASH)
			err = erasing ? erase(p, r, addr, n, done)
				      : program(p, addr, piece->data + at, n);
		at += n;
	}
	return err;
}

/* The rest of it: memory. */
static void plain_piece(struct probe *p, const struct map *m,
			const struct dbg_piece *piece)
{
	for (size_t at = 0; at < piece->len && p->err == 0;) {
		uint32_t addr = piece->address + (uint32_t)at;
		const struct gdb_region *r = find(m, addr);
		size_t n = r == NULL ? piece->len - at
				     : within(r, addr, piece->len - at);

		if (r == NULL || r->type == GDB_RAM)
			gdb_ops.queue_write(p, addr, piece->data + at, n);
		else if (r->type == GDB_ROM)
			probe_fail(p, E_RANGE,
				   "0x%08" PRIx32 " is ROM to the GDB server",
				   addr);
		at += n;
	}
}

static bool has_flash(const struct map *m)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->regions[i].type == GDB_FLASH)
			return true;
	return false;
}

int gdb_load(struct probe *p, const struct dbg_piece *pieces, size_t count)
{
	struct span done = { 0, 0 };
	struct map m;
	int err;

	p->gdb->want_run = false;
	err = gdb_ops.flush(p);
	if (err == 0)
		err = gdb_ops.halt(p);
	if (err != 0)
		return err;
	err = map_read(p, &m);
	for (size_t i = 0; i < count && err == 0; i++)
		err = flash_piece(p, &m, &pieces[i], true, &done);
	for (size_t i = 0; i < count && err == 0; i++)
		err = flash_piece(p, &m, &pieces[i], false, &done);
	if (err == 0 && has_flash(&m))
		err = flash_ask(p, "vFlashDone", 10, "programming", 0);
	for (size_t i = 0; i < count && err == 0; i++)
		plain_piece(p, &m, &pieces[i]);
	return gdb_ops.flush(p);
}
