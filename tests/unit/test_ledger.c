/* SPDX-License-Identifier: MIT */
/*
 * The ledger's operations on a real signer: what is answered, what is refused,
 * and what the log says about it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "authority/authority.h"
#include "base/hex.h"
#include "server/x509.h"
#include "tests/lib/ledger_bed.h"

static int setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));

	bed_setup(b);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	bed_teardown(*state);
	free(*state);
	return 0;
}

/* The newest log entry is this. */
static void logged(struct bed *b, const char *event, const char *actor,
		   const char *order, const char *code)
{
	struct log_entry e;

	assert_true(bed_last_log(b, &e));
	assert_string_equal(e.event, event);
	assert_string_equal(e.actor, actor);
	assert_string_equal(e.order, order);
	assert_string_equal(e.code, code);
}

/* -- the whole path ------------------------------------------------------ */
static void check_content_key(struct bed *b, const struct bed_flasher *f,
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

static void check_credential(struct bed *b, const struct grant_answer *g,
			     const struct blob *cred, const char *serial)
{
	struct query q = { .product = BED_PRODUCT };
	struct product_list a;
	struct credential c;
	const uint8_t *payload;
	const struct product *p;
	size_t len;

	assert_int_equal(bed_call(b, OP_PRODUCTS, b->admin, &q, &a, NULL),
			 R_NONE);
	assert_int_equal(a.rows.count, 1);
	p = a.rows.items;
	assert_int_equal(authority_check1(p->device_pub.data, LABEL_CREDENTIAL,
					  cred->data, cred->len, &payload,
					  &len),
			 0);
	assert_int_equal(credential_decode(payload, len, &c), 0);
	assert_int_equal(c.grant, g->grant);
	assert_string_equal(c.order, "o1");
	assert_string_equal(c.product, BED_PRODUCT);
	assert_string_equal(c.serial, serial);
	assert_int_equal(c.issued, b->now);
	shape_clear(&product_list_shape, &a);
}

static void test_main_path(void **state)
{
	struct bed *b = *state;
	struct bed_flasher f;
	struct grant_answer g;
	struct deliver_answer d;
	struct order o;
	char now[NAME_CAP];

	bed_order(b, "o1", 2);
	bed_enrol(b, "fl1", BED_MAKER, 2, &f);
	assert_int_equal(bed_grant(b, &f, "o1", 1, 1, &g), R_NONE);
	assert_int_equal(g.attempt, 1);
	assert_string_equal(g.state, "reserved");
	assert_string_equal(g.release, BED_RELEASE);
	assert_int_equal(g.left, 1);
	logged(b, "grant.reserved", "fl1", "o1", "");
	assert_int_equal(bed_deliver(b, &f, g.grant, 1, 2, &d), R_NONE);
	logged(b, "grant.delivered", "fl1", "o1", "");
	check_content_key(b, &f, &d);
	check_credential(b, &g, &d.credential, "o1-1");
	shape_clear(&deliver_answer_shape, &d);
	assert_int_equal(bed_report(b, &f, g.grant, 1, "installed", now),
			 R_NONE);
	assert_string_equal(now, "installed");
	logged(b, "grant.installed", "fl1", "o1", "");
	assert_int_equal(bed_report(b, &f, g.grant, 1, "closed", now), R_NONE);
	assert_string_equal(now, "closed");
	logged(b, "grant.closed", "fl1", "o1", "");
	bed_order_row(b, "o1", &o);
	assert_int_equal(o.delivered, 1);
	assert_int_equal(o.closed, 1);
	assert_int_equal(o.reserved, 0);
	assert_int_equal(o.installed, 0);
	bed_flasher_free(&f);
}

/* -- refusals of grant --------------------------------------------------- */
static void build(struct bed *b, const struct bed_flasher *f, const char *order,
		  uint32_t chip, uint64_t nonce)
{
	struct grant_answer g;
	struct deliver_answer d;

	assert_int_equal(bed_grant(b, f, order, chip, nonce, &g), R_NONE);
	assert_int_equal(bed_deliver(b, f, g.grant, 1, nonce, &d), R_NONE);
	shape_clear(&deliver_answer_shape, &d);
	assert_int_equal(bed_report(b, f, g.grant, 1, "closed", NULL), R_NONE);
}

static void test_grant_refusals(void **state)
{
	struct bed *b = *state;
	struct bed_flasher f, other;
	struct grant_request q;
	struct grant_answer g;
	struct refusal r;

	bed_order(b, "o1", 2);
	bed_order(b, "o2", 2);
	bed_enrol(b, "fl1", BED_MAKER, 1, &f);
	bed_enrol(b, "fl2", "other", 4, &other);

	/* not found, not allowed */
	assert_int_equal(bed_grant(b, &f, "none", 1, 1, &g), R_NOT_FOUND);
	logged(b, "grant.refused", "fl1", "none", "not-found");
	assert_int_equal(bed_grant(b, &other, "o1", 1, 1, &g), R_NOT_ALLOWED);
	logged(b, "grant.refused", "fl2", "o1", "not-allowed");

	/* counterfeit, impossible UIDs */
	bed_grant_request("o1", 1, 2, &q);
	q.cpuid = 0x412fc231;
	assert_int_equal(bed_call(b, OP_GRANT, f.caller, &q, &g, &r),
			 R_COUNTERFEIT);
	assert_non_null(strstr(r.cause, "0x412fc231"));
	assert_int_equal(r.http, 422);
	logged(b, "grant.refused", "fl1", "o1", "fingerprint");
	bed_grant_request("o1", 1, 2, &q);
	memset(q.uid.data, 0xff, 12);
	assert_int_equal(bed_call(b, OP_GRANT, f.caller, &q, &g, NULL),
			 R_UID_FORM);
	logged(b, "grant.refused", "fl1", "o1", "uid-malformed");
	q.uid.len = 8;
	assert_int_equal(bed_call(b, OP_GRANT, f.caller, &q, &g, NULL),
			 R_UID_FORM);
	q.nonce.len = 8;
	assert_int_equal(bed_call(b, OP_GRANT, f.caller, &q, &g, NULL),
			 R_BAD_REQUEST);
	logged(b, "grant.refused", "fl1", "o1", "bad-request");

	/* credit: one channel */
	assert_int_equal(bed_grant(b, &f, "o1", 1, 3, &g), R_NONE);
	assert_int_equal(bed_grant(b, &f, "o1", 2, 4, &g), R_CREDIT);
	logged(b, "grant.refused", "fl1", "o1", "credit");
	assert_int_equal(bed_report(b, &f, 1, 1, "failed", NULL), R_NONE);
	logged(b, "grant.failed", "fl1", "o1", "");

	/* built, used up */
	build(b, &f, "o1", 2, 10);
	assert_int_equal(bed_grant(b, &f, "o1", 2, 11, &g), R_ALREADY_BUILT);
	logged(b, "grant.refused", "fl1", "o1", "already-built");
	assert_int_equal(bed_grant(b, &f, "o2", 2, 12, &g), R_ALREADY_BUILT);
	build(b, &f, "o1", 3, 13);
	assert_int_equal(bed_grant(b, &f, "o1", 4, 14, &g), R_ORDER_USED_UP);
	logged(b, "grant.refused", "fl1", "o1", "order-used-up");
	bed_flasher_free(&f);
	bed_flasher_free(&other);
}

static void test_order_reserved(void **state)
{
	struct bed *b = *state;
	struct bed_flasher f;
	struct grant_answer g;

	bed_order(b, "o1", 1);
	bed_enrol(b, "fl1", BED_MAKER, 4, &f);
	assert_int_equal(bed_grant(b, &f, "o1", 1, 1, &g), R_NONE);
	assert_int_equal(bed_grant(b, &f, "o1", 2, 2, &g), R_ORDER_RESERVED);
	logged(b, "grant.refused", "fl1", "o1", "order-reserved");
	b->now += 20; /* the lease is over: the unit is free again */
	assert_int_equal(bed_grant(b, &f, "o1", 2, 2, &g), R_NONE);
	bed_flasher_free(&f);
}

static void test_order_closed(void **state)
{
	struct bed *b = *state;
	struct order_change q = { .order = "o1" };
	struct bed_flasher f;
	struct grant_answer g;
	struct deliver_answer d;
	struct order a;

	bed_order(b, "o1", 9);
	bed_enrol(b, "fl1", BED_MAKER, 4, &f);
	assert_int_equal(bed_grant(b, &f, "o1", 1, 1, &g), R_NONE);
	BED_SET(q.action, "pause");
	assert_int_equal(bed_call(b, OP_ORDER_CHANGE, b->admin, &q, &a, NULL),
			 R_NONE);
	assert_string_equal(a.state, "paused");
	logged(b, "order.paused", "owner", "o1", "");
	assert_int_equal(bed_grant(b, &f, "o1", 2, 2, &g), R_ORDER_CLOSED);
	logged(b, "grant.refused", "fl1", "o1", "order-closed");
	/* nor does a key leave for what is reserved already */
	assert_int_equal(bed_deliver(b, &f, 1, 1, 3, &d), R_ORDER_CLOSED);
	logged(b, "deliver.refused", "fl1", "o1", "order-closed");
	assert_int_equal(bed_call(b, OP_ORDER_CHANGE, b->admin, &q, &a, NULL),
			 R_STATE);
	logged(b, "order.refused", "owner", "o1", "state");
	BED_SET(q.action, "resume");
	assert_int_equal(bed_call(b, OP_ORDER_CHANGE, b->admin, &q, &a, NULL),
			 R_NONE);
	logged(b, "order.resumed", "owner", "o1", "");
	assert_int_equal(bed_deliver(b, &f, 1, 1, 3, &d), R_NONE);
	shape_clear(&deliver_answer_shape, &d);
	BED_SET(q.action, "end");
	assert_int_equal(bed_call(b, OP_ORDER_CHANGE, b->admin, &q, &a, NULL),
			 R_NONE);
	logged(b, "order.ended", "owner", "o1", "");
	assert_int_equal(bed_grant(b, &f, "o1", 2, 4, &g), R_ORDER_CLOSED);
	/* what is done may still be said */
	assert_int_equal(bed_report(b, &f, 1, 1, "closed", NULL), R_NONE);
	bed_flasher_free(&f);
}

static void test_window(void **state)
{
	struct bed *b = *state;
	struct order q = { .name = "ow",
			   .mode = "signed",
			   .product = BED_PRODUCT,
			   .release = BED_RELEASE,
			   .manufacturer = BED_MAKER,
			   .quantity = 5 },
		     a;
	struct bed_flasher f;
	struct grant_answer g;
	struct query work = { .limit = 0 };
	struct order_list list;
	time_t t = (time_t)b->now + 100;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(q.opens, sizeof(q.opens), "%Y-%m-%dT%H:%M:%SZ", &tm);
	t += 100;
	gmtime_r(&t, &tm);
	strftime(q.closes, sizeof(q.closes), "%Y-%m-%dT%H:%M:%SZ", &tm);
	assert_int_equal(bed_call(b, OP_ORDER_CREATE, b->admin, &q, &a, NULL),
			 R_NONE);
	assert_string_equal(a.opens, q.opens);
	assert_int_equal(a.retries, 3);
	assert_int_equal(a.lease_s, 120);
	bed_enrol(b, "fl1", BED_MAKER, 4, &f);
	assert_int_equal(bed_grant(b, &f, "ow", 1, 1, &g), R_ORDER_CLOSED);
	assert_int_equal(bed_call(b, OP_WORK, f.caller, &work, &list, NULL),
			 R_NONE);
	assert_int_equal(list.rows.count, 0);
	b->now += 100;
	assert_int_equal(bed_grant(b, &f, "ow", 1, 1, &g), R_NONE);
	assert_int_equal(bed_call(b, OP_WORK, f.caller, &work, &list, NULL),
			 R_NONE);
	assert_int_equal(list.rows.count, 1);
	shape_clear(&order_list_shape, &list);
	b->now += 100;
	assert_int_equal(bed_grant(b, &f, "ow", 2, 2, &g), R_ORDER_CLOSED);
	bed_flasher_free(&f);
}

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
	logged(b, "grant.attempt", "fl1", "o1", "");
	assert_int_equal(g.grant, 1);
	assert_int_equal(g.attempt, 2);
	assert_string_equal(g.state, "delivered");
	assert_string_equal(g.serial, "o1-1");
	/* the first attempt is over */
	assert_int_equal(bed_report(b, &f, 1, 1, "closed", NULL), R_ATTEMPT);
	logged(b, "report.refused", "fl1", "o1", "attempt-stale");
	assert_int_equal(bed_deliver(b, &f, 1, 1, 7, &e), R_ATTEMPT);
	/* one credential, the same bytes */
	assert_int_equal(bed_deliver(b, &f, 1, 2, 2, &e), R_NONE);
	assert_int_equal(d.credential.len, e.credential.len);
	assert_memory_equal(d.credential.data, e.credential.data,
			    d.credential.len);
	check_content_key(b, &f, &e);
	shape_clear(&deliver_answer_shape, &d);
	shape_clear(&deliver_answer_shape, &e);
	assert_int_equal(bed_grant(b, &f, "o1", 1, 3, &g), R_NONE);
	assert_int_equal(bed_grant(b, &f, "o1", 1, 4, &g), R_RETRY_LIMIT);
	logged(b, "grant.refused", "fl1", "o1", "retry-limit");
	/* the owner allows more */
	assert_int_equal(bed_call(b, OP_GRANT_CHANGE, b->admin, &q, &dev, NULL),
			 R_NONE);
	assert_int_equal(dev.attempts, 3);
	shape_clear(&device_shape, &dev);
	logged(b, "grant.retry", "owner", "o1", "");
	assert_int_equal(bed_grant(b, &f, "o1", 1, 4, &g), R_NONE);
	assert_int_equal(g.attempt, 4);
	/* report without a key, after "failed" */
	assert_int_equal(bed_report(b, &f, 1, 4, "installed", NULL), R_STATE);
	logged(b, "report.refused", "fl1", "o1", "state");
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
	logged(b, "device.refused", "owner", "o1", "state");
	assert_int_equal(bed_deliver(b, &f, 1, 1, 1, &d), R_NONE);
	shape_clear(&deliver_answer_shape, &d);
	assert_int_equal(bed_grant(b, &f, "o1", 2, 2, &g), R_CREDIT);
	assert_int_equal(bed_call(b, OP_GRANT_CHANGE, b->admin, &q, &dev, NULL),
			 R_NONE);
	assert_string_equal(dev.state, "scrapped");
	assert_true(dev.credential.len > 0);
	shape_clear(&device_shape, &dev);
	logged(b, "grant.scrapped", "owner", "o1", "");
	bed_order_row(b, "o1", &o);
	assert_int_equal(o.delivered, 1); /* the unit stays charged */
	assert_int_equal(o.scrapped, 1);
	assert_int_equal(bed_grant(b, &f, "o1", 1, 3, &g), R_STATE);
	/* and the channel is free */
	build(b, &f, "o1", 2, 4);
	q.grant = 2;
	BED_SET(q.action, "retry");
	assert_int_equal(bed_call(b, OP_GRANT_CHANGE, b->admin, &q, &dev, NULL),
			 R_NONE);
	shape_clear(&device_shape, &dev);
	logged(b, "grant.rework", "owner", "o1", "");
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
	logged(b, "grant.expired", "", "o1", "");
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
	build(b, &f, "o1", 3, 4);
	assert_int_equal(bed_deliver(b, &f, g.grant, 1, 5, &d), R_LEASE);
	logged(b, "deliver.refused", "fl1", "o1", "lease-expired");
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
	logged(b, "grant.unknown", "", "o1", "");
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
	logged(b, "uid.conflict", "fl2", "o1", "uid-conflict");
	/* the station died; the board moves after the lease */
	b->now += 20;
	assert_int_equal(bed_grant(b, &g, "o1", 1, 2, &c), R_NONE);
	logged(b, "grant.moved", "fl2", "o1", "");
	assert_int_equal(c.grant, a.grant);
	assert_int_equal(c.attempt, 2);
	assert_int_equal(bed_deliver(b, &f, a.grant, 1, 3, &d), R_ATTEMPT);
	/* a reservation in another order blocks nobody */
	assert_int_equal(bed_grant(b, &f, "o2", 1, 4, &a), R_NONE);
	assert_int_equal(bed_deliver(b, &g, c.grant, 2, 5, &d), R_NONE);
	shape_clear(&deliver_answer_shape, &d);
	/* but the chip gets one key only */
	assert_int_equal(bed_deliver(b, &f, a.grant, 1, 6, &d), R_CONFLICT);
	logged(b, "uid.conflict", "fl1", "o2", "uid-conflict");
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
	build(b, &f, "o1", 1, 1);
	assert_int_equal(bed_grant(b, &g, "ox", 1, 1, &a), R_CONFLICT);
	logged(b, "uid.conflict", "fl2", "ox", "uid-conflict");
	bed_flasher_free(&f);
	bed_flasher_free(&g);
}

