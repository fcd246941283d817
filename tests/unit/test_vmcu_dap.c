/* SPDX-License-Identifier: MIT */
/* The virtual probe: CMSIS-DAP packets in their TCP frames. */
#include "tests/unit/vmcu_wire.h"
#include "vmcu/dap_server.h"

#define RAM 0x20000000u
#define PACKET_PS 250000000ull

struct fixture {
	struct bench *b;
	struct dap_server s;
	uint8_t resp[DAP_PACKET_MAX];
	size_t resp_len;
};

static int setup(void **state)
{
	static struct fixture f;
	char why[NET_WHY_CAP];

	memset(&f, 0, sizeof(f));
	f.b = bench_setup();
	if (dap_server_init(&f.s, f.b, NULL, PACKET_PS, why) != 0)
		return -1;
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	dap_server_close(&f->s);
	bench_free(f->b);
	return 0;
}

static size_t frame(uint8_t *out, const uint8_t *p, size_t len)
{
	uint8_t head[8] = { 'D', 'A', 'P', 0, (uint8_t)len, (uint8_t)(len >> 8),
			    1,	 0 };

	memcpy(out, head, 8);
	memcpy(out + 8, p, len);
	return len + 8;
}

/* Takes the first answer out of the server's output. */
static bool answer(struct fixture *f)
{
	struct net_out *o = &f->s.out;
	size_t n;

	if (o->len < 8)
		return false;
	assert_memory_equal(o->buf, "DAP", 4);
	assert_int_equal(o->buf[6], 2);
	assert_int_equal(o->buf[7], 0);
	n = o->buf[4] | (size_t)o->buf[5] << 8;
	assert_true(n <= DAP_PACKET_MAX && o->len >= 8 + n);
	memcpy(f->resp, o->buf + 8, n);
	f->resp_len = n;
	memmove(o->buf, o->buf + 8 + n, o->len - 8 - n);
	o->len -= 8 + n;
	return true;
}

static void ask(struct fixture *f, const uint8_t *p, size_t len)
{
	uint8_t buf[DAP_SERVER_FRAME];
	size_t n = frame(buf, p, len);

	assert_int_equal(dap_server_take(&f->s, buf, n), 0);
	assert_true(answer(f));
	assert_int_equal(f->s.out.len, 0);
}

#define ASK(f, ...)                              \
	ask(f, (const uint8_t[]){ __VA_ARGS__ }, \
	    sizeof((const uint8_t[]){ __VA_ARGS__ }))
#define EXPECT(f, ...)                                                \
	do {                                                          \
		const uint8_t want_[] = { __VA_ARGS__ };              \
		assert_int_equal((f)->resp_len, sizeof(want_));       \
		assert_memory_equal((f)->resp, want_, sizeof(want_)); \
	} while (0)
#define U32(v) (v) & 255, (v) >> 8 & 255, (v) >> 16 & 255, (uint32_t)(v) >> 24

