/* SPDX-License-Identifier: MIT */
#include "tests/lib/verify_openssl.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/sha.h>

_Static_assert(sizeof(SHA256_CTX) <= SIGNET_HASH_CTX_MAX, "context fits");

/* The low-level calls are the ones that keep their context in our memory,
 * which is what the interface asks for. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

static void hash_init(void *ctx)
{
	if (SHA256_Init(ctx) != 1)
		abort();
}

static void hash_update(void *ctx, const void *p, size_t len)
{
	if (SHA256_Update(ctx, p, len) != 1)
		abort();
}

static void hash_final(void *ctx, uint8_t out[32])
{
	if (SHA256_Final(out, ctx) != 1)
		abort();
}

static EVP_PKEY *public_key(const uint8_t pub[65])
{
	OSSL_PARAM params[] = { OSSL_PARAM_utf8_string(
					OSSL_PKEY_PARAM_GROUP_NAME,
					(char *)"P-256", 5),
				OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
							(void *)pub, 65),
				OSSL_PARAM_END };
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;

	if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1)
		abort();
	if (EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* R || S as the DER that OpenSSL wants. */
static int signature_der(const uint8_t sig[64], uint8_t **der)
{
	ECDSA_SIG *s = ECDSA_SIG_new();
	int len;

	if (!s || ECDSA_SIG_set0(s, BN_bin2bn(sig, 32, NULL),
				 BN_bin2bn(sig + 32, 32, NULL)) != 1)
		abort();
	*der = NULL;
	len = i2d_ECDSA_SIG(s, der);
	ECDSA_SIG_free(s);
	return len;
}

static uint32_t p256_verify(const uint8_t pub[65], const uint8_t hash[32],
			    const uint8_t sig[64])
{
	EVP_PKEY *key = public_key(pub);
	EVP_PKEY_CTX *ctx = key ? EVP_PKEY_CTX_new(key, NULL) : NULL;
	uint8_t *der = NULL;
	int len = signature_der(sig, &der);
	uint32_t answer = VERDICT_NO;

	if (ctx && EVP_PKEY_verify_init(ctx) == 1 &&
	    EVP_PKEY_verify(ctx, der, (size_t)len, hash, 32) == 1)
		answer = VERDICT_YES;
	OPENSSL_free(der);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return answer;
}

const struct signet_crypto verify_openssl = {
	hash_init,
	hash_update,
	hash_final,
	p256_verify,
};

void verify_openssl_hash(const char *label, const struct cose_sign1 *s,
			 uint8_t out[DIGEST_LEN])
{
	uint8_t prefix[COSE_PREFIX_MAX];
	SHA256_CTX ctx;
	size_t len;

	if (cose_tbs_prefix(label, s->payload_len, prefix, sizeof(prefix),
			    &len))
		abort();
	hash_init(&ctx);
	hash_update(&ctx, prefix, len);
	hash_update(&ctx, s->payload, s->payload_len);
	hash_final(&ctx, out);
}

void verify_openssl_sign(void *pkey, const uint8_t hash[32], uint8_t sig[64])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
	uint8_t der[80];
	const uint8_t *p = der;
	size_t len = sizeof(der);
	ECDSA_SIG *s;

	if (!ctx || EVP_PKEY_sign_init(ctx) != 1 ||
	    EVP_PKEY_sign(ctx, der, &len, hash, 32) != 1)
		abort();
	s = d2i_ECDSA_SIG(NULL, &p, (long)len);
	if (!s || BN_bn2binpad(ECDSA_SIG_get0_r(s), sig, 32) != 32 ||
	    BN_bn2binpad(ECDSA_SIG_get0_s(s), sig + 32, 32) != 32)
		abort();
	ECDSA_SIG_free(s);
	EVP_PKEY_CTX_free(ctx);
}
