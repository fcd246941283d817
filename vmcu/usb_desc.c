/* SPDX-License-Identifier: MIT */
#include "vmcu/usb_desc.h"

#include <stdbool.h>
#include <string.h>

#define LE16(v) (v) & 0xff, (v) >> 8
#define LE32(v) \
	(v) & 0xff, (v) >> 8 & 0xff, (v) >> 16 & 0xff, (uint32_t)(v) >> 24

enum { STR_LANGUAGES, STR_VENDOR, STR_PRODUCT, STR_SERIAL, STR_V2, STR_V1 };

/* OpenOCD and pyOCD look for "CMSIS-DAP" in the names. */
static const char *const strings[] = {
	[STR_VENDOR] = "Signet",
	[STR_PRODUCT] = "Signet virtual CMSIS-DAP",
	[STR_V2] = "Signet CMSIS-DAP v2",
	[STR_V1] = "Signet CMSIS-DAP v1",
};

/* -- descriptors of USB 2.0, 9.6 ------------------------------------------ */

#define DESC_DEVICE 1
#define DESC_CONFIGURATION 2
#define DESC_STRING 3
#define DESC_INTERFACE 4
#define DESC_ENDPOINT 5
#define DESC_BOS 15
#define DESC_CAPABILITY 16
#define DESC_HID 0x21
#define DESC_REPORT 0x22
#define EP_BULK 2
#define EP_INTERRUPT 3
#define CLASS_HID 3
#define CLASS_VENDOR 0xff

static const uint8_t device[] = {
	18,
	DESC_DEVICE,
	LE16(0x0210), /* 2.1: it has a BOS descriptor */
	0,
	0,
	0,
	64,
	LE16(USB_VENDOR),
	LE16(USB_PRODUCT),
	LE16(USB_DEVICE_BCD),
	STR_VENDOR,
	STR_PRODUCT,
	STR_SERIAL,
	1
};

/* HID 1.11, 6.2.2: 64 bytes in, 64 bytes out, of no meaning to HID. */
static const uint8_t report[] = {
	0x06, 0x00,	     0xff, /* usage page: vendor defined */
	0x09, 0x01,		   /* usage */
	0xa1, 0x01,		   /* collection: application */
	0x15, 0x00,	     0x26, 0xff,	  0x00, /* bytes, 0 to 255 */
	0x75, 0x08,	     0x95, USB_V1_PACKET, 0x09, 0x01,
	0x81, 0x02, /* input: data, variable, absolute */
	0x95, USB_V1_PACKET, 0x09, 0x01,	  0x91, 0x02, /* output */
	0xc0
};

#define HID_DESC \
	9, DESC_HID, LE16(0x0111), 0, 1, DESC_REPORT, LE16(sizeof(report))

static const uint8_t hid[] = { HID_DESC };

#define CONFIG_LEN (9 + 9 + 7 + 7 + 9 + 9 + 7 + 7)
static const uint8_t configuration[] = {
	9,
	DESC_CONFIGURATION,
	LE16(CONFIG_LEN),
	USB_INTERFACES,
	1,
	0,
	0x80,
	50, /* bus powered, 100 mA */
	/* interface 0: the specification wants OUT first, then IN */
	9,
	DESC_INTERFACE,
	0,
	0,
	2,
	CLASS_VENDOR,
	0,
	0,
	STR_V2,
	7,
	DESC_ENDPOINT,
	USB_EP_V2_OUT,
	EP_BULK,
	LE16(USB_V2_PACKET),
	0,
	7,
	DESC_ENDPOINT,
	USB_EP_V2_IN,
	EP_BULK,
	LE16(USB_V2_PACKET),
	0,
	/* interface 1 */
	9,
	DESC_INTERFACE,
	1,
	0,
	2,
	CLASS_HID,
	0,
	0,
	STR_V1,
	HID_DESC,
	7,
	DESC_ENDPOINT,
	USB_EP_V1_IN,
	EP_INTERRUPT,
	LE16(USB_V1_PACKET),
	USB_V1_INTERVAL,
	7,
	DESC_ENDPOINT,
	USB_EP_V1_OUT,
	EP_INTERRUPT,
	LE16(USB_V1_PACKET),
	USB_V1_INTERVAL,
};
_Static_assert(sizeof(configuration) == CONFIG_LEN, "wTotalLength");

