/* SPDX-License-Identifier: MIT */
#include <jansson.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "crypto/crypto.h"
#include "http/client.h"
#include "server/x509.h"
#include "tests/lib/ledger_bed.h"

#include "bench/plant.h"

/* ---- finding the server ------------------------------------------------ */

int plant_find(struct plant *p, const char *dir, const char *ready_file)
{
	char path[512];
	json_t *owner, *ready;
	int err = -1;

	memset(p, 0, sizeof(*p));
	snprintf(path, sizeof(path), "%s/owner.json", dir);
	owner = json_load_file(path, 0, NULL);
	ready = json_load_file(ready_file, 0, NULL);
	if (owner && ready) {
		snprintf(p->token, sizeof(p->token), "%s",
			 json_string_value(json_object_get(owner, "token")));
		p->flasher_port = (uint16_t)json_integer_value(
			json_object_get(ready, "flasher_port"));
		p->enrol_port = (uint16_t)json_integer_value(
			json_object_get(ready, "enrol_port"));
		p->admin_port = (uint16_t)json_integer_value(
			json_object_get(ready, "admin_port"));
		snprintf(p->ca_file, sizeof(p->ca_file), "%s/keys/ca.crt", dir);
		snprintf(p->url, sizeof(p->url), "https://127.0.0.1:%u",
			 p->admin_port);
		err = 0;
	} else {
		fprintf(stderr, "%s or %s cannot be read\n", path, ready_file);
	}
	json_decref(owner);
	json_decref(ready);
	return err;
}

static int say(const struct http_client *c, const char *what, int err)
{
	fprintf(stderr, "%s: %s: %s\n", what, error_text(err),
		http_client_why(c));
	return -1;
}

static int admin_open(const struct plant *p, struct http_client **out)
{
	struct http_client_config cfg = {
		.base_url = p->url,
		.ca_file = p->ca_file,
		.token = p->token,
	};
	int err = http_client_new(&cfg, out);

	if (err)
		fprintf(stderr, "client: %s\n", error_text(err));
	return err;
}

/* ---- product, release, order ------------------------------------------- */

/* bed_release_file() asks a signer for its public keys only. */
static int keys_of_server(void *self, uint8_t **ca, size_t *ca_len,
			  uint8_t hpke[X25519_LEN])
{
	const struct server_keys *k = self;

	*ca = calloc(1, 1);
	*ca_len = 0;
	memcpy(hpke, k->release_hpke_pub.data, X25519_LEN);
	return *ca ? 0 : E_NOMEM;
}

static int release_send(struct http_client *c, struct bed *bed)
{
	struct release_upload u = { .product = BED_PRODUCT };
	struct product product = { .name = BED_PRODUCT,
				   .family = "stm32l4",
				   .modes = "sealed+signed" };
	struct product made;
	struct release release;
	struct refusal r;
	int err;

	product.release_pub = (struct blob){ bed->release_pub,
					     sizeof(bed->release_pub) };
	err = http_call(c, OP_PRODUCT_CREATE, &product, &made, &r);
	if (err)
		return say(c, "product", err);
	shape_clear(&product_shape, &made);
	bed_release_file(bed, BED_PRODUCT, BED_RELEASE, 3000, &u.file);
	err = http_call(c, OP_RELEASE_UPLOAD, &u, &release, &r);
	free(u.file.data);
	return err ? say(c, "release", err) : 0;
}

static int order_send(struct http_client *c, uint32_t quantity)
{
	struct order o = { .name = PLANT_ORDER,
			   .product = BED_PRODUCT,
			   .release = BED_RELEASE,
			   .manufacturer = BED_MAKER,
			   .mode = "signed",
			   .quantity = quantity,
			   .serial_prefix = "L-",
			   .serial_first = 1 },
		     made;
	struct refusal r;
	int err = http_call(c, OP_ORDER_CREATE, &o, &made, &r);

	return err ? say(c, "order", err) : 0;
}

