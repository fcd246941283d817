/* SPDX-License-Identifier: MIT */
#include "vmcu/uart_server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmcu/problem.h"

int uart_server_init(struct uart_server *s, struct bench *b,
		     const char *address, char why[NET_WHY_CAP])
{
	memset(s, 0, sizeof(*s));
	s->bench = b;
	s->fd = s->listen_fd = -1;
	if (net_out_init(&s->out, UART_SERVER_OUT) != 0)
		return E_NOMEM;
	if (address == NULL)
		return 0;
	return net_listen_tcp(address, &s->listen_fd, s->name, why);
}

static void drop_client(struct uart_server *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	s->out.len = s->out.sent = 0;
	s->in_len = 0;
}

void uart_server_close(struct uart_server *s)
{
	drop_client(s);
	if (s->listen_fd >= 0)
		close(s->listen_fd);
	s->listen_fd = -1;
	net_out_free(&s->out);
}

void uart_server_poll(const struct uart_server *s, struct pollfd *fds)
{
	fds[0] = (struct pollfd){ .fd = s->listen_fd, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = s->fd };
	if (s->in_len < sizeof(s->in))
		fds[1].events |= POLLIN;
	if (net_out_pending(&s->out))
		fds[1].events |= POLLOUT;
}

static void accept_client(struct uart_server *s)
{
	int fd = net_accept(s->listen_fd);

	if (fd < 0)
		return;
	if (s->fd >= 0) {
		problem(NEXT_SECOND, "second UART client refused");
		close(fd);
		return;
	}
	s->fd = fd;
	s->pos = s->bench->uart_end;
}

static int receive(struct uart_server *s)
{
	ssize_t n = recv(s->fd, s->in + s->in_len, sizeof(s->in) - s->in_len,
			 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return E_IO;
	s->in_len += (size_t)n;
	return 0;
}

void uart_server_ready(struct uart_server *s, const struct pollfd *fds)
{
	short revents = s->fd >= 0 && fds[1].fd == s->fd ? fds[1].revents : 0;

	if ((revents & (POLLHUP | POLLERR)) != 0 ||
	    ((revents & POLLIN) != 0 && s->in_len < sizeof(s->in) &&
	     receive(s) != 0))
		drop_client(s);
	if (fds[0].revents != 0)
		accept_client(s);
}

/* What the firmware's queue does not take waits here, and then in the
 * socket: nothing is lost on a wire that a person would call slow. */
static void pass_in(struct uart_server *s)
{
	size_t n = bench_uart_write(s->bench, s->in, s->in_len);

	s->in_len -= n;
	memmove(s->in, s->in + n, s->in_len);
}

static int pass_out(struct uart_server *s)
{
	uint8_t buf[1024];
	bool lost;
	size_t n;

	while (net_out_room(&s->out) >= sizeof(buf) &&
	       (n = bench_uart_read(s->bench, &s->pos, buf, sizeof(buf),
				    &lost)) != 0)
		if (net_out_put(&s->out, buf, n) != 0)
			return E_IO;
	return net_out_flush(&s->out, s->fd);
}

void uart_server_follow(struct uart_server *s)
{
	if (s->fd < 0)
		return;
	if (s->in_len != 0)
		pass_in(s);
	bench_settle(s->bench);
	if (pass_out(s) != 0)
		drop_client(s);
}
