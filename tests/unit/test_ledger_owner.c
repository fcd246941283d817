/* SPDX-License-Identifier: MIT */
/*
 * The owner's side of the ledger: enrolment, products, releases, orders, lists;
 * and the database file.
 */
#include <stdio.h>

#include <sqlite3.h>

#include "base/hex.h"
#include "server/x509.h"
#include "tests/lib/ledger_test.h"

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
	bed_logged(b, "flasher.invited", "owner", "", "");
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
	bed_logged(b, "flasher.enrolled", "fl1", "", "");
	/* the answer was lost: the same again */
	assert_int_equal(bed_call(b, OP_ENROL, port, &q, &again, NULL), R_NONE);
	assert_int_equal(a.certificate.len, again.certificate.len);
	assert_memory_equal(a.certificate.data, again.certificate.data,
			    a.certificate.len);
	shape_clear(&enrol_answer_shape, &a);
	shape_clear(&enrol_answer_shape, &again);
	/* another key: used */
	assert_int_equal(bed_call(b, OP_ENROL, port, &other, &a, NULL), R_CODE);
	bed_logged(b, "enrol.refused", "fl1", "", "enrol-code");
	/* an enrolled name is not invited again, a revoked one is */
	struct flasher inv = { .name = "fl1", .manufacturer = BED_MAKER }, fa;

	assert_int_equal(
		bed_call(b, OP_FLASHER_INVITE, b->admin, &inv, &fa, NULL),
		R_EXISTS);
	bed_logged(b, "flasher.refused", "owner", "", "exists");
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
	bed_logged(b, "enrol.refused", "fl1", "", "enrol-code");
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
	bed_logged(b, "enrol.refused", "fl1", "", "bad-request");
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
	bed_logged(b, "product.refused", "owner", "", "bad-request");
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
	bed_logged(b, "release.refused", "owner", "", "signature");
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

static const struct order_row {
	const char *name, *product, *release, *mode, *prefix, *opens, *closes;
	uint32_t quantity, lease;
	uint64_t first;
	enum refusal_code want;
} order_rows[] = {
	{ "ok", BED_PRODUCT, BED_RELEASE, "", "A-", "", "", 10, 0, 1, R_NONE },
	{ "ok", BED_PRODUCT, BED_RELEASE, "", "", "", "", 10, 0, 1, R_EXISTS },
	{ "b1", "none", BED_RELEASE, "", "", "", "", 10, 0, 1, R_NOT_FOUND },
	{ "b2", BED_PRODUCT, "9.9", "", "", "", "", 10, 0, 1, R_NOT_FOUND },
	{ "b3", BED_PRODUCT, BED_RELEASE, "open", "", "", "", 10, 0, 1,
	  R_BAD_REQUEST },
	/* the release is laid out for signed mode */
	{ "b3", BED_PRODUCT, BED_RELEASE, "sealed", "", "", "", 10, 0, 1,
	  R_MODE },
	{ "b4", BED_PRODUCT, BED_RELEASE, "", "", "", "", 0, 0, 1,
	  R_BAD_REQUEST },
	{ "b5", BED_PRODUCT, BED_RELEASE, "", "", "", "", 0x80000000, 0, 1,
	  R_BAD_REQUEST },
	{ "b6", BED_PRODUCT, BED_RELEASE, "", "A1", "", "", 10, 0, 1,
	  R_BAD_REQUEST },
	{ "b7", BED_PRODUCT, BED_RELEASE, "", "1234567890123456-", "", "", 10,
	  0, 1, R_BAD_REQUEST },
	{ "b8", BED_PRODUCT, BED_RELEASE, "", "", "tomorrow", "", 10, 0, 1,
	  R_BAD_REQUEST },
	{ "b9", BED_PRODUCT, BED_RELEASE, "", "", "2026-02-30T00:00:00Z", "",
	  10, 0, 1, R_BAD_REQUEST },
	{ "b10", BED_PRODUCT, BED_RELEASE, "", "", "2026-02-20T00:00:00Z",
	  "2026-02-20T00:00:00Z", 10, 0, 1, R_BAD_REQUEST },
	{ "b11", BED_PRODUCT, BED_RELEASE, "", "", "", "", 10, 4, 1,
	  R_BAD_REQUEST },
	/* serial numbers: 1..10 are taken by "ok" */
	{ "b12", BED_PRODUCT, BED_RELEASE, "", "A-", "", "", 10, 0, 10,
	  R_EXISTS },
	{ "b13", BED_PRODUCT, BED_RELEASE, "", "A-", "", "", 10, 0, 11,
	  R_NONE },
	{ "B 14", BED_PRODUCT, BED_RELEASE, "", "", "", "", 10, 0, 1,
	  R_BAD_REQUEST },
	{ "b15", BED_PRODUCT, BED_RELEASE, "", "\xc3\xbc-", "", "", 10, 0, 1,
	  R_BAD_REQUEST },
};

static enum refusal_code order_of(struct bed *b, const struct order_row *row)
{
	struct order q = { .quantity = row->quantity,
			   .mode = "signed",
			   .lease_s = row->lease,
			   .serial_first = row->first,
			   .manufacturer = BED_MAKER },
		     a;

	BED_SET(q.name, row->name);
	BED_SET(q.product, row->product);
	BED_SET(q.release, row->release);
	if (row->mode[0] != '\0')
		BED_SET(q.mode, row->mode);
	BED_SET(q.serial_prefix, row->prefix);
	BED_SET(q.opens, row->opens);
	BED_SET(q.closes, row->closes);
	return bed_call(b, OP_ORDER_CREATE, b->admin, &q, &a, NULL);
}

static void test_order_input(void **state)
{
	for (size_t i = 0; i < sizeof(order_rows) / sizeof(order_rows[0]);
	     i++) {
		const struct order_row *row = &order_rows[i];
		enum refusal_code got = order_of(*state, row);

		if (got != row->want)
			fail_msg("row %zu (%s): got %d, want %d", i, row->name,
				 got, row->want);
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
		bed_build(b, &f, "o1", i, i);
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
	bed_build(b, &f, "o1", 1, 1);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		BED_TEST(test_code_form),
		BED_TEST(test_enrol),
		BED_TEST(test_enrol_wrong),
		BED_TEST(test_enrol_again_after_revoke),
		BED_TEST(test_product_input),
		BED_TEST(test_release_input),
		BED_TEST(test_order_input),
		BED_TEST(test_lists),
		BED_TEST(test_second_server),
		BED_TEST(test_versions),
		BED_TEST(test_guards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
