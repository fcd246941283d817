/* SPDX-License-Identifier: MIT */
#include "vmcu/usbredir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <usbredirparser.h>

#include "vmcu/problem.h"
#include "vmcu/usb_stream.h"

#define VERSION_TEXT "signet-vmcu"

/* -- what the library asks of us ------------------------------------------ */

static void on_log(void *priv, int level, const char *msg)
{
	struct usbredir *u = priv;

	if (level == usbredirparser_error && !u->said)
		fprintf(stderr, "signet-vmcu: %s\n", msg);
	u->said |= level == usbredirparser_error;
}

static int on_read(void *priv, uint8_t *data, int count)
{
	struct usbredir *u = priv;
	size_t left = u->in_len - u->in_at;
	size_t n = (size_t)count < left ? (size_t)count : left;

	memcpy(data, u->in + u->in_at, n);
	u->in_at += n;
	return (int)n;
}

static int on_write(void *priv, uint8_t *data, int count)
{
	struct usbredir *u = priv;
	size_t room = net_out_room(&u->out);
	size_t n = (size_t)count < room ? (size_t)count : room;

	return net_out_put(&u->out, data, n) == 0 ? (int)n : -1;
}

/* -- the device as a whole ------------------------------------------------ */

/* usbredir's index of an endpoint: bit 4 = IN. */
static unsigned ep_index(uint8_t ep)
{
	return (ep & 0x80) >> 3 | (ep & 0x0f);
}

static void put_ep(struct usb_redir_ep_info_header *h, uint8_t ep,
		   unsigned interface, uint8_t type, uint16_t packet)
{
	unsigned i = ep_index(ep);

	h->type[i] = type;
	h->interface[i] = (uint8_t)interface;
	h->max_packet_size[i] = packet;
	h->interval[i] = type == usb_redir_type_interrupt ? USB_V1_INTERVAL : 0;
}

static void send_info(struct usbredir *u)
{
	struct usb_redir_interface_info_header i = {
		.interface_count = USB_INTERFACES,
		.interface = { 0, 1 },
		.interface_class = { 0xff, 3 },
	};
	struct usb_redir_ep_info_header e = { 0 };

	memset(e.type, usb_redir_type_invalid, sizeof(e.type));
	e.type[ep_index(0)] = e.type[ep_index(0x80)] = usb_redir_type_control;
	put_ep(&e, USB_EP_V2_OUT, 0, usb_redir_type_bulk, USB_V2_PACKET);
	put_ep(&e, USB_EP_V2_IN, 0, usb_redir_type_bulk, USB_V2_PACKET);
	put_ep(&e, USB_EP_V1_OUT, 1, usb_redir_type_interrupt, USB_V1_PACKET);
	put_ep(&e, USB_EP_V1_IN, 1, usb_redir_type_interrupt, USB_V1_PACKET);
	usbredirparser_send_ep_info(u->parser, &e);
	usbredirparser_send_interface_info(u->parser, &i);
}

static void announce(struct usbredir *u)
{
	struct usb_redir_device_connect_header c = {
		.speed = usb_redir_speed_high,
		.vendor_id = USB_VENDOR,
		.product_id = USB_PRODUCT,
		.device_version_bcd = USB_DEVICE_BCD,
	};

	if (!u->hello || u->pulled || u->connected || u->awaits_ack)
		return;
	usb_stream_reset(u);
	u->configuration = 1;
	send_info(u);
	usbredirparser_send_device_connect(u->parser, &c);
	u->connected = true;
}

static void on_hello(void *priv, struct usb_redir_hello_header *h)
{
	struct usbredir *u = priv;

	(void)h;
	u->hello = true;
	announce(u);
}

static void on_disconnect_ack(void *priv)
{
	struct usbredir *u = priv;

	u->awaits_ack = false;
	announce(u);
}

static void on_reset(void *priv)
{
	usb_stream_reset(priv);
}

static void send_configuration(struct usbredir *u, uint64_t id, uint8_t status)
{
	struct usb_redir_configuration_status_header h = {
		.status = status, .configuration = u->configuration
	};

	usbredirparser_send_configuration_status(u->parser, id, &h);
}

static void on_set_configuration(void *priv, uint64_t id,
				 struct usb_redir_set_configuration_header *h)
{
	struct usbredir *u = priv;
	bool known = h->configuration <= 1;

	if (known) {
		usb_stream_reset(u);
		u->configuration = h->configuration;
		send_info(u);
	}
	send_configuration(u, id, known ? usb_redir_success : usb_redir_inval);
}

static void on_get_configuration(void *priv, uint64_t id)
{
	send_configuration(priv, id, usb_redir_success);
}

