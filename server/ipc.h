/* SPDX-License-Identifier: MIT */
/*
 * server/ipc.h - framed messages between the server's processes.
 *
 * A frame on a stream socket: u32 payload length, u16 type, u16 zero, u64 id,
 * payload; little-endian.  The receiver knows which types it takes and how
 * long each may be; anything else breaks the channel (E_SYNTAX), for good.
 */
#ifndef SERVER_IPC_H
#define SERVER_IPC_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct ipc; /* opaque */

struct ipc_rule { /* a message that this side accepts */
	uint16_t type;
	uint32_t max; /* payload bytes */
};

struct ipc_msg {
	uint16_t type;
	uint64_t id;
	const uint8_t *data; /* inside the channel's buffer */
	size_t len;
};

/* Takes fd over.  rules must outlive the channel. */
MUST_USE int ipc_new(int fd, const struct ipc_rule *rules, size_t count,
		     struct ipc **out);
/* Closes fd; NULL is allowed. */
void ipc_free(struct ipc *c);
int ipc_fd(const struct ipc *c);

/* Sending; any thread.  ipc_put() only queues, ipc_flush() sends all that is
 * queued and waits until the socket took it.  E_NET when the peer is gone. */
MUST_USE int ipc_put(struct ipc *c, uint16_t type, uint64_t id,
		     const void *data, size_t len);
MUST_USE int ipc_flush(struct ipc *c);
MUST_USE int ipc_send(struct ipc *c, uint16_t type, uint64_t id,
		      const void *data, size_t len);

/* Receiving; one thread.  ipc_fill() reads what is there (wait: at least one
 * byte); then ipc_next() gives complete messages one by one, 1 = one given,
 * 0 = none left.  What *out points to lives until the next ipc_fill().
 * E_NET when the peer has closed. */
MUST_USE int ipc_fill(struct ipc *c, int wait);
MUST_USE int ipc_next(struct ipc *c, struct ipc_msg *out);
/* Waits for one message. */
MUST_USE int ipc_recv(struct ipc *c, struct ipc_msg *out);

#endif
