/* SPDX-License-Identifier: MIT */
/*
 * server/ledger_int.h - inside the ledger.
 *
 * A batch is decided in memory: rows are read once into a cache, handlers
 * decide on them one job after the other, then the signer makes all
 * credentials and key wraps of the batch in one call each, then what changed
 * is written, and the transaction commits.  A refusal is decided before its
 * handler changes anything.  Should anything fail that is no refusal, the
 * whole transaction is undone and its jobs are run again one by one, so that
 * only the culprit fails.
 */
#ifndef SERVER_LEDGER_INT_H
#define SERVER_LEDGER_INT_H

#include "server/ledger.h"
#include "server/ledger_rules.h"
#include "store/store.h"

/* -- the batch ----------------------------------------------------------- */
struct cached_order {
	struct row_order row;
	bool dirty;
};

struct cached_flasher {
	struct row_flasher row;
	bool dirty;
};

struct cached_grant {
	struct row_grant row;
	bool dirty;
	bool charged; /* in the database already */
	bool signing; /* its credential or key is being made in this batch */
};

struct vec { /* pointers, each malloc'ed */
	void **items;
	size_t count, cap;
};

struct delivery {		/* answered once the signer has done its part */
	struct ledger_job *job; /* NULL: only its credential is to be made */
	struct cached_grant *grant;
	struct row_request request;
	size_t credential; /* index, or SIZE_MAX: it has one already */
	uint32_t attempt;
	size_t rewrap; /* index; shared by the flasher's deliveries */
};

struct batch {
	int64_t now;
	struct vec orders, flashers, grants; /* cached_* */
	struct vec deliveries;		     /* struct delivery */
	struct vec logs;		     /* struct pending_log */
	struct signer_credential *credentials;
	size_t credential_count, credential_cap;
	struct signer_rewrap *rewraps;
	size_t rewrap_count, rewrap_cap;
};

struct pending_log {
	struct row_log row;
	bool refusal;
};

struct ledger {
	const struct signer_port *signer;
	char *enrol_host, *version;
	uint32_t flasher_port, unknown_after_s;
	int64_t (*now)(void *arg);
	void *now_arg;
	struct store *db;
	bool broken;	     /* store_recover() is owed */
	uint64_t unrecorded; /* refusals while nothing could be written */
	int64_t started, forgot;
	uint8_t *ca; /* DER */
	size_t ca_len;
	uint8_t hpke_pub[X25519_LEN], noise_pub[X25519_LEN];
	struct batch batch;
};

/* The caches.  Pointers stay valid until the batch ends.  0 or E_NOT_FOUND,
 * E_*. */
MUST_USE int cache_order(struct ledger *l, const char *name,
			 struct cached_order **out);
MUST_USE int cache_order_id(struct ledger *l, int64_t id,
			    struct cached_order **out);
MUST_USE int cache_flasher(struct ledger *l, const char *name,
			   struct cached_flasher **out);
MUST_USE int cache_flasher_id(struct ledger *l, int64_t id,
			      struct cached_flasher **out);
MUST_USE int cache_flasher_cert(struct ledger *l, const uint8_t cert[32],
				struct cached_flasher **out);
MUST_USE int cache_grant_id(struct ledger *l, int64_t id,
			    struct cached_grant **out);
/* The chip's grant in this order. */
MUST_USE int cache_grant_uid(struct ledger *l, const struct row_order *o,
			     const uint8_t *uid, uint32_t len,
			     struct cached_grant **out);
/* The grant that was charged for this chip, in whatever order. */
MUST_USE int cache_grant_charged(struct ledger *l, uint32_t family,
				 const uint8_t *uid, uint32_t len,
				 struct cached_grant **out);
/* Inserts row (its number is set) and caches it. */
MUST_USE int cache_grant_new(struct ledger *l, const struct row_grant *row,
			     struct cached_grant **out);
/* Writes everything dirty, then the log. */
MUST_USE int cache_flush(struct ledger *l);
void cache_clear(struct ledger *l);

MUST_USE int vec_add(struct vec *v,
		     void *item); /* owns item even if it fails */
void vec_clear(struct vec *v);

/* -- one call ------------------------------------------------------------ */
struct call {
	struct ledger *l;
	struct ledger_job *job;
	int64_t now;
	struct cached_flasher *flasher; /* flasher port */
	char actor[NAME_CAP];
	/* for the log, set as soon as known */
	char order[NAME_CAP];
	char subject[TEXT_CAP];
	const char *event;     /* of a refusal; NULL = "OP.refused" */
	char detail[TEXT_CAP]; /* cause of a refusal */
	char next[TEXT_CAP];   /* its next step; "" = the code's own */
};

/*
 * A handler returns 0 with the answer filled, a refusal code (> 0), LATER to
 * be run in the next batch (it depends on something that this batch has yet to
 * sign), or a negative E_* which undoes the batch.
 */
#define LATER (R_COUNT + 1)
typedef int (*op_handler)(struct call *c);

struct op_row {
	enum api_op op;
	const char *name; /* log: "grant" -> "grant.refused" */
	op_handler handle;
	bool reads; /* reads tables as a whole: waits until what the batch
		     * has changed is in them */
};

