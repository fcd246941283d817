/* SPDX-License-Identifier: MIT */
/*
 * http/client.h - asks the server, in the words of api/messages.h.
 *
 * One client is one kept-alive HTTPS connection (TLS 1.3 only), used by one
 * thread at a time; a program with several channels makes one per channel.
 * http_call() turns the request struct into method, path, query and JSON by
 * the operation's route and shapes, and the answer back into its struct.
 *
 *	struct http_client_config cfg = {
 *		.base_url = "https://127.0.0.1:7441",
 *		.ca_file = "ca.pem", .token = token,
 *	};
 *	err = http_client_new(&cfg, &client);
 *	err = http_call(client, OP_ORDER_CREATE, &order, &made, &refusal);
 *	if (err == E_REFUSED)
 *		... refusal.code, .cause, .next, .who
 *	else if (err)
 *		... error_text(err), http_client_why(client)
 *	shape_clear(&order_shape, &made);
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/messages.h"
#include "base/error.h"

#define HTTP_PIN_LEN 16 /* first bytes of SHA-256 over the CA's DER */
#define HTTP_WHY_CAP 256

struct http_client_config {
	const char *base_url; /* "https://host:port", no path */

	/* Whom to trust: exactly one of these.  The server's name is checked
	 * against its certificate in every case. */
	const char *ca_file; /* PEM file */
	const char *ca_pem;  /* PEM text */
	const uint8_t *ca_der;
	size_t ca_der_len;
	const uint8_t *ca_pin; /* HTTP_PIN_LEN bytes, from a one-time code: the
				* CA that the server presents is trusted if it
				* has this pin */

	/* Who we are: a client certificate (flasher port) or a token
	 * (administration port); neither on the enrolment port. */
	const uint8_t *cert_der;
	size_t cert_der_len;
	void *cert_key; /* EVP_PKEY of the certificate: crypto_key_native();
			 * must outlive the client */
	const char *token;

	uint32_t connect_timeout_ms; /* 0 = 10 s */
	uint32_t timeout_ms;	     /* one attempt, whole; 0 = 60 s */
	uint32_t retries;	     /* further attempts when the server cannot
				      * be reached or is busy; waits 0.2 s,
				      * 0.4 s ... up to 5 s between them.
				      * Every attempt sends the same bytes. */
	/* Asked about ten times a second; true ends the call with
	 * E_INTERRUPTED.  May be NULL. */
	bool (*stopped)(void *arg);
	void *stopped_arg;
};

struct http_client; /* opaque */

/* Copies all texts and bytes of cfg (not cert_key).  E_ARG when the config is
 * contradictory, E_IO when ca_file cannot be read, E_SYNTAX when a certificate
 * cannot be parsed. */
MUST_USE int http_client_new(const struct http_client_config *cfg,
			     struct http_client **out);
void http_client_free(struct http_client *c);

/*
 * request and answer are the structs of the operation's shapes; answer is
 * zeroed first and filled only on success, then release it with
 * shape_clear(api_route(op)->answer, answer).
 *
 * E_REFUSED    the server said no: *refusal is filled
 * E_NET        it cannot be reached, or the connection broke
 * E_TLS        its certificate is not accepted, or it does not accept ours
 * E_TIMEOUT, E_INTERRUPTED
 * E_HTTP       the answer is not what the protocol says
 * E_ARG        the request cannot be expressed (name or limit broken)
 */
MUST_USE int http_call(struct http_client *c, enum api_op op,
		       const void *request, void *answer,
		       struct refusal *refusal);

/* One line about the last failure: cause and address; "" if none. */
const char *http_client_why(const struct http_client *c);

/* Programs with threads call these once, at start and end. */
MUST_USE int http_client_global_init(void);
void http_client_global_cleanup(void);

#endif
