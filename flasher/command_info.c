/* SPDX-License-Identifier: MIT */
/* probes, work, status: what there is, and how it is. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>
#include <openssl/x509.h>

#include "base/hex.h"
#include "cli/local.h"
#include "cli/table.h"
#include "flasher/journal.h"
#include "flasher/program.h"
#include "flasher/target.h"
#include "http/client.h"
#include "probe/usb.h"
#include "wire/name.h"

#define INFO_RETRIES 1
#define PLUGGED_MAX 64

/* -- probes ---------------------------------------------------------------- */
struct probes_params {
	struct channel_options channels;
	bool plugged;
};

static const struct arg probes_args[] = {
	{ "probe", "URI", ARG_LIST, 0,
	  offsetof(struct probes_params, channels.probes), 0, 0, 0,
	  "look at this one instead of flasher.conf's" },
	{ "channels", "LIST", ARG_TEXT, 0,
	  offsetof(struct probes_params, channels.channels), 0, 0, 0,
	  "only these channels, such as 0,2 (default: all)" },
	{ "plugged", NULL, ARG_FLAG, 0, offsetof(struct probes_params, plugged),
	  0, 0, 0,
	  "list the probes on USB by the addresses to use, touch no target" },
};

struct probe_sight { /* what one channel looks like */
	unsigned channel;
	const char *uri;
	struct probe_info info;
	struct target_identity id;
	bool target;
	char why[320];
	int err;
};

static void no_progress(void *arg, enum target_phase phase, uint32_t done,
			uint32_t total)
{
	(void)arg;
	(void)phase;
	(void)done;
	(void)total;
}

static int identify_as(struct probe *p, const struct chip *chip,
		       struct probe_sight *s)
{
	struct power_config power = { NULL, 0 };
	struct target *t = NULL;
	int r = target_new(p, &power, no_progress, NULL, &t);

	if (r != 0)
		return r;
	r = target_identify(t, chip, &s->id);
	s->target = r == 0;
	if (r != 0)
		snprintf(s->why, sizeof(s->why), "%s: %.200s", error_text(r),
			 target_why(t));
	target_free(t);
	return r;
}

/* Tries every chip that we know, until one says of itself that it is that; if
 * none does, the first that answered at all. */
static int identify(struct probe *p, struct probe_sight *s)
{
	struct probe_sight first = { 0 };
	int r = E_UNSUPPORTED;

	for (unsigned i = 0; chip_at(i) != NULL; i++) {
		const struct chip *chip = chip_at(i);

		r = identify_as(p, chip, s);
		if (r == 0 &&
		    chip_of(chip->family, s->id.print.device_id) == chip)
			return 0;
		if (r == 0 && !first.target)
			first = *s;
	}
	if (!first.target)
		return r;
	*s = first;
	return 0;
}

static void look(const struct station *st, struct probe_sight *s)
{
	struct probe_config pc = { .uri = s->uri,
				   .clock_hz = st->conf.clock_hz };
	struct probe *p = NULL;
	char why[256] = "";

	s->err = probe_open(&pc, &p, why);
	if (s->err != 0) {
		snprintf(s->why, sizeof(s->why), "%s: %s", error_text(s->err),
			 why);
		return;
	}
	s->info = *probe_info(p);
	s->err = identify(p, s);
	probe_close(p);
}

static void sight_json(const struct probe_sight *s)
{
	char uid[2 * UID_MAX + 1] = "";
	json_t *o;

	if (s->target)
		hex_encode(s->id.uid, s->id.uid_len, uid);
	o = json_pack("{s:I,s:s,s:s,s:s,s:s,s:s,s:b,s:s,s:s}", "channel",
		      (json_int_t)s->channel, "probe", s->uri, "product",
		      s->info.product, "serial", s->info.serial, "chip",
		      s->target ? s->id.chip->name : "", "uid", uid, "locked",
		      s->target && s->id.locked, "error",
		      s->err ? error_name(s->err) : "", "why", s->why);
	local_print_json(o);
}

