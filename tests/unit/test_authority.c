/* SPDX-License-Identifier: MIT */
/* authority/: signatures under labels, releases made, checked and opened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authority/authority.h"
#include "base/rw.h"
#include "tests/lib/vectors.h"
#include "wire/cose.h"

enum { PLAIN_LEN = 2148 };

static struct fixture {
	struct crypto_key *device, *release, *hpke, *other;
	uint8_t device_pub[P256_PUB_LEN], release_pub[P256_PUB_LEN];
	uint8_t hpke_pub[X25519_LEN];
	uint8_t plain[PLAIN_LEN];
	uint8_t *file;
	size_t file_len;
} fx;

static struct release_header header(void)
{
	return (struct release_header){
		.fw = { .product = "pump",
			.version = "1.0",
			.rollback = 3,
			.segment_count = 2,
			.segments = { { 0x08000000, 2048 },
				      { 0x08001000, 100 } } },
		.chunk_len = 1024,
		.family = FAMILY_STM32L4,
		.protection = 1,
	};
}

static int setup(void **state)
{
	struct release_header h = header();
	size_t n;

	(void)state;
	assert_int_equal(crypto_key_generate(CRYPTO_P256, &fx.device), 0);
	assert_int_equal(crypto_key_generate(CRYPTO_P256, &fx.release), 0);
	assert_int_equal(crypto_key_generate(CRYPTO_X25519, &fx.hpke), 0);
	assert_int_equal(crypto_key_generate(CRYPTO_X25519, &fx.other), 0);
	assert_int_equal(crypto_key_public(fx.device, fx.device_pub,
					   sizeof(fx.device_pub), &n),
			 0);
	assert_int_equal(crypto_key_public(fx.release, fx.release_pub,
					   sizeof(fx.release_pub), &n),
			 0);
	assert_int_equal(crypto_key_public(fx.hpke, fx.hpke_pub,
					   sizeof(fx.hpke_pub), &n),
			 0);
	for (size_t i = 0; i < PLAIN_LEN; i++)
		fx.plain[i] = (uint8_t)(i * 31 + i / 256);
	assert_int_equal(authority_release_make(fx.release, fx.hpke_pub, &h,
						fx.plain, PLAIN_LEN, &fx.file,
						&fx.file_len),
			 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	crypto_key_free(fx.device);
	crypto_key_free(fx.release);
	crypto_key_free(fx.hpke);
	crypto_key_free(fx.other);
	free(fx.file);
	return 0;
}

static struct credential claims(void)
{
	return (struct credential){
		.product = "pump",
		.order = "order-7",
		.serial = "SN1",
		.grant = 7,
		.issued = 1767225600,
		.uid = { 1, 2, 3 },
		.uid_len = 12,
		.family = FAMILY_STM32L4,
	};
}

static int check_credential(const uint8_t *buf, size_t len)
{
	const uint8_t *payload;
	size_t n;

	return authority_check1(fx.device_pub, LABEL_CREDENTIAL, buf, len,
				&payload, &n);
}

static void test_credential(void **state)
{
	struct credential c = claims();
	struct credential back;
	uint8_t buf[CREDENTIAL_MAX];
	const uint8_t *payload;
	size_t len, n;

	(void)state;
	assert_int_equal(authority_credential(fx.device, &c, buf, &len), 0);
	assert_int_equal(authority_check1(fx.device_pub, LABEL_CREDENTIAL, buf,
					  len, &payload, &n),
			 0);
	assert_int_equal(credential_decode(payload, n, &back), 0);
	assert_memory_equal(&back, &c, sizeof(c));
	check_lengths(check_credential, buf, len);
	/* Every single byte counts. */
	for (size_t i = 0; i < len; i++) {
		buf[i] ^= 0x10;
		assert_int_not_equal(check_credential(buf, len), 0);
		buf[i] ^= 0x10;
	}
	c.family = 0;
	assert_int_equal(authority_credential(fx.device, &c, buf, &len),
			 E_RANGE);
}

