/* SPDX-License-Identifier: MIT */
/*
 * The station's end of the link (probe/link.h, flasher/link.h) against a chip
 * and a probe in a child process that know only docs/protocol.md: clean wires,
 * bit flips, frames lost and said twice, a chip that is dead, busy for ever,
 * or begins anew.  The child also watches what the host must never do: a train
 * that looks like an SWD line reset, or a frame to a chip that does not listen.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "flasher/link.h"
#include "probe/line.h"
#include "wire/dap.h"
#include "wire/release.h"

#define CHUNKS 40u
#define CHUNK_BODY (SEALED_CHUNK_MAX + 32u) /* under both seals */
#define MESSAGE 212u

struct plan { /* what the child does */
	const char *name;
	uint32_t flip;	  /* one bit in so many is wrong, 0 = none */
	uint32_t seed;	  /* of what is random */
	uint32_t drop;	  /* one clock in so many does not reach the chip */
	uint32_t lose;	  /* every so many-th frame is not seen by the chip */
	uint32_t swallow; /* ... is taken, but its answer is lost */
	uint32_t old;	  /* ... is answered with the answer before */
	bool dead;	  /* the wire stays high */
	bool stuck;	  /* the wire stays low */
	bool no_sequence, no_uart;
	uint32_t rate;	 /* of the line, 0 = the usual */
	bool ahead;	 /* (the host) sends chunks ahead */
	uint32_t packet; /* packet size, 0 = 512 */
};

/* Known to both sides: the bytes of message n. */
static void content(uint8_t type, unsigned n, uint8_t *out, size_t len)
{
	uint32_t x = 0x9e3779b9u * (type * 65537u + n + 1);

	for (size_t i = 0; i < len; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		out[i] = n % 3 == 2 ? 0xff : (uint8_t)(x >> 11);
	}
}

/* -- the loader's rules, frames in, frames out ---------------------------- */

struct loader {
	unsigned state; /* 0 ready, 1 message 1, 2 stream, 3 report, 4 done */
	unsigned want;
};

static size_t loader_says(const struct loader *l, uint8_t *out)
{
	static const uint8_t types[] = { LINK_READY, LINK_MSG1, LINK_WANT,
					 LINK_REPORT, LINK_DONE };
	struct link_head h = { .type = types[l->state] };
	uint8_t body[MESSAGE];

	h.index = l->state == 2 ? (uint16_t)l->want : 0;
	h.len = l->state == 1 || l->state == 3 ? MESSAGE : 0;
	content(h.type, 0, body, h.len);
	return link_frame(&h, body, out);
}

static void loader_takes(struct loader *l, const struct link_head *h,
			 const uint8_t *body)
{
	static const uint8_t wants[] = { LINK_HELLO, LINK_MSG2, LINK_DATA,
					 LINK_COMMIT, 0 };
	uint8_t good[LINK_BODY_MAX];

	if (h->type != wants[l->state])
		return;
	if (l->state == 2 && h->index != l->want)
		return;
	content(h->type, h->index, good, h->len);
	if (memcmp(good, body, h->len) != 0)
		return;
	if (l->state != 2 || ++l->want == CHUNKS)
		l->state++;
}

/* -- the chip on the wire ------------------------------------------------- */

enum state { BUSY, LISTENING, TALKING };

struct wire {
	const struct plan *plan;
	struct loader loader;
	struct link_rx rx;
	uint8_t buf[LINK_BODY_MAX + LINK_TAIL_LEN];
	enum state state;
	unsigned work; /* clocks that the chip stays busy */
	uint32_t window, bits, gap;
	bool in_frame;
	uint8_t answer[LINK_FRAME_MAX], before[LINK_FRAME_MAX];
	size_t answer_len, before_len, at; /* bits */
	uint32_t frames, noise;
	unsigned ones;
	/* what the host did wrong */
	unsigned worst_ones, fights;
};

static bool one_in(struct wire *w, uint32_t n)
{
	if (n == 0)
		return false;
	w->noise = w->noise * 1664525 + 1013904223;
	return (w->noise >> 8) % n == 0;
}

static bool flipped(struct wire *w)
{
	return one_in(w, w->plan->flip);
}

static bool every(uint32_t n, uint32_t count)
{
	return n != 0 && count % n == 0;
}

