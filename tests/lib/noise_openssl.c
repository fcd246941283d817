/* SPDX-License-Identifier: MIT */
#include "tests/lib/noise_openssl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

struct sym { /* SymmetricState of the specification, 5.2 */
	uint8_t ck[32], h[32], k[32];
	uint64_t n;
};

static void need(int ok, const char *what)
{
	if (ok == 1)
		return;
	fprintf(stderr, "noise_openssl: %s\n", what);
	exit(1);
}

static void cat_hash(uint8_t h[32], const void *p, size_t len)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	need(c && EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1 &&
		     EVP_DigestUpdate(c, h, 32) == 1 &&
		     EVP_DigestUpdate(c, p, len) == 1 &&
		     EVP_DigestFinal_ex(c, h, NULL) == 1,
	     "SHA-256");
	EVP_MD_CTX_free(c);
}

/* 4.3, HKDF(chaining_key, input_key_material, num_outputs) */
static void hkdf(const uint8_t ck[32], const uint8_t *input, size_t len,
		 uint8_t out[3][32])
{
	uint8_t temp[32], buf[33];

	HMAC(EVP_sha256(), ck, 32, input, len, temp, NULL);
	buf[0] = 1;
	HMAC(EVP_sha256(), temp, 32, buf, 1, out[0], NULL);
	for (int i = 1; i < 3; i++) {
		memcpy(buf, out[i - 1], 32);
		buf[32] = (uint8_t)(i + 1);
		HMAC(EVP_sha256(), temp, 32, buf, 33, out[i], NULL);
	}
}

static void mix_key(struct sym *s, const uint8_t input[32])
{
	uint8_t out[3][32];

	hkdf(s->ck, input, 32, out);
	memcpy(s->ck, out[0], 32);
	memcpy(s->k, out[1], 32);
	s->n = 0;
}

static void mix_key_and_hash(struct sym *s, const uint8_t input[32])
{
	uint8_t out[3][32];

	hkdf(s->ck, input, 32, out);
	memcpy(s->ck, out[0], 32);
	cat_hash(s->h, out[1], 32);
	memcpy(s->k, out[2], 32);
	s->n = 0;
}

static void public_of(const uint8_t priv[32], uint8_t out[32])
{
	EVP_PKEY *k = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, priv,
						   32);
	size_t len = 32;

	need(k && EVP_PKEY_get_raw_public_key(k, out, &len), "public key");
	EVP_PKEY_free(k);
}

static void dh(const uint8_t priv[32], const uint8_t pub[32], uint8_t out[32])
{
	EVP_PKEY *a = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, priv,
						   32);
	EVP_PKEY *b = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, pub,
						  32);
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(a, NULL);
	size_t len = 32;

	need(c && EVP_PKEY_derive_init(c) == 1 &&
		     EVP_PKEY_derive_set_peer(c, b) == 1 &&
		     EVP_PKEY_derive(c, out, &len) == 1,
	     "X25519");
	EVP_PKEY_CTX_free(c);
	EVP_PKEY_free(a);
	EVP_PKEY_free(b);
}

static void encrypt_and_hash(struct sym *s, const void *p, size_t len,
			     uint8_t *out)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t nonce[12] = { 0 };
	int n = 0;

	for (int i = 0; i < 8; i++)
		nonce[4 + i] = (uint8_t)(s->n >> (8 * i));
	need(c &&
		     EVP_EncryptInit_ex(c, EVP_chacha20_poly1305(), NULL, s->k,
					nonce) == 1 &&
		     EVP_EncryptUpdate(c, NULL, &n, s->h, 32) == 1,
	     "ChaCha20-Poly1305");
	if (len)
		need(EVP_EncryptUpdate(c, out, &n, p, (int)len), "encrypt");
	need(EVP_EncryptFinal_ex(c, out + len, &n) == 1 &&
		     EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, 16,
					 out + len) == 1,
	     "tag");
	EVP_CIPHER_CTX_free(c);
	s->n++;
	cat_hash(s->h, out, len + 16);
}

void noise_openssl(struct noise_openssl *out, const void *prologue,
		   size_t prologue_len, const uint8_t *psk,
		   const uint8_t s_priv[32], const uint8_t e1[32],
		   const uint8_t e2[32], const void *text1, size_t len1,
		   uint8_t *m1, const void *text2, size_t len2, uint8_t *m2)
{
	const char *name = psk ? "Noise_NKpsk0_25519_ChaChaPoly_SHA256"
			       : "Noise_NK_25519_ChaChaPoly_SHA256";
	uint8_t s_pub[32], e1_pub[32], e2_pub[32], secret[32], keys[3][32];
	struct sym s;

	memset(&s, 0, sizeof(s));
	if (strlen(name) <= 32)
		memcpy(s.h, name, strlen(name));
	else
		need(EVP_Digest(name, strlen(name), s.h, NULL, EVP_sha256(),
				NULL),
		     "SHA-256");
	memcpy(s.ck, s.h, 32);
	public_of(s_priv, s_pub);
	public_of(e1, e1_pub);
	public_of(e2, e2_pub);
	cat_hash(s.h, prologue, prologue_len);
	cat_hash(s.h, s_pub, 32); /* <- s */
	/* -> (psk,) e, es */
	if (psk)
		mix_key_and_hash(&s, psk);
	memcpy(m1, e1_pub, 32);
	cat_hash(s.h, e1_pub, 32);
	if (psk)
		mix_key(&s, e1_pub);
	dh(e1, s_pub, secret);
	mix_key(&s, secret);
	encrypt_and_hash(&s, text1, len1, m1 + 32);
	/* <- e, ee */
	memcpy(m2, e2_pub, 32);
	cat_hash(s.h, e2_pub, 32);
	if (psk)
		mix_key(&s, e2_pub);
	dh(e2, e1_pub, secret);
	mix_key(&s, secret);
	encrypt_and_hash(&s, text2, len2, m2 + 32);
	hkdf(s.ck, NULL, 0, keys);
	memcpy(out->k1, keys[0], 32);
	memcpy(out->k2, keys[1], 32);
	memcpy(out->hash, s.h, 32);
}