static void send_alt(struct usbredir *u, uint64_t id, uint8_t interface,
		     bool good)
{
	struct usb_redir_alt_setting_status_header h = {
		.status = good ? usb_redir_success : usb_redir_inval,
		.interface = interface,
	};

	usbredirparser_send_alt_setting_status(u->parser, id, &h);
}

static void on_set_alt(void *priv, uint64_t id,
		       struct usb_redir_set_alt_setting_header *h)
{
	send_alt(priv, id, h->interface,
		 h->interface < USB_INTERFACES && h->alt == 0);
}

static void on_get_alt(void *priv, uint64_t id,
		       struct usb_redir_get_alt_setting_header *h)
{
	send_alt(priv, id, h->interface, h->interface < USB_INTERFACES);
}

/* -- transfers ------------------------------------------------------------ */

static void on_control(void *priv, uint64_t id,
		       struct usb_redir_control_packet_header *h, uint8_t *data,
		       int len)
{
	struct usbredir *u = priv;
	struct usb_setup s = { h->requesttype, h->request, h->value, h->index,
			       h->length };
	struct usb_redir_control_packet_header answer = *h;
	uint8_t out[USB_CONTROL_CAP];
	char serial[DPROBE_SERIAL_CAP];
	int n;

	(void)len;
	dprobe_serial(u->probe, serial);
	n = usb_desc_control(&s, serial, out);
	answer.status = n >= 0 ? usb_redir_success : usb_redir_stall;
	answer.length = n > 0 ? (uint16_t)n : 0;
	usbredirparser_free_packet_data(u->parser, data);
	usbredirparser_send_control_packet(u->parser, id, &answer,
					   answer.length != 0 ? out : NULL,
					   answer.length);
}

static void on_bulk(void *priv, uint64_t id,
		    struct usb_redir_bulk_packet_header *h, uint8_t *data,
		    int len)
{
	struct usbredir *u = priv;
	struct usb_redir_bulk_packet_header answer = *h;
	bool good;

	if ((h->endpoint & 0x80) != 0)
		good = usb_stream_in(u, h->endpoint, id, h->stream_id,
				     h->length | (size_t)h->length_high << 16);
	else
		good = h->endpoint == USB_EP_V2_OUT &&
		       usb_stream_out(u, h->endpoint, id, data, (size_t)len);
	usbredirparser_free_packet_data(u->parser, data);
	if (good)
		return;
	answer.status = usb_redir_inval;
	answer.length = answer.length_high = 0;
	usbredirparser_send_bulk_packet(u->parser, id, &answer, NULL, 0);
}

static void on_interrupt(void *priv, uint64_t id,
			 struct usb_redir_interrupt_packet_header *h,
			 uint8_t *data, int len)
{
	struct usbredir *u = priv;
	struct usb_redir_interrupt_packet_header answer = *h;
	bool good = h->endpoint == USB_EP_V1_OUT &&
		    usb_stream_out(u, h->endpoint, id, data, (size_t)len);

	usbredirparser_free_packet_data(u->parser, data);
	if (good)
		return;
	answer.status = usb_redir_inval;
	answer.length = 0;
	usbredirparser_send_interrupt_packet(u->parser, id, &answer, NULL, 0);
}

static void set_polled(struct usbredir *u, uint64_t id, uint8_t ep, bool on)
{
	bool good = usb_stream_poll(u, ep, on);
	struct usb_redir_interrupt_receiving_status_header h = {
		.status = good ? usb_redir_success : usb_redir_inval,
		.endpoint = ep,
	};

	usbredirparser_send_interrupt_receiving_status(u->parser, id, &h);
}

static void on_start_interrupt(
	void *priv, uint64_t id,
	struct usb_redir_start_interrupt_receiving_header *h)
{
	struct usbredir *u = priv;

	set_polled(u, id, h->endpoint, true);
	usb_stream_run(u);
}

static void on_stop_interrupt(
	void *priv, uint64_t id,
	struct usb_redir_stop_interrupt_receiving_header *h)
{
	set_polled(priv, id, h->endpoint, false);
}

static void on_cancel(void *priv, uint64_t id)
{
	usb_stream_cancel(priv, id);
}

/* -- what this device does not have --------------------------------------- */

static void refuse_iso(struct usbredir *u, uint64_t id, uint8_t ep)
{
	struct usb_redir_iso_stream_status_header h = {
		.status = usb_redir_inval, .endpoint = ep
	};

	usbredirparser_send_iso_stream_status(u->parser, id, &h);
}

static void on_start_iso(void *priv, uint64_t id,
			 struct usb_redir_start_iso_stream_header *h)
{
	refuse_iso(priv, id, h->endpoint);
}

