/* SPDX-License-Identifier: MIT */
#include "server/x509.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY (24L * 3600)
#define CA_DAYS (20 * 365)
#define STATION_DAYS (2 * 365)
#define SERVER_DAYS 90
#define CLOCK_SLACK 300 /* clocks of stations may be behind ours */
#define SAN_CAP 1024

static EVP_PKEY *native(const struct crypto_key *key)
{
	return crypto_key_native(key);
}

/* malloc'ed copy, as the rest of the program frees with free() */
static int to_der(X509 *x, uint8_t **out, size_t *out_len)
{
	int len = i2d_X509(x, NULL);
	uint8_t *buf, *p;

	if (len <= 0)
		return E_CRYPTO;
	buf = malloc((size_t)len);
	if (!buf)
		return E_NOMEM;
	p = buf;
	i2d_X509(x, &p);
	*out = buf;
	*out_len = (size_t)len;
	return 0;
}

static X509 *from_der(const uint8_t *der, size_t len)
{
	const uint8_t *p = der;
	X509 *x = len <= 65536 ? d2i_X509(NULL, &p, (long)len) : NULL;

	if (x && p != der + len) {
		X509_free(x);
		return NULL;
	}
	return x;
}

static bool name_set(X509_NAME *n, const char *cn)
{
	return X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8,
					  (const uint8_t *)cn, -1, -1, 0);
}

/* 127 random bits, positive */
static bool serial_set(X509 *x)
{
	uint8_t raw[16];
	BIGNUM *bn;
	bool ok;

	if (RAND_bytes(raw, sizeof(raw)) != 1)
		return false;
	raw[0] = (raw[0] & 0x7f) | 0x40;
	bn = BN_bin2bn(raw, sizeof(raw), NULL);
	ok = bn && BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(x));
	BN_free(bn);
	return ok;
}

static bool extension_add(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;
	bool ok;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	X509V3_set_ctx_nodb(&ctx);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = e && X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
	return ok;
}

/* Version, serial number, subject, validity, key. */
static X509 *certificate_new(const char *cn, long days, EVP_PKEY *key)
{
	X509 *x = X509_new();

	if (x && X509_set_version(x, X509_VERSION_3) && serial_set(x) &&
	    name_set(X509_get_subject_name(x), cn) &&
	    X509_gmtime_adj(X509_getm_notBefore(x), -CLOCK_SLACK) &&
	    X509_gmtime_adj(X509_getm_notAfter(x), days * DAY) &&
	    X509_set_pubkey(x, key))
		return x;
	X509_free(x);
	return NULL;
}

int x509_ca_make(const struct crypto_key *key, const char *name, uint8_t **out,
		 size_t *out_len)
{
	X509 *x = certificate_new(name, CA_DAYS, native(key));
	int err = E_CRYPTO;

	if (x && X509_set_issuer_name(x, X509_get_subject_name(x)) &&
	    extension_add(x, x, NID_basic_constraints,
			  "critical,CA:TRUE,pathlen:0") &&
	    extension_add(x, x, NID_key_usage,
			  "critical,keyCertSign,cRLSign") &&
	    extension_add(x, x, NID_subject_key_identifier, "hash") &&
	    X509_sign(x, native(key), EVP_sha256()))
		err = to_der(x, out, out_len);
	X509_free(x);
	ERR_clear_error();
	return err;
}

int x509_csr_make(const struct crypto_key *key, const char *name, uint8_t **out,
		  size_t *out_len)
{
	X509_REQ *r = X509_REQ_new();
	uint8_t *der = NULL;
	int len, err = E_CRYPTO;

	if (!r || !X509_REQ_set_version(r, X509_REQ_VERSION_1) ||
	    !name_set(X509_REQ_get_subject_name(r), name) ||
	    !X509_REQ_set_pubkey(r, native(key)) ||
	    !X509_REQ_sign(r, native(key), EVP_sha256()))
		goto out;
	len = i2d_X509_REQ(r, &der);
	if (len <= 0)
		goto out;
	*out = malloc((size_t)len);
	err = *out ? 0 : E_NOMEM;
	if (err)
		goto out;
	memcpy(*out, der, (size_t)len);
	*out_len = (size_t)len;
out:
	OPENSSL_free(der);
	X509_REQ_free(r);
	ERR_clear_error();
	return err;
}

static bool is_p256(EVP_PKEY *k)
{
	char group[32] = "";

	return k && EVP_PKEY_get_base_id(k) == EVP_PKEY_EC &&
	       EVP_PKEY_get_group_name(k, group, sizeof(group), NULL) == 1 &&
	       (!strcmp(group, "prime256v1") || !strcmp(group, "P-256"));
}

/* The CSR's key, once the CSR has proved that its sender holds it. */
static int csr_key(const uint8_t *csr, size_t len, EVP_PKEY **out)
{
	const uint8_t *p = csr;
	X509_REQ *r = len <= 65536 ? d2i_X509_REQ(NULL, &p, (long)len) : NULL;
	int err = E_SYNTAX;

	if (!r || p != csr + len)
		goto out;
	*out = X509_REQ_get_pubkey(r);
	if (!is_p256(*out))
		err = E_KEY;
	else
		err = X509_REQ_verify(r, *out) == 1 ? 0 : E_SIGNATURE;
	if (err) {
		EVP_PKEY_free(*out);
		*out = NULL;
	}
out:
	X509_REQ_free(r);
	ERR_clear_error();
	return err;
}

