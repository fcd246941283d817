/* SPDX-License-Identifier: MIT */
/* wire/cose: the working group's vectors, and everything that is not ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "tests/lib/vectors.h"
#include "wire/cose.h"

/* { 1: -7 }, kid 0102030405060708, payload "pay", signature 64 times 05. */
#define GOOD_HEAD "d28443a10126a104480102030405060708"
#define FIVES "0505050505050505"
#define SIG "5840" FIVES FIVES FIVES FIVES FIVES FIVES FIVES FIVES

static int decode_hex(const char *hex, struct cose_sign1 *out)
{
	static uint8_t buf[256];

	return cose_decode(buf, unhex(hex, buf, sizeof(buf)), out);
}

static int decode(const uint8_t *buf, size_t len)
{
	struct cose_sign1 s;

	return cose_decode(buf, len, &s);
}

static void test_both_ways(void **state)
{
	static const uint8_t kid[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct cose_sign1 s;
	struct cose_sign1 in = { .payload = (const uint8_t *)"pay",
				 .payload_len = 3 };
	uint8_t want[256];
	uint8_t got[256];
	size_t want_len = unhex(GOOD_HEAD "43706179" SIG, want, sizeof(want));
	size_t len;

	(void)state;
	memcpy(in.kid, kid, sizeof(kid));
	memset(in.sig, 5, sizeof(in.sig));
	assert_int_equal(cose_encode(&in, got, sizeof(got), &len), 0);
	assert_int_equal(len, want_len);
	assert_memory_equal(got, want, len);
	assert_int_equal(cose_encode(&in, got, len - 1, &len), E_SPACE);
	assert_int_equal(cose_decode(want, want_len, &s), 0);
	assert_memory_equal(s.kid, kid, sizeof(kid));
	assert_int_equal(s.payload_len, 3);
	assert_memory_equal(s.payload, "pay", 3);
	assert_memory_equal(s.sig, in.sig, sizeof(s.sig));
	check_lengths(decode, want, want_len);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *hex;
		int err;
	} bad[] = {
		/* no tag, tag of COSE_Mac0, tag not shortest */
		{ "8443a10126a10448010203040506070843706179" SIG, E_SYNTAX },
		{ "d18443a10126a10448010203040506070843706179" SIG, E_SYNTAX },
		{ "d8128443a10126a10448010203040506070843706179" SIG,
		  E_NOT_CANONICAL },
		/* three items, five items, indefinite */
		{ "d28343a10126a104480102030405060708" SIG, E_SYNTAX },
		{ "d28543a10126a10448010203040506070843706179" SIG "00",
		  E_TOO_LARGE },
		{ "d29f43a10126a10448010203040506070843706179" SIG "ff",
		  E_NOT_CANONICAL },
		/* algorithms: ES384, EdDSA, HS256, none; -7 written long */
		{ "d28444a1013822a10448010203040506070843706179" SIG,
		  E_CRITICAL },
		{ "d28443a10127a10448010203040506070843706179" SIG,
		  E_CRITICAL },
		{ "d28443a10105a10448010203040506070843706179" SIG,
		  E_CRITICAL },
		{ "d28440a10448010203040506070843706179" SIG, E_CRITICAL },
		{ "d28441a0a10448010203040506070843706179" SIG, E_CRITICAL },
		{ "d28444a1013806a10448010203040506070843706179" SIG,
		  E_CRITICAL },
		/* a second protected header: content type; crit [4] */
		{ "d28445a201260300a10448010203040506070843706179" SIG,
		  E_CRITICAL },
		{ "d28446a20126028104a10448010203040506070843706179" SIG,
		  E_CRITICAL },
		/* unprotected: none, algorithm there, kid too short, too long,
		 * a second one, twice the same, kid as text */
		{ "d28443a10126a043706179" SIG, E_CRITICAL },
		{ "d28443a10126a1012643706179" SIG, E_CRITICAL },
		{ "d28443a10126a104470102030405060743706179" SIG, E_SYNTAX },
		{ "d28443a10126a1044901020304050607080943706179" SIG,
		  E_TOO_LARGE },
		{ "d28443a10126a2044801020304050607080543706179" SIG,
		  E_CRITICAL },
		{ "d28443a10126a1046831323334353637384370617958" SIG,
		  E_SYNTAX },
		/* detached payload, payload as text */
		{ GOOD_HEAD "f6" SIG, E_SYNTAX },
		{ GOOD_HEAD "63706179" SIG, E_SYNTAX },
		/* signature of 63 bytes, of none */
		{ GOOD_HEAD "43706179583f"
			    "05",
		  E_SYNTAX },
		{ GOOD_HEAD "4370617940", E_SYNTAX },
	};
	struct cose_sign1 s;
	struct cose_sign1 before;

	(void)state;
	memset(&s, 0x77, sizeof(s));
	memcpy(&before, &s, sizeof(s));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int err = decode_hex(bad[i].hex, &s);

		if (err != bad[i].err)
			fail_msg("case %zu: %s, expected %s", i,
				 error_name(err), error_name(bad[i].err));
		assert_memory_equal(&s, &before, sizeof(s));
	}
}

