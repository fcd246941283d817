/* SPDX-License-Identifier: MIT */
/* What a chip is to report: the digest of the image as it has it, with its own
 * serial number. */
#include <stdlib.h>
#include <string.h>

#include "authority/authority.h"
#include "base/ct.h"
#include "wire/serial.h"

static int chunks_open(const struct release_header *h,
		       const uint8_t header_digest[DIGEST_LEN],
		       const uint8_t content_key[AEAD_KEY_LEN],
		       const uint8_t *chunks, uint8_t *plain)
{
	uint32_t count = release_chunk_count(h);
	uint8_t nonce[AEAD_NONCE_LEN], aad[CHUNK_AAD_LEN];
	int err = 0;

	for (uint32_t i = 0; !err && i < count; i++) {
		uint32_t len = release_chunk_len(h, i);

		release_chunk_nonce(i, nonce);
		release_chunk_aad(header_digest, i, i + 1 == count, aad);
		err = crypto_aead_open(content_key, nonce, aad, sizeof(aad),
				       chunks, len + AEAD_TAG_LEN, plain);
		chunks += len + AEAD_TAG_LEN;
		plain += len;
	}
	return err;
}

int authority_installed_digest(const struct release_header *h,
			       const uint8_t header_digest[DIGEST_LEN],
			       const uint8_t content_key[AEAD_KEY_LEN],
			       const uint8_t *chunks, size_t chunks_len,
			       const char *serial, uint8_t out[DIGEST_LEN])
{
	uint32_t len = release_plain_len(h);
	uint8_t bytes[SERIAL_CAP];
	uint8_t *plain;
	int err = serial_bytes(&h->serial, serial, bytes);

	if (err)
		return err;
	if (chunks_len != len + (size_t)release_chunk_count(h) * AEAD_TAG_LEN)
		return E_ARG;
	plain = malloc(len);
	if (!plain)
		return E_NOMEM;
	err = chunks_open(h, header_digest, content_key, chunks, plain);
	serial_overlay(h, bytes, 0, plain, len);
	if (!err)
		err = authority_image_digest(h->fw.segments,
					     h->fw.segment_count, plain, out);
	ct_wipe(plain, len);
	free(plain);
	return err;
}
