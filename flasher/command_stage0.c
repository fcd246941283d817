/* SPDX-License-Identifier: MIT */
/*
 * stage0: at a trusted site, chips get loader and secret before they go to the
 * manufacturer (docs/threat-model.md).  One chip on each channel, one channel
 * after the other; then the next boards.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/ct.h"
#include "base/hex.h"
#include "flasher/line.h"
#include "flasher/program.h"
#include "flasher/target.h"
#include "http/client.h"
#include "keys/keyfile.h"
#include "wire/layout.h"

#define RETRIES 3

struct stage0_params {
	char batch[NAME_CAP];
	const char *family, *loader;
	uint32_t count;
	struct channel_options channels;
};

struct stage0 { /* one run */
	const struct flasher_globals *globals;
	const struct stage0_params *params;
	struct station st;
	struct http_client *client;
	const struct chip *chip;
	uint8_t loader[LOADER_LEN], stub[STUB_CODE_LEN];
	size_t stub_len;
	char digest[HEX_DIGEST_CAP]; /* of loader */
};

static const struct arg args[] = {
	{ "batch", "B", ARG_NAME, ARG_REQUIRED,
	  offsetof(struct stage0_params, batch), 0, 0, 0,
	  "the stage-0 batch that the chips belong to" },
	{ "loader", "DIR", ARG_TEXT, ARG_REQUIRED,
	  offsetof(struct stage0_params, loader), 0, 0, 0,
	  "folder with loader.bin and stub.bin, as `make loader` wrote them" },
	{ "count", "N", ARG_U32, 0, offsetof(struct stage0_params, count), 0, 1,
	  0, "stop after so many chips" },
	{ "family", "F", ARG_TEXT, 0, offsetof(struct stage0_params, family), 0,
	  0, 0, "chip family (default stm32l4)" },
	{ "channels", "LIST", ARG_TEXT, 0,
	  offsetof(struct stage0_params, channels.channels), 0, 0, 0,
	  "only these channels, such as 0,2 (default: all)" },
	{ "probe", "URI", ARG_LIST, 0,
	  offsetof(struct stage0_params, channels.probes), 0, 0, 0,
	  "a channel with this probe, such as tcp:127.0.0.1:4441; replaces "
	  "those of flasher.conf" },
	{ "power", "CMD", ARG_LIST, 0,
	  offsetof(struct stage0_params, channels.powers), 0, 0, 0,
	  "its target power: run with on or off appended; the first goes with "
	  "the first --probe" },
	{ "next", "CMD", ARG_TEXT, 0,
	  offsetof(struct stage0_params, channels.next), 0, 0, 0,
	  "brings in the next board: run with channel and \"built\" appended" },
};

/* -- before any chip ------------------------------------------------------- */

static int find_chip(struct stage0 *s)
{
	const char *name = s->params->family ? s->params->family : "stm32l4";
	enum family f = chip_family(name);

	s->chip = f == FAMILY_NONE ? NULL : chip_find(f);
	if (s->chip == NULL) {
		args_problem("usage", "give --family stm32l4",
			     f == FAMILY_NONE
				     ? "\"%s\" is no chip family"
				     : "this version cannot program %s",
			     name);
		return EXIT_USAGE;
	}
	if (s->chip->stage0)
		return 0;
	args_problem("E_UNSUPPORTED",
		     "use a family that has stage 0; docs/threat-model.md says "
		     "which and why",
		     "%s has no stage 0: its read protection does not keep a "
		     "secret from a debugger, so it would prove nothing",
		     name);
	return EXIT_LOCAL;
}

static int read_piece(const char *dir, const char *name, uint8_t *out,
		      size_t cap, size_t *out_len)
{
	char path[PATH_MAX], why[KEYFILE_WHY_CAP] = "";
	uint8_t *data = NULL;
	int r;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	r = keyfile_read(path, cap, false, &data, out_len, why);
	if (r == 0)
		memcpy(out, data, *out_len);
	free(data);
	if (r != E_NOT_FOUND)
		return r == 0 ? 0 : flasher_local_failed(r, why);
	args_problem("E_NOT_FOUND",
		     "name the CHIP-LINK folder that `make loader` wrote", "%s",
		     why);
	return EXIT_LOCAL;
}

