/* SPDX-License-Identifier: MIT */
/* A GDB server as a probe: finding the chip, and letting go of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/gdb.h"

#define CPUID 0xe000ed00u

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
	gdb_pause_us(us);
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
	memcpy(g->address, address, strlen(address) + 1);
	err = connect_server(p);
	p->err = 0;
	/* a target that is not there, or dark, is found out later */
	if (err == E_DAP_NO_ACK || (err == E_PROBE_LOST && g->refused))
		err = 0;
	if (err != 0)
		snprintf(why, 256, "gdb:%.100s: %.140s", address, p->why);
	return err;
}

/* No breakpoint was set, and debug state ends with the connection. */
static int gdb_detach(struct probe *p)
{
	(void)p;
	return 0;
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
