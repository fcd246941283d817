/* SPDX-License-Identifier: MIT */
/* base/ct.h - constant-time comparison, and erasing that stays erased. */
#ifndef BASE_CT_H
#define BASE_CT_H

#include <stdbool.h>
#include <stddef.h>

/* True if equal; time depends on len only. */
bool ct_equal(const void *a, const void *b, size_t len);

/* Overwrites with zeros; never optimised away. */
void ct_wipe(void *p, size_t len);

#endif
