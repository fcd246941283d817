/* SPDX-License-Identifier: MIT */
#include "flasher/cache.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/rw.h"
#include "http/client.h"
#include "keys/keyfile.h"
#include "wire/cose.h"

#define CACHE_MAGIC "SGNTREL1"
#define MAGIC_LEN 8
#define HEAD_LEN (MAGIC_LEN + SHA256_LEN + NAME_CAP + 12)
#define CACHE_MAX (RELEASE_FILE_CAP + IMAGE_MAX / 16)
#define CHUNK_MAX 65536

struct cache {
	const struct station *st;
	char order[NAME_CAP];
	void (*told)(void *arg, const char *text);
	void *told_arg;
	pthread_mutex_t lock; /* over sets, and so that one thread fetches */
	struct release_set *sets;
	struct loader_set *loaders; /* one for each line, and dropped ones */
};

int cache_new(const struct station *st, const char *order,
	      void (*told)(void *arg, const char *text), void *arg,
	      struct cache **out)
{
	struct cache *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return E_NOMEM;
	c->st = st;
	snprintf(c->order, sizeof(c->order), "%s", order);
	c->told = told;
	c->told_arg = arg;
	pthread_mutex_init(&c->lock, NULL);
	*out = c;
	return 0;
}

static void set_free(struct release_set *s)
{
	if (s == NULL)
		return;
	free(s->offsets);
	free(s->file);
	free(s);
}

