/* SPDX-License-Identifier: MIT */
/* Messages to the signer: sealed attempts and stage-0 batches. */
#include "server/signer_ipc_int.h"

static void wr_attempt(struct wr *w, const struct signer_attempt *at)
{
	msg_wr_field(w, at->order, NAME_CAP);
	wr_u64(w, at->grant);
	wr_u32(w, at->attempt);
	wr_u8(w, at->family);
	wr_u8(w, at->uid_len);
	wr_bytes(w, at->uid, UID_MAX);
	msg_wr_field(w, at->serial, SERIAL_CAP);
	msg_wr_blob(w, at->header, at->header_len);
}

static void rd_attempt(struct rd *r, struct signer_attempt *at)
{
	msg_rd_field(r, at->order, NAME_CAP);
	at->grant = rd_u64(r);
	at->attempt = rd_u32(r);
	at->family = rd_u8(r);
	at->uid_len = rd_u8(r);
	rd_copy(r, at->uid, UID_MAX);
	msg_rd_field(r, at->serial, SERIAL_CAP);
	at->header = msg_rd_blob(r, RELEASE_HEADER_MAX, &at->header_len);
}

static void wr_verdict(struct wr *w, enum sealed_verdict v, const char *why)
{
	wr_u8(w, (uint8_t)v);
	msg_wr_field(w, why, SIGNER_TEXT_CAP);
}

static enum sealed_verdict rd_verdict(struct rd *r, char why[SIGNER_TEXT_CAP])
{
	uint8_t v = rd_u8(r);

	msg_rd_field(r, why, SIGNER_TEXT_CAP);
	if (v > SEALED_LOADER)
		rd_fail(r, E_RANGE);
	return (enum sealed_verdict)v;
}

static void rd_blob_into(struct rd *r, uint8_t *out, size_t cap, size_t *len)
{
	const uint8_t *p = msg_rd_blob(r, cap, len);

	if (p)
		memcpy(out, p, *len);
	else
		*len = 0;
}

/* ---- handshake --------------------------------------------------------- */

int signer_ask_handshake(void *self, struct signer_handshake *h)
{
	struct wr w;
	struct rd r;
	int err = msg_wr_new(&w, HANDSHAKE_LEN);

	wr_attempt(&w, &h->at);
	wr_bytes(&w, h->challenge, CHALLENGE_LEN);
	wr_bytes(&w, h->wrapped, WRAPPED_KEY_LEN);
	wr_u8(&w, h->loader_count);
	wr_u8(&w, h->admitted_count);
	wr_bytes(&w, h->loaders, sizeof(h->loaders));
	msg_wr_field(&w, h->batch, NAME_CAP);
	wr_bytes(&w, h->master, WRAPPED_KEY_LEN);
	wr_bytes(&w, h->kem_pub, X25519_LEN);
	msg_wr_blob(&w, h->message, h->message_len);
	if (!err)
		err = signer_ask(self, MSG_HANDSHAKE, &w, &r);
	if (err)
		return err;
	h->verdict = rd_verdict(&r, h->why);
	h->loader = rd_u8(&r);
	rd_copy(&r, h->link, SEALED_LINK_LEN);
	rd_copy(&r, h->session, WRAPPED_SESSION_LEN);
	rd_blob_into(&r, h->message2, sizeof(h->message2), &h->message2_len);
	return rd_end(&r);
}

int signer_serve_handshake(const struct signer_port *p, struct rd *r,
			   struct wr *w)
{
	struct signer_handshake h;
	int err;

	memset(&h, 0, sizeof(h));
	rd_attempt(r, &h.at);
	rd_copy(r, h.challenge, CHALLENGE_LEN);
	rd_copy(r, h.wrapped, WRAPPED_KEY_LEN);
	h.loader_count = rd_u8(r);
	h.admitted_count = rd_u8(r);
	rd_copy(r, h.loaders, sizeof(h.loaders));
	msg_rd_field(r, h.batch, NAME_CAP);
	rd_copy(r, h.master, WRAPPED_KEY_LEN);
	rd_copy(r, h.kem_pub, X25519_LEN);
	h.message = msg_rd_blob(r, MESSAGE_MAX, &h.message_len);
	err = rd_end(r);
	if (!err)
		err = p->handshake(p->self, &h);
	if (err)
		return err;
	wr_verdict(w, h.verdict, h.why);
	wr_u8(w, h.loader);
	wr_bytes(w, h.link, SEALED_LINK_LEN);
	wr_bytes(w, h.session, WRAPPED_SESSION_LEN);
	msg_wr_blob(w, h.message2, h.message2_len);
	ct_wipe(&h, sizeof(h));
	return 0;
}

/* ---- commit ------------------------------------------------------------ */

int signer_ask_commit(void *self, struct signer_commit *c)
{
	struct wr w;
	struct rd r;
	int err = msg_wr_new(&w, COMMIT_LEN + c->chunks_len);

	wr_attempt(&w, &c->at);
	wr_bytes(&w, c->session, WRAPPED_SESSION_LEN);
	wr_bytes(&w, c->wrapped, WRAPPED_KEY_LEN);
	msg_wr_blob(&w, c->chunks, c->chunks_len);
	msg_wr_blob(&w, c->report, c->report_len);
	msg_wr_blob(&w, c->credential, c->credential_len);
	msg_wr_blob(&w, c->firmware, c->firmware_len);
	if (!err)
		err = signer_ask(self, MSG_COMMIT, &w, &r);
	if (err)
		return err;
	c->verdict = rd_verdict(&r, c->why);
	rd_blob_into(&r, c->commit, sizeof(c->commit), &c->commit_len);
	return rd_end(&r);
}

