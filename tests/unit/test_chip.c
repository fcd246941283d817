/* SPDX-License-Identifier: MIT */
/* chip/: identification by name, UIDs that can be, fingerprints that fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "chip/chip.h"
#include "wire/hello.h"
#include "wire/release.h"

/* An STM32L476 that its owner printed in ST's forum: coordinates 0x29, 0x4A,
 * wafer 17, lot "P3XK71 ". */
static const uint8_t real_uid[12] = { 0x29, 0x00, 0x4a, 0x00, 0x11, 0x50,
				      0x33, 0x58, 0x4b, 0x37, 0x31, 0x20 };

static const struct chip_print genuine = {
	.dpidr = 0x2ba01477,
	.cpuid = 0x410fc241,
	.designer = 0x020,
	.part = 0x435,
	.device_id = 0x10016435,
	.flash_kb = 256,
	.ap_idr = 0x24770011,
	.vtor = 0xffffff80,
};

static void uid_refused(const uint8_t *uid, size_t len, const char *word)
{
	char why[CHIP_WHY_CAP] = "";

	assert_int_equal(chip_check_uid(FAMILY_STM32L4, uid, len, why),
			 E_RANGE);
	assert_non_null(strstr(why, word));
}

static void test_uid_good(void **state)
{
	char why[CHIP_WHY_CAP] = "";

	(void)state;
	assert_int_equal(chip_check_uid(FAMILY_STM32L4, real_uid, 12, why), 0);
}

static void test_uid_impossible(void **state)
{
	uint8_t uid[13];

	(void)state;
	memset(uid, 0, sizeof(uid));
	uid_refused(uid, 12, "zeros");
	memset(uid, 0xff, sizeof(uid));
	uid_refused(uid, 12, "ones");
	memcpy(uid, real_uid, 12);
	uid_refused(uid, 11, "11 bytes");
	uid_refused(uid, 13, "13 bytes");
	uid_refused(uid, 0, "0 bytes");
	uid[4] = 0;
	uid_refused(uid, 12, "wafer 0");
	uid[4] = 31;
	uid_refused(uid, 12, "wafer 31");
	memcpy(uid, real_uid, 12);
	uid[1] = 0x10;
	uid_refused(uid, 12, "die");
	memcpy(uid, real_uid, 12);
	uid[3] = 0x10;
	uid_refused(uid, 12, "die");
	for (size_t i = 5; i < 12; i++) {
		memcpy(uid, real_uid, 12);
		uid[i] = 0x7f;
		uid_refused(uid, 12, "0x7f");
		uid[i] = 0x1f;
		uid_refused(uid, 12, "0x1f");
	}
}

static void test_unsupported(void **state)
{
	static const enum family none[] = { FAMILY_NONE, (enum family)99 };
	char why[CHIP_WHY_CAP];

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_null(chip_find(none[i]));
		assert_int_equal(chip_check_uid(none[i], real_uid, 12, why),
				 E_UNSUPPORTED);
		assert_non_null(strstr(why, "supported"));
		assert_int_equal(chip_check_print(none[i], &genuine, why),
				 E_UNSUPPORTED);
	}
}

/* -- STM32F0 --------------------------------------------------------------- */

static void test_stm32f0(void **state)
{
	const struct chip_print good = {
		.dpidr = 0x0bb11477,
		.cpuid = 0x410cc200,
		.designer = 0x20,
		.part = 0x440,
		.device_id = 0x20006440,
		.flash_kb = 64,
		.ap_idr = 0x04770021,
	};
	const struct chip *c = chip_by_name("stm32f051");
	struct chip_print p = good;
	char why[CHIP_WHY_CAP];
	uint8_t uid[12];

	(void)state;
	assert_ptr_equal(chip_find(FAMILY_STM32F0), c);
	assert_int_equal(chip_check_print(FAMILY_STM32F0, &good, why), 0);
	p.cpuid = 0x410cc601; /* a newer core, sold as this one */
	assert_int_equal(chip_check_print(FAMILY_STM32F0, &p, why),
			 E_TARGET_FINGERPRINT);
	assert_non_null(strstr(why, "CPUID"));
	p = good;
	p.designer = 0x43b;
	assert_int_equal(chip_check_print(FAMILY_STM32F0, &p, why),
			 E_TARGET_FINGERPRINT);
	assert_non_null(strstr(why, "designer"));
	/* the lot is text, as on the L4 */
	memcpy(uid, real_uid, sizeof(uid));
	assert_int_equal(chip_check_uid(FAMILY_STM32F0, uid, 12, why), 0);
	uid[8] = 0x07;
	assert_int_equal(chip_check_uid(FAMILY_STM32F0, uid, 12, why), E_RANGE);
	assert_non_null(strstr(why, "lot"));
	/* a broken complement is no level 0, and no level 2 */
	assert_int_equal(chip_level(c, 0x00ff55aa), 0);
	assert_int_equal(chip_level(c, 0x00ff44bb), 1);
	assert_int_equal(chip_level(c, 0x00ff33cc), 2);
	assert_int_equal(chip_level(c, 0x00ff54aa), 1);
	assert_int_equal(chip_level(c, 0x00ffffff), 1);
	assert_int_equal(chip_level(c, 0x00ff32cc), 1);
}

