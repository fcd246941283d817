/* SPDX-License-Identifier: MIT */
#include "vmcu/usb_stream.h"

#include <string.h>
#include <usbredirparser.h>

static bool is_bulk(const struct usb_stream *s)
{
	return s->ep_out == USB_EP_V2_OUT;
}

void usb_stream_reset(struct usbredir *u)
{
	static const struct {
		uint8_t out, in;
		size_t packet;
	} kind[USB_INTERFACES] = {
		{ USB_EP_V2_OUT, USB_EP_V2_IN, USB_V2_PACKET },
		{ USB_EP_V1_OUT, USB_EP_V1_IN, USB_V1_PACKET },
	};

	for (unsigned i = 0; i < USB_INTERFACES; i++) {
		struct usb_stream *s = &u->stream[i];

		s->ep_out = kind[i].out;
		s->ep_in = kind[i].in;
		s->packet_max = kind[i].packet;
		s->queue.count = 0;
		s->out_count = s->answer_count = s->in_count = 0;
		s->polled = false;
		s->next_id = 0;
	}
	if (u->probe->user == DPROBE_USB_V2 || u->probe->user == DPROBE_USB_V1)
		dprobe_detach(u->probe);
}

/* -- the probe ------------------------------------------------------------ */

static int keep_answer(void *user, const uint8_t *resp, size_t len)
{
	struct usb_stream *s = user;
	struct usb_packet *a;

	if (s->answer_count == USBREDIR_ANSWERS)
		return E_SPACE;
	a = &s->answer[s->answer_count++];
	memcpy(a->data, resp, len);
	a->len = len;
	if (!is_bulk(s)) { /* reports have one size */
		memset(a->data + len, 0, s->packet_max - len);
		a->len = s->packet_max;
	}
	return 0;
}

static void refuse(struct usb_stream *s)
{
	static const uint8_t invalid = DAP_INVALID;

	(void)!keep_answer(s, &invalid, 1);
}

static enum dprobe_user user_of(const struct usb_stream *s)
{
	return is_bulk(s) ? DPROBE_USB_V2 : DPROBE_USB_V1;
}

/* Anybody may ask what the probe is; only one may use it. */
static bool may_use(const struct dprobe *p, const struct usb_stream *s,
		    uint8_t command)
{
	return p->user == DPROBE_FREE || p->user == user_of(s) ||
	       command == DAP_INFO;
}

static void execute(struct usbredir *u, struct usb_stream *s,
		    const struct usb_packet *p)
{
	struct dprobe *probe = u->probe;

	if (p->len == 0)
		return;
	if (p->len > s->packet_max || !may_use(probe, s, p->data[0])) {
		refuse(s);
		return;
	}
	probe->packet_max = s->packet_max;
	/* there is room for all answers: see pump() */
	(void)!dap_queue_take(&s->queue, probe, p->data, p->len, keep_answer,
			      s);
	probe->packet_max = DAP_PACKET_MAX;
	if (probe->user == DPROBE_FREE || probe->user == user_of(s))
		probe->user = probe->connected ? user_of(s) : DPROBE_FREE;
}

/* -- transfers ------------------------------------------------------------ */

static void finish_out(struct usbredir *u, const struct usb_stream *s,
		       uint64_t id, uint8_t status, size_t len)
{
	struct usb_redir_bulk_packet_header b = { .endpoint = s->ep_out,
						  .status = status,
						  .length = (uint16_t)len };
	struct usb_redir_interrupt_packet_header i = {
		.endpoint = s->ep_out, .status = status, .length = (uint16_t)len
	};

	if (is_bulk(s))
		usbredirparser_send_bulk_packet(u->parser, id, &b, NULL, 0);
	else
		usbredirparser_send_interrupt_packet(u->parser, id, &i, NULL,
						     0);
}

static void finish_in(struct usbredir *u, const struct usb_stream *s,
		      unsigned which, uint8_t status, const uint8_t *data,
		      size_t len)
{
	struct usb_redir_bulk_packet_header h = {
		.endpoint = s->ep_in,
		.status = status,
		.length = (uint16_t)len,
		.stream_id = s->in[which].stream_id,
	};

	usbredirparser_send_bulk_packet(u->parser, s->in[which].id, &h,
					(uint8_t *)(uintptr_t)data, (int)len);
}

static void drop_in(struct usb_stream *s, unsigned which)
{
	s->in_count--;
	memmove(&s->in[which], &s->in[which + 1],
		(s->in_count - which) * sizeof(s->in[0]));
}