/* -- replays ------------------------------------------------------------- */
static void test_replay(void **state)
{
	struct bed *b = *state;
	struct bed_flasher f;
	struct grant_request q;
	struct grant_answer a, c;
	struct deliver_request dq = { .grant = 1, .attempt = 1 };
	struct deliver_answer d, e;

	bed_order(b, "o1", 9);
	bed_enrol(b, "fl1", BED_MAKER, 4, &f);
	bed_grant_request("o1", 1, 1, &q);
	assert_int_equal(bed_call(b, OP_GRANT, f.caller, &q, &a, NULL), R_NONE);
	b->now += 5;
	assert_int_equal(bed_call(b, OP_GRANT, f.caller, &q, &c, NULL), R_NONE);
	assert_memory_equal(&a, &c, sizeof(a));
	/* one bit of the fingerprint, the channel, the chip */
	q.device_id ^= 0x10000;
	assert_int_equal(bed_call(b, OP_GRANT, f.caller, &q, &c, NULL),
			 R_REPLAY);
	logged(b, "request.altered", "fl1", "o1", "replay-altered");
	bed_grant_request("o1", 2, 1, &q);
	assert_int_equal(bed_call(b, OP_GRANT, f.caller, &q, &c, NULL),
			 R_REPLAY);

	dq.nonce.len = NONCE_LEN;
	bed_nonce(50, dq.nonce.data);
	assert_int_equal(bed_call(b, OP_DELIVER, f.caller, &dq, &d, NULL),
			 R_NONE);
	b->now += 5;
	assert_int_equal(bed_call(b, OP_DELIVER, f.caller, &dq, &e, NULL),
			 R_NONE);
	assert_memory_equal(d.credential.data, e.credential.data,
			    d.credential.len);
	assert_memory_equal(d.key_enc.data, e.key_enc.data, 32);
	assert_memory_equal(d.key_sealed.data, e.key_sealed.data, 48);
	shape_clear(&deliver_answer_shape, &e);
	dq.attempt = 2;
	b->now += 60; /* or it is counted with the one above */
	assert_int_equal(bed_call(b, OP_DELIVER, f.caller, &dq, &e, NULL),
			 R_REPLAY);
	logged(b, "request.altered", "fl1", "o1", "replay-altered");
	/* the stored answer outlives a restart */
	bed_shut(b);
	assert_int_equal(bed_open(b), 0);
	dq.attempt = 1;
	assert_int_equal(bed_call(b, OP_DELIVER, f.caller, &dq, &e, NULL),
			 R_NONE);
	assert_memory_equal(d.credential.data, e.credential.data,
			    d.credential.len);
	assert_memory_equal(d.key_enc.data, e.key_enc.data, 32);
	shape_clear(&deliver_answer_shape, &d);
	shape_clear(&deliver_answer_shape, &e);
	bed_flasher_free(&f);
}

