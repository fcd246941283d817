/* SPDX-License-Identifier: MIT */
/* The packet queue: see probe/internal.h. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/rw.h"
#include "probe/internal.h"

int probe_fail(struct probe *p, int err, const char *format, ...)
{
	va_list args;

	if (p->err != 0)
		return p->err;
	p->err = err;
	if (err == E_PROBE_LOST)
		p->lost = true;
	va_start(args, format);
	vsnprintf(p->why, sizeof(p->why), format, args);
	va_end(args);
	return err;
}

static const char *wire_text(int err)
{
	switch (err) {
	case E_DAP_WAIT:
		return "WAIT for too long";
	case E_DAP_FAULT:
		return "FAULT";
	case E_DAP_PARITY:
		return "parity error on the wire";
	case E_DAP_NO_ACK:
		return "nobody answers";
	case E_TIMEOUT:
		return "the value waited for did not come";
	default:
		return "the probe's answer makes no sense";
	}
}

static void explain_op(struct probe *p, int err, const struct dap_op *op)
{
	bool read = (op->request & DAP_REQ_RNW) != 0;
	unsigned reg = op->request & DAP_REQ_A32;

	if ((op->request & DAP_REQ_APNDP) == 0)
		probe_fail(p, err, "debug port %s of register 0x%x: %s",
			   read ? "read" : "write", reg, wire_text(err));
	else if (reg == AP_DRW)
		probe_fail(p, err, "AP 0 %s of 0x%08" PRIx32 ": %s",
			   read ? "read" : "write", op->where, wire_text(err));
	else
		probe_fail(p, err, "AP 0 %s of its register 0x%x: %s",
			   read ? "read" : "write", reg, wire_text(err));
}

static void explain_block(struct probe *p, int err, const struct slot *s,
			  unsigned done)
{
	probe_fail(p, err,
		   "AP 0 %s of 0x%08" PRIx32 ": %s after %u of %u words",
		   s->request & DAP_REQ_RNW ? "read" : "write",
		   s->where + 4 * done, wire_text(err), done, s->count);
}

static void slot_decode(struct probe *p, struct slot *s, const uint8_t *packet,
			size_t len)
{
	unsigned done = 0;
	int err;

	switch (s->kind) {
	case SLOT_OPS:
		err = codec_transfer_decode(s->ops, s->count, packet, len,
					    &done);
		if (err != 0)
			explain_op(
				p, err,
				&s->ops[done < s->count ? done : s->count - 1]);
		break;
	case SLOT_BLOCK:
		err = codec_block_decode(s->request, s->data, s->count, packet,
					 len, &done);
		if (err != 0)
			explain_block(p, err, s, done);
		break;
	case SLOT_STATUS:
		err = codec_status(s->command, packet, len);
		if (err != 0)
			probe_fail(p, err, "probe refuses command 0x%02x",
				   s->command);
		break;
	case SLOT_SEQUENCE:
		err = codec_sequence_decode(packet, len, s->data, s->count);
		if (err != 0)
			probe_fail(p, err,
				   "probe cannot clock the pins as asked");
		break;
	}
}

static int receive_packet(struct probe *p, uint8_t *packet, size_t cap,
			  size_t *out_len)
{
	int err;

	if (p->lost)
		return E_PROBE_LOST;
	err = p->transport.ops->receive(p->transport.self, packet, cap,
					p->timeout_ms, out_len);
	if (err == 0)
		return 0;
	/* after either, answers and questions no longer match */
	p->lost = true;
	if (err == E_PROBE)
		return probe_fail(p, err,
				  "what comes from the probe is not "
				  "CMSIS-DAP");
	if (err == E_TIMEOUT)
		return probe_fail(p, E_PROBE_LOST,
				  "the probe gave no answer for %" PRIu32 " ms",
				  p->timeout_ms);
	return probe_fail(p, E_PROBE_LOST,
			  "the probe went away: unplugged, or its connection "
			  "broke");
}

static int send_packet(struct probe *p, const uint8_t *packet, size_t len)
{
	if (p->lost)
		return probe_fail(p, E_PROBE_LOST, "the probe is gone");
	if (p->transport.ops->send(p->transport.self, packet, len) != 0)
		return probe_fail(p, E_PROBE_LOST,
				  "the probe went away: unplugged, or its "
				  "connection broke");
	return 0;
}

/* Takes the oldest answer; packets behind a lost probe are forgotten. */
static void queue_receive(struct probe *p)
{
	struct slot *s = &p->slots[p->head];
	uint8_t packet[DAP_PACKET_MAX];
	size_t len;

	p->head = (p->head + 1) % p->slot_count;
	p->in_flight--;
	if (receive_packet(p, packet, sizeof(packet), &len) == 0)
		slot_decode(p, s, packet, len);
}

/* The open slot is complete: it flies, and the next one opens. */
static void queue_launch(struct probe *p, const uint8_t *packet, size_t len)
{
	struct slot *next;

	while (p->in_flight >= p->slot_count - 1)
		queue_receive(p);
	if (send_packet(p, packet, len) != 0) {
		p->slots[p->open].count = 0;
		return;
	}
	p->in_flight++;
	p->open = (p->open + 1) % p->slot_count;
	next = &p->slots[p->open];
	next->kind = SLOT_OPS;
	next->count = 0;
	next->request_len = CODEC_TRANSFER_REQUEST_HEAD;
	next->response_len = CODEC_TRANSFER_RESPONSE_HEAD;
}

