/* SPDX-License-Identifier: MIT */
/*
 * Erase, program, verify, records.
 *
 * The wire never waits for the flash: while one buffer is programmed, the
 * mirror of the buffer before (what the flash then really held) comes back
 * for comparison, and the next block goes out.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "flasher/blocks.h"
#include "flasher/target_int.h"
#include "wire/layout.h"

#define FULL_BIT ALGO_FULL
#define CRC_REFLECTED 0xd800000000000000u

struct run { /* of flash without a gap, and the CRC it must have */
	uint32_t base, len;
	uint64_t crc;
};

struct lane {		    /* one of the two buffers */
	uint32_t base, len; /* len 0 = nothing in it */
	uint8_t *sent;
};

struct stream {
	struct target *t;
	/* next block; *ret_len = 0 at the end */
	int (*next)(void *arg, uint8_t *out, uint32_t cap, uint32_t *ret_base,
		    uint32_t *ret_len);
	void *next_arg;
	const char *what;
	bool fast; /* see ALGO_PROGRAM */
	struct lane lanes[2];
	uint8_t *mirror, *expected;
	struct run runs[SEGMENTS_MAX + 1];
	unsigned run_count;
	uint32_t done;
};

/* Bit by bit, as chip/algo.h defines it. */
static uint64_t crc64_step(uint64_t crc, const uint8_t *p, size_t len)
{
	crc = ~crc;
	while (len-- > 0) {
		crc ^= *p++;
		for (unsigned i = 0; i < 8; i++)
			crc = crc & 1 ? crc >> 1 ^ CRC_REFLECTED : crc >> 1;
	}
	return ~crc;
}

static int note_run(struct stream *s, uint32_t base, const uint8_t *data,
		    uint32_t len)
{
	struct run *r = s->run_count ? &s->runs[s->run_count - 1] : NULL;

	if (r == NULL || r->base + r->len != base) {
		if (s->run_count == SEGMENTS_MAX + 1)
			return E_INTERNAL;
		r = &s->runs[s->run_count++];
		r->base = base;
		r->len = 0;
		r->crc = 0;
	}
	r->crc = crc64_step(r->crc, data, len);
	r->len += len;
	return 0;
}

/* Gets the next block and sends its bytes to buffer i. */
static int lane_fill(struct stream *s, unsigned i)
{
	const struct chip_algo *a = s->t->chip->algo;
	struct lane *l = &s->lanes[i];
	int err = s->next(s->next_arg, l->sent, a->buffer_len, &l->base,
			  &l->len);

	if (err != 0)
		return target_fail(s->t, err, "%s: release data: %s", s->what,
				   error_text(err));
	if (l->len == 0)
		return 0;
	dbg_queue_write(s->t->probe, a->buffer[i], l->sent, l->len);
	return note_run(s, l->base, l->sent, l->len);
}

/* Hands buffer i over; length 0 tells the algorithm that it is the end. */
static void lane_arm(struct stream *s, unsigned i)
{
	enum algo_word state = i ? ALGO_STATE1 : ALGO_STATE0;
	struct probe *p = s->t->probe;

	dbg_queue_write32(p, algo_word_address(s->t, state + 1),
			  s->lanes[i].base);
	dbg_queue_write32(p, algo_word_address(s->t, state + 2),
			  s->lanes[i].len);
	dbg_queue_write32(p, algo_word_address(s->t, state), ALGO_FULL);
}

static int compare(struct stream *s, uint32_t base, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		if (s->mirror[i] != s->expected[i])
			return target_fail(
				s->t, E_TARGET_VERIFY,
				"%s: 0x%08" PRIx32
				" reads back as 0x%02x, sent was 0x%02x",
				s->what, base + i, s->mirror[i],
				s->expected[i]);
	return 0;
}

/* What was asked of the probe must have come before the places that it goes to
 * end.  The failure that is told of is another one. */
static void settle(struct probe *p)
{
	int err = dbg_flush(p);

	(void)err;
}

/* Buffer i is done: fetch its mirror, fill and arm it again, then compare. */
static int lane_turn(struct stream *s, unsigned i)
{
	const struct chip_algo *a = s->t->chip->algo;
	struct probe *p = s->t->probe;
	struct lane *l = &s->lanes[i];
	uint32_t base = l->base, len = l->len, error;
	int err;

	memcpy(s->expected, l->sent, len);
	dbg_queue_read32(p, algo_word_address(s->t, ALGO_ERROR), &error);
	dbg_queue_read(p, a->mirror[i], s->mirror, len);
	/* after the end marker, the other lane has nothing more to carry */
	if (s->lanes[i ^ 1].len != 0) {
		err = lane_fill(s, i);
		if (err != 0) {
			settle(p);
			return err;
		}
		lane_arm(s, i);
	} else {
		l->len = 0;
	}
	err = dbg_flush(p);
	if (err != 0)
		return target_wire_fail(s->t, err, "%s at 0x%08" PRIx32,
					s->what, base);
	if (error != 0)
		return algo_ask(s->t, s->what);
	err = compare(s, base, len);
	s->done += len;
	return err;
}

