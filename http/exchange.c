/* SPDX-License-Identifier: MIT */
/* One request and its answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/server_impl.h"

/* What is sent when not even the answer can be put into words. */
#define LAST_RESORT                                                        \
	"{\"code\":\"internal\",\"cause\":\"the server failed\",\"next\":" \
	"\"tell the owner; see the server's log\",\"who\":\"owner\","      \
	"\"http\":500}"

#define DRAIN_MAX (8u << 20)

/* ---- what the handler sees --------------------------------------------- */

const struct api_route *http_exchange_route(const struct http_exchange *x)
{
	return x->route;
}

enum api_port http_exchange_port(const struct http_exchange *x)
{
	return x->server->cfg.port_kind;
}

const void *http_exchange_request(const struct http_exchange *x)
{
	return x->request;
}

const uint8_t *http_exchange_peer(const struct http_exchange *x)
{
	return x->conn->has_peer ? x->conn->peer : NULL;
}

const char *http_exchange_token(const struct http_exchange *x)
{
	return x->token;
}

/* ---- answering --------------------------------------------------------- */

static void answer_make(struct http_exchange *x, const struct shape *shape,
			const void *in, unsigned status)
{
	x->status = status;
	if (!shape_to_json(shape, in, false, &x->answer, &x->answer_len))
		return;
	x->server->cfg.log(x->server->cfg.log_arg,
			   "an answer breaks its own shape");
	x->status = 500;
	x->answer = strdup(LAST_RESORT);
	x->answer_len = x->answer ? strlen(x->answer) : 0;
}

static void wake(struct http_exchange *x)
{
	struct http_server *s = x->server;

	if (!x->handed)
		return;
	/* After the resume x belongs to the loop's thread. */
	MHD_resume_connection(x->mhd);
	http_server_wake(s);
}

void http_exchange_answer(struct http_exchange *x, const void *answer)
{
	answer_make(x, x->route->answer, answer, MHD_HTTP_OK);
	wake(x);
}

void http_exchange_refuse(struct http_exchange *x, const struct refusal *r)
{
	answer_make(x, &refusal_shape, r, r->http);
	wake(x);
}

/* Refused here, before the handler. */
static void refuse(struct http_exchange *x, enum refusal_code code,
		   const char *detail)
{
	struct refusal r;

	if (x->answer)
		return;
	refusal_set(&r, code, detail);
	atomic_fetch_add(&x->server->refused, 1);
	x->early = true;
	if (x->server->cfg.refused)
		x->server->cfg.refused(x->server->cfg.arg, x, code, r.cause);
	http_exchange_refuse(x, &r);
}

static enum MHD_Result respond(struct http_exchange *x)
{
	struct MHD_Response *r;
	enum MHD_Result ok;

	if (!x->answer)
		return MHD_NO;
	r = MHD_create_response_from_buffer(x->answer_len, x->answer,
					    MHD_RESPMEM_MUST_FREE);
	if (!r)
		return MHD_NO;
	x->answer = NULL; /* transferred */
	MHD_add_response_header(r, "Content-Type", "application/json");
	MHD_add_response_header(r, "Cache-Control", "no-store");
	if (x->status == MHD_HTTP_UNAUTHORIZED)
		MHD_add_response_header(r, "WWW-Authenticate", "Bearer");
	ok = MHD_queue_response(x->mhd, x->status, r);
	MHD_destroy_response(r);
	/* the client reads at its own speed, but not for ever */
	http_conn_deadline(x->conn, x->server->cfg.idle_s);
	return ok;
}

/* ---- headers ----------------------------------------------------------- */

static bool route_matches(struct http_exchange *x,
			  const struct api_route *route, const char *method,
			  const char *url)
{
	return route->port == x->server->cfg.port_kind &&
	       !strcmp(route->method, method) &&
	       api_path_match(route->path, url, &x->params);
}

static void find_route(struct http_exchange *x, const char *method,
		       const char *url)
{
	const struct http_server_config *c = &x->server->cfg;
	char what[TEXT_CAP];

	for (size_t i = 0; i < c->route_count; i++) {
		if (!route_matches(x, &c->routes[i], method, url))
			continue;
		x->route = &c->routes[i];
		x->body_max = x->server->body_max[i];
		return;
	}
	snprintf(what, sizeof(what), "there is no operation %.10s %.80s here",
		 method, url);
	refuse(x, R_METHOD, what);
}

static enum MHD_Result on_query(void *arg, enum MHD_ValueKind kind,
				const char *key, const char *value)
{
	struct http_exchange *x = arg;
	char what[TEXT_CAP];

	(void)kind;
	if (!api_params_add(&x->params, key, value ? value : ""))
		return MHD_YES;
	snprintf(what, sizeof(what), "%.40s: is too long a parameter", key);
	refuse(x, R_BAD_REQUEST, what);
	return MHD_NO;
}

static void read_token(struct http_exchange *x)
{
	const char *h = MHD_lookup_connection_value(
		x->mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);

	if (h && !strncasecmp(h, "Bearer ", 7) && strlen(h + 7) < TOKEN_CAP)
		memcpy(x->token, h + 7, strlen(h + 7) + 1);
}

static void demand_token(struct http_exchange *x)
{
	if (x->server->cfg.want_token && !x->token[0])
		refuse(x, R_AUTH,
		       "no \"Authorization: Bearer TOKEN\" was sent");
}

