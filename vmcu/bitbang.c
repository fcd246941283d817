/* SPDX-License-Identifier: MIT */
#include "vmcu/bitbang.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmcu/problem.h"

int bitbang_init(struct bitbang *s, struct bench *b, const char *address,
		 uint32_t clock_hz, char why[NET_WHY_CAP])
{
	int err;

	memset(s, 0, sizeof(*s));
	s->bench = b;
	s->fd = s->listen_fd = -1;
	s->tck_ps = WIRETIME_PS / clock_hz;
	err = net_out_init(&s->out, BITBANG_OUT);
	if (err != 0) {
		snprintf(why, NET_WHY_CAP, "%s", error_text(err));
		return err;
	}
	if (address == NULL)
		return 0;
	return net_listen_tcp(address, &s->listen_fd, s->name, why);
}

static void drop_client(struct bitbang *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = s->bench->debugger[BENCH_JTAG] = -1;
	s->tck = false;
	s->out.len = s->out.sent = 0;
	bench_nrst(s->bench, BENCH_NRST_JTAG, false);
}

void bitbang_close(struct bitbang *s)
{
	if (s->fd >= 0)
		drop_client(s);
	if (s->listen_fd >= 0)
		close(s->listen_fd);
	s->listen_fd = -1;
	net_out_free(&s->out);
}

static void pins(struct bitbang *s, unsigned v)
{
	struct swj *swj = &s->bench->swj;
	bool tck = (v & 4) != 0;

	if (tck && !s->tck) {
		wiretime_spend(&s->bench->time, s->tck_ps);
		swj_jtag_rising(swj, v >> 1 & 1, v & 1);
	} else if (!tck && s->tck) {
		swj_jtag_falling(swj);
	}
	s->tck = tck;
}

static void resets(struct bitbang *s, unsigned v)
{
	bench_nrst(s->bench, BENCH_NRST_JTAG, (v & 1) != 0);
	if ((v & 2) != 0)
		swj_trst(&s->bench->swj);
}

int bitbang_take(struct bitbang *s, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t c = p[i];
		uint8_t answer;

		if (c >= '0' && c <= '7') {
			pins(s, c - '0');
		} else if (c == 'R') {
			answer = swj_tdo(&s->bench->swj) != 0 ? '1' : '0';
			if (net_out_put(&s->out, &answer, 1) != 0)
				return E_SPACE;
		} else if (c >= 'r' && c <= 'u') {
			resets(s, c - 'r');
		} else if (c == 'Q') {
			return E_INTERRUPTED;
		} else if (c != 'B' && c != 'b') {
			return E_SYNTAX;
		}
	}
	return 0;
}

static int receive(struct bitbang *s)
{
	uint8_t buf[BITBANG_OUT / 2];
	size_t room = net_out_room(&s->out);
	ssize_t n = recv(s->fd, buf, room < sizeof(buf) ? room : sizeof(buf),
			 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return E_IO;
	return bitbang_take(s, buf, (size_t)n);
}

static void serve(struct bitbang *s, short revents)
{
	int err = 0;

	if ((revents & (POLLIN | POLLHUP | POLLERR)) != 0 &&
	    net_out_room(&s->out) != 0)
		err = receive(s);
	if (err == E_SYNTAX)
		problem("connect with remote_bitbang to this port",
			"remote_bitbang client sent an unknown character; "
			"connection closed");
	if (err == 0)
		err = net_out_flush(&s->out, s->fd);
	if (err != 0)
		drop_client(s);
}

static void accept_client(struct bitbang *s)
{
	int fd = net_accept(s->listen_fd);

	if (fd < 0)
		return;
	if (s->fd >= 0 || bench_debugged(s->bench, BENCH_DAP)) {
		problem(NEXT_SECOND, "second %s refused",
			s->fd >= 0 ? "remote_bitbang client"
				   : "debugger, by remote_bitbang,");
		close(fd);
		return;
	}
	s->fd = s->bench->debugger[BENCH_JTAG] = fd;
}

void bitbang_poll(const struct bitbang *s, struct pollfd *fds)
{
	fds[0] = (struct pollfd){ .fd = s->listen_fd, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = s->fd };
	if (net_out_room(&s->out) != 0)
		fds[1].events |= POLLIN;
	if (net_out_pending(&s->out))
		fds[1].events |= POLLOUT;
}

void bitbang_ready(struct bitbang *s, const struct pollfd *fds)
{
	if (s->fd >= 0 && fds[1].fd == s->fd && fds[1].revents != 0)
		serve(s, fds[1].revents);
	if (fds[0].revents != 0)
		accept_client(s);
}
