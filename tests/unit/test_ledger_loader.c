/* SPDX-License-Identifier: MIT */
/*
 * One loader for each line: what stations fetch, what the handshake may name,
 * and chips whose loader went in at stage 0.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "authority/authority.h"
#include "base/hex.h"
#include "base/rw.h"
#include "store/migrations.h"
#include "tests/lib/ledger_sealed.h"

struct world {
	struct bed bed;
	struct vault vault;
	struct bed_flasher fl1;
	char uart[HEX_DIGEST_CAP], pins[HEX_DIGEST_CAP];
};

/* Loader 1 speaks uart, loader 2 swd-pins; the vault's chips run the latter. */
static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	bed_setup(&w->bed);
	vault_setup(&w->bed, &w->vault);
	hex_encode(w->vault.loader_digest, DIGEST_LEN, w->uart);
	vault_loader_on(&w->vault, 2, "swd-pins");
	hex_encode(w->vault.loader_digest, DIGEST_LEN, w->pins);
	vault_order(&w->vault, "o1", 5, "");
	bed_enrol(&w->bed, "fl1", BED_MAKER, 2, &w->fl1);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	bed_flasher_free(&w->fl1);
	bed_teardown(&w->bed);
	free(w);
	return 0;
}

static void change(struct world *w, const char *digest, const char *action)
{
	struct loader_change q;
	struct loader a;

	memset(&q, 0, sizeof(q));
	BED_SET(q.digest, digest);
	BED_SET(q.action, action);
	assert_int_equal(
		bed_call(&w->bed, OP_LOADER_CHANGE, w->bed.admin, &q, &a, NULL),
		R_NONE);
}

static enum refusal_code fetch(struct world *w, const char *link,
			       const char *want_digest)
{
	struct loader_fetch q = { .order = "o1" };
	struct loader_answer a;
	enum refusal_code code;

	BED_SET(q.link, link);
	code = bed_call(&w->bed, OP_LOADER_FETCH, w->fl1.caller, &q, &a, NULL);
	if (code != R_NONE)
		return code;
	assert_string_equal(a.digest, want_digest);
	assert_string_equal(a.link, link);
	shape_clear(&loader_answer_shape, &a);
	return code;
}

static void test_fetch(void **state)
{
	struct world *w = *state;
	char newest[HEX_DIGEST_CAP];
	struct job j;

	assert_int_equal(fetch(w, "uart", w->uart), R_NONE);
	assert_int_equal(fetch(w, "swd-pins", w->pins), R_NONE);
	assert_int_equal(fetch(w, "smoke", ""), R_BAD_REQUEST);
	vault_loader_on(&w->vault, 3, "uart");
	hex_encode(w->vault.loader_digest, DIGEST_LEN, newest);
	assert_int_equal(fetch(w, "uart", newest), R_NONE);
	change(w, newest, "retire");
	assert_int_equal(fetch(w, "uart", w->uart), R_NONE);
	change(w, w->uart, "retire");
	assert_int_equal(fetch(w, "uart", ""), R_LOADER);
	assert_int_equal(fetch(w, "swd-pins", w->pins), R_NONE);
	/* no unit is reserved where no loader can follow */
	BED_SET(w->vault.link, "uart");
	assert_int_equal(job_grant(&w->vault, &w->fl1, "o1", 1, 1, &j),
			 R_LOADER);
	BED_SET(w->vault.link, "smoke");
	assert_int_equal(job_grant(&w->vault, &w->fl1, "o1", 1, 2, &j),
			 R_BAD_REQUEST);
	BED_SET(w->vault.link, "swd-pins");
	assert_int_equal(job_grant(&w->vault, &w->fl1, "o1", 1, 3, &j), R_NONE);
	job_clear(&j);
}

static void test_named(void **state)
{
	struct world *w = *state;
	struct order o;
	struct job j;

	assert_int_equal(job_grant(&w->vault, &w->fl1, "o1", 1, 1, &j), R_NONE);
	job_message1(&j);
	BED_SET(j.loader, "12");
	assert_int_equal(job_handshake(&j), R_BAD_REQUEST);
	memset(j.loader, 'a', HEX_DIGEST_CAP - 1); /* on no list */
	assert_int_equal(job_handshake(&j), R_LOADER);
	BED_SET(j.loader, w->uart); /* listed, but it runs another */
	assert_int_equal(job_handshake(&j), R_HANDSHAKE);
	change(w, w->pins, "retire");
	BED_SET(j.loader, w->pins);
	assert_int_equal(job_handshake(&j), R_LOADER);
	j.loader[0] = '\0'; /* not naming it does not help */
	assert_int_equal(job_handshake(&j), R_LOADER);
	bed_order_row(&w->bed, "o1", &o);
	assert_int_equal(o.delivered, 0);
	change(w, w->pins, "admit");
	BED_SET(j.loader, w->pins);
	assert_int_equal(job_handshake(&j), R_NONE);
	job_clear(&j);
}

