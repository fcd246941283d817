/* SPDX-License-Identifier: MIT */
#include "server/ledger_rules.h"

#include <stdio.h>
#include <string.h>

#include "base/ct.h"

bool rules_charged(const struct row_grant *g)
{
	return g->charged != 0;
}

uint32_t rules_attempts(const struct row_order *o, const struct row_grant *g)
{
	return 1 + o->retries + (g ? g->extra : 0);
}

bool rules_live(const struct row_grant *g, int64_t now)
{
	return (g->held || g->state == GRANT_INSTALLED) && !g->over &&
	       now < g->lease_until;
}

uint32_t rules_left(const struct row_order *o)
{
	uint64_t used = (uint64_t)o->reserved + o->delivered;

	return used < o->quantity ? o->quantity - (uint32_t)used : 0;
}

/* The column that counts orders' grants in a state; NULL for those that are
 * not counted (released, and delivered, which counts for ever). */
static uint32_t *counter(struct row_order *o, uint32_t state)
{
	switch (state) {
	case GRANT_RESERVED:
		return &o->reserved;
	case GRANT_INSTALLED:
		return &o->installed;
	case GRANT_CLOSED:
		return &o->closed;
	case GRANT_UNKNOWN:
		return &o->unknown;
	case GRANT_SCRAPPED:
		return &o->scrapped;
	default:
		return NULL;
	}
}

static void move(struct row_order *o, struct row_grant *g, uint32_t state,
		 int64_t now)
{
	uint32_t *from = g->attempt > 0 ? counter(o, g->state) : NULL;
	uint32_t *to = counter(o, state);

	if (from)
		(*from)--;
	if (to)
		(*to)++;
	g->state = state;
	g->changed = now;
}

static void hold(struct row_flasher *f, struct row_grant *g)
{
	if (!g->held)
		f->open++;
	g->held = true;
	g->flasher_id = f->id;
}

static void let_go(struct row_flasher *f, struct row_grant *g)
{
	if (g->held && f)
		f->open--;
	g->held = false;
}

static bool holds(const struct row_flasher *f, const struct row_grant *g)
{
	return g && g->held && g->flasher_id == f->id;
}

/* -- grant --------------------------------------------------------------- */
enum refusal_code rules_order(const struct row_order *o,
			      const struct row_flasher *f, int64_t now)
{
	if (strcmp(o->manufacturer, f->manufacturer) != 0)
		return R_NOT_ALLOWED;
	if (o->state != ORDER_OPEN || (o->opens != 0 && now < o->opens) ||
	    (o->closes != 0 && now >= o->closes))
		return R_ORDER_CLOSED;
	return R_NONE;
}

static enum refusal_code unit_free(const struct row_order *o)
{
	if (o->delivered >= o->quantity)
		return R_ORDER_USED_UP;
	return rules_left(o) > 0 ? R_NONE : R_ORDER_RESERVED;
}

static enum refusal_code credit_free(const struct row_flasher *f,
				     const struct row_grant *g)
{
	if (holds(f, g) || f->open < f->channels)
		return R_NONE;
	return R_CREDIT;
}

static enum refusal_code other_order(const struct row_order *o,
				     const struct row_grant *other,
				     const char *manufacturer)
{
	if (!other)
		return R_NONE;
	if (other->state == GRANT_CLOSED &&
	    strcmp(o->manufacturer, manufacturer) == 0)
		return R_ALREADY_BUILT;
	return R_CONFLICT;
}

enum refusal_code rules_grant(const struct row_order *o,
			      const struct row_flasher *f,
			      const struct row_grant *own,
			      const struct row_grant *other,
			      const char *other_manufacturer, int64_t now)
{
	enum refusal_code code = R_NONE;

	if (own && own->state == GRANT_CLOSED)
		return R_ALREADY_BUILT;
	if (own && own->state == GRANT_SCRAPPED)
		return R_STATE;
	if (own && own->flasher_id != f->id && rules_live(own, now))
		return R_CONFLICT;
	if (!own || !rules_charged(own))
		code = other_order(o, other, other_manufacturer);
	if (code == R_NONE && own && own->attempt >= rules_attempts(o, own))
		code = R_RETRY_LIMIT;
	if (code == R_NONE && (!own || own->state == GRANT_RELEASED))
		code = unit_free(o);
	if (code == R_NONE)
		code = credit_free(f, own);
	return code;
}

