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
#include "base/hex.h"
#include "cli/args.h"
#include "flasher/job_int.h"
#include "http/client.h"

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

static int link_failed(struct job *j, int err)
{
	snprintf(j->why, sizeof(j->why), "%s", relay_why(j->sealed.relay));
	return err;
}

static int blob_copy(struct blob *out, const struct relay_frame *f)
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

static bool blob_is(const struct blob *b, const struct relay_frame *f)
{
	return b->len == f->head.len && memcmp(b->data, f->body, b->len) == 0;
}

static void send_next(struct sealed *s, uint8_t type, uint16_t index,
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
	send_next(s, LINK_HELLO, 0, s->hello, HELLO_LEN);
	return 0;
}

static int take_claim(struct job *j, const struct relay_frame *f)
{
	j->sealed.state = SEALED_CLAIMED;
	return blob_copy(&j->sealed.claim.message, f);
}

/* It did not get message 2. */
static int again_claim(struct job *j, const struct relay_frame *f)
{
	struct sealed *s = &j->sealed;

	if (!blob_is(&s->claim.message, f)) {
		snprintf(j->why, sizeof(j->why),
			 "the loader came with another message 1 in the middle "
			 "of the handshake");
		return E_TARGET;
	}
	send_next(s, LINK_MSG2, 0, s->shaken.message2.data,
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
	return blob_copy(&s->report.report, f);
}

/* It did not get the commit. */
static int again_report(struct job *j, const struct relay_frame *f)
{
	struct sealed *s = &j->sealed;

	if (!blob_is(&s->report.report, f)) {
		snprintf(j->why, sizeof(j->why),
			 "the loader changed its report after it was sent");
		return E_TARGET;
	}
	send_next(s, LINK_COMMIT, 0, s->committed.commit.data,
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
static int run_until(struct job *j, enum sealed_state goal)
{
	struct sealed *s = &j->sealed;
	int r = 0;

	while (s->state < goal && r == 0) {
		struct link_head next = s->next;
		struct relay_frame f;

		s->next.type = 0;
		r = relay_talk(s->relay, next.type ? &next : NULL, s->next_body,
			       &f);
		r = r != 0 ? link_failed(j, r) : take(j, &f);
	}
	return r;
}

/* -- the steps ------------------------------------------------------------ */

static int step_loader(struct job *j)
{
	return cache_loader(j->env->cache, j->client,
			    conf_link_name(j->conf->link), &j->refusal,
			    &j->sealed.loader, j->why);
}

/* Before a unit is reserved: can this station do it at all? */
static int step_able(struct job *j)
{
	int r;

	if (j->id.chip->witness_count == 0) {
		snprintf(j->why, sizeof(j->why),
			 "chip family %s has no sealed mode",
			 j->id.chip->family_name);
		return E_UNSUPPORTED;
	}
	if (!chip_speaks(j->id.chip, conf_link_name(j->conf->link), j->why)) {
		j->next = "write link = uart into the channel of flasher.conf";
		return E_UNSUPPORTED;
	}
	r = probe_link_can(j->probe, (enum probe_line)j->conf->link);
	if (r != 0) {
		snprintf(j->why, sizeof(j->why),
			 "link = %s is not possible: %s",
			 conf_link_name(j->conf->link), probe_why(j->probe));
		j->next = "use another probe, or another link in flasher.conf";
		return r;
	}
	r = target_can_power(j->target);
	if (r != 0)
		j->next = "write power = COMMAND into the channel of "
			  "flasher.conf: a sealed chip must be switched off "
			  "and on";
	return r == 0 ? 0 : job_target_failed(j, r);
}

static int step_prepare(struct job *j)
{
	const struct loader_set *l = j->sealed.loader;
	struct target_loader plan = {
		.header = &j->release->header,
		.loader = l->loader,
		.stub = l->stub,
		.stub_len = l->stub_len,
	};
	int r;

	/* its loader and its secret came at stage 0, and must stay */
	if (strcmp(j->grant.proof, "stage0") == 0) {
		r = target_stage0_ready(j->target, &j->release->header);
		if (r == E_TARGET_OPEN)
			j->next = "set the board aside: it does not come from "
				  "the trusted site";
		return r == 0 ? 0 : job_target_failed(j, r);
	}
	r = job_unlock(j);
	if (r != 0)
		return r;
	r = target_prepare(j->target, &plan);
	return r == 0 ? 0 : job_target_failed(j, r);
}

static int hello_make(struct job *j)
{
	struct hello h = { .grant = j->grant.grant,
			   .attempt = j->grant.attempt };

	if (j->grant.challenge.len != CHALLENGE_LEN) {
		snprintf(j->why, sizeof(j->why),
			 "the grant brings no challenge");
		return E_HTTP;
	}
	snprintf(h.order, NAME_CAP, "%s", j->env->order);
	memcpy(h.challenge, j->grant.challenge.data, CHALLENGE_LEN);
	hello_encode(&h, j->sealed.hello);
	return 0;
}

static int step_link(struct job *j)
{
	enum probe_line line = (enum probe_line)j->conf->link;
	uint32_t rate = j->conf->link_baud;
	char why[RELAY_WHY_CAP] = "";
	int r = hello_make(j);

	if (r != 0)
		return r;
	if (line == PROBE_LINE_UART)
		target_uart_lost(j->target);
	if (line != PROBE_LINE_UART)
		rate = j->conf->link_clock;
	else if (rate == 0)
		rate = j->id.chip->link_baud;
	r = relay_open(j->probe, line, rate, &j->sealed.relay, why);
	if (r != 0) {
		snprintf(j->why, sizeof(j->why), "%s", why);
		return r;
	}
	r = run_until(j, SEALED_READY);
	if (r == E_TARGET_LOST)
		j->next = "check the wires of the link and the channel's power "
			  "command, then repeat";
	return r;
}

static int open_link_key(struct job *j)
{
	struct sealed *s = &j->sealed;
	const struct handshake_answer *a = &s->shaken;
	uint8_t text[LINK_KEY_LEN + DONE_TOKEN_LEN];
	int r = E_HTTP;

	if (a->key_enc.len == X25519_LEN &&
	    a->key_sealed.len == sizeof(text) + AEAD_TAG_LEN)
		r = job_open_key(j, LABEL_HPKE_LINK, &a->key_enc,
				 &a->key_sealed, text);
	if (r == 0) {
		memcpy(s->link_key, text, LINK_KEY_LEN);
		memcpy(s->done_token, text + LINK_KEY_LEN, DONE_TOKEN_LEN);
	} else {
		snprintf(j->why, sizeof(j->why),
			 "the link key cannot be opened: %s", error_text(r));
	}
	ct_wipe(text, sizeof(text));
	return r;
}

/*
 * What does not open at the server need not have been the loader's: if it says
 * something else when it is asked again, that goes there.
 */
static bool other_words(struct job *j, const char *code, struct blob *said,
			uint8_t type)
{
	struct sealed *s = &j->sealed;
	struct relay_frame f;

	if (strcmp(j->refusal.code, code) != 0 || ++s->doubts > LINK_RETRIES ||
	    relay_talk(s->relay, NULL, NULL, &f) != 0 || f.head.type != type ||
	    blob_is(said, &f))
		return false;
	return blob_copy(said, &f) == 0;
}

static int call_handshake(struct job *j)
{
	struct sealed *s = &j->sealed;
	int r;

	do
		r = job_net_failed(j,
				   http_call(j->client, OP_HANDSHAKE, &s->claim,
					     &s->shaken, &j->refusal));
	while (r == E_REFUSED &&
	       other_words(j, "handshake", &s->claim.message, LINK_MSG1));
	return r;
}

static int step_handshake(struct job *j)
{
	struct sealed *s = &j->sealed;
	int r = run_until(j, SEALED_CLAIMED);

	if (r != 0)
		return r;
	s->claim.grant = j->grant.grant;
	s->claim.attempt = j->grant.attempt;
	/* what went in at stage 0 the server knows */
	if (strcmp(j->grant.proof, "stage0") != 0)
		hex_encode(s->loader->digest, DIGEST_LEN, s->claim.loader);
	r = call_handshake(j);
	if (r == E_REFUSED &&
	    strcmp(j->refusal.code, "loader-not-admitted") == 0)
		cache_loader_forget(j->env->cache, s->loader);
	if (r != 0)
		return r;
	r = open_link_key(j);
	if (r != 0)
		return r;
	s->state = SEALED_SHAKEN;
	send_next(s, LINK_MSG2, 0, s->shaken.message2.data,
		  s->shaken.message2.len);
	return run_until(j, SEALED_STREAM);
}

static int step_stream(struct job *j)
{
	int r = run_until(j, SEALED_REPORTED);

	ct_wipe(j->sealed.link_key, LINK_KEY_LEN);
	return r;
}

/* The loader says "done" once, and is no more: if nobody heard it, the start
 * of the firmware must tell. */
static bool done_unheard(struct job *j, int err)
{
	if (err != E_TARGET_LOST || j->sealed.state != SEALED_COMMITTED ||
	    j->env->start_pattern[0] == '\0')
		return false;
	ui_say(j->env->ui, (int)j->channel,
	       "%s: the loader's last word was lost; the start proof decides",
	       j->res->uid);
	j->why[0] = '\0';
	return true;
}

static int step_commit(struct job *j)
{
	struct sealed *s = &j->sealed;
	int r;

	s->report.grant = j->grant.grant;
	s->report.attempt = j->grant.attempt;
	do
		r = job_net_failed(j, http_call(j->client, OP_INSTALLED,
						&s->report, &s->committed,
						&j->refusal));
	while (r == E_REFUSED &&
	       other_words(j, "report", &s->report.report, LINK_REPORT));
	if (r != 0)
		return r;
	job_clean_text(s->committed.serial, j->res->serial, SERIAL_CAP);
	s->state = SEALED_COMMITTED;
	send_next(s, LINK_COMMIT, 0, s->committed.commit.data,
		  s->committed.commit.len);
	r = run_until(j, SEALED_DONE);
	if (r != 0 && !done_unheard(j, r))
		return r;
	relay_close(s->relay);
	s->relay = NULL;
	return 0;
}

const struct step sealed_steps[] = {
	{ "fetch", step_loader, false, false },
	{ "connect", job_step_identify, false, false },
	{ "connect", step_able, false, false },
	{ "grant", job_step_grant, true, false },
	{ "fetch", job_step_match, false, false },
	{ "prepare", step_prepare, false, true },
	{ "power", job_step_power, false, false },
	{ "link", step_link, true, true },
	{ "handshake", step_handshake, true, true },
	{ "stream", step_stream, true, true },
	{ "commit", step_commit, true, true },
	{ "power", job_step_power, false, false },
	{ "start", job_step_start, false, false },
	{ "prove", job_step_prove, false, true },
	{ "power", job_step_power, false, false },
	{ "start", job_step_start, false, false },
	{ "report", job_step_closed, true, false },
};
const size_t sealed_step_count = ARRAY_LEN(sealed_steps);
