/* SPDX-License-Identifier: MIT */
/*
 * wire/hello.h - what passes between server and loader, flasher in between.
 *
 * All little-endian, decoders refuse trailing bytes.  In order:
 *
 *   hello      station -> loader, clear.  Says which grant this is.
 *   message 1  loader -> server, Noise; its payload is struct claim.
 *   message 2  server -> loader, Noise; its payload is struct delivery.
 *   report     loader -> server, sealed by the Noise transport key
 *   commit     server -> loader, sealed by the other transport key
 *
 * Noise prologue = LABEL_HANDSHAKE || hello bytes || UID as the chip reads it
 * || SHA-256 of the loader's flash (its whole place, LOADER_LEN bytes).
 *
 * Freestanding.  Encoders refuse what decoders would refuse.
 */
#ifndef WIRE_HELLO_H
#define WIRE_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/rw.h"
#include "wire/const.h"
#include "wire/layout.h"
#include "wire/release.h"

#define HELLO_VERSION 1 /* the first byte of all five */

struct hello { /* u8 version 1, order text[32] NUL-padded, grant u64,
		* attempt u32, challenge[32] */
	char order[NAME_CAP];
	uint64_t grant;
	uint32_t attempt;
	uint8_t challenge[CHALLENGE_LEN];
};
#define HELLO_LEN (1 + NAME_CAP + 8 + 4 + CHALLENGE_LEN)
/* The order's name must be valid: it comes from our own books. */
void hello_encode(const struct hello *h, uint8_t out[HELLO_LEN]);
MUST_USE int hello_decode(const uint8_t *buf, size_t len, struct hello *out);

/* The Noise prologue of a handshake, for either end; uid_len is that of the
 * family (claim.uid_len).  Returns its length. */
#define PROLOGUE_MAX (sizeof(LABEL_HANDSHAKE) - 1 + HELLO_LEN + UID_MAX + 32)
size_t prologue_make(const uint8_t hello[HELLO_LEN], const uint8_t *uid,
		     size_t uid_len, const uint8_t loader_digest[DIGEST_LEN],
		     uint8_t out[PROLOGUE_MAX]);

/*
 * The chip's claim: raw values, judged by the server (chip_check_lock()).
 * u8 version 1, u8 family, u8 uid_len, uid[12] zero-padded, u8 count, count *
 * (address u32, value u32), rng: u32 samples, u32 longest run, u32 proportion
 * peak, u32 failures.
 */
#define CLAIM_WORDS_MAX 16
struct claim_word {
	uint32_t address, value;
};
struct claim {
	uint8_t family, uid_len, word_count;
	uint8_t uid[UID_MAX];
	struct claim_word words[CLAIM_WORDS_MAX]; /* option registers first,
						   * then witnesses */
	uint32_t rng_samples, rng_longest_run, rng_peak, rng_failures;
};
#define CLAIM_MAX (4 + UID_MAX + CLAIM_WORDS_MAX * 8 + 16)
MUST_USE int claim_encode(const struct claim *c, uint8_t *out, size_t cap,
			  size_t *out_len);
MUST_USE int claim_decode(const uint8_t *buf, size_t len, struct claim *out);

/*
 * What message 2 releases: u8 version 1, content key[32], link key[32],
 * header digest[32], release digest[32], u32 chunk_len, done token[16], boot
 * words 2 * u32 (the firmware's own stack pointer and reset vector), final
 * options[8] (what the stub writes last of all, chip_late_options(); FF: it
 * leaves them), u8 segment count, count * (address u32, length u32), u16 patch
 * bytes, patches (address u32, u16 length, bytes)...
 */
#define PATCH_TOTAL_MAX 1024
struct delivery {
	uint8_t content_key[32];
	uint8_t link_key[LINK_KEY_LEN];	    /* station -> chip */
	uint8_t done_token[DONE_TOKEN_LEN]; /* what the chip ends with */
	uint8_t header_digest[DIGEST_LEN];
	uint8_t digest[DIGEST_LEN];
	uint32_t chunk_len;
	uint32_t boot_words[2];
	uint8_t final_options[FINAL_OPTIONS_LEN];
	uint8_t segment_count;
	struct segment segments[SEGMENTS_MAX];
	uint16_t patch_len;
	uint8_t patches[PATCH_TOTAL_MAX];
};
#define DELIVERY_MAX                                                   \
	(1 + 32 * 4 + 4 + DONE_TOKEN_LEN + 8 + FINAL_OPTIONS_LEN + 1 + \
	 SEGMENTS_MAX * 8 + 2 + PATCH_TOTAL_MAX)
MUST_USE int delivery_encode(const struct delivery *d, uint8_t *out, size_t cap,
			     size_t *out_len);
/* Decodes in place: *out is all zeros after a failure. */
MUST_USE int delivery_decode(const uint8_t *buf, size_t len,
			     struct delivery *out);

/* Walks patches: rd_init() with patches and patch_len, then until false;
 * r->err says whether all was well.  Those of a decoded delivery are: each
 * inside one segment, not empty, ascending, not overlapping. */
struct patch {
	uint32_t address;
	uint16_t len;
	const uint8_t *bytes;
};
bool patch_next(struct rd *r, struct patch *out);

/* u8 version 1, digest as installed[32], u8 count, count * (address, value):
 * the lock's words read again. */
struct report {
	uint8_t digest[DIGEST_LEN];
	uint8_t word_count;
	struct claim_word words[CLAIM_WORDS_MAX];
};
#define REPORT_MAX (1 + DIGEST_LEN + 1 + CLAIM_WORDS_MAX * 8)
MUST_USE int report_encode(const struct report *r, uint8_t *out, size_t cap,
			   size_t *out_len);
MUST_USE int report_decode(const uint8_t *buf, size_t len, struct report *out);

/* u8 version 1, u16 length, credential record, u16 length, firmware record:
 * both as wire/record.h writes them, ready to program. */
struct commit {
	const uint8_t *credential;
	size_t credential_len;
	const uint8_t *firmware;
	size_t firmware_len;
};
#define COMMIT_MAX (1 + 2 + 480 + 2 + 512)
MUST_USE int commit_encode(const struct commit *c, uint8_t *out, size_t cap,
			   size_t *out_len);
MUST_USE int commit_decode(const uint8_t *buf, size_t len, struct commit *out);

#endif
