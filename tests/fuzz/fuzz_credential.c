/* SPDX-License-Identifier: MIT */
/*
 * A credential as it stands in a device: whatever is taken has one encoding
 * only, and the encoders give it back.
 */
#include <stdlib.h>
#include <string.h>

#include "wire/cose.h"
#include "wire/credential.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void claims(const uint8_t *p, size_t len)
{
	struct credential c;
	uint8_t again[1024];
	size_t n;

	if (credential_decode(p, len, &c))
		return;
	if (credential_encode(&c, again, sizeof(again), &n) || n != len ||
	    memcmp(again, p, len) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cose_sign1 s;
	uint8_t *again;
	size_t n;

	claims(data, len);
	if (cose_decode(data, len, &s))
		return 0;
	again = malloc(len);
	if (!again || cose_encode(&s, again, len, &n) || n != len ||
	    memcmp(again, data, len) != 0)
		abort();
	free(again);
	claims(s.payload, s.payload_len);
	return 0;
}
