/* SPDX-License-Identifier: MIT */
/* The signer's work on sealed attempts: message 1, message 2, report, commit,
 * and the stage-0 secrets of batches. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authority/authority.h"
#include "authority/sealed.h"
#include "base/ct.h"
#include "chip/chip.h"
#include "server/signer_local_int.h"
#include "wire/cose.h"
#include "wire/name.h"
#include "wire/serial.h"

/* SP 800-90B 4.3: start-up tests look at no fewer samples. */
#define RNG_SAMPLES_MIN 1024

_Static_assert(SIGNER_MESSAGE2_MAX >= MESSAGE2_MAX, "message 2 fits");
_Static_assert(SIGNER_COMMIT_MAX >= COMMIT_SEALED_MAX, "commit fits");
_Static_assert(SIGNER_TEXT_CAP >= CHIP_WHY_CAP, "reasons fit");
_Static_assert(sizeof(struct authority_session) ==
		       WRAPPED_SESSION_LEN - X25519_LEN - AEAD_TAG_LEN,
	       "both transport keys");

static void put_le(uint8_t *out, uint64_t v, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(v >> (8 * i));
}

/* ---- what is asked about ----------------------------------------------- */

struct sealed_release {
	struct release_header header;
	uint8_t digest[DIGEST_LEN]; /* of the header's bytes */
	const struct chip *chip;
};

/* The header needs no signature here: the content key is bound to its digest,
 * and was wrapped when the signature had been checked. */
static int release_read(const struct signer_attempt *at,
			struct sealed_release *out)
{
	struct sealed_release r;
	struct cose_sign1 s;
	int err = cose_decode(at->header, at->header_len, &s);

	if (!err)
		err = release_header_decode(s.payload, s.payload_len,
					    &r.header);
	if (!err)
		err = crypto_sha256(at->header, at->header_len, r.digest);
	if (err)
		return err;
	r.chip = chip_of_release(&r.header);
	if (!r.header.sealed || r.header.family != at->family || !r.chip)
		return E_ARG;
	*out = r;
	return 0;
}

static int attempt_check(const struct signer_attempt *at)
{
	char why[CHIP_WHY_CAP];

	if (!name_valid(at->order) || !at->grant || !at->attempt ||
	    at->uid_len > UID_MAX)
		return E_ARG;
	return chip_check_uid((enum family)at->family, at->uid, at->uid_len,
			      why);
}

/* ---- transport keys at rest -------------------------------------------- */

#define SESSION_AAD_LEN (12 + DIGEST_LEN)

static void session_aad(const struct signer_attempt *at,
			const uint8_t digest[DIGEST_LEN],
			uint8_t out[SESSION_AAD_LEN])
{
	put_le(out, at->grant, 8);
	put_le(out + 8, at->attempt, 4);
	memcpy(out + 12, digest, DIGEST_LEN);
}

static int session_wrap(const struct signer_local *s,
			const struct signer_attempt *at,
			const uint8_t digest[DIGEST_LEN],
			const struct authority_session *keys,
			uint8_t out[WRAPPED_SESSION_LEN])
{
	uint8_t aad[SESSION_AAD_LEN];

	session_aad(at, digest, aad);
	return crypto_hpke_seal(
		s->hpke_pub, LABEL_HPKE_SESSION, sizeof(LABEL_HPKE_SESSION) - 1,
		aad, sizeof(aad), keys, sizeof(*keys), out, out + X25519_LEN);
}

static int session_open(const struct signer_local *s,
			const struct signer_attempt *at,
			const uint8_t digest[DIGEST_LEN],
			const uint8_t wrapped[WRAPPED_SESSION_LEN],
			struct authority_session *out)
{
	uint8_t aad[SESSION_AAD_LEN];

	session_aad(at, digest, aad);
	return crypto_hpke_open(s->hpke_key, wrapped, LABEL_HPKE_SESSION,
				sizeof(LABEL_HPKE_SESSION) - 1, aad,
				sizeof(aad), wrapped + X25519_LEN,
				WRAPPED_SESSION_LEN - X25519_LEN,
				(uint8_t *)out);
}

