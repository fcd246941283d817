/* SPDX-License-Identifier: MIT */
#include "bench/echo.h"

#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "http/server.h"
#include "server/x509.h"

struct pki {
	uint8_t *ca, *client;
	size_t ca_len, client_len;
	struct crypto_key *client_key;
	char *ca_pem;
	char *cert_pem, *key_pem; /* the server's */
};

/* A CA, a server and a client, for this run only. */
static int pki_make(struct pki *p)
{
	struct crypto_key *ca_key = NULL, *server_key = NULL;
	uint8_t *csr = NULL, *csr2 = NULL, *cert = NULL;
	size_t n, n2, cert_len;
	int err;

	memset(p, 0, sizeof(*p));
	err = crypto_key_generate(CRYPTO_P256, &ca_key);
	if (!err)
		err = crypto_key_generate(CRYPTO_P256, &server_key);
	if (!err)
		err = crypto_key_generate(CRYPTO_P256, &p->client_key);
	if (!err)
		err = x509_ca_make(ca_key, "bench", &p->ca, &p->ca_len);
	if (!err)
		err = x509_csr_make(server_key, "bench", &csr, &n);
	if (!err)
		err = x509_csr_make(p->client_key, "bench", &csr2, &n2);
	if (!err)
		err = x509_sign_server(ca_key, p->ca, p->ca_len, "127.0.0.1",
				       csr, n, &cert, &cert_len);
	if (!err)
		err = x509_sign_station(ca_key, p->ca, p->ca_len, "bench", csr2,
					n2, &p->client, &p->client_len);
	if (!err)
		err = x509_to_pem(cert, cert_len, &p->cert_pem);
	if (!err)
		err = x509_to_pem(p->ca, p->ca_len, &p->ca_pem);
	if (!err)
		err = crypto_key_export(server_key, NULL, &p->key_pem);
	crypto_key_free(ca_key);
	crypto_key_free(server_key);
	free(csr);
	free(csr2);
	free(cert);
	return err;
}

static void pki_clear(struct pki *p)
{
	free(p->ca);
	free(p->client);
	free(p->ca_pem);
	free(p->cert_pem);
	free(p->key_pem);
	crypto_key_free(p->client_key);
}

/* ---- http/server ------------------------------------------------------- */

static const struct api_route echo_routes[] = {
	{ OP_GRANT, "POST", "/v1/grants", PORT_FLASHER, &grant_request_shape,
	  &grant_request_shape },
};

static void on_exchange(void *arg, struct http_exchange *x)
{
	(void)arg;
	http_exchange_answer(x, http_exchange_request(x));
}

static uint16_t server_run(const struct pki *p)
{
	struct http_server_config cfg = {
		.address = "127.0.0.1",
		.cert_pem = p->cert_pem,
		.key_pem = p->key_pem,
		.client_ca = p->ca,
		.client_ca_len = p->ca_len,
		.routes = echo_routes,
		.route_count = 1,
		.port_kind = PORT_FLASHER,
		.handle = on_exchange,
	};
	char why[HTTP_SERVER_WHY_CAP];
	struct http_server *s;

	if (http_server_start(&cfg, &s, why)) {
		fprintf(stderr, "echo: %s\n", why);
		return 0;
	}
	return http_server_port(s);
}

/* ---- libmicrohttpd alone ----------------------------------------------- */

struct body {
	char data[1024];
	size_t len;
};

static enum MHD_Result on_bare(void *arg, struct MHD_Connection *c,
			       const char *url, const char *method,
			       const char *version, const char *data,
			       size_t *len, void **state)
{
	struct body *b = *state;
	struct MHD_Response *r;
	enum MHD_Result ok;

	(void)arg;
	(void)url;
	(void)method;
	(void)version;
	if (!b) {
		*state = calloc(1, sizeof(*b));
		return *state ? MHD_YES : MHD_NO;
	}
	if (*len) {
		if (*len > sizeof(b->data) - b->len)
			return MHD_NO;
		memcpy(b->data + b->len, data, *len);
		b->len += *len;
		*len = 0;
		return MHD_YES;
	}
	r = MHD_create_response_from_buffer(b->len, b->data,
					    MHD_RESPMEM_MUST_COPY);
	ok = MHD_queue_response(c, 200, r);
	MHD_destroy_response(r);
	free(b);
	*state = NULL;
	return ok;
}