static void test_coalesce(void **state)
{
	struct bed *b = *state;
	struct bed_flasher f;
	struct grant_answer g;
	struct log_entry e, first;

	bed_order(b, "o1", 1);
	bed_enrol(b, "fl1", BED_MAKER, 4, &f);
	assert_int_equal(bed_grant(b, &f, "none", 1, 1, &g), R_NOT_FOUND);
	assert_true(bed_last_log(b, &first));
	assert_int_equal(first.count, 1);
	for (int i = 0; i < 5; i++) {
		b->now += 11;
		assert_int_equal(bed_grant(b, &f, "none", 1, 1, &g),
				 R_NOT_FOUND);
		assert_int_equal(ledger_tick(b->ledger), 0);
	}
	assert_true(bed_last_log(b, &e));
	assert_int_equal(e.seq, first.seq);
	assert_int_equal(e.count, 6);
	/* another subject is another entry; so is the same one a minute on */
	assert_int_equal(bed_grant(b, &f, "none", 2, 1, &g), R_NOT_FOUND);
	assert_true(bed_last_log(b, &e));
	assert_int_equal(e.seq, first.seq + 1);
	b->now += 6;
	assert_int_equal(bed_grant(b, &f, "none", 1, 1, &g), R_NOT_FOUND);
	assert_true(bed_last_log(b, &e));
	assert_int_equal(e.seq, first.seq + 2);
	assert_int_equal(e.count, 1);
	bed_flasher_free(&f);
}

