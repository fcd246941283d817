/* SPDX-License-Identifier: MIT */
#include "tests/lib/leak.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 64
#define FILTER_BITS 24
#define SHOWN_MAX 20

struct text {
	const char *name;
	uint8_t *p;
	size_t len;
};

struct window { /* a place in the secrets; chained by hash */
	uint64_t key;
	uint32_t secret, offset;
	uint32_t next; /* likewise */
};

struct leak {
	size_t window, distinct;
	struct text secrets[FILES_MAX], publics[FILES_MAX];
	unsigned secret_count, public_count;
	bool indexed, quiet;
	uint8_t filter[1 << (FILTER_BITS - 3)];
	uint32_t *heads; /* number of the window from 1, 0 = none */
	uint32_t head_mask;
	struct window *windows;
	size_t count, left_out, shown;
};

static void die(const char *why)
{
	fprintf(stderr, "leak: %s\n", why);
	exit(2);
}

static void *must(void *p)
{
	if (p == NULL)
		die("out of memory");
	return p;
}

struct leak *leak_new(size_t window, size_t distinct)
{
	struct leak *l = must(calloc(1, sizeof(*l)));

	if (window < LEAK_WINDOW_MIN || window > LEAK_WINDOW_MAX)
		die("window out of range");
	l->window = window;
	l->distinct = distinct;
	return l;
}

void leak_free(struct leak *l)
{
	if (l == NULL)
		return;
	for (unsigned i = 0; i < l->secret_count; i++)
		free(l->secrets[i].p);
	for (unsigned i = 0; i < l->public_count; i++)
		free(l->publics[i].p);
	free(l->heads);
	free(l->windows);
	free(l);
}

void leak_quiet(struct leak *l)
{
	l->quiet = true;
}

static struct text keep(struct leak *l, const char *name, const void *p,
			size_t len)
{
	struct text t = { name, must(malloc(len + 1)), len };

	if (l->indexed)
		die("too late for another text");
	memcpy(t.p, p, len);
	return t;
}

void leak_secret(struct leak *l, const char *name, const void *p, size_t len)
{
	if (l->secret_count == FILES_MAX)
		die("too many secrets");
	l->secrets[l->secret_count] = keep(l, name, p, len);
	l->secret_count++;
}

void leak_public(struct leak *l, const void *p, size_t len)
{
	if (l->public_count == FILES_MAX)
		die("too much is public");
	l->publics[l->public_count] = keep(l, NULL, p, len);
	l->public_count++;
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

static bool is_public(const struct leak *l, const uint8_t *p)
{
	for (unsigned i = 0; i < l->public_count; i++)
		if (l->publics[i].len >= l->window &&
		    memmem(l->publics[i].p, l->publics[i].len, p, l->window))
			return true;
	return false;
}

static void add(struct leak *l, unsigned secret, size_t offset)
{
	const uint8_t *p = l->secrets[secret].p + offset;
	uint64_t h = mix(key_of(p));
	struct window *w = &l->windows[l->count];

	*w = (struct window){ key_of(p), secret, (uint32_t)offset,
			      l->heads[h & l->head_mask] };
	l->heads[h & l->head_mask] = (uint32_t)++l->count;
	h >>= 64 - FILTER_BITS;
	l->filter[h >> 3] |= (uint8_t)(1 << (h & 7));
}

static void index_secrets(struct leak *l)
{
	size_t all = 0, slots = 1;

	if (l->indexed)
		return;
	l->indexed = true;
	for (unsigned i = 0; i < l->secret_count; i++)
		all += l->secrets[i].len;
	while (slots < 2 * all)
		slots *= 2;
	l->head_mask = (uint32_t)slots - 1;
	l->heads = must(calloc(slots, sizeof(*l->heads)));
	l->windows = must(calloc(all + 1, sizeof(*l->windows)));
	for (unsigned i = 0; i < l->secret_count; i++) {
		const struct text *s = &l->secrets[i];

		for (size_t at = 0; at + l->window <= s->len; at++) {
			if (distinct(s->p + at, l->window) >= l->distinct &&
			    !is_public(l, s->p + at))
				add(l, i, at);
			else
				l->left_out++;
		}
	}
}

size_t leak_windows(struct leak *l, size_t *out_left_out)
{
	index_secrets(l);
	*out_left_out = l->left_out;
	return l->count;
}

/* -- searching --------------------------------------------------------------
 */

static void show(struct leak *l, const char *where, const char *how, size_t at,
		 const struct window *w)
{
	if (l->quiet || l->shown++ >= SHOWN_MAX)
		return;
	printf("{\"file\":\"%s\",\"as\":\"%s\",\"at\":%zu,\"secret\":\"%s\","
	       "\"offset\":%u}\n",
	       where, how, at, l->secrets[w->secret].name, w->offset);
}

size_t leak_bytes(struct leak *l, const char *where, const char *how,
		  const uint8_t *p, size_t len)
{
	size_t found = 0;

	index_secrets(l);
	for (size_t at = 0; at + l->window <= len; at++) {
		uint64_t key = key_of(p + at), h = mix(key);
		uint64_t bit = h >> (64 - FILTER_BITS);
		uint32_t i;

		if (!(l->filter[bit >> 3] >> (bit & 7) & 1))
			continue;
		for (i = l->heads[h & l->head_mask]; i != 0;
		     i = l->windows[i - 1].next) {
			const struct window *w = &l->windows[i - 1];
			const uint8_t *s = l->secrets[w->secret].p + w->offset;

			if (w->key == key && !memcmp(s, p + at, l->window)) {
				show(l, where, how, at, w);
				found++;
				break;
			}
		}
	}
	return found;
}

static uint8_t reversed(uint8_t v)
{
	v = (uint8_t)(v >> 4 | v << 4);
	v = (uint8_t)((v & 0xcc) >> 2 | (v & 0x33) << 2);
	return (uint8_t)((v & 0xaa) >> 1 | (v & 0x55) << 1);
}

/* All eight offsets; bits of a byte in the order of time, lowest first. */
static size_t shifts(struct leak *l, const char *where, const char *how,
		     const uint8_t *p, size_t len)
{
	uint8_t *s = must(calloc(1, len + 1));
	size_t found = 0;

	for (unsigned shift = 0; shift < 8; shift++) {
		for (size_t i = 0; i + 1 < len; i++)
			s[i] = (uint8_t)((p[i] | p[i + 1] << 8) >> shift);
		found += leak_bytes(l, where, how, s, len > 0 ? len - 1 : 0);
	}
	if (len >= l->window) /* the last window, unshifted */
		found += leak_bytes(l, where, how, p + (len - l->window),
				    l->window);
	free(s);
	return found;
}

size_t leak_bits(struct leak *l, const char *where, const char *how,
		 const uint8_t *p, size_t len)
{
	uint8_t *back = must(malloc(len + 1));
	size_t found = shifts(l, where, how, p, len);
	char name[64];

	snprintf(name, sizeof(name), "%s, reversed", how);
	for (size_t i = 0; i < len; i++)
		back[i] = reversed(p[i]);
	found += shifts(l, where, name, back, len);
	free(back);
	return found;
}
