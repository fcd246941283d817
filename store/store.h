/* SPDX-License-Identifier: MIT */
/*
 * store/store.h - the ledger's rows, and what can be done with them.
 *
 * Domain operations only: no SQL above this header.  The driver in use is
 * SQLite (sqlite*.c): WAL, synchronous=FULL, foreign keys, STRICT tables, one
 * connection that holds the file's lock, so a second server on the same file
 * is refused with E_DB_BUSY.
 *
 * Everything between store_begin() and store_commit() happens or does not
 * happen.  Reads see the transaction's own writes.  The database guards some
 * rules itself (migrations.c): delivered <= quantity, one delivered grant per
 * chip, credentials never change, the log only grows and is dense.  Breaking
 * one gives E_STATE, taking a name twice E_EXISTS.
 *
 * Errors: E_DISK_FULL, E_DB_BUSY, E_DB_UNCERTAIN (store_commit only), E_DB.
 * Not thread-safe; one thread uses a store.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/const.h"

#define STORE_WHY_CAP 256
#define STORE_TEXT_CAP 160
#define STORE_HASH_LEN 32
#define STORE_PUB_LEN 65
#define STORE_WRAPPED_LEN 80
#define STORE_NONCE_LEN 16
#define STORE_ANSWER_CAP 512
#define STORE_SELECTOR_LEN 4
#define STORE_SESSION_CAP 112
#define STORE_LINK_CAP 96
#define STORE_MESSAGE2_CAP 1408
#define STORE_COMMIT_CAP 1024

struct store; /* opaque */

struct store_config {
	const char *path; /* file, or ":memory:" */
	const char *vfs;  /* SQLite VFS, NULL = default */
};

/* Opens or creates, locks, migrates.  A database newer than this program, or
 * one that is not Signet's, is refused; why[] says so in one line. */
MUST_USE int store_open(const struct store_config *cfg, struct store **out,
			char why[STORE_WHY_CAP]);
void store_close(struct store *s);

MUST_USE int store_begin(struct store *s);
/* On failure the transaction is undone, but after E_DB_UNCERTAIN the disk may
 * hold it: call store_recover() and read back before answering anything. */
MUST_USE int store_commit(struct store *s);
void store_rollback(struct store *s);
/* Closes and reopens, so that what the disk holds becomes the truth. */
MUST_USE int store_recover(struct store *s);

/* -- rows: numbers are given by the store, times are Unix seconds -------- */
struct row_person {
	int64_t id;
	char name[NAME_CAP];
	uint8_t token[STORE_HASH_LEN]; /* SHA-256 */
	int64_t created;
};

enum product_modes { MODES_SEALED = 1, MODES_SEALED_SIGNED = 2 };

struct row_product {
	int64_t id;
	char name[NAME_CAP];
	uint32_t family;
	uint32_t demands; /* enum proof_step that its orders must have */
	uint32_t modes;	  /* enum product_modes */
	uint8_t release_pub[STORE_PUB_LEN], device_pub[STORE_PUB_LEN];
	int64_t created;
};

struct row_release {
	int64_t id, product_id;
	char product[NAME_CAP]; /* joined */
	char version[NAME_CAP];
	uint32_t rollback, size;
	uint8_t digest[DIGEST_LEN], header_digest[DIGEST_LEN];
	int64_t created;
	bool sealed;		   /* laid out for sealed mode */
	char serial_at[NAME_CAP];  /* "": no serial number in the image */
	uint32_t device;	   /* chip_meant(); 0 also: nobody noted it */
	char protection[NAME_CAP]; /* release_protection(); "": of before */
};

struct row_batch { /* of chips with stage-0 secrets */
	int64_t id;
	char name[NAME_CAP];
	uint32_t family;
	char manufacturer[NAME_CAP];	   /* the trusted site */
	uint8_t master[STORE_WRAPPED_LEN]; /* for the signer */
	int64_t created;
	uint32_t chips; /* read only: secrets given out */
};

struct row_loader { /* on the admission list, or taken off it */
	int64_t id;
	uint32_t family, device; /* chip_meant() */
	uint32_t link; /* enum loader_link; 0 = both: an older build */
	uint8_t digest[DIGEST_LEN]; /* of its code */
	uint32_t stub_len;
	bool admitted;
	int64_t created;
};

enum order_state { ORDER_OPEN = 1, ORDER_PAUSED = 2, ORDER_ENDED = 3 };
enum order_mode { MODE_SIGNED = 1, MODE_SEALED = 2 };

