/* SPDX-License-Identifier: MIT */
#include "vmcu/dap_server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmcu/problem.h"

int dap_server_init(struct dap_server *s, struct bench *b, const char *address,
		    uint64_t packet_ps, char why[NET_WHY_CAP])
{
	int err;

	memset(s, 0, sizeof(*s));
	s->fd = s->listen_fd = -1;
	dprobe_init(&s->probe, b, packet_ps);
	err = net_out_init(&s->out, DAP_SERVER_OUT);
	if (err != 0) {
		snprintf(why, NET_WHY_CAP, "%s", error_text(err));
		return err;
	}
	if (address == NULL)
		return 0;
	return net_listen_tcp(address, &s->listen_fd, s->name, why);
}

static void drop_client(struct dap_server *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = s->probe.bench->debugger[BENCH_DAP] = -1;
	s->in_len = 0;
	s->out.len = s->out.sent = 0;
	s->queue.count = 0;
	dprobe_detach(&s->probe);
}

void dap_server_close(struct dap_server *s)
{
	if (s->fd >= 0)
		drop_client(s);
	if (s->listen_fd >= 0)
		close(s->listen_fd);
	s->listen_fd = -1;
	net_out_free(&s->out);
}

/* -- frames --------------------------------------------------------------- */

static int put_frame(struct net_out *o, const uint8_t *packet, size_t len)
{
	uint8_t header[DAP_TCP_HEADER_LEN];
	struct wr w;
	size_t n;
	int err;

	wr_init(&w, header, sizeof(header));
	wr_u32(&w, DAP_TCP_SIGNATURE);
	wr_u16(&w, (uint16_t)len);
	wr_u8(&w, DAP_TCP_RESPONSE);
	wr_u8(&w, 0);
	err = wr_end(&w, &n);
	if (err == 0 && net_out_room(o) < n + len)
		err = E_SPACE;
	if (err == 0)
		err = net_out_put(o, header, n);
	return err != 0 ? err : net_out_put(o, packet, len);
}

static int emit_frame(void *user, const uint8_t *resp, size_t len)
{
	struct dap_server *s = user;

	return put_frame(&s->out, resp, len);
}

static bool header_valid(uint32_t signature, uint16_t len, uint8_t type,
			 uint8_t reserved)
{
	return signature == DAP_TCP_SIGNATURE && len != 0 &&
	       len <= DAP_PACKET_MAX && type == DAP_TCP_REQUEST &&
	       reserved == 0;
}

/* Handles the whole frames in the buffer while answers fit. */
static int take_frames(struct dap_server *s)
{
	size_t used = 0;
	int err = 0;

	while (err == 0 && s->in_len - used >= DAP_TCP_HEADER_LEN &&
	       net_out_room(&s->out) >=
		       (DAP_PACKET_COUNT + 1) * DAP_SERVER_FRAME) {
		struct rd r;
		uint32_t signature;
		uint16_t len;
		uint8_t type, reserved;

		rd_init(&r, s->in + used, s->in_len - used);
		signature = rd_u32(&r);
		len = rd_u16(&r);
		type = rd_u8(&r);
		reserved = rd_u8(&r);
		if (!header_valid(signature, len, type, reserved))
			return E_SYNTAX;
		if (r.left < len)
			break;
		err = dap_queue_take(&s->queue, &s->probe, r.p, len, emit_frame,
				     s);
		used += DAP_TCP_HEADER_LEN + len;
	}
	memmove(s->in, s->in + used, s->in_len - used);
	s->in_len -= used;
	return err;
}

int dap_server_take(struct dap_server *s, const uint8_t *p, size_t len)
{
	if (len > sizeof(s->in) - s->in_len)
		return E_SPACE;
	if (len != 0)
		memcpy(s->in + s->in_len, p, len);
	s->in_len += len;
	return take_frames(s);
}

/* -- sockets -------------------------------------------------------------- */

static void refuse(int fd)
{
	static const char text[] = "\xff"
				   "the probe is in use by another client";
	struct net_out o;

	if (net_out_init(&o, DAP_SERVER_FRAME) == 0 &&
	    put_frame(&o, (const uint8_t *)text, sizeof(text) - 1) == 0)
		(void)!net_out_flush(&o, fd);
	net_out_free(&o);
	close(fd);
	problem(NEXT_SECOND, "second CMSIS-DAP client refused");
}

static void accept_client(struct dap_server *s)
{
	int fd = net_accept(s->listen_fd);

	if (fd < 0)
		return;
	if (s->fd >= 0 || s->probe.user != DPROBE_FREE ||
	    bench_debugged(s->probe.bench, BENCH_JTAG)) {
		refuse(fd);
		return;
	}
	s->fd = s->probe.bench->debugger[BENCH_DAP] = fd;
	s->probe.user = DPROBE_TCP;
}

static int receive(struct dap_server *s)
{
	size_t room = sizeof(s->in) - s->in_len;
	ssize_t n;

	if (room == 0)
		return take_frames(s);
	n = recv(s->fd, s->in + s->in_len, room, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return E_IO;
	s->in_len += (size_t)n;
	return take_frames(s);
}

static void serve(struct dap_server *s, short revents)
{
	int err = 0;
	size_t before;

	if ((revents & (POLLIN | POLLHUP | POLLERR)) != 0)
		err = receive(s);
	if (err == 0)
		err = net_out_flush(&s->out, s->fd);
	/* Frames that had to wait for room in the output. */
	while (err == 0 && !net_out_pending(&s->out) && s->in_len != 0) {
		before = s->in_len;
		err = take_frames(s);
		if (err == 0)
			err = net_out_flush(&s->out, s->fd);
		if (s->in_len == before)
			break;
	}
	if (err == E_SYNTAX)
		problem("connect with CMSIS-DAP over TCP to this port",
			"CMSIS-DAP client sent a malformed frame; "
			"connection closed");
	if (err != 0)
		drop_client(s);
}

void dap_server_poll(const struct dap_server *s, struct pollfd *fds)
{
	bool full = s->in_len == sizeof(s->in);

	fds[0] = (struct pollfd){ .fd = s->listen_fd, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = s->fd };
	if (!full)
		fds[1].events |= POLLIN;
	if (net_out_pending(&s->out))
		fds[1].events |= POLLOUT;
}

void dap_server_ready(struct dap_server *s, const struct pollfd *fds)
{
	/* The old client first: it may have left just before the new one. */
	if (s->fd >= 0 && fds[1].fd == s->fd && fds[1].revents != 0)
		serve(s, fds[1].revents);
	if (fds[0].revents != 0)
		accept_client(s);
}
