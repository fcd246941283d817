/* SPDX-License-Identifier: MIT */
/*
 * server/signer_ipc.h - struct signer_port over a socket, both ends.
 *
 * Each request and its answer are encoded and decoded side by side in
 * signer_ipc.c.  A client waits for its answer; it is for one thread.
 */
#ifndef SERVER_SIGNER_IPC_H
#define SERVER_SIGNER_IPC_H

#include "server/ipc.h"
#include "server/signer.h"

/* The asking side.  Answers with a channel error are E_NET: the signer is
 * gone, and with it the server. */
struct signer_client {
	struct signer_port port; /* port.self = this struct */
	struct ipc *ipc;	 /* borrowed */
};
void signer_client_init(struct signer_client *c, struct ipc *ipc);

/* What an asking side may receive. */
extern const struct ipc_rule signer_answer_rules[];
extern const size_t signer_answer_rule_count;

/* The answering side: does what m asks with port and sends the answer.
 * Negative when the channel is broken; a request that is malformed gets an
 * error as its answer. */
MUST_USE int signer_serve(const struct signer_port *port, struct ipc *ipc,
			  const struct ipc_msg *m);
/* What each asking side may ask. */
extern const struct ipc_rule signer_edge_rules[], signer_ledger_rules[];
extern const size_t signer_edge_rule_count, signer_ledger_rule_count;

#endif