/* -- chips of one family -------------------------------------------------- */
static enum refusal_code add(struct world *w, const char *chip, uint32_t start,
			     uint8_t n, char digest[HEX_DIGEST_CAP])
{
	static uint8_t code[LOADER_LEN];
	uint8_t stub[8] = { 1 };
	struct loader_upload q = { .link = "uart",
				   .loader = { code, sizeof(code) },
				   .stub = { stub, sizeof(stub) } };
	struct loader a;
	enum refusal_code got;
	struct wr wr;

	memset(code, 0xff, sizeof(code));
	memcpy(code + 0x400, w->vault.noise_pub, X25519_LEN);
	wr_init(&wr, code, 8);
	wr_u32(&wr, n);
	wr_u32(&wr, start);
	BED_SET(q.chip, chip);
	got = bed_call(&w->bed, OP_LOADER_ADD, w->bed.admin, &q, &a, NULL);
	if (got != R_NONE)
		return got;
	assert_string_equal(a.chip, chip);
	assert_string_equal(a.family, "stm32f1");
	memcpy(digest, a.digest, HEX_DIGEST_CAP);
	return got;
}

static void f1_release(struct world *w, const char *version, uint32_t device)
{
	struct release_upload u = { .product = "f1" };
	uint8_t plain[64] = { 0 }, hpke[X25519_LEN], *ca;
	struct release_header h = { .chunk_len = 512,
				    .family = FAMILY_STM32F1,
				    .device = device,
				    .protection = 1,
				    .sealed = true };
	struct bed *b = &w->bed;
	struct release r;
	size_t len;

	BED_SET(h.fw.product, "f1");
	BED_SET(h.fw.version, version);
	h.fw.segment_count = 1;
	h.fw.segments[0] = (struct segment){ 0x08001000, sizeof(plain) };
	assert_int_equal(
		authority_image_digest(h.fw.segments, 1, plain, h.fw.digest),
		0);
	assert_int_equal(b->signer.public_keys(b->signer.self, &ca, &len, hpke),
			 0);
	assert_int_equal(authority_release_make(b->release_key, hpke, &h, plain,
						sizeof(plain), &u.file.data,
						&u.file.len),
			 0);
	assert_int_equal(bed_call(b, OP_RELEASE_UPLOAD, b->admin, &u, &r, NULL),
			 R_NONE);
	free(u.file.data);
	free(ca);
}

static void f1_order(struct world *w, const char *name, const char *release)
{
	struct order q = { .product = "f1",
			   .manufacturer = BED_MAKER,
			   .quantity = 5,
			   .retries = 2,
			   .lease_s = 20 },
		     a;

	BED_SET(q.name, name);
	BED_SET(q.release, release);
	assert_int_equal(
		bed_call(&w->bed, OP_ORDER_CREATE, w->bed.admin, &q, &a, NULL),
		R_NONE);
}

static enum refusal_code f1_fetch(struct world *w, const char *order,
				  const char *want_chip,
				  const char *want_digest)
{
	struct loader_fetch q = { .link = "uart" };
	struct loader_answer a;
	enum refusal_code code;

	BED_SET(q.order, order);
	code = bed_call(&w->bed, OP_LOADER_FETCH, w->fl1.caller, &q, &a, NULL);
	if (code != R_NONE)
		return code;
	assert_string_equal(a.chip, want_chip);
	assert_string_equal(a.digest, want_digest);
	shape_clear(&loader_answer_shape, &a);
	return code;
}

static enum refusal_code f1_grant(struct world *w, const char *order, bool xe,
				  uint64_t nonce, struct grant_answer *a)
{
	struct grant_request q;

	bed_grant_request(order, 7, nonce, &q);
	q.dpidr = 0x1ba01477;
	q.cpuid = 0x411fc231;
	q.part = xe ? 0x414 : 0x410;
	q.device_id = xe ? 0x10036414 : 0x20036410;
	q.flash_kb = xe ? 512 : 128;
	q.ap_idr = 0x14770011;
	q.vtor = 0x3fffff80;
	BED_SET(q.link, "uart");
	return bed_call(&w->bed, OP_GRANT, w->fl1.caller, &q, a, NULL);
}

