/* SPDX-License-Identifier: MIT */
/*
 * CMSIS-DAP v2: packets as bulk transfers, over libusb.  The specification
 * ("Configure USB peripheral") tells a v2 interface by its name, which
 * contains "CMSIS-DAP", the vendor class, and by its first two endpoints:
 * bulk OUT, then bulk IN.
 */
#include <libusb-1.0/libusb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/transport.h"
#include "probe/usb.h"
#include "wire/dap.h"

#define SEND_MS 5000
#define STALE_MS 5
#define STALE_MAX 32

struct bulk {
	libusb_context *ctx;
	libusb_device_handle *dev;
	int interface;
	uint8_t out, in;
	int in_packet; /* wMaxPacketSize of the IN endpoint */
	int in_len;    /* what a transfer asks for */
};

struct v2 { /* where the interface is */
	int interface;
	uint8_t out, in, name;
	int in_packet;
};

/* -- finding -------------------------------------------------------------- */

static bool is_v2(const struct libusb_interface_descriptor *d, struct v2 *out)
{
	const struct libusb_endpoint_descriptor *e = d->endpoint;

	if (d->bInterfaceClass != LIBUSB_CLASS_VENDOR_SPEC ||
	    d->bInterfaceSubClass != 0 || d->bNumEndpoints < 2 ||
	    d->iInterface == 0 ||
	    (e[0].bmAttributes & 3) != LIBUSB_TRANSFER_TYPE_BULK ||
	    (e[1].bmAttributes & 3) != LIBUSB_TRANSFER_TYPE_BULK ||
	    (e[0].bEndpointAddress & 0x80) != 0 ||
	    (e[1].bEndpointAddress & 0x80) == 0)
		return false;
	*out = (struct v2){ d->bInterfaceNumber, e[0].bEndpointAddress,
			    e[1].bEndpointAddress, d->iInterface,
			    e[1].wMaxPacketSize & 0x7ff };
	return out->in_packet != 0;
}

static bool find_v2(libusb_device *dev, unsigned *at, struct v2 *out)
{
	struct libusb_config_descriptor *c;
	bool found = false;

	if (libusb_get_active_config_descriptor(dev, &c) != 0)
		return false;
	while (*at < c->bNumInterfaces && !found) {
		const struct libusb_interface *i = &c->interface[(*at)++];

		found = i->num_altsetting > 0 && is_v2(&i->altsetting[0], out);
	}
	libusb_free_config_descriptor(c);
	return found;
}

static void text(libusb_device_handle *h, uint8_t index, char out[USB_TEXT_CAP])
{
	int n = index == 0 ? 0
			   : libusb_get_string_descriptor_ascii(
				     h, index, (unsigned char *)out,
				     USB_TEXT_CAP - 1);

	out[n > 0 ? n : 0] = '\0';
	usb_text_clean(out);
}

static const char *problem_text(int err)
{
	switch (err) {
	case LIBUSB_ERROR_ACCESS:
		return "no permission (docs/probes.md has the udev rule)";
	case LIBUSB_ERROR_BUSY:
		return "another program has it";
	case LIBUSB_ERROR_NO_DEVICE:
		return "it was unplugged just now";
	default:
		return libusb_strerror(err);
	}
}

/* As Linux names it: bus, then the port of each hub on the way. */
static void place_of(libusb_device *dev, char out[USB_PLACE_CAP])
{
	uint8_t port[8];
	int n = libusb_get_port_numbers(dev, port, sizeof(port));
	int at = snprintf(out, USB_PLACE_CAP, "%u", libusb_get_bus_number(dev));

	for (int i = 0; i < n; i++)
		at += snprintf(out + at, (size_t)(USB_PLACE_CAP - at), "%c%u",
			       i == 0 ? '-' : '.', port[i]);
}

/*
 * Looks at one device.  True when it is a v2 probe, or may be one and cannot
 * be asked; *ret_handle is open then, or NULL.
 */
static bool look(libusb_device *dev, struct usb_probe *p, struct v2 *v2,
		 libusb_device_handle **ret_handle)
{
	struct libusb_device_descriptor d;
	libusb_device_handle *h = NULL;
	char name[USB_TEXT_CAP];
	unsigned at = 0;
	bool named = false;
	int err;

	memset(p, 0, sizeof(*p));
	if (libusb_get_device_descriptor(dev, &d) != 0 ||
	    !find_v2(dev, &at, v2))
		return false;
	p->vid = d.idVendor;
	p->pid = d.idProduct;
	place_of(dev, p->place);
	err = libusb_open(dev, &h);
	if (err != 0) {
		*ret_handle = NULL;
		p->problem = problem_text(err);
		usb_probe_name(p, "usb");
		return true;
	}
	do {
		text(h, v2->name, name);
		named = strstr(name, "CMSIS-DAP") != NULL;
	} while (!named && find_v2(dev, &at, v2));
	if (!named) {
		libusb_close(h);
		return false;
	}
	text(h, d.iSerialNumber, p->serial);
	text(h, d.iProduct, p->product);
	usb_probe_name(p, "usb");
	*ret_handle = h;
	return true;
}