static uint32_t word(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static void connect_swd(struct fixture *f)
{
	ASK(f, DAP_CONNECT, 1);
	EXPECT(f, DAP_CONNECT, 1);
	ASK(f, DAP_SWJ_CLOCK, U32(10000000u));
	EXPECT(f, DAP_SWJ_CLOCK, 0);
	ASK(f, DAP_SWJ_SEQUENCE, 56, 255, 255, 255, 255, 255, 255, 255);
	ASK(f, DAP_SWJ_SEQUENCE, 16, 0x9e, 0xe7);
	ASK(f, DAP_SWJ_SEQUENCE, 64, 255, 255, 255, 255, 255, 255, 255, 0);
	EXPECT(f, DAP_SWJ_SEQUENCE, 0);
	/* DPIDR; then power-up, all in one packet. */
	ASK(f, DAP_TRANSFER, 0, 2, 0x02, 0x04, U32(0x50000000u));
	EXPECT(f, DAP_TRANSFER, 2, 1, U32(0x2ba01477u));
}

static void set_tar(struct fixture *f, uint32_t addr)
{
	ASK(f, DAP_TRANSFER, 0, 2, 0x01, U32(0x23000012u), 0x05, U32(addr));
	EXPECT(f, DAP_TRANSFER, 2, 1);
}

static void test_info(void **state)
{
	struct fixture *f = *state;

	ASK(f, DAP_INFO, DAP_INFO_PACKET_SIZE);
	EXPECT(f, DAP_INFO, 2, 0, 4);
	ASK(f, DAP_INFO, DAP_INFO_PACKET_COUNT);
	EXPECT(f, DAP_INFO, 1, 8);
	ASK(f, DAP_INFO, DAP_INFO_CAPABILITIES);
	EXPECT(f, DAP_INFO, 1, 0x91);
	ASK(f, DAP_INFO, DAP_INFO_PROTOCOL);
	EXPECT(f, DAP_INFO, 6, '2', '.', '1', '.', '1', 0);
	ASK(f, DAP_INFO, DAP_INFO_UART_RX_BUFFER);
	EXPECT(f, DAP_INFO, 4, 0, 0x20, 0, 0);
	ASK(f, DAP_INFO, 0x77);
	EXPECT(f, DAP_INFO, 0);
	ASK(f, DAP_INFO, DAP_INFO_SERIAL);
	assert_true(f->resp_len > 8);
}

static void test_transfer(void **state)
{
	struct fixture *f = *state;

	connect_swd(f);
	set_tar(f, RAM);
	ASK(f, DAP_TRANSFER, 0, 2, 0x0d, U32(0x11111111u), 0x0d,
	    U32(0x22222222u));
	EXPECT(f, DAP_TRANSFER, 2, 1);
	set_tar(f, RAM);
	/* Two posted AP reads, a DP read between them. */
	ASK(f, DAP_TRANSFER, 0, 3, 0x0f, 0x06, 0x0f);
	EXPECT(f, DAP_TRANSFER, 3, 1, U32(0x11111111u), U32(0xf0000040u),
	       U32(0x22222222u));
}

static void test_transfer_fails_midway(void **state)
{
	struct fixture *f = *state;

	connect_swd(f);
	set_tar(f, 0x60000000u);
	ASK(f, DAP_TRANSFER, 0, 3, 0x0d, U32(1u), 0x0d, U32(2u), 0x0d, U32(3u));
	EXPECT(f, DAP_TRANSFER, 1, DAP_ACK_FAULT);
	ASK(f, DAP_WRITE_ABORT, 0, U32(0x1eu));
	EXPECT(f, DAP_WRITE_ABORT, 0);
	/* The last write's failure is noticed within its own packet. */
	ASK(f, DAP_TRANSFER, 0, 1, 0x0d, U32(1u));
	EXPECT(f, DAP_TRANSFER, 1, DAP_ACK_FAULT);
}

static void test_match(void **state)
{
	struct fixture *f = *state;

	connect_swd(f);
	set_tar(f, RAM);
	ASK(f, DAP_TRANSFER, 0, 1, 0x0d, U32(0xabcd1234u));
	ASK(f, DAP_TRANSFER_CONFIGURE, 0, 10, 0, 3, 0);
	EXPECT(f, DAP_TRANSFER_CONFIGURE, 0);
	ASK(f, DAP_TRANSFER, 0, 2, 0x01, U32(0x23000002u), 0x05, U32(RAM));
	ASK(f, DAP_TRANSFER, 0, 2, 0x20, U32(0x0000ffffu), 0x1f, U32(0x1234u));
	EXPECT(f, DAP_TRANSFER, 2, 1);
	ASK(f, DAP_TRANSFER, 0, 2, 0x1f, U32(0x1235u), 0x02);
	EXPECT(f, DAP_TRANSFER, 0, DAP_ACK_OK | DAP_ACK_MISMATCH);
}

static void test_wait_retries(void **state)
{
	struct fixture *f = *state;
	struct swdp_faults *faults = &f->b->swj.swd.faults;

	connect_swd(f);
	ASK(f, DAP_TRANSFER_CONFIGURE, 0, 3, 0, 0, 0);
	faults->wait = 3;
	ASK(f, DAP_TRANSFER, 0, 1, 0x02);
	EXPECT(f, DAP_TRANSFER, 1, 1, U32(0x2ba01477u));
	faults->wait = 4;
	ASK(f, DAP_TRANSFER, 0, 1, 0x02);
	EXPECT(f, DAP_TRANSFER, 0, DAP_ACK_WAIT);
	faults->silence = 1;
	ASK(f, DAP_TRANSFER, 0, 1, 0x02);
	EXPECT(f, DAP_TRANSFER, 0, DAP_ACK_NONE);
	faults->parity = 1;
	ASK(f, DAP_TRANSFER, 0, 1, 0x02);
	EXPECT(f, DAP_TRANSFER, 0, DAP_ACK_PROTOCOL);
	ASK(f, DAP_TRANSFER, 0, 1, 0x02);
	EXPECT(f, DAP_TRANSFER, 1, 1, U32(0x2ba01477u));
}

static void test_block(void **state)
{
	struct fixture *f = *state;
	uint8_t req[5 + 4 * 200] = { DAP_TRANSFER_BLOCK, 0, 200, 0, 0x0d };

	connect_swd(f);
	for (unsigned i = 0; i < sizeof(req) - 5; i++)
		req[5 + i] = (uint8_t)(i * 7);
	set_tar(f, RAM);
	ask(f, req, sizeof(req));
	EXPECT(f, DAP_TRANSFER_BLOCK, 200, 0, 1);
	set_tar(f, RAM);
	ASK(f, DAP_TRANSFER_BLOCK, 0, 200, 0, 0x0f);
	assert_int_equal(f->resp_len, 4 + 800);
	assert_int_equal(f->resp[1], 200);
	assert_int_equal(f->resp[3], 1);
	assert_memory_equal(f->resp + 4, req + 5, 800);
	/* A DP register by blocks. */
	ASK(f, DAP_TRANSFER_BLOCK, 0, 2, 0, 0x02);
	EXPECT(f, DAP_TRANSFER_BLOCK, 2, 0, 1, U32(0x2ba01477u),
	       U32(0x2ba01477u));
	set_tar(f, 0x60000000u);
	ASK(f, DAP_TRANSFER_BLOCK, 0, 4, 0, 0x0f);
	EXPECT(f, DAP_TRANSFER_BLOCK, 0, 0, DAP_ACK_FAULT);
}

static void test_not_connected(void **state)
{
	struct fixture *f = *state;

	ASK(f, DAP_TRANSFER, 0, 1, 0x02);
	EXPECT(f, DAP_TRANSFER, 0, 0);
	ASK(f, DAP_TRANSFER_BLOCK, 0, 4, 0, 0x0f);
	EXPECT(f, DAP_TRANSFER_BLOCK, 0, 0, 0);
	ASK(f, DAP_WRITE_ABORT, 0, U32(0u));
	EXPECT(f, DAP_WRITE_ABORT, DAP_ERROR);
	ASK(f, DAP_CONNECT, DAP_PORT_JTAG);
	EXPECT(f, DAP_CONNECT, 0);
}

static void test_malformed_packets(void **state)
{
	struct fixture *f = *state;

	connect_swd(f);
	ASK(f, 0x55);
	EXPECT(f, DAP_INVALID);
	ASK(f, DAP_INFO);
	EXPECT(f, DAP_INVALID);
	ASK(f, DAP_TRANSFER, 0, 2, 0x02, 0x04, 1, 2, 3);
	EXPECT(f, DAP_INVALID);
	ASK(f, DAP_TRANSFER_BLOCK, 0, 2, 0, 0x0d, 1, 2, 3, 4, 5, 6, 7);
	EXPECT(f, DAP_INVALID);
	ASK(f, DAP_TRANSFER_BLOCK, 0, 0, 1, 0x0f); /* 256 words: no room */
	EXPECT(f, DAP_INVALID);
	ASK(f, DAP_SWJ_SEQUENCE, 0, 1, 2, 3); /* 0 means 256 bits */
	EXPECT(f, DAP_INVALID);
	ASK(f, DAP_SWD_SEQUENCE, 2, 8, 0xff, 16, 1);
	EXPECT(f, DAP_INVALID);
	ASK(f, DAP_EXECUTE_COMMANDS, 1, DAP_EXECUTE_COMMANDS, 1, DAP_INFO, 1);
	EXPECT(f, DAP_INVALID);
	ASK(f, DAP_EXECUTE_COMMANDS, 2, DAP_DISCONNECT);
	EXPECT(f, DAP_INVALID);
	ASK(f, DAP_SWJ_CLOCK, 0, 0, 0, 0);
	EXPECT(f, DAP_SWJ_CLOCK, DAP_ERROR);
	/* And it still works. */
	ASK(f, DAP_CONNECT, 1);
	ASK(f, DAP_TRANSFER, 0, 1, 0x02);
	EXPECT(f, DAP_TRANSFER, 1, 1, U32(0x2ba01477u));
}

static void test_bad_frames(void **state)
{
	struct fixture *f = *state;
	static const uint8_t bad[][9] = {
		{ 'D', 'A', 'Q', 0, 1, 0, 1, 0, 0 },
		{ 'D', 'A', 'P', 0, 0, 0, 1, 0, 0 },
		{ 'D', 'A', 'P', 0, 1, 4, 1, 0, 0 },
		{ 'D', 'A', 'P', 0, 1, 0, 2, 0, 0 },
		{ 'D', 'A', 'P', 0, 1, 0, 1, 1, 0 },
	};

	for (unsigned i = 0; i < 5; i++) {
		f->s.in_len = 0;
		assert_int_equal(dap_server_take(&f->s, bad[i], 9), E_SYNTAX);
	}
}

static void test_frames_in_pieces_and_in_flight(void **state)
{
	struct fixture *f = *state;
	uint8_t buf[3 * 16];
	size_t n = 0;

	n += frame(buf + n, (const uint8_t[]){ DAP_INFO, 0xfe }, 2);
	n += frame(buf + n, (const uint8_t[]){ DAP_INFO, 0xff }, 2);
	n += frame(buf + n, (const uint8_t[]){ DAP_DISCONNECT }, 1);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(dap_server_take(&f->s, buf + i, 1), 0);
	assert_true(answer(f));
	EXPECT(f, DAP_INFO, 1, 8);
	assert_true(answer(f));
	EXPECT(f, DAP_INFO, 2, 0, 4);
	assert_true(answer(f));
	EXPECT(f, DAP_DISCONNECT, 0);
	assert_false(answer(f));
}

static void test_queue_and_execute(void **state)
{
	struct fixture *f = *state;
	uint8_t buf[64];
	size_t n;

	connect_swd(f);
	ASK(f, DAP_EXECUTE_COMMANDS, 2, DAP_TRANSFER, 0, 1, 0x02, DAP_INFO,
	    0xfe);
	EXPECT(f, DAP_EXECUTE_COMMANDS, 2, DAP_TRANSFER, 1, 1, U32(0x2ba01477u),
	       DAP_INFO, 1, 8);
	n = frame(buf,
		  (const uint8_t[]){ DAP_QUEUE_COMMANDS, 1, DAP_INFO, 0xfe },
		  4);
	assert_int_equal(dap_server_take(&f->s, buf, n), 0);
	assert_false(answer(f)); /* held back */
	n = frame(buf, (const uint8_t[]){ DAP_DISCONNECT }, 1);
	assert_int_equal(dap_server_take(&f->s, buf, n), 0);
	assert_true(answer(f));
	EXPECT(f, DAP_EXECUTE_COMMANDS, 1, DAP_INFO, 1, 8);
	assert_true(answer(f));
	EXPECT(f, DAP_DISCONNECT, 0);
}

static void test_time(void **state)
{
	struct fixture *f = *state;
	uint64_t before;

	connect_swd(f);
	before = mcu_now(f->b->mcu);
	ASK(f, DAP_INFO, 0xfe);
	assert_int_equal(mcu_now(f->b->mcu) - before, PACKET_PS);
	before = mcu_now(f->b->mcu);
	ASK(f, DAP_DELAY, 0x10, 0x27); /* 10,000 us */
	assert_int_equal(mcu_now(f->b->mcu) - before,
			 PACKET_PS + 10000000000ull);
	before = mcu_now(f->b->mcu);
	/* One DP read: 8 + 1 + 3 + 33 + 1 = 46 clocks of 100 ns. */
	ASK(f, DAP_TRANSFER, 0, 1, 0x02);
	assert_int_equal(mcu_now(f->b->mcu) - before, PACKET_PS + 46 * 100000);
	before = mcu_now(f->b->mcu);
	ASK(f, DAP_SWJ_SEQUENCE, 8, 0);
	assert_int_equal(mcu_now(f->b->mcu) - before, PACKET_PS + 8 * 100000);
}

static void test_pins(void **state)
{
	struct fixture *f = *state;
	uint32_t resets = mcu_resets(f->b->mcu);

	ASK(f, DAP_SWJ_PINS, 0, 0x80, U32(0u));
	assert_int_equal(f->resp[1] & 0x80, 0);
	assert_int_equal(f->b->nrst, BENCH_NRST_PROBE);
	ASK(f, DAP_SWJ_PINS, 0x80, 0x80, U32(1000u));
	assert_int_equal(f->resp[1] & 0x80, 0x80);
	assert_int_equal(f->b->nrst, 0);
	assert_true(mcu_resets(f->b->mcu) > resets);
	/* Two can pull; the pin stays low until both let go. */
	bench_nrst(f->b, BENCH_NRST_BENCH, true);
	ASK(f, DAP_SWJ_PINS, 0x80, 0x80, U32(10u));
	assert_int_equal(f->resp[1] & 0x80, 0);
	bench_nrst(f->b, BENCH_NRST_BENCH, false);
}

/* DPIDR by hand, through raw sequences. */
static void test_swd_sequence(void **state)
{
	struct fixture *f = *state;

	connect_swd(f);
	ASK(f, DAP_SWD_SEQUENCE, 5, 8, 0xa5, 0x80 | 1, 0x80 | 3, 0x80 | 33,
	    0x80 | 1);
	assert_int_equal(f->resp_len, 2 + 1 + 1 + 5 + 1);
	assert_int_equal(f->resp[3] & 7, 1);
	assert_int_equal(word(f->resp + 4), 0x2ba01477);
}

/* WCR asks for two cycles of turnaround; the probe is told the same. */
static void test_turnaround(void **state)
{
	struct fixture *f = *state;

	connect_swd(f);
	ASK(f, DAP_TRANSFER, 0, 2, 0x08, U32(1u), 0x04, U32(0x140u));
	assert_int_not_equal(f->resp[2], DAP_ACK_OK); /* out of step now */
	ASK(f, DAP_SWD_CONFIGURE, 1);
	ASK(f, DAP_SWJ_SEQUENCE, 64, 255, 255, 255, 255, 255, 255, 255, 0);
	ASK(f, DAP_TRANSFER, 0, 2, 0x02, 0x06);
	EXPECT(f, DAP_TRANSFER, 2, 1, U32(0x2ba01477u), U32(0x140u));
	ASK(f, DAP_TRANSFER, 0, 2, 0x04, U32(0x40u), 0x08, U32(0u));
	ASK(f, DAP_SWD_CONFIGURE, 0);
	ASK(f, DAP_SWJ_SEQUENCE, 64, 255, 255, 255, 255, 255, 255, 255, 0);
	ASK(f, DAP_TRANSFER, 0, 1, 0x02);
	EXPECT(f, DAP_TRANSFER, 1, 1, U32(0x2ba01477u));
}

static void test_uart_states(void **state)
{
	struct fixture *f = *state;

	ASK(f, DAP_UART_TRANSFER, 16, 0, 0, 0);
	EXPECT(f, DAP_INVALID); /* transport is not DAP */
	ASK(f, DAP_UART_TRANSPORT, DAP_UART_MODE_USB);
	EXPECT(f, DAP_UART_TRANSPORT, DAP_ERROR);
	ASK(f, DAP_UART_TRANSPORT, DAP_UART_MODE_DAP);
	EXPECT(f, DAP_UART_TRANSPORT, 0);
	ASK(f, DAP_UART_CONTROL, DAP_UART_RX_ENABLE);
	EXPECT(f, DAP_UART_CONTROL, DAP_ERROR); /* not configured */
	ASK(f, DAP_UART_CONFIGURE, 0x15, U32(115200u));
	EXPECT(f, DAP_UART_CONFIGURE, 3, U32(115200u));
	ASK(f, DAP_UART_CONFIGURE, 0, U32(115200u));
	EXPECT(f, DAP_UART_CONFIGURE, 0, U32(115200u));
	ASK(f, DAP_UART_CONTROL, DAP_UART_RX_ENABLE | DAP_UART_TX_ENABLE);
	EXPECT(f, DAP_UART_CONTROL, 0);
	ASK(f, DAP_UART_STATUS);
	EXPECT(f, DAP_UART_STATUS, 0x11, 0, 0, 0, 0, 0, 0, 0, 0);
	ASK(f, DAP_UART_TRANSFER, 16, 0, 0, 0);
	EXPECT(f, DAP_UART_TRANSFER, 0x11, 0, 0, 0, 0);
	ASK(f, DAP_UART_TRANSFER, 0, 0, 4, 0, 'a', 'b', 'c'); /* one short */
	EXPECT(f, DAP_INVALID);
	ASK(f, DAP_UART_CONTROL,
	    DAP_UART_RX_ENABLE | DAP_UART_RX_DISABLE | DAP_UART_TX_DISABLE);
	ASK(f, DAP_UART_STATUS);
	assert_int_equal(f->resp[1], 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_info),
		T(test_transfer),
		T(test_transfer_fails_midway),
		T(test_match),
		T(test_wait_retries),
		T(test_block),
		T(test_not_connected),
		T(test_malformed_packets),
		T(test_bad_frames),
		T(test_frames_in_pieces_and_in_flight),
		T(test_queue_and_execute),
		T(test_time),
		T(test_pins),
		T(test_swd_sequence),
		T(test_turnaround),
		T(test_uart_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
