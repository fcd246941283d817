/* SPDX-License-Identifier: MIT */
/* The socket that the other side of the USB cable connects to. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <usbredirparser.h>

#include "vmcu/problem.h"
#include "vmcu/usbredir.h"

#define WRITE_QUEUE_MAX (1u << 20)
#define RECEIVE_MAX 4096

static bool clogged(const struct usbredir *u)
{
	return usbredirparser_get_bufferered_output_size(u->parser) >
	       WRITE_QUEUE_MAX;
}

int usbredir_init(struct usbredir *u, struct dprobe *probe, const char *address,
		  char why[NET_WHY_CAP])
{
	int err;

	memset(u, 0, sizeof(*u));
	u->probe = probe;
	u->fd = u->listen_fd = -1;
	err = net_out_init(&u->out, USBREDIR_OUT);
	if (err != 0) {
		snprintf(why, NET_WHY_CAP, "%s", error_text(err));
		return err;
	}
	if (address == NULL)
		return 0;
	return net_listen_tcp(address, &u->listen_fd, u->name, why);
}

static void drop_client(struct usbredir *u)
{
	if (u->fd >= 0)
		close(u->fd);
	u->fd = -1;
	usbredir_detach(u);
}

void usbredir_close(struct usbredir *u)
{
	drop_client(u);
	if (u->listen_fd >= 0)
		close(u->listen_fd);
	u->listen_fd = -1;
	net_out_free(&u->out);
}

static void accept_client(struct usbredir *u)
{
	int fd = net_accept(u->listen_fd);

	if (fd < 0)
		return;
	if (u->fd >= 0) { /* a plug fits into one socket */
		close(fd);
		problem(NEXT_SECOND, "second usbredir client refused");
		return;
	}
	u->fd = fd;
	if (usbredir_attach(u) != 0)
		drop_client(u);
}

static int receive(struct usbredir *u)
{
	uint8_t buf[RECEIVE_MAX];
	ssize_t n = recv(u->fd, buf, sizeof(buf), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return E_IO;
	return usbredir_take(u, buf, (size_t)n);
}

static void serve(struct usbredir *u, short revents)
{
	int err = 0;

	if ((revents & (POLLIN | POLLHUP | POLLERR)) != 0)
		err = receive(u);
	if (err == 0)
		err = net_out_flush(&u->out, u->fd);
	if (err == 0 && usbredirparser_do_write(u->parser) != 0)
		err = E_IO;
	if (err == 0)
		err = net_out_flush(&u->out, u->fd);
	if (err == E_SYNTAX)
		problem("connect with usbredir to this port, as QEMU's "
			"usb-redir does",
			"what came is not usbredir; connection closed");
	if (err != 0 || u->broken)
		drop_client(u);
}

void usbredir_poll(const struct usbredir *u, struct pollfd *fds)
{
	fds[0] = (struct pollfd){ .fd = u->listen_fd, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = u->fd };
	if (u->fd < 0)
		return;
	if (!clogged(u))
		fds[1].events |= POLLIN;
	if (net_out_pending(&u->out))
		fds[1].events |= POLLOUT;
}

void usbredir_ready(struct usbredir *u, const struct pollfd *fds)
{
	/* The old client first: it may have left just before the new one. */
	if (u->fd >= 0 && fds[1].fd == u->fd && fds[1].revents != 0)
		serve(u, fds[1].revents);
	if (fds[0].revents != 0)
		accept_client(u);
}