int plant_build(struct plant *p, uint32_t quantity)
{
	struct http_client *c;
	struct server_keys keys;
	struct query q = { 0 };
	struct bed bed = { 0 };
	struct refusal r;
	size_t len;
	int err;

	if (admin_open(p, &c))
		return -1;
	err = http_call(c, OP_SERVER_KEYS, &q, &keys, &r);
	if (err) {
		say(c, "keys", err);
		goto out;
	}
	bed.signer.self = &keys;
	bed.signer.public_keys = keys_of_server;
	err = crypto_key_generate(CRYPTO_P256, &bed.release_key);
	if (!err)
		err = crypto_key_public(bed.release_key, bed.release_pub,
					sizeof(bed.release_pub), &len);
	if (!err)
		err = release_send(c, &bed);
	if (!err)
		err = order_send(c, quantity);
	crypto_key_free(bed.release_key);
	shape_clear(&server_keys_shape, &keys);
out:
	http_client_free(c);
	return err ? -1 : 0;
}

/* ---- stations ---------------------------------------------------------- */

static SSL_CTX *station_tls(const struct crypto_key *key,
			    const struct enrol_answer *a)
{
	const uint8_t *der = a->certificate.data;
	X509 *x = d2i_X509(NULL, &der, (long)a->certificate.len);
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (x && ctx && SSL_CTX_use_certificate(ctx, x) == 1 &&
	    SSL_CTX_use_PrivateKey(ctx, crypto_key_native(key)) == 1) {
		X509_free(x);
		return ctx;
	}
	X509_free(x);
	SSL_CTX_free(ctx);
	return NULL;
}

static int invite(struct http_client *admin, unsigned i, uint32_t channels,
		  char secret[TEXT_CAP])
{
	struct flasher f = { .manufacturer = BED_MAKER, .channels = channels };
	struct flasher made;
	struct refusal r;
	int err;

	snprintf(f.name, sizeof(f.name), "station-%u", i);
	err = http_call(admin, OP_FLASHER_INVITE, &f, &made, &r);
	if (err)
		return say(admin, "invitation", err);
	memset(secret, 0, TEXT_CAP);
	memcpy(secret,
	       made.code + sizeof(ENROL_CODE_PREFIX) - 1 + ENROL_PIN_HEX + 1,
	       ENROL_SECRET_HEX);
	return 0;
}

static int enrol(struct plant *p, struct http_client *c, const char *secret,
		 uint32_t channels)
{
	struct enrol_request q = { .channels = channels, .station = "bench" };
	struct crypto_key *key = NULL;
	struct enrol_answer a;
	struct refusal r;
	int err;

	snprintf(q.secret, sizeof(q.secret), "%s", secret);
	q.kem_pub.len = X25519_LEN;
	err = crypto_random(q.kem_pub.data, X25519_LEN);
	if (!err)
		err = crypto_key_generate(CRYPTO_P256, &key);
	if (!err)
		err = x509_csr_make(key, "bench", &q.csr.data, &q.csr.len);
	if (!err)
		err = http_call(c, OP_ENROL, &q, &a, &r);
	if (err) {
		say(c, "enrolment", err);
	} else {
		p->tls[p->stations] = station_tls(key, &a);
		err = p->tls[p->stations] ? 0 : E_TLS;
		if (!err)
			p->stations++;
		shape_clear(&enrol_answer_shape, &a);
	}
	free(q.csr.data);
	crypto_key_free(key);
	return err;
}

int plant_enrol(struct plant *p, unsigned n, uint32_t channels)
{
	char url[64], secret[TEXT_CAP];
	struct http_client_config cfg = { .base_url = url,
					  .ca_file = p->ca_file };
	struct http_client *admin = NULL, *c = NULL;
	int err = -1;

	snprintf(url, sizeof(url), "https://127.0.0.1:%u", p->enrol_port);
	if (admin_open(p, &admin) || http_client_new(&cfg, &c))
		goto out;
	err = 0;
	for (unsigned i = 0; i < n && i < PLANT_STATIONS_MAX && !err; i++) {
		err = invite(admin, i, channels, secret);
		if (!err)
			err = enrol(p, c, secret, channels);
	}
out:
	http_client_free(admin);
	http_client_free(c);
	return err ? -1 : 0;
}

void plant_free(struct plant *p)
{
	for (unsigned i = 0; i < p->stations; i++)
		SSL_CTX_free(p->tls[i]);
	p->stations = 0;
}

/* ---- production lines -------------------------------------------------- */

enum step { STEP_GRANT, STEP_DELIVER, STEP_REPORT };

struct channel {
	enum step step;
	struct grant_request chip;
	uint64_t grant;
	uint32_t attempt;
};

