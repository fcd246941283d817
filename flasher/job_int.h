/* SPDX-License-Identifier: MIT */
/*
 * flasher/job_int.h - one job in work; for job*.c only.
 *
 * A step returns 0 or an E_*; then why[] tells the cause, or with E_REFUSED
 * the refusal does.
 */
#ifndef FLASHER_JOB_INT_H
#define FLASHER_JOB_INT_H

#include "flasher/job.h"
#include "flasher/journal.h"
#include "flasher/target.h"
#include "flasher/ui.h"

struct job {
	const struct job_env *env;
	const struct channel_conf *conf;
	struct http_client *client;
	struct job_result *res;
	unsigned channel;
	struct probe *probe;
	struct target *target;
	struct target_identity id;
	struct journal journal;
	struct grant_answer grant;
	const struct release_set *release;
	struct deliver_answer delivered;
	uint8_t key[AEAD_KEY_LEN]; /* in memory alone; wiped at the end */
	uint8_t *chunk;
	struct refusal refusal;
	char why[STATION_WHY_CAP];
	bool journaled;
	bool last_report; /* this report ends the attempt */
};

/* Writes the phase into the journal. */
MUST_USE int job_note_phase(struct job *j, const char *phase);

/* -- job_server.c -------------------------------------------------------- */
MUST_USE int job_step_release(struct job *j);
MUST_USE int job_step_grant(struct job *j);
MUST_USE int job_step_match(struct job *j);
MUST_USE int job_step_deliver(struct job *j);

/* -- job_target.c -------------------------------------------------------- */
MUST_USE int job_step_identify(struct job *j);
MUST_USE int job_step_program(struct job *j);
MUST_USE int job_step_power(struct job *j);
MUST_USE int job_step_start(struct job *j);
MUST_USE int job_step_prove(struct job *j);

#endif
