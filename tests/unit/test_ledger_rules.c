/* SPDX-License-Identifier: MIT */
/* The rules of the ledger, by tables: rows in, verdict out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/ledger_rules.h"

#define NOW 1000000
#define BED_SET(field, text) snprintf((field), sizeof(field), "%s", (text))
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct row_order order(uint32_t quantity, uint32_t reserved,
			      uint32_t delivered)
{
	struct row_order o = { .id = 1,
			       .mode = MODE_SIGNED,
			       .name = "o",
			       .manufacturer = "acme",
			       .product = "lamp",
			       .quantity = quantity,
			       .retries = 2,
			       .lease_s = 120,
			       .state = ORDER_OPEN,
			       .reserved = reserved,
			       .delivered = delivered };

	return o;
}

static struct row_flasher flasher(int64_t id, uint32_t open)
{
	struct row_flasher f = { .id = id,
				 .manufacturer = "acme",
				 .channels = 4,
				 .open = open,
				 .state = FLASHER_ENROLLED };

	return f;
}

/* -- may this flasher have anything from this order ---------------------- */
static void test_order_window(void **unused)
{
	static const struct {
		const char *maker;
		int64_t state, opens, closes;
		enum refusal_code want;
	} rows[] = {
		{ "acme", ORDER_OPEN, 0, 0, R_NONE },
		{ "other", ORDER_OPEN, 0, 0, R_NOT_ALLOWED },
		{ "other", ORDER_PAUSED, 0, 0, R_NOT_ALLOWED },
		{ "acme", ORDER_PAUSED, 0, 0, R_ORDER_CLOSED },
		{ "acme", ORDER_ENDED, 0, 0, R_ORDER_CLOSED },
		{ "acme", ORDER_OPEN, NOW, 0, R_NONE },
		{ "acme", ORDER_OPEN, NOW + 1, 0, R_ORDER_CLOSED },
		{ "acme", ORDER_OPEN, 0, NOW + 1, R_NONE },
		{ "acme", ORDER_OPEN, 0, NOW, R_ORDER_CLOSED },
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct row_order o = order(10, 0, 0);
		struct row_flasher f = flasher(1, 0);

		BED_SET(f.manufacturer, rows[i].maker);
		o.state = (uint32_t)rows[i].state;
		o.opens = rows[i].opens;
		o.closes = rows[i].closes;
		assert_int_equal(rules_order(&o, &f, NOW), rows[i].want);
	}
}

/* -- grant --------------------------------------------------------------- */
enum whose { NONE, MINE, THEIRS };