void rules_grant_apply(struct row_order *o, struct row_flasher *f,
		       struct row_flasher *before, struct row_grant *g,
		       int64_t now)
{
	if (before && before->id != f->id)
		let_go(before, g);
	hold(f, g);
	if (!rules_charged(g)) {
		move(o, g, GRANT_RESERVED, now);
		g->due = now + o->lease_s;
	}
	g->attempt++;
	g->keyed = false;
	g->over = false;
	g->lease_until = now + o->lease_s;
	g->changed = now;
}

/* -- deliver ------------------------------------------------------------- */
static enum refusal_code attempt_fits(const struct row_flasher *f,
				      const struct row_grant *g,
				      uint32_t attempt)
{
	if (attempt == 0 || attempt > g->attempt)
		return R_NOT_FOUND;
	/* Also when another flasher has taken the chip over meanwhile. */
	if (attempt < g->attempt)
		return R_ATTEMPT;
	return g->flasher_id == f->id ? R_NONE : R_NOT_FOUND;
}

/* What is common to deliver and handshake. */
static enum refusal_code key_leaves(const struct row_order *o,
				    const struct row_flasher *f,
				    const struct row_grant *g, uint32_t attempt,
				    const struct row_grant *other, int64_t now)
{
	enum refusal_code code = rules_order(o, f, now);

	if (code == R_NONE)
		code = attempt_fits(f, g, attempt);
	if (code != R_NONE)
		return code;
	if (g->state == GRANT_CLOSED)
		return R_ALREADY_BUILT;
	if (g->state == GRANT_SCRAPPED || g->over)
		return R_STATE;
	if (!rules_charged(g) && other)
		return R_CONFLICT;
	if (g->state == GRANT_RELEASED && rules_left(o) == 0)
		return R_LEASE;
	return credit_free(f, g);
}

enum refusal_code rules_deliver(const struct row_order *o,
				const struct row_flasher *f,
				const struct row_grant *g, uint32_t attempt,
				const struct row_grant *other, int64_t now)
{
	if (o->mode != MODE_SIGNED)
		return R_MODE;
	return key_leaves(o, f, g, attempt, other, now);
}

enum refusal_code rules_handshake(const struct row_order *o,
				  const struct row_flasher *f,
				  const struct row_grant *g, uint32_t attempt,
				  const struct row_grant *other, int64_t now)
{
	if (o->mode != MODE_SEALED)
		return R_MODE;
	return key_leaves(o, f, g, attempt, other, now);
}

/* 15 bytes of prefix and a number below 2^53 + 2^32: it fits. */
void rules_serial_number(const struct row_order *o, uint32_t index,
			 char out[SERIAL_CAP])
{
	out[0] = '\0';
	if (o->serial_prefix[0] != '\0')
		snprintf(out, SERIAL_CAP, "%.*s%llu", SERIAL_PREFIX_MAX,
			 o->serial_prefix,
			 (unsigned long long)o->serial_first + index);
}

void rules_serial(const struct row_order *o, const struct row_grant *g,
		  char out[SERIAL_CAP])
{
	if (rules_charged(g))
		memcpy(out, g->serial, SERIAL_CAP);
	else
		rules_serial_number(o, o->serial_used, out);
}

static void serial_give(struct row_order *o, struct row_grant *g)
{
	if (o->serial_prefix[0] == '\0')
		return;
	rules_serial_number(o, o->serial_used, g->serial);
	o->serial_used++;
}

