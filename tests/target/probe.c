/* SPDX-License-Identifier: MIT */
/* A program that is nothing but the verification library; see probe.h. */
#include "tests/target/probe.h"

#include <string.h>

#include "verify/signet_verify.h"
#include "verify/signet_verify_bearssl.h"
#include "wire/record.h"

void probe_main(void);

static void flash_read(uint32_t address, void *out, size_t len)
{
	memcpy(out, (const void *)(uintptr_t)address, len);
}

void probe_main(void)
{
	struct probe *p = (struct probe *)(uintptr_t)PROBE_ADDRESS;
	const struct signet_policy policy = {
		p->product,	FAMILY_STM32L4,	 p->device_pub,
		p->release_pub, p->rollback_min,
	};
	struct signet_reason why;
	struct firmware_info fw;
	struct credential cred;
	struct verdict v;

	if (p->request == PROBE_DEVICE)
		signet_verify_device(
			&signet_bearssl, &policy, p->uid, p->uid_len,
			(const uint8_t *)(uintptr_t)PROBE_CREDENTIAL_RECORD,
			RECORD_CREDENTIAL_CAP, p->digest, &cred, &why, &v);
	else
		signet_verify_firmware(
			&signet_bearssl, &policy,
			(const uint8_t *)(uintptr_t)PROBE_FIRMWARE_RECORD,
			RECORD_FIRMWARE_CAP, flash_read, &fw, &why, &v);
	p->value = v.value;
	p->check = v.check;
	p->err = why.err;
}
