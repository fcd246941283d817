/* SPDX-License-Identifier: MIT */
/*
 * Sealed orders on a real signer, with the chip in software: what opens, what
 * is refused and under which name, what comes back byte for byte, and what a
 * flasher never gets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "authority/authority.h"
#include "base/hex.h"
#include "store/migrations.h"
#include "tests/lib/ledger_sealed.h"
#include "wire/record.h"

struct world {
	struct bed bed;
	struct vault vault;
	struct bed_flasher fl1, fl2;
};

static int setup(void **state)
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

static int teardown(void **state)
{
	struct world *w = *state;

	bed_flasher_free(&w->fl1);
	bed_flasher_free(&w->fl2);
	bed_teardown(&w->bed);
	free(w);
	return 0;
}

static void start(struct world *w, uint32_t chip, uint64_t nonce, struct job *j)
{
	assert_int_equal(job_grant(&w->vault, &w->fl1, "o1", chip, nonce, j),
			 R_NONE);
	assert_int_equal(j->grant.challenge.len, CHALLENGE_LEN);
	job_message1(j);
}

static void counts(struct world *w, uint32_t reserved, uint32_t delivered,
		   uint32_t installed, uint32_t closed)
{
	struct order o;

	bed_order_row(&w->bed, "o1", &o);
	assert_int_equal(o.reserved, reserved);
	assert_int_equal(o.delivered, delivered);
	assert_int_equal(o.installed, installed);
	assert_int_equal(o.closed, closed);
}

static void last_event(struct world *w, const char *event, const char *code)
{
	struct log_entry e;

	assert_true(bed_last_log(&w->bed, &e));
	assert_string_equal(e.event, event);
	assert_string_equal(e.code, code);
}

/* -- the whole path ------------------------------------------------------ */
/* The content key that the chip got opens what the station fetched. */
static void check_chunks(struct world *w, const struct delivery *d)
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

static void check_delivery(const struct vault *v, const struct job *j)
{
	const struct delivery *d = &j->chip.delivery;

	assert_memory_equal(d->digest, v->header.fw.digest, DIGEST_LEN);
	assert_int_equal(d->chunk_len, CHUNK_LEN);
	assert_memory_equal(d->boot_words, v->header.boot, 8);
	assert_int_equal(d->segment_count, 1);
	assert_int_equal(d->segments[0].len, VAULT_SIZE);
	assert_memory_equal(d->link_key, j->link, LINK_KEY_LEN);
	assert_memory_equal(d->done_token, j->link + LINK_KEY_LEN,
			    DONE_TOKEN_LEN);
}

/* What the chip will keep: both records, as they are programmed. */
static void check_records(const struct job *j, struct credential *out)
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

static void test_whole_path(void **state)
{
	struct world *w = *state;
	struct credential cred;
	char s[NAME_CAP];
	struct job j;

	start(w, 1, 1, &j);
	assert_string_equal(j.grant.mode, "sealed");
	assert_string_equal(j.grant.proof, "none");
	counts(w, 1, 0, 0, 0);
	assert_int_equal(job_handshake(&j), R_NONE);
	last_event(w, "grant.delivered", "");
	counts(w, 0, 1, 0, 0);
	job_message2(&j);
	check_delivery(&w->vault, &j);
	check_chunks(w, &j.chip.delivery);
	assert_int_equal(job_installed(&j), R_NONE);
	last_event(w, "grant.installed", "");
	assert_string_equal(j.commit.state, "installed");
	counts(w, 0, 1, 1, 0);
	check_records(&j, &cred);
	assert_int_equal(cred.grant, j.grant.grant);
	assert_int_equal(cred.proof, PROOF_NONE);
	assert_memory_equal(cred.uid, j.chip.uid, 12);
	assert_int_equal(
		bed_report(&w->bed, &w->fl1, j.grant.grant, 1, "closed", s),
		R_NONE);
	assert_string_equal(s, "closed");
	counts(w, 0, 1, 0, 1);
	job_clear(&j);
	assert_int_equal(job_grant(&w->vault, &w->fl1, "o1", 1, 2, &j),
			 R_ALREADY_BUILT);
}

/* -- the same bytes again ------------------------------------------------ */
static void test_replay(void **state)
{
	struct world *w = *state;
	uint8_t first[SIGNER_MESSAGE2_MAX], commit[2048];
	struct job j;
	size_t len;

	start(w, 1, 1, &j);
	assert_int_equal(job_handshake(&j), R_NONE);
	len = j.answer.message2.len;
	assert_true(len <= sizeof(first));
	memcpy(first, j.answer.message2.data, len);
	job_message2(&j);
	for (int i = 0; i < 3; i++) { /* again, and after a restart */
		assert_int_equal(job_handshake(&j), R_NONE);
		assert_int_equal(j.answer.message2.len, len);
		assert_memory_equal(j.answer.message2.data, first, len);
		assert_memory_equal(j.link, j.chip.delivery.link_key,
				    LINK_KEY_LEN);
		bed_shut(&w->bed);
		assert_int_equal(bed_open(&w->bed), 0);
	}
	counts(w, 0, 1, 0, 0);
	assert_int_equal(job_installed(&j), R_NONE);
	len = j.commit.commit.len;
	memcpy(commit, j.commit.commit.data, len);
	for (int i = 0; i < 2; i++) { /* the commit was lost */
		assert_int_equal(job_installed(&j), R_NONE);
		assert_int_equal(j.commit.commit.len, len);
		assert_memory_equal(j.commit.commit.data, commit, len);
		bed_shut(&w->bed);
		assert_int_equal(bed_open(&w->bed), 0);
	}
	/* message 1 too, even now */
	assert_int_equal(job_handshake(&j), R_NONE);
	assert_memory_equal(j.answer.message2.data, first, 64);
	counts(w, 0, 1, 1, 0);
	job_clear(&j);
}

