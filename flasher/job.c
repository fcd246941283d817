/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/ct.h"
#include "cli/args.h"
#include "flasher/job_int.h"
#include "http/client.h"

static double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* -- journal and reports -------------------------------------------------- */

int job_note_phase(struct job *j, const char *phase)
{
	snprintf(j->journal.phase, NAME_CAP, "%s", phase);
	j->journaled = true;
	return journal_write(j->env->st, &j->journal, j->why);
}

static void told(void *arg, const struct outbox_note *note)
{
	struct job *j = arg;

	if (note->err == E_REFUSED)
		ui_say(j->env->ui, (int)j->channel,
		       "report \"%s\" refused (%s): %s", note->report.outcome,
		       note->refusal.code, note->refusal.cause);
	j->res->unsent = note->err != 0 && note->err != E_REFUSED;
}

static void fill_report(const struct job *j, const char *outcome,
			struct report_request *out)
{
	const struct job_result *r = j->res;

	memset(out, 0, sizeof(*out));
	out->grant = r->grant;
	out->attempt = r->attempt;
	snprintf(out->outcome, NAME_CAP, "%s", outcome);
	snprintf(out->phase, NAME_CAP, "%s",
		 strcmp(outcome, "failed") == 0	  ? r->phase
		 : strcmp(outcome, "closed") == 0 ? "prove"
						  : "lock");
	job_clean_text(r->outcome == JOB_BUILT ? r->line : r->cause,
		       out->detail, sizeof(out->detail));
}

/*
 * Into the outbox, then to the server.  A server that is away does not stop
 * the device: the report waits.  A disk that is full does not either, as long
 * as the server hears it.
 */
static void report(struct job *j, const char *outcome)
{
	struct report_request req;
	struct report_answer ans;
	char why[STATION_WHY_CAP] = "";
	int r;

	fill_report(j, outcome, &req);
	if (outbox_put(j->env->st, &req, why) == 0) {
		if (j->last_report)
			journal_remove(j->env->st, j->channel);
		r = outbox_send(j->env->st, j->client, req.grant, told, j);
		j->res->unsent = r != 0;
	} else {
		ui_say(j->env->ui, (int)j->channel,
		       "cannot keep a report: %s; sending it at once", why);
		r = http_call(j->client, OP_REPORT, &req, &ans, &j->refusal);
		if (j->last_report && (r == 0 || r == E_REFUSED))
			journal_remove(j->env->st, j->channel);
	}
	if (r != 0 && r != E_REFUSED)
		ui_say(j->env->ui, (int)j->channel,
		       "report \"%s\" for grant %llu waits for the server (%s)",
		       outcome, (unsigned long long)req.grant, error_text(r));
}

/* -- the steps ------------------------------------------------------------ */

static int step_installed(struct job *j)
{
	report(j, "installed");
	return 0;
}

int job_step_closed(struct job *j)
{
	j->last_report = true;
	j->res->outcome = JOB_BUILT;
	report(j, "closed");
	return 0;
}

static const struct step signed_steps[] = {
	{ "connect", job_step_identify, false, false },
	{ "grant", job_step_grant, true, false },
	{ "fetch", job_step_match, false, false },
	{ "deliver", job_step_deliver, true, true },
	{ "program", job_step_program, false, true },
	{ "report", step_installed, true, true },
	{ "power", job_step_power, false, false },
	{ "start", job_step_start, false, false },
	{ "prove", job_step_prove, false, true },
	{ "power", job_step_power, false, false },
	{ "start", job_step_start, false, false },
	{ "report", job_step_closed, true, false },
};

/* The release's layout tells the mode; the grant must say the same. */
static const struct step first_step = { "fetch", job_step_release, true,
					false };

static int run_step(struct job *j, const struct step *s)
{
	snprintf(j->res->phase, NAME_CAP, "%s", s->phase);
	if (s->shown)
		ui_phase(j->env->ui, j->channel, s->phase);
	if (j->env->stopped(j->env->stopped_arg) && j->res->grant == 0)
		return E_INTERRUPTED;
	if (s->journal && job_note_phase(j, s->phase) != 0) {
		/* The attempt goes on: the grant is in the journal. */
		ui_say(j->env->ui, (int)j->channel, "%s", j->why);
		j->why[0] = '\0';
	}
	return s->run(j);
}

static int run_steps(struct job *j)
{
	const struct step *steps = signed_steps;
	size_t count = ARRAY_LEN(signed_steps);
	int r = run_step(j, &first_step);

	if (r == 0 && j->release->header.sealed) {
		steps = sealed_steps;
		count = sealed_step_count;
	}
	for (size_t i = 0; i < count && r == 0; i++)
		r = run_step(j, &steps[i]);
	return r;
}

/* Phases of the target are finer than ours. */
static void failed_phase(struct job *j)
{
	const char *phase = j->res->phase;

	if (j->target &&
	    (strcmp(phase, "program") == 0 || strcmp(phase, "prepare") == 0))
		snprintf(j->res->phase, NAME_CAP, "%s",
			 target_phase_name(target_phase(j->target)));
}

static void end(struct job *j, int err)
{
	struct job_result *r = j->res;

	if (err == 0)
		return;
	r->err = err;
	failed_phase(j);
	if (err == E_REFUSED)
		job_result_refused(r, &j->refusal);
	else
		job_result_failed(r, err, j->why);
	if (err != E_REFUSED && j->next)
		snprintf(r->next, sizeof(r->next), "%s", j->next);
	if (r->grant != 0) {
		j->last_report = true;
		report(j, "failed");
	} else if (j->journaled && (err == E_REFUSED || err == E_DISK_FULL)) {
		journal_remove(j->env->st, j->channel);
	}
}

void job_run(const struct job_env *env, unsigned channel,
	     const struct channel_conf *conf, struct http_client *client,
	     struct job_result *out)
{
	struct job j = { .env = env,
			 .conf = conf,
			 .client = client,
			 .res = out,
			 .channel = channel };
	double begin = seconds_now();

	memset(out, 0, sizeof(*out));
	out->channel = channel;
	snprintf(out->order, NAME_CAP, "%s", env->order);
	ui_begin(env->ui, channel);
	end(&j, run_steps(&j));
	ct_wipe(j.key, sizeof(j.key));
	sealed_end(&j.sealed);
	shape_clear(&deliver_answer_shape, &j.delivered);
	free(j.chunk);
	target_free(j.target);
	probe_close(j.probe);
	out->seconds = seconds_now() - begin;
}
