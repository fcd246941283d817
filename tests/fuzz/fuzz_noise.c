/* SPDX-License-Identifier: MIT */
/*
 * Messages that nobody made: the first byte chooses who reads them, the
 * responder (message 1) or the initiator (message 2), NK or NKpsk0.  The state
 * changes only with what authenticates, and without the key that is nothing
 * but the one message made here, which the corpus holds.
 */
#include <stdlib.h>
#include <string.h>

#include "seal/noise.h"
#include "seal/prim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { TEXT = 20, MESSAGE = TEXT + NOISE_OVERHEAD };

static const uint8_t s_priv[32] = "signet fuzz: the static key     ";
static const uint8_t e1[32] = "signet fuzz: ephemeral key one  ";
static const uint8_t e2[32] = "signet fuzz: ephemeral key two  ";
static const uint8_t psk[32] = "signet fuzz: the shared secret  ";

struct ends {
	struct noise init, resp; /* before they read */
	uint8_t m1[MESSAGE], m2[MESSAGE];
};

static void need(int err)
{
	if (err)
		abort();
}

static void ends_make(struct ends *e, const uint8_t *key)
{
	uint8_t s_pub[32], text[TEXT] = "payload";
	struct noise resp;

	prim_x25519_base(s_pub, s_priv);
	noise_init(&e->init, true, s_pub, "fuzz", 4, key);
	noise_init(&e->resp, false, s_pub, "fuzz", 4, key);
	need(noise_write1(&e->init, s_pub, key, e1, text, TEXT, e->m1));
	resp = e->resp;
	need(noise_read1(&resp, s_priv, key, e->m1, MESSAGE, text));
	need(noise_write2(&resp, e2, text, TEXT, e->m2));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct ends ends[2];
	static int made;
	const struct ends *e;
	const uint8_t *key, *good;
	struct noise s, before;
	uint8_t *payload;
	bool second;
	int err;

	if (!made) {
		ends_make(&ends[0], NULL);
		ends_make(&ends[1], psk);
		made = 1;
	}
	if (!len || len > 70000)
		return 0;
	e = &ends[data[0] & 1];
	key = data[0] & 1 ? psk : NULL;
	second = data[0] & 2;
	good = second ? e->m2 : e->m1;
	before = second ? e->init : e->resp;
	s = before;
	data++;
	len--;
	payload = malloc(len > NOISE_OVERHEAD ? len - NOISE_OVERHEAD : 1);
	if (!payload)
		abort();
	err = second ? noise_read2(&s, data, len, payload)
		     : noise_read1(&s, s_priv, key, data, len, payload);
	if (err ? memcmp(&s, &before, sizeof(s)) != 0
		: len != MESSAGE || memcmp(data, good, len) != 0 ||
			    s.step != before.step + 1)
		abort();
	free(payload);
	return 0;
}