int signer_serve_commit(const struct signer_port *p, struct rd *r, struct wr *w)
{
	struct signer_commit c;
	int err;

	memset(&c, 0, sizeof(c));
	rd_attempt(r, &c.at);
	rd_copy(r, c.session, WRAPPED_SESSION_LEN);
	rd_copy(r, c.wrapped, WRAPPED_KEY_LEN);
	c.chunks = msg_rd_blob(r, CHUNKS_MAX, &c.chunks_len);
	c.report = msg_rd_blob(r, MESSAGE_MAX, &c.report_len);
	c.credential = msg_rd_blob(r, CREDENTIAL_MAX, &c.credential_len);
	c.firmware = msg_rd_blob(r, FIRMWARE_SIG_MAX, &c.firmware_len);
	err = rd_end(r);
	if (!err)
		err = p->commit(p->self, &c);
	if (err)
		return err;
	wr_verdict(w, c.verdict, c.why);
	msg_wr_blob(w, c.commit, c.commit_len);
	return 0;
}

/* ---- stage 0 ----------------------------------------------------------- */

int signer_ask_batch_make(void *self, const char *batch,
			  uint8_t out_master[WRAPPED_KEY_LEN])
{
	uint8_t master[WRAPPED_KEY_LEN];
	struct wr w;
	struct rd r;
	int err = msg_wr_new(&w, NAME_CAP);

	msg_wr_field(&w, batch, NAME_CAP);
	if (!err)
		err = signer_ask(self, MSG_BATCH_MAKE, &w, &r);
	if (err)
		return err;
	rd_copy(&r, master, sizeof(master));
	err = rd_end(&r);
	if (!err)
		memcpy(out_master, master, sizeof(master));
	return err;
}

int signer_serve_batch_make(const struct signer_port *p, struct rd *r,
			    struct wr *w)
{
	uint8_t master[WRAPPED_KEY_LEN];
	char batch[NAME_CAP];
	int err;

	msg_rd_field(r, batch, sizeof(batch));
	err = rd_end(r);
	if (!err)
		err = p->batch_make(p->self, batch, master);
	if (!err)
		wr_bytes(w, master, sizeof(master));
	return err;
}

int signer_ask_stage0(void *self, struct signer_stage0 *s)
{
	struct wr w;
	struct rd r;
	int err = msg_wr_new(&w, STAGE0_MSG_LEN);

	msg_wr_field(&w, s->batch, NAME_CAP);
	wr_bytes(&w, s->master, WRAPPED_KEY_LEN);
	wr_u8(&w, s->family);
	wr_u8(&w, s->uid_len);
	wr_bytes(&w, s->uid, UID_MAX);
	wr_bytes(&w, s->kem_pub, X25519_LEN);
	if (!err)
		err = signer_ask(self, MSG_STAGE0, &w, &r);
	if (err)
		return err;
	rd_copy(&r, s->out_enc, sizeof(s->out_enc));
	rd_copy(&r, s->out_sealed, sizeof(s->out_sealed));
	return rd_end(&r);
}

int signer_serve_stage0(const struct signer_port *p, struct rd *r, struct wr *w)
{
	struct signer_stage0 s;
	int err;

	memset(&s, 0, sizeof(s));
	msg_rd_field(r, s.batch, NAME_CAP);
	rd_copy(r, s.master, WRAPPED_KEY_LEN);
	s.family = rd_u8(r);
	s.uid_len = rd_u8(r);
	rd_copy(r, s.uid, UID_MAX);
	rd_copy(r, s.kem_pub, X25519_LEN);
	err = rd_end(r);
	if (!err)
		err = p->stage0(p->self, &s);
	if (err)
		return err;
	wr_bytes(w, s.out_enc, sizeof(s.out_enc));
	wr_bytes(w, s.out_sealed, sizeof(s.out_sealed));
	return 0;
}

/* ---- the key that loaders carry ---------------------------------------- */

int signer_ask_noise_key(void *self, uint8_t out_pub[X25519_LEN])
{
	uint8_t pub[X25519_LEN];
	struct wr w;
	struct rd r;
	int err = msg_wr_new(&w, 1);

	if (!err)
		err = signer_ask(self, MSG_NOISE_KEY, &w, &r);
	if (err)
		return err;
	rd_copy(&r, pub, sizeof(pub));
	err = rd_end(&r);
	if (!err)
		memcpy(out_pub, pub, sizeof(pub));
	return err;
}

int signer_serve_noise_key(const struct signer_port *p, struct rd *r,
			   struct wr *w)
{
	uint8_t pub[X25519_LEN];
	int err = rd_end(r);

	if (!err)
		err = p->noise_key(p->self, pub);
	if (!err)
		wr_bytes(w, pub, sizeof(pub));
	return err;
}
