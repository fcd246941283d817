/* SPDX-License-Identifier: MIT */
/*
 * server/edge_tls.h - the edge's TLS key and certificate.
 *
 * The key is made in memory and certified by the signer; no disk ever sees it.
 */
#ifndef SERVER_EDGE_TLS_H
#define SERVER_EDGE_TLS_H

#include "server/signer.h"

struct edge_tls {
	char *cert_pem; /* with the CA behind it */
	char *key_pem;
	uint8_t *ca; /* DER */
	size_t ca_len;
};

/* names as in signetd.conf.  On failure t is empty. */
MUST_USE int edge_tls_make(const struct signer_port *signer, const char *names,
			   struct edge_tls *t);
/* Wipes the key. */
void edge_tls_clear(struct edge_tls *t);

#endif