/* One table per group of operations, ended by a row without handler. */
extern const struct op_row ledger_grant_ops[], ledger_deliver_ops[],
	ledger_catalog_ops[], ledger_order_ops[], ledger_flasher_ops[],
	ledger_list_ops[], ledger_sealed_ops[], ledger_loader_ops[];

/*
 * Looks whether this request has been answered before.  E_NOT_FOUND: it is
 * new, and row is prepared for its answer.  0: row holds the stored answer.
 * R_REPLAY, logged as an alarm: same key, other content.
 */
MUST_USE int request_seen(struct call *c, enum request_kind kind,
			  const uint8_t nonce[NONCE_LEN],
			  struct row_request *row);

/* The rows that the rule about one chip needs. */
struct chip_rows {
	struct cached_order *order;
	struct cached_grant *own, *other; /* or NULL */
	struct cached_order *other_order;
};
/* Fills own (unless set) and other; both may stay NULL. */
MUST_USE int chip_load(struct call *c, const uint8_t *uid, uint32_t len,
		       struct chip_rows *r);

/* Refusals of rules_grant(), rules_deliver() and rules_order() in words. */
int refuse_grant(struct call *c, enum refusal_code code,
		 const struct chip_rows *r);
int refuse_order(struct call *c, enum refusal_code code,
		 const struct row_order *o);

/* Sealed orders (ledger_sealed.c).  Is there all that an attempt on this chip
 * needs?  0 or a refusal. */
MUST_USE int sealed_ready(struct call *c, const struct row_order *o,
			  const struct grant_request *q);
/* The newest loader for the order's chip that is admitted and speaks this line
 * (LOADER_LINK_NONE: any): 0, or a refusal. */
MUST_USE int loader_admitted(struct call *c, const struct row_order *o,
			     enum loader_link link, struct row_loader *out);
/* A loader's digest in hex to its row; a refusal unless it is admitted and for
 * this chip (chip_meant()). */
MUST_USE int loader_named(struct call *c, const char *digest, uint32_t family,
			  uint32_t device, struct row_loader *out);
/* Its name for people, "stm32f103xe", or the family's. */
const char *loader_chip_name(uint32_t family, uint32_t device);
/* Challenges the attempt that has just begun. */
MUST_USE int sealed_attempt_start(struct call *c, const struct row_grant *g,
				  struct grant_answer *a);
/* Has the chip's own report of this attempt been answered?  False for signed
 * orders. */
MUST_USE int sealed_verified(struct call *c, const struct row_order *o,
			     const struct row_grant *g, uint32_t attempt,
			     bool *out);

/* Has the grant's credential signed at the end of the batch, unless it has
 * one. */
MUST_USE int credential_later(struct call *c, struct cached_grant *g,
			      const struct row_order *o);
/* Signs and answers the deliveries of the batch. */
MUST_USE int ledger_deliveries_finish(struct ledger *l);
/* Releases expired leases, marks silent grants. */
MUST_USE int ledger_expire(struct ledger *l);

/* Adds a log entry to the batch. */
__attribute__((format(printf, 4, 5))) MUST_USE int call_log(struct call *c,
							    const char *event,
							    const char *subject,
							    const char *text,
							    ...);
/* Returns code, with detail as its cause. */
__attribute__((format(printf, 3, 4))) int call_refuse(struct call *c,
						      enum refusal_code code,
						      const char *detail, ...);
/* The same, with a next step that fits better than the code's own. */
__attribute__((format(printf, 4, 5))) int call_refuse_next(
	struct call *c, enum refusal_code code, const char *next,
	const char *detail, ...);
/* What says that a family has no stage 0, and which ones have. */
int refuse_stage0(struct call *c, const char *family);
/* E_NOT_FOUND becomes a refusal that names the missing thing. */
int call_missing(struct call *c, int err, const char *kind, const char *name);

/* One transaction.  All or nothing: on failure no job has an answer.
 * later[i]: the job has to be run again in the next batch. */
MUST_USE int batch_run(struct ledger *l, struct ledger_job **jobs, size_t n,
		       bool *later);
MUST_USE int batch_log(struct ledger *l, const struct row_log *row,
		       bool refusal);

/* -- text ---------------------------------------------------------------- */
void time_text(int64_t t, char out[TIME_CAP]); /* 0 = "" */
/* "" = 0; E_SYNTAX. */
MUST_USE int time_parse(const char *s, int64_t *out);
void subject_uid(char out[TEXT_CAP], const uint8_t *uid, size_t len);
/* Copies into a fixed field, always terminated. */
void text_copy(char *out, size_t cap, const char *in);
#define TEXT_SET(field, in) text_copy((field), sizeof(field), (in))
MUST_USE int blob_set(struct blob *b, const void *data, size_t len);

/* Rows to answers. */
void fill_order(const struct row_order *r, struct order *out);
void fill_flasher(const struct row_flasher *r, struct flasher *out);
void fill_release(const struct row_release *r, struct release *out);
MUST_USE int fill_product(const struct row_product *r, struct product *out);
MUST_USE int fill_device(const struct row_device *r, struct device *out);

#endif