/* -- nRF51 ----------------------------------------------------------------- */

static void test_nrf51_uid(void **state)
{
	static const uint8_t qemu[8] = { 3, 0, 0, 0, 0x78, 0x56, 0x34, 0x12 };
	uint8_t uid[8];
	char why[CHIP_WHY_CAP] = "";

	(void)state;
	memcpy(uid, qemu, 8);
	assert_int_equal(chip_check_uid(FAMILY_NRF51, uid, 8, why), E_RANGE);
	assert_non_null(strstr(why, "QEMU"));
	uid[7] ^= 1;
	assert_int_equal(chip_check_uid(FAMILY_NRF51, uid, 8, why), 0);
	assert_int_equal(chip_check_uid(FAMILY_NRF51, real_uid, 12, why),
			 E_RANGE);
	memset(uid, 0, 8);
	assert_int_equal(chip_check_uid(FAMILY_NRF51, uid, 8, why), E_RANGE);
	memset(uid, 0xff, 8);
	assert_int_equal(chip_check_uid(FAMILY_NRF51, uid, 8, why), E_RANGE);
}

static void test_nrf51_print(void **state)
{
	struct chip_print p = {
		.dpidr = 0x0bb11477,
		.cpuid = 0x410cc200,
		.designer = 0x144,
		.part = 1,
		.device_id = 0xffff0072,
		.flash_kb = 256,
		.ap_idr = 0x04770021,
	};
	char why[CHIP_WHY_CAP] = "";

	(void)state;
	assert_int_equal(chip_check_print(FAMILY_NRF51, &p, why), 0);
	p.device_id = 0xffff0044; /* an older build is genuine too */
	assert_int_equal(chip_check_print(FAMILY_NRF51, &p, why), 0);
	p.device_id = 0xffff00d2; /* an nRF51802 */
	assert_int_equal(chip_check_print(FAMILY_NRF51, &p, why),
			 E_TARGET_FINGERPRINT);
	assert_non_null(strstr(why, "device ID is 0xd2"));
	p.device_id = 0xffff0072;
	p.cpuid = 0x410cc601;
	assert_int_equal(chip_check_print(FAMILY_NRF51, &p, why),
			 E_TARGET_FINGERPRINT);
}

static void test_links(void **state)
{
	const struct chip *n51 = chip_find(FAMILY_NRF51);
	const struct chip *l4 = chip_find(FAMILY_STM32L4);
	char why[CHIP_WHY_CAP] = "";

	(void)state;
	assert_true(chip_speaks(n51, "uart", why));
	assert_false(chip_speaks(n51, "swd-pins", why));
	assert_non_null(strstr(why, "no GPIO pins"));
	assert_true(chip_speaks(l4, "swd-pins", why));
	assert_true(chip_speaks(l4, "uart", why));
	assert_false(chip_speaks(l4, "smoke", why));
	assert_string_equal(n51->label, "tests and demonstrations");
	assert_true(n51->demonstration && !n51->stage0 && !l4->demonstration);
}

static void print_refused(struct chip_print p, const char *word)
{
	char why[CHIP_WHY_CAP] = "";

	assert_int_equal(chip_check_print(FAMILY_STM32L4, &p, why),
			 E_TARGET_FINGERPRINT);
	assert_non_null(strstr(why, word));
}

