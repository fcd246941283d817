/* SPDX-License-Identifier: MIT */
/*
 * HPKE base mode (RFC 9180) for one suite: DHKEM(X25519, HKDF-SHA256),
 * HKDF-SHA256, ChaCha20-Poly1305.  Function and label names are the RFC's.
 */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>

#include "base/ct.h"
#include "base/rw.h"
#include "crypto/internal.h"

enum { NH = SHA256_LEN, LABELED_MAX = 256 };

struct suite {
	const char *id;
	size_t len;
};

static const struct suite suite_kem = { "KEM\x00\x20", 5 };
static const struct suite suite_hpke = { "HPKE\x00\x20\x00\x01\x00\x03", 10 };

struct bytes {
	const void *p;
	size_t len;
};

static const struct bytes nothing = { "", 0 };

static int hkdf(int mode, struct bytes key, const char *other_name,
		struct bytes other, uint8_t *out, size_t len)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest,
						 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY,
						  (void *)key.p, key.len),
		OSSL_PARAM_construct_octet_string(other_name, (void *)other.p,
						  other.len),
		OSSL_PARAM_construct_end(),
	};
	int err = E_CRYPTO;

	if (ctx && EVP_KDF_derive(ctx, out, len, params) == 1)
		err = 0;
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return err;
}

static void wr_labeled(struct wr *w, const struct suite *suite,
		       const char *label)
{
	wr_bytes(w, "HPKE-v1", 7);
	wr_bytes(w, suite->id, suite->len);
	wr_bytes(w, label, strlen(label));
}

static int labeled_extract(const struct suite *suite, struct bytes salt,
			   const char *label, struct bytes ikm, uint8_t out[NH])
{
	/* HMAC pads its key with zeros, so these are the empty salt. */
	static const uint8_t zeros[NH];
	uint8_t buf[LABELED_MAX];
	struct wr w;
	size_t len;
	int err;

	wr_init(&w, buf, sizeof(buf));
	wr_labeled(&w, suite, label);
	wr_bytes(&w, ikm.p, ikm.len);
	err = wr_end(&w, &len);
	if (err)
		return E_TOO_LARGE;
	if (!salt.len)
		salt = (struct bytes){ zeros, sizeof(zeros) };
	err = hkdf(EVP_KDF_HKDF_MODE_EXTRACT_ONLY, (struct bytes){ buf, len },
		   OSSL_KDF_PARAM_SALT, salt, out, NH);
	ct_wipe(buf, sizeof(buf));
	return err;
}

static int labeled_expand(const struct suite *suite, const uint8_t prk[NH],
			  const char *label, struct bytes info, uint8_t *out,
			  size_t out_len)
{
	uint8_t buf[LABELED_MAX];
	struct wr w;
	size_t len;
	int err;

	wr_init(&w, buf, sizeof(buf));
	wr_u8(&w, (uint8_t)(out_len >> 8));
	wr_u8(&w, (uint8_t)out_len);
	wr_labeled(&w, suite, label);
	wr_bytes(&w, info.p, info.len);
	err = wr_end(&w, &len);
	if (err)
		return E_TOO_LARGE;
	return hkdf(EVP_KDF_HKDF_MODE_EXPAND_ONLY, (struct bytes){ prk, NH },
		    OSSL_KDF_PARAM_INFO, (struct bytes){ buf, len }, out,
		    out_len);
}

/* OpenSSL refuses the all-zero result that RFC 7748 warns of. */
static int dh(const struct crypto_key *k, const uint8_t pub[X25519_LEN],
	      uint8_t out[X25519_LEN])
{
	EVP_PKEY *peer = NULL;
	EVP_PKEY_CTX *ctx = NULL;
	size_t len = X25519_LEN;
	int err;

	if (k->type != CRYPTO_X25519)
		return E_KEY;
	err = pub_from_raw(CRYPTO_X25519, pub, X25519_LEN, &peer);
	if (err)
		return err;
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->pkey, NULL);
	if (!ctx || EVP_PKEY_derive_init(ctx) != 1 ||
	    EVP_PKEY_derive_set_peer(ctx, peer) != 1 ||
	    EVP_PKEY_derive(ctx, out, &len) != 1 || len != X25519_LEN) {
		ERR_clear_error();
		err = E_KEY;
	}
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	return err;
}

