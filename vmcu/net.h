/* SPDX-License-Identifier: MIT */
/* vmcu/net.h - sockets of the virtual MCU: loopback TCP and unix only. */
#ifndef VMCU_NET_H
#define VMCU_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define NET_NAME_CAP 64
#define NET_WHY_CAP 256

/* "127.0.0.1:4441", "[::1]:0", "4441"; other hosts than loopback are refused:
 * whoever reaches these ports owns the chip.  name[] gets the address really
 * bound, with the port that was free. */
MUST_USE int net_listen_tcp(const char *address, int *out_fd,
			    char name[NET_NAME_CAP], char why[NET_WHY_CAP]);
/* Replaces a dead socket file, refuses a live one; mode 0600. */
MUST_USE int net_listen_unix(const char *path, int *out_fd,
			     char why[NET_WHY_CAP]);
MUST_USE int net_connect_unix(const char *path, int *out_fd,
			      char why[NET_WHY_CAP]);
/* A waiting client, non-blocking; -1 when there is none. */
int net_accept(int listen_fd);
/* The other end has closed, and nothing that it sent is left. */
bool net_gone(int fd);

/* Bytes on their way out, of bounded size. */
struct net_out {
	uint8_t *buf;
	size_t cap, len, sent;
};
MUST_USE int net_out_init(struct net_out *o, size_t cap);
void net_out_free(struct net_out *o);
size_t net_out_room(const struct net_out *o);
bool net_out_pending(const struct net_out *o);
/* E_SPACE when it does not fit; then nothing is taken. */
MUST_USE int net_out_put(struct net_out *o, const void *p, size_t len);
/* Sends what the socket takes now; E_IO when the peer is gone. */
MUST_USE int net_out_flush(struct net_out *o, int fd);

#endif