/* Link key and done token for the station, and for nobody on the way. */
static int link_seal_for(const struct signer_handshake *h,
			 const uint8_t digest[DIGEST_LEN],
			 const struct delivery *d, uint8_t out[SEALED_LINK_LEN])
{
	uint8_t aad[SESSION_AAD_LEN], text[LINK_KEY_LEN + DONE_TOKEN_LEN];
	int err;

	session_aad(&h->at, digest, aad);
	memcpy(text, d->link_key, LINK_KEY_LEN);
	memcpy(text + LINK_KEY_LEN, d->done_token, DONE_TOKEN_LEN);
	err = crypto_hpke_seal(h->kem_pub, LABEL_HPKE_LINK,
			       sizeof(LABEL_HPKE_LINK) - 1, aad, sizeof(aad),
			       text, sizeof(text), out, out + X25519_LEN);
	ct_wipe(text, sizeof(text));
	return err;
}

/* ---- batch masters ----------------------------------------------------- */

int signer_batch_make(void *self, const char *batch,
		      uint8_t out_master[WRAPPED_KEY_LEN])
{
	struct signer_local *s = self;
	uint8_t master[STAGE0_LEN], wrapped[WRAPPED_KEY_LEN];
	int err;

	if (!name_valid(batch))
		return E_ARG;
	err = crypto_random(master, sizeof(master));
	if (!err)
		err = crypto_hpke_seal(
			s->hpke_pub, LABEL_HPKE_MASTER,
			sizeof(LABEL_HPKE_MASTER) - 1, batch, strlen(batch) + 1,
			master, sizeof(master), wrapped, wrapped + X25519_LEN);
	if (!err)
		memcpy(out_master, wrapped, sizeof(wrapped));
	ct_wipe(master, sizeof(master));
	return err;
}

static int secret_of(const struct signer_local *s, const char *batch,
		     const uint8_t wrapped[WRAPPED_KEY_LEN], uint8_t family,
		     const uint8_t *uid, size_t uid_len,
		     uint8_t out[STAGE0_LEN])
{
	uint8_t master[STAGE0_LEN];
	int err;

	if (!name_valid(batch))
		return E_ARG;
	err = crypto_hpke_open(s->hpke_key, wrapped, LABEL_HPKE_MASTER,
			       sizeof(LABEL_HPKE_MASTER) - 1, batch,
			       strlen(batch) + 1, wrapped + X25519_LEN,
			       WRAPPED_KEY_LEN - X25519_LEN, master);
	if (!err)
		err = authority_stage0(master, family, uid, uid_len, out);
	ct_wipe(master, sizeof(master));
	return err;
}

int signer_stage0(void *self, struct signer_stage0 *q)
{
	struct signer_local *s = self;
	uint8_t secret[STAGE0_LEN], aad[NAME_CAP + 1 + UID_MAX];
	const struct chip *chip = chip_find((enum family)q->family);
	char why[CHIP_WHY_CAP];
	size_t len;
	int err;

	if (!chip || !chip->stage0 || q->uid_len > UID_MAX)
		return E_ARG;
	err = chip_check_uid((enum family)q->family, q->uid, q->uid_len, why);
	if (!err)
		err = secret_of(s, q->batch, q->master, q->family, q->uid,
				q->uid_len, secret);
	if (err)
		return err;
	len = strlen(q->batch) + 1;
	memcpy(aad, q->batch, len);
	aad[len++] = q->family;
	memcpy(aad + len, q->uid, q->uid_len);
	len += q->uid_len;
	err = crypto_hpke_seal(q->kem_pub, LABEL_HPKE_STAGE0,
			       sizeof(LABEL_HPKE_STAGE0) - 1, aad, len, secret,
			       sizeof(secret), q->out_enc, q->out_sealed);
	ct_wipe(secret, sizeof(secret));
	return err;
}

/* ---- handshake --------------------------------------------------------- */

/* Nothing measured, or as much as the cut-off; not the loader's verdict again,
 * but its figures against ours. */
static bool rng_beyond(uint32_t value, uint32_t cutoff)
{
	return value == 0 || (cutoff != 0 && value >= cutoff);
}

