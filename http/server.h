/* SPDX-License-Identifier: MIT */
/*
 * http/server.h - a bounded HTTPS server for the operations of a route table.
 *
 * Over libmicrohttpd with GnuTLS: TLS 1.3 only, no early data.  With
 * client_ca set, a client certificate is demanded and judged inside the
 * handshake (chain to that CA, time, extended key usage clientAuth), so not
 * one HTTP byte of anybody else is parsed.
 *
 * Everything is bounded: connections over all and per address, header and body
 * per route, memory of all bodies together, time for a handshake and for a
 * request whatever the client's speed, time idle.
 *
 * A request that fits its route and shape is handed to handle() as a struct,
 * its connection asleep; http_exchange_answer() or _refuse(), from any thread,
 * wakes it up.  Each exchange must get exactly one of the two.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/messages.h"
#include "base/error.h"

#define HTTP_SERVER_WHY_CAP 256
#define HTTP_HEADER_MAX 4096 /* request line and headers */

struct http_server;   /* opaque */
struct http_exchange; /* opaque */

struct http_server_config {
	const char *address;  /* "127.0.0.1", "::1", "0.0.0.0" ... */
	uint16_t port;	      /* 0 = a free one */
	const char *cert_pem; /* our certificate, then its CA; only read by
			       * http_server_start() */
	const char *key_pem;
	const uint8_t *client_ca; /* DER; NULL = no client certificates */
	size_t client_ca_len;
	bool want_token; /* refuse requests without a Bearer token */

	const struct api_route *routes; /* those with this port are served */
	size_t route_count;
	enum api_port port_kind;

	unsigned connections_max; /* 0 = 1200 */
	unsigned per_ip_max;	  /* 0 = no limit beyond that */
	unsigned request_s;	  /* handshake and request, each; 0 = 20 */
	unsigned idle_s;	  /* between requests; 0 = 300 */
	size_t body_budget;	  /* all bodies in memory; 0 = 32 MB */

	void (*handle)(void *arg, struct http_exchange *x);
	/* May be NULL: called when everything that had arrived is handed over,
	 * by the same thread; so handle() can gather what it sends on. */
	void (*handed)(void *arg);
	void *arg;
	/* May be NULL: hears of a request that was refused before handle(); x
	 * has no request, and no route either if there is none.  Only the
	 * event loop's thread. */
	void (*refused)(void *arg, const struct http_exchange *x,
			enum refusal_code code, const char *cause);
	/* One line of what went wrong on a connection; any thread. */
	void (*log)(void *arg, const char *text);
	void *log_arg;
};

struct http_counters {
	uint64_t connections;	     /* accepted */
	uint64_t handshakes_refused; /* certificate not accepted */
	uint64_t requests;	     /* request lines parsed */
	uint64_t refused;	     /* answered here, without handle() */
	uint64_t cut;		     /* connections ended for slowness */
};

MUST_USE int http_server_start(const struct http_server_config *cfg,
			       struct http_server **out,
			       char why[HTTP_SERVER_WHY_CAP]);
/* Uses another certificate and key for handshakes from now on. */
MUST_USE int http_server_set_cert(struct http_server *s, const char *cert_pem,
				  const char *key_pem);
uint16_t http_server_port(const struct http_server *s);
/* Call about once a second: ends connections that are too slow. */
void http_server_tick(struct http_server *s);
void http_server_counters(struct http_server *s, struct http_counters *out);
/* No new connections; those that exist go on. */
void http_server_quiesce(struct http_server *s);
/* Requests that have begun and whose answers are not sent yet. */
unsigned http_server_busy(struct http_server *s);
/* Every exchange that handle() got must have been answered, and no other thread
 * be in a call on s or an exchange.  s may be NULL. */
void http_server_stop(struct http_server *s);

/* Valid until the exchange is answered. */
const struct api_route *http_exchange_route(const struct http_exchange *x);
enum api_port http_exchange_port(const struct http_exchange *x);
const void *http_exchange_request(const struct http_exchange *x);
/* SHA-256 of the client's certificate (DER), or NULL. */
const uint8_t *http_exchange_peer(const struct http_exchange *x);
/* The Bearer token, or "". */
const char *http_exchange_token(const struct http_exchange *x);
/* answer is the struct of the route's answer shape; it is copied. */
void http_exchange_answer(struct http_exchange *x, const void *answer);
void http_exchange_refuse(struct http_exchange *x, const struct refusal *r);

#endif