static const struct {
	uint32_t quantity, reserved, delivered, open;
	/* the chip's grant in this order */
	enum whose whose;
	uint32_t state, attempt, extra;
	int64_t lease; /* relative to now */
	bool held, over;
	/* charged elsewhere */
	uint32_t other;
	const char *other_maker;
	enum refusal_code want;
} grant_rows[] = {
	/* a new chip: units, then credit */
	{ 8, 0, 0, 0, NONE, 0, 0, 0, 0, 0, 0, 0, 0, R_NONE },
	{ 8, 0, 7, 0, NONE, 0, 0, 0, 0, 0, 0, 0, 0, R_NONE },
	{ 8, 0, 8, 0, NONE, 0, 0, 0, 0, 0, 0, 0, 0, R_ORDER_USED_UP },
	{ 8, 1, 7, 0, NONE, 0, 0, 0, 0, 0, 0, 0, 0, R_ORDER_RESERVED },
	{ 8, 0, 0, 3, NONE, 0, 0, 0, 0, 0, 0, 0, 0, R_NONE },
	{ 8, 0, 0, 4, NONE, 0, 0, 0, 0, 0, 0, 0, 0, R_CREDIT },
	{ 8, 0, 8, 4, NONE, 0, 0, 0, 0, 0, 0, 0, 0, R_ORDER_USED_UP },
	/* my own grant again: free until closed, in every state */
	{ 8, 1, 0, 1, MINE, GRANT_RESERVED, 1, 0, 50, 1, 0, 0, 0, R_NONE },
	{ 8, 0, 8, 4, MINE, GRANT_DELIVERED, 1, 0, 50, 1, 0, 0, 0, R_NONE },
	{ 8, 0, 8, 4, MINE, GRANT_INSTALLED, 2, 0, 50, 1, 0, 0, 0, R_NONE },
	{ 8, 0, 8, 4, MINE, GRANT_UNKNOWN, 2, 0, -9, 1, 0, 0, 0, R_NONE },
	{ 8, 0, 8, 0, MINE, GRANT_CLOSED, 1, 0, 0, 0, 0, 0, 0,
	  R_ALREADY_BUILT },
	{ 8, 0, 8, 0, MINE, GRANT_SCRAPPED, 1, 0, 0, 0, 1, 0, 0, R_STATE },
	/* retry limit: 1 + 2 attempts, then what the owner adds */
	{ 8, 0, 8, 4, MINE, GRANT_DELIVERED, 3, 0, 50, 1, 0, 0, 0,
	  R_RETRY_LIMIT },
	{ 8, 1, 0, 1, MINE, GRANT_RESERVED, 3, 0, 50, 1, 0, 0, 0,
	  R_RETRY_LIMIT },
	{ 8, 0, 8, 4, MINE, GRANT_DELIVERED, 3, 1, 50, 1, 0, 0, 0, R_NONE },
	/* a unit that went back has to be taken anew */
	{ 8, 0, 7, 0, MINE, GRANT_RELEASED, 1, 0, -9, 0, 0, 0, 0, R_NONE },
	{ 8, 1, 7, 0, MINE, GRANT_RELEASED, 1, 0, -9, 0, 0, 0, 0,
	  R_ORDER_RESERVED },
	{ 8, 0, 8, 0, MINE, GRANT_RELEASED, 1, 0, -9, 0, 0, 0, 0,
	  R_ORDER_USED_UP },
	{ 8, 0, 7, 4, MINE, GRANT_RELEASED, 1, 0, -9, 0, 0, 0, 0, R_CREDIT },
	/* another flasher's: only when its attempt is not live */
	{ 8, 1, 0, 0, THEIRS, GRANT_RESERVED, 1, 0, 1, 1, 0, 0, 0, R_CONFLICT },
	{ 8, 0, 1, 0, THEIRS, GRANT_DELIVERED, 1, 0, 1, 1, 0, 0, 0,
	  R_CONFLICT },
	{ 8, 0, 1, 0, THEIRS, GRANT_DELIVERED, 1, 0, 0, 1, 0, 0, 0, R_NONE },
	{ 8, 0, 1, 0, THEIRS, GRANT_DELIVERED, 1, 0, 9, 1, 1, 0, 0, R_NONE },
	{ 8, 0, 1, 4, THEIRS, GRANT_DELIVERED, 1, 0, 9, 1, 1, 0, 0, R_CREDIT },
	{ 8, 0, 1, 0, THEIRS, GRANT_CLOSED, 1, 0, 9, 0, 0, 0, 0,
	  R_ALREADY_BUILT },
	/* charged in another order */
	{ 8, 0, 0, 0, NONE, 0, 0, 0, 0, 0, 0, GRANT_DELIVERED, "acme",
	  R_CONFLICT },
	{ 8, 0, 0, 0, NONE, 0, 0, 0, 0, 0, 0, GRANT_CLOSED, "acme",
	  R_ALREADY_BUILT },
	{ 8, 0, 0, 0, NONE, 0, 0, 0, 0, 0, 0, GRANT_CLOSED, "evil",
	  R_CONFLICT },
	{ 8, 0, 0, 0, NONE, 0, 0, 0, 0, 0, 0, GRANT_SCRAPPED, "acme",
	  R_CONFLICT },
	{ 8, 1, 0, 1, MINE, GRANT_RESERVED, 1, 0, 50, 1, 0, GRANT_UNKNOWN,
	  "acme", R_CONFLICT },
};

