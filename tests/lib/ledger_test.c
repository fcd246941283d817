/* SPDX-License-Identifier: MIT */
#include "tests/lib/ledger_test.h"

#include "authority/authority.h"

int bed_test_begin(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));

	bed_setup(b);
	*state = b;
	return 0;
}

int bed_test_end(void **state)
{
	bed_teardown(*state);
	free(*state);
	return 0;
}

void bed_logged(struct bed *b, const char *event, const char *actor,
		const char *order, const char *code)
{
	struct log_entry e;

	assert_true(bed_last_log(b, &e));
	assert_string_equal(e.event, event);
	assert_string_equal(e.actor, actor);
	assert_string_equal(e.order, order);
	assert_string_equal(e.code, code);
}

void bed_key_opens(struct bed *b, const struct bed_flasher *f,
		   const struct deliver_answer *d)
{
	struct release_fetch q = { .order = "o1" };
	struct release_answer a;
	struct release_header h;
	const uint8_t *payload;
	uint8_t key[32], aad[KEY_AAD_MAX], digest[32], nonce[12];
	uint8_t caad[CHUNK_AAD_LEN];
	uint8_t plain[CHUNK_LEN];
	size_t len;

	assert_int_equal(bed_call(b, OP_RELEASE_FETCH, f->caller, &q, &a, NULL),
			 R_NONE);
	assert_int_equal(authority_check1(b->release_pub, LABEL_RELEASE,
					  a.header.data, a.header.len, &payload,
					  &len),
			 0);
	assert_int_equal(release_header_decode(payload, len, &h), 0);
	assert_int_equal(crypto_sha256(a.header.data, a.header.len, digest), 0);
	assert_int_equal(
		crypto_hpke_open(f->kem, d->key_enc.data,
				 LABEL_HPKE_CONTENT_KEY,
				 sizeof(LABEL_HPKE_CONTENT_KEY) - 1, aad,
				 release_key_aad("o1", digest, aad),
				 d->key_sealed.data, d->key_sealed.len, key),
		0);
	release_chunk_nonce(0, nonce);
	release_chunk_aad(digest, 0, false, caad);
	assert_int_equal(crypto_aead_open(key, nonce, caad, sizeof(caad),
					  a.chunks.data,
					  CHUNK_LEN + AEAD_TAG_LEN, plain),
			 0);
	assert_int_equal(plain[1], 7);
	shape_clear(&release_answer_shape, &a);
}

void bed_build(struct bed *b, const struct bed_flasher *f, const char *order,
	       uint32_t chip, uint64_t nonce)
{
	struct grant_answer g;
	struct deliver_answer d;

	assert_int_equal(bed_grant(b, f, order, chip, nonce, &g), R_NONE);
	assert_int_equal(bed_deliver(b, f, g.grant, 1, nonce, &d), R_NONE);
	shape_clear(&deliver_answer_shape, &d);
	assert_int_equal(bed_report(b, f, g.grant, 1, "closed", NULL), R_NONE);
}
