/* SPDX-License-Identifier: MIT */
/*
 * docs/protocol.md says what the code does: labels and numbers are those of
 * wire/, the fields stand in the order that the page lists them, and every
 * vector of the page is what the code makes of the fixed keys.
 *
 *	test_protocol_doc            compares
 *	test_protocol_doc --print    prints the page's vectors anew
 *
 * ECDSA signatures differ each time, so those of the page are checked and then
 * used; all else is computed and compared byte for byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "authority/authority.h"
#include "base/cbor.h"
#include "crypto/internal.h"
#include "seal/link.h"
#include "tests/lib/page.h"
#include "wire/cose.h"
#include "wire/layout.h"
#include "wire/record.h"

#define CONSTANTS "wire/const.h"

/* ---- tables ------------------------------------------------------------ */

/* Every label of wire/const.h has its row, word for word. */
static void test_labels(void **state)
{
	char *header = page_text(CONSTANTS);
	const char *p = header;
	int found = 0;

	(void)state;
	while ((p = strstr(p, "#define LABEL_"))) {
		char name[64], value[64], row[256];

		assert_int_equal(
			sscanf(p, "#define %63s \"%63[^\"]\"", name, value), 2);
		snprintf(row, sizeof(row), "| `%s` | `%s` |", name, value);
		if (!strstr(page, row))
			fail_msg("%s has no row: %s", PAGE, row);
		found++;
		p++;
	}
	assert_true(found >= 7);
	free(header);
}

#define VALUE(name)         \
	{                   \
#name, name \
	}
#define X(sym, num, text) { text, num },
static const struct {
	const char *name;
	long value;
} values[] = { VALUE(NAME_CAP),
	       VALUE(UID_MAX),
	       VALUE(SERIAL_CAP),
	       VALUE(DIGEST_LEN),
	       VALUE(CREDENTIAL_MAX),
	       VALUE(FIRMWARE_SIG_MAX),
	       VALUE(RELEASE_HEADER_MAX),
	       VALUE(SEGMENTS_MAX),
	       VALUE(OPTIONS_MAX),
	       VALUE(CHUNK_LEN),
	       VALUE(CHUNK_LEN_MIN),
	       VALUE(CHUNK_LEN_MAX),
	       VALUE(IMAGE_MAX),
	       VALUE(RESERVED_LEN),
	       VALUE(RECORD_MAGIC),
	       VALUE(RECORD_FIRMWARE),
	       VALUE(RECORD_CREDENTIAL),
	       VALUE(RECORD_FIRMWARE_OFFSET),
	       VALUE(RECORD_FIRMWARE_CAP),
	       VALUE(RECORD_CREDENTIAL_OFFSET),
	       VALUE(RECORD_CREDENTIAL_CAP),
	       VALUE(SEALED_CHUNK_MAX),
	       VALUE(LOADER_LEN),
	       VALUE(LINK_SYNC),
	       VALUE(LINK_BODY_MAX),
	       VALUE(LINK_RETRIES),
	       VALUE(LINK_REPEATS),
	       VALUE(LINK_HELLO),
	       VALUE(LINK_MSG2),
	       VALUE(LINK_DATA),
	       VALUE(LINK_COMMIT),
	       VALUE(LINK_ASK),
	       VALUE(LINK_READY),
	       VALUE(LINK_MSG1),
	       VALUE(LINK_WANT),
	       VALUE(LINK_REPORT),
	       VALUE(LINK_DONE),
	       VALUE(LINK_FAULT),
	       VALUE(LINK_FAULT_OPEN),
	       VALUE(LINK_FAULT_RANDOM),
	       VALUE(LINK_FAULT_FLASH),
	       VALUE(LINK_FAULT_LAYOUT),
	       VALUE(LINK_FAULT_CRYPTO),
	       FAMILY_LIST(X) PROOF_LIST(X) };
#undef X

enum { VALUES = sizeof(values) / sizeof(values[0]) };

static long expected_value(const char *name)
{
	for (size_t i = 0; i < VALUES; i++)
		if (!strcmp(values[i].name, name))
			return values[i].value;
	fail_msg("%s names `%s`, which the code does not have", PAGE, name);
	return 0;
}

/* Rows "| `NAME` | NUMBER |": each is right, and none is missing. */
static void test_numbers(void **state)
{
	char row[128], name[64];
	const char *p = page;

	(void)state;
	while ((p = strstr(p, "\n| `"))) {
		long v;

		p++;
		if (sscanf(p, "| `%63[^`]` | %li |", name, &v) != 2)
			continue;
		if (v != expected_value(name))
			fail_msg("%s says %s = %ld", PAGE, name, v);
	}
	for (size_t i = 0; i < VALUES; i++) {
		snprintf(row, sizeof(row), "\n| `%s` | ", values[i].name);
		if (!strstr(page, row))
			fail_msg("%s has no row for %s", PAGE, values[i].name);
	}
}

