/* SPDX-License-Identifier: MIT */
/* For a BearSSL that is linked as a library; see signet_verify_bearssl.h. */
#include <bearssl.h>
#include <stdint.h>

static uint32_t p256_answer(const uint8_t pub[65], const uint8_t hash[32],
			    const uint8_t sig[64])
{
	br_ec_public_key key;

	key.curve = BR_EC_secp256r1;
	key.q = (unsigned char *)pub; /* only read */
	key.qlen = 65;
	return br_ecdsa_vrfy_raw_get_default()(br_ec_get_default(), hash, 32,
					       &key, sig, 64);
}

#include "signet_verify_bearssl_glue.h"
