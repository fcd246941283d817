/* SPDX-License-Identifier: MIT */
#include "server/conf.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/log.h"

#define LINE_CAP 1024
#define FILE_MAX 65536

enum conf_type {
	CONF_TEXT,   /* char[ROLE_TEXT_CAP] */
	CONF_NAMES,  /* the same: hosts and addresses, comma-separated */
	CONF_LISTEN, /* address and port */
	CONF_NUMBER,
	CONF_CHOICE, /* index into choices */
	CONF_FLAG,   /* yes, no */
};

struct entry {
	const char *section, *key;
	enum conf_type type;
	size_t offset, port_offset;
	const char *preset;
	uint32_t min, max;
	const char *const *choices;
	const char *comment; /* in the file that init writes */
};

static const char *const levels[] = { "error", "warning", "info", "debug",
				      NULL };
static const char *const formats[] = { "text", "json", NULL };

#define AT(m) offsetof(struct role_config, m)

static const struct entry entries[] = {
	{ "server", "names", CONF_NAMES, AT(names), 0, "localhost, 127.0.0.1",
	  0, 0, NULL,
	  "Names and addresses by which stations and people reach this\n"
	  "# server, comma-separated.  They go into its certificate." },
	{ "server", "sandbox", CONF_FLAG, AT(sandbox), 0, "yes", 0, 0, NULL,
	  "Shut each process in with seccomp and Landlock." },
	{ "server", "tls_key_seconds", CONF_NUMBER, AT(tls_key_s), 0, "5184000",
	  1, 6912000, NULL,
	  "Time after which the TLS key, which lives in memory only, and its\n"
	  "# certificate are replaced by new ones; at most 80 days." },
	{ "flasher", "listen", CONF_LISTEN, AT(flasher_address),
	  AT(flasher_port), "127.0.0.1:7443", 0, 0, NULL,
	  "Where flashers connect (mutual TLS).  0.0.0.0:7443 listens on\n"
	  "# every network." },
	{ "enrol", "listen", CONF_LISTEN, AT(enrol_address), AT(enrol_port),
	  "127.0.0.1:7444", 0, 0, NULL,
	  "Where new flashers bring their one-time codes." },
	{ "enrol", "host", CONF_TEXT, AT(enrol_host), 0, "", 0, 0, NULL,
	  "The host that one-time codes name, if it is not the first of\n"
	  "# \"names\"; \"host:port\" if stations see another port." },
	{ "admin", "listen", CONF_LISTEN, AT(admin_address), AT(admin_port),
	  "127.0.0.1:7445", 0, 0, NULL,
	  "Where the signet command and other administration connect." },
	{ "limits", "connections", CONF_NUMBER, AT(connections), 0, "1200", 1,
	  100000, NULL, "Connections at once, for each port." },
	{ "limits", "connections_per_address", CONF_NUMBER, AT(per_ip), 0, "0",
	  0, 100000, NULL, "The same for each client address; 0 = no limit." },
	{ "limits", "request_seconds", CONF_NUMBER, AT(request_s), 0, "20", 1,
	  3600, NULL,
	  "Time for one handshake or request, whatever its speed." },
	{ "limits", "idle_seconds", CONF_NUMBER, AT(idle_s), 0, "300", 1, 86400,
	  NULL, "Time that a connection may stay open without one." },
	{ "ledger", "unknown_after_seconds", CONF_NUMBER, AT(unknown_after_s),
	  0, "3600", 10, 31536000, NULL,
	  "A device whose flasher is silent this long after it got its\n"
	  "# credential is shown as \"unknown\"." },
	{ "log", "level", CONF_CHOICE, AT(log_level), 0, "info", 0, 0, levels,
	  "error, warning, info or debug." },
	{ "log", "format", CONF_CHOICE, AT(log_json), 0, "text", 0, 0, formats,
	  "text or json, to standard error." },
};
#define ENTRIES (sizeof(entries) / sizeof(entries[0]))

bool conf_entry(size_t i, const char **section, const char **key)
{
	if (i >= ENTRIES)
		return false;
	*section = entries[i].section;
	*key = entries[i].key;
	return true;
}

/* ---- values ------------------------------------------------------------ */

