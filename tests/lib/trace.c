/* SPDX-License-Identifier: MIT */
#include "tests/lib/trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void die(const char *path, const char *why)
{
	fprintf(stderr, "%s: %s\n", path, why);
	exit(2);
}

static void *grow(void *p, size_t *cap, size_t need, size_t size)
{
	if (need <= *cap)
		return p;
	*cap = *cap != 0 ? 2 * *cap : 4096;
	p = realloc(p, *cap * size);
	if (p == NULL)
		die("trace", "out of memory");
	return p;
}

void trace_put(struct trace_bytes *b, uint8_t byte)
{
	b->p = grow(b->p, &b->cap, b->len + 1, 1);
	b->p[b->len++] = byte;
}

/* -- VCD ------------------------------------------------------------------ */

enum wire { VDD, SWCLK, SWDIO, TARGET, TX, RX, WIRES };
static const char *const wire_names[WIRES] = { "vdd",	       "swclk", "swdio",
					       "swdio_target", "tx",	"rx" };

/* Pulses on the serial wires by their length in ns. */
#define PULSE_MAX 20000
static size_t pulses[PULSE_MAX];

struct uart { /* a receiver that samples in the middle of each bit */
	uint64_t bit_ns, begin;
	uint64_t changed;
	bool busy;
	int level;
	unsigned bit;
	uint8_t byte;
	struct trace_bytes *out;
	uint64_t **at; /* when each character began */
	size_t *at_cap;
};

static void uart_put(struct uart *u)
{
	*u->at = grow(*u->at, u->at_cap, u->out->len + 1, sizeof(**u->at));
	(*u->at)[u->out->len] = u->begin;
	trace_put(u->out, u->byte);
}

/* The level has been u->level up to now. */
static void uart_until(struct uart *u, uint64_t now)
{
	while (u->busy && u->begin + u->bit_ns * (2 * u->bit + 3) / 2 <= now) {
		if (u->bit < 8) {
			u->byte |= (uint8_t)(u->level << u->bit);
			u->bit++;
			continue;
		}
		if (u->level) /* a stop bit, or it was no character */
			uart_put(u);
		u->busy = false;
	}
}

static void uart_change(struct uart *u, uint64_t now, int level)
{
	uart_until(u, now);
	if (now - u->changed < PULSE_MAX)
		pulses[now - u->changed]++;
	u->changed = now;
	if (!u->busy && u->level && !level) {
		u->busy = true;
		u->begin = now;
		u->bit = 0;
		u->byte = 0;
	}
	u->level = level;
}

struct reader {
	struct trace *t;
	int wire_of[128]; /* by identifier character, -1 none */
	int level[WIRES];
	struct uart tx, rx;
	uint64_t now;
};

static void sample(struct reader *r)
{
	struct trace *t = r->t;

	t->at = grow(t->at, &t->at_cap, t->samples.len + 1, sizeof(*t->at));
	t->at[t->samples.len] = r->now;
	trace_put(&t->samples,
		  (uint8_t)(r->level[SWDIO] | r->level[TARGET] << 1));
}

static void change(struct reader *r, int wire, int level)
{
	int before = r->level[wire];

	if (wire == TX)
		uart_change(&r->tx, r->now, level);
	if (wire == RX)
		uart_change(&r->rx, r->now, level);
	if (wire == SWCLK && before == 0 && level == 1)
		sample(r);
	if (wire == VDD && before != 1 && level == 1) {
		r->t->power_ons++;
		r->t->power_on_at = r->t->samples.len;
	}
	r->level[wire] = level;
}

static void variable(struct reader *r, const char *line)
{
	char id, name[64];

	if (sscanf(line, "$var wire 1 %c %63s", &id, name) != 2 ||
	    (unsigned char)id > 127)
		return;
	for (int i = 0; i < WIRES; i++)
		if (strcmp(name, wire_names[i]) == 0)
			r->wire_of[(unsigned char)id] = i;
}

static void line_done(struct reader *r, const char *line)
{
	unsigned char id = (unsigned char)line[1];

	if (line[0] == '#')
		r->now = strtoull(line + 1, NULL, 10);
	else if ((line[0] == '0' || line[0] == '1') && id < 128 &&
		 r->wire_of[id] >= 0)
		change(r, r->wire_of[id], line[0] - '0');
	else if (line[0] == '$')
		variable(r, line);
}

