/* SPDX-License-Identifier: MIT */
#include "http/server.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "http/server_impl.h"

#define PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3"
#define CONNECTIONS_MAX 1200
#define CONNECTION_POOL (HTTP_HEADER_MAX + 4096) /* headers in, headers out */
#define REQUEST_S 20
#define IDLE_S 300
#define BODY_BUDGET (32u << 20)
#define BACKLOG 512
#define WAIT_MS 1000

int64_t http_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* ---- connections ------------------------------------------------------- */

void http_conn_deadline(struct http_conn *c, unsigned seconds)
{
	pthread_mutex_lock(&c->server->lock);
	c->deadline = seconds ? http_now() + seconds : 0;
	pthread_mutex_unlock(&c->server->lock);
}

static void conn_start(struct http_server *s, struct MHD_Connection *mhd,
		       void **context)
{
	const union MHD_ConnectionInfo *fd, *tls;
	struct http_conn *c = calloc(1, sizeof(*c));

	*context = c;
	atomic_fetch_add(&s->connections, 1);
	tls = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (!c || !tls || !fd) {
		/* Never serve a connection that is not set up: cut it. */
		if (fd)
			shutdown(fd->connect_fd, SHUT_RDWR);
		return;
	}
	c->server = s;
	c->fd = fd->connect_fd;
	c->deadline = http_now() + s->cfg.request_s;
	gnutls_session_set_ptr(tls->tls_session, c);
	http_tls_demand(c, tls->tls_session);
	pthread_mutex_lock(&s->lock);
	c->next = s->conns;
	if (s->conns)
		s->conns->prev = c;
	s->conns = c;
	pthread_mutex_unlock(&s->lock);
}

static void conn_close(struct http_server *s, void **context)
{
	struct http_conn *c = *context;

	if (!c)
		return;
	pthread_mutex_lock(&s->lock);
	if (c->next)
		c->next->prev = c->prev;
	if (c->prev)
		c->prev->next = c->next;
	else if (s->conns == c)
		s->conns = c->next;
	pthread_mutex_unlock(&s->lock);
	*context = NULL;
	free(c);
}

static void on_connection(void *arg, struct MHD_Connection *mhd, void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		conn_start(arg, mhd, context);
	else
		conn_close(arg, context);
}

/* libmicrohttpd's own time limit counts from the last byte, so a client that
 * drips would hold its connection for ever.  This one counts from the start of
 * what is being waited for.  The socket is shut, not closed: it stays theirs.
 */
void http_server_tick(struct http_server *s)
{
	int64_t now = http_now();

	pthread_mutex_lock(&s->lock);
	for (struct http_conn *c = s->conns; c; c = c->next) {
		if (!c->deadline || now < c->deadline)
			continue;
		c->deadline = 0;
		shutdown(c->fd, SHUT_RDWR);
		atomic_fetch_add(&s->cut, 1);
	}
	pthread_mutex_unlock(&s->lock);
}

/* ---- starting ---------------------------------------------------------- */

static int listen_open(const struct http_server_config *cfg, uint16_t *port,
		       char *why)
{
	struct addrinfo hint = { .ai_flags = AI_NUMERICHOST | AI_PASSIVE,
				 .ai_socktype = SOCK_STREAM };
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} at = { 0 };
	struct addrinfo *ai = NULL;
	socklen_t len = sizeof(at);
	char service[8];
	int fd = -1, on = 1;

	snprintf(service, sizeof(service), "%u", cfg->port);
	if (getaddrinfo(cfg->address, service, &hint, &ai) || !ai) {
		snprintf(why, HTTP_SERVER_WHY_CAP,
			 "\"%s\" is not an IP address to listen on",
			 cfg->address);
		return -1;
	}
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
		    0);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd < 0 || bind(fd, ai->ai_addr, ai->ai_addrlen) ||
	    listen(fd, BACKLOG) || getsockname(fd, &at.any, &len)) {
		snprintf(why, HTTP_SERVER_WHY_CAP,
			 "cannot listen on %s port %u: %s", cfg->address,
			 cfg->port, strerror(errno));
		if (fd >= 0)
			close(fd);
		freeaddrinfo(ai);
		return -1;
	}
	freeaddrinfo(ai);
	*port = ntohs(at.any.sa_family == AF_INET6 ? at.v6.sin6_port
						   : at.v4.sin_port);
	return fd;
}

