/* SPDX-License-Identifier: MIT */
/*
 * tests/lib/ledger_sealed.h - sealed orders on a ledger bed, with the chip in
 * software (soft_chip.h).
 *
 * What must succeed ends the test when it does not.
 */
#ifndef TESTS_LIB_LEDGER_SEALED_H
#define TESTS_LIB_LEDGER_SEALED_H

#include "tests/lib/ledger_bed.h"
#include "tests/lib/soft_chip.h"
#include "wire/layout.h"

#define VAULT "vault" /* the product, sealed only */
#define VAULT_SIZE 3000

struct vault {
	struct bed *bed;
	struct release_header header;
	uint8_t loader[LOADER_LEN], loader_digest[DIGEST_LEN];
	uint8_t noise_pub[X25519_LEN], device_pub[P256_PUB_LEN];
	char link[NAME_CAP]; /* what grants ask for; "" = do not say */
};

/* Product, release and loader. */
void vault_setup(struct bed *b, struct vault *v);
/* Loader number n, all FF but for the server's key and n; speaks uart. */
void vault_loader(struct vault *v, uint8_t n);
void vault_loader_on(struct vault *v, uint8_t n, const char *link);
void vault_order(struct vault *v, const char *name, uint32_t quantity,
		 const char *batch);

/* One attempt on one chip. */
struct job {
	struct vault *vault;
	const struct bed_flasher *flasher;
	char order[NAME_CAP];
	uint32_t number; /* of the chip */
	struct grant_answer grant;
	struct soft_chip chip;
	char loader[HEX_DIGEST_CAP]; /* named in the handshake; "" = none */
	uint8_t message1[SOFT_MESSAGE1_MAX];
	size_t message1_len;
	struct handshake_answer answer; /* shape_clear() by job_clear() */
	uint8_t link[LINK_KEY_LEN + DONE_TOKEN_LEN]; /* of it, opened */
	uint8_t report[SOFT_REPORT_MAX];
	size_t report_len;
	struct installed_answer commit;
	struct refusal refusal; /* of the last call */
};

/* Asks for the grant, and makes the chip that it is for. */
enum refusal_code job_grant(struct vault *v, const struct bed_flasher *f,
			    const char *order, uint32_t number, uint64_t nonce,
			    struct job *out);
/* The hello of this job. */
void job_hello(const struct job *j, struct hello *out);
void job_message1(struct job *j); /* a fresh message 1 */
enum refusal_code job_handshake(struct job *j);
/* Other bytes in place of message 1, or as the report. */
enum refusal_code job_handshake_with(struct job *j, const uint8_t *msg,
				     size_t len);
void job_message2(struct job *j); /* the chip opens it, and makes its report */
enum refusal_code job_installed(struct job *j);
enum refusal_code job_installed_with(struct job *j, const uint8_t *report,
				     size_t len);
/* message 1, handshake, message 2, report, commit: all must succeed. */
void job_run(struct job *j);
void job_clear(struct job *j);

#endif
