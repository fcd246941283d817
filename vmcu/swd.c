/* SPDX-License-Identifier: MIT */
#include "vmcu/swd.h"

#define REQUEST_DPIDR 0xa5 /* start, DP, read, address 0, parity, park */

static bool odd(uint32_t v)
{
	return __builtin_parity(v) != 0;
}

static bool request_ap(const struct swdp *s)
{
	return (s->request & 0x02) != 0;
}

static bool request_read(const struct swdp *s)
{
	return (s->request & 0x04) != 0;
}

static unsigned request_addr(const struct swdp *s)
{
	return (s->request >> 3 & 3) * 4;
}

static bool request_valid(uint8_t r)
{
	return (r & 0xc1) == 0x81 && odd(r >> 1 & 0x0f) == ((r >> 5 & 1) != 0);
}

static void enter(struct swdp *s, enum swdp_state state)
{
	s->state = state;
	s->bit = 0;
}

void swdp_init(struct swdp *s, struct adiv5 *adi)
{
	*s = (struct swdp){ .adi = adi };
	swdp_power_on_reset(s);
}

void swdp_power_on_reset(struct swdp *s)
{
	s->need_dpidr = true;
	s->ones = 0;
	s->recent = 0;
	enter(s, SWDP_ERROR);
}

static bool take(unsigned *fault)
{
	if (*fault == 0)
		return false;
	--*fault;
	return true;
}

/* What this request is answered; faults asked for come first. */
static enum adiv5_ack answer(struct swdp *s)
{
	if (!mcu_debug_alive(s->adi->time->mcu) || take(&s->faults.silence))
		return ADIV5_SILENT;
	if (take(&s->faults.wait))
		return ADIV5_WAIT;
	if (take(&s->faults.fault))
		return ADIV5_FAULT;
	s->bad_parity = take(&s->faults.parity);
	return adiv5_swd_ack(s->adi, request_ap(s), request_read(s),
			     request_addr(s));
}

static void request_done(struct swdp *s)
{
	if (!request_valid(s->request) ||
	    (s->need_dpidr && s->request != REQUEST_DPIDR)) {
		enter(s, SWDP_ERROR);
		return;
	}
	s->bad_parity = false;
	/* The core catches up first: it may switch the pins off. */
	wiretime_flush(s->adi->time);
	s->ack = answer(s);
	if (s->ack == ADIV5_SILENT) {
		enter(s, SWDP_ERROR);
		return;
	}
	s->need_dpidr = false;
	s->transfers++;
	enter(s, SWDP_TURN_ACK);
}

/* The ack is out: data phase, or back to idle. */
static void ack_done(struct swdp *s)
{
	bool overrun = s->ack != ADIV5_OK &&
		       (s->adi->ctrl_stat & ADIV5_ORUNDETECT) != 0;
	uint32_t v = 0;

	if (s->ack != ADIV5_OK && !overrun) {
		enter(s, SWDP_TURN_IDLE);
		return;
	}
	if (overrun)
		adiv5_overrun(s->adi);
	if (!request_read(s)) {
		enter(s, SWDP_TURN_WRITE);
		return;
	}
	if (!overrun)
		v = adiv5_swd_read(s->adi, request_ap(s), request_addr(s));
	s->shift = v | (uint64_t)(odd(v) != s->bad_parity) << 32;
	enter(s, SWDP_READ);
}

static void write_done(struct swdp *s)
{
	uint32_t v = (uint32_t)s->shift;
	bool parity = (s->shift >> 32 & 1) != 0;

	enter(s, SWDP_IDLE);
	if (s->ack != ADIV5_OK)
		return;
	if (odd(v) != parity || s->bad_parity)
		adiv5_swd_wdata_error(s->adi);
	else
		adiv5_swd_write(s->adi, request_ap(s), request_addr(s), v);
}

int swdp_drive(const struct swdp *s)
{
	if (s->state == SWDP_ACK)
		return s->ack >> s->bit & 1;
	if (s->state == SWDP_READ)
		return (int)(s->shift >> s->bit & 1);
	return -1;
}

/* One more bit of this state is over; true when it was the last of n. */
static bool last(struct swdp *s, unsigned n)
{
	return ++s->bit >= n;
}

static void step(struct swdp *s, unsigned level)
{
	unsigned turn = adiv5_turnaround(s->adi);

	switch (s->state) {
	case SWDP_RESET:
		if (level == 0)
			enter(s, SWDP_IDLE);
		break;
	case SWDP_IDLE:
		if (level == 0)
			break;
		enter(s, SWDP_REQUEST);
		s->request = 1;
		s->bit = 1;
		break;
	case SWDP_REQUEST:
		s->request |= (uint8_t)(level << s->bit);
		if (last(s, 8))
			request_done(s);
		break;
	case SWDP_TURN_ACK:
		if (last(s, turn))
			enter(s, SWDP_ACK);
		break;
	case SWDP_ACK:
		if (last(s, 3))
			ack_done(s);
		break;
	case SWDP_READ:
		if (last(s, 33))
			enter(s, SWDP_TURN_IDLE);
		break;
	case SWDP_TURN_WRITE:
		s->shift = 0;
		if (last(s, turn))
			enter(s, SWDP_WRITE);
		break;
	case SWDP_WRITE:
		s->shift |= (uint64_t)level << s->bit;
		if (last(s, 33))
			write_done(s);
		break;
	case SWDP_TURN_IDLE:
		if (last(s, turn))
			enter(s, SWDP_IDLE);
		break;
	case SWDP_ERROR:
		s->request = s->recent;
		if (s->recent == REQUEST_DPIDR)
			request_done(s);
		break;
	}
}

void swdp_clock(struct swdp *s, int level)
{
	unsigned bit = level != 0;
	bool driving = swdp_drive(s) >= 0;

	s->recent = (uint8_t)(s->recent >> 1 | bit << 7);
	s->ones = bit && !driving ? s->ones + 1 : 0;
	if (s->ones >= SWDP_LINE_RESET) {
		s->need_dpidr = true;
		enter(s, SWDP_RESET);
		return;
	}
	step(s, bit);
}