int usb_bulk_each(usb_seen *seen, void *arg)
{
	libusb_context *ctx;
	libusb_device **list;
	ssize_t n;

	if (libusb_init(&ctx) != 0)
		return E_IO;
	n = libusb_get_device_list(ctx, &list);
	for (ssize_t i = 0; i < n; i++) {
		libusb_device_handle *h;
		struct usb_probe p;
		struct v2 v2;

		if (!look(list[i], &p, &v2, &h))
			continue;
		seen(arg, &p);
		if (h != NULL)
			libusb_close(h);
	}
	if (n >= 0)
		libusb_free_device_list(list, 1);
	libusb_exit(ctx);
	return n >= 0 ? 0 : E_IO;
}

/* -- the transport -------------------------------------------------------- */

static int bulk_send(void *self, const uint8_t *packet, size_t len)
{
	struct bulk *b = self;
	int done = 0;
	int err = libusb_bulk_transfer(b->dev, b->out,
				       (unsigned char *)(uintptr_t)packet,
				       (int)len, &done, SEND_MS);

	return err == 0 && (size_t)done == len ? 0 : E_PROBE_LOST;
}

static int bulk_receive(void *self, uint8_t *packet, size_t cap,
			uint32_t timeout_ms, size_t *out_len)
{
	struct bulk *b = self;
	int done = 0;
	int want = (size_t)b->in_len <= cap ? b->in_len : (int)cap;
	int err = libusb_bulk_transfer(b->dev, b->in, packet, want, &done,
				       timeout_ms);

	if (err == LIBUSB_ERROR_TIMEOUT)
		return E_TIMEOUT;
	if (err == LIBUSB_ERROR_OVERFLOW)
		return E_PROBE;
	if (err != 0)
		return E_PROBE_LOST;
	if (done == 0)
		return E_PROBE;
	*out_len = (size_t)done;
	return 0;
}

/* A full packet ends a transfer only when no more was asked for. */
static void bulk_packet_size(void *self, size_t size)
{
	struct bulk *b = self;
	int packets = ((int)size + b->in_packet - 1) / b->in_packet;

	b->in_len = packets * b->in_packet;
}

static void bulk_close(void *self)
{
	struct bulk *b = self;

	if (b == NULL)
		return;
	if (b->dev != NULL) {
		(void)libusb_release_interface(b->dev, b->interface);
		libusb_close(b->dev);
	}
	libusb_exit(b->ctx);
	free(b);
}

static const struct transport_ops bulk_ops = {
	.send = bulk_send,
	.receive = bulk_receive,
	.packet_size = bulk_packet_size,
	.close = bulk_close,
};

/* -- opening -------------------------------------------------------------- */

/* Keeps the one device that fits. */
static int choose(struct bulk *b, struct usb_choice *c, struct v2 *out,
		  char why[256])
{
	libusb_device **list;
	ssize_t n = libusb_get_device_list(b->ctx, &list);

	for (ssize_t i = 0; i < n; i++) {
		libusb_device_handle *h;
		struct usb_probe p;
		struct v2 v2;

		if (!look(list[i], &p, &v2, &h))
			continue;
		if (usb_choice_take(c, &p)) {
			b->dev = h;
			*out = v2;
		} else if (h != NULL) {
			libusb_close(h);
		}
	}
	if (n >= 0)
		libusb_free_device_list(list, 1);
	return usb_choice_end(c, why);
}

/* What an earlier user asked for and did not fetch. */
static void drop_stale(struct bulk *b)
{
	uint8_t packet[DAP_PACKET_MAX];
	int done;

	for (unsigned i = 0; i < STALE_MAX; i++)
		if (libusb_bulk_transfer(b->dev, b->in, packet, b->in_len,
					 &done, STALE_MS) != 0)
			return;
}

static int claim(struct bulk *b, const struct usb_choice *c, char why[256])
{
	int err = libusb_claim_interface(b->dev, b->interface);

	if (err == 0)
		return 0;
	snprintf(why, 256, "probe %.140s: %.80s", c->first.uri,
		 problem_text(err));
	libusb_close(b->dev);
	b->dev = NULL;
	return E_PROBE_LOST;
}

int usb_bulk_open(const char *name, struct transport *out, char why[256])
{
	struct bulk *b = calloc(1, sizeof(*b));
	struct usb_choice c;
	struct v2 v2 = { 0 };
	int err;

	if (b == NULL)
		return E_NOMEM;
	err = usb_choice_init(&c, "usb", name, why);
	if (err == 0 && libusb_init(&b->ctx) != 0) {
		snprintf(why, 256, "usb:%.100s: USB cannot be used here", name);
		err = E_PROBE_LOST;
	}
	if (err != 0) {
		free(b);
		return err;
	}
	err = choose(b, &c, &v2, why);
	if (err == 0) {
		b->interface = v2.interface;
		b->out = v2.out;
		b->in = v2.in;
		b->in_packet = b->in_len = v2.in_packet;
		err = claim(b, &c, why);
	} else if (b->dev != NULL) {
		libusb_close(b->dev);
		b->dev = NULL;
	}
	if (err != 0) {
		bulk_close(b);
		return err;
	}
	drop_stale(b);
	*out = (struct transport){ .ops = &bulk_ops, .self = b };
	return 0;
}
