/* SPDX-License-Identifier: MIT */
/*
 * server/roles.h - the processes of signetd, and every message among them.
 *
 *            control                 control: all roles, from the parent
 *   parent ──────────► edge, ledger, signer
 *   edge   ──────────► ledger        requests of HTTP, answers back
 *   edge   ──────────► signer        its TLS certificate, nothing else
 *   ledger ──────────► signer        what struct signer_port can do
 *
 * A side accepts what its table of struct ipc_rule names, with that length at
 * most; anything else breaks the channel and so ends the server.
 */
#ifndef SERVER_ROLES_H
#define SERVER_ROLES_H

#include "api/messages.h"
#include "server/ipc.h"

enum role { ROLE_EDGE, ROLE_LEDGER, ROLE_SIGNER, ROLE_COUNT };

extern const char *const role_names[ROLE_COUNT]; /* "edge" ... */

/* Inherited descriptors of a role. */
enum role_fd {
	FD_CONTROL = 3,
	FD_LEDGER = 4, /* edge: to the ledger; ledger: to the edge */
	FD_SIGNER = 5, /* edge, ledger: to the signer; signer: to the ledger */
	FD_EDGE = 6,   /* signer: to the edge */
	FD_LOCK = 7,   /* ledger: holds the folder's lock */
	FD_LAST = 7,
};

enum role_message {
	/* parent to role, and back */
	MSG_CONFIG = 1, /* struct role_config */
	MSG_READY = 2,	/* struct role_ready */
	MSG_STOP = 3,	/* finish and exit; no payload */

	/* edge to ledger, and back */
	MSG_REQUEST = 10, /* u8 op, u8 port, id 32, packed request */
	MSG_ANSWER = 11,  /* u8 op, u8 refused, packed answer or refusal */
	/* no answer: u8 op (0 = none), u8 port, id 32, u8 code, cause */
	MSG_REFUSED = 12,

	/* to the signer; the answer has the same type: i32 error, result */
	MSG_PRODUCT_KEY = 20,
	MSG_CREDENTIALS = 21,
	MSG_RELEASE_CHECK = 22,
	MSG_RELEASE_ENCRYPT = 23,
	MSG_REWRAP = 24,
	MSG_STATION_CERT = 25,
	MSG_SERVER_CERT = 26,
	MSG_PUBLIC_KEYS = 27,
	MSG_HANDSHAKE = 28,
	MSG_COMMIT = 29,
	MSG_BATCH_MAKE = 30,
	MSG_STAGE0 = 31,
	MSG_NOISE_KEY = 32,
};

#define ROLE_TEXT_CAP 512
#define REQUEST_HEAD_LEN 34
#define REFUSED_MAX (REQUEST_HEAD_LEN + 1 + TEXT_CAP - 1)
#define PACKED_REQUEST_MAX (RELEASE_FILE_CAP + 4096)
#define PACKED_ANSWER_MAX (4u << 20)
#define CREDENTIALS_MAX 1024 /* records in one message to the signer */

/* What a role must know; fields that are not its business stay empty. */
struct role_config {
	char dir[ROLE_TEXT_CAP];
	char passphrase[ROLE_TEXT_CAP]; /* signer */
	char names[ROLE_TEXT_CAP];	/* edge */
	char flasher_address[64], enrol_address[64], admin_address[64];
	uint32_t flasher_port, enrol_port, admin_port;
	char enrol_host[ROLE_TEXT_CAP]; /* ledger: for one-time codes */
	uint32_t connections, per_ip, request_s, idle_s;
	uint32_t unknown_after_s;
	uint32_t tls_key_s; /* edge: life of one TLS key */
	uint32_t log_level;
	bool log_json;
	bool sandbox;
};

struct role_ready {
	uint32_t flasher_port, enrol_port, admin_port; /* edge */
	char why[ROLE_TEXT_CAP]; /* not empty: it could not start */
};

extern const struct shape role_config_shape, role_ready_shape;

/* The roles' main functions; each returns an exit status.  Inherited
 * descriptors are as above. */
int edge_main(struct ipc *control, const struct role_config *cfg);
int ledger_main(struct ipc *control, const struct role_config *cfg);
int signer_main(struct ipc *control, const struct role_config *cfg);

/* Tells the parent that the role works, or (why) that it cannot. */
int role_ready_send(struct ipc *control, const struct role_ready *ready);
/* Same with a text; always returns 1, the exit status. */
int role_failed(struct ipc *control, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
