/* SPDX-License-Identifier: MIT */
#include "authority/sealed.h"

#include <string.h>

#include "base/ct.h"
#include "wire/record.h"

int authority_stage0(const uint8_t master[STAGE0_LEN], uint8_t family,
		     const uint8_t *uid, size_t uid_len,
		     uint8_t out[STAGE0_LEN])
{
	uint8_t info[1 + UID_MAX];

	if (uid_len == 0 || uid_len > UID_MAX)
		return E_RANGE;
	info[0] = family;
	memcpy(info + 1, uid, uid_len);
	return crypto_hkdf(master, STAGE0_LEN, LABEL_STAGE0,
			   sizeof(LABEL_STAGE0) - 1, info, 1 + uid_len, out,
			   STAGE0_LEN);
}

int authority_message1(const struct crypto_key *noise_key,
		       const struct authority_chip *chip, const uint8_t *msg,
		       size_t len, struct noise *out, struct claim *out_claim)
{
	uint8_t priv[X25519_LEN], pub[X25519_LEN], hello[HELLO_LEN];
	uint8_t prologue[PROLOGUE_MAX], payload[CLAIM_MAX];
	struct noise n;
	size_t prologue_len, pub_len;
	int err;

	if (len < NOISE_OVERHEAD || len > MESSAGE1_MAX)
		return E_DECRYPT;
	if (chip->uid_len > UID_MAX)
		return E_RANGE;
	hello_encode(&chip->hello, hello);
	prologue_len = prologue_make(hello, chip->uid, chip->uid_len,
				     chip->loader_digest, prologue);
	err = crypto_key_public(noise_key, pub, sizeof(pub), &pub_len);
	if (!err)
		err = crypto_key_x25519(noise_key, priv);
	if (err)
		return err;
	noise_init(&n, false, pub, prologue, prologue_len, chip->psk);
	err = noise_read1(&n, priv, chip->psk, msg, len, payload);
	/* A low-order point for an ephemeral key is an altered message. */
	if (err == E_CRYPTO)
		err = E_DECRYPT;
	if (!err)
		err = claim_decode(payload, len - NOISE_OVERHEAD, out_claim);
	if (!err)
		*out = n;
	ct_wipe(priv, sizeof(priv));
	noise_wipe(&n);
	return err;
}

int authority_message2(struct noise *n, const struct delivery *d,
		       uint8_t out[MESSAGE2_MAX], size_t *out_len,
		       struct authority_session *out_session)
{
	uint8_t payload[DELIVERY_MAX], ephemeral[NOISE_KEY_LEN];
	struct authority_session s = { 0 };
	size_t len = 0;
	int err = delivery_encode(d, payload, sizeof(payload), &len);

	if (!err)
		err = crypto_random(ephemeral, sizeof(ephemeral));
	if (!err)
		err = noise_write2(n, ephemeral, payload, len, out);
	if (!err)
		err = noise_split(n, s.up, s.down, NULL);
	if (!err) {
		*out_session = s;
		*out_len = len + NOISE_OVERHEAD;
	}
	ct_wipe(payload, sizeof(payload));
	ct_wipe(ephemeral, sizeof(ephemeral));
	ct_wipe(&s, sizeof(s));
	noise_wipe(n);
	return err;
}

void authority_delivery(const struct release_header *h,
			const uint8_t header_digest[DIGEST_LEN],
			struct delivery *out)
{
	memcpy(out->header_digest, header_digest, DIGEST_LEN);
	memcpy(out->digest, h->fw.digest, DIGEST_LEN);
	out->chunk_len = h->chunk_len;
	memcpy(out->boot_words, h->boot, sizeof(out->boot_words));
	memset(out->final_options, 0xff, sizeof(out->final_options));
	out->segment_count = h->fw.segment_count;
	memcpy(out->segments, h->fw.segments, sizeof(out->segments));
}

int authority_report(const struct authority_session *s, const uint8_t *msg,
		     size_t len, struct report *out)
{
	uint8_t plain[REPORT_MAX];
	int err;

	if (len < NOISE_TAG_LEN || len > REPORT_SEALED_MAX)
		return E_DECRYPT;
	err = noise_open(s->up, 0, msg, len, plain);
	return err ? err : report_decode(plain, len - NOISE_TAG_LEN, out);
}

int authority_commit(const struct authority_session *s,
		     const uint8_t *credential, size_t credential_len,
		     const uint8_t *firmware, size_t firmware_len,
		     uint8_t out[COMMIT_SEALED_MAX], size_t *out_len)
{
	uint8_t one[RECORD_CREDENTIAL_CAP], two[RECORD_FIRMWARE_CAP];
	uint8_t plain[COMMIT_MAX];
	struct commit c = { .credential = one, .firmware = two };
	size_t len;
	int err = record_encode(RECORD_CREDENTIAL, credential, credential_len,
				one, sizeof(one), &c.credential_len);

	if (!err)
		err = record_encode(RECORD_FIRMWARE, firmware, firmware_len,
				    two, sizeof(two), &c.firmware_len);
	if (!err)
		err = commit_encode(&c, plain, sizeof(plain), &len);
	if (err)
		return err;
	noise_seal(s->down, 0, plain, len, out);
	*out_len = len + NOISE_TAG_LEN;
	return 0;
}