static void drop_out(struct usb_stream *s, unsigned which)
{
	s->out_count--;
	memmove(&s->out[which], &s->out[which + 1],
		(s->out_count - which) * sizeof(s->out[0]));
}

/* Hands the oldest answer over, if somebody fetches it. */
static bool deliver(struct usbredir *u, struct usb_stream *s)
{
	struct usb_packet *a = &s->answer[0];
	struct usb_redir_interrupt_packet_header h = {
		.endpoint = s->ep_in,
		.status = usb_redir_success,
		.length = (uint16_t)a->len,
	};

	if (s->answer_count == 0)
		return false;
	if (is_bulk(s)) {
		if (s->in_count == 0)
			return false;
		if (s->in[0].cap < a->len) /* USB 2.0, 5.8.3: babble */
			finish_in(u, s, 0, usb_redir_babble, NULL, 0);
		else
			finish_in(u, s, 0, usb_redir_success, a->data, a->len);
		drop_in(s, 0);
	} else {
		if (!s->polled)
			return false;
		usbredirparser_send_interrupt_packet(u->parser, s->next_id++,
						     &h, a->data, (int)a->len);
	}
	s->answer_count--;
	memmove(&s->answer[0], &s->answer[1],
		s->answer_count * sizeof(s->answer[0]));
	return true;
}

/* As long as answers are not fetched, a probe takes no more packets. */
static void pump(struct usbredir *u, struct usb_stream *s)
{
	bool moved;

	do {
		moved = deliver(u, s);
		if (s->out_count != 0 &&
		    s->answer_count + DAP_QUEUE_ANSWERS <= USBREDIR_ANSWERS) {
			execute(u, s, &s->out[0]);
			finish_out(u, s, s->out[0].id, usb_redir_success,
				   s->out[0].len);
			drop_out(s, 0);
			moved = true;
		}
	} while (moved);
}

bool usb_stream_out(struct usbredir *u, uint8_t ep, uint64_t id,
		    const uint8_t *data, size_t len)
{
	for (unsigned i = 0; i < USB_INTERFACES; i++) {
		struct usb_stream *s = &u->stream[i];
		struct usb_packet *p;

		if (s->ep_out != ep)
			continue;
		if (s->out_count == USBREDIR_PENDING)
			return false;
		p = &s->out[s->out_count++];
		p->id = id;
		p->len = len;
		if (len != 0)
			memcpy(p->data, data,
			       len < DAP_PACKET_MAX ? len : DAP_PACKET_MAX);
		pump(u, s);
		return true;
	}
	return false;
}

bool usb_stream_in(struct usbredir *u, uint8_t ep, uint64_t id,
		   uint32_t stream_id, size_t cap)
{
	struct usb_stream *s = &u->stream[0];

	if (ep != s->ep_in || s->in_count == USBREDIR_PENDING)
		return false;
	s->in[s->in_count].id = id;
	s->in[s->in_count].stream_id = stream_id;
	s->in[s->in_count++].cap = cap;
	pump(u, s);
	return true;
}

bool usb_stream_poll(struct usbredir *u, uint8_t ep, bool on)
{
	struct usb_stream *s = &u->stream[1];

	if (ep != s->ep_in)
		return false;
	s->polled = on;
	return true;
}

void usb_stream_run(struct usbredir *u)
{
	for (unsigned i = 0; i < USB_INTERFACES; i++)
		pump(u, &u->stream[i]);
}

static bool cancel_in(struct usbredir *u, struct usb_stream *s, uint64_t id)
{
	for (unsigned k = 0; k < s->in_count; k++) {
		if (s->in[k].id != id)
			continue;
		finish_in(u, s, k, usb_redir_cancelled, NULL, 0);
		drop_in(s, k);
		return true;
	}
	return false;
}

/* Transfers done already are not heard of again, as QEMU expects. */
void usb_stream_cancel(struct usbredir *u, uint64_t id)
{
	for (unsigned i = 0; i < USB_INTERFACES; i++) {
		struct usb_stream *s = &u->stream[i];

		if (cancel_in(u, s, id))
			return;
		for (unsigned k = 0; k < s->out_count; k++) {
			if (s->out[k].id != id)
				continue;
			finish_out(u, s, id, usb_redir_cancelled, 0);
			drop_out(s, k);
			return;
		}
	}
}
