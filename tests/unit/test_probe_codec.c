/* SPDX-License-Identifier: MIT */
/* probe/codec.c: bytes of CMSIS-DAP packets, written out from Arm's pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "probe/codec.h"

#define READ_DRW (DAP_REQ_APNDP | DAP_REQ_RNW | 0x0c)
#define WRITE_TAR (DAP_REQ_APNDP | 0x04)

static void test_transfer_encode(void **state)
{
	const struct dap_op ops[] = {
		{ .request = WRITE_TAR, .value = 0x20001000 },
		{ .request = DAP_REQ_MATCH_MASK, .value = 0xff },
		{ .request = READ_DRW | DAP_REQ_MATCH_VALUE, .value = 1 },
		{ .request = READ_DRW },
	};
	static const uint8_t want[] = { 0x05, 0x00, 0x04, 0x05, 0x00,
					0x10, 0x00, 0x20, 0x20, 0xff,
					0x00, 0x00, 0x00, 0x1f, 0x01,
					0x00, 0x00, 0x00, 0x0f };
	uint8_t out[64];
	size_t len;

	(void)state;
	assert_int_equal(codec_transfer_encode(ops, 4, out, 64, &len), 0);
	assert_int_equal(len, sizeof(want));
	assert_memory_equal(out, want, len);
	assert_int_equal(codec_transfer_encode(ops, 4, out, len - 1, &len),
			 E_SPACE);
	assert_int_equal(codec_transfer_encode(ops, 0, out, 64, &len), E_ARG);
}

static int decode(const void *packet, size_t len, uint32_t out[2],
		  unsigned *done)
{
	const struct dap_op ops[] = {
		{ .request = READ_DRW, .out = &out[0] },
		{ .request = WRITE_TAR },
		{ .request = READ_DRW, .out = &out[1] },
	};

	out[0] = out[1] = 0;
	return codec_transfer_decode(ops, 3, packet, len, done);
}

static void test_transfer_decode(void **state)
{
	static const uint8_t good[] = { 5,    3,    1,	  0x78, 0x56, 0x34,
					0x12, 0xef, 0xbe, 0xad, 0xde };
	uint32_t out[2];
	unsigned done;

	(void)state;
	assert_int_equal(decode(good, sizeof(good), out, &done), 0);
	assert_int_equal(done, 3);
	assert_int_equal(out[0], 0x12345678);
	assert_int_equal(out[1], 0xdeadbeef);
	for (size_t len = 0; len < sizeof(good); len++)
		assert_int_equal(decode(good, len, out, &done), E_PROBE);
}

static void test_transfer_errors(void **state)
{
	static const struct {
		uint8_t count, ack;
		int err;
	} cases[] = {
		{ 0, DAP_ACK_WAIT, E_DAP_WAIT },
		{ 0, DAP_ACK_FAULT, E_DAP_FAULT },
		{ 0, DAP_ACK_NONE, E_DAP_NO_ACK },
		{ 0, 0, E_DAP_NO_ACK },
		{ 0, DAP_ACK_OK | DAP_ACK_PROTOCOL, E_DAP_PARITY },
		{ 0, DAP_ACK_OK | DAP_ACK_MISMATCH, E_TIMEOUT },
		{ 0, DAP_ACK_OK, E_PROBE }, /* done nothing, and all is well? */
		{ 4, DAP_ACK_OK, E_PROBE }, /* more than was asked */
		{ 255, DAP_ACK_FAULT, E_PROBE },
	};
	uint32_t out[2];
	unsigned done;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t packet[] = { 5, cases[i].count, cases[i].ack };

		assert_int_equal(decode(packet, 3, out, &done), cases[i].err);
		assert_int_equal(done, 0);
	}
}

static void test_transfer_partial(void **state)
{
	static const uint8_t packet[] = { 5, 2, 4, 1, 0, 0, 0 };
	/* the last read was posted, and counted, but its data never came */
	static const uint8_t posted[] = { 5, 3, 4, 1, 0, 0, 0 };
	static const uint8_t other[] = { 6, 2, 4, 1, 0, 0, 0 };
	uint32_t out[2];
	unsigned done;

	(void)state;
	assert_int_equal(decode(packet, 7, out, &done), E_DAP_FAULT);
	assert_int_equal(done, 2);
	assert_int_equal(out[0], 1);
	assert_int_equal(decode(posted, 7, out, &done), E_DAP_FAULT);
	assert_int_equal(done, 2);
	assert_int_equal(out[1], 0);
	assert_int_equal(decode(other, 7, out, &done), E_PROBE);
}

