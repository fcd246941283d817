/* SPDX-License-Identifier: MIT */
/*
 * base/hard.h - verdicts that survive a glitch.
 *
 * A decision such as "this signature is good" must not hang on one bit or one
 * skipped branch.  A verdict is two words that must be complementary and carry
 * a dense pattern; everything else, zero included, means no.  Callers check it
 * twice, with verdict_ok() each time reading memory anew.
 */
#ifndef BASE_HARD_H
#define BASE_HARD_H

#include <stdbool.h>
#include <stdint.h>

#define VERDICT_YES 0x3ca5965au
#define VERDICT_NO 0xc35a69a4u

struct verdict {
	volatile uint32_t value; /* VERDICT_YES or anything else */
	volatile uint32_t check; /* ~VERDICT_YES or anything else */
};

/* The initial state: no. */
static inline void verdict_deny(struct verdict *v)
{
	v->value = VERDICT_NO;
	v->check = VERDICT_NO;
}

static inline void verdict_allow(struct verdict *v)
{
	v->value = VERDICT_YES;
	v->check = ~VERDICT_YES;
}

/* Reads both words; true only for the one good pattern. */
static inline bool verdict_ok(const struct verdict *v)
{
	uint32_t value = v->value;
	uint32_t check = v->check;

	return value == VERDICT_YES && check == ~VERDICT_YES &&
	       (value ^ check) == 0xffffffffu;
}

#endif