/* A frame came whole, or damaged but of the right length. */
static void answer(struct wire *w, bool good)
{
	w->frames++;
	w->state = LISTENING;
	w->in_frame = false;
	w->window = 0x1ff;
	if (every(w->plan->lose, w->frames))
		return;
	memcpy(w->before, w->answer, sizeof(w->before));
	w->before_len = w->answer_len;
	if (good)
		loader_takes(&w->loader, &w->rx.head, w->buf);
	w->answer_len = loader_says(&w->loader, w->answer);
	if (every(w->plan->old, w->frames) && w->before_len != 0) {
		memcpy(w->answer, w->before, sizeof(w->answer));
		w->answer_len = w->before_len;
	}
	if (every(w->plan->swallow, w->frames))
		return;
	w->state = BUSY;
	w->work = 150;
	w->at = 0;
}

static void hear_byte(struct wire *w, uint8_t byte)
{
	int got = link_rx_byte(&w->rx, byte);

	if (got == 1)
		answer(w, true);
	else if (got < 0 && w->rx.have == 0)
		answer(w, false);
	else if (got < 0)
		w->in_frame = false;
}

static void hear_bit(struct wire *w, bool bit)
{
	w->window = (w->window >> 1 | (uint32_t)bit << 8) & 0x1ff;
	if (!w->in_frame) {
		if (w->window != (LINK_SYNC << 1))
			return;
		w->in_frame = true;
		w->rx.have = 0;
		w->bits = 0;
		w->gap = 0;
		hear_byte(w, LINK_SYNC);
		return;
	}
	if (w->bits == 0 && bit) { /* between two characters */
		w->in_frame = ++w->gap <= 8;
		return;
	}
	w->gap = 0;
	w->bits++;
	if (w->bits < LINE_CHAR_BITS)
		return;
	w->bits = 0;
	hear_byte(w, (uint8_t)(w->window >> 1));
}

static int chip_drives(const struct wire *w)
{
	if (w->plan->dead)
		return -1;
	if (w->plan->stuck || w->state == BUSY)
		return 0;
	if (w->state == TALKING && w->at >= 2 &&
	    w->at - 2 < w->answer_len * LINE_CHAR_BITS)
		return line_bit(w->answer, w->at - 2, 0) ? -1 : 0;
	return -1;
}

/* One clock; host -1 = it reads.  Returns the wire before the rising edge. */
static bool wire_clock(struct wire *w, int host)
{
	int chip = chip_drives(w);
	bool level = chip < 0 && host != 0;

	if (host == 1 && w->state == TALKING)
		w->fights++;
	w->ones = level ? w->ones + 1 : 0;
	if (w->ones > w->worst_ones)
		w->worst_ones = w->ones;
	if (flipped(w))
		level = !level;
	if (w->plan->dead || w->plan->stuck || one_in(w, w->plan->drop))
		return level;
	if (w->state == LISTENING) {
		hear_bit(w, level);
	} else if (w->state == BUSY) {
		if (w->work-- == 0)
			w->state = TALKING;
	} else if (++w->at == w->answer_len * LINE_CHAR_BITS + 2) {
		w->state = LISTENING;
		w->window = 0x1ff;
	}
	return level;
}

/* -- the probe ------------------------------------------------------------ */

struct serial { /* the chip's end of the UART */
	uint8_t out[4 * LINK_FRAME_MAX];
	size_t len, at;
};

static size_t sequence(struct wire *w, const uint8_t *req, uint8_t *out)
{
	unsigned count = req[1];
	const uint8_t *p = req + 2;
	size_t n = 2;

	out[1] = w->plan->no_sequence ? DAP_ERROR : DAP_OK;
	while (count-- > 0) {
		unsigned bits = *p & 63 ? *p & 63 : 64;
		bool in = (*p++ & 0x80) != 0;

		if (in)
			memset(out + n, 0, 8);
		for (unsigned i = 0; i < bits; i++) {
			bool level = wire_clock(w, in ? -1
						      : p[i / 8] >> i % 8 & 1);

			if (in)
				out[n + i / 8] |= (uint8_t)(level << i % 8);
		}
		*(in ? &n : (size_t *)&(size_t){ 0 }) += (bits + 7) / 8;
		if (!in)
			p += (bits + 7) / 8;
	}
	return n;
}

static void serial_say(struct wire *w, struct serial *s)
{
	if (w->state != BUSY)
		return;
	if (s->at == s->len)
		s->at = s->len = 0;
	if (s->len + w->answer_len <= sizeof(s->out)) {
		memcpy(s->out + s->len, w->answer, w->answer_len);
		s->len += w->answer_len;
	}
	w->state = LISTENING;
}

