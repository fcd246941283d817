/* SPDX-License-Identifier: MIT */
/*
 * bench/rounds.h - the same few figures from several short runs: medians, for
 * a machine that has other work too.
 */
#ifndef BENCH_ROUNDS_H
#define BENCH_ROUNDS_H

#include <jansson.h>

#include "bench/https_load.h"

#define ROUNDS_MAX 50

enum figure {
	BARE_PER_S, /* requests a second */
	SERVER_PER_S,
	REQUESTS_PER_S,
	DEVICES_PER_S,
	REQUESTS_TO_BARE,
	REQUESTS_TO_SERVER,
	DEVICES_TO_BARE,
	DEVICES_TO_SERVER,
	CPU_REQUESTS_TO_BARE, /* all processes, load generator included */
	BARE_CPU,	      /* microseconds a request */
	BARE_CLIENT_CPU,
	SERVER_CPU,
	SERVER_CLIENT_CPU,
	GRANTS_CLIENT_CPU,
	GRANTS_CPU, /* all roles */
	ROLE_CPU,   /* and USAGE_MAX - 1 more: each of them */
	FIGURES = ROLE_CPU + USAGE_MAX,
};

struct rounds {
	unsigned count;
	double of[FIGURES][ROUNDS_MAX];
};

/* Adds a round; bare and server may be NULL, then their figures are 0. */
void rounds_add(struct rounds *r, const struct load_result *bare,
		const struct load_result *server,
		const struct load_result *grants);
double rounds_median(const struct rounds *r, enum figure f);
/* Prints medians, and the range of what varies most. */
void rounds_print(const struct rounds *r, const struct usage *roles);
/* {"name": {"median": x, "each": [...]}, ...}; NULL when out of memory. */
json_t *rounds_json(const struct rounds *r, const struct usage *roles);

#endif