/* What the edge refused by itself becomes an entry, and nothing else. */
static void test_refused_at_edge(void **state)
{
	struct bed *b = *state;
	struct ledger_refused what = { OP_GRANT, R_BAD_REQUEST, "uid: bad" };
	struct bed_flasher f;
	struct ledger_job job = { .op = LEDGER_REFUSED, .request = &what };
	struct log_entry e, next;

	bed_enrol(b, "fl1", BED_MAKER, 4, &f);
	job.caller = f.caller;
	for (int i = 0; i < 3; i++) {
		what.cause[0] = (char)('a' + i);
		assert_int_equal(ledger_batch(b->ledger, &job, 1), 0);
		assert_int_equal(bed_code(&job.refusal), R_BAD_REQUEST);
	}
	assert_true(bed_last_log(b, &e));
	assert_string_equal(e.event, "request.refused");
	assert_string_equal(e.actor, "fl1");
	assert_string_equal(e.code, "bad-request");
	assert_string_equal(e.subject, "POST /v1/grants");
	assert_string_equal(e.text, "aid: bad");
	assert_int_equal(e.count, 3);
	/* no operation at all, and a caller who is not known any more */
	what.op = 0;
	what.code = R_METHOD;
	memset(job.caller.id, 0xab, sizeof(job.caller.id));
	assert_int_equal(ledger_batch(b->ledger, &job, 1), 0);
	assert_true(bed_last_log(b, &next));
	assert_int_equal(next.seq, e.seq + 1);
	assert_string_equal(next.code, "no-such-operation");
	assert_string_equal(next.actor, "");
	assert_memory_equal(next.subject, "abababab", 8);
	bed_flasher_free(&f);
}

/* The same on the other ports: a person by name and operation; strangers by
 * code and port, whatever tokens and operations they try. */
static void test_refused_at_other_ports(void **state)
{
	struct bed *b = *state;
	struct ledger_refused what = { OP_ORDER_CREATE, R_BAD_REQUEST, "bad" };
	struct ledger_job job = { .op = LEDGER_REFUSED, .request = &what };
	struct log_entry e, next;

	job.caller = b->admin;
	assert_int_equal(ledger_batch(b->ledger, &job, 1), 0);
	assert_true(bed_last_log(b, &e));
	assert_string_equal(e.event, "request.refused");
	assert_string_not_equal(e.actor, "");
	assert_string_equal(e.subject, "POST /v1/orders");
	for (int i = 0; i < 20; i++) {
		memset(job.caller.id, i, sizeof(job.caller.id));
		what.op = i % 2 ? OP_STATUS : OP_PRODUCTS;
		what.cause[0] = (char)('a' + i);
		assert_int_equal(ledger_batch(b->ledger, &job, 1), 0);
	}
	assert_true(bed_last_log(b, &next));
	assert_int_equal(next.seq, e.seq + 1);
	assert_int_equal(next.count, 20);
	assert_string_equal(next.actor, "");
	assert_string_equal(next.subject, "administration port");
	job.caller.port = PORT_ENROL;
	what.op = OP_ENROL;
	assert_int_equal(ledger_batch(b->ledger, &job, 1), 0);
	assert_int_equal(ledger_batch(b->ledger, &job, 1), 0);
	assert_true(bed_last_log(b, &e));
	assert_int_equal(e.seq, next.seq + 1);
	assert_int_equal(e.count, 2);
	assert_string_equal(e.actor, "");
	assert_string_equal(e.subject, "POST /v1/enrol");
}

