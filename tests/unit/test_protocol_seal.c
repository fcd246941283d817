/* SPDX-License-Identifier: MIT */
/*
 * The sealed vectors of docs/protocol.md: one device from hello to commit, as
 * the code makes it of fixed keys and of the page's other vectors.
 *
 *	test_protocol_seal            compares
 *	test_protocol_seal --print    prints the page's vectors anew
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "seal/link.h"
#include "seal/noise.h"
#include "seal/prim.h"
#include "tests/lib/page.h"
#include "wire/hello.h"
#include "wire/record.h"

static const uint8_t uid[12] = { 0x29, 0x00, 0x4a, 0x00, 0x11, 0x50,
				 0x33, 0x58, 0x4b, 0x37, 0x31, 0x20 };
static uint8_t s_priv[32], s_pub[32], e1[32], e2[32], psk[32];

static void key(const char *what, const char *name, uint8_t out[32])
{
	page_seed(what, out);
	page_emit(name, out, 32);
}

static size_t prologue(uint8_t out[PROLOGUE_MAX])
{
	struct hello h = { .order = "order-7", .grant = 42, .attempt = 1 };
	uint8_t hello[HELLO_LEN], loader[32];
	size_t n;

	page_seed("challenge", h.challenge);
	key("loader", "loader-digest", loader);
	hello_encode(&h, hello);
	page_emit("hello", hello, sizeof(hello));
	n = prologue_make(hello, uid, sizeof(uid), loader, out);
	page_emit("prologue", out, n);
	return n;
}

static const struct claim_word words[] = { { 0x40022020, 0xfeeff8bb },
					   { 0x48000000, 0xaaffffff } };

static size_t claim(uint8_t out[CLAIM_MAX])
{
	struct claim c = { .family = FAMILY_STM32L4,
			   .uid_len = sizeof(uid),
			   .word_count = 2,
			   .rng_samples = 1280,
			   .rng_longest_run = 3,
			   .rng_peak = 9 };
	size_t n;

	memcpy(c.uid, uid, sizeof(uid));
	memcpy(c.words, words, sizeof(words));
	assert_int_equal(claim_encode(&c, out, CLAIM_MAX, &n), 0);
	page_emit("claim", out, n);
	return n;
}

static size_t delivery(uint8_t out[DELIVERY_MAX], uint8_t link_key[32])
{
	static const uint8_t patch[] = { 0x10, 0, 0, 8, 2, 0, 'S', 'N' };
	uint8_t token[32];
	struct delivery d = { .chunk_len = 64,
			      .boot_words = { 0x2000c000, 0x08000189 },
			      .segment_count = 2,
			      .segments = { { 0x08000000, 100 },
					    { 0x08001000, 8 } },
			      .patch_len = sizeof(patch) };
	size_t n;

	memset(d.final_options, 0xff, FINAL_OPTIONS_LEN);
	memcpy(d.patches, patch, sizeof(patch));
	assert_int_equal(page_vector("content-key", d.content_key, 32), 32);
	assert_int_equal(
		page_vector("release-header-digest", d.header_digest, 32), 32);
	assert_int_equal(page_vector("image-digest", d.digest, 32), 32);
	key("link key", "link-key", d.link_key);
	key("done token", "done-token", token);
	memcpy(d.done_token, token, DONE_TOKEN_LEN);
	memcpy(link_key, d.link_key, 32);
	assert_int_equal(delivery_encode(&d, out, DELIVERY_MAX, &n), 0);
	page_emit("delivery", out, n);
	return n;
}

struct texts {
	uint8_t prologue[PROLOGUE_MAX], claim[CLAIM_MAX];
	uint8_t delivery[DELIVERY_MAX];
	size_t prologue_len, claim_len, delivery_len;
};

/* Both messages, written by one end and read by the other. */
static void handshake(const struct texts *t, const uint8_t *secret,
		      const char *const names[3], uint8_t k1[32],
		      uint8_t k2[32])
{
	uint8_t m[DELIVERY_MAX + NOISE_OVERHEAD], back[DELIVERY_MAX];
	uint8_t hash[32], other1[32], other2[32];
	struct noise init, resp;

	noise_init(&init, true, s_pub, t->prologue, t->prologue_len, secret);
	noise_init(&resp, false, s_pub, t->prologue, t->prologue_len, secret);
	assert_int_equal(noise_write1(&init, s_pub, secret, e1, t->claim,
				      t->claim_len, m),
			 0);
	page_emit(names[0], m, t->claim_len + NOISE_OVERHEAD);
	assert_int_equal(noise_read1(&resp, s_priv, secret, m,
				     t->claim_len + NOISE_OVERHEAD, back),
			 0);
	assert_int_equal(
		noise_write2(&resp, e2, t->delivery, t->delivery_len, m), 0);
	page_emit(names[1], m, t->delivery_len + NOISE_OVERHEAD);
	assert_int_equal(
		noise_read2(&init, m, t->delivery_len + NOISE_OVERHEAD, back),
		0);
	assert_memory_equal(back, t->delivery, t->delivery_len);
	assert_int_equal(noise_split(&init, k1, k2, hash), 0);
	page_emit(names[2], hash, 32);
	assert_int_equal(noise_split(&resp, other1, other2, NULL), 0);
	assert_memory_equal(other1, k1, 32);
	assert_memory_equal(other2, k2, 32);
}

