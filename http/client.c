/* SPDX-License-Identifier: MIT */
#include "http/client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/request.h"
#include "http/client_tls.h"

#define ANSWER_MAX (16u << 20) /* nothing that we ask for is longer */
#define CONNECT_MS 10000
#define TIMEOUT_MS 60000
#define RETRY_FIRST_MS 200
#define RETRY_MOST_MS 5000

struct http_client {
	CURL *curl;
	struct curl_slist *headers;
	char *base_url;
	struct client_tls tls;
	uint32_t retries;
	bool (*stopped)(void *arg);
	void *stopped_arg;
	char curl_error[CURL_ERROR_SIZE];
	char why[HTTP_WHY_CAP];
};

struct answer {
	char *data;
	size_t len, cap;
};

int http_client_global_init(void)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) ? E_INTERNAL : 0;
}

void http_client_global_cleanup(void)
{
	curl_global_cleanup();
}

/* ---- curl's callbacks -------------------------------------------------- */

static CURLcode on_ssl_ctx(CURL *curl, void *ctx, void *arg)
{
	struct http_client *c = arg;

	(void)curl;
	return client_tls_apply(&c->tls, ctx) ? CURLE_SSL_CERTPROBLEM
					      : CURLE_OK;
}

static size_t on_data(char *p, size_t size, size_t n, void *arg)
{
	struct answer *a = arg;
	size_t len = size * n;

	if (len > ANSWER_MAX - a->len)
		return 0;
	if (a->len + len > a->cap) {
		size_t cap = a->cap ? a->cap : 4096;
		char *data;

		while (cap < a->len + len)
			cap *= 2;
		data = realloc(a->data, cap);
		if (!data)
			return 0;
		a->data = data;
		a->cap = cap;
	}
	memcpy(a->data + a->len, p, len);
	a->len += len;
	return len;
}

static int on_progress(void *arg, curl_off_t dltotal, curl_off_t dlnow,
		       curl_off_t ultotal, curl_off_t ulnow)
{
	struct http_client *c = arg;

	(void)dltotal;
	(void)dlnow;
	(void)ultotal;
	(void)ulnow;
	return c->stopped && c->stopped(c->stopped_arg);
}

/* ---- making and freeing ------------------------------------------------ */

static int header_add(struct http_client *c, const char *line)
{
	struct curl_slist *l = curl_slist_append(c->headers, line);

	if (!l)
		return E_NOMEM;
	c->headers = l;
	return 0;
}

static int headers_make(struct http_client *c, const char *token)
{
	char line[512];
	int err;

	err = header_add(c, "Content-Type: application/json");
	if (!err) /* no waiting for "100 Continue" */
		err = header_add(c, "Expect:");
	if (err || !token)
		return err;
	if ((size_t)snprintf(line, sizeof(line), "Authorization: Bearer %s",
			     token) >= sizeof(line) ||
	    strpbrk(token, "\r\n"))
		return E_ARG;
	return header_add(c, line);
}

static void options_set(struct http_client *c,
			const struct http_client_config *cfg)
{
	long connect_ms = cfg->connect_timeout_ms ? cfg->connect_timeout_ms
						  : CONNECT_MS;
	long whole_ms = cfg->timeout_ms ? cfg->timeout_ms : TIMEOUT_MS;
	CURL *h = c->curl;

	curl_easy_setopt(h, CURLOPT_ERRORBUFFER, c->curl_error);
	curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(h, CURLOPT_PROXY, "");
	curl_easy_setopt(h, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
	curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, whole_ms);
	curl_easy_setopt(h, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3);
	curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 2L);
	/* no system trust: our own CA alone, added in on_ssl_ctx */
	curl_easy_setopt(h, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(h, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(h, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
	curl_easy_setopt(h, CURLOPT_SSL_CTX_DATA, c);
	curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(h, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(h, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(h, CURLOPT_XFERINFODATA, c);
	curl_easy_setopt(h, CURLOPT_HTTPHEADER, c->headers);
}

static char *base_url_copy(const char *url)
{
	size_t len = strlen(url);

	if (strncmp(url, "https://", 8) != 0)
		return NULL;
	while (len > 8 && url[len - 1] == '/')
		len--;
	return len > 8 ? strndup(url, len) : NULL;
}

int http_client_new(const struct http_client_config *cfg,
		    struct http_client **out)
{
	struct http_client *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return E_NOMEM;
	c->retries = cfg->retries;
	c->stopped = cfg->stopped;
	c->stopped_arg = cfg->stopped_arg;
	c->base_url = base_url_copy(cfg->base_url);
	err = c->base_url ? 0 : E_ARG;
	if (!err)
		err = client_tls_init(&c->tls, cfg);
	if (!err)
		err = headers_make(c, cfg->token);
	if (!err) {
		c->curl = curl_easy_init();
		err = c->curl ? 0 : E_NOMEM;
	}
	if (err) {
		http_client_free(c);
		return err;
	}
	options_set(c, cfg);
	*out = c;
	return 0;
}

void http_client_free(struct http_client *c)
{
	if (!c)
		return;
	curl_easy_cleanup(c->curl);
	curl_slist_free_all(c->headers);
	client_tls_clear(&c->tls);
	free(c->base_url);
	free(c);
}

const char *http_client_why(const struct http_client *c)
{
	return c->why;
}

/* ---- one call ---------------------------------------------------------- */

/* In TLS 1.3 the server judges our certificate after our side has finished,
 * so its alert arrives as a receive error. */
static bool is_tls_alert(const struct http_client *c)
{
	return strstr(c->curl_error, "alert") != NULL;
}

/* The connection ended in the handshake, and OpenSSL has no "error:0A..." that
 * says why: a server that died, or is not quite up, not one that refuses us. */
static bool is_broken_off(const struct http_client *c)
{
	return strstr(c->curl_error, "error:") == NULL ||
	       strstr(c->curl_error, "unexpected eof") != NULL;
}

static int map_curl(const struct http_client *c, CURLcode rc)
{
	switch (rc) {
	case CURLE_OK:
		return 0;
	case CURLE_SSL_CONNECT_ERROR:
		return is_broken_off(c) ? E_NET : E_TLS;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_ISSUER_ERROR:
		return E_TLS;
	case CURLE_OPERATION_TIMEDOUT:
		return E_TIMEOUT;
	case CURLE_ABORTED_BY_CALLBACK:
		return E_INTERRUPTED;
	case CURLE_WRITE_ERROR:
		return E_HTTP;
	case CURLE_OUT_OF_MEMORY:
		return E_NOMEM;
	default:
		return is_tls_alert(c) ? E_TLS : E_NET;
	}
}

/* Sends once.  *status is the HTTP status when 0 is returned. */
static int perform(struct http_client *c, const char *url,
		   const struct api_route *route, const char *body, size_t len,
		   struct answer *a, long *status)
{
	CURLcode rc;
	int err;

	c->curl_error[0] = '\0';
	a->len = 0;
	curl_easy_setopt(c->curl, CURLOPT_URL, url);
	curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, a);
	if (!strcmp(route->method, "GET")) {
		curl_easy_setopt(c->curl, CURLOPT_HTTPGET, 1L);
	} else {
		curl_easy_setopt(c->curl, CURLOPT_POST, 1L);
		curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, body);
		curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)len);
	}
	rc = curl_easy_perform(c->curl);
	err = map_curl(c, rc);
	if (err) {
		snprintf(c->why, sizeof(c->why), "%.60s: %.180s", c->base_url,
			 c->curl_error[0] ? c->curl_error
					  : curl_easy_strerror(rc));
		return err;
	}
	curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, status);
	return 0;
}

