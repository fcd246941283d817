/* SPDX-License-Identifier: MIT */
/* A conversation with a GDB server.  (probe/gdb.h) */
#include "probe/gdb.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe/tcp.h"

#define REPEATS_MAX 3 /* of one packet, on either side */
#define NOISE_MAX 64  /* bytes outside of packets, before one */
#define SKIP_MAX 4096 /* console packets within one answer */

/* -- bytes --------------------------------------------------------------- */

void gdb_hang_up(struct probe *p)
{
	struct gdb *g = p->gdb;

	if (g->fd >= 0)
		close(g->fd);
	g->fd = -1;
	g->running = false;
	g->written = false;
	g->chunk_at = g->chunk_len = 0;
}

static int gone(struct probe *p, const char *why)
{
	gdb_hang_up(p);
	return probe_fail(p, E_PROBE_LOST, "%s", why);
}

int gdb_nonsense(struct probe *p, const char *why)
{
	gdb_hang_up(p);
	return probe_fail(p, E_PROBE, "the GDB server %s", why);
}

static int send_bytes(struct probe *p, const uint8_t *buf, size_t len)
{
	struct gdb *g = p->gdb;

	if (g->fd < 0)
		return probe_fail(p, E_PROBE_LOST,
				  "the GDB server is not connected");
	if (tcp_send_all(g->fd, buf, len) != 0)
		return gone(p, "the GDB server went away");
	return 0;
}

static int send_byte(struct probe *p, uint8_t c)
{
	return send_bytes(p, &c, 1);
}

/* E_TIMEOUT, not noted, when nothing comes. */
static int next_byte(struct probe *p, int64_t deadline, uint8_t *out)
{
	struct gdb *g = p->gdb;
	int err;

	if (g->chunk_at == g->chunk_len) {
		if (g->fd < 0)
			return probe_fail(p, E_PROBE_LOST,
					  "the GDB server is not connected");
		err = tcp_receive_some(g->fd, g->chunk, sizeof(g->chunk),
				       deadline, &g->chunk_len);
		g->chunk_at = 0;
		if (err != 0)
			g->chunk_len = 0;
		if (err == E_PROBE_LOST) {
			g->refused = !g->heard;
			return gone(p, "the GDB server closed the connection");
		}
		if (err != 0)
			return err;
	}
	*out = g->chunk[g->chunk_at++];
	return 0;
}

/* -- packets ------------------------------------------------------------- */

/* The next packet or acknowledgement. */
static int next_event(struct probe *p, int64_t deadline,
		      enum gdb_event *ret_event)
{
	struct gdb *g = p->gdb;
	unsigned noise = 0, bad = 0;

	for (;;) {
		uint8_t c = 0;
		int err = next_byte(p, deadline, &c);

		if (err != 0)
			return err;
		*ret_event = gdb_rx_byte(&g->rx, c);
		switch (*ret_event) {
		case GDB_EV_NOTHING:
		case GDB_EV_NOTICE: /* of non-stop mode, which we never ask */
			break;
		case GDB_EV_NOISE:
			if (++noise > NOISE_MAX)
				return gdb_nonsense(p, "does not speak GDB's "
						       "protocol");
			break;
		case GDB_EV_TOO_LONG:
			return gdb_nonsense(p, "sends more than was asked for");
		case GDB_EV_BAD:
			if (g->no_ack || ++bad > REPEATS_MAX)
				return gdb_nonsense(
					p, "sends packets with a wrong "
					   "checksum");
			err = send_byte(p, GDB_NAK);
			if (err != 0)
				return err;
			break;
		case GDB_EV_PACKET:
			g->heard = true;
			return g->no_ack ? 0 : send_byte(p, GDB_ACK);
		default:
			return 0;
		}
	}
}

static int silent(struct probe *p, unsigned times)
{
	gdb_hang_up(p);
	return probe_fail(p, E_PROBE_LOST,
			  "the GDB server gave no answer for %u ms",
			  (unsigned)p->timeout_ms * times);
}

