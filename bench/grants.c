/* SPDX-License-Identifier: MIT */
/*
 * Durable grants per second, over mutual TLS, beside HTTPS servers that only
 * echo.  bench/grants.sh starts the signetd that is measured.
 *
 *   bench_grants --dir DIR --ready FILE --server PID [--rounds R]
 *                [--seconds S] [--connections C] [--no-echo] [--json FILE]
 *   bench_grants --dir DIR --ready FILE --note FILE ...
 *        no echo, no figures: makes devices and notes each UID that got its
 *        credential, until the time is over (exit 0) or the server is gone
 *        (exit 3).  For tests that kill the server.
 *
 * One device is three requests: grant, deliver (credential and content key),
 * report "closed" (which gives the channel back).  Each is one durable
 * transaction; concurrent ones share a commit.  A round is S seconds of each
 * echo and S seconds of devices, so that what else the machine does falls on
 * all of them; figures are medians over the rounds.
 */
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/echo.h"
#include "bench/https_load.h"
#include "bench/plant.h"
#include "bench/rounds.h"
#include "http/client.h"

#define STATIONS 20
#define CHANNELS 64 /* each; a connection has one grant open at most */
#define PACED_RATE 1000
#define PACED_CONNECTIONS 1000
#define PACED_S 5
#define SYNCS 300

struct options {
	const char *dir, *ready, *json, *note;
	double seconds;
	unsigned connections, rounds;
	pid_t server;
	bool no_echo;
};

/* Median and 99 % of a 4 kB append with fdatasync, in ms. */
static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static int sync_time(const char *dir, double *p50, double *p99)
{
	static char page[4096];
	double ms[SYNCS];
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/sync.tmp", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0)
		return -1;
	for (int i = 0; i < SYNCS; i++) {
		double t = load_now();

		if (write(fd, page, sizeof(page)) != sizeof(page) ||
		    fdatasync(fd))
			return -1;
		ms[i] = (load_now() - t) * 1e3;
	}
	close(fd);
	unlink(path);
	qsort(ms, SYNCS, sizeof(ms[0]), by_value);
	*p50 = ms[SYNCS / 2];
	*p99 = ms[SYNCS - 1 - SYNCS / 100];
	return 0;
}

static int echo_measure(enum echo_kind kind, const struct options *o,
			struct load_result *out)
{
	struct usage u;
	struct load_config c = {
		.connections = o->connections,
		.seconds = o->seconds,
		.tls_count = 1,
		.request = echo_request,
		.answer = echo_answer,
		.server = &u,
	};
	struct echo e;
	int err;

	if (echo_start(kind, &e))
		return -1;
	c.port = e.port;
	c.tls = &e.tls;
	err = usage_find(&u, e.pid);
	if (!err)
		err = load_run(&c, out);
	echo_stop(&e);
	return err || out->broken ? -1 : 0;
}

static int grants_run(struct plant *p, const struct options *o, struct line *l,
		      double rate, const struct usage *u,
		      struct load_result *out)
{
	struct load_config c = {
		.port = p->flasher_port,
		.connections = o->connections,
		.seconds = o->seconds,
		.rate = rate,
		.tls = p->tls,
		.tls_count = p->stations,
		.request = line_request,
		.answer = line_answer,
		.arg = l,
		.server = u,
	};

	return load_run(&c, out);
}

static int one_round(struct plant *p, const struct options *o, struct line *l,
		     const struct usage *roles, struct rounds *r)
{
	struct load_result bare, server, grants;

	if (!o->no_echo && (echo_measure(ECHO_BARE, o, &bare) ||
			    echo_measure(ECHO_SERVER, o, &server)))
		return -1;
	if (grants_run(p, o, l, 0, roles, &grants) || grants.broken)
		return -1;
	rounds_add(r, o->no_echo ? NULL : &bare, o->no_echo ? NULL : &server,
		   &grants);
	return 0;
}

static int report(const struct options *o, const struct rounds *r,
		  const struct usage *roles, const struct load_result *paced,
		  double sync50, double sync99)
{
	double rate = (double)paced->answers / paced->seconds;
	json_t *j;
	int err;

	rounds_print(r, roles);
	printf("at %d/s, %d connections: %.0f requests/s  p50 %.2f  p99 %.2f "
	       "ms\n"
	       "fdatasync of 4 kB: p50 %.2f  p99 %.2f ms\n",
	       PACED_RATE, PACED_CONNECTIONS, rate, paced->p50_ms,
	       paced->p99_ms, sync50, sync99);
	if (!o->json)
		return 0;
	j = json_pack(
		"{s:s,s:i,s:f,s:i,s:o,s:{s:f,s:f,s:f},s:f,s:f}", "method",
		"loopback, mutual TLS 1.3, kept alive, one request under way "
		"per connection; load generator on the same cores; a device is "
		"3 durable requests: grant, deliver, report",
		"connections", (int)o->connections, "seconds", o->seconds,
		"rounds", (int)r->count, "figures", rounds_json(r, roles),
		"paced_1000_per_s_1000_connections", "requests_per_s", rate,
		"p50_ms", paced->p50_ms, "p99_ms", paced->p99_ms,
		"fdatasync_p50_ms", sync50, "fdatasync_p99_ms", sync99);
	if (!j)
		return -1;
	err = json_dump_file(j, o->json, JSON_INDENT(2));
	json_decref(j);
	return err;
}