/* Same ephemeral key, any other byte different: refused, and an alarm. */
static void test_altered_replay(void **state)
{
	static const size_t places[] = { 32, 33, 60, 100, 120 };
	struct world *w = *state;
	struct job j;

	start(w, 1, 1, &j);
	assert_int_equal(job_handshake(&j), R_NONE);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		j.message1[places[i]] ^= 1;
		assert_int_equal(job_handshake(&j), R_REPLAY);
		last_event(w, "handshake.altered", "replay-altered");
		j.message1[places[i]] ^= 1;
	}
	assert_int_equal(job_handshake_with(&j, j.message1, j.message1_len - 1),
			 R_REPLAY);
	/* another key in the same attempt is no replay, but no answer either:
	 * one attempt releases one message 2 */
	job_message1(&j);
	assert_int_equal(job_handshake(&j), R_STATE);
	counts(w, 0, 1, 0, 0);
	job_clear(&j);
}

/* -- messages that are not the grant's ----------------------------------- */
static void unreadable(struct world *w, struct job *j)
{
	assert_int_equal(job_handshake(j), R_HANDSHAKE);
	counts(w, 1, 0, 0, 0);
	last_event(w, "handshake.refused", "handshake");
}

static void test_altered(void **state)
{
	struct world *w = *state;
	uint8_t low[SOFT_MESSAGE1_MAX];
	struct job j;

	start(w, 1, 1, &j);
	for (size_t i = 0; i < j.message1_len; i += 7) {
		j.message1[i] ^= 0x10;
		assert_int_equal(job_handshake(&j), R_HANDSHAKE);
		j.message1[i] ^= 0x10;
	}
	for (size_t n = 0; n < j.message1_len; n += 5)
		assert_int_equal(job_handshake_with(&j, j.message1, n),
				 n < 48 ? R_BAD_REQUEST : R_HANDSHAKE);
	/* low-order points as ephemeral keys */
	memcpy(low, j.message1, j.message1_len);
	memset(low, 0, 32);
	assert_int_equal(job_handshake_with(&j, low, j.message1_len),
			 R_HANDSHAKE);
	low[0] = 1;
	assert_int_equal(job_handshake_with(&j, low, j.message1_len),
			 R_HANDSHAKE);
	counts(w, 1, 0, 0, 0);
	/* none of it has harmed the true one */
	assert_int_equal(job_handshake(&j), R_NONE);
	counts(w, 0, 1, 0, 0);
	job_clear(&j);
}

static void test_foreign(void **state)
{
	static const uint8_t psk[32] = { 1 };
	struct world *w = *state;
	struct job j, good;
	struct hello h;

	start(w, 1, 1, &good);
	for (int i = 0; i < 8; i++) {
		j = good;
		job_hello(&j, &h);
		switch (i) {
		case 0:
			BED_SET(h.order, "o2");
			break;
		case 1:
			h.grant++;
			break;
		case 2:
			h.attempt++;
			break;
		case 3:
			h.challenge[31] ^= 1;
			break;
		case 4:
			j.chip.uid[0] ^= 1;
			break;
		case 5: /* a loader that was never listed */
			j.chip.loader_digest[0] ^= 1;
			break;
		case 6: /* built for another server */
			j.chip.server_pub[5] ^= 1;
			break;
		case 7:
			j.chip.psk = psk;
			break;
		}
		assert_int_equal(soft_chip_message1(&j.chip, &h, j.message1,
						    &j.message1_len),
				 0);
		unreadable(w, &j);
	}
	assert_int_equal(job_handshake(&good), R_NONE);
	job_clear(&good);
}

/* A recorded session, played again in the next attempt. */
static void test_old_session(void **state)
{
	struct world *w = *state;
	struct job one, two;

	start(w, 1, 1, &one);
	assert_int_equal(job_handshake(&one), R_NONE);
	start(w, 1, 2, &two);
	assert_int_equal(two.grant.grant, one.grant.grant);
	assert_int_equal(two.grant.attempt, 2);
	assert_memory_not_equal(two.grant.challenge.data,
				one.grant.challenge.data, CHALLENGE_LEN);
	assert_int_equal(
		job_handshake_with(&two, one.message1, one.message1_len),
		R_REPLAY);
	last_event(w, "handshake.altered", "replay-altered");
	/* chip A's message for chip B */
	job_clear(&two);
	start(w, 2, 3, &two);
	assert_int_equal(
		job_handshake_with(&two, one.message1, one.message1_len),
		R_REPLAY);
	assert_int_equal(job_handshake(&two), R_NONE);
	assert_memory_not_equal(two.link, one.link, LINK_KEY_LEN);
	assert_memory_not_equal(two.link + LINK_KEY_LEN,
				one.link + LINK_KEY_LEN, DONE_TOKEN_LEN);
	job_clear(&one);
	job_clear(&two);
}

