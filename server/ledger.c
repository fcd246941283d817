/* SPDX-License-Identifier: MIT */
/* The ledger: opening, closing, its clock, its tokens. */
#include "server/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hex.h"
#include "server/ledger_int.h"

#define FORGET_EVERY_S 10
#define UNKNOWN_AFTER_S 3600

static int64_t wall_clock(void *arg)
{
	(void)arg;
	return (int64_t)time(NULL);
}

int ledger_tick(struct ledger *l)
{
	bool later;
	int err = batch_run(l, NULL, 0, &later);
	int64_t now = l->now(l->now_arg);

	if (err < 0 || now - l->forgot < FORGET_EVERY_S)
		return err;
	l->forgot = now;
	err = store_begin(l->db);
	if (err < 0)
		return err;
	err = store_refusals_forget(l->db, now - RULES_COALESCE_S);
	if (err == 0)
		return store_commit(l->db);
	store_rollback(l->db);
	return err;
}

/* -- opening ------------------------------------------------------------- */
static int configure(struct ledger *l, const struct ledger_config *cfg)
{
	l->signer = cfg->signer;
	l->flasher_port = cfg->flasher_port;
	l->unknown_after_s = cfg->unknown_after_s ? cfg->unknown_after_s
						  : UNKNOWN_AFTER_S;
	l->now = cfg->now ? cfg->now : wall_clock;
	l->now_arg = cfg->now_arg;
	l->enrol_host = strdup(cfg->enrol_host ? cfg->enrol_host : "");
	l->version = strdup(cfg->version ? cfg->version : "0");
	if (!l->enrol_host || !l->version)
		return E_NOMEM;
	l->started = l->now(l->now_arg);
	return 0;
}

int ledger_open(const struct ledger_config *cfg, struct ledger **out,
		char why[256])
{
	struct store_config sc = { cfg->db_path, cfg->vfs };
	struct ledger *l = calloc(1, sizeof(*l));
	int err;

	why[0] = '\0';
	if (!l)
		return E_NOMEM;
	err = configure(l, cfg);
	if (err < 0)
		goto out;
	err = store_open(&sc, &l->db, why);
	if (err < 0)
		goto out;
	err = l->signer->public_keys(l->signer->self, &l->ca, &l->ca_len,
				     l->hpke_pub);
	if (err == 0)
		err = l->signer->noise_key(l->signer->self, l->noise_pub);
	if (err < 0)
		snprintf(why, 256, "the signer does not give its keys: %s",
			 error_text(err));
out:
	if (err < 0) {
		if (why[0] == '\0')
			snprintf(why, 256, "%s", error_text(err));
		ledger_close(l);
		return err;
	}
	*out = l;
	return 0;
}

void ledger_close(struct ledger *l)
{
	if (!l)
		return;
	cache_clear(l);
	free(l->batch.orders.items);
	free(l->batch.flashers.items);
	free(l->batch.grants.items);
	free(l->batch.deliveries.items);
	free(l->batch.logs.items);
	free(l->batch.credentials);
	free(l->batch.rewraps);
	store_close(l->db);
	free(l->ca);
	free(l->enrol_host);
	free(l->version);
	free(l);
}

static int token_write(struct ledger *l, struct row_person *who)
{
	struct row_log row = { 0 };
	int err;

	l->batch.now = l->now(l->now_arg);
	who->created = l->batch.now;
	TEXT_SET(row.event, "person.created");
	TEXT_SET(row.actor, who->name);
	TEXT_SET(row.subject, who->name);
	err = store_begin(l->db);
	if (err < 0)
		return err;
	err = store_person_insert(l->db, who);
	if (err == 0)
		err = batch_log(l, &row, false);
	if (err == 0)
		err = cache_flush(l);
	if (err == 0)
		err = store_commit(l->db);
	else
		store_rollback(l->db);
	cache_clear(l);
	return err;
}

int ledger_token_create(struct ledger *l, const char *person, char out_hex[65])
{
	struct row_person who = { 0 };
	uint8_t token[32];
	char hex[65];
	int err = crypto_random(token, sizeof(token));

	if (err < 0)
		return err;
	/* The token's text is what is presented, so its hash is kept. */
	hex_encode(token, sizeof(token), hex);
	TEXT_SET(who.name, person);
	err = crypto_sha256(hex, 64, who.token);
	if (err == 0)
		err = token_write(l, &who);
	if (err == 0)
		memcpy(out_hex, hex, sizeof(hex));
	return err;
}
