/* SPDX-License-Identifier: MIT */
#include <limits.h>

#include <openssl/rand.h>

#include "base/ct.h"
#include "crypto/crypto.h"

int crypto_random(void *p, size_t len)
{
	if (len > INT_MAX)
		return E_TOO_LARGE;
	if (RAND_bytes(p, (int)len) == 1)
		return 0;
	/* What is half filled must not be taken for random. */
	ct_wipe(p, len);
	return E_RANDOM;
}
