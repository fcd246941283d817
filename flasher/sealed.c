/* SPDX-License-Identifier: MIT */
/*
 * The steps of a sealed job (design part 3).  Between the power cycle and
 * LINK_DONE the loader leads: rules[] says what its every answer means in
 * every state, and what goes to it next.
 */
#include "flasher/sealed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ct.h"
#include "cli/args.h"
#include "flasher/job_int.h"

void sealed_end(struct sealed *s)
{
	relay_close(s->relay);
	s->relay = NULL;
	ct_wipe(s->link_key, LINK_KEY_LEN);
	ct_wipe(s->done_token, DONE_TOKEN_LEN);
	ct_wipe(s->frame, sizeof(s->frame));
	shape_clear(&handshake_request_shape, &s->claim);
	shape_clear(&handshake_answer_shape, &s->shaken);
	shape_clear(&installed_request_shape, &s->report);
	shape_clear(&installed_answer_shape, &s->committed);
}

int sealed_link_failed(struct job *j, int err)
{
	snprintf(j->why, sizeof(j->why), "%s", relay_why(j->sealed.relay));
	return err;
}

int sealed_frame_copy(struct blob *out, const struct relay_frame *f)
{
	uint8_t *copy = malloc(f->head.len + 1u);

	if (copy == NULL)
		return E_NOMEM;
	memcpy(copy, f->body, f->head.len);
	free(out->data);
	out->data = copy;
	out->len = f->head.len;
	return 0;
}

bool sealed_frame_is(const struct blob *b, const struct relay_frame *f)
{
	return b->len == f->head.len && memcmp(b->data, f->body, b->len) == 0;
}

void sealed_send_next(struct sealed *s, uint8_t type, uint16_t index,
		      const void *body, size_t len)
{
	s->next.type = type;
	s->next.index = index;
	s->next.len = (uint16_t)len;
	s->next_body = body;
}

/* -- what the loader says ------------------------------------------------- */

static int take_ready(struct job *j, const struct relay_frame *f)
{
	struct sealed *s = &j->sealed;

	(void)f;
	s->state = SEALED_READY;
	sealed_send_next(s, LINK_HELLO, 0, s->hello, HELLO_LEN);
	return 0;
}

static int take_claim(struct job *j, const struct relay_frame *f)
{
	j->sealed.state = SEALED_CLAIMED;
	return sealed_frame_copy(&j->sealed.claim.message, f);
}

/* It did not get message 2. */
static int again_claim(struct job *j, const struct relay_frame *f)
{
	struct sealed *s = &j->sealed;

	if (!sealed_frame_is(&s->claim.message, f)) {
		snprintf(j->why, sizeof(j->why),
			 "the loader came with another message 1 in the middle "
			 "of the handshake");
		return E_TARGET;
	}
	sealed_send_next(s, LINK_MSG2, 0, s->shaken.message2.data,
			 s->shaken.message2.len);
	return 0;
}

/* Chunk n under the link key, into s->frame[n & 1]. */
static int make_data(struct job *j, uint32_t n, struct link_head *out)
{
	const struct release_set *rel = j->release;
	struct sealed *s = &j->sealed;
	uint32_t len = release_chunk_len(&rel->header, n) + AEAD_TAG_LEN;

	if (len + AEAD_TAG_LEN > LINK_BODY_MAX)
		return E_TOO_LARGE;
	link_seal(s->link_key, (uint16_t)n, rel->chunks + rel->offsets[n], len,
		  s->frame[n & 1]);
	*out = (struct link_head){ LINK_DATA, (uint16_t)n,
				   (uint16_t)(len + AEAD_TAG_LEN) };
	return 0;
}

static int take_want(struct job *j, const struct relay_frame *f)
{
	const struct release_set *rel = j->release;
	uint32_t count = release_chunk_count(&rel->header);
	struct sealed *s = &j->sealed;
	struct link_head ahead;
	uint32_t n = f->head.index;
	int r;

	if (n > count || n >= LINK_CHUNKS_MAX) {
		snprintf(j->why, sizeof(j->why),
			 "the loader asks for chunk %u of %u", n, count);
		return E_TARGET;
	}
	s->state = SEALED_STREAM;
	s->done = n < count ? n * rel->header.chunk_len
			    : release_plain_len(&rel->header);
	ui_progress(j->env->ui, j->channel, s->done,
		    release_plain_len(&rel->header));
	if (n == count) /* all there; its report comes when it is asked */
		return 0;
	r = make_data(j, n, &s->next);
	s->next_body = s->frame[n & 1];
	if (r == 0 && n + 1 < count && j->id.chip->link_ahead) {
		r = make_data(j, n + 1, &ahead);
		if (r == 0)
			relay_ahead(s->relay, &ahead, s->frame[(n + 1) & 1]);
	}
	return r;
}

static int take_report(struct job *j, const struct relay_frame *f)
{
	struct sealed *s = &j->sealed;

	s->state = SEALED_REPORTED;
	s->done = release_plain_len(&j->release->header);
	return sealed_frame_copy(&s->report.report, f);
}

/* It did not get the commit. */
static int again_report(struct job *j, const struct relay_frame *f)
{
	struct sealed *s = &j->sealed;

	if (!sealed_frame_is(&s->report.report, f)) {
		snprintf(j->why, sizeof(j->why),
			 "the loader changed its report after it was sent");
		return E_TARGET;
	}
	sealed_send_next(s, LINK_COMMIT, 0, s->committed.commit.data,
			 s->committed.commit.len);
	return 0;
}