static size_t uart(struct wire *w, struct serial *s, const uint8_t *req,
		   uint8_t *out)
{
	size_t want = req[1] | (size_t)req[2] << 8;
	size_t len = req[3] | (size_t)req[4] << 8, n = 0;

	for (size_t i = 0; i < len && !w->plan->dead; i++) {
		uint8_t b = req[5 + i];

		for (unsigned k = 0; k < 8; k++)
			b ^= (uint8_t)(flipped(w) << k);
		hear_byte(w, b);
		serial_say(w, s);
	}
	for (; s->at < s->len && n < want; s->at++, n++) {
		out[6 + n] = s->out[s->at];
		for (unsigned k = 0; k < 8; k++)
			out[6 + n] ^= (uint8_t)(flipped(w) << k);
	}
	out[1] = 0;
	out[2] = (uint8_t)len;
	out[3] = (uint8_t)(len >> 8);
	out[4] = (uint8_t)n;
	out[5] = (uint8_t)(n >> 8);
	return 6 + n;
}

static size_t info(const struct plan *plan, uint8_t id, uint8_t *out)
{
	uint32_t size = plan->packet ? plan->packet : 512;

	out[1] = 1;
	out[2] = id == DAP_INFO_PACKET_COUNT ? 4
		 : id == DAP_INFO_CAPABILITIES
			 ? DAP_CAP_SWD | (plan->no_uart ? 0 : DAP_CAP_UART)
			 : 0;
	if (id != DAP_INFO_PACKET_SIZE)
		return 3;
	out[1] = 2;
	out[2] = (uint8_t)size;
	out[3] = (uint8_t)(size >> 8);
	return 4;
}

static size_t reply(struct wire *w, struct serial *s, const uint8_t *req,
		    uint8_t *out)
{
	out[0] = req[0];
	out[1] = DAP_OK;
	switch (req[0]) {
	case DAP_INFO:
		return info(w->plan, req[1], out);
	case DAP_CONNECT:
		out[1] = DAP_PORT_SWD;
		return 2;
	case DAP_SWD_SEQUENCE:
		if (w->plan->no_sequence) {
			out[0] = DAP_INVALID;
			return 1;
		}
		return sequence(w, req, out);
	case DAP_UART_TRANSFER:
		return uart(w, s, req, out);
	default:
		return 2;
	}
}

