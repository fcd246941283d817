/* SPDX-License-Identifier: MIT */
/* The first byte chooses one of the five payloads: what decodes is written
 * back byte for byte. */
#include <stdlib.h>
#include <string.h>

#include "wire/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void same(const uint8_t *again, size_t again_len, const uint8_t *data,
		 size_t len)
{
	if (again_len != len || memcmp(again, data, len) != 0)
		abort();
}

static void try_hello(const uint8_t *data, size_t len)
{
	uint8_t out[HELLO_LEN];
	struct hello h;

	if (hello_decode(data, len, &h))
		return;
	hello_encode(&h, out);
	same(out, sizeof(out), data, len);
}

static void try_claim(const uint8_t *data, size_t len)
{
	uint8_t out[CLAIM_MAX];
	struct claim c;
	size_t n = 0;

	if (claim_decode(data, len, &c))
		return;
	if (claim_encode(&c, out, sizeof(out), &n))
		abort();
	same(out, n, data, len);
}

static void try_delivery(const uint8_t *data, size_t len)
{
	uint8_t out[DELIVERY_MAX];
	struct delivery d;
	size_t n = 0;

	if (delivery_decode(data, len, &d))
		return;
	if (delivery_encode(&d, out, sizeof(out), &n))
		abort();
	same(out, n, data, len);
}

static void try_report(const uint8_t *data, size_t len)
{
	uint8_t out[REPORT_MAX];
	struct report r;
	size_t n = 0;

	if (report_decode(data, len, &r))
		return;
	if (report_encode(&r, out, sizeof(out), &n))
		abort();
	same(out, n, data, len);
}

static void try_commit(const uint8_t *data, size_t len)
{
	uint8_t out[COMMIT_MAX];
	struct commit c;
	size_t n = 0;

	if (commit_decode(data, len, &c))
		return;
	if (commit_encode(&c, out, sizeof(out), &n))
		abort();
	same(out, n, data, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static void (*const tries[])(const uint8_t *, size_t) = {
		try_hello, try_claim, try_delivery, try_report, try_commit,
	};

	if (len)
		tries[data[0] % 5](data + 1, len - 1);
	return 0;
}
