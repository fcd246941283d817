/* SPDX-License-Identifier: MIT */
/*
 * The ledger's attempts: how often, for how long, when two claim one chip, and
 * in a batch with one bad request in it.
 */
#include <stdio.h>

#include "tests/lib/ledger_test.h"

/* -- attempts ------------------------------------------------------------ */
static void test_attempts(void **state)
{
	struct bed *b = *state;
	struct grant_change q = { .grant = 1, .action = "retry" };
	struct bed_flasher f;
	struct grant_answer g;
	struct deliver_answer d, e;
	struct device dev;

	bed_order(b, "o1", 1); /* one unit, three attempts */
	bed_enrol(b, "fl1", BED_MAKER, 4, &f);
	assert_int_equal(bed_grant(b, &f, "o1", 1, 1, &g), R_NONE);
	assert_int_equal(bed_deliver(b, &f, 1, 1, 1, &d), R_NONE);
	assert_int_equal(bed_grant(b, &f, "o1", 1, 2, &g), R_NONE);
	bed_logged(b, "grant.attempt", "fl1", "o1", "");
	assert_int_equal(g.grant, 1);
	assert_int_equal(g.attempt, 2);
	assert_string_equal(g.state, "delivered");
	assert_string_equal(g.serial, "o1-1");
	/* the first attempt is over */
	assert_int_equal(bed_report(b, &f, 1, 1, "closed", NULL), R_ATTEMPT);
	bed_logged(b, "report.refused", "fl1", "o1", "attempt-stale");
	assert_int_equal(bed_deliver(b, &f, 1, 1, 7, &e), R_ATTEMPT);
	/* one credential, the same bytes */
	assert_int_equal(bed_deliver(b, &f, 1, 2, 2, &e), R_NONE);
	assert_int_equal(d.credential.len, e.credential.len);
	assert_memory_equal(d.credential.data, e.credential.data,
			    d.credential.len);
	bed_key_opens(b, &f, &e);
	shape_clear(&deliver_answer_shape, &d);
	shape_clear(&deliver_answer_shape, &e);
	assert_int_equal(bed_grant(b, &f, "o1", 1, 3, &g), R_NONE);
	assert_int_equal(bed_grant(b, &f, "o1", 1, 4, &g), R_RETRY_LIMIT);
	bed_logged(b, "grant.refused", "fl1", "o1", "retry-limit");
	/* the owner allows more */
	assert_int_equal(bed_call(b, OP_GRANT_CHANGE, b->admin, &q, &dev, NULL),
			 R_NONE);
	assert_int_equal(dev.attempts, 3);
	shape_clear(&device_shape, &dev);
	bed_logged(b, "grant.retry", "owner", "o1", "");
	assert_int_equal(bed_grant(b, &f, "o1", 1, 4, &g), R_NONE);
	assert_int_equal(g.attempt, 4);
	/* report without a key, after "failed" */
	assert_int_equal(bed_report(b, &f, 1, 4, "installed", NULL), R_STATE);
	bed_logged(b, "report.refused", "fl1", "o1", "state");
	assert_int_equal(bed_report(b, &f, 1, 4, "failed", NULL), R_NONE);
	assert_int_equal(bed_deliver(b, &f, 1, 4, 9, &d), R_STATE);
	assert_int_equal(bed_report(b, &f, 1, 4, "done", NULL), R_BAD_REQUEST);
	assert_int_equal(bed_report(b, &f, 99, 1, "closed", NULL), R_NOT_FOUND);
	bed_flasher_free(&f);
}

static void test_scrap_rework(void **state)
{
	struct bed *b = *state;
	struct grant_change q = { .grant = 1, .action = "scrap" };
	struct bed_flasher f;
	struct grant_answer g;
	struct deliver_answer d;
	struct device dev;
	struct order o;

	bed_order(b, "o1", 5);
	bed_enrol(b, "fl1", BED_MAKER, 1, &f);
	assert_int_equal(bed_grant(b, &f, "o1", 1, 1, &g), R_NONE);
	assert_int_equal(bed_call(b, OP_GRANT_CHANGE, b->admin, &q, &dev, NULL),
			 R_STATE);
	bed_logged(b, "device.refused", "owner", "o1", "state");
	assert_int_equal(bed_deliver(b, &f, 1, 1, 1, &d), R_NONE);
	shape_clear(&deliver_answer_shape, &d);
	assert_int_equal(bed_grant(b, &f, "o1", 2, 2, &g), R_CREDIT);
	assert_int_equal(bed_call(b, OP_GRANT_CHANGE, b->admin, &q, &dev, NULL),
			 R_NONE);
	assert_string_equal(dev.state, "scrapped");
	assert_true(dev.credential.len > 0);
	shape_clear(&device_shape, &dev);
	bed_logged(b, "grant.scrapped", "owner", "o1", "");
	bed_order_row(b, "o1", &o);
	assert_int_equal(o.delivered, 1); /* the unit stays charged */
	assert_int_equal(o.scrapped, 1);
	assert_int_equal(bed_grant(b, &f, "o1", 1, 3, &g), R_STATE);
	/* and the channel is free */
	bed_build(b, &f, "o1", 2, 4);
	q.grant = 2;
	BED_SET(q.action, "retry");
	assert_int_equal(bed_call(b, OP_GRANT_CHANGE, b->admin, &q, &dev, NULL),
			 R_NONE);
	shape_clear(&device_shape, &dev);
	bed_logged(b, "grant.rework", "owner", "o1", "");
	assert_int_equal(bed_grant(b, &f, "o1", 2, 5, &g), R_NONE);
	assert_int_equal(g.attempt, 2);
	BED_SET(q.action, "burn");
	assert_int_equal(bed_call(b, OP_GRANT_CHANGE, b->admin, &q, &dev, NULL),
			 R_BAD_REQUEST);
	q.grant = 77;
	assert_int_equal(bed_call(b, OP_GRANT_CHANGE, b->admin, &q, &dev, NULL),
			 R_NOT_FOUND);
	bed_flasher_free(&f);
}

