/* SPDX-License-Identifier: MIT */
/*
 * server/x509.h - the certificates of one Signet server, by OpenSSL.
 *
 * One CA (P-256, 20 years) signs stations (clientAuth, 2 years) and the edge's
 * TLS key (serverAuth, 90 days).  Whatever a CSR asks for beyond its key is
 * ignored.  Certificates travel as DER, malloc'ed.
 */
#ifndef SERVER_X509_H
#define SERVER_X509_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "crypto/crypto.h"

MUST_USE int x509_ca_make(const struct crypto_key *key, const char *name,
			  uint8_t **out, size_t *out_len);
/* PKCS#10 for key. */
MUST_USE int x509_csr_make(const struct crypto_key *key, const char *name,
			   uint8_t **out, size_t *out_len);
/* E_SYNTAX when the CSR cannot be parsed, E_KEY when its key is not P-256,
 * E_SIGNATURE when it is not signed by its own key. */
MUST_USE int x509_sign_station(const struct crypto_key *ca_key,
			       const uint8_t *ca, size_t ca_len,
			       const char *flasher, const uint8_t *csr,
			       size_t len, uint8_t **out, size_t *out_len);
/* names: DNS names and IP addresses, comma-separated; E_ARG when one is
 * neither. */
MUST_USE int x509_sign_server(const struct crypto_key *ca_key,
			      const uint8_t *ca, size_t ca_len,
			      const char *names, const uint8_t *csr, size_t len,
			      uint8_t **out, size_t *out_len);
/* DER to PEM, malloc'ed text, and back (the first certificate). */
MUST_USE int x509_to_pem(const uint8_t *der, size_t len, char **out);
MUST_USE int x509_from_pem(const char *pem, uint8_t **out, size_t *out_len);
/* E_KEY when the certificate is not for this key. */
MUST_USE int x509_check_key(const uint8_t *der, size_t len,
			    const struct crypto_key *key);

#endif
