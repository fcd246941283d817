/* SPDX-License-Identifier: MIT */
/* vmcu/usb_stream.h - inside of vmcu/usbredir.h: its data endpoints. */
#ifndef VMCU_USB_STREAM_H
#define VMCU_USB_STREAM_H

#include "vmcu/usbredir.h"

void usb_stream_reset(struct usbredir *u);
/* A transfer to an OUT endpoint; false: there is no such endpoint, or too
 * many wait. */
bool usb_stream_out(struct usbredir *u, uint8_t ep, uint64_t id,
		    const uint8_t *data, size_t len);
/* A transfer that waits at a bulk IN endpoint. */
bool usb_stream_in(struct usbredir *u, uint8_t ep, uint64_t id,
		   uint32_t stream_id, size_t cap);
/* Starts or ends the fetching of reports; false: no such endpoint. */
bool usb_stream_poll(struct usbredir *u, uint8_t ep, bool on);
/* Moves what can be moved. */
void usb_stream_run(struct usbredir *u);
/* The other side is no longer interested in a transfer. */
void usb_stream_cancel(struct usbredir *u, uint64_t id);

#endif
