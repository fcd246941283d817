/* SPDX-License-Identifier: MIT */
/*
 * bench/usage.h - processor time of a process and its children, each by name.
 *
 * On a machine with other work, answers per second tell little; what an answer
 * costs does not depend on who else is there.
 */
#ifndef BENCH_USAGE_H
#define BENCH_USAGE_H

#include <sys/types.h>
#include <time.h>

#define USAGE_MAX 6

struct usage {
	unsigned count;
	struct {
		clockid_t clock;
		char name[16]; /* what follows --role, or "parent" */
	} of[USAGE_MAX];
};

/* 0, or -1 when there is no such process. */
int usage_find(struct usage *u, pid_t parent);
/* Seconds of processor time so far, all threads. */
void usage_read(const struct usage *u, double out[USAGE_MAX]);
/* Of this process. */
double usage_own(void);

#endif