static bool get(int fd, uint8_t *p, size_t len)
{
	while (len > 0) {
		ssize_t n = read(fd, p, len);

		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

/* The child: exit code 0 = the host behaved. */
static void play(int fd, const struct plan *plan)
{
	static struct wire w;
	static struct serial s;
	static uint8_t req[1 << 16]; /* whatever a length field can say */
	uint8_t head[8], out[8 + 1024];
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	w.plan = plan;
	w.rx.buf = w.buf;
	w.state = LISTENING;
	w.window = 0x1ff;
	w.noise = plan->seed;
	while (get(fd, head, 8) &&
	       get(fd, req, head[4] | (size_t)head[5] << 8)) {
		size_t n = reply(&w, &s, req, out + 8);
		const uint8_t h[8] = { 'D',
				       'A',
				       'P',
				       0,
				       n & 0xff,
				       (uint8_t)(n >> 8),
				       DAP_TCP_RESPONSE,
				       0 };

		memcpy(out, h, 8);
		if (write(fd, out, 8 + n) != (ssize_t)(8 + n))
			break;
	}
	if (w.worst_ones >= 50)
		fprintf(stderr, "%u ones in a row\n", w.worst_ones);
	if (w.fights != 0 && plan->flip == 0)
		fprintf(stderr, "host wrote %u ones while the chip talked\n",
			w.fights);
	/* noise may make both speak at once, and then there is no counting */
	if (plan->flip != 0 && w.fights != 0)
		_exit(0);
	_exit(w.worst_ones >= 50 || w.fights != 0);
}

/* -- the station ---------------------------------------------------------- */

static int listener;
static char uri[64];

static pid_t child_start(const struct plan *plan)
{
	pid_t pid = fork();

	if (pid == 0)
		play(accept(listener, NULL, NULL), plan);
	return pid;
}

static void child_end(pid_t pid)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* What the loader wants to hear; false at the end. */
static bool next_for(const struct link_head *heard, struct link_head *out,
		     uint8_t *body)
{
	static const struct {
		uint8_t heard, say;
		uint16_t len;
	} next[] = {
		{ LINK_READY, LINK_HELLO, 77 },
		{ LINK_MSG1, LINK_MSG2, 1200 },
		{ LINK_WANT, LINK_DATA, CHUNK_BODY },
		{ LINK_REPORT, LINK_COMMIT, 1000 },
	};

	for (size_t i = 0; i < sizeof(next) / sizeof(next[0]); i++) {
		if (next[i].heard != heard->type)
			continue;
		out->type = next[i].say;
		out->index = heard->index;
		out->len = next[i].len;
		content(out->type, out->index, body, out->len);
		return true;
	}
	return false;
}

/* A whole job; *ret_chunks = how far the chip got. */
static int job(struct relay *r, bool ahead, unsigned *ret_chunks)
{
	uint8_t body[LINK_BODY_MAX], next[LINK_BODY_MAX], good[MESSAGE];
	struct relay_frame f;
	struct link_head h;
	int err = relay_talk(r, NULL, NULL, &f);

	*ret_chunks = 0;
	while (err == 0 && next_for(&f.head, &h, body)) {
		if (f.head.type == LINK_WANT)
			*ret_chunks = f.head.index;
		if (f.head.len != 0) {
			content(f.head.type, 0, good, f.head.len);
			assert_memory_equal(f.body, good, f.head.len);
		}
		if (ahead && h.type == LINK_DATA && h.index + 1u < CHUNKS) {
			struct link_head n = { LINK_DATA, h.index + 1,
					       CHUNK_BODY };

			content(LINK_DATA, n.index, next, n.len);
			relay_ahead(r, &n, next);
		}
		err = relay_talk(r, &h, body, &f);
	}
	if (err == 0) {
		assert_int_equal(f.head.type, LINK_DONE);
		*ret_chunks = CHUNKS;
	}
	return err;
}

static int run(const struct plan *plan, enum probe_line line,
	       struct relay_count *ret_count)
{
	struct probe_config cfg = { .uri = uri, .timeout_ms = 5000 };
	char why[256] = "";
	struct probe *p = NULL;
	struct relay *r = NULL;
	pid_t pid = child_start(plan);
	unsigned chunks = 0;
	int err = probe_open(&cfg, &p, why);

	assert_int_equal(err, 0);
	err = probe_link_can(p, line);
	if (err == 0)
		err = relay_open(p, line, plan->rate, &r, why);
	if (err == 0)
		err = job(r, plan->ahead, &chunks);
	if (r != NULL) {
		*ret_count = *relay_counts(r);
		if (err != 0)
			assert_true(relay_why(r)[0] != '\0');
	} else {
		assert_true(probe_why(p)[0] != '\0');
	}
	relay_close(r);
	probe_close(p);
	child_end(pid);
	if (err == 0)
		assert_int_equal(chunks, CHUNKS);
	return err;
}

static const enum probe_line lines[] = { PROBE_LINE_SWD_PINS, PROBE_LINE_UART };

/* Nothing is asked or sent twice when nothing is lost. */
static void test_clean(void **state)
{
	const struct plan plans[] = {
		{ .name = "clean" },
		{ .name = "small packets", .packet = 64 },
		{ .name = "fast", .rate = 1000000 },
	};
	struct relay_count c = { 0 };

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(run(&plans[i / 2], lines[i % 2], &c), 0);
		assert_int_equal(c.sent, 1 + 3 + CHUNKS);
		assert_int_equal(c.asked, 1);
		assert_int_equal(c.damaged, 0);
	}
}

/* One chunk ahead, where the line buffers. */
static void test_ahead(void **state)
{
	static const struct plan plans[] = {
		{ .ahead = true },
		{ .ahead = true, .packet = 64 },
	};
	struct relay_count c = { 0 };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(run(&plans[i / 2], lines[i % 2], &c), 0);
		assert_int_equal(c.sent, 1 + 3 + CHUNKS);
		assert_int_equal(c.asked, 1);
		assert_int_equal(c.ahead, i % 2 == 0 ? 0 : CHUNKS - 1);
	}
}

static void test_ahead_losses(void **state)
{
	static const struct plan plans[] = {
		{ .name = "frames to the chip", .ahead = true, .lose = 4 },
		{ .name = "answers", .ahead = true, .swallow = 5 },
		{ .name = "old answers", .ahead = true, .old = 6 },
		{ .ahead = true, .lose = 7, .swallow = 5, .old = 9 },
	};
	struct plan flips = { .ahead = true, .flip = 10000 };
	struct relay_count c = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
		assert_int_equal(run(&plans[i], PROBE_LINE_UART, &c), 0);
		/* the next answer makes good for one that was lost */
		assert_true(c.sent >= 1 + 3 + CHUNKS + (plans[i].lose != 0));
		assert_true(c.sent < 6 * CHUNKS);
	}
	for (uint32_t i = 0; i < 20; i++) {
		flips.seed = i;
		assert_int_equal(run(&flips, PROBE_LINE_UART, &c), 0);
		assert_true(c.sent > 1 + 3 + CHUNKS);
	}
}

