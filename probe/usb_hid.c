/* SPDX-License-Identifier: MIT */
/*
 * CMSIS-DAP v1: packets as HID reports of 64 bytes, over hidapi (hidraw).
 * What is behind an answer in its report is undefined, so decoders ignore it.
 */
#include <fcntl.h>
#include <hidapi/hidapi.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "probe/transport.h"
#include "probe/usb.h"

#define REPORT 64
#define STALE_MS 5
#define STALE_MAX 32

struct hid {
	hid_device *dev;
	int lock; /* the same node once more, with a lock on it */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int ready;

static void init(void)
{
	ready = hid_init();
}

/* -- finding -------------------------------------------------------------- */

static void narrow(const wchar_t *from, char out[USB_TEXT_CAP])
{
	size_t n = 0;

	for (; from != NULL && *from != 0 && n < USB_TEXT_CAP - 1; from++)
		out[n++] = *from < 0x20 || *from > 0x7e ? '?' : (char)*from;
	out[n] = '\0';
}

/* The component "1-2.3:1.1" of a hidraw node's path in sysfs, up to ':'. */
static void place_of(const char *node, char out[USB_PLACE_CAP])
{
	const char *name = strrchr(node, '/');
	char link[128];
	char *path, *save = NULL;

	out[0] = '\0';
	snprintf(link, sizeof(link), "/sys/class/hidraw/%.80s/device",
		 name != NULL ? name + 1 : node);
	path = realpath(link, NULL);
	for (char *c = path != NULL ? strtok_r(path, "/", &save) : NULL;
	     c != NULL; c = strtok_r(NULL, "/", &save)) {
		size_t bus = strspn(c, "0123456789");
		size_t len = strspn(c, "0123456789-.");

		if (bus > 0 && c[bus] == '-' && c[len] == ':' &&
		    len < USB_PLACE_CAP)
			snprintf(out, USB_PLACE_CAP, "%.*s", (int)len, c);
	}
	free(path);
}

/* HID has no names of interfaces here: the product's has to do, as the
 * specification demands of v1. */
static bool is_v1(const struct hid_device_info *i, struct usb_probe *p)
{
	memset(p, 0, sizeof(*p));
	narrow(i->product_string, p->product);
	narrow(i->serial_number, p->serial);
	p->vid = i->vendor_id;
	p->pid = i->product_id;
	place_of(i->path, p->place);
	usb_probe_name(p, "hid");
	return strstr(p->product, "CMSIS-DAP") != NULL;
}

int usb_hid_each(usb_seen *seen, void *arg)
{
	struct hid_device_info *list;
	struct usb_probe p;

	pthread_once(&once, init);
	if (ready != 0)
		return E_IO;
	list = hid_enumerate(0, 0);
	for (struct hid_device_info *i = list; i != NULL; i = i->next)
		if (is_v1(i, &p))
			seen(arg, &p);
	hid_free_enumeration(list);
	return 0;
}

/* -- the transport -------------------------------------------------------- */

static int hid_send(void *self, const uint8_t *packet, size_t len)
{
	struct hid *h = self;
	uint8_t report[1 + REPORT] = { 0 }; /* reports have no numbers: 0 */

	if (len > REPORT)
		return E_INTERNAL;
	memcpy(report + 1, packet, len);
	return hid_write(h->dev, report, sizeof(report)) > 0 ? 0 : E_PROBE_LOST;
}

static int hid_receive(void *self, uint8_t *packet, size_t cap,
		       uint32_t timeout_ms, size_t *out_len)
{
	struct hid *h = self;
	int n = hid_read_timeout(h->dev, packet, cap,
				 timeout_ms < INT32_MAX ? (int)timeout_ms
							: INT32_MAX);

	if (n < 0)
		return E_PROBE_LOST;
	if (n == 0)
		return E_TIMEOUT;
	*out_len = (size_t)n;
	return 0;
}

static void hid_shut(void *self)
{
	struct hid *h = self;

	if (h == NULL)
		return;
	hid_close(h->dev);
	close(h->lock);
	free(h);
}

static const struct transport_ops hid_ops = {
	.send = hid_send,
	.receive = hid_receive,
	.close = hid_shut,
};

/* -- opening -------------------------------------------------------------- */

/* Anybody may open a hidraw node; of our programs one keeps the others out,
 * and one channel another.  The device's name, or NULL. */
static char *choose(struct usb_choice *c)
{
	struct hid_device_info *list = hid_enumerate(0, 0);
	struct usb_probe p;
	char *path = NULL;

	for (struct hid_device_info *i = list; i != NULL; i = i->next)
		if (is_v1(i, &p) && usb_choice_take(c, &p))
			path = strdup(i->path);
	hid_free_enumeration(list);
	return path;
}

static int open_path(struct hid *h, const char *path, const char *uri,
		     char why[256])
{
	const char *cause = "no permission, or it was unplugged just now "
			    "(docs/probes.md has the udev rule)";

	h->lock = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	if (h->lock >= 0 && flock(h->lock, LOCK_EX | LOCK_NB) != 0)
		cause = "another program has it";
	else if (h->lock >= 0)
		h->dev = hid_open_path(path);
	if (h->dev != NULL)
		return 0;
	snprintf(why, 256, "probe %.140s: %s", uri, cause);
	if (h->lock >= 0)
		close(h->lock);
	return E_PROBE_LOST;
}

/* What an earlier user asked for and did not fetch. */
static void drop_stale(struct hid *h)
{
	uint8_t stale[REPORT];

	for (unsigned i = 0; i < STALE_MAX; i++)
		if (hid_read_timeout(h->dev, stale, sizeof(stale), STALE_MS) <=
		    0)
			return;
}

int usb_hid_open(const char *name, struct transport *out, char why[256])
{
	struct usb_choice c;
	struct hid *h;
	char *path;
	int err = usb_choice_init(&c, "hid", name, why);

	if (err != 0)
		return err;
	pthread_once(&once, init);
	if (ready != 0) {
		snprintf(why, 256, "hid:%.100s: HID cannot be used here", name);
		return E_PROBE_LOST;
	}
	h = calloc(1, sizeof(*h));
	if (h == NULL)
		return E_NOMEM;
	path = choose(&c);
	err = usb_choice_end(&c, why);
	if (err == 0)
		err = open_path(h, path, c.first.uri, why);
	free(path);
	if (err != 0) {
		free(h);
		return err;
	}
	drop_stale(h);
	*out = (struct transport){ .ops = &hid_ops,
				   .self = h,
				   .packet_max = REPORT };
	return 0;
}