/* -- who asks ------------------------------------------------------------ */
static void test_auth(void **state)
{
	struct bed *b = *state;
	struct api_caller nobody = { .port = PORT_FLASHER };
	struct query q = { .flasher = "fl1" };
	struct bed_flasher f;
	struct grant_answer g;
	struct grant_request gq;
	struct flasher a;
	struct status st;

	bed_order(b, "o1", 1);
	bed_enrol(b, "fl1", BED_MAKER, 4, &f);
	bed_grant_request("o1", 1, 1, &gq);
	assert_int_equal(bed_call(b, OP_GRANT, nobody, &gq, &g, NULL), R_AUTH);
	logged(b, "grant.refused", "", "", "not-authorised");
	nobody.port = PORT_ADMIN;
	assert_int_equal(bed_call(b, OP_STATUS, nobody, &q, &st, NULL), R_AUTH);
	logged(b, "status.refused", "", "", "not-authorised");
	/* a flasher's certificate opens no administration, and back */
	assert_int_equal(bed_call(b, OP_STATUS, f.caller, &q, &st, NULL),
			 R_AUTH);
	assert_int_equal(bed_call(b, OP_GRANT, b->admin, &gq, &g, NULL),
			 R_AUTH);
	assert_int_equal(bed_call(b, OP_FLASHER_REVOKE, b->admin, &q, &a, NULL),
			 R_NONE);
	assert_string_equal(a.state, "revoked");
	logged(b, "flasher.revoked", "owner", "", "");
	assert_int_equal(bed_call(b, OP_GRANT, f.caller, &gq, &g, NULL),
			 R_REVOKED);
	logged(b, "grant.refused", "fl1", "", "flasher-revoked");
	assert_int_equal(bed_call(b, OP_FLASHER_REVOKE, b->admin, &q, &a, NULL),
			 R_STATE);
	BED_SET(q.flasher, "fl9");
	assert_int_equal(bed_call(b, OP_FLASHER_REVOKE, b->admin, &q, &a, NULL),
			 R_NOT_FOUND);
	bed_flasher_free(&f);
}

/* -- enrolment ----------------------------------------------------------- */
static void enrol_request(const char *code, struct enrol_request *q)
{
	struct crypto_key *k = NULL;

	memset(q, 0, sizeof(*q));
	memcpy(q->secret, strrchr(code, '-') + 1, ENROL_SECRET_HEX);
	BED_SET(q->station, "bench-2");
	q->channels = 1;
	q->kem_pub.len = 32;
	q->kem_pub.data[0] = 9;
	assert_int_equal(crypto_key_generate(CRYPTO_P256, &k), 0);
	assert_int_equal(x509_csr_make(k, "x", &q->csr.data, &q->csr.len), 0);
	crypto_key_free(k);
}

static void test_code_form(void **state)
{
	struct bed *b = *state;
	char code[TEXT_CAP], want[TEXT_CAP], pin[65];
	uint8_t *ca, hpke[32], hash[32];
	size_t len;

	bed_invite(b, "fl1", BED_MAKER, 2, code);
	logged(b, "flasher.invited", "owner", "", "");
	assert_int_equal(b->signer.public_keys(b->signer.self, &ca, &len, hpke),
			 0);
	assert_int_equal(crypto_sha256(ca, len, hash), 0);
	free(ca);
	hex_encode(hash, 16, pin);
	snprintf(want, sizeof(want), "SGN1-%s-", pin);
	assert_memory_equal(code, want, strlen(want));
	assert_string_equal(code + strlen(want) + 32, "@localhost:7444");
}

static void test_enrol(void **state)
{
	struct bed *b = *state;
	struct api_caller port = { .port = PORT_ENROL };
	struct enrol_request q, other;
	struct enrol_answer a, again;
	char code[TEXT_CAP];

	bed_invite(b, "fl1", BED_MAKER, 2, code);
	enrol_request(code, &q);
	enrol_request(code, &other);
	assert_int_equal(bed_call(b, OP_ENROL, port, &q, &a, NULL), R_NONE);
	assert_string_equal(a.flasher, "fl1");
	assert_int_equal(a.flasher_port, 7443);
	logged(b, "flasher.enrolled", "fl1", "", "");
	/* the answer was lost: the same again */
	assert_int_equal(bed_call(b, OP_ENROL, port, &q, &again, NULL), R_NONE);
	assert_int_equal(a.certificate.len, again.certificate.len);
	assert_memory_equal(a.certificate.data, again.certificate.data,
			    a.certificate.len);
	shape_clear(&enrol_answer_shape, &a);
	shape_clear(&enrol_answer_shape, &again);
	/* another key: used */
	assert_int_equal(bed_call(b, OP_ENROL, port, &other, &a, NULL), R_CODE);
	logged(b, "enrol.refused", "fl1", "", "enrol-code");
	/* an enrolled name is not invited again, a revoked one is */
	struct flasher inv = { .name = "fl1", .manufacturer = BED_MAKER }, fa;

	assert_int_equal(
		bed_call(b, OP_FLASHER_INVITE, b->admin, &inv, &fa, NULL),
		R_EXISTS);
	logged(b, "flasher.refused", "owner", "", "exists");
	free(q.csr.data);
	free(other.csr.data);
}

