/* SPDX-License-Identifier: MIT */
#include "flasher/link.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READ_CAP 512
/* Before the first repetition; then ever longer, six seconds in all: a
 * Cortex-M0 says nothing while it makes its keys. */
#define RETRY_PAUSE_US(i) (2000u << ((i) < 7 ? (i)*3 / 2 : 10))
/* The answer to a frame that was sent ahead in vain comes within that, or not
 * at all: a chip programs a chunk, and opens the next, in less. */
#define DRAIN_US 60000

struct relay {
	struct probe *probe; /* borrowed */
	struct probe_link *line;
	struct link_rx rx;
	struct relay_count count;
	uint8_t body[LINK_BODY_MAX + LINK_TAIL_LEN];
	uint8_t frame[LINK_FRAME_MAX];
	/* what came behind the last answer: the next one's beginning */
	uint8_t rest[READ_CAP];
	size_t rest_len;
	/* to be sent behind the next frame */
	struct link_head staged;
	size_t staged_len;
	uint8_t staged_frame[LINK_FRAME_MAX];
	/* was sent, and not yet asked for */
	struct link_head ahead;
	bool is_ahead;
	char why[RELAY_WHY_CAP];
};

static int relay_fail(struct relay *r, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int relay_fail(struct relay *r, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->why, sizeof(r->why), format, args);
	va_end(args);
	return err;
}

static int probe_failed(struct relay *r, int err)
{
	return relay_fail(r, err, "the link: %.200s", probe_why(r->probe));
}

int relay_open(struct probe *p, enum probe_line line, uint32_t rate,
	       struct relay **out, char why[RELAY_WHY_CAP])
{
	struct relay *r = calloc(1, sizeof(*r));
	int err;

	if (r == NULL)
		return E_NOMEM;
	r->probe = p;
	r->rx.buf = r->body;
	err = probe_link_open(p, line, rate, &r->line);
	if (err != 0) {
		snprintf(why, RELAY_WHY_CAP, "the link: %.200s", probe_why(p));
		free(r);
		return err;
	}
	*out = r;
	return 0;
}

void relay_close(struct relay *r)
{
	if (r == NULL)
		return;
	probe_link_close(r->line);
	free(r);
}

const char *relay_why(const struct relay *r)
{
	return r->why;
}

const struct relay_count *relay_counts(const struct relay *r)
{
	return &r->count;
}

/* Characters that must still come before the frame can be whole; behind
 * damage nobody knows. */
static size_t wanted(const struct link_rx *rx, bool damage)
{
	if (damage)
		return 0;
	if (rx->have < LINK_HEAD_LEN)
		return LINK_HEAD_LEN + LINK_TAIL_LEN - rx->have;
	return (size_t)LINK_HEAD_LEN + rx->head.len + LINK_TAIL_LEN - rx->have;
}

/* True when a whole frame is there; what is behind it is the next answer, or
 * noise. */
static bool feed(struct relay *r, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		int got = link_rx_byte(&r->rx, bytes[i]);

		if (got == 1) {
			r->rest_len = r->is_ahead ? len - i - 1 : 0;
			memmove(r->rest, bytes + i + 1, r->rest_len);
			return true;
		}
		if (got < 0)
			r->count.damaged++;
	}
	return false;
}

/* Until the line is quiet, or for limit_us (0 = none); *ret_got = a frame
 * came. */
static int listen_until_quiet(struct relay *r, uint32_t limit_us, bool *ret_got)
{
	uint64_t begin = probe_link_us(r->line);
	uint32_t damaged = r->count.damaged;
	enum probe_line_state state;
	uint8_t bytes[READ_CAP];
	size_t len = r->rest_len;
	int err;

	r->rx.have = 0;
	r->rest_len = 0;
	memcpy(bytes, r->rest, len);
	*ret_got = feed(r, bytes, len);
	if (*ret_got)
		return 0;
	do {
		err = probe_link_read(
			r->line, wanted(&r->rx, r->count.damaged != damaged),
			bytes, sizeof(bytes), &len, &state);
		if (err != 0)
			return probe_failed(r, err);
		if (feed(r, bytes, len)) {
			*ret_got = true;
			/* the body lies in the buffer: nothing more may */
			break;
		}
		if (probe_link_us(r->line) - begin > RELAY_BUSY_US)
			return relay_fail(r, E_TARGET_LOST,
					  "the loader has been silent for %u "
					  "s: the wire stays low",
					  RELAY_BUSY_US / 1000000);
		if (limit_us != 0 && probe_link_us(r->line) - begin > limit_us)
			break;
	} while (state != PROBE_LINE_QUIET);
	/* cut off in the middle: that was damage too */
	if (!*ret_got && r->rx.have != 0)
		r->count.damaged++;
	return 0;
}

