/* SPDX-License-Identifier: MIT */
/*
 * flasher/cache.h - releases as they are kept at the station: ciphertext.
 *
 * One file per order, cache/ORDER.release, checked by SHA-256 when it is read:
 *
 *	magic 8, SHA-256 of the rest 32, version 32, lengths u32 x 3,
 *	header, firmware signature, chunks
 *
 * The content key is never here.  A file that is damaged or altered is said to
 * be so, and fetched again.
 */
#ifndef FLASHER_CACHE_H
#define FLASHER_CACHE_H

#include "flasher/station.h"
#include "wire/layout.h"
#include "wire/release.h"

struct release_set { /* read-only once made; lives as long as the cache */
	struct release_header header;
	uint8_t header_digest[DIGEST_LEN];
	char version[NAME_CAP];
	const uint8_t *firmware; /* COSE_Sign1 for the target's record */
	size_t firmware_len;
	const uint8_t *chunks;
	size_t chunks_len;
	uint32_t *offsets; /* of each chunk in chunks */
	uint8_t *file;
	size_t file_len;
	bool dropped; /* never handed out again */
	struct release_set *next;
};

struct cache; /* opaque; shared by the channels' threads */

/* told gets warnings in words: "cache/demo.release is damaged ...". */
MUST_USE int cache_new(const struct station *st, const char *order,
		       void (*told)(void *arg, const char *text), void *arg,
		       struct cache **out);
void cache_free(struct cache *c);

/*
 * The order's release; digest NULL = whatever is there, else exactly the one
 * with this header digest, fetched when the cache has another.  client is the
 * caller's own.  E_REFUSED fills refusal.
 */
MUST_USE int cache_get(struct cache *c, struct http_client *client,
		       const uint8_t *digest, struct refusal *refusal,
		       const struct release_set **out,
		       char why[STATION_WHY_CAP]);

/* The set cannot be decrypted: it is fetched anew at the next cache_get(). */
void cache_drop(struct cache *c, const struct release_set *set);

/* Opens chunk i with the content key into out[chunk length]; E_DECRYPT. */
MUST_USE int cache_chunk(const struct release_set *set, uint32_t i,
			 const uint8_t key[32], uint8_t *out, size_t *out_len);

/* What goes into a chip before it is locked; read-only, lives as long as the
 * cache.  The server may admit another one any day, so that it is asked at
 * each start, and nothing is kept on disk. */
struct loader_set {
	char chip[NAME_CAP]; /* that it is for: "stm32f103xe" */
	char link[NAME_CAP]; /* the line that it speaks */
	uint8_t loader[LOADER_LEN];
	uint8_t stub[STUB_CODE_LEN];
	size_t stub_len;
	uint8_t digest[DIGEST_LEN];
	bool dropped; /* never handed out again */
	struct loader_set *next;
};

/* The loader that the order's product admits for this line; E_REFUSED fills
 * refusal. */
MUST_USE int cache_loader(struct cache *c, struct http_client *client,
			  const char *link, struct refusal *refusal,
			  const struct loader_set **out,
			  char why[STATION_WHY_CAP]);
/* The server no longer admits it: the next device gets another. */
void cache_loader_forget(struct cache *c, const struct loader_set *set);

#endif
