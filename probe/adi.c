/* SPDX-License-Identifier: MIT */
/*
 * The debug port and its one MEM-AP: ARM IHI 0031 (ADIv5.2), chapters B2
 * (DP), B4 (SWD) and C2 (MEM-AP).
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "probe/internal.h"

#define ABORT_CLEAR 0x1e	  /* ORUNERR, WDERR, STKERR, STKCMP */
#define POWER_REQUEST 0x50000000u /* CSYSPWRUPREQ, CDBGPWRUPREQ */
#define POWER_ACK 0xa0000000u
#define STAT_WDATAERR 0x80u
#define MEM_AP_CLASS 8u /* IDR[16:13] */

static void queue_dp(struct probe *p, uint8_t request, uint32_t v,
		     uint32_t *out)
{
	struct dap_op op = { .request = request, .value = v, .out = out };

	queue_op(p, &op);
}

void adi_queue_dp_write(struct probe *p, uint8_t reg, uint32_t v)
{
	queue_dp(p, reg, v, NULL);
}

void adi_queue_select(struct probe *p, uint8_t reg)
{
	uint32_t select = reg & 0xf0;

	if (p->select_known && p->select == select)
		return;
	adi_queue_dp_write(p, DP_SELECT, select);
	p->select = select;
	p->select_known = true;
}

void adi_queue_ap_write(struct probe *p, uint8_t reg, uint32_t v)
{
	adi_queue_select(p, reg);
	queue_dp(p, DAP_REQ_APNDP | (reg & DAP_REQ_A32), v, NULL);
}

void adi_queue_ap_read(struct probe *p, uint8_t reg, uint32_t *out)
{
	adi_queue_select(p, reg);
	queue_dp(p, DAP_REQ_APNDP | DAP_REQ_RNW | (reg & DAP_REQ_A32), 0, out);
}

void adi_forget(struct probe *p)
{
	p->select_known = p->csw_known = p->tar_known = false;
}

int adi_fault_cause(struct probe *p)
{
	uint32_t status = 0;
	const struct dap_op op = { .request = DP_CTRL_STAT | DAP_REQ_RNW,
				   .out = &status };
	uint8_t packet[DAP_PACKET_MAX], answer[DAP_PACKET_MAX];
	unsigned done;
	size_t len;

	/* never faults itself: IHI 0031 B4.2.4 */
	if (codec_transfer_encode(&op, 1, packet, sizeof(packet), &len) != 0 ||
	    dap_command(p, packet, len, answer, sizeof(answer), &len) != 0 ||
	    codec_transfer_decode(&op, 1, answer, len, &done) != 0 ||
	    (status & STAT_WDATAERR) == 0)
		return E_DAP_FAULT;
	len = strlen(p->why);
	snprintf(p->why + len, sizeof(p->why) - len,
		 " (after a write with wrong parity)");
	return E_DAP_PARITY;
}

/* Line reset, JTAG-to-SWD, line reset, idle: IHI 0031 B5.2.1. */
static void queue_line_reset(struct probe *p)
{
	static const uint8_t sequence[] = {
		DAP_SWJ_SEQUENCE,
		136,
		0xff,
		0xff,
		0xff,
		0xff,
		0xff,
		0xff,
		0xff,
		0x9e,
		0xe7,
		0xff,
		0xff,
		0xff,
		0xff,
		0xff,
		0xff,
		0xff,
		0x00,
	};

	queue_status(p, sequence, sizeof(sequence));
	adi_forget(p);
}

static void queue_port(struct probe *p)
{
	uint8_t clock[5] = { DAP_SWJ_CLOCK, p->clock_hz & 0xff,
			     p->clock_hz >> 8 & 0xff, p->clock_hz >> 16 & 0xff,
			     p->clock_hz >> 24 };
	/* turnaround of one clock, no data phase after WAIT and FAULT */
	static const uint8_t swd[2] = { DAP_SWD_CONFIGURE, 0 };

	queue_status(p, clock, sizeof(clock));
	queue_status(p, swd, sizeof(swd));
	queue_configure(p);
}

static int connect_port(struct probe *p)
{
	static const uint8_t connect[2] = { DAP_CONNECT, DAP_PORT_SWD };
	uint8_t answer[DAP_PACKET_MAX];
	size_t len;
	int err = dap_command(p, connect, sizeof(connect), answer,
			      sizeof(answer), &len);

	if (err != 0)
		return err;
	if (len < 2 || answer[1] != DAP_PORT_SWD) {
		probe_fail(p, E_PROBE, "probe cannot switch to SWD");
		p->err = 0;
		return E_PROBE;
	}
	return 0;
}