/* The chip listens again soon after its frame; what it says in between is
 * nothing. */
static int wait_quiet(struct relay *r)
{
	uint64_t begin = probe_link_us(r->line);
	enum probe_line_state state;
	uint8_t bytes[READ_CAP];
	size_t len;
	int err;

	do {
		err = probe_link_read(r->line, 0, bytes, sizeof(bytes), &len,
				      &state);
		if (err != 0)
			return probe_failed(r, err);
		if (probe_link_us(r->line) - begin > RELAY_BUSY_US)
			return relay_fail(r, E_TARGET_LOST,
					  "the loader does not listen: the "
					  "wire stays low");
	} while (state != PROBE_LINE_QUIET);
	return 0;
}

static int sent(struct relay *r, int err)
{
	r->count.sent++;
	if (err == E_TIMEOUT)
		return relay_fail(r, E_TARGET_LOST,
				  "the serial line takes no more characters: "
				  "has the target lost its power?");
	return err == 0 ? 0 : probe_failed(r, err);
}

static int send_frame(struct relay *r, const struct link_head *h,
		      const uint8_t *body)
{
	size_t len = link_frame(h, body, r->frame);
	int err = probe_link_write(r->line, r->frame, len);

	if (err == E_STATE) {
		err = wait_quiet(r);
		if (err != 0)
			return err;
		err = probe_link_write(r->line, r->frame, len);
	}
	return sent(r, err);
}

static int wait_us(struct relay *r, uint32_t us)
{
	int err = probe_link_wait(r->line, us);

	return err == 0 ? 0 : probe_failed(r, err);
}

static bool same_head(const struct link_head *a, const struct link_head *b)
{
	return a->type == b->type && a->index == b->index && a->len == b->len;
}

void relay_ahead(struct relay *r, const struct link_head *h,
		 const uint8_t *body)
{
	if (!probe_link_buffers(r->line))
		return;
	r->staged = *h;
	r->staged_len = link_frame(h, body, r->staged_frame);
}

/* Sends a frame, unless it is on its way already. */
static int send_once(struct relay *r, const struct link_head *h,
		     const uint8_t *body)
{
	bool was = r->is_ahead, got;
	int err = 0;

	r->is_ahead = false;
	if (was && same_head(h, &r->ahead))
		return 0;
	if (was)
		err = listen_until_quiet(r, DRAIN_US, &got);
	r->rest_len = 0;
	return err == 0 ? send_frame(r, h, body) : err;
}

static int send_staged(struct relay *r)
{
	size_t len = r->staged_len;
	int err;

	r->staged_len = 0;
	if (len == 0)
		return 0;
	err = sent(r, probe_link_write(r->line, r->staged_frame, len));
	if (err != 0)
		return err;
	r->ahead = r->staged;
	r->is_ahead = true;
	r->count.ahead++;
	return 0;
}

int relay_talk(struct relay *r, const struct link_head *h, const uint8_t *body,
	       struct relay_frame *out)
{
	static const struct link_head ask = { .type = LINK_ASK };
	bool got = false;
	int err = 0;

	for (unsigned i = 0; i <= LINK_RETRIES && err == 0; i++) {
		if (h == NULL)
			r->count.asked++;
		err = send_once(r, h != NULL ? h : &ask, body);
		if (err == 0)
			err = send_staged(r);
		if (err == 0)
			err = listen_until_quiet(r, 0, &got);
		if (err == 0 && got) {
			out->head = r->rx.head;
			out->body = r->body;
			return 0;
		}
		h = NULL;
		body = NULL;
		r->is_ahead = false;
		if (err == 0)
			err = wait_us(r, RETRY_PAUSE_US(i));
	}
	if (err == 0)
		err = relay_fail(r, E_TARGET_LOST,
				 "the loader gave no answer to %u questions",
				 LINK_RETRIES + 1);
	return err;
}

int relay_gone(struct relay *r)
{
	static const struct link_head ask = { .type = LINK_ASK };
	bool got = false;
	int err = send_frame(r, &ask, NULL);

	if (err == 0)
		err = listen_until_quiet(r, 0, &got);
	/* a wire that stays low, a line that takes nothing: no loader either */
	if (err == E_TARGET_LOST)
		return 0;
	return err == 0 && got ? E_STATE : err;
}
