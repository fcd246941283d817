/* SPDX-License-Identifier: MIT */
/* A record's place in flash: what is found lies inside it and is written back
 * as it was. */
#include <stdlib.h>
#include <string.h>

#include "wire/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void try_type(enum record_type type, const uint8_t *place, size_t cap)
{
	uint8_t again[65536 + 16];
	const uint8_t *p;
	size_t len, n;

	if (record_decode(type, place, cap, &p, &len))
		return;
	if (p < place || len > cap || p + len > place + cap)
		abort();
	if (record_encode(type, p, len, again, sizeof(again), &n))
		abort();
	if (memcmp(again, place, n < cap ? n : cap) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	try_type(RECORD_FIRMWARE, data, len);
	try_type(RECORD_CREDENTIAL, data, len);
	return 0;
}
