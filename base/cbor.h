/* SPDX-License-Identifier: MIT */
/*
 * base/cbor.h - deterministic CBOR (RFC 8949, section 4.2.1), the subset that
 * Signet's formats use: unsigned and negative integers, byte and text strings,
 * arrays, maps, tags and booleans, all of definite length.
 *
 * Writing and reading are layered on struct wr and struct rd, with their rule:
 * no checks between calls, one check at the end.  The reader refuses every
 * encoding that is not the shortest (E_NOT_CANONICAL), text that is not UTF-8,
 * indefinite lengths and floats.  Map keys must come in ascending order of
 * their encoded bytes; cbor_rd_key() enforces it.  Freestanding.
 */
#ifndef BASE_CBOR_H
#define BASE_CBOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rw.h"

enum cbor_major {
	CBOR_UINT = 0,
	CBOR_NINT = 1,
	CBOR_BYTES = 2,
	CBOR_TEXT = 3,
	CBOR_ARRAY = 4,
	CBOR_MAP = 5,
	CBOR_TAG = 6,
	CBOR_SIMPLE = 7,
};

void cbor_wr_uint(struct wr *w, uint64_t v);
void cbor_wr_int(struct wr *w, int64_t v);
void cbor_wr_bytes(struct wr *w, const void *p, size_t len);
/* s is NUL-terminated UTF-8. */
void cbor_wr_text(struct wr *w, const char *s);
void cbor_wr_array(struct wr *w, size_t count);
void cbor_wr_map(struct wr *w, size_t pairs);
void cbor_wr_tag(struct wr *w, uint64_t tag);
void cbor_wr_bool(struct wr *w, bool v);

/* Type of the next item without consuming it; CBOR_SIMPLE once failed. */
enum cbor_major cbor_rd_peek(const struct rd *r);
uint64_t cbor_rd_uint(struct rd *r);
/* Fails with E_RANGE outside int64_t. */
int64_t cbor_rd_int(struct rd *r);
/* Pointer into the buffer; *out_len at most max, else E_TOO_LARGE. */
const uint8_t *cbor_rd_bytes(struct rd *r, size_t max, size_t *out_len);
/* A byte string of exactly len bytes, copied; out zeroed on failure. */
void cbor_rd_fixed(struct rd *r, void *out, size_t len);
/* Text copied with a NUL into out[cap]; no embedded NUL; E_TOO_LARGE. */
void cbor_rd_text(struct rd *r, char *out, size_t cap);
/* Number of items, at most max, else E_TOO_LARGE. */
size_t cbor_rd_array(struct rd *r, size_t max);
size_t cbor_rd_map(struct rd *r, size_t max);
uint64_t cbor_rd_tag(struct rd *r);
bool cbor_rd_bool(struct rd *r);

/*
 * Map keys.  Start with `struct cbor_keys k = CBOR_KEYS_INIT;`.  Each call
 * reads one integer key and checks that its encoding is greater than the one
 * before (RFC 8949 4.2.1), which also makes duplicates impossible.
 */
struct cbor_keys {
	bool any;
	int64_t last;
};
#define CBOR_KEYS_INIT ((struct cbor_keys){ false, 0 })
int64_t cbor_rd_key(struct rd *r, struct cbor_keys *k);

#endif
