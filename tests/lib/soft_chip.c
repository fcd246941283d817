/* SPDX-License-Identifier: MIT */
#include "tests/lib/soft_chip.h"

#include <string.h>

#include "base/ct.h"
#include "crypto/crypto.h"

/* A value with which every field says what it should. */
static uint32_t witness_value(const struct chip_witness *w)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < w->count; i++) {
		const struct chip_field *f = &w->fields[i];

		v = (v & ~f->mask) | f->value;
		if (f->differs)
			v ^= f->mask & -f->mask;
	}
	return v;
}

int soft_chip_claim(struct soft_chip *c, const struct release_header *h)
{
	const struct chip *chip = c->chip;
	struct claim *m = &c->claim;
	uint32_t want[CHIP_OPTIONS_MAX];
	char why[CHIP_WHY_CAP];
	int err = chip_want_options(chip, h, want, why);

	memset(m, 0, sizeof(*m));
	m->family = (uint8_t)chip->family;
	m->uid_len = chip->uid_len;
	memcpy(m->uid, c->uid, chip->uid_len);
	for (unsigned i = 0; !err && i < chip->option_count; i++)
		m->words[m->word_count++] =
			(struct claim_word){ chip->options[i].reg, want[i] };
	for (unsigned i = 0; !err && i < chip->witness_count; i++)
		m->words[m->word_count++] = (struct claim_word){
			chip->witnesses[i].address,
			witness_value(&chip->witnesses[i])
		};
	/* what a healthy generator shows (chip/stm32l4/target_rng.c) */
	m->rng_samples = 1280;
	m->rng_longest_run = 3;
	m->rng_peak = 9;
	return err;
}

int soft_chip_message1(struct soft_chip *c, const struct hello *hello,
		       uint8_t out[SOFT_MESSAGE1_MAX], size_t *out_len)
{
	uint8_t prologue[PROLOGUE_MAX], bytes[HELLO_LEN], payload[CLAIM_MAX];
	uint8_t e[NOISE_KEY_LEN];
	size_t n, len = 0;
	int err = claim_encode(&c->claim, payload, sizeof(payload), &len);

	hello_encode(hello, bytes);
	n = prologue_make(bytes, c->uid, c->chip->uid_len, c->loader_digest,
			  prologue);
	noise_init(&c->noise, true, c->server_pub, prologue, n, c->psk);
	if (!err)
		err = crypto_random(e, sizeof(e));
	if (!err)
		err = noise_write1(&c->noise, c->server_pub, c->psk, e, payload,
				   len, out);
	if (!err)
		*out_len = len + NOISE_OVERHEAD;
	ct_wipe(e, sizeof(e));
	return err;
}

int soft_chip_message2(struct soft_chip *c, const uint8_t *msg, size_t len)
{
	uint8_t payload[DELIVERY_MAX];
	int err;

	if (len < NOISE_OVERHEAD || len > sizeof(payload) + NOISE_OVERHEAD)
		return E_TOO_LARGE;
	err = noise_read2(&c->noise, msg, len, payload);
	if (!err)
		err = delivery_decode(payload, len - NOISE_OVERHEAD,
				      &c->delivery);
	if (!err)
		err = noise_split(&c->noise, c->up, c->down, NULL);
	ct_wipe(payload, sizeof(payload));
	return err;
}

int soft_chip_report(const struct soft_chip *c, uint8_t out[SOFT_REPORT_MAX],
		     size_t *out_len)
{
	uint8_t plain[REPORT_MAX];
	struct report r;
	size_t len;
	int err;

	memset(&r, 0, sizeof(r));
	memcpy(r.digest, c->delivery.digest, DIGEST_LEN);
	r.word_count = c->claim.word_count;
	memcpy(r.words, c->claim.words, sizeof(r.words));
	err = report_encode(&r, plain, sizeof(plain), &len);
	if (err)
		return err;
	noise_seal(c->up, 0, plain, len, out);
	*out_len = len + NOISE_TAG_LEN;
	return 0;
}

int soft_chip_commit(const struct soft_chip *c, const uint8_t *msg, size_t len,
		     uint8_t *out_plain, struct commit *out)
{
	int err = len < NOISE_TAG_LEN
			  ? E_TRUNCATED
			  : noise_open(c->down, 0, msg, len, out_plain);

	return err ? err : commit_decode(out_plain, len - NOISE_TAG_LEN, out);
}
