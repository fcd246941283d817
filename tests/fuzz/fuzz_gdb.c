/* SPDX-License-Identifier: MIT */
/*
 * What a GDB server may send: the first byte chooses the decoder, the rest is
 * its input.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/gdb.h"
#include "wire/gdb_xml.h"

#define CAP 300
#define TEXT_MAX 65536

/* A stream of packets: nothing beyond the buffer, and what was framed again is
 * the same packet. */
static void check_packet(const uint8_t *body, size_t len)
{
	uint8_t frame[GDB_FRAME_LEN(CAP)], again[CAP + 1];
	enum gdb_event ev = GDB_EV_NOTHING;
	struct gdb_stop stop;
	struct gdb_rx rx;
	size_t frame_len;

	if (body[len] != 0)
		abort();
	if (gdb_frame(body, len, frame, sizeof(frame), &frame_len) != 0)
		abort();
	gdb_rx_init(&rx, again, CAP);
	for (size_t i = 0; i < frame_len; i++)
		ev = gdb_rx_byte(&rx, frame[i]);
	if (ev != GDB_EV_PACKET || rx.len != len ||
	    memcmp(again, body, len) != 0)
		abort();
	if (gdb_stop_decode(body, len, &stop) == 0 && len < 3)
		abort();
}

static void fuzz_stream(const uint8_t *p, size_t len)
{
	uint8_t buf[CAP + 2];
	struct gdb_rx rx;

	buf[CAP + 1] = 0x5a;
	gdb_rx_init(&rx, buf, CAP);
	for (size_t i = 0; i < len; i++) {
		enum gdb_event ev = gdb_rx_byte(&rx, p[i]);

		if (rx.len > CAP)
			abort();
		if (ev == GDB_EV_PACKET || ev == GDB_EV_NOTICE)
			check_packet(buf, rx.len);
	}
	if (buf[CAP + 1] != 0x5a)
		abort();
}

static void fuzz_map(const char *text)
{
	struct gdb_region r[GDB_REGIONS_MAX + 1];
	size_t n = 0;

	memset(&r[GDB_REGIONS_MAX], 0x5a, sizeof(r[0]));
	if (gdb_memory_map(text, r, &n) != 0)
		return;
	if (n > GDB_REGIONS_MAX)
		abort();
	for (size_t i = 0; i < n; i++)
		if (r[i].len == 0 || r[i].len - 1 > UINT32_MAX - r[i].start ||
		    (r[i].type == GDB_FLASH &&
		     (r[i].block == 0 || r[i].block > r[i].len)))
			abort();
	if (r[GDB_REGIONS_MAX].start != 0x5a5a5a5a)
		abort();
}

static void fuzz_registers(const char *text)
{
	char annex[GDB_INCLUDES_MAX][GDB_ANNEX_CAP];
	struct gdb_regs r;
	size_t n = 0;

	memset(&r, 0, sizeof(r));
	if (gdb_registers(text, &r, annex, &n) != 0)
		return;
	if (n > GDB_INCLUDES_MAX)
		abort();
	for (size_t i = 0; i < n; i++)
		if (memchr(annex[i], 0, GDB_ANNEX_CAP) == NULL)
			abort();
	for (unsigned i = 0; i < GDB_REG_COUNT; i++)
		if (r.reg[i].known &&
		    (r.reg[i].bits == 0 || r.reg[i].bits > 32))
			abort();
}

static void fuzz_answer(const char *text)
{
	size_t n = 0;

	if (gdb_packet_size(text, &n) == 0 &&
	    (n < GDB_BODY_MIN || n > GDB_BODY_MAX))
		abort();
	if (gdb_feature(text, "QStartNoAckMode") == NULL &&
	    strstr(text, ";QStartNoAckMode+;") != NULL)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static void (*const texts[])(const char *) = { fuzz_map, fuzz_registers,
						       fuzz_answer };
	char *text;

	if (len == 0 || len > TEXT_MAX)
		return 0;
	if (data[0] % 4 == 0) {
		fuzz_stream(data + 1, len - 1);
		return 0;
	}
	text = malloc(len);
	if (text == NULL)
		return 0;
	memcpy(text, data + 1, len - 1);
	text[len - 1] = '\0';
	texts[data[0] % 4 - 1](text);
	free(text);
	return 0;
}
