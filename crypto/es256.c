/* SPDX-License-Identifier: MIT */
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "crypto/internal.h"

enum { HALF = P256_SIG_LEN / 2, DER_MAX = 80 };

/* OpenSSL speaks DER, COSE speaks R || S. */
static int sig_to_der(const uint8_t sig[P256_SIG_LEN], uint8_t der[DER_MAX],
		      size_t *out_len)
{
	ECDSA_SIG *s = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(sig, HALF, NULL);
	BIGNUM *v = BN_bin2bn(sig + HALF, HALF, NULL);
	uint8_t *p = der;
	int err = E_CRYPTO;
	int n;

	if (!s || !r || !v || ECDSA_SIG_set0(s, r, v) != 1) {
		BN_free(r);
		BN_free(v);
		goto out;
	}
	/* r and v belong to s now. */
	n = i2d_ECDSA_SIG(s, NULL);
	if (n <= 0 || n > DER_MAX || i2d_ECDSA_SIG(s, &p) != n)
		goto out;
	*out_len = (size_t)n;
	err = 0;
out:
	ECDSA_SIG_free(s);
	return err;
}

static int sig_from_der(const uint8_t *der, size_t len,
			uint8_t sig[P256_SIG_LEN])
{
	ECDSA_SIG *s = d2i_ECDSA_SIG(NULL, &der, (long)len);
	int err = E_CRYPTO;

	if (s && BN_bn2binpad(ECDSA_SIG_get0_r(s), sig, HALF) == HALF &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(s), sig + HALF, HALF) == HALF)
		err = 0;
	ECDSA_SIG_free(s);
	return err;
}

int crypto_es256_verify(const uint8_t pub[P256_PUB_LEN], const void *msg,
			size_t len, const uint8_t sig[P256_SIG_LEN])
{
	EVP_PKEY *pkey = NULL;
	EVP_MD_CTX *ctx = NULL;
	uint8_t der[DER_MAX];
	size_t der_len;
	int err;

	err = pub_from_raw(CRYPTO_P256, pub, P256_PUB_LEN, &pkey);
	if (!err)
		err = sig_to_der(sig, der, &der_len);
	if (err)
		goto out;
	err = E_CRYPTO;
	ctx = EVP_MD_CTX_new();
	if (!ctx ||
	    EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, pkey) != 1)
		goto out;
	err = EVP_DigestVerify(ctx, der, der_len, msg, len) == 1 ? 0
								 : E_SIGNATURE;
out:
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return err;
}

int crypto_es256_verify_hash(const uint8_t pub[P256_PUB_LEN],
			     const uint8_t hash[SHA256_LEN],
			     const uint8_t sig[P256_SIG_LEN])
{
	EVP_PKEY *pkey = NULL;
	EVP_PKEY_CTX *ctx = NULL;
	uint8_t der[DER_MAX];
	size_t der_len;
	int err;

	err = pub_from_raw(CRYPTO_P256, pub, P256_PUB_LEN, &pkey);
	if (!err)
		err = sig_to_der(sig, der, &der_len);
	if (err)
		goto out;
	err = E_CRYPTO;
	ctx = EVP_PKEY_CTX_new(pkey, NULL);
	if (!ctx || EVP_PKEY_verify_init(ctx) != 1)
		goto out;
	err = EVP_PKEY_verify(ctx, der, der_len, hash, SHA256_LEN) == 1
		      ? 0
		      : E_SIGNATURE;
out:
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return err;
}

int crypto_es256_sign(const struct crypto_key *k, const void *msg, size_t len,
		      uint8_t sig[P256_SIG_LEN])
{
	EVP_MD_CTX *ctx = NULL;
	uint8_t der[DER_MAX];
	size_t der_len = sizeof(der);
	int err = E_CRYPTO;

	if (k->type != CRYPTO_P256)
		return E_KEY;
	ctx = EVP_MD_CTX_new();
	if (ctx &&
	    EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, k->pkey) == 1 &&
	    EVP_DigestSign(ctx, der, &der_len, msg, len) == 1)
		err = sig_from_der(der, der_len, sig);
	EVP_MD_CTX_free(ctx);
	return err;
}