struct row_order {
	int64_t id, product_id, release_id;
	char name[NAME_CAP];
	uint32_t mode; /* enum order_mode */
	char manufacturer[NAME_CAP];
	uint32_t quantity, retries, lease_s;
	char serial_prefix[SERIAL_CAP];
	int64_t serial_first;
	int64_t opens, closes;		    /* 0 = no limit */
	uint8_t wrapped[STORE_WRAPPED_LEN]; /* content key, for the signer */
	int64_t created;
	uint32_t proof;	  /* enum proof_step that its devices have */
	int64_t batch_id; /* stage 0; 0 = none */
	/* these change */
	uint32_t state;	      /* enum order_state */
	uint32_t serial_used; /* serial numbers given so far */
	uint32_t reserved;    /* grants now in GRANT_RESERVED */
	uint32_t delivered;   /* chips that ever got a key; never falls */
	uint32_t installed, closed, unknown, scrapped; /* now in that state */
	/* joined */
	char product[NAME_CAP];
	uint32_t family;
	uint32_t device; /* the release's */
	char release[NAME_CAP];
	char batch[NAME_CAP]; /* "" = none */
	uint8_t digest[DIGEST_LEN], header_digest[DIGEST_LEN];
};

enum flasher_state {
	FLASHER_INVITED = 1,
	FLASHER_ENROLLED = 2,
	FLASHER_REVOKED = 3,
};

struct row_flasher {
	int64_t id;
	char name[NAME_CAP], manufacturer[NAME_CAP];
	uint32_t channels;	      /* credit */
	uint32_t state;		      /* enum flasher_state */
	uint32_t open;		      /* grants held */
	uint8_t cert[STORE_HASH_LEN]; /* SHA-256 of the certificate */
	uint32_t cert_len;	      /* 0 or STORE_HASH_LEN */
	uint8_t kem_pub[32];
	uint32_t kem_len; /* 0 or 32 */
	int64_t seen, created;
};

struct row_invite { /* one per flasher; replaced by the next */
	int64_t flasher_id;
	uint8_t selector[STORE_SELECTOR_LEN]; /* finds the row */
	uint8_t secret[STORE_HASH_LEN];	      /* SHA-256 */
	int64_t expires;
	uint32_t wrong;			 /* guesses so far */
	uint8_t request[STORE_HASH_LEN]; /* what used it */
	uint32_t request_len;		 /* 0 = not used yet */
};

enum grant_state {
	GRANT_RESERVED = 1, /* a unit is held for the chip */
	GRANT_RELEASED = 2, /* the unit went back, the attempts stay */
	GRANT_DELIVERED = 3,
	GRANT_INSTALLED = 4,
	GRANT_CLOSED = 5,
	GRANT_UNKNOWN = 6, /* delivered, and nobody said what became of it */
	GRANT_SCRAPPED = 7,
};

struct row_grant {
	int64_t id, order_id;
	int64_t flasher_id; /* who has or had it last */
	uint32_t family;
	uint8_t uid[UID_MAX];
	uint32_t uid_len;
	uint32_t state;	  /* enum grant_state */
	uint32_t attempt; /* the present one, 1.. */
	uint32_t extra;	  /* attempts that the owner added */
	uint32_t reworks; /* times that the owner reopened it after closed */
	bool held;	  /* counts against the flasher's credit */
	bool keyed;	  /* the present attempt got key and credential */
	bool over;	  /* the present attempt was reported as failed */
	int64_t lease_until;
	int64_t due;	 /* when the clock changes the state; 0 = never */
	int64_t charged; /* when it was first delivered; 0 = not yet */
	int64_t changed;
	char serial[SERIAL_CAP];
	uint8_t credential[CREDENTIAL_MAX];
	uint32_t credential_len; /* 0 = none yet */
};

enum request_kind { REQUEST_GRANT = 1, REQUEST_DELIVER = 2 };

struct row_request { /* an answer that was given, by its request key */
	int64_t flasher_id;
	uint32_t kind; /* enum request_kind */
	uint8_t nonce[STORE_NONCE_LEN];
	uint8_t digest[STORE_HASH_LEN]; /* of the whole request */
	int64_t grant_id;
	uint8_t answer[STORE_ANSWER_CAP];
	uint32_t answer_len;
};

struct row_attempt { /* one attempt of a sealed grant */
	int64_t grant_id;
	uint32_t attempt;
	int64_t flasher_id;
	uint8_t challenge[CHALLENGE_LEN];
	/* from message 1 on */
	uint8_t ephemeral[32];		 /* the chip's key: its first bytes */
	uint8_t request[STORE_HASH_LEN]; /* SHA-256 of all of it */
	uint32_t ephemeral_len, request_len; /* 0 = not yet */
	int64_t loader_id;
	uint8_t session[STORE_SESSION_CAP]; /* transport keys, for the signer */
	uint32_t session_len;
	uint8_t link[STORE_LINK_CAP]; /* link key, done token: for the station
				       * alone */
	uint32_t link_len;
	uint8_t message2[STORE_MESSAGE2_CAP];
	uint32_t message2_len;
	/* from the report on */
	uint8_t report[STORE_HASH_LEN];
	uint32_t report_len; /* 0 = not yet */
	uint8_t commit[STORE_COMMIT_CAP];
	uint32_t commit_len;
};

