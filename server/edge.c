/* SPDX-License-Identifier: MIT */
/* The edge role: TLS, HTTP and JSON.  It has no database and no key but the
 * one for TLS, which is made anew at each start and never touches a disk. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/crypto.h"
#include "http/server.h"
#include "server/edge_tls.h"
#include "server/log.h"
#include "server/roles.h"
#include "server/sandbox.h"
#include "server/signer_ipc.h"

#define SLOTS 4096 /* requests that may wait for the ledger at once */
#define PORTS 3
#define RENEW_RETRY_S 3600
#define STOP_S 15 /* for what is in flight, when told to stop */

#define GATHER_MAX 65536 /* longer requests go on by themselves */

#define QUIET_S 10

struct quiet { /* the last line of one port */
	pthread_mutex_t lock;
	size_t port;
	char text[160];
	time_t since;
	unsigned repeats;
};

struct slot {
	struct http_exchange *x; /* NULL = free */
	uint32_t generation;	 /* so that a late answer meets nobody else */
	uint32_t next_free;
};

struct edge {
	struct ipc *ledger;
	pthread_mutex_t lock; /* slots */
	struct slot slots[SLOTS];
	uint32_t first_free; /* SLOTS = none */
	bool stopping;
	struct http_server *servers[PORTS];
	struct quiet quiet[PORTS];
};

struct port {
	const char *name;
	enum api_port kind;
};
static const struct port ports[PORTS] = {
	{ "flasher", PORT_FLASHER },
	{ "enrol", PORT_ENROL },
	{ "admin", PORT_ADMIN },
};

static const struct ipc_rule ledger_rules[] = {
	{ MSG_ANSWER, PACKED_ANSWER_MAX },
};

/* ---- requests out ------------------------------------------------------ */

static void slots_init(struct edge *e)
{
	for (uint32_t i = 0; i < SLOTS; i++)
		e->slots[i].next_free = i + 1;
	e->first_free = 0;
}

/* False when full. */
static bool slot_take(struct edge *e, struct http_exchange *x, uint64_t *id)
{
	bool ok = false;

	pthread_mutex_lock(&e->lock);
	if (e->first_free < SLOTS && !e->stopping) {
		uint32_t i = e->first_free;

		e->first_free = e->slots[i].next_free;
		e->slots[i].x = x;
		*id = (uint64_t)++e->slots[i].generation << 32 | i;
		ok = true;
	}
	pthread_mutex_unlock(&e->lock);
	return ok;
}

/* NULL when nobody waits under this id. */
static struct http_exchange *slot_give(struct edge *e, uint64_t id)
{
	uint32_t i = (uint32_t)id;
	struct http_exchange *x = NULL;

	pthread_mutex_lock(&e->lock);
	if (i < SLOTS && e->slots[i].generation == id >> 32) {
		x = e->slots[i].x;
		e->slots[i].x = NULL;
		if (x) {
			e->slots[i].next_free = e->first_free;
			e->first_free = i;
		}
	}
	pthread_mutex_unlock(&e->lock);
	return x;
}

static void refuse(struct http_exchange *x, enum refusal_code code)
{
	struct refusal r;

	refusal_set(&r, code, NULL);
	http_exchange_refuse(x, &r);
}

/* Who asks: the certificate's or the token's hash; on the enrolment port
 * nobody is known yet. */
static int caller_id(const struct http_exchange *x, uint8_t id[32])
{
	const char *token = http_exchange_token(x);

	memset(id, 0, 32);
	if (http_exchange_peer(x)) {
		memcpy(id, http_exchange_peer(x), 32);
		return 0;
	}
	if (!token[0])
		return 0;
	return crypto_sha256(token, strlen(token), id);
}

static int request_send(struct edge *e, const struct http_exchange *x,
			uint64_t id)
{
	const struct api_route *route = http_exchange_route(x);
	uint8_t *packed = NULL, *msg = NULL;
	size_t len = 0;
	int err;

	err = shape_pack(route->request, http_exchange_request(x), &packed,
			 &len);
	if (err)
		return err;
	msg = malloc(REQUEST_HEAD_LEN + len);
	err = msg ? caller_id(x, msg + 2) : E_NOMEM;
	if (!err) {
		msg[0] = (uint8_t)route->op;
		msg[1] = (uint8_t)route->port;
		memcpy(msg + REQUEST_HEAD_LEN, packed, len);
		err = (len < GATHER_MAX ? ipc_put : ipc_send)(
			e->ledger, MSG_REQUEST, id, msg,
			REQUEST_HEAD_LEN + len);
	}
	free(packed);
	free(msg);
	return err;
}

