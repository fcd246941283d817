/* SPDX-License-Identifier: MIT */
/*
 * http/client_tls.h - whom the client trusts, and what it shows of itself.
 * Inner part of http/client.c.
 */
#ifndef HTTP_CLIENT_TLS_H
#define HTTP_CLIENT_TLS_H

#include <openssl/ssl.h>

#include "http/client.h"

struct client_tls {
	STACK_OF(X509) * trusted; /* empty when a pin decides */
	bool pinned;
	uint8_t pin[HTTP_PIN_LEN];
	X509 *cert; /* ours, or NULL */
	EVP_PKEY *key;
};

MUST_USE int client_tls_init(struct client_tls *t,
			     const struct http_client_config *cfg);
void client_tls_clear(struct client_tls *t);
/* Sets a fresh SSL_CTX up; t must outlive it. */
MUST_USE int client_tls_apply(struct client_tls *t, SSL_CTX *ctx);

#endif
