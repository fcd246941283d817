/* SPDX-License-Identifier: MIT */
#include "tests/lib/gdb_server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wire/gdb.h"

#define CAP 20000

static int listener;

struct server {
	const struct gdb_plan *plan;
	int fd;
	bool no_ack, running, error_waits, attached;
	unsigned count;
	uint8_t ram[GDB_BED_RAM_LEN];
	uint32_t regs[17];
	uint8_t frame[GDB_FRAME_LEN(CAP)];
	size_t frame_len;
};

static void put_bytes(struct server *s, const void *buf, size_t len)
{
	const uint8_t *p = buf;

	while (len > 0) {
		ssize_t n = send(s->fd, p, len, MSG_NOSIGNAL);

		if (n <= 0)
			_exit(0);
		p += n;
		len -= (size_t)n;
	}
}

static void put_body(struct server *s, const void *body, size_t len)
{
	if (gdb_frame(body, len, s->frame, sizeof(s->frame), &s->frame_len))
		_exit(1);
	put_bytes(s, s->frame, s->frame_len);
}

static void put_text(struct server *s, const char *text)
{
	put_body(s, text, strlen(text));
}

static void misbehave(struct server *s)
{
	static const char garbage[] = "HTTP/1.1 400 Bad Request\r\n\r\n"
				      "and more that is no packet at all, by "
				      "far longer than any line noise is";
	uint8_t c;

	switch (s->plan->fault) {
	case GDB_GARBAGE:
		put_bytes(s, garbage, sizeof(garbage));
		break;
	case GDB_HALF:
		put_bytes(s, s->no_ack ? "$1234" : "+$1234", s->no_ack ? 5 : 6);
		_exit(0);
	case GDB_BAD_SUM: /* for ever, as often as it is complained of */
		do
			put_bytes(s, "+$OK#00", 7);
		while (read(s->fd, &c, 1) == 1 && c == '-');
		break;
	case GDB_BAD_SUM_ONCE:
		put_bytes(s, "+$OK#00", 7);
		break;
	case GDB_NAK_ONCE:
	case GDB_NAK_ALWAYS:
		put_bytes(s, "-", 1);
		break;
	case GDB_ENDLESS:
		put_bytes(s, "$", 1);
		for (unsigned i = 0; i < 100000; i++)
			put_bytes(s, "0123456789abcdef", 16);
		put_bytes(s, "#00", 3);
		break;
	case GDB_PRINTS:
		if (!s->no_ack)
			put_bytes(s, "+", 1);
		for (;;)
			put_text(s, "O41");
	case GDB_ODD:
		if (!s->no_ack)
			put_bytes(s, "+", 1);
		put_text(s, "Fread,0,0,0");
		break;
	case GDB_CLOSES:
		_exit(0);
	default: /* GDB_SILENT */
		break;
	}
}

static void put_hex(struct server *s, const uint8_t *buf, size_t len)
{
	static uint8_t text[2 * CAP];

	gdb_hex(buf, len, text);
	put_body(s, text, 2 * len);
}

static void put_word(struct server *s, uint32_t v)
{
	const uint8_t b[4] = { v & 0xff, v >> 8 & 0xff, v >> 16 & 0xff,
			       v >> 24 };

	put_hex(s, b, 4);
}

static bool in_ram(uint32_t addr, uint32_t len)
{
	return addr >= GDB_BED_RAM && len <= GDB_BED_RAM_LEN &&
	       addr - GDB_BED_RAM <= GDB_BED_RAM_LEN - len;
}

/* What of the core's own registers a reset needs. */
static bool in_scs(uint32_t addr)
{
	return addr == 0xe000ed0c || (addr >= 0xe000edf0 && addr < 0xe000ee00);
}

static void do_read(struct server *s, uint32_t addr, uint32_t len)
{
	if (addr == GDB_BED_CPUID && s->attached)
		put_word(s, 0x410cc200);
	else if (in_scs(addr) && s->plan->scs)
		put_word(s, 1u << 17); /* S_HALT */
	else if (!in_ram(addr, len) && s->plan->lies)
		put_word(s, 0);
	else if (!in_ram(addr, len))
		put_text(s, "E0e");
	else
		put_hex(s, s->ram + (addr - GDB_BED_RAM),
			s->plan->short_reads && len > 2 ? len - 2 : len);
}