static void on_exchange(void *arg, struct http_exchange *x)
{
	struct edge *e = arg;
	uint64_t id;
	int err;

	if (!slot_take(e, x, &id)) {
		refuse(x, R_BUSY);
		return;
	}
	err = request_send(e, x, id);
	if (!err)
		return;
	log_line(LOG_LEVEL_ERROR, "a request cannot reach the ledger: %s",
		 error_text(err));
	if (slot_give(e, id))
		refuse(x, R_INTERNAL);
}

/* What has come in at once goes on at once: one message to the ledger's process
 * wakes it for all of them.  When it is gone, answers_ready() finds out. */
static void on_handed(void *arg)
{
	struct edge *e = arg;
	int err = ipc_flush(e->ledger);

	if (err)
		log_line(LOG_LEVEL_ERROR,
			 "requests cannot reach the ledger: %s",
			 error_text(err));
}

/* The log must say what anybody was refused, by name where a certificate or a
 * token tells it.  The ledger not being reached shows at the next request. */
static void on_refused(void *arg, const struct http_exchange *x,
		       enum refusal_code code, const char *cause)
{
	const struct api_route *route = http_exchange_route(x);
	size_t len = strnlen(cause, TEXT_CAP - 1);
	struct edge *e = arg;
	uint8_t msg[REFUSED_MAX];

	if (caller_id(x, msg + 2))
		return;
	msg[0] = route ? (uint8_t)route->op : 0;
	msg[1] = (uint8_t)http_exchange_port(x);
	msg[REQUEST_HEAD_LEN] = (uint8_t)code;
	memcpy(msg + REQUEST_HEAD_LEN + 1, cause, len);
	if (ipc_put(e->ledger, MSG_REFUSED, 0, msg, REQUEST_HEAD_LEN + 1 + len))
		log_line(LOG_LEVEL_ERROR,
			 "a refusal cannot be told to the ledger: %s", cause);
}

/* ---- answers in -------------------------------------------------------- */

static int answer_deliver(struct http_exchange *x, const struct ipc_msg *m)
{
	const struct api_route *route = http_exchange_route(x);
	const struct shape *shape = route->answer;
	struct rd r;
	uint8_t op, refused;
	void *what;
	int err;

	rd_init(&r, m->data, m->len);
	op = rd_u8(&r);
	refused = rd_u8(&r);
	if (r.err || op != route->op || refused > 1)
		return E_SYNTAX;
	if (refused)
		shape = &refusal_shape;
	what = calloc(1, shape->size);
	if (!what)
		return E_NOMEM;
	err = shape_unpack(shape, r.p, r.left, what);
	if (!err && refused)
		http_exchange_refuse(x, what);
	else if (!err)
		http_exchange_answer(x, what);
	shape_clear(shape, what);
	free(what);
	return err;
}

static int answers_ready(struct edge *e)
{
	struct http_exchange *x;
	struct ipc_msg m;
	int n, err = ipc_fill(e->ledger, 0);

	if (err)
		return err;
	while ((n = ipc_next(e->ledger, &m)) > 0) {
		x = slot_give(e, m.id);
		if (!x)
			return E_SYNTAX;
		err = answer_deliver(x, &m);
		if (err) {
			log_line(LOG_LEVEL_ERROR,
				 "an answer of the ledger is unusable: %s",
				 error_text(err));
			refuse(x, R_INTERNAL);
		}
	}
	return n;
}

/* ---- starting and stopping --------------------------------------------- */

/* Strangers can cause these lines, so equal ones are counted, not repeated. */
static void quiet_flush(struct quiet *q, const char *name)
{
	if (q->repeats)
		log_line(LOG_LEVEL_INFO, "%s port: %s (%u times more)", name,
			 q->text, q->repeats);
	q->repeats = 0;
}

