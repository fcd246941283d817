/* SPDX-License-Identifier: MIT */
/*
 * A release as it is kept on the station's disk (flasher/cache.h).  The first
 * byte's low bit: the file gets the right checksum, so that what is behind it
 * is reached.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ct.h"
#include "crypto/crypto.h"
#include "flasher/cache.h"
#include "http/client.h"

#define SUM_AT 8
#define FILE_NAME "cache/o.release"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct station st = { .lock = -1 };

static void clean(void)
{
	char path[PATH_MAX];

	station_path(&st, FILE_NAME, path);
	unlink(path);
	station_path(&st, "cache", path);
	rmdir(path);
	rmdir(st.dir);
}

static void folder_make(void)
{
	const char *tmp = getenv("TMPDIR");
	char why[STATION_WHY_CAP];

	if (st.dir[0])
		return;
	snprintf(st.dir, sizeof(st.dir), "%s/cache.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(st.dir) || atexit(clean) ||
	    station_mkdir(&st, "cache", why))
		abort();
}

static void put(const uint8_t *file, size_t len, bool sum)
{
	char path[PATH_MAX];
	uint8_t digest[SHA256_LEN];
	FILE *f;

	folder_make();
	station_path(&st, FILE_NAME, path);
	f = fopen(path, "w");
	if (!f || fwrite(file, 1, len, f) != len)
		abort();
	if (sum && len >= SUM_AT + SHA256_LEN &&
	    (crypto_sha256(file + SUM_AT + SHA256_LEN,
			   len - SUM_AT - SHA256_LEN, digest) ||
	     fseek(f, SUM_AT, SEEK_SET) ||
	     fwrite(digest, 1, sizeof(digest), f) != sizeof(digest)))
		abort();
	if (fclose(f))
		abort();
}

static bool inside(const struct release_set *s, const uint8_t *p, size_t len)
{
	return p >= s->file && p <= s->file + s->file_len &&
	       len <= (size_t)(s->file + s->file_len - p);
}

/* What was taken hangs together, and every chunk can be asked for. */
static void use(const struct release_set *s)
{
	static const uint8_t key[AEAD_KEY_LEN];
	uint32_t n = release_chunk_count(&s->header);
	uint8_t *out = malloc(s->header.chunk_len);
	size_t len;

	if (!out || memchr(s->version, 0, NAME_CAP) == NULL ||
	    !inside(s, s->firmware, s->firmware_len) ||
	    !inside(s, s->chunks, s->chunks_len))
		abort();
	/* that it opens under this key nobody can bring about */
	for (uint32_t i = 0; i < n; i++)
		if (cache_chunk(s, i, key, out, &len) == 0)
			abort();
	if (cache_chunk(s, n, key, out, &len) != E_RANGE)
		abort();
	free(out);
}

static void told(void *arg, const char *text)
{
	unsigned *times = arg;

	if (!text[0])
		abort();
	(*times)++;
}

/* Nobody listens: what is damaged is said to be, and cannot be had. */
static void get(void)
{
	static const uint8_t pin[HTTP_PIN_LEN];
	static struct http_client *client;
	struct http_client_config cfg = { .base_url = "https://127.0.0.1:1",
					  .ca_pin = pin };
	const struct release_set *set = NULL;
	char why[STATION_WHY_CAP] = "";
	struct refusal refusal;
	unsigned warnings = 0;
	struct cache *c;

	if ((!client && http_client_new(&cfg, &client)) ||
	    cache_new(&st, "o", told, &warnings, &c))
		abort();
	if (cache_get(c, client, NULL, &refusal, &set, why)) {
		if (!why[0] || !warnings)
			abort();
	} else {
		use(set);
		cache_drop(c, set);
	}
	cache_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (!len)
		return 0;
	put(data + 1, len - 1, data[0] & 1);
	get();
	return 0;
}
