/* SPDX-License-Identifier: MIT */
/* The steps of a job that ask the server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "flasher/job_int.h"
#include "http/client.h"
#include "wire/cose.h"
#include "wire/credential.h"
#include "wire/serial.h"

int job_net_failed(struct job *j, int err)
{
	if (err != 0 && err != E_REFUSED)
		snprintf(j->why, sizeof(j->why), "%s: %s", error_text(err),
			 http_client_why(j->client));
	return err;
}

int job_step_release(struct job *j)
{
	return cache_get(j->env->cache, j->client, NULL, &j->refusal,
			 &j->release, j->why);
}

/* The nonce of a request for this chip whose answer never came, else a new
 * one: a repeated request must be the same request. */
static int grant_nonce(struct job *j)
{
	struct grant_request *q = &j->journal.request;
	char why[STATION_WHY_CAP];
	struct journal old;

	q->nonce.len = NONCE_LEN;
	if (journal_read(j->env->st, j->channel, &old, why) == 0 &&
	    old.grant == 0 && old.request.uid.len == q->uid.len &&
	    memcmp(old.request.uid.data, q->uid.data, q->uid.len) == 0 &&
	    strcmp(old.request.order, q->order) == 0 &&
	    old.request.nonce.len == NONCE_LEN) {
		memcpy(q->nonce.data, old.request.nonce.data, NONCE_LEN);
		return 0;
	}
	return crypto_random(q->nonce.data, NONCE_LEN);
}

/* The journal holds the request before it goes out: after a crash the very
 * same request finds the same grant. */
int job_step_grant(struct job *j)
{
	struct grant_request *q = &j->journal.request;
	const struct chip_print *p = &j->id.print;
	int r;

	memset(&j->journal, 0, sizeof(j->journal));
	j->journal.channel = j->channel;
	snprintf(q->order, NAME_CAP, "%s", j->env->order);
	q->uid.len = j->id.uid_len;
	memcpy(q->uid.data, j->id.uid, j->id.uid_len);
	q->channel = j->channel;
	q->dpidr = p->dpidr;
	q->cpuid = p->cpuid;
	q->designer = p->designer;
	q->part = p->part;
	q->device_id = p->device_id;
	q->flash_kb = p->flash_kb;
	q->ap_idr = p->ap_idr;
	q->vtor = p->vtor;
	snprintf(q->link, NAME_CAP, "%s", conf_link_name(j->conf->link));
	r = grant_nonce(j);
	if (r == 0)
		r = job_note_phase(j, "grant");
	if (r == 0)
		r = job_net_failed(j, http_call(j->client, OP_GRANT, q,
						&j->grant, &j->refusal));
	if (r != 0)
		return r;
	j->journal.grant = j->res->grant = j->grant.grant;
	j->journal.attempt = j->res->attempt = j->grant.attempt;
	j->res->left = j->grant.left;
	snprintf(j->res->serial, SERIAL_CAP, "%s", j->grant.serial);
	return job_note_phase(j, "granted");
}

/* The grant names the release; the cache may have had an older one. */
int job_step_match(struct job *j)
{
	bool sealed = j->release->header.sealed;
	uint8_t digest[DIGEST_LEN];
	size_t len = 0;
	int r = hex_decode(j->grant.header_digest, digest, sizeof(digest),
			   &len);

	if (r != 0 || len != DIGEST_LEN) {
		snprintf(j->why, sizeof(j->why),
			 "the grant names no release digest");
		return E_HTTP;
	}
	r = cache_get(j->env->cache, j->client, digest, &j->refusal,
		      &j->release, j->why);
	if (r == 0 &&
	    (strcmp(j->grant.mode, sealed ? "sealed" : "signed") != 0 ||
	     j->release->header.sealed != sealed)) {
		snprintf(j->why, sizeof(j->why),
			 "the order is in mode \"%s\", its release is laid out "
			 "for \"%s\"",
			 j->grant.mode,
			 j->release->header.sealed ? "sealed" : "signed");
		return E_HTTP;
	}
	if (r == 0 && j->release->header.family != j->id.chip->family)
		r = E_TARGET_FINGERPRINT;
	if (r != 0 || sealed)
		return r;
	j->chunk = malloc(j->release->header.chunk_len);
	return j->chunk ? 0 : E_NOMEM;
}

int job_open_key(struct job *j, const char *label, const struct blob *enc,
		 const struct blob *sealed, uint8_t *out)
{
	uint8_t aad[8 + 4 + DIGEST_LEN];
	struct wr w;
	size_t len;
	int r;

	wr_init(&w, aad, sizeof(aad));
	wr_u64(&w, j->grant.grant);
	wr_u32(&w, j->grant.attempt);
	wr_bytes(&w, j->release->header_digest, DIGEST_LEN);
	r = wr_end(&w, &len);
	if (r != 0)
		return r;
	return crypto_hpke_open(j->env->st->kem, enc->data, label,
				strlen(label), aad, len, sealed->data,
				sealed->len, out);
}

static int open_content_key(struct job *j)
{
	const struct deliver_answer *d = &j->delivered;
	uint8_t aad[KEY_AAD_MAX];
	size_t len = release_key_aad(j->env->order, j->release->header_digest,
				     aad);

	if (d->key_enc.len != X25519_LEN ||
	    d->key_sealed.len != AEAD_KEY_LEN + AEAD_TAG_LEN)
		return E_HTTP;
	return crypto_hpke_open(j->env->st->kem, d->key_enc.data,
				LABEL_HPKE_CONTENT_KEY,
				sizeof(LABEL_HPKE_CONTENT_KEY) - 1, aad, len,
				d->key_sealed.data, d->key_sealed.len, j->key);
}

/* The device checks the signature; here it is made sure, before the chip is
 * erased, that the credential is for this chip and this firmware. */
static int check_credential(struct job *j)
{
	const struct blob *b = &j->delivered.credential;
	struct cose_sign1 cose;
	struct credential c;
	int r = cose_decode(b->data, b->len, &cose);

	if (r == 0)
		r = credential_decode(cose.payload, cose.payload_len, &c);
	if (r == 0 &&
	    (c.uid_len != j->id.uid_len ||
	     memcmp(c.uid, j->id.uid, c.uid_len) != 0 ||
	     memcmp(c.digest, j->release->header.fw.digest, DIGEST_LEN) != 0))
		r = E_HTTP;
	if (r == 0 && j->release->header.serial.form != SERIAL_NONE)
		r = serial_bytes(&j->release->header.serial, c.serial,
				 j->serial);
	if (r != 0) {
		snprintf(j->why, sizeof(j->why),
			 "the server's credential is not for this chip and "
			 "firmware: %s",
			 error_text(r));
		return r;
	}
	job_clean_text(c.serial, j->res->serial, SERIAL_CAP);
	return 0;
}

int job_step_deliver(struct job *j)
{
	struct deliver_request q;
	int r;

	memset(&q, 0, sizeof(q));
	q.grant = j->grant.grant;
	q.attempt = j->grant.attempt;
	q.nonce.len = NONCE_LEN;
	r = crypto_random(q.nonce.data, NONCE_LEN);
	if (r == 0)
		r = job_net_failed(j, http_call(j->client, OP_DELIVER, &q,
						&j->delivered, &j->refusal));
	if (r != 0)
		return r;
	r = check_credential(j);
	if (r != 0)
		return r;
	r = open_content_key(j);
	if (r != 0)
		snprintf(j->why, sizeof(j->why),
			 "the content key cannot be opened: %s", error_text(r));
	return r;
}
