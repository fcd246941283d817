/* SPDX-License-Identifier: MIT */
#include "vmcu/jtag.h"

#define CORE_IR_LEN 4
#define BOUNDARY_IR_LEN 5
#define BOUNDARY_IDCODE 1

enum core_ir {
	IR_ABORT = 0x8,
	IR_DPACC = 0xa,
	IR_APACC = 0xb,
	IR_IDCODE = 0xe,
};

#define ACK_OK 2 /* OK or FAULT; CTRL/STAT tells them apart */
#define ACK_WAIT 1

static const uint8_t next_state[16][2] = {
	[JTAG_RESET] = { JTAG_IDLE, JTAG_RESET },
	[JTAG_IDLE] = { JTAG_IDLE, JTAG_SELECT_DR },
	[JTAG_SELECT_DR] = { JTAG_CAPTURE_DR, JTAG_SELECT_IR },
	[JTAG_CAPTURE_DR] = { JTAG_SHIFT_DR, JTAG_EXIT1_DR },
	[JTAG_SHIFT_DR] = { JTAG_SHIFT_DR, JTAG_EXIT1_DR },
	[JTAG_EXIT1_DR] = { JTAG_PAUSE_DR, JTAG_UPDATE_DR },
	[JTAG_PAUSE_DR] = { JTAG_PAUSE_DR, JTAG_EXIT2_DR },
	[JTAG_EXIT2_DR] = { JTAG_SHIFT_DR, JTAG_UPDATE_DR },
	[JTAG_UPDATE_DR] = { JTAG_IDLE, JTAG_SELECT_DR },
	[JTAG_SELECT_IR] = { JTAG_CAPTURE_IR, JTAG_RESET },
	[JTAG_CAPTURE_IR] = { JTAG_SHIFT_IR, JTAG_EXIT1_IR },
	[JTAG_SHIFT_IR] = { JTAG_SHIFT_IR, JTAG_EXIT1_IR },
	[JTAG_EXIT1_IR] = { JTAG_PAUSE_IR, JTAG_UPDATE_IR },
	[JTAG_PAUSE_IR] = { JTAG_PAUSE_IR, JTAG_EXIT2_IR },
	[JTAG_EXIT2_IR] = { JTAG_SHIFT_IR, JTAG_UPDATE_IR },
	[JTAG_UPDATE_IR] = { JTAG_IDLE, JTAG_SELECT_DR },
};

static const struct mcu_identity *identity(const struct jtag *j)
{
	return mcu_identity(j->adi->time->mcu);
}

void jtag_init(struct jtag *j, struct adiv5 *adi)
{
	*j = (struct jtag){ .adi = adi };
	jtag_reset(j);
}

/* In front of a chip that has none, the SW-DP's number: OpenOCD's scripts
 * expect it there. */
static uint32_t idcode(const struct jtag *j)
{
	uint32_t own = identity(j)->jtag_idcode;

	return own != 0 ? own : identity(j)->dpidr;
}

void jtag_reset(struct jtag *j)
{
	j->state = JTAG_RESET;
	j->core = (struct jtag_tap){ .ir_len = CORE_IR_LEN, .ir = IR_IDCODE };
	j->boundary = (struct jtag_tap){ .ir_len = BOUNDARY_IR_LEN,
					 .ir = BOUNDARY_IDCODE };
	j->waiting = false;
	j->tdo = 1;
}

static void tap_load(struct jtag_tap *t, uint64_t v, unsigned len)
{
	t->shift = v;
	t->shift_len = len;
}

static void capture_dr(struct jtag *j)
{
	uint64_t ack = ACK_OK;

	if (j->boundary.ir == BOUNDARY_IDCODE)
		tap_load(&j->boundary, identity(j)->jtag_boundary, 32);
	else
		tap_load(&j->boundary, 0, 1);
	j->waiting = false;
	switch (j->core.ir) {
	case IR_IDCODE:
		tap_load(&j->core, idcode(j), 32);
		break;
	case IR_DPACC:
	case IR_APACC:
		if (j->wait != 0) {
			j->wait--;
			j->waiting = true;
			ack = ACK_WAIT;
		}
		tap_load(&j->core, (uint64_t)j->adi->jtag_result << 3 | ack,
			 35);
		break;
	case IR_ABORT:
		tap_load(&j->core, 0, 35);
		break;
	default:
		tap_load(&j->core, 0, 1);
	}
}

static void update_dr(struct jtag *j)
{
	uint32_t v = (uint32_t)(j->core.shift >> 3);
	bool read = (j->core.shift & 1) != 0;
	unsigned addr = (j->core.shift >> 1 & 3) * 4;

	if (j->core.ir == IR_ABORT) {
		adiv5_abort(j->adi, v);
		return;
	}
	if ((j->core.ir != IR_DPACC && j->core.ir != IR_APACC))
		return;
	if (j->waiting) {
		if ((j->adi->ctrl_stat & ADIV5_ORUNDETECT) != 0)
			adiv5_overrun(j->adi);
		return;
	}
	adiv5_jtag_access(j->adi, j->core.ir == IR_APACC, read, addr, v);
}

static unsigned tap_shift(struct jtag_tap *t, unsigned in)
{
	unsigned out = (unsigned)(t->shift & 1);

	t->shift = t->shift >> 1 | (uint64_t)in << (t->shift_len - 1);
	return out;
}

static void chain_shift(struct jtag *j, unsigned in)
{
	if (identity(j)->jtag_boundary != 0)
		in = tap_shift(&j->boundary, in);
	(void)tap_shift(&j->core, in);
}

void jtag_rising(struct jtag *j, int tms, int tdi)
{
	switch (j->state) {
	case JTAG_CAPTURE_DR:
		capture_dr(j);
		break;
	case JTAG_CAPTURE_IR:
		tap_load(&j->core, 1, CORE_IR_LEN);
		tap_load(&j->boundary, 1, BOUNDARY_IR_LEN);
		break;
	case JTAG_SHIFT_DR:
	case JTAG_SHIFT_IR:
		chain_shift(j, tdi != 0);
		break;
	default:
		break;
	}
	j->state = (enum jtag_state)next_state[j->state][tms != 0];
	if (j->state == JTAG_RESET) {
		j->core.ir = IR_IDCODE;
		j->boundary.ir = BOUNDARY_IDCODE;
	} else if (j->state == JTAG_UPDATE_IR) {
		j->core.ir = (uint32_t)j->core.shift;
		j->boundary.ir = (uint32_t)j->boundary.shift;
	} else if (j->state == JTAG_UPDATE_DR) {
		update_dr(j);
	}
}

void jtag_falling(struct jtag *j)
{
	bool shifting = j->state == JTAG_SHIFT_DR || j->state == JTAG_SHIFT_IR;

	j->tdo = shifting ? (int)(j->core.shift & 1) : 1;
}
