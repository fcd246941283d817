/* SPDX-License-Identifier: MIT */
#include "flasher/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/local.h"
#include "keys/keyfile.h"
#include "wire/address.h"

#define CONF_MAX 65536
#define UART_DEFAULT 115200u

struct conf_key {
	const char *name;
	size_t offset, cap; /* cap 0 = number */
	uint64_t min, max;
	const char *(*form)(const char *text); /* what is wrong, or NULL */
	int (*choice)(const char *text);       /* or: one of a few words */
	const char *choices;
};

static const char *const links[] = { "swd-pins", "uart" };

const char *conf_link_name(unsigned link)
{
	return link < ARRAY_LEN(links) ? links[link] : NULL;
}

int conf_link(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(links); i++)
		if (strcmp(links[i], name) == 0)
			return (int)i;
	return -1;
}

/* `field` names a member: it cannot stand in parentheses. */
/* NOLINTBEGIN(bugprone-macro-parentheses) */
#define TEXT_KEY(type, key, field)                                   \
	{                                                            \
		.name = key, .offset = offsetof(struct type, field), \
		.cap = sizeof(((struct type *)0)->field),            \
	}
#define NUMBER_KEY(type, key, field, least, most)                    \
	{                                                            \
		.name = key, .offset = offsetof(struct type, field), \
		.min = (least), .max = (most),                       \
	}
#define FORM_KEY(type, key, field, check)                                  \
	{                                                                  \
		.name = key, .offset = offsetof(struct type, field),       \
		.cap = sizeof(((struct type *)0)->field), .form = (check), \
	}
/* NOLINTEND(bugprone-macro-parentheses) */

static const struct conf_key station_keys[] = {
	FORM_KEY(flasher_conf, "server", server, address_server),
	TEXT_KEY(flasher_conf, "start-pattern", start_pattern),
	NUMBER_KEY(flasher_conf, "start-timeout", start_timeout_ms, 1, 600000),
	NUMBER_KEY(flasher_conf, "clock", clock_hz, 1000, 100000000),
	NUMBER_KEY(flasher_conf, "power-off", power_off_ms, 1, 60000),
	NUMBER_KEY(flasher_conf, "retry", retry_s, 0, 3600),
};

static const struct conf_key channel_keys[] = {
	FORM_KEY(channel_conf, "probe", probe, address_probe),
	FORM_KEY(channel_conf, "serial", serial, address_serial),
	FORM_KEY(channel_conf, "power", power, address_switch),
	FORM_KEY(channel_conf, "next", next, address_switch),
	NUMBER_KEY(channel_conf, "uart", uart, 300, 4000000),
	{ .name = "link",
	  .offset = offsetof(struct channel_conf, link),
	  .choice = conf_link,
	  .choices = "must be swd-pins or uart" },
	NUMBER_KEY(channel_conf, "link-clock", link_clock, 1000, 100000000),
	NUMBER_KEY(channel_conf, "link-baud", link_baud, 300, 4000000),
};

struct conf_parser {
	const char *name;
	unsigned line;
	struct flasher_conf *conf;
	struct channel_conf *channel; /* of the present section, or NULL */
	unsigned begun;		      /* the section's line */
	uint32_t seen;		      /* its keys, one bit each */
	char *why;
};

void conf_init(struct flasher_conf *c)
{
	memset(c, 0, sizeof(*c));
	c->start_timeout_ms = 5000;
	c->clock_hz = 10000000;
	c->power_off_ms = 1000;
	c->retry_s = 30;
}

struct channel_conf *conf_add_channel(struct flasher_conf *c)
{
	struct channel_conf *ch;

	if (c->channel_count == CHANNELS_MAX)
		return NULL;
	ch = &c->channel[c->channel_count++];
	memset(ch, 0, sizeof(*ch));
	ch->uart = UART_DEFAULT;
	return ch;
}

static int bad(struct conf_parser *p, const char *text, const char *what)
{
	snprintf(p->why, CONF_WHY_CAP, "%s:%u: \"%.80s\" %s", p->name, p->line,
		 text, what);
	return E_CONFIG;
}

static int bad_value(struct conf_parser *p, const char *key, const char *value,
		     const char *what)
{
	snprintf(p->why, CONF_WHY_CAP, "%s:%u: %s = %.80s: %s", p->name,
		 p->line, key, value, what);
	return E_CONFIG;
}

