/* SPDX-License-Identifier: MIT */
/*
 * leak_find - does something secret appear in what a listener has?
 *
 *   leak_find [--window N] [--distinct N] [--except FILE]... [--baud N]
 *             [--json] --secret FILE... -- FILE...
 *
 * Every window of N bytes (default 16) of the secrets is searched in the
 * files.  A file that ends in .vcd is a capture: its debug wires are searched
 * as sampled, with every ninth bit left out (characters with a start bit), as
 * words of SWD transfers, and its UART as characters; all at every bit offset
 * and in both bit orders.  Any other file is searched at every bit offset.
 *
 * Windows with fewer distinct bytes than --distinct (default 6), and those
 * that occur in an --except file, are left out: they say nothing.
 *
 * Prints what was found.  Exit code 0: nothing; 1: something; 2: cannot tell
 * (usage, unreadable file, or no window left to search).
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/trace.h"

#define WINDOW_MIN 8
#define WINDOW_MAX 64
#define FILES_MAX 64
#define FILTER_BITS 24
#define SHOWN_MAX 20

struct secret {
	const char *path;
	uint8_t *p;
	size_t len;
};

struct window { /* a place in the secrets; chained by hash */
	uint64_t key;
	uint32_t secret, offset;
	int32_t next;
};

static struct {
	size_t window, distinct;
	unsigned baud;
	struct secret secrets[FILES_MAX];
	unsigned secret_count;
	struct secret excepts[FILES_MAX];
	unsigned except_count;
	uint8_t filter[1 << (FILTER_BITS - 3)];
	int32_t *heads;
	uint32_t head_mask;
	struct window *windows;
	size_t window_count, window_left_out;
	uint64_t found, shown;
} g = { .window = 16, .distinct = 6, .baud = 1000000 };

static void die(const char *path, const char *why)
{
	fprintf(stderr, "leak_find: %s: %s\n", path, why);
	exit(2);
}

static void *must(void *p)
{
	if (p == NULL)
		die("memory", "out of it");
	return p;
}

static struct secret slurp(const char *path)
{
	struct secret s = { .path = path };
	FILE *f = fopen(path, "rb");
	size_t cap = 1 << 16, n;

	if (f == NULL)
		die(path, strerror(errno));
	s.p = must(malloc(cap));
	while ((n = fread(s.p + s.len, 1, cap - s.len, f)) > 0) {
		s.len += n;
		if (s.len == cap)
			s.p = must(realloc(s.p, cap *= 2));
	}
	if (ferror(f))
		die(path, strerror(errno));
	fclose(f);
	return s;
}