static int read_loader(struct stage0 *s)
{
	const char *dir = s->params->loader;
	uint8_t digest[DIGEST_LEN];
	size_t len = 0;
	int r = read_piece(dir, "loader.bin", s->loader, LOADER_LEN, &len);

	if (r == 0 && len != LOADER_LEN) {
		args_problem("E_RANGE", "build it again: make loader",
			     "%s/loader.bin has %zu bytes, a loader has %u",
			     dir, len, LOADER_LEN);
		return EXIT_LOCAL;
	}
	if (r == 0)
		r = read_piece(dir, "stub.bin", s->stub, STUB_CODE_LEN,
			       &s->stub_len);
	if (r == 0 && crypto_sha256(s->loader, LOADER_LEN, digest) != 0)
		r = EXIT_BUG;
	if (r == 0)
		hex_encode(digest, DIGEST_LEN, s->digest);
	return r;
}

/* -- one chip -------------------------------------------------------------- */

static void no_progress(void *arg, enum target_phase phase, uint32_t done,
			uint32_t total)
{
	(void)arg;
	(void)phase;
	(void)done;
	(void)total;
}

static int target_failed(int err, const struct target *t)
{
	const char *why = target_why(t);

	args_problem(error_name(err), job_advice(err), "%s: %s",
		     target_phase_name(target_phase(t)),
		     why[0] ? why : error_text(err));
	return EXIT_DEVICE;
}

static int open_secret(const struct stage0 *s, const struct stage0_answer *a,
		       const struct target_identity *id,
		       uint8_t out[STAGE0_SECRET_LEN])
{
	uint8_t aad[NAME_CAP + 1 + UID_MAX];
	size_t n = strlen(s->params->batch) + 1;

	if (a->key_enc.len != X25519_LEN ||
	    a->key_sealed.len != STAGE0_SECRET_LEN + AEAD_TAG_LEN)
		return E_HTTP;
	memcpy(aad, s->params->batch, n);
	aad[n++] = (uint8_t)s->chip->family;
	memcpy(aad + n, id->uid, id->uid_len);
	return crypto_hpke_open(s->st.kem, a->key_enc.data, LABEL_HPKE_STAGE0,
				strlen(LABEL_HPKE_STAGE0), aad, n + id->uid_len,
				a->key_sealed.data, a->key_sealed.len, out);
}

/* The server's secret for this chip; prints what fails. */
static int ask_secret(const struct stage0 *s, const struct target_identity *id,
		      uint8_t out[STAGE0_SECRET_LEN])
{
	struct stage0_request q;
	struct stage0_answer a;
	struct refusal refusal;
	int r;

	memset(&q, 0, sizeof(q));
	memset(&refusal, 0, sizeof(refusal));
	snprintf(q.batch, NAME_CAP, "%s", s->params->batch);
	snprintf(q.loader, HEX_DIGEST_CAP, "%s", s->digest);
	q.uid.len = id->uid_len;
	memcpy(q.uid.data, id->uid, id->uid_len);
	q.dpidr = id->print.dpidr;
	q.cpuid = id->print.cpuid;
	q.designer = id->print.designer;
	q.part = id->print.part;
	q.device_id = id->print.device_id;
	q.flash_kb = id->print.flash_kb;
	q.ap_idr = id->print.ap_idr;
	q.vtor = id->print.vtor;
	r = http_call(s->client, OP_STAGE0, &q, &a, &refusal);
	if (r != 0)
		return flasher_client_failed(r, &refusal, s->client);
	r = open_secret(s, &a, id, out);
	shape_clear(&stage0_answer_shape, &a);
	if (r != 0) {
		args_problem(error_name(r), "tell the owner",
			     "the chip's secret cannot be opened: %s",
			     error_text(r));
		return EXIT_BUG;
	}
	return 0;
}