/* Family and line fit; the end of the flash does not. */
static void test_sisters(void **state)
{
	struct world *w = *state;
	struct product p = { .name = "f1", .family = "stm32f1" }, made;
	char xb[HEX_DIGEST_CAP], xe[HEX_DIGEST_CAP], none[HEX_DIGEST_CAP];
	struct handshake_request q = { .attempt = 1 };
	struct handshake_answer answer;
	uint8_t message[200] = { 1 };
	struct grant_answer a;
	struct order o;

	p.release_pub = (struct blob){ w->bed.release_pub,
				       sizeof(w->bed.release_pub) };
	assert_int_equal(bed_call(&w->bed, OP_PRODUCT_CREATE, w->bed.admin, &p,
				  &made, NULL),
			 R_NONE);
	shape_clear(&product_shape, &made);
	f1_release(w, "1-xb", 0x410);
	f1_release(w, "1-xe", 0x414);
	f1_order(w, "xb", "1-xb");
	f1_order(w, "xe", "1-xe");

	assert_int_equal(add(w, "stm32f103xa", 0x0801d901, 1, none),
			 R_BAD_REQUEST);
	assert_int_equal(add(w, "stm32f103xb", 0x0807d901, 1, none),
			 R_LOADER_CHIP);
	assert_int_equal(add(w, "stm32f103xe", 0x0801d901, 1, none),
			 R_LOADER_CHIP);
	assert_int_equal(add(w, "stm32f103xe", 0x0807f801, 1, none),
			 R_LOADER_CHIP); /* just behind its end */
	assert_int_equal(add(w, "stm32f103xe", 0x0807d900, 1, none),
			 R_LOADER_CHIP); /* no Thumb code */
	assert_int_equal(add(w, "stm32f103xb", 0x0801d901, 1, xb), R_NONE);

	/* the newest of the chip, not of the family */
	assert_int_equal(f1_fetch(w, "xb", "stm32f103xb", xb), R_NONE);
	assert_int_equal(f1_fetch(w, "xe", "", ""), R_LOADER);
	assert_int_equal(f1_grant(w, "xe", true, 1, &a), R_LOADER);
	assert_int_equal(add(w, "stm32f103xe", 0x0807d901, 2, xe), R_NONE);
	assert_int_equal(f1_fetch(w, "xb", "stm32f103xb", xb), R_NONE);
	assert_int_equal(f1_fetch(w, "xe", "stm32f103xe", xe), R_NONE);

	/* the part is the release's, both ways */
	assert_int_equal(f1_grant(w, "xb", true, 2, &a), R_CHIP);
	assert_int_equal(f1_grant(w, "xe", false, 3, &a), R_CHIP);
	bed_order_row(&w->bed, "xe", &o);
	assert_int_equal(o.reserved, 0);
	assert_int_equal(f1_grant(w, "xe", true, 4, &a), R_NONE);

	/* nor does the sister's loader get a key */
	q.grant = a.grant;
	q.message = (struct blob){ message, sizeof(message) };
	BED_SET(q.loader, xb);
	assert_int_equal(bed_call(&w->bed, OP_HANDSHAKE, w->fl1.caller, &q,
				  &answer, NULL),
			 R_LOADER_CHIP);
	BED_SET(q.loader, xe);
	assert_int_equal(bed_call(&w->bed, OP_HANDSHAKE, w->fl1.caller, &q,
				  &answer, NULL),
			 R_HANDSHAKE);
}

/* -- a database from before loaders were for chips ------------------------ */
static void add_old_loaders(sqlite3 *db)
{
	static const char rows[] =
		"PRAGMA user_version = 4;"
		"INSERT INTO loaders (family, digest, stub_len, admitted,"
		" created, code, stub) VALUES"
		" (1, zeroblob(32), 8, 1, 1, zeroblob(8192), zeroblob(8)),"
		" (3, x'0102030405060708091011121314151617181920212223242526"
		"272829303132', 8, 1, 1, zeroblob(8192), zeroblob(8));"
		"INSERT INTO products (id, name, family, proof, release_pub,"
		" device_pub, created) VALUES (1, 'old', 1, 0, zeroblob(65),"
		" zeroblob(65), 1);"
		"INSERT INTO releases (product_id, version, rollback, size,"
		" digest, header_digest, created, sealed) VALUES"
		" (1, 'signed', 0, 8, zeroblob(32), zeroblob(32), 1, 0),"
		" (1, 'sealed', 0, 8, zeroblob(32), zeroblob(32), 1, 1);";
	char set[64];

	snprintf(set, sizeof(set), "PRAGMA application_id = %d",
		 STORE_APPLICATION_ID);
	assert_int_equal(sqlite3_exec(db, set, NULL, NULL, NULL), SQLITE_OK);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(
			sqlite3_exec(db, store_migrations[i], NULL, NULL, NULL),
			SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, rows, NULL, NULL, NULL), SQLITE_OK);
}