static void test_grant(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < COUNT(grant_rows); i++) {
		struct row_order o = order(grant_rows[i].quantity,
					   grant_rows[i].reserved,
					   grant_rows[i].delivered);
		struct row_flasher f = flasher(7, grant_rows[i].open);
		struct row_grant own = {
			.id = 1,
			.flasher_id = grant_rows[i].whose == MINE ? 7 : 8,
			.state = grant_rows[i].state,
			.attempt = grant_rows[i].attempt,
			.extra = grant_rows[i].extra,
			.lease_until = NOW + grant_rows[i].lease,
			.held = grant_rows[i].held,
			.over = grant_rows[i].over
		};
		struct row_grant other = { .id = 2,
					   .state = grant_rows[i].other };
		enum refusal_code got;

		own.charged = own.state >= GRANT_DELIVERED ? 1 : 0;
		got = rules_grant(&o, &f, grant_rows[i].whose ? &own : NULL,
				  grant_rows[i].other ? &other : NULL,
				  grant_rows[i].other_maker
					  ? grant_rows[i].other_maker
					  : "",
				  NOW);
		if (got != grant_rows[i].want)
			fail_msg("row %zu: got %d, want %d", i, got,
				 grant_rows[i].want);
	}
}

static void test_grant_apply(void **unused)
{
	struct row_order o = order(8, 0, 0);
	struct row_flasher f = flasher(7, 0), g = flasher(8, 0);
	struct row_grant gr = { .id = 1 };

	(void)unused;
	rules_grant_apply(&o, &f, NULL, &gr, NOW);
	assert_int_equal(gr.state, GRANT_RESERVED);
	assert_int_equal(gr.attempt, 1);
	assert_int_equal(gr.due, NOW + 120);
	assert_int_equal(gr.lease_until, NOW + 120);
	assert_true(gr.held);
	assert_int_equal(o.reserved, 1);
	assert_int_equal(f.open, 1);
	/* again: one unit, one credit */
	rules_grant_apply(&o, &f, &f, &gr, NOW + 5);
	assert_int_equal(o.reserved, 1);
	assert_int_equal(f.open, 1);
	assert_int_equal(gr.attempt, 2);
	assert_int_equal(gr.due, NOW + 125);
	/* moves to another flasher with its credit */
	rules_grant_apply(&o, &g, &f, &gr, NOW + 6);
	assert_int_equal(f.open, 0);
	assert_int_equal(g.open, 1);
	assert_int_equal(gr.flasher_id, 8);
	assert_int_equal(o.reserved, 1);
}

