/* SPDX-License-Identifier: MIT */
/*
 * Random interleavings of flashers, signed and sealed orders, chips, replays,
 * forgeries, silence and restarts, against a model that keeps no counters: it
 * recounts its grants for every decision.  After each step code, answer and log
 * must be what the model says, and the database must be sound.
 *
 *   test_ledger_property [SEED [STEPS]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/cutvfs.h"
#include "tests/lib/ledger_bed.h"
#include "tests/lib/ledger_check.h"
#include "tests/lib/ledger_sealed.h"

#define FLASHERS 4 /* the last is another manufacturer's */
#define ORDERS 4   /* the last is another manufacturer's */
#define SEALED 2   /* this one is sealed */
#define CHIPS 12
#define PAST 64 /* requests remembered for replays */
#define JOBS 5
#define LEASE 20
#define RETRIES 2
#define SILENCE 300

static const uint32_t channels[FLASHERS] = { 1, 2, 4, 3 };
static const uint32_t quantities[ORDERS] = { 3, 6, 5, 4 };

/* -- the model ----------------------------------------------------------- */
struct unit {
	bool exists;
	uint64_t grant;
	enum {
		FREE,
		RESERVED,
		DELIVERED,
		INSTALLED,
		CLOSED,
		UNKNOWN,
		SCRAPPED
	} state;
	uint32_t attempt, allowed;
	int holder; /* flasher that had it last */
	bool idle;  /* reopened by the owner, nobody has it */
	bool keyed, failed;
	int64_t live_until, due;
	bool charged;
	uint8_t cred[CREDENTIAL_MAX];
	size_t cred_len;
};

/* An attempt on a chip of the sealed order, and what it was answered. */
#define TRIES_MAX 32
struct tried {
	bool exists, answered, reported;
	int flasher;
	struct job job;
	uint8_t *message2, *commit; /* malloc'ed copies */
	size_t message2_len, commit_len;
};

struct past {
	enum api_op op;
	int flasher;
	struct grant_request grant;
	struct deliver_request deliver;
	struct grant_answer grant_answer;
	uint8_t key[80];
	int order, chip;
};

struct model {
	struct unit units[ORDERS][CHIPS];
	struct tried tried[CHIPS][TRIES_MAX];
	bool paused[ORDERS];
	struct past past[PAST];
	size_t pasts;
	int64_t now;
	int64_t log; /* entries and repeats */
};

static struct model m;
static struct bed bed;
static struct bed_flasher flashers[FLASHERS];
static struct vault vault;
static uint64_t nonces = 1;
static unsigned step;

static void die(const char *what, long got, long want)
{
	fprintf(stderr, "step %u: %s is %ld, the model says %ld\n", step, what,
		got, want);
	abort();
}

static void same(const char *what, long got, long want)
{
	if (got != want)
		die(what, got, want);
}

static uint64_t rng_state;

static uint32_t rnd(uint32_t below)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return (uint32_t)((rng_state >> 11) % below);
}

static bool is_open(const struct unit *u)
{
	return u->exists && !u->idle &&
	       (u->state == RESERVED || u->state == DELIVERED ||
		u->state == INSTALLED || u->state == UNKNOWN);
}

static uint32_t open_of(int f)
{
	uint32_t n = 0;

	for (int o = 0; o < ORDERS; o++)
		for (int c = 0; c < CHIPS; c++)
			n += is_open(&m.units[o][c]) &&
			     m.units[o][c].holder == f;
	return n;
}

static uint32_t count(int o, bool charged)
{
	uint32_t n = 0;

	for (int c = 0; c < CHIPS; c++) {
		const struct unit *u = &m.units[o][c];

		n += u->exists && (charged ? u->charged : u->state == RESERVED);
	}
	return n;
}

static bool ours(int f, int o)
{
	return (f == FLASHERS - 1) == (o == ORDERS - 1);
}

/* Which order charged this chip, or -1. */
static int charged_in(int chip)
{
	for (int o = 0; o < ORDERS; o++)
		if (m.units[o][chip].charged)
			return o;
	return -1;
}