static enum sealed_verdict judge_claim(const struct signer_handshake *h,
				       const struct sealed_release *r,
				       const struct claim *c, char *why)
{
	const struct signer_attempt *at = &h->at;

	if (c->family != at->family || c->uid_len != at->uid_len ||
	    memcmp(c->uid, at->uid, at->uid_len) != 0) {
		snprintf(why, SIGNER_TEXT_CAP,
			 "the chip's own %s is not the grant's",
			 c->family != at->family ? "family" : "unique ID");
		return SEALED_CLAIM;
	}
	if (c->rng_failures || c->rng_samples < RNG_SAMPLES_MIN ||
	    rng_beyond(c->rng_longest_run, r->chip->rng_run) ||
	    rng_beyond(c->rng_peak, r->chip->rng_peak)) {
		snprintf(why, SIGNER_TEXT_CAP,
			 "random number generator: %u failures in %u samples, "
			 "longest run %u, peak %u",
			 c->rng_failures, c->rng_samples, c->rng_longest_run,
			 c->rng_peak);
		return SEALED_RNG;
	}
	if (chip_check_lock(r->chip, &r->header, c->words, c->word_count, why))
		return SEALED_LOCK;
	return SEALED_OK;
}

/* Which of the admitted loaders made the message?  E_DECRYPT: none. */
static int open_message1(struct signer_local *s, struct signer_handshake *h,
			 const uint8_t *psk, struct noise *n, struct claim *c)
{
	struct authority_chip chip = { .uid_len = h->at.uid_len, .psk = psk };
	int err = E_DECRYPT;

	memcpy(chip.uid, h->at.uid, h->at.uid_len);
	memcpy(chip.hello.order, h->at.order, NAME_CAP);
	chip.hello.grant = h->at.grant;
	chip.hello.attempt = h->at.attempt;
	memcpy(chip.hello.challenge, h->challenge, CHALLENGE_LEN);
	for (uint8_t i = 0; err == E_DECRYPT && i < h->loader_count; i++) {
		memcpy(chip.loader_digest, h->loaders[i], DIGEST_LEN);
		err = authority_message1(s->noise_key, &chip, h->message,
					 h->message_len, n, c);
		h->loader = i;
	}
	return err;
}

/* The device's patch of the image: its serial number. */
static int patch_add(const struct sealed_release *r, const char *serial,
		     struct delivery *d)
{
	const struct serial_place *s = &r->header.serial;
	uint8_t bytes[SERIAL_CAP];
	struct wr w;
	size_t len;
	int err;

	if (s->form == SERIAL_NONE)
		return 0;
	err = serial_bytes(s, serial, bytes);
	if (err)
		return err;
	wr_init(&w, d->patches, sizeof(d->patches));
	wr_u32(&w, s->address);
	wr_u16(&w, s->len);
	wr_bytes(&w, bytes, s->len);
	err = wr_end(&w, &len);
	d->patch_len = (uint16_t)len;
	return err;
}

static int make_message2(struct signer_local *s, struct signer_handshake *h,
			 const struct sealed_release *r, struct noise *n)
{
	struct authority_session session;
	struct delivery d;
	int err;

	memset(&d, 0, sizeof(d));
	authority_delivery(&r->header, r->digest, &d);
	err = chip_late_options(r->chip, &r->header, d.final_options, h->why);
	if (!err)
		err = patch_add(r, h->at.serial, &d);
	if (!err)
		err = signer_content_key(s, h->at.order, r->digest, h->wrapped,
					 d.content_key);
	if (!err)
		err = crypto_random(d.link_key, LINK_KEY_LEN);
	if (!err)
		err = crypto_random(d.done_token, DONE_TOKEN_LEN);
	if (!err)
		err = authority_message2(n, &d, h->message2, &h->message2_len,
					 &session);
	if (!err)
		err = session_wrap(s, &h->at, r->digest, &session, h->session);
	if (!err)
		err = link_seal_for(h, r->digest, &d, h->link);
	ct_wipe(&d, sizeof(d));
	ct_wipe(&session, sizeof(session));
	return err;
}

int signer_handshake(void *self, struct signer_handshake *h)
{
	struct signer_local *s = self;
	uint8_t psk[STAGE0_LEN];
	struct sealed_release r;
	struct noise n;
	struct claim c;
	int err = attempt_check(&h->at);

	h->why[0] = '\0';
	if (!err)
		err = release_read(&h->at, &r);
	if (!err &&
	    (!h->loader_count || h->loader_count > HANDSHAKE_LOADERS_MAX ||
	     h->admitted_count > h->loader_count))
		err = E_ARG;
	if (!err && h->batch[0])
		err = secret_of(s, h->batch, h->master, h->at.family, h->at.uid,
				h->at.uid_len, psk);
	if (err)
		return err;
	err = open_message1(s, h, h->batch[0] ? psk : NULL, &n, &c);
	ct_wipe(psk, sizeof(psk));
	if (err == E_NOMEM || err == E_CRYPTO)
		return err;
	if (err) {
		h->verdict = SEALED_UNREADABLE;
		return 0;
	}
	h->verdict = h->loader < h->admitted_count
			     ? judge_claim(h, &r, &c, h->why)
			     : SEALED_LOADER;
	if (h->verdict == SEALED_OK)
		err = make_message2(s, h, &r, &n);
	noise_wipe(&n);
	return err;
}

