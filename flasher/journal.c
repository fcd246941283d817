/* SPDX-License-Identifier: MIT */
#include "flasher/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "keys/keyfile.h"

#define JOURNAL_MAX 4096

static void journal_path(const struct station *st, uint32_t channel,
			 char out[PATH_MAX])
{
	char name[48];

	snprintf(name, sizeof(name), "journal/%u.json", channel);
	station_path(st, name, out);
}

/* The request goes through its shape, so that the bytes sent again are the
 * bytes sent first. */
static json_t *request_json(const struct grant_request *req)
{
	char *text = NULL;
	size_t len;
	json_t *j;

	if (shape_to_json(&grant_request_shape, req, false, &text, &len) != 0)
		return NULL;
	j = json_loadb(text, len, 0, NULL);
	free(text);
	return j;
}

int journal_write(const struct station *st, const struct journal *j,
		  char why[STATION_WHY_CAP])
{
	char path[PATH_MAX], text_why[KEYFILE_WHY_CAP];
	json_t *o = json_pack("{s:I,s:I,s:I,s:s,s:o}", "channel",
			      (json_int_t)j->channel, "grant",
			      (json_int_t)j->grant, "attempt",
			      (json_int_t)j->attempt, "phase", j->phase,
			      "request", request_json(&j->request));
	char *text = o ? json_dumps(o, JSON_INDENT(1)) : NULL;
	int r = text ? station_mkdir(st, "journal", why) : E_NOMEM;

	if (r == 0) {
		journal_path(st, j->channel, path);
		r = keyfile_write(path, text, strlen(text), 0600, true,
				  text_why);
		if (r != 0)
			snprintf(why, STATION_WHY_CAP, "%s", text_why);
	}
	free(text);
	json_decref(o);
	return r;
}

static int journal_parse(const json_t *o, struct journal *out)
{
	const char *phase = json_string_value(json_object_get(o, "phase"));
	char why[SHAPE_WHY_CAP];
	char *text;
	int r;

	if (phase == NULL || strlen(phase) >= NAME_CAP)
		return E_SYNTAX;
	snprintf(out->phase, NAME_CAP, "%s", phase);
	out->grant = (uint64_t)json_integer_value(json_object_get(o, "grant"));
	out->attempt = (uint32_t)json_integer_value(
		json_object_get(o, "attempt"));
	text = json_dumps(json_object_get(o, "request"), JSON_COMPACT);
	if (text == NULL)
		return E_SYNTAX;
	r = shape_from_json(&grant_request_shape, text, strlen(text),
			    &out->request, why);
	free(text);
	return r;
}

int journal_read(const struct station *st, uint32_t channel,
		 struct journal *out, char why[STATION_WHY_CAP])
{
	char path[PATH_MAX], text_why[KEYFILE_WHY_CAP];
	struct journal j = { .channel = channel };
	uint8_t *text = NULL;
	size_t len;
	json_t *o;
	int r;

	journal_path(st, channel, path);
	r = keyfile_read(path, JOURNAL_MAX, false, &text, &len, text_why);
	if (r != 0) {
		snprintf(why, STATION_WHY_CAP, "%s", text_why);
		return r;
	}
	o = json_loadb((char *)text, len, JSON_REJECT_DUPLICATES, NULL);
	r = o ? journal_parse(o, &j) : E_SYNTAX;
	if (r == 0)
		*out = j;
	else
		snprintf(why, STATION_WHY_CAP, "%.400s is damaged", path);
	json_decref(o);
	free(text);
	return r;
}

void journal_remove(const struct station *st, uint32_t channel)
{
	char path[PATH_MAX];

	journal_path(st, channel, path);
	unlink(path);
}
