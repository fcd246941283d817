/* SPDX-License-Identifier: MIT */
/* The debug pins as a serial line, by DAP_SWD_Sequence. */
#include <string.h>

#include "base/rw.h"
#include "probe/link_impl.h"

#define SEQUENCE_BITS 64
#define SEQUENCE_COUNT 255
#define SEQUENCE_INPUT 0x80
/* A chip that is busy is asked at once so many times, then with pauses. */
#define POLLS_AT_ONCE 16
#define POLLS_SOON 100
#define POLL_PAUSE_US 500
#define POLL_LONG_US 4000

static uint8_t info(size_t bits, uint8_t input)
{
	return (uint8_t)(bits % SEQUENCE_BITS) | input;
}

static void spend(struct probe_link *l, size_t bits)
{
	l->us += ((uint64_t)bits * 1000000 + l->rate - 1) / l->rate;
}

/* -- writing ------------------------------------------------------------- */

/* The lead, the frame's bits, and a last 0 so that the latch rests there. */
static uint64_t take_bits(const uint8_t *buf, size_t total, size_t at,
			  unsigned n)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < n; i++, at++)
		if (at < LINE_LEAD ||
		    (at < total && line_bit(buf, at - LINE_LEAD, LINE_GAP)))
			v |= 1ull << i;
	return v;
}

/* One packet of bits from number `at` on; returns where the next begins. */
static size_t queue_output(struct probe_link *l, const uint8_t *buf,
			   size_t total, size_t at)
{
	uint8_t packet[DAP_PACKET_MAX];
	size_t len, room = l->probe->info.packet_size;
	unsigned count = 0;
	struct wr w;

	wr_init(&w, packet, sizeof(packet));
	wr_u8(&w, DAP_SWD_SEQUENCE);
	wr_u8(&w, 0);
	while (at <= total && count < SEQUENCE_COUNT && w.len + 9 <= room) {
		size_t left = total + 1 - at;
		unsigned n = left < SEQUENCE_BITS ? (unsigned)left
						  : SEQUENCE_BITS;
		uint64_t v = take_bits(buf, total, at, n);

		wr_u8(&w, info(n, 0));
		for (unsigned i = 0; i < (n + 7) / 8; i++)
			wr_u8(&w, (uint8_t)(v >> 8 * i));
		at += n;
		count++;
	}
	packet[1] = (uint8_t)count;
	if (wr_end(&w, &len) == 0)
		queue_sequence(l->probe, packet, len, NULL, 0);
	return at;
}

static int swd_write(struct probe_link *l, const uint8_t *buf, size_t len)
{
	/* behind the last bit the chip pulls the wire low */
	size_t total = LINE_LEAD + len * (LINE_CHAR_BITS + LINE_GAP) - LINE_GAP;
	size_t at = 0;

	while (at <= total)
		at = queue_output(l, buf, total, at);
	spend(l, total + 1);
	memset(&l->rx, 0, sizeof(l->rx));
	l->high = 0;
	return queue_flush(l->probe);
}

/* -- reading ------------------------------------------------------------- */

/* How many bits to clock in: to the end of the frame if one is on its way,
 * and never so many that a wire left high would make a line reset. */
static size_t bits_wanted(const struct probe_link *l, size_t want, size_t cap)
{
	size_t tail = LINE_QUIET_ONES + 3;

	if (!l->rx.frame || l->rx.first || want == 0)
		return LINE_ONES_MAX - l->high;
	if (want > cap)
		want = cap;
	return want * LINE_CHAR_BITS - l->rx.bit + tail;
}

/* [0 bit,] n bits in; returns how many fit the packet. */
static size_t queue_input(struct probe_link *l, bool zero, size_t n,
			  uint8_t *in)
{
	uint8_t packet[DAP_PACKET_MAX];
	size_t len, room = l->probe->info.packet_size, answer = 2, bits = 0;
	struct wr w;

	wr_init(&w, packet, sizeof(packet));
	wr_u8(&w, DAP_SWD_SEQUENCE);
	wr_u8(&w, 0);
	if (zero) {
		wr_u8(&w, info(1, 0));
		wr_u8(&w, 0);
		packet[1]++;
	}
	while (bits < n && packet[1] < SEQUENCE_COUNT && w.len < room) {
		size_t step = n - bits < SEQUENCE_BITS ? n - bits
						       : SEQUENCE_BITS;

		if (answer + (step + 7) / 8 > room)
			break;
		answer += (step + 7) / 8;
		wr_u8(&w, info(step, SEQUENCE_INPUT));
		packet[1]++;
		bits += step;
	}
	if (wr_end(&w, &len) == 0)
		queue_sequence(l->probe, packet, len, in,
			       (unsigned)(answer - 2));
	return bits;
}

static enum probe_line_state state(const struct probe_link *l)
{
	if (line_rx_quiet(&l->rx))
		return PROBE_LINE_QUIET;
	return l->rx.frame ? PROBE_LINE_TALKS : PROBE_LINE_BUSY;
}

static int swd_read(struct probe_link *l, size_t want, uint8_t *out, size_t cap,
		    size_t *out_len, enum probe_line_state *ret_state)
{
	uint8_t in[DAP_PACKET_MAX] = { 0 };
	bool zero = !l->rx.frame && l->high + LINE_QUIET_ONES > LINE_ONES_MAX;
	size_t n, len = 0;
	int err = 0;

	if (state(l) == PROBE_LINE_BUSY && l->idle >= POLLS_AT_ONCE)
		err = link_pause(l, l->idle < POLLS_SOON ? POLL_PAUSE_US
							 : POLL_LONG_US);
	if (err != 0)
		return err;
	if (zero) {
		l->high = 0;
		memset(&l->rx, 0, sizeof(l->rx));
	}
	n = bits_wanted(l, want, cap);
	n = queue_input(l, zero, n, in);
	err = queue_flush(l->probe);
	if (err != 0)
		return err;
	spend(l, n);
	for (size_t i = 0; i < n; i++) {
		/* sequences of 64 bits are whole bytes, so bits lie in a row */
		int c = line_rx_bit(&l->rx, in[i / 8] >> i % 8 & 1);

		if (c >= 0 && len < cap)
			out[len++] = (uint8_t)c;
	}
	l->high = l->rx.ones;
	*out_len = len;
	*ret_state = state(l);
	return 0;
}

/* -- open, close --------------------------------------------------------- */

static int swd_open(struct probe_link *l)
{
	return adi_take_pins(l->probe, l->rate);
}

static void swd_close(struct probe_link *l)
{
	adi_disconnect(l->probe);
}

const struct link_ops link_swd_ops = {
	.asks = true,
	.open = swd_open,
	.close = swd_close,
	.write = swd_write,
	.read = swd_read,
};