struct row_log {
	int64_t seq; /* dense from 1, given by store_log_append() */
	int64_t time;
	char event[NAME_CAP], actor[NAME_CAP], order[NAME_CAP];
	char subject[STORE_TEXT_CAP];
	char code[NAME_CAP];
	char text[STORE_TEXT_CAP];
	uint32_t count; /* read only: 1 + repeats */
};

struct row_device { /* a grant with its names, for lists */
	struct row_grant grant;
	char order[NAME_CAP], product[NAME_CAP], release[NAME_CAP],
		flasher[NAME_CAP];
	uint32_t proof;
};

struct store_blob { /* malloc'ed */
	uint8_t *data;
	size_t len;
};

/* -- finding one row: 0 and *out, or E_NOT_FOUND ------------------------- */
MUST_USE int store_person_by_token(struct store *s,
				   const uint8_t token[STORE_HASH_LEN],
				   struct row_person *out);
MUST_USE int store_product_by_name(struct store *s, const char *name,
				   struct row_product *out);
MUST_USE int store_release_by_version(struct store *s, int64_t product_id,
				      const char *version,
				      struct row_release *out);
MUST_USE int store_order_by_name(struct store *s, const char *name,
				 struct row_order *out);
MUST_USE int store_order_by_id(struct store *s, int64_t id,
			       struct row_order *out);
MUST_USE int store_flasher_by_name(struct store *s, const char *name,
				   struct row_flasher *out);
MUST_USE int store_flasher_by_id(struct store *s, int64_t id,
				 struct row_flasher *out);
MUST_USE int store_flasher_by_cert(struct store *s,
				   const uint8_t cert[STORE_HASH_LEN],
				   struct row_flasher *out);
MUST_USE int store_invite_find(struct store *s,
			       const uint8_t selector[STORE_SELECTOR_LEN],
			       struct row_invite *out);
MUST_USE int store_grant_by_id(struct store *s, int64_t id,
			       struct row_grant *out);
/* The chip's grant in one order. */
MUST_USE int store_grant_by_uid(struct store *s, int64_t order_id,
				uint32_t family, const uint8_t *uid,
				uint32_t uid_len, struct row_grant *out);
/* The one grant, in whatever order, that was delivered to this chip. */
MUST_USE int store_grant_charged(struct store *s, uint32_t family,
				 const uint8_t *uid, uint32_t uid_len,
				 struct row_grant *out);
MUST_USE int store_request_find(struct store *s, int64_t flasher_id,
				enum request_kind kind,
				const uint8_t nonce[STORE_NONCE_LEN],
				struct row_request *out);
MUST_USE int store_batch_by_name(struct store *s, const char *name,
				 struct row_batch *out);
MUST_USE int store_batch_by_id(struct store *s, int64_t id,
			       struct row_batch *out);
MUST_USE int store_loader_by_digest(struct store *s,
				    const uint8_t digest[DIGEST_LEN],
				    struct row_loader *out);
MUST_USE int store_attempt_find(struct store *s, int64_t grant_id,
				uint32_t attempt, struct row_attempt *out);
/* The loader that the chip got at stage 0; E_NOT_FOUND if nobody noted it. */
MUST_USE int store_batch_loader(struct store *s, int64_t batch_id,
				uint32_t family, const uint8_t *uid,
				uint32_t uid_len, struct row_loader *out);
/* The attempt, of whatever grant, that answered this ephemeral key. */
MUST_USE int store_attempt_by_key(struct store *s, const uint8_t ephemeral[32],
				  struct row_attempt *out);
MUST_USE int store_device_by_id(struct store *s, int64_t grant_id,
				struct row_device *out);

/* -- large contents ------------------------------------------------------ */
MUST_USE int store_release_file(struct store *s, int64_t release_id,
				struct store_blob *out);
/* What stations fetch for an order. */
struct store_content {
	struct store_blob header, firmware, chunks;
};
MUST_USE int store_order_content(struct store *s, int64_t order_id,
				 struct store_content *out);
void store_content_free(struct store_content *c);
/* The same without the chunks. */
MUST_USE int store_order_header(struct store *s, int64_t order_id,
				struct store_content *out);
/* A loader's LOADER_LEN bytes, and its stub's. */
MUST_USE int store_loader_code(struct store *s, int64_t loader_id,
			       struct store_blob *code,
			       struct store_blob *stub);
MUST_USE int store_station_cert(struct store *s, int64_t flasher_id,
				struct store_blob *out);