static void on_stop_iso(void *priv, uint64_t id,
			struct usb_redir_stop_iso_stream_header *h)
{
	refuse_iso(priv, id, h->endpoint);
}

static void on_iso(void *priv, uint64_t id,
		   struct usb_redir_iso_packet_header *h, uint8_t *data,
		   int len)
{
	struct usbredir *u = priv;

	(void)len;
	usbredirparser_free_packet_data(u->parser, data);
	refuse_iso(u, id, h->endpoint);
}

static void on_filter_reject(void *priv)
{
	(void)priv;
	problem("let the filter of QEMU's usb-redir pass it",
		"the other side's filter refuses the USB probe");
}

static void on_filter(void *priv, struct usbredirfilter_rule *rules, int count)
{
	(void)priv;
	(void)count;
	free(rules);
}

/* Streams and buffered bulk input cannot come: their capabilities are not
 * offered, and the library refuses them. */
static void set_callbacks(struct usbredirparser *p)
{
	p->log_func = on_log;
	p->read_func = on_read;
	p->write_func = on_write;
	p->hello_func = on_hello;
	p->reset_func = on_reset;
	p->set_configuration_func = on_set_configuration;
	p->get_configuration_func = on_get_configuration;
	p->set_alt_setting_func = on_set_alt;
	p->get_alt_setting_func = on_get_alt;
	p->start_iso_stream_func = on_start_iso;
	p->stop_iso_stream_func = on_stop_iso;
	p->start_interrupt_receiving_func = on_start_interrupt;
	p->stop_interrupt_receiving_func = on_stop_interrupt;
	p->cancel_data_packet_func = on_cancel;
	p->filter_reject_func = on_filter_reject;
	p->filter_filter_func = on_filter;
	p->device_disconnect_ack_func = on_disconnect_ack;
	p->control_packet_func = on_control;
	p->bulk_packet_func = on_bulk;
	p->iso_packet_func = on_iso;
	p->interrupt_packet_func = on_interrupt;
}

/* -- the connection ------------------------------------------------------- */

int usbredir_attach(struct usbredir *u)
{
	static const int caps[] = {
		usb_redir_cap_connect_device_version,
		usb_redir_cap_filter,
		usb_redir_cap_device_disconnect_ack,
		usb_redir_cap_ep_info_max_packet_size,
		usb_redir_cap_64bits_ids,
		usb_redir_cap_32bits_bulk_length,
	};
	uint32_t mask[USB_REDIR_CAPS_SIZE] = { 0 };

	u->parser = usbredirparser_create();
	if (u->parser == NULL)
		return E_NOMEM;
	u->parser->priv = u;
	set_callbacks(u->parser);
	for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++)
		usbredirparser_caps_set_cap(mask, caps[i]);
	usbredirparser_init(u->parser, VERSION_TEXT, mask, USB_REDIR_CAPS_SIZE,
			    usbredirparser_fl_usb_host);
	usb_stream_reset(u);
	return usbredirparser_do_write(u->parser) == 0 ? 0 : E_IO;
}

void usbredir_detach(struct usbredir *u)
{
	usb_stream_reset(u);
	if (u->parser != NULL)
		usbredirparser_destroy(u->parser);
	u->parser = NULL;
	u->hello = u->connected = u->awaits_ack = false;
	u->broken = u->said = false;
	u->in_len = u->in_at = 0;
	u->out.len = u->out.sent = 0;
}

/* Handles what is in the buffer. */
static int digest(struct usbredir *u)
{
	int r = usbredirparser_do_read(u->parser);

	u->in_len = u->in_at = 0;
	if (r < 0)
		u->broken = true;
	if (usbredirparser_do_write(u->parser) != 0)
		return E_IO;
	return u->broken ? E_SYNTAX : 0;
}

int usbredir_take(struct usbredir *u, const uint8_t *p, size_t len)
{
	if (len > sizeof(u->in))
		return E_SPACE;
	if (len != 0)
		memcpy(u->in, p, len);
	u->in_len = len;
	u->in_at = 0;
	return digest(u);
}

void usbredir_plug(struct usbredir *u, bool in)
{
	u->pulled = !in;
	if (u->parser == NULL)
		return;
	if (in) {
		announce(u);
	} else if (u->connected) {
		usb_stream_reset(u);
		usbredirparser_send_device_disconnect(u->parser);
		u->connected = false;
		u->awaits_ack = usbredirparser_peer_has_cap(
			u->parser, usb_redir_cap_device_disconnect_ack);
	}
	if (usbredirparser_do_write(u->parser) != 0)
		u->broken = true;
}
