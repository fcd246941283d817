/* SPDX-License-Identifier: MIT */
/*
 * frame_common - do two captures of sealed jobs share ciphertext?
 *
 *   frame_common A.vcd B.vcd [DATA-BYTES]
 *
 * Takes the bodies of the frames that are sealed (messages 1 and 2, data,
 * report, commit) out of both and looks for a run of eight bytes that both
 * have, at any place.  By chance there is one in 2^64 / (len A * len B).
 * The same frame resent within one capture is the same bytes; that is allowed.
 *
 * Exit code 0: none; 1: there is one; 2: cannot tell, because a capture has
 * fewer than DATA-BYTES (default 4096) bytes in data frames.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/trace.h"

#define RUN 8

enum { MSG2 = 2, DATA = 3, COMMIT = 4, MSG1 = 0x82, REPORT = 0x84 };

struct side {
	struct trace_bytes bytes;
	size_t frames, data;
};

static void take(void *user, const struct trace_frame *f)
{
	struct side *s = user;

	if (f->type != MSG1 && f->type != MSG2 && f->type != DATA &&
	    f->type != REPORT && f->type != COMMIT)
		return;
	s->frames++;
	if (f->type == DATA)
		s->data += f->len;
	for (unsigned i = 0; i < f->len; i++)
		trace_put(&s->bytes, f->body[i]);
}

static struct side load(const char *path)
{
	struct trace *t = trace_load(path, 0);
	struct side s = { 0 };

	trace_frames(t, take, &s);
	trace_free(t);
	printf("{\"file\":\"%s\",\"frames\":%zu,\"data\":%zu,\"bytes\":%zu}\n",
	       path, s.frames, s.data, s.bytes.len);
	return s;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t *runs(const struct side *s, size_t *out_count)
{
	size_t n = s->bytes.len >= RUN ? s->bytes.len - RUN + 1 : 0;
	uint64_t *v = malloc((n + 1) * sizeof(*v));

	if (v == NULL)
		exit(2);
	for (size_t i = 0; i < n; i++)
		memcpy(&v[i], s->bytes.p + i, RUN);
	qsort(v, n, sizeof(*v), by_value);
	*out_count = n;
	return v;
}

int main(int argc, char **argv)
{
	size_t least = argc > 3 ? strtoul(argv[3], NULL, 10) : 4096;
	size_t na, nb, common = 0, i = 0, k = 0;
	struct side a, b;
	uint64_t *x, *y;

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "frame_common A.vcd B.vcd [DATA-BYTES]\n");
		return 2;
	}
	a = load(argv[1]);
	b = load(argv[2]);
	if (a.data < least || b.data < least) {
		fprintf(stderr, "frame_common: too little data to judge\n");
		return 2;
	}
	x = runs(&a, &na);
	y = runs(&b, &nb);
	while (i < na && k < nb) {
		common += x[i] == y[k];
		if (x[i] <= y[k])
			i++;
		else
			k++;
	}
	printf("{\"common\":%zu}\n", common);
	return common != 0;
}
