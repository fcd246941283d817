/* SPDX-License-Identifier: MIT */
/*
 * tests/lib/gdb_server.h - a child that plays a GDB server, with just enough of
 * the protocol, and misbehaves as it is told.
 */
#ifndef TESTS_LIB_GDB_SERVER_H
#define TESTS_LIB_GDB_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define GDB_BED_RAM 0x20000000u
#define GDB_BED_RAM_LEN 65536u
#define GDB_BED_CPUID 0xe000ed00u
#define GDB_URI_CAP 64

enum gdb_fault {
	GDB_NO_FAULT,
	GDB_CLOSES,
	GDB_SILENT,
	GDB_GARBAGE,
	GDB_HALF, /* a packet, and the end of the connection */
	GDB_BAD_SUM,
	GDB_BAD_SUM_ONCE,
	GDB_NAK_ONCE,
	GDB_NAK_ALWAYS,
	GDB_ENDLESS, /* one packet */
	GDB_PRINTS,  /* console text without end */
	GDB_ODD,     /* an answer of another kind */
};

struct gdb_plan { /* how the child behaves */
	enum gdb_fault fault;
	unsigned at; /* at this packet, counted from 0 */
	const char *supported;
	const char *version; /* what "monitor version" prints */
	bool acks;	     /* knows no QStartNoAckMode */
	bool no_x, no_p, no_vcont, short_reads, lies, dark, deaf;
	bool late_error;     /* of X, as OpenOCD's */
	bool scs;	     /* the core's registers are there */
	bool scans;	     /* a scan finds the target of one that is dark */
	uint32_t timeout_ms; /* how long the client waits; 0 = long */
};

/* A server of its own for each conversation; uri leads to it. */
pid_t gdb_serve(const struct gdb_plan *plan, char uri[GDB_URI_CAP]);
void gdb_serve_end(pid_t child);

#endif