/* ---- vectors ----------------------------------------------------------- */

static const char device_pem[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/3KdVv9WyuHshS4N\n"
	"2iUUUiyakul1w8r0SfZdFiYhy6uhRANCAARk0LpAKDv88/wxIARWyt/wWBzKXeBx\n"
	"LX5MXe2+8CqQn9vRsnaPCrVe3yDxlYNUZ6V4uRkRI5WmTeKqiHxX7zRR\n"
	"-----END PRIVATE KEY-----\n";
static const char release_pem[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgVDBKrqNNfC0ufDJL\n"
	"yygHx4b7GEwCgrHjR1MzeXaHJXqhRANCAARmIU5fLv+tXhJ+teoxLF/plYTOORHa\n"
	"PQsNkleoPQlo1WvKa9U/LL/ADVP0zi8yU6rHLln+jkxO33YYpuM15Vja\n"
	"-----END PRIVATE KEY-----\n";

struct p256 {
	struct crypto_key *key;
	uint8_t pub[P256_PUB_LEN];
	uint8_t id[KEY_ID_LEN];
};

static void p256_vectors(const char *name, const char *pem, struct p256 *k)
{
	uint8_t scalar[32], want[32];
	BIGNUM *d = NULL;
	char label[64];
	size_t n;

	assert_int_equal(crypto_key_import(pem, NULL, &k->key), 0);
	assert_int_equal(EVP_PKEY_get_bn_param(crypto_key_native(k->key),
					       OSSL_PKEY_PARAM_PRIV_KEY, &d),
			 1);
	assert_int_equal(BN_bn2binpad(d, scalar, 32), 32);
	BN_free(d);
	snprintf(label, sizeof(label), "%s key", name);
	page_seed(label, want);
	assert_memory_equal(scalar, want, sizeof(want));
	assert_int_equal(crypto_key_public(k->key, k->pub, sizeof(k->pub), &n),
			 0);
	assert_int_equal(crypto_key_id(k->pub, n, k->id), 0);
	snprintf(label, sizeof(label), "%s-private", name);
	page_emit(label, scalar, sizeof(scalar));
	snprintf(label, sizeof(label), "%s-public", name);
	page_emit(label, k->pub, sizeof(k->pub));
	snprintf(label, sizeof(label), "%s-id", name);
	page_emit(label, k->id, sizeof(k->id));
}

static struct crypto_key *x25519(const char *what)
{
	struct crypto_key *k = NULL;
	uint8_t raw[32];

	page_seed(what, raw);
	assert_int_equal(key_wrap(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519,
							       NULL, raw, 32),
				  &k),
			 0);
	return k;
}

static void raw_vectors(const char *what, const char *private_name,
			struct crypto_key *k, const char *public_name,
			uint8_t pub[X25519_LEN])
{
	uint8_t raw[32];
	size_t n;

	page_seed(what, raw);
	page_emit(private_name, raw, sizeof(raw));
	assert_int_equal(crypto_key_public(k, pub, X25519_LEN, &n), 0);
	page_emit(public_name, pub, n);
}

/* A COSE_Sign1 around payload with the page's signature, or a new one. */
static size_t signed_vector(const char *name, const struct p256 *k,
			    const char *label, const uint8_t *payload,
			    size_t len, uint8_t out[1024])
{
	struct cose_sign1 s = { .payload = payload, .payload_len = len };
	uint8_t tbs[1024], old[1024];
	char tbs_name[64];
	size_t tbs_len, n;

	assert_int_equal(cose_to_be_signed(label, payload, len, tbs,
					   sizeof(tbs), &tbs_len),
			 0);
	snprintf(tbs_name, sizeof(tbs_name), "%s-tbs", name);
	page_emit(tbs_name, tbs, tbs_len);
	if (printing) {
		assert_int_equal(crypto_es256_sign(k->key, tbs, tbs_len, s.sig),
				 0);
	} else {
		n = page_vector(name, old, sizeof(old));
		assert_true(n > COSE_SIG_LEN);
		memcpy(s.sig, old + n - COSE_SIG_LEN, COSE_SIG_LEN);
		assert_int_equal(
			crypto_es256_verify(k->pub, tbs, tbs_len, s.sig), 0);
	}
	memcpy(s.kid, k->id, sizeof(s.kid));
	assert_int_equal(cose_encode(&s, out, 1024, &n), 0);
	page_emit(name, out, n);
	return n;
}

enum { PLAIN_LEN = 108 };

static struct release_header header(void)
{
	return (struct release_header){
		.fw = { .product = "pump",
			.version = "1.0",
			.rollback = 3,
			.segment_count = 2,
			.segments = { { 0x08000000, 100 },
				      { 0x08001000, 8 } } },
		.chunk_len = 64,
		.family = FAMILY_STM32L4,
		.protection = 1,
		.option_count = 1,
		.options = { { 0x40022020, 0xff, 0xbb } },
	};
}

static void credential_vectors(const struct p256 *device,
			       const uint8_t digest[DIGEST_LEN])
{
	struct credential c = {
		.product = "pump",
		.order = "order-7",
		.serial = "SN-0001",
		.grant = 42,
		.issued = 1767225600,
		.uid = { 0x29, 0x00, 0x4a, 0x00, 0x11, 0x50, 0x33, 0x58, 0x4b,
			 0x37, 0x31, 0x20 },
		.uid_len = 12,
		.family = FAMILY_STM32L4,
		.proof = PROOF_NONE,
	};
	uint8_t claims[512], cose[1024], record[512];
	const uint8_t *payload;
	size_t n, len;

	memcpy(c.digest, digest, DIGEST_LEN);
	assert_int_equal(credential_encode(&c, claims, sizeof(claims), &n), 0);
	page_emit("credential-claims", claims, n);
	n = signed_vector("credential", device, LABEL_CREDENTIAL, claims, n,
			  cose);
	assert_int_equal(authority_check1(device->pub, LABEL_CREDENTIAL, cose,
					  n, &payload, &len),
			 0);
	assert_int_equal(record_encode(RECORD_CREDENTIAL, cose, n, record,
				       sizeof(record), &n),
			 0);
	page_emit("credential-record", record, n);
}

static void chunk_vectors(const struct release_header *h,
			  const uint8_t header_digest[DIGEST_LEN],
			  const uint8_t *plain)
{
	uint8_t key[AEAD_KEY_LEN], nonce[AEAD_NONCE_LEN], aad[CHUNK_AAD_LEN];
	uint8_t *chunks;
	size_t len;

	page_seed("content key", key);
	page_emit("content-key", key, sizeof(key));
	for (uint32_t i = 0; i < 2; i++) {
		char name[32];

		release_chunk_nonce(i, nonce);
		release_chunk_aad(header_digest, i, i == 1, aad);
		snprintf(name, sizeof(name), "chunk-%u-nonce", i);
		page_emit(name, nonce, sizeof(nonce));
		snprintf(name, sizeof(name), "chunk-%u-aad", i);
		page_emit(name, aad, sizeof(aad));
	}
	assert_int_equal(authority_release_encrypt(h, header_digest, key, plain,
						   &chunks, &len),
			 0);
	page_emit("chunks", chunks, len);
	free(chunks);
}

static void content_key_vectors(const struct crypto_key *ephemeral,
				const uint8_t pub[X25519_LEN],
				const uint8_t header_digest[DIGEST_LEN])
{
	uint8_t key[AEAD_KEY_LEN], aad[KEY_AAD_MAX];
	uint8_t enc[X25519_LEN], sealed[AEAD_KEY_LEN + AEAD_TAG_LEN];
	size_t n = release_key_aad("order-7", header_digest, aad);

	page_seed("content key", key);
	page_emit("content-key-aad", aad, n);
	assert_int_equal(hpke_seal_with(ephemeral, pub, LABEL_HPKE_CONTENT_KEY,
					strlen(LABEL_HPKE_CONTENT_KEY), aad, n,
					key, sizeof(key), enc, sealed),
			 0);
	page_emit("content-key-sealed", sealed, sizeof(sealed));
}

static void release_vectors(const struct p256 *release,
			    const struct release_header *h,
			    const uint8_t *plain)
{
	struct crypto_key *hpke = x25519("hpke key");
	struct crypto_key *ephemeral = x25519("hpke ephemeral");
	uint8_t payload[512], head[1024], firmware[1024], file[4096];
	uint8_t digest[DIGEST_LEN], pub[X25519_LEN], enc[X25519_LEN];
	uint8_t sealed[PLAIN_LEN + AEAD_TAG_LEN];
	struct release_file f = { .header = head,
				  .firmware = firmware,
				  .sealed = sealed,
				  .sealed_len = sizeof(sealed) };
	struct release_header opened;
	uint8_t *out;
	size_t n;

	assert_int_equal(
		firmware_info_encode(&h->fw, payload, sizeof(payload), &n), 0);
	page_emit("firmware-payload", payload, n);
	f.firmware_len = signed_vector("firmware", release, LABEL_FIRMWARE,
				       payload, n, firmware);
	assert_int_equal(release_header_encode(h, payload, sizeof(payload), &n),
			 0);
	page_emit("release-header-payload", payload, n);
	f.header_len = signed_vector("release-header", release, LABEL_RELEASE,
				     payload, n, head);
	assert_int_equal(crypto_sha256(head, f.header_len, digest), 0);
	page_emit("release-header-digest", digest, sizeof(digest));
	raw_vectors("hpke key", "hpke-private", hpke, "hpke-public", pub);
	raw_vectors("hpke ephemeral", "hpke-ephemeral-private", ephemeral,
		    "hpke-enc", enc);
	assert_int_equal(hpke_seal_with(ephemeral, pub, LABEL_HPKE_RELEASE,
					strlen(LABEL_HPKE_RELEASE), digest,
					sizeof(digest), plain, PLAIN_LEN, f.enc,
					sealed),
			 0);
	page_emit("release-sealed", sealed, sizeof(sealed));
	assert_int_equal(release_file_encode(&f, file, sizeof(file), &n), 0);
	page_emit("release-file", file, n);
	/* and the way back, as the signer goes it */
	assert_int_equal(authority_release_open(hpke, release->pub, file, n,
						&opened, digest, &out, &n),
			 0);
	assert_memory_equal(out, plain, PLAIN_LEN);
	free(out);
	chunk_vectors(h, digest, plain);
	content_key_vectors(ephemeral, pub, digest);
	crypto_key_free(hpke);
	crypto_key_free(ephemeral);
}

static void test_vectors(void **state)
{
	struct release_header h = header();
	struct p256 device, release;
	uint8_t plain[PLAIN_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t)i;
	p256_vectors("device", device_pem, &device);
	p256_vectors("release", release_pem, &release);
	assert_int_equal(
		authority_image_digest(h.fw.segments, 2, plain, h.fw.digest),
		0);
	page_emit("image-digest", h.fw.digest, DIGEST_LEN);
	credential_vectors(&device, h.fw.digest);
	release_vectors(&release, &h, plain);
	crypto_key_free(device.key);
	crypto_key_free(release.key);
}

/* ---- order of fields --------------------------------------------------- */

static void skip_item(struct rd *r)
{
	size_t n;

	switch (cbor_rd_peek(r)) {
	case CBOR_BYTES:
		cbor_rd_bytes(r, r->left, &n);
		break;
	case CBOR_TEXT: {
		char text[64];

		cbor_rd_text(r, text, sizeof(text));
		break;
	}
	case CBOR_ARRAY:
		for (n = cbor_rd_array(r, r->left); n && !r->err; n--)
			skip_item(r);
		break;
	default:
		cbor_rd_int(r);
	}
}

/* The rows "| NUMBER | ..." below heading are the map keys of the vector. */
static void check_fields(const char *heading, const char *vector)
{
	struct cbor_keys keys = CBOR_KEYS_INIT;
	uint8_t buf[1024];
	char line[96];
	const char *p;
	struct rd r;
	size_t n;

	snprintf(line, sizeof(line), "\n### %s\n", heading);
	p = strstr(page, line);
	if (!p) {
		fail_msg("%s has no \"%s\"", PAGE, heading);
		return;
	}
	p = strstr(p, "\n|---");
	assert_non_null(p);
	rd_init(&r, buf, page_vector(vector, buf, sizeof(buf)));
	for (n = cbor_rd_map(&r, 100); n; n--) {
		long said = 0;
		int64_t key = cbor_rd_key(&r, &keys);

		p = strchr(p + 1, '\n');
		assert_non_null(p);
		if (sscanf(p + 1, "| %ld |", &said) != 1 || said != key)
			fail_msg("%s: %s: %ld stands where the code has %ld",
				 PAGE, heading, said, (long)key);
		skip_item(&r);
	}
	assert_int_equal(rd_end(&r), 0);
	p = strchr(p + 1, '\n');
	if (p && p[1] == '|')
		fail_msg("%s: %s lists more than the code has", PAGE, heading);
}

static void test_fields(void **state)
{
	(void)state;
	check_fields("Claims", "credential-claims");
	check_fields("Payload of the firmware signature", "firmware-payload");
	check_fields("Payload of the header", "release-header-payload");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_fields),
	};
	const struct CMUnitTest print[] = { cmocka_unit_test(test_vectors) };
	int failed;

	if (argc > 1 && !strcmp(argv[1], "--print")) {
		printing = 1;
		return cmocka_run_group_tests(print, NULL, NULL);
	}
	page = page_text(PAGE);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(page);
	return failed;
}
