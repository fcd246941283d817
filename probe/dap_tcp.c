/* SPDX-License-Identifier: MIT */
/*
 * CMSIS-DAP packets over TCP, in the framing of OpenOCD's cmsis-dap tcp
 * backend (wire/dap.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/rw.h"
#include "probe/transport.h"
#include "wire/dap.h"

struct dap_tcp {
	int fd;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits for an event until the deadline; false = too late. */
static bool wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		int64_t left = deadline - now_ms();
		int n = poll(&p, 1, left > 0 ? (int)left : 0);

		if (n > 0)
			return true;
		if (n == 0 || errno != EINTR)
			return false;
	}
}

static int send_all(int fd, const uint8_t *p, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			if (!wait_for(fd, POLLOUT, now_ms() + 5000))
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

static int receive_all(int fd, uint8_t *p, size_t len, int64_t deadline)
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
		if (!wait_for(fd, POLLIN, deadline))
			return E_PROBE_LOST;
	}
	return 0;
}

static int tcp_send(void *self, const uint8_t *packet, size_t len)
{
	struct dap_tcp *t = self;
	uint8_t frame[DAP_TCP_HEADER_LEN + DAP_PACKET_MAX];
	size_t frame_len;
	struct wr w;

	wr_init(&w, frame, sizeof(frame));
	wr_u32(&w, DAP_TCP_SIGNATURE);
	wr_u16(&w, (uint16_t)len);
	wr_u8(&w, DAP_TCP_REQUEST);
	wr_u8(&w, 0);
	wr_bytes(&w, packet, len);
	if (wr_end(&w, &frame_len) != 0)
		return E_INTERNAL;
	return send_all(t->fd, frame, frame_len);
}

static int tcp_receive(void *self, uint8_t *packet, size_t cap,
		       uint32_t timeout_ms, size_t *out_len)
{
	struct dap_tcp *t = self;
	int64_t deadline = now_ms() + timeout_ms;
	uint8_t head[DAP_TCP_HEADER_LEN];
	struct rd r;
	size_t len;
	int err;

	err = receive_all(t->fd, head, sizeof(head), deadline);
	if (err != 0)
		return err;
	rd_init(&r, head, sizeof(head));
	if (rd_u32(&r) != DAP_TCP_SIGNATURE)
		return E_PROBE;
	len = rd_u16(&r);
	if (rd_u8(&r) != DAP_TCP_RESPONSE || len == 0 || len > cap)
		return E_PROBE;
	err = receive_all(t->fd, packet, len, deadline);
	if (err == 0)
		*out_len = len;
	return err;
}

static void tcp_close(void *self)
{
	struct dap_tcp *t = self;

	if (t == NULL)
		return;
	close(t->fd);
	free(t);
}

static const struct transport_ops tcp_ops = {
	.send = tcp_send,
	.receive = tcp_receive,
	.close = tcp_close,
};

/* "HOST:PORT" or "[V6]:PORT" to its halves. */
static int split_address(const char *address, char *host, size_t cap,
			 const char **ret_port)
{
	const char *colon = strrchr(address, ':');
	size_t len;

	if (colon == NULL || colon == address || colon[1] == '\0')
		return E_ARG;
	len = (size_t)(colon - address);
	if (address[0] == '[' && address[len - 1] == ']') {
		address++;
		len -= 2;
	}
	if (len == 0 || len >= cap)
		return E_ARG;
	memcpy(host, address, len);
	host[len] = '\0';
	*ret_port = colon + 1;
	return 0;
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
		    !wait_for(fd, POLLOUT, now_ms() + timeout_ms))
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

int dap_tcp_open(const char *address, uint32_t timeout_ms,
		 struct transport *out, char why[256])
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	struct dap_tcp *t;
	const char *port;
	char host[128];
	int fd = -1;

	if (split_address(address, host, sizeof(host), &port) != 0) {
		snprintf(why, 256, "probe address tcp:%.100s is not HOST:PORT",
			 address);
		return E_ARG;
	}
	if (getaddrinfo(host, port, &hints, &list) != 0) {
		snprintf(why, 256, "probe host %s is not known", host);
		return E_PROBE_LOST;
	}
	for (struct addrinfo *a = list; a != NULL && fd < 0; a = a->ai_next)
		fd = connect_one(a, timeout_ms);
	freeaddrinfo(list);
	if (fd < 0) {
		snprintf(why, 256, "no probe answers at tcp:%.100s: %s",
			 address, strerror(errno));
		return E_PROBE_LOST;
	}
	t = malloc(sizeof(*t));
	if (t == NULL) {
		close(fd);
		return E_NOMEM;
	}
	t->fd = fd;
	out->ops = &tcp_ops;
	out->self = t;
	return 0;
}