static void on_server_log(void *arg, const char *text)
{
	struct quiet *q = arg;
	const char *name = ports[q->port].name;
	time_t now = time(NULL);

	pthread_mutex_lock(&q->lock);
	if (!strncmp(q->text, text, sizeof(q->text) - 1) &&
	    now < q->since + QUIET_S) {
		q->repeats++;
	} else {
		quiet_flush(q, name);
		q->since = now;
		snprintf(q->text, sizeof(q->text), "%s", text);
		log_line(LOG_LEVEL_INFO, "%s port: %s", name, text);
	}
	pthread_mutex_unlock(&q->lock);
}

static int server_start(struct edge *e, size_t i, const char *address,
			uint32_t port, const struct role_config *cfg,
			const struct edge_tls *t, char *why)
{
	struct http_server_config c = {
		.address = address,
		.port = (uint16_t)port,
		.cert_pem = t->cert_pem,
		.key_pem = t->key_pem,
		.want_token = ports[i].kind == PORT_ADMIN,
		.routes = api_routes,
		.route_count = OP_COUNT - 1,
		.port_kind = ports[i].kind,
		.connections_max = cfg->connections,
		.per_ip_max = cfg->per_ip,
		.request_s = cfg->request_s,
		.idle_s = cfg->idle_s,
		.handle = on_exchange,
		.handed = on_handed,
		.refused = on_refused,
		.arg = e,
		.log = on_server_log,
		.log_arg = &e->quiet[i],
	};

	if (ports[i].kind == PORT_FLASHER) {
		c.client_ca = t->ca;
		c.client_ca_len = t->ca_len;
	}
	return http_server_start(&c, &e->servers[i], why);
}

static int servers_start(struct edge *e, const struct role_config *cfg,
			 const struct edge_tls *t, char *why)
{
	int err = server_start(e, 0, cfg->flasher_address, cfg->flasher_port,
			       cfg, t, why);

	if (!err)
		err = server_start(e, 1, cfg->enrol_address, cfg->enrol_port,
				   cfg, t, why);
	if (!err)
		err = server_start(e, 2, cfg->admin_address, cfg->admin_port,
				   cfg, t, why);
	return err;
}

static void counters_log(struct edge *e)
{
	for (size_t i = 0; i < PORTS; i++) {
		struct http_counters c;

		quiet_flush(&e->quiet[i], ports[i].name);
		if (!e->servers[i])
			continue;
		http_server_counters(e->servers[i], &c);
		log_line(LOG_LEVEL_INFO,
			 "%s port: %llu connections, %llu client certificates "
			 "refused, %llu requests, %llu of them refused before "
			 "the ledger, %llu connections cut for slowness",
			 ports[i].name, (unsigned long long)c.connections,
			 (unsigned long long)c.handshakes_refused,
			 (unsigned long long)c.requests,
			 (unsigned long long)c.refused,
			 (unsigned long long)c.cut);
	}
}

static unsigned edge_busy(struct edge *e)
{
	unsigned n = 0;

	for (size_t i = 0; i < PORTS; i++)
		n += http_server_busy(e->servers[i]);
	return n;
}

static void stop_begin(struct edge *e)
{
	for (size_t i = 0; i < PORTS; i++)
		http_server_quiesce(e->servers[i]);
}

/* What still waits is told to try again; nothing is half done by that, the
 * request keys see to it. */
static void waiting_refuse(struct edge *e)
{
	pthread_mutex_lock(&e->lock);
	e->stopping = true;
	pthread_mutex_unlock(&e->lock);
	for (uint32_t i = 0; i < SLOTS; i++) {
		struct http_exchange *x = NULL;

		pthread_mutex_lock(&e->lock);
		x = e->slots[i].x;
		e->slots[i].x = NULL;
		pthread_mutex_unlock(&e->lock);
		if (x)
			refuse(x, R_BUSY);
	}
}

/* A new key and certificate for all ports, long before the old one ends.  The
 * time at which to try again. */