/* ---- report and commit ------------------------------------------------- */

/* The records must be about this very chip and release; out_serial gets what
 * the credential says. */
static int records_check(const struct signer_commit *c,
			 const struct sealed_release *r,
			 char out_serial[SERIAL_CAP])
{
	struct firmware_info fw;
	struct credential cred;
	struct cose_sign1 s;
	int err = cose_decode(c->credential, c->credential_len, &s);

	if (!err)
		err = credential_decode(s.payload, s.payload_len, &cred);
	if (!err)
		err = cose_decode(c->firmware, c->firmware_len, &s);
	if (!err)
		err = firmware_info_decode(s.payload, s.payload_len, &fw);
	if (err)
		return err;
	if (cred.grant != c->at.grant || cred.family != c->at.family ||
	    cred.uid_len != c->at.uid_len ||
	    memcmp(cred.uid, c->at.uid, cred.uid_len) != 0 ||
	    memcmp(cred.digest, r->header.fw.digest, DIGEST_LEN) != 0 ||
	    memcmp(fw.digest, r->header.fw.digest, DIGEST_LEN) != 0)
		return E_ARG;
	memcpy(out_serial, cred.serial, SERIAL_CAP);
	return 0;
}

/* The digest of the image with the device's serial number in it. */
static int expect(struct signer_local *s, const struct signer_commit *c,
		  const struct sealed_release *r, const char *serial,
		  uint8_t out[DIGEST_LEN])
{
	uint8_t key[AEAD_KEY_LEN];
	int err;

	if (r->header.serial.form == SERIAL_NONE) {
		memcpy(out, r->header.fw.digest, DIGEST_LEN);
		return 0;
	}
	err = signer_content_key(s, c->at.order, r->digest, c->wrapped, key);
	if (!err)
		err = authority_installed_digest(&r->header, r->digest, key,
						 c->chunks, c->chunks_len,
						 serial, out);
	ct_wipe(key, sizeof(key));
	return err;
}

static enum sealed_verdict judge_report(const struct sealed_release *r,
					const uint8_t want[DIGEST_LEN],
					const struct report *rep, char *why)
{
	if (memcmp(rep->digest, want, DIGEST_LEN) != 0) {
		snprintf(why, SIGNER_TEXT_CAP,
			 "the digest of what is installed is not the "
			 "release's");
		return SEALED_REPORT;
	}
	if (chip_check_lock(r->chip, &r->header, rep->words, rep->word_count,
			    why))
		return SEALED_LOCK;
	return SEALED_OK;
}

int signer_commit(void *self, struct signer_commit *c)
{
	struct signer_local *s = self;
	struct authority_session session;
	uint8_t want[DIGEST_LEN];
	char serial[SERIAL_CAP];
	struct sealed_release r;
	struct report rep;
	int err = attempt_check(&c->at);

	c->why[0] = '\0';
	if (!err)
		err = release_read(&c->at, &r);
	if (!err)
		err = records_check(c, &r, serial);
	if (!err)
		err = expect(s, c, &r, serial, want);
	if (!err)
		err = session_open(s, &c->at, r.digest, c->session, &session);
	if (err)
		return err;
	if (authority_report(&session, c->report, c->report_len, &rep))
		c->verdict = SEALED_UNREADABLE;
	else
		c->verdict = judge_report(&r, want, &rep, c->why);
	if (c->verdict == SEALED_OK)
		err = authority_commit(
			&session, c->credential, c->credential_len, c->firmware,
			c->firmware_len, c->commit, &c->commit_len);
	ct_wipe(&session, sizeof(session));
	return err;
}

int signer_noise_key(void *self, uint8_t out_pub[X25519_LEN])
{
	struct signer_local *s = self;
	size_t len;

	return crypto_key_public(s->noise_key, out_pub, X25519_LEN, &len);
}