static void __attribute__((format(printf, 2, 0)))
on_mhd_log(void *arg, const char *fmt, va_list ap)
{
	struct http_server *s = arg;
	char line[256];
	size_t len;

	vsnprintf(line, sizeof(line), fmt, ap);
	len = strcspn(line, "\r\n");
	line[len] = '\0';
	/* what libmicrohttpd says of every failed handshake */
	if (strstr(line, "handshake message out of context"))
		snprintf(line, sizeof(line), "a TLS handshake failed");
	s->cfg.log(s->cfg.log_arg, line);
}

static void no_log(void *arg, const char *text)
{
	(void)arg;
	(void)text;
}

static void *on_uri(void *arg, const char *uri, struct MHD_Connection *mhd)
{
	struct http_server *s = arg;

	(void)uri;
	(void)mhd;
	atomic_fetch_add(&s->requests, 1);
	return NULL;
}

static void defaults_set(struct http_server_config *c)
{
	c->connections_max = c->connections_max ? c->connections_max
						: CONNECTIONS_MAX;
	c->request_s = c->request_s ? c->request_s : REQUEST_S;
	c->idle_s = c->idle_s ? c->idle_s : IDLE_S;
	c->body_budget = c->body_budget ? c->body_budget : BODY_BUDGET;
	if (!c->log)
		c->log = no_log;
}

static struct MHD_Daemon *daemon_start(struct http_server *s, int fd)
{
	const struct http_server_config *c = &s->cfg;

	return MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_TLS | MHD_ALLOW_SUSPEND_RESUME |
			MHD_USE_ERROR_LOG | MHD_USE_ITC,
		0, NULL, NULL, http_on_request, s,
		/* first, so that it hears of the other options */
		MHD_OPTION_EXTERNAL_LOGGER, on_mhd_log, s,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_HTTPS_CERT_CALLBACK,
		http_on_cert, MHD_OPTION_HTTPS_PRIORITIES, PRIORITIES,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
		MHD_OPTION_NOTIFY_COMPLETED, http_on_completed, s,
		MHD_OPTION_URI_LOG_CALLBACK, on_uri, s,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_POOL,
		MHD_OPTION_CONNECTION_LIMIT, c->connections_max,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, c->per_ip_max,
		MHD_OPTION_CONNECTION_TIMEOUT, c->idle_s,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

/* Only the loop's own thread touches the listening socket. */
static void loop_woken(struct http_server *s)
{
	uint64_t n;
	MHD_socket fd;

	if (read(s->wake, &n, sizeof(n)) < 0)
		return;
	/* before MHD_run() looks: what comes later wakes us again */
	atomic_store(&s->woken, false);
	if (!atomic_load(&s->quiesce))
		return;
	fd = MHD_quiesce_daemon(s->daemon);
	if (fd != MHD_INVALID_SOCKET)
		close(fd);
	atomic_store(&s->quiesce, false);
}

/*
 * The event loop is ours.  libmicrohttpd 0.9.75 waits for *further* events
 * before it looks at the first when epoll gives exactly as many as its array
 * holds (128): with 128 clients that wait for us, for ever.  MHD_run() never
 * waits, so it is called when its epoll descriptor has something.
 */
static void *loop(void *arg)
{
	struct http_server *s = arg;
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(
		s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct pollfd p[] = {
		{ .fd = info->epoll_fd, .events = POLLIN },
		{ .fd = s->wake, .events = POLLIN },
	};
	MHD_UNSIGNED_LONG_LONG ms;

	while (!atomic_load(&s->stop)) {
		if (MHD_get_timeout(s->daemon, &ms) != MHD_YES || ms > WAIT_MS)
			ms = WAIT_MS;
		poll(p, 2, (int)ms);
		if (p[1].revents & POLLIN)
			loop_woken(s);
		MHD_run(s->daemon);
		if (s->cfg.handed)
			s->cfg.handed(s->cfg.arg);
	}
	return NULL;
}

void http_server_wake(struct http_server *s)
{
	uint64_t one = 1;

	if (atomic_exchange(&s->woken, true))
		return;
	if (write(s->wake, &one, sizeof(one)) < 0)
		return; /* full: it is awake anyway */
}

static int loop_start(struct http_server *s)
{
	s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->wake < 0)
		return E_IO;
	if (pthread_create(&s->thread, NULL, loop, s))
		return E_NOMEM;
	s->running = true;
	return 0;
}

static int prepare(struct http_server *s, char *why)
{
	int err = http_tls_trust(s);

	if (err) {
		snprintf(why, HTTP_SERVER_WHY_CAP,
			 "the CA certificate for clients is not usable");
		return err;
	}
	err = http_server_set_cert(s, s->cfg.cert_pem, s->cfg.key_pem);
	if (err) {
		snprintf(why, HTTP_SERVER_WHY_CAP,
			 "the server's certificate is not usable");
		return err;
	}
	s->body_max = calloc(s->cfg.route_count, sizeof(*s->body_max));
	if (!s->body_max)
		return E_NOMEM;
	for (size_t i = 0; i < s->cfg.route_count; i++)
		s->body_max[i] = api_request_body_max(&s->cfg.routes[i]);
	return 0;
}

int http_server_start(const struct http_server_config *cfg,
		      struct http_server **out, char why[HTTP_SERVER_WHY_CAP])
{
	struct http_server *s = calloc(1, sizeof(*s));
	int err = E_NOMEM, fd = -1;