static bool number_read(const char *s, uint32_t min, uint32_t max,
			uint32_t *out)
{
	char *end;
	unsigned long long v;

	if (!isdigit((unsigned char)*s) || strlen(s) > 10)
		return false;
	v = strtoull(s, &end, 10);
	if (*end || v < min || v > max)
		return false;
	*out = (uint32_t)v;
	return true;
}

int conf_listen_parse(const char *text, char address[64], uint32_t *port)
{
	const char *colon = strrchr(text, ':');
	char host[64];
	uint8_t raw[16];
	size_t len;

	if (!colon)
		return E_SYNTAX;
	len = (size_t)(colon - text);
	if (len >= 2 && text[0] == '[' && colon[-1] == ']') {
		text++;
		len -= 2;
	}
	if (!len || len >= sizeof(host))
		return E_SYNTAX;
	memcpy(host, text, len);
	host[len] = '\0';
	if (inet_pton(AF_INET, host, raw) != 1 &&
	    inet_pton(AF_INET6, host, raw) != 1)
		return E_SYNTAX;
	if (!number_read(colon + 1, 0, 65535, port))
		return E_RANGE;
	memcpy(address, host, len + 1);
	return 0;
}

static int choice_find(const char *const *choices, const char *value)
{
	for (int i = 0; choices[i]; i++)
		if (!strcmp(choices[i], value))
			return i;
	return -1;
}