static void check_sizes(struct http_exchange *x)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		x->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	const char *len = MHD_lookup_connection_value(
		x->mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
	char what[TEXT_CAP];

	if (info && info->header_size > HTTP_HEADER_MAX) {
		snprintf(what, sizeof(what),
			 "the headers are longer than %d bytes",
			 HTTP_HEADER_MAX);
		refuse(x, R_TOO_LARGE, what);
	} else if (len && strtoull(len, NULL, 10) > x->body_max) {
		snprintf(what, sizeof(what),
			 "the body is longer than the %zu bytes that the "
			 "%s can need",
			 x->body_max, x->route->request->name);
		refuse(x, R_TOO_LARGE, what);
	}
}

/* A refusal while the body is still on its way would be lost: closing a socket
 * with unread bytes resets the connection.  So the body is read and dropped
 * first, unless the client waits for our word, or it is beyond all measure. */
static bool drain_first(const struct http_exchange *x)
{
	const char *len = MHD_lookup_connection_value(
		x->mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);

	if (MHD_lookup_connection_value(x->mhd, MHD_HEADER_KIND,
					MHD_HTTP_HEADER_EXPECT))
		return false;
	if (len)
		return strtoull(len, NULL, 10) <= DRAIN_MAX;
	return MHD_lookup_connection_value(x->mhd, MHD_HEADER_KIND,
					   MHD_HTTP_HEADER_TRANSFER_ENCODING);
}

static enum MHD_Result begin(struct http_server *s, struct MHD_Connection *mhd,
			     const char *url, const char *method, void **state)
{
	const union MHD_ConnectionInfo *info;
	struct http_exchange *x = calloc(1, sizeof(*x));

	info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	if (!x || !info || !info->socket_context) {
		free(x);
		return MHD_NO;
	}
	*state = x;
	atomic_fetch_add(&s->busy, 1);
	x->server = s;
	x->mhd = mhd;
	x->conn = info->socket_context;
	info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	http_tls_peer(x->conn, info->tls_session);
	http_conn_deadline(x->conn, s->cfg.request_s);
	read_token(x); /* first: whoever is refused is known by it */
	find_route(x, method, url);
	if (x->route)
		check_sizes(x);
	if (!x->early)
		demand_token(x);
	if (!x->early)
		MHD_get_connection_values(mhd, MHD_GET_ARGUMENT_KIND, on_query,
					  x);
	if (x->early && !drain_first(x))
		return respond(x);
	return MHD_YES;
}

/* ---- body -------------------------------------------------------------- */

static bool body_grow(struct http_exchange *x, size_t need)
{
	size_t cap = x->body_cap ? x->body_cap : 1024;
	struct http_server *s = x->server;
	char *body;

	while (cap < need)
		cap *= 2;
	if (cap > x->body_max)
		cap = x->body_max; /* need is not above it */
	if (atomic_fetch_add(&s->bodies, cap - x->body_cap) + cap -
		    x->body_cap >
	    s->cfg.body_budget)
		goto fail;
	body = realloc(x->body, cap);
	if (!body)
		goto fail;
	x->body = body;
	x->body_cap = cap;
	return true;
fail:
	atomic_fetch_sub(&s->bodies, cap - x->body_cap);
	return false;
}

/* An oversize body without Content-Length is read on and dropped: an answer
 * in the middle of it would be lost. */
static void body_add(struct http_exchange *x, const char *data, size_t len)
{
	if (x->early)
		return;
	if (len > x->body_max - x->body_len) {
		refuse(x, R_TOO_LARGE, NULL);
		return;
	}
	if (x->body_len + len > x->body_cap &&
	    !body_grow(x, x->body_len + len)) {
		refuse(x, R_BUSY, NULL);
		return;
	}
	memcpy(x->body + x->body_len, data, len);
	x->body_len += len;
}

static void body_drop(struct http_exchange *x)
{
	free(x->body);
	atomic_fetch_sub(&x->server->bodies, x->body_cap);
	x->body = NULL;
	x->body_len = x->body_cap = 0;
}

/* The request is complete: make it a struct and hand it over. */
static enum MHD_Result hand_over(struct http_exchange *x)
{
	struct http_server *s = x->server;
	char why[SHAPE_WHY_CAP];
	int err;

	if (!x->early) {
		x->request = calloc(1, x->route->request->size);
		if (!x->request)
			return MHD_NO;
		err = api_request_decode(x->route, &x->params, x->body,
					 x->body_len, x->request, why);
		body_drop(x);
		if (err)
			refuse(x, R_BAD_REQUEST, why);
	}
	if (x->early)
		return respond(x);
	x->handed = true;
	http_conn_deadline(x->conn, 0);
	MHD_suspend_connection(x->mhd);
	s->cfg.handle(s->cfg.arg, x);
	return MHD_YES;
}

enum MHD_Result http_on_request(void *arg, struct MHD_Connection *mhd,
				const char *url, const char *method,
				const char *version, const char *data,
				size_t *data_len, void **state)
{
	struct http_exchange *x = *state;

	(void)version;
	if (!x)
		return begin(arg, mhd, url, method, state);
	if (*data_len) {
		body_add(x, data, *data_len);
		*data_len = 0;
		return MHD_YES;
	}
	return x->handed ? respond(x) : hand_over(x);
}

void http_on_completed(void *arg, struct MHD_Connection *mhd, void **state,
		       enum MHD_RequestTerminationCode code)
{
	struct http_exchange *x = *state;

	(void)arg;
	(void)mhd;
	(void)code;
	*state = NULL;
	if (!x)
		return;
	body_drop(x);
	atomic_fetch_sub(&x->server->busy, 1);
	if (x->request)
		shape_clear(x->route->request, x->request);
	free(x->request);
	free(x->answer);
	free(x);
}