/* Sends the frame, again when it is not taken. */
static int send_frame(struct probe *p, size_t len, int64_t deadline)
{
	struct gdb *g = p->gdb;
	enum gdb_event ev = GDB_EV_NAK;
	int err = 0;

	for (unsigned i = 0; ev == GDB_EV_NAK && err == 0; i++) {
		if (i > REPEATS_MAX)
			return gdb_nonsense(p, "takes no packet");
		err = send_bytes(p, g->out, len);
		if (err != 0 || g->no_ack)
			return err;
		do /* a stop that crossed our question is not its answer */
			err = next_event(p, deadline, &ev);
		while (err == 0 && ev != GDB_EV_ACK && ev != GDB_EV_NAK);
	}
	return err;
}

static int send_packet(struct probe *p, const void *body, size_t len,
		       int64_t deadline)
{
	struct gdb *g = p->gdb;
	size_t frame_len;

	if (gdb_frame(body, len, g->out, GDB_FRAME_LEN(GDB_BODY_MAX),
		      &frame_len) != 0)
		return probe_fail(p, E_INTERNAL, "a packet is too long");
	return send_frame(p, frame_len, deadline);
}

/* What a server prints, and a stop told twice, are no answers. */
static bool is_aside(const struct gdb *g)
{
	const uint8_t *b = g->rx.buf;
	struct gdb_stop stop;

	if (b[0] == 'O' && !gdb_is_ok(g))
		return true;
	return gdb_stop_decode(b, g->rx.len, &stop) == 0 && !stop.exited;
}

struct sink { /* where asides go */
	char *text;
	size_t cap, len;
};

static void sink_hex(struct sink *s, const uint8_t *text, size_t len)
{
	uint8_t c;

	if (s == NULL || s->text == NULL)
		return;
	for (size_t i = 0; i + 1 < len && s->len + 1 < s->cap; i += 2) {
		if (gdb_unhex(text + i, 2, &c, 1) != 0)
			break;
		s->text[s->len++] = (char)c;
	}
	s->text[s->len] = '\0';
}

static int receive_answer(struct probe *p, unsigned times, struct sink *s)
{
	struct gdb *g = p->gdb;

	for (unsigned i = 0; i < SKIP_MAX; i++) {
		int64_t deadline = tcp_now_ms() +
				   (int64_t)p->timeout_ms * times;
		enum gdb_event ev;
		int err = next_event(p, deadline, &ev);

		if (err == E_TIMEOUT)
			return silent(p, times);
		if (err != 0)
			return err;
		if (ev != GDB_EV_PACKET)
			continue;
		if (!is_aside(g))
			return 0;
		if (g->rx.buf[0] == 'O')
			sink_hex(s, g->rx.buf + 1, g->rx.len - 1);
	}
	return gdb_nonsense(p, "talks without end");
}

static int ask(struct probe *p, const void *body, size_t len, unsigned times,
	       struct sink *s)
{
	int64_t deadline = tcp_now_ms() + (int64_t)p->timeout_ms * times;
	int err;

	if (p->err != 0)
		return p->err;
	if (p->gdb->running)
		return probe_fail(p, E_INTERNAL, "the core runs");
	err = send_packet(p, body, len, deadline);
	if (err == E_TIMEOUT)
		return silent(p, times);
	return err != 0 ? err : receive_answer(p, times, s);
}

int gdb_ask(struct probe *p, const void *body, size_t len)
{
	return ask(p, body, len, 1, NULL);
}

int gdb_ask_slow(struct probe *p, const void *body, size_t len, unsigned times)
{
	return ask(p, body, len, times, NULL);
}

int gdb_askf(struct probe *p, const char *format, ...)
{
	char body[256];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(body, sizeof(body), format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(body))
		return probe_fail(p, E_INTERNAL, "a packet is too long");
	return gdb_ask(p, body, (size_t)n);
}

bool gdb_is_ok(const struct gdb *g)
{
	return g->rx.len == 2 && memcmp(g->rx.buf, "OK", 2) == 0;
}

bool gdb_is_empty(const struct gdb *g)
{
	return g->rx.len == 0;
}

bool gdb_is_error(const struct gdb *g)
{
	const uint8_t *b = g->rx.buf;

	if (g->rx.len == 0 || b[0] != 'E')
		return false;
	return g->rx.len == 3 || (g->rx.len > 1 && b[1] == '.');
}

#define MONITOR_MAX 200
#define MONITOR_TIMES 10 /* a reset, or a scan, behind a command */

