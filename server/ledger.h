/* SPDX-License-Identifier: MIT */
/*
 * server/ledger.h - decides, and writes down what it decided.
 *
 * The only user of the database.  ledger_batch() answers a batch of requests
 * in one transaction (group commit); answers exist only once the commit is
 * durable.  One bad request never fails its neighbours: refusals are decided
 * in memory before anything is changed, and should anything else fail, the
 * transaction is undone and its requests are run again one by one.  All rules
 * live in ledger_rules.c as pure functions over rows; store/ only reads and
 * writes rows.
 *
 * Request keys: (flasher, operation, nonce).  A request that comes again gets
 * the stored answer; the same nonce with any other content is refused with
 * R_REPLAY and logged as "request.altered".  In sealed mode the key of a
 * handshake is the SHA-256 of message 1 within its attempt, that of a report
 * likewise; another message with the same ephemeral key is refused with
 * R_REPLAY and logged as "handshake.altered".  Refusals are not stored: the
 * same request may succeed later.  Reports have no nonce, a repeated one
 * changes nothing.
 *
 * States of a grant: reserved, released (the unit went back), delivered,
 * installed, closed, unknown, scrapped.  Serial numbers are given when the
 * credential is made, so none is lost or given twice when a lease runs out.
 *
 * Log events: person.created product.created release.uploaded order.created
 * order.paused order.resumed order.ended flasher.invited flasher.enrolled
 * flasher.revoked loader.admitted loader.retired batch.created batch.secret
 * grant.reserved (first attempt) grant.attempt (a further
 * one) grant.moved (to another flasher) grant.delivered grant.installed
 * grant.closed grant.failed grant.expired grant.unknown grant.scrapped
 * grant.retry grant.rework storage.failed; refusals: OP.refused (OP = grant
 * deliver report work release enrol product order flasher device log status
 * keys handshake installed loader batch stage0), uid.conflict,
 * request.altered, handshake.altered.
 *
 * Not thread-safe: one thread uses a ledger.
 */
#ifndef SERVER_LEDGER_H
#define SERVER_LEDGER_H

#include "api/messages.h"
#include "server/signer.h"

struct ledger; /* opaque */

struct ledger_config {
	const char *db_path; /* SQLite file, or ":memory:" in tests */
	const struct signer_port *signer; /* borrowed */
	uint32_t flasher_port;		  /* told to enrolling stations */
	const char *enrol_host;	  /* goes into one-time codes: host:port */
	uint32_t unknown_after_s; /* delivered/installed and silent this long
				   * becomes "unknown"; default 3600 */
	/* Wall clock in seconds, for times shown to people and for leases when
	 * the database is SQLite; tests move it. NULL = time(2). */
	int64_t (*now)(void *arg);
	void *now_arg;
	const char *version; /* of the program, for OP_STATUS */
	const char *vfs; /* SQLite VFS name, NULL = default (tests cut here) */
};

/* A request that was refused before it could become one: with this op, request
 * points to a struct ledger_refused, there is no answer, and it is only written
 * down, as "request.refused". */
#define LEDGER_REFUSED ((enum api_op)0)

struct ledger_refused {
	enum api_op op; /* what was asked for; 0 = nothing that there is */
	enum refusal_code code;
	char cause[TEXT_CAP]; /* printable */
};

/* One request of a batch.  request and answer are structs of the op's shapes;
 * on success (refusal.http == 0) answer is filled, to be released with
 * shape_clear(). */
struct ledger_job {
	enum api_op op;
	struct api_caller caller;
	const void *request;
	void *answer; /* zeroed, big enough for the answer's shape */
	struct refusal refusal;
};

/* Opens, migrates, checks.  why[] explains a failure in one line.  A second
 * ledger on the same file is refused (E_DB_BUSY). */
MUST_USE int ledger_open(const struct ledger_config *cfg, struct ledger **out,
			 char why[256]);
void ledger_close(struct ledger *l);

/* Answers all jobs.  Returns 0 even if jobs were refused; a negative E_* only
 * if nothing at all could be committed, then every job is refused with
 * R_STORAGE or R_INTERNAL. */
int ledger_batch(struct ledger *l, struct ledger_job *jobs, size_t n);

/* Expires leases and marks silent grants; called about once a second. */
int ledger_tick(struct ledger *l);

/* Creates an administration token (64 hex digits) for a person; only the
 * SHA-256 of its text is stored, which is what api_caller.id carries.  Used by
 * `signetd init`. */
MUST_USE int ledger_token_create(struct ledger *l, const char *person,
				 char out_hex[65]);

#endif
