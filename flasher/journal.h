/* SPDX-License-Identifier: MIT */
/*
 * flasher/journal.h - what a killed flasher remembers.
 *
 * journal/CHANNEL.json says what was under way on a channel: the grant request
 * as it was sent (so that the same request can be sent again), the grant, and
 * the phase.  Files in outbox/ are reports that the server has not
 * acknowledged. Both are written whole, synced and renamed.
 *
 * Order of writing: journal before the grant request; every report into the
 * outbox before it is sent; the journal goes away only after the last report
 * of the attempt is in the outbox.  So at any moment of a crash either the
 * journal or the outbox tells how the attempt ended.
 */
#ifndef FLASHER_JOURNAL_H
#define FLASHER_JOURNAL_H

#include "flasher/station.h"

struct journal {
	uint32_t channel;
	struct grant_request request;
	uint64_t grant; /* 0 = the answer to the request is not known */
	uint32_t attempt;
	char phase[NAME_CAP];
};

MUST_USE int journal_write(const struct station *st, const struct journal *j,
			   char why[STATION_WHY_CAP]);
/* E_NOT_FOUND when the channel has none; E_SYNTAX when it is damaged. */
MUST_USE int journal_read(const struct station *st, uint32_t channel,
			  struct journal *out, char why[STATION_WHY_CAP]);
void journal_remove(const struct station *st, uint32_t channel);

struct outbox_note { /* how one report fared */
	struct report_request report;
	struct report_answer answer; /* err == 0 */
	struct refusal refusal;	     /* err == E_REFUSED */
	int err;
};
typedef void outbox_told(void *arg, const struct outbox_note *note);

/* Stores a report.  Later ones of the same grant sort after it. */
MUST_USE int outbox_put(const struct station *st,
			const struct report_request *r,
			char why[STATION_WHY_CAP]);
/*
 * Sends what is there, oldest first: of one grant, or of all (grant 0).  A
 * report leaves the box when the server has it, or refuses it for good.
 * Returns the first error other than a refusal.
 */
MUST_USE int outbox_send(const struct station *st, struct http_client *c,
			 uint64_t grant, outbox_told *told, void *arg);
/* How many reports wait. */
size_t outbox_count(const struct station *st);

#endif
