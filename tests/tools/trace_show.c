/* SPDX-License-Identifier: MIT */
/*
 * trace_show - the conversation of a sealed job, as a listener reads it.
 *
 *   trace_show FILE.vcd
 *
 * One line per frame: who speaks, what, how many bytes, the first of them.  Of
 * the frames that carry firmware only the first two and the last are shown,
 * and nothing of how they were asked for again.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/trace.h"

#define FROM_CHIP 0x80
#define DATA 3
#define ASK 5
#define WANT 0x83
#define SHOWN 12 /* bytes */

static const struct kind {
	uint8_t type;
	const char *name, *what;
} kinds[] = {
	{ 1, "hello", "which grant, in clear" },
	{ 2, "message 2", "keys, from the server" },
	{ DATA, "data", "firmware, sealed twice" },
	{ 4, "commit", "credential, sealed" },
	{ 5, "ask", "" },
	{ 0x81, "ready", "" },
	{ 0x82, "message 1", "the claim, for the server" },
	{ WANT, "want", "" },
	{ 0x84, "report", "what it installed, sealed" },
	{ 0x85, "done", "" },
	{ 0x86, "fault", "" },
};

struct show {
	unsigned data, again, bytes;
	uint16_t last_index;
	uint8_t last_type;
	char held[96]; /* the last data frame, until it is known to be that */
};

static void line(const struct trace_frame *f, char *out, size_t cap)
{
	const struct kind *k = NULL;
	char hex[2 * SHOWN + 4] = "";
	unsigned n = f->len < SHOWN ? f->len : SHOWN;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].type == f->type)
			k = &kinds[i];
	for (unsigned i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02x", f->body[i]);
	if (f->len > SHOWN)
		snprintf(hex + 2 * SHOWN, 3, "..");
	snprintf(out, cap, "%s %-9s %4u B  %-26s  %s",
		 f->type & FROM_CHIP ? "<-" : "->", k ? k->name : "?", f->len,
		 hex, k ? k->what : "");
}

static void flush(struct show *s)
{
	if (s->data > 3)
		printf("   ... %u frames more ...\n", s->data - 3);
	if (s->data > 2)
		puts(s->held);
	if (s->again)
		printf("   (%u of them had to be sent again: the same bytes)\n",
		       s->again);
	s->data = 0;
	s->again = 0;
}

static void each(void *user, const struct trace_frame *f)
{
	struct show *s = user;
	char text[96];

	if (f->type == WANT || (f->type == ASK && s->data) ||
	    (f->type == s->last_type && f->type != DATA))
		return;
	if (f->type == DATA && s->data && f->index == s->last_index) {
		s->again++;
		return;
	}
	s->last_index = f->index;
	line(f, text, sizeof(text));
	s->last_type = f->type;
	s->bytes += f->len;
	if (f->type == DATA) {
		if (++s->data > 2)
			memcpy(s->held, text, sizeof(text));
		else
			puts(text);
		return;
	}
	flush(s);
	puts(text);
}

int main(int argc, char **argv)
{
	struct show s;
	struct trace *t;

	if (argc != 2) {
		fprintf(stderr, "usage: trace_show FILE.vcd\n");
		return 2;
	}
	memset(&s, 0, sizeof(s));
	t = trace_load(argv[1], 0);
	trace_frames(t, each, &s);
	flush(&s);
	trace_free(t);
	return s.bytes == 0;
}