static void pass_time(int64_t seconds)
{
	m.now += seconds;
	bed.now = m.now;
}

/* The clock does this before anything else in a batch. */
static void settle(void)
{
	for (int o = 0; o < ORDERS; o++) {
		for (int c = 0; c < CHIPS; c++) {
			struct unit *u = &m.units[o][c];

			if (!u->exists || u->due == 0 || u->due > m.now)
				continue;
			u->due = 0;
			u->state = u->state == RESERVED ? FREE : UNKNOWN;
			m.log++;
		}
	}
}

static enum refusal_code want_credit(int f, const struct unit *u)
{
	if (is_open(u) && u->holder == f)
		return R_NONE;
	return open_of(f) < channels[f] ? R_NONE : R_CREDIT;
}

static enum refusal_code want_grant(int f, int o, int chip)
{
	const struct unit *u = &m.units[o][chip];
	int where = charged_in(chip);

	if (!ours(f, o))
		return R_NOT_ALLOWED;
	if (m.paused[o])
		return R_ORDER_CLOSED;
	if (u->exists && u->state == CLOSED)
		return R_ALREADY_BUILT;
	if (u->exists && u->state == SCRAPPED)
		return R_STATE;
	if ((is_open(u) || (u->exists && u->state == INSTALLED)) &&
	    u->holder != f && !u->failed && m.now < u->live_until)
		return R_CONFLICT;
	if (where >= 0 && where != o)
		return m.units[where][chip].state == CLOSED &&
				       (where == ORDERS - 1) ==
					       (o == ORDERS - 1)
			       ? R_ALREADY_BUILT
			       : R_CONFLICT;
	if (u->exists && u->attempt >= u->allowed)
		return R_RETRY_LIMIT;
	if (!u->exists || u->state == FREE) {
		if (count(o, true) >= quantities[o])
			return R_ORDER_USED_UP;
		if (count(o, true) + count(o, false) >= quantities[o])
			return R_ORDER_RESERVED;
	}
	return want_credit(f, u);
}

static void do_grant(int f, int o, int chip)
{
	struct unit *u = &m.units[o][chip];

	if (!u->exists)
		*u = (struct unit){ .exists = true, .allowed = 1 + RETRIES };
	u->attempt++;
	u->holder = f;
	u->idle = u->keyed = u->failed = false;
	u->live_until = m.now + LEASE;
	if (!u->charged) {
		u->state = RESERVED;
		u->due = m.now + LEASE;
	}
}

static enum refusal_code want_attempt(int f, const struct unit *u,
				      uint32_t attempt)
{
	if (attempt == 0 || attempt > u->attempt)
		return R_NOT_FOUND;
	if (attempt < u->attempt)
		return R_ATTEMPT;
	return u->holder == f ? R_NONE : R_NOT_FOUND;
}

static enum refusal_code want_key(int f, int o, int chip, uint32_t attempt)
{
	const struct unit *u = &m.units[o][chip];
	enum refusal_code code;

	if (!ours(f, o))
		return R_NOT_ALLOWED;
	if (m.paused[o])
		return R_ORDER_CLOSED;
	code = want_attempt(f, u, attempt);
	if (code != R_NONE)
		return code;
	if (u->state == CLOSED)
		return R_ALREADY_BUILT;
	if (u->state == SCRAPPED || u->failed)
		return R_STATE;
	if (!u->charged && charged_in(chip) >= 0)
		return R_CONFLICT;
	if (u->state == FREE &&
	    count(o, true) + count(o, false) >= quantities[o])
		return R_LEASE;
	return want_credit(f, u);
}

static enum refusal_code want_deliver(int f, int o, int chip, uint32_t attempt)
{
	return o == SEALED ? R_MODE : want_key(f, o, chip, attempt);
}

static void do_deliver(int f, struct unit *u)
{
	u->charged = true;
	u->state = DELIVERED;
	u->holder = f;
	u->idle = false;
	u->keyed = true;
	u->live_until = m.now + LEASE;
	u->due = m.now + SILENCE;
}

