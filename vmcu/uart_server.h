/* SPDX-License-Identifier: MIT */
/*
 * vmcu/uart_server.h - the firmware's UART as a byte stream: what a serial
 * adapter, or a terminal server in raw mode, would be beside the probe.  One
 * client at a time; it hears what is sent from its connection on.  The wire
 * has the firmware's own speed.
 */
#ifndef VMCU_UART_SERVER_H
#define VMCU_UART_SERVER_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "vmcu/bench.h"
#include "vmcu/net.h"

#define UART_SERVER_FDS 2
#define UART_SERVER_OUT 65536

struct uart_server {
	struct bench *bench; /* borrowed */
	int listen_fd, fd;
	char name[NET_NAME_CAP];
	uint64_t pos; /* in what the firmware has sent */
	struct net_out out;
	uint8_t in[1024]; /* what the firmware's queue has not taken yet */
	size_t in_len;
};

MUST_USE int uart_server_init(struct uart_server *s, struct bench *b,
			      const char *address, char why[NET_WHY_CAP]);
void uart_server_close(struct uart_server *s);
void uart_server_poll(const struct uart_server *s, struct pollfd *fds);
void uart_server_ready(struct uart_server *s, const struct pollfd *fds);
/* After time has passed: what the firmware sent meanwhile, and room in its
 * queue. */
void uart_server_follow(struct uart_server *s);

#endif
