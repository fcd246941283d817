/* SPDX-License-Identifier: MIT */
/*
 * Preloaded, makes every sync take SLOW_SYNC_US microseconds more: a disk whose
 * cache does not lie.  bench/grants.sh builds and uses it.
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int fdatasync(int fd);
int fsync(int fd);

static void slow(void)
{
	const char *us = getenv("SLOW_SYNC_US");
	long ns = us ? atol(us) * 1000 : 0;
	struct timespec t = { ns / 1000000000, ns % 1000000000 };

	nanosleep(&t, NULL);
}

int fdatasync(int fd)
{
	slow();
	return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
	slow();
	return (int)syscall(SYS_fsync, fd);
}
