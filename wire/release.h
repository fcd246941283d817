/* SPDX-License-Identifier: MIT */
/*
 * wire/release.h - the release file, and the firmware signature.
 *
 * `signet release make` writes it on the owner's machine:
 *
 *   [ "signet-release-v1", header: bstr, firmware: bstr, enc: bstr 32,
 *     sealed: bstr ]
 *
 * header   COSE_Sign1 by the release key, AAD LABEL_RELEASE, payload:
 *          { 1 product, 2 version, 3 rollback, 4 digest, 5 segments
 *            [[address, length]...], 6 chunk length, 7 family,
 *            8 options [[register, mask, value]...], 9 protection level,
 *            10 boot [stack, reset]: only in sealed releases,
 *            11 device ID of the chip that it is laid out for: only where a
 *            family has several,
 *            12 serial [address, length, form]: only where devices get their
 *            serial number in the image,
 *            13 late, 1: only where level 2 is set last of all, by the stub }
 * firmware COSE_Sign1 by the release key, AAD LABEL_FIRMWARE, payload:
 *          { 1 product, 2 version, 3 rollback, 4 digest, 5 segments }
 *          It is installed in the target and checked by its bootloader.
 *          Its segments are the header's, without the serial number's place.
 * enc, sealed   HPKE (crypto/crypto.h) to the signer's release key, info
 *          LABEL_HPKE_RELEASE, AAD = SHA-256 of header: the segments' bytes,
 *          in order, without gaps.
 *
 * A sealed release is laid out for the loader (wire/layout.h): the image's
 * first double word is {a stack pointer, the same in all images of the family;
 * address of the resident stub | 1}, and field 10 holds the two words that
 * stood there.  Segments, digest and signatures are of the bytes as installed.
 * A signed release has no field 10.
 *
 * The serial number's place (field 12) lies inside one segment, behind the
 * image's first double word.  It is FF in the sealed plaintext and in the
 * chunks; each device gets its own bytes there, so no digest and no signature
 * of the release is of them.  What they must be says the device's credential:
 * form 1 is its serial number in ASCII, zeros behind it; form 2 the number
 * that the serial number ends with, u32 LE.
 *
 * digest = SHA-256( LABEL_IMAGE, then per segment: address u32 LE,
 *          length u32 LE, bytes ), segments ascending, not overlapping, not
 *          adjacent; those of the firmware signature.
 *
 * Late (field 13, sealed releases of level 2 only): the chip is at level 1
 * while it takes the firmware, and the resident stub raises it to 2 when all is
 * there.  Without it a sealed release of level 2 locks before the handshake.
 *
 * For an order the signer turns the plaintext into chunks of `chunk length`
 * bytes (the last may be shorter), each sealed with ChaCha20-Poly1305 under
 * the (release, order)'s content key: nonce = 4 zero bytes || index u64 LE,
 * AAD = SHA-256 of header || index u32 LE || last u8.
 */
#ifndef WIRE_RELEASE_H
#define WIRE_RELEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/const.h"

struct segment {
	uint32_t address;
	uint32_t len;
};

struct option_word {
	uint32_t reg;  /* register address of the chip's option word */
	uint32_t mask; /* bits that the product fixes */
	uint32_t value;
};

struct firmware_info { /* payload of the firmware signature */
	char product[NAME_CAP];
	char version[NAME_CAP];
	uint32_t rollback;
	uint8_t digest[DIGEST_LEN];
	uint8_t segment_count;
	struct segment segments[SEGMENTS_MAX];
};

enum serial_form {
	SERIAL_NONE = 0,
	SERIAL_ASCII = 1,
	SERIAL_U32 = 2, /* little-endian */
};

struct serial_place {
	uint32_t address;
	uint8_t len; /* up to SERIAL_CAP; 4 for SERIAL_U32 */
	uint8_t form;
};

struct release_header {
	struct firmware_info fw; /* all segments, digest of the signed ones */
	uint32_t chunk_len;
	uint8_t family;	    /* enum family */
	uint8_t protection; /* final read-protection level, 0..2 */
	uint8_t option_count;
	struct option_word options[OPTIONS_MAX];
	bool sealed;	  /* laid out for sealed mode; then: */
	uint32_t boot[2]; /* the firmware's own stack pointer, reset vector */
	uint32_t device;  /* which chip of the family; 0 = it has but one */
	struct serial_place serial; /* form SERIAL_NONE: no such thing */
	bool late;		    /* level 2 only when all is installed */
};

struct release_file {	       /* pointers into the decoded buffer */
	const uint8_t *header; /* COSE_Sign1 */
	size_t header_len;
	const uint8_t *firmware; /* COSE_Sign1 */
	size_t firmware_len;
	uint8_t enc[32];
	const uint8_t *sealed; /* plaintext + 16 */
	size_t sealed_len;
};

/* Encoders and decoders check the same: names; segments 1..SEGMENTS_MAX, length
 * > 0, ascending, gaps between them, sum at most IMAGE_MAX, no address
 * overflow; chunk length a multiple of CHUNK_LEN_MIN up to CHUNK_LEN_MAX; a
 * known family; option values inside their masks. */
MUST_USE int firmware_info_encode(const struct firmware_info *f, uint8_t *out,
				  size_t cap, size_t *out_len);
MUST_USE int firmware_info_decode(const uint8_t *buf, size_t len,
				  struct firmware_info *out);
MUST_USE int release_header_encode(const struct release_header *h, uint8_t *out,
				   size_t cap, size_t *out_len);
MUST_USE int release_header_decode(const uint8_t *buf, size_t len,
				   struct release_header *out);
MUST_USE int release_file_encode(const struct release_file *f, uint8_t *out,
				 size_t cap, size_t *out_len);
MUST_USE int release_file_decode(const uint8_t *buf, size_t len,
				 struct release_file *out);

/* The rule for segments: E_RANGE, E_OVERLAP, E_NOT_CANONICAL, E_TOO_LARGE. */
MUST_USE int segments_check(const struct segment *s, size_t count);

/* Total plaintext bytes, and number of chunks. */
uint32_t release_plain_len(const struct release_header *h);
uint32_t release_chunk_count(const struct release_header *h);
/* Plaintext length of chunk i. */
uint32_t release_chunk_len(const struct release_header *h, uint32_t i);

/* What the firmware signature is of: h->fw less the serial number's place.
 * E_RANGE when that is not where it may be, E_TOO_LARGE when there would be
 * more than SEGMENTS_MAX segments. */
MUST_USE int release_signed_part(const struct release_header *h,
				 struct firmware_info *out);
/* The read protection for people: "1", "2"; of a sealed release "2-early" or
 * "2-late". */
const char *release_protection(const struct release_header *h);
/* Where in the plaintext the byte of an address is; it must be in a segment. */
uint32_t release_plain_offset(const struct release_header *h, uint32_t address);
/* Of a sealed release: the smallest loader holds two frames with a chunk and
 * both tags each. */
#define SEALED_CHUNK_MAX 512

#define CHUNK_AAD_LEN (DIGEST_LEN + 5)
void release_chunk_nonce(uint32_t index, uint8_t out[12]);
void release_chunk_aad(const uint8_t header_digest[DIGEST_LEN], uint32_t index,
		       bool last, uint8_t out[CHUNK_AAD_LEN]);

/* AAD of a sealed content key: order name || 0 || header digest.  Returns its
 * length; the order's name must be valid. */
#define KEY_AAD_MAX (NAME_CAP + DIGEST_LEN)
size_t release_key_aad(const char *order,
		       const uint8_t header_digest[DIGEST_LEN],
		       uint8_t out[KEY_AAD_MAX]);

#endif
