/* SPDX-License-Identifier: MIT */
/* The probe's UART commands: bytes between the host and the firmware. */
#include "vmcu/dap_probe.h"
#include "wire/dap.h"

#define UART_BAUD_MAX 4000000u

void dprobe_uart_transport(struct dprobe *p, struct rd *r, struct wr *w)
{
	uint8_t mode = rd_u8(r);
	bool ok = mode == DAP_UART_MODE_NONE || mode == DAP_UART_MODE_DAP;

	if (ok) {
		p->uart.dap = mode == DAP_UART_MODE_DAP;
		p->uart.configured = p->uart.rx = p->uart.tx = false;
	}
	wr_u8(w, ok ? DAP_OK : DAP_ERROR);
}

void dprobe_uart_configure(struct dprobe *p, struct rd *r, struct wr *w)
{
	uint8_t control = rd_u8(r);
	uint32_t baud = rd_u32(r);
	uint8_t status = 0;

	if (!p->uart.dap) {
		wr_u8(w, DAP_ERROR);
		wr_u32(w, 0);
		return;
	}
	/* 8 data bits, no parity, one stop bit: all that the wire has. */
	status = ((control & 0x0f) != 0 ? 1 : 0) |
		 ((control & 0x30) != 0 ? 2 : 0) |
		 ((control & 0xc0) != 0 ? 4 : 0);
	if (baud == 0 || baud > UART_BAUD_MAX)
		baud = 0;
	p->uart.configured = status == 0 && baud != 0;
	wr_u8(w, status);
	wr_u32(w, baud);
}

static bool wants(uint8_t control, uint8_t enable, uint8_t disable, bool now)
{
	if ((control & disable) != 0)
		return false;
	return now || (control & enable) != 0;
}

void dprobe_uart_control(struct dprobe *p, struct rd *r, struct wr *w)
{
	uint8_t control = rd_u8(r);
	bool rx = wants(control, DAP_UART_RX_ENABLE, DAP_UART_RX_DISABLE,
			p->uart.rx);
	bool tx = wants(control, DAP_UART_TX_ENABLE, DAP_UART_TX_DISABLE,
			p->uart.tx);

	if (!p->uart.dap || ((rx || tx) && !p->uart.configured)) {
		wr_u8(w, DAP_ERROR);
		return;
	}
	/* Enabling flushes, as the specification says. */
	if ((rx && !p->uart.rx) || (control & DAP_UART_RX_FLUSH) != 0)
		p->uart.pos = p->bench->uart_end;
	p->uart.rx = rx;
	p->uart.tx = tx;
	wr_u8(w, DAP_OK);
}

static uint8_t uart_status(const struct dprobe *p)
{
	return (p->uart.rx ? DAP_UART_RX_ENABLED : 0) |
	       (p->uart.tx ? DAP_UART_TX_ENABLED : 0);
}

/* Bytes waiting for the host; what does not fit the buffer is lost. */
static uint32_t uart_waiting(struct dprobe *p, bool *lost)
{
	uint64_t n = p->uart.rx ? p->bench->uart_end - p->uart.pos : 0;

	*lost = n > DPROBE_UART_BUFFER;
	if (*lost) {
		p->uart.pos = p->bench->uart_end - DPROBE_UART_BUFFER;
		n = DPROBE_UART_BUFFER;
	}
	return (uint32_t)n;
}

void dprobe_uart_status(struct dprobe *p, struct rd *r, struct wr *w)
{
	bool lost;
	uint32_t n;

	(void)r;
	if (!p->uart.dap) {
		wr_u8(w, 0);
		wr_u32(w, 0);
		wr_u32(w, 0);
		return;
	}
	bench_settle(p->bench);
	n = uart_waiting(p, &lost);
	wr_u8(w, uart_status(p) | (lost ? DAP_UART_RX_LOST : 0));
	wr_u32(w, n);
	wr_u32(w, 0); /* the firmware's queue has it already */
}

void dprobe_uart_transfer(struct dprobe *p, struct rd *r, struct wr *w)
{
	uint16_t want = rd_u16(r);
	uint16_t tx_len = rd_u16(r);
	const uint8_t *tx = rd_bytes(r, tx_len);
	uint8_t buf[DAP_PACKET_MAX];
	size_t room = w->cap - w->len;
	bool lost = false, late;
	size_t n = 0;

	if (r->err != 0)
		return;
	if (!p->uart.dap || room < 5) {
		rd_fail(r, E_STATE);
		return;
	}
	if (p->uart.tx && tx_len != 0)
		tx_len = (uint16_t)bench_uart_write(p->bench, tx, tx_len);
	else
		tx_len = 0;
	bench_settle(p->bench);
	if (want > room - 5)
		want = (uint16_t)(room - 5);
	if (p->uart.rx) {
		(void)uart_waiting(p, &lost);
		n = bench_uart_read(p->bench, &p->uart.pos, buf, want, &late);
	}
	wr_u8(w, uart_status(p) | (lost ? DAP_UART_RX_LOST : 0));
	wr_u16(w, tx_len);
	wr_u16(w, (uint16_t)n);
	wr_bytes(w, buf, n);
}