static uint64_t key_of(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint64_t mix(uint64_t z)
{
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* -- the windows to look for ------------------------------------------------
 */

static size_t distinct(const uint8_t *p, size_t len)
{
	uint64_t seen[4] = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		uint64_t bit = 1ull << (p[i] & 63);

		n += (seen[p[i] >> 6] & bit) == 0;
		seen[p[i] >> 6] |= bit;
	}
	return n;
}

static bool excepted(const uint8_t *p)
{
	for (unsigned i = 0; i < g.except_count; i++)
		if (g.excepts[i].len >= g.window &&
		    memmem(g.excepts[i].p, g.excepts[i].len, p, g.window))
			return true;
	return false;
}

static void add(unsigned secret, size_t offset)
{
	const uint8_t *p = g.secrets[secret].p + offset;
	uint64_t h = mix(key_of(p));
	struct window *w = &g.windows[g.window_count];

	*w = (struct window){ key_of(p), secret, (uint32_t)offset,
			      g.heads[h & g.head_mask] };
	g.heads[h & g.head_mask] = (int32_t)g.window_count++;
	h >>= 64 - FILTER_BITS;
	g.filter[h >> 3] |= (uint8_t)(1 << (h & 7));
}

static void index_secrets(void)
{
	size_t all = 0, slots = 1;

	for (unsigned i = 0; i < g.secret_count; i++)
		all += g.secrets[i].len;
	while (slots < 2 * all)
		slots *= 2;
	g.head_mask = (uint32_t)slots - 1;
	g.heads = must(malloc(slots * sizeof(*g.heads)));
	memset(g.heads, -1, slots * sizeof(*g.heads));
	g.windows = must(malloc((all + 1) * sizeof(*g.windows)));
	for (unsigned i = 0; i < g.secret_count; i++) {
		const struct secret *s = &g.secrets[i];

		for (size_t at = 0; at + g.window <= s->len; at++) {
			if (distinct(s->p + at, g.window) >= g.distinct &&
			    !excepted(s->p + at))
				add(i, at);
			else
				g.window_left_out++;
		}
	}
}

/* -- searching --------------------------------------------------------------
 */

static void show(const char *where, const char *how, size_t at,
		 const struct window *w)
{
	g.found++;
	if (g.shown++ >= SHOWN_MAX)
		return;
	printf("{\"file\":\"%s\",\"as\":\"%s\",\"at\":%zu,\"secret\":\"%s\","
	       "\"offset\":%u}\n",
	       where, how, at, g.secrets[w->secret].path, w->offset);
}

static void search_bytes(const char *where, const char *how, const uint8_t *p,
			 size_t len)
{
	for (size_t at = 0; at + g.window <= len; at++) {
		uint64_t key = key_of(p + at), h = mix(key);
		uint64_t bit = h >> (64 - FILTER_BITS);
		int32_t i;

		if (!(g.filter[bit >> 3] >> (bit & 7) & 1))
			continue;
		for (i = g.heads[h & g.head_mask]; i >= 0;
		     i = g.windows[i].next) {
			const struct window *w = &g.windows[i];
			const uint8_t *s = g.secrets[w->secret].p + w->offset;

			if (w->key == key && !memcmp(s, p + at, g.window)) {
				show(where, how, at, w);
				break;
			}
		}
	}
}

static uint8_t reversed(uint8_t v)
{
	v = (uint8_t)(v >> 4 | v << 4);
	v = (uint8_t)((v & 0xcc) >> 2 | (v & 0x33) << 2);
	return (uint8_t)((v & 0xaa) >> 1 | (v & 0x55) << 1);
}

/* All eight offsets; bits of a byte in the order of time, lowest first. */
static void search_shifts(const char *where, const char *how, const uint8_t *p,
			  size_t len)
{
	uint8_t *s = must(malloc(len + 1));

	for (unsigned shift = 0; shift < 8; shift++) {
		for (size_t i = 0; i + 1 < len; i++)
			s[i] = (uint8_t)((p[i] | p[i + 1] << 8) >> shift);
		search_bytes(where, how, s, len > 0 ? len - 1 : 0);
	}
	if (len != 0) /* the last window, unshifted */
		search_bytes(where, how,
			     p + (len > g.window ? len - g.window : 0),
			     len > g.window ? g.window : len);
	free(s);
}

static void search_bits(const char *where, const char *how, uint8_t *p,
			size_t len)
{
	char back[64];

	search_shifts(where, how, p, len);
	snprintf(back, sizeof(back), "%s, reversed", how);
	for (size_t i = 0; i < len; i++)
		p[i] = reversed(p[i]);
	search_shifts(where, back, p, len);
}

static void search_stream(const char *where, const char *how,
			  struct trace_bytes *b)
{
	search_bits(where, how, b->p, b->len);
	free(b->p);
	*b = (struct trace_bytes){ 0 };
}

static void search_capture(const char *path)
{
	struct trace *t = trace_load(path, g.baud);
	struct trace_bytes a = { 0 }, b = { 0 };
	char how[48];

	printf("{\"file\":\"%s\",\"samples\":%zu,\"tx\":%zu,\"rx\":%zu}\n",
	       path, t->samples.len, t->tx.len, t->rx.len);
	trace_pack(t, 0, 0, &a);
	search_stream(path, "samples", &a);
	for (unsigned phase = 0; phase < 9; phase++) {
		trace_pack(t, 9, phase, &a);
		snprintf(how, sizeof(how), "characters, phase %u", phase);
		search_stream(path, how, &a);
	}
	trace_swd_words(t, &a, &b);
	search_stream(path, "swd writes", &a);
	search_stream(path, "swd reads", &b);
	search_stream(path, "uart tx", &t->tx);
	search_stream(path, "uart rx", &t->rx);
	trace_free(t);
}

static void search_file(const char *path)
{
	size_t len = strlen(path);
	struct secret s;

	if (len > 4 && strcmp(path + len - 4, ".vcd") == 0) {
		search_capture(path);
		return;
	}
	s = slurp(path);
	search_bits(path, "bytes", s.p, s.len);
	free(s.p);
}

/* -- command line ------------------------------------------------------------
 */

static size_t number(const char *s)
{
	char *end;
	unsigned long v = strtoul(s, &end, 10);

	if (*s < '0' || *s > '9' || *end != '\0')
		die(s, "not a number");
	return v;
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "window", required_argument, NULL, 'w' },
		{ "distinct", required_argument, NULL, 'd' },
		{ "baud", required_argument, NULL, 'b' },
		{ "secret", required_argument, NULL, 's' },
		{ "except", required_argument, NULL, 'e' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'w')
			g.window = number(optarg);
		else if (c == 'd')
			g.distinct = number(optarg);
		else if (c == 'b')
			g.baud = (unsigned)number(optarg);
		else if (c == 's' && g.secret_count < FILES_MAX)
			g.secrets[g.secret_count++] = slurp(optarg);
		else if (c == 'e' && g.except_count < FILES_MAX)
			g.excepts[g.except_count++] = slurp(optarg);
		else
			die("usage", "see the head of leak_find.c");
	}
	if (g.window < WINDOW_MIN || g.window > WINDOW_MAX || g.baud == 0 ||
	    g.secret_count == 0 || optind == argc)
		die("usage", "leak_find --secret FILE... FILE...");
}

int main(int argc, char **argv)
{
	parse(argc, argv);
	index_secrets();
	if (g.window_count == 0)
		die(g.secrets[0].path, "no window is left to search for");
	for (int i = optind; i < argc; i++)
		search_file(argv[i]);
	printf("{\"windows\":%zu,\"left_out\":%zu,\"found\":%llu}\n",
	       g.window_count, g.window_left_out, (unsigned long long)g.found);
	return g.found != 0;
}
