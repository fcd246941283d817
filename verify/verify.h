/* SPDX-License-Identifier: MIT */
/*
 * verify/verify.h - what the parts of the verification library share.
 *
 * Evidence counts the checks that passed, in two words that move in opposite
 * directions.  Every round of checks is made twice; only the exact sum of all
 * marks of both rounds makes a yes.  So a skipped check, a skipped round and
 * a flipped word all end as no.
 */
#ifndef VERIFY_VERIFY_H
#define VERIFY_VERIFY_H

#include <stdbool.h>

#include "verify/signet_verify.h"
#include "wire/cose.h"
#include "wire/record.h"

#define VERIFY_ROUNDS 2u

struct evidence {
	volatile uint32_t have;
	volatile uint32_t lack; /* ~have as long as nobody interferes */
	struct signet_reason why;
};

/* The two kinds of signed object: where they are, how they are signed, and
 * what is said when one is not there or not good. */
struct object_kind {
	enum record_type type;
	const char *label;
	const char *none, *malformed, *forged;
};

/* A signed object, found in its record, and what its signature said. */
struct signed_object {
	struct cose_sign1 cose;
	volatile uint32_t answer; /* of signet_crypto.p256_verify */
};

void evidence_init(struct evidence *e);
/* Adds mark if good; else notes the reason, unless there is one already. */
void evidence_add(struct evidence *e, uint32_t mark, bool good, int err,
		  const char *what);
/* Passes reason and verdict on: yes if all marks are there in both rounds.
 * Returns true then, for the copying of outputs only. */
bool evidence_conclude(const struct evidence *e, uint32_t all,
		       struct signet_reason *why, struct verdict *v);

/* Finds the COSE_Sign1 in buf (record or bare) and checks its signature; notes
 * the reason when it is not there or not good. */
void signed_object_open(const struct signet_crypto *env,
			const struct object_kind *kind, const uint8_t pub[65],
			const uint8_t *buf, size_t len,
			struct signed_object *out, struct evidence *e);

bool text_equal(const char *a, const char *b);

/* Lends the adaptor its hash context. */
union hash_ctx {
	uint64_t align;
	uint8_t bytes[SIGNET_HASH_CTX_MAX];
};

#endif