/* The one key that a channel cannot be without. */
static int section_end(struct conf_parser *p)
{
	if (p->channel == NULL || p->channel->probe[0])
		return 0;
	snprintf(p->why, CONF_WHY_CAP,
		 "%s:%u: channel %zu has no probe; write one, such as probe = "
		 "usb:SERIAL",
		 p->name, p->begun, p->conf->channel_count - 1);
	return E_CONFIG;
}

/* "[channel N]": channels come in order, so that a forgotten one shows. */
static int section(struct conf_parser *p, char *line)
{
	size_t len = strlen(line);
	uint64_t n = 0;
	int r = section_end(p);

	if (r != 0)
		return r;
	if (len < 2 || line[len - 1] != ']' ||
	    strncmp(line, "[channel ", 9) != 0)
		return bad(p, line, "is no section; sections are [channel N]");
	line[len - 1] = '\0';
	if (args_number(local_trim(line + 9), 0, CHANNELS_MAX - 1, &n) != 0)
		return bad(p, line + 9, "is no channel number, 0 to 31");
	if (n != p->conf->channel_count)
		return bad(p, line + 9,
			   "is out of order; channels are numbered 0, 1, 2 "
			   "... without gaps");
	p->channel = conf_add_channel(p->conf);
	p->begun = p->line;
	p->seen = 0;
	return 0;
}

static int set_key(struct conf_parser *p, const struct conf_key *k, void *base,
		   const char *value)
{
	char *field = (char *)base + k->offset;
	const char *what;
	char range[96];
	uint64_t n = 0;

	if (k->cap) {
		if (strlen(value) >= k->cap)
			return bad_value(p, k->name, value, "is too long");
		if (k->form && value[0] && (what = k->form(value)) != NULL)
			return bad_value(p, k->name, value, what);
		memcpy(field, value, strlen(value) + 1);
		return 0;
	}
	if (k->choice) {
		int choice = k->choice(value);

		if (choice < 0)
			return bad_value(p, k->name, value, k->choices);
		*(uint32_t *)(void *)field = (uint32_t)choice;
		return 0;
	}
	if (args_number(value, k->min, k->max, &n) != 0) {
		snprintf(range, sizeof(range), "must be a number, %llu to %llu",
			 (unsigned long long)k->min,
			 (unsigned long long)k->max);
		return bad_value(p, k->name, value, range);
	}
	*(uint32_t *)(void *)field = (uint32_t)n;
	return 0;
}

static int key_line(struct conf_parser *p, char *line)
{
	const struct conf_key *keys = p->channel ? channel_keys : station_keys;
	size_t count = p->channel ? ARRAY_LEN(channel_keys)
				  : ARRAY_LEN(station_keys);
	char *eq = strchr(line, '=');
	const char *key;

	if (eq == NULL)
		return bad(p, line, "is not \"key = value\"");
	*eq = '\0';
	key = local_trim(line);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(keys[i].name, key) != 0)
			continue;
		if (p->seen & 1u << i)
			return bad(p, key, "is set twice; keep one");
		p->seen |= 1u << i;
		return set_key(p, &keys[i],
			       p->channel ? (void *)p->channel
					  : (void *)p->conf,
			       local_trim(eq + 1));
	}
	return bad(p, key,
		   p->channel ? "is no key of a channel (probe, serial, power, "
				"next, uart, link, link-clock, link-baud)"
			      : "is no key of a station (server, "
				"start-pattern, start-timeout, clock, "
				"power-off, retry)");
}

int conf_parse(const char *name, char *text, struct flasher_conf *out,
	       char why[CONF_WHY_CAP])
{
	struct conf_parser p = { .name = name, .why = why };
	struct flasher_conf conf;
	int r = 0;

	conf_init(&conf);
	p.conf = &conf;
	for (char *next, *line = text; line && r == 0; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		p.line++;
		line = local_trim(line);
		if (line[0] == '\0' || line[0] == '#')
			continue;
		r = line[0] == '[' ? section(&p, line) : key_line(&p, line);
	}
	if (r == 0)
		r = section_end(&p);
	if (r == 0)
		*out = conf;
	return r;
}

int conf_read(const char *path, struct flasher_conf *out,
	      char why[CONF_WHY_CAP])
{
	uint8_t *text = NULL;
	size_t len;
	int r = keyfile_read(path, CONF_MAX, false, &text, &len, why);

	if (r != 0)
		return r;
	if (strlen((char *)text) != len) {
		snprintf(why, CONF_WHY_CAP, "%s: it is no text", path);
		r = E_CONFIG;
	} else {
		r = conf_parse(path, (char *)text, out, why);
	}
	free(text);
	return r;
}
