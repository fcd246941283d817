/* SPDX-License-Identifier: MIT */
/* The steps of a sealed job, in the order of the table at the end. */
#include <stdio.h>
#include <string.h>

#include "base/ct.h"
#include "base/hex.h"
#include "cli/args.h"
#include "flasher/job_int.h"
#include "http/client.h"

/* Longest work of the stub, and room: 8 pages and the option bytes of 40 ms
 * each, and the loader's own end before it. */
#define STUB_US 450000
#define STUB_STEP_US 10000

static int step_loader(struct job *j)
{
	return cache_loader(j->env->cache, j->client,
			    conf_link_name(j->conf->link), &j->refusal,
			    &j->sealed.loader, j->why);
}

static uint32_t pins_clock(const struct job *j)
{
	uint32_t most = j->id.chip->link_clock;

	return most != 0 ? most : PROBE_LINK_CLOCK_HZ;
}

/* More than the loader hears. */
static bool too_fast(struct job *j)
{
	if ((enum probe_line)j->conf->link != PROBE_LINE_SWD_PINS ||
	    j->conf->link_clock <= pins_clock(j))
		return false;
	snprintf(j->why, sizeof(j->why),
		 "link-clock = %u is too fast for the loader of %s: at most %u",
		 j->conf->link_clock, j->id.chip->name, pins_clock(j));
	j->next = "correct or leave away link-clock in flasher.conf";
	return true;
}