static void sight_text(const struct probe_sight *s)
{
	char uid[2 * UID_MAX + 1] = "";

	printf("channel %u  %s\n", s->channel, s->uri);
	if (s->info.product[0])
		printf("  probe   %s %s %s\n", s->info.vendor, s->info.product,
		       s->info.serial);
	if (s->target) {
		hex_encode(s->id.uid, s->id.uid_len, uid);
		printf("  target  %s  %s%s\n", s->id.chip->name,
		       uid[0] ? uid : "(unique ID hidden)",
		       s->id.locked ? "  read-protected" : "");
	}
	if (s->err)
		printf("  problem %s\n", s->why);
}

static void plugged_show(const struct usb_probe *p, bool json)
{
	char id[10];

	snprintf(id, sizeof(id), "%04x:%04x", p->vid, p->pid);
	if (json)
		local_print_json(json_pack(
			"{s:s,s:s,s:s,s:s,s:s,s:s}", "probe", p->uri, "id", id,
			"place", p->place, "product", p->product, "serial",
			p->serial, "problem", p->problem ? p->problem : ""));
	else
		printf("%s  %s  %s%s%s%s%s\n", p->uri, id, p->product,
		       p->problem ? "  problem: " : "",
		       p->problem ? p->problem : "", p->place[0] ? "  at " : "",
		       p->place);
}

static int plugged_list(bool json)
{
	static struct usb_probe list[PLUGGED_MAX];
	size_t count = 0;
	int r = usb_list(list, PLUGGED_MAX, &count);

	if (r != 0) {
		args_problem(error_name(r), NULL, "USB cannot be used here");
		return EXIT_LOCAL;
	}
	for (size_t i = 0; i < count && i < PLUGGED_MAX; i++)
		plugged_show(&list[i], json);
	if (count == 0 && !json)
		puts("no CMSIS-DAP probe is plugged in");
	return 0;
}

static int probes_run(const struct command *self, void *globals, void *params)
{
	const struct probes_params *p = params;
	const struct channel_options *o = &p->channels;
	const struct flasher_globals *f = globals;
	unsigned channels[CHANNELS_MAX];
	char why[STATION_WHY_CAP] = "";
	struct station st;
	size_t count = 0;
	int r, code;

	(void)self;
	if (p->plugged)
		return plugged_list(f->json);
	memset(&st, 0, sizeof(st));
	r = station_dir(&st, f->dir, why);
	if (r == 0)
		r = station_conf(&st, why);
	if (r != 0)
		return flasher_local_failed(r, why);
	code = flasher_channels(&st, o, channels, &count);
	for (size_t i = 0; i < count && (code == 0 || code == EXIT_DEVICE);
	     i++) {
		struct probe_sight s;

		memset(&s, 0, sizeof(s));
		s.channel = channels[i];
		s.uri = st.conf.channel[channels[i]].probe;
		look(&st, &s);
		if (f->json)
			sight_json(&s);
		else
			sight_text(&s);
		if (s.err)
			code = EXIT_DEVICE;
	}
	station_free(&st);
	return code;
}

const struct command command_probes = {
	.object = "probes",
	.summary = "list the channels' probes and the chips on them, or what "
		   "is plugged in",
	.args = probes_args,
	.arg_count = ARRAY_LEN(probes_args),
	.params_size = sizeof(struct probes_params),
	.run = probes_run,
};

/* -- work ------------------------------------------------------------------ */
static const struct column work_columns[] = {
	{ "name", "order", false },	   { "state", "state", false },
	{ "quantity", "quantity", false }, { "delivered", "used", false },
	{ "closed", "built", false },	   { "product", "product", false },
	{ "release", "release", false },
};