/* The second and last chunk of the page's stream, as it goes to this chip. */
static void data_frame(const uint8_t link_key[32])
{
	const struct link_head h = { LINK_DATA, 1, 44 + 16 + 16 };
	const struct link_head want = { LINK_WANT, 1, 0 };
	uint8_t chunks[256], body[128], frame[160];
	size_t n = page_vector("chunks", chunks, sizeof(chunks));

	assert_int_equal(n, 64 + 16 + 44 + 16);
	link_seal(link_key, 1, chunks + 80, 60, body);
	page_emit("frame-data", frame, link_frame(&h, body, frame));
	page_emit("frame-want", frame, link_frame(&want, NULL, frame));
}

/* Of the page's image, 108 bytes that count up, with the patch in it. */
static void patched_digest(uint8_t out[32])
{
	static const struct segment segments[] = { { 0x08000000, 100 },
						   { 0x08001000, 8 } };
	struct prim_sha256 c;
	uint8_t image[108], *p = image;

	for (size_t i = 0; i < sizeof(image); i++)
		image[i] = (uint8_t)i;
	image[0x10] = 'S';
	image[0x11] = 'N';
	prim_sha256_init(&c);
	prim_sha256_update(&c, LABEL_IMAGE, strlen(LABEL_IMAGE));
	for (size_t i = 0; i < 2; p += segments[i++].len) {
		uint8_t head[8];
		struct wr w;

		wr_init(&w, head, sizeof(head));
		wr_u32(&w, segments[i].address);
		wr_u32(&w, segments[i].len);
		prim_sha256_update(&c, head, sizeof(head));
		prim_sha256_update(&c, p, segments[i].len);
	}
	prim_sha256_final(&c, out);
}

static void report(const uint8_t k1[32])
{
	uint8_t plain[REPORT_MAX], sealed[REPORT_MAX + NOISE_TAG_LEN];
	struct report r = { .word_count = 2 };
	size_t n;

	patched_digest(r.digest);
	memcpy(r.words, words, sizeof(words));
	assert_int_equal(report_encode(&r, plain, sizeof(plain), &n), 0);
	page_emit("report", plain, n);
	noise_seal(k1, 0, plain, n, sealed);
	page_emit("report-sealed", sealed, n + NOISE_TAG_LEN);
}

static void commit(const uint8_t k2[32])
{
	uint8_t cred[RECORD_CREDENTIAL_CAP], fw[RECORD_FIRMWARE_CAP];
	uint8_t plain[COMMIT_MAX], sealed[COMMIT_MAX + NOISE_TAG_LEN];
	uint8_t object[FIRMWARE_SIG_MAX];
	struct commit c = { .credential = cred, .firmware = fw };
	size_t n = page_vector("firmware", object, sizeof(object));

	c.credential_len = page_vector("credential-record", cred, sizeof(cred));
	assert_int_equal(record_encode(RECORD_FIRMWARE, object, n, fw,
				       sizeof(fw), &c.firmware_len),
			 0);
	assert_int_equal(commit_encode(&c, plain, sizeof(plain), &n), 0);
	page_emit("commit", plain, n);
	noise_seal(k2, 0, plain, n, sealed);
	page_emit("commit-sealed", sealed, n + NOISE_TAG_LEN);
}

static void test_vectors(void **state)
{
	static const char *const nk[] = { "message-1", "message-2",
					  "handshake-hash" };
	static const char *const nkpsk0[] = { "message-1-psk", "message-2-psk",
					      "handshake-hash-psk" };
	uint8_t k1[32], k2[32], other1[32], other2[32], link_key[32];
	struct texts t;

	(void)state;
	key("noise static", "noise-static-private", s_priv);
	prim_x25519_base(s_pub, s_priv);
	page_emit("noise-static-public", s_pub, 32);
	key("loader ephemeral", "loader-ephemeral-private", e1);
	key("server ephemeral", "server-ephemeral-private", e2);
	t.prologue_len = prologue(t.prologue);
	t.claim_len = claim(t.claim);
	t.delivery_len = delivery(t.delivery, link_key);
	handshake(&t, NULL, nk, k1, k2);
	page_emit("transport-k1", k1, 32);
	page_emit("transport-k2", k2, 32);
	data_frame(link_key);
	report(k1);
	commit(k2);
	key("stage-0 secret", "stage0-secret", psk);
	handshake(&t, psk, nkpsk0, other1, other2);
	assert_memory_not_equal(other1, k1, 32);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_vectors) };
	int failed;

	printing = argc > 1 && !strcmp(argv[1], "--print");
	page = page_text(PAGE);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(page);
	return failed;
}