static void test_block(void **state)
{
	static const uint8_t data[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	static const uint8_t want[] = {
		6, 0, 2, 0, 0x0d, 1, 2, 3, 4, 5, 6, 7, 8
	};
	static const uint8_t read[] = { 6, 2, 0, 1, 9, 8, 7, 6, 5, 4, 3, 2 };
	static const uint8_t stopped[] = { 6, 1, 0, 2, 9, 8, 7, 6 };
	static const uint8_t lies[] = { 6, 3, 0, 1, 9, 8, 7, 6, 5, 4, 3, 2 };
	uint8_t out[32], got[8];
	unsigned done;
	size_t len;

	(void)state;
	assert_int_equal(codec_block_encode(0x0d, data, 2, out, 32, &len), 0);
	assert_int_equal(len, sizeof(want));
	assert_memory_equal(out, want, len);
	assert_int_equal(codec_block_encode(0x0f, NULL, 2, out, 32, &len), 0);
	assert_int_equal(len, 5);
	assert_int_equal(codec_block_encode(0x0d, data, 2, out, 12, &len),
			 E_SPACE);

	assert_int_equal(
		codec_block_decode(0x0f, got, 2, read, sizeof(read), &done), 0);
	assert_memory_equal(got, read + 4, 8);
	assert_int_equal(codec_block_decode(0x0f, got, 2, stopped,
					    sizeof(stopped), &done),
			 E_DAP_WAIT);
	assert_int_equal(done, 1);
	assert_int_equal(
		codec_block_decode(0x0f, got, 2, lies, sizeof(lies), &done),
		E_PROBE);
	for (len = 0; len < sizeof(read); len++)
		assert_int_equal(
			codec_block_decode(0x0f, got, 2, read, len, &done),
			E_PROBE);
}

static void test_info(void **state)
{
	static const uint8_t text[] = { 0, 4, 'A', 'b', 0x1b, 0 };
	static const uint8_t size[] = { 0, 2, 0x00, 0x04 };
	static const uint8_t none[] = { 0, 0 };
	char out[8];
	uint32_t n;

	(void)state;
	assert_int_equal(codec_info_text(text, sizeof(text), out, 8), 0);
	assert_string_equal(out, "Ab?"); /* no escape codes on terminals */
	assert_int_equal(codec_info_text(text, sizeof(text), out, 2), 0);
	assert_string_equal(out, "A");
	assert_int_equal(codec_info_text(text, 5, out, 8), E_PROBE);
	assert_int_equal(codec_info_text(none, 2, out, 8), 0);
	assert_string_equal(out, "");
	assert_int_equal(codec_info_number(size, 4, &n), 0);
	assert_int_equal(n, 1024);
	assert_int_equal(codec_info_number(size, 3, &n), E_PROBE);
	assert_int_equal(codec_info_number(none, 2, &n), E_PROBE);
}

static void test_status_uart(void **state)
{
	static const uint8_t ok[] = { 0x12, 0 }, bad[] = { 0x12, 0xff };
	static const uint8_t uart[] = { 0x21, 0x11, 2, 0, 3, 0, 'a', 'b', 'c' };
	uint8_t out[3];
	size_t sent, got;

	(void)state;
	assert_int_equal(codec_status(0x12, ok, 2), 0);
	assert_int_equal(codec_status(0x12, bad, 2), E_PROBE);
	assert_int_equal(codec_status(0x13, ok, 2), E_PROBE);
	assert_int_equal(codec_status(0x12, ok, 1), E_PROBE);
	assert_int_equal(codec_uart_decode(uart, 9, 2, out, 3, &sent, &got), 0);
	assert_int_equal(sent, 2);
	assert_int_equal(got, 3);
	assert_memory_equal(out, "abc", 3);
	assert_int_equal(codec_uart_decode(uart, 9, 1, out, 3, &sent, &got),
			 E_PROBE);
	assert_int_equal(codec_uart_decode(uart, 9, 2, out, 2, &sent, &got),
			 E_PROBE);
	assert_int_equal(codec_uart_decode(uart, 8, 2, out, 3, &sent, &got),
			 E_PROBE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_transfer_encode),
		cmocka_unit_test(test_transfer_decode),
		cmocka_unit_test(test_transfer_errors),
		cmocka_unit_test(test_transfer_partial),
		cmocka_unit_test(test_block),
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_status_uart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