static enum refusal_code want_report(int f, const struct unit *u,
				     uint32_t attempt, const char *what,
				     bool said)
{
	enum refusal_code code = want_attempt(f, u, attempt);

	if (code != R_NONE)
		return code;
	if (u->state == SCRAPPED)
		return R_STATE;
	if (what[0] == 'f')
		return u->state == CLOSED ? R_STATE : R_NONE;
	if (u->state == CLOSED)
		return R_NONE;
	return said && u->keyed && !u->failed ? R_NONE : R_STATE;
}

static void do_report(struct unit *u, const char *what)
{
	if (what[0] == 'f') {
		if (u->failed)
			return;
		u->failed = true;
		u->due = 0;
		u->state = u->charged ? DELIVERED : FREE;
	} else if (u->state == CLOSED ||
		   (what[0] == 'i' && u->state == INSTALLED)) {
		return;
	} else {
		u->state = what[0] == 'i' ? INSTALLED : CLOSED;
		u->due = what[0] == 'i' ? m.now + SILENCE : 0;
		u->live_until = what[0] == 'i' ? m.now + LEASE : m.now;
	}
	m.log++;
}

/* -- one step is a batch of requests ------------------------------------- */
struct ask {
	enum api_op op;
	int f, o, chip;
	struct grant_request grant;
	struct deliver_request deliver;
	struct report_request report;
	struct handshake_request handshake;
	struct installed_request installed;
	uint8_t message[SOFT_MESSAGE1_MAX];
	size_t message_len;
	struct job job;		   /* whose message it is */
	enum refusal_code quality; /* what the signer must say of it */
	union {
		struct grant_answer grant;
		struct deliver_answer deliver;
		struct report_answer report;
		struct handshake_answer handshake;
		struct installed_answer installed;
	} answer;
	struct past *again; /* it is a replay of this one */
	bool altered;
	bool done;
};

static struct past *remember(const struct ask *a)
{
	struct past *p = &m.past[m.pasts++ % PAST];

	*p = (struct past){ .op = a->op,
			    .flasher = a->f,
			    .grant = a->grant,
			    .deliver = a->deliver,
			    .order = a->o,
			    .chip = a->chip };
	return p;
}

static void make_replay(struct ask *a)
{
	size_t n = m.pasts < PAST ? m.pasts : PAST;
	struct past *p = &m.past[rnd((uint32_t)n)];

	a->again = p;
	a->op = p->op;
	a->f = p->flasher;
	a->o = p->order;
	a->chip = p->chip;
	a->grant = p->grant;
	a->deliver = p->deliver;
	a->altered = rnd(3) == 0;
	if (a->altered && a->op == OP_GRANT)
		a->grant.channel ^= 1;
	else if (a->altered)
		a->deliver.attempt += 1;
}

static bool pick_unit(struct ask *a)
{
	for (int tries = 0; tries < 30; tries++) {
		a->o = (int)rnd(ORDERS);
		a->chip = (int)rnd(CHIPS);
		if (m.units[a->o][a->chip].exists)
			return true;
	}
	return false;
}

/* -- sealed -------------------------------------------------------------- */
static struct tried *tried_at(int chip, uint32_t attempt)
{
	return attempt < TRIES_MAX ? &m.tried[chip][attempt] : NULL;
}

static void set_message(struct ask *a, const uint8_t *p, size_t len)
{
	memcpy(a->message, p, len);
	a->message_len = len;
}

/* A message 1 for this attempt: good, forged, of an open chip, of a bad RNG,
 * or an old one, perhaps altered. */
static void make_message1(struct ask *a, const struct tried *t)
{
	uint32_t how = rnd(10);

	a->quality = R_NONE;
	if (t->answered && how < 7) {
		set_message(a, t->job.message1, t->job.message1_len);
		if (how < 2)
			a->message[40] ^= 1;
		return;
	}
	a->job = t->job;
	if (how == 7) {
		a->job.grant.challenge.data[rnd(32)] ^= 1;
		a->quality = R_HANDSHAKE;
	} else if (how == 8) {
		a->job.chip.claim.words[0].value ^= 0x11;
		a->quality = R_LOCK;
	} else if (how == 9) {
		a->job.chip.claim.rng_failures = 1;
		a->quality = R_RNG;
	}
	job_message1(&a->job);
	set_message(a, a->job.message1, a->job.message1_len);
}

