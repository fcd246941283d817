/* SPDX-License-Identifier: MIT */
/*
 * Every message of both patterns ends with one payload that follows a MixKey,
 * so the nonce of CipherState is 0 each time and is kept nowhere.
 */
#include "seal/noise.h"

#include <string.h>

#include "base/ct.h"
#include "seal/prim.h"

#define NAME_NK "Noise_NK_25519_ChaChaPoly_SHA256"
/* SHA-256 of "Noise_NKpsk0_25519_ChaChaPoly_SHA256" */
static const uint8_t name_nkpsk0[] = {
	0x6e, 0x95, 0xd1, 0x71, 0x22, 0xc2, 0xc1, 0x07, 0xe4, 0xb1, 0x9c,
	0x1e, 0x59, 0x2d, 0x8e, 0x7d, 0xbe, 0xa2, 0x03, 0xa3, 0xd9, 0xce,
	0x73, 0xde, 0x10, 0xd8, 0x36, 0x55, 0xb4, 0x4c, 0x86, 0xad,
};

enum { HASH_LEN = 32, BLOCK_LEN = 64 };

/* A name as long as the hash stands for itself, a longer one is hashed (5.2,
 * InitializeSymmetric). */
_Static_assert(sizeof(NAME_NK) - 1 == HASH_LEN, "the name is hashed otherwise");

/* H(a || b) */
static void hash2(const void *a, size_t a_len, const void *b, size_t b_len,
		  uint8_t out[HASH_LEN])
{
	struct prim_sha256 c;

	prim_sha256_init(&c);
	prim_sha256_update(&c, a, a_len);
	prim_sha256_update(&c, b, b_len);
	prim_sha256_final(&c, out);
	ct_wipe(&c, sizeof(c));
}

