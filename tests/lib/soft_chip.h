/* SPDX-License-Identifier: MIT */
/*
 * tests/lib/soft_chip.h - the loader's end of a handshake with no chip.
 *
 * It says whatever makes the server content: what chip_check_lock() demands,
 * and an RNG that passed its tests.  That is the fake target of
 * docs/threat-model.md, and also a peer for tests of the server.
 */
#ifndef TESTS_LIB_SOFT_CHIP_H
#define TESTS_LIB_SOFT_CHIP_H

#include "chip/chip.h"
#include "seal/noise.h"
#include "wire/hello.h"

struct soft_chip {
	/* set by the caller */
	const struct chip *chip;
	uint8_t uid[UID_MAX];
	uint8_t loader_digest[DIGEST_LEN];
	uint8_t server_pub[NOISE_KEY_LEN];
	const uint8_t *psk; /* 32 bytes, or NULL */
	/* after message 2 */
	struct delivery delivery;
	uint8_t up[NOISE_KEY_LEN], down[NOISE_KEY_LEN];
	/* inside */
	struct noise noise;
	struct claim claim;
};

#define SOFT_MESSAGE1_MAX (CLAIM_MAX + NOISE_OVERHEAD)
#define SOFT_REPORT_MAX (REPORT_MAX + NOISE_TAG_LEN)

/* The claim of a chip locked as the release orders; tests may bend it before
 * soft_chip_message1(). */
MUST_USE int soft_chip_claim(struct soft_chip *c,
			     const struct release_header *h);
MUST_USE int soft_chip_message1(struct soft_chip *c, const struct hello *hello,
				uint8_t out[SOFT_MESSAGE1_MAX],
				size_t *out_len);
/* Opens message 2 into c->delivery. */
MUST_USE int soft_chip_message2(struct soft_chip *c, const uint8_t *msg,
				size_t len);
/* Tells that the release was installed. */
MUST_USE int soft_chip_report(const struct soft_chip *c,
			      uint8_t out[SOFT_REPORT_MAX], size_t *out_len);
/* Opens the commit; out_plain has room for len bytes, out points into it. */
MUST_USE int soft_chip_commit(const struct soft_chip *c, const uint8_t *msg,
			      size_t len, uint8_t *out_plain,
			      struct commit *out);

#endif