static void make_handshake(struct ask *a, uint32_t attempt)
{
	const struct unit *u = &m.units[a->o][a->chip];
	const struct tried *t = tried_at(a->chip, attempt);

	a->op = OP_HANDSHAKE;
	a->handshake.grant = u->grant;
	a->handshake.attempt = attempt;
	if (t && t->exists) {
		make_message1(a, t);
	} else {
		memset(a->message, (int)rnd(256), 100);
		a->message_len = 100;
		a->quality = R_HANDSHAKE;
	}
	a->handshake.message = (struct blob){ a->message, a->message_len };
}

static void make_installed(struct ask *a, uint32_t attempt)
{
	const struct unit *u = &m.units[a->o][a->chip];
	const struct tried *t = tried_at(a->chip, attempt);

	a->op = OP_INSTALLED;
	a->installed.grant = u->grant;
	a->installed.attempt = attempt;
	if (t && t->answered && rnd(5)) {
		set_message(a, t->job.report, t->job.report_len);
		a->quality = R_NONE;
	} else {
		memset(a->message, (int)rnd(256), 60);
		a->message_len = 60;
		a->quality = R_REPORT;
	}
	a->installed.report = (struct blob){ a->message, a->message_len };
}

/* Has any attempt been answered for this ephemeral key? */
static bool key_used(const uint8_t *message)
{
	for (int c = 0; c < CHIPS; c++)
		for (int i = 0; i < TRIES_MAX; i++)
			if (m.tried[c][i].answered &&
			    memcmp(m.tried[c][i].job.message1, message, 32) ==
				    0)
				return true;
	return false;
}

/* Is it decided by what was answered before? */
static bool seen(const struct ask *a, enum refusal_code *out)
{
	bool first = a->op == OP_HANDSHAKE;
	const struct tried *t = tried_at(a->chip, first ? a->handshake.attempt
							: a->installed.attempt);
	const uint8_t *old;
	size_t len;

	*out = R_NOT_FOUND;
	if (!t || !t->exists || t->flasher != a->f)
		return true;
	if (!(first ? t->answered : t->reported)) {
		*out = R_REPLAY;
		return first && key_used(a->message);
	}
	old = first ? t->job.message1 : t->job.report;
	len = first ? t->job.message1_len : t->job.report_len;
	if (a->message_len == len && memcmp(a->message, old, len) == 0)
		*out = R_NONE;
	else if (!first || memcmp(a->message, old, 32) == 0)
		*out = R_REPLAY;
	else
		*out = R_STATE;
	return true;
}

static enum refusal_code want_sealed(const struct ask *a)
{
	const struct unit *u = &m.units[a->o][a->chip];
	enum refusal_code code;

	if (seen(a, &code))
		return code;
	if (a->op == OP_HANDSHAKE) {
		code = want_key(a->f, a->o, a->chip, a->handshake.attempt);
	} else {
		code = want_attempt(a->f, u, a->installed.attempt);
		if (code == R_NONE &&
		    (u->state == SCRAPPED || u->state == CLOSED || !u->keyed ||
		     u->failed))
			code = R_STATE;
	}
	return code == R_NONE ? a->quality : code;
}

static uint8_t *copy_of(const struct blob *b)
{
	uint8_t *p = malloc(b->len);

	if (!p)
		abort();
	memcpy(p, b->data, b->len);
	return p;
}

static void check_handshake(struct ask *a)
{
	struct tried *t = tried_at(a->chip, a->handshake.attempt);
	const struct blob *got = &a->answer.handshake.message2;

	if (t->answered) {
		same("message 2",
		     got->len == t->message2_len &&
			     memcmp(got->data, t->message2, got->len) == 0,
		     1);
		return;
	}
	do_deliver(a->f, &m.units[a->o][a->chip]);
	t->answered = true;
	t->job = a->job;
	t->message2 = copy_of(got);
	t->message2_len = got->len;
	t->job.answer = a->answer.handshake; /* borrowed for the next line */
	job_message2(&t->job);
	memset(&t->job.answer, 0, sizeof(t->job.answer));
	m.log++;
}

