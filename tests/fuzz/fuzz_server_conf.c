/* SPDX-License-Identifier: MIT */
/*
 * signetd.conf: what is refused says where, and what is taken means the same
 * when it is written out and read again.
 */
#include <stdlib.h>
#include <string.h>

#include "server/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool same(const struct role_config *a, const struct role_config *b)
{
	return strcmp(a->names, b->names) == 0 &&
	       strcmp(a->flasher_address, b->flasher_address) == 0 &&
	       strcmp(a->enrol_address, b->enrol_address) == 0 &&
	       strcmp(a->admin_address, b->admin_address) == 0 &&
	       strcmp(a->enrol_host, b->enrol_host) == 0 &&
	       a->flasher_port == b->flasher_port &&
	       a->enrol_port == b->enrol_port &&
	       a->admin_port == b->admin_port &&
	       a->connections == b->connections && a->per_ip == b->per_ip &&
	       a->request_s == b->request_s && a->idle_s == b->idle_s &&
	       a->unknown_after_s == b->unknown_after_s &&
	       a->tls_key_s == b->tls_key_s && a->log_level == b->log_level &&
	       a->log_json == b->log_json && a->sandbox == b->sandbox;
}

static void write_and_read(const struct role_config *cfg)
{
	struct role_config again;
	char why[CONF_WHY_CAP];
	char *text;

	memset(&again, 0, sizeof(again));
	if (conf_write(cfg, &text) || conf_parse("again", text, &again, why) ||
	    !same(cfg, &again))
		abort();
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct role_config cfg;
	char why[CONF_WHY_CAP] = "";
	char *text = malloc(len + 1);
	int err;

	if (!text)
		abort();
	memcpy(text, data, len);
	text[len] = '\0';
	memset(&cfg, 0, sizeof(cfg));
	err = conf_parse("signetd.conf", text, &cfg, why);
	free(text);
	if (err) {
		if (strncmp(why, "signetd.conf", 12) != 0)
			abort();
		return 0;
	}
	write_and_read(&cfg);
	return 0;
}
