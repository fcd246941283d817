/* SPDX-License-Identifier: MIT */
#include "bench/usage.h"

#include <stdio.h>
#include <string.h>

static double seconds(clockid_t clock)
{
	struct timespec t = { 0 };

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void name_read(pid_t pid, char *out, size_t cap)
{
	char path[64], line[256] = "";
	FILE *f;
	size_t n = 0;

	snprintf(out, cap, "parent");
	snprintf(path, sizeof(path), "/proc/%ld/cmdline", (long)pid);
	f = fopen(path, "r");
	if (f) {
		n = fread(line, 1, sizeof(line) - 1, f);
		fclose(f);
	}
	for (size_t i = 0; i < n; i += strlen(line + i) + 1)
		if (!strcmp(line + i, "--role"))
			snprintf(out, cap, "%s", line + i + 7);
}

static int add(struct usage *u, pid_t pid)
{
	if (u->count == USAGE_MAX ||
	    clock_getcpuclockid(pid, &u->of[u->count].clock))
		return -1;
	name_read(pid, u->of[u->count].name, sizeof(u->of[0].name));
	u->count++;
	return 0;
}

int usage_find(struct usage *u, pid_t parent)
{
	char path[64];
	FILE *f;
	long pid;
	int err;

	u->count = 0;
	err = add(u, parent);
	snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children",
		 (long)parent, (long)parent);
	f = err ? NULL : fopen(path, "r");
	if (!f)
		return -1;
	while (!err && fscanf(f, "%ld", &pid) == 1)
		err = add(u, (pid_t)pid);
	fclose(f);
	return err;
}

void usage_read(const struct usage *u, double out[USAGE_MAX])
{
	for (unsigned i = 0; i < u->count; i++)
		out[i] = seconds(u->of[i].clock);
}

double usage_own(void)
{
	return seconds(CLOCK_PROCESS_CPUTIME_ID);
}
