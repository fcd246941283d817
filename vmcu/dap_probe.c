/* SPDX-License-Identifier: MIT */
#include "vmcu/dap_probe.h"

#include <stdio.h>
#include <string.h>

#include "wire/dap.h"

#define PS_PER_US 1000000ull
#define PINS_WAIT_MAX_US 3000000u /* as the specification limits it */

void dprobe_init(struct dprobe *p, struct bench *b, uint64_t packet_ps)
{
	*p = (struct dprobe){
		.bench = b,
		.packet_ps = packet_ps,
		.clock_hz = DPROBE_CLOCK_DEFAULT,
		.wait_retry = 100,
		.turnaround = 1,
		.swclk = true,
		.swdio = true,
		.packet_max = DAP_PACKET_MAX,
	};
}

void dprobe_detach(struct dprobe *p)
{
	struct bench *b = p->bench;
	const char *serial = p->serial;
	uint64_t packets = p->packets;

	bench_nrst(b, BENCH_NRST_PROBE, false);
	line_hold(b, -1, -1);
	dprobe_init(p, b, p->packet_ps);
	p->packets = packets;
	p->serial = serial;
}

/* One cycle of the debug port: 0, 1, or -1 with SWDIO released. */
static int cycle(struct dprobe *p, int level)
{
	struct bench *b = p->bench;
	uint64_t period = WIRETIME_PS / p->clock_hz;
	uint64_t start = mcu_now(b->mcu) + b->time.pending;

	wiretime_spend(&b->time, period);
	level = swj_swd_cycle(&b->swj, level);
	if (b->capture != NULL)
		capture_cycle(b->capture, start, period, level,
			      b->swj.chip_drives);
	return level;
}

uint64_t dprobe_bits(struct dprobe *p, bool out, uint64_t bits, unsigned n)
{
	uint64_t v = 0;

	if (n == 0)
		return 0;
	p->swclk = true;
	if (out)
		p->swdio = bits >> (n - 1) & 1;
	if (line_on(p->bench))
		return line_bits(p->bench, WIRETIME_PS / p->clock_hz, out, bits,
				 n);
	for (unsigned i = 0; i < n; i++)
		v |= (uint64_t)cycle(p, out ? (int)(bits >> i & 1) : -1) << i;
	return v;
}

/* Between commands the probe drives both wires, while it is connected. */
static void hold(struct dprobe *p)
{
	if (p->connected)
		line_hold(p->bench, p->swclk, p->swdio);
	else
		line_hold(p->bench, -1, -1);
}

/* -- general commands ----------------------------------------------------- */

static void info_string(struct wr *w, const char *s)
{
	size_t len = strlen(s) + 1;

	wr_u8(w, (uint8_t)len);
	wr_bytes(w, s, len);
}

/* The probe is the bench's; unless it has a number of its own, that follows
 * the board. */
void dprobe_serial(const struct dprobe *p, char out[DPROBE_SERIAL_CAP])
{
	size_t len, at;
	const uint8_t *uid = mcu_uid(p->bench->mcu, &len);

	if (p->serial != NULL) {
		snprintf(out, DPROBE_SERIAL_CAP, "%s", p->serial);
		return;
	}
	at = (size_t)snprintf(out, DPROBE_SERIAL_CAP, "VMCU-");
	for (size_t i = 0; i < 4 && i < len; i++)
		at += (size_t)snprintf(out + at, DPROBE_SERIAL_CAP - at, "%02X",
				       uid[i]);
}

static void info_serial(struct dprobe *p, struct wr *w)
{
	char s[DPROBE_SERIAL_CAP];

	dprobe_serial(p, s);
	info_string(w, s);
}

