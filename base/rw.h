/* SPDX-License-Identifier: MIT */
/*
 * base/rw.h - bounded little-endian cursors.
 *
 * A decoder is a list of rd_* calls that mirrors the table in
 * docs/protocol.md and ends with rd_end().  A failed reader stays failed and
 * yields zeros, so the calls need no checks between them.  A writer that ran
 * out of room stays failed and wr_end() says so.  Neither ever touches a byte
 * outside its buffer.  Freestanding; the caller owns all memory.
 */
#ifndef BASE_RW_H
#define BASE_RW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct rd {
	const uint8_t *p;
	size_t left;
	int err; /* 0, or the first E_* */
};

void rd_init(struct rd *r, const void *buf, size_t len);
uint8_t rd_u8(struct rd *r);
uint16_t rd_u16(struct rd *r);
uint32_t rd_u32(struct rd *r);
uint64_t rd_u64(struct rd *r);
/* Copies len bytes to out; out is zeroed when the reader has failed. */
void rd_copy(struct rd *r, void *out, size_t len);
/* Pointer to len bytes inside the buffer, or NULL once failed. */
const uint8_t *rd_bytes(struct rd *r, size_t len);
/* Marks the reader failed with err (first error wins). */
void rd_fail(struct rd *r, int err);
/* The error so far, or E_TRAILING when bytes are left over. */
MUST_USE int rd_end(const struct rd *r);

struct wr {
	uint8_t *buf;
	size_t len; /* written so far */
	size_t cap;
	int err; /* 0, or E_SPACE */
};

void wr_init(struct wr *w, void *buf, size_t cap);
void wr_u8(struct wr *w, uint8_t v);
void wr_u16(struct wr *w, uint16_t v);
void wr_u32(struct wr *w, uint32_t v);
void wr_u64(struct wr *w, uint64_t v);
void wr_bytes(struct wr *w, const void *p, size_t len);
/* The error so far; on success stores the length. */
MUST_USE int wr_end(const struct wr *w, size_t *out_len);

#endif
