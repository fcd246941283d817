/* SPDX-License-Identifier: MIT */
/*
 * What a flasher does first: it tells the server what it could not tell, and
 * how the attempts ended that a kill or a power cut broke off.
 */
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "flasher/job.h"
#include "flasher/journal.h"
#include "flasher/ui.h"
#include "http/client.h"

/* Attempts whose last report was still in the outbox: a journal that is left
 * of them is only late. */
struct recovery {
	const struct station *st;
	struct http_client *client;
	struct ui *ui;
	struct {
		uint64_t grant;
		uint32_t attempt;
	} ended[CHANNELS_MAX];
	size_t ended_count;
};

static void note_end(struct recovery *rec, const struct report_request *r)
{
	if (strcmp(r->outcome, "installed") == 0 ||
	    rec->ended_count == CHANNELS_MAX)
		return;
	rec->ended[rec->ended_count].grant = r->grant;
	rec->ended[rec->ended_count++].attempt = r->attempt;
}

static bool has_ended(const struct recovery *rec, const struct journal *j)
{
	for (size_t i = 0; i < rec->ended_count; i++)
		if (rec->ended[i].grant == j->grant &&
		    rec->ended[i].attempt == j->attempt)
			return true;
	return false;
}

static void told(void *arg, const struct outbox_note *note)
{
	struct recovery *rec = arg;
	struct ui *ui = rec->ui;

	if (note->err == 0 || note->err == E_REFUSED)
		note_end(rec, &note->report);
	if (note->err == 0)
		ui_say(ui, -1, "sent the report \"%s\" of grant %llu: now %s",
		       note->report.outcome,
		       (unsigned long long)note->report.grant,
		       note->answer.state);
	else if (note->err == E_REFUSED)
		ui_say(ui, -1,
		       "the server refused the report \"%s\" of grant %llu "
		       "(%s): %s",
		       note->report.outcome,
		       (unsigned long long)note->report.grant,
		       note->refusal.code, note->refusal.cause);
}

/* The request is sent again as it was: same nonce, same answer. */
static int find_grant(struct http_client *client, struct journal *j,
		      struct refusal *refusal)
{
	struct grant_answer ans;
	int r;

	memset(&ans, 0, sizeof(ans));
	r = http_call(client, OP_GRANT, &j->request, &ans, refusal);
	if (r != 0)
		return r;
	j->grant = ans.grant;
	j->attempt = ans.attempt;
	return 0;
}

static int close_attempt(const struct station *st, const struct journal *j,
			 struct ui *ui)
{
	struct report_request req;
	char why[STATION_WHY_CAP] = "";
	char uid[2 * UID_MAX + 1];
	int r;

	memset(&req, 0, sizeof(req));
	req.grant = j->grant;
	req.attempt = j->attempt;
	snprintf(req.outcome, NAME_CAP, "failed");
	snprintf(req.phase, NAME_CAP, "%s", j->phase);
	snprintf(req.detail, TEXT_CAP, "flasher restarted");
	r = outbox_put(st, &req, why);
	if (r != 0) {
		ui_say(ui, -1, "%s", why);
		return r;
	}
	journal_remove(st, j->channel);
	hex_encode(j->request.uid.data, j->request.uid.len, uid);
	ui_say(ui, (int)j->channel,
	       "the flasher was stopped while it built %s (order %s, grant "
	       "%llu) in phase \"%s\": build that board again",
	       uid, j->request.order, (unsigned long long)j->grant, j->phase);
	return 0;
}

static int recover_channel(struct recovery *rec, uint32_t channel)
{
	char why[STATION_WHY_CAP] = "";
	struct refusal refusal;
	struct journal j;
	int r;

	memset(&j, 0, sizeof(j));
	memset(&refusal, 0, sizeof(refusal));
	r = journal_read(rec->st, channel, &j, why);
	if (r == E_NOT_FOUND)
		return 0;
	if (r != 0) {
		/* It was written whole, so somebody else spoilt it. */
		ui_say(rec->ui, (int)channel,
		       "%s: what was open on this channel is unknown; `signet "
		       "device list` tells the owner",
		       why);
		journal_remove(rec->st, channel);
		return 0;
	}
	if (j.grant == 0)
		r = find_grant(rec->client, &j, &refusal);
	if (r == E_REFUSED) {
		journal_remove(rec->st, channel);
		ui_say(rec->ui, (int)channel,
		       "the flasher was stopped while it asked for a grant; "
		       "the server says: %s",
		       refusal.cause);
		return 0;
	}
	if (r == 0 && has_ended(rec, &j)) {
		journal_remove(rec->st, channel);
		return 0;
	}
	return r == 0 ? close_attempt(rec->st, &j, rec->ui) : r;
}

int job_recover(const struct station *st, struct http_client *client,
		struct ui *ui)
{
	struct recovery rec = { .st = st, .client = client, .ui = ui };
	int r = outbox_send(st, client, 0, told, &rec);

	for (uint32_t ch = 0; ch < CHANNELS_MAX && r == 0; ch++)
		r = recover_channel(&rec, ch);
	if (r == 0)
		r = outbox_send(st, client, 0, told, &rec);
	return r;
}
