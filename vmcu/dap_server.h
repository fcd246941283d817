/* SPDX-License-Identifier: MIT */
/*
 * vmcu/dap_server.h - CMSIS-DAP over TCP in the framing of OpenOCD's
 * cmsis-dap tcp backend (wire/dap.h).
 *
 * Packets are answered in order; a client may have DAP_PACKET_COUNT of them
 * in flight.  DAP_QueueCommands packets wait until another kind of packet
 * follows.  A frame that is not one closes the connection.  A second client,
 * and one that comes while the probe is in use over USB, gets one response
 * frame, DAP_INVALID and a text, and is closed.
 */
#ifndef VMCU_DAP_SERVER_H
#define VMCU_DAP_SERVER_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "vmcu/dap_probe.h"
#include "vmcu/dap_queue.h"
#include "vmcu/net.h"
#include "wire/dap.h"

#define DAP_SERVER_FDS 2
#define DAP_SERVER_FRAME (DAP_TCP_HEADER_LEN + DAP_PACKET_MAX)
#define DAP_SERVER_OUT (4 * DAP_PACKET_COUNT * DAP_SERVER_FRAME)

struct dap_server {
	struct dprobe probe;
	int listen_fd, fd; /* fd = -1: no client */
	char name[NET_NAME_CAP];
	uint8_t in[2 * DAP_PACKET_COUNT * DAP_SERVER_FRAME];
	size_t in_len;
	struct net_out out;
	struct dap_queue queue;
};

MUST_USE int dap_server_init(struct dap_server *s, struct bench *b,
			     const char *address, uint64_t packet_ps,
			     char why[NET_WHY_CAP]);
void dap_server_close(struct dap_server *s);
/* Fills DAP_SERVER_FDS entries; fd = -1 where nothing is awaited. */
void dap_server_poll(const struct dap_server *s, struct pollfd *fds);
void dap_server_ready(struct dap_server *s, const struct pollfd *fds);

/*
 * The protocol without a socket, for tests: takes bytes as they arrived and
 * leaves the answers in s->out.  E_SYNTAX: the client has to go.
 */
MUST_USE int dap_server_take(struct dap_server *s, const uint8_t *p,
			     size_t len);

#endif