static void test_labels_and_keys(void **state)
{
	struct credential c = claims();
	struct cose_sign1 s;
	uint8_t buf[CREDENTIAL_MAX], forged[CREDENTIAL_MAX];
	const uint8_t *payload;
	size_t len, n;

	(void)state;
	assert_int_equal(authority_credential(fx.device, &c, buf, &len), 0);
	assert_int_equal(authority_check1(fx.device_pub, LABEL_FIRMWARE, buf,
					  len, &payload, &n),
			 E_SIGNATURE);
	assert_int_equal(authority_check1(fx.release_pub, LABEL_CREDENTIAL, buf,
					  len, &payload, &n),
			 E_KEY);
	/* The right key number, but another key's signature. */
	assert_int_equal(cose_decode(buf, len, &s), 0);
	assert_int_equal(crypto_key_id(fx.release_pub, P256_PUB_LEN, s.kid), 0);
	assert_int_equal(cose_encode(&s, forged, sizeof(forged), &n), 0);
	assert_int_equal(authority_check1(fx.release_pub, LABEL_CREDENTIAL,
					  forged, n, &payload, &len),
			 E_SIGNATURE);
	assert_int_equal(authority_credential(fx.hpke, &c, buf, &len), E_KEY);
}

/* Written out from wire/release.h with the one-shot hash. */
static void test_image_digest(void **state)
{
	struct release_header h = header();
	uint8_t buf[sizeof(LABEL_IMAGE) - 1 + 16 + PLAIN_LEN];
	uint8_t want[DIGEST_LEN], got[DIGEST_LEN];
	struct wr w;
	size_t n;

	(void)state;
	wr_init(&w, buf, sizeof(buf));
	wr_bytes(&w, "signet image v1", 15);
	wr_u32(&w, 0x08000000);
	wr_u32(&w, 2048);
	wr_bytes(&w, fx.plain, 2048);
	wr_u32(&w, 0x08001000);
	wr_u32(&w, 100);
	wr_bytes(&w, fx.plain + 2048, 100);
	assert_int_equal(wr_end(&w, &n), 0);
	assert_int_equal(n, sizeof(buf));
	assert_int_equal(crypto_sha256(buf, n, want), 0);
	assert_int_equal(
		authority_image_digest(h.fw.segments, 2, fx.plain, got), 0);
	assert_memory_equal(got, want, sizeof(want));
}

static int open_file(const uint8_t *file, size_t len)
{
	struct release_header h;
	uint8_t digest[DIGEST_LEN];
	uint8_t *plain;
	size_t n;
	int err = authority_release_open(fx.hpke, fx.release_pub, file, len, &h,
					 digest, &plain, &n);

	if (!err)
		free(plain);
	return err;
}

static void test_release_opens(void **state)
{
	struct release_header want = header();
	struct release_header h;
	struct release_file f;
	uint8_t digest[DIGEST_LEN], digest2[DIGEST_LEN];
	uint8_t *plain;
	size_t n;

	(void)state;
	assert_int_equal(authority_release_open(fx.hpke, fx.release_pub,
						fx.file, fx.file_len, &h,
						digest, &plain, &n),
			 0);
	assert_int_equal(n, PLAIN_LEN);
	assert_memory_equal(plain, fx.plain, n);
	free(plain);
	assert_int_equal(authority_image_digest(want.fw.segments, 2, fx.plain,
						want.fw.digest),
			 0);
	assert_memory_equal(&h, &want, sizeof(h));
	assert_int_equal(authority_release_check(fx.release_pub, fx.file,
						 fx.file_len, &f, &h, digest2),
			 0);
	assert_memory_equal(digest, digest2, sizeof(digest));
	assert_int_equal(crypto_sha256(f.header, f.header_len, digest2), 0);
	assert_memory_equal(digest, digest2, sizeof(digest));
}

