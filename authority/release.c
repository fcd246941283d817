/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "authority/authority.h"
#include "base/ct.h"
#include "base/rw.h"

_Static_assert(KEY_ID_LEN == 8 && SHA256_LEN == DIGEST_LEN,
	       "wire and crypto agree on sizes");

static int hash_segment(struct crypto_sha256 *h, const struct segment *s,
			const uint8_t *bytes)
{
	uint8_t head[8];
	struct wr w;
	int err;

	wr_init(&w, head, sizeof(head));
	wr_u32(&w, s->address);
	wr_u32(&w, s->len);
	err = crypto_sha256_update(h, head, sizeof(head));
	return err ? err : crypto_sha256_update(h, bytes, s->len);
}

int authority_image_digest(const struct segment *segs, size_t count,
			   const uint8_t *plain, uint8_t out[DIGEST_LEN])
{
	struct crypto_sha256 *h;
	int err = crypto_sha256_new(&h);

	if (err)
		return err;
	err = crypto_sha256_update(h, LABEL_IMAGE, sizeof(LABEL_IMAGE) - 1);
	for (size_t i = 0; !err && i < count; i++) {
		err = hash_segment(h, &segs[i], plain);
		plain += segs[i].len;
	}
	if (err) {
		crypto_sha256_free(h);
		return err;
	}
	return crypto_sha256_final(h, out);
}

int authority_release_digest(const struct release_header *h,
			     const uint8_t *plain, uint8_t out[DIGEST_LEN])
{
	struct firmware_info fw;
	struct crypto_sha256 *hash;
	int err = release_signed_part(h, &fw);

	if (!err)
		err = crypto_sha256_new(&hash);
	if (err)
		return err;
	err = crypto_sha256_update(hash, LABEL_IMAGE, sizeof(LABEL_IMAGE) - 1);
	for (size_t i = 0; !err && i < fw.segment_count; i++) {
		const struct segment *s = &fw.segments[i];

		err = hash_segment(hash, s,
				   plain + release_plain_offset(h, s->address));
	}
	if (err) {
		crypto_sha256_free(hash);
		return err;
	}
	return crypto_sha256_final(hash, out);
}

/* No signature is of the serial number's place: nothing may hide there. */
static bool place_blank(const struct release_header *h, const uint8_t *plain)
{
	const uint8_t *p;

	if (h->serial.form == SERIAL_NONE)
		return true;
	p = plain + release_plain_offset(h, h->serial.address);
	for (uint8_t i = 0; i < h->serial.len; i++)
		if (p[i] != 0xff)
			return false;
	return true;
}

static int sign_header(const struct crypto_key *key,
		       const struct release_header *h, uint8_t *out, size_t cap,
		       size_t *out_len)
{
	uint8_t payload[RELEASE_HEADER_MAX];
	size_t len;
	int err = release_header_encode(h, payload, sizeof(payload), &len);

	if (err)
		return err;
	return authority_sign1(key, LABEL_RELEASE, payload, len, out, cap,
			       out_len);
}

static int sign_firmware(const struct crypto_key *key,
			 const struct firmware_info *f, uint8_t *out,
			 size_t cap, size_t *out_len)
{
	uint8_t payload[FIRMWARE_SIG_MAX];
	size_t len;
	int err = firmware_info_encode(f, payload, sizeof(payload), &len);

	if (err)
		return err;
	return authority_sign1(key, LABEL_FIRMWARE, payload, len, out, cap,
			       out_len);
}

static int seal_plain(const uint8_t hpke_pub[X25519_LEN], const uint8_t *header,
		      size_t header_len, const uint8_t *plain, size_t len,
		      uint8_t enc[X25519_LEN], uint8_t **out)
{
	uint8_t digest[DIGEST_LEN];
	uint8_t *sealed = malloc(len + AEAD_TAG_LEN);
	int err;

	if (!sealed)
		return E_NOMEM;
	err = crypto_sha256(header, header_len, digest);
	if (!err)
		err = crypto_hpke_seal(hpke_pub, LABEL_HPKE_RELEASE,
				       sizeof(LABEL_HPKE_RELEASE) - 1, digest,
				       sizeof(digest), plain, len, enc, sealed);
	if (err)
		free(sealed);
	else
		*out = sealed;
	return err;
}

static int encode_file(const struct release_file *f, uint8_t **out,
		       size_t *out_len)
{
	enum { HEADS_MAX = 64 }; /* format name and CBOR heads */
	size_t cap = f->header_len + f->firmware_len + sizeof(f->enc) +
		     f->sealed_len + HEADS_MAX;
	uint8_t *buf = malloc(cap);
	int err;

	if (!buf)
		return E_NOMEM;
	err = release_file_encode(f, buf, cap, out_len);
	if (err)
		free(buf);
	else
		*out = buf;
	return err;
}

int authority_release_make(const struct crypto_key *release_key,
			   const uint8_t hpke_pub[X25519_LEN],
			   const struct release_header *h, const uint8_t *plain,
			   size_t len, uint8_t **out, size_t *out_len)
{
	uint8_t header[RELEASE_HEADER_MAX];
	uint8_t firmware[FIRMWARE_SIG_MAX];
	struct release_header made = *h;
	struct firmware_info fw;
	struct release_file f = { .header = header, .firmware = firmware };
	uint8_t *sealed = NULL;
	int err;

	/* Says whether the segments are sane, before their sum is believed. */
	err = release_header_encode(h, header, sizeof(header), &f.header_len);
	if (!err && (release_plain_len(h) != len || !place_blank(h, plain)))
		err = E_ARG;
	if (!err)
		err = authority_release_digest(h, plain, made.fw.digest);
	if (!err)
		err = release_signed_part(&made, &fw);
	if (!err)
		err = sign_header(release_key, &made, header, sizeof(header),
				  &f.header_len);
	if (!err)
		err = sign_firmware(release_key, &fw, firmware,
				    sizeof(firmware), &f.firmware_len);
	if (!err)
		err = seal_plain(hpke_pub, header, f.header_len, plain, len,
				 f.enc, &sealed);
	if (err)
		return err;
	f.sealed = sealed;
	f.sealed_len = len + AEAD_TAG_LEN;
	err = encode_file(&f, out, out_len);
	free(sealed);
	return err;
}

