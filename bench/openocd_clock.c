/* SPDX-License-Identifier: MIT */
/*
 * For bench/programming.sh: OpenOCD waits for flash by sleeping, and virtual
 * time does not pass in a sleep.  Preloaded into stock OpenOCD, this lets the
 * virtual chip live through every usleep() instead (`ctl run`), so that
 * OpenOCD's pauses cost what they cost on a desk.  VMCU_CONTROL names the
 * control socket.
 *
 * A driver that polls without a pause, as the nRF51's, gives up by the wall
 * clock before its polls add up to the time that the flash takes: VMCU_SLOW=N
 * has that clock go N times slower.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

int usleep(useconds_t us)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const char *path = getenv("VMCU_CONTROL");
	char request[32], answer[64];
	int fd, len;

	if (path == NULL || us < 1000)
		return 0;
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	len = snprintf(request, sizeof(request), "run%c%u", 0,
		       (unsigned)us / 1000) +
	      1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0 ||
	    write(fd, request, (size_t)len) != len ||
	    shutdown(fd, SHUT_WR) != 0) {
		perror("openocd_clock");
		abort();
	}
	while (read(fd, answer, sizeof(answer)) > 0)
		;
	close(fd);
	return 0;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	static long long first;
	const char *slow = getenv("VMCU_SLOW");
	long long now, factor = slow != NULL ? atoll(slow) : 1;
	struct timespec t;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &t);
	now = t.tv_sec * 1000000LL + t.tv_nsec / 1000;
	if (first == 0)
		first = now;
	now = first + (now - first) / (factor > 0 ? factor : 1);
	tv->tv_sec = now / 1000000;
	tv->tv_usec = now % 1000000;
	return 0;
}
