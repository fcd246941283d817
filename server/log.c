/* SPDX-License-Identifier: MIT */
#include "server/log.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_CAP 640

static const char *const level_names[] = { "error", "warning", "info",
					   "debug" };

/* One per process, set once before its threads start. */
static struct {
	const char *role;
	enum log_level level;
	bool json;
} setup = { "signetd", LOG_LEVEL_INFO, false };

void log_setup(const char *role, enum log_level level, bool json)
{
	setup.role = role;
	setup.level = level;
	setup.json = json;
}

static void write_text(enum log_level level, const char *when, const char *text)
{
	char line[LINE_CAP + 128];
	int n = snprintf(line, sizeof(line), "%s %s[%d] %s: %s\n", when,
			 setup.role, (int)getpid(), level_names[level], text);

	if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0)
		return; /* nobody left to tell */
}

static void write_json(enum log_level level, const char *when, const char *text)
{
	json_t *o = json_pack("{ssssssss}", "time", when, "role", setup.role,
			      "level", level_names[level], "text", text);
	char *s = o ? json_dumps(o, JSON_COMPACT) : NULL;
	char line[2 * LINE_CAP];
	int n = snprintf(line, sizeof(line), "%s\n", s ? s : "{}");

	json_decref(o);
	free(s);
	if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0)
		return;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char text[LINE_CAP], when[32];
	struct tm tm;
	time_t now = time(NULL);
	va_list ap;

	if (level > setup.level)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	gmtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (setup.json)
		write_json(level, when, text);
	else
		write_text(level, when, text);
}