bool conf_names_valid(const char *s)
{
	static const char host[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:";

	for (;;) {
		size_t len;

		s += strspn(s, " \t");
		len = strspn(s, host);
		if (len == 0)
			return false;
		s += len;
		s += strspn(s, " \t");
		if (*s == '\0')
			return true;
		if (*s++ != ',')
			return false;
	}
}

/* "error, warning, info or debug" */
static void choices_text(const char *const *choices, char out[160])
{
	size_t n = 0;

	for (int i = 0; choices[i]; i++)
		n += (size_t)snprintf(out + n, 160 - n, "%s%s",
				      i == 0	       ? ""
				      : choices[i + 1] ? ", "
						       : " or ",
				      choices[i]);
}

/* 0, or what the value should be in *need. */
static int value_set(const struct entry *e, struct role_config *cfg,
		     const char *value, char need[160])
{
	uint8_t *at = (uint8_t *)cfg + e->offset;
	static const char *const flags[] = { "no", "yes", NULL };
	uint32_t n = 0;
	int i;

	switch (e->type) {
	case CONF_NAMES:
		snprintf(need, 160,
			 "host names and IP addresses, comma-separated");
		if (!conf_names_valid(value))
			return E_CONFIG;
		/* fall through */
	case CONF_TEXT:
		if (strlen(value) < ROLE_TEXT_CAP) {
			memcpy(at, value, strlen(value) + 1);
			return 0;
		}
		snprintf(need, 160, "a shorter text");
		return E_CONFIG;
	case CONF_LISTEN:
		if (!conf_listen_parse(
			    value, (char *)at,
			    (uint32_t *)((uint8_t *)cfg + e->port_offset)))
			return 0;
		snprintf(need, 160, "IP address and port, like %s", e->preset);
		return E_CONFIG;
	case CONF_NUMBER:
		if (number_read(value, e->min, e->max, &n)) {
			memcpy(at, &n, sizeof(n));
			return 0;
		}
		snprintf(need, 160, "a whole number from %u to %u", e->min,
			 e->max);
		return E_CONFIG;
	case CONF_CHOICE:
		i = choice_find(e->choices, value);
		if (i >= 0 && e->choices == formats)
			*(bool *)at = i == 1;
		else if (i >= 0)
			*(uint32_t *)(void *)at = (uint32_t)i;
		choices_text(e->choices, need);
		return i < 0 ? E_CONFIG : 0;
	case CONF_FLAG:
		i = choice_find(flags, value);
		if (i >= 0)
			*(bool *)at = i == 1;
		snprintf(need, 160, "yes or no");
		return i < 0 ? E_CONFIG : 0;
	}
	return E_INTERNAL;
}

void conf_defaults(struct role_config *cfg)
{
	char need[160];

	for (size_t i = 0; i < ENTRIES; i++)
		if (value_set(&entries[i], cfg, entries[i].preset, need))
			abort(); /* the table above is wrong */
}

/* ---- names, and what was probably meant -------------------------------- */

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* Edit distance; long words are simply far away. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[33], i, j, diagonal, above;
	size_t la = strlen(a), lb = strlen(b);

	if (la > 32 || lb > 32)
		return 99;
	for (j = 0; j <= lb; j++)
		row[j] = j;
	for (i = 1; i <= la; i++) {
		diagonal = row[0];
		row[0] = i;
		for (j = 1; j <= lb; j++) {
			above = row[j];
			row[j] = least(row[j] + 1, row[j - 1] + 1,
				       diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[lb];
}

/* The nearest key of the section, or (key NULL) the nearest section. */
static const char *nearest(const char *section, const char *key)
{
	const char *best = NULL;
	const char *name = key ? key : section;
	/* of a short word too little is left to recognise it by */
	unsigned best_d = strlen(name) < 6 ? (unsigned)strlen(name) / 2 + 1 : 4;
	unsigned d;

	for (size_t i = 0; i < ENTRIES; i++) {
		if (key && strcmp(entries[i].section, section) != 0)
			continue;
		d = key ? distance(key, entries[i].key)
			: distance(section, entries[i].section);
		if (d >= best_d)
			continue;
		best_d = d;
		best = key ? entries[i].key : entries[i].section;
	}
	return best;
}

static const struct entry *entry_find(const char *section, const char *key)
{
	for (size_t i = 0; i < ENTRIES; i++)
		if (!strcmp(entries[i].section, section) &&
		    (!key || !strcmp(entries[i].key, key)))
			return &entries[i];
	return NULL;
}

/* ---- the file ---------------------------------------------------------- */

struct parser {
	const char *path;
	unsigned line;
	char section[64];
	unsigned seen[ENTRIES]; /* the line, or 0 */
	struct role_config *cfg;
	char *why;
};

static char *trim(char *s)
{
	size_t len;

	while (isspace((unsigned char)*s))
		s++;
	len = strlen(s);
	while (len && isspace((unsigned char)s[len - 1]))
		s[--len] = '\0';
	return s;
}

static int complain(struct parser *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static int complain(struct parser *p, const char *fmt, ...)
{
	char text[CONF_WHY_CAP - 128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(p->why, CONF_WHY_CAP, "%.100s:%u: %s", p->path, p->line, text);
	return E_CONFIG;
}

static int unknown(struct parser *p, const char *what, const char *name,
		   const char *hint)
{
	if (hint)
		return complain(p, "unknown %s \"%.60s\"; did you mean \"%s\"?",
				what, name, hint);
	return complain(p,
			"unknown %s \"%.60s\"; remove it, or see "
			"signetd.conf(5)",
			what, name);
}

static int parse_section(struct parser *p, char *s)
{
	size_t len = strlen(s);

	if (s[len - 1] != ']')
		return complain(p, "a section is written [name]");
	s[len - 1] = '\0';
	s = trim(s + 1);
	if (!entry_find(s, NULL))
		return unknown(p, "section", s, nearest(s, NULL));
	snprintf(p->section, sizeof(p->section), "%s", s);
	return 0;
}

static int parse_value(struct parser *p, char *s)
{
	char *equals = strchr(s, '='), *key, *value, need[160];
	const struct entry *e;

	if (!equals)
		return complain(p, "expected \"key = value\" or [section]");
	*equals = '\0';
	key = trim(s);
	value = trim(equals + 1);
	if (!p->section[0])
		return complain(p, "\"%.60s\" stands before any [section]",
				key);
	e = entry_find(p->section, key);
	if (!e)
		return unknown(p, "key", key, nearest(p->section, key));
	if (p->seen[e - entries])
		return complain(p, "\"%s\" is set twice; keep one", key);
	p->seen[e - entries] = p->line;
	if (value_set(e, p->cfg, value, need))
		return complain(p, "%s = %.80s: must be %s", key, value, need);
	return 0;
}

/* One port cannot be two listeners'. */
static int check_listeners(struct parser *p)
{
	const struct role_config *cfg = p->cfg;
	const struct {
		const char *address, *section;
		uint32_t port;
	} all[] = {
		{ cfg->flasher_address, "flasher", cfg->flasher_port },
		{ cfg->enrol_address, "enrol", cfg->enrol_port },
		{ cfg->admin_address, "admin", cfg->admin_port },
	};

	for (size_t i = 1; i < sizeof(all) / sizeof(all[0]); i++)
		for (size_t k = 0; k < i; k++) {
			const struct entry *e = entry_find(all[i].section,
							   "listen");

			if (all[i].port == 0 || all[i].port != all[k].port ||
			    strcmp(all[i].address, all[k].address) != 0)
				continue;
			if (p->seen[e - entries])
				p->line = p->seen[e - entries];
			return complain(p,
					"listen: [%s] has %s port %u already; "
					"give [%s] another",
					all[k].section, all[k].address,
					all[k].port, all[i].section);
		}
	return 0;
}

int conf_parse(const char *path, const char *text, struct role_config *cfg,
	       char why[CONF_WHY_CAP])
{
	struct parser p = { .path = path, .cfg = cfg, .why = why };
	char line[LINE_CAP], *s;
	int err = 0;

	conf_defaults(cfg);
	while (*text && !err) {
		size_t len = strcspn(text, "\n");

		p.line++;
		if (len >= sizeof(line))
			return complain(&p, "the line is too long");
		memcpy(line, text, len);
		line[len] = '\0';
		text += len + (text[len] == '\n');
		s = trim(line);
		if (!*s || *s == '#')
			continue;
		err = *s == '[' ? parse_section(&p, s) : parse_value(&p, s);
	}
	return err ? err : check_listeners(&p);
}

int conf_load(const char *path, struct role_config *cfg, char why[CONF_WHY_CAP])
{
	char *text = malloc(FILE_MAX + 1);
	FILE *f = fopen(path, "r");
	size_t len;
	int err = E_IO;

	if (!text || !f) {
		snprintf(why, CONF_WHY_CAP, "%.200s: %s%s", path,
			 strerror(errno),
			 errno == ENOENT ? "; `signetd init` makes a server's "
					   "folder"
					 : "");
		goto out;
	}
	len = fread(text, 1, FILE_MAX + 1, f);
	if (ferror(f) || len > FILE_MAX || memchr(text, 0, len)) {
		snprintf(why, CONF_WHY_CAP,
			 "%.200s: not a readable text file of at most %d bytes",
			 path, FILE_MAX);
		goto out;
	}
	text[len] = '\0';
	err = conf_parse(path, text, cfg, why);
out:
	if (f)
		fclose(f);
	free(text);
	return err;
}

/* ---- writing ----------------------------------------------------------- */

static void value_print(FILE *f, const struct entry *e,
			const struct role_config *cfg)
{
	const uint8_t *at = (const uint8_t *)cfg + e->offset;
	uint32_t n;

	switch (e->type) {
	case CONF_NAMES:
	case CONF_TEXT:
		fprintf(f, "%s", (const char *)at);
		break;
	case CONF_LISTEN:
		memcpy(&n, (const uint8_t *)cfg + e->port_offset, sizeof(n));
		fprintf(f, strchr((const char *)at, ':') ? "[%s]:%u" : "%s:%u",
			(const char *)at, n);
		break;
	case CONF_NUMBER:
		memcpy(&n, at, sizeof(n));
		fprintf(f, "%u", n);
		break;
	case CONF_CHOICE:
		n = *at;
		fprintf(f, "%s", e->choices[n]);
		break;
	case CONF_FLAG:
		fprintf(f, "%s", *at ? "yes" : "no");
		break;
	}
}

int conf_write(const struct role_config *cfg, char **out)
{
	const char *section = "";
	size_t len;
	FILE *f = open_memstream(out, &len);

	if (!f)
		return E_NOMEM;
	fprintf(f, "# signetd's configuration; see signetd.conf(5).\n"
		   "# Check it with: signetd run --check-config --config "
		   "FILE\n");
	for (size_t i = 0; i < ENTRIES; i++) {
		const struct entry *e = &entries[i];

		if (strcmp(section, e->section) != 0)
			fprintf(f, "\n[%s]\n", e->section);
		section = e->section;
		fprintf(f, "# %s\n%s = ", e->comment, e->key);
		value_print(f, e, cfg);
		fprintf(f, "\n");
	}
	return fclose(f) ? E_NOMEM : 0;
}