static void do_memory(struct server *s, const uint8_t *b, size_t n)
{
	uint32_t addr, len;
	size_t at = 1;

	if (gdb_number(b, n, &at, &addr) != 0 || b[at++] != ',' ||
	    gdb_number(b, n, &at, &len) != 0)
		_exit(1);
	if (b[0] == 'm') {
		do_read(s, addr, len);
		return;
	}
	at++; /* the colon */
	if (b[0] == 'X' && s->plan->no_x) {
		put_text(s, "");
		return;
	}
	if (in_scs(addr) && s->plan->scs) {
		put_text(s, "OK");
		return;
	}
	if (!in_ram(addr, len)) {
		bool late = b[0] == 'X' && s->plan->late_error;

		put_text(s, late && !s->error_waits ? "OK" : "E0e");
		s->error_waits = late && len > 0;
		return;
	}
	if (b[0] == 'X')
		memcpy(s->ram + (addr - GDB_BED_RAM), b + at, len);
	else if (gdb_unhex(b + at, n - at, s->ram + (addr - GDB_BED_RAM),
			   len) != 0)
		_exit(1);
	put_text(s, "OK");
}

static void do_register(struct server *s, const uint8_t *b, size_t n)
{
	uint32_t reg = 0;
	uint8_t v[4];
	size_t at = 1;

	if (s->plan->no_p) {
		put_text(s, "");
		return;
	}
	if (gdb_number(b, n, &at, &reg) != 0 || (reg > 15 && reg != 25)) {
		put_text(s, "E01");
		return;
	}
	if (reg == 25)
		reg = 16;
	if (b[0] == 'p') {
		put_word(s, s->regs[reg]);
		return;
	}
	if (gdb_unhex(b + at + 1, n - at - 1, v, 4) != 0)
		_exit(1);
	s->regs[reg] = v[0] | v[1] << 8 | v[2] << 16 | (uint32_t)v[3] << 24;
	put_text(s, "OK");
}

static void do_all_registers(struct server *s, const uint8_t *b, size_t n)
{
	uint8_t file[64];

	for (unsigned i = 0; i < 64; i++)
		file[i] = (uint8_t)(s->regs[i / 4] >> 8 * (i % 4));
	if (b[0] == 'g') {
		put_hex(s, file, 64);
		return;
	}
	if (gdb_unhex(b + 1, n - 1, file, 64) != 0)
		_exit(1);
	for (unsigned i = 0; i < 16; i++)
		s->regs[i] = file[4 * i] | file[4 * i + 1] << 8 |
			     file[4 * i + 2] << 16 |
			     (uint32_t)file[4 * i + 3] << 24;
	put_text(s, "OK");
}

static void do_monitor(struct server *s, const uint8_t *b, size_t n)
{
	char command[256] = "", text[600] = "O";

	if (s->plan->version == NULL) {
		put_text(s, "");
		return;
	}
	if (n / 2 >= sizeof(command) ||
	    gdb_unhex(b, n, (uint8_t *)command, n / 2) != 0)
		_exit(1);
	if (strcmp(command, "version") == 0) {
		gdb_hex((const uint8_t *)s->plan->version,
			strlen(s->plan->version), (uint8_t *)text + 1);
		put_text(s, text);
	} else if (strncmp(command, "catch ", 6) == 0) {
		put_text(s, "O310a");
	} else if (strncmp(command, "if {[string trim [transport", 27) == 0) {
		put_text(s, "O30783062623131343737"    /* 0x0bb11477 */
			    "2030783034373730303231"); /* 0x04770021 */
	} else if (strcmp(command, "swdp_scan") == 0) {
		s->attached = s->plan->scans;
	} else if (strncmp(command, "reset", 5) == 0) {
		memset(s->regs, 0, sizeof(s->regs));
	}
	put_text(s, "OK");
}

