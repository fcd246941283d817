/* SPDX-License-Identifier: MIT */
/*
 * bench/https_load.h - many kept-alive HTTPS connections from one thread.
 *
 * Each connection sends a request, waits for the whole answer, and sends the
 * next: as many requests are under way as there are connections.  What is under
 * way at the end is awaited, but counts in no figure.
 */
#ifndef BENCH_HTTPS_LOAD_H
#define BENCH_HTTPS_LOAD_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/usage.h"

#define LOAD_REQUEST_CAP 2048
#define LOAD_ANSWER_CAP 8192

struct load_config {
	uint16_t port; /* on 127.0.0.1 */
	unsigned connections;
	double seconds;
	double rate; /* requests per second over all; 0 = as fast as it goes.
		      * Then times count from when a request was due. */
	SSL_CTX *const *tls; /* connection i uses tls[i % tls_count] */
	unsigned tls_count;
	/* Writes the next HTTP request of connection i. */
	size_t (*request)(void *arg, unsigned i, char buf[LOAD_REQUEST_CAP]);
	/* Its answer; body is NUL-terminated.  False ends the run. */
	bool (*answer)(void *arg, unsigned i, int status, const char *body);
	void *arg;
	const struct usage *server; /* whose processor time counts; or NULL */
};

struct load_result {
	uint64_t answers;
	double seconds;
	double cpu; /* this process's seconds of processor time */
	double server_cpu[USAGE_MAX];
	double p50_ms, p99_ms; /* from sending to the answer's last byte */
	bool broken;	       /* a connection ended, or answer() said stop */
};

/* 0, or -1 when it cannot connect. */
int load_run(const struct load_config *cfg, struct load_result *out);
double load_now(void); /* seconds, monotonic */

#endif
