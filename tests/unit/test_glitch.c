/* SPDX-License-Identifier: MIT */
/*
 * The example bootloader, as it is, on a Cortex-M0, with a device that must be
 * refused - and with every single instruction left out in turn, from reset to
 * the refusal.  However it ends, the application must not start.  Of loops the
 * first and the last rounds are tried; SIGNET_GLITCH=all tries them all.
 *
 * Crypto is replaced (tests/target/fake_crypto.c), so that the runs are short
 * and it is the branches around it that are tested; the replacement itself is
 * spared.  The MPU is taken at its word: while it is on, only the bootloader
 * can execute.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hard.h"
#include "tests/lib/thumb.h"
#include "tests/target/fake_hash.h"
#include "tests/target/glitch/signet_keys.h"
#include "tests/target/probe.h"
#include "wire/cose.h"
#include "wire/credential.h"
#include "wire/record.h"
#include "wire/release.h"

#define IMAGE "build/target/glitch/bootloader.elf"
#define APP_BASE 0x08004000u
#define APP_LEN 64u
#define UID_ADDRESS 0x1fff7590u
#define RECORDS 0x0803e000u
#define STACK_TOP 0x2000c000u
#define LIMIT 200000u

/* A device; a test spoils one part of it. */
struct device {
	struct probe probe;
	uint32_t app[APP_LEN / 4];
	uint8_t uid[UID_MAX];
	struct firmware_info fw;
	struct credential cred;
};

static struct thumb *chip;

static void fake_hash(const char *label, const void *p, size_t len,
		      uint8_t out[DIGEST_LEN])
{
	uint32_t ctx;

	fake_hash_init(&ctx);
	fake_hash_update(&ctx, label, strlen(label));
	fake_hash_update(&ctx, p, len);
	fake_hash_final(&ctx, out);
}

static struct device device_good(void)
{
	struct device d = {
		.probe = { .device_answer = VERDICT_YES,
			   .firmware_answer = VERDICT_YES },
		.app = { 0x20008000, APP_BASE + 0x11 },
		.uid = { 1, 0, 2, 0, 3, 'L', 'O', 'T', '1', '2', '3', '4' },
		.fw = { .product = "thermo",
			.version = "1.0.0",
			.rollback = 5,
			.segment_count = 1,
			.segments = { { APP_BASE, APP_LEN } } },
		.cred = { .product = "thermo",
			  .order = "po-1",
			  .family = FAMILY_STM32L4,
			  .uid_len = UID_MAX },
	};
	uint8_t image[8 + APP_LEN] = { 0x00, 0x40, 0x00, 0x08, APP_LEN };

	memcpy(image + 8, d.app, APP_LEN);
	fake_hash(LABEL_IMAGE, image, sizeof(image), d.fw.digest);
	memcpy(d.cred.digest, d.fw.digest, DIGEST_LEN);
	memcpy(d.cred.uid, d.uid, UID_MAX);
	return d;
}

static void record_put(enum record_type type, const uint8_t pub[65],
		       const uint8_t *payload, size_t len, uint32_t address,
		       size_t cap)
{
	struct cose_sign1 s = { .payload = payload, .payload_len = len };
	uint8_t id[DIGEST_LEN], cose[FIRMWARE_SIG_MAX];
	uint8_t record[RECORD_FIRMWARE_CAP];

	fake_hash("", pub, 65, id);
	memcpy(s.kid, id, sizeof(s.kid));
	assert_int_equal(cose_encode(&s, cose, sizeof(cose), &len), 0);
	memset(record, 0xff, sizeof(record));
	assert_int_equal(record_encode(type, cose, len, record, cap, &len), 0);
	thumb_write(chip, address, record, cap);
}

static void device_put(const struct device *d)
{
	uint8_t payload[FIRMWARE_SIG_MAX];
	size_t len;

	thumb_write(chip, PROBE_ADDRESS, &d->probe, sizeof(d->probe));
	thumb_write(chip, APP_BASE, d->app, sizeof(d->app));
	thumb_write(chip, UID_ADDRESS, d->uid, UID_MAX);
	assert_int_equal(
		firmware_info_encode(&d->fw, payload, sizeof(payload), &len),
		0);
	record_put(RECORD_FIRMWARE, signet_release_pub, payload, len,
		   RECORDS + RECORD_FIRMWARE_OFFSET, RECORD_FIRMWARE_CAP);
	assert_int_equal(
		credential_encode(&d->cred, payload, sizeof(payload), &len), 0);
	record_put(RECORD_CREDENTIAL, signet_device_pub, payload, len,
		   RECORDS + RECORD_CREDENTIAL_OFFSET, RECORD_CREDENTIAL_CAP);
}