void rules_deliver_apply(struct row_order *o, struct row_flasher *f,
			 struct row_grant *g, uint32_t unknown_after_s,
			 int64_t now)
{
	hold(f, g);
	move(o, g, GRANT_DELIVERED, now);
	if (!rules_charged(g)) {
		o->delivered++;
		g->charged = now;
		serial_give(o, g);
	}
	g->keyed = true;
	g->lease_until = now + o->lease_s;
	g->due = now + unknown_after_s;
}

/* -- report -------------------------------------------------------------- */
bool rules_outcome(const char *text, enum report *out)
{
	static const char *const names[] = {
		[REPORT_INSTALLED] = "installed",
		[REPORT_CLOSED] = "closed",
		[REPORT_FAILED] = "failed",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]) == 0) {
			*out = (enum report)i;
			return true;
		}
	}
	return false;
}

enum refusal_code rules_report(const struct row_order *o,
			       const struct row_flasher *f,
			       const struct row_grant *g, uint32_t attempt,
			       enum report what, bool verified)
{
	enum refusal_code code = attempt_fits(f, g, attempt);

	if (code != R_NONE)
		return code;
	if (g->state == GRANT_SCRAPPED)
		return R_STATE;
	if (what == REPORT_FAILED)
		return g->state == GRANT_CLOSED ? R_STATE : R_NONE;
	/* Nothing can be installed without a key, nor after "failed". */
	if (g->state == GRANT_CLOSED)
		return R_NONE;
	if (o->mode == MODE_SEALED && !verified)
		return R_STATE;
	return g->keyed && !g->over ? R_NONE : R_STATE;
}

enum refusal_code rules_installed(const struct row_flasher *f,
				  const struct row_grant *g, uint32_t attempt)
{
	enum refusal_code code = attempt_fits(f, g, attempt);

	if (code != R_NONE)
		return code;
	if (g->state == GRANT_SCRAPPED || g->state == GRANT_CLOSED)
		return R_STATE;
	return g->keyed && !g->over ? R_NONE : R_STATE;
}

/* A reservation ends; a charged chip is delivered and no more, whatever was
 * said of it before, and waits for its next attempt. */
static bool report_failed(struct row_order *o, struct row_flasher *f,
			  struct row_grant *g, int64_t now)
{
	if (g->over)
		return false;
	g->over = true;
	g->lease_until = now;
	g->changed = now;
	g->due = 0;
	if (rules_charged(g)) {
		move(o, g, GRANT_DELIVERED, now);
	} else if (g->state == GRANT_RESERVED) {
		move(o, g, GRANT_RELEASED, now);
		let_go(f, g);
	}
	return true;
}

bool rules_report_apply(struct row_order *o, struct row_flasher *f,
			struct row_grant *g, enum report what,
			uint32_t unknown_after_s, int64_t now)
{
	if (what == REPORT_FAILED)
		return report_failed(o, f, g, now);
	if (g->state == GRANT_CLOSED ||
	    (what == REPORT_INSTALLED && g->state == GRANT_INSTALLED))
		return false;
	if (what == REPORT_INSTALLED) {
		move(o, g, GRANT_INSTALLED, now);
		if (o->mode == MODE_SEALED)
			let_go(f, g);
		g->lease_until = now + o->lease_s;
		g->due = now + unknown_after_s;
		return true;
	}
	move(o, g, GRANT_CLOSED, now);
	let_go(f, g);
	g->lease_until = now;
	g->due = 0;
	return true;
}

/* -- clock --------------------------------------------------------------- */
void rules_due_apply(struct row_order *o, struct row_flasher *holder,
		     struct row_grant *g, int64_t now)
{
	g->due = 0;
	if (g->state == GRANT_RESERVED) {
		move(o, g, GRANT_RELEASED, now);
		let_go(holder, g);
	} else if (g->state == GRANT_DELIVERED || g->state == GRANT_INSTALLED) {
		move(o, g, GRANT_UNKNOWN, now);
	}
}

/* -- owner --------------------------------------------------------------- */
enum refusal_code rules_scrap(const struct row_grant *g)
{
	return rules_charged(g) && g->state != GRANT_SCRAPPED ? R_NONE
							      : R_STATE;
}