/* device of the release, as the database now has it */
static int device_of(const struct bed *b, const char *version)
{
	sqlite3_stmt *st;
	sqlite3 *db;
	int device;

	assert_int_equal(sqlite3_open(b->db, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(
			db, "SELECT device FROM releases WHERE version = ?1",
			-1, &st, NULL),
		SQLITE_OK);
	sqlite3_bind_text(st, 1, version, -1, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	device = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return device;
}

static void test_upgrade(void **state)
{
	struct query q = { .limit = 0 };
	struct loader_list l;
	struct loader *row;
	struct bed bed;
	sqlite3 *db;

	(void)state;
	bed_keys(&bed);
	assert_int_equal(sqlite3_open(bed.db, &db), SQLITE_OK);
	add_old_loaders(db);
	sqlite3_close(db);
	assert_int_equal(bed_open(&bed), 0);
	bed_token(&bed);
	assert_int_equal(bed_call(&bed, OP_LOADERS, bed.admin, &q, &l, NULL),
			 R_NONE);
	assert_int_equal(l.rows.count, 2);
	row = l.rows.items; /* newest first */
	assert_string_equal(row[0].chip, "stm32l432");
	assert_string_equal(row[1].chip, "stm32f103xb");
	assert_string_equal(row[1].link, "both");
	shape_clear(&loader_list_shape, &l);
	bed_shut(&bed);
	assert_int_equal(device_of(&bed, "sealed"), 0x410);
	assert_int_equal(device_of(&bed, "signed"), 0);
	bed_teardown(&bed);
}

/* -- stage 0 ------------------------------------------------------------- */
static enum refusal_code stage0(struct world *w, const struct bed_flasher *f,
				uint32_t number, const char *loader,
				uint8_t secret[32])
{
	struct stage0_request q = { .batch = "lot7" };
	uint8_t aad[64] = "lot7";
	struct grant_request part;
	struct stage0_answer a;
	enum refusal_code code;

	bed_grant_request("o1", number, 1, &part);
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
	BED_SET(q.loader, loader);
	code = bed_call(&w->bed, OP_STAGE0, f->caller, &q, &a, NULL);
	if (code != R_NONE)
		return code;
	aad[5] = FAMILY_STM32L4;
	memcpy(aad + 6, q.uid.data, 12);
	assert_int_equal(crypto_hpke_open(f->kem, a.key_enc.data,
					  LABEL_HPKE_STAGE0,
					  sizeof(LABEL_HPKE_STAGE0) - 1, aad,
					  18, a.key_sealed.data, 48, secret),
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
	struct bed_flasher site;
	char unknown[HEX_DIGEST_CAP] = "";
	uint8_t secret[32];
	struct job j;

	bed_enrol(&w->bed, "ts1", "site", 2, &site);
	assert_int_equal(
		bed_call(&w->bed, OP_BATCH_CREATE, w->bed.admin, &q, &a, NULL),
		R_NONE);
	vault_order(&w->vault, "proved", 5, "lot7");
	memset(unknown, 'b', HEX_DIGEST_CAP - 1);
	assert_int_equal(stage0(w, &site, 1, unknown, secret), R_LOADER);
	assert_int_equal(stage0(w, &site, 1, "", secret), R_BAD_REQUEST);
	change(w, w->pins, "retire");
	assert_int_equal(stage0(w, &site, 1, w->pins, secret), R_LOADER);
	change(w, w->pins, "admit");
	/* done twice: the last one counts */
	assert_int_equal(stage0(w, &site, 1, w->uart, secret), R_NONE);
	assert_int_equal(stage0(w, &site, 1, w->pins, secret), R_NONE);
	BED_SET(w->vault.link, "uart");
	assert_int_equal(job_grant(&w->vault, &w->fl1, "proved", 1, 1, &j),
			 R_LINK);
	BED_SET(w->vault.link, "swd-pins");
	change(w, w->pins, "retire");
	assert_int_equal(job_grant(&w->vault, &w->fl1, "proved", 1, 2, &j),
			 R_LOADER);
	change(w, w->pins, "admit");
	assert_int_equal(job_grant(&w->vault, &w->fl1, "proved", 1, 3, &j),
			 R_NONE);
	j.chip.psk = secret;
	job_run(&j);
	job_clear(&j);
	bed_flasher_free(&site);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_fetch),
		TEST(test_named),
		TEST(test_sisters),
		TEST(test_stage0),
		cmocka_unit_test(test_upgrade),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