static void read_all(const char *path, struct trace *t, uint64_t bit_ns)
{
	struct reader r = { .t = t };
	char line[256];
	FILE *f = fopen(path, "r");

	if (f == NULL)
		die(path, strerror(errno));
	memset(r.wire_of, -1, sizeof(r.wire_of));
	memset(r.level, -1, sizeof(r.level));
	r.tx = (struct uart){ bit_ns, .out = &t->tx, .at = &t->tx_at,
			      .at_cap = &t->tx_at_cap };
	r.rx = (struct uart){ bit_ns, .out = &t->rx, .at = &t->rx_at,
			      .at_cap = &t->rx_at_cap };
	while (fgets(line, sizeof(line), f) != NULL)
		line_done(&r, line);
	uart_until(&r.tx, UINT64_MAX / 4);
	uart_until(&r.rx, UINT64_MAX / 4);
	t->end_ns = r.now;
	if (fclose(f) != 0 || r.wire_of['a'] < 0)
		die(path, "not a capture");
}

static struct trace *trace_new(const char *path)
{
	struct trace *t = calloc(1, sizeof(*t));

	if (t == NULL)
		die(path, strerror(errno));
	return t;
}

/* The pulse that comes most often is one bit. */
static uint64_t bit_find(const char *path)
{
	struct trace *t = trace_new(path);
	uint64_t best = 0;

	memset(pulses, 0, sizeof(pulses));
	read_all(path, t, PULSE_MAX);
	trace_free(t);
	for (uint64_t ns = 1; ns < PULSE_MAX; ns++)
		if (pulses[ns] > pulses[best])
			best = ns;
	return best != 0 ? best : PULSE_MAX;
}

struct trace *trace_load(const char *path, unsigned baud)
{
	uint64_t bit_ns = baud != 0 ? 1000000000 / baud : bit_find(path);
	struct trace *t = trace_new(path);

	read_all(path, t, bit_ns);
	return t;
}

void trace_free(struct trace *t)
{
	if (t == NULL)
		return;
	free(t->samples.p);
	free(t->tx.p);
	free(t->rx.p);
	free(t->at);
	free(t->tx_at);
	free(t->rx_at);
	free(t);
}

/* -- serial wire debug (Arm IHI 0031, chapter B4), turnaround of one --------
 */

static unsigned get(const struct trace *t, size_t at)
{
	return at < t->samples.len ? t->samples.p[at] & 1 : 0;
}

static uint64_t get_n(const struct trace *t, size_t at, unsigned n)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < n; i++)
		v |= (uint64_t)get(t, at + i) << i;
	return v;
}

/* A transfer that begins here and is acknowledged: its length, else 0. */
static unsigned transfer(const struct trace *t, size_t at, bool *ret_ap,
			 bool *ret_read, uint32_t *out)
{
	unsigned head = (unsigned)get_n(t, at, 8), four = head >> 1 & 15;
	bool read = four >> 1 & 1;
	uint64_t data;

	if ((head & 0xc1) != 0x81 ||
	    (unsigned)__builtin_parity(four) != (head >> 5 & 1))
		return 0;
	if (get_n(t, at + 9, 3) != 1)
		return 0;
	data = get_n(t, at + (read ? 12 : 13), 33);
	if ((unsigned)__builtin_parity((uint32_t)data) != (data >> 32 & 1))
		return 0;
	*ret_ap = four & 1;
	*ret_read = read;
	*out = (uint32_t)data;
	return 46;
}

void trace_swd_words(const struct trace *t, struct trace_bytes *written,
		     struct trace_bytes *read)
{
	size_t at = 0;

	while (at + 46 <= t->samples.len) {
		bool ap, rd;
		uint32_t v;
		unsigned n = transfer(t, at, &ap, &rd, &v);

		/* what is read through the access port comes by RDBUFF too */
		for (unsigned i = 0; n != 0 && (ap || rd) && i < 4; i++)
			trace_put(rd ? read : written, (uint8_t)(v >> 8 * i));
		at += n != 0 ? n : 1;
	}
}

void trace_pack(const struct trace *t, unsigned period, unsigned phase,
		unsigned skip, struct trace_bytes *out)
{
	unsigned n = 0, byte = 0;

	for (size_t i = 0; i < t->samples.len; i++) {
		if (period != 0 && (i + period - phase) % period < skip)
			continue;
		byte |= (t->samples.p[i] & 1u) << n;
		if (++n == 8) {
			trace_put(out, (uint8_t)byte);
			n = byte = 0;
		}
	}
}

/* -- frames of the sealed link (docs/protocol.md) ----------------------------
 */