void rules_scrap_apply(struct row_order *o, struct row_flasher *holder,
		       struct row_grant *g, int64_t now)
{
	move(o, g, GRANT_SCRAPPED, now);
	let_go(holder, g);
	g->over = true;
	g->lease_until = now;
	g->due = 0;
}

enum refusal_code rules_retry(const struct row_grant *g)
{
	return g->state == GRANT_SCRAPPED ? R_STATE : R_NONE;
}

bool rules_retry_apply(struct row_order *o, struct row_grant *g, int64_t now)
{
	bool rework = g->state == GRANT_CLOSED;

	g->extra += o->retries > 0 ? o->retries : 1;
	if (rework) {
		/* Nobody holds it until a flasher asks for it. */
		move(o, g, GRANT_DELIVERED, now);
		g->reworks++;
		g->over = true;
	}
	return rework;
}

enum refusal_code rules_order_change(const struct row_order *o,
				     const char *action, uint32_t *out_state)
{
	static const struct {
		const char *action;
		uint32_t from, to;
	} table[] = {
		{ "pause", ORDER_OPEN, ORDER_PAUSED },
		{ "resume", ORDER_PAUSED, ORDER_OPEN },
		{ "end", ORDER_OPEN, ORDER_ENDED },
		{ "end", ORDER_PAUSED, ORDER_ENDED },
	};
	enum refusal_code code = R_BAD_REQUEST;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(action, table[i].action) != 0)
			continue;
		code = R_STATE;
		if (o->state == table[i].from) {
			*out_state = table[i].to;
			return R_NONE;
		}
	}
	return code;
}

enum refusal_code rules_invite(const struct row_invite *i,
			       const struct row_flasher *f,
			       const uint8_t secret[STORE_HASH_LEN],
			       const uint8_t request[STORE_HASH_LEN],
			       int64_t now, bool *out_again)
{
	bool used = i->request_len != 0;

	if (i->wrong >= RULES_INVITE_WRONG || now >= i->expires ||
	    !ct_equal(i->secret, secret, STORE_HASH_LEN))
		return R_CODE;
	if (f->state == FLASHER_REVOKED)
		return R_REVOKED;
	if (used && memcmp(i->request, request, STORE_HASH_LEN) != 0)
		return R_CODE;
	*out_again = used;
	return R_NONE;
}

/* -- names --------------------------------------------------------------- */
const char *rules_grant_state(uint32_t state)
{
	static const char *const names[] = {
		[GRANT_RESERVED] = "reserved",
		[GRANT_RELEASED] = "released",
		[GRANT_DELIVERED] = "delivered",
		[GRANT_INSTALLED] = "installed",
		[GRANT_CLOSED] = "closed",
		[GRANT_UNKNOWN] = "unknown",
		[GRANT_SCRAPPED] = "scrapped",
	};

	return state >= GRANT_RESERVED && state <= GRANT_SCRAPPED ? names[state]
								  : "?";
}

const char *rules_order_state(uint32_t state)
{
	static const char *const names[] = {
		[ORDER_OPEN] = "open",
		[ORDER_PAUSED] = "paused",
		[ORDER_ENDED] = "ended",
	};

	return state >= ORDER_OPEN && state <= ORDER_ENDED ? names[state] : "?";
}

const char *rules_flasher_state(uint32_t state)
{
	static const char *const names[] = {
		[FLASHER_INVITED] = "invited",
		[FLASHER_ENROLLED] = "enrolled",
		[FLASHER_REVOKED] = "revoked",
	};

	return state >= FLASHER_INVITED && state <= FLASHER_REVOKED
		       ? names[state]
		       : "?";
}

const char *rules_mode(uint32_t mode)
{
	return mode == MODE_SEALED ? "sealed" : "signed";
}

const char *rules_modes(uint32_t modes)
{
	return modes == MODES_SEALED_SIGNED ? "sealed+signed" : "sealed";
}
