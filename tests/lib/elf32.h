/* SPDX-License-Identifier: MIT */
/*
 * elf32.h - what tests want of an ELF file that our own linker has made: its
 * bytes, its entry and its symbols.  Ends the program with a message when
 * something is not as expected.
 */
#ifndef TESTS_LIB_ELF32_H
#define TESTS_LIB_ELF32_H

#include <stddef.h>
#include <stdint.h>

struct elf32;

struct elf32 *elf32_open(const char *path);
void elf32_free(struct elf32 *e);
uint32_t elf32_entry(const struct elf32 *e);
/* Copies what is loaded into buf, which stands for len bytes from base on;
 * returns the offset after the last byte. */
size_t elf32_flatten(const struct elf32 *e, uint32_t base, uint8_t *buf,
		     size_t len);
/* Address of a symbol (a function's without the Thumb bit), and its size. */
uint32_t elf32_symbol(const struct elf32 *e, const char *name,
		      uint32_t *out_size);

#endif
