/* SPDX-License-Identifier: MIT */
#include "vmcu/capture.h"

#include <stdio.h>
#include <stdlib.h>

#define PS_PER_NS 1000
#define UART_GUESS_PS 1000000 /* a bit at 1 Mbaud, where none is known */
#define FILE_BUFFER (256 * 1024)

enum wire { /* what is written, and who drives SWDIO, which is not */
	    VDD,
	    NRST,
	    SWCLK,
	    SWDIO,
	    TARGET,
	    TX,
	    RX,
	    WIRES,
	    PROBE_DRIVE = WIRES,
	    CHIP_DRIVE,
	    SOURCES
};

static const char *const names[WIRES] = { "vdd",   "nrst",	   "swclk",
					  "swdio", "swdio_target", "tx",
					  "rx" };

struct event {
	uint64_t ps;
	uint32_t seq;
	uint8_t source;
	int level; /* drives: -1 nothing */
};

struct capture {
	FILE *f;
	char *buffer;
	struct event *queue;
	size_t count, cap;
	uint32_t seq;
	bool failed, unsorted;
	uint64_t written_ns; /* the last time stamp in the file */
	bool stamped;
	int now[SOURCES];
	uint64_t uart_free[2]; /* when the wire is free again: rx, tx */
};

static void push(struct capture *c, uint64_t ps, unsigned source, int level)
{
	struct event *p;

	if (c->count == c->cap) {
		size_t cap = c->cap != 0 ? 2 * c->cap : 4096;

		p = realloc(c->queue, cap * sizeof(*p));
		if (p == NULL) {
			c->failed = true;
			return;
		}
		c->queue = p;
		c->cap = cap;
	}
	if (c->count != 0 && ps < c->queue[c->count - 1].ps)
		c->unsorted = true;
	c->queue[c->count++] = (struct event){ ps, c->seq++, (uint8_t)source,
					       level };
}

/* -- the file ---------------------------------------------------------------
 */

static void put_change(struct capture *c, uint64_t ns, unsigned wire, int level)
{
	char line[32], *p = line + sizeof(line);
	size_t len;

	if (c->now[wire] == level)
		return;
	c->now[wire] = level;
	*--p = '\n';
	*--p = (char)('a' + wire);
	*--p = (char)('0' + level);
	if (!c->stamped || ns != c->written_ns) {
		uint64_t v = ns;

		*--p = '\n';
		do {
			*--p = (char)('0' + v % 10);
			v /= 10;
		} while (v != 0);
		*--p = '#';
		c->written_ns = ns;
		c->stamped = true;
	}
	len = (size_t)(line + sizeof(line) - p);
	if (fwrite(p, 1, len, c->f) != len)
		c->failed = true;
}

static void put_event(struct capture *c, const struct event *e)
{
	uint64_t ns = e->ps / PS_PER_NS;
	int chip, probe;

	if (c->stamped && ns < c->written_ns)
		ns = c->written_ns;
	if (e->source < WIRES) {
		put_change(c, ns, e->source, e->level);
		return;
	}
	c->now[e->source] = e->level;
	chip = c->now[CHIP_DRIVE];
	probe = c->now[PROBE_DRIVE];
	put_change(c, ns, TARGET, chip >= 0);
	put_change(c, ns, SWDIO, chip != 0 && probe != 0);
}

static int by_time(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	if (x->ps != y->ps)
		return x->ps < y->ps ? -1 : 1;
	return x->seq < y->seq ? -1 : 1;
}

static void flush(struct capture *c, uint64_t until)
{
	size_t n = 0, left;

	if (c->unsorted)
		qsort(c->queue, c->count, sizeof(*c->queue), by_time);
	c->unsorted = false;
	while (n < c->count && c->queue[n].ps <= until)
		put_event(c, &c->queue[n++]);
	left = c->count - n;
	for (size_t i = 0; i < left; i++)
		c->queue[i] = c->queue[n + i];
	c->count = left;
	if (left == 0)
		c->seq = 0;
}