struct line {
	struct channel *channels;
	uint32_t next_chip;
	uint64_t delivered, closed, nonce;
	FILE *note;
};

struct line *line_new(unsigned connections, uint32_t first)
{
	struct line *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->channels = calloc(connections, sizeof(*l->channels));
	l->next_chip = first;
	if (l->channels && !crypto_random(&l->nonce, sizeof(l->nonce)))
		return l;
	line_free(l);
	return NULL;
}

void line_free(struct line *l)
{
	if (!l)
		return;
	free(l->channels);
	free(l);
}

static size_t http_post(char *buf, const char *path, const char *body)
{
	return (size_t)snprintf(buf, 2048,
				"POST %s HTTP/1.1\r\nHost: localhost\r\n"
				"Content-Type: application/json\r\n"
				"Content-Length: %zu\r\n\r\n%s",
				path, strlen(body), body);
}

static size_t request_grant(struct line *l, struct channel *c, char *buf)
{
	char body[1024], uid[2 * UID_MAX + 1], nonce[2 * NONCE_LEN + 1];
	const struct grant_request *q = &c->chip;

	bed_grant_request(PLANT_ORDER, l->next_chip++, l->nonce++, &c->chip);
	hex_encode(q->uid.data, q->uid.len, uid);
	hex_encode(q->nonce.data, q->nonce.len, nonce);
	snprintf(body, sizeof(body),
		 "{\"order\":\"%s\",\"uid\":\"%s\",\"nonce\":\"%s\","
		 "\"dpidr\":%u,\"cpuid\":%u,\"designer\":%u,\"part\":%u,"
		 "\"device_id\":%u,\"flash_kb\":%u,\"ap_idr\":%u,"
		 "\"vtor\":%u}",
		 q->order, uid, nonce, q->dpidr, q->cpuid, q->designer, q->part,
		 q->device_id, q->flash_kb, q->ap_idr, q->vtor);
	return http_post(buf, "/v1/grants", body);
}

size_t line_request(void *line, unsigned i, char *buf)
{
	struct line *l = line;
	struct channel *c = &l->channels[i];
	char body[256], path[64], hex[2 * NONCE_LEN + 1];
	uint8_t nonce[NONCE_LEN];

	switch (c->step) {
	case STEP_GRANT:
		return request_grant(l, c, buf);
	case STEP_DELIVER:
		bed_nonce(l->nonce++, nonce);
		hex_encode(nonce, sizeof(nonce), hex);
		snprintf(body, sizeof(body),
			 "{\"attempt\":%u,\"nonce\":\"%s\"}", c->attempt, hex);
		snprintf(path, sizeof(path), "/v1/grants/%llu/deliver",
			 (unsigned long long)c->grant);
		return http_post(buf, path, body);
	case STEP_REPORT:
		snprintf(body, sizeof(body),
			 "{\"attempt\":%u,\"outcome\":\"closed\"}", c->attempt);
		snprintf(path, sizeof(path), "/v1/grants/%llu/report",
			 (unsigned long long)c->grant);
		return http_post(buf, path, body);
	}
	return 0;
}

static uint64_t number_after(const char *body, const char *key)
{
	const char *at = strstr(body, key);

	return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

bool line_answer(void *line, unsigned i, int status, const char *body)
{
	struct line *l = line;
	struct channel *c = &l->channels[i];
	char uid[2 * UID_MAX + 1];

	if (status != 200) {
		fprintf(stderr, "refused: %d %s\n", status, body);
		return false;
	}
	switch (c->step) {
	case STEP_GRANT:
		c->grant = number_after(body, "\"grant\":");
		c->attempt = (uint32_t)number_after(body, "\"attempt\":");
		break;
	case STEP_DELIVER:
		if (!strstr(body, "\"credential\":\""))
			return false;
		l->delivered++;
		if (l->note) {
			hex_encode(c->chip.uid.data, c->chip.uid.len, uid);
			fprintf(l->note, "%s\n", uid);
		}
		break;
	case STEP_REPORT:
		l->closed++;
		break;
	}
	c->step = c->step == STEP_REPORT ? STEP_GRANT : c->step + 1;
	return true;
}

uint64_t line_delivered(const struct line *l)
{
	return l->delivered;
}

uint64_t line_closed(const struct line *l)
{
	return l->closed;
}

void line_note(struct line *l, FILE *f)
{
	l->note = f;
}
