/* SPDX-License-Identifier: MIT */
/*
 * flasher/job.h - one device, from a blank chip to a closed grant.
 *
 * The steps are tables (design part 3): job.c has the signed mode's,
 * sealed_steps.c the sealed one's.  Whatever happens, job_run() fills one
 * result, and the ledger hears of it: a report goes into the outbox before it
 * is sent, and stays there while the server is away (flasher/journal.h).
 */
#ifndef FLASHER_JOB_H
#define FLASHER_JOB_H

#include "flasher/cache.h"
#include "flasher/station.h"

struct ui;

enum job_outcome {
	JOB_BUILT,   /* closed: protection proved, firmware started */
	JOB_REFUSED, /* the server said no */
	JOB_FAILED,  /* probe, target, disk or network */
	JOB_STOPPED, /* by the operator, before anything was granted */
};
const char *job_outcome_name(enum job_outcome o); /* "built" */

struct job_result {
	enum job_outcome outcome;
	unsigned channel;
	char uid[2 * UID_MAX + 1]; /* "" when it could not be read */
	char serial[SERIAL_CAP];
	char order[NAME_CAP];
	uint64_t grant; /* 0 = none */
	uint32_t attempt;
	char phase[NAME_CAP]; /* where it ended */
	char code[NAME_CAP];  /* refusal code, or E_* name; "" if built */
	char cause[STATION_WHY_CAP];
	char next[TEXT_CAP + 64]; /* what to do now */
	char who[NAME_CAP];	  /* who can resolve it */
	char line[160];		  /* what the firmware said */
	double seconds;
	uint32_t left; /* units of the order, as the grant said */
	bool unsent;   /* the last report waits in the outbox */
	bool hopeless; /* no further board has a chance: stop the line */
	int err;       /* E_* */
};

/* What all jobs of one run share; borrowed. */
struct job_env {
	const struct station *st;
	struct cache *cache;
	struct ui *ui;
	const char *order;
	const char *start_pattern;
	/* A locked chip that hides its unique ID is erased, to see who it is;
	 * without this it is put aside. */
	bool erase_locked;
	bool (*stopped)(void *arg);
	void *stopped_arg;
};

/* client: the channel's own. */
void job_run(const struct job_env *env, unsigned channel,
	     const struct channel_conf *conf, struct http_client *client,
	     struct job_result *out);

/*
 * At start: reports left in the outbox are sent, and attempts that a killed
 * flasher left open are reported as failed.  E_NET and the like when the
 * server cannot be reached; then nothing is lost.
 */
MUST_USE int job_recover(const struct station *st, struct http_client *client,
			 struct ui *ui);

/* -- result.c: the end in words ------------------------------------------ */
void job_result_refused(struct job_result *r, const struct refusal *refusal);
/* why: cause in words, "" = what err says. */
void job_result_failed(struct job_result *r, int err, const char *why);
/* For people: what to do about a local failure; never NULL. */
const char *job_advice(int err);
/* Copies text for a report: control bytes become spaces, and it is cut. */
void job_clean_text(const char *text, char *out, size_t cap);

#endif
