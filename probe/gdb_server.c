/* SPDX-License-Identifier: MIT */
/*
 * The GDB servers that we know, and what each calls the things that the
 * protocol has no packet for.  docs/probes.md has where each line comes from.
 */
#include <stdio.h>
#include <string.h>

#include "probe/gdb.h"

static const struct gdb_server servers[] = {
	{
		.name = "OpenOCD",
		.match = "Open On-Chip Debugger",
		.reset_halt = "reset halt",
		.reset_run = "reset run",
		.examine = "poll on; [target current] arp_examine; halt",
		.quiet = "poll off",
		/* the JTAG debug port of these chips has no DPIDR */
		.dpidr = "if {[string trim [transport select]] eq \"swd\"} "
			 "{set d [[target current] cget -dap]; "
			 "format {0x%08x 0x%08x} [$d dpreg 0] "
			 "[$d apreg 0 0xfc]}",
		.catch = "catch {[target current] read_memory",
		.honest = "gdb_report_data_abort enable",
		.detach_stands = true,
		.silent = true,
	},
	{
		.name = "QEMU",
		.match = "QEMU",
		.reset_halt = "system_reset",
		.reset_run = "system_reset",
		.reset_late = true,
		.silent = true, /* there is no wire */
	},
	{
		.name = "pyOCD",
		.match = "pyOCD",
		.reset_halt = "reset halt",
		.reset_run = "reset",
	},
	{
		.name = "Black Magic",
		.match = "Black Magic",
		.scan = "swdp_scan",
	},
	{
		.name = "J-Link GDB server",
		.match = "J-Link",
		.reset_halt = "reset",
	},
};

/* One that we do not know: only what the protocol itself can. */
static const struct gdb_server unknown = { .name = "GDB server" };

const struct gdb_server *gdb_server_any(void)
{
	return &unknown;
}

static const struct gdb_server *match(const char *text)
{
	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++)
		if (strstr(text, servers[i].match) != NULL)
			return &servers[i];
	return NULL;
}

/* QEMU does not give its name; its monitor knows a question that the others do
 * not, or answer with something else. */
static bool is_qemu(struct probe *p, const char *said)
{
	char text[160] = "";

	return strstr(said, "unknown command: 'version'") != NULL &&
	       gdb_monitor(p, "info version", text, sizeof(text)) == 0 &&
	       text[0] >= '0' && text[0] <= '9';
}

int gdb_server_find(struct probe *p)
{
	const struct gdb_server *s;
	struct gdb *g = p->gdb;
	char text[512] = "";
	int err = gdb_monitor(p, "version", text, sizeof(text));

	if (err != 0 && err != E_UNSUPPORTED)
		return err;
	s = match(text);
	if (s == NULL && is_qemu(p, text))
		s = match("QEMU");
	/* pyOCD has no such command; it alone offers non-stop mode */
	if (s == NULL && g->non_stop)
		s = match("pyOCD");
	g->server = s != NULL ? s : &unknown;
	return p->err;
}

/* Nothing lives there in the chips that we know. */
static const uint32_t nowhere[] = { 0xfffffff0, 0x60000000, 0xa0000000 };

int gdb_server_check(struct probe *p)
{
	const struct gdb_server *s = p->gdb->server;

	for (size_t i = 0; s->catch != NULL && i < 3; i++) {
		char command[128], said[256] = "";
		int err;

		snprintf(command, sizeof(command), "%s 0x%x 32 1}", s->catch,
			 (unsigned)nowhere[i]);
		err = gdb_monitor(p, command, said, sizeof(said));
		if (err != 0)
			return err == E_UNSUPPORTED ? 0 : err;
		if (strstr(said, "1\n") == NULL)
			continue;
		err = gdb_askf(p, "m%x,4", (unsigned)nowhere[i]);
		if (err != 0 || gdb_is_error(p->gdb))
			return err;
		return probe_fail(p, E_UNSUPPORTED,
				  "%s answers refused reads with zeros: start "
				  "it with -c \"%s\"",
				  s->name, s->honest);
	}
	return 0;
}
