/* SPDX-License-Identifier: MIT */
/*
 * Sealed orders on a real signer: attempts, leases and credit, what a flasher
 * never gets, modes, loaders, stage 0, and databases from before.
 */
#include <stdio.h>

#include <sqlite3.h>

#include "base/hex.h"
#include "store/migrations.h"
#include "tests/lib/ledger_world.h"

/* -- attempts, leases, credit -------------------------------------------- */
static void test_power_cut(void **state)
{
	struct world *w = *state;
	struct credential a, b;
	uint8_t key[DONE_TOKEN_LEN];
	struct job j;

	world_start(w, 1, 1, &j);
	job_run(&j);
	world_records(&j, &a);
	memcpy(key, j.chip.delivery.done_token, sizeof(key));
	job_clear(&j);
	/* cut before the marker: the same grant, a new attempt */
	world_start(w, 1, 2, &j);
	assert_int_equal(j.grant.attempt, 2);
	job_run(&j);
	world_records(&j, &b);
	assert_memory_equal(&a, &b, sizeof(a)); /* one credential */
	assert_memory_not_equal(key, j.chip.delivery.done_token, sizeof(key));
	world_counts(w, 0, 1, 1, 0);
	/* a late message of the first attempt gets nothing new */
	j.grant.attempt = 1;
	job_message1(&j);
	assert_int_equal(job_handshake(&j), R_STATE);
	job_clear(&j);
	world_start(w, 1, 3, &j);
	assert_int_equal(job_handshake(&j), R_NONE);
	job_clear(&j);
	assert_int_equal(job_grant(&w->vault, &w->fl1, "o1", 1, 4, &j),
			 R_RETRY_LIMIT);
	world_counts(w, 0, 1, 0, 0);
}

static void test_stale_attempt(void **state)
{
	struct world *w = *state;
	struct job one, two;

	world_start(w, 1, 1, &one);
	world_start(w, 1, 2, &two);
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

	world_start(w, 1, 1, &a);
	world_start(w, 2, 2, &b);
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

	world_start(w, 1, 1, &j);
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

	world_start(w, 1, 1, &j);
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

	world_start(w, 1, 1, &j); /* with loader 1 */
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
	world_counts(w, 1, 0, 0, 0);
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
	world_counts(w, 0, 0, 0, 0);
	j.chip.psk = secret;
	job_run(&j);
	world_records(&j, &cred);
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

	world_start(w, 1, 1, &j);
	assert_int_equal(job_handshake(&j), R_NONE);
	job_message2(&j);
	world_chunks(w, &j.chip.delivery);
	world_counts(w, 0, 1, 0, 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_power_cut),	WORLD_TEST(test_stale_attempt),
		WORLD_TEST(test_lease),		WORLD_TEST(test_credit),
		WORLD_TEST(test_other_flasher), WORLD_TEST(test_sealed_only),
		WORLD_TEST(test_signed_order),	WORLD_TEST(test_modes),
		WORLD_TEST(test_loaders),	WORLD_TEST(test_loader_input),
		WORLD_TEST(test_stage0),	WORLD_TEST(test_fake_target),
		WORLD_TEST(test_demands),	WORLD_TEST(test_upgrade),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