/* -- the chip's claim ---------------------------------------------------- */
static void test_claim(void **state)
{
	static const struct {
		unsigned word; /* 99: none */
		uint32_t flip;
		enum refusal_code want;
		const char *names;
	} rows[] = {
		{ 0, 0x11, R_LOCK, "OPTR" }, /* level 0 */
		{ 0, 1u << 25, R_LOCK, "OPTR" },
		{ 1, 1, R_LOCK, "PCROP1SR" },
		{ 2, 1u << 31, R_LOCK, "PCROP1ER" },
		{ 3, 1, R_LOCK, "WRP1AR" },
		{ 4, 1u << 16, R_LOCK, "WRP1BR" },
		{ 7, 1, R_LOCK, "debugger" },
		{ 8, 1, R_LOCK, "DBGMCU" },
		{ 9, 1u << 15, R_LOCK, "option bytes" },
	};
	struct world *w = *state;
	struct job j, good;

	start(w, 1, 1, &good);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		j = good;
		j.chip.claim.words[rows[i].word].value ^= rows[i].flip;
		job_message1(&j);
		assert_int_equal(job_handshake(&j), rows[i].want);
		assert_non_null(strstr(j.refusal.cause, rows[i].names));
	}
	j = good; /* a pin left to the debugger */
	j.chip.claim.words[5].value = 0xabffffff;
	job_message1(&j);
	assert_int_equal(job_handshake(&j), R_LOCK);
	last_event(w, "handshake.refused", "lock-state");
	j = good;
	j.chip.claim.word_count--;
	job_message1(&j);
	assert_int_equal(job_handshake(&j), R_LOCK);
	j = good;
	j.chip.claim.uid[3] ^= 1;
	job_message1(&j);
	assert_int_equal(job_handshake(&j), R_CLAIM);
	j = good;
	j.chip.claim.family = FAMILY_STM32F0;
	job_message1(&j);
	assert_int_equal(job_handshake(&j), R_CLAIM);
	for (int i = 0; i < 4; i++) {
		j = good;
		*(i == 0   ? &j.chip.claim.rng_failures
		  : i == 1 ? &j.chip.claim.rng_samples
		  : i == 2 ? &j.chip.claim.rng_longest_run
			   : &j.chip.claim.rng_peak) = i == 0;
		job_message1(&j);
		assert_int_equal(job_handshake(&j), R_RNG);
	}
	for (int i = 0; i < 2; i++) { /* "no failures" does not help */
		j = good;
		*(i ? &j.chip.claim.rng_peak
		    : &j.chip.claim.rng_longest_run) = i ? 683 : 39;
		job_message1(&j);
		assert_int_equal(job_handshake(&j), R_RNG);
		assert_non_null(strstr(j.refusal.cause, i ? "683" : "39"));
	}
	good.chip.claim.rng_longest_run = 38; /* the last that passes */
	good.chip.claim.rng_peak = 682;
	job_message1(&good);
	counts(w, 1, 0, 0, 0);
	assert_int_equal(job_handshake(&good), R_NONE);
	job_clear(&good);
}

/* -- the report ---------------------------------------------------------- */
static size_t report_of(const struct job *j, const struct report *r,
			uint8_t out[SOFT_REPORT_MAX])
{
	uint8_t plain[REPORT_MAX];
	size_t len;

	assert_int_equal(report_encode(r, plain, sizeof(plain), &len), 0);
	noise_seal(j->chip.up, 0, plain, len, out);
	return len + NOISE_TAG_LEN;
}

static void test_report(void **state)
{
	struct world *w = *state;
	uint8_t bad[SOFT_REPORT_MAX];
	struct job j, other;
	char s[NAME_CAP];
	struct report r;

	start(w, 1, 1, &j);
	/* before there is anything to report */
	assert_int_equal(job_installed_with(&j, j.message1, 60), R_STATE);
	assert_int_equal(job_handshake(&j), R_NONE);
	/* the station's word is not the chip's */
	assert_int_equal(
		bed_report(&w->bed, &w->fl1, j.grant.grant, 1, "installed", s),
		R_STATE);
	assert_int_equal(
		bed_report(&w->bed, &w->fl1, j.grant.grant, 1, "closed", s),
		R_STATE);
	job_message2(&j);
	for (size_t i = 0; i < j.report_len; i += 9) {
		j.report[i] ^= 4;
		assert_int_equal(job_installed(&j), R_REPORT);
		j.report[i] ^= 4;
	}
	assert_int_equal(job_installed_with(&j, j.report, j.report_len - 1),
			 R_REPORT);
	assert_int_equal(job_installed_with(&j, j.report, 3), R_REPORT);
	start(w, 2, 2, &other); /* another chip's, of the same release */
	assert_int_equal(job_handshake(&other), R_NONE);
	job_message2(&other);
	assert_int_equal(job_installed_with(&j, other.report, other.report_len),
			 R_REPORT);
	memset(&r, 0, sizeof(r));
	memcpy(r.digest, j.chip.delivery.digest, DIGEST_LEN);
	r.word_count = j.chip.claim.word_count;
	memcpy(r.words, j.chip.claim.words, sizeof(r.words));
	r.digest[9] ^= 1;
	assert_int_equal(job_installed_with(&j, bad, report_of(&j, &r, bad)),
			 R_REPORT);
	r.digest[9] ^= 1;
	r.words[0].value ^= 0x11;
	assert_int_equal(job_installed_with(&j, bad, report_of(&j, &r, bad)),
			 R_LOCK);
	counts(w, 0, 2, 0, 0);
	assert_int_equal(job_installed(&j), R_NONE);
	counts(w, 0, 2, 1, 0);
	/* another report under the same key */
	assert_int_equal(job_installed_with(&j, bad, sizeof(bad)), R_REPLAY);
	last_event(w, "handshake.altered", "replay-altered");
	job_clear(&j);
	job_clear(&other);
}

