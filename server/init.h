/* SPDX-License-Identifier: MIT */
/* server/init.h - `signetd init`: makes a server's folder. */
#ifndef SERVER_INIT_H
#define SERVER_INIT_H

#include "server/roles.h"

struct init_options {
	const char *owner; /* the person whose token is made */
	bool quiet;	   /* token only into owner.json */
};

/*
 * Makes cfg->dir (0700) with
 *   keys/         CA, release HPKE key, encrypted under cfg->passphrase
 *   db/signet.db  the ledger
 *   owner.json    {"url", "token", "ca"} for `signet init --from`, 0600
 *   signetd.conf  last, so that a folder with it is a complete one
 * and prints the owner's token.  Returns the exit status.
 */
int init_run(const struct role_config *cfg, const struct init_options *opt);
/* Whether dir is a server's folder already. */
bool init_done(const char *dir);

#endif