/* -- Microsoft OS 2.0 descriptors ----------------------------------------- */

#define MS_VENDOR_CODE 0x20
#define MS_DESCRIPTOR_INDEX 7
#define MS_WINDOWS 0x06030000u /* 8.1 and later */
#define MS_GUID_LEN 80	       /* UTF-16, two NULs: a list of one */
#define MS_NAME_LEN 42
#define MS_PROPERTY_LEN (10 + MS_NAME_LEN + MS_GUID_LEN)
#define MS_FUNCTION_LEN (8 + 20 + MS_PROPERTY_LEN)
#define MS_CONFIG_LEN (8 + MS_FUNCTION_LEN)
#define MS_SET_LEN (10 + MS_CONFIG_LEN)

static const uint8_t bos[] = { 5,
			       DESC_BOS,
			       LE16(5 + 28),
			       1,
			       28,
			       DESC_CAPABILITY,
			       5,
			       0, /* platform: MS OS 2.0's UUID */
			       0xdf,
			       0x60,
			       0xdd,
			       0xd8,
			       0x89,
			       0x45,
			       0xc7,
			       0x4c,
			       0x9c,
			       0xd2,
			       0x65,
			       0x9d,
			       0x9e,
			       0x64,
			       0x8a,
			       0x9f,
			       LE32(MS_WINDOWS),
			       LE16(MS_SET_LEN),
			       MS_VENDOR_CODE,
			       0 };

/* Up to the registry property's name. */
static const uint8_t ms_head[] = { LE16(10),
				   LE16(0),
				   LE32(MS_WINDOWS),
				   LE16(MS_SET_LEN), /* set */
				   LE16(8),
				   LE16(1),
				   0,
				   0,
				   LE16(MS_CONFIG_LEN), /* configuration */
				   LE16(8),
				   LE16(2),
				   0,
				   0,
				   LE16(MS_FUNCTION_LEN), /* interface 0 */
				   LE16(20),
				   LE16(3),
				   'W',
				   'I',
				   'N',
				   'U',
				   'S',
				   'B',
				   0,
				   0,
				   0,
				   0,
				   0,
				   0,
				   0,
				   0,
				   0,
				   0, /* compatible ID */
				   LE16(MS_PROPERTY_LEN),
				   LE16(4),
				   LE16(7),
				   LE16(MS_NAME_LEN) };
static const char ms_name[] = "DeviceInterfaceGUIDs";
/* the GUID that CMSIS-DAP gives to all v2 probes */
static const char ms_guid[] = "{CDB3B5AD-293B-4663-AA36-1AAE46463776}";

static uint8_t *put_utf16(uint8_t *at, const char *s, size_t units)
{
	size_t len = strlen(s);

	for (size_t i = 0; i < units; i++) {
		*at++ = i < len ? (uint8_t)s[i] : 0;
		*at++ = 0;
	}
	return at;
}

static int ms_set(uint8_t *out)
{
	uint8_t *at = out;

	memcpy(at, ms_head, sizeof(ms_head));
	at = put_utf16(at + sizeof(ms_head), ms_name, MS_NAME_LEN / 2);
	*at++ = MS_GUID_LEN;
	*at++ = 0;
	at = put_utf16(at, ms_guid, MS_GUID_LEN / 2);
	return (int)(at - out);
}
_Static_assert(sizeof(ms_head) + MS_NAME_LEN + 2 + MS_GUID_LEN == MS_SET_LEN,
	       "MS OS 2.0 set");

