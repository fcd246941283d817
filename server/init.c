/* SPDX-License-Identifier: MIT */
#include "server/init.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ct.h"
#include "base/exit.h"
#include "keys/keyfile.h"
#include "server/conf.h"
#include "server/ledger.h"
#include "server/signer_local.h"
#include "server/x509.h"

#define WHY_CAP 512
#define TOKEN_HEX_CAP 65

static int dir_make(const char *path, char *why)
{
	if (!mkdir(path, 0700) || errno == EEXIST)
		return 0;
	snprintf(why, WHY_CAP, "%.300s: %s", path, strerror(errno));
	return E_IO;
}

bool init_done(const char *dir)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%.4000s/signetd.conf", dir);
	return !access(path, F_OK);
}

static int folder_make(const char *dir, char *why)
{
	char path[ROLE_TEXT_CAP + 16];
	int err;

	if (init_done(dir)) {
		snprintf(why, WHY_CAP,
			 "%.300s is a server's folder already; nothing was "
			 "changed",
			 dir);
		return E_EXISTS;
	}
	err = dir_make(dir, why);
	snprintf(path, sizeof(path), "%s/db", dir);
	return err ? err : dir_make(path, why);
}

static int token_make(const char *dir, const struct signer_port *signer,
		      const char *owner, char token[TOKEN_HEX_CAP], char *why)
{
	char path[ROLE_TEXT_CAP + 24], text[256] = "";
	struct ledger_config lc = {
		.db_path = path,
		.signer = signer,
		.enrol_host = "localhost:0", /* no codes are made here */
	};
	struct ledger *l = NULL;
	int err;

	snprintf(path, sizeof(path), "%s/db/signet.db", dir);
	err = ledger_open(&lc, &l, text);
	if (err) {
		snprintf(why, WHY_CAP, "%s", text);
		return err;
	}
	err = ledger_token_create(l, owner, token);
	if (err)
		snprintf(why, WHY_CAP, "no token for \"%.60s\": %s", owner,
			 error_text(err));
	ledger_close(l);
	return err;
}

/* The host under which people reach the admin port: the address on which it
 * listens, if the certificate names it, else the first name that it has. */
static void host_choose(const struct role_config *cfg, char out[80])
{
	static const char blanks[] = ", \t";
	const char *s = cfg->names;

	out[0] = '\0';
	for (s += strspn(s, blanks); *s; s += strspn(s, blanks)) {
		size_t len = strcspn(s, blanks);
		bool listens = len == strlen(cfg->admin_address) &&
			       !strncmp(s, cfg->admin_address, len);

		if (len < 80 && (listens || out[0] == '\0')) {
			memcpy(out, s, len);
			out[len] = '\0';
		}
		if (listens)
			return;
		s += len;
	}
}

static void url_make(const struct role_config *cfg, char out[128])
{
	char host[80];

	host_choose(cfg, host);
	snprintf(out, 128,
		 strchr(host, ':') ? "https://[%s]:%u" : "https://%s:%u", host,
		 cfg->admin_port);
}

static int owner_write(const struct role_config *cfg,
		       const struct signer_port *signer, const char *token,
		       char *why)
{
	char path[ROLE_TEXT_CAP + 16], url[128], *text = NULL, *pem = NULL;
	uint8_t *ca = NULL, hpke[X25519_LEN];
	json_t *o = NULL;
	size_t len;
	int err;

	url_make(cfg, url);
	snprintf(why, WHY_CAP, "owner.json cannot be made");
	err = signer->public_keys(signer->self, &ca, &len, hpke);
	if (!err)
		err = x509_to_pem(ca, len, &pem);
	if (err)
		goto out;
	o = json_pack("{ssssss}", "url", url, "token", token, "ca", pem);
	text = o ? json_dumps(o, JSON_INDENT(2)) : NULL;
	err = text ? 0 : E_NOMEM;
	snprintf(path, sizeof(path), "%s/owner.json", cfg->dir);
	if (!err)
		err = keyfile_write(path, text, strlen(text), 0600, true, why);
out:
	if (text)
		ct_wipe(text, strlen(text));
	free(text);
	json_decref(o);
	free(pem);
	free(ca);
	return err;
}

static int conf_save(const struct role_config *cfg, char *why)
{
	char path[ROLE_TEXT_CAP + 16], *text = NULL;
	int err = conf_write(cfg, &text);

	snprintf(path, sizeof(path), "%s/signetd.conf", cfg->dir);
	if (!err)
		err = keyfile_write(path, text, strlen(text), 0644, false, why);
	free(text);
	return err;
}

static int make(const struct role_config *cfg, const char *owner,
		char token[TOKEN_HEX_CAP], char *why)
{
	struct signer_local *signer = NULL;
	char keys[ROLE_TEXT_CAP + 8];
	int err;

	snprintf(keys, sizeof(keys), "%s/keys", cfg->dir);
	err = folder_make(cfg->dir, why);
	if (!err)
		err = signer_local_create(keys, cfg->passphrase, "Signet CA",
					  why);
	if (!err)
		err = signer_local_open(keys, cfg->passphrase, &signer, why);
	if (!err)
		err = token_make(cfg->dir, signer_local_port(signer), owner,
				 token, why);
	if (!err)
		err = owner_write(cfg, signer_local_port(signer), token, why);
	if (!err)
		err = conf_save(cfg, why);
	signer_local_free(signer);
	return err;
}

int init_run(const struct role_config *cfg, const struct init_options *opt)
{
	char token[TOKEN_HEX_CAP] = "", why[WHY_CAP] = "";
	int err = make(cfg, opt->owner, token, why);

	if (err) {
		fprintf(stderr, "signetd init: %s (%s)\n", why,
			error_text(err));
		if (err != E_EXISTS)
			fprintf(stderr,
				"Remove what is in %s before you try again.\n",
				cfg->dir);
		return EXIT_LOCAL;
	}
	printf("Made %s.\n", cfg->dir);
	if (!opt->quiet)
		printf("Administration token of %s, shown this once:\n  %s\n",
		       opt->owner, token);
	printf("Next:\n  signetd run --dir %s\n  signet init --from "
	       "%s/owner.json\n",
	       cfg->dir, cfg->dir);
	ct_wipe(token, sizeof(token));
	return 0;
}
