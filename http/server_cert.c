/* SPDX-License-Identifier: MIT */
/* The server's own certificate, which may be replaced while it serves. */
#include <gnutls/abstract.h>
#include <stdlib.h>
#include <string.h>

#include "http/server_impl.h"

#define CHAIN_MAX 4

struct http_cert {
	gnutls_pcert_st chain[CHAIN_MAX];
	unsigned count;
	gnutls_privkey_t key;
};

void http_cert_free(struct http_cert *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < c->count; i++)
		gnutls_pcert_deinit(&c->chain[i]);
	if (c->key)
		gnutls_privkey_deinit(c->key);
	free(c);
}

static gnutls_datum_t text(const char *s)
{
	return (gnutls_datum_t){ (unsigned char *)s, (unsigned)strlen(s) };
}

static int cert_load(const char *cert_pem, const char *key_pem,
		     struct http_cert **out)
{
	gnutls_datum_t cert = text(cert_pem), key = text(key_pem);
	struct http_cert *c = calloc(1, sizeof(*c));
	unsigned count = CHAIN_MAX;

	if (!c)
		return E_NOMEM;
	if (gnutls_pcert_list_import_x509_raw(c->chain, &count, &cert,
					      GNUTLS_X509_FMT_PEM, 0) < 0)
		goto fail;
	c->count = count;
	if (gnutls_privkey_init(&c->key) < 0)
		goto fail;
	if (gnutls_privkey_import_x509_raw(c->key, &key, GNUTLS_X509_FMT_PEM,
					   NULL, 0) < 0)
		goto fail;
	*out = c;
	return 0;
fail:
	http_cert_free(c);
	return E_KEY;
}

/* GnuTLS does not free what it gets here, so a handshake that began before a
 * change still uses the certificate of that moment: it is kept until the next
 * change, much longer than a handshake may take. */
int http_server_set_cert(struct http_server *s, const char *cert_pem,
			 const char *key_pem)
{
	struct http_cert *fresh;
	int err = cert_load(cert_pem, key_pem, &fresh);

	if (err)
		return err;
	http_cert_free(s->cert_before);
	s->cert_before = atomic_exchange(&s->cert, fresh);
	return 0;
}

int http_on_cert(gnutls_session_t session, const gnutls_datum_t *req_ca,
		 int nreqs, const gnutls_pk_algorithm_t *algos, int algo_count,
		 gnutls_pcert_st **chain, unsigned *count,
		 gnutls_privkey_t *key)
{
	struct http_conn *conn = gnutls_session_get_ptr(session);
	struct http_cert *c;

	(void)req_ca;
	(void)nreqs;
	(void)algos;
	(void)algo_count;
	if (!conn)
		return -1;
	c = atomic_load(&conn->server->cert);
	*chain = c->chain;
	*count = c->count;
	*key = c->key;
	return 0;
}
