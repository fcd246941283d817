/* SPDX-License-Identifier: MIT */
/*
 * crypto/internal.h - what the OpenSSL files share; for crypto/ only.
 */
#ifndef CRYPTO_INTERNAL_H
#define CRYPTO_INTERNAL_H

#include <openssl/evp.h>

#include "crypto/crypto.h"

struct crypto_key {
	EVP_PKEY *pkey;
	enum crypto_key_type type;
	/* Raw, kept because every signature names its key and OpenSSL takes
	 * nearly as long to export the point as to sign. */
	uint8_t pub[P256_PUB_LEN];
	size_t pub_len;
};

/* Takes pkey in every case; E_KEY when it is of no type that we use. */
MUST_USE int key_wrap(EVP_PKEY *pkey, struct crypto_key **out);

/* A public key object from the raw form; E_KEY when it is no valid point.
 * Free with EVP_PKEY_free(). */
MUST_USE int pub_from_raw(enum crypto_key_type type, const uint8_t *pub,
			  size_t len, EVP_PKEY **out);
MUST_USE int pub_to_raw(const EVP_PKEY *pkey, enum crypto_key_type type,
			uint8_t *out, size_t cap, size_t *out_len);
/* 0 when pkey is none of the three types. */
enum crypto_key_type pkey_type(const EVP_PKEY *pkey);

/* HPKE seal with a given ephemeral key: for published vectors only, because a
 * repeated key reveals everything. */
MUST_USE int hpke_seal_with(const struct crypto_key *ephemeral,
			    const uint8_t pub[X25519_LEN], const void *info,
			    size_t info_len, const void *aad, size_t aad_len,
			    const void *in, size_t len, uint8_t enc[X25519_LEN],
			    uint8_t *out);

#endif
