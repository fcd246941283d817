/* SPDX-License-Identifier: MIT */
/*
 * Release file, its header and the firmware signature's payload: what is taken
 * has one encoding only, and its chunks add up.
 */
#include <stdlib.h>
#include <string.h>

#include "wire/cose.h"
#include "wire/release.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void same(int err, const uint8_t *a, size_t n, const uint8_t *b,
		 size_t m)
{
	if (err || n != m || memcmp(a, b, n) != 0)
		abort();
}

static void chunks(const struct release_header *h)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < release_chunk_count(h); i++)
		sum += release_chunk_len(h, i);
	if (sum != release_plain_len(h) || sum > IMAGE_MAX || !sum)
		abort();
}

static void header(const uint8_t *p, size_t len)
{
	struct release_header h;
	uint8_t again[RELEASE_HEADER_MAX];
	size_t n = 0;
	int err;

	if (release_header_decode(p, len, &h))
		return;
	err = release_header_encode(&h, again, sizeof(again), &n);
	same(err, again, n, p, len);
	chunks(&h);
}

static void firmware(const uint8_t *p, size_t len)
{
	struct firmware_info f;
	uint8_t again[RELEASE_HEADER_MAX];
	size_t n = 0;
	int err;

	if (firmware_info_decode(p, len, &f))
		return;
	err = firmware_info_encode(&f, again, sizeof(again), &n);
	same(err, again, n, p, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct release_file f;
	struct cose_sign1 s;
	uint8_t *again;
	size_t n = 0;
	int err;

	header(data, len);
	firmware(data, len);
	if (release_file_decode(data, len, &f))
		return 0;
	again = malloc(len);
	if (!again)
		abort();
	err = release_file_encode(&f, again, len, &n);
	same(err, again, n, data, len);
	free(again);
	if (!cose_decode(f.header, f.header_len, &s))
		header(s.payload, s.payload_len);
	if (!cose_decode(f.firmware, f.firmware_len, &s))
		firmware(s.payload, s.payload_len);
	return 0;
}