static void test_print(void **state)
{
	struct chip_print p = genuine;
	char why[CHIP_WHY_CAP] = "";

	(void)state;
	assert_int_equal(chip_check_print(FAMILY_STM32L4, &p, why), 0);
	p.device_id = 0x20016435; /* another revision of the same chip */
	assert_int_equal(chip_check_print(FAMILY_STM32L4, &p, why), 0);
	p = genuine, p.dpidr = 0x1ba01477, print_refused(p, "DPIDR");
	p = genuine, p.cpuid = 0x412fc231, print_refused(p, "CPUID");
	p = genuine, p.designer = 0x43b, print_refused(p, "designer");
	p = genuine, p.part = 0x4c3, print_refused(p, "part");
	p = genuine, p.device_id = 0x10016415, print_refused(p, "device ID");
	p = genuine, p.flash_kb = 128, print_refused(p, "flash size");
	p = genuine, p.ap_idr = 0x14770011, print_refused(p, "AP IDR");
	p = genuine, p.vtor = 0x3fffff80, print_refused(p, "VTOR");
	p = genuine, p.cpuid = 0x412fc231;
	assert_int_equal(chip_check_print(FAMILY_STM32L4, &p, why),
			 E_TARGET_FINGERPRINT);
	assert_string_equal(why, "CPUID is 0x412fc231, genuine parts have "
				 "0x410fc241");
}

/* Two chips in one family: told apart by what they say of themselves. */
static void test_sisters(void **state)
{
	static const struct chip_print xb = {
		.dpidr = 0x1ba01477,
		.cpuid = 0x411fc231,
		.designer = 0x020,
		.part = 0x410,
		.device_id = 0x20036410,
		.flash_kb = 128,
		.ap_idr = 0x14770011,
		.vtor = 0x3fffff80,
	};
	const struct chip *b = chip_by_name("stm32f103xb");
	const struct chip *e = chip_by_name("stm32f103xe");
	struct release_header h = { .family = FAMILY_STM32F1 };
	struct chip_print p = xb;
	char why[CHIP_WHY_CAP] = "";

	(void)state;
	assert_ptr_equal(chip_of(FAMILY_STM32F1, 0x20036410), b);
	assert_ptr_equal(chip_of(FAMILY_STM32F1, 0x10036414), e);
	assert_null(chip_of(FAMILY_STM32F1, 0x10036412));
	assert_null(chip_of(FAMILY_STM32L4, 0x20036410));
	assert_null(chip_of_release(&h)); /* which of the two? */
	h.device = 0x414;
	assert_ptr_equal(chip_of_release(&h), e);
	assert_int_equal(chip_release_device(b), 0x410);
	h = (struct release_header){ .family = FAMILY_STM32L4 };
	assert_ptr_equal(chip_of_release(&h), chip_find(FAMILY_STM32L4));
	assert_int_equal(chip_release_device(chip_find(FAMILY_STM32L4)), 0);
	h.device = 0x435; /* one chip, and so one way to write it */
	assert_null(chip_of_release(&h));
	assert_int_equal(chip_check_print(FAMILY_STM32F1, &p, why), 0);
	p.flash_kb = 512;
	assert_int_equal(chip_check_print(FAMILY_STM32F1, &p, why),
			 E_TARGET_FINGERPRINT);
	p.part = 0x414; /* the ROM table says the one, DBGMCU the other */
	assert_int_equal(chip_check_print(FAMILY_STM32F1, &p, why),
			 E_TARGET_FINGERPRINT);
	assert_non_null(strstr(why, "part"));
	p.device_id = 0x10036414;
	assert_int_equal(chip_check_print(FAMILY_STM32F1, &p, why), 0);
	p.device_id = 0x10036412;
	assert_int_equal(chip_check_print(FAMILY_STM32F1, &p, why),
			 E_TARGET_FINGERPRINT);
	assert_non_null(strstr(why, "device ID"));
}

static void test_names(void **state)
{
	const struct chip *c = chip_by_name("stm32l432");

	(void)state;
	assert_ptr_equal(c, chip_find(FAMILY_STM32L4));
	assert_null(chip_by_name("stm32l433"));
	assert_int_equal(chip_family("stm32l4"), FAMILY_STM32L4);
	assert_int_equal(chip_family("nrf51"), FAMILY_NRF51);
	assert_int_equal(chip_family("STM32L4"), FAMILY_NONE);
	assert_string_equal(chip_family_name(FAMILY_STM32F0), "stm32f0");
	assert_null(chip_family_name(FAMILY_NONE));
}

static void test_level(void **state)
{
	const struct chip *c = chip_find(FAMILY_STM32L4);

	(void)state;
	assert_int_equal(chip_level(c, 0xffeff8aa), 0);
	assert_int_equal(chip_level(c, 0xffeff8bb), 1);
	assert_int_equal(chip_level(c, 0xffeff800), 1);
	assert_int_equal(chip_level(c, 0xffeff8cc), 2);
}

/* -- the lock ------------------------------------------------------------ */
#define LOCK_WORDS 10

static const struct release_header sealed_release = {
	.family = FAMILY_STM32L4,
	.protection = 1,
	.sealed = true,
};