static int fetch_work(const struct station *st, struct order_list *out)
{
	struct http_client *client = NULL;
	struct refusal refusal;
	struct query q;
	int r;

	memset(&q, 0, sizeof(q));
	memset(&refusal, 0, sizeof(refusal));
	r = station_client(st, INFO_RETRIES, NULL, NULL, &client);
	if (r == 0)
		r = http_call(client, OP_WORK, &q, out, &refusal);
	if (r != 0)
		r = flasher_client_failed(r, &refusal, client);
	http_client_free(client);
	return r;
}

static int work_run(const struct command *self, void *globals, void *params)
{
	const struct flasher_globals *f = globals;
	struct order_list orders;
	struct station st;
	char *text = NULL;
	size_t len;
	int r = flasher_open(f, &st);

	(void)self;
	(void)params;
	if (r != 0)
		return r;
	memset(&orders, 0, sizeof(orders));
	r = fetch_work(&st, &orders);
	if (r == 0 && !f->json) {
		table_rows(stdout, &order_shape, &orders.rows, work_columns,
			   ARRAY_LEN(work_columns), true);
	} else if (r == 0) {
		if (shape_to_json(&order_list_shape, &orders, false, &text,
				  &len) == 0)
			puts(text);
		free(text);
	}
	if (r == 0)
		shape_clear(&order_list_shape, &orders);
	station_free(&st);
	return r;
}

const struct command command_work = {
	.object = "work",
	.summary = "list the orders that this flasher may build",
	.run = work_run,
};

/* -- status ---------------------------------------------------------------- */
static void certificate_end(const struct station *st, char out[32])
{
	const uint8_t *p = st->cert;
	X509 *x = d2i_X509(NULL, &p, (long)st->cert_len);
	struct tm tm;

	out[0] = '\0';
	if (x && ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) == 1)
		strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
	X509_free(x);
}

static size_t journal_count(const struct station *st)
{
	char why[STATION_WHY_CAP];
	struct journal j;
	size_t n = 0;

	for (uint32_t ch = 0; ch < CHANNELS_MAX; ch++)
		if (journal_read(st, ch, &j, why) != E_NOT_FOUND)
			n++;
	return n;
}

static void status_json(const struct station *st, const char *end, size_t open,
			size_t unsent, bool reachable)
{
	json_t *o = json_pack("{s:s,s:s,s:s,s:I,s:I,s:I,s:b}", "flasher",
			      st->name, "server", st->server, "until", end,
			      "channels", (json_int_t)st->conf.channel_count,
			      "open", (json_int_t)open, "unsent",
			      (json_int_t)unsent, "reachable", reachable);

	local_print_json(o);
}

static int status_run(const struct command *self, void *globals, void *params)
{
	const struct flasher_globals *f = globals;
	struct order_list orders;
	struct station st;
	char end[32];
	size_t open, unsent;
	int r = flasher_open(f, &st);

	(void)self;
	(void)params;
	if (r != 0)
		return r;
	certificate_end(&st, end);
	open = journal_count(&st);
	unsent = outbox_count(&st);
	memset(&orders, 0, sizeof(orders));
	if (!f->json) {
		printf("flasher         %s\nserver          %s\n"
		       "certificate     until %s\n"
		       "channels        %zu configured, enrolled for %u\n"
		       "open attempts   %zu\nunsent reports  %zu\n",
		       st.name, st.server, end, st.conf.channel_count,
		       st.channels, open, unsent);
		fflush(stdout);
	}
	r = fetch_work(&st, &orders);
	if (f->json)
		status_json(&st, end, open, unsent, r == 0);
	else if (r == 0)
		printf("the server answers; orders to build: %zu\n",
		       orders.rows.count);
	if (r == 0)
		shape_clear(&order_list_shape, &orders);
	station_free(&st);
	return r;
}

const struct command command_status = {
	.object = "status",
	.summary = "show enrolment, open attempts and unsent reports",
	.run = status_run,
};