/* From two filled buffers to the end of the stream. */
static int stream_run(struct stream *s)
{
	const struct chip_algo *a = s->t->chip->algo;
	struct probe *p = s->t->probe;
	unsigned i = 0;
	int err;

	lane_arm(s, 0);
	if (s->lanes[0].len != 0)
		lane_arm(s, 1);
	algo_queue_command(s->t, ALGO_PROGRAM, s->fast, 0);
	while (s->lanes[i].len != 0) {
		enum algo_word state = i ? ALGO_STATE1 : ALGO_STATE0;

		err = dbg_poll32(p, algo_word_address(s->t, state), FULL_BIT, 0,
				 a->buffer_us);
		if (err == E_TIMEOUT)
			return algo_ask(s->t, s->what);
		if (err != 0)
			return target_wire_fail(s->t, err, "%s at 0x%08" PRIx32,
						s->what, s->lanes[i].base);
		err = lane_turn(s, i);
		if (err != 0)
			return err;
		target_report(s->t, s->done);
		i ^= 1;
	}
	return algo_wait(s->t, a->buffer_us, s->what, NULL);
}

static int stream_init(struct stream *s, struct target *t, const char *what)
{
	uint32_t len = t->chip->algo->buffer_len;
	uint8_t *memory = malloc(4 * (size_t)len);

	memset(s, 0, sizeof(*s));
	if (memory == NULL)
		return E_NOMEM;
	s->t = t;
	s->what = what;
	s->lanes[0].sent = memory;
	s->lanes[1].sent = memory + len;
	s->mirror = memory + 2 * (size_t)len;
	s->expected = memory + 3 * (size_t)len;
	return 0;
}

static void stream_free(struct stream *s)
{
	free(s->lanes[0].sent);
}

/* Two blocks to begin with. */
static int stream_fill(struct stream *s)
{
	int err = lane_fill(s, 0);

	if (err == 0 && s->lanes[0].len != 0)
		err = lane_fill(s, 1);
	return err;
}

/* -- verify on the chip -------------------------------------------------- */

static int verify_runs(struct stream *s)
{
	const struct chip_algo *a = s->t->chip->algo;
	uint32_t done = 0;

	for (unsigned i = 0; i < s->run_count; i++) {
		const struct run *r = &s->runs[i];
		uint64_t crc;
		int err;

		algo_queue_command(s->t, ALGO_CRC, r->base, r->len);
		err = algo_wait(s->t, (r->len / 1024 + 10) * a->crc_us_per_kb,
				"verifying", &crc);
		if (err != 0)
			return err;
		if (crc != r->crc)
			return target_fail(s->t, E_TARGET_VERIFY,
					   "flash from 0x%08" PRIx32
					   ", %" PRIu32
					   " bytes, has CRC 0x%016" PRIx64
					   ", should have 0x%016" PRIx64,
					   r->base, r->len, crc, r->crc);
		done += r->len;
		target_report(s->t, done);
	}
	return 0;
}

/* -- records ------------------------------------------------------------- */

struct record_feed {
	const struct target_record *records;
	size_t count;
	uint32_t base, unit;
	size_t next;
	size_t offset;
};

static int record_next(void *arg, uint8_t *out, uint32_t cap,
		       uint32_t *ret_base, uint32_t *ret_len)
{
	struct record_feed *f = arg;
	const struct target_record *r;
	size_t n;

	*ret_len = 0;
	if (f->next == f->count)
		return 0;
	r = &f->records[f->next];
	n = r->len - f->offset < cap ? r->len - f->offset : cap;
	memcpy(out, r->data + f->offset, n);
	*ret_base = f->base + r->offset + (uint32_t)f->offset;
	f->offset += n;
	if (f->offset == r->len) {
		f->next++;
		f->offset = 0;
	}
	while (n % f->unit != 0)
		out[n++] = 0xff;
	*ret_len = (uint32_t)n;
	return 0;
}

/* The flash is idle: this read-back goes straight through the debug port. */
static int read_back(struct target *t, const char *what, uint32_t base,
		     const struct target_record *r)
{
	uint8_t *have = malloc(r->len + 4);
	int err;

	if (have == NULL)
		return E_NOMEM;
	err = dbg_read(t->probe, base + r->offset, have,
		       (r->len + 3) & ~(size_t)3);
	if (err != 0)
		err = target_wire_fail(t, err, "%s: reading back", what);
	else if (memcmp(have, r->data, r->len) != 0)
		err = target_fail(t, E_TARGET_VERIFY,
				  "%s: what was written to 0x%08" PRIx32
				  " reads back differently",
				  what, base + r->offset);
	free(have);
	return err;
}

