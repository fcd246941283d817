/* SPDX-License-Identifier: MIT */
/*
 * probe.h - what bench/footprint and the glitch test put into the probe's RAM,
 * and what it leaves there.  Plain words and bytes: the same on both sides.
 */
#ifndef TESTS_TARGET_PROBE_H
#define TESTS_TARGET_PROBE_H

#include <stdint.h>

#define PROBE_ADDRESS 0x20000000u
#define PROBE_FIRMWARE_RECORD 0x08020000u
#define PROBE_CREDENTIAL_RECORD 0x08020200u

enum probe_request { PROBE_DEVICE = 1, PROBE_FIRMWARE = 2 };

struct probe {
	uint32_t request;	/* enum probe_request */
	uint32_t device_answer; /* what fake_crypto.c says to a signature */
	uint32_t firmware_answer;
	uint32_t value, check; /* out: struct verdict */
	int32_t err;	       /* out: the reason */
	uint32_t rollback_min;
	uint32_t uid_len;
	uint8_t uid[12];
	uint8_t digest[32];
	uint8_t device_pub[65];
	uint8_t release_pub[65];
	char product[32];
};

#endif
