/* SPDX-License-Identifier: MIT */
/*
 * crypto/crypto.h - the few operations Signet needs, behind one header.
 *
 * Implemented on OpenSSL 3, for the host.  Code for chips brings its own
 * through struct signet_crypto (verify/signet_verify.h), where an adaptor for
 * BearSSL is shipped.  No primitive is written here.
 *
 * Sizes are in the prototypes.  Signatures are raw R || S, public P-256 keys
 * are uncompressed points (0x04 || X || Y), as in RFC 9053 and SEC 1.
 */
#ifndef CRYPTO_CRYPTO_H
#define CRYPTO_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define SHA256_LEN 32
#define P256_PUB_LEN 65
#define P256_SIG_LEN 64
#define X25519_LEN 32
#define AEAD_KEY_LEN 32
#define AEAD_NONCE_LEN 12
#define AEAD_TAG_LEN 16

/* Streaming SHA-256.  Ends with final or free, which both free the context. */
struct crypto_sha256;
MUST_USE int crypto_sha256_new(struct crypto_sha256 **out);
MUST_USE int crypto_sha256_update(struct crypto_sha256 *h, const void *p,
				  size_t len);
/* Frees h in every case. */
MUST_USE int crypto_sha256_final(struct crypto_sha256 *h,
				 uint8_t out[SHA256_LEN]);
void crypto_sha256_free(struct crypto_sha256 *h);
/* One shot. */
MUST_USE int crypto_sha256(const void *p, size_t len, uint8_t out[SHA256_LEN]);

/* Fills p from the system's generator (OpenSSL RAND). E_RANDOM. */
MUST_USE int crypto_random(void *p, size_t len);

/* ES256 over the SHA-256 of msg.  E_SIGNATURE when it does not verify. */
MUST_USE int crypto_es256_verify(const uint8_t pub[P256_PUB_LEN],
				 const void *msg, size_t len,
				 const uint8_t sig[P256_SIG_LEN]);
/* The same for a hash that was made already. */
MUST_USE int crypto_es256_verify_hash(const uint8_t pub[P256_PUB_LEN],
				      const uint8_t hash[SHA256_LEN],
				      const uint8_t sig[P256_SIG_LEN]);

/* A private key usable in this process (opaque; wraps an EVP_PKEY). */
struct crypto_key;
enum crypto_key_type { CRYPTO_P256 = 1, CRYPTO_X25519 = 2, CRYPTO_ED25519 = 3 };

MUST_USE int crypto_key_generate(enum crypto_key_type type,
				 struct crypto_key **out);
void crypto_key_free(struct crypto_key *k);
enum crypto_key_type crypto_key_type(const struct crypto_key *k);
/* The raw public half: 65 bytes for P-256, 32 for the others. */
MUST_USE int crypto_key_public(const struct crypto_key *k, uint8_t *out,
			       size_t cap, size_t *out_len);
MUST_USE int crypto_es256_sign(const struct crypto_key *k, const void *msg,
			       size_t len, uint8_t sig[P256_SIG_LEN]);

/*
 * PKCS#8 PEM.  With a passphrase the PEM is encrypted (PBES2, scrypt N=16384
 * r=8 p=5, AES-256-CBC).  pass may be NULL for an unencrypted key on export; on
 * import an encrypted key with pass NULL or wrong gives E_PASSPHRASE.  *out is
 * malloc'ed and NUL-terminated; wipe and free it.
 */
MUST_USE int crypto_key_export(const struct crypto_key *k, const char *pass,
			       char **out_pem);
MUST_USE int crypto_key_import(const char *pem, const char *pass,
			       struct crypto_key **out);
/* SubjectPublicKeyInfo PEM of the public half (malloc'ed), and its reader. */
MUST_USE int crypto_pub_export(enum crypto_key_type type, const uint8_t *pub,
			       size_t len, char **out_pem);
MUST_USE int crypto_pub_import(const char *pem, enum crypto_key_type *out_type,
			       uint8_t *out, size_t cap, size_t *out_len);
/* The raw private half of an X25519 key, for the Noise handshake; wipe it.
 * E_KEY for other types. */
MUST_USE int crypto_key_x25519(const struct crypto_key *k,
			       uint8_t out[X25519_LEN]);
/* The EVP_PKEY inside, for TLS and X.509 (borrowed, typed void to keep
 * OpenSSL headers out of here). */
void *crypto_key_native(const struct crypto_key *k);

/* Key number: the first 8 bytes of SHA-256 over the raw public key. */
#define KEY_ID_LEN 8
MUST_USE int crypto_key_id(const uint8_t *pub, size_t len,
			   uint8_t out[KEY_ID_LEN]);

/* ChaCha20-Poly1305 (RFC 8439).  seal writes len + AEAD_TAG_LEN bytes;
 * open takes len including the tag, writes len - AEAD_TAG_LEN, and writes
 * nothing when it fails (E_DECRYPT).  In-place is allowed. */
MUST_USE int crypto_aead_seal(const uint8_t key[AEAD_KEY_LEN],
			      const uint8_t nonce[AEAD_NONCE_LEN],
			      const void *aad, size_t aad_len, const void *in,
			      size_t len, uint8_t *out);
MUST_USE int crypto_aead_open(const uint8_t key[AEAD_KEY_LEN],
			      const uint8_t nonce[AEAD_NONCE_LEN],
			      const void *aad, size_t aad_len, const void *in,
			      size_t len, uint8_t *out);

/* HKDF-SHA256 (RFC 5869), extract and expand. */
MUST_USE int crypto_hkdf(const void *secret, size_t secret_len,
			 const void *salt, size_t salt_len, const void *info,
			 size_t info_len, uint8_t *out, size_t len);

/*
 * HPKE base mode, single shot (RFC 9180): DHKEM(X25519, HKDF-SHA256),
 * HKDF-SHA256, ChaCha20-Poly1305.  In crypto/hpke.c, composed from OpenSSL's
 * X25519, HKDF and AEAD; info is at most about 200 bytes (E_TOO_LARGE).  seal
 * writes enc and len + AEAD_TAG_LEN bytes.
 */
MUST_USE int crypto_hpke_seal(const uint8_t pub[X25519_LEN], const void *info,
			      size_t info_len, const void *aad, size_t aad_len,
			      const void *in, size_t len,
			      uint8_t enc[X25519_LEN], uint8_t *out);
MUST_USE int crypto_hpke_open(const struct crypto_key *k,
			      const uint8_t enc[X25519_LEN], const void *info,
			      size_t info_len, const void *aad, size_t aad_len,
			      const void *in, size_t len, uint8_t *out);

#endif
