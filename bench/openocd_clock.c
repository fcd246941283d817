/* SPDX-License-Identifier: MIT */
/*
 * For bench/programming.sh: stock OpenOCD, preloaded with this, lives in the
 * virtual chip's time.  It waits for flash by sleeping: the chip lives through
 * every usleep() instead (`ctl run`), so that pauses cost what they cost on a
 * desk.  And what it does by the clock, timeouts and looking at the target
 * every 100 ms, it does by the chip's clock (`ctl info`): not more of it on a
 * busy machine.  VMCU_CONTROL names the control socket.
 *
 * And its driver asks the kernel for answers before each bit that it queues;
 * nearly always there are none yet.  Here there never are until it waits for
 * them, which saves most of the run's processor time and changes no bit.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define FDS_MAX 64
#define START 1000000000 /* seconds; any time will do */

/* 0, or -1 when there is no virtual MCU (any more). */
static int ask(const char *request, int len, char *answer, size_t cap)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const char *path = getenv("VMCU_CONTROL");
	size_t got = 0;
	ssize_t n;
	int fd;

	if (path == NULL)
		return -1;
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0 ||
	    write(fd, request, (size_t)len) != len ||
	    shutdown(fd, SHUT_WR) != 0) {
		perror("openocd_clock");
		abort();
	}
	while (got < cap - 1 && (n = read(fd, answer + got, cap - 1 - got)) > 0)
		got += (size_t)n;
	answer[got] = '\0';
	close(fd);
	return 0;
}

int usleep(useconds_t us)
{
	char request[32], answer[64];
	int len;

	if (us < 1000)
		return 0;
	len = snprintf(request, sizeof(request), "run%c%u", 0,
		       (unsigned)us / 1000) +
	      1;
	(void)ask(request, len, answer, sizeof(answer));
	return 0;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	static const char request[] = "info", name[] = "\"now_us\":";
	char answer[2048];
	const char *p;
	long long now;

	(void)zone;
	tv->tv_sec = START;
	tv->tv_usec = 0;
	if (ask(request, sizeof(request), answer, sizeof(answer)) != 0)
		return 0;
	p = strstr(answer, name);
	if (p == NULL)
		abort();
	now = atoll(p + sizeof(name) - 1);
	tv->tv_sec += now / 1000000;
	tv->tv_usec = now % 1000000;
	return 0;
}

static bool eager[FDS_MAX]; /* it said that it will not wait */

int fcntl(int fd, int cmd, ...)
{
	va_list ap;
	long arg;

	va_start(ap, cmd);
	arg = va_arg(ap, long);
	va_end(ap);
	if (cmd == F_SETFL && fd >= 0 && fd < FDS_MAX)
		eager[fd] = (arg & O_NONBLOCK) != 0;
	return (int)syscall(SYS_fcntl, fd, cmd, arg);
}

ssize_t read(int fd, void *buf, size_t len)
{
	if (fd >= 0 && fd < FDS_MAX && eager[fd]) {
		errno = EAGAIN;
		return -1;
	}
	return syscall(SYS_read, fd, buf, len);
}