/* What stations and servers have in common; usage, and san or NULL. */
static int leaf_sign(const struct crypto_key *ca_key, X509 *ca, const char *cn,
		     long days, const char *usage, const char *san,
		     EVP_PKEY *key, uint8_t **out, size_t *out_len)
{
	X509 *x = certificate_new(cn, days, key);
	int err = E_CRYPTO;

	if (x && X509_set_issuer_name(x, X509_get_subject_name(ca)) &&
	    extension_add(x, ca, NID_basic_constraints, "critical,CA:FALSE") &&
	    extension_add(x, ca, NID_key_usage, "critical,digitalSignature") &&
	    extension_add(x, ca, NID_ext_key_usage, usage) &&
	    extension_add(x, ca, NID_subject_key_identifier, "hash") &&
	    extension_add(x, ca, NID_authority_key_identifier, "keyid") &&
	    (!san || extension_add(x, ca, NID_subject_alt_name, san)) &&
	    X509_sign(x, native(ca_key), EVP_sha256()))
		err = to_der(x, out, out_len);
	X509_free(x);
	ERR_clear_error();
	return err;
}

static int sign_csr(const struct crypto_key *ca_key, const uint8_t *ca,
		    size_t ca_len, const char *cn, long days, const char *usage,
		    const char *san, const uint8_t *csr, size_t len,
		    uint8_t **out, size_t *out_len)
{
	X509 *issuer = from_der(ca, ca_len);
	EVP_PKEY *key = NULL;
	int err;

	if (!issuer)
		return E_KEY;
	err = csr_key(csr, len, &key);
	if (!err)
		err = leaf_sign(ca_key, issuer, cn, days, usage, san, key, out,
				out_len);
	EVP_PKEY_free(key);
	X509_free(issuer);
	return err;
}

int x509_sign_station(const struct crypto_key *ca_key, const uint8_t *ca,
		      size_t ca_len, const char *flasher, const uint8_t *csr,
		      size_t len, uint8_t **out, size_t *out_len)
{
	return sign_csr(ca_key, ca, ca_len, flasher, STATION_DAYS, "clientAuth",
			NULL, csr, len, out, out_len);
}

/* ---- names of a server ------------------------------------------------- */

static bool is_ip(const char *s)
{
	uint8_t raw[16];

	return inet_pton(AF_INET, s, raw) == 1 ||
	       inet_pton(AF_INET6, s, raw) == 1;
}

/* Only what cannot mean anything else in OpenSSL's extension text. */
static bool is_dns(const char *s)
{
	size_t len = strlen(s);

	return len && len < 254 && s[0] != '-' && s[0] != '.' &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789.-") == len;
}

/* "a, 127.0.0.1" -> "DNS:a,IP:127.0.0.1"; first = the first name. */
static int san_make(const char *names, char san[SAN_CAP], char first[65])
{
	char *copy = strdup(names), *save = NULL;
	size_t n = 0;
	int err = copy ? 0 : E_NOMEM;

	first[0] = '\0';
	for (char *s = copy ? strtok_r(copy, ", \t", &save) : NULL; s && !err;
	     s = strtok_r(NULL, ", \t", &save)) {
		bool ip = is_ip(s);

		if ((!ip && !is_dns(s)) || n + strlen(s) + 6 > SAN_CAP) {
			err = E_ARG;
			break;
		}
		n += (size_t)snprintf(san + n, SAN_CAP - n, "%s%s:%s",
				      n ? "," : "", ip ? "IP" : "DNS", s);
		if (!first[0])
			snprintf(first, 65, "%.64s", s);
	}
	free(copy);
	return err ? err : n ? 0 : E_ARG;
}

int x509_sign_server(const struct crypto_key *ca_key, const uint8_t *ca,
		     size_t ca_len, const char *names, const uint8_t *csr,
		     size_t len, uint8_t **out, size_t *out_len)
{
	char san[SAN_CAP], first[65];
	int err = san_make(names, san, first);

	if (err)
		return err;
	return sign_csr(ca_key, ca, ca_len, first, SERVER_DAYS, "serverAuth",
			san, csr, len, out, out_len);
}

/* ---- PEM --------------------------------------------------------------- */

int x509_to_pem(const uint8_t *der, size_t len, char **out)
{
	X509 *x = from_der(der, len);
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long n;
	int err = E_SYNTAX;

	if (x && bio && PEM_write_bio_X509(bio, x)) {
		n = BIO_get_mem_data(bio, &text);
		*out = strndup(text, (size_t)n);
		err = *out ? 0 : E_NOMEM;
	}
	BIO_free(bio);
	X509_free(x);
	ERR_clear_error();
	return err;
}

int x509_from_pem(const char *pem, uint8_t **out, size_t *out_len)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *x = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	int err = x ? to_der(x, out, out_len) : E_SYNTAX;

	X509_free(x);
	BIO_free(bio);
	ERR_clear_error();
	return err;
}

int x509_check_key(const uint8_t *der, size_t len, const struct crypto_key *key)
{
	X509 *x = from_der(der, len);
	int err = x && X509_check_private_key(x, native(key)) == 1 ? 0 : E_KEY;

	X509_free(x);
	ERR_clear_error();
	return err;
}