/* Before a unit is reserved: can this station do it at all? */
static int step_able(struct job *j)
{
	const struct loader_set *set = j->sealed.loader;
	int r;

	if (strcmp(set->chip, j->id.chip->name) != 0) {
		snprintf(j->why, sizeof(j->why),
			 "the server's loader is for %s, and this is a %s",
			 set->chip, j->id.chip->name);
		cache_loader_forget(j->env->cache, set);
		return E_HTTP;
	}
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
	if (too_fast(j))
		return E_UNSUPPORTED;
	r = probe_link_can(j->probe, (enum probe_line)j->conf->link);
	if (r != 0) {
		snprintf(j->why, sizeof(j->why),
			 "link = %s is not possible: %s",
			 conf_link_name(j->conf->link), probe_why(j->probe));
		j->next = "use another probe, or another link in flasher.conf";
		return r;
	}
	return 0;
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

static int link_open_line(struct job *j)
{
	enum probe_line line = (enum probe_line)j->conf->link;
	const struct chip *chip = j->id.chip;
	char why[RELAY_WHY_CAP] = "";
	uint32_t rate;
	int r;

	if (line == PROBE_LINE_UART) {
		target_uart_lost(j->target);
		rate = j->conf->link_baud;
		rate = rate != 0 ? rate : chip->link_baud;
	} else {
		rate = j->conf->link_clock;
		rate = rate != 0 ? rate : pins_clock(j);
	}
	r = relay_open(j->probe, line, rate, &j->sealed.relay, why);
	if (r != 0)
		snprintf(j->why, sizeof(j->why), "%s", why);
	return r;
}

static void link_shut(struct job *j)
{
	relay_close(j->sealed.relay);
	j->sealed.relay = NULL;
}

static int prepare(struct job *j)
{
	const struct loader_set *l = j->sealed.loader;
	struct target_loader plan = {
		.header = &j->release->header,
		.loader = l->loader,
		.stub = l->stub,
		.stub_len = l->stub_len,
	};
	int r;

	r = job_unlock(j);
	if (r != 0)
		return r;
	r = target_prepare(j->target, &plan);
	return r == 0 ? 0 : job_target_failed(j, r);
}

/*
 * A chip that an earlier attempt has locked may have its loader still, which
 * goes on with what is there: nothing need be erased.  Every second attempt
 * tries, so that what stands in its way does not do so for ever.
 */
static bool resume(struct job *j)
{
	struct sealed *s = &j->sealed;

	if (!j->id.locked || j->grant.attempt % 2 != 0)
		return false;
	s->resumed = job_step_power(j) == 0 && link_open_line(j) == 0 &&
		     sealed_run_until(j, SEALED_READY) == 0;
	if (s->resumed) {
		ui_say(j->env->ui, (int)j->channel,
		       "%s has its loader still: nothing is erased",
		       j->res->uid);
		return true;
	}
	link_shut(j);
	memset(&s->next, 0, sizeof(s->next));
	s->state = SEALED_DARK;
	j->why[0] = '\0';
	j->next = NULL;
	return false;
}

static int step_prepare(struct job *j)
{
	int r = hello_make(j);

	if (r != 0)
		return r;
	/* its loader and its secret came at stage 0, and must stay */
	if (strcmp(j->grant.proof, "stage0") == 0) {
		r = target_stage0_ready(j->target, &j->release->header);
		if (r == E_TARGET_OPEN)
			j->next = "set the board aside: it does not come from "
				  "the trusted site";
		return r == 0 ? 0 : job_target_failed(j, r);
	}
	return resume(j) ? 0 : prepare(j);
}

static int step_power(struct job *j)
{
	return j->sealed.resumed ? 0 : job_step_power(j);
}

static int step_link(struct job *j)
{
	int r = j->sealed.resumed ? 0 : link_open_line(j);

	if (r != 0)
		return r;
	r = sealed_run_until(j, SEALED_READY);
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
	    sealed_frame_is(said, &f))
		return false;
	return sealed_frame_copy(said, &f) == 0;
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

/* The server's answer to what the loader says of itself. */
static int claim(struct job *j)
{
	struct sealed *s = &j->sealed;
	int r = sealed_run_until(j, SEALED_CLAIMED);

	if (r != 0)
		return r;
	s->claim.grant = j->grant.grant;
	s->claim.attempt = j->grant.attempt;
	/* what went in at stage 0, or in an earlier attempt, the server knows
	 * or finds out */
	if (strcmp(j->grant.proof, "stage0") != 0 && !s->resumed)
		hex_encode(s->loader->digest, DIGEST_LEN, s->claim.loader);
	r = call_handshake(j);
	if (r == E_REFUSED && !s->resumed &&
	    (strcmp(j->refusal.code, "loader-not-admitted") == 0 ||
	     strcmp(j->refusal.code, "loader-chip") == 0))
		cache_loader_forget(j->env->cache, s->loader);
	return r;
}

/* An old loader that is no longer good enough: the long way after all. */
static int start_over(struct job *j)
{
	struct sealed *s = &j->sealed;
	int r;

	ui_say(j->env->ui, (int)j->channel,
	       "%s: its loader is refused (%s); it is erased and built again",
	       j->res->uid, j->refusal.code);
	link_shut(j);
	s->resumed = false;
	s->state = SEALED_DARK;
	memset(&s->next, 0, sizeof(s->next));
	memset(&j->refusal, 0, sizeof(j->refusal));
	r = prepare(j);
	if (r == 0)
		r = job_step_power(j);
	if (r == 0)
		r = step_link(j);
	return r == 0 ? claim(j) : r;
}

static bool loader_refused(const struct job *j)
{
	static const char *const codes[] = { "loader-not-admitted", "handshake",
					     "lock-state" };

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (strcmp(j->refusal.code, codes[i]) == 0)
			return true;
	return false;
}

static int step_handshake(struct job *j)
{
	struct sealed *s = &j->sealed;
	int r = claim(j);

	if (r == E_REFUSED && s->resumed && loader_refused(j))
		r = start_over(j);
	if (r != 0)
		return r;
	r = open_link_key(j);
	if (r != 0)
		return r;
	s->state = SEALED_SHAKEN;
	sealed_send_next(s, LINK_MSG2, 0, s->shaken.message2.data,
			 s->shaken.message2.len);
	return sealed_run_until(j, SEALED_STREAM);
}

static int step_stream(struct job *j)
{
	int r = sealed_run_until(j, SEALED_REPORTED);

	ct_wipe(j->sealed.link_key, LINK_KEY_LEN);
	/* a chunk that the chip will not have may be bad on our disk: only the
	 * chip can open it */
	if (r == E_TARGET_LOST && j->sealed.repeats > LINK_REPEATS)
		cache_drop(j->env->cache, j->release);
	return r;
}

/* The loader says "done" once, and is no more: if nobody heard it, the next
 * start must tell. */
static bool done_unheard(struct job *j, int err)
{
	if (err != E_TARGET_LOST || j->sealed.state != SEALED_COMMITTED)
		return false;
	ui_say(j->env->ui, (int)j->channel,
	       "%s: the loader's last word was lost; the next start decides",
	       j->res->uid);
	j->why[0] = '\0';
	return true;
}

/* In pieces: a probe answers a packet only when its time is over. */
static int wait_for_stub(struct job *j)
{
	int r = 0;

	for (unsigned us = 0; us < STUB_US && r == 0; us += STUB_STEP_US)
		r = probe_delay_us(j->probe, STUB_STEP_US);
	if (r != 0)
		snprintf(j->why, sizeof(j->why), "%s", probe_why(j->probe));
	return r;
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
	sealed_send_next(s, LINK_COMMIT, 0, s->committed.commit.data,
			 s->committed.commit.len);
	r = sealed_run_until(j, SEALED_DONE);
	if (r != 0 && !done_unheard(j, r))
		return r;
	link_shut(j);
	r = wait_for_stub(j); /* no cut in its work */
	if (r == 0 && j->release->header.late) {
		r = target_raised(j->target, &j->release->header);
		r = r == 0 ? 0 : job_target_failed(j, r);
	}
	return r;
}

/*
 * Is the device complete: the loader erased, both halves of the marker set?
 * A firmware that speaks was started by the stub, which does so only then.
 * One that does not speak: the stub gets the time that it may need, and then
 * no loader may answer.
 */
static int step_complete(struct job *j)
{
	int r;

	if (j->env->start_pattern[0] != '\0')
		return job_step_start(j);
	r = wait_for_stub(j);
	if (r == 0)
		r = link_open_line(j);
	if (r != 0)
		return r;
	r = relay_gone(j->sealed.relay);
	if (r == E_STATE) {
		snprintf(j->why, sizeof(j->why),
			 "the loader is still there: it did not get the "
			 "commit, or could not write it");
		r = E_TARGET;
	} else if (r != 0) {
		sealed_link_failed(j, r);
	}
	link_shut(j);
	return r;
}

const struct step sealed_steps[] = {
	{ "fetch", step_loader, false, false },
	{ "connect", job_step_identify, false, false },
	{ "connect", step_able, false, false },
	{ "grant", job_step_grant, true, false },
	{ "fetch", job_step_match, false, false },
	{ "prepare", step_prepare, false, true },
	{ "power", step_power, false, false },
	{ "link", step_link, true, true },
	{ "handshake", step_handshake, true, true },
	{ "stream", step_stream, true, true },
	{ "commit", step_commit, true, true },
	{ "power", job_step_power, false, false },
	{ "start", step_complete, false, false },
	{ "prove", job_step_prove, false, true },
	{ "power", job_step_power, false, false },
	{ "start", job_step_start, false, false },
	{ "report", job_step_closed, true, false },
};
const size_t sealed_step_count = ARRAY_LEN(sealed_steps);
