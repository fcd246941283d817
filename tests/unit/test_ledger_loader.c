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

#include "base/hex.h"
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
		TEST(test_stage0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
