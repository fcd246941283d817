/* SPDX-License-Identifier: MIT */
/*
 * probe/transport.h - how CMSIS-DAP packets reach the probe.  A transport
 * moves whole packets; it knows nothing of what they say.
 */
#ifndef PROBE_TRANSPORT_H
#define PROBE_TRANSPORT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct transport_ops {
	/* 0 or E_PROBE_LOST */
	int (*send)(void *self, const uint8_t *packet, size_t len);
	/* 0, E_PROBE_LOST when nothing came in time or the probe went away,
	 * E_PROBE when what came is not a packet */
	int (*receive)(void *self, uint8_t *packet, size_t cap,
		       uint32_t timeout_ms, size_t *out_len);
	void (*close)(void *self);
};

struct transport {
	const struct transport_ops *ops;
	void *self;
};

/* probe/dap_tcp.c; address is what follows "tcp:", "HOST:PORT". */
MUST_USE int dap_tcp_open(const char *address, uint32_t timeout_ms,
			  struct transport *out, char why[256]);

#endif