static void test_enrol_wrong(void **state)
{
	struct bed *b = *state;
	struct api_caller port = { .port = PORT_ENROL };
	struct enrol_request q, bad;
	struct enrol_answer a;
	char code[TEXT_CAP];

	/* ten wrong guesses at a code void it */
	bed_invite(b, "fl1", BED_MAKER, 2, code);
	enrol_request(code, &q);
	bad = q;
	bad.secret[31] = bad.secret[31] == '0' ? '1' : '0';
	for (int i = 0; i < 9; i++)
		assert_int_equal(bed_call(b, OP_ENROL, port, &bad, &a, NULL),
				 R_CODE);
	bad.secret[0] = bad.secret[0] == '0' ? '1' : '0';
	assert_int_equal(bed_call(b, OP_ENROL, port, &bad, &a, NULL), R_CODE);
	bad.secret[0] = q.secret[0];
	/* that guess was at another selector, and did not count here */
	assert_int_equal(bed_call(b, OP_ENROL, port, &bad, &a, NULL), R_CODE);
	b->now += 60;
	assert_int_equal(bed_call(b, OP_ENROL, port, &q, &a, NULL), R_CODE);
	logged(b, "enrol.refused", "fl1", "", "enrol-code");
	BED_SET(bad.secret, "zz");
	assert_int_equal(bed_call(b, OP_ENROL, port, &bad, &a, NULL), R_CODE);
	free(q.csr.data);

	/* a new code replaces it, and expires after a day */
	bed_invite(b, "fl1", BED_MAKER, 2, code);
	enrol_request(code, &q);
	b->now += 24 * 3600;
	assert_int_equal(bed_call(b, OP_ENROL, port, &q, &a, NULL), R_CODE);
	b->now -= 1;
	bad = q;
	bad.csr.len = 20;
	assert_int_equal(bed_call(b, OP_ENROL, port, &bad, &a, NULL),
			 R_BAD_REQUEST);
	logged(b, "enrol.refused", "fl1", "", "bad-request");
	assert_int_equal(bed_call(b, OP_ENROL, port, &q, &a, NULL), R_NONE);
	shape_clear(&enrol_answer_shape, &a);
	free(q.csr.data);
}

static void test_enrol_again_after_revoke(void **state)
{
	struct bed *b = *state;
	struct query q = { .flasher = "fl1" };
	struct bed_flasher f, g;
	struct flasher a;
	struct grant_answer ga;

	bed_order(b, "o1", 5);
	bed_enrol(b, "fl1", BED_MAKER, 2, &f);
	assert_int_equal(bed_grant(b, &f, "o1", 1, 1, &ga), R_NONE);
	assert_int_equal(bed_call(b, OP_FLASHER_REVOKE, b->admin, &q, &a, NULL),
			 R_NONE);
	/* what it holds belongs to its manufacturer's orders */
	struct flasher moved = { .name = "fl1", .manufacturer = "other" };

	assert_int_equal(
		bed_call(b, OP_FLASHER_INVITE, b->admin, &moved, &a, NULL),
		R_STATE);
	bed_enrol(b, "fl1", BED_MAKER, 2, &g);
	/* the old certificate stays out, the new one is in */
	assert_int_equal(bed_grant(b, &f, "o1", 2, 2, &ga), R_AUTH);
	assert_int_equal(bed_grant(b, &g, "o1", 2, 3, &ga), R_NONE);
	/* its open grants are still its own */
	assert_int_equal(bed_grant(b, &g, "o1", 3, 4, &ga), R_CREDIT);
	bed_flasher_free(&f);
	bed_flasher_free(&g);
}

/* -- the owner's input --------------------------------------------------- */
static void test_product_input(void **state)
{
	struct bed *b = *state;
	struct product q = { .name = "p2",
			     .family = "stm32l4",
			     .modes = "sealed+signed" },
		       a;

	q.release_pub.data = b->release_pub;
	q.release_pub.len = 65;
	BED_SET(q.family, "z80");
	assert_int_equal(bed_call(b, OP_PRODUCT_CREATE, b->admin, &q, &a, NULL),
			 R_BAD_REQUEST);
	logged(b, "product.refused", "owner", "", "bad-request");
	BED_SET(q.family, "stm32l4");
	BED_SET(q.demands, "stage9");
	assert_int_equal(bed_call(b, OP_PRODUCT_CREATE, b->admin, &q, &a, NULL),
			 R_BAD_REQUEST);
	q.demands[0] = '\0';
	q.release_pub.len = 64;
	assert_int_equal(bed_call(b, OP_PRODUCT_CREATE, b->admin, &q, &a, NULL),
			 R_BAD_REQUEST);
	q.release_pub.len = 65;
	BED_SET(q.name, "Bad Name");
	assert_int_equal(bed_call(b, OP_PRODUCT_CREATE, b->admin, &q, &a, NULL),
			 R_BAD_REQUEST);
	BED_SET(q.name, BED_PRODUCT);
	assert_int_equal(bed_call(b, OP_PRODUCT_CREATE, b->admin, &q, &a, NULL),
			 R_EXISTS);
}

static void test_release_input(void **state)
{
	struct bed *b = *state;
	struct release_upload u = { .product = BED_PRODUCT };
	struct release r;
	struct crypto_key *mine = b->release_key;

	bed_release_file(b, BED_PRODUCT, BED_RELEASE, 500, &u.file);
	assert_int_equal(bed_call(b, OP_RELEASE_UPLOAD, b->admin, &u, &r, NULL),
			 R_EXISTS);
	u.file.data[u.file.len - 1] ^= 1;
	assert_int_equal(bed_call(b, OP_RELEASE_UPLOAD, b->admin, &u, &r, NULL),
			 R_SIGNATURE);
	logged(b, "release.refused", "owner", "", "signature");
	u.file.len -= 3;
	assert_int_equal(bed_call(b, OP_RELEASE_UPLOAD, b->admin, &u, &r, NULL),
			 R_BAD_REQUEST);
	free(u.file.data);
	/* signed by another key */
	assert_int_equal(crypto_key_generate(CRYPTO_P256, &b->release_key), 0);
	bed_release_file(b, BED_PRODUCT, "2.0.0", 500, &u.file);
	assert_int_equal(bed_call(b, OP_RELEASE_UPLOAD, b->admin, &u, &r, NULL),
			 R_SIGNATURE);
	free(u.file.data);
	crypto_key_free(b->release_key);
	b->release_key = mine;
	/* for another product */
	bed_release_file(b, "kettle", "2.0.0", 500, &u.file);
	assert_int_equal(bed_call(b, OP_RELEASE_UPLOAD, b->admin, &u, &r, NULL),
			 R_BAD_REQUEST);
	BED_SET(u.product, "kettle");
	assert_int_equal(bed_call(b, OP_RELEASE_UPLOAD, b->admin, &u, &r, NULL),
			 R_NOT_FOUND);
	free(u.file.data);
}

