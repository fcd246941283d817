/* SPDX-License-Identifier: MIT */
/*
 * vmcu/usbredir.h - the virtual probe as a USB device on a cable of TCP: the
 * usbredir protocol, seen from the side that has the device.  QEMU plugs it
 * into a guest:
 *
 *	-chardev socket,id=c,host=127.0.0.1,port=PORT,reconnect=1
 *	-device usb-redir,chardev=c
 *
 * The device is described in vmcu/usb_desc.h.  Its two interfaces and the
 * CMSIS-DAP TCP port lead to one probe, which one of them has at a time: TCP
 * while a client is connected, an interface between DAP_Connect and
 * DAP_Disconnect.  To the others, packets but DAP_Info are answered
 * DAP_INVALID, and a TCP client is refused.  The plug pulled, or a reset of
 * the bus, frees the probe.
 *
 * What is not usbredir, and a close in mid-packet, end that connection only;
 * for the probe it is as if its plug had been pulled.
 */
#ifndef VMCU_USBREDIR_H
#define VMCU_USBREDIR_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmcu/dap_probe.h"
#include "vmcu/dap_queue.h"
#include "vmcu/net.h"
#include "vmcu/usb_desc.h"

#define USBREDIR_FDS 2
#define USBREDIR_IN 16384
#define USBREDIR_OUT 262144
#define USBREDIR_PENDING 32 /* transfers that may wait per endpoint */
#define USBREDIR_ANSWERS (2 * DAP_QUEUE_ANSWERS)

struct usbredirparser;

struct usb_packet {
	uint64_t id;
	size_t len; /* > DAP_PACKET_MAX: more than an interface takes */
	uint8_t data[DAP_PACKET_MAX];
};

struct usb_stream { /* one interface */
	uint8_t ep_out, ep_in;
	size_t packet_max;
	struct dap_queue queue;
	struct usb_packet out[USBREDIR_PENDING]; /* not executed yet */
	unsigned out_count;
	struct usb_packet answer[USBREDIR_ANSWERS]; /* not fetched yet */
	unsigned answer_count;
	struct { /* v2: transfers that wait for an answer */
		uint64_t id;
		uint32_t stream_id;
		size_t cap;
	} in[USBREDIR_PENDING];
	unsigned in_count;
	bool polled;	  /* v1: the other side fetches reports */
	uint64_t next_id; /* v1: of reports */
};

struct usbredir {
	struct dprobe *probe; /* borrowed */
	int listen_fd, fd;    /* fd = -1: no client */
	char name[NET_NAME_CAP];
	struct usbredirparser *parser;
	bool hello;	/* the other side has introduced itself */
	bool pulled;	/* `ctl usb unplug` */
	bool connected; /* the other side knows of the device */
	bool awaits_ack;
	bool broken; /* client has to go */
	bool said;   /* what is wrong with it, once */
	uint8_t configuration;
	uint8_t in[USBREDIR_IN];
	size_t in_len, in_at;
	struct net_out out;
	struct usb_stream stream[USB_INTERFACES];
};

/* address NULL: no port, for tests. */
MUST_USE int usbredir_init(struct usbredir *u, struct dprobe *probe,
			   const char *address, char why[NET_WHY_CAP]);
void usbredir_close(struct usbredir *u);
/* Fills USBREDIR_FDS entries; fd = -1 where nothing is awaited. */
void usbredir_poll(const struct usbredir *u, struct pollfd *fds);
void usbredir_ready(struct usbredir *u, const struct pollfd *fds);

/* Pulls the plug, and puts it back. */
void usbredir_plug(struct usbredir *u, bool in);

/* The protocol without a socket, for tests: a new client, the bytes that it
 * sends, answers in u->out.  E_SYNTAX: the client has to go. */
MUST_USE int usbredir_attach(struct usbredir *u);
void usbredir_detach(struct usbredir *u);
MUST_USE int usbredir_take(struct usbredir *u, const uint8_t *p, size_t len);

#endif
