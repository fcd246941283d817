/* SPDX-License-Identifier: MIT */
/*
 * seal/noise against the published vectors, byte for byte and in both roles;
 * against what may come over a wire instead; and the primitives below it
 * against the RFCs' own vectors.  An implementation that is not ours is its
 * peer in tests/judge/noise.sh.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "seal/noise.h"
#include "seal/prim.h"
#include "tests/lib/noise_openssl.h"
#include "tests/lib/vectors.h"

#define VECTORS "tests/vectors/noise_nk.json"

enum { TEXT_MAX = 256 };

struct text {
	uint8_t p[TEXT_MAX];
	size_t len;
};

static struct text field(json_t *o, const char *name)
{
	const char *hex = json_string_value(json_object_get(o, name));
	struct text t;

	if (!hex)
		fail_msg("%s: no %s", VECTORS, name);
	t.len = unhex(hex, t.p, sizeof(t.p));
	return t;
}

/* -- published transcripts ------------------------------------------------- */

struct pair {
	struct noise init, resp;
	uint8_t k1[2][32], k2[2][32],
		hash[2][32]; /* initiator's, responder's */
};

static void split_both(struct pair *p)
{
	assert_int_equal(noise_split(&p->init, p->k1[0], p->k2[0], p->hash[0]),
			 0);
	assert_int_equal(noise_split(&p->resp, p->k1[1], p->k2[1], p->hash[1]),
			 0);
	assert_memory_equal(p->k1[0], p->k1[1], 32);
	assert_memory_equal(p->k2[0], p->k2[1], 32);
	assert_memory_equal(p->hash[0], p->hash[1], 32);
	assert_memory_not_equal(p->k1[0], p->k2[0], 32);
}

static void handshake_vector(json_t *v, struct pair *p)
{
	json_t *messages = json_object_get(v, "messages");
	struct text prologue = field(v, "init_prologue");
	struct text s = field(v, "resp_static");
	struct text rs = field(v, "init_remote_static");
	struct text e = field(v, "init_ephemeral");
	struct text re = field(v, "resp_ephemeral");
	struct text payload, want;
	uint8_t out[TEXT_MAX];

	noise_init(&p->init, true, rs.p, prologue.p, prologue.len, NULL);
	noise_init(&p->resp, false, rs.p, prologue.p, prologue.len, NULL);
	payload = field(json_array_get(messages, 0), "payload");
	want = field(json_array_get(messages, 0), "ciphertext");
	assert_int_equal(noise_write1(&p->init, rs.p, NULL, e.p, payload.p,
				      payload.len, out),
			 0);
	assert_int_equal(want.len, payload.len + NOISE_OVERHEAD);
	assert_memory_equal(out, want.p, want.len);
	assert_int_equal(
		noise_read1(&p->resp, s.p, NULL, want.p, want.len, out), 0);
	assert_memory_equal(out, payload.p, payload.len);
	payload = field(json_array_get(messages, 1), "payload");
	want = field(json_array_get(messages, 1), "ciphertext");
	assert_int_equal(
		noise_write2(&p->resp, re.p, payload.p, payload.len, out), 0);
	assert_memory_equal(out, want.p, want.len);
	assert_int_equal(noise_read2(&p->init, want.p, want.len, out), 0);
	assert_memory_equal(out, payload.p, payload.len);
	split_both(p);
}

/* The rest goes to and fro, the initiator first. */
static size_t transport_vector(json_t *v, struct pair *p)
{
	json_t *messages = json_object_get(v, "messages");
	size_t i;

	for (i = 2; i < json_array_size(messages); i++) {
		const uint8_t *k = i % 2 ? p->k2[0] : p->k1[0];
		json_t *m = json_array_get(messages, i);
		struct text payload = field(m, "payload");
		struct text want = field(m, "ciphertext");
		uint8_t out[TEXT_MAX];

		noise_seal(k, i / 2 - 1, payload.p, payload.len, out);
		assert_int_equal(want.len, payload.len + NOISE_TAG_LEN);
		assert_memory_equal(out, want.p, want.len);
		assert_int_equal(
			noise_open(k, i / 2 - 1, want.p, want.len, out), 0);
		assert_memory_equal(out, payload.p, payload.len);
	}
	return i;
}

