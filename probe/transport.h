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
	/* 0, E_TIMEOUT when nothing came in time, E_PROBE_LOST when the probe
	 * went away, E_PROBE when what came is not a packet.  Behind a packet
	 * there may be bytes that mean nothing. */
	int (*receive)(void *self, uint8_t *packet, size_t cap,
		       uint32_t timeout_ms, size_t *out_len);
	/* The probe's packets have this size at most; NULL: of no interest */
	void (*packet_size)(void *self, size_t size);
	void (*close)(void *self);
};

struct transport {
	const struct transport_ops *ops;
	void *self;
	size_t packet_max; /* 0 = as the probe says */
};

/* probe/dap_tcp.c; address is what follows "tcp:", "HOST:PORT". */
MUST_USE int dap_tcp_open(const char *address, uint32_t timeout_ms,
			  struct transport *out, char why[256]);

/* probe/usb_bulk.c, probe/usb_hid.c; name is what follows "usb:" or "hid:"
 * (probe/usb.h). */
MUST_USE int usb_bulk_open(const char *name, struct transport *out,
			   char why[256]);
MUST_USE int usb_hid_open(const char *name, struct transport *out,
			  char why[256]);

#endif
