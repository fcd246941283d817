/* SPDX-License-Identifier: MIT */
/*
 * leak_find - does something secret appear in what a listener has?
 *
 *   leak_find [--window N] [--distinct N] [--except FILE]... [--baud N]
 *             --secret FILE... FILE...
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
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/leak.h"
#include "tests/lib/trace.h"

#define WINDOW 16
#define DISTINCT 6

static void die(const char *path, const char *why)
{
	fprintf(stderr, "leak_find: %s: %s\n", path, why);
	exit(2);
}

static uint8_t *larger(uint8_t *p, size_t cap)
{
	uint8_t *q = realloc(p, cap);

	if (q == NULL)
		die("memory", "out of it");
	return q;
}

static uint8_t *slurp(const char *path, size_t *out_len)
{
	FILE *f = fopen(path, "rb");
	size_t cap = 1 << 16, len = 0, n;
	uint8_t *p = malloc(cap);

	if (f == NULL)
		die(path, strerror(errno));
	while (p != NULL && (n = fread(p + len, 1, cap - len, f)) > 0) {
		len += n;
		if (len == cap)
			p = larger(p, cap *= 2);
	}
	if (p == NULL || ferror(f))
		die(path, "cannot be read");
	fclose(f);
	*out_len = len;
	return p;
}

static size_t search_stream(struct leak *l, const char *path, const char *how,
			    struct trace_bytes *b)
{
	size_t found = leak_bits(l, path, how, b->p, b->len);

	free(b->p);
	*b = (struct trace_bytes){ 0 };
	return found;
}

static size_t search_capture(struct leak *l, const char *path, unsigned baud)
{
	struct trace *t = trace_load(path, baud);
	struct trace_bytes a = { 0 }, b = { 0 };
	size_t found;
	char how[48];

	printf("{\"file\":\"%s\",\"samples\":%zu,\"tx\":%zu,\"rx\":%zu}\n",
	       path, t->samples.len, t->tx.len, t->rx.len);
	trace_pack(t, 0, 0, 0, &a);
	found = search_stream(l, path, "samples", &a);
	/* a start bit before each, and perhaps two ones */
	for (unsigned period = 9; period <= 11; period += 2)
		for (unsigned phase = 0; phase < period; phase++) {
			trace_pack(t, period, phase, period - 8, &a);
			snprintf(how, sizeof(how),
				 "%u-bit characters, phase %u", period, phase);
			found += search_stream(l, path, how, &a);
		}
	trace_swd_words(t, &a, &b);
	found += search_stream(l, path, "swd writes", &a);
	found += search_stream(l, path, "swd reads", &b);
	found += search_stream(l, path, "uart tx", &t->tx);
	found += search_stream(l, path, "uart rx", &t->rx);
	trace_free(t);
	return found;
}

static size_t search_file(struct leak *l, const char *path, unsigned baud)
{
	size_t len = strlen(path), found;
	uint8_t *p;

	if (len > 4 && strcmp(path + len - 4, ".vcd") == 0)
		return search_capture(l, path, baud);
	p = slurp(path, &len);
	found = leak_bits(l, path, "bytes", p, len);
	free(p);
	return found;
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

static const struct option options[] = {
	{ "window", required_argument, NULL, 'w' },
	{ "distinct", required_argument, NULL, 'd' },
	{ "baud", required_argument, NULL, 'b' },
	{ "secret", required_argument, NULL, 's' },
	{ "except", required_argument, NULL, 'e' },
	{ 0 },
};

/* Numbers first: the texts need them. */
static struct leak *parse(int argc, char **argv, unsigned *out_baud)
{
	size_t window = WINDOW, distinct = DISTINCT, baud = 0, len;
	unsigned secrets = 0;
	struct leak *l;
	uint8_t *p;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'w')
			window = number(optarg);
		else if (c == 'd')
			distinct = number(optarg);
		else if (c == 'b')
			baud = number(optarg);
		else if (c != 's' && c != 'e')
			die("usage", "see the head of leak_find.c");
		secrets += c == 's';
	}
	if (secrets == 0 || optind == argc)
		die("usage", "leak_find --secret FILE... FILE...");
	l = leak_new(window, distinct);
	optind = 1;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 's' && c != 'e')
			continue;
		p = slurp(optarg, &len);
		if (c == 's')
			leak_secret(l, optarg, p, len);
		else
			leak_public(l, p, len);
		free(p);
	}
	*out_baud = (unsigned)baud;
	return l;
}

int main(int argc, char **argv)
{
	size_t windows, left_out, found = 0;
	unsigned baud;
	struct leak *l = parse(argc, argv, &baud);

	windows = leak_windows(l, &left_out);
	if (windows == 0)
		die("secrets", "no window is left to search for");
	for (int i = optind; i < argc; i++)
		found += search_file(l, argv[i], baud);
	printf("{\"windows\":%zu,\"left_out\":%zu,\"found\":%zu}\n", windows,
	       left_out, found);
	leak_free(l);
	return found != 0;
}