/* -- writing: inserts set row->id ---------------------------------------- */
MUST_USE int store_person_insert(struct store *s, struct row_person *row);
MUST_USE int store_product_insert(struct store *s, struct row_product *row);
MUST_USE int store_release_insert(struct store *s, struct row_release *row,
				  const uint8_t *file, size_t len);
MUST_USE int store_order_insert(struct store *s, struct row_order *row,
				const struct store_content *content);
MUST_USE int store_order_update(struct store *s, const struct row_order *row);
MUST_USE int store_flasher_insert(struct store *s, struct row_flasher *row);
/* Everything but the name; the station's certificate stays. */
MUST_USE int store_flasher_update(struct store *s,
				  const struct row_flasher *row);
MUST_USE int store_station_cert_set(struct store *s, int64_t flasher_id,
				    const uint8_t *der, size_t len);
MUST_USE int store_invite_put(struct store *s, const struct row_invite *row);
MUST_USE int store_grant_insert(struct store *s, struct row_grant *row);
MUST_USE int store_grant_update(struct store *s, const struct row_grant *row);
/* The same for a row that was charged when it was read: charge, serial number
 * and credential stay, and their index, in which every chip is on a page of
 * its own, is left alone. */
MUST_USE int store_grant_update_charged(struct store *s,
					const struct row_grant *row);
MUST_USE int store_request_insert(struct store *s,
				  const struct row_request *row);

MUST_USE int store_batch_insert(struct store *s, struct row_batch *row);
/* Notes that the chip's secret was given out, to go in beside this loader;
 * again is no error. */
MUST_USE int store_batch_chip(struct store *s, const struct row_batch *b,
			      const uint8_t *uid, uint32_t uid_len,
			      int64_t flasher_id, int64_t loader_id,
			      int64_t now);
MUST_USE int store_loader_insert(struct store *s, struct row_loader *row,
				 const struct store_blob *code,
				 const struct store_blob *stub);
/* Admitted or not is all that changes. */
MUST_USE int store_loader_update(struct store *s, const struct row_loader *row);
MUST_USE int store_attempt_insert(struct store *s,
				  const struct row_attempt *row);
/* Everything but grant, attempt and challenge; what has been answered never
 * changes (E_STATE). */
MUST_USE int store_attempt_update(struct store *s,
				  const struct row_attempt *row);

/* -- log ----------------------------------------------------------------- */
/* Appends with the next number. */
MUST_USE int store_log_append(struct store *s, struct row_log *row);
/*
 * Appends a refusal, unless the same one (actor, order, subject, code) began
 * less than within_s ago: then that entry is counted up instead, in a table of
 * its own, and row->seq is that entry's number.
 */
MUST_USE int store_log_refusal(struct store *s, struct row_log *row,
			       int64_t within_s);
/* Forgets which refusals began before the given time. */
MUST_USE int store_refusals_forget(struct store *s, int64_t before);

/* -- lists --------------------------------------------------------------- */
/* row() is called for each; a return other than 0 stops and is returned. */
struct store_filter { /* "" and 0 = all */
	const char *product, *order, *flasher, *event, *manufacturer;
	const uint8_t *uid;
	uint32_t uid_len;
	int64_t after; /* grants, log: numbers above; others: rows to skip */
	uint32_t limit;
};
MUST_USE int store_products(struct store *s, const struct store_filter *f,
			    int (*row)(void *arg, const struct row_product *r),
			    void *arg);
MUST_USE int store_releases(struct store *s, const struct store_filter *f,
			    int (*row)(void *arg, const struct row_release *r),
			    void *arg);
MUST_USE int store_orders(struct store *s, const struct store_filter *f,
			  int (*row)(void *arg, const struct row_order *r),
			  void *arg);
MUST_USE int store_flashers(struct store *s, const struct store_filter *f,
			    int (*row)(void *arg, const struct row_flasher *r),
			    void *arg);
MUST_USE int store_devices(struct store *s, const struct store_filter *f,
			   int (*row)(void *arg, const struct row_device *r),
			   void *arg);
MUST_USE int store_logs(struct store *s, const struct store_filter *f,
			int (*row)(void *arg, const struct row_log *r),
			void *arg);
MUST_USE int store_batches(struct store *s, const struct store_filter *f,
			   int (*row)(void *arg, const struct row_batch *r),
			   void *arg);
/* Newest first; family 0 = all. */
MUST_USE int store_loaders(struct store *s, const struct store_filter *f,
			   uint32_t family,
			   int (*row)(void *arg, const struct row_loader *r),
			   void *arg);
/* Grants whose due time has come, earliest first, at most limit. */
MUST_USE int store_grants_due(struct store *s, int64_t now, uint32_t limit,
			      int (*row)(void *arg, const struct row_grant *r),
			      void *arg);

struct store_totals {
	int64_t log_entries, orders_open, devices;
};
MUST_USE int store_totals(struct store *s, struct store_totals *out);

#endif
