/* SPDX-License-Identifier: MIT */
#include "server/signer_ipc.h"

#include <stdlib.h>
#include <string.h>

#include "base/ct.h"
#include "base/rw.h"
#include "server/roles.h"

#define CSR_MAX 4096
#define NAMES_MAX 512
#define CERT_MAX 4096
#define HEADER_MAX (RELEASE_HEADER_MAX + DIGEST_LEN + 16)
#define CHUNKS_MAX (IMAGE_MAX + IMAGE_MAX / 16)
#define FILE_MSG_MAX (RELEASE_FILE_CAP + 256)
#define CLAIMS_LEN (2 * NAME_CAP + SERIAL_CAP + 16 + UID_MAX + 3 + DIGEST_LEN)
#define SIGNED_LEN (2 + CREDENTIAL_MAX)
#define REWRAP_LEN (NAME_CAP + DIGEST_LEN + WRAPPED_KEY_LEN + X25519_LEN + 12)
#define REWRAPPED_LEN (X25519_LEN + AEAD_KEY_LEN + AEAD_TAG_LEN)
#define BATCH_MAX(one) (4 + CREDENTIALS_MAX * (one))

const struct ipc_rule signer_answer_rules[] = {
	{ MSG_PRODUCT_KEY, 4 + P256_PUB_LEN },
	{ MSG_CREDENTIALS, 4 + BATCH_MAX(SIGNED_LEN) },
	{ MSG_RELEASE_CHECK, 4 + HEADER_MAX },
	{ MSG_RELEASE_ENCRYPT, 4 + WRAPPED_KEY_LEN + 4 + CHUNKS_MAX },
	{ MSG_REWRAP, 4 + BATCH_MAX(REWRAPPED_LEN) },
	{ MSG_STATION_CERT, 8 + CERT_MAX },
	{ MSG_SERVER_CERT, 8 + CERT_MAX },
	{ MSG_PUBLIC_KEYS, 4 + X25519_LEN + 4 + CERT_MAX },
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
};
const size_t signer_ledger_rule_count = sizeof(signer_ledger_rules) /
					sizeof(signer_ledger_rules[0]);

/* ---- common ------------------------------------------------------------ */

/* A text in a field of cap bytes, zero-filled. */
static void wr_field(struct wr *w, const char *s, size_t cap)
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

static void rd_field(struct rd *r, char *out, size_t cap)
{
	rd_copy(r, out, cap);
	if (strnlen(out, cap) == cap) {
		out[0] = '\0';
		rd_fail(r, E_SYNTAX);
	}
}

static void wr_blob(struct wr *w, const uint8_t *p, size_t len)
{
	wr_u32(w, (uint32_t)len);
	wr_bytes(w, p, len);
}

static const uint8_t *rd_blob(struct rd *r, size_t max, size_t *len)
{
	*len = rd_u32(r);
	if (*len > max)
		rd_fail(r, E_TOO_LARGE);
	return rd_bytes(r, *len);
}

static int copy_out(const uint8_t *p, size_t len, uint8_t **out,
		    size_t *out_len)
{
	uint8_t *data = malloc(len ? len : 1);

	if (!data)
		return E_NOMEM;
	memcpy(data, p, len);
	*out = data;
	*out_len = len;
	return 0;
}

/* A writer over fresh memory. */
static int wr_new(struct wr *w, size_t cap)
{
	uint8_t *buf = malloc(cap);

	wr_init(w, buf, buf ? cap : 0);
	return buf ? 0 : E_NOMEM;
}

static void wr_free(struct wr *w)
{
	if (w->buf)
		ct_wipe(w->buf, w->len);
	free(w->buf);
}

/* Sends what w holds (and frees it), waits for the answer; r then stands
 * behind the error code, which is returned. */
static int ask(struct signer_client *c, uint16_t type, struct wr *w,
	       struct rd *r)
{
	struct ipc_msg m;
	size_t len = 0;
	int err = wr_end(w, &len);

	if (!err)
		err = ipc_send(c->ipc, type, 0, w->buf, len);
	wr_free(w);
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

/* ---- product key: name -> public key ----------------------------------- */

static int ask_product_key(void *self, const char *product,
			   uint8_t out_pub[P256_PUB_LEN])
{
	struct wr w;
	struct rd r;
	uint8_t pub[P256_PUB_LEN];
	int err = wr_new(&w, NAME_CAP);

	wr_field(&w, product, NAME_CAP);
	if (!err)
		err = ask(self, MSG_PRODUCT_KEY, &w, &r);
	if (err)
		return err;
	rd_copy(&r, pub, sizeof(pub));
	err = rd_end(&r);
	if (!err)
		memcpy(out_pub, pub, sizeof(pub));
	return err;
}

static int serve_product_key(const struct signer_port *p, struct rd *r,
			     struct wr *w)
{
	char product[NAME_CAP];
	uint8_t pub[P256_PUB_LEN];
	int err;

