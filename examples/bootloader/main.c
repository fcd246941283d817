/* SPDX-License-Identifier: MIT */
/*
 * bootloader - starts the application if, and only if, the firmware is what
 * the release key signed and this chip holds a credential for it.
 *
 * It says what it found on the console, in one line:
 *
 *	signet: genuine uid=HEX serial=S order=O product=P version=V
 *	signet: refused: REASON
 *
 * After a refusal it sleeps for ever and refreshes no watchdog.
 */
#include "examples/board.h"
#include "examples/startup.h"
#include "verify/signet_verify.h"
#include "verify/signet_verify_bearssl.h"
#include "wire/record.h"

#include "signet_keys.h"

#include <string.h>

#define RECORDS_BASE (FLASH_BASE + FLASH_LEN - RESERVED_LEN)

static const struct signet_policy policy = {
	SIGNET_PRODUCT,	    SIGNET_FAMILY,	 signet_device_pub,
	signet_release_pub, SIGNET_ROLLBACK_MIN,
};

static const uint8_t *flash(uint32_t address)
{
	return (const uint8_t *)(uintptr_t)address;
}

static void flash_read(uint32_t address, void *out, size_t len)
{
	memcpy(out, flash(address), len);
}

/* Twice the sleep: skipping one jump back must not lead anywhere. */
static void __attribute__((noreturn)) refuse(const char *reason)
{
	console_text("signet: refused: ");
	console_text(reason);
	console_text("\r\n");
	for (;;) {
		for (;;)
			__asm__ volatile("wfi");
		for (;;)
			__asm__ volatile("wfi");
	}
}

/* Content of damaged memory is neither ours nor anybody's. */
void nmi_handler(void)
{
	const char *damage = board_damage();

	board_clock();
	console_init();
	refuse(damage ? damage : "unexpected NMI");
}

void fault_handler(void)
{
	board_clock();
	console_init();
	refuse("processor fault");
}

/* The signature must cover the application's vectors, and they must point
 * into memory that exists. */
static bool app_startable(const struct firmware_info *fw)
{
	const volatile uint32_t *vectors =
		(const volatile uint32_t *)(uintptr_t)APP_BASE;

	for (unsigned i = 0; i < fw->segment_count; i++) {
		const struct segment *s = &fw->segments[i];
		uint32_t end = s->address + s->len;

		if (s->address <= APP_BASE && end >= APP_BASE + 8 &&
		    vectors[0] > RAM_BASE && vectors[0] <= RAM_END &&
		    vectors[1] > APP_BASE && vectors[1] < end &&
		    vectors[1] % 2 == 1)
			return true;
	}
	return false;
}

static void report(const struct credential *c, const struct firmware_info *fw)
{
	console_text("signet: genuine uid=");
	console_hex(c->uid, c->uid_len);
	console_text(" serial=");
	console_text(c->serial[0] ? c->serial : "-");
	console_text(" order=");
	console_text(c->order);
	console_text(" product=");
	console_text(c->product);
	console_text(" version=");
	console_text(fw->version);
	console_text("\r\n");
}

int main(void)
{
	struct verdict firmware_good, device_good;
	struct firmware_info fw;
	struct credential cred;
	struct signet_reason why;

	/* a disturbed return must not lead into a record, the application or
	 * RAM before all is verified */
	board_execute_only();
	board_clock();
	console_init();
	signet_verify_firmware(&signet_bearssl, &policy,
			       flash(RECORDS_BASE + RECORD_FIRMWARE_OFFSET),
			       RECORD_FIRMWARE_CAP, flash_read, &fw, &why,
			       &firmware_good);
	if (!verdict_ok(&firmware_good) || !verdict_ok(&firmware_good))
		refuse(why.what);
	signet_verify_device(
		&signet_bearssl, &policy, flash(UID_ADDRESS), UID_LEN,
		flash(RECORDS_BASE + RECORD_CREDENTIAL_OFFSET),
		RECORD_CREDENTIAL_CAP, fw.digest, &cred, &why, &device_good);
	if (!verdict_ok(&device_good) || !verdict_ok(&device_good))
		refuse(why.what);
	if (!app_startable(&fw))
		refuse("the signature does not cover an application");
	report(&cred, &fw);
	/* once more, as near to the jump as can be */
	if (!verdict_ok(&firmware_good) || !verdict_ok(&device_good))
		refuse("disturbed");
	console_flush();
	board_start((const uint32_t *)(uintptr_t)APP_BASE);
}