/* What a locked L432 says, with its reserved bits as they read there. */
static const struct claim_word locked[LOCK_WORDS] = {
	{ 0x40022020, 0xfdeff8bb }, { 0x40022024, 0xffffffff },
	{ 0x40022028, 0x00000000 }, { 0x4002202c, 0x000000ff },
	{ 0x40022030, 0x000000ff }, { 0x48000000, 0x03ffffff },
	{ 0x48000400, 0xfffffc3f }, { 0xe000edf0, 0x01010000 },
	{ 0xe0042000, 0x10016435 }, { 0x40022010, 0x00020000 },
};

static void test_lock_good(void **state)
{
	const struct chip *c = chip_find(FAMILY_STM32L4);
	struct release_header h = sealed_release;
	struct claim_word w[LOCK_WORDS];
	char why[CHIP_WHY_CAP] = "";

	(void)state;
	memcpy(w, locked, sizeof(w));
	assert_int_equal(chip_check_lock(c, &h, w, LOCK_WORDS, why), 0);
	w[0].value ^= 0xf0708800; /* reserved bits say nothing */
	assert_int_equal(chip_check_lock(c, &h, w, LOCK_WORDS, why), 0);
	h.protection = 2;
	assert_int_equal(chip_check_lock(c, &h, w, LOCK_WORDS, why),
			 E_TARGET_OPEN);
	w[0].value = 0xfdeff8cc;
	assert_int_equal(chip_check_lock(c, &h, w, LOCK_WORDS, why), 0);
	/* signed mode leaves SRAM2_RST as delivered */
	h.sealed = false;
	assert_int_equal(chip_check_lock(c, &h, w, LOCK_WORDS, why),
			 E_TARGET_OPEN);
	w[0].value |= 1u << 25;
	assert_int_equal(chip_check_lock(c, &h, w, LOCK_WORDS, why), 0);
}

/* Every bit that counts, turned over, is found, and named. */
static void test_lock_bad(void **state)
{
	static const struct {
		unsigned word;
		uint32_t value;
		const char *name;
	} bad[] = {
		{ 0, 0xfdeff8aa, "OPTR" }, /* level 0 */
		{ 0, 0xffeff8bb, "OPTR" }, /* SRAM2_RST */
		{ 0, 0xfdeef8bb, "OPTR" }, /* a watchdog bit */
		{ 1, 0x00000000, "PCROP1SR" },
		{ 2, 0x80000000, "PCROP1ER" },
		{ 3, 0x000000fe, "WRP1AR" },
		{ 4, 0x00ff00ff, "WRP1BR" },
		{ 5, 0xabffffff, "PA13" }, /* as after reset */
		{ 5, 0x23ffffff, "PA14" },
		{ 6, 0xfffffebf, "PB3" },
		{ 6, 0xfffffe3f, "PB4" },
		{ 7, 0x01010001, "debugger" },
		{ 8, 0x00000000, "DBGMCU" },
		{ 9, 0x00008000, "option bytes" },
	};
	const struct chip *c = chip_find(FAMILY_STM32L4);
	struct claim_word w[LOCK_WORDS];
	char why[CHIP_WHY_CAP];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memcpy(w, locked, sizeof(w));
		w[bad[i].word].value = bad[i].value;
		why[0] = '\0';
		if (chip_check_lock(c, &sealed_release, w, LOCK_WORDS, why) !=
			    E_TARGET_OPEN ||
		    !strstr(why, bad[i].name))
			fail_msg("%zu: \"%s\" does not name %s", i, why,
				 bad[i].name);
	}
	memcpy(w, locked, sizeof(w));
	w[5].address = w[6].address; /* one register told twice */
	assert_int_equal(
		chip_check_lock(c, &sealed_release, w, LOCK_WORDS, why),
		E_TARGET_OPEN);
	for (size_t n = 0; n < LOCK_WORDS; n++)
		assert_int_equal(
			chip_check_lock(c, &sealed_release, locked, n, why),
			E_TARGET_OPEN);
}

static void test_options(void **state)
{
	const struct chip *c = chip_find(FAMILY_STM32L4);
	struct release_header h = sealed_release;
	uint32_t out[CHIP_OPTIONS_MAX];
	char why[CHIP_WHY_CAP] = "";

	(void)state;
	h.option_count = 1;
	/* neither level nor SRAM2_RST can be set by an option word */
	h.options[0] = (struct option_word){ 0x40022020, 0x030100ff,
					     0x020000aa };
	assert_int_equal(chip_want_options(c, &h, out, why), 0);
	assert_int_equal(out[0], 0xfceef8bb);
	h.sealed = false;
	assert_int_equal(chip_want_options(c, &h, out, why), 0);
	assert_int_equal(out[0], 0xfeeef8bb);
	h.options[0] = (struct option_word){ 0x40022020, 0x00000080 << 8, 0 };
	assert_int_equal(chip_want_options(c, &h, out, why), E_ARG);
	assert_non_null(strstr(why, "reserved"));
	h.options[0] = (struct option_word){ 0x40022034, 1, 0 };
	assert_int_equal(chip_want_options(c, &h, out, why), E_ARG);
	h = sealed_release;
	h.protection = 0;
	assert_int_equal(chip_want_options(c, &h, out, why), E_ARG);
}

