/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/internal.h"

enum { NAME_SHOWN = 100, PLACE_CAP = 32 };

static void place_text(enum place_kind kind, uint32_t place,
		       char out[PLACE_CAP])
{
	out[0] = '\0';
	if (!place)
		return;
	if (kind == PLACE_LINE)
		snprintf(out, PLACE_CAP, ":%" PRIu32, place);
	else
		snprintf(out, PLACE_CAP, ": program header %" PRIu32,
			 place - 1);
}

int builder_fail(struct builder *b, int err, const char *fmt, ...)
{
	char place[PLACE_CAP];
	size_t n;
	va_list ap;

	place_text(b->kind, b->now, place);
	/* A long name gives way, so that the cause is always readable. */
	snprintf(b->why, IMAGE_ERROR_CAP, "%.*s%s: ", NAME_SHOWN, b->name,
		 place);
	n = strlen(b->why);
	va_start(ap, fmt);
	vsnprintf(b->why + n, IMAGE_ERROR_CAP - n, fmt, ap);
	va_end(ap);
	return err;
}

/* Doubles *cap until need fits. */
static int grow(void **p, size_t *cap, size_t need, size_t item)
{
	size_t wanted = *cap ? *cap : 64;
	void *bigger;

	if (need <= *cap)
		return 0;
	while (wanted < need)
		wanted *= 2;
	bigger = realloc(*p, wanted * item);
	if (!bigger)
		return E_NOMEM;
	*p = bigger;
	*cap = wanted;
	return 0;
}

static int make_room(struct builder *b, size_t len)
{
	void *pieces = b->pieces;
	void *data = b->data;
	int err = grow(&pieces, &b->cap, b->count + 1, sizeof(*b->pieces));

	b->pieces = pieces;
	if (!err)
		err = grow(&data, &b->data_cap, b->data_len + len, 1);
	b->data = data;
	return err;
}

int builder_add(struct builder *b, uint64_t address, const void *p, size_t len)
{
	if (!len)
		return 0;
	if (address + len > (uint64_t)UINT32_MAX + 1)
		return builder_fail(b, E_RANGE,
				    "%zu bytes at 0x%08" PRIx64
				    " run past the end of the address space",
				    len, address);
	if (len > IMAGE_BYTES_MAX - b->data_len)
		return builder_fail(b, E_TOO_LARGE,
				    "the image is larger than %u bytes",
				    IMAGE_BYTES_MAX);
	if (make_room(b, len))
		return builder_fail(b, E_NOMEM, "out of memory");
	b->pieces[b->count++] = (struct piece){
		.address = (uint32_t)address,
		.len = (uint32_t)len,
		.place = b->now,
		.at = b->data_len,
	};
	memcpy(b->data + b->data_len, p, len);
	b->data_len += len;
	return 0;
}

static int piece_order(const void *a, const void *b)
{
	const struct piece *x = a;
	const struct piece *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static uint64_t piece_end(const struct piece *p)
{
	return (uint64_t)p->address + p->len;
}

/* The later place is the one to look at; the message names the earlier. */
static int fail_overlap(struct builder *b, const struct piece *x,
			const struct piece *y)
{
	uint32_t address = y->address;
	const struct piece *first = x->place <= y->place ? x : y;
	char before[PLACE_CAP];

	b->now = first == x ? y->place : x->place;
	place_text(b->kind, first->place, before);
	return builder_fail(b, E_OVERLAP,
			    "address 0x%08" PRIx32
			    " is defined already%s%.*s%s",
			    address, *before ? " at " : "", NAME_SHOWN / 2,
			    *before ? b->name : "", before);
}

/* Sorts; counts the segments that the pieces (at least one) make. */
static int sort_pieces(struct builder *b, size_t *out_segments)
{
	size_t segments = 1;

	qsort(b->pieces, b->count, sizeof(*b->pieces), piece_order);
	for (size_t i = 1; i < b->count; i++) {
		const struct piece *before = &b->pieces[i - 1];

		if (b->pieces[i].address < piece_end(before))
			return fail_overlap(b, before, &b->pieces[i]);
		if (b->pieces[i].address != piece_end(before))
			segments++;
	}
	*out_segments = segments;
	return 0;
}

/* Length of the run of adjacent pieces from p on, and how many they are. */
static uint32_t run_len(const struct piece *p, size_t left, size_t *out_count)
{
	size_t n = 1;
	uint32_t len = p->len;

	while (n < left && p[n].address == piece_end(&p[n - 1]))
		len += p[n++].len;
	*out_count = n;
	return len;
}

static int fill_segments(const struct builder *b, struct image *img)
{
	size_t i = 0;

	while (i < b->count) {
		struct image_segment *s = &img->segments[img->count];
		size_t n;
		uint32_t at = 0;

		s->address = b->pieces[i].address;
		s->len = run_len(&b->pieces[i], b->count - i, &n);
		s->data = malloc(s->len);
		if (!s->data)
			return E_NOMEM;
		img->count++;
		for (; n; n--, i++) {
			memcpy(s->data + at, b->data + b->pieces[i].at,
			       b->pieces[i].len);
			at += b->pieces[i].len;
		}
	}
	return 0;
}

int builder_finish(struct builder *b, struct image *out)
{
	struct image img = { NULL, 0 };
	size_t segments = 1;
	int err;

	b->now = 0;
	if (!b->count)
		return builder_fail(b, E_SYNTAX, "holds nothing to program");
	err = sort_pieces(b, &segments);
	if (err)
		return err;
	img.segments = calloc(segments, sizeof(*img.segments));
	err = img.segments ? fill_segments(b, &img) : E_NOMEM;
	if (err) {
		image_free(&img);
		return builder_fail(b, err, "out of memory");
	}
	*out = img;
	return 0;
}

void builder_free(struct builder *b)
{
	free(b->pieces);
	free(b->data);
	b->pieces = NULL;
	b->data = NULL;
}
