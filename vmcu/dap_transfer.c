/* SPDX-License-Identifier: MIT */
/* The probe's end of the SWD wire: sequences, and the transfer commands. */
#include "vmcu/dap_probe.h"
#include "wire/dap.h"

#define ACK_MASK 7
#define DATA_CYCLES 33 /* 32 bits and parity */
#define REG_RDBUFF (DAP_REQ_RNW | 0x0c)

/* -- one transfer on the wire --------------------------------------------- */

static void out_bits(struct dprobe *p, uint64_t bits, unsigned n)
{
	for (; n > 64; n -= 64) /* idle cycles: zeros */
		(void)dprobe_bits(p, true, bits, 64);
	(void)dprobe_bits(p, true, bits, n);
}

static uint64_t in_bits(struct dprobe *p, unsigned n)
{
	return dprobe_bits(p, false, 0, n);
}

static unsigned odd(uint32_t v)
{
	return (unsigned)__builtin_parity(v);
}

/* After WAIT or FAULT: turnaround, and the data phase if configured so. */
static void no_data(struct dprobe *p, uint8_t req)
{
	if (p->data_phase && (req & DAP_REQ_RNW) != 0)
		(void)in_bits(p, DATA_CYCLES);
	(void)in_bits(p, p->turnaround);
	if (p->data_phase && (req & DAP_REQ_RNW) == 0)
		out_bits(p, 0, DATA_CYCLES);
}

/* req: APnDP, RnW, A2, A3 in bits 0 to 3.  Returns the response byte. */
static uint8_t wire_transfer(struct dprobe *p, uint8_t req, uint32_t *data)
{
	uint64_t header = 0x81 | (req & 15u) << 1 | odd(req & 15u) << 5;
	uint64_t bits;
	uint8_t ack;

	out_bits(p, header, 8);
	(void)in_bits(p, p->turnaround);
	ack = (uint8_t)in_bits(p, 3);
	if (ack == DAP_ACK_WAIT || ack == DAP_ACK_FAULT) {
		no_data(p, req);
		return ack;
	}
	if (ack != DAP_ACK_OK) {
		(void)in_bits(p, p->turnaround + DATA_CYCLES);
		return ack;
	}
	if ((req & DAP_REQ_RNW) != 0) {
		bits = in_bits(p, DATA_CYCLES);
		(void)in_bits(p, p->turnaround);
		if (odd((uint32_t)bits) != (bits >> 32 & 1))
			return DAP_ACK_PROTOCOL;
		*data = (uint32_t)bits;
	} else {
		(void)in_bits(p, p->turnaround);
		out_bits(p, *data | (uint64_t)odd(*data) << 32, DATA_CYCLES);
	}
	out_bits(p, 0, p->idle_cycles);
	return ack;
}

/* With the retries that the host configured. */
static uint8_t transfer(struct dprobe *p, uint8_t req, uint32_t *data)
{
	uint32_t tries = p->wait_retry;
	uint8_t ack;

	do {
		ack = wire_transfer(p, req, data);
	} while (ack == DAP_ACK_WAIT && tries-- != 0);
	return ack;
}

/* -- DAP_Transfer --------------------------------------------------------- */

struct run { /* one DAP_Transfer under way */
	struct dprobe *probe;
	struct wr *w;
	uint8_t ack;
	bool posted;	  /* an AP read is on its way, to be stored */
	bool check_write; /* the last write's fate is still unknown */
};

static bool run_step(struct run *t, uint8_t req, uint32_t *data)
{
	t->ack = transfer(t->probe, req, data);
	return t->ack == DAP_ACK_OK;
}

/* Collects a posted read through RDBUFF. */
static bool run_collect(struct run *t)
{
	uint32_t v = 0;

	if (!t->posted)
		return true;
	t->posted = false;
	if (!run_step(t, REG_RDBUFF, &v))
		return false;
	wr_u32(t->w, v);
	return true;
}

static bool run_match(struct run *t, uint8_t req, uint32_t value)
{
	uint32_t tries = t->probe->match_retry;
	uint32_t v = 0;

	if (!run_collect(t))
		return false;
	/* The first AP read only posts. */
	if ((req & DAP_REQ_APNDP) != 0 && !run_step(t, req & 15, &v))
		return false;
	do {
		if (!run_step(t, req & 15, &v))
			return false;
		if ((v & t->probe->match_mask) == value)
			return true;
	} while (tries-- != 0);
	t->ack |= DAP_ACK_MISMATCH;
	return false;
}

