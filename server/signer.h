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
 * server's passphrase: ca.pem (P-256), release-hpke.pem (X25519), noise.pem
 * (X25519), device-PRODUCT.pem (P-256).
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

#define SIGNER_TEXT_CAP 160
/* Longest message 2 and commit (authority/sealed.h). */
#define SIGNER_MESSAGE2_MAX 1408
#define SIGNER_COMMIT_MAX 1024

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
	uint8_t out_enc[X25519_LEN];
	uint8_t out_sealed[AEAD_KEY_LEN + AEAD_TAG_LEN];
};

/* The transport keys of a sealed attempt at rest: HPKE enc 32 || both keys 64
 * + tag 16, sealed to the signer's own key under LABEL_HPKE_SESSION, AAD =
 * grant u64 LE || attempt u32 LE || header digest. */
#define WRAPPED_SESSION_LEN (X25519_LEN + 64 + AEAD_TAG_LEN)
#define HANDSHAKE_LOADERS_MAX 8

/* What the station gets of message 2: HPKE enc 32 || link key 32, done token
 * 16, tag 16, sealed to its enrolled key under LABEL_HPKE_LINK, AAD = grant
 * u64 LE || attempt u32 LE || header digest. */
#define SEALED_LINK_LEN \
	(X25519_LEN + LINK_KEY_LEN + DONE_TOKEN_LEN + AEAD_TAG_LEN)

/* What the signer found.  Anything but OK: no key was computed. */
enum sealed_verdict {
	SEALED_OK,
	SEALED_UNREADABLE, /* does not open: altered, or of something else */
	SEALED_CLAIM,	   /* another chip than the grant's */
	SEALED_LOCK,	   /* not locked as the release orders */
	SEALED_RNG,	   /* its random numbers are not to be trusted */
	SEALED_REPORT,	   /* what is installed is not the release */
	SEALED_LOADER,	   /* made by a loader that is no longer admitted */
};

/* One attempt on one chip, as the ledger has it in its books. */
struct signer_attempt {
	char order[NAME_CAP];
	uint64_t grant;
	uint32_t attempt;
	uint8_t family, uid_len;
	uint8_t uid[UID_MAX];
	char serial[SERIAL_CAP]; /* what goes into the image, where the release
				  * has a place for it */
	const uint8_t *header;	 /* COSE_Sign1 of the order's release */
	size_t header_len;
};

struct signer_handshake {
	struct signer_attempt at;
	uint8_t challenge[CHALLENGE_LEN];
	uint8_t wrapped[WRAPPED_KEY_LEN]; /* the order's content key */
	/* Digests of the loaders that may have made message 1: admitted ones
	 * first, then some that were once, to tell why it is refused. */
	uint8_t loaders[HANDSHAKE_LOADERS_MAX][DIGEST_LEN];
	uint8_t loader_count, admitted_count;
	char batch[NAME_CAP]; /* stage 0: Noise_NKpsk0; "" = Noise_NK */
	uint8_t master[WRAPPED_KEY_LEN];
	uint8_t kem_pub[X25519_LEN]; /* the station's */
	const uint8_t *message;
	size_t message_len;
	/* results */
	enum sealed_verdict verdict;
	char why[SIGNER_TEXT_CAP];
	uint8_t loader; /* index of the one that it is */
	uint8_t link[SEALED_LINK_LEN];
	uint8_t session[WRAPPED_SESSION_LEN];
	uint8_t message2[SIGNER_MESSAGE2_MAX];
	size_t message2_len;
};

struct signer_commit {
	struct signer_attempt at;
	uint8_t session[WRAPPED_SESSION_LEN];
	/* The order's content key and chunks: where the image holds the serial
	 * number, what is to be installed is computed anew.  Else no chunks. */
	uint8_t wrapped[WRAPPED_KEY_LEN];
	const uint8_t *chunks;
	size_t chunks_len;
	const uint8_t *report, *credential, *firmware; /* the last two COSE */
	size_t report_len, credential_len, firmware_len;
	/* results */
	enum sealed_verdict verdict;
	char why[SIGNER_TEXT_CAP];
	uint8_t commit[SIGNER_COMMIT_MAX];
	size_t commit_len;
};

struct signer_stage0 { /* the secret of one chip, for one station */
	char batch[NAME_CAP];
	uint8_t master[WRAPPED_KEY_LEN];
	uint8_t family, uid_len;
	uint8_t uid[UID_MAX];
	uint8_t kem_pub[X25519_LEN];
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
	/* Seals n stored content keys to stations, AAD as for WRAPPED_KEY_LEN;
	 * the same question may get the same bytes again. */
	int (*rewrap)(void *self, struct signer_rewrap *items, size_t n);
	/* Opens message 1, compares it with what is in the books, judges the
	 * claim, and makes message 2 with fresh keys.  0 with a verdict, or
	 * E_* when the question itself is wrong. */
	int (*handshake)(void *self, struct signer_handshake *h);
	/* Opens the report, judges it, and seals the commit. */
	int (*commit)(void *self, struct signer_commit *c);
	/* A new batch master, wrapped like a content key under
	 * LABEL_HPKE_MASTER, AAD = batch name || 0. */
	int (*batch_make)(void *self, const char *batch,
			  uint8_t out_master[WRAPPED_KEY_LEN]);
	int (*stage0)(void *self, struct signer_stage0 *s);
	/* The Noise static key's public half, which loaders carry. */
	int (*noise_key)(void *self, uint8_t out_pub[X25519_LEN]);
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
