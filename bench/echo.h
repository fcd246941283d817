/* SPDX-License-Identifier: MIT */
/*
 * bench/echo.h - servers that only send back what they get, each in a process
 * of its own, to compare with.
 */
#ifndef BENCH_ECHO_H
#define BENCH_ECHO_H

#include <openssl/ssl.h>
#include <stdint.h>
#include <sys/types.h>

enum echo_kind {
	ECHO_BARE,   /* libmicrohttpd and TLS alone, client certificate, bytes
		      * back as they came */
	ECHO_SERVER, /* http/server: client certificate, JSON to struct and
		      * back, connection put to sleep and woken */
};

struct echo {
	pid_t pid;
	uint16_t port;
	SSL_CTX *tls; /* for its clients */
};

/* 0, or -1 with a line on stderr. */
int echo_start(enum echo_kind kind, struct echo *out);
void echo_stop(struct echo *e);
/* For bench/https_load.h: a grant request, always the same. */
size_t echo_request(void *arg, unsigned i, char *buf);
_Bool echo_answer(void *arg, unsigned i, int status, const char *body);

#endif