	rd_field(r, product, sizeof(product));
	err = rd_end(r);
	if (!err)
		err = p->product_key(p->self, product, pub);
	if (!err)
		wr_bytes(w, pub, sizeof(pub));
	return err;
}

/* ---- credentials: claims -> signed records ----------------------------- */

static void wr_claims(struct wr *w, const struct credential *c)
{
	wr_field(w, c->product, NAME_CAP);
	wr_field(w, c->order, NAME_CAP);
	wr_field(w, c->serial, SERIAL_CAP);
	wr_u64(w, c->grant);
	wr_u64(w, c->issued);
	wr_bytes(w, c->uid, UID_MAX);
	wr_u8(w, c->uid_len);
	wr_u8(w, c->family);
	wr_u8(w, c->proof);
	wr_bytes(w, c->digest, DIGEST_LEN);
}

static void rd_claims(struct rd *r, struct credential *c)
{
	rd_field(r, c->product, NAME_CAP);
	rd_field(r, c->order, NAME_CAP);
	rd_field(r, c->serial, SERIAL_CAP);
	c->grant = rd_u64(r);
	c->issued = rd_u64(r);
	rd_copy(r, c->uid, UID_MAX);
	c->uid_len = rd_u8(r);
	c->family = rd_u8(r);
	c->proof = rd_u8(r);
	rd_copy(r, c->digest, DIGEST_LEN);
}

static int ask_credentials(void *self, struct signer_credential *items,
			   size_t n)
{
	struct wr w;
	struct rd r;
	int err;

	if (n > CREDENTIALS_MAX)
		return E_TOO_LARGE;
	err = wr_new(&w, 4 + n * CLAIMS_LEN);
	wr_u32(&w, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		wr_claims(&w, &items[i].claims);
	if (!err)
		err = ask(self, MSG_CREDENTIALS, &w, &r);
	for (size_t i = 0; i < n && !err; i++) {
		items[i].out_len = rd_u16(&r);
		if (items[i].out_len > CREDENTIAL_MAX)
			return E_TOO_LARGE;
		rd_copy(&r, items[i].out, items[i].out_len);
	}
	return err ? err : rd_end(&r);
}

static int serve_credentials(const struct signer_port *p, struct rd *r,
			     struct wr *w)
{
	struct signer_credential *items;
	uint32_t n = rd_u32(r);
	int err;

	if (n > CREDENTIALS_MAX)
		return E_TOO_LARGE;
	items = calloc(n ? n : 1, sizeof(*items));
	if (!items)
		return E_NOMEM;
	for (uint32_t i = 0; i < n; i++)
		rd_claims(r, &items[i].claims);
	err = rd_end(r);
	if (!err)
		err = p->credentials(p->self, items, n);
	for (uint32_t i = 0; i < n && !err; i++) {
		wr_u16(w, (uint16_t)items[i].out_len);
		wr_bytes(w, items[i].out, items[i].out_len);
	}
	free(items);
	return err;
}

/* ---- release check: file -> header ------------------------------------- */

static int ask_release_check(void *self, const uint8_t release_pub[65],
			     const uint8_t *file, size_t len,
			     struct release_header *out,
			     uint8_t out_header_digest[DIGEST_LEN])
{
	uint8_t digest[DIGEST_LEN];
	const uint8_t *header;
	size_t header_len;
	struct wr w;
	struct rd r;
	int err = wr_new(&w, FILE_MSG_MAX);

	wr_bytes(&w, release_pub, P256_PUB_LEN);
	wr_blob(&w, file, len);
	if (!err)
		err = ask(self, MSG_RELEASE_CHECK, &w, &r);
	if (err)
		return err;
	rd_copy(&r, digest, sizeof(digest));
	header = rd_blob(&r, RELEASE_HEADER_MAX, &header_len);
	err = rd_end(&r);
	if (!err)
		err = release_header_decode(header, header_len, out);
	if (!err)
		memcpy(out_header_digest, digest, sizeof(digest));
	return err;
}

static int serve_release_check(const struct signer_port *p, struct rd *r,
			       struct wr *w)
{
	uint8_t pub[P256_PUB_LEN], digest[DIGEST_LEN];
	uint8_t header[RELEASE_HEADER_MAX];
	struct release_header h;
	const uint8_t *file;
	size_t len, header_len;
	int err;

	rd_copy(r, pub, sizeof(pub));
	file = rd_blob(r, RELEASE_FILE_CAP, &len);
	err = rd_end(r);
	if (!err)
		err = p->release_check(p->self, pub, file, len, &h, digest);
	if (!err)
		err = release_header_encode(&h, header, sizeof(header),
					    &header_len);
	if (err)
		return err;
	wr_bytes(w, digest, sizeof(digest));
	wr_blob(w, header, header_len);
	return 0;
}

/* ---- release encrypt: file, order -> wrapped key, chunks --------------- */

static int ask_release_encrypt(void *self, const uint8_t release_pub[65],
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
	int err = wr_new(&w, FILE_MSG_MAX);

	wr_bytes(&w, release_pub, P256_PUB_LEN);
	wr_field(&w, order, NAME_CAP);
	wr_blob(&w, file, len);
	if (!err)
		err = ask(self, MSG_RELEASE_ENCRYPT, &w, &r);
	if (err)
		return err;
	rd_copy(&r, wrapped, sizeof(wrapped));
	chunks = rd_blob(&r, CHUNKS_MAX, &chunks_len);
	err = rd_end(&r);
	if (!err)
		err = copy_out(chunks, chunks_len, out_chunks, out_len);
	if (!err)
		memcpy(out_wrapped, wrapped, sizeof(wrapped));
	return err;
}

static int serve_release_encrypt(const struct signer_port *p, struct rd *r,
				 struct wr *w)
{
	uint8_t pub[P256_PUB_LEN], wrapped[WRAPPED_KEY_LEN];
	uint8_t *chunks = NULL;
	char order[NAME_CAP];
	const uint8_t *file;
	size_t len, chunks_len;
	int err;

	rd_copy(r, pub, sizeof(pub));
	rd_field(r, order, sizeof(order));
	file = rd_blob(r, RELEASE_FILE_CAP, &len);
	err = rd_end(r);
	if (!err)
		err = p->release_encrypt(p->self, pub, file, len, order,
					 wrapped, &chunks, &chunks_len);
	if (err)
		return err;
	wr_bytes(w, wrapped, sizeof(wrapped));
	wr_blob(w, chunks, chunks_len);
	free(chunks);
	return 0;
}

/* ---- rewrap: stored content keys -> flasher's key ---------------------- */

static void wr_rewrap(struct wr *w, const struct signer_rewrap *i)
{
	wr_field(w, i->order, NAME_CAP);
	wr_bytes(w, i->header_digest, DIGEST_LEN);
	wr_bytes(w, i->wrapped, WRAPPED_KEY_LEN);
	wr_bytes(w, i->kem_pub, X25519_LEN);
	wr_u64(w, i->grant);
	wr_u32(w, i->attempt);
}

static void rd_rewrap(struct rd *r, struct signer_rewrap *i)
{
	rd_field(r, i->order, NAME_CAP);
	rd_copy(r, i->header_digest, DIGEST_LEN);
	rd_copy(r, i->wrapped, WRAPPED_KEY_LEN);
	rd_copy(r, i->kem_pub, X25519_LEN);
	i->grant = rd_u64(r);
	i->attempt = rd_u32(r);
}

static int ask_rewrap(void *self, struct signer_rewrap *items, size_t n)
{
	struct wr w;
	struct rd r;
	int err;

	if (n > CREDENTIALS_MAX)
		return E_TOO_LARGE;
	err = wr_new(&w, 4 + n * REWRAP_LEN);
	wr_u32(&w, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		wr_rewrap(&w, &items[i]);
	if (!err)
		err = ask(self, MSG_REWRAP, &w, &r);
	for (size_t i = 0; i < n && !err; i++) {
		rd_copy(&r, items[i].out_enc, sizeof(items[i].out_enc));
		rd_copy(&r, items[i].out_sealed, sizeof(items[i].out_sealed));
	}
	return err ? err : rd_end(&r);
}

static int serve_rewrap(const struct signer_port *p, struct rd *r, struct wr *w)
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

/* ---- certificates: text, CSR -> DER ------------------------------------ */

static int ask_cert(struct signer_client *c, uint16_t type, const char *text,
		    size_t text_cap, const uint8_t *csr, size_t len,
		    uint8_t **out, size_t *out_len)
{
	const uint8_t *der;
	size_t der_len;
	struct wr w;
	struct rd r;
	int err = wr_new(&w, text_cap + 4 + CSR_MAX);

	wr_field(&w, text, text_cap);
	wr_blob(&w, csr, len);
	if (!err)
		err = ask(c, type, &w, &r);
	if (err)
		return err;
	der = rd_blob(&r, CERT_MAX, &der_len);
	err = rd_end(&r);
	return err ? err : copy_out(der, der_len, out, out_len);
}

static int ask_station_cert(void *self, const char *flasher, const uint8_t *csr,
			    size_t len, uint8_t **out, size_t *out_len)
{
	return ask_cert(self, MSG_STATION_CERT, flasher, NAME_CAP, csr, len,
			out, out_len);
}

static int ask_server_cert(void *self, const char *names, const uint8_t *csr,
			   size_t len, uint8_t **out, size_t *out_len)
{
	return ask_cert(self, MSG_SERVER_CERT, names, NAMES_MAX, csr, len, out,
			out_len);
}

static int serve_cert(const struct signer_port *p, bool server, struct rd *r,
		      struct wr *w)
{
	char text[NAMES_MAX];
	const uint8_t *csr;
	uint8_t *der = NULL;
	size_t len, der_len;
	int err;

	rd_field(r, text, server ? NAMES_MAX : NAME_CAP);
	csr = rd_blob(r, CSR_MAX, &len);
	err = rd_end(r);
	if (!err)
		err = (server ? p->server_cert : p->station_cert)(
			p->self, text, csr, len, &der, &der_len);
	if (err)
		return err;
	wr_blob(w, der, der_len);
	free(der);
	return 0;
}

static int serve_station_cert(const struct signer_port *p, struct rd *r,
			      struct wr *w)
{
	return serve_cert(p, false, r, w);
}

static int serve_server_cert(const struct signer_port *p, struct rd *r,
			     struct wr *w)
{
	return serve_cert(p, true, r, w);
}

/* ---- public keys: nothing -> HPKE key, CA ------------------------------ */

static int ask_public_keys(void *self, uint8_t **out_ca, size_t *out_ca_len,
			   uint8_t out_hpke[X25519_LEN])
{
	uint8_t hpke[X25519_LEN];
	const uint8_t *ca;
	size_t ca_len;
	struct wr w;
	struct rd r;
	int err = wr_new(&w, 1);

	if (!err)
		err = ask(self, MSG_PUBLIC_KEYS, &w, &r);
	if (err)
		return err;
	rd_copy(&r, hpke, sizeof(hpke));
	ca = rd_blob(&r, CERT_MAX, &ca_len);
	err = rd_end(&r);
	if (!err)
		err = copy_out(ca, ca_len, out_ca, out_ca_len);
	if (!err)
		memcpy(out_hpke, hpke, sizeof(hpke));
	return err;
}

static int serve_public_keys(const struct signer_port *p, struct rd *r,
			     struct wr *w)
{
	uint8_t hpke[X25519_LEN];
	uint8_t *ca = NULL;
	size_t len;
	int err = rd_end(r);

	if (!err)
		err = p->public_keys(p->self, &ca, &len, hpke);
	if (err)
		return err;
	wr_bytes(w, hpke, sizeof(hpke));
	wr_blob(w, ca, len);
	free(ca);
	return 0;
}

/* ---- both ends --------------------------------------------------------- */

void signer_client_init(struct signer_client *c, struct ipc *ipc)
{
	c->ipc = ipc;
	c->port = (struct signer_port){
		.self = c,
		.product_key = ask_product_key,
		.credentials = ask_credentials,
		.release_check = ask_release_check,
		.release_encrypt = ask_release_encrypt,
		.rewrap = ask_rewrap,
		.station_cert = ask_station_cert,
		.server_cert = ask_server_cert,
		.public_keys = ask_public_keys,
	};
}

static const struct handler {
	uint16_t type;
	int (*serve)(const struct signer_port *p, struct rd *r, struct wr *w);
} handlers[] = {
	{ MSG_PRODUCT_KEY, serve_product_key },
	{ MSG_CREDENTIALS, serve_credentials },
	{ MSG_RELEASE_CHECK, serve_release_check },
	{ MSG_RELEASE_ENCRYPT, serve_release_encrypt },
	{ MSG_REWRAP, serve_rewrap },
	{ MSG_STATION_CERT, serve_station_cert },
	{ MSG_SERVER_CERT, serve_server_cert },
	{ MSG_PUBLIC_KEYS, serve_public_keys },
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
	err = wr_new(&w, answer_max(m->type));
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
	wr_free(&w);
	return err;
}