/* The nRF51's UICR: PALL; a code region 0 is not for sealed releases; and the
 * claim says what code in RAM gets from the flash. */
static void test_nrf51_lock(void **state)
{
	const struct chip *c = chip_find(FAMILY_NRF51);
	struct release_header h = sealed_release;
	struct claim_word w[5] = {
		{ 0x10001004, 0xffff00ff }, { 0x10001000, 0xffffffff },
		{ 0x10001008, 0xffffffff }, { 0x10001014, 0xffffffff },
		{ 0x00000000, 0xfa017ed0 },
	};
	uint32_t out[CHIP_OPTIONS_MAX];
	char why[CHIP_WHY_CAP] = "";

	(void)state;
	h.family = FAMILY_NRF51;
	assert_int_equal(chip_want_options(c, &h, out, why), 0);
	assert_int_equal(out[0], 0xffff00ff);
	assert_int_equal(chip_check_lock(c, &h, w, 5, why), 0);
	w[4].value = 0x20004000; /* the flash's first word */
	assert_int_equal(chip_check_lock(c, &h, w, 5, why), E_TARGET_OPEN);
	assert_non_null(strstr(why, "code in RAM can read the flash"));
	w[4].value = 0xfa017ed0;
	w[0].value = 0xffffff00; /* region 0 only */
	assert_int_equal(chip_check_lock(c, &h, w, 5, why), E_TARGET_OPEN);
	assert_int_equal(chip_check_lock(c, &h, w, 4, why), E_TARGET_OPEN);
	h.option_count = 1;
	h.options[0] = (struct option_word){ 0x10001000, 0xffffffff, 0x1000 };
	assert_int_equal(chip_want_options(c, &h, out, why), E_ARG);
	assert_non_null(strstr(why, "CLENR0"));
	h.sealed = false;
	assert_int_equal(chip_want_options(c, &h, out, why), 0);
}

/* Level 2 by the stub: level 1 until then, and only where a stub can. */
static void test_late(void **state)
{
	const struct chip *f0 = chip_by_name("stm32f051"), *c;
	struct release_header h = { .family = FAMILY_STM32F0,
				    .protection = 2,
				    .sealed = true,
				    .late = true,
				    .option_count = 2,
				    .options = { { 0x1ffff800, 0x10 << 16, 0 },
						 { 0x1ffff808, 0xff, 0x7f } } };
	uint32_t out[CHIP_OPTIONS_MAX];
	uint8_t bytes[FINAL_OPTIONS_LEN];
	char why[CHIP_WHY_CAP] = "";

	(void)state;
	assert_int_equal(chip_want_options(f0, &h, out, why), 0);
	assert_int_equal(chip_level(f0, out[0]), 1);
	assert_int_equal(chip_final_options(f0, &h, out, why), 0);
	assert_int_equal(chip_level(f0, out[0]), 2);
	assert_int_equal(chip_late_options(f0, &h, bytes, why), 0);
	assert_memory_equal(bytes, "\xcc\xef\xff\xff\x7f\xff\0\0", 8);
	h.late = false;
	assert_int_equal(chip_want_options(f0, &h, out, why), 0);
	assert_int_equal(chip_level(f0, out[0]), 2);
	assert_int_equal(chip_late_options(f0, &h, bytes, why), 0);
	assert_memory_equal(bytes, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
	h.late = true;
	h.option_count = 0;
	for (unsigned i = 0; (c = chip_at(i)) != NULL; i++) {
		if (c == f0)
			continue;
		assert_int_equal(chip_want_options(c, &h, out, why), E_ARG);
		assert_non_null(strstr(why, c->level2 ? "stub" : "level 2"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uid_good),
		cmocka_unit_test(test_uid_impossible),
		cmocka_unit_test(test_nrf51_uid),
		cmocka_unit_test(test_nrf51_print),
		cmocka_unit_test(test_nrf51_lock),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_stm32f0),
		cmocka_unit_test(test_unsupported),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_sisters),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_level),
		cmocka_unit_test(test_lock_good),
		cmocka_unit_test(test_lock_bad),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
