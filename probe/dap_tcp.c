/* SPDX-License-Identifier: MIT */
/*
 * CMSIS-DAP packets over TCP, in the framing of OpenOCD's cmsis-dap tcp
 * backend (wire/dap.h).
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/rw.h"
#include "probe/tcp.h"
#include "probe/transport.h"
#include "wire/dap.h"

struct dap_tcp {
	int fd;
};

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
	return tcp_send_all(t->fd, frame, frame_len);
}

static int tcp_receive(void *self, uint8_t *packet, size_t cap,
		       uint32_t timeout_ms, size_t *out_len)
{
	struct dap_tcp *t = self;
	int64_t deadline = tcp_now_ms() + timeout_ms;
	uint8_t head[DAP_TCP_HEADER_LEN];
	struct rd r;
	size_t len;
	int err;

	err = tcp_receive_all(t->fd, head, sizeof(head), deadline);
	if (err != 0)
		return tcp_now_ms() < deadline ? err : E_TIMEOUT;
	rd_init(&r, head, sizeof(head));
	if (rd_u32(&r) != DAP_TCP_SIGNATURE)
		return E_PROBE;
	len = rd_u16(&r);
	if (rd_u8(&r) != DAP_TCP_RESPONSE || len == 0 || len > cap)
		return E_PROBE;
	err = tcp_receive_all(t->fd, packet, len, deadline);
	if (err != 0)
		return tcp_now_ms() < deadline ? err : E_TIMEOUT;
	*out_len = len;
	return 0;
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

int dap_tcp_open(const char *address, uint32_t timeout_ms,
		 struct transport *out, char why[256])
{
	struct dap_tcp *t;
	int fd, err;

	err = tcp_open("probe", address, timeout_ms, &fd, why);
	if (err != 0)
		return err;
	t = malloc(sizeof(*t));
	if (t == NULL) {
		close(fd);
		return E_NOMEM;
	}
	t->fd = fd;
	*out = (struct transport){ .ops = &tcp_ops, .self = t };
	return 0;
}
