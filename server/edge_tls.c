/* SPDX-License-Identifier: MIT */
#include "server/edge_tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ct.h"
#include "server/x509.h"

void edge_tls_clear(struct edge_tls *t)
{
	if (t->key_pem)
		ct_wipe(t->key_pem, strlen(t->key_pem));
	free(t->key_pem);
	free(t->cert_pem);
	free(t->ca);
	memset(t, 0, sizeof(*t));
}

static int chain_make(const uint8_t *cert, size_t len, const struct edge_tls *t,
		      char **out)
{
	char *leaf = NULL, *ca = NULL;
	int err = x509_to_pem(cert, len, &leaf);

	if (!err)
		err = x509_to_pem(t->ca, t->ca_len, &ca);
	if (!err && asprintf(out, "%s%s", leaf, ca) < 0) {
		*out = NULL;
		err = E_NOMEM;
	}
	free(leaf);
	free(ca);
	return err;
}

/* A fresh key, certified by the signer. */
int edge_tls_make(const struct signer_port *signer, const char *names,
		  struct edge_tls *t)
{
	struct crypto_key *key = NULL;
	uint8_t *csr = NULL, *cert = NULL;
	uint8_t hpke[X25519_LEN];
	size_t csr_len = 0, cert_len = 0;
	int err;

	memset(t, 0, sizeof(*t));
	err = signer->public_keys(signer->self, &t->ca, &t->ca_len, hpke);
	if (!err)
		err = crypto_key_generate(CRYPTO_P256, &key);
	if (!err)
		err = x509_csr_make(key, "signetd", &csr, &csr_len);
	if (!err)
		err = signer->server_cert(signer->self, names, csr, csr_len,
					  &cert, &cert_len);
	if (!err)
		err = chain_make(cert, cert_len, t, &t->cert_pem);
	if (!err)
		err = crypto_key_export(key, NULL, &t->key_pem);
	if (err)
		edge_tls_clear(t);
	crypto_key_free(key);
	free(csr);
	free(cert);
	return err;
}