static int64_t tls_renew(struct edge *e, const struct role_config *cfg,
			 const struct signer_port *signer, int64_t now)
{
	struct edge_tls tls;
	int err = edge_tls_make(signer, cfg->names, &tls);

	for (size_t i = 0; i < PORTS && !err; i++)
		err = http_server_set_cert(e->servers[i], tls.cert_pem,
					   tls.key_pem);
	edge_tls_clear(&tls);
	if (err)
		log_line(LOG_LEVEL_ERROR,
			 "the TLS certificate cannot be renewed: %s",
			 error_text(err));
	else
		log_line(LOG_LEVEL_DEBUG, "a new TLS key is in use");
	return now + (err ? RENEW_RETRY_S : cfg->tls_key_s);
}

static int serve(struct edge *e, struct ipc *control,
		 const struct role_config *cfg,
		 const struct signer_port *signer)
{
	struct pollfd p[] = {
		{ .fd = ipc_fd(control), .events = POLLIN },
		{ .fd = ipc_fd(e->ledger), .events = POLLIN },
	};
	int64_t last_tick = 0, stop_by = 0, now = time(NULL);
	int64_t renew_at = now + cfg->tls_key_s;
	int err = 0;

	while (!err && (!stop_by || (edge_busy(e) && last_tick < stop_by))) {
		if (poll(p, 2, stop_by ? 20 : 1000) < 0 && errno != EINTR)
			err = E_IO;
		if (!err && p[1].revents)
			err = answers_ready(e);
		now = (int64_t)time(NULL);
		if (p[0].revents && !stop_by) {
			stop_begin(e);
			stop_by = now + STOP_S;
			p[0].fd = -1;
		}
		if (now != last_tick)
			for (size_t i = 0; i < PORTS; i++)
				http_server_tick(e->servers[i]);
		last_tick = now;
		if (now >= renew_at)
			renew_at = tls_renew(e, cfg, signer, now);
	}
	if (err)
		log_line(LOG_LEVEL_ERROR, "the ledger's channel failed: %s",
			 error_text(err));
	return err ? 1 : 0;
}

static int edge_run(struct edge *e, struct ipc *control,
		    const struct role_config *cfg,
		    const struct signer_port *signer)
{
	struct role_ready ready = { 0 };
	char why[HTTP_SERVER_WHY_CAP];
	struct edge_tls tls = { 0 };
	int err = edge_tls_make(signer, cfg->names, &tls);

	if (err) {
		edge_tls_clear(&tls);
		return role_failed(control,
				   "no certificate for the names \"%.200s\": "
				   "%s",
				   cfg->names, error_text(err));
	}
	err = servers_start(e, cfg, &tls, why);
	if (!err && cfg->sandbox)
		err = sandbox_enter(SANDBOX_EDGE, NULL, why);
	edge_tls_clear(&tls);
	if (err)
		return role_failed(control, "%s", why);
	ready.flasher_port = http_server_port(e->servers[0]);
	ready.enrol_port = http_server_port(e->servers[1]);
	ready.admin_port = http_server_port(e->servers[2]);
	if (role_ready_send(control, &ready))
		return 1;
	return serve(e, control, cfg, signer);
}

int edge_main(struct ipc *control, const struct role_config *cfg)
{
	struct edge *e = calloc(1, sizeof(*e));
	struct signer_client client;
	struct ipc *signer = NULL;
	int status;

	if (!e ||
	    ipc_new(FD_LEDGER, ledger_rules,
		    sizeof(ledger_rules) / sizeof(ledger_rules[0]),
		    &e->ledger) ||
	    ipc_new(FD_SIGNER, signer_answer_rules, signer_answer_rule_count,
		    &signer))
		return role_failed(control, "out of memory");
	pthread_mutex_init(&e->lock, NULL);
	slots_init(e);
	for (size_t i = 0; i < PORTS; i++) {
		pthread_mutex_init(&e->quiet[i].lock, NULL);
		e->quiet[i].port = i;
	}
	signer_client_init(&client, signer);
	status = edge_run(e, control, cfg, &client.port);
	waiting_refuse(e);
	counters_log(e);
	for (size_t i = 0; i < PORTS; i++)
		http_server_stop(e->servers[i]);
	ipc_free(e->ledger);
	ipc_free(signer);
	free(e);
	return status;
}
