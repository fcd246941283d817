/* SPDX-License-Identifier: MIT */
/* The signer's work on releases and on the content keys of orders. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authority/authority.h"
#include "base/ct.h"
#include "base/rw.h"
#include "chip/chip.h"
#include "server/signer_local_int.h"
#include "wire/layout.h"
#include "wire/name.h"

/* The image of a sealed release begins with the family's stack pointer and the
 * stub's address; what stood there is in the header.  Or it begins behind what
 * the lock freezes, as it was linked.  It ends below the loader. */
static int sealed_layout_check(const struct release_header *h,
			       const uint8_t *plain)
{
	const struct chip *c = chip_of_release(h);
	const struct segment *first = &h->fw.segments[0];
	uint32_t top;
	uint8_t boot[CHIP_BOOT_MAX];
	size_t boot_len;

	if (!c || c->witness_count == 0)
		return E_UNSUPPORTED;
	top = c->flash_base + c->flash_len - RESERVED_LEN;
	boot_len = chip_boot(c, boot);
	if (first->address != c->flash_base + c->frozen ||
	    first->len < boot_len)
		return E_RANGE;
	for (size_t i = 0; i < h->fw.segment_count; i++)
		if (h->fw.segments[i].address + h->fw.segments[i].len >
		    top + LOADER_OFFSET)
			return E_RANGE;
	if (c->frozen)
		return 0;
	return memcmp(plain, boot, boot_len) == 0 ? 0 : E_RANGE;
}

int signer_release_check(void *self, const uint8_t release_pub[65],
			 const uint8_t *file, size_t len,
			 struct release_header *out,
			 uint8_t out_header_digest[DIGEST_LEN])
{
	struct signer_local *s = self;
	uint8_t *plain = NULL;
	size_t plain_len = 0;
	int err;

	err = authority_release_open(s->hpke_key, release_pub, file, len, out,
				     out_header_digest, &plain, &plain_len);
	if (!err && out->sealed)
		err = sealed_layout_check(out, plain);
	if (plain)
		ct_wipe(plain, plain_len);
	free(plain);
	return err;
}

static int wrap(const struct signer_local *s, const char *order,
		const uint8_t digest[DIGEST_LEN],
		const uint8_t key[AEAD_KEY_LEN], uint8_t out[WRAPPED_KEY_LEN])
{
	uint8_t aad[KEY_AAD_MAX];

	return crypto_hpke_seal(s->hpke_pub, LABEL_HPKE_STORED_KEY,
				sizeof(LABEL_HPKE_STORED_KEY) - 1, aad,
				release_key_aad(order, digest, aad), key,
				AEAD_KEY_LEN, out, out + X25519_LEN);
}

int signer_release_encrypt(void *self, const uint8_t release_pub[65],
			   const uint8_t *file, size_t len, const char *order,
			   uint8_t out_wrapped[WRAPPED_KEY_LEN],
			   uint8_t **out_chunks, size_t *out_len)
{
	struct signer_local *s = self;
	struct release_header h;
	uint8_t digest[DIGEST_LEN], key[AEAD_KEY_LEN];
	uint8_t wrapped[WRAPPED_KEY_LEN];
	uint8_t *plain = NULL;
	size_t plain_len = 0;
	int err;

	if (!name_valid(order))
		return E_ARG;
	err = authority_release_open(s->hpke_key, release_pub, file, len, &h,
				     digest, &plain, &plain_len);
	if (!err)
		err = crypto_random(key, sizeof(key));
	if (!err)
		err = wrap(s, order, digest, key, wrapped);
	if (!err)
		err = authority_release_encrypt(&h, digest, key, plain,
						out_chunks, out_len);
	if (!err)
		memcpy(out_wrapped, wrapped, sizeof(wrapped));
	ct_wipe(key, sizeof(key));
	if (plain)
		ct_wipe(plain, plain_len);
	free(plain);
	return err;
}

static const struct opened *opened_find(const struct signer_local *s,
					const char *order,
					const uint8_t digest[DIGEST_LEN],
					const uint8_t wrapped[WRAPPED_KEY_LEN])
{
	for (size_t i = 0; i < OPENED_MAX; i++) {
		const struct opened *o = &s->opened[i];

		if (o->order[0] && !strcmp(o->order, order) &&
		    !memcmp(o->digest, digest, DIGEST_LEN) &&
		    !memcmp(o->wrapped, wrapped, WRAPPED_KEY_LEN))
			return o;
	}
	return NULL;
}

