/* SPDX-License-Identifier: MIT */
/* Messages to the signer: releases and content keys. */
#include "server/signer_ipc_int.h"

/* ---- release check: file -> header ------------------------------------- */

int signer_ask_release_check(void *self, const uint8_t release_pub[65],
			     const uint8_t *file, size_t len,
			     struct release_header *out,
			     uint8_t out_header_digest[DIGEST_LEN])
{
	uint8_t digest[DIGEST_LEN];
	const uint8_t *header;
	size_t header_len;
	struct wr w;
	struct rd r;
	int err = msg_wr_new(&w, FILE_MSG_MAX);

	wr_bytes(&w, release_pub, P256_PUB_LEN);
	msg_wr_blob(&w, file, len);
	if (!err)
		err = signer_ask(self, MSG_RELEASE_CHECK, &w, &r);
	if (err)
		return err;
	rd_copy(&r, digest, sizeof(digest));
	header = msg_rd_blob(&r, RELEASE_HEADER_MAX, &header_len);
	err = rd_end(&r);
	if (!err)
		err = release_header_decode(header, header_len, out);
	if (!err)
		memcpy(out_header_digest, digest, sizeof(digest));
	return err;
}

int signer_serve_release_check(const struct signer_port *p, struct rd *r,
			       struct wr *w)
{
	uint8_t pub[P256_PUB_LEN], digest[DIGEST_LEN];
	uint8_t header[RELEASE_HEADER_MAX];
	struct release_header h;
	const uint8_t *file;
	size_t len, header_len;
	int err;

	rd_copy(r, pub, sizeof(pub));
	file = msg_rd_blob(r, RELEASE_FILE_CAP, &len);
	err = rd_end(r);
	if (!err)
		err = p->release_check(p->self, pub, file, len, &h, digest);
	if (!err)
		err = release_header_encode(&h, header, sizeof(header),
					    &header_len);
	if (err)
		return err;
	wr_bytes(w, digest, sizeof(digest));
	msg_wr_blob(w, header, header_len);
	return 0;
}

/* ---- release encrypt: file, order -> wrapped key, chunks --------------- */

int signer_ask_release_encrypt(void *self, const uint8_t release_pub[65],
			       const uint8_t *file, size_t len,
			       const char *order,
			       uint8_t out_wrapped[WRAPPED_KEY_LEN],
			       uint8_t **out_chunks, size_t *out_len)
{
	uint8_t wrapped[WRAPPED_KEY_LEN];
	const uint8_t *chunks;
	size_t chunks_len;
	struct wr w;
	struct rd r;
	int err = msg_wr_new(&w, FILE_MSG_MAX);

	wr_bytes(&w, release_pub, P256_PUB_LEN);
	msg_wr_field(&w, order, NAME_CAP);
	msg_wr_blob(&w, file, len);
	if (!err)
		err = signer_ask(self, MSG_RELEASE_ENCRYPT, &w, &r);
	if (err)
		return err;
	rd_copy(&r, wrapped, sizeof(wrapped));
	chunks = msg_rd_blob(&r, CHUNKS_MAX, &chunks_len);
	err = rd_end(&r);
	if (!err)
		err = msg_copy_out(chunks, chunks_len, out_chunks, out_len);
	if (!err)
		memcpy(out_wrapped, wrapped, sizeof(wrapped));
	return err;
}

int signer_serve_release_encrypt(const struct signer_port *p, struct rd *r,
				 struct wr *w)
{
	uint8_t pub[P256_PUB_LEN], wrapped[WRAPPED_KEY_LEN];
	uint8_t *chunks = NULL;
	char order[NAME_CAP];
	const uint8_t *file;
	size_t len, chunks_len;
	int err;

	rd_copy(r, pub, sizeof(pub));
	msg_rd_field(r, order, sizeof(order));
	file = msg_rd_blob(r, RELEASE_FILE_CAP, &len);
	err = rd_end(r);
	if (!err)
		err = p->release_encrypt(p->self, pub, file, len, order,
					 wrapped, &chunks, &chunks_len);
	if (err)
		return err;
	wr_bytes(w, wrapped, sizeof(wrapped));
	msg_wr_blob(w, chunks, chunks_len);
	free(chunks);
	return 0;
}

/* ---- rewrap: stored content keys -> flasher's key ---------------------- */

static void wr_rewrap(struct wr *w, const struct signer_rewrap *i)
{
	msg_wr_field(w, i->order, NAME_CAP);
	wr_bytes(w, i->header_digest, DIGEST_LEN);
	wr_bytes(w, i->wrapped, WRAPPED_KEY_LEN);
	wr_bytes(w, i->kem_pub, X25519_LEN);
}

static void rd_rewrap(struct rd *r, struct signer_rewrap *i)
{
	msg_rd_field(r, i->order, NAME_CAP);
	rd_copy(r, i->header_digest, DIGEST_LEN);
	rd_copy(r, i->wrapped, WRAPPED_KEY_LEN);
	rd_copy(r, i->kem_pub, X25519_LEN);
}

int signer_ask_rewrap(void *self, struct signer_rewrap *items, size_t n)
{
	struct wr w;
	struct rd r;
	int err;

	if (n > CREDENTIALS_MAX)
		return E_TOO_LARGE;
	err = msg_wr_new(&w, 4 + n * REWRAP_LEN);
	wr_u32(&w, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		wr_rewrap(&w, &items[i]);
	if (!err)
		err = signer_ask(self, MSG_REWRAP, &w, &r);
	for (size_t i = 0; i < n && !err; i++) {
		rd_copy(&r, items[i].out_enc, sizeof(items[i].out_enc));
		rd_copy(&r, items[i].out_sealed, sizeof(items[i].out_sealed));
	}
	return err ? err : rd_end(&r);
}

int signer_serve_rewrap(const struct signer_port *p, struct rd *r, struct wr *w)
{
	struct signer_rewrap *items;
	uint32_t n = rd_u32(r);
	int err;

	if (n > CREDENTIALS_MAX)
		return E_TOO_LARGE;
	items = calloc(n ? n : 1, sizeof(*items));
	if (!items)
		return E_NOMEM;
	for (uint32_t i = 0; i < n; i++)
		rd_rewrap(r, &items[i]);
	err = rd_end(r);
	if (!err)
		err = p->rewrap(p->self, items, n);
	for (uint32_t i = 0; i < n && !err; i++) {
		wr_bytes(w, items[i].out_enc, sizeof(items[i].out_enc));
		wr_bytes(w, items[i].out_sealed, sizeof(items[i].out_sealed));
	}
	free(items);
	return err;
}