static bool run_read(struct run *t, uint8_t req)
{
	bool ap = (req & DAP_REQ_APNDP) != 0;
	bool was_posted = t->posted;
	uint32_t v = 0;

	t->check_write = false;
	if (!ap && !run_collect(t))
		return false;
	if (!run_step(t, req & 15, &v))
		return false;
	if (!ap || was_posted)
		wr_u32(t->w, v);
	t->posted = ap;
	return true;
}

static bool run_write(struct run *t, uint8_t req, uint32_t v)
{
	if (!run_collect(t))
		return false;
	if ((req & DAP_REQ_MATCH_MASK) != 0) {
		t->probe->match_mask = v;
		t->ack = DAP_ACK_OK;
		return true;
	}
	if (!run_step(t, req & 15, &v))
		return false;
	t->check_write = true;
	return true;
}

static bool has_data(uint8_t req)
{
	return (req & DAP_REQ_RNW) == 0 || (req & DAP_REQ_MATCH_VALUE) != 0;
}

/* Length of the request's remainder and room for its answer, before anything
 * acts. */
static bool transfer_valid(const struct rd *r, unsigned count,
			   const struct wr *w)
{
	struct rd look = *r;
	size_t answer = 2;

	while (count-- != 0) {
		uint8_t req = rd_u8(&look);

		if (has_data(req))
			(void)rd_u32(&look);
		else
			answer += 4;
	}
	return look.err == 0 && answer <= w->cap - w->len;
}

static bool run_one(struct run *t, struct rd *r)
{
	uint8_t req = rd_u8(r);
	uint32_t v = has_data(req) ? rd_u32(r) : 0;

	if ((req & DAP_REQ_RNW) == 0)
		return run_write(t, req, v);
	if ((req & DAP_REQ_MATCH_VALUE) != 0)
		return run_match(t, req, v);
	return run_read(t, req);
}

static void skip_requests(struct rd *r, unsigned count)
{
	while (count-- != 0)
		if (has_data(rd_u8(r)))
			(void)rd_u32(r);
}

/* The end of all transfers: the last answer is still on the chip's side. */
static void run_finish(struct run *t)
{
	uint32_t v;

	if (t->ack != DAP_ACK_OK)
		return;
	if (t->posted)
		(void)run_collect(t);
	else if (t->check_write)
		(void)run_step(t, REG_RDBUFF, &v);
}

void dprobe_transfer(struct dprobe *p, struct rd *r, struct wr *w)
{
	struct run t = { .probe = p, .w = w };
	unsigned count, done = 0;
	size_t head;

	(void)rd_u8(r); /* index: a SWD probe has one device */
	count = rd_u8(r);
	if (!transfer_valid(r, count, w)) {
		rd_fail(r, E_SYNTAX);
		return;
	}
	head = w->len;
	wr_u8(w, 0);
	wr_u8(w, 0);
	if (!p->connected) {
		skip_requests(r, count);
		return;
	}
	while (done < count && run_one(&t, r))
		done++;
	/* A request that failed has been read, but not done. */
	if (done < count)
		skip_requests(r, count - done - 1);
	run_finish(&t);
	w->buf[head] = (uint8_t)done;
	w->buf[head + 1] = t.ack;
}

/* -- DAP_TransferBlock ---------------------------------------------------- */

/* Words done.  An AP read is posted once more than it is stored, and the
 * last word comes from RDBUFF. */
static unsigned block_read(struct run *t, uint8_t req, unsigned count)
{
	bool ap = (req & DAP_REQ_APNDP) != 0;
	unsigned done = 0;
	uint32_t v = 0;

	if (ap && !run_step(t, req & 15, &v))
		return 0;
	while (done < count) {
		uint8_t reg = ap && done + 1 == count ? REG_RDBUFF : req & 15;

		if (!run_step(t, reg, &v))
			break;
		wr_u32(t->w, v);
		done++;
	}
	return done;
}

static unsigned block_write(struct run *t, uint8_t req, unsigned count,
			    struct rd *r)
{
	unsigned done = 0;
	uint32_t v;