static void test_order_input(void **state)
{
	static const struct {
		const char *name, *product, *release, *mode, *prefix, *opens,
			*closes;
		uint32_t quantity, lease;
		uint64_t first;
		enum refusal_code want;
	} rows[] = {
		{ "ok", BED_PRODUCT, BED_RELEASE, "", "A-", "", "", 10, 0, 1,
		  R_NONE },
		{ "ok", BED_PRODUCT, BED_RELEASE, "", "", "", "", 10, 0, 1,
		  R_EXISTS },
		{ "b1", "none", BED_RELEASE, "", "", "", "", 10, 0, 1,
		  R_NOT_FOUND },
		{ "b2", BED_PRODUCT, "9.9", "", "", "", "", 10, 0, 1,
		  R_NOT_FOUND },
		{ "b3", BED_PRODUCT, BED_RELEASE, "open", "", "", "", 10, 0, 1,
		  R_BAD_REQUEST },
		/* the release is laid out for signed mode */
		{ "b3", BED_PRODUCT, BED_RELEASE, "sealed", "", "", "", 10, 0,
		  1, R_MODE },
		{ "b4", BED_PRODUCT, BED_RELEASE, "", "", "", "", 0, 0, 1,
		  R_BAD_REQUEST },
		{ "b5", BED_PRODUCT, BED_RELEASE, "", "", "", "", 0x80000000, 0,
		  1, R_BAD_REQUEST },
		{ "b6", BED_PRODUCT, BED_RELEASE, "", "A1", "", "", 10, 0, 1,
		  R_BAD_REQUEST },
		{ "b7", BED_PRODUCT, BED_RELEASE, "", "1234567890123456-", "",
		  "", 10, 0, 1, R_BAD_REQUEST },
		{ "b8", BED_PRODUCT, BED_RELEASE, "", "", "tomorrow", "", 10, 0,
		  1, R_BAD_REQUEST },
		{ "b9", BED_PRODUCT, BED_RELEASE, "", "",
		  "2026-02-30T00:00:00Z", "", 10, 0, 1, R_BAD_REQUEST },
		{ "b10", BED_PRODUCT, BED_RELEASE, "", "",
		  "2026-02-20T00:00:00Z", "2026-02-20T00:00:00Z", 10, 0, 1,
		  R_BAD_REQUEST },
		{ "b11", BED_PRODUCT, BED_RELEASE, "", "", "", "", 10, 4, 1,
		  R_BAD_REQUEST },
		/* serial numbers: 1..10 are taken by "ok" */
		{ "b12", BED_PRODUCT, BED_RELEASE, "", "A-", "", "", 10, 0, 10,
		  R_EXISTS },
		{ "b13", BED_PRODUCT, BED_RELEASE, "", "A-", "", "", 10, 0, 11,
		  R_NONE },
		{ "B 14", BED_PRODUCT, BED_RELEASE, "", "", "", "", 10, 0, 1,
		  R_BAD_REQUEST },
		{ "b15", BED_PRODUCT, BED_RELEASE, "", "\xc3\xbc-", "", "", 10,
		  0, 1, R_BAD_REQUEST },
	};
	struct bed *b = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct order q = { .quantity = rows[i].quantity,
				   .mode = "signed",
				   .lease_s = rows[i].lease,
				   .serial_first = rows[i].first,
				   .manufacturer = BED_MAKER },
			     a;
		enum refusal_code got;

		BED_SET(q.name, rows[i].name);
		BED_SET(q.product, rows[i].product);
		BED_SET(q.release, rows[i].release);
		if (rows[i].mode[0] != '\0')
			BED_SET(q.mode, rows[i].mode);
		BED_SET(q.serial_prefix, rows[i].prefix);
		BED_SET(q.opens, rows[i].opens);
		BED_SET(q.closes, rows[i].closes);
		got = bed_call(b, OP_ORDER_CREATE, b->admin, &q, &a, NULL);
		if (got != rows[i].want)
			fail_msg("row %zu (%s): got %d, want %d", i,
				 rows[i].name, got, rows[i].want);
	}
}

