/* SPDX-License-Identifier: MIT */
/*
 * http/client.h against http/server.h, over real TLS on loopback: whom they
 * trust, what they refuse, and what the caller is told.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define PUT(dst, src) snprintf((dst), sizeof(dst), "%s", (src))
#include <openssl/evp.h>

#include "crypto/crypto.h"
#include "http/client.h"
#include "http/server.h"
#include "server/x509.h"

struct pki {
	struct crypto_key *ca_key, *server_key, *client_key;
	uint8_t *ca, *client;
	size_t ca_len, client_len;
	char *chain, *key_pem;
};

struct world {
	struct pki pki, other;
	struct http_server *server;
	char url[64];
	int calls;
	uint8_t peer[32]; /* of the last call */
	char token[80];
	unsigned delay_ms;
};

/* ---- a server that is called, and counts ------------------------------- */

static void on_exchange(void *arg, struct http_exchange *x)
{
	struct world *w = arg;
	const struct query *q = http_exchange_request(x);
	struct status answer = { .version = "1", .started = "now" };
	struct refusal r;

	w->calls++;
	if (http_exchange_peer(x))
		memcpy(w->peer, http_exchange_peer(x), 32);
	PUT(w->token, http_exchange_token(x));
	if (w->delay_ms)
		usleep(w->delay_ms * 1000);
	if (!strcmp(q->order, "busy") && w->calls < 3) {
		refusal_set(&r, R_BUSY, NULL);
		http_exchange_refuse(x, &r);
	} else if (!strcmp(q->order, "refuse-me")) {
		refusal_set(&r, R_ORDER_CLOSED, "not today");
		http_exchange_refuse(x, &r);
	} else {
		answer.devices = q->after;
		http_exchange_answer(x, &answer);
	}
}

static char *chain_make(const uint8_t *cert, size_t len, const struct pki *p)
{
	char *leaf, *ca, *both;

	assert_int_equal(x509_to_pem(cert, len, &leaf), 0);
	assert_int_equal(x509_to_pem(p->ca, p->ca_len, &ca), 0);
	assert_true(asprintf(&both, "%s%s", leaf, ca) > 0);
	free(leaf);
	free(ca);
	return both;
}

static void pki_make(struct pki *p, const char *names)
{
	uint8_t *csr, *cert;
	size_t n, len;

	assert_int_equal(crypto_key_generate(CRYPTO_P256, &p->ca_key), 0);
	assert_int_equal(crypto_key_generate(CRYPTO_P256, &p->server_key), 0);
	assert_int_equal(crypto_key_generate(CRYPTO_P256, &p->client_key), 0);
	assert_int_equal(x509_ca_make(p->ca_key, "test", &p->ca, &p->ca_len),
			 0);
	assert_int_equal(x509_csr_make(p->server_key, "s", &csr, &n), 0);
	assert_int_equal(x509_sign_server(p->ca_key, p->ca, p->ca_len, names,
					  csr, n, &cert, &len),
			 0);
	p->chain = chain_make(cert, len, p);
	free(csr);
	free(cert);
	assert_int_equal(x509_csr_make(p->client_key, "c", &csr, &n), 0);
	assert_int_equal(x509_sign_station(p->ca_key, p->ca, p->ca_len, "c",
					   csr, n, &p->client, &p->client_len),
			 0);
	free(csr);
	assert_int_equal(crypto_key_export(p->server_key, NULL, &p->key_pem),
			 0);
}

static void pki_clear(struct pki *p)
{
	crypto_key_free(p->ca_key);
	crypto_key_free(p->server_key);
	crypto_key_free(p->client_key);
	free(p->ca);
	free(p->client);
	free(p->chain);
	free(p->key_pem);
}