static void queue_send_ops(struct probe *p)
{
	struct slot *s = &p->slots[p->open];
	uint8_t packet[DAP_PACKET_MAX];
	size_t len;

	if (s->count == 0)
		return;
	s->kind = SLOT_OPS;
	if (codec_transfer_encode(s->ops, s->count, packet, sizeof(packet),
				  &len) != 0) {
		probe_fail(p, E_INTERNAL, "transfer packet overflows");
		return;
	}
	queue_launch(p, packet, len);
}

size_t queue_room(const struct probe *p)
{
	const struct slot *s = &p->slots[p->open];
	size_t used = s->request_len > s->response_len ? s->request_len
						       : s->response_len;

	return used < p->info.packet_size ? p->info.packet_size - used : 0;
}

void queue_op(struct probe *p, const struct dap_op *op)
{
	struct slot *s = &p->slots[p->open];
	size_t request = codec_op_request_len(op);
	size_t response = codec_op_response_len(op);

	if (s->count == DAP_OPS_MAX ||
	    s->request_len + request > p->info.packet_size ||
	    s->response_len + response > p->info.packet_size) {
		queue_send_ops(p);
		s = &p->slots[p->open];
		if (p->lost)
			return;
	}
	s->ops[s->count++] = *op;
	s->request_len += request;
	s->response_len += response;
}

unsigned queue_block(struct probe *p, uint8_t request, uint8_t *data,
		     unsigned count, uint32_t where)
{
	bool read = (request & DAP_REQ_RNW) != 0;
	size_t head = read ? CODEC_BLOCK_RESPONSE_HEAD
			   : CODEC_BLOCK_REQUEST_HEAD;
	unsigned most = (unsigned)((p->info.packet_size - head) / 4);
	uint8_t packet[DAP_PACKET_MAX];
	struct slot *s;
	size_t len;

	queue_send_ops(p);
	if (count > most)
		count = most;
	if (codec_block_encode(request, data, count, packet, sizeof(packet),
			       &len) != 0) {
		probe_fail(p, E_INTERNAL, "block packet overflows");
		return count;
	}
	s = &p->slots[p->open];
	s->kind = SLOT_BLOCK;
	s->count = count;
	s->request = request;
	s->data = data;
	s->where = where;
	queue_launch(p, packet, len);
	return count;
}

void queue_status(struct probe *p, const uint8_t *packet, size_t len)
{
	struct slot *s;

	queue_send_ops(p);
	s = &p->slots[p->open];
	s->kind = SLOT_STATUS;
	s->command = packet[0];
	queue_launch(p, packet, len);
}

void queue_sequence(struct probe *p, const uint8_t *packet, size_t len,
		    uint8_t *in, unsigned in_len)
{
	struct slot *s;

	queue_send_ops(p);
	s = &p->slots[p->open];
	s->kind = SLOT_SEQUENCE;
	s->data = in;
	s->count = in_len;
	queue_launch(p, packet, len);
}

void queue_configure(struct probe *p)
{
	/* a match read is 46 clocks at least: 8 request, 5 acknowledge and
	 * turnaround, 33 data */
	uint64_t retry = (uint64_t)p->clock_hz * DBG_MATCH_US / 1000000 / 46;
	uint8_t packet[6];
	struct wr w;
	size_t len;

	wr_init(&w, packet, sizeof(packet));
	wr_u8(&w, DAP_TRANSFER_CONFIGURE);
	wr_u8(&w, 0); /* idle cycles */
	wr_u16(&w, WAIT_RETRIES);
	wr_u16(&w, retry < UINT16_MAX ? (uint16_t)retry : UINT16_MAX);
	if (wr_end(&w, &len) == 0)
		queue_status(p, packet, len);
}

int queue_flush(struct probe *p)
{
	int err;

	queue_send_ops(p);
	while (p->in_flight > 0)
		queue_receive(p);
	err = p->err;
	p->err = 0;
	if (err == 0 && p->lost)
		err = E_PROBE_LOST;
	if (err == E_DAP_FAULT)
		err = adi_fault_cause(p);
	if (err != 0)
		adi_forget(p);
	return err;
}

int dap_command(struct probe *p, const uint8_t *request, size_t len,
		uint8_t *answer, size_t cap, size_t *out_len)
{
	uint8_t packet[DAP_PACKET_MAX];
	size_t got = 0;
	int err = queue_flush(p);

	if (err != 0)
		return err;
	err = send_packet(p, request, len);
	if (err == 0)
		err = receive_packet(p, packet, sizeof(packet), &got);
	if (err == 0 && (packet[0] != request[0] || got > cap))
		err = probe_fail(p, E_PROBE,
				 packet[0] == DAP_INVALID
					 ? "probe does not know command 0x%02x"
					 : "probe answers command 0x%02x with "
					   "something else",
				 request[0]);
	p->err = 0;
	if (err != 0)
		return err;
	memcpy(answer, packet, got);
	*out_len = got;
	return 0;
}

int dap_simple(struct probe *p, const uint8_t *request, size_t len,
	       const char *what)
{
	uint8_t answer[DAP_PACKET_MAX];
	size_t got;
	int err = dap_command(p, request, len, answer, sizeof(answer), &got);

	if (err != 0)
		return err;
	err = codec_status(request[0], answer, got);
	if (err != 0) {
		probe_fail(p, err, "probe refuses to %s", what);
		p->err = 0;
	}
	return err;
}
