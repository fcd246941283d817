/* SPDX-License-Identifier: MIT */
/*
 * Sealed orders on a real signer, with the chip in software: what opens, what
 * is refused and under which name, and what comes back byte for byte.
 */
#include "tests/lib/ledger_world.h"

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

static void test_whole_path(void **state)
{
	struct world *w = *state;
	struct credential cred;
	char s[NAME_CAP];
	struct job j;

	world_start(w, 1, 1, &j);
	assert_string_equal(j.grant.mode, "sealed");
	assert_string_equal(j.grant.proof, "none");
	world_counts(w, 1, 0, 0, 0);
	assert_int_equal(job_handshake(&j), R_NONE);
	world_event(w, "grant.delivered", "");
	world_counts(w, 0, 1, 0, 0);
	job_message2(&j);
	check_delivery(&w->vault, &j);
	world_chunks(w, &j.chip.delivery);
	assert_int_equal(job_installed(&j), R_NONE);
	world_event(w, "grant.installed", "");
	assert_string_equal(j.commit.state, "installed");
	world_counts(w, 0, 1, 1, 0);
	world_records(&j, &cred);
	assert_int_equal(cred.grant, j.grant.grant);
	assert_int_equal(cred.proof, PROOF_NONE);
	assert_memory_equal(cred.uid, j.chip.uid, 12);
	assert_int_equal(
		bed_report(&w->bed, &w->fl1, j.grant.grant, 1, "closed", s),
		R_NONE);
	assert_string_equal(s, "closed");
	world_counts(w, 0, 1, 0, 1);
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

	world_start(w, 1, 1, &j);
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
	world_counts(w, 0, 1, 0, 0);
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
	world_counts(w, 0, 1, 1, 0);
	job_clear(&j);
}

/* Same ephemeral key, any other byte different: refused, and an alarm. */
static void test_altered_replay(void **state)
{
	static const size_t places[] = { 32, 33, 60, 100, 120 };
	struct world *w = *state;
	struct job j;

	world_start(w, 1, 1, &j);
	assert_int_equal(job_handshake(&j), R_NONE);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		j.message1[places[i]] ^= 1;
		assert_int_equal(job_handshake(&j), R_REPLAY);
		world_event(w, "handshake.altered", "replay-altered");
		j.message1[places[i]] ^= 1;
	}
	assert_int_equal(job_handshake_with(&j, j.message1, j.message1_len - 1),
			 R_REPLAY);
	/* another key in the same attempt is no replay, but no answer either:
	 * one attempt releases one message 2 */
	job_message1(&j);
	assert_int_equal(job_handshake(&j), R_STATE);
	world_counts(w, 0, 1, 0, 0);
	job_clear(&j);
}

/* -- messages that are not the grant's ----------------------------------- */
static void unreadable(struct world *w, struct job *j)
{
	assert_int_equal(job_handshake(j), R_HANDSHAKE);
	world_counts(w, 1, 0, 0, 0);
	world_event(w, "handshake.refused", "handshake");
}

static void test_altered(void **state)
{
	struct world *w = *state;
	uint8_t low[SOFT_MESSAGE1_MAX];
	struct job j;

	world_start(w, 1, 1, &j);
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
	world_counts(w, 1, 0, 0, 0);
	/* none of it has harmed the true one */
	assert_int_equal(job_handshake(&j), R_NONE);
	world_counts(w, 0, 1, 0, 0);
	job_clear(&j);
}

static void test_foreign(void **state)
{
	static const uint8_t psk[32] = { 1 };
	struct world *w = *state;
	struct job j, good;
	struct hello h;

	world_start(w, 1, 1, &good);
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

	world_start(w, 1, 1, &one);
	assert_int_equal(job_handshake(&one), R_NONE);
	world_start(w, 1, 2, &two);
	assert_int_equal(two.grant.grant, one.grant.grant);
	assert_int_equal(two.grant.attempt, 2);
	assert_memory_not_equal(two.grant.challenge.data,
				one.grant.challenge.data, CHALLENGE_LEN);
	assert_int_equal(
		job_handshake_with(&two, one.message1, one.message1_len),
		R_REPLAY);
	world_event(w, "handshake.altered", "replay-altered");
	/* chip A's message for chip B */
	job_clear(&two);
	world_start(w, 2, 3, &two);
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

	world_start(w, 1, 1, &good);
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
	world_event(w, "handshake.refused", "lock-state");
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
	world_counts(w, 1, 0, 0, 0);
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

	world_start(w, 1, 1, &j);
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
	world_start(w, 2, 2, &other); /* another chip's, of the same release */
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
	world_counts(w, 0, 2, 0, 0);
	assert_int_equal(job_installed(&j), R_NONE);
	world_counts(w, 0, 2, 1, 0);
	/* another report under the same key */
	assert_int_equal(job_installed_with(&j, bad, sizeof(bad)), R_REPLAY);
	world_event(w, "handshake.altered", "replay-altered");
	job_clear(&j);
	job_clear(&other);
}

/* -- several in one transaction ------------------------------------------ */
static void test_batch(void **state)
{
	struct world *w = *state;
	struct handshake_answer a[4];
	struct handshake_request q[4];
	struct ledger_job jobs[4];
	struct job one, two;

	world_start(w, 1, 1, &one);
	world_start(w, 2, 2, &two);
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
	world_counts(w, 0, 2, 0, 0);
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
	world_start(w, 1, 1, &j);
	for (bent = 0; bent <= 5; bent++) {
		enum refusal_code code = job_handshake(&j);

		/* order name and UID are in the prologue as well */
		if (code != R_INTERNAL && code != R_HANDSHAKE)
			fail_msg("bent %d: got %d", bent, code);
		assert_int_equal(j.answer.message2.len, 0);
	}
	world_counts(w, 1, 0, 0, 0);
	bent = -1;
	assert_int_equal(job_handshake(&j), R_NONE);
	job_message2(&j);
	for (bent = 10; bent <= 14; bent++) {
		assert_int_equal(job_installed(&j), R_INTERNAL);
		assert_int_equal(j.commit.commit.len, 0);
	}
	world_counts(w, 0, 1, 0, 0);
	bent = -1;
	assert_int_equal(job_installed(&j), R_NONE);
	job_clear(&j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_whole_path),	 WORLD_TEST(test_replay),
		WORLD_TEST(test_altered_replay), WORLD_TEST(test_altered),
		WORLD_TEST(test_foreign),	 WORLD_TEST(test_old_session),
		WORLD_TEST(test_claim),		 WORLD_TEST(test_report),
		WORLD_TEST(test_batch),		 WORLD_TEST(test_signer_checks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
