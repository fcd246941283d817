/* SPDX-License-Identifier: MIT */
/* A CMSIS-DAP probe: opening it, and what it does beside debugging. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rw.h"
#include "probe/internal.h"

#define PACKET_SIZE_MIN 64

static int info_text(struct probe *p, uint8_t id, char *out, size_t cap)
{
	uint8_t request[2] = { DAP_INFO, id };
	uint8_t answer[DAP_PACKET_MAX];
	size_t len;
	int err = dap_command(p, request, 2, answer, sizeof(answer), &len);

	return err != 0 ? err : codec_info_text(answer, len, out, cap);
}

static int info_number(struct probe *p, uint8_t id, uint32_t *out)
{
	uint8_t request[2] = { DAP_INFO, id };
	uint8_t answer[DAP_PACKET_MAX];
	size_t len;
	int err = dap_command(p, request, 2, answer, sizeof(answer), &len);

	return err != 0 ? err : codec_info_number(answer, len, out);
}

static int read_info(struct probe *p)
{
	const struct transport *t = &p->transport;
	struct probe_info *i = &p->info;
	const struct {
		uint8_t id;
		char *out;
	} texts[] = {
		{ DAP_INFO_VENDOR, i->vendor },
		{ DAP_INFO_PRODUCT, i->product },
		{ DAP_INFO_SERIAL, i->serial },
		{ DAP_INFO_FIRMWARE, i->firmware },
	};
	uint32_t size, count, caps;
	int err;

	if ((err = info_number(p, DAP_INFO_PACKET_SIZE, &size)) != 0 ||
	    (err = info_number(p, DAP_INFO_PACKET_COUNT, &count)) != 0 ||
	    (err = info_number(p, DAP_INFO_CAPABILITIES, &caps)) != 0)
		return err;
	if (size < PACKET_SIZE_MIN || count == 0)
		return probe_fail(p, E_PROBE,
				  "probe claims %u packets of %u bytes",
				  (unsigned)count, (unsigned)size);
	for (size_t n = 0; n < sizeof(texts) / sizeof(texts[0]); n++)
		if ((err = info_text(p, texts[n].id, texts[n].out, 64)) != 0)
			return err;
	i->packet_size = size < DAP_PACKET_MAX ? size : DAP_PACKET_MAX;
	if (t->packet_max != 0 && i->packet_size > t->packet_max)
		i->packet_size = (uint32_t)t->packet_max;
	if (t->ops->packet_size != NULL)
		t->ops->packet_size(t->self, i->packet_size);
	i->packet_count = count;
	i->swd = (caps & DAP_CAP_SWD) != 0;
	i->jtag = (caps & DAP_CAP_JTAG) != 0;
	i->uart = (caps & DAP_CAP_UART) != 0;
	return 0;
}

/* One slot more than may fly, because one is always being filled. */
static int queue_size(struct probe *p, unsigned packets)
{
	struct slot *slots;

	if (packets > PROBE_IN_FLIGHT_MAX)
		packets = PROBE_IN_FLIGHT_MAX;
	slots = calloc(packets + 1, sizeof(*slots));
	if (slots == NULL)
		return E_NOMEM;
	free(p->slots);
	p->slots = slots;
	p->slot_count = packets + 1;
	p->head = p->open = p->in_flight = 0;
	slots[0].request_len = CODEC_TRANSFER_REQUEST_HEAD;
	slots[0].response_len = CODEC_TRANSFER_RESPONSE_HEAD;
	return 0;
}

static int transport_open(const char *uri, uint32_t timeout_ms,
			  struct transport *out, char why[256])
{
	if (strncmp(uri, "tcp:", 4) == 0)
		return dap_tcp_open(uri + 4, timeout_ms, out, why);
	if (strncmp(uri, "usb:", 4) == 0)
		return usb_bulk_open(uri + 4, out, why);
	if (strncmp(uri, "hid:", 4) == 0)
		return usb_hid_open(uri + 4, out, why);
	snprintf(why, 256,
		 "probe address %.100s: it starts with none of tcp:, usb:, "
		 "hid:, gdb:",
		 uri);
	return E_ARG;
}

int dap_open(struct probe *p, const char *uri, char why[256])
{
	int err;

	p->info.packet_size = PACKET_SIZE_MIN;
	if ((err = queue_size(p, 1)) != 0 ||
	    (err = transport_open(uri, p->timeout_ms, &p->transport, why)) != 0)
		return err;
	if ((err = read_info(p)) != 0 ||
	    (err = queue_size(p, p->info.packet_count)) != 0) {
		snprintf(why, 256, "%s: %.200s", uri, p->why);
		return err;
	}
	p->err = 0;
	if (!p->info.swd) {
		snprintf(why, 256, "%s: this probe has no SWD", uri);
		return E_UNSUPPORTED;
	}
	p->info.dpidr = true;
	p->info.silent = true;
	return 0;
}

static void dap_close(struct probe *p)
{
	if (p->connected)
		adi_disconnect(p);
	if (p->transport.ops != NULL)
		p->transport.ops->close(p->transport.self);
	free(p->slots);
}