static void server_start(struct world *w, const char *names, bool mutual)
{
	struct http_server_config cfg = {
		.address = "127.0.0.1",
		.routes = api_routes,
		.route_count = OP_COUNT - 1,
		.port_kind = PORT_ADMIN,
		.want_token = !mutual,
		.handle = on_exchange,
		.arg = w,
	};
	char why[HTTP_SERVER_WHY_CAP];

	memset(w, 0, sizeof(*w));
	pki_make(&w->pki, names);
	pki_make(&w->other, names);
	cfg.cert_pem = w->pki.chain;
	cfg.key_pem = w->pki.key_pem;
	if (mutual) {
		cfg.client_ca = w->pki.ca;
		cfg.client_ca_len = w->pki.ca_len;
	}
	if (http_server_start(&cfg, &w->server, why))
		fail_msg("%s", why);
	snprintf(w->url, sizeof(w->url), "https://127.0.0.1:%u",
		 http_server_port(w->server));
}

static void server_stop(struct world *w)
{
	http_server_stop(w->server);
	pki_clear(&w->pki);
	pki_clear(&w->other);
}

/* ---- the client's side ------------------------------------------------- */

static struct http_client_config client_cfg(const struct world *w)
{
	return (struct http_client_config){ .base_url = w->url,
					    .ca_der = w->pki.ca,
					    .ca_der_len = w->pki.ca_len,
					    .token = "abc" };
}

static int call_as(const struct http_client_config *cfg, const char *order,
		   struct status *answer, struct refusal *r)
{
	struct http_client *c;
	struct query q = { .after = 17 };
	int err;

	PUT(q.order, order);
	assert_int_equal(http_client_new(cfg, &c), 0);
	err = http_call(c, OP_STATUS, &q, answer, r);
	if (err)
		assert_true(http_client_why(c)[0] != '\0');
	http_client_free(c);
	return err;
}

static void test_call(void **state)
{
	struct http_client_config cfg;
	struct status a;
	struct refusal r;
	struct world w;

	(void)state;
	server_start(&w, "127.0.0.1", false);
	cfg = client_cfg(&w);
	assert_int_equal(call_as(&cfg, "", &a, &r), 0);
	assert_int_equal(a.devices, 17);
	assert_string_equal(w.token, "abc");
	assert_int_equal(call_as(&cfg, "refuse-me", &a, &r), E_REFUSED);
	assert_string_equal(r.code, "order-closed");
	assert_string_equal(r.cause, "not today");
	assert_int_equal(r.http, 409);
	/* without the token the handler is not reached */
	w.calls = 0;
	cfg.token = NULL;
	assert_int_equal(call_as(&cfg, "", &a, &r), E_REFUSED);
	assert_string_equal(r.code, "not-authorised");
	assert_int_equal(w.calls, 0);
	/* a request that breaks its own shape is never sent */
	assert_int_equal(call_as(&cfg, "Bad/Name", &a, &r), E_ARG);
	assert_int_equal(w.calls, 0);
	server_stop(&w);
}

static void test_kept_alive(void **state)
{
	struct http_client_config cfg;
	struct http_counters n;
	struct http_client *c;
	struct query q = { .after = 1 };
	struct status a;
	struct refusal r;
	struct world w;

	(void)state;
	server_start(&w, "127.0.0.1", false);
	cfg = client_cfg(&w);
	assert_int_equal(http_client_new(&cfg, &c), 0);
	for (int i = 0; i < 20; i++)
		assert_int_equal(http_call(c, OP_STATUS, &q, &a, &r), 0);
	http_client_free(c);
	http_server_counters(w.server, &n);
	assert_int_equal(n.connections, 1);
	assert_int_equal(n.requests, 20);
	server_stop(&w);
}

static void test_wrong_ca(void **state)
{
	struct http_client_config cfg;
	struct status a;
	struct refusal r;
	struct world w;

	(void)state;
	server_start(&w, "127.0.0.1", false);
	cfg = client_cfg(&w);
	cfg.ca_der = w.other.ca;
	cfg.ca_der_len = w.other.ca_len;
	assert_int_equal(call_as(&cfg, "", &a, &r), E_TLS);
	assert_int_equal(w.calls, 0);
	server_stop(&w);
}