/* -- leases -------------------------------------------------------------- */
static void test_lease(void **state)
{
	struct bed *b = *state;
	struct bed_flasher f;
	struct grant_answer g;
	struct deliver_answer d;
	struct order o;

	bed_order(b, "o1", 2);
	bed_enrol(b, "fl1", BED_MAKER, 4, &f);
	assert_int_equal(bed_grant(b, &f, "o1", 1, 1, &g), R_NONE);
	b->now += 20;
	assert_int_equal(ledger_tick(b->ledger), 0);
	bed_logged(b, "grant.expired", "", "o1", "");
	bed_order_row(b, "o1", &o);
	assert_int_equal(o.reserved, 0);
	/* late, but a unit is free: taken anew with the key */
	assert_int_equal(bed_deliver(b, &f, 1, 1, 2, &d), R_NONE);
	shape_clear(&deliver_answer_shape, &d);
	bed_order_row(b, "o1", &o);
	assert_int_equal(o.delivered, 1);
	/* late, and the last unit has gone to another chip */
	assert_int_equal(bed_grant(b, &f, "o1", 2, 3, &g), R_NONE);
	b->now += 20;
	bed_build(b, &f, "o1", 3, 4);
	assert_int_equal(bed_deliver(b, &f, g.grant, 1, 5, &d), R_LEASE);
	bed_logged(b, "deliver.refused", "fl1", "o1", "lease-expired");
	bed_order_row(b, "o1", &o);
	assert_int_equal(o.delivered, 2);
	bed_flasher_free(&f);
}

/* More leases than are looked at in one go. */
static void test_many_leases(void **state)
{
	struct bed *b = *state;
	struct bed_flasher f;
	struct grant_answer g;
	struct order o;

	bed_order(b, "o1", 200);
	bed_enrol(b, "fl1", BED_MAKER, 150, &f);
	for (uint32_t i = 1; i <= 150; i++)
		assert_int_equal(bed_grant(b, &f, "o1", i, i, &g), R_NONE);
	bed_order_row(b, "o1", &o);
	assert_int_equal(o.reserved, 150);
	b->now += 20;
	assert_int_equal(ledger_tick(b->ledger), 0);
	bed_order_row(b, "o1", &o);
	assert_int_equal(o.reserved, 0);
	assert_int_equal(bed_grant(b, &f, "o1", 151, 151, &g), R_NONE);
	bed_flasher_free(&f);
}

static void test_silence(void **state)
{
	struct bed *b = *state;
	struct bed_flasher f;
	struct grant_answer g;
	struct deliver_answer d;
	struct order o;
	char now[NAME_CAP];

	bed_order(b, "o1", 2);
	bed_enrol(b, "fl1", BED_MAKER, 1, &f);
	assert_int_equal(bed_grant(b, &f, "o1", 1, 1, &g), R_NONE);
	assert_int_equal(bed_deliver(b, &f, 1, 1, 2, &d), R_NONE);
	shape_clear(&deliver_answer_shape, &d);
	b->now += b->unknown_after_s;
	assert_int_equal(ledger_tick(b->ledger), 0);
	bed_logged(b, "grant.unknown", "", "o1", "");
	bed_order_row(b, "o1", &o);
	assert_int_equal(o.unknown, 1);
	assert_int_equal(o.delivered, 1);
	/* silence buys no credit */
	assert_int_equal(bed_grant(b, &f, "o1", 2, 3, &g), R_CREDIT);
	/* a late word is welcome */
	assert_int_equal(bed_report(b, &f, 1, 1, "closed", now), R_NONE);
	assert_string_equal(now, "closed");
	bed_order_row(b, "o1", &o);
	assert_int_equal(o.unknown, 0);
	bed_flasher_free(&f);
}

