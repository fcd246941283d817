/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "crypto/internal.h"

#define P256_GROUP "prime256v1"

static const struct {
	enum crypto_key_type type;
	const char *name; /* OpenSSL's */
	const char *group;
} key_types[] = {
	{ CRYPTO_P256, "EC", P256_GROUP },
	{ CRYPTO_X25519, "X25519", NULL },
	{ CRYPTO_ED25519, "ED25519", NULL },
};

enum { KEY_TYPES = sizeof(key_types) / sizeof(key_types[0]) };

enum crypto_key_type pkey_type(const EVP_PKEY *pkey)
{
	char group[64] = "";

	for (size_t i = 0; i < KEY_TYPES; i++) {
		if (!EVP_PKEY_is_a(pkey, key_types[i].name))
			continue;
		if (!key_types[i].group)
			return key_types[i].type;
		if (EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) ==
			    1 &&
		    strcmp(group, key_types[i].group) == 0)
			return key_types[i].type;
	}
	return 0;
}

int crypto_key_generate(enum crypto_key_type type, struct crypto_key **out)
{
	EVP_PKEY *pkey = NULL;

	if (type == CRYPTO_P256)
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", P256_GROUP);
	else if (type == CRYPTO_X25519)
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	else if (type == CRYPTO_ED25519)
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	else
		return E_ARG;
	return pkey ? key_wrap(pkey, out) : E_CRYPTO;
}

void crypto_key_free(struct crypto_key *k)
{
	if (!k)
		return;
	EVP_PKEY_free(k->pkey); /* OpenSSL wipes the private half */
	free(k);
}

enum crypto_key_type crypto_key_type(const struct crypto_key *k)
{
	return k->type;
}

void *crypto_key_native(const struct crypto_key *k)
{
	return k->pkey;
}

/* From the coordinates, so that a key file that asks for compressed points
 * gives the same bytes. */
static int p256_to_raw(const EVP_PKEY *pkey, uint8_t out[P256_PUB_LEN])
{
	enum { LEN = (P256_PUB_LEN - 1) / 2 };
	BIGNUM *x = NULL;
	BIGNUM *y = NULL;
	int err = E_CRYPTO;

	if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
	    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1 &&
	    BN_bn2binpad(x, out + 1, LEN) == LEN &&
	    BN_bn2binpad(y, out + 1 + LEN, LEN) == LEN) {
		out[0] = 0x04;
		err = 0;
	}
	BN_free(x);
	BN_free(y);
	return err;
}

static size_t pub_len(enum crypto_key_type type)
{
	return type == CRYPTO_P256 ? P256_PUB_LEN : X25519_LEN;
}

int pub_to_raw(const EVP_PKEY *pkey, enum crypto_key_type type, uint8_t *out,
	       size_t cap, size_t *out_len)
{
	size_t len = pub_len(type);

	if (cap < len)
		return E_SPACE;
	if (type == CRYPTO_P256) {
		int err = p256_to_raw(pkey, out);

		if (err)
			return err;
	} else if (EVP_PKEY_get_raw_public_key(pkey, out, &len) != 1) {
		return E_CRYPTO;
	}
	*out_len = len;
	return 0;
}

int key_wrap(EVP_PKEY *pkey, struct crypto_key **out)
{
	struct crypto_key *k = calloc(1, sizeof(*k));
	int err = E_NOMEM;

	if (!k)
		goto fail;
	err = E_KEY;
	k->type = pkey_type(pkey);
	if (!k->type)
		goto fail;
	err = pub_to_raw(pkey, k->type, k->pub, sizeof(k->pub), &k->pub_len);
	if (err)
		goto fail;
	k->pkey = pkey; /* transferred */
	*out = k;
	return 0;
fail:
	EVP_PKEY_free(pkey);
	free(k);
	return err;
}

int crypto_key_public(const struct crypto_key *k, uint8_t *out, size_t cap,
		      size_t *out_len)
{
	if (cap < k->pub_len)
		return E_SPACE;
	memcpy(out, k->pub, k->pub_len);
	*out_len = k->pub_len;
	return 0;
}

int crypto_key_x25519(const struct crypto_key *k, uint8_t out[X25519_LEN])
{
	size_t len = X25519_LEN;

	if (k->type != CRYPTO_X25519)
		return E_KEY;
	if (EVP_PKEY_get_raw_private_key(k->pkey, out, &len) != 1)
		return E_CRYPTO;
	return 0;
}

static EVP_PKEY *p256_from_raw(const uint8_t *pub, size_t len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY *pkey = NULL;

	if (bld &&
	    OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME,
					    P256_GROUP, 0) == 1 &&
	    OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, pub,
					     len) == 1)
		params = OSSL_PARAM_BLD_to_param(bld);
	if (!ctx || !params || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

int pub_from_raw(enum crypto_key_type type, const uint8_t *pub, size_t len,
		 EVP_PKEY **out)
{
	EVP_PKEY *pkey = NULL;

	if (len != pub_len(type))
		return E_KEY;
	if (type == CRYPTO_P256 && pub[0] == 0x04)
		pkey = p256_from_raw(pub, len);
	else if (type == CRYPTO_X25519)
		pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, pub,
						   len);
	else if (type == CRYPTO_ED25519)
		pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, pub,
						   len);
	if (!pkey)
		return E_KEY;
	*out = pkey;
	return 0;
}

int crypto_key_id(const uint8_t *pub, size_t len, uint8_t out[KEY_ID_LEN])
{
	uint8_t digest[SHA256_LEN];
	int err = crypto_sha256(pub, len, digest);

	if (!err)
		memcpy(out, digest, KEY_ID_LEN);
	return err;
}