/* -- the serial number's place -------------------------------------------- */
static void test_serial_place(void **state)
{
	struct release_header h = header();
	struct firmware_info fw;
	struct release_file f;
	uint8_t digest[DIGEST_LEN], want[DIGEST_LEN], other[DIGEST_LEN];
	uint8_t *file, *plain, *chunks, key[AEAD_KEY_LEN] = { 7 };
	uint8_t *image = malloc(PLAIN_LEN);
	size_t len, n, chunks_len;
	uint32_t at;

	(void)state;
	assert_non_null(image);
	memcpy(image, fx.plain, PLAIN_LEN);
	h.serial = (struct serial_place){ h.fw.segments[0].address + 30, 8,
					  SERIAL_ASCII };
	at = release_plain_offset(&h, h.serial.address);
	assert_int_equal(at, 30);
	/* what no signature is of must be blank */
	assert_int_equal(authority_release_make(fx.release, fx.hpke_pub, &h,
						image, PLAIN_LEN, &file, &len),
			 E_ARG);
	memset(image + at, 0xff, 8);
	assert_int_equal(authority_release_make(fx.release, fx.hpke_pub, &h,
						image, PLAIN_LEN, &file, &len),
			 0);
	assert_int_equal(authority_release_open(fx.hpke, fx.release_pub, file,
						len, &h, digest, &plain, &n),
			 0);
	assert_memory_equal(plain, image, PLAIN_LEN);
	assert_int_equal(authority_release_check(fx.release_pub, file, len, &f,
						 &h, digest),
			 0);
	/* the release digest does not know the number, the chip's does */
	assert_int_equal(authority_release_encrypt(&h, digest, key, plain,
						   &chunks, &chunks_len),
			 0);
	assert_int_equal(authority_installed_digest(&h, digest, key, chunks,
						    chunks_len, "L-42", want),
			 0);
	memcpy(image + at, "L-42\0\0\0\0", 8);
	assert_int_equal(authority_image_digest(h.fw.segments,
						h.fw.segment_count, image,
						other),
			 0);
	assert_memory_equal(want, other, DIGEST_LEN);
	assert_int_equal(authority_release_digest(&h, image, other), 0);
	assert_memory_equal(h.fw.digest, other, DIGEST_LEN);
	image[at + 8] ^= 1; /* the byte behind it */
	assert_int_equal(authority_release_digest(&h, image, other), 0);
	assert_memory_not_equal(h.fw.digest, other, DIGEST_LEN);
	assert_int_equal(release_signed_part(&h, &fw), 0);
	assert_int_equal(fw.segment_count, h.fw.segment_count + 1);
	assert_int_equal(authority_installed_digest(&h, digest, key, chunks,
						    chunks_len, "L-4200000",
						    want),
			 E_RANGE);
	chunks[5] ^= 1;
	assert_int_equal(authority_installed_digest(&h, digest, key, chunks,
						    chunks_len, "L-42", want),
			 E_DECRYPT);
	assert_int_equal(authority_installed_digest(&h, digest, key, chunks,
						    chunks_len - 1, "L-42",
						    want),
			 E_ARG);
	free(chunks);
	free(plain);
	free(file);
	free(image);
}

static void test_release_refusals(void **state)
{
	uint8_t *copy = malloc(fx.file_len);
	struct release_header h;
	uint8_t digest[DIGEST_LEN];
	uint8_t *plain;
	size_t n;

	(void)state;
	assert_non_null(copy);
	memcpy(copy, fx.file, fx.file_len);
	check_lengths(open_file, copy, fx.file_len);
	/* Every seventh byte: signatures, keys and firmware alike. */
	for (size_t i = 0; i < fx.file_len; i += 7) {
		copy[i] ^= 1;
		assert_int_not_equal(open_file(copy, fx.file_len), 0);
		copy[i] ^= 1;
	}
	assert_int_equal(open_file(copy, fx.file_len), 0);
	free(copy);
	assert_int_equal(authority_release_open(fx.other, fx.release_pub,
						fx.file, fx.file_len, &h,
						digest, &plain, &n),
			 E_DECRYPT);
	assert_int_equal(authority_release_open(fx.hpke, fx.device_pub, fx.file,
						fx.file_len, &h, digest, &plain,
						&n),
			 E_KEY);
}