static bool is(const uint8_t *b, const char *text)
{
	return strncmp((const char *)b, text, strlen(text)) == 0;
}

static void answer(struct server *s, const uint8_t *b, size_t n)
{
	if (is(b, "qSupported"))
		put_text(s, s->plan->supported);
	else if (is(b, "QStartNoAckMode")) {
		put_text(s, "OK");
		s->no_ack = true;
	} else if (is(b, "vCont?"))
		put_text(s, s->plan->no_vcont ? "" : "vCont;c;C;s;S");
	else if (is(b, "vAttach"))
		put_text(s, s->attached ? "T05" : "E01");
	else if (is(b, "?"))
		put_text(s, s->attached ? "S05" : "W00");
	else if (is(b, "qRcmd,"))
		do_monitor(s, b + 6, n - 6);
	else if (b[0] == 'm' || b[0] == 'M' || b[0] == 'X')
		do_memory(s, b, n);
	else if (b[0] == 'p' || b[0] == 'P')
		do_register(s, b, n);
	else if (b[0] == 'g' || b[0] == 'G')
		do_all_registers(s, b, n);
	else if (is(b, "vCont;c") || b[0] == 'c')
		s->running = true;
	else if (is(b, "vCont;s") || b[0] == 's')
		put_text(s, "T05");
	else
		put_text(s, b[0] == 'D' ? "OK" : "");
}

static void take_packet(struct server *s, const uint8_t *b, size_t n)
{
	bool fault = s->plan->fault != GDB_NO_FAULT &&
		     s->count++ == s->plan->at;
	bool resent = s->plan->fault == GDB_NAK_ONCE ||
		      s->plan->fault == GDB_BAD_SUM_ONCE;

	if (s->running)
		_exit(2); /* not before it is stopped */
	if (fault ||
	    (s->plan->fault == GDB_NAK_ALWAYS && s->count > s->plan->at)) {
		misbehave(s);
		if (!resent || s->plan->fault == GDB_NAK_ONCE)
			return;
	} else if (!s->no_ack) {
		put_bytes(s, "+", 1);
	}
	if (fault && s->plan->fault == GDB_BAD_SUM_ONCE) {
		uint8_t c; /* their complaint; then the right answer */

		if (read(s->fd, &c, 1) != 1 || c != '-')
			_exit(1);
	}
	answer(s, b, n);
}

static void play_once(struct server *s)
{
	static uint8_t body[CAP + 1];
	struct gdb_rx rx;
	int one = 1;
	uint8_t c;

	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	gdb_rx_init(&rx, body, CAP);
	while (read(s->fd, &c, 1) == 1) {
		enum gdb_event ev = gdb_rx_byte(&rx, c);

		if (ev == GDB_EV_PACKET)
			take_packet(s, body, rx.len);
		if (ev == GDB_EV_NOISE && c == GDB_INTERRUPT && s->running &&
		    !s->plan->deaf) {
			s->running = false;
			put_text(s, "T02");
		}
	}
	close(s->fd);
}

static void play(const struct gdb_plan *plan)
{
	static struct server s;

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails ends it not */
	s.plan = plan;
	for (;;) {
		s.fd = accept(listener, NULL, NULL);
		s.no_ack = s.running = false;
		s.attached = !plan->dark;
		play_once(&s);
	}
}

/* A server of its own for each conversation: what is left in the queue of a
 * listener would come to the next one. */
pid_t gdb_serve(const struct gdb_plan *plan, char uri[GDB_URI_CAP])
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	pid_t child;

	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&a, sizeof(a)) != 0 ||
	    listen(listener, 4) != 0 ||
	    getsockname(listener, (struct sockaddr *)&a, &len) != 0)
		abort();
	snprintf(uri, GDB_URI_CAP, "gdb:127.0.0.1:%u", ntohs(a.sin_port));
	child = fork();
	if (child == 0)
		play(plan);
	close(listener);
	return child;
}

void gdb_serve_end(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}