static int bench(const struct options *o)
{
	struct line *l = line_new(o->connections, 1);
	struct line *l2 = line_new(PACED_CONNECTIONS, 50000000);
	struct rounds rounds = { .count = 0 };
	struct plant p = { .stations = 0 };
	struct options many = *o;
	struct load_result paced;
	struct usage roles;
	double sync50, sync99;
	int err = -1;

	if (!l || !l2 || usage_find(&roles, o->server) ||
	    plant_find(&p, o->dir, o->ready))
		goto out;
	if (plant_build(&p, 10000000) || plant_enrol(&p, STATIONS, CHANNELS))
		goto out;
	if (sync_time(o->dir, &sync50, &sync99))
		goto out;
	for (unsigned i = 0; i < o->rounds; i++)
		if (one_round(&p, o, l, &roles, &rounds))
			goto out;
	many.connections = PACED_CONNECTIONS;
	many.seconds = PACED_S;
	if (grants_run(&p, &many, l2, PACED_RATE, &roles, &paced) ||
	    paced.broken)
		goto out;
	err = report(o, &rounds, &roles, &paced, sync50, sync99);
out:
	if (err)
		fprintf(stderr, "not measured: a connection was not made, or "
				"ended\n");
	plant_free(&p);
	line_free(l);
	line_free(l2);
	return err ? 1 : 0;
}

/* Devices until the server is gone; what was answered is noted. */
static int note(const struct options *o)
{
	struct line *l = line_new(o->connections, 1);
	FILE *f = fopen(o->note, "w");
	struct load_result r = { 0 };
	struct plant p = { .stations = 0 };
	int status = 1;

	if (!l || !f || plant_find(&p, o->dir, o->ready))
		goto out;
	if (plant_build(&p, 100000) || plant_enrol(&p, STATIONS, CHANNELS))
		goto out;
	line_note(l, f);
	if (!grants_run(&p, o, l, 0, NULL, &r))
		status = r.broken ? 3 : 0;
	printf("%llu credentials noted\n",
	       (unsigned long long)line_delivered(l));
out:
	if (f)
		fclose(f);
	plant_free(&p);
	line_free(l);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "dir", required_argument, NULL, 'd' },
		{ "ready", required_argument, NULL, 'r' },
		{ "seconds", required_argument, NULL, 's' },
		{ "connections", required_argument, NULL, 'c' },
		{ "json", required_argument, NULL, 'j' },
		{ "note", required_argument, NULL, 'n' },
		{ "rounds", required_argument, NULL, 'R' },
		{ "server", required_argument, NULL, 'p' },
		{ "no-echo", no_argument, NULL, 'e' },
		{ NULL, 0, NULL, 0 },
	};
	struct options o = { .seconds = 2, .connections = 100, .rounds = 5 };
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'd')
			o.dir = optarg;
		else if (c == 'r')
			o.ready = optarg;
		else if (c == 's')
			o.seconds = atof(optarg);
		else if (c == 'c')
			o.connections = (unsigned)atoi(optarg);
		else if (c == 'j')
			o.json = optarg;
		else if (c == 'n')
			o.note = optarg;
		else if (c == 'R')
			o.rounds = (unsigned)atoi(optarg);
		else if (c == 'p')
			o.server = (pid_t)atol(optarg);
		else if (c == 'e')
			o.no_echo = true;
		else
			return 2;
	}
	if (!o.dir || !o.ready || !o.connections || !o.rounds ||
	    o.rounds > ROUNDS_MAX || (!o.server && !o.note) ||
	    o.connections > STATIONS * CHANNELS ||
	    (o.connections == 128 && !o.note)) {
		/* 128: the bare echo would sleep, see http/server.c */
		fprintf(stderr, "usage: see the top of bench/grants.c\n");
		return 2;
	}
	/* a server that is gone is an error of the write, not our end */
	signal(SIGPIPE, SIG_IGN);
	if (http_client_global_init())
		return 1;
	return o.note ? note(&o) : bench(&o);
}