static void do_info(struct dprobe *p, struct rd *r, struct wr *w)
{
	const struct {
		uint8_t id, len;
		uint32_t value;
	} numbers[] = {
		{ DAP_INFO_CAPABILITIES, 1,
		  DAP_CAP_SWD | DAP_CAP_ATOMIC | DAP_CAP_UART },
		{ DAP_INFO_UART_RX_BUFFER, 4, DPROBE_UART_BUFFER },
		{ DAP_INFO_UART_TX_BUFFER, 4, DPROBE_UART_BUFFER },
		{ DAP_INFO_PACKET_COUNT, 1, DAP_PACKET_COUNT },
		{ DAP_INFO_PACKET_SIZE, 2, (uint32_t)p->packet_max },
	};
	static const struct {
		uint8_t id;
		const char *text;
	} strings[] = {
		{ DAP_INFO_VENDOR, "Signet" },
		{ DAP_INFO_PRODUCT, "Signet virtual CMSIS-DAP" },
		{ DAP_INFO_PROTOCOL, "2.1.1" },
		{ DAP_INFO_FIRMWARE, "1.0" },
	};
	uint8_t id = rd_u8(r);

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		if (strings[i].id == id) {
			info_string(w, strings[i].text);
			return;
		}
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (numbers[i].id != id)
			continue;
		wr_u8(w, numbers[i].len);
		for (unsigned k = 0; k < numbers[i].len; k++)
			wr_u8(w, (uint8_t)(numbers[i].value >> 8 * k));
		return;
	}
	if (id == DAP_INFO_SERIAL)
		info_serial(p, w);
	else
		wr_u8(w, 0);
}

static void do_host_status(struct dprobe *p, struct rd *r, struct wr *w)
{
	(void)p;
	(void)rd_u16(r);
	wr_u8(w, DAP_OK);
}

static void do_connect(struct dprobe *p, struct rd *r, struct wr *w)
{
	uint8_t port = rd_u8(r);

	p->connected = port == 0 || port == DAP_PORT_SWD;
	wr_u8(w, p->connected ? DAP_PORT_SWD : 0);
}

static void do_disconnect(struct dprobe *p, struct rd *r, struct wr *w)
{
	(void)r;
	p->connected = false;
	wr_u8(w, DAP_OK);
}

static void do_delay(struct dprobe *p, struct rd *r, struct wr *w)
{
	bench_run(p->bench, rd_u16(r) * PS_PER_US);
	wr_u8(w, DAP_OK);
}

static void do_reset_target(struct dprobe *p, struct rd *r, struct wr *w)
{
	(void)p;
	(void)r;
	wr_u8(w, DAP_OK);
	wr_u8(w, 0); /* no device-specific sequence */
}

static void do_swj_clock(struct dprobe *p, struct rd *r, struct wr *w)
{
	uint32_t hz = rd_u32(r);

	if (hz != 0)
		p->clock_hz = hz < DPROBE_CLOCK_MAX ? hz : DPROBE_CLOCK_MAX;
	wr_u8(w, hz != 0 ? DAP_OK : DAP_ERROR);
}

/*
 * The pins follow at once, so the wait ends at once, except for a pin that
 * another tool holds: then it lasts as long as asked.
 */
static void do_swj_pins(struct dprobe *p, struct rd *r, struct wr *w)
{
	uint8_t value = rd_u8(r);
	uint8_t select = rd_u8(r);
	uint32_t wait_us = rd_u32(r);
	bool edge = false, on_line, level;
	uint8_t pins;

	if (r->err != 0)
		return;
	if ((select & DAP_PIN_NRESET) != 0)
		bench_nrst(p->bench, BENCH_NRST_PROBE,
			   (value & DAP_PIN_NRESET) == 0);
	if ((select & DAP_PIN_SWDIO) != 0)
		p->swdio = (value & DAP_PIN_SWDIO) != 0;
	if ((select & DAP_PIN_SWCLK) != 0) {
		edge = !p->swclk && (value & DAP_PIN_SWCLK) != 0;
		p->swclk = (value & DAP_PIN_SWCLK) != 0;
	}
	on_line = line_on(p->bench);
	if (on_line)
		hold(p);
	else if (edge)
		(void)cycle(p, p->swdio);
	level = on_line ? line_swdio(p->bench) != 0 : p->swdio;
	pins = (p->swclk ? DAP_PIN_SWCLK : 0) | (level ? DAP_PIN_SWDIO : 0) |
	       (p->bench->nrst == 0 ? DAP_PIN_NRESET : 0);
	if (((pins ^ value) & select) != 0)
		bench_run(p->bench,
			  (wait_us < PINS_WAIT_MAX_US ? wait_us
						      : PINS_WAIT_MAX_US) *
				  PS_PER_US);
	wr_u8(w, pins);
}

