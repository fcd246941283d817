/* SPDX-License-Identifier: MIT */
/* http/server_impl.h - what the server's files share; nobody else's. */
#ifndef HTTP_SERVER_IMPL_H
#define HTTP_SERVER_IMPL_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "api/request.h"
#include "http/server.h"

#define TOKEN_CAP 160

struct http_cert;

/* One connection, from accept to close. */
struct http_conn {
	struct http_conn *next, *prev;
	struct http_server *server;
	int fd;
	int64_t deadline; /* monotonic seconds; 0 = none (ours to act) */
	bool has_peer;
	uint8_t peer[32];
};

struct http_server {
	struct http_server_config cfg;
	struct MHD_Daemon *daemon;
	_Atomic(struct http_cert *) cert;
	struct http_cert *cert_before;
	uint16_t port;
	gnutls_x509_trust_list_t client_trust; /* NULL = none demanded */
	size_t *body_max;		       /* per route */

	pthread_t thread; /* the event loop */
	bool running;
	int wake; /* eventfd */
	atomic_bool stop, quiesce;
	atomic_bool woken; /* wake has been written, and not been read yet */

	pthread_mutex_t lock; /* conns, and fields of each */
	struct http_conn *conns;

	atomic_size_t bodies; /* bytes held now */
	atomic_uint busy;
	atomic_uint_fast64_t connections, handshakes_refused, requests, refused,
		cut;
};

struct http_exchange {
	struct http_server *server;
	struct MHD_Connection *mhd;
	struct http_conn *conn;
	const struct api_route *route; /* NULL when refused before */
	size_t body_max;
	struct api_params params;
	char token[TOKEN_CAP];
	char *body;
	size_t body_len, body_cap;
	void *request; /* decoded */
	bool early;    /* refused before or while reading the body */
	bool handed;   /* handle() has it */
	unsigned status;
	char *answer; /* JSON, malloc'ed; set = answered */
	size_t answer_len;
};

int64_t http_now(void);
/* Makes the event loop look for answers and orders; any thread. */
void http_server_wake(struct http_server *s);

/* http/server_tls.c */
MUST_USE int http_tls_trust(struct http_server *s);
void http_tls_demand(struct http_conn *c, gnutls_session_t session);
/* Stores the fingerprint of the client's certificate in c. */
void http_tls_peer(struct http_conn *c, gnutls_session_t session);

/* http/server_cert.c */
void http_cert_free(struct http_cert *c);
int http_on_cert(gnutls_session_t session, const gnutls_datum_t *req_ca,
		 int nreqs, const gnutls_pk_algorithm_t *algos, int algo_count,
		 gnutls_pcert_st **chain, unsigned *count,
		 gnutls_privkey_t *key);

/* http/exchange.c: libmicrohttpd's callbacks */
enum MHD_Result http_on_request(void *arg, struct MHD_Connection *mhd,
				const char *url, const char *method,
				const char *version, const char *data,
				size_t *data_len, void **state);
void http_on_completed(void *arg, struct MHD_Connection *mhd, void **state,
		       enum MHD_RequestTerminationCode code);

/* Sets how long the client may take for what it does next; 0 = no limit. */
void http_conn_deadline(struct http_conn *c, unsigned seconds);

#endif