/* -- deliver ------------------------------------------------------------- */
static void test_deliver(void **unused)
{
	static const struct {
		uint32_t quantity, reserved, delivered, open;
		enum whose whose;
		uint32_t state, attempt, asked;
		bool held, over, other;
		enum refusal_code want;
	} rows[] = {
		{ 8, 1, 0, 1, MINE, GRANT_RESERVED, 1, 1, 1, 0, 0, R_NONE },
		{ 8, 1, 0, 1, MINE, GRANT_RESERVED, 2, 1, 1, 0, 0, R_ATTEMPT },
		{ 8, 1, 0, 1, MINE, GRANT_RESERVED, 1, 2, 1, 0, 0,
		  R_NOT_FOUND },
		{ 8, 1, 0, 1, MINE, GRANT_RESERVED, 1, 0, 1, 0, 0,
		  R_NOT_FOUND },
		{ 8, 1, 0, 1, THEIRS, GRANT_RESERVED, 1, 1, 1, 0, 0,
		  R_NOT_FOUND },
		{ 8, 1, 0, 1, THEIRS, GRANT_RESERVED, 2, 1, 1, 0, 0,
		  R_ATTEMPT },
		{ 8, 1, 0, 1, MINE, GRANT_RESERVED, 1, 1, 1, 0, 1, R_CONFLICT },
		/* the lease is over: a new unit, or not */
		{ 8, 0, 7, 0, MINE, GRANT_RELEASED, 1, 1, 0, 0, 0, R_NONE },
		{ 8, 0, 8, 0, MINE, GRANT_RELEASED, 1, 1, 0, 0, 0, R_LEASE },
		{ 8, 1, 7, 0, MINE, GRANT_RELEASED, 1, 1, 0, 0, 0, R_LEASE },
		{ 8, 0, 7, 4, MINE, GRANT_RELEASED, 1, 1, 0, 0, 0, R_CREDIT },
		{ 8, 0, 7, 0, MINE, GRANT_RELEASED, 1, 1, 0, 1, 0, R_STATE },
		/* charged already: nothing more is taken */
		{ 8, 0, 8, 4, MINE, GRANT_DELIVERED, 2, 2, 1, 0, 0, R_NONE },
		{ 8, 0, 8, 4, MINE, GRANT_INSTALLED, 2, 2, 1, 0, 0, R_NONE },
		{ 8, 0, 8, 4, MINE, GRANT_UNKNOWN, 2, 2, 1, 0, 0, R_NONE },
		{ 8, 0, 8, 4, MINE, GRANT_DELIVERED, 2, 2, 1, 1, 0, R_STATE },
		{ 8, 0, 8, 4, MINE, GRANT_CLOSED, 2, 2, 0, 0, 0,
		  R_ALREADY_BUILT },
		{ 8, 0, 8, 4, MINE, GRANT_SCRAPPED, 2, 2, 0, 1, 0, R_STATE },
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct row_order o = order(rows[i].quantity, rows[i].reserved,
					   rows[i].delivered);
		struct row_flasher f = flasher(7, rows[i].open);
		struct row_grant g = { .id = 1,
				       .flasher_id = rows[i].whose == MINE ? 7
									   : 8,
				       .state = rows[i].state,
				       .attempt = rows[i].attempt,
				       .held = rows[i].held,
				       .over = rows[i].over };
		struct row_grant other = { .id = 2, .state = GRANT_DELIVERED };
		enum refusal_code got;

		g.charged = g.state >= GRANT_DELIVERED ? 1 : 0;
		got = rules_deliver(&o, &f, &g, rows[i].asked,
				    rows[i].other ? &other : NULL, NOW);
		if (got != rows[i].want)
			fail_msg("row %zu: got %d, want %d", i, got,
				 rows[i].want);
	}
}

static void test_deliver_paused(void **unused)
{
	struct row_order o = order(8, 1, 0);
	struct row_flasher f = flasher(7, 1);
	struct row_grant g = { .id = 1,
			       .flasher_id = 7,
			       .state = GRANT_RESERVED,
			       .attempt = 1,
			       .held = true };

	(void)unused;
	o.state = ORDER_PAUSED;
	assert_int_equal(rules_deliver(&o, &f, &g, 1, NULL, NOW),
			 R_ORDER_CLOSED);
}

static void test_deliver_apply(void **unused)
{
	struct row_order o = order(8, 0, 0);
	struct row_flasher f = flasher(7, 0);
	struct row_grant g = { .id = 1 }, h = { .id = 2 };

	(void)unused;
	BED_SET(o.serial_prefix, "SN-");
	o.serial_first = 41;
	rules_grant_apply(&o, &f, NULL, &g, NOW);
	rules_grant_apply(&o, &f, NULL, &h, NOW);
	rules_deliver_apply(&o, &f, &h, 3600, NOW + 1);
	assert_string_equal(h.serial, "SN-41");
	assert_int_equal(o.reserved, 1);
	assert_int_equal(o.delivered, 1);
	assert_int_equal(h.charged, NOW + 1);
	assert_int_equal(h.due, NOW + 3601);
	/* the lease of g runs out: no hole, no serial number twice */
	rules_due_apply(&o, &f, &g, NOW + 200);
	assert_int_equal(g.state, GRANT_RELEASED);
	assert_int_equal(o.reserved, 0);
	assert_int_equal(f.open, 1);
	rules_deliver_apply(&o, &f, &g, 3600, NOW + 201);
	assert_string_equal(g.serial, "SN-42");
	assert_int_equal(o.delivered, 2);
	assert_int_equal(o.reserved, 0);
	assert_int_equal(f.open, 2);
	/* delivered again: charged once, one serial number */
	rules_grant_apply(&o, &f, &f, &g, NOW + 202);
	assert_int_equal(g.state, GRANT_DELIVERED);
	rules_deliver_apply(&o, &f, &g, 3600, NOW + 203);
	assert_string_equal(g.serial, "SN-42");
	assert_int_equal(g.charged, NOW + 201);
	assert_int_equal(o.delivered, 2);
	assert_int_equal(o.serial_used, 2);
}

