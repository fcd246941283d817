/* SPDX-License-Identifier: MIT */
/*
 * tests/lib/vectors.h - published vectors, and the tries every decoder gets.
 *
 * A file in tests/vectors has lines "name hex"; '#' begins a comment line.
 * Everything fails the running test with a message instead of returning.
 */
#ifndef TESTS_LIB_VECTORS_H
#define TESTS_LIB_VECTORS_H

#include <stddef.h>
#include <stdint.h>

/* The bytes called name in tests/vectors/file; returns how many. */
size_t vector_get(const char *file, const char *name, uint8_t *out, size_t cap);

/* Hexadecimal text to bytes. */
size_t unhex(const char *hex, uint8_t *out, size_t cap);

/* What a decoder says of buf[len]: 0 or E_*. */
typedef int try_decode(const uint8_t *buf, size_t len);

/* The good bytes decode; every shorter beginning of them and the same bytes
 * with one more do not.  Buffers are exact, so sanitizers see every overrun.
 */
void check_lengths(try_decode *decode, const uint8_t *good, size_t len);

#endif
