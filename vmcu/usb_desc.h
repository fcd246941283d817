/* SPDX-License-Identifier: MIT */
/*
 * vmcu/usb_desc.h - the virtual probe as a USB device: its descriptors and
 * what endpoint 0 answers.
 *
 * Two interfaces, as the CMSIS-DAP specification describes them ("Configure
 * USB peripheral"): 0 = CMSIS-DAP v2, vendor class, bulk OUT then bulk IN;
 * 1 = CMSIS-DAP v1, HID, 64-byte reports without numbers.  Microsoft OS 2.0
 * descriptors give interface 0 to WinUSB.  The ID pair is pid.codes' for
 * tests, which belongs to nobody's product.
 */
#ifndef VMCU_USB_DESC_H
#define VMCU_USB_DESC_H

#include <stddef.h>
#include <stdint.h>

#define USB_VENDOR 0x1209
#define USB_PRODUCT 0x0001
#define USB_DEVICE_BCD 0x0100

#define USB_INTERFACES 2
#define USB_EP_V2_OUT 0x01
#define USB_EP_V2_IN 0x81
#define USB_EP_V1_OUT 0x02
#define USB_EP_V1_IN 0x82
#define USB_V2_PACKET                                                         \
	512		  /* high speed bulk: one DAP packet = one USB packet \
			   */
#define USB_V1_PACKET 64  /* one report */
#define USB_V1_INTERVAL 1 /* 2^(1-1) microframes = 125 us */

#define USB_CONTROL_CAP 512

struct usb_setup { /* USB 2.0, table 9-2 */
	uint8_t type, request;
	uint16_t value, index, length;
};

/* Answers a request on endpoint 0, except those for address, configuration
 * and alternate setting.  Returns how many bytes of out to send (0 for OUT
 * requests), or -1 = stall. */
int usb_desc_control(const struct usb_setup *s, const char *serial,
		     uint8_t out[USB_CONTROL_CAP]);

#endif
