/* SPDX-License-Identifier: MIT */
/*
 * GDB servers that break off, fall silent or talk nonsense, at every packet in
 * turn, and servers that know less than others.  A child plays the server with
 * just enough of the protocol; good conversations with real ones are
 * tests/judge/gdb-probe-openocd.sh and tests/judge/microbit.sh.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "probe/dbg.h"
#include "probe/link.h"
#include "wire/gdb.h"

#define RAM 0x20000000u
#define RAM_LEN 65536u
#define CPUID 0xe000ed00u
#define CAP 20000

enum fault {
	NO_FAULT,
	CLOSES,
	SILENT,
	GARBAGE,
	HALF, /* a packet, and the end of the connection */
	BAD_SUM,
	BAD_SUM_ONCE,
	NAK_ONCE,
	NAK_ALWAYS,
	ENDLESS, /* one packet */
	PRINTS,	 /* console text without end */
	ODD,	 /* an answer of another kind */
};

struct plan { /* how the child behaves */
	enum fault fault;
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

static int listener;
static char uri[64];

/* -- the server ----------------------------------------------------------- */

struct server {
	const struct plan *plan;
	int fd;
	bool no_ack, running, error_waits, attached;
	unsigned count;
	uint8_t ram[RAM_LEN];
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
	case GARBAGE:
		put_bytes(s, garbage, sizeof(garbage));
		break;
	case HALF:
		put_bytes(s, s->no_ack ? "$1234" : "+$1234", s->no_ack ? 5 : 6);
		_exit(0);
	case BAD_SUM: /* for ever, as often as it is complained of */
		do
			put_bytes(s, "+$OK#00", 7);
		while (read(s->fd, &c, 1) == 1 && c == '-');
		break;
	case BAD_SUM_ONCE:
		put_bytes(s, "+$OK#00", 7);
		break;
	case NAK_ONCE:
	case NAK_ALWAYS:
		put_bytes(s, "-", 1);
		break;
	case ENDLESS:
		put_bytes(s, "$", 1);
		for (unsigned i = 0; i < 100000; i++)
			put_bytes(s, "0123456789abcdef", 16);
		put_bytes(s, "#00", 3);
		break;
	case PRINTS:
		if (!s->no_ack)
			put_bytes(s, "+", 1);
		for (;;)
			put_text(s, "O41");
	case ODD:
		if (!s->no_ack)
			put_bytes(s, "+", 1);
		put_text(s, "Fread,0,0,0");
		break;
	case CLOSES:
		_exit(0);
	default: /* SILENT */
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
	return addr >= RAM && len <= RAM_LEN && addr - RAM <= RAM_LEN - len;
}

/* What of the core's own registers a reset needs. */
static bool in_scs(uint32_t addr)
{
	return addr == 0xe000ed0c || (addr >= 0xe000edf0 && addr < 0xe000ee00);
}

static void do_read(struct server *s, uint32_t addr, uint32_t len)
{
	if (addr == CPUID && s->attached)
		put_word(s, 0x410cc200);
	else if (in_scs(addr) && s->plan->scs)
		put_word(s, 1u << 17); /* S_HALT */
	else if (!in_ram(addr, len) && s->plan->lies)
		put_word(s, 0);
	else if (!in_ram(addr, len))
		put_text(s, "E0e");
	else
		put_hex(s, s->ram + (addr - RAM),
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
		memcpy(s->ram + (addr - RAM), b + at, len);
	else if (gdb_unhex(b + at, n - at, s->ram + (addr - RAM), len) != 0)
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
	bool fault = s->plan->fault != NO_FAULT && s->count++ == s->plan->at;
	bool resent = s->plan->fault == NAK_ONCE ||
		      s->plan->fault == BAD_SUM_ONCE;

	if (s->running)
		_exit(2); /* not before it is stopped */
	if (fault || (s->plan->fault == NAK_ALWAYS && s->count > s->plan->at)) {
		misbehave(s);
		if (!resent || s->plan->fault == NAK_ONCE)
			return;
	} else if (!s->no_ack) {
		put_bytes(s, "+", 1);
	}
	if (fault && s->plan->fault == BAD_SUM_ONCE) {
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

static void play(const struct plan *plan)
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

/* -- the tests ------------------------------------------------------------ */

#define USUAL "PacketSize=400;QStartNoAckMode+;vContSupported+"
#define ACKS "PacketSize=400"

/* A server of its own for each conversation: what is left in the queue of a
 * listener would come to the next one. */
static pid_t serve(const struct plan *plan)
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
	snprintf(uri, sizeof(uri), "gdb:127.0.0.1:%u", ntohs(a.sin_port));
	child = fork();
	if (child == 0)
		play(plan);
	close(listener);
	return child;
}

static int talk(const struct plan *plan, struct probe **out, pid_t *ret_child,
		char why[256])
{
	struct probe_config cfg = { .uri = uri,
				    .timeout_ms = plan->timeout_ms };

	*ret_child = serve(plan);
	return probe_open(&cfg, out, why);
}

static void end(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* Everything that a job does, in short. */
static int work(struct probe *p)
{
	static const uint8_t bytes[12] = "}*#$ escapes";
	uint8_t back[12];
	uint32_t v = 0;
	int err = dbg_connect(p);

	if (err == 0)
		err = dbg_reset_halt(p);
	if (err == 0)
		err = dbg_write(p, RAM, bytes, sizeof(bytes));
	if (err == 0)
		err = dbg_read(p, RAM, back, sizeof(back));
	if (err == 0)
		assert_memory_equal(back, bytes, sizeof(bytes));
	dbg_queue_reg_write(p, 15, RAM);
	dbg_queue_write32(p, RAM + 16, 0x12345678);
	if (err == 0)
		err = dbg_resume(p);
	if (err == 0)
		err = dbg_poll32(p, RAM + 16, 0xffff, 0x5678, 100000);
	if (err == 0)
		err = dbg_halt(p);
	if (err == 0)
		err = dbg_step(p);
	if (err == 0)
		err = dbg_reg_read(p, 15, &v);
	if (err == 0)
		assert_int_equal(v, RAM);
	return err;
}

/* How many packets the work is. */
#define PACKETS_MAX 60

static void test_good(void **state)
{
	static const struct plan plans[] = {
		{ .supported = USUAL, .version = "pyOCD 1" },
		{ .supported = ACKS, .version = "pyOCD 1" },
		{ .supported = "", .version = "pyOCD 1", .no_vcont = true },
		{ .supported = USUAL, .version = "pyOCD 1", .no_x = true },
		{ .supported = USUAL, .version = "pyOCD 1", .no_p = true },
		{ .supported = "PacketSize=104", .version = "pyOCD 1" },
	};
	char why[256];

	(void)state;
	for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
		struct probe *p = NULL;
		pid_t child;

		assert_int_equal(talk(&plans[i], &p, &child, why), 0);
		assert_string_equal(probe_info(p)->product, "pyOCD");
		assert_int_equal(work(p), 0);
		dbg_disconnect(p);
		probe_close(p);
		end(child);
	}
}

/* One run with the fault at one packet; false = it was never reached. */
static bool one_fault(const struct plan *plan, unsigned at, int *ret_err)
{
	struct plan broken = *plan;
	struct probe *p = NULL;
	char why[256] = "";
	pid_t child;
	int err;

	broken.at = at;
	err = talk(&broken, &p, &child, why);
	if (err == 0) {
		err = work(p);
		snprintf(why, sizeof(why), "%s", probe_why(p));
	}
	assert_true(err == 0 || strlen(why) > 10);
	probe_close(p);
	end(child);
	*ret_err = err;
	return err != 0;
}

static void test_faults(void **state)
{
	static const struct {
		enum fault fault;
		const char *supported;
		bool recovers;
	} cases[] = {
		{ CLOSES, USUAL, false },  { CLOSES, ACKS, false },
		{ GARBAGE, USUAL, false }, { GARBAGE, ACKS, false },
		{ HALF, USUAL, false },	   { HALF, ACKS, false },
		{ BAD_SUM, ACKS, false },  { BAD_SUM_ONCE, ACKS, true },
		{ NAK_ONCE, ACKS, true },  { NAK_ALWAYS, ACKS, false },
		{ ENDLESS, USUAL, false }, { PRINTS, USUAL, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plan plan = { .fault = cases[i].fault,
				     .supported = cases[i].supported,
				     .version = "pyOCD 1",
				     .timeout_ms = cases[i].recovers ? 0
								     : 400 };
		unsigned at = 0, good = 0;
		int err;

		/* until the work is done before the fault would come */
		for (; at < PACKETS_MAX && good < 3; at++) {
			if (!one_fault(&plan, at, &err))
				good += !cases[i].recovers;
			else
				assert_true(err == E_PROBE_LOST ||
					    err == E_PROBE ||
					    err == E_DAP_NO_ACK);
			if (cases[i].recovers)
				assert_int_equal(err, 0);
		}
		assert_true(cases[i].recovers == (at == PACKETS_MAX));
	}
}

/* Silence costs its time limit each: a few places only. */
static void test_silence(void **state)
{
	static const unsigned places[] = { 0, 1, 3, 5, 9, 13 };

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct plan plan = { .fault = SILENT,
				     .supported = USUAL,
				     .version = "pyOCD 1",
				     .timeout_ms = 100 };
		int err;

		assert_true(one_fault(&plan, places[i], &err));
		assert_int_equal(err, E_PROBE_LOST);
		plan.fault = ODD;
		if (one_fault(&plan, places[i], &err))
			assert_true(err != 0);
	}
}

static void test_packet_size(void **state)
{
	static const char *const bad[] = { "PacketSize=0", "PacketSize=1",
					   "PacketSize=zz", "E01" };
	char why[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct plan plan = { .supported = bad[i] };
		struct probe *p = NULL;
		pid_t child;

		assert_int_equal(talk(&plan, &p, &child, why), E_PROBE);
		assert_null(p);
		end(child);
	}
}

static void test_accesses(void **state)
{
	struct plan plan = { .supported = USUAL, .version = "pyOCD 1" };
	static uint8_t block[3000];
	uint32_t v = 0x5a5a5a5a;
	struct probe *p = NULL;
	char why[256];
	pid_t child;

	(void)state;
	assert_int_equal(talk(&plan, &p, &child, why), 0);
	assert_int_equal(dbg_connect(p), 0);
	assert_int_equal(dbg_read32(p, 0x08000000, &v), E_DAP_FAULT);
	assert_int_equal(v, 0x5a5a5a5a);
	assert_non_null(strstr(probe_why(p), "0x08000000"));
	assert_int_equal(dbg_recover(p), 0);
	assert_int_equal(dbg_write(p, 0x08000000, block, 4), E_DAP_FAULT);
	assert_int_equal(dbg_read(p, RAM + 1, block, 4), E_ARG);
	assert_int_equal(dbg_write(p, RAM, block, 3), E_ARG);
	assert_int_equal(dbg_read(p, RAM + RAM_LEN - 4, block, 8), E_DAP_FAULT);
	/* the first error of a batch, and nothing after it */
	dbg_queue_write32(p, RAM, 1);
	dbg_queue_read32(p, 0x08000010, &v);
	dbg_queue_write32(p, RAM, 2);
	assert_int_equal(dbg_flush(p), E_DAP_FAULT);
	assert_int_equal(dbg_read32(p, RAM, &v), 0);
	assert_int_equal(v, 1);
	assert_int_equal(dbg_poll32(p, RAM, ~0u, 2, 1000), E_TIMEOUT);
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (uint8_t)(i % 7 == 0 ? '}' : i);
	assert_int_equal(dbg_write(p, RAM, block, sizeof(block)), 0);
	memset(block, 0, sizeof(block));
	assert_int_equal(dbg_read(p, RAM, block, sizeof(block)), 0);
	for (size_t i = 0; i < sizeof(block); i++)
		assert_int_equal(block[i], (uint8_t)(i % 7 == 0 ? '}' : i));
	assert_int_equal(dbg_reg_read(p, 20, &v), E_UNSUPPORTED);
	assert_int_equal(probe_nreset(p, true), E_UNSUPPORTED);
	assert_int_equal(probe_uart_open(p, 115200), E_UNSUPPORTED);
	assert_int_equal(probe_link_can(p, PROBE_LINE_UART), E_UNSUPPORTED);
	assert_int_equal(probe_link_can(p, PROBE_LINE_SWD_PINS), E_UNSUPPORTED);
	assert_non_null(strstr(probe_why(p), "no raw SWD"));
	assert_false(probe_info(p)->silent);
	probe_close(p);
	end(child);
}

static void test_peculiar(void **state)
{
	static const struct {
		struct plan plan;
		int err; /* of the work */
	} cases[] = {
		/* part of what was asked for is no answer */
		{ { .supported = USUAL,
		    .version = "pyOCD",
		    .short_reads = true },
		  E_DAP_FAULT },
		/* a core that cannot be stopped */
		{ { .supported = USUAL,
		    .version = "pyOCD",
		    .deaf = true,
		    .timeout_ms = 1500 },
		  E_DAP_NO_ACK },
		/* nobody attached, and no way to scan */
		{ { .supported = USUAL, .version = "pyOCD", .dark = true },
		  E_DAP_NO_ACK },
		/* no monitor at all: the core's own reset register */
		{ { .supported = USUAL, .scs = true }, 0 },
		{ { .supported = USUAL }, E_DAP_FAULT },
		/* a target that must be looked for */
		{ { .supported = ACKS,
		    .version = "Black Magic Probe 2.0",
		    .no_vcont = true,
		    .dark = true,
		    .scans = true,
		    .scs = true },
		  0 },
		{ { .supported = ACKS,
		    .version = "Black Magic Probe 2.0",
		    .dark = true },
		  E_DAP_NO_ACK },
		/* one that says what it is in another way */
		{ { .supported = USUAL ";QNonStop+",
		    .version = "Error: unrecognized command 'version'" },
		  0 },
		{ { .supported = USUAL,
		    .version = "Open On-Chip Debugger 0.12.0" },
		  0 },
	};
	char why[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct probe *p = NULL;
		pid_t child;

		assert_int_equal(talk(&cases[i].plan, &p, &child, why), 0);
		assert_int_equal(work(p), cases[i].err);
		probe_close(p);
		end(child);
	}
}

/* OpenOCD: DPIDR from its monitor, late errors, and the lie that is refused. */
static void test_openocd(void **state)
{
	struct plan plan = { .supported = USUAL,
			     .version = "Open On-Chip Debugger 0.12.0",
			     .late_error = true };
	struct probe *p = NULL;
	uint8_t word[4] = { 0 };
	char why[256];
	pid_t child;

	(void)state;
	assert_int_equal(talk(&plan, &p, &child, why), 0);
	assert_true(probe_info(p)->dpidr);
	assert_true(probe_info(p)->silent);
	assert_int_equal(dbg_dpidr(p), 0x0bb11477);
	assert_int_equal(dbg_ap_idr(p), 0x04770021);
	assert_int_equal(dbg_connect(p), 0);
	assert_int_equal(dbg_write(p, 0x08000000, word, 4), E_DAP_FAULT);
	assert_int_equal(dbg_write(p, RAM, word, 4), 0);
	probe_close(p);
	end(child);
	plan.lies = true;
	p = NULL;
	assert_int_equal(talk(&plan, &p, &child, why), E_UNSUPPORTED);
	assert_non_null(strstr(why, "gdb_report_data_abort enable"));
	end(child);
}

/* Black Magic: no target before it was looked for. */
static void test_scan(void **state)
{
	struct plan plan = { .supported = USUAL,
			     .version = "Black Magic Probe",
			     .dark = true,
			     .scans = true };
	struct probe *p = NULL;
	char why[256];
	pid_t child;

	(void)state;
	assert_int_equal(talk(&plan, &p, &child, why), 0);
	assert_string_equal(probe_info(p)->product, "Black Magic");
	probe_close(p);
	end(child);
}

static void test_addresses(void **state)
{
	static const struct {
		const char *uri, *serial;
		int err;
	} cases[] = {
		{ "gdb:", NULL, E_ARG },
		{ "gdb:localhost", NULL, E_ARG },
		{ "gdb:127.0.0.1:1", NULL, E_PROBE_LOST },
		{ "gdb:no.such.host.invalid:1", NULL, E_PROBE_LOST },
	};
	struct plan plan = { .supported = USUAL };
	static const struct {
		const char *name;
		int err;
	} lines[] = {
		{ "ttyS0", E_ARG },	  { "/dev/no-such-line", E_PROBE_LOST },
		{ "/dev/null", E_ARG },	  { "tcp:127.0.0.1:1", E_PROBE_LOST },
		{ "tcp:nowhere", E_ARG },
	};
	struct probe *p = NULL;
	char why[256];
	pid_t child;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct probe_config cfg = { .uri = cases[i].uri,
					    .timeout_ms = 200 };

		assert_int_equal(probe_open(&cfg, &p, why), cases[i].err);
		assert_true(strlen(why) > 10);
	}
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct probe_config cfg = { .uri = uri,
					    .serial = lines[i].name,
					    .timeout_ms = 200 };

		child = serve(&plan);
		assert_int_equal(probe_open(&cfg, &p, why), lines[i].err);
		assert_non_null(strstr(why, "serial line"));
		end(child);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_packet_size),
		cmocka_unit_test(test_accesses),
		cmocka_unit_test(test_peculiar),
		cmocka_unit_test(test_openocd),
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
