/* SPDX-License-Identifier: MIT */
/*
 * tests/lib/page.h - docs/protocol.md and its vectors, for the tests that hold
 * it against the code.
 */
#ifndef TESTS_LIB_PAGE_H
#define TESTS_LIB_PAGE_H

#include <stddef.h>
#include <stdint.h>

#define PAGE "docs/protocol.md"

extern char *page;   /* its text; set by main() with page_text() */
extern int printing; /* set: page_emit() prints instead of comparing */

/* A whole file, malloc'ed; ends the program when there is none. */
char *page_text(const char *path);
/* The bytes in the block "```vector NAME" of the page. */
size_t page_vector(const char *name, uint8_t *out, size_t cap);
/* The page has these very bytes under that name. */
void page_emit(const char *name, const void *p, size_t len);
/* SHA-256 of "signet test vector: WHAT": private halves that hide nothing. */
void page_seed(const char *what, uint8_t out[32]);

#endif
