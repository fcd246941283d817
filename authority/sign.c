/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "authority/authority.h"
#include "wire/cose.h"

/* The Sig_structure, malloc'ed. */
static int to_be_signed(const char *label, const uint8_t *payload,
			size_t payload_len, uint8_t **out, size_t *out_len)
{
	size_t cap = payload_len + COSE_PREFIX_MAX;
	uint8_t *tbs = malloc(cap);
	int err;

	if (!tbs)
		return E_NOMEM;
	err = cose_to_be_signed(label, payload, payload_len, tbs, cap, out_len);
	if (err)
		free(tbs);
	else
		*out = tbs;
	return err;
}

/* A device key must not be usable for anything but ES256: other types have
 * other public sizes and are refused here. */
static int key_number(const struct crypto_key *key, uint8_t kid[KEY_ID_LEN])
{
	uint8_t pub[P256_PUB_LEN];
	size_t len;
	int err;

	if (crypto_key_type(key) != CRYPTO_P256)
		return E_KEY;
	err = crypto_key_public(key, pub, sizeof(pub), &len);
	return err ? err : crypto_key_id(pub, len, kid);
}

int authority_sign1(const struct crypto_key *key, const char *label,
		    const uint8_t *payload, size_t payload_len, uint8_t *out,
		    size_t cap, size_t *out_len)
{
	struct cose_sign1 s = { .payload = payload,
				.payload_len = payload_len };
	uint8_t *tbs = NULL;
	size_t tbs_len;
	int err = key_number(key, s.kid);

	if (!err)
		err = to_be_signed(label, payload, payload_len, &tbs, &tbs_len);
	if (!err)
		err = crypto_es256_sign(key, tbs, tbs_len, s.sig);
	if (!err)
		err = cose_encode(&s, out, cap, out_len);
	free(tbs);
	return err;
}

int authority_check1(const uint8_t pub[P256_PUB_LEN], const char *label,
		     const uint8_t *buf, size_t len, const uint8_t **payload,
		     size_t *payload_len)
{
	uint8_t kid[KEY_ID_LEN];
	struct cose_sign1 s;
	uint8_t *tbs = NULL;
	size_t tbs_len;
	int err = cose_decode(buf, len, &s);

	if (!err)
		err = crypto_key_id(pub, P256_PUB_LEN, kid);
	if (!err && memcmp(kid, s.kid, sizeof(kid)) != 0)
		err = E_KEY;
	if (!err)
		err = to_be_signed(label, s.payload, s.payload_len, &tbs,
				   &tbs_len);
	if (!err)
		err = crypto_es256_verify(pub, tbs, tbs_len, s.sig);
	free(tbs);
	if (err)
		return err;
	*payload = s.payload;
	*payload_len = s.payload_len;
	return 0;
}

int authority_credential(const struct crypto_key *device_key,
			 const struct credential *c,
			 uint8_t out[CREDENTIAL_MAX], size_t *out_len)
{
	uint8_t claims[CREDENTIAL_MAX];
	size_t len;
	int err = credential_encode(c, claims, sizeof(claims), &len);

	if (err)
		return err;
	return authority_sign1(device_key, LABEL_CREDENTIAL, claims, len, out,
			       CREDENTIAL_MAX, out_len);
}
