/* SPDX-License-Identifier: MIT */
/*
 * base/cbor against libcbor: whatever our reader takes, libcbor takes, to the
 * last byte; and there is only one way to write it, so both writers give the
 * input back.
 *
 * libcbor 0.8 refuses the tags 6 to 20, although they are well-formed, and
 * one of them is ours (18, COSE_Sign1).  It gets to see tag 23 in their place.
 */
#include <cbor.h>
#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { DEPTH_MAX = 12, TAG_HEAD = 0xc0, TAG_SHOWN = 23 };

struct walk {
	struct rd r;
	struct wr w;
	uint8_t *shown; /* copy of the input for libcbor */
	size_t len;
	char *text; /* room for any text in the input */
	size_t text_cap;
};

static void walk(struct walk *k, int depth);

static void walk_map(struct walk *k, int depth)
{
	struct cbor_keys keys = CBOR_KEYS_INIT;
	size_t n = cbor_rd_map(&k->r, k->r.left);

	cbor_wr_map(&k->w, n);
	while (n-- && !k->r.err) {
		cbor_wr_int(&k->w, cbor_rd_key(&k->r, &keys));
		walk(k, depth + 1);
	}
}

static void walk_array(struct walk *k, int depth)
{
	size_t n = cbor_rd_array(&k->r, k->r.left);

	cbor_wr_array(&k->w, n);
	while (n-- && !k->r.err)
		walk(k, depth + 1);
}

static void walk_bytes(struct walk *k)
{
	size_t n;
	const uint8_t *p = cbor_rd_bytes(&k->r, k->r.left, &n);

	cbor_wr_bytes(&k->w, p, n);
}

static void walk_tag(struct walk *k, int depth)
{
	uint8_t *head = k->shown + (k->len - k->r.left);
	uint64_t tag = cbor_rd_tag(&k->r);

	if (tag >= 6 && tag <= 20)
		*head = TAG_HEAD + TAG_SHOWN;
	cbor_wr_tag(&k->w, tag);
	walk(k, depth + 1);
}

static void walk_text(struct walk *k)
{
	cbor_rd_text(&k->r, k->text, k->text_cap);
	cbor_wr_text(&k->w, k->text);
}

/* Reads one item and writes it again. */
static void walk(struct walk *k, int depth)
{
	if (depth > DEPTH_MAX) {
		rd_fail(&k->r, E_TOO_LARGE);
		return;
	}
	switch (cbor_rd_peek(&k->r)) {
	case CBOR_UINT:
		cbor_wr_uint(&k->w, cbor_rd_uint(&k->r));
		break;
	case CBOR_NINT:
		cbor_wr_int(&k->w, cbor_rd_int(&k->r));
		break;
	case CBOR_BYTES:
		walk_bytes(k);
		break;
	case CBOR_TEXT:
		walk_text(k);
		break;
	case CBOR_ARRAY:
		walk_array(k, depth);
		break;
	case CBOR_MAP:
		walk_map(k, depth);
		break;
	case CBOR_TAG:
		walk_tag(k, depth);
		break;
	case CBOR_SIMPLE:
		cbor_wr_bool(&k->w, cbor_rd_bool(&k->r));
		break;
	}
}

static void judge(const uint8_t *data, size_t len)
{
	struct cbor_load_result result;
	cbor_item_t *item = cbor_load(data, len, &result);
	unsigned char *again = malloc(len + 16);

	if (!item || result.error.code != CBOR_ERR_NONE || result.read != len)
		abort();
	if (!again || cbor_serialize(item, again, len + 16) != len ||
	    memcmp(again, data, len) != 0)
		abort();
	free(again);
	cbor_decref(&item);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct walk k = { .shown = malloc(len + 1),
			  .len = len,
			  .text = malloc(len + 1),
			  .text_cap = len + 1 };
	uint8_t *again = malloc(len + 16);
	size_t n = 0;

	if (!k.shown || !k.text || !again)
		abort();
	if (len)
		memcpy(k.shown, data, len);
	rd_init(&k.r, data, len);
	wr_init(&k.w, again, len + 16);
	walk(&k, 0);
	if (!rd_end(&k.r)) {
		if (wr_end(&k.w, &n) || n != len ||
		    memcmp(again, data, len) != 0)
			abort();
		judge(k.shown, len);
	}
	free(again);
	free(k.shown);
	free(k.text);
	return 0;
}
