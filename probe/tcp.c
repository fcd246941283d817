/* SPDX-License-Identifier: MIT */
#include "probe/tcp.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "wire/address.h"

#define SEND_MS 5000

int64_t tcp_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool tcp_wait(int fd, short events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		int64_t left = deadline - tcp_now_ms();
		int n = poll(&p, 1, left > 0 ? (int)left : 0);

		if (n > 0)
			return true;
		if (n == 0 || errno != EINTR)
			return false;
	}
}

int tcp_send_all(int fd, const uint8_t *p, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			if (!tcp_wait(fd, POLLOUT, tcp_now_ms() + SEND_MS))
				return E_PROBE_LOST;
			continue;
		}
		if (n <= 0)
			return E_PROBE_LOST;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int tcp_receive_all(int fd, uint8_t *p, size_t len, int64_t deadline)
{
	while (len > 0) {
		ssize_t n = recv(fd, p, len, 0);

		if (n > 0) {
			p += n;
			len -= (size_t)n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0 || errno != EAGAIN)
			return E_PROBE_LOST;
		if (!tcp_wait(fd, POLLIN, deadline))
			return E_PROBE_LOST;
	}
	return 0;
}

int tcp_receive_some(int fd, uint8_t *p, size_t cap, int64_t deadline,
		     size_t *out_len)
{
	for (;;) {
		ssize_t n = read(fd, p, cap);

		if (n > 0) {
			*out_len = (size_t)n;
			return 0;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0 || errno != EAGAIN)
			return E_PROBE_LOST;
		if (!tcp_wait(fd, POLLIN, deadline))
			return E_TIMEOUT;
	}
}

static int connect_one(const struct addrinfo *a, uint32_t timeout_ms)
{
	int one = 1, failure = 0;
	socklen_t failure_len = sizeof(failure);
	int fd = socket(a->ai_family,
			a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
			a->ai_protocol);

	if (fd < 0)
		return -1;
	if (connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
		if (errno != EINPROGRESS ||
		    !tcp_wait(fd, POLLOUT, tcp_now_ms() + timeout_ms))
			goto fail;
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure,
			       &failure_len) != 0 ||
		    failure != 0) {
			errno = failure;
			goto fail;
		}
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
fail:
	close(fd);
	return -1;
}

int tcp_open(const char *what, const char *address, uint32_t timeout_ms,
	     int *ret_fd, char why[256])
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	const char *port;
	char host[128];
	int fd = -1;

	if (address_split(address, host, sizeof(host), &port) != 0) {
		snprintf(why, 256, "%s address %.100s is not HOST:PORT", what,
			 address);
		return E_ARG;
	}
	if (getaddrinfo(host, port, &hints, &list) != 0) {
		snprintf(why, 256, "%s host %s is not known", what, host);
		return E_PROBE_LOST;
	}
	for (struct addrinfo *a = list; a != NULL && fd < 0; a = a->ai_next)
		fd = connect_one(a, timeout_ms);
	freeaddrinfo(list);
	if (fd < 0) {
		snprintf(why, 256, "no %s answers at %.100s: %s", what, address,
			 strerror(errno));
		return E_PROBE_LOST;
	}
	*ret_fd = fd;
	return 0;
}
