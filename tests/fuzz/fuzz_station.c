/* SPDX-License-Identifier: MIT */
/*
 * What a station reads from its own disk, and the one-time code.  The first
 * byte says what the rest is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "flasher/enrol.h"
#include "flasher/journal.h"
#include "http/client.h"

#define REPORT "outbox/1-7-1-closed.json"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct station st = { .lock = -1 };
static const char *const files[] = { "enrolled.json", "journal/0.json", REPORT,
				     REPORT ".bad" };
static const char *const folders[] = { "journal", "outbox" };

static void clean(void)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		station_path(&st, files[i], path);
		unlink(path);
	}
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		station_path(&st, folders[i], path);
		rmdir(path);
	}
	rmdir(st.dir);
}

static void folder_make(void)
{
	const char *tmp = getenv("TMPDIR");
	char why[STATION_WHY_CAP];

	if (st.dir[0])
		return;
	snprintf(st.dir, sizeof(st.dir), "%s/station.XXXXXX",
		 tmp ? tmp : "/tmp");
	if (!mkdtemp(st.dir) || atexit(clean) ||
	    station_mkdir(&st, folders[0], why) ||
	    station_mkdir(&st, folders[1], why))
		abort();
}

static void put(const char *name, const char *text, size_t len)
{
	char path[PATH_MAX];
	FILE *f;

	folder_make();
	station_path(&st, name, path);
	f = fopen(path, "w");
	if (!f || fwrite(text, 1, len, f) != len || fclose(f))
		abort();
}

static void fuzz_conf(char *text, size_t len)
{
	struct flasher_conf c;
	char why[CONF_WHY_CAP] = "";

	(void)len;
	if (conf_parse("flasher.conf", text, &c, why)) {
		if (strncmp(why, "flasher.conf:", 13) != 0)
			abort();
		return;
	}
	if (c.channel_count > CHANNELS_MAX)
		abort();
	for (size_t i = 0; i < c.channel_count; i++)
		if (!c.channel[i].probe[0])
			abort();
}

static void fuzz_code(char *text, size_t len)
{
	struct enrol_code c;
	char why[STATION_WHY_CAP] = "";

	(void)len;
	if (enrol_parse(text, &c, why)) {
		if (!why[0])
			abort();
		return;
	}
	/* the address is the code's, whole */
	if (strlen(c.secret) != ENROL_SECRET_HEX || !c.host[0] ||
	    strncmp(c.url, "https://", 8) != 0 ||
	    strcmp(c.url + 8, strchr(text, '@') + 1) != 0)
		abort();
}

/* No keys are there, so it can never be loaded. */
static void fuzz_enrolled(char *text, size_t len)
{
	struct station s = { .lock = -1 };
	char why[STATION_WHY_CAP] = "";

	put("enrolled.json", text, len);
	memcpy(s.dir, st.dir, sizeof(s.dir));
	if (!station_load(&s, why) || !why[0])
		abort();
	station_free(&s);
}

static void fuzz_journal(char *text, size_t len)
{
	char why[STATION_WHY_CAP] = "";
	struct journal j, again;

	put("journal/0.json", text, len);
	if (journal_read(&st, 0, &j, why)) {
		if (!why[0])
			abort();
		return;
	}
	if (journal_write(&st, &j, why) || journal_read(&st, 0, &again, why) ||
	    j.grant != again.grant || j.attempt != again.attempt ||
	    strcmp(j.phase, again.phase) != 0 ||
	    strcmp(j.request.order, again.request.order) != 0 ||
	    memcmp(&j.request.nonce, &again.request.nonce,
		   sizeof(j.request.nonce)) != 0)
		abort();
}

/* Nobody listens: a report stays, or is set aside; it is never lost. */
static void fuzz_outbox(char *text, size_t len)
{
	static const uint8_t pin[HTTP_PIN_LEN];
	static struct http_client *c;
	struct http_client_config cfg = { .base_url = "https://127.0.0.1:1",
					  .ca_pin = pin };
	char path[PATH_MAX];

	if (!c && http_client_new(&cfg, &c))
		abort();
	put(REPORT, text, len);
	(void)!outbox_send(&st, c, 0, NULL, NULL);
	station_path(&st, REPORT, path);
	if (unlink(path) == 0)
		return;
	station_path(&st, REPORT ".bad", path);
	if (unlink(path) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static void (*const all[])(char *, size_t) = {
		fuzz_conf, fuzz_code, fuzz_enrolled, fuzz_journal, fuzz_outbox,
	};
	char *text;

	if (!len)
		return 0;
	text = malloc(len);
	if (!text)
		abort();
	memcpy(text, data + 1, len - 1);
	text[len - 1] = '\0';
	all[data[0] % (sizeof(all) / sizeof(all[0]))](text, len - 1);
	free(text);
	return 0;
}
