/* SPDX-License-Identifier: MIT */
/* verify_openssl.h - struct signet_crypto by OpenSSL, for tests on the host. */
#ifndef TESTS_LIB_VERIFY_OPENSSL_H
#define TESTS_LIB_VERIFY_OPENSSL_H

#include "verify/signet_verify.h"
#include "wire/cose.h"

extern const struct signet_crypto verify_openssl;

/* SHA-256 of the Sig_structure that s was signed over. */
void verify_openssl_hash(const char *label, const struct cose_sign1 *s,
			 uint8_t out[DIGEST_LEN]);

/* ES256 over a hash as it is, by an EVP_PKEY. */
void verify_openssl_sign(void *pkey, const uint8_t hash[32], uint8_t sig[64]);

#endif