/* -- requests ------------------------------------------------------------- */

#define STRING_CAP 126 /* bLength is a byte */

static int string(uint8_t index, const char *serial, uint8_t *out)
{
	const char *s = index == STR_SERIAL ? serial : NULL;
	size_t len;

	if (index == STR_LANGUAGES) {
		memcpy(out, (const uint8_t[]){ 4, DESC_STRING, LE16(0x0409) },
		       4);
		return 4;
	}
	if (index < sizeof(strings) / sizeof(strings[0]) && s == NULL)
		s = strings[index];
	if (s == NULL)
		return -1;
	len = strlen(s);
	if (len > STRING_CAP)
		len = STRING_CAP;
	out[0] = (uint8_t)(2 + 2 * len);
	out[1] = DESC_STRING;
	put_utf16(out + 2, s, len);
	return out[0];
}

static int block(uint8_t *out, const uint8_t *from, size_t len)
{
	memcpy(out, from, len);
	return (int)len;
}

static int device_descriptor(const struct usb_setup *s, const char *serial,
			     uint8_t *out)
{
	uint8_t index = s->value & 0xff;

	switch (s->value >> 8) {
	case DESC_STRING:
		return string(index, serial, out);
	case DESC_DEVICE:
		return index == 0 ? block(out, device, sizeof(device)) : -1;
	case DESC_CONFIGURATION:
		return index == 0 ? block(out, configuration,
					  sizeof(configuration))
				  : -1;
	case DESC_BOS:
		return index == 0 ? block(out, bos, sizeof(bos)) : -1;
	default: /* no device qualifier: it knows one speed */
		return -1;
	}
}

static int interface_descriptor(const struct usb_setup *s, const char *serial,
				uint8_t *out)
{
	(void)serial;
	if (s->index != 1)
		return -1;
	if (s->value == DESC_HID << 8)
		return block(out, hid, sizeof(hid));
	if (s->value == DESC_REPORT << 8)
		return block(out, report, sizeof(report));
	return -1;
}

static int status(const struct usb_setup *s, const char *serial, uint8_t *out)
{
	(void)s;
	(void)serial;
	out[0] = out[1] = 0; /* bus powered, nothing halted */
	return 2;
}

static int nothing(const struct usb_setup *s, const char *serial, uint8_t *out)
{
	(void)s;
	(void)serial;
	(void)out;
	return 0;
}

static int ms_request(const struct usb_setup *s, const char *serial,
		      uint8_t *out)
{
	(void)serial;
	return s->index == MS_DESCRIPTOR_INDEX ? ms_set(out) : -1;
}

#define IN 0x80
#define CLASS_REQUEST 0x20
#define VENDOR_REQUEST 0x40
#define TO_INTERFACE 1
#define TO_ENDPOINT 2

static const struct {
	uint8_t type, request;
	int (*answer)(const struct usb_setup *s, const char *serial,
		      uint8_t *out);
} requests[] = {
	{ IN, 0, status },
	{ IN | TO_INTERFACE, 0, status },
	{ IN | TO_ENDPOINT, 0, status },
	{ TO_ENDPOINT, 1, nothing }, /* clear halt; never halted */
	{ IN, 6, device_descriptor },
	{ IN | TO_INTERFACE, 6, interface_descriptor },
	{ CLASS_REQUEST | TO_INTERFACE, 0x0a, nothing }, /* SET_IDLE */
	{ IN | VENDOR_REQUEST, MS_VENDOR_CODE, ms_request },
};

int usb_desc_control(const struct usb_setup *s, const char *serial,
		     uint8_t out[USB_CONTROL_CAP])
{
	int n;

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (requests[i].type != s->type ||
		    requests[i].request != s->request)
			continue;
		n = requests[i].answer(s, serial, out);
		return n > s->length ? s->length : n;
	}
	return -1;
}
