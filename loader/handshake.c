/* SPDX-License-Identifier: MIT */
/* Messages 1 and 2: what the chip says of itself, and what it gets for it. */
#include <string.h>

#include "loader/loader.h"
#include "seal/prim.h"

#include "loader_keys.h"

#define SECRET (TARGET_TOP + STAGE0_SECRET_OFFSET)

static void put32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

/* As prologue_make() lays it out; test_loader holds it to that. */
struct prologue {
	uint8_t label[sizeof(LABEL_HANDSHAKE) - 1];
	uint8_t hello[HELLO_LEN];
	uint8_t uid[TARGET_UID_LEN];
	uint8_t digest[DIGEST_LEN];
};

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
	const struct target_rng *h = &loader.rng;

	p[0] = HELLO_VERSION;
	p[1] = FAMILY_STM32L4;
	p[2] = TARGET_UID_LEN;
	memcpy(p + 3, TARGET_UID, TARGET_UID_LEN);
	p[3 + UID_MAX] = TARGET_WORDS;
	p += 4 + UID_MAX;
	target_words(p);
	p += TARGET_WORDS * 8;
	put32(p, h->samples);
	put32(p + 4, h->longest_run);
	put32(p + 8, h->peak);
	put32(p + 12, h->failures);
}

/* SHA-256 over 2,048 tested samples. */
static int key_make(uint8_t out[32])
{
	struct prim_sha256 c;

	prim_sha256_init(&c);
	for (unsigned i = 0; i < 64 && !loader.rng.failures; i++) {
		uint32_t v = target_rng_word(&loader.rng);

		prim_sha256_update(&c, &v, sizeof(v));
	}
	prim_sha256_final(&c, out);
	return loader.rng.failures ? E_RANDOM : 0;
}

/* A new hello makes a new key; the same one gets the same answer. */
__attribute__((noinline)) void handshake_begin(const uint8_t *hello)
{
	struct prologue p;
	uint8_t key[32];
	uint8_t *body = loader.answer.body;
	const uint8_t *psk = (const uint8_t *)SECRET;
	struct verdict v;

	if (REG(SECRET) == 0xffffffff)
		psk = NULL; /* no stage 0 */
	target_lock_check(&v);
	if (!verdict_ok(&v)) {
		loader_fault(LINK_FAULT_OPEN);
		return;
	}
	if (key_make(key)) {
		loader_fault(LINK_FAULT_RANDOM);
		return;
	}
	memcpy(loader.hello, hello, HELLO_LEN);
	prologue(&p, hello);
	noise_init(&loader.noise, true, signet_server_pub, &p, sizeof(p), psk);
	claim(body + NOISE_KEY_LEN);
	if (!verdict_ok(&v) ||
	    noise_write1(&loader.noise, signet_server_pub, psk, key,
			 body + NOISE_KEY_LEN, CLAIM_LEN, body)) {
		loader_fault(LINK_FAULT_CRYPTO);
		return;
	}
	memset(key, 0, sizeof(key));
	loader.step = STEP_HELLO;
	line_answer(LINK_MSG1, 0, CLAIM_LEN + NOISE_OVERHEAD);
}

__attribute__((noinline)) void handshake_end(uint8_t *body, uint32_t len)
{
	if (len < NOISE_OVERHEAD || len > LARGE_BODY)
		return;
	if (noise_read2(&loader.noise, body, len, loader.delivery))
		return;
	if (noise_split(&loader.noise, loader.k1, loader.k2, NULL))
		return;
	noise_wipe(&loader.noise);
	stream_begin();
}