static void check_installed(struct ask *a)
{
	struct tried *t = tried_at(a->chip, a->installed.attempt);
	struct unit *u = &m.units[a->o][a->chip];
	const struct blob *got = &a->answer.installed.commit;
	uint8_t plain[COMMIT_MAX];
	struct commit c;

	if (t->reported) {
		same("commit",
		     got->len == t->commit_len &&
			     memcmp(got->data, t->commit, got->len) == 0,
		     1);
		return;
	}
	do_report(u, "installed");
	u->idle = true; /* credit is free again */
	t->reported = true;
	t->commit = copy_of(got);
	t->commit_len = got->len;
	same("commit opens",
	     soft_chip_commit(&t->job.chip, got->data, got->len, plain, &c), 0);
	if (u->cred_len == 0) {
		u->cred_len = c.credential_len;
		memcpy(u->cred, c.credential, u->cred_len);
	}
	same("one credential",
	     c.credential_len == u->cred_len &&
		     memcmp(c.credential, u->cred, u->cred_len) == 0,
	     1);
}

static void note_attempt(const struct ask *a, const struct grant_answer *g)
{
	struct tried *t = tried_at(a->chip, g->attempt);
	struct soft_chip *c;

	if (!t)
		abort();
	memset(t, 0, sizeof(*t));
	t->exists = true;
	t->flasher = a->f;
	t->job.vault = &vault;
	t->job.grant = *g;
	BED_SET(t->job.order, a->grant.order);
	c = &t->job.chip;
	c->chip = chip_find(FAMILY_STM32L4);
	memcpy(c->uid, a->grant.uid.data, 12);
	memcpy(c->loader_digest, vault.loader_digest, DIGEST_LEN);
	memcpy(c->server_pub, vault.noise_pub, X25519_LEN);
	same("claim", soft_chip_claim(c, &vault.header), 0);
}

static void make_follow(struct ask *a)
{
	static const char *const words[] = { "installed", "closed", "closed",
					     "failed" };
	const struct unit *u = &m.units[a->o][a->chip];
	uint32_t attempt = u->attempt;

	a->f = rnd(8) ? u->holder : (int)rnd(FLASHERS);
	if (rnd(10) == 0)
		attempt += rnd(3) - 1;
	if (a->o == SEALED && rnd(5)) {
		if (rnd(2))
			make_handshake(a, attempt);
		else
			make_installed(a, attempt);
		return;
	}
	if (rnd(2)) {
		a->op = OP_DELIVER;
		a->deliver.grant = u->grant;
		a->deliver.attempt = attempt;
		a->deliver.nonce.len = NONCE_LEN;
		bed_nonce(nonces++, a->deliver.nonce.data);
	} else {
		a->op = OP_REPORT;
		a->report.grant = u->grant;
		a->report.attempt = attempt;
		BED_SET(a->report.outcome, words[rnd(4)]);
	}
}

static void make_ask(struct ask *a)
{
	char order[8];

	memset(a, 0, sizeof(*a));
	if (rnd(5) == 0 && m.pasts > 0) {
		make_replay(a);
		return;
	}
	if (rnd(3) > 0 && pick_unit(a)) {
		make_follow(a);
		return;
	}
	a->op = OP_GRANT;
	a->f = (int)rnd(FLASHERS);
	a->o = rnd(6) ? (a->f == FLASHERS - 1 ? ORDERS - 1
					      : (int)rnd(ORDERS - 1))
		      : (int)rnd(ORDERS);
	a->chip = (int)rnd(CHIPS);
	snprintf(order, sizeof(order), "o%d", a->o);
	bed_grant_request(order, (uint32_t)a->chip + 1, nonces++, &a->grant);
}

