/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "flasher/journal.h"
#include "http/client.h"
#include "keys/keyfile.h"

#define REPORT_MAX 2048

/* Names sort by time; the grant stands in them so that one grant's reports
 * are found without reading the others'. */
static void outbox_name(const struct report_request *r, char out[128])
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(out, 128, "outbox/%012lld%09ld-%llu-%u-%s.json",
		 (long long)now.tv_sec, now.tv_nsec,
		 (unsigned long long)r->grant, r->attempt, r->outcome);
}

int outbox_put(const struct station *st, const struct report_request *r,
	       char why[STATION_WHY_CAP])
{
	char path[PATH_MAX], name[128], text_why[KEYFILE_WHY_CAP];
	char *text = NULL;
	size_t len;
	int err = shape_to_json(&report_request_shape, r, false, &text, &len);

	if (err == 0)
		err = station_mkdir(st, "outbox", why);
	if (err == 0) {
		outbox_name(r, name);
		station_path(st, name, path);
		err = keyfile_write(path, text, len, 0600, false, text_why);
		if (err != 0)
			snprintf(why, STATION_WHY_CAP, "%s", text_why);
	}
	free(text);
	return err;
}

static int only_reports(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	/* A new file that a crash left behind has another name. */
	return d->d_name[0] >= '0' && d->d_name[0] <= '9' && len > 5 &&
	       strcmp(d->d_name + len - 5, ".json") == 0;
}

static bool of_grant(const char *name, uint64_t grant)
{
	const char *dash = strchr(name, '-');

	return grant == 0 || (dash && strtoull(dash + 1, NULL, 10) == grant);
}

static int read_report(const char *path, struct report_request *out)
{
	char why[KEYFILE_WHY_CAP];
	uint8_t *text = NULL;
	size_t len;
	int r = keyfile_read(path, REPORT_MAX, false, &text, &len, why);

	if (r == 0)
		r = shape_from_json(&report_request_shape, (char *)text, len,
				    out, why);
	free(text);
	return r;
}

/* Refusals that pass: the report stays in the box. */
static bool passes(const struct refusal *r)
{
	return r->http == 429 || r->http >= 500;
}

static int send_one(const char *path, struct http_client *c, outbox_told *told,
		    void *arg)
{
	struct outbox_note note;
	int r;

	memset(&note, 0, sizeof(note));
	r = read_report(path, &note.report);
	if (r != 0) {
		/* Damaged by something else than us; do not block the rest,
		 * and do not destroy the trace. */
		char bad[PATH_MAX + 8];

		snprintf(bad, sizeof(bad), "%s.bad", path);
		(void)rename(path, bad);
		return 0;
	}
	r = http_call(c, OP_REPORT, &note.report, &note.answer, &note.refusal);
	note.err = r;
	if (r == 0 || (r == E_REFUSED && !passes(&note.refusal)))
		unlink(path);
	else if (r == E_REFUSED)
		r = E_NET;
	if (told)
		told(arg, &note);
	return r == E_REFUSED ? 0 : r;
}

int outbox_send(const struct station *st, struct http_client *c, uint64_t grant,
		outbox_told *told, void *arg)
{
	char path[PATH_MAX], dir[PATH_MAX];
	struct dirent **all = NULL;
	int n, r = 0;

	station_path(st, "outbox", dir);
	n = scandir(dir, &all, only_reports, alphasort);
	for (int i = 0; i < n; i++) {
		if (r == 0 && of_grant(all[i]->d_name, grant) &&
		    (size_t)snprintf(path, sizeof(path), "%s/outbox/%s",
				     st->dir, all[i]->d_name) < sizeof(path))
			r = send_one(path, c, told, arg);
		free(all[i]);
	}
	free(all);
	return r;
}

size_t outbox_count(const struct station *st)
{
	struct dirent **all = NULL;
	char dir[PATH_MAX];
	int n;

	station_path(st, "outbox", dir);
	n = scandir(dir, &all, only_reports, alphasort);
	for (int i = 0; i < n; i++)
		free(all[i]);
	free(all);
	return n > 0 ? (size_t)n : 0;
}