/* -- attempts, leases, credit -------------------------------------------- */
static void test_power_cut(void **state)
{
	struct world *w = *state;
	struct credential a, b;
	uint8_t key[DONE_TOKEN_LEN];
	struct job j;

	start(w, 1, 1, &j);
	job_run(&j);
	check_records(&j, &a);
	memcpy(key, j.chip.delivery.done_token, sizeof(key));
	job_clear(&j);
	/* cut before the marker: the same grant, a new attempt */
	start(w, 1, 2, &j);
	assert_int_equal(j.grant.attempt, 2);
	job_run(&j);
	check_records(&j, &b);
	assert_memory_equal(&a, &b, sizeof(a)); /* one credential */
	assert_memory_not_equal(key, j.chip.delivery.done_token, sizeof(key));
	counts(w, 0, 1, 1, 0);
	/* a late message of the first attempt gets nothing new */
	j.grant.attempt = 1;
	job_message1(&j);
	assert_int_equal(job_handshake(&j), R_STATE);
	job_clear(&j);
	start(w, 1, 3, &j);
	assert_int_equal(job_handshake(&j), R_NONE);
	job_clear(&j);
	assert_int_equal(job_grant(&w->vault, &w->fl1, "o1", 1, 4, &j),
			 R_RETRY_LIMIT);
	counts(w, 0, 1, 0, 0);
}

static void test_stale_attempt(void **state)
{
	struct world *w = *state;
	struct job one, two;

	start(w, 1, 1, &one);
	start(w, 1, 2, &two);
	assert_int_equal(job_handshake(&one), R_ATTEMPT);
	assert_int_equal(job_handshake(&two), R_NONE);
	job_message2(&two);
	one.grant.attempt = 1;
	assert_int_equal(job_installed_with(&one, two.report, two.report_len),
			 R_ATTEMPT);
	job_clear(&one);
	job_clear(&two);
}

static void test_lease(void **state)
{
	struct world *w = *state;
	struct job late, taker;

	vault_order(&w->vault, "one", 1, "");
	assert_int_equal(job_grant(&w->vault, &w->fl1, "one", 1, 1, &late),
			 R_NONE);
	job_message1(&late);
	w->bed.now += 21; /* the lease was 20 s */
	assert_int_equal(ledger_tick(w->bed.ledger), 0);
	/* the unit went to another chip meanwhile */
	assert_int_equal(job_grant(&w->vault, &w->fl2, "one", 2, 1, &taker),
			 R_NONE);
	assert_int_equal(job_handshake(&late), R_LEASE);
	w->bed.now += 21;
	assert_int_equal(ledger_tick(w->bed.ledger), 0);
	/* and now it is free again: the late one takes it in one step */
	assert_int_equal(job_handshake(&late), R_NONE);
	job_message1(&taker);
	assert_int_equal(job_handshake(&taker), R_LEASE);
	job_clear(&late);
	job_clear(&taker);
}

static void test_credit(void **state)
{
	struct world *w = *state; /* two channels */
	struct job a, b, c;

	start(w, 1, 1, &a);
	start(w, 2, 2, &b);
	assert_int_equal(job_handshake(&a), R_NONE);
	assert_int_equal(job_handshake(&b), R_NONE);
	assert_int_equal(job_grant(&w->vault, &w->fl1, "o1", 3, 3, &c),
			 R_CREDIT);
	w->bed.now += 1000; /* unknown by now, and still held */
	assert_int_equal(job_grant(&w->vault, &w->fl1, "o1", 3, 4, &c),
			 R_CREDIT);
	job_message2(&a);
	assert_int_equal(job_installed(&a), R_NONE);
	assert_int_equal(job_grant(&w->vault, &w->fl1, "o1", 3, 5, &c), R_NONE);
	job_clear(&a);
	job_clear(&b);
}

static void test_other_flasher(void **state)
{
	struct world *w = *state;
	struct job j;

	start(w, 1, 1, &j);
	j.flasher = &w->fl2;
	assert_int_equal(job_handshake(&j), R_NOT_FOUND);
	j.flasher = &w->fl1;
	assert_int_equal(job_handshake(&j), R_NONE);
	job_message2(&j);
	j.flasher = &w->fl2; /* neither answer is for anybody else */
	assert_int_equal(job_handshake(&j), R_NOT_FOUND);
	assert_int_equal(job_installed(&j), R_NOT_FOUND);
	job_clear(&j);
}

