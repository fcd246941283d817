/* SPDX-License-Identifier: MIT */
#include "tests/lib/usb_guest.h"

static void keep(struct usb_guest *f, struct usb_answer *a, uint64_t id,
		 int status, uint8_t *data, int len)
{
	assert_true(len <= USB_ANSWER_CAP);
	a->id = id;
	a->status = status;
	a->len = len;
	if (len != 0)
		memcpy(a->data, data, (size_t)len);
	usbredirparser_free_packet_data(f->guest, data);
}

static void on_log(void *priv, int level, const char *msg)
{
	(void)priv;
	if (level <= usbredirparser_warning)
		fail_msg("guest: %s", msg);
}

static int on_read(void *priv, uint8_t *data, int count)
{
	struct usb_guest *f = priv;
	size_t left = f->u.out.len - f->at;
	size_t n = left < (size_t)count ? left : (size_t)count;

	memcpy(data, f->u.out.buf + f->at, n);
	f->at += n;
	return (int)n;
}

/* In pieces: the device must not mind. */
static int on_write(void *priv, uint8_t *data, int count)
{
	struct usb_guest *f = priv;

	for (int i = 0; i < count; i++)
		assert_int_equal(usbredir_take(&f->u, data + i, 1), 0);
	return count;
}

static void on_hello(void *priv, struct usb_redir_hello_header *h)
{
	(void)h;
	((struct usb_guest *)priv)->hellos++;
}

static void on_connect(void *priv, struct usb_redir_device_connect_header *h)
{
	struct usb_guest *f = priv;

	f->device = *h;
	f->connects++;
}

static void on_disconnect(void *priv)
{
	((struct usb_guest *)priv)->disconnects++;
}

static void on_interface(void *priv, struct usb_redir_interface_info_header *h)
{
	(void)priv;
	assert_int_equal(h->interface_count, 2);
	assert_int_equal(h->interface_class[0], 0xff);
	assert_int_equal(h->interface_class[1], 3);
}

static void on_ep(void *priv, struct usb_redir_ep_info_header *h)
{
	((struct usb_guest *)priv)->ep = *h;
}

static void on_configuration(void *priv, uint64_t id,
			     struct usb_redir_configuration_status_header *h)
{
	struct usb_guest *f = priv;

	f->statuses++;
	f->other = (struct usb_answer){ .id = id,
					.status = h->status,
					.len = h->configuration };
}

static void on_alt(void *priv, uint64_t id,
		   struct usb_redir_alt_setting_status_header *h)
{
	struct usb_guest *f = priv;

	f->statuses++;
	f->other = (struct usb_answer){ .id = id, .status = h->status };
}

static void on_polling(void *priv, uint64_t id,
		       struct usb_redir_interrupt_receiving_status_header *h)
{
	struct usb_guest *f = priv;

	f->statuses++;
	f->other = (struct usb_answer){ .id = id, .status = h->status };
}

static void on_iso(void *priv, uint64_t id,
		   struct usb_redir_iso_stream_status_header *h)
{
	struct usb_guest *f = priv;

	f->statuses++;
	f->other = (struct usb_answer){ .id = id, .status = h->status };
}

static void on_control(void *priv, uint64_t id,
		       struct usb_redir_control_packet_header *h, uint8_t *data,
		       int len)
{
	struct usb_guest *f = priv;

	keep(f, &f->control, id, h->status, data, len);
}

static void on_bulk(void *priv, uint64_t id,
		    struct usb_redir_bulk_packet_header *h, uint8_t *data,
		    int len)
{
	struct usb_guest *f = priv;

	f->bulks++;
	keep(f, (h->endpoint & 0x80) != 0 ? &f->bulk : &f->out, id, h->status,
	     data, len);
}

static void on_interrupt(void *priv, uint64_t id,
			 struct usb_redir_interrupt_packet_header *h,
			 uint8_t *data, int len)
{
	struct usb_guest *f = priv;

	if ((h->endpoint & 0x80) != 0)
		f->reports++;
	keep(f, (h->endpoint & 0x80) != 0 ? &f->report : &f->out, id, h->status,
	     data, len);
}

void usb_guest_exchange(struct usb_guest *f)
{
	assert_int_equal(usbredirparser_do_write(f->guest), 0);
	assert_int_equal(usbredirparser_do_read(f->guest), 0);
	assert_int_equal(usbredirparser_do_write(f->guest), 0);
	assert_int_equal(usbredirparser_do_read(f->guest), 0);
	f->u.out.len = f->u.out.sent = f->at = 0;
}