/* The same TLS as http/server's: a client without a certificate of our CA does
 * not get through the handshake. */
static int on_peer(gnutls_session_t session)
{
	unsigned status = 0;

	if (gnutls_certificate_verify_peers3(session, NULL, &status) < 0)
		return GNUTLS_E_CERTIFICATE_ERROR;
	return status ? GNUTLS_E_CERTIFICATE_ERROR : 0;
}

static void on_bare_connection(void *arg, struct MHD_Connection *c,
			       void **state,
			       enum MHD_ConnectionNotificationCode code)
{
	const union MHD_ConnectionInfo *tls;

	(void)arg;
	(void)state;
	if (code != MHD_CONNECTION_NOTIFY_STARTED)
		return;
	tls = MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	gnutls_certificate_server_set_request(tls->tls_session,
					      GNUTLS_CERT_REQUIRE);
	gnutls_session_set_verify_function(tls->tls_session, on_peer);
}

static uint16_t bare_run(const struct pki *p)
{
	struct MHD_Daemon *d = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_TLS,
		0, NULL, NULL, on_bare, NULL, MHD_OPTION_HTTPS_MEM_CERT,
		p->cert_pem, MHD_OPTION_HTTPS_MEM_KEY, p->key_pem,
		MHD_OPTION_HTTPS_MEM_TRUST, p->ca_pem,
		MHD_OPTION_NOTIFY_CONNECTION, on_bare_connection, NULL,
		MHD_OPTION_HTTPS_PRIORITIES, "NORMAL:-VERS-ALL:+VERS-TLS1.3",
		MHD_OPTION_CONNECTION_LIMIT, 1000u, MHD_OPTION_END);

	if (!d)
		return 0;
	return MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT)->port;
}

/* ---- processes --------------------------------------------------------- */

static SSL_CTX *client_tls(const struct pki *p)
{
	const uint8_t *der = p->client;
	X509 *x = d2i_X509(NULL, &der, (long)p->client_len);
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (!x || !ctx || SSL_CTX_use_certificate(ctx, x) != 1 ||
	    SSL_CTX_use_PrivateKey(ctx, crypto_key_native(p->client_key)) !=
		    1) {
		SSL_CTX_free(ctx);
		ctx = NULL;
	}
	X509_free(x);
	return ctx;
}

int echo_start(enum echo_kind kind, struct echo *e)
{
	struct pki p;
	int fds[2];
	uint16_t port = 0;

	if (pki_make(&p) || pipe(fds))
		return -1;
	e->pid = fork();
	if (!e->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		port = kind == ECHO_BARE ? bare_run(&p) : server_run(&p);
		if (write(fds[1], &port, sizeof(port)) != sizeof(port))
			_exit(1);
		for (;;)
			pause();
	}
	close(fds[1]);
	if (read(fds[0], &port, sizeof(port)) != sizeof(port))
		port = 0;
	close(fds[0]);
	e->port = port;
	e->tls = client_tls(&p);
	pki_clear(&p);
	if (port && e->tls)
		return 0;
	fprintf(stderr, "the echo server does not start\n");
	echo_stop(e);
	return -1;
}

void echo_stop(struct echo *e)
{
	if (e->pid > 0) {
		kill(e->pid, SIGKILL);
		waitpid(e->pid, NULL, 0);
	}
	SSL_CTX_free(e->tls);
	memset(e, 0, sizeof(*e));
}

size_t echo_request(void *arg, unsigned i, char *buf)
{
	static const char body[] =
		"{\"order\":\"load\",\"uid\":\"010000000351313233343536\","
		"\"nonce\":\"000102030405060708090a0b0c0d0e0f\","
		"\"dpidr\":733418615,\"cpuid\":1091551809,\"designer\":32,"
		"\"part\":1077,\"device_id\":268461109,\"flash_kb\":256}";

	(void)arg;
	(void)i;
	return (size_t)snprintf(
		buf, 2048,
		"POST /v1/grants HTTP/1.1\r\nHost: localhost\r\n"
		"Content-Type: application/json\r\n"
		"Content-Length: %zu\r\n\r\n%s",
		sizeof(body) - 1, body);
}

bool echo_answer(void *arg, unsigned i, int status, const char *body)
{
	(void)arg;
	(void)i;
	return status == 200 && strstr(body, "\"flash_kb\":256");
}