int target_write_pieces(struct target *t, const char *what, uint32_t base,
			const struct target_record *pieces, size_t count)
{
	struct record_feed feed = {
		.records = pieces,
		.count = count,
		.base = base,
		.unit = t->chip->program_unit,
	};
	struct stream s;
	int err = stream_init(&s, t, what);

	if (err != 0)
		return err;
	s.next = record_next;
	s.next_arg = &feed;
	s.fast = t->fast;
	err = stream_fill(&s);
	if (err == 0)
		err = stream_run(&s);
	for (size_t i = 0; i < count && err == 0; i++)
		err = read_back(t, what, base, &pieces[i]);
	stream_free(&s);
	return err;
}

static int write_records(struct target *t, const struct target_plan *plan)
{
	const struct chip *c = t->chip;
	uint32_t total = 0;

	for (size_t i = 0; i < plan->record_count; i++)
		total += (uint32_t)plan->records[i].len;
	target_phase_set(t, PHASE_RECORDS, total);
	if (total == 0)
		return 0;
	return target_write_pieces(t, "writing the records",
				   c->flash_base + c->flash_len - RESERVED_LEN,
				   plan->records, plan->record_count);
}

/* -- the plan ------------------------------------------------------------ */

int target_check_header(struct target *t, const struct release_header *h)
{
	const struct chip *c = t->chip;
	uint32_t top = h->sealed ? RESERVED_LEN - LOADER_OFFSET : RESERVED_LEN;
	uint32_t room = c->flash_len - top;

	if (h->family != c->family)
		return target_fail(t, E_ARG,
				   "the release is for another chip family");
	for (unsigned i = 0; i < h->fw.segment_count; i++) {
		const struct segment *s = &h->fw.segments[i];

		if (s->address < c->flash_base || s->len > room ||
		    s->address - c->flash_base > room - s->len)
			return target_fail(t, E_RANGE,
					   "segment 0x%08" PRIx32 "+%" PRIu32
					   " lies outside the flash, or over "
					   "its reserved top %" PRIu32 " bytes",
					   s->address, s->len, top);
	}
	return 0;
}

static int plan_check(struct target *t, const struct target_plan *plan)
{
	const struct chip *c = t->chip;

	if (plan->header->sealed)
		return target_fail(t, E_ARG,
				   "the release is laid out for sealed mode");
	for (size_t i = 0; i < plan->record_count; i++) {
		const struct target_record *r = &plan->records[i];

		if (r->len == 0 || r->len > RESERVED_LEN ||
		    r->offset > RESERVED_LEN - r->len ||
		    r->offset % c->program_unit != 0)
			return target_fail(t, E_RANGE,
					   "record at offset 0x%" PRIx32
					   " does not fit",
					   r->offset);
	}
	return target_check_header(t, plan->header);
}

static int plan_next(void *arg, uint8_t *out, uint32_t cap, uint32_t *ret_base,
		     uint32_t *ret_len)
{
	return blocks_next(arg, 8, out, cap, ret_base, ret_len);
}

static int erase_and_program(struct target *t, const struct target_plan *plan)
{
	struct blocks blocks;
	struct stream s;
	int err = stream_init(&s, t, "programming");

	if (err != 0)
		return err;
	blocks_init(&blocks, plan);
	s.next = plan_next;
	s.next_arg = &blocks;
	s.fast = t->fast;
	target_phase_set(t, PHASE_ERASE, 0);
	err = algo_start(t);
	if (err != 0)
		goto out;
	/* the first two blocks travel while the flash is erased */
	algo_queue_command(t, ALGO_ERASE_ALL, 0, 0);
	err = stream_fill(&s);
	if (err == 0)
		err = algo_wait(t, t->chip->algo->erase_us, "erasing", NULL);
	if (err != 0)
		goto out;
	target_phase_set(t, PHASE_PROGRAM, release_plain_len(plan->header));
	err = stream_run(&s);
	if (err != 0)
		goto out;
	target_phase_set(t, PHASE_VERIFY, s.done);
	err = verify_runs(&s);
out:
	stream_free(&s);
	return err;
}

int target_program(struct target *t, const struct target_plan *plan)
{
	uint32_t want[CHIP_OPTIONS_MAX] = { 0 };
	int err;

	if (t->chip == NULL)
		return target_fail(t, E_STATE, "the chip was not identified");
	target_phase_set(t, PHASE_CONNECT, 0);
	if ((err = plan_check(t, plan)) != 0 ||
	    (err = target_want_options(t, plan->header, want)) != 0 ||
	    (err = target_attach(t)) != 0)
		return err;
	if (t->locked)
		return target_fail(t, E_TARGET_PROTECTED,
				   "the chip is read-protected: unlock it "
				   "first, which erases it");
	t->fast = true;
	err = erase_and_program(t, plan);
	/* a chip may not take the quick way: once more, double by double */
	if (err == E_TARGET_FLASH) {
		t->fast = false;
		err = erase_and_program(t, plan);
	}
	if (err == 0)
		err = write_records(t, plan);
	if (err == 0) {
		target_phase_set(t, PHASE_LOCK, 0);
		err = target_set_options(t, want);
	}
	return err;
}
