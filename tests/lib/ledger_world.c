/* SPDX-License-Identifier: MIT */
#include "tests/lib/ledger_world.h"

#include "authority/authority.h"
#include "wire/record.h"

int world_begin(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	bed_setup(&w->bed);
	vault_setup(&w->bed, &w->vault);
	vault_order(&w->vault, "o1", 5, "");
	bed_enrol(&w->bed, "fl1", BED_MAKER, 2, &w->fl1);
	bed_enrol(&w->bed, "fl2", BED_MAKER, 2, &w->fl2);
	*state = w;
	return 0;
}

int world_end(void **state)
{
	struct world *w = *state;

	bed_flasher_free(&w->fl1);
	bed_flasher_free(&w->fl2);
	bed_teardown(&w->bed);
	free(w);
	return 0;
}

void world_start(struct world *w, uint32_t chip, uint64_t nonce, struct job *j)
{
	assert_int_equal(job_grant(&w->vault, &w->fl1, "o1", chip, nonce, j),
			 R_NONE);
	assert_int_equal(j->grant.challenge.len, CHALLENGE_LEN);
	job_message1(j);
}

void world_counts(struct world *w, uint32_t reserved, uint32_t delivered,
		  uint32_t installed, uint32_t closed)
{
	struct order o;

	bed_order_row(&w->bed, "o1", &o);
	assert_int_equal(o.reserved, reserved);
	assert_int_equal(o.delivered, delivered);
	assert_int_equal(o.installed, installed);
	assert_int_equal(o.closed, closed);
}

void world_event(struct world *w, const char *event, const char *code)
{
	struct log_entry e;

	assert_true(bed_last_log(&w->bed, &e));
	assert_string_equal(e.event, event);
	assert_string_equal(e.code, code);
}

/* The content key that the chip got opens what the station fetched. */
void world_chunks(struct world *w, const struct delivery *d)
{
	struct release_fetch q = { .order = "o1" };
	struct release_answer a;
	uint8_t nonce[12], aad[CHUNK_AAD_LEN], plain[CHUNK_LEN];

	assert_int_equal(bed_call(&w->bed, OP_RELEASE_FETCH, w->fl1.caller, &q,
				  &a, NULL),
			 R_NONE);
	release_chunk_nonce(0, nonce);
	release_chunk_aad(d->header_digest, 0, false, aad);
	assert_int_equal(crypto_aead_open(d->content_key, nonce, aad,
					  sizeof(aad), a.chunks.data,
					  CHUNK_LEN + AEAD_TAG_LEN, plain),
			 0);
	assert_int_equal(plain[100], (uint8_t)(100 * 13));
	shape_clear(&release_answer_shape, &a);
}

/* What the chip will keep: both records, as they are programmed. */
void world_records(const struct job *j, struct credential *out)
{
	uint8_t plain[COMMIT_MAX];
	const uint8_t *data, *payload;
	struct firmware_info fw;
	struct commit c;
	size_t len, n;

	assert_int_equal(soft_chip_commit(&j->chip, j->commit.commit.data,
					  j->commit.commit.len, plain, &c),
			 0);
	assert_int_equal(record_decode(RECORD_CREDENTIAL, c.credential,
				       c.credential_len, &data, &len),
			 0);
	assert_int_equal(authority_check1(j->vault->device_pub,
					  LABEL_CREDENTIAL, data, len, &payload,
					  &n),
			 0);
	assert_int_equal(credential_decode(payload, n, out), 0);
	assert_int_equal(record_decode(RECORD_FIRMWARE, c.firmware,
				       c.firmware_len, &data, &len),
			 0);
	assert_int_equal(authority_check1(j->vault->bed->release_pub,
					  LABEL_FIRMWARE, data, len, &payload,
					  &n),
			 0);
	assert_int_equal(firmware_info_decode(payload, n, &fw), 0);
	assert_memory_equal(fw.digest, j->vault->header.fw.digest, DIGEST_LEN);
}
