/* SPDX-License-Identifier: MIT */
#include "base/ct.h"
#include "server/signer_ipc_int.h"

const struct ipc_rule signer_answer_rules[] = {
	{ MSG_PRODUCT_KEY, 4 + P256_PUB_LEN },
	{ MSG_CREDENTIALS, 4 + BATCH_MAX(SIGNED_LEN) },
	{ MSG_RELEASE_CHECK, 4 + HEADER_MAX },
	{ MSG_RELEASE_ENCRYPT, 4 + WRAPPED_KEY_LEN + 4 + CHUNKS_MAX },
	{ MSG_REWRAP, 4 + BATCH_MAX(REWRAPPED_LEN) },
	{ MSG_STATION_CERT, 8 + CERT_MAX },
	{ MSG_SERVER_CERT, 8 + CERT_MAX },
	{ MSG_PUBLIC_KEYS, 4 + X25519_LEN + 4 + CERT_MAX },
	{ MSG_HANDSHAKE, 4 + HANDSHAKE_ANSWER_LEN },
	{ MSG_COMMIT, 4 + COMMIT_ANSWER_LEN },
	{ MSG_BATCH_MAKE, 4 + WRAPPED_KEY_LEN },
	{ MSG_STAGE0, 4 + REWRAPPED_LEN },
	{ MSG_NOISE_KEY, 4 + X25519_LEN },
};
const size_t signer_answer_rule_count = sizeof(signer_answer_rules) /
					sizeof(signer_answer_rules[0]);

/* Who may ask what.  The edge, which speaks with the world, gets its TLS
 * certificate and can have nothing else signed. */
const struct ipc_rule signer_edge_rules[] = {
	{ MSG_SERVER_CERT, NAMES_MAX + CSR_MAX + 8 },
	{ MSG_PUBLIC_KEYS, 0 },
};
const size_t signer_edge_rule_count = sizeof(signer_edge_rules) /
				      sizeof(signer_edge_rules[0]);

const struct ipc_rule signer_ledger_rules[] = {
	{ MSG_PRODUCT_KEY, NAME_CAP },
	{ MSG_CREDENTIALS, BATCH_MAX(CLAIMS_LEN) },
	{ MSG_RELEASE_CHECK, FILE_MSG_MAX },
	{ MSG_RELEASE_ENCRYPT, FILE_MSG_MAX },
	{ MSG_REWRAP, BATCH_MAX(REWRAP_LEN) },
	{ MSG_STATION_CERT, NAME_CAP + 4 + CSR_MAX },
	{ MSG_PUBLIC_KEYS, 0 },
	{ MSG_HANDSHAKE, HANDSHAKE_LEN },
	{ MSG_COMMIT, COMMIT_MSG_MAX },
	{ MSG_BATCH_MAKE, NAME_CAP },
	{ MSG_STAGE0, STAGE0_MSG_LEN },
	{ MSG_NOISE_KEY, 0 },
};
const size_t signer_ledger_rule_count = sizeof(signer_ledger_rules) /
					sizeof(signer_ledger_rules[0]);

/* ---- common ------------------------------------------------------------ */

void msg_wr_field(struct wr *w, const char *s, size_t cap)
{
	size_t len = strnlen(s, cap);

	if (len == cap) {
		w->err = E_ARG;
		return;
	}
	wr_bytes(w, s, len);
	for (; len < cap; len++)
		wr_u8(w, 0);
}

void msg_rd_field(struct rd *r, char *out, size_t cap)
{
	rd_copy(r, out, cap);
	if (strnlen(out, cap) == cap) {
		out[0] = '\0';
		rd_fail(r, E_SYNTAX);
	}
}

void msg_wr_blob(struct wr *w, const uint8_t *p, size_t len)
{
	wr_u32(w, (uint32_t)len);
	wr_bytes(w, p, len);
}

const uint8_t *msg_rd_blob(struct rd *r, size_t max, size_t *len)
{
	*len = rd_u32(r);
	if (*len > max)
		rd_fail(r, E_TOO_LARGE);
	return rd_bytes(r, *len);
}

int msg_copy_out(const uint8_t *p, size_t len, uint8_t **out, size_t *out_len)
{
	uint8_t *data = malloc(len ? len : 1);

	if (!data)
		return E_NOMEM;
	memcpy(data, p, len);
	*out = data;
	*out_len = len;
	return 0;
}