/* Parts of two good files by the same key do not make a third. */
static void test_release_mixed(void **state)
{
	struct release_header h = header();
	struct release_file a, b, mixed;
	uint8_t digest[DIGEST_LEN];
	uint8_t other_plain[PLAIN_LEN] = { 1 };
	uint8_t *other, *buf;
	size_t other_len, n;

	(void)state;
	assert_int_equal(authority_release_make(fx.release, fx.hpke_pub, &h,
						other_plain, PLAIN_LEN, &other,
						&other_len),
			 0);
	buf = malloc(fx.file_len + 64);
	assert_non_null(buf);
	assert_int_equal(authority_release_check(fx.release_pub, fx.file,
						 fx.file_len, &a, &h, digest),
			 0);
	assert_int_equal(authority_release_check(fx.release_pub, other,
						 other_len, &b, &h, digest),
			 0);
	mixed = a;
	mixed.firmware = b.firmware;
	mixed.firmware_len = b.firmware_len;
	assert_int_equal(release_file_encode(&mixed, buf, fx.file_len + 64, &n),
			 0);
	assert_int_equal(open_file(buf, n), E_SIGNATURE);
	mixed = a;
	mixed.sealed = b.sealed;
	memcpy(mixed.enc, b.enc, sizeof(b.enc));
	assert_int_equal(release_file_encode(&mixed, buf, fx.file_len + 64, &n),
			 0);
	assert_int_equal(open_file(buf, n), E_DECRYPT);
	/* header and firmware signature exchanged */
	mixed = a;
	mixed.header = a.firmware;
	mixed.header_len = a.firmware_len;
	assert_int_equal(release_file_encode(&mixed, buf, fx.file_len + 64, &n),
			 0);
	assert_int_equal(open_file(buf, n), E_SIGNATURE);
	free(buf);
	free(other);
}

static void test_make_refusals(void **state)
{
	struct release_header h = header();
	uint8_t *file;
	size_t n;

	(void)state;
	assert_int_equal(authority_release_make(fx.release, fx.hpke_pub, &h,
						fx.plain, PLAIN_LEN - 1, &file,
						&n),
			 E_ARG);
	/* sums that wrap around must not be believed */
	h.fw.segments[0] = (struct segment){ 0, 0xffffffff };
	h.fw.segments[1] = (struct segment){ 0xffffffff, PLAIN_LEN + 1 };
	assert_int_not_equal(authority_release_make(fx.release, fx.hpke_pub, &h,
						    fx.plain, PLAIN_LEN, &file,
						    &n),
			     0);
	h = header();
	h.fw.segment_count = 200;
	assert_int_not_equal(authority_release_make(fx.release, fx.hpke_pub, &h,
						    fx.plain, PLAIN_LEN, &file,
						    &n),
			     0);
	h = header();
	assert_int_equal(authority_release_make(fx.hpke, fx.hpke_pub, &h,
						fx.plain, PLAIN_LEN, &file, &n),
			 E_KEY);
}

/* Opens the stream as a flasher does, chunk by chunk. */
static void test_chunk_stream(void **state)
{
	struct release_header h = header();
	uint8_t digest[DIGEST_LEN], key[AEAD_KEY_LEN] = { 5 };
	uint8_t nonce[AEAD_NONCE_LEN], aad[CHUNK_AAD_LEN], out[1024];
	uint8_t *chunks;
	const uint8_t *p;
	size_t len, at = 0;

	(void)state;
	memset(digest, 0xd1, sizeof(digest));
	assert_int_equal(authority_release_encrypt(&h, digest, key, fx.plain,
						   &chunks, &len),
			 0);
	assert_int_equal(len, PLAIN_LEN + 3 * AEAD_TAG_LEN);
	p = chunks;
	for (uint32_t i = 0; i < 3; i++) {
		size_t n = release_chunk_len(&h, i) + AEAD_TAG_LEN;

		release_chunk_nonce(i, nonce);
		release_chunk_aad(digest, i, i == 2, aad);
		assert_int_equal(crypto_aead_open(key, nonce, aad, sizeof(aad),
						  p, n, out),
				 0);
		assert_memory_equal(out, fx.plain + at, n - AEAD_TAG_LEN);
		/* not as the last (or not the last) one, not elsewhere */
		release_chunk_aad(digest, i, i != 2, aad);
		assert_int_equal(crypto_aead_open(key, nonce, aad, sizeof(aad),
						  p, n, out),
				 E_DECRYPT);
		release_chunk_nonce(i + 1, nonce);
		release_chunk_aad(digest, i, i == 2, aad);
		assert_int_equal(crypto_aead_open(key, nonce, aad, sizeof(aad),
						  p, n, out),
				 E_DECRYPT);
		at += n - AEAD_TAG_LEN;
		p += n;
	}
	free(chunks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_credential),
		cmocka_unit_test(test_labels_and_keys),
		cmocka_unit_test(test_image_digest),
		cmocka_unit_test(test_release_opens),
		cmocka_unit_test(test_serial_place),
		cmocka_unit_test(test_release_refusals),
		cmocka_unit_test(test_release_mixed),
		cmocka_unit_test(test_make_refusals),
		cmocka_unit_test(test_chunk_stream),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
