/* SPDX-License-Identifier: MIT */
/* What tests/unit/test_seal_chip puts into the probe's RAM, and finds there. */
#ifndef TESTS_TARGET_SEAL_PROBE_H
#define TESTS_TARGET_SEAL_PROBE_H

#include <stdint.h>

#include "seal/noise.h"

#define SEAL_PROBE_ADDRESS 0x20000000u
#define SEAL_PROBE_TEXT 1024

enum seal_probe_request {
	SEAL_PROBE_WRITE1 = 1,
	SEAL_PROBE_READ2 = 2, /* and split */
	SEAL_PROBE_OPEN = 3,  /* a transport message, k1, nonce 5 */
	SEAL_PROBE_HASH = 4,  /* SHA-256 of text */
	SEAL_PROBE_KEYS = 5,  /* out = e_priv * rs, or E_CRYPTO */
};

struct seal_probe {
	uint32_t request;
	int32_t err;
	uint32_t psk_on, prologue_len, len;
	uint8_t rs[32], e_priv[32], psk[32], prologue[128];
	uint8_t k1[32], k2[32], hash[32];
	uint8_t text[SEAL_PROBE_TEXT];
	uint8_t message[SEAL_PROBE_TEXT + NOISE_OVERHEAD];
	struct noise noise; /* last: the chip's own */
};

#endif