static void test_losses(void **state)
{
	static const struct plan plans[] = {
		{ .name = "frames to the chip", .lose = 4 },
		{ .name = "answers", .swallow = 5 },
		{ .name = "old answers", .old = 6 },
		{ .name = "all of it", .lose = 7, .swallow = 5, .old = 9 },
	};
	struct relay_count c = { 0 };

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(plans) / sizeof(plans[0]); i++) {
		assert_int_equal(run(&plans[i / 2], lines[i % 2], &c), 0);
		assert_true(c.sent > 1 + 3 + CHUNKS);
	}
}

/* One bit in 10,000: a chunk has 9,700, so most are hit now and then. */
static void test_flips(void **state)
{
	struct plan plan = { .flip = 10000 };
	struct relay_count c = { 0 };

	(void)state;
	for (size_t i = 0; i < 20; i++) {
		plan.seed = (uint32_t)i;
		assert_int_equal(run(&plan, lines[i % 2], &c), 0);
		assert_true(c.sent > 1 + 3 + CHUNKS);
	}
}

/* A clock that the chip does not see shifts all bits behind it. */
static void test_drops(void **state)
{
	struct plan plan = { .flip = 50000, .drop = 8000 };
	struct relay_count c = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 10; i++) {
		plan.seed = i;
		assert_int_equal(run(&plan, PROBE_LINE_SWD_PINS, &c), 0);
		assert_true(c.sent > 1 + 3 + CHUNKS);
	}
}

static void test_no_chip(void **state)
{
	static const struct plan dead = { .dead = true },
				 stuck = { .stuck = true };
	struct relay_count c = { 0 };

	(void)state;
	assert_int_equal(run(&dead, PROBE_LINE_SWD_PINS, &c), E_TARGET_LOST);
	assert_int_equal(c.sent, LINK_RETRIES + 1);
	assert_int_equal(run(&dead, PROBE_LINE_UART, &c), E_TARGET_LOST);
	assert_int_equal(run(&stuck, PROBE_LINE_SWD_PINS, &c), E_TARGET_LOST);
	assert_int_equal(c.sent, 0);
}

static void test_cannot(void **state)
{
	static const struct plan plan = { .no_sequence = true,
					  .no_uart = true };
	struct relay_count c = { 0 };

	(void)state;
	assert_int_equal(run(&plan, PROBE_LINE_SWD_PINS, &c), E_UNSUPPORTED);
	assert_int_equal(run(&plan, PROBE_LINE_UART, &c), E_UNSUPPORTED);
}

/* The bit receiver by itself: what must not be taken for a frame. */
static void test_bits(void **state)
{
	static const struct {
		const char *bits;
		int bytes;
		bool quiet;
	} cases[] = {
		{ "0000000000", 0, false },
		{ "111111111", 0, true },
		{ "11111111", 0, false },
		{ "01 0 10100101 1", 1, false },
		{ "01 0 10100101 0 11111111 1", 2, true },
		{ "01 0 10100101 0 11111111 1 11111111", 2, true },
		{ "01 0 10100100 0 11111111 1", 0, true },
		{ "00 1 0 00000000 00000 1 0 10100101 1", 1, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct line_rx rx = { 0 };
		int bytes = 0;

		for (const char *b = cases[i].bits; *b != '\0'; b++)
			if (*b != ' ' && line_rx_bit(&rx, *b == '1') >= 0)
				bytes++;
		assert_int_equal(bytes, cases[i].bytes);
		assert_int_equal(line_rx_quiet(&rx), cases[i].quiet);
	}
}

static int setup(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);

	(void)state;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&a, len) != 0 ||
	    listen(listener, 1) != 0 ||
	    getsockname(listener, (struct sockaddr *)&a, &len) != 0)
		return -1;
	snprintf(uri, sizeof(uri), "tcp:127.0.0.1:%u", ntohs(a.sin_port));
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bits),
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_ahead),
		cmocka_unit_test(test_ahead_losses),
		cmocka_unit_test(test_losses),
		cmocka_unit_test(test_flips),
		cmocka_unit_test(test_drops),
		cmocka_unit_test(test_no_chip),
		cmocka_unit_test(test_cannot),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
