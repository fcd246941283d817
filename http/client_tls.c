/* SPDX-License-Identifier: MIT */
#include "http/client_tls.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

/* ---- trust anchors ----------------------------------------------------- */

static int trust_add(struct client_tls *t, X509 *x)
{
	if (!x)
		return E_SYNTAX;
	if (!sk_X509_push(t->trusted, x)) {
		X509_free(x);
		return E_NOMEM;
	}
	return 0;
}

static int trust_pem(struct client_tls *t, BIO *bio)
{
	X509 *x;
	int n = 0, err = 0;

	if (!bio)
		return E_IO;
	while (!err && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		err = trust_add(t, x);
		n++;
	}
	BIO_free(bio);
	return err ? err : n ? 0 : E_SYNTAX;
}

static int trust_der(struct client_tls *t, const uint8_t *der, size_t len)
{
	const uint8_t *p = der;
	X509 *x = d2i_X509(NULL, &p, (long)len);

	if (x && p != der + len) {
		X509_free(x);
		return E_TRAILING;
	}
	return trust_add(t, x);
}

static int trust_load(struct client_tls *t,
		      const struct http_client_config *cfg)
{
	int n = !!cfg->ca_file + !!cfg->ca_pem + !!cfg->ca_der + !!cfg->ca_pin;

	if (n != 1)
		return E_ARG;
	if (cfg->ca_file)
		return trust_pem(t, BIO_new_file(cfg->ca_file, "r"));
	if (cfg->ca_pem)
		return trust_pem(t, BIO_new_mem_buf(cfg->ca_pem, -1));
	if (cfg->ca_der)
		return trust_der(t, cfg->ca_der, cfg->ca_der_len);
	t->pinned = true;
	memcpy(t->pin, cfg->ca_pin, HTTP_PIN_LEN);
	return 0;
}

int client_tls_init(struct client_tls *t, const struct http_client_config *cfg)
{
	const uint8_t *p = cfg->cert_der;
	int err;

	memset(t, 0, sizeof(*t));
	t->trusted = sk_X509_new_null();
	if (!t->trusted)
		return E_NOMEM;
	err = trust_load(t, cfg);
	if (!err && !cfg->cert_der != !cfg->cert_key)
		err = E_ARG;
	if (!err && cfg->cert_der) {
		t->cert = d2i_X509(NULL, &p, (long)cfg->cert_der_len);
		t->key = cfg->cert_key;
		if (!t->cert)
			err = E_SYNTAX;
		else if (!X509_check_private_key(t->cert, t->key))
			err = E_KEY;
	}
	if (err)
		client_tls_clear(t);
	return err;
}

void client_tls_clear(struct client_tls *t)
{
	sk_X509_pop_free(t->trusted, X509_free);
	X509_free(t->cert);
	memset(t, 0, sizeof(*t));
}

/* ---- the handshake ----------------------------------------------------- */

static bool pin_matches(const struct client_tls *t, X509 *x)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	return X509_digest(x, EVP_sha256(), digest, &len) &&
	       len >= HTTP_PIN_LEN && !memcmp(digest, t->pin, HTTP_PIN_LEN);
}

/*
 * The one-time code names the CA by the first half of its SHA-256.  Among the
 * certificates that the server sent, the one with that pin becomes the only
 * trust anchor; then the usual verification runs.
 */
static int verify_pinned(X509_STORE_CTX *ctx, void *arg)
{
	struct client_tls *t = arg;
	STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(ctx);
	STACK_OF(X509) *anchor = sk_X509_new_null();
	int ok = 0;

	X509_STORE_CTX_set_error(ctx, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT);
	for (int i = 0; anchor && i < sk_X509_num(sent); i++) {
		X509 *x = sk_X509_value(sent, i);

		if (pin_matches(t, x) && sk_X509_push(anchor, x)) {
			X509_STORE_CTX_set0_trusted_stack(ctx, anchor);
			X509_STORE_CTX_set_error(ctx, X509_V_OK);
			ok = X509_verify_cert(ctx) > 0;
			X509_STORE_CTX_set0_trusted_stack(ctx, NULL);
			break;
		}
	}
	sk_X509_free(anchor);
	return ok;
}

int client_tls_apply(struct client_tls *t, SSL_CTX *ctx)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);

	if (!SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION))
		return E_TLS;
	for (int i = 0; i < sk_X509_num(t->trusted); i++)
		if (!X509_STORE_add_cert(store, sk_X509_value(t->trusted, i)))
			return E_TLS;
	if (t->pinned)
		SSL_CTX_set_cert_verify_callback(ctx, verify_pinned, t);
	if (t->cert && (SSL_CTX_use_certificate(ctx, t->cert) != 1 ||
			SSL_CTX_use_PrivateKey(ctx, t->key) != 1))
		return E_TLS;
	return 0;
}