static void hmac(const uint8_t key[HASH_LEN], const void *p, size_t len,
		 uint8_t out[HASH_LEN])
{
	uint8_t pad[BLOCK_LEN];

	memset(pad, 0x36, sizeof(pad));
	for (size_t i = 0; i < HASH_LEN; i++)
		pad[i] ^= key[i];
	hash2(pad, sizeof(pad), p, len, out);
	for (size_t i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36 ^ 0x5c;
	hash2(pad, sizeof(pad), out, HASH_LEN, out);
	ct_wipe(pad, sizeof(pad));
}

void noise_hkdf(const uint8_t key[32], const void *input, size_t len,
		uint8_t *out, int count)
{
	uint8_t prk[HASH_LEN];
	uint8_t t[HASH_LEN + 1]; /* the block before, and this one's number */
	size_t skip = HASH_LEN;	 /* the first has none before it */

	hmac(key, input, len, prk);
	for (int i = 1; i <= count; i++) {
		t[HASH_LEN] = (uint8_t)i;
		hmac(prk, t + skip, sizeof(t) - skip, t);
		memcpy(out, t, HASH_LEN);
		out += HASH_LEN;
		skip = 0;
	}
	ct_wipe(prk, sizeof(prk));
	ct_wipe(t, sizeof(t));
}

static void mix_hash(struct noise *s, const void *p, size_t len)
{
	hash2(s->h, HASH_LEN, p, len, s->h);
}

static void mix_key(struct noise *s, const uint8_t input[32], uint8_t k[32])
{
	uint8_t out[2 * HASH_LEN];

	noise_hkdf(s->ck, input, 32, out, 2);
	memcpy(s->ck, out, HASH_LEN);
	memcpy(k, out + HASH_LEN, HASH_LEN);
	ct_wipe(out, sizeof(out));
}

static void mix_psk(struct noise *s, const uint8_t psk[32])
{
	uint8_t out[3 * HASH_LEN];

	noise_hkdf(s->ck, psk, 32, out, 3);
	memcpy(s->ck, out, HASH_LEN);
	mix_hash(s, out + HASH_LEN, HASH_LEN);
	/* the third is a key that encrypts nothing: e and es come before the
	 * payload */
	ct_wipe(out, sizeof(out));
}

/* Tokens (psk,) e and a DH, which every message of ours consists of. */
static void mix_tokens(struct noise *s, const uint8_t *psk, const uint8_t e[32],
		       const uint8_t dh[32], uint8_t k[32])
{
	if (psk)
		mix_psk(s, psk);
	mix_hash(s, e, NOISE_KEY_LEN);
	if (s->psk) /* 9.2: e also makes a key in psk handshakes */
		mix_key(s, e, k);
	mix_key(s, dh, k);
}

void noise_init(struct noise *s, bool initiator, const uint8_t rs[32],
		const void *prologue, size_t prologue_len,
		const uint8_t psk[32])
{
	memset(s, 0, sizeof(*s));
	s->initiator = initiator;
	s->psk = psk != NULL;
	memcpy(s->h, psk ? (const void *)name_nkpsk0 : NAME_NK, HASH_LEN);
	memcpy(s->ck, s->h, HASH_LEN);
	mix_hash(s, prologue, prologue_len);
	mix_hash(s, rs, NOISE_KEY_LEN);
}

int noise_ephemeral_make(struct noise_ephemeral *e, const uint8_t peer[32])
{
	prim_x25519_base(e->pub, e->priv);
	return prim_x25519(e->dh, e->priv, peer);
}

/* Nothing can fail any more, so the state changes at once. */
static void message_write(struct noise *s, const uint8_t *psk,
			  const struct noise_ephemeral *e, const void *payload,
			  size_t len, uint8_t *out)
{
	uint8_t *text = out + NOISE_KEY_LEN;
	uint8_t k[32];

	if (len && payload != text)
		memmove(text, payload, len);
	memcpy(out, e->pub, NOISE_KEY_LEN);
	mix_tokens(s, psk, e->pub, e->dh, k);
	prim_aead_seal(k, 0, s->h, HASH_LEN, text, len, text + len);
	mix_hash(s, text, len + NOISE_TAG_LEN);
	s->step++;
	ct_wipe(k, sizeof(k));
}

static int message_read(struct noise *s, const uint8_t *psk,
			const uint8_t priv[32], const uint8_t *msg, size_t len,
			uint8_t *payload)
{
	const uint8_t *text = msg + NOISE_KEY_LEN;
	struct noise t = *s;
	uint8_t dh[32], k[32], aad[HASH_LEN];
	int err;

	if (len < NOISE_OVERHEAD)
		return E_TRUNCATED;
	len -= NOISE_OVERHEAD;
	err = prim_x25519(dh, priv, msg);
	if (err)
		return err;
	if (!t.initiator)
		memcpy(t.e, msg, NOISE_KEY_LEN);
	mix_tokens(&t, psk, msg, dh, k);
	memcpy(aad, t.h, HASH_LEN);
	mix_hash(&t, text, len + NOISE_TAG_LEN);
	/* the tag stays where it is: payload ends before it, or elsewhere */
	if (payload != text)
		memmove(payload, text, len);
	err = prim_aead_open(k, 0, aad, HASH_LEN, payload, len, text + len);
	t.step++;
	if (err)
		memset(payload, 0, len);
	else
		*s = t;
	ct_wipe(&t, sizeof(t));
	ct_wipe(dh, sizeof(dh));
	ct_wipe(k, sizeof(k));
	return err;
}

static bool in_turn(const struct noise *s, bool initiator, unsigned int step)
{
	return s->initiator == initiator && s->step == step;
}

int noise_write1_with(struct noise *s, const uint8_t psk[32],
		      const struct noise_ephemeral *e, const void *payload,
		      size_t len, uint8_t *out)
{
	if (!in_turn(s, true, 0) || s->psk != (psk != NULL))
		return E_STATE;
	message_write(s, psk, e, payload, len, out);
	memcpy(s->e, e->priv, NOISE_KEY_LEN);
	return 0;
}

int noise_write1(struct noise *s, const uint8_t rs[32], const uint8_t psk[32],
		 const uint8_t e_priv[32], const void *payload, size_t len,
		 uint8_t *out)
{
	struct noise_ephemeral e;
	int err;

	if (!in_turn(s, true, 0) || s->psk != (psk != NULL))
		return E_STATE;
	memcpy(e.priv, e_priv, NOISE_KEY_LEN);
	err = noise_ephemeral_make(&e, rs);
	if (!err)
		err = noise_write1_with(s, psk, &e, payload, len, out);
	ct_wipe(&e, sizeof(e));
	return err;
}

int noise_read1(struct noise *s, const uint8_t s_priv[32],
		const uint8_t psk[32], const uint8_t *msg, size_t len,
		uint8_t *payload)
{
	if (!in_turn(s, false, 0) || s->psk != (psk != NULL))
		return E_STATE;
	return message_read(s, psk, s_priv, msg, len, payload);
}

int noise_write2(struct noise *s, const uint8_t e_priv[32], const void *payload,
		 size_t len, uint8_t *out)
{
	struct noise_ephemeral e;
	int err;

	if (!in_turn(s, false, 1))
		return E_STATE;
	memcpy(e.priv, e_priv, NOISE_KEY_LEN);
	err = noise_ephemeral_make(&e, s->e);
	if (!err)
		message_write(s, NULL, &e, payload, len, out);
	ct_wipe(&e, sizeof(e));
	return err;
}

int noise_read2(struct noise *s, const uint8_t *msg, size_t len,
		uint8_t *payload)
{
	if (!in_turn(s, true, 1))
		return E_STATE;
	return message_read(s, NULL, s->e, msg, len, payload);
}

int noise_split(const struct noise *s, uint8_t k1[32], uint8_t k2[32],
		uint8_t hash[32])
{
	uint8_t out[2 * HASH_LEN];

	if (s->step != 2)
		return E_STATE;
	noise_hkdf(s->ck, NULL, 0, out, 2);
	memcpy(k1, out, HASH_LEN);
	memcpy(k2, out + HASH_LEN, HASH_LEN);
	if (hash)
		memcpy(hash, s->h, HASH_LEN);
	ct_wipe(out, sizeof(out));
	return 0;
}

void noise_wipe(struct noise *s)
{
	ct_wipe(s, sizeof(*s));
}

void noise_seal(const uint8_t k[32], uint32_t n, const void *in, size_t len,
		uint8_t *out)
{
	if (len)
		memmove(out, in, len);
	prim_aead_seal(k, n, NULL, 0, out, len, out + len);
}

int noise_open(const uint8_t k[32], uint32_t n, const uint8_t *in, size_t len,
	       uint8_t *out)
{
	int err;

	if (len < NOISE_TAG_LEN)
		return E_TRUNCATED;
	len -= NOISE_TAG_LEN;
	memmove(out, in, len);
	err = prim_aead_open(k, n, NULL, 0, out, len, in + len);
	if (err)
		memset(out, 0, len);
	return err;
}