static void test_vectors(void **state)
{
	json_error_t err;
	json_t *file = json_load_file(VECTORS, 0, &err);
	size_t hashes = 0;
	json_t *v;
	size_t i;

	(void)state;
	if (!file)
		fail_msg("%s: %s", VECTORS, err.text);
	json_array_foreach(json_object_get(file, "vectors"), i, v)
	{
		struct pair p;

		assert_string_equal(
			json_string_value(json_object_get(v, "name")),
			"Noise_NK_25519_ChaChaPoly_SHA256");
		handshake_vector(v, &p);
		assert_int_equal(transport_vector(v, &p), 6);
		if (json_object_get(v, "handshake_hash")) {
			struct text want = field(v, "handshake_hash");

			assert_memory_equal(p.hash[0], want.p, 32);
			hashes++;
		}
	}
	assert_int_equal(i, 2);
	assert_int_equal(hashes, 1);
	json_decref(file);
}

/* -- against a second implementation --------------------------------------- */

static const uint8_t psk[32] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
static uint8_t s_priv[32], s_pub[32];

static void fill(uint8_t *p, size_t len, unsigned int seed)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1103515245u + 12345u;
		p[i] = (uint8_t)(seed >> 16);
	}
}

static int setup(void **state)
{
	(void)state;
	fill(s_priv, 32, 77);
	prim_x25519_base(s_pub, s_priv);
	return 0;
}

static void one_length(const uint8_t *key, size_t len, unsigned int seed)
{
	uint8_t text[2][TEXT_MAX], m[2][TEXT_MAX], want[2][TEXT_MAX];
	uint8_t back[TEXT_MAX], e[2][32], prologue[40];
	struct noise_openssl other;
	struct pair p;

	fill(e[0], 32, seed);
	fill(e[1], 32, seed + 1);
	fill(text[0], len, seed + 2);
	fill(text[1], len, seed + 3);
	fill(prologue, sizeof(prologue), seed + 4);
	noise_init(&p.init, true, s_pub, prologue, len % 41, key);
	noise_init(&p.resp, false, s_pub, prologue, len % 41, key);
	noise_openssl(&other, prologue, len % 41, key, s_priv, e[0], e[1],
		      text[0], len, want[0], text[1], len, want[1]);
	assert_int_equal(
		noise_write1(&p.init, s_pub, key, e[0], text[0], len, m[0]), 0);
	assert_memory_equal(m[0], want[0], len + NOISE_OVERHEAD);
	assert_int_equal(noise_read1(&p.resp, s_priv, key, m[0],
				     len + NOISE_OVERHEAD, back),
			 0);
	assert_memory_equal(back, text[0], len);
	assert_int_equal(noise_write2(&p.resp, e[1], text[1], len, m[1]), 0);
	assert_memory_equal(m[1], want[1], len + NOISE_OVERHEAD);
	/* in place, as the chip does it */
	assert_int_equal(noise_read2(&p.init, m[1], len + NOISE_OVERHEAD,
				     m[1] + NOISE_KEY_LEN),
			 0);
	assert_memory_equal(m[1] + NOISE_KEY_LEN, text[1], len);
	split_both(&p);
	assert_memory_equal(p.k1[0], other.k1, 32);
	assert_memory_equal(p.k2[0], other.k2, 32);
	assert_memory_equal(p.hash[0], other.hash, 32);
}

static void test_second_implementation(void **state)
{
	(void)state;
	for (size_t len = 0; len < TEXT_MAX - NOISE_OVERHEAD; len += 7) {
		one_length(NULL, len, (unsigned int)len + 1);
		one_length(psk, len, (unsigned int)len + 1000);
	}
}

/* -- what must be refused ---------------------------------------------------
 */

struct talk { /* as it stands before message 2 is read */
	struct noise init, resp, resp_before;
	uint8_t m1[64 + NOISE_OVERHEAD], m2[64 + NOISE_OVERHEAD];
};

static void talk_make(struct talk *t, const uint8_t *key)
{
	uint8_t e[32], text[64];

	fill(e, 32, 5);
	fill(text, 64, 6);
	noise_init(&t->init, true, s_pub, "prologue", 8, key);
	noise_init(&t->resp, false, s_pub, "prologue", 8, key);
	t->resp_before = t->resp;
	assert_int_equal(noise_write1(&t->init, s_pub, key, e, text, 64, t->m1),
			 0);
	assert_int_equal(
		noise_read1(&t->resp, s_priv, key, t->m1, sizeof(t->m1), text),
		0);
	fill(e, 32, 7);
	assert_int_equal(noise_write2(&t->resp, e, text, 64, t->m2), 0);
}

/* The initiator's answer to m, which must not be yes: nothing comes out and
 * nothing has changed. */