static void guest_new(struct usb_guest *f)
{
	static const int caps[] = {
		usb_redir_cap_connect_device_version,
		usb_redir_cap_device_disconnect_ack,
		usb_redir_cap_ep_info_max_packet_size,
		usb_redir_cap_64bits_ids,
		usb_redir_cap_32bits_bulk_length,
	};
	uint32_t mask[USB_REDIR_CAPS_SIZE] = { 0 };
	struct usbredirparser *g = usbredirparser_create();

	assert_non_null(g);
	f->guest = g;
	g->priv = f;
	g->log_func = on_log;
	g->read_func = on_read;
	g->write_func = on_write;
	g->hello_func = on_hello;
	g->device_connect_func = on_connect;
	g->device_disconnect_func = on_disconnect;
	g->interface_info_func = on_interface;
	g->ep_info_func = on_ep;
	g->configuration_status_func = on_configuration;
	g->alt_setting_status_func = on_alt;
	g->iso_stream_status_func = on_iso;
	g->interrupt_receiving_status_func = on_polling;
	g->control_packet_func = on_control;
	g->bulk_packet_func = on_bulk;
	g->interrupt_packet_func = on_interrupt;
	for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++)
		usbredirparser_caps_set_cap(mask, caps[i]);
	usbredirparser_init(g, "test", mask, USB_REDIR_CAPS_SIZE, 0);
}

int usb_guest_begin(void **state)
{
	static struct usb_guest f;
	char why[NET_WHY_CAP];

	memset(&f, 0, sizeof(f));
	f.b = bench_setup();
	if (dap_server_init(&f.dap, f.b, NULL, 0, why) != 0 ||
	    usbredir_init(&f.u, &f.dap.probe, NULL, why) != 0)
		return -1;
	f.dap.probe.serial = USB_GUEST_SERIAL;
	assert_int_equal(usbredir_attach(&f.u), 0);
	guest_new(&f);
	usb_guest_exchange(&f);
	*state = &f;
	return 0;
}

int usb_guest_end(void **state)
{
	struct usb_guest *f = *state;

	usbredirparser_destroy(f->guest);
	usbredir_close(&f->u);
	dap_server_close(&f->dap);
	bench_free(f->b);
	return 0;
}

void usb_guest_control(struct usb_guest *f, uint8_t type, uint8_t request,
		       uint16_t value, uint16_t index, uint16_t length)
{
	struct usb_redir_control_packet_header h = {
		.endpoint = type & 0x80,
		.request = request,
		.requesttype = type,
		.value = value,
		.index = index,
		.length = length,
	};

	memset(&f->control, 0xee, sizeof(f->control));
	usbredirparser_send_control_packet(f->guest, 77, &h, NULL, 0);
	usb_guest_exchange(f);
	assert_int_equal(f->control.id, 77);
}

void usb_guest_put(struct usb_guest *f, uint64_t id, const uint8_t *p,
		   size_t len)
{
	struct usb_redir_bulk_packet_header h = { .endpoint = USB_EP_V2_OUT,
						  .length = (uint16_t)len };

	usbredirparser_send_bulk_packet(f->guest, id, &h,
					(uint8_t *)(uintptr_t)p, (int)len);
	usb_guest_exchange(f);
}

void usb_guest_get(struct usb_guest *f, uint64_t id, uint16_t cap)
{
	struct usb_redir_bulk_packet_header h = { .endpoint = USB_EP_V2_IN,
						  .length = cap };

	usbredirparser_send_bulk_packet(f->guest, id, &h, NULL, 0);
	usb_guest_exchange(f);
}

void usb_guest_put_report(struct usb_guest *f, const uint8_t *p, size_t len)
{
	struct usb_redir_interrupt_packet_header h = {
		.endpoint = USB_EP_V1_OUT, .length = (uint16_t)len
	};

	usbredirparser_send_interrupt_packet(f->guest, 5, &h,
					     (uint8_t *)(uintptr_t)p, (int)len);
	usb_guest_exchange(f);
}

void usb_guest_poll(struct usb_guest *f, uint8_t ep)
{
	struct usb_redir_start_interrupt_receiving_header h = { ep };

	usbredirparser_send_start_interrupt_receiving(f->guest, 6, &h);
	usb_guest_exchange(f);
}