static struct thumb_run boot(const struct device *d, uint64_t skip,
			     uint32_t *trace)
{
	struct thumb_run run = { .entry = thumb_entry(chip),
				 .stack = STACK_TOP,
				 .limit = LIMIT,
				 .skip = skip,
				 .trace = trace,
				 .trace_cap = LIMIT,
				 .stop_from = APP_BASE };

	thumb_write(chip, PROBE_ADDRESS, &d->probe, sizeof(d->probe));
	thumb_function(chip, "fake_p256", &run.spare_begin, &run.spare_end);
	thumb_call(chip, &run);
	return run;
}

/* So many of an address's first and last executions are tried.  Under ASan,
 * which is after the harness and not after the chip's code, fewer. */
#ifdef __SANITIZE_ADDRESS__
enum { TRY_FIRST = 1, TRY_LAST = 0 };
#else
enum { TRY_FIRST = 2, TRY_LAST = 2 };
#endif

/* How often each address was executed: in the whole run, and so far. */
static struct {
	unsigned all, now;
} visits[(APP_BASE - THUMB_FLASH) / 2];

static void visits_count(const uint32_t *trace, uint64_t len)
{
	memset(visits, 0, sizeof(visits));
	for (uint64_t i = 0; i < len; i++)
		visits[(trace[i] - THUMB_FLASH) / 2].all++;
}

static bool worth_trying(uint32_t address)
{
	unsigned all = visits[(address - THUMB_FLASH) / 2].all;
	unsigned now = ++visits[(address - THUMB_FLASH) / 2].now;

	return now <= TRY_FIRST || now + TRY_LAST > all ||
	       getenv("SIGNET_GLITCH");
}

static void must_never_start(const struct device *d)
{
	static uint32_t trace[LIMIT];
	unsigned tried = 0, started = 0;
	struct thumb_run whole, run;

	device_put(d);
	whole = boot(d, 0, trace);
	assert_true(whole.slept);
	assert_false(whole.stopped);
	visits_count(trace, whole.instructions);
	for (uint64_t n = 1; n <= whole.instructions; n++) {
		if (!worth_trying(trace[n - 1]))
			continue;
		tried++;
		run = boot(d, n, NULL);
		if (!run.stopped)
			continue;
		print_error("starts without instruction %u, at 0x%08x\n",
			    (unsigned)n, (unsigned)run.skipped);
		started++;
	}
	print_message("%u instructions, %u left out, %u starts\n",
		      (unsigned)whole.instructions, tried, started);
	assert_true(tried > 500);
	assert_int_equal(started, 0);
}

static void test_good_starts(void **state)
{
	struct device d = device_good();
	struct thumb_run run;

	(void)state;
	device_put(&d);
	run = boot(&d, 0, NULL);
	assert_true(run.stopped);
	assert_false(run.faulted);
}

static void test_forged_firmware(void **state)
{
	struct device d = device_good();

	(void)state;
	d.probe.firmware_answer = VERDICT_NO;
	must_never_start(&d);
}

static void test_forged_credential(void **state)
{
	struct device d = device_good();

	(void)state;
	d.probe.device_answer = VERDICT_NO;
	must_never_start(&d);
}

static void test_clone(void **state)
{
	struct device d = device_good();

	(void)state;
	d.uid[3] ^= 1;
	must_never_start(&d);
}

static void test_altered_firmware(void **state)
{
	struct device d = device_good();

	(void)state;
	/* everywhere: leaving out the load of a single byte is no way out */
	for (size_t i = 2; i < APP_LEN / 4; i++)
		d.app[i] ^= 0x01000193 * i;
	must_never_start(&d);
}

static void test_old_firmware(void **state)
{
	struct device d = device_good();

	(void)state;
	d.fw.rollback = 4;
	must_never_start(&d);
}

static void test_other_product(void **state)
{
	struct device d = device_good();

	(void)state;
	memcpy(d.cred.product, "thermometer", sizeof("thermometer"));
	must_never_start(&d);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_starts),
		cmocka_unit_test(test_forged_firmware),
		cmocka_unit_test(test_forged_credential),
		cmocka_unit_test(test_clone),
		cmocka_unit_test(test_altered_firmware),
		cmocka_unit_test(test_old_firmware),
		cmocka_unit_test(test_other_product),
	};
	int failed;

	chip = thumb_new(THUMB_M0, IMAGE);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	thumb_free(chip);
	return failed;
}