static void refuse2(const struct talk *t, const uint8_t *m, size_t len)
{
	struct noise s = t->init;
	uint8_t *exact = malloc(len ? len : 1);
	uint8_t out[sizeof(t->m2)];
	static const uint8_t zeros[sizeof(out)];

	assert_non_null(exact);
	memcpy(exact, m, len);
	memset(out, 0, sizeof(out));
	assert_int_not_equal(noise_read2(&s, exact, len, out), 0);
	assert_memory_equal(&s, &t->init, sizeof(s));
	assert_memory_equal(out, zeros, sizeof(out));
	free(exact);
}

static void refuse1(const struct talk *t, const uint8_t *key, const uint8_t *m,
		    size_t len)
{
	struct noise s = t->resp_before;
	uint8_t *exact = malloc(len ? len : 1);
	uint8_t out[sizeof(t->m1)];
	static const uint8_t zeros[sizeof(out)];

	assert_non_null(exact);
	memcpy(exact, m, len);
	memset(out, 0, sizeof(out));
	assert_int_not_equal(noise_read1(&s, s_priv, key, exact, len, out), 0);
	assert_memory_equal(&s, &t->resp_before, sizeof(s));
	assert_memory_equal(out, zeros, sizeof(out));
	free(exact);
}

static void check_altered(const uint8_t *key)
{
	uint8_t out[64], longer[sizeof(((struct talk *)0)->m1) + 1];
	struct talk t;

	talk_make(&t, key);
	for (size_t i = 0; i < sizeof(t.m1); i++)
		for (int bit = 0; bit < 8; bit++) {
			/* RFC 7748: the top bit of a point is ignored, but
			 * Noise hashes it all the same */
			t.m1[i] ^= (uint8_t)(1 << bit);
			refuse1(&t, key, t.m1, sizeof(t.m1));
			t.m1[i] ^= (uint8_t)(1 << bit);
			t.m2[i] ^= (uint8_t)(1 << bit);
			refuse2(&t, t.m2, sizeof(t.m2));
			t.m2[i] ^= (uint8_t)(1 << bit);
		}
	for (size_t n = 0; n < sizeof(t.m1); n++) {
		refuse1(&t, key, t.m1, n);
		refuse2(&t, t.m2, n);
	}
	memset(longer, 0, sizeof(longer));
	memcpy(longer, t.m1, sizeof(t.m1));
	refuse1(&t, key, longer, sizeof(longer));
	memcpy(longer, t.m2, sizeof(t.m2));
	refuse2(&t, longer, sizeof(longer));
	refuse1(&t, key, t.m2, sizeof(t.m2));
	refuse2(&t, t.m1, sizeof(t.m1));
	/* and after all that the right ones are still taken */
	assert_int_equal(noise_read1(&t.resp_before, s_priv, key, t.m1,
				     sizeof(t.m1), out),
			 0);
	assert_int_equal(noise_read2(&t.init, t.m2, sizeof(t.m2), out), 0);
}

static void test_altered_messages(void **state)
{
	(void)state;
	check_altered(NULL);
	check_altered(psk);
}

static void test_other_prologue_key_psk(void **state)
{
	static const uint8_t other_psk[32] = { 1, 2, 3, 4, 5, 6, 7, 8, 8 };
	uint8_t out[64], e[32], other_priv[32];
	struct talk t;
	struct noise s;

	(void)state;
	talk_make(&t, psk);
	fill(e, 32, 5);
	noise_init(&s, false, s_pub, "prologuf", 8, psk);
	assert_int_equal(noise_read1(&s, s_priv, psk, t.m1, sizeof(t.m1), out),
			 E_DECRYPT);
	noise_init(&s, false, s_pub, "prologue", 8, other_psk);
	assert_int_equal(
		noise_read1(&s, s_priv, other_psk, t.m1, sizeof(t.m1), out),
		E_DECRYPT);
	/* NK where NKpsk0 is spoken, and the other way round */
	noise_init(&s, false, s_pub, "prologue", 8, NULL);
	assert_int_equal(noise_read1(&s, s_priv, NULL, t.m1, sizeof(t.m1), out),
			 E_DECRYPT);
	talk_make(&t, NULL);
	noise_init(&s, false, s_pub, "prologue", 8, psk);
	assert_int_equal(noise_read1(&s, s_priv, psk, t.m1, sizeof(t.m1), out),
			 E_DECRYPT);
	noise_init(&s, false, s_pub, "prologue", 8, NULL);
	fill(other_priv, 32, 78);
	assert_int_equal(
		noise_read1(&s, other_priv, NULL, t.m1, sizeof(t.m1), out),
		E_DECRYPT);
}