	snprintf(why, HTTP_SERVER_WHY_CAP, "%s", error_text(E_NOMEM));
	if (!s)
		return E_NOMEM;
	pthread_mutex_init(&s->lock, NULL);
	s->cfg = *cfg;
	defaults_set(&s->cfg);
	err = prepare(s, why);
	if (err)
		goto out;
	fd = listen_open(cfg, &s->port, why);
	if (fd < 0) {
		err = E_NET;
		goto out;
	}
	s->daemon = daemon_start(s, fd);
	if (!s->daemon) {
		snprintf(why, HTTP_SERVER_WHY_CAP,
			 "the HTTPS server cannot start on %s port %u",
			 cfg->address, s->port);
		err = E_TLS;
		goto out;
	}
	fd = -1; /* transferred */
	err = loop_start(s);
	if (err) {
		snprintf(why, HTTP_SERVER_WHY_CAP,
			 "no thread for the server: %s", error_text(err));
		goto out;
	}
	*out = s;
	s = NULL; /* transferred */
out:
	if (fd >= 0)
		close(fd);
	http_server_stop(s);
	return err;
}

uint16_t http_server_port(const struct http_server *s)
{
	return s->port;
}

void http_server_counters(struct http_server *s, struct http_counters *out)
{
	out->connections = atomic_load(&s->connections);
	out->handshakes_refused = atomic_load(&s->handshakes_refused);
	out->requests = atomic_load(&s->requests);
	out->refused = atomic_load(&s->refused);
	out->cut = atomic_load(&s->cut);
}

unsigned http_server_busy(struct http_server *s)
{
	return atomic_load(&s->busy);
}

void http_server_quiesce(struct http_server *s)
{
	struct timespec step = { 0, 1000000 };

	atomic_store(&s->quiesce, true);
	http_server_wake(s);
	while (atomic_load(&s->quiesce))
		nanosleep(&step, NULL);
}

void http_server_stop(struct http_server *s)
{
	if (!s)
		return;
	if (s->running) {
		atomic_store(&s->stop, true);
		http_server_wake(s);
		pthread_join(s->thread, NULL);
	}
	if (s->wake > 0)
		close(s->wake);
	if (s->daemon)
		MHD_stop_daemon(s->daemon);
	http_cert_free(atomic_load(&s->cert));
	http_cert_free(s->cert_before);
	if (s->client_trust)
		gnutls_x509_trust_list_deinit(s->client_trust, 1);
	free(s->body_max);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
