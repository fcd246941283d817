/* SPDX-License-Identifier: MIT */
/* server/signer_ipc_int.h - what the files of signer_ipc share. */
#ifndef SERVER_SIGNER_IPC_INT_H
#define SERVER_SIGNER_IPC_INT_H

#include <stdlib.h>
#include <string.h>

#include "base/ct.h"
#include "base/rw.h"
#include "server/roles.h"
#include "server/signer_ipc.h"

#define CSR_MAX 4096
#define NAMES_MAX 512
#define CERT_MAX 4096
#define HEADER_MAX (RELEASE_HEADER_MAX + DIGEST_LEN + 16)
#define CHUNKS_MAX (IMAGE_MAX + IMAGE_MAX / 16)
#define FILE_MSG_MAX (RELEASE_FILE_CAP + 256)
#define CLAIMS_LEN (2 * NAME_CAP + SERIAL_CAP + 16 + UID_MAX + 3 + DIGEST_LEN)
#define SIGNED_LEN (2 + CREDENTIAL_MAX)
#define REWRAP_LEN (NAME_CAP + DIGEST_LEN + WRAPPED_KEY_LEN + X25519_LEN)
#define REWRAPPED_LEN (X25519_LEN + AEAD_KEY_LEN + AEAD_TAG_LEN)
#define MESSAGE_MAX 512 /* message 1, report */
#define ATTEMPT_LEN \
	(NAME_CAP + 14 + UID_MAX + SERIAL_CAP + 4 + RELEASE_HEADER_MAX)
#define HANDSHAKE_LEN                                            \
	(ATTEMPT_LEN + CHALLENGE_LEN + 2 * WRAPPED_KEY_LEN + 2 + \
	 HANDSHAKE_LOADERS_MAX * DIGEST_LEN + NAME_CAP + 4 + MESSAGE_MAX)
#define HANDSHAKE_ANSWER_LEN                                                \
	(2 + SIGNER_TEXT_CAP + 2 * LINK_KEY_LEN + WRAPPED_SESSION_LEN + 4 + \
	 SIGNER_MESSAGE2_MAX)
#define COMMIT_LEN                                                  \
	(ATTEMPT_LEN + WRAPPED_SESSION_LEN + WRAPPED_KEY_LEN + 16 + \
	 MESSAGE_MAX + CREDENTIAL_MAX + FIRMWARE_SIG_MAX)
#define COMMIT_MSG_MAX (COMMIT_LEN + CHUNKS_MAX)
#define COMMIT_ANSWER_LEN (1 + SIGNER_TEXT_CAP + 4 + SIGNER_COMMIT_MAX)
#define STAGE0_MSG_LEN (NAME_CAP + WRAPPED_KEY_LEN + 2 + UID_MAX + X25519_LEN)
#define BATCH_MAX(one) (4 + CREDENTIALS_MAX * (one))

/* A text in a field of cap bytes, zero-filled. */
void msg_wr_field(struct wr *w, const char *s, size_t cap);
void msg_rd_field(struct rd *r, char *out, size_t cap);
void msg_wr_blob(struct wr *w, const uint8_t *p, size_t len);
const uint8_t *msg_rd_blob(struct rd *r, size_t max, size_t *len);
int msg_copy_out(const uint8_t *p, size_t len, uint8_t **out, size_t *out_len);
/* A writer over fresh memory. */
int msg_wr_new(struct wr *w, size_t cap);
void msg_wr_free(struct wr *w);

/* Sends what w holds (and frees it), waits for the answer; r then stands
 * behind the error code, which is returned. */
int signer_ask(struct signer_client *c, uint16_t type, struct wr *w,
	       struct rd *r);

int signer_ask_product_key(void *self, const char *product,
			   uint8_t out_pub[P256_PUB_LEN]);
int signer_ask_credentials(void *self, struct signer_credential *items,
			   size_t n);
int signer_ask_release_check(void *self, const uint8_t release_pub[65],
			     const uint8_t *file, size_t len,
			     struct release_header *out,
			     uint8_t out_header_digest[DIGEST_LEN]);
int signer_ask_release_encrypt(void *self, const uint8_t release_pub[65],
			       const uint8_t *file, size_t len,
			       const char *order,
			       uint8_t out_wrapped[WRAPPED_KEY_LEN],
			       uint8_t **out_chunks, size_t *out_len);
int signer_ask_rewrap(void *self, struct signer_rewrap *items, size_t n);
int signer_ask_station_cert(void *self, const char *flasher, const uint8_t *csr,
			    size_t len, uint8_t **out, size_t *out_len);
int signer_ask_server_cert(void *self, const char *names, const uint8_t *csr,
			   size_t len, uint8_t **out, size_t *out_len);
int signer_ask_public_keys(void *self, uint8_t **out_ca, size_t *out_ca_len,
			   uint8_t out_hpke[X25519_LEN]);

int signer_ask_handshake(void *self, struct signer_handshake *h);
int signer_ask_commit(void *self, struct signer_commit *c);
int signer_ask_batch_make(void *self, const char *batch,
			  uint8_t out_master[WRAPPED_KEY_LEN]);
int signer_ask_stage0(void *self, struct signer_stage0 *s);
int signer_ask_noise_key(void *self, uint8_t out_pub[X25519_LEN]);

int signer_serve_product_key(const struct signer_port *p, struct rd *r,
			     struct wr *w);
int signer_serve_credentials(const struct signer_port *p, struct rd *r,
			     struct wr *w);
int signer_serve_release_check(const struct signer_port *p, struct rd *r,
			       struct wr *w);
int signer_serve_release_encrypt(const struct signer_port *p, struct rd *r,
				 struct wr *w);
int signer_serve_rewrap(const struct signer_port *p, struct rd *r,
			struct wr *w);
int signer_serve_station_cert(const struct signer_port *p, struct rd *r,
			      struct wr *w);
int signer_serve_server_cert(const struct signer_port *p, struct rd *r,
			     struct wr *w);
int signer_serve_public_keys(const struct signer_port *p, struct rd *r,
			     struct wr *w);
int signer_serve_handshake(const struct signer_port *p, struct rd *r,
			   struct wr *w);
int signer_serve_commit(const struct signer_port *p, struct rd *r,
			struct wr *w);
int signer_serve_batch_make(const struct signer_port *p, struct rd *r,
			    struct wr *w);
int signer_serve_stage0(const struct signer_port *p, struct rd *r,
			struct wr *w);
int signer_serve_noise_key(const struct signer_port *p, struct rd *r,
			   struct wr *w);

#endif
