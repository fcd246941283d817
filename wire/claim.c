/* SPDX-License-Identifier: MIT */
/* What the chip says of itself: the claim before, the report after. */
#include <string.h>

#include "wire/hello.h"
#include "wire/name.h"

static void rd_version(struct rd *r)
{
	if (rd_u8(r) != HELLO_VERSION)
		rd_fail(r, E_VERSION);
}

static void wr_words(struct wr *w, const struct claim_word *words, size_t count)
{
	wr_u8(w, (uint8_t)count);
	for (size_t i = 0; i < count; i++) {
		wr_u32(w, words[i].address);
		wr_u32(w, words[i].value);
	}
}

static uint8_t rd_words(struct rd *r, struct claim_word out[CLAIM_WORDS_MAX])
{
	uint8_t count = rd_u8(r);

	if (count > CLAIM_WORDS_MAX) {
		rd_fail(r, E_TOO_LARGE);
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		out[i].address = rd_u32(r);
		out[i].value = rd_u32(r);
	}
	return count;
}

static int claim_check(const struct claim *c)
{
	if (!family_name(c->family) || !c->uid_len || c->uid_len > UID_MAX)
		return E_RANGE;
	for (size_t i = c->uid_len; i < UID_MAX; i++)
		if (c->uid[i])
			return E_NOT_CANONICAL;
	return c->word_count > CLAIM_WORDS_MAX ? E_TOO_LARGE : 0;
}

int claim_encode(const struct claim *c, uint8_t *out, size_t cap,
		 size_t *out_len)
{
	struct wr w;
	int err = claim_check(c);

	if (err)
		return err;
	wr_init(&w, out, cap);
	wr_u8(&w, HELLO_VERSION);
	wr_u8(&w, c->family);
	wr_u8(&w, c->uid_len);
	wr_bytes(&w, c->uid, UID_MAX);
	wr_words(&w, c->words, c->word_count);
	wr_u32(&w, c->rng_samples);
	wr_u32(&w, c->rng_longest_run);
	wr_u32(&w, c->rng_peak);
	wr_u32(&w, c->rng_failures);
	return wr_end(&w, out_len);
}

int claim_decode(const uint8_t *buf, size_t len, struct claim *out)
{
	struct claim c;
	struct rd r;
	int err;

	memset(&c, 0, sizeof(c));
	rd_init(&r, buf, len);
	rd_version(&r);
	c.family = rd_u8(&r);
	c.uid_len = rd_u8(&r);
	rd_copy(&r, c.uid, UID_MAX);
	c.word_count = rd_words(&r, c.words);
	c.rng_samples = rd_u32(&r);
	c.rng_longest_run = rd_u32(&r);
	c.rng_peak = rd_u32(&r);
	c.rng_failures = rd_u32(&r);
	err = rd_end(&r);
	if (!err)
		err = claim_check(&c);
	if (!err)
		*out = c;
	return err;
}

int report_encode(const struct report *rep, uint8_t *out, size_t cap,
		  size_t *out_len)
{
	struct wr w;

	if (rep->word_count > CLAIM_WORDS_MAX)
		return E_TOO_LARGE;
	wr_init(&w, out, cap);
	wr_u8(&w, HELLO_VERSION);
	wr_bytes(&w, rep->digest, DIGEST_LEN);
	wr_words(&w, rep->words, rep->word_count);
	return wr_end(&w, out_len);
}

int report_decode(const uint8_t *buf, size_t len, struct report *out)
{
	struct report rep;
	struct rd r;
	int err;

	memset(&rep, 0, sizeof(rep));
	rd_init(&r, buf, len);
	rd_version(&r);
	rd_copy(&r, rep.digest, DIGEST_LEN);
	rep.word_count = rd_words(&r, rep.words);
	err = rd_end(&r);
	if (!err)
		*out = rep;
	return err;
}
