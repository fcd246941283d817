/* SPDX-License-Identifier: MIT */
#include "bench/https_load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SAMPLES_MAX 4000000u
#define EVENTS 64
#define DRAIN_S 10 /* for what is under way at the end */

struct conn {
	int fd;
	SSL *ssl;
	char out[LOAD_REQUEST_CAP];
	char in[LOAD_ANSWER_CAP + 1];
	size_t in_len;
	double sent;
};

struct run {
	const struct load_config *cfg;
	struct conn *conns;
	float *samples; /* ms */
	uint64_t answers;
	unsigned waiting; /* requests that are not answered yet */
	bool ending;	  /* the time is over: what is under way is awaited */
	bool broken;
	/* with a rate: who may send, in turn, and when the next is due */
	unsigned *idle, idle_at, idle_count;
	double due;
};

double load_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool conn_open(struct conn *c, SSL_CTX *tls, uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons(port) };
	int on = 1;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&at, sizeof(at)))
		return false;
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c->ssl = SSL_new(tls);
	if (!c->ssl || !SSL_set_fd(c->ssl, c->fd) || SSL_connect(c->ssl) != 1)
		return false;
	return fcntl(c->fd, F_SETFL, O_NONBLOCK) == 0;
}

static void conn_close(struct conn *c)
{
	SSL_free(c->ssl);
	if (c->fd > 0)
		close(c->fd);
}

/* Requests are shorter than any socket buffer, so a write never waits. */
static bool conn_send(struct run *r, struct conn *c, double since)
{
	unsigned i = (unsigned)(c - r->conns);
	size_t len = r->cfg->request(r->cfg->arg, i, c->out);

	c->in_len = 0;
	c->sent = since;
	r->waiting++;
	return SSL_write(c->ssl, c->out, (int)len) == (int)len;
}

/* The body once the answer is complete, or NULL. */
static const char *answer_body(struct conn *c, int *status)
{
	char *end, *length;
	size_t head;

	c->in[c->in_len] = '\0';
	end = strstr(c->in, "\r\n\r\n");
	if (!end)
		return NULL;
	head = (size_t)(end - c->in) + 4;
	length = strcasestr(c->in, "content-length:");
	if (!length || length > end ||
	    c->in_len - head < strtoull(length + 15, NULL, 10))
		return NULL;
	*status = atoi(c->in + 9);
	return c->in + head;
}

static void idle_put(struct run *r, struct conn *c)
{
	unsigned n = r->cfg->connections;

	r->idle[(r->idle_at + r->idle_count++) % n] = (unsigned)(c - r->conns);
}

/* Sends what is due, by the connection that has rested longest. */
static bool pace(struct run *r)
{
	while (r->idle_count && load_now() >= r->due) {
		unsigned i = r->idle[r->idle_at];

		r->idle_at = (r->idle_at + 1) % r->cfg->connections;
		r->idle_count--;
		if (!conn_send(r, &r->conns[i], r->due))
			return false;
		r->due += 1 / r->cfg->rate;
	}
	return true;
}

static bool conn_read(struct run *r, struct conn *c)
{
	unsigned i = (unsigned)(c - r->conns);
	const char *body;
	int n, status = 0;

	for (;;) {
		n = SSL_read(c->ssl, c->in + c->in_len,
			     (int)(LOAD_ANSWER_CAP - c->in_len));
		if (n <= 0)
			return SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ;
		c->in_len += (size_t)n;
		body = answer_body(c, &status);
		if (!body)
			continue;
		r->waiting--;
		if (!r->ending && r->answers < SAMPLES_MAX)
			r->samples[r->answers] =
				(float)((load_now() - c->sent) * 1e3);
		r->answers += !r->ending;
		if (!r->cfg->answer(r->cfg->arg, i, status, body))
			return false;
		if (r->ending)
			return true;
		if (!r->cfg->rate)
			return conn_send(r, c, load_now());
		idle_put(r, c);
		return true;
	}
}

/* While the time lasts; ending, also until nothing is under way any more. */
static void run_loop(struct run *r, int ep, double until)
{
	struct epoll_event events[EVENTS];

	while (!r->broken && (!r->ending || r->waiting) && load_now() < until) {
		int n = epoll_wait(ep, events, EVENTS, r->cfg->rate ? 1 : 100);

		if (r->cfg->rate && !r->ending && !pace(r))
			r->broken = true;
		for (int i = 0; i < n && !r->broken; i++)
			if (!conn_read(r, events[i].data.ptr))
				r->broken = true;
	}
}

static int by_value(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return x < y ? -1 : x > y;
}

static void summarise(struct run *r, double seconds, struct load_result *out)
{
	uint64_t n = r->answers < SAMPLES_MAX ? r->answers : SAMPLES_MAX;

	out->answers = r->answers;
	out->seconds = seconds;
	out->broken = r->broken;
	if (!n)
		return;
	qsort(r->samples, n, sizeof(*r->samples), by_value);
	out->p50_ms = r->samples[n / 2];
	out->p99_ms = r->samples[n - 1 - n / 100];
}

static bool connect_all(struct run *r, int ep)
{
	const struct load_config *cfg = r->cfg;

	for (unsigned i = 0; i < cfg->connections; i++) {
		struct epoll_event e = { .events = EPOLLIN };

		e.data.ptr = &r->conns[i];
		if (!conn_open(&r->conns[i], cfg->tls[i % cfg->tls_count],
			       cfg->port) ||
		    epoll_ctl(ep, EPOLL_CTL_ADD, r->conns[i].fd, &e))
			return false;
	}
	return true;
}

static bool send_first(struct run *r, double start)
{
	for (unsigned i = 0; i < r->cfg->connections; i++) {
		if (r->cfg->rate)
			idle_put(r, &r->conns[i]);
		else if (!conn_send(r, &r->conns[i], start))
			return false;
	}
	return true;
}

/* Called twice: then the result is the time in between. */
static void cpu_read(const struct load_config *cfg, struct load_result *out)
{
	double now[USAGE_MAX] = { 0 };

	if (cfg->server)
		usage_read(cfg->server, now);
	for (unsigned i = 0; i < USAGE_MAX; i++)
		out->server_cpu[i] = now[i] - out->server_cpu[i];
	out->cpu = usage_own() - out->cpu;
}

int load_run(const struct load_config *cfg, struct load_result *out)
{
	struct run r = { .cfg = cfg };
	int ep = epoll_create1(EPOLL_CLOEXEC), err = -1;
	double start, end;

	memset(out, 0, sizeof(*out));
	r.conns = calloc(cfg->connections, sizeof(*r.conns));
	r.idle = calloc(cfg->connections, sizeof(*r.idle));
	r.samples = malloc(SAMPLES_MAX * sizeof(*r.samples));
	if (!r.conns || !r.idle || !r.samples || ep < 0)
		goto out;
	if (!connect_all(&r, ep))
		goto out;
	cpu_read(cfg, out);
	start = r.due = load_now();
	if (!send_first(&r, start))
		goto out;
	run_loop(&r, ep, start + cfg->seconds);
	end = load_now();
	cpu_read(cfg, out);
	r.ending = true;
	run_loop(&r, ep, end + DRAIN_S);
	summarise(&r, end - start, out);
	err = 0;
out:
	for (unsigned i = 0; r.conns && i < cfg->connections; i++)
		conn_close(&r.conns[i]);
	free(r.conns);
	free(r.idle);
	free(r.samples);
	if (ep >= 0)
		close(ep);
	return err;
}
