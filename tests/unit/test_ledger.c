/* SPDX-License-Identifier: MIT */
/*
 * The ledger's operations on a real signer: what is answered, what is refused,
 * the same request again, who may ask, and what the log says about it.
 */
#include <stdio.h>
#include <time.h>

#include "authority/authority.h"
#include "tests/lib/ledger_test.h"

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
	bed_logged(b, "grant.reserved", "fl1", "o1", "");
	assert_int_equal(bed_deliver(b, &f, g.grant, 1, 2, &d), R_NONE);
	bed_logged(b, "grant.delivered", "fl1", "o1", "");
	bed_key_opens(b, &f, &d);
	check_credential(b, &g, &d.credential, "o1-1");
	shape_clear(&deliver_answer_shape, &d);
	assert_int_equal(bed_report(b, &f, g.grant, 1, "installed", now),
			 R_NONE);
	assert_string_equal(now, "installed");
	bed_logged(b, "grant.installed", "fl1", "o1", "");
	assert_int_equal(bed_report(b, &f, g.grant, 1, "closed", now), R_NONE);
	assert_string_equal(now, "closed");
	bed_logged(b, "grant.closed", "fl1", "o1", "");
	bed_order_row(b, "o1", &o);
	assert_int_equal(o.delivered, 1);
	assert_int_equal(o.closed, 1);
	assert_int_equal(o.reserved, 0);
	assert_int_equal(o.installed, 0);
	bed_flasher_free(&f);
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
	bed_logged(b, "grant.refused", "fl1", "none", "not-found");
	assert_int_equal(bed_grant(b, &other, "o1", 1, 1, &g), R_NOT_ALLOWED);
	bed_logged(b, "grant.refused", "fl2", "o1", "not-allowed");

	/* counterfeit, impossible UIDs */
	bed_grant_request("o1", 1, 2, &q);
	q.cpuid = 0x412fc231;
	assert_int_equal(bed_call(b, OP_GRANT, f.caller, &q, &g, &r),
			 R_COUNTERFEIT);
	assert_non_null(strstr(r.cause, "0x412fc231"));
	assert_int_equal(r.http, 422);
	bed_logged(b, "grant.refused", "fl1", "o1", "fingerprint");
	bed_grant_request("o1", 1, 2, &q);
	memset(q.uid.data, 0xff, 12);
	assert_int_equal(bed_call(b, OP_GRANT, f.caller, &q, &g, NULL),
			 R_UID_FORM);
	bed_logged(b, "grant.refused", "fl1", "o1", "uid-malformed");
	q.uid.len = 8;
	assert_int_equal(bed_call(b, OP_GRANT, f.caller, &q, &g, NULL),
			 R_UID_FORM);
	q.nonce.len = 8;
	assert_int_equal(bed_call(b, OP_GRANT, f.caller, &q, &g, NULL),
			 R_BAD_REQUEST);
	bed_logged(b, "grant.refused", "fl1", "o1", "bad-request");

	/* credit: one channel */
	assert_int_equal(bed_grant(b, &f, "o1", 1, 3, &g), R_NONE);
	assert_int_equal(bed_grant(b, &f, "o1", 2, 4, &g), R_CREDIT);
	bed_logged(b, "grant.refused", "fl1", "o1", "credit");
	assert_int_equal(bed_report(b, &f, 1, 1, "failed", NULL), R_NONE);
	bed_logged(b, "grant.failed", "fl1", "o1", "");

	/* built, used up */
	bed_build(b, &f, "o1", 2, 10);
	assert_int_equal(bed_grant(b, &f, "o1", 2, 11, &g), R_ALREADY_BUILT);
	bed_logged(b, "grant.refused", "fl1", "o1", "already-built");
	assert_int_equal(bed_grant(b, &f, "o2", 2, 12, &g), R_ALREADY_BUILT);
	bed_build(b, &f, "o1", 3, 13);
	assert_int_equal(bed_grant(b, &f, "o1", 4, 14, &g), R_ORDER_USED_UP);
	bed_logged(b, "grant.refused", "fl1", "o1", "order-used-up");
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
	bed_logged(b, "grant.refused", "fl1", "o1", "order-reserved");
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
	bed_logged(b, "order.paused", "owner", "o1", "");
	assert_int_equal(bed_grant(b, &f, "o1", 2, 2, &g), R_ORDER_CLOSED);
	bed_logged(b, "grant.refused", "fl1", "o1", "order-closed");
	/* nor does a key leave for what is reserved already */
	assert_int_equal(bed_deliver(b, &f, 1, 1, 3, &d), R_ORDER_CLOSED);
	bed_logged(b, "deliver.refused", "fl1", "o1", "order-closed");
	assert_int_equal(bed_call(b, OP_ORDER_CHANGE, b->admin, &q, &a, NULL),
			 R_STATE);
	bed_logged(b, "order.refused", "owner", "o1", "state");
	BED_SET(q.action, "resume");
	assert_int_equal(bed_call(b, OP_ORDER_CHANGE, b->admin, &q, &a, NULL),
			 R_NONE);
	bed_logged(b, "order.resumed", "owner", "o1", "");
	assert_int_equal(bed_deliver(b, &f, 1, 1, 3, &d), R_NONE);
	shape_clear(&deliver_answer_shape, &d);
	BED_SET(q.action, "end");
	assert_int_equal(bed_call(b, OP_ORDER_CHANGE, b->admin, &q, &a, NULL),
			 R_NONE);
	bed_logged(b, "order.ended", "owner", "o1", "");
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
	bed_logged(b, "request.altered", "fl1", "o1", "replay-altered");
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
	bed_logged(b, "request.altered", "fl1", "o1", "replay-altered");
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
	bed_logged(b, "grant.refused", "", "", "not-authorised");
	nobody.port = PORT_ADMIN;
	assert_int_equal(bed_call(b, OP_STATUS, nobody, &q, &st, NULL), R_AUTH);
	bed_logged(b, "status.refused", "", "", "not-authorised");
	/* a flasher's certificate opens no administration, and back */
	assert_int_equal(bed_call(b, OP_STATUS, f.caller, &q, &st, NULL),
			 R_AUTH);
	assert_int_equal(bed_call(b, OP_GRANT, b->admin, &gq, &g, NULL),
			 R_AUTH);
	assert_int_equal(bed_call(b, OP_FLASHER_REVOKE, b->admin, &q, &a, NULL),
			 R_NONE);
	assert_string_equal(a.state, "revoked");
	bed_logged(b, "flasher.revoked", "owner", "", "");
	assert_int_equal(bed_call(b, OP_GRANT, f.caller, &gq, &g, NULL),
			 R_REVOKED);
	bed_logged(b, "grant.refused", "fl1", "", "flasher-revoked");
	assert_int_equal(bed_call(b, OP_FLASHER_REVOKE, b->admin, &q, &a, NULL),
			 R_STATE);
	BED_SET(q.flasher, "fl9");
	assert_int_equal(bed_call(b, OP_FLASHER_REVOKE, b->admin, &q, &a, NULL),
			 R_NOT_FOUND);
	bed_flasher_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BED_TEST(test_main_path),
		BED_TEST(test_grant_refusals),
		BED_TEST(test_order_reserved),
		BED_TEST(test_order_closed),
		BED_TEST(test_window),
		BED_TEST(test_replay),
		BED_TEST(test_coalesce),
		BED_TEST(test_refused_at_edge),
		BED_TEST(test_refused_at_other_ports),
		BED_TEST(test_auth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
