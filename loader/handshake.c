/* SPDX-License-Identifier: MIT */
/* Messages 1 and 2: what the chip says of itself, and what it gets for it. */
#include <string.h>

#include "loader/loader.h"
#include "seal/prim.h"

#include "loader_keys.h"

/* target_rng begins with what the claim says of it. */
#define CLAIM_RNG_LEN 16
#define SECRET (TARGET_TOP + STAGE0_SECRET_OFFSET)

static void prologue(struct prologue *p, const uint8_t *hello)
{
	struct prim_sha256 c;

	memcpy(p->label, LABEL_HANDSHAKE, sizeof(p->label));
	memcpy(p->hello, hello, HELLO_LEN);
	memcpy(p->uid, TARGET_UID, TARGET_UID_LEN);
	prim_sha256_init(&c);
	prim_sha256_update(&c, (const void *)(TARGET_TOP + LOADER_OFFSET),
			   LOADER_LEN);
	prim_sha256_final(&c, p->digest);
}

/* The claim, in place of claim_encode(): values straight from the chip. */
static void claim(uint8_t *p)
{
	p[0] = HELLO_VERSION;
	p[1] = TARGET_FAMILY;
	p[2] = TARGET_UID_LEN;
	/* padding: the body holds what was said before */
	if (TARGET_UID_LEN < UID_MAX)
		memset(p + 3 + TARGET_UID_LEN, 0, UID_MAX - TARGET_UID_LEN);
	memcpy(p + 3, TARGET_UID, TARGET_UID_LEN);
	p[3 + UID_MAX] = TARGET_WORDS;
	p += 4 + UID_MAX;
	target_words(p);
	p += TARGET_WORDS * 8;
	memcpy(p, &loader.rng, CLAIM_RNG_LEN);
}

/* SHA-256 over tested samples. */
static __attribute__((noinline)) int key_make(uint8_t out[32])
{
	struct prim_sha256 c;

	prim_sha256_init(&c);
	for (unsigned i = 0; i < TARGET_KEY_WORDS && !loader.rng.failures;
	     i++) {
		uint32_t v = target_rng_word(&loader.rng);

		prim_sha256_update(&c, &v, sizeof(v));
	}
	for (unsigned n = TARGET_JITTER; n; n--) {
		uint32_t v = target_jitter();

		prim_sha256_update(&c, &v, sizeof(v));
	}
	prim_sha256_final(&c, out);
	return loader.rng.failures ? E_RANDOM : 0;
}

/* And the two products that need nothing of what is to come. */
__attribute__((noinline)) int handshake_key(void)
{
	struct noise_ephemeral *e = &loader.ephemeral;

	if (key_make(e->priv))
		return E_RANDOM;
	return noise_ephemeral_make(e, signet_server_pub);
}

/* A new hello takes a new key, the first the one that is there; the same hello
 * gets the same answer. */
__attribute__((noinline)) void handshake_begin(void)
{
	struct prologue *p = &loader.prologue;
	struct noise *noise = &loader.noise;
	struct noise_ephemeral *e = &loader.ephemeral;
	uint8_t *body = loader.answer.body;
	const uint8_t *psk = (const uint8_t *)SECRET;
	struct verdict v;

	if (!TARGET_STAGE0 || REG(SECRET) == 0xffffffff)
		psk = NULL; /* no stage 0 */
	target_lock_check(&v);
	if (!verdict_ok(&v)) {
		loader_fault(LINK_FAULT_OPEN);
		return;
	}
	if (loader.step != STEP_READY && handshake_key()) {
		loader_fault(LINK_FAULT_RANDOM);
		return;
	}
	LOADER_BASE(p);
	prologue(p, IN_BODY);
	LOADER_BASE(noise);
	noise_init(noise, true, signet_server_pub, p, sizeof(*p), psk);
	LOADER_BASE(body);
	claim(body + NOISE_KEY_LEN);
	LOADER_BASE(e);
	if (!verdict_ok(&v) ||
	    noise_write1_with(noise, psk, e, body + NOISE_KEY_LEN, CLAIM_LEN,
			      body)) {
		loader_fault(LINK_FAULT_CRYPTO);
		return;
	}
	memset(e, 0, sizeof(*e));
	loader.step = STEP_HELLO;
	line_answer(LINK_MSG1, 0, CLAIM_LEN + NOISE_OVERHEAD);
}

__attribute__((noinline)) void handshake_end(void)
{
	struct noise *noise = &loader.noise;

	LOADER_BASE(noise);
	if (noise_read2(noise, IN_BODY, loader.head.len,
			IN_BODY + NOISE_KEY_LEN))
		return;
	/* Split() */
	noise_hkdf(noise->ck, NULL, 0, loader.k[0], 2);
	noise_wipe(noise);
	stream_begin();
}