int adi_take_pins(struct probe *p, uint32_t clock_hz)
{
	uint8_t clock[5] = { DAP_SWJ_CLOCK, clock_hz & 0xff,
			     clock_hz >> 8 & 0xff, clock_hz >> 16 & 0xff,
			     clock_hz >> 24 };
	/* SWDIO low, SWCLK high, without an edge: 10 us are enough */
	static const uint8_t pins[7] = { DAP_SWJ_PINS, DAP_PIN_SWCLK,
					 DAP_PIN_SWCLK | DAP_PIN_SWDIO, 10 };
	uint8_t answer[DAP_PACKET_MAX];
	size_t len;
	int err = connect_port(p);

	if (err == 0)
		err = dap_simple(p, clock, sizeof(clock), "set the clock");
	if (err == 0)
		err = dap_command(p, pins, sizeof(pins), answer, sizeof(answer),
				  &len);
	return err;
}

/* Debug and system power on, sticky errors off. */
static void queue_power_up(struct probe *p)
{
	struct dap_op mask = { .request = DAP_REQ_MATCH_MASK,
			       .value = POWER_ACK };
	struct dap_op match = { .request = DP_CTRL_STAT | DAP_REQ_RNW |
					   DAP_REQ_MATCH_VALUE,
				.value = POWER_ACK };

	adi_queue_dp_write(p, DP_ABORT, ABORT_CLEAR);
	adi_queue_select(p, 0);
	adi_queue_dp_write(p, DP_CTRL_STAT, POWER_REQUEST);
	queue_op(p, &mask);
	queue_op(p, &match);
}

int adi_connect(struct probe *p)
{
	int err = connect_port(p);

	if (err != 0)
		return err;
	p->connected = true;
	queue_port(p);
	queue_line_reset(p);
	/* a read of DPIDR must come first: IHI 0031 B4.3.4 */
	queue_dp(p, DP_DPIDR | DAP_REQ_RNW, 0, &p->dpidr);
	queue_power_up(p);
	adi_queue_ap_read(p, AP_IDR, &p->ap_idr);
	adi_queue_ap_read(p, AP_BASE, &p->ap_base);
	err = queue_flush(p);
	if (err == 0 && (p->ap_idr >> 13 & 0xf) != MEM_AP_CLASS) {
		probe_fail(p, E_TARGET_FINGERPRINT,
			   "AP 0 is no memory access port (IDR 0x%08" PRIx32
			   ")",
			   p->ap_idr);
		p->err = 0;
		err = E_TARGET_FINGERPRINT;
	}
	return err;
}

void adi_disconnect(struct probe *p)
{
	static const uint8_t request[1] = { DAP_DISCONNECT };

	adi_forget(p);
	p->connected = false;
	if (p->lost)
		return;
	/* the target may be gone: nothing to be done about an error here */
	if (dap_simple(p, request, sizeof(request), "disconnect") != 0)
		return;
}

int adi_recover(struct probe *p)
{
	uint32_t dpidr;

	queue_line_reset(p);
	queue_dp(p, DP_DPIDR | DAP_REQ_RNW, 0, &dpidr);
	queue_power_up(p);
	return queue_flush(p);
}

/* -- ROM table: IHI 0031 D1 ---------------------------------------------- */

void adi_rom_decode(const uint32_t pidr[8], uint32_t *out_designer,
		    uint32_t *out_part)
{
	*out_part = (pidr[4] & 0xff) | (pidr[5] & 0x0f) << 8;
	/* without the JEDEC bit this is an old ASCII code: keep it apart */
	*out_designer = (pidr[0] & 0x0f) << 7 | (pidr[5] & 0xf0) >> 4 |
			(pidr[6] & 0x07) << 4;
	if ((pidr[6] & 0x08) == 0)
		*out_designer |= 0x80000000;
}

int adi_rom_identity(struct probe *p, uint32_t *out_designer,
		     uint32_t *out_part)
{
	uint32_t base = p->ap_base & ~0xfffu;
	uint32_t pidr[8];
	int err;

	for (unsigned i = 0; i < 8; i++)
		adi_queue_read32(p, base + 0xfd0 + 4 * i, &pidr[i]);
	err = queue_flush(p);
	if (err == 0)
		adi_rom_decode(pidr, out_designer, out_part);
	return err;
}