	for (; done < count; done++) {
		v = rd_u32(r);
		if (!run_step(t, req & 15, &v))
			break;
	}
	for (unsigned i = done + 1; i < count; i++)
		(void)rd_u32(r);
	if (t->ack == DAP_ACK_OK)
		(void)run_step(t, REG_RDBUFF, &v);
	return done;
}

void dprobe_transfer_block(struct dprobe *p, struct rd *r, struct wr *w)
{
	struct run t = { .probe = p, .w = w };
	unsigned count, done = 0;
	uint8_t req;
	size_t head;
	bool read;

	(void)rd_u8(r);
	count = rd_u16(r);
	req = rd_u8(r);
	read = (req & DAP_REQ_RNW) != 0;
	if (read ? w->cap - w->len < 3 + 4 * (size_t)count
		 : r->left < 4 * (size_t)count || w->cap - w->len < 3) {
		rd_fail(r, E_SYNTAX);
		return;
	}
	head = w->len;
	wr_u16(w, 0);
	wr_u8(w, 0);
	if (!p->connected) {
		if (!read)
			(void)rd_bytes(r, 4 * (size_t)count);
		return;
	}
	if (count != 0)
		done = read ? block_read(&t, req, count)
			    : block_write(&t, req, count, r);
	w->buf[head] = (uint8_t)done;
	w->buf[head + 1] = (uint8_t)(done >> 8);
	w->buf[head + 2] = t.ack;
}

/* -- the other wire commands ---------------------------------------------- */

void dprobe_transfer_configure(struct dprobe *p, struct rd *r, struct wr *w)
{
	p->idle_cycles = rd_u8(r);
	p->wait_retry = rd_u16(r);
	p->match_retry = rd_u16(r);
	wr_u8(w, DAP_OK);
}

void dprobe_swd_configure(struct dprobe *p, struct rd *r, struct wr *w)
{
	uint8_t v = rd_u8(r);

	p->turnaround = 1 + (v & 3u);
	p->data_phase = (v & 4) != 0;
	wr_u8(w, DAP_OK);
}

void dprobe_write_abort(struct dprobe *p, struct rd *r, struct wr *w)
{
	uint32_t v;

	(void)rd_u8(r);
	v = rd_u32(r);
	if (p->connected)
		wr_u8(w, transfer(p, 0, &v) == DAP_ACK_OK ? DAP_OK : DAP_ERROR);
	else
		wr_u8(w, DAP_ERROR);
}

void dprobe_swj_sequence(struct dprobe *p, struct rd *r, struct wr *w)
{
	uint8_t n = rd_u8(r);
	unsigned bits = n != 0 ? n : 256;
	const uint8_t *data = rd_bytes(r, (bits + 7) / 8);

	if (data == NULL)
		return;
	for (unsigned i = 0; i < bits; i += 8)
		(void)dprobe_bits(p, true, data[i / 8],
				  bits - i < 8 ? bits - i : 8);
	wr_u8(w, DAP_OK);
}

static bool sequence_valid(const struct rd *r, unsigned count)
{
	struct rd look = *r;

	while (count-- != 0) {
		uint8_t info = rd_u8(&look);
		unsigned bits = info & 63 ? info & 63 : 64;

		if ((info & 0x80) == 0)
			(void)rd_bytes(&look, (bits + 7) / 8);
	}
	return look.err == 0;
}

void dprobe_swd_sequence(struct dprobe *p, struct rd *r, struct wr *w)
{
	unsigned count = rd_u8(r);

	if (!sequence_valid(r, count)) {
		rd_fail(r, E_SYNTAX);
		return;
	}
	wr_u8(w, DAP_OK);
	while (count-- != 0) {
		uint8_t info = rd_u8(r);
		unsigned bits = info & 63 ? info & 63 : 64;
		unsigned bytes = (bits + 7) / 8;
		uint64_t v = 0;

		if ((info & 0x80) != 0) {
			v = in_bits(p, bits);
			for (unsigned i = 0; i < bytes; i++)
				wr_u8(w, (uint8_t)(v >> 8 * i));
			continue;
		}
		for (unsigned i = 0; i < bytes; i++)
			v |= (uint64_t)rd_u8(r) << 8 * i;
		out_bits(p, v, bits);
	}
}
