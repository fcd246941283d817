/* SPDX-License-Identifier: MIT */
/*
 * server/signer_local.h - the signer on keys in this process.
 *
 * Used inside the signer role, by `signetd init`, and by tests.
 */
#ifndef SERVER_SIGNER_LOCAL_H
#define SERVER_SIGNER_LOCAL_H

#include "server/signer.h"

#define SIGNER_WHY_CAP 256

struct signer_local; /* opaque */

/* Makes dir (0700), CA key and certificate, the release HPKE key and the Noise
 * key, all encrypted under pass.  ca_name goes into the CA's subject.  What is
 * there already is never overwritten: E_EXISTS. */
MUST_USE int signer_local_create(const char *dir, const char *pass,
				 const char *ca_name, char why[SIGNER_WHY_CAP]);
/* Opens them (a missing Noise key is made); product keys are opened when first
 * needed.  Keeps copies of dir and pass. */
MUST_USE int signer_local_open(const char *dir, const char *pass,
			       struct signer_local **out,
			       char why[SIGNER_WHY_CAP]);
/* Wipes and frees; NULL is allowed. */
void signer_local_free(struct signer_local *s);
/* Borrowed; for one thread at a time. */
const struct signer_port *signer_local_port(struct signer_local *s);

#endif
