/* SPDX-License-Identifier: MIT */
/*
 * server/conf.h - signetd.conf.
 *
 * Lines "key = value" under [section] headings; "#" begins a comment line.
 * man/signetd.conf.5 lists the keys; test_conf checks it against the table.
 */
#ifndef SERVER_CONF_H
#define SERVER_CONF_H

#include "server/roles.h"

#define CONF_WHY_CAP 512

/* Sets every field to its default; dir and passphrase stay as they are. */
void conf_defaults(struct role_config *cfg);
/* Reads path over the defaults.  why: "signetd.conf:12: unknown key "listn" in
 * [admin]; did you mean "listen"?" */
MUST_USE int conf_load(const char *path, struct role_config *cfg,
		       char why[CONF_WHY_CAP]);
/* The same from text; path only appears in why. */
MUST_USE int conf_parse(const char *path, const char *text,
			struct role_config *cfg, char why[CONF_WHY_CAP]);
/* A commented configuration file that says the same as cfg (malloc'ed). */
MUST_USE int conf_write(const struct role_config *cfg, char **out);
/* "127.0.0.1:7443", "[::1]:0" */
MUST_USE int conf_listen_parse(const char *text, char address[64],
			       uint32_t *port);
/* At least one name, and nothing in them that no host or address has. */
bool conf_names_valid(const char *names);
/* For tests and the manual: section and key of entry i; false past the end. */
bool conf_entry(size_t i, const char **section, const char **key);

#endif