static void check_grant(struct ask *a)
{
	struct unit *u = &m.units[a->o][a->chip];
	const struct grant_answer *g = &a->answer.grant;
	struct past *p;

	do_grant(a->f, a->o, a->chip);
	if (u->grant == 0)
		u->grant = g->grant;
	same("grant", (long)g->grant, (long)u->grant);
	same("attempt", g->attempt, u->attempt);
	same("left", g->left,
	     quantities[a->o] - count(a->o, true) - count(a->o, false));
	p = remember(a);
	p->grant_answer = *g;
	if (a->o == SEALED)
		note_attempt(a, g);
	m.log++;
}

static void check_deliver(struct ask *a)
{
	struct unit *u = &m.units[a->o][a->chip];
	const struct deliver_answer *d = &a->answer.deliver;
	struct past *p;

	do_deliver(a->f, u);
	if (u->cred_len == 0) {
		u->cred_len = d->credential.len;
		memcpy(u->cred, d->credential.data, u->cred_len);
	}
	same("credential length", (long)d->credential.len, (long)u->cred_len);
	same("credential", memcmp(d->credential.data, u->cred, u->cred_len), 0);
	p = remember(a);
	memcpy(p->key, d->key_enc.data, 32);
	memcpy(p->key + 32, d->key_sealed.data, 48);
	m.log++;
}

static bool same_answer(const struct grant_answer *a,
			const struct grant_answer *b)
{
	uint8_t *pa = NULL, *pb = NULL;
	size_t la = 0, lb = 0;
	bool is;

	if (shape_pack(&grant_answer_shape, a, &pa, &la) < 0 ||
	    shape_pack(&grant_answer_shape, b, &pb, &lb) < 0)
		abort();
	is = la == lb && memcmp(pa, pb, la) == 0;
	free(pa);
	free(pb);
	return is;
}

static void check_again(struct ask *a)
{
	const struct past *p = a->again;
	const struct unit *u = &m.units[p->order][p->chip];
	const struct deliver_answer *d = &a->answer.deliver;

	if (a->op == OP_GRANT) {
		same("stored grant answer",
		     same_answer(&a->answer.grant, &p->grant_answer), 1);
		return;
	}
	same("stored credential",
	     d->credential.len == u->cred_len &&
		     memcmp(d->credential.data, u->cred, u->cred_len) == 0,
	     1);
	same("stored key",
	     memcmp(d->key_enc.data, p->key, 32) == 0 &&
		     memcmp(d->key_sealed.data, p->key + 32, 48) == 0,
	     1);
}

static enum refusal_code predict(const struct ask *a)
{
	const struct unit *u = &m.units[a->o][a->chip];
	const struct tried *t;

	if (a->again)
		return a->altered ? R_REPLAY : R_NONE;
	if (a->op == OP_GRANT)
		return want_grant(a->f, a->o, a->chip);
	if (a->op == OP_DELIVER)
		return want_deliver(a->f, a->o, a->chip, a->deliver.attempt);
	if (a->op == OP_HANDSHAKE || a->op == OP_INSTALLED)
		return want_sealed(a);
	t = tried_at(a->chip, a->report.attempt);
	return want_report(a->f, u, a->report.attempt, a->report.outcome,
			   a->o != SEALED || (t && t->reported));
}

static void check_one(struct ask *a, enum refusal_code got)
{
	enum refusal_code want = predict(a);

	if (got != want) {
		fprintf(stderr, "op %d flasher %d order %d chip %d: ", a->op,
			a->f, a->o, a->chip);
		die("code", got, want);
	}
	if (got != R_NONE)
		m.log++;
	else if (a->again)
		check_again(a);
	else if (a->op == OP_GRANT)
		check_grant(a);
	else if (a->op == OP_DELIVER)
		check_deliver(a);
	else if (a->op == OP_HANDSHAKE)
		check_handshake(a);
	else if (a->op == OP_INSTALLED)
		check_installed(a);
	else
		do_report(&m.units[a->o][a->chip], a->report.outcome);
}

