/* SPDX-License-Identifier: MIT */
/*
 * The client certificate is judged inside the handshake.  libmicrohttpd's own
 * trust option only asks for a certificate and lets everybody through, so the
 * session is set up by hand when the connection starts.
 */
#include <stdio.h>
#include <string.h>

#include "http/server_impl.h"

#define CHAIN_MAX 4

int http_tls_trust(struct http_server *s)
{
	gnutls_datum_t der = { (unsigned char *)s->cfg.client_ca,
			       (unsigned)s->cfg.client_ca_len };
	gnutls_x509_crt_t ca = NULL;
	int err = E_TLS;

	if (!s->cfg.client_ca)
		return 0;
	if (gnutls_x509_trust_list_init(&s->client_trust, 0) < 0) {
		s->client_trust = NULL;
		return E_NOMEM;
	}
	if (gnutls_x509_crt_init(&ca) < 0)
		return E_NOMEM;
	if (gnutls_x509_crt_import(ca, &der, GNUTLS_X509_FMT_DER) < 0)
		goto out;
	if (gnutls_x509_trust_list_add_cas(s->client_trust, &ca, 1, 0) != 1)
		goto out;
	ca = NULL; /* transferred */
	err = 0;
out:
	if (ca)
		gnutls_x509_crt_deinit(ca);
	return err;
}

/* GnuTLS takes a certificate without any extended key usage as good for
 * everything; ours always carry one, so its absence is a refusal too. */
static bool is_client_cert(gnutls_x509_crt_t crt)
{
	char oid[64];
	size_t len;

	for (unsigned i = 0; i < 8; i++) {
		len = sizeof(oid);
		if (gnutls_x509_crt_get_key_purpose_oid(crt, i, oid, &len,
							NULL) < 0)
			return false;
		if (!strcmp(oid, GNUTLS_KP_TLS_WWW_CLIENT))
			return true;
	}
	return false;
}

static const char *judge(struct http_server *s, gnutls_x509_crt_t *chain,
			 unsigned n)
{
	unsigned status = 0;

	if (!is_client_cert(chain[0]))
		return "it is not a client certificate";
	if (gnutls_x509_trust_list_verify_crt(s->client_trust, chain, n, 0,
					      &status, NULL) < 0)
		return "it cannot be verified";
	if (status & GNUTLS_CERT_EXPIRED)
		return "it has expired";
	if (status & GNUTLS_CERT_NOT_ACTIVATED)
		return "it is not valid yet";
	if (status)
		return "it is not from our CA";
	return NULL;
}

static const char *judge_sent(struct http_server *s, gnutls_session_t session)
{
	unsigned sent = 0, n = 0;
	const gnutls_datum_t *der = gnutls_certificate_get_peers(session,
								 &sent);
	gnutls_x509_crt_t chain[CHAIN_MAX];
	const char *why = NULL;

	if (!der || !sent || sent > CHAIN_MAX)
		return "none was sent";
	for (; n < sent && !why; n++) {
		if (gnutls_x509_crt_init(&chain[n]) < 0) {
			why = "out of memory";
			break;
		}
		if (gnutls_x509_crt_import(chain[n], &der[n],
					   GNUTLS_X509_FMT_DER) < 0)
			why = "it is malformed";
	}
	if (!why)
		why = judge(s, chain, n);
	while (n)
		gnutls_x509_crt_deinit(chain[--n]);
	return why;
}

static int on_verify(gnutls_session_t session)
{
	struct http_conn *c = gnutls_session_get_ptr(session);
	struct http_server *s = c->server;
	const char *why = judge_sent(s, session);
	char line[160];

	if (!why)
		return 0;
	atomic_fetch_add(&s->handshakes_refused, 1);
	snprintf(line, sizeof(line), "client certificate refused: %s", why);
	s->cfg.log(s->cfg.log_arg, line);
	/* libmicrohttpd closes without a word; the station should know why */
	gnutls_alert_send(session, GNUTLS_AL_FATAL,
			  GNUTLS_A_CERTIFICATE_UNKNOWN);
	return GNUTLS_E_CERTIFICATE_ERROR;
}

void http_tls_demand(struct http_conn *c, gnutls_session_t session)
{
	if (!c->server->client_trust)
		return;
	gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
	gnutls_session_set_verify_function(session, on_verify);
}

void http_tls_peer(struct http_conn *c, gnutls_session_t session)
{
	const gnutls_datum_t *der;
	size_t len = sizeof(c->peer);
	unsigned n = 0;

	if (c->has_peer || !c->server->client_trust)
		return;
	der = gnutls_certificate_get_peers(session, &n);
	c->has_peer = der && n &&
		      gnutls_fingerprint(GNUTLS_DIG_SHA256, &der[0], c->peer,
					 &len) >= 0;
}
