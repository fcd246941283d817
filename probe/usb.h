/* SPDX-License-Identifier: MIT */
/*
 * probe/usb.h - CMSIS-DAP probes on USB: which are plugged in, and how one is
 * named.
 *
 *	usb:NAME	CMSIS-DAP v2, bulk transfers (usb_bulk.c, libusb)
 *	hid:NAME	CMSIS-DAP v1, HID reports (usb_hid.c, hidapi)
 *
 * NAME is SERIAL, VID:PID (hexadecimal), VID:PID:SERIAL, or @PLACE: the socket
 * that it sits in, as Linux names it (@1-2.3), for probes that all have one
 * serial number.  Empty means the only one that is plugged in.  Whatever fits
 *more than one probe is refused: two channels must not end up at one target.
 */
#ifndef PROBE_USB_H
#define PROBE_USB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define USB_TEXT_CAP 128
#define USB_PLACE_CAP 40
#define USB_URI_CAP (USB_TEXT_CAP + 32)

struct usb_name {
	bool any_id; /* vid and pid say nothing */
	uint16_t vid, pid;
	char serial[USB_TEXT_CAP]; /* "" = any */
	char place[USB_PLACE_CAP]; /* "" = any */
};

struct usb_probe {	       /* one interface of one that is plugged in */
	char uri[USB_URI_CAP]; /* how to open it */
	uint16_t vid, pid;
	char serial[USB_TEXT_CAP], product[USB_TEXT_CAP];
	char place[USB_PLACE_CAP]; /* "1-2.3", "" = not known */
	const char *problem;	   /* why it cannot be opened, or NULL */
};

MUST_USE int usb_name_parse(const char *text, struct usb_name *out);
bool usb_name_fits(const struct usb_name *n, const struct usb_probe *p);
/* Fills uri from the rest, by the serial number if there is one; scheme is
 * "usb" or "hid". */
void usb_probe_name(struct usb_probe *p, const char *scheme);
/* Keeps what terminals and JSON may see. */
void usb_text_clean(char *s);

/* What opening needs: the one probe that fits, and its complaint if not. */
struct usb_choice {
	struct usb_name name;
	const char *scheme, *text; /* "usb", what stood behind it */
	unsigned count;
	struct usb_probe first;
};
/* E_ARG with why. */
MUST_USE int usb_choice_init(struct usb_choice *c, const char *scheme,
			     const char *text, char why[256]);
/* True when this probe is the first that fits. */
bool usb_choice_take(struct usb_choice *c, const struct usb_probe *p);
/* 0 when exactly one did. */
MUST_USE int usb_choice_end(const struct usb_choice *c, char why[256]);

/* All of both kinds, at most cap; *out_count may say that there are more. */
MUST_USE int usb_list(struct usb_probe *out, size_t cap, size_t *out_count);

/* -- inside: one of each per kind */
typedef void usb_seen(void *arg, const struct usb_probe *p);
MUST_USE int usb_bulk_each(usb_seen *seen, void *arg);
MUST_USE int usb_hid_each(usb_seen *seen, void *arg);

#endif
