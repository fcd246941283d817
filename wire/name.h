/* SPDX-License-Identifier: MIT */
/*
 * wire/name.h - the rule for names, and the names of numbers.
 *
 * Freestanding.
 */
#ifndef WIRE_NAME_H
#define WIRE_NAME_H

#include <stdbool.h>

#include "wire/const.h"

/* True when s follows the rule of NAME_CAP (wire/const.h). */
bool name_valid(const char *s);

/* Text for people that goes into signed records (serial numbers): at least
 * one byte, no control bytes.  That it is UTF-8 the CBOR reader checks. */
bool text_printable(const char *s);

/* "stm32l4", or NULL for an unknown number. */
const char *family_name(unsigned int family);
/* FAMILY_NONE for an unknown name. */
enum family family_find(const char *name);
/* "none", or NULL for an unknown number. */
const char *proof_name(unsigned int proof);
/* "uart", or NULL for an unknown number. */
const char *loader_link_name(unsigned int link);
/* LOADER_LINK_NONE for an unknown name. */
enum loader_link loader_link_find(const char *name);

#endif
