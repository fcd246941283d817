/* SPDX-License-Identifier: MIT */
/*
 * The example bootloader and application, with BearSSL, on the virtual
 * STM32L432: a genuine device starts, everything else is refused with its
 * reason.  The keys are fresh: they are put into the image where the linker
 * left room for them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authority/authority.h"
#include "base/hex.h"
#include "tests/lib/elf32.h"
#include "tests/unit/vmcu_rig.h"
#include "wire/record.h"

#define BOOTLOADER "build/target/boot/bootloader.elf"
#define APP "build/target/boot/app.elf"
#define APP_OFFSET 0x4000u
#define RECORDS_OFFSET 0x3e000u
#define UID_ADDRESS 0x1fff7590u
#define CONSOLE_CAP 4096

static const uint8_t first_uid[UID_MAX] = { 0x21, 0,   0x34, 0,	  3,   'Q',
					    '4',  '7', '1',  '1', '0', ' ' };
static const uint8_t other_uid[UID_MAX] = { 0x22, 0,   0x34, 0,	  3,   'Q',
					    '4',  '7', '1',  '1', '0', ' ' };

/* The whole flash as it is to be programmed, and what it was made of. */
static struct {
	uint8_t bytes[0x40000];
	size_t boot_len, app_end;
	struct crypto_key *device, *release;
	struct firmware_info fw;
	struct credential cred;
} flash;

static char console[CONSOLE_CAP];

static void key_into_image(const struct elf32 *e, const char *symbol,
			   struct crypto_key **key)
{
	uint32_t size, at = elf32_symbol(e, symbol, &size);
	size_t len;

	assert_int_equal(size, P256_PUB_LEN);
	assert_int_equal(crypto_key_generate(CRYPTO_P256, key), 0);
	assert_int_equal(crypto_key_public(*key, flash.bytes + (at - FLASH),
					   P256_PUB_LEN, &len),
			 0);
}

static void firmware_sign(void)
{
	uint8_t plain[sizeof(flash.bytes)], payload[512], cose[512];
	const struct segment *s = flash.fw.segments;
	size_t len;

	memcpy(plain, flash.bytes, s[0].len);
	memcpy(plain + s[0].len, flash.bytes + APP_OFFSET, s[1].len);
	assert_int_equal(authority_image_digest(s, 2, plain, flash.fw.digest),
			 0);
	assert_int_equal(
		firmware_info_encode(&flash.fw, payload, sizeof(payload), &len),
		0);
	assert_int_equal(authority_sign1(flash.release, LABEL_FIRMWARE, payload,
					 len, cose, sizeof(cose), &len),
			 0);
	assert_int_equal(record_encode(RECORD_FIRMWARE, cose, len,
				       flash.bytes + RECORDS_OFFSET +
					       RECORD_FIRMWARE_OFFSET,
				       RECORD_FIRMWARE_CAP, &len),
			 0);
}

static void credential_sign(void)
{
	uint8_t cose[CREDENTIAL_MAX];
	size_t len;

	memcpy(flash.cred.digest, flash.fw.digest, DIGEST_LEN);
	assert_int_equal(
		authority_credential(flash.device, &flash.cred, cose, &len), 0);
	assert_int_equal(record_encode(RECORD_CREDENTIAL, cose, len,
				       flash.bytes + RECORDS_OFFSET +
					       RECORD_CREDENTIAL_OFFSET,
				       RECORD_CREDENTIAL_CAP, &len),
			 0);
}

