/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "crypto/crypto.h"

struct crypto_sha256 {
	EVP_MD_CTX *ctx;
};

int crypto_sha256_new(struct crypto_sha256 **out)
{
	struct crypto_sha256 *h = calloc(1, sizeof(*h));

	if (!h)
		return E_NOMEM;
	h->ctx = EVP_MD_CTX_new();
	if (!h->ctx || EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1) {
		crypto_sha256_free(h);
		return E_CRYPTO;
	}
	*out = h;
	return 0;
}

int crypto_sha256_update(struct crypto_sha256 *h, const void *p, size_t len)
{
	return EVP_DigestUpdate(h->ctx, p, len) == 1 ? 0 : E_CRYPTO;
}

int crypto_sha256_final(struct crypto_sha256 *h, uint8_t out[SHA256_LEN])
{
	uint8_t digest[SHA256_LEN];
	int err = 0;

	if (EVP_DigestFinal_ex(h->ctx, digest, NULL) == 1)
		memcpy(out, digest, sizeof(digest));
	else
		err = E_CRYPTO;
	crypto_sha256_free(h);
	return err;
}

void crypto_sha256_free(struct crypto_sha256 *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->ctx);
	free(h);
}

int crypto_sha256(const void *p, size_t len, uint8_t out[SHA256_LEN])
{
	uint8_t digest[SHA256_LEN];

	if (EVP_Digest(p, len, digest, NULL, EVP_sha256(), NULL) != 1)
		return E_CRYPTO;
	memcpy(out, digest, sizeof(digest));
	return 0;
}