/* -- no code path gives a content key to a flasher ----------------------- */
static int sql(struct world *w, const char *text, char *err_text, size_t cap)
{
	sqlite3_stmt *st = NULL;
	sqlite3 *db;
	int n = -1;

	assert_int_equal(sqlite3_open(w->bed.db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, text, -1, &st, NULL),
			 SQLITE_OK);
	if (sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int(st, 0);
	snprintf(err_text, cap, "%s", sqlite3_errmsg(db));
	sqlite3_finalize(st);
	sqlite3_close(db);
	return n;
}

static void test_sealed_only(void **state)
{
	struct world *w = *state;
	struct deliver_answer d;
	char why[256], text[256];
	struct job j;

	start(w, 1, 1, &j);
	assert_int_equal(bed_deliver(&w->bed, &w->fl1, j.grant.grant, 1, 7, &d),
			 R_MODE);
	assert_int_equal(job_handshake(&j), R_NONE);
	assert_int_equal(bed_deliver(&w->bed, &w->fl1, j.grant.grant, 1, 8, &d),
			 R_MODE);
	job_message2(&j);
	assert_int_equal(job_installed(&j), R_NONE);
	assert_int_equal(bed_deliver(&w->bed, &w->fl1, j.grant.grant, 1, 9, &d),
			 R_MODE);
	bed_shut(&w->bed);
	assert_int_equal(
		sql(w, "SELECT count(*) FROM attempts", why, sizeof(why)), 1);
	assert_int_equal(sql(w,
			     "SELECT count(*) FROM requests r"
			     " JOIN grants g ON g.id = r.grant_id"
			     " JOIN orders o ON o.id = g.order_id"
			     " WHERE o.mode = 2 AND r.kind <> 1",
			     why, sizeof(why)),
			 0);
	/* the database itself would not take one */
	snprintf(text, sizeof(text),
		 "INSERT INTO requests VALUES (1, 2, zeroblob(16),"
		 " zeroblob(32), %llu, zeroblob(80))",
		 (unsigned long long)j.grant.grant);
	(void)sql(w, text, why, sizeof(why));
	assert_string_equal(why, "only signed orders give a flasher keys");
	/* nor change or drop what was answered */
	(void)sql(w, "UPDATE attempts SET message2 = zeroblob(9)", why,
		  sizeof(why));
	assert_string_equal(why, "an answer never changes");
	(void)sql(w, "DELETE FROM attempts", why, sizeof(why));
	assert_string_equal(why, "attempts are never deleted");
	assert_int_equal(bed_open(&w->bed), 0);
	job_clear(&j);
}

/* Signed orders have no handshake. */
static void test_signed_order(void **state)
{
	struct world *w = *state;
	struct handshake_request q = { .attempt = 1 };
	struct handshake_answer a;
	uint8_t msg[100] = { 1 };
	struct grant_answer g;

	bed_order(&w->bed, "clear", 3);
	assert_int_equal(bed_grant(&w->bed, &w->fl1, "clear", 9, 1, &g),
			 R_NONE);
	assert_string_equal(g.mode, "signed");
	assert_int_equal(g.challenge.len, 0);
	q.grant = g.grant;
	q.message = (struct blob){ msg, sizeof(msg) };
	assert_int_equal(
		bed_call(&w->bed, OP_HANDSHAKE, w->fl1.caller, &q, &a, NULL),
		R_MODE);
}

static void test_modes(void **state)
{
	static const struct {
		const char *product, *mode, *batch;
		enum refusal_code want;
	} rows[] = {
		{ VAULT, "", "", R_NONE },
		{ VAULT, "sealed", "", R_NONE },
		{ VAULT, "signed", "", R_MODE },
		{ VAULT, "sealed", "none", R_NOT_FOUND },
		{ BED_PRODUCT, "", "", R_MODE }, /* laid out for signed */
		{ BED_PRODUCT, "signed", "", R_NONE },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct order q = { .release = BED_RELEASE,
				   .manufacturer = BED_MAKER,
				   .quantity = 1 },
			     a;
		enum refusal_code got;

		snprintf(q.name, sizeof(q.name), "m%zu", i);
		BED_SET(q.product, rows[i].product);
		BED_SET(q.mode, rows[i].mode);
		BED_SET(q.batch, rows[i].batch);
		got = bed_call(&w->bed, OP_ORDER_CREATE, w->bed.admin, &q, &a,
			       NULL);
		if (got != rows[i].want)
			fail_msg("row %zu: got %d, want %d", i, got,
				 rows[i].want);
	}
}

/* -- loaders ------------------------------------------------------------- */
static void loader_state(struct world *w, const uint8_t digest[DIGEST_LEN],
			 const char *action)
{
	struct loader_change q;
	struct loader a;

	memset(&q, 0, sizeof(q));
	for (int i = 0; i < DIGEST_LEN; i++)
		snprintf(q.digest + 2 * i, 3, "%02x", digest[i]);
	BED_SET(q.action, action);
	assert_int_equal(
		bed_call(&w->bed, OP_LOADER_CHANGE, w->bed.admin, &q, &a, NULL),
		R_NONE);
}

static void test_loaders(void **state)
{
	struct world *w = *state;
	struct loader_fetch q = { .order = "o1", .link = "uart" };
	uint8_t old[DIGEST_LEN];
	struct loader_answer a;
	struct job j, none;

	start(w, 1, 1, &j); /* with loader 1 */
	memcpy(old, w->vault.loader_digest, DIGEST_LEN);
	vault_loader(&w->vault, 2);
	assert_int_equal(
		bed_call(&w->bed, OP_LOADER_FETCH, w->fl1.caller, &q, &a, NULL),
		R_NONE);
	assert_int_equal(a.loader.len, LOADER_LEN);
	assert_int_equal(a.loader.data[0], 2); /* the newest */
	assert_int_equal(a.stub.len, 64);
	shape_clear(&loader_answer_shape, &a);
	loader_state(w, old, "retire");
	assert_int_equal(job_handshake(&j), R_LOADER);
	counts(w, 1, 0, 0, 0);
	loader_state(w, old, "admit");
	assert_int_equal(job_handshake(&j), R_NONE); /* both may */
	loader_state(w, old, "retire");
	loader_state(w, w->vault.loader_digest, "retire");
	assert_int_equal(
		bed_call(&w->bed, OP_LOADER_FETCH, w->fl1.caller, &q, &a, NULL),
		R_LOADER);
	assert_int_equal(job_grant(&w->vault, &w->fl1, "o1", 2, 2, &none),
			 R_LOADER);
	job_clear(&j);
}

static void test_loader_input(void **state)
{
	struct world *w = *state;
	struct loader_upload q = { .chip = "stm32l432", .link = "uart" };
	uint8_t stub[STUB_CODE_LEN + 1] = { 0 };
	struct loader a;

	q.loader = (struct blob){ w->vault.loader, LOADER_LEN };
	q.stub = (struct blob){ stub, 8 };
	assert_int_equal(
		bed_call(&w->bed, OP_LOADER_ADD, w->bed.admin, &q, &a, NULL),
		R_EXISTS);
	w->vault.loader[0x400] ^= 1; /* the key of no server */
	assert_int_equal(
		bed_call(&w->bed, OP_LOADER_ADD, w->bed.admin, &q, &a, NULL),
		R_BAD_REQUEST);
	w->vault.loader[0x400] ^= 1;
	w->vault.loader[0] = 7;
	q.loader.len--;
	assert_int_equal(
		bed_call(&w->bed, OP_LOADER_ADD, w->bed.admin, &q, &a, NULL),
		R_BAD_REQUEST);
	q.loader.len++;
	q.stub.len = sizeof(stub);
	assert_int_equal(
		bed_call(&w->bed, OP_LOADER_ADD, w->bed.admin, &q, &a, NULL),
		R_BAD_REQUEST);
	q.stub.len = 8;
	BED_SET(q.chip, "nrf51822"); /* its debug pins are no GPIO pins */
	BED_SET(q.link, "swd-pins");
	assert_int_equal(
		bed_call(&w->bed, OP_LOADER_ADD, w->bed.admin, &q, &a, NULL),
		R_BAD_REQUEST);
	BED_SET(q.chip, "stm32l432");
	BED_SET(q.link, "uart");
	assert_int_equal(
		bed_call(&w->bed, OP_LOADER_ADD, w->bed.admin, &q, &a, NULL),
		R_NONE);
}

/* -- stage 0 ------------------------------------------------------------- */
static enum refusal_code stage0(struct world *w, const struct bed_flasher *f,
				const char *batch, uint32_t number,
				uint8_t secret[32])
{
	struct grant_request part;
	struct stage0_request q = { .dpidr = 0 };
	uint8_t aad[NAME_CAP + 1 + UID_MAX];
	struct stage0_answer a;
	enum refusal_code code;
	size_t n = strlen(batch) + 1;

	bed_grant_request("o1", number, 1, &part);
	BED_SET(q.batch, batch);
	q.uid.len = 12;
	memcpy(q.uid.data, part.uid.data, 12);
	q.dpidr = part.dpidr;
	q.cpuid = part.cpuid;
	q.designer = part.designer;
	q.part = part.part;
	q.device_id = part.device_id;
	q.flash_kb = part.flash_kb;
	q.ap_idr = part.ap_idr;
	q.vtor = part.vtor;
	hex_encode(w->vault.loader_digest, DIGEST_LEN, q.loader);
	code = bed_call(&w->bed, OP_STAGE0, f->caller, &q, &a, NULL);
	if (code != R_NONE)
		return code;
	memcpy(aad, batch, n);
	aad[n++] = FAMILY_STM32L4;
	memcpy(aad + n, q.uid.data, 12);
	assert_int_equal(
		crypto_hpke_open(f->kem, a.key_enc.data, LABEL_HPKE_STAGE0,
				 sizeof(LABEL_HPKE_STAGE0) - 1, aad, n + 12,
				 a.key_sealed.data, 48, secret),
		0);
	shape_clear(&stage0_answer_shape, &a);
	return code;
}

static void test_stage0(void **state)
{
	struct world *w = *state;
	struct stage0_batch q = { .name = "lot7",
				  .family = "stm32l4",
				  .manufacturer = "site" },
			    a;
	uint8_t secret[32], again[32], other[32];
	struct bed_flasher trusted;
	struct credential cred;
	struct job j;

	bed_enrol(&w->bed, "ts1", "site", 2, &trusted);
	assert_int_equal(
		bed_call(&w->bed, OP_BATCH_CREATE, w->bed.admin, &q, &a, NULL),
		R_NONE);
	vault_order(&w->vault, "proved", 5, "lot7");
	assert_int_equal(stage0(w, &w->fl1, "lot7", 1, secret), R_NOT_ALLOWED);
	assert_int_equal(stage0(w, &trusted, "lot8", 1, secret), R_NOT_FOUND);
	assert_int_equal(stage0(w, &trusted, "lot7", 1, secret), R_NONE);
	assert_int_equal(stage0(w, &trusted, "lot7", 1, again), R_NONE);
	assert_int_equal(stage0(w, &trusted, "lot7", 2, other), R_NONE);
	assert_memory_equal(secret, again, 32);
	assert_memory_not_equal(secret, other, 32);

	assert_int_equal(job_grant(&w->vault, &w->fl1, "proved", 1, 1, &j),
			 R_NONE);
	assert_string_equal(j.grant.proof, "stage0");
	job_message1(&j); /* the fake target: no secret */
	assert_int_equal(job_handshake(&j), R_HANDSHAKE);
	j.chip.psk = other;
	job_message1(&j);
	assert_int_equal(job_handshake(&j), R_HANDSHAKE);
	counts(w, 0, 0, 0, 0);
	j.chip.psk = secret;
	job_run(&j);
	check_records(&j, &cred);
	assert_int_equal(cred.proof, PROOF_STAGE0);
	job_clear(&j);
	bed_flasher_free(&trusted);
}

/* Without stage 0 whoever knows what the loader knows can play the chip: he
 * gets the key, and one unit is gone.  docs/threat-model.md says so. */
static void test_fake_target(void **state)
{
	struct world *w = *state;
	struct job j;

	start(w, 1, 1, &j);
	assert_int_equal(job_handshake(&j), R_NONE);
	job_message2(&j);
	check_chunks(w, &j.chip.delivery);
	counts(w, 0, 1, 0, 0);
	job_clear(&j);
}

static void test_demands(void **state)
{
	struct world *w = *state;
	struct product p = { .name = "proud",
			     .family = "stm32l4",
			     .demands = "stage0" },
		       a;

	p.release_pub = (struct blob){ w->bed.release_pub,
				       sizeof(w->bed.release_pub) };
	assert_int_equal(bed_call(&w->bed, OP_PRODUCT_CREATE, w->bed.admin, &p,
				  &a, NULL),
			 R_NONE);
	assert_string_equal(a.demands, "stage0");
	assert_string_equal(a.modes, "sealed");
	shape_clear(&product_shape, &a);
	BED_SET(p.name, "odd");
	BED_SET(p.modes, "open");
	assert_int_equal(bed_call(&w->bed, OP_PRODUCT_CREATE, w->bed.admin, &p,
				  &a, NULL),
			 R_BAD_REQUEST);
}

/* -- several in one transaction ------------------------------------------ */
static void test_batch(void **state)
{
	struct world *w = *state;
	struct handshake_answer a[4];
	struct handshake_request q[4];
	struct ledger_job jobs[4];
	struct job one, two;

	start(w, 1, 1, &one);
	start(w, 2, 2, &two);
	memset(jobs, 0, sizeof(jobs));
	memset(a, 0, sizeof(a));
	memset(q, 0, sizeof(q));
	for (int i = 0; i < 4; i++) {
		struct job *j = i % 2 ? &two : &one;

		q[i].grant = j->grant.grant;
		q[i].attempt = 1;
		q[i].message = (struct blob){ j->message1, j->message1_len };
		jobs[i] = (struct ledger_job){ .op = OP_HANDSHAKE,
					       .caller = w->fl1.caller,
					       .request = &q[i],
					       .answer = &a[i] };
	}
	q[3].message = q[0].message; /* one bad among the good */
	assert_int_equal(ledger_batch(w->bed.ledger, jobs, 4), 0);
	assert_int_equal(bed_code(&jobs[0].refusal), R_NONE);
	assert_int_equal(bed_code(&jobs[1].refusal), R_NONE);
	assert_int_equal(bed_code(&jobs[2].refusal), R_NONE);
	assert_int_equal(bed_code(&jobs[3].refusal), R_STATE);
	assert_int_equal(a[0].message2.len, a[2].message2.len);
	assert_memory_equal(a[0].message2.data, a[2].message2.data,
			    a[0].message2.len);
	counts(w, 0, 2, 0, 0);
	for (int i = 0; i < 4; i++)
		shape_clear(&handshake_answer_shape, &a[i]);
}

/* -- the signer trusts nobody -------------------------------------------- */
/* What the ledger asks is bent on its way; the signer must find out. */
static struct signer_port real;
static int bent;

static int bend_handshake(void *self, struct signer_handshake *h)
{
	uint8_t header[RELEASE_HEADER_MAX];

	if (bent == 0)
		h->at.grant = 0;
	if (bent == 1)
		h->wrapped[40] ^= 1; /* a content key of something else */
	if (bent == 2)
		BED_SET(h->at.order, "o2");
	if (bent == 3) { /* another release's header: its digest differs */
		memcpy(header, h->at.header, h->at.header_len);
		header[h->at.header_len - 1] ^= 1;
		h->at.header = header;
	}
	if (bent == 4)
		h->admitted_count = HANDSHAKE_LOADERS_MAX;
	if (bent == 5)
		h->at.uid[0] = 0xff, h->at.uid[1] = 0xff;
	return real.handshake(self, h);
}

static int bend_commit(void *self, struct signer_commit *c)
{
	uint8_t credential[CREDENTIAL_MAX];

	if (bent == 10)
		c->at.grant++;
	if (bent == 11)
		c->at.attempt++;
	if (bent == 12)
		c->session[50] ^= 1;
	if (bent == 13) { /* a credential of another grant */
		memcpy(credential, c->credential, c->credential_len);
		for (size_t i = 0; i + 12 < c->credential_len; i++)
			if (memcmp(credential + i, c->at.uid, 12) == 0)
				credential[i] ^= 1;
		c->credential = credential;
	}
	if (bent == 14)
		c->firmware_len--;
	return real.commit(self, c);
}

static void test_signer_checks(void **state)
{
	struct world *w = *state;
	struct job j;

	real = w->bed.signer;
	w->bed.signer.handshake = bend_handshake;
	w->bed.signer.commit = bend_commit;
	start(w, 1, 1, &j);
	for (bent = 0; bent <= 5; bent++) {
		enum refusal_code code = job_handshake(&j);

		/* order name and UID are in the prologue as well */
		if (code != R_INTERNAL && code != R_HANDSHAKE)
			fail_msg("bent %d: got %d", bent, code);
		assert_int_equal(j.answer.message2.len, 0);
	}
	counts(w, 1, 0, 0, 0);
	bent = -1;
	assert_int_equal(job_handshake(&j), R_NONE);
	job_message2(&j);
	for (bent = 10; bent <= 14; bent++) {
		assert_int_equal(job_installed(&j), R_INTERNAL);
		assert_int_equal(j.commit.commit.len, 0);
	}
	counts(w, 0, 1, 0, 0);
	bent = -1;
	assert_int_equal(job_installed(&j), R_NONE);
	job_clear(&j);
}

/* -- a database from before sealed mode ---------------------------------- */
static void test_upgrade(void **state)
{
	static const char rows[] =
		"PRAGMA user_version = 1;"
		"INSERT INTO products VALUES (1, 'old', 3, 0, zeroblob(65),"
		" zeroblob(65), 1);"
		"INSERT INTO releases VALUES (1, 1, '1.0', 0, 8, zeroblob(32),"
		" zeroblob(32), 1);"
		"INSERT INTO orders (id, name, product_id, release_id, mode,"
		" manufacturer, quantity, retries, lease_s, serial_prefix,"
		" serial_first, wrapped, created, state) VALUES (1, 'first', 1,"
		" 1, 1, 'acme', 9, 3, 120, '', 0, zeroblob(80), 1, 1);";
	struct query q = { .limit = 0 };
	struct product_list p;
	struct release_list r;
	struct bed bed;
	struct order o;
	char set[64];
	sqlite3 *db;

	(void)state;
	bed_keys(&bed);
	assert_int_equal(sqlite3_open(bed.db, &db), SQLITE_OK);
	snprintf(set, sizeof(set), "PRAGMA application_id = %d",
		 STORE_APPLICATION_ID);
	assert_int_equal(sqlite3_exec(db, set, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db, store_migrations[0], NULL, NULL, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, rows, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	for (int i = 0; i < 2; i++) { /* upgraded once, opened twice */
		assert_int_equal(bed_open(&bed), 0);
		bed_token(&bed);
		assert_int_equal(
			bed_call(&bed, OP_PRODUCTS, bed.admin, &q, &p, NULL),
			R_NONE);
		assert_string_equal(((struct product *)p.rows.items)->modes,
				    "sealed+signed");
		assert_string_equal(((struct product *)p.rows.items)->demands,
				    "none");
		shape_clear(&product_list_shape, &p);
		assert_int_equal(
			bed_call(&bed, OP_RELEASES, bed.admin, &q, &r, NULL),
			R_NONE);
		assert_string_equal(((struct release *)r.rows.items)->mode,
				    "signed");
		shape_clear(&release_list_shape, &r);
		bed_order_row(&bed, "first", &o);
		assert_string_equal(o.mode, "signed");
		assert_string_equal(o.proof, "none");
		assert_string_equal(o.batch, "");
		bed_shut(&bed);
	}
	bed_teardown(&bed);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_whole_path),	   TEST(test_replay),
		TEST(test_altered_replay), TEST(test_altered),
		TEST(test_foreign),	   TEST(test_old_session),
		TEST(test_claim),	   TEST(test_report),
		TEST(test_power_cut),	   TEST(test_stale_attempt),
		TEST(test_lease),	   TEST(test_credit),
		TEST(test_other_flasher),  TEST(test_sealed_only),
		TEST(test_signed_order),   TEST(test_modes),
		TEST(test_loaders),	   TEST(test_loader_input),
		TEST(test_stage0),	   TEST(test_fake_target),
		TEST(test_demands),	   TEST(test_batch),
		TEST(test_signer_checks),  cmocka_unit_test(test_upgrade),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