int msg_wr_new(struct wr *w, size_t cap)
{
	uint8_t *buf = malloc(cap);

	wr_init(w, buf, buf ? cap : 0);
	return buf ? 0 : E_NOMEM;
}

void msg_wr_free(struct wr *w)
{
	if (w->buf)
		ct_wipe(w->buf, w->len);
	free(w->buf);
}

int signer_ask(struct signer_client *c, uint16_t type, struct wr *w,
	       struct rd *r)
{
	struct ipc_msg m;
	size_t len = 0;
	int err = wr_end(w, &len);

	if (!err)
		err = ipc_send(c->ipc, type, 0, w->buf, len);
	msg_wr_free(w);
	if (!err)
		err = ipc_recv(c->ipc, &m);
	if (err)
		return err;
	if (m.type != type)
		return E_SYNTAX;
	rd_init(r, m.data, m.len);
	err = (int32_t)rd_u32(r);
	if (err > 0)
		err = E_SYNTAX;
	return r->err ? r->err : err;
}

/* ---- both ends --------------------------------------------------------- */

void signer_client_init(struct signer_client *c, struct ipc *ipc)
{
	c->ipc = ipc;
	c->port = (struct signer_port){
		.self = c,
		.product_key = signer_ask_product_key,
		.credentials = signer_ask_credentials,
		.release_check = signer_ask_release_check,
		.release_encrypt = signer_ask_release_encrypt,
		.rewrap = signer_ask_rewrap,
		.handshake = signer_ask_handshake,
		.commit = signer_ask_commit,
		.batch_make = signer_ask_batch_make,
		.stage0 = signer_ask_stage0,
		.noise_key = signer_ask_noise_key,
		.station_cert = signer_ask_station_cert,
		.server_cert = signer_ask_server_cert,
		.public_keys = signer_ask_public_keys,
	};
}

static const struct handler {
	uint16_t type;
	int (*serve)(const struct signer_port *p, struct rd *r, struct wr *w);
} handlers[] = {
	{ MSG_PRODUCT_KEY, signer_serve_product_key },
	{ MSG_CREDENTIALS, signer_serve_credentials },
	{ MSG_RELEASE_CHECK, signer_serve_release_check },
	{ MSG_RELEASE_ENCRYPT, signer_serve_release_encrypt },
	{ MSG_REWRAP, signer_serve_rewrap },
	{ MSG_STATION_CERT, signer_serve_station_cert },
	{ MSG_SERVER_CERT, signer_serve_server_cert },
	{ MSG_PUBLIC_KEYS, signer_serve_public_keys },
	{ MSG_HANDSHAKE, signer_serve_handshake },
	{ MSG_COMMIT, signer_serve_commit },
	{ MSG_BATCH_MAKE, signer_serve_batch_make },
	{ MSG_STAGE0, signer_serve_stage0 },
	{ MSG_NOISE_KEY, signer_serve_noise_key },
};

static const struct handler *handler_find(uint16_t type)
{
	for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++)
		if (handlers[i].type == type)
			return &handlers[i];
	return NULL;
}

static size_t answer_max(uint16_t type)
{
	for (size_t i = 0; i < signer_answer_rule_count; i++)
		if (signer_answer_rules[i].type == type)
			return signer_answer_rules[i].max;
	return 0;
}

int signer_serve(const struct signer_port *port, struct ipc *ipc,
		 const struct ipc_msg *m)
{
	const struct handler *h = handler_find(m->type);
	struct wr w, head;
	struct rd r;
	size_t len = 4;
	int err;

	if (!h)
		return E_SYNTAX;
	err = msg_wr_new(&w, answer_max(m->type));
	if (err)
		return err;
	rd_init(&r, m->data, m->len);
	wr_u32(&w, 0);
	err = h->serve(port, &r, &w);
	if (!err)
		err = wr_end(&w, &len);
	if (err)
		len = 4;
	wr_init(&head, w.buf, 4);
	wr_u32(&head, (uint32_t)err);
	err = ipc_send(ipc, m->type, m->id, w.buf, len);
	msg_wr_free(&w);
	return err;
}
