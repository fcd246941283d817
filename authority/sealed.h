/* SPDX-License-Identifier: MIT */
/*
 * authority/sealed.h - the server's end of the sealed link.
 *
 * Message 1 is opened, the caller judges its claim, message 2 is made; later
 * the report is opened, judged, and answered by the commit.  What decides is
 * the ledger and the signer; here is what both ends of the wire agree on
 * (wire/hello.h, seal/noise.h).
 */
#ifndef AUTHORITY_SEALED_H
#define AUTHORITY_SEALED_H

#include "crypto/crypto.h"
#include "seal/noise.h"
#include "wire/hello.h"

#define MESSAGE1_MAX (CLAIM_MAX + NOISE_OVERHEAD)
#define MESSAGE2_MAX (DELIVERY_MAX + NOISE_OVERHEAD)
#define REPORT_SEALED_MAX (REPORT_MAX + NOISE_TAG_LEN)
#define COMMIT_SEALED_MAX (COMMIT_MAX + NOISE_TAG_LEN)

#define STAGE0_LEN 32
/* The stage-0 secret of one chip: HKDF-SHA256 of the batch master, salt
 * LABEL_STAGE0, info = family u8 || UID.  It is the handshake's psk. */
MUST_USE int authority_stage0(const uint8_t master[STAGE0_LEN], uint8_t family,
			      const uint8_t *uid, size_t uid_len,
			      uint8_t out[STAGE0_LEN]);

/* Who the message must have been made by and for. */
struct authority_chip {
	struct hello hello;
	uint8_t uid[UID_MAX];
	size_t uid_len;
	uint8_t loader_digest[DIGEST_LEN];
	const uint8_t *psk; /* STAGE0_LEN bytes, or NULL: Noise_NK */
};

/* Message 1.  E_DECRYPT when it was altered or made for anything else; a
 * claim that decodes badly gives the decoder's error. */
MUST_USE int authority_message1(const struct crypto_key *noise_key,
				const struct authority_chip *chip,
				const uint8_t *msg, size_t len,
				struct noise *out, struct claim *out_claim);

struct authority_session { /* the transport keys */
	uint8_t up[NOISE_KEY_LEN], down[NOISE_KEY_LEN];
};

/* Message 2, with an ephemeral key made for it alone; n is used up. */
MUST_USE int authority_message2(struct noise *n, const struct delivery *d,
				uint8_t out[MESSAGE2_MAX], size_t *out_len,
				struct authority_session *out_session);

/* What message 2 tells of a release; keys and patches are left as they are;
 * final options are FF. */
void authority_delivery(const struct release_header *h,
			const uint8_t header_digest[DIGEST_LEN],
			struct delivery *out);

MUST_USE int authority_report(const struct authority_session *s,
			      const uint8_t *msg, size_t len,
			      struct report *out);
/* Both records as they are programmed, sealed.  One session seals one commit:
 * the nonce is fixed. */
MUST_USE int authority_commit(const struct authority_session *s,
			      const uint8_t *credential, size_t credential_len,
			      const uint8_t *firmware, size_t firmware_len,
			      uint8_t out[COMMIT_SEALED_MAX], size_t *out_len);

#endif
