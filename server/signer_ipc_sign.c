/* SPDX-License-Identifier: MIT */
/* Messages to the signer: product keys, credentials, certificates. */
#include "server/signer_ipc_int.h"

/* ---- product key: name -> public key ----------------------------------- */

int signer_ask_product_key(void *self, const char *product,
			   uint8_t out_pub[P256_PUB_LEN])
{
	struct wr w;
	struct rd r;
	uint8_t pub[P256_PUB_LEN];
	int err = msg_wr_new(&w, NAME_CAP);

	msg_wr_field(&w, product, NAME_CAP);
	if (!err)
		err = signer_ask(self, MSG_PRODUCT_KEY, &w, &r);
	if (err)
		return err;
	rd_copy(&r, pub, sizeof(pub));
	err = rd_end(&r);
	if (!err)
		memcpy(out_pub, pub, sizeof(pub));
	return err;
}

int signer_serve_product_key(const struct signer_port *p, struct rd *r,
			     struct wr *w)
{
	char product[NAME_CAP];
	uint8_t pub[P256_PUB_LEN];
	int err;

	msg_rd_field(r, product, sizeof(product));
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
	msg_wr_field(w, c->product, NAME_CAP);
	msg_wr_field(w, c->order, NAME_CAP);
	msg_wr_field(w, c->serial, SERIAL_CAP);
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
	msg_rd_field(r, c->product, NAME_CAP);
	msg_rd_field(r, c->order, NAME_CAP);
	msg_rd_field(r, c->serial, SERIAL_CAP);
	c->grant = rd_u64(r);
	c->issued = rd_u64(r);
	rd_copy(r, c->uid, UID_MAX);
	c->uid_len = rd_u8(r);
	c->family = rd_u8(r);
	c->proof = rd_u8(r);
	rd_copy(r, c->digest, DIGEST_LEN);
}

int signer_ask_credentials(void *self, struct signer_credential *items,
			   size_t n)
{
	struct wr w;
	struct rd r;
	int err;

	if (n > CREDENTIALS_MAX)
		return E_TOO_LARGE;
	err = msg_wr_new(&w, 4 + n * CLAIMS_LEN);
	wr_u32(&w, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		wr_claims(&w, &items[i].claims);
	if (!err)
		err = signer_ask(self, MSG_CREDENTIALS, &w, &r);
	for (size_t i = 0; i < n && !err; i++) {
		items[i].out_len = rd_u16(&r);
		if (items[i].out_len > CREDENTIAL_MAX)
			return E_TOO_LARGE;
		rd_copy(&r, items[i].out, items[i].out_len);
	}
	return err ? err : rd_end(&r);
}

int signer_serve_credentials(const struct signer_port *p, struct rd *r,
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

/* ---- certificates: text, CSR -> DER ------------------------------------ */

static int ask_cert(struct signer_client *c, uint16_t type, const char *text,
		    size_t text_cap, const uint8_t *csr, size_t len,
		    uint8_t **out, size_t *out_len)
{
	const uint8_t *der;
	size_t der_len;
	struct wr w;
	struct rd r;
	int err = msg_wr_new(&w, text_cap + 4 + CSR_MAX);

	msg_wr_field(&w, text, text_cap);
	msg_wr_blob(&w, csr, len);
	if (!err)
		err = signer_ask(c, type, &w, &r);
	if (err)
		return err;
	der = msg_rd_blob(&r, CERT_MAX, &der_len);
	err = rd_end(&r);
	return err ? err : msg_copy_out(der, der_len, out, out_len);
}

int signer_ask_station_cert(void *self, const char *flasher, const uint8_t *csr,
			    size_t len, uint8_t **out, size_t *out_len)
{
	return ask_cert(self, MSG_STATION_CERT, flasher, NAME_CAP, csr, len,
			out, out_len);
}

int signer_ask_server_cert(void *self, const char *names, const uint8_t *csr,
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
	size_t len, der_len = 0;
	int err;

	msg_rd_field(r, text, server ? NAMES_MAX : NAME_CAP);
	csr = msg_rd_blob(r, CSR_MAX, &len);
	err = rd_end(r);
	if (!err)
		err = (server ? p->server_cert : p->station_cert)(
			p->self, text, csr, len, &der, &der_len);
	if (err)
		return err;
	msg_wr_blob(w, der, der_len);
	free(der);
	return 0;
}

int signer_serve_station_cert(const struct signer_port *p, struct rd *r,
			      struct wr *w)
{
	return serve_cert(p, false, r, w);
}

int signer_serve_server_cert(const struct signer_port *p, struct rd *r,
			     struct wr *w)
{
	return serve_cert(p, true, r, w);
}

/* ---- public keys: nothing -> HPKE key, CA ------------------------------ */

int signer_ask_public_keys(void *self, uint8_t **out_ca, size_t *out_ca_len,
			   uint8_t out_hpke[X25519_LEN])
{
	uint8_t hpke[X25519_LEN];
	const uint8_t *ca;
	size_t ca_len;
	struct wr w;
	struct rd r;
	int err = msg_wr_new(&w, 1);

	if (!err)
		err = signer_ask(self, MSG_PUBLIC_KEYS, &w, &r);
	if (err)
		return err;
	rd_copy(&r, hpke, sizeof(hpke));
	ca = msg_rd_blob(&r, CERT_MAX, &ca_len);
	err = rd_end(&r);
	if (!err)
		err = msg_copy_out(ca, ca_len, out_ca, out_ca_len);
	if (!err)
		memcpy(out_hpke, hpke, sizeof(hpke));
	return err;
}

int signer_serve_public_keys(const struct signer_port *p, struct rd *r,
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
	msg_wr_blob(w, ca, len);
	free(ca);
	return 0;
}
