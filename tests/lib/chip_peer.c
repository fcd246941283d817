/* SPDX-License-Identifier: MIT */
#include "tests/lib/chip_peer.h"

#include <string.h>

#include "crypto/crypto.h"

static void answer(struct chip_peer *p, enum link_type type, uint16_t index,
		   const uint8_t *body, size_t len)
{
	const struct link_head h = { (uint8_t)type, index, (uint16_t)len };

	p->answer_len = link_frame(&h, body, p->answer);
}

void chip_peer_start(struct chip_peer *p)
{
	memset(&p->rx, 0, sizeof(p->rx));
	p->rx.buf = p->body;
	p->step = CHIP_PEER_READY;
	answer(p, LINK_READY, 0, NULL, 0);
}

/* A new hello makes a new key; the same one gets the same answer. */
static bool take_hello(struct chip_peer *p, const uint8_t *body, size_t len)
{
	uint8_t message[SOFT_MESSAGE1_MAX];
	struct hello h;
	size_t n;

	if (hello_decode(body, len, &h))
		return false;
	if (p->step == CHIP_PEER_HELLO && !memcmp(body, p->hello, HELLO_LEN))
		return true;
	if (soft_chip_message1(&p->soft, &h, message, &n))
		return false;
	memcpy(p->hello, body, HELLO_LEN);
	p->step = CHIP_PEER_HELLO;
	answer(p, LINK_MSG1, 0, message, n);
	return true;
}

static uint32_t sum(const struct delivery *d)
{
	uint32_t total = 0;

	for (unsigned i = 0; i < d->segment_count; i++)
		total += d->segments[i].len;
	return total;
}

static bool fits(const struct chip_peer *p, const struct delivery *d)
{
	for (unsigned i = 0; i < d->segment_count; i++) {
		uint32_t at = d->segments[i].address - p->flash_base;

		if (at >= p->flash_len ||
		    d->segments[i].len > p->flash_len - at)
			return false;
	}
	return true;
}

static bool take_message2(struct chip_peer *p, const uint8_t *body, size_t len)
{
	const struct delivery *d = &p->soft.delivery;

	if (soft_chip_message2(&p->soft, body, len) || !fits(p, d))
		return false;
	p->total = sum(d);
	p->chunks = (uint16_t)((p->total + d->chunk_len - 1) / d->chunk_len);
	p->want = 0;
	p->step = CHIP_PEER_STREAM;
	answer(p, LINK_WANT, 0, NULL, 0);
	return true;
}

static uint8_t *flash_at(struct chip_peer *p, uint32_t address)
{
	return p->flash + (address - p->flash_base);
}

/* Byte number at of the segments, laid end to end. */
static uint8_t *image_at(struct chip_peer *p, uint32_t at)
{
	const struct segment *s = p->soft.delivery.segments;

	while (at >= s->len)
		at -= s++->len;
	return flash_at(p, s->address + at);
}

static bool report_make(struct chip_peer *p)
{
	const struct delivery *d = &p->soft.delivery;
	uint8_t plain[SOFT_REPORT_MAX];
	struct report r = { .word_count = p->soft.claim.word_count };
	struct crypto_sha256 *h;
	struct patch patch;
	struct rd rd;
	size_t len;
	int err = crypto_sha256_new(&h);

	if (!err)
		err = crypto_sha256_update(h, LABEL_IMAGE,
					   sizeof(LABEL_IMAGE) - 1);
	rd_init(&rd, d->patches, d->patch_len);
	while (patch_next(&rd, &patch))
		for (uint32_t i = 0; i < patch.len; i++)
			*flash_at(p, patch.address + i) = patch.bytes[i];
	for (unsigned i = 0; i < d->segment_count && !err; i++) {
		const struct segment *s = &d->segments[i];
		uint8_t head[8];
		struct wr w;

		wr_init(&w, head, sizeof(head));
		wr_u32(&w, s->address);
		wr_u32(&w, s->len);
		err = crypto_sha256_update(h, head, sizeof(head));
		if (!err)
			err = crypto_sha256_update(h, flash_at(p, s->address),
						   s->len);
	}
	if (!err)
		err = crypto_sha256_final(h, r.digest);
	memcpy(r.words, p->soft.claim.words, sizeof(r.words));
	if (!err)
		err = report_encode(&r, plain, sizeof(plain), &len);
	if (err)
		return false;
	noise_seal(p->soft.up, 0, plain, len, plain);
	p->step = CHIP_PEER_REPORT;
	answer(p, LINK_REPORT, 0, plain, len + NOISE_TAG_LEN);
	return true;
}

static bool take_data(struct chip_peer *p, uint16_t index, uint8_t *body,
		      size_t len)
{
	const struct delivery *d = &p->soft.delivery;
	uint32_t at = p->want * d->chunk_len;
	uint32_t plain = p->total - at;
	uint8_t nonce[AEAD_NONCE_LEN], aad[CHUNK_AAD_LEN];

	if (plain > d->chunk_len)
		plain = d->chunk_len;
	if (index != p->want || len != plain + 2 * NOISE_TAG_LEN ||
	    link_open(d->link_key, index, body, len))
		return false;
	release_chunk_nonce(index, nonce);
	release_chunk_aad(d->header_digest, index, at + plain == p->total, aad);
	if (crypto_aead_open(d->content_key, nonce, aad, sizeof(aad), body,
			     plain + AEAD_TAG_LEN, body))
		return false;
	for (uint32_t i = 0; i < plain; i++)
		*image_at(p, at + i) = body[i];
	p->want++;
	answer(p, LINK_WANT, p->want, NULL, 0);
	return p->want < p->chunks || report_make(p);
}

static bool take_commit(struct chip_peer *p, const uint8_t *body, size_t len)
{
	uint8_t plain[LINK_BODY_MAX];
	struct commit c;

	if (soft_chip_commit(&p->soft, body, len, plain, &c))
		return false;
	memset(p->credential, 0xff, sizeof(p->credential));
	memset(p->firmware, 0xff, sizeof(p->firmware));
	memcpy(p->credential, c.credential, c.credential_len);
	memcpy(p->firmware, c.firmware, c.firmware_len);
	p->step = CHIP_PEER_DONE;
	answer(p, LINK_DONE, 0, p->soft.delivery.done_token, DONE_TOKEN_LEN);
	return true;
}

static bool take(struct chip_peer *p)
{
	const struct link_head *h = &p->rx.head;

	if (h->type == LINK_HELLO && p->step <= CHIP_PEER_HELLO)
		return take_hello(p, p->body, h->len);
	if (h->type == LINK_MSG2 && p->step == CHIP_PEER_HELLO)
		return take_message2(p, p->body, h->len);
	if (h->type == LINK_DATA && p->step == CHIP_PEER_STREAM)
		return take_data(p, h->index, p->body, h->len);
	if (h->type == LINK_COMMIT && p->step == CHIP_PEER_REPORT)
		return take_commit(p, p->body, h->len);
	return h->type == LINK_ASK;
}

void chip_peer_bytes(struct chip_peer *p, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		int got = link_rx_byte(&p->rx, bytes[i]);

		if (got < 0)
			p->damaged++;
		else if (got == 1 && !take(p))
			p->ignored++;
		/* a damaged body has an answer, a damaged head does not */
		if (got == 1 || (got < 0 && !p->rx.have))
			p->send(p->user, p->answer, p->answer_len);
	}
}