/* Sig_structure as the working group computes it: with an empty protected
 * header and with { 1: -7 } it has the very form that ours takes. */
static void test_sig_structure(void **state)
{
	uint8_t want[128], payload[64], got[128];
	size_t payload_len = vector_get("cose_wg.txt", "payload", payload,
					sizeof(payload));
	size_t want_len = vector_get("cose_wg.txt", "pass02_tbs", want,
				     sizeof(want));
	size_t len;
	size_t prefix_len;

	(void)state;
	/* Their external AAD is binary, ours is a label: take theirs out and
	 * put ours of the same length in. */
	for (int i = 0; i < 12; i++)
		want[17 + i] = (uint8_t) "twelve bytes"[i];
	assert_int_equal(cose_to_be_signed("twelve bytes", payload, payload_len,
					   got, sizeof(got), &len),
			 0);
	assert_int_equal(len, want_len);
	assert_memory_equal(got, want, len);
	assert_int_equal(cose_tbs_prefix("twelve bytes", payload_len, got,
					 COSE_PREFIX_MAX, &prefix_len),
			 0);
	assert_int_equal(prefix_len, want_len - payload_len);
	assert_memory_equal(got, want, prefix_len);
	assert_int_equal(cose_to_be_signed("twelve bytes", payload, payload_len,
					   got, want_len - 1, &len),
			 E_SPACE);
}

/* Our verifier takes their signatures over their Sig_structures. */
static void test_published_signatures(void **state)
{
	static const char *const names[][2] = {
		{ "pass01_tbs", "pass01_sig" },
		{ "pass02_tbs", "pass02_sig" },
		{ "ecdsa01_tbs", "ecdsa01_sig" },
	};
	uint8_t pub[P256_PUB_LEN], tbs[128], sig[P256_SIG_LEN];

	(void)state;
	vector_get("cose_wg.txt", "pub", pub, sizeof(pub));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t len = vector_get("cose_wg.txt", names[i][0], tbs,
					sizeof(tbs));

		vector_get("cose_wg.txt", names[i][1], sig, sizeof(sig));
		assert_int_equal(crypto_es256_verify(pub, tbs, len, sig), 0);
		tbs[len - 1] ^= 1;
		assert_int_equal(crypto_es256_verify(pub, tbs, len, sig),
				 E_SIGNATURE);
	}
}

/* Valid COSE, but not in our profile: their key numbers have two bytes. */
static void test_published_messages_refused(void **state)
{
	uint8_t buf[256];

	(void)state;
	assert_int_equal(decode(buf, vector_get("cose_wg.txt", "pass01_cbor",
						buf, sizeof(buf))),
			 E_CRITICAL);
	assert_int_equal(decode(buf, vector_get("cose_wg.txt", "pass02_cbor",
						buf, sizeof(buf))),
			 E_SYNTAX);
	assert_int_equal(decode(buf, vector_get("cose_wg.txt", "ecdsa01_cbor",
						buf, sizeof(buf))),
			 E_CRITICAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_sig_structure),
		cmocka_unit_test(test_published_signatures),
		cmocka_unit_test(test_published_messages_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
