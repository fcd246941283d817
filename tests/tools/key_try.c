/* SPDX-License-Identifier: MIT */
/*
 * key_try - is the content key anywhere in what a station has?
 *
 *   key_try PLAIN CIPHER FILE...
 *
 * PLAIN is the firmware as installed, CIPHER whatever holds its ciphertext (the
 * station's disk).  Every 32 bytes of the files, at every offset, are taken for
 * the key of chunk 0: ChaCha20, nonce 0, first block (docs/protocol.md, "Chunk
 * stream"; RFC 8439).  A key fits when its keystream turns 16 bytes anywhere in
 * CIPHER into the first 16 of PLAIN.
 *
 * Exit code 0: no key; 1: a key; 2: cannot tell.
 */
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_LEN 32
#define BLOCK 16
#define FILTER_BITS 27

static uint8_t filter[1u << (FILTER_BITS - 3)];

static void die(const char *path, const char *why)
{
	fprintf(stderr, "key_try: %s: %s\n", path, why);
	exit(2);
}

static uint8_t *larger(uint8_t *p, size_t cap)
{
	uint8_t *q = realloc(p, cap);

	if (q == NULL)
		die("memory", "out of it");
	return q;
}

static uint8_t *slurp(const char *path, size_t *out_len)
{
	FILE *f = fopen(path, "rb");
	size_t cap = 1 << 20, len = 0, n;
	uint8_t *p = malloc(cap);

	if (f == NULL || p == NULL)
		die(path, "cannot be read");
	while ((n = fread(p + len, 1, cap - len, f)) > 0) {
		len += n;
		if (len == cap)
			p = larger(p, cap *= 2);
	}
	fclose(f);
	*out_len = len;
	return p;
}

/* Half of a block chooses the bit; the other half is compared later. */
static uint32_t slot(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return (uint32_t)(v * 0x9e3779b97f4a7c15ull >> (64 - FILTER_BITS));
}

static void xor_block(uint8_t *out, const uint8_t *a, const uint8_t *b)
{
	for (unsigned i = 0; i < BLOCK; i++)
		out[i] = a[i] ^ b[i];
}

static void learn(const uint8_t *cipher, size_t len, const uint8_t *plain)
{
	uint8_t stream[BLOCK];

	for (size_t at = 0; at + BLOCK <= len; at++) {
		uint32_t s;

		xor_block(stream, cipher + at, plain);
		s = slot(stream);
		filter[s >> 3] |= (uint8_t)(1 << (s & 7));
	}
}

static int fits(const uint8_t *stream, const uint8_t *cipher, size_t len,
		const uint8_t *plain)
{
	uint8_t want[BLOCK];

	xor_block(want, stream, plain);
	return memmem(cipher, len, want, BLOCK) != NULL;
}

static void keystream(EVP_CIPHER_CTX *c, const uint8_t *key, uint8_t *out)
{
	static const uint8_t iv[16] = { 1 }; /* block counter 1, nonce 0 */
	static const uint8_t zero[BLOCK];
	int n;

	if (EVP_EncryptInit_ex(c, NULL, NULL, key, iv) != 1 ||
	    EVP_EncryptUpdate(c, out, &n, zero, BLOCK) != 1 || n != BLOCK)
		die("OpenSSL", "ChaCha20 failed");
}

int main(int argc, char **argv)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	size_t plain_len, cipher_len, len, tried = 0, found = 0;
	uint8_t *plain, *cipher, *p, stream[BLOCK];

	if (argc < 4)
		die("usage", "key_try PLAIN CIPHER FILE...");
	plain = slurp(argv[1], &plain_len);
	cipher = slurp(argv[2], &cipher_len);
	if (plain_len < BLOCK || cipher_len < BLOCK)
		die(argv[1], "too short");
	if (c == NULL ||
	    EVP_EncryptInit_ex(c, EVP_chacha20(), NULL, NULL, NULL) != 1)
		die("OpenSSL", "no ChaCha20");
	learn(cipher, cipher_len, plain);
	for (int i = 3; i < argc; i++) {
		static const uint8_t zero[KEY_LEN];

		p = slurp(argv[i], &len);
		for (size_t at = 0; at + KEY_LEN <= len; at++) {
			uint32_t s;

			if (memcmp(p + at, zero, KEY_LEN) == 0)
				continue;
			tried++;
			keystream(c, p + at, stream);
			s = slot(stream);
			if (!(filter[s >> 3] >> (s & 7) & 1) ||
			    !fits(stream, cipher, cipher_len, plain))
				continue;
			found++;
			printf("{\"file\":\"%s\",\"at\":%zu}\n", argv[i], at);
		}
		free(p);
	}
	printf("{\"tried\":%zu,\"found\":%zu}\n", tried, found);
	EVP_CIPHER_CTX_free(c);
	free(plain);
	free(cipher);
	return found != 0;
}