static void test_wrong_name(void **state)
{
	struct http_client_config cfg;
	struct status a;
	struct refusal r;
	struct world w;
	uint8_t pin[32];

	(void)state;
	server_start(&w, "signet.example", false);
	cfg = client_cfg(&w);
	assert_int_equal(call_as(&cfg, "", &a, &r), E_TLS);
	/* a pin does not replace the name */
	assert_int_equal(crypto_sha256(w.pki.ca, w.pki.ca_len, pin), 0);
	cfg.ca_der = NULL;
	cfg.ca_pin = pin;
	assert_int_equal(call_as(&cfg, "", &a, &r), E_TLS);
	assert_int_equal(w.calls, 0);
	server_stop(&w);
}

static void test_pin(void **state)
{
	struct http_client_config cfg;
	struct status a;
	struct refusal r;
	struct world w;
	uint8_t pin[32];

	(void)state;
	server_start(&w, "127.0.0.1", false);
	cfg = client_cfg(&w);
	cfg.ca_der = NULL;
	cfg.ca_pin = pin;
	assert_int_equal(crypto_sha256(w.pki.ca, w.pki.ca_len, pin), 0);
	assert_int_equal(call_as(&cfg, "", &a, &r), 0);
	/* every other pin, and the leaf's own hash, is refused */
	pin[15] ^= 1;
	assert_int_equal(call_as(&cfg, "", &a, &r), E_TLS);
	pin[15] ^= 1;
	pin[16] ^= 1; /* not part of the pin */
	assert_int_equal(call_as(&cfg, "", &a, &r), 0);
	server_stop(&w);
}

static void test_mutual(void **state)
{
	struct http_client_config cfg;
	struct http_counters n;
	struct status a;
	struct refusal r;
	struct world w;
	uint8_t id[32];
	int err;

	(void)state;
	server_start(&w, "127.0.0.1", true);
	cfg = client_cfg(&w);
	cfg.token = NULL;
	cfg.cert_der = w.pki.client;
	cfg.cert_der_len = w.pki.client_len;
	cfg.cert_key = crypto_key_native(w.pki.client_key);
	assert_int_equal(call_as(&cfg, "", &a, &r), 0);
	assert_int_equal(crypto_sha256(w.pki.client, w.pki.client_len, id), 0);
	assert_memory_equal(w.peer, id, 32);
	/* another CA's certificate: told so by an alert */
	cfg.cert_der = w.other.client;
	cfg.cert_der_len = w.other.client_len;
	cfg.cert_key = crypto_key_native(w.other.client_key);
	assert_int_equal(call_as(&cfg, "", &a, &r), E_TLS);
	/* none at all */
	cfg.cert_der = NULL;
	cfg.cert_key = NULL;
	err = call_as(&cfg, "", &a, &r);
	assert_true(err == E_TLS || err == E_NET);
	http_server_counters(w.server, &n);
	assert_int_equal(n.requests, 1);
	assert_int_equal(w.calls, 1);
	server_stop(&w);
}

