/* SPDX-License-Identifier: MIT */
/*
 * What a debug probe may answer: the first byte chooses the question, the
 * rest is the answer.  A decoder must neither write past what was asked for
 * nor call an answer good that lacks data.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "probe/codec.h"

#define WORDS 4

static void fuzz_transfer(const uint8_t *p, size_t len)
{
	uint32_t out[WORDS + 1];
	uint8_t bytes[5] = { 0, 0, 0, 0, 0x5a };
	struct dap_op ops[WORDS] = {
		{ .request = 0x0f, .out = &out[0] },
		{ .request = 0x05 },
		{ .request = 0x1f },
		{ .request = 0x0f, .out = &out[1], .bytes = bytes },
	};
	unsigned done;
	int err;

	out[2] = 0x5a5a5a5a;
	err = codec_transfer_decode(ops, WORDS, p, len, &done);
	if (done > WORDS || (err == 0 && (done != WORDS || len < 11)) ||
	    out[2] != 0x5a5a5a5a || bytes[4] != 0x5a)
		abort();
}

static void fuzz_block(const uint8_t *p, size_t len)
{
	uint8_t data[4 * WORDS + 1];
	unsigned done;
	int err;

	data[4 * WORDS] = 0x5a;
	err = codec_block_decode(0x0f, data, WORDS, p, len, &done);
	if (done > WORDS || (err == 0 && len < 4 + 4 * WORDS) ||
	    data[4 * WORDS] != 0x5a)
		abort();
	if (codec_block_decode(0x0d, NULL, WORDS, p, len, &done) == 0 &&
	    done != WORDS)
		abort();
}

static void fuzz_info(const uint8_t *p, size_t len)
{
	char text[9] = "";
	uint32_t n;

	text[8] = 0x5a;
	if (codec_info_text(p, len, text, 8) == 0 &&
	    (strlen(text) > 7 || text[8] != 0x5a))
		abort();
	if (codec_info_number(p, len, &n) == 0 && len < 3)
		abort();
}

static void fuzz_uart(const uint8_t *p, size_t len)
{
	uint8_t out[17];
	size_t sent, got;

	out[16] = 0x5a;
	if (codec_uart_decode(p, len, 8, out, 16, &sent, &got) == 0 &&
	    (sent > 8 || got > 16 || len < 6 + got))
		abort();
	if (out[16] != 0x5a)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static void (*const parts[])(const uint8_t *,
				     size_t) = { fuzz_transfer, fuzz_block,
						 fuzz_info, fuzz_uart };

	if (len == 0)
		return 0;
	parts[data[0] % 4](data + 1, len - 1);
	return 0;
}
