/* SPDX-License-Identifier: MIT */
/*
 * tests/lib/ledger_bed.h - a ledger with a real signer, ready to be asked.
 *
 * Keys lie in a temporary folder.  The clock stands still until a test moves
 * it.  Helpers that "must" succeed end the test when they do not.
 */
#ifndef TESTS_LIB_LEDGER_BED_H
#define TESTS_LIB_LEDGER_BED_H

#include <stdio.h>

#include "server/ledger.h"
#include "server/signer_local.h"

/* Sets a text field; cut if too long. */
#define BED_SET(field, text) snprintf((field), sizeof(field), "%s", (text))

#define BED_PRODUCT "lamp"
#define BED_RELEASE "1.0.0"
#define BED_MAKER "acme"

struct bed {
	char dir[64], db[96];
	struct signer_local *signer_keys;
	struct signer_port signer; /* a copy: tests replace single functions */
	struct crypto_key *release_key;
	uint8_t release_pub[P256_PUB_LEN];
	struct ledger *ledger;
	int64_t now;
	struct api_caller admin;
	const char *vfs;
	uint32_t unknown_after_s;
};

struct bed_flasher {
	char name[NAME_CAP];
	struct api_caller caller;
	struct crypto_key *kem;
};

/* Keys, no ledger yet. */
void bed_keys(struct bed *b);
/* Opens the ledger on b->db; 0 or E_*, why on stderr. */
int bed_open(struct bed *b);
void bed_shut(struct bed *b); /* closes the ledger only */
void bed_token(struct bed *b);
/* All of that, and product and release. */
void bed_setup(struct bed *b);
void bed_product(struct bed *b);
void bed_teardown(struct bed *b);

/* One request alone.  Returns the refusal's code as a number of the list, or
 * R_NONE; refusal may be NULL. */
enum refusal_code bed_call(struct bed *b, enum api_op op,
			   struct api_caller caller, const void *request,
			   void *answer, struct refusal *refusal);
enum refusal_code bed_code(const struct refusal *r);

/* A release file of `size` bytes of firmware. */
void bed_release_file(struct bed *b, const char *product, const char *version,
		      uint32_t size, struct blob *out);
void bed_order(struct bed *b, const char *name, uint32_t quantity);
void bed_invite(struct bed *b, const char *name, const char *maker,
		uint32_t channels, char code[TEXT_CAP]);
void bed_enrol(struct bed *b, const char *name, const char *maker,
	       uint32_t channels, struct bed_flasher *out);
void bed_flasher_free(struct bed_flasher *f);

/* A genuine chip number n, and a nonce number n. */
void bed_grant_request(const char *order, uint32_t chip, uint64_t nonce,
		       struct grant_request *out);
void bed_nonce(uint64_t n, uint8_t out[NONCE_LEN]);

/* Shortcuts for the flasher's three calls; answers are cleared. */
enum refusal_code bed_grant(struct bed *b, const struct bed_flasher *f,
			    const char *order, uint32_t chip, uint64_t nonce,
			    struct grant_answer *out);
enum refusal_code bed_deliver(struct bed *b, const struct bed_flasher *f,
			      uint64_t grant, uint32_t attempt, uint64_t nonce,
			      struct deliver_answer *out);
enum refusal_code bed_report(struct bed *b, const struct bed_flasher *f,
			     uint64_t grant, uint32_t attempt,
			     const char *outcome, char state[NAME_CAP]);

/* Newest log entry; false when the log is empty. */
bool bed_last_log(struct bed *b, struct log_entry *out);
/* Row of the order in OP_ORDERS. */
void bed_order_row(struct bed *b, const char *name, struct order *out);

#endif
