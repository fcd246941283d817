/* SPDX-License-Identifier: MIT */
/* Keys as PEM text: PKCS#8 and SubjectPublicKeyInfo. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include "base/ct.h"
#include "crypto/internal.h"

/* scrypt, 16 MiB: the memory that OpenSSL's reader allows without being told,
 * and so many lanes that a guess costs a quarter of a second. */
enum { SCRYPT_N = 16384, SCRYPT_R = 8, SCRYPT_P = 5, SALT_LEN = 16 };

/* The text that a memory BIO has collected, malloc'ed. */
static int bio_text(BIO *bio, char **out)
{
	char *data;
	long len = BIO_get_mem_data(bio, &data);
	char *text;

	if (len <= 0)
		return E_CRYPTO;
	text = malloc((size_t)len + 1);
	if (!text)
		return E_NOMEM;
	memcpy(text, data, (size_t)len);
	text[len] = '\0';
	*out = text;
	return 0;
}

static int write_encrypted(BIO *bio, PKCS8_PRIV_KEY_INFO *info,
			   const char *pass)
{
	uint8_t salt[SALT_LEN];
	X509_ALGOR *pbe;
	X509_SIG *sealed;
	int err = crypto_random(salt, sizeof(salt));

	if (err)
		return err;
	pbe = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), salt, sizeof(salt), NULL,
				    SCRYPT_N, SCRYPT_R, SCRYPT_P);
	if (!pbe)
		return E_CRYPTO;
	sealed = PKCS8_set0_pbe(pass, (int)strlen(pass), info, pbe);
	if (!sealed) {
		X509_ALGOR_free(pbe);
		return E_CRYPTO;
	}
	err = PEM_write_bio_PKCS8(bio, sealed) == 1 ? 0 : E_CRYPTO;
	X509_SIG_free(sealed); /* and pbe with it */
	return err;
}

int crypto_key_export(const struct crypto_key *k, const char *pass,
		      char **out_pem)
{
	/* Memory that OpenSSL wipes when it is freed. */
	BIO *bio = BIO_new(BIO_s_secmem());
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(k->pkey);
	int err = E_CRYPTO;

	if (!bio || !info)
		goto out;
	if (pass)
		err = write_encrypted(bio, info, pass);
	else
		err = PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio, info) == 1
			      ? 0
			      : E_CRYPTO;
	if (!err)
		err = bio_text(bio, out_pem);
out:
	PKCS8_PRIV_KEY_INFO_free(info);
	BIO_free(bio);
	return err;
}

struct asked {
	const char *pass;
	bool asked;
};

static int give_passphrase(char *buf, int size, int writing, void *arg)
{
	struct asked *a = arg;
	size_t len;

	(void)writing;
	a->asked = true;
	if (!a->pass)
		return -1;
	len = strlen(a->pass);
	if (size < 0 || len > (size_t)size)
		return -1;
	memcpy(buf, a->pass, len);
	return (int)len;
}

/* The public half in a key file is only a claim. */
static bool halves_fit(EVP_PKEY *pkey)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	bool fit = ctx && EVP_PKEY_pairwise_check(ctx) == 1;

	EVP_PKEY_CTX_free(ctx);
	return fit;
}

int crypto_key_import(const char *pem, const char *pass,
		      struct crypto_key **out)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	struct asked asked = { pass, false };
	EVP_PKEY *pkey;

	if (!bio)
		return E_NOMEM;
	pkey = PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, &asked);
	BIO_free(bio);
	ERR_clear_error();
	if (!pkey)
		return asked.asked ? E_PASSPHRASE : E_KEY;
	if (!pkey_type(pkey) || !halves_fit(pkey)) {
		EVP_PKEY_free(pkey);
		ERR_clear_error();
		return E_KEY;
	}
	return key_wrap(pkey, out);
}

int crypto_pub_export(enum crypto_key_type type, const uint8_t *pub, size_t len,
		      char **out_pem)
{
	BIO *bio = BIO_new(BIO_s_mem());
	EVP_PKEY *pkey = NULL;
	int err = E_NOMEM;

	if (!bio)
		goto out;
	err = pub_from_raw(type, pub, len, &pkey);
	if (err)
		goto out;
	err = E_CRYPTO;
	if (PEM_write_bio_PUBKEY(bio, pkey) == 1)
		err = bio_text(bio, out_pem);
out:
	EVP_PKEY_free(pkey);
	BIO_free(bio);
	return err;
}

int crypto_pub_import(const char *pem, enum crypto_key_type *out_type,
		      uint8_t *out, size_t cap, size_t *out_len)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *pkey;
	enum crypto_key_type type;
	int err = E_KEY;

	if (!bio)
		return E_NOMEM;
	pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	BIO_free(bio);
	ERR_clear_error();
	if (!pkey)
		return E_KEY;
	type = pkey_type(pkey);
	if (type)
		err = pub_to_raw(pkey, type, out, cap, out_len);
	if (!err)
		*out_type = type;
	EVP_PKEY_free(pkey);
	return err;
}
