/* SPDX-License-Identifier: MIT */
/*
 * server/signer.h - the few typed things that the holder of keys does.
 *
 * struct signer_port is what the ledger (and, for its TLS certificate, the
 * edge) may ask.  server/signer_local.c implements it on keys in this process
 * (used inside the signer role, and by tests); server/signer_ipc.c implements
 * it over the socket to the signer process.  The signer re-checks every
 * record that it signs: sizes, names, families, ranges.
 *
 * Private keys lie in DIR/keys, one PKCS#8 PEM each, encrypted under the
 * server's passphrase: ca.pem (P-256), release-hpke.pem (X25519),
 * device-PRODUCT.pem (P-256).
 */
#ifndef SERVER_SIGNER_H
#define SERVER_SIGNER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "crypto/crypto.h"
#include "wire/credential.h"
#include "wire/release.h"

/* A content key at rest: HPKE enc 32 || sealed key 32 + tag 16, sealed to the
 * signer's own release-hpke key under LABEL_HPKE_STORED_KEY, AAD = order name
 * || 0 || header digest. */
#define WRAPPED_KEY_LEN 80

struct signer_credential { /* one element of a batch */
	struct credential claims;
	uint8_t out[CREDENTIAL_MAX];
	size_t out_len;
};

struct signer_rewrap { /* stored content key -> one enrolled flasher */
	char order[NAME_CAP];
	uint8_t header_digest[DIGEST_LEN];
	uint8_t wrapped[WRAPPED_KEY_LEN];
	uint8_t kem_pub[X25519_LEN];
	uint64_t grant;
	uint32_t attempt;
	uint8_t out_enc[X25519_LEN];
	uint8_t out_sealed[AEAD_KEY_LEN + AEAD_TAG_LEN];
};

struct signer_port {
	void *self;
	/* The public half of a product's device key, which is made if it does
	 * not exist yet: a product whose commit was lost after its key was
	 * written is simply created again.  That a name is used once is the
	 * ledger's business. */
	int (*product_key)(void *self, const char *product,
			   uint8_t out_pub[P256_PUB_LEN]);
	/* Signs n credentials with their products' device keys. */
	int (*credentials)(void *self, struct signer_credential *items,
			   size_t n);
	/* Checks a release file against release_pub and its own seal; returns
	 * the header. */
	int (*release_check)(void *self, const uint8_t release_pub[65],
			     const uint8_t *file, size_t len,
			     struct release_header *out,
			     uint8_t out_header_digest[DIGEST_LEN]);
	/* Makes the content key of (release, order) and the chunk stream
	 * (malloc'ed). */
	int (*release_encrypt)(void *self, const uint8_t release_pub[65],
			       const uint8_t *file, size_t len,
			       const char *order,
			       uint8_t out_wrapped[WRAPPED_KEY_LEN],
			       uint8_t **out_chunks, size_t *out_len);
	int (*rewrap)(void *self, struct signer_rewrap *items, size_t n);
	/* X.509 for a station: CSR DER in, certificate DER out (malloc'ed),
	 * subject CN = flasher name, EKU clientAuth, 2 years. */
	int (*station_cert)(void *self, const char *flasher, const uint8_t *csr,
			    size_t len, uint8_t **out, size_t *out_len);
	/* X.509 for the edge: CSR DER in; names: comma-separated DNS names and
	 * IP addresses; EKU serverAuth, 90 days.  Once per start. */
	int (*server_cert)(void *self, const char *names, const uint8_t *csr,
			   size_t len, uint8_t **out, size_t *out_len);
	/* Public halves: CA certificate DER (malloc'ed), HPKE key. */
	int (*public_keys)(void *self, uint8_t **out_ca, size_t *out_ca_len,
			   uint8_t out_hpke[X25519_LEN]);
};

#endif
