/* SPDX-License-Identifier: MIT */
/* Getting to know a GDB server.  (probe/gdb.h) */
#include <stdlib.h>
#include <string.h>

#include "probe/gdb.h"
#include "probe/tcp.h"

#define DOCUMENT_MAX 262144 /* of XML */

/* -- documents ----------------------------------------------------------- */

struct text {
	char *data;
	size_t len;
};

static int text_add(struct text *t, const uint8_t *buf, size_t len)
{
	char *more;

	if (len > DOCUMENT_MAX - t->len)
		return E_TOO_LARGE;
	more = realloc(t->data, t->len + len + 1);
	if (more == NULL)
		return E_NOMEM;
	t->data = more;
	memcpy(more + t->len, buf, len);
	t->len += len;
	more[t->len] = '\0';
	return 0;
}

int gdb_document(struct probe *p, const char *object, const char *annex,
		 char **out)
{
	struct gdb *g = p->gdb;
	struct text t = { NULL, 0 };
	size_t most = g->body_max - 1;
	bool more = true;
	int err = 0;

	while (more && err == 0) {
		err = gdb_askf(p, "qXfer:%s:read:%s:%zx,%zx", object, annex,
			       t.len, most);
		if (err != 0)
			break;
		more = g->rx.buf[0] == 'm';
		if (gdb_is_error(g) || gdb_is_empty(g) ||
		    (!more && g->rx.buf[0] != 'l') || (more && g->rx.len < 2))
			err = E_UNSUPPORTED;
		else
			err = text_add(&t, g->rx.buf + 1, g->rx.len - 1);
	}
	if (err == 0 && strlen(t.data) != t.len)
		err = E_SYNTAX;
	if (err != 0) {
		free(t.data);
		return err;
	}
	*out = t.data;
	return 0;
}

/* -- connecting ---------------------------------------------------------- */

static int read_registers(struct probe *p)
{
	static const char first[] = "target.xml";
	struct gdb *g = p->gdb;
	char annex[GDB_INCLUDES_MAX][GDB_ANNEX_CAP];
	char more[GDB_INCLUDES_MAX][GDB_ANNEX_CAP];
	size_t count = 0, nested;
	char *xml = NULL;
	int err;

	gdb_registers_default(&g->regs);
	if (!g->regs_xml)
		return 0;
	err = gdb_document(p, "features", first, &xml);
	if (err == 0) {
		memset(&g->regs, 0, sizeof(g->regs));
		err = gdb_registers(xml, &g->regs, annex, &count);
		free(xml);
	}
	for (size_t i = 0; i < count && err == 0; i++) {
		err = gdb_document(p, "features", annex[i], &xml);
		if (err != 0)
			break;
		err = gdb_registers(xml, &g->regs, more, &nested);
		free(xml);
	}
	if (err == E_PROBE_LOST || err == E_PROBE)
		return err;
	if (err != 0 || !g->regs.reg[GDB_REG_PC].known)
		gdb_registers_default(&g->regs);
	return 0;
}

static int negotiate(struct probe *p)
{
	static const char offer[] =
		"qSupported:swbreak-;hwbreak-;vContSupported+";
	struct gdb *g = p->gdb;
	const char *answer = (const char *)g->rx.buf;
	bool no_ack;
	int err = gdb_ask(p, offer, sizeof(offer) - 1);

	if (err != 0)
		return err;
	if (gdb_is_error(g) || strlen(answer) != g->rx.len)
		return gdb_nonsense(p,
				    "gives no sensible answer to qSupported");
	if (gdb_packet_size(answer, &g->body_max) != 0)
		return gdb_nonsense(p, "announces an impossible packet size");
	g->map_xml = gdb_feature(answer, "qXfer:memory-map:read") != NULL;
	g->regs_xml = gdb_feature(answer, "qXfer:features:read") != NULL;
	g->non_stop = gdb_feature(answer, "QNonStop") != NULL;
	no_ack = gdb_feature(answer, "QStartNoAckMode") != NULL;
	if (no_ack) {
		err = gdb_askf(p, "QStartNoAckMode");
		if (err == 0)
			g->no_ack = gdb_is_ok(g);
	}
	if (err == 0)
		err = gdb_askf(p, "vCont?");
	if (err == 0)
		g->vcont = strncmp(answer, "vCont", 5) == 0 &&
			   strstr(answer, ";c") != NULL &&
			   strstr(answer, ";s") != NULL;
	return err;
}

/* Is there a target?  Some servers look for one only when they are told. */
static int attach(struct probe *p)
{
	struct gdb *g = p->gdb;
	int err = gdb_ask_stop(p, "?");

	if (err != E_DAP_NO_ACK || g->server->scan == NULL)
		return err;
	p->err = 0;
	err = gdb_order(p, g->server->scan);
	if (err == 0)
		err = gdb_ask_stop(p, "vAttach;1");
	if (err == E_UNSUPPORTED)
		err = probe_fail(p, E_DAP_NO_ACK,
				 "the GDB server finds no target");
	return err;
}

int gdb_connect(struct probe *p)
{
	struct gdb *g = p->gdb;
	char why[256];
	int err;

	if (g->fd >= 0)
		return 0;
	err = tcp_open("GDB server", g->address, p->timeout_ms, &g->fd, why);
	if (err != 0) {
		g->fd = -1;
		return probe_fail(p, err, "%s", why);
	}
	gdb_rx_init(&g->rx, g->in, GDB_BODY_MAX);
	g->no_ack = g->running = g->want_run = g->written = false;
	g->no_x = g->vcont = g->heard = g->refused = false;
	err = negotiate(p);
	if (err == 0)
		err = gdb_server_find(p);
	if (err == 0)
		err = attach(p);
	if (err == 0)
		err = gdb_server_check(p);
	if (err == 0)
		err = read_registers(p);
	if (err != 0)
		gdb_hang_up(p);
	return err;
}
