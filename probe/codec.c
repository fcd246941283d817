/* SPDX-License-Identifier: MIT */
#include "probe/codec.h"

#include <string.h>

#include "base/rw.h"

static bool op_reads_data(const struct dap_op *op)
{
	return (op->request & DAP_REQ_RNW) != 0 &&
	       (op->request & DAP_REQ_MATCH_VALUE) == 0;
}

static bool op_carries_value(const struct dap_op *op)
{
	return !op_reads_data(op);
}

size_t codec_op_request_len(const struct dap_op *op)
{
	return op_carries_value(op) ? 5 : 1;
}

size_t codec_op_response_len(const struct dap_op *op)
{
	return op_reads_data(op) ? 4 : 0;
}

int codec_transfer_encode(const struct dap_op *ops, unsigned count,
			  uint8_t *out, size_t cap, size_t *out_len)
{
	struct wr w;

	if (count == 0 || count > DAP_OPS_MAX)
		return E_ARG;
	wr_init(&w, out, cap);
	wr_u8(&w, DAP_TRANSFER);
	wr_u8(&w, 0); /* DAP index: only for JTAG */
	wr_u8(&w, (uint8_t)count);
	for (unsigned i = 0; i < count; i++) {
		wr_u8(&w, ops[i].request);
		if (op_carries_value(&ops[i]))
			wr_u32(&w, ops[i].value);
	}
	return wr_end(&w, out_len);
}

/* The acknowledge byte of an answer that came through whole. */
static int ack_error(uint8_t ack)
{
	if (ack & DAP_ACK_PROTOCOL)
		return E_DAP_PARITY;
	switch (ack & 7) {
	case DAP_ACK_OK:
		return ack & DAP_ACK_MISMATCH ? E_TIMEOUT : 0;
	case DAP_ACK_WAIT:
		return E_DAP_WAIT;
	case DAP_ACK_FAULT:
		return E_DAP_FAULT;
	default:
		return E_DAP_NO_ACK;
	}
}

int codec_transfer_decode(const struct dap_op *ops, unsigned count,
			  const uint8_t *packet, size_t len, unsigned *ret_done)
{
	struct rd r;
	unsigned done;
	int err;

	*ret_done = 0;
	rd_init(&r, packet, len);
	if (rd_u8(&r) != DAP_TRANSFER)
		return E_PROBE;
	done = rd_u8(&r);
	err = ack_error(rd_u8(&r));
	if (r.err != 0 || done > count)
		return E_PROBE;
	for (unsigned i = 0; i < done; i++) {
		uint32_t value;

		if (!op_reads_data(&ops[i]))
			continue;
		value = rd_u32(&r);
		/* A posted read counts as done before its data is there; if
		 * that comes to nothing, the count says one too many. */
		if (r.err != 0 && err != 0) {
			*ret_done = i;
			return err;
		}
		if (r.err != 0)
			return E_PROBE;
		if (ops[i].out != NULL)
			*ops[i].out = value;
		for (unsigned b = 0; ops[i].bytes != NULL && b < 4; b++)
			ops[i].bytes[b] = (uint8_t)(value >> 8 * b);
	}
	*ret_done = done;
	if (err == 0 && done != count)
		return E_PROBE;
	return err;
}

int codec_block_encode(uint8_t request, const uint8_t *data, unsigned count,
		       uint8_t *out, size_t cap, size_t *out_len)
{
	struct wr w;

	if (count == 0 || count > UINT16_MAX)
		return E_ARG;
	wr_init(&w, out, cap);
	wr_u8(&w, DAP_TRANSFER_BLOCK);
	wr_u8(&w, 0);
	wr_u16(&w, (uint16_t)count);
	wr_u8(&w, request);
	if ((request & DAP_REQ_RNW) == 0)
		wr_bytes(&w, data, (size_t)count * 4);
	return wr_end(&w, out_len);
}

int codec_block_decode(uint8_t request, uint8_t *data, unsigned count,
		       const uint8_t *packet, size_t len, unsigned *ret_done)
{
	const uint8_t *words;
	struct rd r;
	unsigned done;
	int err;

	*ret_done = 0;
	rd_init(&r, packet, len);
	if (rd_u8(&r) != DAP_TRANSFER_BLOCK)
		return E_PROBE;
	done = rd_u16(&r);
	err = ack_error(rd_u8(&r));
	if (r.err != 0 || done > count)
		return E_PROBE;
	if (request & DAP_REQ_RNW) {
		words = rd_bytes(&r, (size_t)done * 4);
		if (words == NULL)
			return E_PROBE;
		memcpy(data, words, (size_t)done * 4);
	}
	*ret_done = done;
	if (err == 0 && done != count)
		return E_PROBE;
	return err;
}

int codec_info_text(const uint8_t *packet, size_t len, char *out, size_t cap)
{
	const uint8_t *text;
	struct rd r;
	size_t n;

	rd_init(&r, packet, len);
	if (rd_u8(&r) != DAP_INFO)
		return E_PROBE;
	n = rd_u8(&r);
	text = rd_bytes(&r, n);
	if (r.err != 0)
		return E_PROBE;
	if (n >= cap)
		n = cap - 1;
	for (size_t i = 0; i < n; i++) {
		char c = (char)text[i];

		if (c == '\0') {
			n = i;
			break;
		}
		/* goes to terminals and logs */
		out[i] = c < 0x20 || c > 0x7e ? '?' : c;
	}
	out[n] = '\0';
	return 0;
}

int codec_info_number(const uint8_t *packet, size_t len, uint32_t *out)
{
	struct rd r;
	uint32_t v = 0;
	unsigned n;

	rd_init(&r, packet, len);
	if (rd_u8(&r) != DAP_INFO)
		return E_PROBE;
	n = rd_u8(&r);
	if (n == 0 || n > 4)
		return E_PROBE;
	for (unsigned i = 0; i < n; i++)
		v |= (uint32_t)rd_u8(&r) << 8 * i;
	if (r.err != 0)
		return E_PROBE;
	*out = v;
	return 0;
}

int codec_status(uint8_t command, const uint8_t *packet, size_t len)
{
	struct rd r;

	rd_init(&r, packet, len);
	if (rd_u8(&r) != command)
		return E_PROBE;
	if (rd_u8(&r) != DAP_OK || r.err != 0)
		return E_PROBE;
	return 0;
}

int codec_sequence_decode(const uint8_t *packet, size_t len, uint8_t *in,
			  size_t in_len)
{
	const uint8_t *bytes;
	struct rd r;

	rd_init(&r, packet, len);
	if (rd_u8(&r) != DAP_SWD_SEQUENCE || rd_u8(&r) != DAP_OK)
		return E_PROBE;
	bytes = rd_bytes(&r, in_len);
	if (r.err != 0)
		return E_PROBE;
	if (in_len != 0)
		memcpy(in, bytes, in_len);
	return 0;
}

int codec_uart_decode(const uint8_t *packet, size_t len, size_t sent,
		      uint8_t *out, size_t cap, size_t *ret_accepted,
		      size_t *ret_received)
{
	const uint8_t *bytes;
	struct rd r;
	size_t accepted, received;

	rd_init(&r, packet, len);
	if (rd_u8(&r) != DAP_UART_TRANSFER)
		return E_PROBE;
	rd_u8(&r); /* line errors show in the text */
	accepted = rd_u16(&r);
	received = rd_u16(&r);
	bytes = rd_bytes(&r, received);
	if (r.err != 0 || accepted > sent || received > cap)
		return E_PROBE;
	if (received != 0)
		memcpy(out, bytes, received);
	*ret_accepted = accepted;
	*ret_received = received;
	return 0;
}
