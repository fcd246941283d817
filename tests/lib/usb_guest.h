/* SPDX-License-Identifier: MIT */
/*
 * tests/lib/usb_guest.h - the other side of the virtual USB probe: usbredir's
 * own parser in the part of a guest, with what it heard last.
 */
#ifndef TESTS_LIB_USB_GUEST_H
#define TESTS_LIB_USB_GUEST_H

#include "tests/unit/vmcu_wire.h"

#include <usbredirparser.h>

#include "vmcu/dap_server.h"
#include "vmcu/usbredir.h"

#define USB_ANSWER_CAP 2048
#define USB_GUEST_SERIAL "USB-TEST-1"

struct usb_answer {
	uint64_t id;
	int status, len;
	uint8_t data[USB_ANSWER_CAP];
};

struct usb_guest {
	struct bench *b;
	struct dap_server dap;
	struct usbredir u;
	struct usbredirparser *guest;
	size_t at; /* how much of u.out the guest has read */
	unsigned hellos, connects, disconnects, reports, bulks, statuses;
	struct usb_redir_device_connect_header device;
	struct usb_redir_ep_info_header ep;
	struct usb_answer control, bulk, out, report, other; /* bulk: IN */
};

/* cmocka's: a bench with a probe, plugged in; *state is the guest. */
int usb_guest_begin(void **state);
int usb_guest_end(void **state);
/* Until neither side has anything to say. */
void usb_guest_exchange(struct usb_guest *f);
void usb_guest_control(struct usb_guest *f, uint8_t type, uint8_t request,
		       uint16_t value, uint16_t index, uint16_t length);
void usb_guest_put(struct usb_guest *f, uint64_t id, const uint8_t *p,
		   size_t len);
void usb_guest_get(struct usb_guest *f, uint64_t id, uint16_t cap);
void usb_guest_put_report(struct usb_guest *f, const uint8_t *p, size_t len);
void usb_guest_poll(struct usb_guest *f, uint8_t ep);

#define BYTES(...)                        \
	(const uint8_t[]){ __VA_ARGS__ }, \
		sizeof((const uint8_t[]){ __VA_ARGS__ })

#endif