static size_t round_up(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

static int setup(void **state)
{
	struct elf32 *boot = elf32_open(BOOTLOADER);
	struct elf32 *app = elf32_open(APP);

	(void)state;
	memset(&flash, 0, sizeof(flash));
	memset(flash.bytes, 0xff, sizeof(flash.bytes));
	flash.boot_len = round_up(
		elf32_flatten(boot, FLASH, flash.bytes, sizeof(flash.bytes)));
	flash.app_end = round_up(
		elf32_flatten(app, FLASH, flash.bytes, sizeof(flash.bytes)));
	key_into_image(boot, "signet_device_pub", &flash.device);
	key_into_image(boot, "signet_release_pub", &flash.release);
	elf32_free(boot);
	elf32_free(app);
	flash.fw = (struct firmware_info){
		.product = "thermo",
		.version = "1.0.0",
		.rollback = 5,
		.segment_count = 2,
		.segments = { { FLASH, (uint32_t)flash.boot_len },
			      { FLASH + APP_OFFSET,
				(uint32_t)(flash.app_end - APP_OFFSET) } }
	};
	flash.cred = (struct credential){ .product = "thermo",
					  .order = "po-1001",
					  .serial = "T-000042",
					  .grant = 1,
					  .issued = 1790000000,
					  .family = FAMILY_STM32L4,
					  .uid_len = UID_MAX };
	memcpy(flash.cred.uid, first_uid, UID_MAX);
	firmware_sign();
	credential_sign();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	crypto_key_free(flash.device);
	crypto_key_free(flash.release);
	return 0;
}

/* A new chip with flash.bytes in it, switched off. */
static struct mcu *chip_new(const uint8_t uid[UID_MAX])
{
	struct mcu_config cfg = rig_config();
	struct mcu *m;

	cfg.uid = uid;
	m = rig_new(&cfg);
	rig_halt(m);
	for (size_t i = 0; i < sizeof(flash.bytes); i += 8) {
		static const uint8_t blank[8] = { 0xff, 0xff, 0xff, 0xff,
						  0xff, 0xff, 0xff, 0xff };

		if (memcmp(flash.bytes + i, blank, 8) != 0)
			rig_flash(m, FLASH + (uint32_t)i, flash.bytes + i, 8);
	}
	mcu_power(m, false);
	mcu_advance(m, 1000 * MS);
	return m;
}

/* Runs until the console says text; returns the virtual time since power-on in
 * microseconds, 0 when it does not within limit. */
static uint64_t run_until(struct mcu *m, const char *text, uint64_t limit)
{
	uint64_t start = mcu_now(m);
	size_t len = strlen(console);

	while (mcu_now(m) - start < limit) {
		mcu_advance(m, 100 * US);
		len += mcu_uart_read(m, (uint8_t *)console + len,
				     CONSOLE_CAP - 1 - len);
		console[len] = '\0';
		if (strstr(console, text))
			return (mcu_now(m) - start) / US;
	}
	return 0;
}

static void power_on(struct mcu *m)
{
	console[0] = '\0';
	mcu_power(m, true);
}

/* Boots, expects the line, and that nothing runs after it. */
static void must_refuse(struct mcu *m, const char *reason)
{
	char line[128];

	power_on(m);
	snprintf(line, sizeof(line), "signet: refused: %s\r\n", reason);
	if (!run_until(m, line, 3000 * MS)) {
		print_error("expected \"%s\", got \"%s\"\n", line, console);
		fail();
	}
	run_until(m, "app:", 1500 * MS);
	assert_null(strstr(console, "app:"));
	assert_null(strstr(console, "genuine"));
	mcu_free(m);
}

static void test_genuine(void **state)
{
	struct mcu *m = chip_new(first_uid);
	char line[256], uid[2 * UID_MAX + 1];
	uint64_t us;

	(void)state;
	hex_encode(first_uid, UID_MAX, uid);
	snprintf(line, sizeof(line),
		 "signet: genuine uid=%s serial=T-000042 order=po-1001 "
		 "product=thermo version=1.0.0\r\n",
		 uid);
	power_on(m);
	us = run_until(m, line, 3000 * MS);
	if (!us) {
		print_error("expected \"%s\", got \"%s\"\n", line, console);
		fail();
	}
	print_message("verified and said so %u ms after power-on\n",
		      (unsigned)(us / 1000));
	/* two signatures at 80 MHz, 16 kB of hashing, and the line itself */
	assert_true(us < 800000);
	assert_true(run_until(m, "app: thermo 1.0.0 running\r\n", 100 * MS));
	us = run_until(m, "app: tick 1\r\n", 1500 * MS);
	assert_in_range(us, 990000, 1010000);
	us = run_until(m, "app: tick 2\r\n", 1500 * MS);
	assert_in_range(us, 990000, 1010000);
	/* once more, by the reset pin */
	console[0] = '\0';
	mcu_nrst(m, true);
	mcu_advance(m, 1 * MS);
	mcu_nrst(m, false);
	assert_true(run_until(m, line, 3000 * MS));
	mcu_free(m);
}

static void test_clone(void **state)
{
	(void)state;
	must_refuse(chip_new(other_uid),
		    "credential is for another chip (UID differs)");
}

static void test_flipped_bit(void **state)
{
	static const char reason[] = "firmware was altered (digest differs)";

	(void)state;
	flash.bytes[flash.app_end - 9] ^= 4;
	must_refuse(chip_new(first_uid), reason);
	flash.bytes[flash.app_end - 9] ^= 4;
	flash.bytes[8] ^= 2; /* the bootloader's own NMI vector */
	must_refuse(chip_new(first_uid), reason);
}

static void test_no_records(void **state)
{
	uint8_t *records = flash.bytes + RECORDS_OFFSET;

	(void)state;
	memset(records + RECORD_CREDENTIAL_OFFSET, 0xff, RECORD_CREDENTIAL_CAP);
	must_refuse(chip_new(first_uid), "no credential is stored");
	memset(records + RECORD_FIRMWARE_OFFSET, 0xff, RECORD_FIRMWARE_CAP);
	must_refuse(chip_new(first_uid), "no firmware signature is stored");
}

static void test_foreign_signatures(void **state)
{
	struct crypto_key *mine = flash.device;

	(void)state;
	flash.device = flash.release;
	memset(flash.bytes + RECORDS_OFFSET + RECORD_CREDENTIAL_OFFSET, 0xff,
	       RECORD_CREDENTIAL_CAP);
	credential_sign();
	flash.device = mine;
	must_refuse(chip_new(first_uid),
		    "credential is not signed by the device key");
}

static void test_rollback(void **state)
{
	(void)state;
	flash.fw.rollback = 4;
	memset(flash.bytes + RECORDS_OFFSET + RECORD_FIRMWARE_OFFSET, 0xff,
	       RECORD_FIRMWARE_CAP);
	firmware_sign();
	must_refuse(chip_new(first_uid),
		    "firmware is too old (rollback number)");
}

/* A signature that leaves the application out is not enough. */
static void test_app_not_signed(void **state)
{
	(void)state;
	flash.fw.segments[1].address += 8;
	flash.fw.segments[1].len -= 8;
	memset(flash.bytes + RECORDS_OFFSET, 0xff, RESERVED_LEN);
	{
		/* the digest wants the bytes where the segment says */
		uint8_t head[8];

		memcpy(head, flash.bytes + APP_OFFSET, 8);
		memmove(flash.bytes + APP_OFFSET, flash.bytes + APP_OFFSET + 8,
			flash.fw.segments[1].len);
		firmware_sign();
		memmove(flash.bytes + APP_OFFSET + 8, flash.bytes + APP_OFFSET,
			flash.fw.segments[1].len);
		memcpy(flash.bytes + APP_OFFSET, head, 8);
	}
	credential_sign();
	must_refuse(chip_new(first_uid),
		    "the signature does not cover an application");
}

/* The last double word is torn by a power cut while it is programmed. */
static void test_torn_flash(void **state)
{
	uint32_t at = (uint32_t)flash.app_end - 8;
	uint64_t value;
	struct mcu *m;

	(void)state;
	memcpy(&value, flash.bytes + at, 8);
	memset(flash.bytes + at, 0xff, 8);
	m = chip_new(first_uid);
	mcu_power(m, true);
	rig_debug_on(m);
	rig_halt(m);
	rig_unlock(m);
	mcu_cut_after(m, 1);
	rig_w(m, FLASH_CR, CR_PG);
	rig_w(m, FLASH + at, (uint32_t)value);
	rig_w(m, FLASH + at + 4, (uint32_t)(value >> 32));
	mcu_advance(m, 10 * MS);
	assert_false(mcu_powered(m));
	mcu_advance(m, 1000 * MS);
	must_refuse(m, "flash memory is damaged (ECC)");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_genuine),
		T(test_clone),
		T(test_flipped_bit),
		T(test_no_records),
		T(test_foreign_signatures),
		T(test_rollback),
		T(test_app_not_signed),
		T(test_torn_flash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