static void put_header(struct capture *c)
{
	fprintf(c->f, "$version signet-vmcu $end\n$timescale 1 ns $end\n"
		      "$scope module board $end\n");
	for (unsigned i = 0; i < WIRES; i++)
		fprintf(c->f, "$var wire 1 %c %s $end\n", (char)('a' + i),
			names[i]);
	fprintf(c->f, "$upscope $end\n$enddefinitions $end\n");
}

int capture_open(const char *path, const struct capture_start *at,
		 struct capture **out)
{
	struct capture *c = calloc(1, sizeof(*c));
	int err = E_NOMEM;

	if (c == NULL)
		return err;
	c->buffer = malloc(FILE_BUFFER);
	if (c->buffer == NULL)
		goto fail;
	err = E_IO;
	c->f = fopen(path, "we");
	if (c->f == NULL)
		goto fail;
	(void)setvbuf(c->f, c->buffer, _IOFBF, FILE_BUFFER);
	put_header(c);
	for (unsigned i = 0; i < SOURCES; i++)
		c->now[i] = -1;
	for (unsigned i = 0; i < WIRES; i++)
		push(c, at->now_ps, i,
		     i == VDD	 ? at->vdd
		     : i == NRST ? at->nrst
				 : i != TARGET);
	*out = c;
	return 0;
fail:
	free(c->buffer);
	free(c);
	return err;
}

int capture_close(struct capture *c)
{
	bool failed;

	flush(c, UINT64_MAX);
	failed = fclose(c->f) != 0 || c->failed;
	free(c->queue);
	free(c->buffer);
	free(c);
	return failed ? E_IO : 0;
}

void capture_settle(struct capture *c, uint64_t now_ps)
{
	flush(c, now_ps);
}

/* -- what happens on the wires ----------------------------------------------
 */

void capture_vdd(struct capture *c, uint64_t ps, bool on)
{
	push(c, ps, VDD, on);
}

void capture_nrst(struct capture *c, uint64_t ps, bool high)
{
	push(c, ps, NRST, high);
}

void capture_cycle(struct capture *c, uint64_t ps, uint64_t period, int level,
		   bool by_chip)
{
	push(c, ps, PROBE_DRIVE, by_chip ? -1 : level);
	push(c, ps, CHIP_DRIVE, by_chip ? level : -1);
	push(c, ps, SWCLK, 0);
	push(c, ps + period / 2, SWCLK, 1);
}

void capture_cycles(struct capture *c, uint64_t ps, uint64_t period, bool out,
		    uint64_t bits, unsigned n)
{
	if (!out)
		push(c, ps, PROBE_DRIVE, -1);
	for (unsigned i = 0; i < n; i++, ps += period) {
		if (out)
			push(c, ps, PROBE_DRIVE, (int)(bits >> i & 1));
		push(c, ps, SWCLK, 0);
		push(c, ps + period / 2, SWCLK, 1);
	}
}

void capture_chip(struct capture *c, uint64_t ps, int level)
{
	push(c, ps, CHIP_DRIVE, level);
}

void capture_probe(struct capture *c, uint64_t ps, int swclk, int swdio)
{
	if (swclk >= 0)
		push(c, ps, SWCLK, swclk);
	push(c, ps, PROBE_DRIVE, swdio);
}

void capture_uart(struct capture *c, uint64_t ps, bool tx, uint8_t byte,
		  uint64_t bit_ps)
{
	unsigned wire = tx ? TX : RX;

	if (bit_ps == 0)
		bit_ps = UART_GUESS_PS;
	if (ps < c->uart_free[tx])
		ps = c->uart_free[tx];
	push(c, ps, wire, 0);
	for (unsigned i = 0; i < 8; i++)
		push(c, ps + (i + 1) * bit_ps, wire, byte >> i & 1);
	push(c, ps + 9 * bit_ps, wire, 1);
	c->uart_free[tx] = ps + 10 * bit_ps;
}
