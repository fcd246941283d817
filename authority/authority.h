/* SPDX-License-Identifier: MIT */
/*
 * authority/authority.h - what makes a decided grant real.
 *
 * The decision is the ledger's; here it becomes something a chip can check.
 * Used by the server's signer and by the stand-alone station.
 */
#ifndef AUTHORITY_AUTHORITY_H
#define AUTHORITY_AUTHORITY_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/crypto.h"
#include "wire/credential.h"
#include "wire/release.h"

/* Signs c with the device key: a complete COSE_Sign1, at most CREDENTIAL_MAX
 * bytes. */
MUST_USE int authority_credential(const struct crypto_key *device_key,
				  const struct credential *c,
				  uint8_t out[CREDENTIAL_MAX], size_t *out_len);

/* Signs an arbitrary payload under a context label (release header, firmware
 * signature). */
MUST_USE int authority_sign1(const struct crypto_key *key, const char *label,
			     const uint8_t *payload, size_t payload_len,
			     uint8_t *out, size_t cap, size_t *out_len);

/* Checks a COSE_Sign1 against a raw public key and label; the payload pointer
 * points into buf. E_SIGNATURE; E_KEY when the kid names another key. */
MUST_USE int authority_check1(const uint8_t pub[P256_PUB_LEN],
			      const char *label, const uint8_t *buf, size_t len,
			      const uint8_t **payload, size_t *payload_len);

/*
 * Makes a release file from the segments' bytes, on the owner's machine.  The
 * digest in h is ignored and computed; *out is malloc'ed.  E_ARG when len is
 * not the sum of the segments, or a byte of the serial number's place not FF.
 */
MUST_USE int authority_release_make(const struct crypto_key *release_key,
				    const uint8_t hpke_pub[X25519_LEN],
				    const struct release_header *h,
				    const uint8_t *plain, size_t len,
				    uint8_t **out, size_t *out_len);

/*
 * What can be checked of a release file without the key that opens it: both
 * signatures, that they are about the same image, and the seal's length.
 * out_file points into file.
 */
MUST_USE int authority_release_check(const uint8_t release_pub[P256_PUB_LEN],
				     const uint8_t *file, size_t file_len,
				     struct release_file *out_file,
				     struct release_header *out_header,
				     uint8_t out_header_digest[DIGEST_LEN]);

/*
 * Turns a release file into the chunk stream of one order.
 *
 * authority_release_open() checks the header's signature by release_pub, opens
 * the HPKE seal and checks the plaintext against the digest; *out_plain is
 * malloc'ed (wipe and free).  authority_release_encrypt() seals it chunk by
 * chunk under content_key; *out is malloc'ed: all chunks, each ciphertext ||
 * tag, one after the other.
 */
MUST_USE int authority_release_open(const struct crypto_key *hpke_key,
				    const uint8_t release_pub[P256_PUB_LEN],
				    const uint8_t *file, size_t file_len,
				    struct release_header *out_header,
				    uint8_t out_header_digest[DIGEST_LEN],
				    uint8_t **out_plain, size_t *out_len);
MUST_USE int authority_release_encrypt(const struct release_header *h,
				       const uint8_t header_digest[DIGEST_LEN],
				       const uint8_t content_key[AEAD_KEY_LEN],
				       const uint8_t *plain, uint8_t **out,
				       size_t *out_len);

/* digest over segments and their bytes (wire/release.h). */
MUST_USE int authority_image_digest(const struct segment *segs, size_t count,
				    const uint8_t *plain,
				    uint8_t out[DIGEST_LEN]);
/* The release digest of a header's plaintext: without the serial number's
 * place. */
MUST_USE int authority_release_digest(const struct release_header *h,
				      const uint8_t *plain,
				      uint8_t out[DIGEST_LEN]);
/* The digest that a chip with this serial number reports: of all segments, the
 * number in its place.  Opens the order's chunks for it.  E_RANGE when it does
 * not fit there. */
MUST_USE int authority_installed_digest(const struct release_header *h,
					const uint8_t header_digest[DIGEST_LEN],
					const uint8_t content_key[AEAD_KEY_LEN],
					const uint8_t *chunks,
					size_t chunks_len, const char *serial,
					uint8_t out[DIGEST_LEN]);

#endif
