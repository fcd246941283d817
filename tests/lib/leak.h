/* SPDX-License-Identifier: MIT */
/*
 * tests/lib/leak.h - looks for secrets in what somebody else may see.
 *
 * Every window of N bytes of the secrets is indexed, and then searched in
 * memories, files and bit streams, at every bit offset and in both bit orders
 * where it matters.  Windows with few distinct bytes, and those that occur in
 * public data, are left out: they say nothing.
 *
 * Wrong use and lack of memory end the program with exit code 2.
 */
#ifndef TESTS_LIB_LEAK_H
#define TESTS_LIB_LEAK_H

#include <stddef.h>
#include <stdint.h>

#define LEAK_WINDOW_MIN 8
#define LEAK_WINDOW_MAX 64

struct leak; /* opaque */

struct leak *leak_new(size_t window, size_t distinct);
void leak_free(struct leak *l);
/* Names are kept, bytes copied; all of it before the first search. */
void leak_secret(struct leak *l, const char *name, const void *p, size_t len);
void leak_public(struct leak *l, const void *p, size_t len);
/* Windows that are searched for; *out_left_out those that are not. */
size_t leak_windows(struct leak *l, size_t *out_left_out);

/* Counts only, from now on. */
void leak_quiet(struct leak *l);
/* Both print a line for each of the first finds and return how many there
 * were: at byte offsets; at every bit offset and in both orders. */
size_t leak_bytes(struct leak *l, const char *where, const char *how,
		  const uint8_t *p, size_t len);
size_t leak_bits(struct leak *l, const char *where, const char *how,
		 const uint8_t *p, size_t len);

#endif