#define FRAME_SYNC 0xa5
#define FRAME_HEAD 8
#define FRAME_TAIL 4
#define FRAME_BODY_MAX 2048

/* The host may leave the wire high for a while between two characters. */
#define FRAME_GAP_MAX 8

/* From here, moved on behind it: ones, if there may be any, a start bit 0 and a
 * byte; -1 when it is none. */
static int character(const struct trace *t, size_t *at, unsigned gap)
{
	size_t p = *at;

	while (gap-- > 0 && get(t, p) != 0)
		p++;
	if (p + 9 > t->samples.len || get(t, p) != 0)
		return -1;
	*at = p + 9;
	return (int)get_n(t, p + 1, 8);
}

/* CRC-16/CCITT-FALSE. */
static uint16_t crc16(const uint8_t *p, size_t len)
{
	unsigned crc = 0xffff;

	while (len-- > 0) {
		crc ^= (unsigned)*p++ << 8;
		for (int i = 0; i < 8; i++)
			crc = crc << 1 ^ (crc & 0x8000 ? 0x11021 : 0);
	}
	return (uint16_t)crc;
}

/* How many bytes of a frame begin here, and the frame itself; 0 = none. */
static size_t frame_of(const uint8_t *p, size_t len, struct trace_frame *out)
{
	if (len < FRAME_HEAD || p[0] != FRAME_SYNC ||
	    crc16(p + 1, 5) != (p[6] | p[7] << 8))
		return 0;
	*out = (struct trace_frame){ .type = p[1],
				     .index = (uint16_t)(p[2] | p[3] << 8),
				     .len = (uint16_t)(p[4] | p[5] << 8),
				     .body = p + FRAME_HEAD };
	if (out->len > FRAME_BODY_MAX ||
	    len < FRAME_HEAD + (size_t)out->len + FRAME_TAIL)
		return 0;
	return FRAME_HEAD + (size_t)out->len + FRAME_TAIL;
}

struct frames {
	struct trace_frame *p;
	size_t len, cap;
};

/* The frame and a copy of its body. */
static void keep(struct frames *all, struct trace_frame f, uint64_t at)
{
	uint8_t *body = malloc(f.len + 1u);

	if (body == NULL)
		die("trace", "out of memory");
	memcpy(body, f.body, f.len);
	f.body = body;
	f.at = at;
	all->p = grow(all->p, &all->cap, all->len + 1, sizeof(f));
	all->p[all->len++] = f;
}

static void frames_on_pins(const struct trace *t, struct frames *all)
{
	uint8_t buf[FRAME_HEAD + FRAME_BODY_MAX + FRAME_TAIL];
	struct trace_frame f;
	size_t at = 0;

	while (at < t->samples.len) {
		size_t n = 0, len = 0, p = at, ends[sizeof(buf)];
		int c = character(t, &p, 0);

		while (n < sizeof(buf) && c >= 0 &&
		       (n != 0 || c == FRAME_SYNC)) {
			ends[n] = p;
			buf[n++] = (uint8_t)c;
			c = character(t, &p, FRAME_GAP_MAX);
		}
		if (n != 0)
			len = frame_of(buf, n, &f);
		if (len != 0)
			keep(all, f, t->at[at]);
		/* cppcheck-suppress uninitvar ; frame_of() saw n of them */
		at = len != 0 ? ends[len - 1] : at + 1;
	}
}

static void frames_on_uart(const struct trace_bytes *b, const uint64_t *began,
			   struct frames *all)
{
	struct trace_frame f;
	size_t at = 0, len;

	while (at < b->len) {
		len = frame_of(b->p + at, b->len - at, &f);
		if (len != 0)
			keep(all, f, began[at]);
		at += len != 0 ? len : 1;
	}
}

static int by_time(const void *a, const void *b)
{
	uint64_t x = ((const struct trace_frame *)a)->at;
	uint64_t y = ((const struct trace_frame *)b)->at;

	return (x > y) - (x < y);
}

void trace_frames(const struct trace *t,
		  void (*each)(void *user, const struct trace_frame *f),
		  void *user)
{
	struct frames all = { 0 };

	frames_on_pins(t, &all);
	frames_on_uart(&t->rx, t->rx_at, &all);
	frames_on_uart(&t->tx, t->tx_at, &all);
	if (all.len != 0)
		qsort(all.p, all.len, sizeof(*all.p), by_time);
	for (size_t i = 0; i < all.len; i++) {
		each(user, &all.p[i]);
		free((void *)(uintptr_t)all.p[i].body);
	}
	free(all.p);
}