static void test_out_of_turn(void **state)
{
	uint8_t out[256], e[32] = { 9 }, k[32];
	struct talk t;
	struct noise s;

	(void)state;
	talk_make(&t, NULL);
	noise_init(&s, true, s_pub, "prologue", 8, NULL);
	assert_int_equal(noise_read2(&s, t.m2, sizeof(t.m2), out), E_STATE);
	assert_int_equal(noise_read1(&s, s_priv, NULL, t.m1, sizeof(t.m1), out),
			 E_STATE);
	assert_int_equal(noise_write2(&s, e, "x", 1, out), E_STATE);
	assert_int_equal(noise_split(&s, k, k, NULL), E_STATE);
	assert_int_equal(noise_write1(&s, s_pub, psk, e, "x", 1, out), E_STATE);
	assert_int_equal(noise_write1(&s, s_pub, NULL, e, "x", 1, out), 0);
	assert_int_equal(noise_write1(&s, s_pub, NULL, e, "x", 1, out),
			 E_STATE);
	assert_int_equal(noise_split(&s, k, k, NULL), E_STATE);
	/* the responder answers once */
	assert_int_equal(noise_write2(&t.resp, e, "x", 1, out), E_STATE);
	assert_int_equal(
		noise_read1(&t.resp, s_priv, NULL, t.m1, sizeof(t.m1), out),
		E_STATE);
	noise_init(&s, false, s_pub, "prologue", 8, psk);
	assert_int_equal(noise_read1(&s, s_priv, NULL, t.m1, sizeof(t.m1), out),
			 E_STATE);
	assert_int_equal(noise_write1(&s, s_pub, psk, e, "x", 1, out), E_STATE);
}

/* All points of small order on the curve and its twist, in every encoding
 * below 2^255 (RFC 7748, 7). */
static const char *const low_order[] = {
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

static void test_low_order_points(void **state)
{
	struct noise s, before;
	struct talk t;

	(void)state;
	talk_make(&t, NULL);
	for (size_t i = 0; i < sizeof(low_order) / sizeof(*low_order); i++)
		for (int top = 0; top < 2; top++) {
			uint8_t point[32], out[128], e[32] = { 3 };

			unhex(low_order[i], point, sizeof(point));
			point[31] |= (uint8_t)(top << 7);
			assert_int_equal(prim_x25519(out, e, point), E_CRYPTO);
			/* as the server's key */
			noise_init(&s, true, point, "prologue", 8, NULL);
			before = s;
			assert_int_equal(
				noise_write1(&s, point, NULL, e, "x", 1, out),
				E_CRYPTO);
			assert_memory_equal(&s, &before, sizeof(s));
			/* as either one's ephemeral */
			memcpy(t.m1, point, 32);
			refuse1(&t, NULL, t.m1, sizeof(t.m1));
			memcpy(t.m2, point, 32);
			refuse2(&t, t.m2, sizeof(t.m2));
			s = t.resp_before;
			assert_int_equal(noise_read1(&s, s_priv, NULL, t.m1,
						     sizeof(t.m1), out),
					 E_CRYPTO);
		}
}

static void test_transport_refusals(void **state)
{
	uint8_t k[32] = { 5 }, c[40 + NOISE_TAG_LEN], out[40], text[40];
	static const uint8_t zeros[40];

	(void)state;
	fill(text, sizeof(text), 9);
	noise_seal(k, 0x05060708u, text, sizeof(text), c);
	assert_int_equal(noise_open(k, 0x05060708u, c, sizeof(c), out), 0);
	assert_int_equal(noise_open(k, 0x05060709u, c, sizeof(c), out),
			 E_DECRYPT);
	assert_memory_equal(out, zeros, sizeof(out));
	assert_int_equal(noise_open(k, 0x15060708u, c, sizeof(c), out),
			 E_DECRYPT);
	for (size_t n = 0; n < sizeof(c); n++)
		assert_int_equal(noise_open(k, 0x05060708u, c, n, out),
				 n < NOISE_TAG_LEN ? E_TRUNCATED : E_DECRYPT);
	for (size_t i = 0; i < sizeof(c); i++) {
		c[i] ^= 0x10;
		assert_int_equal(noise_open(k, 0x05060708u, c, sizeof(c), out),
				 E_DECRYPT);
		c[i] ^= 0x10;
	}
}

static void test_wipe(void **state)
{
	static const struct noise none;
	struct talk t;

	(void)state;
	talk_make(&t, psk);
	noise_wipe(&t.init);
	assert_memory_equal(&t.init, &none, sizeof(none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_second_implementation),
		cmocka_unit_test(test_altered_messages),
		cmocka_unit_test(test_other_prologue_key_psk),
		cmocka_unit_test(test_out_of_turn),
		cmocka_unit_test(test_low_order_points),
		cmocka_unit_test(test_transport_refusals),
		cmocka_unit_test(test_wipe),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