/* -- report -------------------------------------------------------------- */
static const struct report_row {
	uint32_t state;
	uint32_t keyed, over;
	enum report what;
	enum refusal_code want;
	uint32_t then;
	uint32_t changed, held;
} report_rows[] = {
	{ GRANT_RESERVED, 0, 0, REPORT_INSTALLED, R_STATE, 0, 0, 0 },
	{ GRANT_RESERVED, 0, 0, REPORT_CLOSED, R_STATE, 0, 0, 0 },
	{ GRANT_RESERVED, 0, 0, REPORT_FAILED, R_NONE, GRANT_RELEASED, 1, 0 },
	{ GRANT_RELEASED, 0, 0, REPORT_FAILED, R_NONE, GRANT_RELEASED, 1, 1 },
	{ GRANT_DELIVERED, 1, 0, REPORT_INSTALLED, R_NONE, GRANT_INSTALLED, 1,
	  1 },
	{ GRANT_DELIVERED, 1, 0, REPORT_CLOSED, R_NONE, GRANT_CLOSED, 1, 0 },
	{ GRANT_DELIVERED, 1, 0, REPORT_FAILED, R_NONE, GRANT_DELIVERED, 1, 1 },
	{ GRANT_INSTALLED, 1, 0, REPORT_FAILED, R_NONE, GRANT_DELIVERED, 1, 1 },
	{ GRANT_UNKNOWN, 1, 0, REPORT_FAILED, R_NONE, GRANT_DELIVERED, 1, 1 },
	{ GRANT_DELIVERED, 1, 1, REPORT_FAILED, R_NONE, GRANT_DELIVERED, 0, 1 },
	{ GRANT_DELIVERED, 1, 1, REPORT_CLOSED, R_STATE, 0, 0, 0 },
	{ GRANT_DELIVERED, 0, 0, REPORT_INSTALLED, R_STATE, 0, 0, 0 },
	{ GRANT_INSTALLED, 1, 0, REPORT_INSTALLED, R_NONE, GRANT_INSTALLED, 0,
	  1 },
	{ GRANT_INSTALLED, 1, 0, REPORT_CLOSED, R_NONE, GRANT_CLOSED, 1, 0 },
	{ GRANT_UNKNOWN, 1, 0, REPORT_INSTALLED, R_NONE, GRANT_INSTALLED, 1,
	  1 },
	{ GRANT_UNKNOWN, 1, 0, REPORT_CLOSED, R_NONE, GRANT_CLOSED, 1, 0 },
	{ GRANT_CLOSED, 1, 0, REPORT_CLOSED, R_NONE, GRANT_CLOSED, 0, 1 },
	{ GRANT_CLOSED, 1, 0, REPORT_INSTALLED, R_NONE, GRANT_CLOSED, 0, 1 },
	{ GRANT_CLOSED, 1, 0, REPORT_FAILED, R_STATE, 0, 0, 0 },
	{ GRANT_SCRAPPED, 1, 0, REPORT_CLOSED, R_STATE, 0, 0, 0 },
};

static void test_report(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < COUNT(report_rows); i++) {
		struct row_order o = order(8, 1, 1);
		struct row_flasher f = flasher(7, 1);
		struct row_grant g = { .id = 1,
				       .flasher_id = 7,
				       .state = report_rows[i].state,
				       .attempt = 2,
				       .held = true,
				       .keyed = report_rows[i].keyed,
				       .over = report_rows[i].over };
		enum refusal_code got;

		o.installed = o.closed = o.unknown = o.scrapped = 1;
		g.charged = g.state >= GRANT_DELIVERED ? 1 : 0;
		got = rules_report(&o, &f, &g, 2, report_rows[i].what, false);
		if (got != report_rows[i].want)
			fail_msg("row %zu: got %d, want %d", i, got,
				 report_rows[i].want);
		if (got != R_NONE)
			continue;
		assert_int_equal(rules_report_apply(&o, &f, &g,
						    report_rows[i].what, 3600,
						    NOW),
				 report_rows[i].changed);
		assert_int_equal(g.state, report_rows[i].then);
		assert_int_equal(g.held, report_rows[i].held);
		assert_int_equal(f.open, report_rows[i].held ? 1 : 0);
		assert_int_equal(o.delivered, 1); /* never a decrement */
	}
}