/* The firmware signature must be about the very image of the header; there is
 * one encoding, so equal bytes are equal meaning. */
static int check_firmware(const uint8_t release_pub[P256_PUB_LEN],
			  const struct release_file *f,
			  const struct firmware_info *want)
{
	uint8_t expected[FIRMWARE_SIG_MAX];
	const uint8_t *payload;
	size_t len;
	size_t expected_len;
	int err;

	err = authority_check1(release_pub, LABEL_FIRMWARE, f->firmware,
			       f->firmware_len, &payload, &len);
	if (!err)
		err = firmware_info_encode(want, expected, sizeof(expected),
					   &expected_len);
	if (!err &&
	    (len != expected_len || memcmp(payload, expected, len) != 0))
		err = E_SIGNATURE;
	return err;
}

int authority_release_check(const uint8_t release_pub[P256_PUB_LEN],
			    const uint8_t *file, size_t file_len,
			    struct release_file *out_file,
			    struct release_header *out_header,
			    uint8_t out_header_digest[DIGEST_LEN])
{
	struct release_header h = { 0 };
	struct firmware_info fw;
	struct release_file f;
	uint8_t digest[DIGEST_LEN];
	const uint8_t *payload;
	size_t len;
	int err = release_file_decode(file, file_len, &f);

	if (!err)
		err = authority_check1(release_pub, LABEL_RELEASE, f.header,
				       f.header_len, &payload, &len);
	if (!err)
		err = release_header_decode(payload, len, &h);
	if (!err)
		err = release_signed_part(&h, &fw);
	if (!err)
		err = check_firmware(release_pub, &f, &fw);
	if (!err && f.sealed_len != release_plain_len(&h) + AEAD_TAG_LEN)
		err = E_SYNTAX;
	if (!err)
		err = crypto_sha256(f.header, f.header_len, digest);
	if (err)
		return err;
	*out_file = f;
	*out_header = h;
	memcpy(out_header_digest, digest, sizeof(digest));
	return 0;
}

/* Opens the seal and holds the bytes against the signed digest. */
static int open_plain(const struct crypto_key *hpke_key,
		      const struct release_file *f,
		      const struct release_header *h,
		      const uint8_t header_digest[DIGEST_LEN], uint8_t *plain)
{
	uint8_t digest[DIGEST_LEN];
	int err;

	err = crypto_hpke_open(hpke_key, f->enc, LABEL_HPKE_RELEASE,
			       sizeof(LABEL_HPKE_RELEASE) - 1, header_digest,
			       DIGEST_LEN, f->sealed, f->sealed_len, plain);
	if (!err)
		err = authority_release_digest(h, plain, digest);
	if (!err && (!ct_equal(digest, h->fw.digest, sizeof(digest)) ||
		     !place_blank(h, plain)))
		err = E_SIGNATURE;
	return err;
}

int authority_release_open(const struct crypto_key *hpke_key,
			   const uint8_t release_pub[P256_PUB_LEN],
			   const uint8_t *file, size_t file_len,
			   struct release_header *out_header,
			   uint8_t out_header_digest[DIGEST_LEN],
			   uint8_t **out_plain, size_t *out_len)
{
	struct release_header h;
	struct release_file f;
	uint8_t digest[DIGEST_LEN];
	uint8_t *plain;
	size_t len;
	int err;

	err = authority_release_check(release_pub, file, file_len, &f, &h,
				      digest);
	if (err)
		return err;
	len = release_plain_len(&h);
	plain = malloc(len);
	if (!plain)
		return E_NOMEM;
	err = open_plain(hpke_key, &f, &h, digest, plain);
	if (err) {
		ct_wipe(plain, len);
		free(plain);
		return err;
	}
	*out_header = h;
	memcpy(out_header_digest, digest, sizeof(digest));
	*out_plain = plain;
	*out_len = len;
	return 0;
}

int authority_release_encrypt(const struct release_header *h,
			      const uint8_t header_digest[DIGEST_LEN],
			      const uint8_t content_key[AEAD_KEY_LEN],
			      const uint8_t *plain, uint8_t **out,
			      size_t *out_len)
{
	uint32_t count = release_chunk_count(h);
	size_t total = release_plain_len(h) + (size_t)count * AEAD_TAG_LEN;
	uint8_t *chunks = malloc(total);
	uint8_t *p = chunks;
	uint8_t nonce[AEAD_NONCE_LEN];
	uint8_t aad[CHUNK_AAD_LEN];
	int err = 0;

	if (!chunks)
		return E_NOMEM;
	for (uint32_t i = 0; !err && i < count; i++) {
		uint32_t len = release_chunk_len(h, i);

		release_chunk_nonce(i, nonce);
		release_chunk_aad(header_digest, i, i + 1 == count, aad);
		err = crypto_aead_seal(content_key, nonce, aad, sizeof(aad),
				       plain, len, p);
		plain += len;
		p += len + AEAD_TAG_LEN;
	}
	if (err) {
		free(chunks);
		return err;
	}
	*out = chunks;
	*out_len = total;
	return 0;
}