static void print_done(const struct stage0 *s, unsigned channel,
		       const struct target_identity *id)
{
	char uid[2 * UID_MAX + 1];
	json_t *o;

	hex_encode(id->uid, id->uid_len, uid);
	if (!s->globals->json) {
		printf("channel %u  %s  has its stage 0 (batch %s), locked\n",
		       channel, uid, s->params->batch);
		return;
	}
	o = json_pack("{s:I,s:s,s:s,s:s}", "channel", (json_int_t)channel,
		      "uid", uid, "batch", s->params->batch, "result", "done");
	if (o)
		json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

static int identify(const struct stage0 *s, struct target *t,
		    struct target_identity *id)
{
	int r = target_identify(t, s->chip, id);

	if (r != 0)
		return target_failed(r, t);
	if (!id->locked && id->uid_len)
		return 0;
	args_problem("E_TARGET_PROTECTED",
		     "put a new chip in; to do this one again, unlock it, "
		     "which erases it",
		     "the chip is read-protected: it may have its stage 0, or "
		     "its firmware, already");
	return EXIT_DEVICE;
}

static int one_chip(const struct stage0 *s, unsigned channel, struct target *t)
{
	uint8_t secret[STAGE0_SECRET_LEN];
	struct target_stage0 plan = {
		.loader = s->loader,
		.stub = s->stub,
		.stub_len = s->stub_len,
		.secret = secret,
	};
	struct target_identity id;
	int r = identify(s, t, &id), err;

	if (r != 0)
		return r;
	err = target_can_build(t);
	if (err == 0)
		err = target_can_power(t);
	if (err != 0)
		return target_failed(err, t);
	r = ask_secret(s, &id, secret);
	if (r == 0) {
		err = target_stage0(t, &plan);
		r = err ? target_failed(err, t) : 0;
	}
	ct_wipe(secret, sizeof(secret));
	if (r == 0)
		print_done(s, channel, &id);
	return r;
}

static int on_channel(const struct stage0 *s, unsigned channel)
{
	const struct channel_conf *c = &s->st.conf.channel[channel];
	struct probe_config pc = { .uri = c->probe,
				   .serial = c->serial,
				   .clock_hz = s->st.conf.clock_hz };
	struct power_config power = {
		.command = c->power[0] ? c->power : NULL,
		.off_ms = s->st.conf.power_off_ms,
	};
	struct target *t = NULL;
	struct probe *p = NULL;
	char why[256] = "";
	int r = probe_open(&pc, &p, why);

	if (r != 0) {
		args_problem(error_name(r), job_advice(r), "%s: %s",
			     error_text(r), why);
		return EXIT_DEVICE;
	}
	r = target_new(p, &power, no_progress, NULL, &t);
	r = r != 0 ? EXIT_BUG : one_chip(s, channel, t);
	target_free(t);
	probe_close(p);
	return r;
}

/* -- board after board ----------------------------------------------------- */

/* The channel's command, or the operator; false = that was all. */
static bool next_board(const struct stage0 *s, unsigned channel)
{
	const struct channel_conf *c = &s->st.conf.channel[channel];
	struct job_result built;
	char text[16];

	if (c->next[0]) {
		fflush(stdout);
		memset(&built, 0, sizeof(built));
		built.outcome = JOB_BUILT;
		return line_hook(c->next, channel, &built) == 0;
	}
	if (!isatty(STDIN_FILENO))
		return false;
	printf("channel %u: put the next board in and press Enter (q ends) ",
	       channel);
	fflush(stdout);
	return fgets(text, sizeof(text), stdin) && text[0] != 'q';
}

static int all_chips(const struct stage0 *s, const unsigned *channels,
		     size_t count)
{
	uint32_t done = 0;

	for (;;) {
		for (size_t i = 0; i < count; i++) {
			int r = on_channel(s, channels[i]);

			if (r != 0 || ++done == s->params->count)
				return r;
		}
		for (size_t i = 0; i < count; i++)
			if (!next_board(s, channels[i]))
				return 0;
	}
}

static int run(const struct command *self, void *globals, void *params)
{
	struct stage0_params *p = params;
	struct stage0 s = { .globals = globals, .params = p };
	unsigned channels[CHANNELS_MAX];
	char why[STATION_WHY_CAP] = "";
	size_t count = 0;
	int r = find_chip(&s);

	(void)self;
	if (r == 0)
		r = read_loader(&s);
	if (r != 0 || (r = flasher_open(s.globals, &s.st)) != 0)
		return r;
	r = flasher_channels(&s.st, &p->channels, channels, &count);
	if (r == 0 && (r = station_lock(&s.st, why)) != 0)
		r = flasher_local_failed(r, why);
	if (r == 0 && station_client(&s.st, RETRIES, NULL, NULL, &s.client))
		r = EXIT_BUG;
	if (r == 0)
		r = all_chips(&s, channels, count);
	http_client_free(s.client);
	station_free(&s.st);
	return r;
}

const struct command command_stage0 = {
	.object = "stage0",
	.summary = "at a trusted site: give chips loader and secret, lock them",
	.args = args,
	.arg_count = ARRAY_LEN(args),
	.params_size = sizeof(struct stage0_params),
	.run = run,
};