static void test_report_attempt(void **unused)
{
	struct row_order o = order(8, 1, 1);
	struct row_flasher f = flasher(7, 1);
	struct row_grant g = { .flasher_id = 7,
			       .state = GRANT_DELIVERED,
			       .attempt = 2,
			       .charged = 1,
			       .keyed = true };

	(void)unused;
	assert_int_equal(rules_report(&o, &f, &g, 1, REPORT_CLOSED, false),
			 R_ATTEMPT);
	assert_int_equal(rules_report(&o, &f, &g, 3, REPORT_CLOSED, false),
			 R_NOT_FOUND);
	g.flasher_id = 8;
	assert_int_equal(rules_report(&o, &f, &g, 2, REPORT_CLOSED, false),
			 R_NOT_FOUND);
	assert_int_equal(rules_report(&o, &f, &g, 1, REPORT_CLOSED, false),
			 R_ATTEMPT);
}

/* -- sealed mode --------------------------------------------------------- */
static void test_sealed_modes(void **unused)
{
	struct row_order o = order(8, 1, 0);
	struct row_flasher f = flasher(7, 1);
	struct row_grant g = { .flasher_id = 7,
			       .state = GRANT_RESERVED,
			       .attempt = 1,
			       .held = true };

	(void)unused;
	assert_int_equal(rules_deliver(&o, &f, &g, 1, NULL, NOW), R_NONE);
	assert_int_equal(rules_handshake(&o, &f, &g, 1, NULL, NOW), R_MODE);
	o.mode = MODE_SEALED;
	assert_int_equal(rules_deliver(&o, &f, &g, 1, NULL, NOW), R_MODE);
	assert_int_equal(rules_handshake(&o, &f, &g, 1, NULL, NOW), R_NONE);
	o.mode = 0; /* a row that no rule knows */
	assert_int_equal(rules_deliver(&o, &f, &g, 1, NULL, NOW), R_MODE);
	assert_int_equal(rules_handshake(&o, &f, &g, 1, NULL, NOW), R_MODE);
}

static void test_sealed_reports(void **unused)
{
	static const struct {
		uint32_t state;
		bool keyed, over, verified;
		enum refusal_code installed, closed;
	} rows[] = {
		{ GRANT_RESERVED, false, false, false, R_STATE, R_STATE },
		{ GRANT_DELIVERED, true, false, false, R_NONE, R_STATE },
		{ GRANT_DELIVERED, false, false, false, R_STATE, R_STATE },
		{ GRANT_DELIVERED, true, true, false, R_STATE, R_STATE },
		{ GRANT_INSTALLED, true, false, true, R_NONE, R_NONE },
		{ GRANT_INSTALLED, true, true, true, R_STATE, R_STATE },
		{ GRANT_UNKNOWN, true, false, false, R_NONE, R_STATE },
		{ GRANT_UNKNOWN, true, false, true, R_NONE, R_NONE },
		{ GRANT_CLOSED, true, false, true, R_STATE, R_NONE },
		{ GRANT_SCRAPPED, true, false, true, R_STATE, R_STATE },
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct row_order o = order(8, 1, 1);
		struct row_flasher f = flasher(7, 1);
		struct row_grant g = { .flasher_id = 7,
				       .state = rows[i].state,
				       .attempt = 1,
				       .charged = 1,
				       .keyed = rows[i].keyed,
				       .over = rows[i].over };

		o.mode = MODE_SEALED;
		if (rules_installed(&f, &g, 1) != rows[i].installed ||
		    rules_report(&o, &f, &g, 1, REPORT_CLOSED,
				 rows[i].verified) != rows[i].closed)
			fail_msg("row %zu", i);
		assert_int_equal(rules_installed(&f, &g, 2), R_NOT_FOUND);
	}
}