static bool waits(const struct ask *a)
{
	enum refusal_code code;

	if (a->op == OP_DELIVER)
		return !a->again;
	return (a->op == OP_HANDSHAKE || a->op == OP_INSTALLED) &&
	       !seen(a, &code);
}

/* The ledger puts off what needs a credential that is being signed in this
 * batch; the model does the same. */
static void check_batch(struct ask *asks, struct ledger_job *jobs, size_t n)
{
	bool left = true, had;

	while (left) {
		bool signing[ORDERS][CHIPS] = { { false } };

		left = false;
		for (size_t i = 0; i < n; i++) {
			struct ask *a = &asks[i];

			if (a->done)
				continue;
			if (signing[a->o][a->chip] && waits(a)) {
				left = true;
				continue;
			}
			had = m.units[a->o][a->chip].charged;
			check_one(a, bed_code(&jobs[i].refusal));
			a->done = true;
			if (a->again || jobs[i].refusal.http != 0)
				continue;
			if (a->op == OP_DELIVER ||
			    (a->op == OP_HANDSHAKE && !had))
				signing[a->o][a->chip] = true;
		}
	}
}

static void step_batch(void)
{
	struct ask asks[JOBS];
	struct ledger_job jobs[JOBS] = { 0 };
	size_t n = rnd(2) ? 1 : 1 + rnd(JOBS);

	for (size_t i = 0; i < n; i++) {
		struct ask *a = &asks[i];

		make_ask(a);
		jobs[i].op = a->op;
		jobs[i].caller = flashers[a->f].caller;
		jobs[i].answer = &a->answer;
		jobs[i].request = a->op == OP_GRANT	? (void *)&a->grant
				  : a->op == OP_DELIVER ? (void *)&a->deliver
				  : a->op == OP_HANDSHAKE
					  ? (void *)&a->handshake
				  : a->op == OP_INSTALLED
					  ? (void *)&a->installed
					  : (void *)&a->report;
	}
	same("batch", ledger_batch(bed.ledger, jobs, n), 0);
	settle();
	check_batch(asks, jobs, n);
	for (size_t i = 0; i < n; i++)
		shape_clear(api_route(asks[i].op)->answer, &asks[i].answer);
}

/* -- the owner, the clock, restarts -------------------------------------- */
static void step_pause(void)
{
	int o = (int)rnd(ORDERS);
	struct order_change q = { .action = "pause" };
	struct order a;

	snprintf(q.order, sizeof(q.order), "o%d", o);
	if (m.paused[o])
		BED_SET(q.action, "resume");
	same("pause", bed_call(&bed, OP_ORDER_CHANGE, bed.admin, &q, &a, NULL),
	     R_NONE);
	settle();
	m.paused[o] = !m.paused[o];
	m.log++;
}

static void step_owner(void)
{
	struct grant_change q = { .action = "scrap" };
	struct ask at = { .op = OP_NONE };
	struct unit *u;
	struct device d;
	enum refusal_code got, want;

	if (!pick_unit(&at))
		return;
	settle();
	u = &m.units[at.o][at.chip];
	q.grant = u->grant;
	if (rnd(3) > 0)
		BED_SET(q.action, "retry");
	got = bed_call(&bed, OP_GRANT_CHANGE, bed.admin, &q, &d, NULL);
	shape_clear(&device_shape, &d);
	m.log++;
	if (q.action[0] == 's') {
		want = u->charged && u->state != SCRAPPED ? R_NONE : R_STATE;
		same("scrap", got, want);
		if (got == R_NONE) {
			u->state = SCRAPPED;
			u->due = 0;
		}
		return;
	}
	same("retry", got, u->state == SCRAPPED ? R_STATE : R_NONE);
	if (got != R_NONE)
		return;
	u->allowed += RETRIES;
	if (u->state == CLOSED) {
		u->state = DELIVERED;
		u->idle = true;
		u->failed = true;
	}
}

static void step_clock(void)
{
	pass_time(rnd(3) ? rnd(LEASE) : rnd(SILENCE + 5));
	if (rnd(2)) {
		same("tick", ledger_tick(bed.ledger), 0);
		settle();
	}
}