void cache_free(struct cache *c)
{
	if (c == NULL)
		return;
	while (c->sets) {
		struct release_set *s = c->sets;

		c->sets = s->next;
		set_free(s);
	}
	while (c->loaders) {
		struct loader_set *s = c->loaders;

		c->loaders = s->next;
		free(s);
	}
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static void cache_path(const struct cache *c, char out[PATH_MAX])
{
	char name[NAME_CAP + 32];

	snprintf(name, sizeof(name), "cache/%s.release", c->order);
	station_path(c->st, name, out);
}

/* Where each chunk begins; the lengths must fill the stream exactly. */
static int set_offsets(struct release_set *s)
{
	uint32_t n = release_chunk_count(&s->header);
	size_t at = 0;

	s->offsets = calloc(n, sizeof(*s->offsets));
	if (s->offsets == NULL)
		return E_NOMEM;
	for (uint32_t i = 0; i < n; i++) {
		s->offsets[i] = (uint32_t)at;
		at += release_chunk_len(&s->header, i) + AEAD_TAG_LEN;
	}
	return at == s->chunks_len ? 0 : E_SYNTAX;
}

/* The header's own form, and that header and firmware signature are of the
 * same image.  The signatures are the owner's and the bootloader's business:
 * the station is told the header's digest by the server. */
static int set_headers(struct release_set *s, const uint8_t *header,
		       size_t header_len)
{
	struct firmware_info fw;
	struct cose_sign1 cose;
	int r = cose_decode(header, header_len, &cose);

	if (r == 0)
		r = release_header_decode(cose.payload, cose.payload_len,
					  &s->header);
	if (r == 0)
		r = cose_decode(s->firmware, s->firmware_len, &cose);
	if (r == 0)
		r = firmware_info_decode(cose.payload, cose.payload_len, &fw);
	if (r == 0 && memcmp(fw.digest, s->header.fw.digest, DIGEST_LEN) != 0)
		r = E_SYNTAX;
	if (r == 0 && s->header.chunk_len > CHUNK_MAX)
		r = E_TOO_LARGE;
	if (r == 0)
		r = crypto_sha256(header, header_len, s->header_digest);
	return r;
}

/* Takes file in every case. */
static int set_parse(uint8_t *file, size_t len, struct release_set **out)
{
	struct release_set *s = calloc(1, sizeof(*s));
	uint8_t digest[SHA256_LEN];
	const uint8_t *header, *magic, *sum;
	uint32_t header_len;
	struct rd rd;
	int r;

	if (s == NULL) {
		free(file);
		return E_NOMEM;
	}
	s->file = file;
	s->file_len = len;
	rd_init(&rd, file, len);
	magic = rd_bytes(&rd, MAGIC_LEN);
	sum = rd_bytes(&rd, SHA256_LEN);
	rd_copy(&rd, s->version, NAME_CAP);
	header_len = rd_u32(&rd);
	s->firmware_len = rd_u32(&rd);
	s->chunks_len = rd_u32(&rd);
	header = rd_bytes(&rd, header_len);
	s->firmware = rd_bytes(&rd, s->firmware_len);
	s->chunks = rd_bytes(&rd, s->chunks_len);
	r = rd_end(&rd);
	if (r == 0 && memcmp(magic, CACHE_MAGIC, MAGIC_LEN) != 0)
		r = E_VERSION;
	if (r == 0 && s->version[NAME_CAP - 1] != '\0')
		r = E_SYNTAX;
	if (r == 0)
		r = crypto_sha256(file + MAGIC_LEN + SHA256_LEN,
				  len - MAGIC_LEN - SHA256_LEN, digest);
	if (r == 0 && memcmp(digest, sum, SHA256_LEN) != 0)
		r = E_CHECKSUM;
	if (r == 0)
		r = set_headers(s, header, header_len);
	if (r == 0)
		r = set_offsets(s);
	if (r == 0)
		*out = s;
	else
		set_free(s);
	return r;
}

static int file_build(const struct release_answer *a, uint8_t **out,
		      size_t *out_len)
{
	size_t cap = HEAD_LEN + a->header.len + a->firmware.len + a->chunks.len;
	uint8_t *file = calloc(1, cap);
	uint8_t sum[SHA256_LEN] = { 0 };
	struct wr w;
	int r;

	if (file == NULL)
		return E_NOMEM;
	wr_init(&w, file, cap);
	wr_bytes(&w, CACHE_MAGIC, MAGIC_LEN);
	wr_bytes(&w, sum, sizeof(sum));
	wr_bytes(&w, a->version, NAME_CAP);
	wr_u32(&w, (uint32_t)a->header.len);
	wr_u32(&w, (uint32_t)a->firmware.len);
	wr_u32(&w, (uint32_t)a->chunks.len);
	wr_bytes(&w, a->header.data, a->header.len);
	wr_bytes(&w, a->firmware.data, a->firmware.len);
	wr_bytes(&w, a->chunks.data, a->chunks.len);
	r = wr_end(&w, out_len);
	if (r == 0)
		r = crypto_sha256(file + MAGIC_LEN + SHA256_LEN,
				  *out_len - MAGIC_LEN - SHA256_LEN, sum);
	if (r != 0) {
		free(file);
		return r;
	}
	memcpy(file + MAGIC_LEN, sum, sizeof(sum));
	*out = file;
	return 0;
}

static void tell(const struct cache *c, const char *path, const char *what)
{
	char text[PATH_MAX + 256];

	snprintf(text, sizeof(text), "%s %s", path, what);
	c->told(c->told_arg, text);
}

/* A cache that cannot be written is a pity, not a failure. */
static void store(const struct cache *c, const uint8_t *file, size_t len)
{
	char path[PATH_MAX], why[KEYFILE_WHY_CAP], dir_why[STATION_WHY_CAP];
	char text[KEYFILE_WHY_CAP + 64];

	if (station_mkdir(c->st, "cache", dir_why) != 0) {
		tell(c, "the cache", dir_why);
		return;
	}
	cache_path(c, path);
	if (keyfile_write(path, file, len, 0600, true, why) == 0)
		return;
	snprintf(text, sizeof(text), "(%s); the release is fetched each time",
		 why);
	tell(c, "the cache cannot be written", text);
}

static void load(struct cache *c)
{
	char path[PATH_MAX], why[KEYFILE_WHY_CAP];
	struct release_set *s = NULL;
	uint8_t *file = NULL;
	size_t len = 0;
	int r;

	cache_path(c, path);
	r = keyfile_read(path, CACHE_MAX, false, &file, &len, why);
	if (r == E_NOT_FOUND)
		return;
	if (r != 0) {
		tell(c, "the cache cannot be read:", why);
		return;
	}
	if (set_parse(file, len, &s) != 0) {
		tell(c, path, "is damaged or was altered; it is fetched again");
		return;
	}
	s->next = c->sets;
	c->sets = s;
}

static int fetch(struct cache *c, struct http_client *client,
		 struct refusal *refusal, char why[STATION_WHY_CAP])
{
	struct release_fetch req;
	struct release_answer ans;
	struct release_set *s = NULL;
	uint8_t *file = NULL;
	size_t len = 0;
	int r;

	memset(&req, 0, sizeof(req));
	memset(&ans, 0, sizeof(ans));
	snprintf(req.order, NAME_CAP, "%s", c->order);
	r = http_call(client, OP_RELEASE_FETCH, &req, &ans, refusal);
	if (r != 0) {
		snprintf(why, STATION_WHY_CAP, "%s: %s", error_text(r),
			 r == E_REFUSED ? refusal->cause
					: http_client_why(client));
		return r;
	}
	r = file_build(&ans, &file, &len);
	shape_clear(&release_answer_shape, &ans);
	if (r == 0) {
		store(c, file, len);
		r = set_parse(file, len, &s);
	}
	if (r != 0) {
		snprintf(why, STATION_WHY_CAP,
			 "the server's release is not usable: %s",
			 error_text(r));
		return r;
	}
	s->next = c->sets;
	c->sets = s;
	return 0;
}

static const struct release_set *find(const struct cache *c,
				      const uint8_t *digest)
{
	const struct release_set *s = c->sets;

	while (s && (s->dropped || (digest && memcmp(s->header_digest, digest,
						     DIGEST_LEN) != 0)))
		s = s->next;
	return s;
}

int cache_get(struct cache *c, struct http_client *client,
	      const uint8_t *digest, struct refusal *refusal,
	      const struct release_set **out, char why[STATION_WHY_CAP])
{
	const struct release_set *s;
	int r = 0;

	pthread_mutex_lock(&c->lock);
	if (c->sets == NULL)
		load(c);
	s = find(c, digest);
	if (s == NULL) {
		r = fetch(c, client, refusal, why);
		s = r == 0 ? find(c, digest) : NULL;
		if (r == 0 && s == NULL) {
			snprintf(why, STATION_WHY_CAP,
				 "the server grants one release and hands "
				 "out another");
			r = E_HTTP;
		}
	}
	pthread_mutex_unlock(&c->lock);
	if (r == 0)
		*out = s;
	return r;
}

void cache_drop(struct cache *c, const struct release_set *set)
{
	char path[PATH_MAX];

	pthread_mutex_lock(&c->lock);
	for (struct release_set *s = c->sets; s; s = s->next)
		if (s == set && !s->dropped) {
			s->dropped = true;
			cache_path(c, path);
			unlink(path);
		}
	pthread_mutex_unlock(&c->lock);
}

int cache_chunk(const struct release_set *set, uint32_t i,
		const uint8_t key[32], uint8_t *out, size_t *out_len)
{
	uint32_t count = release_chunk_count(&set->header);
	uint8_t nonce[AEAD_NONCE_LEN], aad[CHUNK_AAD_LEN];
	uint32_t len;
	int r;

	if (i >= count)
		return E_RANGE;
	len = release_chunk_len(&set->header, i);
	release_chunk_nonce(i, nonce);
	release_chunk_aad(set->header_digest, i, i + 1 == count, aad);
	r = crypto_aead_open(key, nonce, aad, sizeof(aad),
			     set->chunks + set->offsets[i], len + AEAD_TAG_LEN,
			     out);
	if (r == 0)
		*out_len = len;
	return r;
}

/* -- the loader ------------------------------------------------------------ */

static int loader_take(const struct loader_answer *a, const char *link,
		       struct loader_set *out)
{
	uint8_t digest[DIGEST_LEN];
	size_t len = 0;
	int r = hex_decode(a->digest, digest, sizeof(digest), &len);

	if (r != 0 || len != DIGEST_LEN || a->loader.len != LOADER_LEN ||
	    a->stub.len == 0 || a->stub.len > STUB_CODE_LEN ||
	    strcmp(a->link, link) != 0)
		return E_HTTP;
	snprintf(out->chip, NAME_CAP, "%s", a->chip);
	snprintf(out->link, NAME_CAP, "%s", link);
	memcpy(out->loader, a->loader.data, LOADER_LEN);
	memcpy(out->stub, a->stub.data, a->stub.len);
	out->stub_len = a->stub.len;
	r = crypto_sha256(out->loader, LOADER_LEN, out->digest);
	if (r == 0 && memcmp(out->digest, digest, DIGEST_LEN) != 0)
		r = E_CHECKSUM;
	return r;
}

static int loader_fetch(struct cache *c, struct http_client *client,
			const char *link, struct refusal *refusal,
			char why[STATION_WHY_CAP])
{
	struct loader_fetch req;
	struct loader_answer ans;
	struct loader_set *s;
	int r;

	memset(&req, 0, sizeof(req));
	memset(&ans, 0, sizeof(ans));
	snprintf(req.order, NAME_CAP, "%s", c->order);
	snprintf(req.link, NAME_CAP, "%s", link);
	r = http_call(client, OP_LOADER_FETCH, &req, &ans, refusal);
	if (r != 0) {
		snprintf(why, STATION_WHY_CAP, "%s: %s", error_text(r),
			 r == E_REFUSED ? refusal->cause
					: http_client_why(client));
		return r;
	}
	s = calloc(1, sizeof(*s));
	r = s ? loader_take(&ans, link, s) : E_NOMEM;
	shape_clear(&loader_answer_shape, &ans);
	if (r != 0) {
		snprintf(why, STATION_WHY_CAP,
			 "the server's loader is not usable: %s",
			 error_text(r));
		free(s);
		return r;
	}
	s->next = c->loaders;
	c->loaders = s;
	return 0;
}

static struct loader_set *loader_find(struct cache *c, const char *link)
{
	struct loader_set *s = c->loaders;

	while (s && (s->dropped || strcmp(s->link, link) != 0))
		s = s->next;
	return s;
}

int cache_loader(struct cache *c, struct http_client *client, const char *link,
		 struct refusal *refusal, const struct loader_set **out,
		 char why[STATION_WHY_CAP])
{
	int r = 0;

	pthread_mutex_lock(&c->lock);
	if (loader_find(c, link) == NULL)
		r = loader_fetch(c, client, link, refusal, why);
	if (r == 0)
		*out = loader_find(c, link);
	pthread_mutex_unlock(&c->lock);
	return r;
}

void cache_loader_forget(struct cache *c, const struct loader_set *set)
{
	pthread_mutex_lock(&c->lock);
	for (struct loader_set *s = c->loaders; s; s = s->next)
		if (s == set)
			s->dropped = true;
	pthread_mutex_unlock(&c->lock);
}