/* Credit counts until installed, and the attempt stays the flasher's until it
 * is proved. */
static void test_sealed_credit(void **unused)
{
	struct row_order o = order(8, 0, 1);
	struct row_flasher f = flasher(7, 1);
	struct row_grant g = { .flasher_id = 7,
			       .state = GRANT_DELIVERED,
			       .attempt = 1,
			       .charged = 1,
			       .keyed = true,
			       .held = true };

	(void)unused;
	o.mode = MODE_SEALED;
	assert_true(
		rules_report_apply(&o, &f, &g, REPORT_INSTALLED, 3600, NOW));
	assert_int_equal(g.state, GRANT_INSTALLED);
	assert_false(g.held);
	assert_int_equal(f.open, 0);
	assert_true(rules_live(&g, NOW));
	assert_true(rules_report_apply(&o, &f, &g, REPORT_CLOSED, 3600, NOW));
	assert_int_equal(f.open, 0);
	assert_int_equal(o.closed, 1);
	assert_int_equal(o.installed, 0);
	assert_false(rules_live(&g, NOW));
}

static void test_outcomes(void **unused)
{
	enum report r = REPORT_FAILED;

	(void)unused;
	assert_true(rules_outcome("installed", &r));
	assert_int_equal(r, REPORT_INSTALLED);
	assert_true(rules_outcome("closed", &r));
	assert_true(rules_outcome("failed", &r));
	assert_false(rules_outcome("", &r));
	assert_false(rules_outcome("Closed", &r));
	assert_int_equal(r, REPORT_FAILED);
}

/* -- clock, owner -------------------------------------------------------- */
static void test_due(void **unused)
{
	struct row_order o = order(8, 1, 2);
	struct row_flasher f = flasher(7, 3);
	struct row_grant a = {
		.state = GRANT_RESERVED, .attempt = 1, .held = true, .due = 5
	};
	struct row_grant d = { .state = GRANT_DELIVERED,
			       .attempt = 1,
			       .held = true,
			       .charged = 1,
			       .due = 5 };
	struct row_grant i = d;

	(void)unused;
	i.state = GRANT_INSTALLED;
	o.installed = 1;
	rules_due_apply(&o, &f, &a, NOW);
	rules_due_apply(&o, &f, &d, NOW);
	rules_due_apply(&o, &f, &i, NOW);
	assert_int_equal(a.state, GRANT_RELEASED);
	assert_int_equal(d.state, GRANT_UNKNOWN);
	assert_int_equal(i.state, GRANT_UNKNOWN);
	assert_int_equal(o.reserved, 0);
	assert_int_equal(o.unknown, 2);
	assert_int_equal(o.installed, 0);
	assert_int_equal(o.delivered, 2);
	/* unknown is still held: silence does not buy credit */
	assert_int_equal(f.open, 2);
	assert_false(a.held);
	assert_true(d.held && i.held);
	assert_int_equal(a.due | d.due | i.due, 0);
}

static void test_scrap(void **unused)
{
	struct row_order o = order(8, 0, 2);
	struct row_flasher f = flasher(7, 1);
	struct row_grant g = { .state = GRANT_DELIVERED,
			       .attempt = 1,
			       .held = true,
			       .charged = 1 };
	struct row_grant r = { .state = GRANT_RESERVED, .attempt = 1 };

	(void)unused;
	assert_int_equal(rules_scrap(&r), R_STATE);
	r.state = GRANT_RELEASED;
	assert_int_equal(rules_scrap(&r), R_STATE);
	assert_int_equal(rules_scrap(&g), R_NONE);
	rules_scrap_apply(&o, &f, &g, NOW);
	assert_int_equal(g.state, GRANT_SCRAPPED);
	assert_int_equal(o.scrapped, 1);
	assert_int_equal(o.delivered, 2);
	assert_int_equal(f.open, 0);
	assert_int_equal(rules_scrap(&g), R_STATE);
	assert_int_equal(rules_retry(&g), R_STATE);
}

