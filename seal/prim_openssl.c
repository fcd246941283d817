/* SPDX-License-Identifier: MIT */
/*
 * The host's primitives.  OpenSSL fails here only when memory is out or the
 * installation lacks an algorithm of TLS 1.3; going on without an answer is
 * unsafe, and nothing a peer sends leads there, so that ends the process.
 */
#define OPENSSL_API_COMPAT 0x10100000L /* SHA256_Init(): see below */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "seal/prim.h"

enum { KEY_LEN = 32, NONCE_LEN = 12, TAG_LEN = 16 };

/* -- SHA-256 ----------------------------------------------------------------
 * The old interface: its context is plain memory that can be copied and
 * forgotten, as seal/ needs it; an EVP_MD_CTX would have to be freed.
 */
_Static_assert(sizeof(SHA256_CTX) <= sizeof(struct prim_sha256),
	       "the context does not fit");

static SHA256_CTX *sha(struct prim_sha256 *c)
{
	return (SHA256_CTX *)(void *)c;
}

static void must(int ok)
{
	if (ok != 1)
		abort();
}

void prim_sha256_init(struct prim_sha256 *c)
{
	must(SHA256_Init(sha(c)));
}

void prim_sha256_update(struct prim_sha256 *c, const void *p, size_t len)
{
	if (len)
		must(SHA256_Update(sha(c), p, len));
}

void prim_sha256_final(struct prim_sha256 *c, uint8_t out[32])
{
	must(SHA256_Final(out, sha(c)));
}

/* -- X25519 --------------------------------------------------------------- */

int prim_x25519(uint8_t out[32], const uint8_t scalar[32],
		const uint8_t point[32])
{
	EVP_PKEY *priv, *pub;
	EVP_PKEY_CTX *ctx;
	size_t len = KEY_LEN;
	int ok;

	priv = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, scalar,
					    KEY_LEN);
	pub = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, point,
					  KEY_LEN);
	ctx = priv && pub ? EVP_PKEY_CTX_new(priv, NULL) : NULL;
	must(ctx && EVP_PKEY_derive_init(ctx) == 1);
	/* refuses a result of zeros; whatever it minds about a point is the
	 * peer's doing, not ours */
	ok = EVP_PKEY_derive_set_peer(ctx, pub) == 1 &&
	     EVP_PKEY_derive(ctx, out, &len) == 1;
	if (!ok)
		memset(out, 0, KEY_LEN);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(priv);
	EVP_PKEY_free(pub);
	return ok ? 0 : E_CRYPTO;
}

void prim_x25519_base(uint8_t out[32], const uint8_t scalar[32])
{
	EVP_PKEY *priv = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL,
						      scalar, KEY_LEN);
	size_t len = KEY_LEN;

	must(priv && EVP_PKEY_get_raw_public_key(priv, out, &len) == 1);
	EVP_PKEY_free(priv);
}

/* -- ChaCha20-Poly1305 ---------------------------------------------------- */

/* Everything but the tag. */
static EVP_CIPHER_CTX *aead(const uint8_t key[32], uint32_t n, const void *aad,
			    size_t aad_len, uint8_t *data, size_t len, int seal)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t nonce[NONCE_LEN] = { 0 };
	int done;

	for (size_t i = 0; i < 4; i++)
		nonce[4 + i] = (uint8_t)(n >> (8 * i));
	must(ctx && len <= INT_MAX && aad_len <= INT_MAX &&
	     EVP_CipherInit_ex(ctx, EVP_chacha20_poly1305(), NULL, key, nonce,
			       seal) == 1);
	/* an update of nothing is an error to OpenSSL */
	if (aad_len)
		must(EVP_CipherUpdate(ctx, NULL, &done, aad, (int)aad_len));
	if (len)
		must(EVP_CipherUpdate(ctx, data, &done, data, (int)len));
	return ctx;
}

void prim_aead_seal(const uint8_t key[32], uint32_t n, const void *aad,
		    size_t aad_len, uint8_t *data, size_t len, uint8_t tag[16])
{
	EVP_CIPHER_CTX *ctx = aead(key, n, aad, aad_len, data, len, 1);
	uint8_t none[TAG_LEN];
	int done;

	must(EVP_CipherFinal_ex(ctx, none, &done) == 1 &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, tag) ==
		     1);
	EVP_CIPHER_CTX_free(ctx);
}

int prim_aead_open(const uint8_t key[32], uint32_t n, const void *aad,
		   size_t aad_len, uint8_t *data, size_t len,
		   const uint8_t tag[16])
{
	EVP_CIPHER_CTX *ctx = aead(key, n, aad, aad_len, data, len, 0);
	uint8_t want[TAG_LEN], none[TAG_LEN];
	int done, ok;

	memcpy(want, tag, TAG_LEN);
	must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, want));
	ok = EVP_CipherFinal_ex(ctx, none, &done);
	EVP_CIPHER_CTX_free(ctx);
	return ok == 1 ? 0 : E_DECRYPT;
}
