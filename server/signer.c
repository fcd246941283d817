/* SPDX-License-Identifier: MIT */
/* The signer role: holds the private keys, has neither network nor database,
 * and answers what the tables in signer_ipc.c allow each side to ask. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "server/log.h"
#include "server/roles.h"
#include "server/sandbox.h"
#include "server/signer_ipc.h"
#include "server/signer_local.h"

/* Answers all that has arrived on one channel. */
static int serve_ready(const struct signer_port *port, struct ipc *ipc)
{
	struct ipc_msg m;
	int n, err = ipc_fill(ipc, 0);

	while (!err && (n = ipc_next(ipc, &m)) != 0)
		err = n < 0 ? n : signer_serve(port, ipc, &m);
	return err;
}

static int serve(const struct signer_port *port, struct ipc *control,
		 struct ipc *ledger, struct ipc *edge)
{
	struct pollfd p[] = {
		{ .fd = ipc_fd(control), .events = POLLIN },
		{ .fd = ipc_fd(ledger), .events = POLLIN },
		{ .fd = ipc_fd(edge), .events = POLLIN },
	};
	int err;

	for (;;) {
		if (poll(p, 3, -1) < 0 && errno != EINTR)
			return 1;
		if (p[1].revents) {
			err = serve_ready(port, ledger);
			if (err == E_NET)
				p[1].fd = -1; /* the ledger has ended */
			else if (err)
				goto broken;
		}
		if (p[2].revents) {
			err = serve_ready(port, edge);
			if (err == E_NET)
				p[2].fd = -1;
			else if (err)
				goto broken;
		}
		if (p[0].revents)
			return 0; /* told to stop, or the parent is gone */
	}
broken:
	log_line(LOG_LEVEL_ERROR, "a message to the signer is malformed: %s",
		 error_text(err));
	return 1;
}

int signer_main(struct ipc *control, const struct role_config *cfg)
{
	struct ipc *ledger = NULL, *edge = NULL;
	struct role_ready ready = { 0 };
	struct signer_local *s = NULL;
	char dir[ROLE_TEXT_CAP + 8], why[SIGNER_WHY_CAP];
	int status = 1;

	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* no core, no debugger */
	snprintf(dir, sizeof(dir), "%s/keys", cfg->dir);
	if (signer_local_open(dir, cfg->passphrase, &s, why))
		return role_failed(control, "%s", why);
	if (ipc_new(FD_SIGNER, signer_ledger_rules, signer_ledger_rule_count,
		    &ledger) ||
	    ipc_new(FD_EDGE, signer_edge_rules, signer_edge_rule_count,
		    &edge)) {
		status = role_failed(control, "out of memory");
		goto out;
	}
	if (cfg->sandbox && sandbox_enter(SANDBOX_SIGNER, dir, why)) {
		status = role_failed(control, "%s", why);
		goto out;
	}
	if (!role_ready_send(control, &ready))
		status = serve(signer_local_port(s), control, ledger, edge);
out:
	ipc_free(ledger);
	ipc_free(edge);
	signer_local_free(s);
	return status;
}