static void test_bad_configs(void **state)
{
	struct http_client_config cfg;
	struct http_client *c;
	struct world w;

	(void)state;
	server_start(&w, "127.0.0.1", false);
	cfg = client_cfg(&w);
	cfg.ca_pin = w.peer; /* two kinds of trust */
	assert_int_equal(http_client_new(&cfg, &c), E_ARG);
	cfg = client_cfg(&w);
	cfg.ca_der = NULL; /* none */
	assert_int_equal(http_client_new(&cfg, &c), E_ARG);
	cfg = client_cfg(&w);
	cfg.base_url = "http://127.0.0.1:1";
	assert_int_equal(http_client_new(&cfg, &c), E_ARG);
	cfg = client_cfg(&w);
	cfg.token = "a\r\nX-Evil: 1";
	assert_int_equal(http_client_new(&cfg, &c), E_ARG);
	cfg = client_cfg(&w);
	cfg.ca_der_len--;
	assert_int_equal(http_client_new(&cfg, &c), E_SYNTAX);
	cfg = client_cfg(&w);
	cfg.cert_der = w.pki.client; /* with somebody else's key */
	cfg.cert_der_len = w.pki.client_len;
	cfg.cert_key = crypto_key_native(w.other.client_key);
	assert_int_equal(http_client_new(&cfg, &c), E_KEY);
	cfg = client_cfg(&w);
	cfg.ca_der = NULL;
	cfg.ca_file = "/nonexistent";
	assert_int_equal(http_client_new(&cfg, &c), E_IO);
	server_stop(&w);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void test_server_away(void **state)
{
	struct http_client_config cfg;
	struct status a;
	struct refusal r;
	struct world w;
	double start;

	(void)state;
	server_start(&w, "127.0.0.1", false);
	cfg = client_cfg(&w);
	http_server_quiesce(w.server); /* nobody listens any more */
	assert_int_equal(call_as(&cfg, "", &a, &r), E_NET);
	cfg.retries = 2;
	start = now();
	assert_int_equal(call_as(&cfg, "", &a, &r), E_NET);
	assert_true(now() - start > 0.55); /* 0.2 + 0.4 s */
	server_stop(&w);
}

/* A server that dies: it lets in, hears us or not, and hangs up. */
static pid_t hang_up(int listener, bool hear)
{
	pid_t pid = fork();
	char bytes[64];
	int fd;

	if (pid != 0)
		return pid;
	fd = accept(listener, NULL, NULL);
	if (hear && read(fd, bytes, sizeof(bytes)) <= 0)
		_exit(1);
	_exit(0);
}

static void test_hung_up(void **state)
{
	struct sockaddr_in here = { .sin_family = AF_INET };
	socklen_t len = sizeof(here);
	struct http_client_config cfg;
	struct status a;
	struct refusal r;
	struct world w;
	int fd, status;

	(void)state;
	server_start(&w, "127.0.0.1", false);
	cfg = client_cfg(&w);
	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&here, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&here, &len), 0);
	snprintf(w.url, sizeof(w.url), "https://127.0.0.1:%u",
		 ntohs(here.sin_port));
	for (int hear = 0; hear < 2; hear++) {
		pid_t pid = hang_up(fd, hear != 0);

		/* not E_TLS: it is worth another attempt */
		assert_int_equal(call_as(&cfg, "", &a, &r), E_NET);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
	close(fd);
	server_stop(&w);
}

static void test_busy_is_retried(void **state)
{
	struct http_client_config cfg;
	struct status a;
	struct refusal r;
	struct world w;

	(void)state;
	server_start(&w, "127.0.0.1", false);
	cfg = client_cfg(&w);
	cfg.retries = 3;
	assert_int_equal(call_as(&cfg, "busy", &a, &r), 0);
	assert_int_equal(w.calls, 3);
	/* other refusals are not */
	w.calls = 0;
	assert_int_equal(call_as(&cfg, "refuse-me", &a, &r), E_REFUSED);
	assert_int_equal(w.calls, 1);
	server_stop(&w);
}

static bool stop_at_once(void *arg)
{
	(void)arg;
	return true;
}

static void test_time_and_stop(void **state)
{
	struct http_client_config cfg;
	struct status a;
	struct refusal r;
	struct world w;

	(void)state;
	server_start(&w, "127.0.0.1", false);
	w.delay_ms = 1500;
	cfg = client_cfg(&w);
	cfg.timeout_ms = 300;
	assert_int_equal(call_as(&cfg, "", &a, &r), E_TIMEOUT);
	cfg.timeout_ms = 0;
	cfg.stopped = stop_at_once;
	assert_int_equal(call_as(&cfg, "", &a, &r), E_INTERRUPTED);
	server_stop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_call),
		cmocka_unit_test(test_kept_alive),
		cmocka_unit_test(test_wrong_ca),
		cmocka_unit_test(test_wrong_name),
		cmocka_unit_test(test_pin),
		cmocka_unit_test(test_mutual),
		cmocka_unit_test(test_bad_configs),
		cmocka_unit_test(test_server_away),
		cmocka_unit_test(test_hung_up),
		cmocka_unit_test(test_busy_is_retried),
		cmocka_unit_test(test_time_and_stop),
	};

	if (http_client_global_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
