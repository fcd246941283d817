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
#include "flasher/sealed.h"
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
	uint8_t key[AEAD_KEY_LEN];  /* signed mode; in memory alone, wiped at
				     * the end */
	uint8_t *chunk;		    /* signed mode */
	uint8_t serial[SERIAL_CAP]; /* signed mode: as it goes into the image */
	struct sealed sealed;
	struct refusal refusal;
	char why[STATION_WHY_CAP];
	const char *next; /* what to do, if more than err tells; or NULL */
	bool journaled;
	bool last_report; /* this report ends the attempt */
};

/* One step of a job: a table of them is a mode (job.c, sealed_steps.c). */
struct step {
	const char *phase;
	int (*run)(struct job *j);
	bool shown;   /* the target's steps show finer phases themselves */
	bool journal; /* note the phase on disk before it begins */
};
extern const struct step sealed_steps[];
extern const size_t sealed_step_count;

/* Writes the phase into the journal. */
MUST_USE int job_note_phase(struct job *j, const char *phase);

/* Tells the server that the device is done. */
MUST_USE int job_step_closed(struct job *j);

/* -- job_server.c -------------------------------------------------------- */
/* The cause of a failed call into why[]; returns err. */
MUST_USE int job_net_failed(struct job *j, int err);
/* Opens what the server sealed to this station for this attempt; out gets
 * sealed->len - 16 bytes. */
MUST_USE int job_open_key(struct job *j, const char *label,
			  const struct blob *enc, const struct blob *sealed,
			  uint8_t *out);
MUST_USE int job_step_release(struct job *j);
MUST_USE int job_step_grant(struct job *j);
MUST_USE int job_step_match(struct job *j);
MUST_USE int job_step_deliver(struct job *j);

/* -- sealed.c ------------------------------------------------------------ */
/* Talks to the loader until the state is reached. */
MUST_USE int sealed_run_until(struct job *j, enum sealed_state goal);
/* What goes out next; body is borrowed. */
void sealed_send_next(struct sealed *s, uint8_t type, uint16_t index,
		      const void *body, size_t len);
/* The cause of a failed relay_*() into why[]; returns err. */
int sealed_link_failed(struct job *j, int err);
/* A frame's body, kept; and whether it is the same as one kept. */
MUST_USE int sealed_frame_copy(struct blob *out, const struct relay_frame *f);
bool sealed_frame_is(const struct blob *b, const struct relay_frame *f);

/* -- job_target.c -------------------------------------------------------- */
/* The cause of a failed target_*() into why[]; returns err. */
MUST_USE int job_target_failed(struct job *j, int err);
/* A chip that is locked is erased first. */
MUST_USE int job_unlock(struct job *j);
MUST_USE int job_step_identify(struct job *j);
MUST_USE int job_step_program(struct job *j);
MUST_USE int job_step_power(struct job *j);
MUST_USE int job_step_start(struct job *j);
MUST_USE int job_step_prove(struct job *j);

#endif