static int answer_read(struct http_client *c, const struct api_route *route,
		       long status, const struct answer *a, void *answer,
		       struct refusal *refusal)
{
	bool good = status == 200;
	char why[SHAPE_WHY_CAP];
	int err;

	err = shape_from_json_lax(good ? route->answer : &refusal_shape,
				  a->data ? a->data : "", a->len,
				  good ? answer : (void *)refusal, why);
	if (err) {
		snprintf(
			c->why, sizeof(c->why),
			"%.60s: HTTP status %ld, answer not understood: %.100s",
			c->base_url, status, why);
		return E_HTTP;
	}
	if (good)
		return 0;
	snprintf(c->why, sizeof(c->why), "%s: %s", refusal->code,
		 refusal->cause);
	return E_REFUSED;
}

static bool worth_retry(int err, const struct refusal *r)
{
	return err == E_NET || err == E_TIMEOUT ||
	       (err == E_REFUSED && r->http == 503);
}

/* Waits in small steps; false when the caller wants to stop. */
static bool pause_ms(struct http_client *c, unsigned ms)
{
	struct timespec step = { 0, 50 * 1000000 };

	for (unsigned t = 0; t < ms; t += 50) {
		if (c->stopped && c->stopped(c->stopped_arg))
			return false;
		nanosleep(&step, NULL);
	}
	return true;
}

static int call_retrying(struct http_client *c, const struct api_route *route,
			 const char *url, const char *body, size_t len,
			 void *answer, struct refusal *refusal)
{
	struct answer a = { NULL, 0, 0 };
	unsigned wait = RETRY_FIRST_MS;
	long status = 0;
	int err;

	for (uint32_t i = 0;; i++) {
		memset(refusal, 0, sizeof(*refusal));
		err = perform(c, url, route, body, len, &a, &status);
		if (!err)
			err = answer_read(c, route, status, &a, answer,
					  refusal);
		if (i >= c->retries || !worth_retry(err, refusal))
			break;
		if (!pause_ms(c, wait)) {
			err = E_INTERRUPTED;
			break;
		}
		wait = wait * 2 > RETRY_MOST_MS ? RETRY_MOST_MS : wait * 2;
	}
	free(a.data);
	return err;
}

int http_call(struct http_client *c, enum api_op op, const void *request,
	      void *answer, struct refusal *refusal)
{
	const struct api_route *route = api_route(op);
	char target[API_TARGET_CAP];
	char *body = NULL, *url = NULL;
	size_t len = 0;
	int err;

	c->why[0] = '\0';
	if (!route)
		return E_ARG;
	memset(answer, 0, route->answer->size);
	err = api_request_encode(route, request, target, &body, &len);
	if (err) {
		snprintf(c->why, sizeof(c->why),
			 "the %s holds a value that cannot be sent",
			 route->request->name);
		return err;
	}
	if (asprintf(&url, "%s%s", c->base_url, target) < 0) {
		url = NULL;
		err = E_NOMEM;
		goto out;
	}
	err = call_retrying(c, route, url, body, len, answer, refusal);
out:
	free(url);
	free(body);
	return err;
}
