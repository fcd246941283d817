/* SPDX-License-Identifier: MIT */
/*
 * probe/gdb.h - a conversation with a GDB server: packets out and in, with
 * deadlines, acknowledgements and repetitions.  For probe/gdb*.c only.
 *
 * All-stop mode, one question at a time.  While the target runs a server takes
 * no packet but the interrupt, so gdb_run() and gdb_stop() stand around what
 * wants its memory (gdb_probe.c).
 *
 * All calls return 0 or E_*; errors are noted by probe_fail().  After
 * E_PROBE_LOST and E_PROBE questions and answers no longer match, and the
 * connection is not used again.
 */
#ifndef PROBE_GDB_H
#define PROBE_GDB_H

#include "probe/internal.h"
#include "wire/gdb.h"
#include "wire/gdb_xml.h"

/* What a server calls the things that the protocol has no packet for. */
struct gdb_server {
	const char *name;
	const char *match; /* in its answer to a monitor command "version" */
	/* monitor commands; NULL: it has none */
	const char *reset_halt, *reset_run;
	const char *examine; /* after the target was away */
	const char *quiet;   /* no debug traffic from here on */
	const char *dpidr;   /* prints DPIDR and AP 0's IDR */
	/* prints 1 when a read of the address behind it fails */
	const char *catch;
	const char *honest; /* what makes it tell so in the protocol as well */
	/* detaching does not let the core run */
	bool detach_stands;
	/* reset comes some time after its answer */
	bool reset_late;
	/* nothing touches the chip after a detach */
	bool silent;
	/* attach by scan and vAttach */
	const char *scan;
};

struct gdb {
	char address[256];
	int fd; /* -1: not connected */
	struct gdb_rx rx;
	uint8_t *in, *out; /* of the bodies; of the frames */
	uint8_t chunk[4096];
	size_t chunk_at, chunk_len;
	size_t body_max; /* of what the server takes */
	bool no_ack, running;
	bool want_run;	   /* between two batches of accesses */
	bool heard;	   /* a packet, since it was connected */
	bool refused;	   /* it took the connection and closed it */
	bool away;	   /* the target was let go of */
	bool no_x;	   /* it knows no X packet */
	bool vcont;	   /* it knows vCont;c and vCont;s */
	bool written;	   /* X packets whose fate is unknown */
	uint32_t write_at; /* the last of them */
	bool map_xml, regs_xml, non_stop; /* what it says it supports */
	const struct gdb_server *server;
	struct gdb_regs regs;
};

/* The error waits in p->err, and the next flush tells it. */
static inline void gdb_noted(int err)
{
	(void)err;
}

/* -- gdb.c --------------------------------------------------------------- */
void gdb_hang_up(struct probe *p);
/* Asks; the answer is g->rx.buf[0..g->rx.len), with a NUL behind it. */
MUST_USE int gdb_ask(struct probe *p, const void *body, size_t len);
MUST_USE int gdb_askf(struct probe *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The same with the server's time limit times so many. */
MUST_USE int gdb_ask_slow(struct probe *p, const void *body, size_t len,
			  unsigned times);
/* What the answer is. */
bool gdb_is_ok(const struct gdb *g);
bool gdb_is_error(const struct gdb *g); /* "E01", "E.text" */
bool gdb_is_empty(const struct gdb *g); /* it does not know the packet */
/* "monitor COMMAND"; what it prints goes to out, cut to cap, if not NULL.
 * E_UNSUPPORTED when the server knows no such command. */
MUST_USE int gdb_monitor(struct probe *p, const char *command, char *out,
			 size_t cap);
/* One that takes its time, and whose words nobody needs. */
MUST_USE int gdb_order(struct probe *p, const char *command);
/* Lets the core go on, or go one step and stop.  gdb_stop() waits until it
 * stands. */
MUST_USE int gdb_run(struct probe *p);
MUST_USE int gdb_stop(struct probe *p);
MUST_USE int gdb_step_one(struct probe *p);
/* A question whose answer is why the target stands. */
MUST_USE int gdb_ask_stop(struct probe *p, const char *body);
/* What came makes no sense: hangs up. */
int gdb_nonsense(struct probe *p, const char *why);

/* -- gdb_connect.c ------------------------------------------------------- */
/* Connects and finds out what the server can do. */
MUST_USE int gdb_connect(struct probe *p);
/* A whole document of qXfer:OBJECT:read; the caller frees. */
MUST_USE int gdb_document(struct probe *p, const char *object,
			  const char *annex, char **out);

/* -- gdb_server.c -------------------------------------------------------- */
/* Which one is it?  Sets g->server. */
MUST_USE int gdb_server_find(struct probe *p);
/* E_UNSUPPORTED for one that answers refused reads with zeros: nobody could
 * then prove that a chip is locked. */
MUST_USE int gdb_server_check(struct probe *p);
/* One that nobody has asked yet. */
const struct gdb_server *gdb_server_any(void);

/* -- gdb_mem.c ----------------------------------------------------------- */
/* The core stands, and nothing has failed: accesses may begin. */
bool gdb_may_access(struct probe *p);
/* With its answer, every write before it has been done. */
void gdb_barrier(struct probe *p);
void gdb_pause_us(uint32_t us);
#define GDB_LOOK_US 1000 /* between two looks at what is waited for */
void gdb_queue_read(struct probe *p, uint32_t addr, uint8_t *out, size_t len);
void gdb_queue_write(struct probe *p, uint32_t addr, const uint8_t *buf,
		     size_t len);
void gdb_queue_read32(struct probe *p, uint32_t addr, uint32_t *out);
void gdb_queue_write32(struct probe *p, uint32_t addr, uint32_t v);
void gdb_queue_match32(struct probe *p, uint32_t addr, uint32_t mask,
		       uint32_t value);
MUST_USE int gdb_flush(struct probe *p);

/* -- gdb_core.c ---------------------------------------------------------- */
MUST_USE int gdb_halt(struct probe *p);
MUST_USE int gdb_resume(struct probe *p);
MUST_USE int gdb_step(struct probe *p);
MUST_USE int gdb_reset_halt(struct probe *p);
MUST_USE int gdb_reset_run(struct probe *p);
MUST_USE int gdb_reg_read(struct probe *p, unsigned sel, uint32_t *out);
void gdb_queue_reg_write(struct probe *p, unsigned sel, uint32_t v);

/* -- gdb_load.c ---------------------------------------------------------- */
MUST_USE int gdb_load(struct probe *p, const struct dbg_piece *pieces,
		      size_t count);

/* -- gdb_probe.c --------------------------------------------------------- */
extern const struct probe_ops gdb_ops;
MUST_USE int gdb_open(struct probe *p, const char *address, char why[256]);

#endif
