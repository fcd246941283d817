/* SPDX-License-Identifier: MIT */
#include "vmcu/control.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ARGS_MAX 16
#define EXIT_LINE_LEN 2 /* a digit and a newline */

int control_init(struct control *c, struct bench *b, struct dap_server *dap,
		 const char *path, char why[NET_WHY_CAP])
{
	memset(c, 0, sizeof(*c));
	c->bench = b;
	c->dap = dap;
	c->listen_fd = -1;
	c->path = path;
	for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
		c->clients[i].fd = -1;
	return path != NULL ? net_listen_unix(path, &c->listen_fd, why) : 0;
}

static void drop(struct control_client *k)
{
	close(k->fd);
	net_out_free(&k->out);
	*k = (struct control_client){ .fd = -1 };
}

void control_close(struct control *c)
{
	for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
		if (c->clients[i].fd >= 0)
			drop(&c->clients[i]);
	if (c->listen_fd >= 0) {
		close(c->listen_fd);
		(void)unlink(c->path);
	}
	c->listen_fd = -1;
}

void control_print(struct control_text *t, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(t->buf + t->len, t->cap - t->len, format, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < t->cap - t->len)
		t->len += (size_t)n;
}

void control_print_bytes(struct control_text *t, const uint8_t *p, size_t len)
{
	if (len > t->cap - t->len)
		len = t->cap - t->len;
	if (len != 0)
		memcpy(t->buf + t->len, p, len);
	t->len += len;
}

/* Splits at NULs; -1 when the request is not well formed. */
static int split(char *in, size_t len, char *argv[ARGS_MAX])
{
	int argc = 0;
	size_t at = 0;

	if (len == 0 || in[len - 1] != '\0')
		return -1;
	while (at < len) {
		if (argc == ARGS_MAX)
			return -1;
		argv[argc++] = in + at;
		at += strlen(in + at) + 1;
	}
	return argc;
}

static int answer(struct control *c, struct control_client *k)
{
	static char buf[CONTROL_OUT_CAP];
	struct control_text text = { .buf = buf, .cap = sizeof(buf) };
	char *argv[ARGS_MAX];
	char line[EXIT_LINE_LEN + 1];
	int argc = split(k->in, k->in_len, argv);
	int code = 2;

	if (argc > 0)
		code = control_command(c, k, argc, argv, &text);
	else
		control_print(&text, "malformed request\n");
	k->answered = true;
	snprintf(line, sizeof(line), "%d\n", code & 7);
	if (net_out_put(&k->out, line, EXIT_LINE_LEN) != 0)
		return E_SPACE;
	return net_out_put(&k->out, text.buf, text.len);
}

static int receive(struct control *c, struct control_client *k)
{
	ssize_t n = recv(k->fd, k->in + k->in_len, sizeof(k->in) - k->in_len,
			 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		return E_IO;
	if (k->answered)
		return n == 0 && k->follow ? 0 : E_IO;
	k->in_len += (size_t)n;
	if (n == 0)
		return answer(c, k);
	return k->in_len == sizeof(k->in) ? E_TOO_LARGE : 0;
}

static void serve(struct control *c, struct control_client *k, short revents)
{
	int err = 0;

	if ((revents & (POLLHUP | POLLERR)) != 0 && k->answered)
		err = E_IO;
	else if ((revents & (POLLIN | POLLHUP)) != 0)
		err = receive(c, k);
	if (err == 0)
		err = net_out_flush(&k->out, k->fd);
	if (err == 0 && k->answered && !k->follow && !net_out_pending(&k->out))
		err = E_INTERRUPTED; /* done */
	if (err != 0)
		drop(k);
}

static void accept_client(struct control *c)
{
	int fd = net_accept(c->listen_fd);

	if (fd < 0)
		return;
	for (unsigned i = 0; i < CONTROL_CLIENTS; i++) {
		struct control_client *k = &c->clients[i];

		if (k->fd >= 0)
			continue;
		*k = (struct control_client){ .fd = fd };
		if (net_out_init(&k->out, CONTROL_OUT_CAP + EXIT_LINE_LEN) != 0)
			drop(k);
		return;
	}
	close(fd);
}

void control_follow(struct control *c)
{
	for (unsigned i = 0; i < CONTROL_CLIENTS; i++) {
		struct control_client *k = &c->clients[i];
		uint8_t buf[4096];
		bool lost;
		size_t n;

		if (k->fd < 0 || !k->follow ||
		    net_out_room(&k->out) < sizeof(buf))
			continue;
		n = bench_uart_read(c->bench, &k->pos, buf, sizeof(buf), &lost);
		if (n != 0 && (net_out_put(&k->out, buf, n) != 0 ||
			       net_out_flush(&k->out, k->fd) != 0))
			drop(k);
	}
}

void control_poll(const struct control *c, struct pollfd *fds)
{
	fds[0] = (struct pollfd){ .fd = c->listen_fd, .events = POLLIN };
	for (unsigned i = 0; i < CONTROL_CLIENTS; i++) {
		const struct control_client *k = &c->clients[i];

		fds[1 + i] = (struct pollfd){ .fd = k->fd };
		if (k->fd < 0)
			continue;
		if (!k->answered)
			fds[1 + i].events |= POLLIN;
		if (net_out_pending(&k->out))
			fds[1 + i].events |= POLLOUT;
	}
}

void control_ready(struct control *c, const struct pollfd *fds)
{
	for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
		if (fds[1 + i].fd >= 0 && c->clients[i].fd == fds[1 + i].fd &&
		    fds[1 + i].revents != 0)
			serve(c, &c->clients[i], fds[1 + i].revents);
	if (fds[0].revents != 0)
		accept_client(c);
}
