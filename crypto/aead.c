/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/ct.h"
#include "crypto/crypto.h"

static EVP_CIPHER_CTX *aead_begin(const uint8_t key[AEAD_KEY_LEN],
				  const uint8_t nonce[AEAD_NONCE_LEN], int seal,
				  const void *aad, size_t aad_len)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	if (ctx &&
	    EVP_CipherInit_ex(ctx, EVP_chacha20_poly1305(), NULL, key, nonce,
			      seal) == 1 &&
	    (!aad_len ||
	     EVP_CipherUpdate(ctx, NULL, &n, aad, (int)aad_len) == 1))
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

/* OpenSSL takes int lengths, and an update of none as an error. */
static int aead_crypt(EVP_CIPHER_CTX *ctx, const uint8_t *in, size_t len,
		      uint8_t *out)
{
	int n = 0;

	return !len || (EVP_CipherUpdate(ctx, out, &n, in, (int)len) == 1 &&
			(size_t)n == len)
		       ? 0
		       : E_CRYPTO;
}

int crypto_aead_seal(const uint8_t key[AEAD_KEY_LEN],
		     const uint8_t nonce[AEAD_NONCE_LEN], const void *aad,
		     size_t aad_len, const void *in, size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx;
	uint8_t none[AEAD_TAG_LEN];
	int err = E_CRYPTO;
	int n;

	if (len > INT_MAX - AEAD_TAG_LEN || aad_len > INT_MAX)
		return E_TOO_LARGE;
	ctx = aead_begin(key, nonce, 1, aad, aad_len);
	if (ctx && !aead_crypt(ctx, in, len, out) &&
	    EVP_CipherFinal_ex(ctx, none, &n) == 1 &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_LEN,
				out + len) == 1)
		err = 0;
	EVP_CIPHER_CTX_free(ctx);
	return err;
}

/*
 * OpenSSL hands out plaintext before it has seen the tag.  It goes to a place
 * of our own first, so that a failed open leaves nothing behind, not even the
 * ciphertext overwritten when in == out.
 */
int crypto_aead_open(const uint8_t key[AEAD_KEY_LEN],
		     const uint8_t nonce[AEAD_NONCE_LEN], const void *aad,
		     size_t aad_len, const void *in, size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = NULL;
	uint8_t tag[AEAD_TAG_LEN];
	uint8_t none[AEAD_TAG_LEN];
	uint8_t *plain = NULL;
	int err = E_CRYPTO;
	int n;

	if (len < AEAD_TAG_LEN)
		return E_DECRYPT;
	if (len > INT_MAX || aad_len > INT_MAX)
		return E_TOO_LARGE;
	len -= AEAD_TAG_LEN;
	memcpy(tag, (const uint8_t *)in + len, sizeof(tag));
	plain = malloc(len + 1);
	if (!plain)
		return E_NOMEM;
	ctx = aead_begin(key, nonce, 0, aad, aad_len);
	if (!ctx || aead_crypt(ctx, in, len, plain) ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_LEN,
				tag) != 1)
		goto out;
	if (EVP_CipherFinal_ex(ctx, none, &n) != 1) {
		err = E_DECRYPT;
		goto out;
	}
	if (len)
		memcpy(out, plain, len);
	err = 0;
out:
	EVP_CIPHER_CTX_free(ctx);
	ct_wipe(plain, len);
	free(plain);
	return err;
}