/* -- two flashers, two orders, one UID ----------------------------------- */
static void test_conflicts(void **state)
{
	struct bed *b = *state;
	struct bed_flasher f, g;
	struct grant_answer a, c;
	struct deliver_answer d;

	bed_order(b, "o1", 9);
	bed_order(b, "o2", 9);
	bed_enrol(b, "fl1", BED_MAKER, 4, &f);
	bed_enrol(b, "fl2", BED_MAKER, 4, &g);
	/* same order, at once */
	assert_int_equal(bed_grant(b, &f, "o1", 1, 1, &a), R_NONE);
	assert_int_equal(bed_grant(b, &g, "o1", 1, 1, &c), R_CONFLICT);
	bed_logged(b, "uid.conflict", "fl2", "o1", "uid-conflict");
	/* the station died; the board moves after the lease */
	b->now += 20;
	assert_int_equal(bed_grant(b, &g, "o1", 1, 2, &c), R_NONE);
	bed_logged(b, "grant.moved", "fl2", "o1", "");
	assert_int_equal(c.grant, a.grant);
	assert_int_equal(c.attempt, 2);
	assert_int_equal(bed_deliver(b, &f, a.grant, 1, 3, &d), R_ATTEMPT);
	/* a reservation in another order blocks nobody */
	assert_int_equal(bed_grant(b, &f, "o2", 1, 4, &a), R_NONE);
	assert_int_equal(bed_deliver(b, &g, c.grant, 2, 5, &d), R_NONE);
	shape_clear(&deliver_answer_shape, &d);
	/* but the chip gets one key only */
	assert_int_equal(bed_deliver(b, &f, a.grant, 1, 6, &d), R_CONFLICT);
	bed_logged(b, "uid.conflict", "fl1", "o2", "uid-conflict");
	bed_flasher_free(&f);
	bed_flasher_free(&g);
}

static void test_conflict_makers(void **state)
{
	struct bed *b = *state;
	struct order q = { .name = "ox",
			   .mode = "signed",
			   .product = BED_PRODUCT,
			   .release = BED_RELEASE,
			   .manufacturer = "other",
			   .quantity = 5 },
		     o;
	struct bed_flasher f, g;
	struct grant_answer a;

	bed_order(b, "o1", 9);
	assert_int_equal(bed_call(b, OP_ORDER_CREATE, b->admin, &q, &o, NULL),
			 R_NONE);
	bed_enrol(b, "fl1", BED_MAKER, 4, &f);
	bed_enrol(b, "fl2", "other", 4, &g);
	bed_build(b, &f, "o1", 1, 1);
	assert_int_equal(bed_grant(b, &g, "ox", 1, 1, &a), R_CONFLICT);
	bed_logged(b, "uid.conflict", "fl2", "ox", "uid-conflict");
	bed_flasher_free(&f);
	bed_flasher_free(&g);
}

/* -- a batch ------------------------------------------------------------- */
#define BATCH 12

/* A signer that is out of order for one chip. */
static struct signer_port real;
static uint8_t bad_chip;

static int picky(void *self, struct signer_credential *items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (items[i].claims.uid[0] == bad_chip)
			return E_INTERNAL;
	return real.credentials(self, items, n);
}

static void batch_grants(struct bed *b, const struct bed_flasher *f,
			 struct grant_answer a[BATCH])
{
	struct ledger_job jobs[BATCH] = { 0 };
	struct grant_request q[BATCH];

	memset(a, 0, BATCH * sizeof(*a));
	for (uint32_t i = 0; i < BATCH; i++) {
		/* job 3 is job 2 again, job 5 is counterfeit */
		bed_grant_request("o1", i == 3 ? 2 : i, i == 3 ? 2 : i, &q[i]);
		if (i == 5)
			q[i].part ^= 1;
		jobs[i] = (struct ledger_job){
			OP_GRANT, f->caller, &q[i], &a[i], { .http = 0 }
		};
	}
	assert_int_equal(ledger_batch(b->ledger, jobs, BATCH), 0);
	for (uint32_t i = 0; i < BATCH; i++)
		assert_int_equal(bed_code(&jobs[i].refusal),
				 i == 5 ? R_COUNTERFEIT : R_NONE);
	assert_memory_equal(&a[2], &a[3], sizeof(a[2]));
}