/* Only who opened message 2 knows the token. */
static int take_done(struct job *j, const struct relay_frame *f)
{
	struct sealed *s = &j->sealed;

	if (f->head.len == DONE_TOKEN_LEN &&
	    ct_equal(f->body, s->done_token, DONE_TOKEN_LEN)) {
		s->state = SEALED_DONE;
		return 0;
	}
	snprintf(j->why, sizeof(j->why),
		 "something on the link says \"done\" that is not the loader");
	return E_TARGET;
}

static const struct {
	int err;
	const char *cause, *next;
} faults[] = {
	[LINK_FAULT_OPEN] = { E_TARGET_OPEN,
			      "the loader finds the chip not locked as it must "
			      "be",
			      "check that the power command really takes the "
			      "power away, then repeat" },
	[LINK_FAULT_RANDOM] = { E_RANDOM,
				"the chip's random number generator failed its "
				"tests",
				"repeat; set the board aside if it fails "
				"again" },
	[LINK_FAULT_FLASH] = { E_TARGET_FLASH,
			       "the loader cannot program the flash",
			       "repeat; set the board aside if it fails "
			       "again" },
	[LINK_FAULT_LAYOUT] = { E_TARGET,
				"the release does not fit this loader: chunk "
				"length or segments",
				"tell the owner: the release must be made "
				"anew" },
	[LINK_FAULT_CRYPTO] = { E_CRYPTO,
				"the loader could not make its message",
				"repeat; tell the owner if it fails again" },
};

static int take_fault(struct job *j, const struct relay_frame *f)
{
	unsigned code = f->head.index;

	if (code == 0 || code >= ARRAY_LEN(faults)) {
		snprintf(j->why, sizeof(j->why),
			 "the loader stopped with code %u", code);
		return E_TARGET;
	}
	snprintf(j->why, sizeof(j->why), "%s", faults[code].cause);
	j->next = faults[code].next;
	return faults[code].err;
}

#define IN(state) (1u << (state))
#define ANY (~0u)

static const struct {
	uint8_t type;
	unsigned states;
	int (*take)(struct job *j, const struct relay_frame *f);
} rules[] = {
	{ LINK_READY, IN(SEALED_DARK) | IN(SEALED_READY), take_ready },
	{ LINK_MSG1, IN(SEALED_READY), take_claim },
	{ LINK_MSG1, IN(SEALED_SHAKEN), again_claim },
	{ LINK_WANT, IN(SEALED_SHAKEN) | IN(SEALED_STREAM), take_want },
	{ LINK_REPORT, IN(SEALED_STREAM), take_report },
	{ LINK_REPORT, IN(SEALED_COMMITTED), again_report },
	{ LINK_DONE, IN(SEALED_COMMITTED), take_done },
	{ LINK_FAULT, ANY, take_fault },
};

static const char *const names[] = { "ready",  "message 1", "want",
				     "report", "done",	    "fault" };

static int unexpected(struct job *j, const struct link_head *h)
{
	unsigned n = h->type - LINK_READY;

	if (h->type == LINK_READY)
		snprintf(j->why, sizeof(j->why),
			 "the loader began anew in the middle: did the chip's "
			 "power fail?");
	else if (n < ARRAY_LEN(names))
		snprintf(j->why, sizeof(j->why),
			 "the loader says \"%s\" at the wrong time", names[n]);
	else
		snprintf(j->why, sizeof(j->why),
			 "the loader sends a frame of type 0x%02x", h->type);
	return E_TARGET;
}

/* A loader that gets a good frame moves on; one that says the same for ever
 * does not take what we send. */
static int note_answer(struct job *j, const struct link_head *h)
{
	struct sealed *s = &j->sealed;
	bool same = s->last.type == h->type && s->last.index == h->index;

	s->repeats = same ? s->repeats + 1 : 0;
	s->last = *h;
	if (s->repeats <= LINK_REPEATS)
		return 0;
	snprintf(j->why, sizeof(j->why),
		 "the loader does not take what it asked for (\"%s\" %u, "
		 "%u times)",
		 names[h->type - LINK_READY], h->index, s->repeats + 1);
	return E_TARGET_LOST;
}

static int judge(struct job *j, const struct relay_frame *f)
{
	struct sealed *s = &j->sealed;

	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		int r;

		if (rules[i].type != f->head.type ||
		    !(rules[i].states & IN(s->state)))
			continue;
		r = note_answer(j, &f->head);
		return r != 0 ? r : rules[i].take(j, f);
	}
	return unexpected(j, &f->head);
}

/*
 * What the loader wants next has no seal: noise, or somebody on the wire, can
 * say it as well.  So what would end the attempt must be said twice; the
 * loader does repeat itself.
 */
static int take(struct job *j, const struct relay_frame *f)
{
	struct sealed *s = &j->sealed;
	int r = judge(j, f);

	if (r == 0 || r == E_NOMEM || r == E_TARGET_LOST)
		return r;
	if ((s->doubted.type == f->head.type &&
	     s->doubted.index == f->head.index) ||
	    ++s->doubts > LINK_RETRIES)
		return r;
	s->doubted = f->head;
	s->next.type = 0;
	j->why[0] = '\0';
	j->next = NULL;
	return 0;
}

/* Talks to the loader until the state is reached. */
int sealed_run_until(struct job *j, enum sealed_state goal)
{
	struct sealed *s = &j->sealed;
	int r = 0;

	while (s->state < goal && r == 0) {
		struct link_head next = s->next;
		struct relay_frame f;

		s->next.type = 0;
		r = relay_talk(s->relay, next.type ? &next : NULL, s->next_body,
			       &f);
		r = r != 0 ? sealed_link_failed(j, r) : take(j, &f);
	}
	return r;
}
