/* SPDX-License-Identifier: MIT */
/*
 * probe/codec.h - CMSIS-DAP packets to bytes and back (Arm CMSIS-DAP 2.1).
 * Pure: no probe, no time.  What a probe answers is not trusted: every length
 * and count is checked (fuzz target fuzz_probe_dap).
 */
#ifndef PROBE_CODEC_H
#define PROBE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/dap.h"

/* One entry of a DAP_Transfer packet. */
struct dap_op {
	uint8_t request; /* DAP_REQ_* */
	uint32_t value;	 /* written, or to be matched */
	uint32_t *out;	 /* where a read goes, may be NULL */
	uint8_t *bytes;	 /* or: as it lies in memory, may be NULL */
	uint32_t where;	 /* memory address meant, for messages */
};

#define DAP_OPS_MAX 255

/* Bytes that op adds to the request and to the response. */
size_t codec_op_request_len(const struct dap_op *op);
size_t codec_op_response_len(const struct dap_op *op);
#define CODEC_TRANSFER_REQUEST_HEAD 3
#define CODEC_TRANSFER_RESPONSE_HEAD 3
#define CODEC_BLOCK_REQUEST_HEAD 5
#define CODEC_BLOCK_RESPONSE_HEAD 4

MUST_USE int codec_transfer_encode(const struct dap_op *ops, unsigned count,
				   uint8_t *out, size_t cap, size_t *out_len);
/*
 * Takes a DAP_Transfer answer apart.  Returns 0 when every op was done; else
 * what stopped op number *ret_done: E_DAP_* or E_TIMEOUT (no match), E_PROBE
 * for an answer that makes no sense.  Outputs of the ops before are written.
 */
MUST_USE int codec_transfer_decode(const struct dap_op *ops, unsigned count,
				   const uint8_t *packet, size_t len,
				   unsigned *ret_done);

/* DAP_TransferBlock: data is little-endian words as they lie in memory. */
MUST_USE int codec_block_encode(uint8_t request, const uint8_t *data,
				unsigned count, uint8_t *out, size_t cap,
				size_t *out_len);
MUST_USE int codec_block_decode(uint8_t request, uint8_t *data, unsigned count,
				const uint8_t *packet, size_t len,
				unsigned *ret_done);

/* Answer of DAP_Info: a string, or a number of 1, 2 or 4 bytes. */
MUST_USE int codec_info_text(const uint8_t *packet, size_t len, char *out,
			     size_t cap);
MUST_USE int codec_info_number(const uint8_t *packet, size_t len,
			       uint32_t *out);
/* Answer of a command with nothing but a status byte. */
MUST_USE int codec_status(uint8_t command, const uint8_t *packet, size_t len);
/* Answer of DAP_SWD_Sequence: exactly in_len bytes that were clocked in. */
MUST_USE int codec_sequence_decode(const uint8_t *packet, size_t len,
				   uint8_t *in, size_t in_len);
/* Answer of DAP_UART_Transfer. */
MUST_USE int codec_uart_decode(const uint8_t *packet, size_t len, size_t sent,
			       uint8_t *out, size_t cap, size_t *ret_accepted,
			       size_t *ret_received);

#endif