/* -- dispatch ------------------------------------------------------------- */

static dprobe_handler do_execute;

static const struct {
	uint8_t command;
	uint8_t min_len; /* bytes after the command */
	dprobe_handler *run;
} commands[] = {
	{ DAP_INFO, 1, do_info },
	{ DAP_HOST_STATUS, 2, do_host_status },
	{ DAP_CONNECT, 1, do_connect },
	{ DAP_DISCONNECT, 0, do_disconnect },
	{ DAP_TRANSFER_CONFIGURE, 5, dprobe_transfer_configure },
	{ DAP_TRANSFER, 2, dprobe_transfer },
	{ DAP_TRANSFER_BLOCK, 4, dprobe_transfer_block },
	{ DAP_WRITE_ABORT, 5, dprobe_write_abort },
	{ DAP_DELAY, 2, do_delay },
	{ DAP_RESET_TARGET, 0, do_reset_target },
	{ DAP_SWJ_PINS, 6, do_swj_pins },
	{ DAP_SWJ_CLOCK, 4, do_swj_clock },
	{ DAP_SWJ_SEQUENCE, 2, dprobe_swj_sequence },
	{ DAP_SWD_CONFIGURE, 1, dprobe_swd_configure },
	{ DAP_SWD_SEQUENCE, 1, dprobe_swd_sequence },
	{ DAP_UART_TRANSPORT, 1, dprobe_uart_transport },
	{ DAP_UART_CONFIGURE, 5, dprobe_uart_configure },
	{ DAP_UART_TRANSFER, 4, dprobe_uart_transfer },
	{ DAP_UART_CONTROL, 1, dprobe_uart_control },
	{ DAP_UART_STATUS, 0, dprobe_uart_status },
	{ DAP_EXECUTE_COMMANDS, 1, do_execute },
};

/* Marks the request malformed unless it is a command of ours. */
static void one_command(struct dprobe *p, struct rd *r, struct wr *w)
{
	uint8_t command = rd_u8(r);

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (commands[i].command != command)
			continue;
		if (r->left < commands[i].min_len)
			break;
		wr_u8(w, command);
		commands[i].run(p, r, w);
		return;
	}
	rd_fail(r, E_SYNTAX);
}

static void do_execute(struct dprobe *p, struct rd *r, struct wr *w)
{
	uint8_t count = rd_u8(r);

	if (p->executing) {
		rd_fail(r, E_SYNTAX);
		return;
	}
	p->executing = true;
	wr_u8(w, count);
	while (count-- != 0 && r->err == 0 && w->err == 0)
		one_command(p, r, w);
	p->executing = false;
}

size_t dprobe_packet(struct dprobe *p, const uint8_t *req, size_t len,
		     uint8_t *resp)
{
	struct rd r;
	struct wr w;
	size_t out_len;

	p->packets++;
	bench_run(p->bench, p->packet_ps);
	if (len != 0 && req[0] == DAP_TRANSFER_ABORT)
		return 0; /* nothing is ever under way here */
	rd_init(&r, req, len);
	wr_init(&w, resp, p->packet_max);
	one_command(p, &r, &w);
	bench_settle(p->bench);
	hold(p);
	if (r.err != 0 || wr_end(&w, &out_len) != 0) {
		resp[0] = DAP_INVALID;
		return 1;
	}
	return out_len;
}
