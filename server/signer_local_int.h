/* SPDX-License-Identifier: MIT */
/* server/signer_local_int.h - what the files of signer_local share. */
#ifndef SERVER_SIGNER_LOCAL_INT_H
#define SERVER_SIGNER_LOCAL_INT_H

#include "keys/keyfile.h"
#include "server/signer_local.h"

#define PATH_CAP 512

struct product_key {
	struct product_key *next;
	char name[NAME_CAP];
	struct crypto_key *key;
};

/* Content keys that were opened lately: devices of one order come in a row,
 * and opening costs as much as all the rest of a delivery. */
#define OPENED_MAX 16

struct opened {
	char order[NAME_CAP];
	uint8_t digest[DIGEST_LEN];
	uint8_t wrapped[WRAPPED_KEY_LEN];
	uint8_t key[AEAD_KEY_LEN];
};

/* A content key as it was sealed to a station: the same bytes for every device
 * that it builds of the order.  Nothing secret, and made anew when it is not
 * here: sealing takes four times as long as signing a credential. */
#define SEALED_KEYS_MAX 1024

struct sealed_key {
	char order[NAME_CAP]; /* "" = free */
	uint8_t digest[DIGEST_LEN];
	uint8_t wrapped[WRAPPED_KEY_LEN];
	uint8_t kem_pub[X25519_LEN];
	uint8_t enc[X25519_LEN];
	uint8_t sealed[AEAD_KEY_LEN + AEAD_TAG_LEN];
};

struct signer_local {
	struct signer_port port;
	char dir[PATH_CAP - 64];
	char pass[PASSPHRASE_CAP];
	struct crypto_key *ca_key, *hpke_key, *noise_key;
	uint8_t *ca;
	size_t ca_len;
	uint8_t hpke_pub[X25519_LEN];
	struct product_key *products;
	struct opened opened[OPENED_MAX];
	unsigned opened_next; /* the slot to be used next */
	struct sealed_key sealed[SEALED_KEYS_MAX];
};

/* server/signer_content.c: three functions of the port */
int signer_release_check(void *self, const uint8_t release_pub[65],
			 const uint8_t *file, size_t len,
			 struct release_header *out,
			 uint8_t out_header_digest[DIGEST_LEN]);
int signer_release_encrypt(void *self, const uint8_t release_pub[65],
			   const uint8_t *file, size_t len, const char *order,
			   uint8_t out_wrapped[WRAPPED_KEY_LEN],
			   uint8_t **out_chunks, size_t *out_len);
int signer_rewrap(void *self, struct signer_rewrap *items, size_t n);
/* ... and what signer_sealed.c needs of it. */
MUST_USE int signer_content_key(struct signer_local *s, const char *order,
				const uint8_t digest[DIGEST_LEN],
				const uint8_t wrapped[WRAPPED_KEY_LEN],
				uint8_t out[AEAD_KEY_LEN]);

/* server/signer_sealed.c: five functions of the port */
int signer_handshake(void *self, struct signer_handshake *h);
int signer_commit(void *self, struct signer_commit *c);
int signer_batch_make(void *self, const char *batch,
		      uint8_t out_master[WRAPPED_KEY_LEN]);
int signer_stage0(void *self, struct signer_stage0 *q);
int signer_noise_key(void *self, uint8_t out_pub[X25519_LEN]);

#endif