static void test_retry(void **unused)
{
	struct row_order o = order(8, 0, 1);
	struct row_grant g = { .state = GRANT_DELIVERED,
			       .attempt = 3,
			       .charged = 1 };

	(void)unused;
	assert_int_equal(rules_attempts(&o, &g), 3);
	assert_false(rules_retry_apply(&o, &g, NOW));
	assert_int_equal(rules_attempts(&o, &g), 5);
	assert_int_equal(g.reworks, 0);
	/* a closed device is reopened: rework, counted by itself */
	g.state = GRANT_CLOSED;
	o.closed = 1;
	assert_true(rules_retry_apply(&o, &g, NOW));
	assert_int_equal(g.state, GRANT_DELIVERED);
	assert_int_equal(g.reworks, 1);
	assert_int_equal(o.closed, 0);
	assert_int_equal(o.delivered, 1);
	/* an order without retries: one more */
	o.retries = 0;
	g.extra = 0;
	(void)rules_retry_apply(&o, &g, NOW);
	assert_int_equal(g.extra, 1);
}

static void test_order_change(void **unused)
{
	static const struct {
		uint32_t state;
		const char *action;
		enum refusal_code want;
		uint32_t then;
	} rows[] = {
		{ ORDER_OPEN, "pause", R_NONE, ORDER_PAUSED },
		{ ORDER_PAUSED, "pause", R_STATE, 0 },
		{ ORDER_PAUSED, "resume", R_NONE, ORDER_OPEN },
		{ ORDER_OPEN, "resume", R_STATE, 0 },
		{ ORDER_OPEN, "end", R_NONE, ORDER_ENDED },
		{ ORDER_PAUSED, "end", R_NONE, ORDER_ENDED },
		{ ORDER_ENDED, "end", R_STATE, 0 },
		{ ORDER_ENDED, "resume", R_STATE, 0 },
		{ ORDER_OPEN, "delete", R_BAD_REQUEST, 0 },
		{ ORDER_OPEN, "", R_BAD_REQUEST, 0 },
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct row_order o = order(8, 0, 0);
		uint32_t then = 0;

		o.state = rows[i].state;
		assert_int_equal(rules_order_change(&o, rows[i].action, &then),
				 rows[i].want);
		assert_int_equal(then, rows[i].then);
	}
}

static void test_invite(void **unused)
{
	uint8_t good[32] = { 1 }, bad[32] = { 2 }, q1[32] = { 3 },
		q2[32] = { 4 };
	struct row_flasher f = flasher(7, 0);
	struct row_invite i = { .expires = NOW + 10 };
	bool again = true;

	(void)unused;
	memcpy(i.secret, good, 32);
	assert_int_equal(rules_invite(&i, &f, good, q1, NOW, &again), R_NONE);
	assert_false(again);
	assert_int_equal(rules_invite(&i, &f, bad, q1, NOW, &again), R_CODE);
	assert_int_equal(rules_invite(&i, &f, good, q1, NOW + 10, &again),
			 R_CODE);
	i.wrong = RULES_INVITE_WRONG;
	assert_int_equal(rules_invite(&i, &f, good, q1, NOW, &again), R_CODE);
	i.wrong--;
	memcpy(i.request, q1, 32);
	i.request_len = 32;
	assert_int_equal(rules_invite(&i, &f, good, q1, NOW, &again), R_NONE);
	assert_true(again);
	assert_int_equal(rules_invite(&i, &f, good, q2, NOW, &again), R_CODE);
	f.state = FLASHER_REVOKED;
	assert_int_equal(rules_invite(&i, &f, good, q1, NOW, &again),
			 R_REVOKED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_window),
		cmocka_unit_test(test_grant),
		cmocka_unit_test(test_grant_apply),
		cmocka_unit_test(test_deliver),
		cmocka_unit_test(test_deliver_paused),
		cmocka_unit_test(test_deliver_apply),
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_report_attempt),
		cmocka_unit_test(test_sealed_modes),
		cmocka_unit_test(test_sealed_reports),
		cmocka_unit_test(test_sealed_credit),
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_due),
		cmocka_unit_test(test_scrap),
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_order_change),
		cmocka_unit_test(test_invite),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