static int monitor(struct probe *p, const char *command, unsigned times,
		   char *out, size_t cap)
{
	struct sink s = { out, cap, 0 };
	struct gdb *g = p->gdb;
	uint8_t body[6 + 2 * MONITOR_MAX] = "qRcmd,";
	size_t len = strlen(command);
	int err;

	if (out != NULL)
		out[0] = '\0';
	if (len > MONITOR_MAX)
		return E_TOO_LARGE;
	gdb_hex((const uint8_t *)command, len, body + 6);
	err = ask(p, body, 6 + 2 * len, times, &s);
	if (err != 0)
		return err;
	if (gdb_is_empty(g) || gdb_is_error(g))
		return E_UNSUPPORTED;
	if (!gdb_is_ok(g)) /* all that it printed, in the answer */
		sink_hex(&s, g->rx.buf, g->rx.len);
	return 0;
}

int gdb_monitor(struct probe *p, const char *command, char *out, size_t cap)
{
	return monitor(p, command, 1, out, cap);
}

int gdb_order(struct probe *p, const char *command)
{
	return monitor(p, command, MONITOR_TIMES, NULL, 0);
}

/* -- running ------------------------------------------------------------- */

static int send_run(struct probe *p, bool step)
{
	struct gdb *g = p->gdb;
	const char *body = step ? "s" : "c";
	int err;

	if (p->err != 0)
		return p->err;
	if (g->vcont)
		body = step ? "vCont;s" : "vCont;c";
	err = send_packet(p, body, strlen(body), tcp_now_ms() + p->timeout_ms);
	if (err == E_TIMEOUT)
		return silent(p, 1);
	if (err == 0)
		g->running = true;
	return err;
}

/* Until the core stands. */
static int wait_stop(struct probe *p, bool *ret_in_time, int64_t deadline)
{
	struct gdb *g = p->gdb;
	struct gdb_stop stop;

	for (unsigned i = 0; i < SKIP_MAX; i++) {
		enum gdb_event ev;
		int err = next_event(p, deadline, &ev);

		*ret_in_time = err != E_TIMEOUT;
		if (err == E_TIMEOUT)
			return 0;
		if (err != 0)
			return err;
		if (ev != GDB_EV_PACKET)
			continue;
		if (gdb_is_error(g) || gdb_is_empty(g)) {
			g->running = false;
			return probe_fail(p, E_DAP_NO_ACK,
					  "the GDB server has no core to run");
		}
		if (gdb_stop_decode(g->rx.buf, g->rx.len, &stop) != 0)
			continue;
		g->running = false;
		if (stop.exited)
			return probe_fail(p, E_DAP_NO_ACK,
					  "the GDB server has lost the target");
		return 0;
	}
	return gdb_nonsense(p, "talks without end");
}

int gdb_run(struct probe *p)
{
	return p->gdb->running ? 0 : send_run(p, false);
}

int gdb_stop(struct probe *p)
{
	struct gdb *g = p->gdb;
	bool in_time;
	int err;

	if (p->err != 0 || !g->running)
		return p->err;
	/* it may have stopped by itself: a breakpoint, or locked up */
	err = wait_stop(p, &in_time, tcp_now_ms());
	if (err != 0 || in_time)
		return err;
	err = send_byte(p, GDB_INTERRUPT);
	if (err == 0)
		err = wait_stop(p, &in_time, tcp_now_ms() + p->timeout_ms);
	if (err != 0 || in_time)
		return err;
	gdb_hang_up(p);
	return probe_fail(p, E_DAP_NO_ACK,
			  "the GDB server cannot stop the core: is the target "
			  "gone?");
}

int gdb_step_one(struct probe *p)
{
	bool in_time = false;
	int err = send_run(p, true);

	if (err == 0)
		err = wait_stop(p, &in_time, tcp_now_ms() + p->timeout_ms);
	if (err == 0 && !in_time)
		err = silent(p, 1);
	return err;
}

int gdb_ask_stop(struct probe *p, const char *body)
{
	struct gdb *g = p->gdb;
	bool in_time = false;
	int err = send_packet(p, body, strlen(body),
			      tcp_now_ms() + p->timeout_ms);

	if (err == 0)
		err = wait_stop(p, &in_time, tcp_now_ms() + p->timeout_ms);
	if (err == E_TIMEOUT || (err == 0 && !in_time))
		return silent(p, 1);
	g->running = false;
	return err;
}