static int dap_nreset(struct probe *p, bool asserted)
{
	uint8_t answer[DAP_PACKET_MAX], request[7];
	struct wr w;
	size_t len;
	int err;

	wr_init(&w, request, sizeof(request));
	wr_u8(&w, DAP_SWJ_PINS);
	wr_u8(&w, asserted ? 0 : DAP_PIN_NRESET);
	wr_u8(&w, DAP_PIN_NRESET);
	wr_u32(&w, 1000); /* us for the pin to follow */
	err = wr_end(&w, &len);
	if (err == 0)
		err = dap_command(p, request, len, answer, sizeof(answer),
				  &len);
	if (err == 0 && len < 2)
		err = E_PROBE;
	return err;
}

static int dap_delay_us(struct probe *p, uint32_t us)
{
	while (us > 0) {
		uint32_t step = us < UINT16_MAX ? us : UINT16_MAX;
		uint8_t request[3] = { DAP_DELAY, step & 0xff, step >> 8 };
		int err = dap_simple(p, request, sizeof(request), "wait");

		if (err != 0)
			return err;
		us -= step;
	}
	return 0;
}

static int dap_uart_open(struct probe *p, uint32_t baud)
{
	uint8_t transport[2] = { DAP_UART_TRANSPORT, DAP_UART_MODE_DAP };
	uint8_t control[2] = { DAP_UART_CONTROL,
			       DAP_UART_RX_ENABLE | DAP_UART_TX_ENABLE };
	/* 8 data bits, no parity, one stop bit */
	uint8_t configure[6] = { DAP_UART_CONFIGURE, 0,
				 baud & 0xff,	     baud >> 8 & 0xff,
				 baud >> 16 & 0xff,  baud >> 24 };
	int err;

	if ((err = dap_simple(p, transport, sizeof(transport),
			      "carry the UART")) != 0 ||
	    (err = dap_simple(p, configure, sizeof(configure),
			      "set the UART's speed")) != 0)
		return err;
	return dap_simple(p, control, sizeof(control), "enable the UART");
}

static int uart_transfer(struct probe *p, const uint8_t *buf, size_t len,
			 uint8_t *out, size_t cap, size_t *ret_sent,
			 size_t *ret_received)
{
	uint8_t packet[DAP_PACKET_MAX];
	size_t room = p->info.packet_size - 6, got;
	struct wr w;
	int err;

	if (cap > room)
		cap = room;
	if (len > room)
		len = room;
	wr_init(&w, packet, sizeof(packet));
	wr_u8(&w, DAP_UART_TRANSFER);
	wr_u16(&w, (uint16_t)cap);
	wr_u16(&w, (uint16_t)len);
	wr_bytes(&w, buf, len);
	err = wr_end(&w, &got);
	if (err == 0)
		err = dap_command(p, packet, got, packet, sizeof(packet), &got);
	if (err != 0)
		return err;
	err = codec_uart_decode(packet, got, len, out, cap, ret_sent,
				ret_received);
	if (err != 0) {
		probe_fail(p, err, "the probe's UART answer makes no sense");
		p->err = 0;
	}
	return err;
}

static int dap_uart_read(struct probe *p, uint8_t *out, size_t cap,
			 size_t *out_len)
{
	size_t sent;

	return uart_transfer(p, NULL, 0, out, cap, &sent, out_len);
}

static int dap_uart_write(struct probe *p, const uint8_t *buf, size_t len)
{
	unsigned idle = 0;

	while (len > 0) {
		size_t sent, received;
		int err = uart_transfer(p, buf, len, NULL, 0, &sent, &received);

		if (err != 0)
			return err;
		buf += sent;
		len -= sent;
		idle = sent == 0 ? idle + 1 : 0;
		if (idle > 1000)
			return E_TIMEOUT;
		if (sent == 0 && (err = dap_delay_us(p, 1000)) != 0)
			return err;
	}
	return 0;
}

const struct probe_ops dap_ops = {
	.close = dap_close,
	.nreset = dap_nreset,
	.delay_us = dap_delay_us,
	.uart_open = dap_uart_open,
	.uart_read = dap_uart_read,
	.uart_write = dap_uart_write,
	.connect = adi_connect,
	.connect_reset = cortexm_connect_reset,
	.disconnect = adi_disconnect,
	.recover = adi_recover,
	.rom_identity = adi_rom_identity,
	.queue_read32 = adi_queue_read32,
	.queue_write32 = adi_queue_write32,
	.queue_read = adi_queue_read,
	.queue_write = adi_queue_write,
	.queue_match32 = adi_queue_match32,
	.flush = queue_flush,
	.halt = cortexm_halt,
	.resume = cortexm_resume,
	.step = cortexm_step,
	.reset_halt = cortexm_reset_halt,
	.reset_run = cortexm_reset_run,
	.reg_read = cortexm_reg_read,
	.queue_reg_write = cortexm_queue_reg_write,
	.detach = cortexm_detach,
};