int signer_content_key(struct signer_local *s, const char *order,
		       const uint8_t digest[DIGEST_LEN],
		       const uint8_t wrapped[WRAPPED_KEY_LEN],
		       uint8_t out[AEAD_KEY_LEN])
{
	const struct opened *known = opened_find(s, order, digest, wrapped);
	uint8_t aad[KEY_AAD_MAX];
	struct opened *o;
	int err;

	if (known) {
		memcpy(out, known->key, AEAD_KEY_LEN);
		return 0;
	}
	err = crypto_hpke_open(s->hpke_key, wrapped, LABEL_HPKE_STORED_KEY,
			       sizeof(LABEL_HPKE_STORED_KEY) - 1, aad,
			       release_key_aad(order, digest, aad),
			       wrapped + X25519_LEN,
			       WRAPPED_KEY_LEN - X25519_LEN, out);
	if (err)
		return err;
	o = &s->opened[s->opened_next++ % OPENED_MAX];
	snprintf(o->order, sizeof(o->order), "%s", order);
	memcpy(o->digest, digest, DIGEST_LEN);
	memcpy(o->wrapped, wrapped, WRAPPED_KEY_LEN);
	memcpy(o->key, out, AEAD_KEY_LEN);
	return 0;
}

/* Both halves of the index are random to whoever has no hand in them; a station
 * that picks its key to meet another's slot costs that one a sealing. */
static struct sealed_key *sealed_slot(struct signer_local *s,
				      const struct signer_rewrap *r)
{
	unsigned at = ((unsigned)(r->wrapped[0] ^ r->kem_pub[0]) << 8) |
		      (r->wrapped[1] ^ r->kem_pub[1]);

	return &s->sealed[at % SEALED_KEYS_MAX];
}

static bool sealed_for(const struct sealed_key *k,
		       const struct signer_rewrap *r)
{
	return k->order[0] && !strcmp(k->order, r->order) &&
	       !memcmp(k->digest, r->header_digest, DIGEST_LEN) &&
	       !memcmp(k->wrapped, r->wrapped, WRAPPED_KEY_LEN) &&
	       !memcmp(k->kem_pub, r->kem_pub, X25519_LEN);
}

static int seal_key(struct signer_local *s, const struct signer_rewrap *r,
		    struct sealed_key *out)
{
	struct sealed_key fresh = { 0 };
	uint8_t key[AEAD_KEY_LEN], aad[KEY_AAD_MAX];
	int err = signer_content_key(s, r->order, r->header_digest, r->wrapped,
				     key);

	if (err)
		return err;
	memcpy(fresh.order, r->order, strlen(r->order) + 1);
	memcpy(fresh.digest, r->header_digest, DIGEST_LEN);
	memcpy(fresh.wrapped, r->wrapped, WRAPPED_KEY_LEN);
	memcpy(fresh.kem_pub, r->kem_pub, X25519_LEN);
	err = crypto_hpke_seal(r->kem_pub, LABEL_HPKE_CONTENT_KEY,
			       sizeof(LABEL_HPKE_CONTENT_KEY) - 1, aad,
			       release_key_aad(r->order, r->header_digest, aad),
			       key, sizeof(key), fresh.enc, fresh.sealed);
	ct_wipe(key, sizeof(key));
	if (!err)
		*out = fresh;
	return err;
}

static int rewrap_one(struct signer_local *s, struct signer_rewrap *r)
{
	struct sealed_key *k = sealed_slot(s, r);
	int err = 0;

	if (!name_valid(r->order))
		return E_ARG;
	if (!sealed_for(k, r))
		err = seal_key(s, r, k);
	if (err)
		return err;
	memcpy(r->out_enc, k->enc, sizeof(k->enc));
	memcpy(r->out_sealed, k->sealed, sizeof(k->sealed));
	return 0;
}

int signer_rewrap(void *self, struct signer_rewrap *items, size_t n)
{
	int err = 0;

	for (size_t i = 0; i < n && !err; i++)
		err = rewrap_one(self, &items[i]);
	return err;
}