static void step_restart(void)
{
	bed_shut(&bed);
	same("open", bed_open(&bed), 0);
}

static void run(unsigned steps)
{
	for (step = 0; step < steps; step++) {
		uint32_t r = rnd(100);

		if (r < 80)
			step_batch();
		else if (r < 92)
			step_clock();
		else if (r < 95)
			step_pause();
		else if (r < 98)
			step_owner();
		else
			step_restart();
		same("log entries",
		     (long)ledger_number(bed.ledger,
					 "SELECT (SELECT count(*) FROM log) +"
					 " (SELECT coalesce(sum(repeats), 0)"
					 " FROM log_repeats)"),
		     (long)m.log);
		if (step % 8 == 0)
			same("broken rules", ledger_check(bed.ledger), 0);
	}
	same("broken rules", ledger_check(bed.ledger), 0);
}

static void begin(uint64_t seed)
{
	rng_state = seed * 0x9e3779b97f4a7c15u + 1;
	memset(&m, 0, sizeof(m));
	bed_keys(&bed);
	cutvfs_reset(); /* in memory: this is about decisions, not disks */
	bed.vfs = CUTVFS_NAME;
	same("open", bed_open(&bed), 0);
	bed_token(&bed);
	bed_product(&bed);
	vault_setup(&bed, &vault);
	for (int o = 0; o < ORDERS; o++) {
		struct order q = { .product = BED_PRODUCT,
				   .mode = "signed",
				   .release = BED_RELEASE,
				   .quantity = quantities[o],
				   .retries = RETRIES,
				   .lease_s = LEASE },
			     a;

		if (o == SEALED) {
			BED_SET(q.product, VAULT);
			BED_SET(q.mode, "sealed");
		}
		snprintf(q.name, sizeof(q.name), "o%d", o);
		snprintf(q.serial_prefix, sizeof(q.serial_prefix), "o%d-", o);
		BED_SET(q.manufacturer, o == ORDERS - 1 ? "other" : BED_MAKER);
		same("order",
		     bed_call(&bed, OP_ORDER_CREATE, bed.admin, &q, &a, NULL),
		     R_NONE);
	}
	for (int f = 0; f < FLASHERS; f++) {
		char name[16];

		snprintf(name, sizeof(name), "f%d", f);
		bed_enrol(&bed, name, f == FLASHERS - 1 ? "other" : BED_MAKER,
			  channels[f], &flashers[f]);
	}
	m.now = bed.now;
	m.log = ledger_number(bed.ledger, "SELECT count(*) FROM log");
}

static void end(uint64_t seed, unsigned steps)
{
	uint32_t delivered = 0, closed = 0, sealed = 0, said = 0;

	for (int o = 0; o < ORDERS; o++) {
		delivered += count(o, true);
		for (int c = 0; c < CHIPS; c++)
			closed += m.units[o][c].state == CLOSED;
	}
	printf("seed %llu: %u steps, %u delivered, %u closed, %lld log "
	       "entries\n",
	       (unsigned long long)seed, steps, delivered, closed,
	       (long long)m.log);
	for (int c = 0; c < CHIPS; c++) {
		for (int i = 0; i < TRIES_MAX; i++) {
			sealed += m.tried[c][i].answered;
			said += m.tried[c][i].reported;
			free(m.tried[c][i].message2);
			free(m.tried[c][i].commit);
		}
	}
	printf("  sealed: %u handshakes, %u reports\n", sealed, said);
	for (int f = 0; f < FLASHERS; f++)
		bed_flasher_free(&flashers[f]);
	bed_teardown(&bed);
	if (delivered < 3) {
		fprintf(stderr, "this run proved nothing\n");
		abort();
	}
}

int main(int argc, char **argv)
{
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	uint64_t last = argc > 1 ? first : 12;
	unsigned steps = argc > 2 ? (unsigned)atoi(argv[2]) : 250;

	cutvfs_register();
	for (uint64_t seed = first; seed <= last; seed++) {
		begin(seed);
		run(steps);
		end(seed, steps);
	}
	return 0;
}
