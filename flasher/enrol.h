/* SPDX-License-Identifier: MIT */
/*
 * flasher/enrol.h - a one-time code becomes a certificate.
 *
 * The station makes its keys here; the private halves never leave it.  What is
 * made before the server has answered is kept, so that a lost answer is cured
 * by the same command: the same request gets the same certificate.
 */
#ifndef FLASHER_ENROL_H
#define FLASHER_ENROL_H

#include "flasher/station.h"

struct enrol_options {
	const char *code; /* form: api/messages.h */
	uint32_t channels;
	char station[NAME_CAP]; /* "" = the host's name */
	bool replace;		/* an enrolment that is there already */
};

struct enrol_code {
	uint8_t pin[16];
	char secret[ENROL_SECRET_HEX + 1];
	char host[256]; /* as written, brackets included */
	char url[280];	/* https://host:port */
};

/* E_SYNTAX with why[] when text is no code. */
MUST_USE int enrol_parse(const char *text, struct enrol_code *out,
			 char why[STATION_WHY_CAP]);

/* st->dir is set; on success st->name and st->server are too.  E_REFUSED
 * fills refusal. */
MUST_USE int enrol_run(struct station *st, const struct enrol_options *o,
		       struct refusal *refusal, char why[STATION_WHY_CAP]);

#endif