/* -- lists --------------------------------------------------------------- */
static void test_lists(void **state)
{
	struct bed *b = *state;
	struct bed_flasher f;
	struct query q = { .limit = 0 };
	struct device_list d;
	struct flasher_list fl;
	struct release_list rl;
	struct log_list ll;
	struct status st;
	const struct device *dev;

	bed_order(b, "o1", 9);
	bed_enrol(b, "fl1", BED_MAKER, 4, &f);
	for (uint32_t i = 1; i <= 5; i++)
		build(b, &f, "o1", i, i);
	assert_int_equal(bed_call(b, OP_DEVICES, b->admin, &q, &d, NULL),
			 R_NONE);
	assert_int_equal(d.rows.count, 5);
	dev = d.rows.items;
	assert_string_equal(dev[4].serial, "o1-5");
	assert_string_equal(dev[4].state, "closed");
	assert_string_equal(dev[4].family, "stm32l4");
	assert_string_equal(dev[4].flasher, "fl1");
	assert_true(dev[4].credential.len > 100);
	q.uid.len = 12;
	memcpy(q.uid.data, dev[2].uid.data, 12);
	shape_clear(&device_list_shape, &d);
	assert_int_equal(bed_call(b, OP_DEVICES, b->admin, &q, &d, NULL),
			 R_NONE);
	assert_int_equal(d.rows.count, 1);
	assert_int_equal(((struct device *)d.rows.items)->grant, 3);
	shape_clear(&device_list_shape, &d);
	assert_int_equal(bed_call(b, OP_LOG, b->admin, &q, &ll, NULL), R_NONE);
	assert_int_equal(ll.rows.count, 3);
	shape_clear(&log_list_shape, &ll);
	q.uid.len = 0;
	q.after = 3;
	q.limit = 1;
	assert_int_equal(bed_call(b, OP_DEVICES, b->admin, &q, &d, NULL),
			 R_NONE);
	assert_int_equal(d.rows.count, 1);
	assert_int_equal(((struct device *)d.rows.items)->grant, 4);
	shape_clear(&device_list_shape, &d);
	memset(&q, 0, sizeof(q));
	BED_SET(q.event, "grant.closed");
	assert_int_equal(bed_call(b, OP_LOG, b->admin, &q, &ll, NULL), R_NONE);
	assert_int_equal(ll.rows.count, 5);
	shape_clear(&log_list_shape, &ll);
	memset(&q, 0, sizeof(q));
	assert_int_equal(bed_call(b, OP_FLASHERS, b->admin, &q, &fl, NULL),
			 R_NONE);
	assert_int_equal(fl.rows.count, 1);
	assert_int_equal(strlen(((struct flasher *)fl.rows.items)->fingerprint),
			 64);
	assert_int_equal(strlen(((struct flasher *)fl.rows.items)->code), 0);
	shape_clear(&flasher_list_shape, &fl);
	assert_int_equal(bed_call(b, OP_RELEASES, b->admin, &q, &rl, NULL),
			 R_NONE);
	assert_int_equal(rl.rows.count, 1);
	assert_int_equal(((struct release *)rl.rows.items)->size, 3000);
	shape_clear(&release_list_shape, &rl);
	assert_int_equal(bed_call(b, OP_STATUS, b->admin, &q, &st, NULL),
			 R_NONE);
	assert_int_equal(st.devices, 5);
	assert_int_equal(st.orders_open, 1);
	assert_string_equal(st.version, "test");
	bed_flasher_free(&f);
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
	logged(b, "deliver.refused", "fl1", "", "internal");
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

/* -- the file ------------------------------------------------------------ */
static void test_second_server(void **state)
{
	struct bed *b = *state;
	struct ledger_config cfg = { .db_path = b->db, .signer = &b->signer };
	struct ledger *l = NULL;
	char why[256];

	assert_int_equal(ledger_open(&cfg, &l, why), E_DB_BUSY);
	assert_non_null(strstr(why, "running already"));
	assert_null(l);
}

static int sql(const char *path, const char *text)
{
	sqlite3 *db = NULL;
	int rc = sqlite3_open(path, &db);

	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, text, NULL, NULL, NULL);
	sqlite3_close(db);
	return rc;
}

static void test_versions(void **state)
{
	struct bed *b = *state;
	struct ledger_config cfg = { .db_path = b->db, .signer = &b->signer };
	struct ledger *l = NULL;
	char why[256];

	bed_shut(b);
	assert_int_equal(sql(b->db, "PRAGMA user_version = 99"), SQLITE_OK);
	assert_int_equal(ledger_open(&cfg, &l, why), E_VERSION);
	assert_non_null(strstr(why, "newer signetd"));
	assert_int_equal(sql(b->db, "PRAGMA user_version = 1;"
				    "PRAGMA application_id = 5"),
			 SQLITE_OK);
	assert_int_equal(ledger_open(&cfg, &l, why), E_VERSION);
	assert_non_null(strstr(why, "not a Signet database"));
	cfg.db_path = "/nonexistent/ledger.db";
	assert_true(ledger_open(&cfg, &l, why) < 0);
	assert_true(strlen(why) > 10);
}

/* The database refuses by itself what must never happen. */
static void test_guards(void **state)
{
	static const char *const never[] = {
		"UPDATE log SET text = 'x' WHERE seq = 1",
		"DELETE FROM log WHERE seq = 1",
		"INSERT INTO log VALUES (99999, 1, 'e', '', '', '', '', '')",
		"UPDATE orders SET delivered = 3",
		"UPDATE orders SET delivered = 0",
		"UPDATE orders SET quantity = 100",
		"UPDATE grants SET credential = x'00'",
		"UPDATE grants SET credential = NULL",
		"UPDATE grants SET serial = 'x'",
		"UPDATE grants SET charged = charged + 1",
		"DELETE FROM grants",
		/* the same chip in another order */
		("INSERT INTO grants SELECT 50, 2, flasher_id, family, uid,"
		 " state, attempt, extra, reworks, held, keyed, over,"
		 " lease_until, due, charged, changed, serial, credential"
		 " FROM grants WHERE id = 1"),
		"UPDATE log_repeats SET repeats = 0",
		"DELETE FROM log_repeats",
	};
	struct bed *b = *state;
	struct bed_flasher f;
	struct grant_answer g;

	bed_order(b, "o1", 2);
	bed_order(b, "o2", 2);
	bed_enrol(b, "fl1", BED_MAKER, 4, &f);
	build(b, &f, "o1", 1, 1);
	for (int i = 0; i < 2; i++)
		assert_int_equal(bed_grant(b, &f, "o1", 1, 2, &g),
				 R_ALREADY_BUILT);
	bed_shut(b);
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (sql(b->db, never[i]) != SQLITE_CONSTRAINT)
			fail_msg("allowed: %s", never[i]);
	assert_int_equal(sql(b->db, "UPDATE orders SET delivered = 2"),
			 SQLITE_OK);
	bed_flasher_free(&f);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_main_path),
		T(test_grant_refusals),
		T(test_order_reserved),
		T(test_order_closed),
		T(test_window),
		T(test_attempts),
		T(test_scrap_rework),
		T(test_lease),
		T(test_many_leases),
		T(test_silence),
		T(test_conflicts),
		T(test_conflict_makers),
		T(test_replay),
		T(test_coalesce),
		T(test_refused_at_edge),
		T(test_refused_at_other_ports),
		T(test_auth),
		T(test_code_form),
		T(test_enrol),
		T(test_enrol_wrong),
		T(test_enrol_again_after_revoke),
		T(test_product_input),
		T(test_release_input),
		T(test_order_input),
		T(test_lists),
		T(test_batch),
		T(test_internal_logged),
		T(test_batch_conflict),
		T(test_second_server),
		T(test_versions),
		T(test_guards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
