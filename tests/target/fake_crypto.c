/* SPDX-License-Identifier: MIT */
/* In place of BearSSL, for the glitch test: struct probe says how signatures
 * are answered, the device key's (its second byte is 1) apart. */
#include "tests/target/fake_hash.h"
#include "tests/target/probe.h"
#include "verify/signet_verify_bearssl.h"

static uint32_t fake_p256(const uint8_t pub[65], const uint8_t hash[32],
			  const uint8_t sig[64])
{
	const volatile struct probe *p =
		(const volatile struct probe *)(uintptr_t)PROBE_ADDRESS;

	(void)hash;
	(void)sig;
	return pub[1] == 1 ? p->device_answer : p->firmware_answer;
}

const struct signet_crypto signet_bearssl = {
	fake_hash_init,
	fake_hash_update,
	fake_hash_final,
	fake_p256,
};