static void test_batch(void **state)
{
	struct bed *b = *state;
	struct ledger_job jobs[BATCH] = { 0 };
	struct deliver_request q[BATCH];
	struct deliver_answer d[BATCH];
	struct grant_answer a[BATCH];
	struct bed_flasher f;
	struct order o;
	struct log_entry e;

	real = b->signer;
	b->signer.credentials = picky;
	bad_chip = 7;
	bed_shut(b);
	assert_int_equal(bed_open(b), 0);
	bed_order(b, "o1", 50);
	bed_enrol(b, "fl1", BED_MAKER, 20, &f);
	batch_grants(b, &f, a);

	/* deliver them all; 3 repeats 2, 5 was refused, the signer cannot do
	 * 7: nobody else is hurt */
	memset(q, 0, sizeof(q));
	memset(d, 0, sizeof(d));
	for (uint32_t i = 0; i < BATCH; i++) {
		q[i].grant = a[i].grant;
		q[i].attempt = 1;
		q[i].nonce.len = NONCE_LEN;
		bed_nonce(i == 3 ? 2 : i, q[i].nonce.data);
		jobs[i] = (struct ledger_job){
			OP_DELIVER, f.caller, &q[i], &d[i], { .http = 0 }
		};
	}
	assert_int_equal(ledger_batch(b->ledger, jobs, BATCH), 0);
	for (uint32_t i = 0; i < BATCH; i++) {
		enum refusal_code want = R_NONE;

		if (i == 5)
			want = R_NOT_FOUND;
		if (i == 7)
			want = R_INTERNAL;
		assert_int_equal(bed_code(&jobs[i].refusal), want);
		assert_int_equal(d[i].credential.len > 0, want == R_NONE);
	}
	assert_memory_equal(d[2].credential.data, d[3].credential.data,
			    d[2].credential.len);
	assert_memory_equal(d[2].key_enc.data, d[3].key_enc.data, 32);
	for (uint32_t i = 0; i < BATCH; i++)
		shape_clear(&deliver_answer_shape, &d[i]);
	bed_order_row(b, "o1", &o);
	assert_int_equal(o.delivered, BATCH - 3);
	assert_int_equal(o.reserved, 1); /* the signer's failure */
	assert_true(bed_last_log(b, &e));
	/* nothing was charged for it, and it works once the signer does */
	bad_chip = 200;
	assert_int_equal(bed_deliver(b, &f, a[7].grant, 1, 7, &d[0]), R_NONE);
	shape_clear(&deliver_answer_shape, &d[0]);
	bed_flasher_free(&f);
}

static void test_internal_logged(void **state)
{
	struct bed *b = *state;
	struct bed_flasher f;
	struct grant_answer a;
	struct deliver_answer d;

	real = b->signer;
	b->signer.credentials = picky;
	bad_chip = 1;
	bed_order(b, "o1", 5);
	bed_enrol(b, "fl1", BED_MAKER, 4, &f);
	assert_int_equal(bed_grant(b, &f, "o1", 1, 1, &a), R_NONE);
	assert_int_equal(bed_deliver(b, &f, a.grant, 1, 1, &d), R_INTERNAL);
	bed_logged(b, "deliver.refused", "fl1", "", "internal");
	bed_flasher_free(&f);
}

/* Two orders, one chip, both delivered in one batch. */
static void test_batch_conflict(void **state)
{
	struct bed *b = *state;
	struct deliver_request q[2] = { { .attempt = 1 }, { .attempt = 1 } };
	struct deliver_answer d[2] = { { 0 }, { 0 } };
	struct ledger_job jobs[2] = { { 0 }, { 0 } };
	struct grant_answer a;
	struct bed_flasher f;

	bed_order(b, "o1", 5);
	bed_order(b, "o2", 5);
	bed_enrol(b, "fl1", BED_MAKER, 4, &f);
	assert_int_equal(bed_grant(b, &f, "o1", 1, 1, &a), R_NONE);
	q[0].grant = a.grant;
	assert_int_equal(bed_grant(b, &f, "o2", 1, 2, &a), R_NONE);
	q[1].grant = a.grant;
	for (int i = 0; i < 2; i++) {
		q[i].nonce.len = NONCE_LEN;
		bed_nonce((uint64_t)i, q[i].nonce.data);
		jobs[i] = (struct ledger_job){
			OP_DELIVER, f.caller, &q[i], &d[i], { .http = 0 }
		};
	}
	assert_int_equal(ledger_batch(b->ledger, jobs, 2), 0);
	assert_int_equal(bed_code(&jobs[0].refusal), R_NONE);
	assert_int_equal(bed_code(&jobs[1].refusal), R_CONFLICT);
	shape_clear(&deliver_answer_shape, &d[0]);
	bed_flasher_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BED_TEST(test_attempts),	BED_TEST(test_scrap_rework),
		BED_TEST(test_lease),		BED_TEST(test_many_leases),
		BED_TEST(test_silence),		BED_TEST(test_conflicts),
		BED_TEST(test_conflict_makers), BED_TEST(test_batch),
		BED_TEST(test_internal_logged), BED_TEST(test_batch_conflict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
