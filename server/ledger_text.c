/* SPDX-License-Identifier: MIT */
/* Times, texts, and rows turned into answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hex.h"
#include "chip/chip.h"
#include "server/ledger_int.h"
#include "wire/name.h"

void text_copy(char *out, size_t cap, const char *in)
{
	size_t len = strnlen(in, cap - 1);

	memmove(out, in, len);
	out[len] = '\0';
}

void time_text(int64_t t, char out[TIME_CAP])
{
	time_t when = (time_t)t;
	struct tm tm;

	out[0] = '\0';
	if (t == 0 || !gmtime_r(&when, &tm))
		return;
	if (strftime(out, TIME_CAP, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		out[0] = '\0';
}

int time_parse(const char *s, int64_t *out)
{
	char again[TIME_CAP];
	struct tm tm;
	const char *end;
	int64_t t;

	if (s[0] == '\0') {
		*out = 0;
		return 0;
	}
	memset(&tm, 0, sizeof(tm));
	end = strptime(s, "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (!end || *end != '\0')
		return E_SYNTAX;
	t = timegm(&tm);
	/* Refuses the 30th of February and other forms of the same time. */
	time_text(t, again);
	if (t <= 0 || strcmp(again, s) != 0)
		return E_SYNTAX;
	*out = t;
	return 0;
}

void subject_uid(char out[TEXT_CAP], const uint8_t *uid, size_t len)
{
	hex_encode(uid, len <= UID_MAX ? len : UID_MAX, out);
}

int blob_set(struct blob *b, const void *data, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	if (!copy)
		return E_NOMEM;
	if (len > 0)
		memcpy(copy, data, len);
	free(b->data);
	b->data = copy;
	b->len = len;
	return 0;
}

void fill_order(const struct row_order *r, struct order *out)
{
	const char *proof = proof_name(r->proof);

	TEXT_SET(out->name, r->name);
	TEXT_SET(out->product, r->product);
	TEXT_SET(out->release, r->release);
	TEXT_SET(out->mode, rules_mode(r->mode));
	TEXT_SET(out->batch, r->batch);
	TEXT_SET(out->proof, proof ? proof : "");
	TEXT_SET(out->manufacturer, r->manufacturer);
	out->quantity = r->quantity;
	out->retries = r->retries;
	out->lease_s = r->lease_s;
	TEXT_SET(out->serial_prefix, r->serial_prefix);
	out->serial_first = (uint64_t)r->serial_first;
	time_text(r->opens, out->opens);
	time_text(r->closes, out->closes);
	TEXT_SET(out->state, rules_order_state(r->state));
	out->reserved = r->reserved;
	out->delivered = r->delivered;
	out->installed = r->installed;
	out->closed = r->closed;
	out->unknown = r->unknown;
	out->scrapped = r->scrapped;
	time_text(r->created, out->created);
}

void fill_flasher(const struct row_flasher *r, struct flasher *out)
{
	TEXT_SET(out->name, r->name);
	TEXT_SET(out->manufacturer, r->manufacturer);
	out->channels = r->channels;
	TEXT_SET(out->state, rules_flasher_state(r->state));
	hex_encode(r->cert, r->cert_len, out->fingerprint);
	time_text(r->seen, out->seen);
	time_text(r->created, out->created);
}

void fill_release(const struct row_release *r, struct release *out)
{
	TEXT_SET(out->product, r->product);
	TEXT_SET(out->version, r->version);
	out->rollback = r->rollback;
	out->size = r->size;
	hex_encode(r->digest, DIGEST_LEN, out->digest);
	TEXT_SET(out->mode, r->sealed ? "sealed" : "signed");
	TEXT_SET(out->serial_at, r->serial_at);
	TEXT_SET(out->protection, r->protection);
	time_text(r->created, out->created);
}

int fill_product(const struct row_product *r, struct product *out)
{
	const char *family = family_name(r->family);
	const char *proof = proof_name(r->demands);
	const struct chip *chip = chip_find((enum family)r->family);
	int err;

	TEXT_SET(out->name, r->name);
	TEXT_SET(out->label, chip && chip->label ? chip->label : "");
	TEXT_SET(out->family, family ? family : "");
	TEXT_SET(out->demands, proof ? proof : "");
	TEXT_SET(out->modes, rules_modes(r->modes));
	time_text(r->created, out->created);
	err = blob_set(&out->release_pub, r->release_pub, P256_PUB_LEN);
	if (err == 0)
		err = blob_set(&out->device_pub, r->device_pub, P256_PUB_LEN);
	return err;
}

int fill_device(const struct row_device *r, struct device *out)
{
	const struct row_grant *g = &r->grant;
	const char *family = family_name(g->family);
	const char *proof = proof_name(r->proof);

	out->grant = (uint64_t)g->id;
	TEXT_SET(out->order, r->order);
	TEXT_SET(out->product, r->product);
	TEXT_SET(out->release, r->release);
	TEXT_SET(out->flasher, r->flasher);
	TEXT_SET(out->family, family ? family : "");
	out->uid.len = g->uid_len;
	memcpy(out->uid.data, g->uid, UID_MAX);
	TEXT_SET(out->serial, g->serial);
	TEXT_SET(out->state, rules_grant_state(g->state));
	TEXT_SET(out->proof, proof ? proof : "");
	out->attempts = g->attempt;
	time_text(g->changed, out->changed);
	return blob_set(&out->credential, g->credential, g->credential_len);
}
