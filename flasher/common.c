/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flasher/job.h"
#include "flasher/program.h"
#include "http/client.h"
#include "wire/address.h"

int flasher_local_failed(int err, const char *why)
{
	const char *next = "check the file";

	if (err == E_NOT_FOUND)
		next = "enrol this station: signet-flasher enrol --code CODE";
	else if (err == E_STATE)
		next = "wait until it is done, or use another --dir";
	else if (err == E_CONFIG)
		next = "correct it; signet-flasher.conf(5) explains the file";
	else if (err == E_DISK_FULL)
		next = "free space on the station's disk";
	else if (err == E_AUTH)
		next = "chmod 600 the file, if it is yours alone";
	args_problem(error_name(err), next, "%s", why);
	return err == E_NOMEM || err == E_INTERNAL ? EXIT_BUG : EXIT_LOCAL;
}

int flasher_call_failed(int err, const struct refusal *refusal, const char *why)
{
	if (err == E_REFUSED) {
		args_problem(refusal->code, refusal->next,
			     "refused (%s): %s [%s can resolve it]",
			     refusal->code, refusal->cause, refusal->who);
		return EXIT_REFUSED;
	}
	if (err == E_NET || err == E_TLS || err == E_TIMEOUT) {
		args_problem(err == E_TLS ? "tls" : "no-server",
			     job_advice(err), "%s", why);
		return EXIT_SERVER;
	}
	if (err == E_INTERRUPTED) {
		args_problem("stopped", NULL, "%s", why);
		return EXIT_STOPPED;
	}
	args_problem(error_name(err), job_advice(err), "%s", why);
	return err == E_SYNTAX || err == E_IO || err == E_DISK_FULL ? EXIT_LOCAL
								    : EXIT_BUG;
}

int flasher_client_failed(int err, const struct refusal *refusal,
			  const struct http_client *client)
{
	const char *cause = client ? http_client_why(client) : "";
	char why[STATION_WHY_CAP];

	snprintf(why, sizeof(why), "%s%s%s", error_text(err),
		 cause[0] ? ": " : "", cause);
	return flasher_call_failed(err, refusal, why);
}

int flasher_open(const struct flasher_globals *f, struct station *st)
{
	char why[STATION_WHY_CAP] = "";
	int r;

	memset(st, 0, sizeof(*st));
	r = station_dir(st, f->dir, why);
	if (r == 0)
		r = station_load(st, why);
	if (r == 0)
		return 0;
	r = flasher_local_failed(r, why);
	station_free(st);
	return r;
}

/* An address that cannot be one is refused before anything is done. */
static int check_form(const char *option, const char *text,
		      const char *(*form)(const char *text))
{
	const char *what = form(text);

	if (what == NULL)
		return 0;
	args_problem("usage", "signet-flasher.conf(5) has the forms",
		     "%s \"%s\" %s", option, text, what);
	return EXIT_USAGE;
}

/* --probe URI ... --power CMD ...: pairs by position. */
static int given_channels(struct station *st, const struct channel_options *o)
{
	int r;

	if (o->powers.count > o->probes.count) {
		args_problem("usage",
			     "the first --power goes with the first --probe",
			     "there are more --power than --probe");
		return EXIT_USAGE;
	}
	if (o->probes.count)
		st->conf.channel_count = 0;
	for (size_t i = 0; i < o->probes.count; i++) {
		struct channel_conf *c = conf_add_channel(&st->conf);
		const char *power = i < o->powers.count ? o->powers.items[i]
							: "";

		if (c == NULL ||
		    strlen(o->probes.items[i]) >= sizeof(c->probe) ||
		    strlen(power) >= sizeof(c->power)) {
			args_problem("usage", NULL,
				     "too many --probe, or one is too long");
			return EXIT_USAGE;
		}
		r = check_form("--probe", o->probes.items[i], address_probe);
		if (r == 0)
			r = check_form("--power", power, address_switch);
		if (r != 0)
			return r;
		snprintf(c->probe, sizeof(c->probe), "%s", o->probes.items[i]);
		snprintf(c->power, sizeof(c->power), "%s", power);
	}
	return 0;
}

static int all_channels(struct station *st, const struct channel_options *o)
{
	int r = o->next ? check_form("--next", o->next, address_switch) : 0;

	if (r != 0)
		return r;
	if (o->next && strlen(o->next) >= COMMAND_CAP) {
		args_problem("usage", NULL, "--next is too long");
		return EXIT_USAGE;
	}
	if (o->link && conf_link(o->link) < 0) {
		args_problem("usage", "give swd-pins or uart",
			     "--link \"%s\" is no line to a sealed chip",
			     o->link);
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < st->conf.channel_count; i++) {
		struct channel_conf *c = &st->conf.channel[i];

		if (o->next)
			snprintf(c->next, sizeof(c->next), "%s", o->next);
		if (o->uart)
			c->uart = o->uart;
		if (o->link)
			c->link = (uint32_t)conf_link(o->link);
	}
	return 0;
}

static int pick(const struct station *st, const char *text,
		unsigned out[CHANNELS_MAX], size_t *count)
{
	char copy[256], *save = NULL;
	uint64_t n = 0;

	*count = 0;
	if (strlen(text) >= sizeof(copy))
		return E_SYNTAX;
	snprintf(copy, sizeof(copy), "%s", text);
	for (char *s = strtok_r(copy, ",", &save); s;
	     s = strtok_r(NULL, ",", &save)) {
		if (st->conf.channel_count == 0 || *count == CHANNELS_MAX ||
		    args_number(s, 0, st->conf.channel_count - 1, &n) != 0)
			return E_RANGE;
		for (size_t i = 0; i < *count; i++)
			if (out[i] == n)
				return E_EXISTS;
		out[(*count)++] = (unsigned)n;
	}
	return *count ? 0 : E_SYNTAX;
}

int flasher_channels(struct station *st, const struct channel_options *o,
		     unsigned out[CHANNELS_MAX], size_t *out_count)
{
	int r = given_channels(st, o);

	if (r == 0)
		r = all_channels(st, o);
	if (r != 0)
		return r;
	if (st->conf.channel_count == 0) {
		args_problem("config",
			     "give --probe URI, or write [channel 0] into "
			     "flasher.conf",
			     "no channel is configured in %s/flasher.conf",
			     st->dir);
		return EXIT_LOCAL;
	}
	*out_count = st->conf.channel_count;
	for (size_t i = 0; i < *out_count; i++)
		out[i] = (unsigned)i;
	if (o->channels && pick(st, o->channels, out, out_count) != 0) {
		args_problem("usage",
			     "give channel numbers that exist, such as 0,2",
			     "--channels \"%s\" is not a list of channels, 0 "
			     "to %zu",
			     o->channels, st->conf.channel_count - 1);
		return EXIT_USAGE;
	}
	return 0;
}