static int extract_and_expand(const uint8_t shared[X25519_LEN],
			      const uint8_t enc[X25519_LEN],
			      const uint8_t pub[X25519_LEN], uint8_t out[NH])
{
	uint8_t prk[NH];
	uint8_t kem_context[2 * X25519_LEN];
	int err;

	memcpy(kem_context, enc, X25519_LEN);
	memcpy(kem_context + X25519_LEN, pub, X25519_LEN);
	err = labeled_extract(&suite_kem, nothing, "eae_prk",
			      (struct bytes){ shared, X25519_LEN }, prk);
	if (!err)
		err = labeled_expand(
			&suite_kem, prk, "shared_secret",
			(struct bytes){ kem_context, sizeof(kem_context) }, out,
			NH);
	ct_wipe(prk, sizeof(prk));
	return err;
}

struct schedule {
	uint8_t key[AEAD_KEY_LEN];
	uint8_t nonce[AEAD_NONCE_LEN]; /* of sequence number 0 */
};

static int key_schedule(const uint8_t shared_secret[NH], struct bytes info,
			struct schedule *out)
{
	uint8_t context[1 + 2 * NH] = { 0 }; /* mode_base = 0 */
	const struct bytes ctx = { context, sizeof(context) };
	uint8_t secret[NH];
	int err;

	err = labeled_extract(&suite_hpke, nothing, "psk_id_hash", nothing,
			      context + 1);
	if (!err)
		err = labeled_extract(&suite_hpke, nothing, "info_hash", info,
				      context + 1 + NH);
	if (!err)
		err = labeled_extract(&suite_hpke,
				      (struct bytes){ shared_secret, NH },
				      "secret", nothing, secret);
	if (!err)
		err = labeled_expand(&suite_hpke, secret, "key", ctx, out->key,
				     sizeof(out->key));
	if (!err)
		err = labeled_expand(&suite_hpke, secret, "base_nonce", ctx,
				     out->nonce, sizeof(out->nonce));
	ct_wipe(secret, sizeof(secret));
	return err;
}

/* Both ends: k is the own private key, peer the other's public key. */
static int derive(const struct crypto_key *k, const uint8_t peer[X25519_LEN],
		  const uint8_t enc[X25519_LEN],
		  const uint8_t recipient[X25519_LEN], struct bytes info,
		  struct schedule *out)
{
	uint8_t shared[X25519_LEN];
	uint8_t secret[NH];
	int err = dh(k, peer, shared);

	if (!err)
		err = extract_and_expand(shared, enc, recipient, secret);
	if (!err)
		err = key_schedule(secret, info, out);
	ct_wipe(shared, sizeof(shared));
	ct_wipe(secret, sizeof(secret));
	return err;
}

int hpke_seal_with(const struct crypto_key *ephemeral,
		   const uint8_t pub[X25519_LEN], const void *info,
		   size_t info_len, const void *aad, size_t aad_len,
		   const void *in, size_t len, uint8_t enc[X25519_LEN],
		   uint8_t *out)
{
	struct schedule s;
	uint8_t own[X25519_LEN];
	size_t n;
	int err = crypto_key_public(ephemeral, own, sizeof(own), &n);

	if (!err)
		err = derive(ephemeral, pub, own, pub,
			     (struct bytes){ info, info_len }, &s);
	if (!err)
		err = crypto_aead_seal(s.key, s.nonce, aad, aad_len, in, len,
				       out);
	if (!err)
		memcpy(enc, own, sizeof(own));
	ct_wipe(&s, sizeof(s));
	return err;
}

int crypto_hpke_seal(const uint8_t pub[X25519_LEN], const void *info,
		     size_t info_len, const void *aad, size_t aad_len,
		     const void *in, size_t len, uint8_t enc[X25519_LEN],
		     uint8_t *out)
{
	struct crypto_key *ephemeral;
	int err = crypto_key_generate(CRYPTO_X25519, &ephemeral);

	if (err)
		return err;
	err = hpke_seal_with(ephemeral, pub, info, info_len, aad, aad_len, in,
			     len, enc, out);
	crypto_key_free(ephemeral);
	return err;
}

int crypto_hpke_open(const struct crypto_key *k, const uint8_t enc[X25519_LEN],
		     const void *info, size_t info_len, const void *aad,
		     size_t aad_len, const void *in, size_t len, uint8_t *out)
{
	struct schedule s;
	uint8_t own[P256_PUB_LEN];
	size_t n;
	int err;

	if (k->type != CRYPTO_X25519)
		return E_KEY;
	err = crypto_key_public(k, own, sizeof(own), &n);
	if (!err)
		err = derive(k, enc, enc, own, (struct bytes){ info, info_len },
			     &s);
	if (!err)
		err = crypto_aead_open(s.key, s.nonce, aad, aad_len, in, len,
				       out);
	ct_wipe(&s, sizeof(s));
	return err;
}
