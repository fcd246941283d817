/* SPDX-License-Identifier: MIT */
/*
 * The chip's side of the handshake, as machine code on the three cores, with
 * the host as its responder; what it weighs and how long it takes.
 *
 * Bytes: a probe (tests/target/seal_probe.c) is linked from seal/noise and the
 * adaptor alone, so its text is what they and libc's mem* functions cost.
 * Cycles are counted by the core's TRM for memory without wait states.  The
 * gates are the design's handshake times, and against growth in bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "seal/prim.h"
#include "tests/lib/elf32.h"
#include "tests/lib/thumb.h"
#include "tests/target/seal_probe.h"

static const struct core {
	const char *name, *elf;
	enum thumb_cpu cpu;
	unsigned int mhz;
	double max_handshake; /* seconds */
	uint32_t max_text;
	uint32_t max_stack;
} cores[] = {
	{ "cm0", "build/target/seal/cm0.elf", THUMB_M0, 48, 2.5, 5100, 2000 },
	{ "cm3", "build/target/seal/cm3.elf", THUMB_M3, 72, 0.3, 4950, 1500 },
	{ "cm4", "build/target/seal/cm4.elf", THUMB_M4, 80, 0.2, 4950, 1500 },
};

enum { TEXT = 300, PROLOGUE = 110 };

struct bed {
	const struct core *core;
	struct thumb *t;
	struct seal_probe p;
	uint64_t cycles;
	uint32_t stack;
};

static void run(struct bed *b, enum seal_probe_request request)
{
	struct thumb_run r = { .entry = thumb_entry(b->t),
			       .stack = THUMB_RAM + 0x8000,
			       .limit = 1ull << 32 };

	b->p.request = request;
	thumb_write(b->t, SEAL_PROBE_ADDRESS, &b->p,
		    offsetof(struct seal_probe, noise));
	thumb_call(b->t, &r);
	assert_true(r.returned);
	thumb_read(b->t, SEAL_PROBE_ADDRESS, &b->p, sizeof(b->p));
	b->cycles = r.cycles;
	if (r.stack_used > b->stack)
		b->stack = r.stack_used;
}

static void fill(uint8_t *p, size_t len, uint32_t seed)
{
	while (len--) {
		seed = seed * 1103515245u + 12345u;
		*p++ = (uint8_t)(seed >> 16);
	}
}

/* Returns the chip's cycles for both messages. */
static uint64_t handshake(struct bed *b, bool psk)
{
	uint8_t s_priv[32], e2[32], claim[TEXT], answer[TEXT], back[TEXT];
	uint8_t k1[32], k2[32], hash[32];
	const uint8_t *key = psk ? b->p.psk : NULL;
	struct seal_probe *p = &b->p;
	struct noise server;
	uint64_t cycles;

	memset(p, 0, sizeof(*p));
	fill(s_priv, 32, 1);
	fill(e2, 32, 2);
	fill(p->e_priv, 32, 3);
	fill(p->psk, 32, 4);
	fill(p->prologue, PROLOGUE, 5);
	fill(claim, TEXT, 6);
	fill(answer, TEXT, 7);
	prim_x25519_base(p->rs, s_priv);
	memcpy(p->text, claim, TEXT);
	p->psk_on = psk;
	p->prologue_len = PROLOGUE;
	p->len = TEXT;
	run(b, SEAL_PROBE_WRITE1);
	assert_int_equal(p->err, 0);
	cycles = b->cycles;
	noise_init(&server, false, p->rs, p->prologue, PROLOGUE, key);
	assert_int_equal(noise_read1(&server, s_priv, key, p->message,
				     TEXT + NOISE_OVERHEAD, back),
			 0);
	assert_memory_equal(back, claim, TEXT);
	assert_int_equal(noise_write2(&server, e2, answer, TEXT, p->message),
			 0);
	/* altered first: refused, and the right one is still taken */
	p->len = TEXT + NOISE_OVERHEAD;
	p->message[70] ^= 1;
	run(b, SEAL_PROBE_READ2);
	assert_int_equal(p->err, E_DECRYPT);
	p->message[70] ^= 1;
	run(b, SEAL_PROBE_READ2);
	assert_int_equal(p->err, 0);
	cycles += b->cycles;
	assert_memory_equal(p->text, answer, TEXT);
	assert_int_equal(noise_split(&server, k1, k2, hash), 0);
	assert_memory_equal(p->k1, k1, 32);
	assert_memory_equal(p->k2, k2, 32);
	assert_memory_equal(p->hash, hash, 32);
	return cycles;
}

/* One frame's worth under each of the two seals, and its hash. */
static void stream(struct bed *b, double *open, double *hash)
{
	struct seal_probe *p = &b->p;
	struct prim_sha256 c;
	uint8_t text[SEAL_PROBE_TEXT], want[32];

	fill(text, sizeof(text), 8);
	noise_seal(p->k1, 5, text, sizeof(text), p->message);
	p->len = sizeof(text) + NOISE_TAG_LEN;
	run(b, SEAL_PROBE_OPEN);
	assert_int_equal(p->err, 0);
	assert_memory_equal(p->text, text, sizeof(text));
	*open = (double)b->cycles / sizeof(text);
	p->len = sizeof(text);
	run(b, SEAL_PROBE_HASH);
	prim_sha256_init(&c);
	prim_sha256_update(&c, text, sizeof(text));
	prim_sha256_final(&c, want);
	assert_memory_equal(p->hash, want, 32);
	*hash = (double)b->cycles / sizeof(text);
}

static void low_order(struct bed *b)
{
	memset(b->p.rs, 0, 32);
	run(b, SEAL_PROBE_KEYS);
	assert_int_equal(b->p.err, E_CRYPTO);
	b->p.rs[0] = 1;
	run(b, SEAL_PROBE_KEYS);
	assert_int_equal(b->p.err, E_CRYPTO);
}

/* Nothing is loaded but text. */
static uint32_t text_size(const char *path)
{
	static uint8_t flash[1 << 16];
	struct elf32 *elf = elf32_open(path);
	size_t len = elf32_flatten(elf, THUMB_FLASH, flash, sizeof(flash));

	elf32_free(elf);
	assert_int_not_equal(len, 0);
	return (uint32_t)len;
}

static void test_cores(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cores) / sizeof(*cores); i++) {
		struct bed b = { .core = &cores[i] };
		uint64_t nk, psk;
		double open, hash;
		uint32_t text = text_size(cores[i].elf);
		double seconds;

		b.t = thumb_new(cores[i].cpu, cores[i].elf);
		nk = handshake(&b, false);
		psk = handshake(&b, true);
		stream(&b, &open, &hash);
		low_order(&b);
		seconds = (double)psk / (cores[i].mhz * 1e6);
		printf("%s: %u bytes, NK %.2f M cycles, NKpsk0 %.2f M (%.3f s "
		       "at %u MHz), AEAD %.0f and SHA-256 %.0f cycles a byte, "
		       "stack %u\n",
		       cores[i].name, text, (double)nk / 1e6, (double)psk / 1e6,
		       seconds, cores[i].mhz, open, hash, b.stack);
		assert_true(seconds <= cores[i].max_handshake);
		assert_true(text <= cores[i].max_text);
		assert_true(b.stack <= cores[i].max_stack);
		thumb_free(b.t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_cores) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
