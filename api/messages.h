/* SPDX-License-Identifier: MIT */
/*
 * api/messages.h - every request and answer of the server, as structs.
 *
 * api/messages.c holds the shape of each (struct shape NAME_shape), and the
 * table api_routes: HTTP method and path, listener, who may call, request and
 * answer shape.  The edge parses HTTP into these, the ledger decides on them,
 * the CLI and the flasher speak them.  Path parameters ({order}, {grant} ...)
 * are fields of the request with the same name.
 *
 *   flasher port (mutual TLS)
 *     POST /v1/grants                     grant_request -> grant_answer
 *     POST /v1/grants/{grant}/deliver     deliver_request -> deliver_answer
 *     POST /v1/grants/{grant}/report      report_request -> report_answer
 *     POST /v1/grants/{grant}/handshake   handshake_request -> handshake_answer
 *     POST /v1/grants/{grant}/installed   installed_request -> installed_answer
 *     GET  /v1/work                       query -> order_list
 *     GET  /v1/orders/{order}/release     release_fetch -> release_answer
 *     GET  /v1/orders/{order}/loader      loader_fetch -> loader_answer
 *     POST /v1/batches/{batch}/secret     stage0_request -> stage0_answer
 *   enrolment port (TLS, no client certificate)
 *     POST /v1/enrol                      enrol_request -> enrol_answer
 *   administration port (TLS, Authorization: Bearer TOKEN)
 *     GET/POST /v1/products, /v1/releases, /v1/orders, /v1/flashers,
 *     GET /v1/devices, /v1/log, /v1/status, ...
 */
#ifndef API_MESSAGES_H
#define API_MESSAGES_H

#include "api/shape.h"
#include "wire/const.h"

#define HEX_DIGEST_CAP 65
#define TIME_CAP 21 /* "2026-11-20T08:00:00Z" */
#define TEXT_CAP 160
#define LABEL_CAP 64 /* a chip family's label (chip/chip.h), with NUL */
#define NONCE_LEN 16
#define RELEASE_FILE_CAP ((2u << 20) + 8192)
#define ROWS_MAX 1000 /* rows in one list answer; page with `after` */

/* -- what a chip looks like from the debug port (design part 3, step 1) -- */
struct fingerprint {
	uint32_t dpidr;	    /* SW-DP DPIDR */
	uint32_t cpuid;	    /* SCB CPUID */
	uint32_t designer;  /* ROM table, JEP106: continuation << 7 | id */
	uint32_t part;	    /* ROM table part number */
	uint32_t device_id; /* vendor's device ID register, whole */
	uint32_t flash_kb;  /* flash size register */
	uint32_t ap_idr;    /* of access port 0 */
	uint32_t vtor;	    /* what it reads after all ones were written */
};

/* -- flasher port -------------------------------------------------------- */
struct grant_request {
	char order[NAME_CAP];
	SHAPE_BYTES_OF(UID_MAX) uid;
	SHAPE_BYTES_OF(NONCE_LEN)
	nonce;		  /* request key: same nonce, same
			   * answer, byte for byte */
	uint32_t channel; /* for the log; 0.. */
	/* fingerprint, flat */
	uint32_t dpidr, cpuid, designer, part, device_id, flash_kb, ap_idr,
		vtor;
	char link[NAME_CAP]; /* sealed orders: the channel's line to the
			      * loader, "uart" or "swd-pins" */
};

struct grant_answer {
	uint64_t grant;
	uint32_t attempt;     /* 1.. */
	uint32_t lease_s;     /* seconds that the reservation holds */
	char state[NAME_CAP]; /* "reserved"; on a retry of a chip that has had
			       * its credential: "delivered" ... */
	char mode[NAME_CAP];  /* "signed" (the order's) */
	char product[NAME_CAP];
	char release[NAME_CAP];	 /* version */
	char serial[SERIAL_CAP]; /* "" until the chip has its credential: serial
				  * numbers are given at delivery */
	char header_digest[HEX_DIGEST_CAP]; /* SHA-256 of the release header:
					     * names the cached chunks */
	uint32_t left; /* units of the order still free after this */
	SHAPE_BYTES_OF(CHALLENGE_LEN)
	challenge;	      /* sealed only: goes into the
			       * attempt's hello */
	char proof[NAME_CAP]; /* the order's; "none", "stage0", ... */
};

struct deliver_request {
	uint64_t grant;
	uint32_t attempt;
	SHAPE_BYTES_OF(NONCE_LEN) nonce;
};

struct deliver_answer {
	uint64_t grant;
	uint32_t attempt;
	struct blob credential; /* COSE_Sign1 */
	struct blob key_enc;	/* HPKE enc, to the flasher's enrolled key */
	struct blob key_sealed; /* content key 32 + tag 16.  info
				 * LABEL_HPKE_CONTENT_KEY, AAD = order name
				 * || 0 || header digest 32; may be the same
				 * bytes for every device of the order */
};

/* outcome: "installed" (programmed, verified, locked), "closed" (protection
 * proved, firmware started), "failed" (attempt over, chip not done). */
struct report_request {
	uint64_t grant;
	uint32_t attempt;
	char outcome[NAME_CAP];
	char phase[NAME_CAP];  /* where it failed: "program", "prove" ... */
	char detail[TEXT_CAP]; /* error text, start-proof line */
};

struct report_answer {
	uint64_t grant;
	char state[NAME_CAP];
	uint32_t attempts_left;
};

struct release_fetch { /* the order's release, encrypted for it */
	char order[NAME_CAP];
};

struct release_answer {
	char version[NAME_CAP];
	struct blob header;   /* COSE_Sign1 */
	struct blob firmware; /* COSE_Sign1, installed in the target */
	struct blob chunks;   /* ciphertext, authority_release_encrypt() */
};

/*
 * Sealed mode.  message is the loader's message 1, whole; its request key is
 * its SHA-256, so that the same message gets the same message 2, byte for byte
 * (wire/hello.h).  Link key and done token of message 2 come to the station as
 * well, sealed to its enrolled key.
 */
#define NOISE_MESSAGE_OVERHEAD 48 /* ephemeral key and tag */
#define SEALED_OVERHEAD 16	  /* tag of a transport message */

struct handshake_request {
	uint64_t grant;
	uint32_t attempt;
	struct blob message;
	char loader[HEX_DIGEST_CAP]; /* digest of the loader that the station
				      * talks to; "" = it does not know */
};

struct handshake_answer {
	uint64_t grant;
	uint32_t attempt;
	struct blob message2;
	struct blob key_enc;	/* HPKE enc */
	struct blob key_sealed; /* link key 32, done token 16, tag 16.  info
				 * LABEL_HPKE_LINK, AAD as in deliver_answer */
};

/* The loader's report as it came; the answer is for it alone.  The same report
 * gets the same commit. */
struct installed_request {
	uint64_t grant;
	uint32_t attempt;
	struct blob report;
};

struct installed_answer {
	uint64_t grant;
	uint32_t attempt;
	struct blob commit;
	char state[NAME_CAP];	 /* "installed" */
	char serial[SERIAL_CAP]; /* for the board's label; "" none */
};

struct loader_fetch { /* the loader that the order's product admits */
	char order[NAME_CAP];
	char link[NAME_CAP]; /* the line that it must speak */
};

struct loader_answer {
	char chip[NAME_CAP]; /* whose flash it lies at the end of */
	char family[NAME_CAP];
	char link[NAME_CAP];
	struct blob loader; /* LOADER_LEN bytes, as they lie in flash */
	struct blob stub;   /* at most STUB_CODE_LEN bytes */
	char digest[HEX_DIGEST_CAP]; /* SHA-256 of loader */
};

/* At a trusted site: the stage-0 secret of one chip (design: batch master, the
 * chip's family and UID).  The same chip gets the same secret again. */
struct stage0_request {
	char batch[NAME_CAP];
	char loader[HEX_DIGEST_CAP]; /* digest of the one that goes in */
	SHAPE_BYTES_OF(UID_MAX) uid;
	uint32_t dpidr, cpuid, designer, part, device_id, flash_kb, ap_idr,
		vtor;
};

struct stage0_answer {
	char family[NAME_CAP];
	struct blob key_enc;	/* HPKE enc, to the flasher's enrolled key */
	struct blob key_sealed; /* secret 32 + tag 16.  info
				 * LABEL_HPKE_STAGE0, AAD = batch name || 0 ||
				 * family u8 || UID */
};

/* -- enrolment port ------------------------------------------------------ */
/*
 * A one-time code is one line of text, shown once by OP_FLASHER_INVITE:
 *
 *   SGN1-PIN-SECRET@HOST:PORT
 *
 * PIN     32 lower-case hex digits: the first 16 bytes of SHA-256 over the
 *         server's CA certificate (DER).  The station accepts no server whose
 *         chain does not end in that certificate.
 * SECRET  32 lower-case hex digits, sent as enrol_request.secret.  Works once,
 *         for 24 hours, and is void after 10 wrong guesses at it.  The same
 *         request (same CSR and key) repeated gets the same certificate, so
 *         that a lost answer costs nothing.
 * HOST:PORT  the enrolment port; HOST may be [IPv6].
 */
#define ENROL_CODE_PREFIX "SGN1-"
#define ENROL_PIN_HEX 32
#define ENROL_SECRET_HEX 32

struct enrol_request {
	char secret[TEXT_CAP]; /* the one-time code's secret part, hex */
	struct blob csr;       /* PKCS#10 DER: the station's TLS key, P-256 */
	SHAPE_BYTES_OF(32) kem_pub; /* X25519, for content keys */
	uint32_t channels;
	char station[NAME_CAP]; /* what it calls itself; for the log */
};

struct enrol_answer {
	char flasher[NAME_CAP];
	struct blob certificate; /* DER */
	struct blob ca;		 /* DER */
	uint32_t flasher_port;
};

/* -- administration port ------------------------------------------------- */
struct product {
	char name[NAME_CAP];
	char family[NAME_CAP];	 /* "stm32l4" */
	char modes[NAME_CAP];	 /* "sealed" (also when ""), "sealed+signed" */
	char demands[NAME_CAP];	 /* proof step that its devices must have:
				  * "none" (also when ""), "stage0" */
	char label[LABEL_CAP];	 /* answer only: how well its chips protect */
	struct blob release_pub; /* raw P-256, 65 bytes */
	struct blob device_pub;	 /* answer only */
	char created[TIME_CAP];
};

struct release {
	char product[NAME_CAP];
	char version[NAME_CAP];
	uint32_t rollback;
	uint32_t size; /* plaintext bytes */
	char digest[HEX_DIGEST_CAP];
	char mode[NAME_CAP]; /* how it is laid out: "sealed", "signed" */
	char created[TIME_CAP];
	char serial_at[NAME_CAP];  /* where its images hold the device's serial
				    * number: "0x08001000:ascii:16", ":u32"; ""
				    * = they do not */
	char protection[NAME_CAP]; /* level of its devices in the end: "1",
				    * "2", "2-early", "2-late" */
};

struct release_upload {
	char product[NAME_CAP];
	struct blob file; /* the release file */
};

struct order {
	char name[NAME_CAP];
	char product[NAME_CAP];
	char release[NAME_CAP];
	char mode[NAME_CAP];	     /* "sealed" (also when ""), "signed" */
	char batch[NAME_CAP];	     /* stage-0 batch of its chips, "" none */
	char manufacturer[NAME_CAP]; /* whose flashers may build it */
	uint32_t quantity;	     /* 1 .. 2^31-1 */
	uint32_t retries;	     /* extra attempts per unit; 0 = 3 */
	uint32_t lease_s;	     /* 0 = 120 */
	char serial_prefix[SERIAL_CAP]; /* serial = prefix + number, "" none;
					 * at most 15 bytes, not ending in a
					 * digit */
	uint64_t serial_first;
	char opens[TIME_CAP], closes[TIME_CAP]; /* "" = no limit */
	/* answer only */
	char state[NAME_CAP]; /* "open", "paused", "ended" */
	char proof[NAME_CAP]; /* "none"; "stage0" with a batch; by family,
				 "demonstration" */
	uint32_t reserved, delivered, installed, closed, unknown, scrapped;
	char created[TIME_CAP];
};

struct order_change {
	char order[NAME_CAP];
	char action[NAME_CAP]; /* "pause", "resume", "end" */
};

struct flasher {
	char name[NAME_CAP];
	char manufacturer[NAME_CAP];
	uint32_t channels;    /* the most it may have open; default 4 */
	char state[NAME_CAP]; /* "invited", "enrolled", "revoked" */
	char fingerprint[HEX_DIGEST_CAP]; /* SHA-256 of its certificate */
	char seen[TIME_CAP];
	char created[TIME_CAP];
	char code[TEXT_CAP]; /* the one-time code; only in the answer that
			      * creates it */
};

struct device {
	uint64_t grant;
	char order[NAME_CAP];
	char product[NAME_CAP];
	char release[NAME_CAP];
	char family[NAME_CAP];
	SHAPE_BYTES_OF(UID_MAX) uid;
	char serial[SERIAL_CAP];
	char flasher[NAME_CAP];
	char state[NAME_CAP];
	char proof[NAME_CAP];
	uint32_t attempts;
	char changed[TIME_CAP];
	struct blob credential;
};

struct grant_change {
	uint64_t grant;
	char action[NAME_CAP]; /* "scrap", "retry" (more attempts) */
	char reason[TEXT_CAP];
};

/* A loader lies at the end of the flash, so it is for one chip of a family. */
struct loader {		     /* on the admission list */
	char chip[NAME_CAP]; /* "stm32f103xe" */
	char family[NAME_CAP];
	char link[NAME_CAP];	     /* "uart", "swd-pins" */
	char digest[HEX_DIGEST_CAP]; /* SHA-256 of its LOADER_LEN bytes */
	uint32_t stub;		     /* bytes of its stub */
	char state[NAME_CAP];	     /* "admitted", "retired" */
	char created[TIME_CAP];
};

struct loader_upload {
	char chip[NAME_CAP];
	char link[NAME_CAP];
	struct blob loader; /* LOADER_LEN bytes */
	struct blob stub;
};

struct loader_change {
	char digest[HEX_DIGEST_CAP];
	char action[NAME_CAP]; /* "retire", "admit" */
};

struct stage0_batch { /* of chips that get a stage-0 secret */
	char name[NAME_CAP];
	char family[NAME_CAP];
	char manufacturer[NAME_CAP]; /* the trusted site whose flashers may put
				      * the secrets in */
	uint32_t chips;		     /* answer only: secrets given out so far */
	char created[TIME_CAP];
};

struct log_entry {
	uint64_t seq;
	char time[TIME_CAP];
	char event[NAME_CAP]; /* "grant.reserved", "grant.refused" ... */
	char actor[NAME_CAP]; /* flasher or person */
	char order[NAME_CAP];
	char subject[TEXT_CAP]; /* UID in hex, product, flasher */
	char code[NAME_CAP];	/* refusal code, or "" */
	uint32_t count;		/* equal refusals coalesced */
	char text[TEXT_CAP];
};

struct query { /* every list: filters by name, "" = all */
	char product[NAME_CAP];
	char order[NAME_CAP];
	char flasher[NAME_CAP];
	char event[NAME_CAP];
	SHAPE_BYTES_OF(UID_MAX) uid;
	uint64_t after; /* devices, log: rows after this grant or sequence
			 * number; other lists: rows to skip */
	uint32_t limit; /* 0 = ROWS_MAX */
};

struct product_list {
	struct list rows;
};
struct release_list {
	struct list rows;
};
struct order_list {
	struct list rows;
};
struct flasher_list {
	struct list rows;
};
struct device_list {
	struct list rows;
};
struct log_list {
	struct list rows;
};
struct loader_list {
	struct list rows;
};
struct stage0_batches {
	struct list rows;
};

struct status {
	char version[NAME_CAP];
	char started[TIME_CAP];
	uint64_t log_entries;
	uint32_t orders_open;
	uint64_t devices;
};

/* -- refusals ------------------------------------------------------------ */
/*
 * Every refusal has a code, a cause and who can resolve it.  X(symbol, text
 * code in JSON, HTTP status, who resolves, cause template, next step).
 * Append-only.
 */
#define REFUSAL_LIST(X)                                                        \
	X(R_BAD_REQUEST, "bad-request", 400, "caller",                         \
	  "the request is malformed", "correct the named field")               \
	X(R_NOT_FOUND, "not-found", 404, "caller", "no such object",           \
	  "check the name; `list` shows all")                                  \
	X(R_EXISTS, "exists", 409, "caller", "this name is taken",             \
	  "choose another name")                                               \
	X(R_AUTH, "not-authorised", 401, "owner",                              \
	  "the token or certificate is not accepted", "ask for a new one")     \
	X(R_REVOKED, "flasher-revoked", 403, "owner",                          \
	  "this flasher has been revoked", "enrol again with a new code")      \
	X(R_CODE, "enrol-code", 403, "owner",                                  \
	  "the one-time code is wrong, used or expired", "ask for a new code") \
	X(R_NOT_ALLOWED, "not-allowed", 403, "owner",                          \
	  "the order belongs to another manufacturer",                         \
	  "ask the owner to assign the order")                                 \
	X(R_ORDER_CLOSED, "order-closed", 409, "owner",                        \
	  "the order is paused, ended or outside its window",                  \
	  "ask the owner: `signet order show` tells why, `resume` opens it")   \
	X(R_ORDER_USED_UP, "order-used-up", 409, "owner",                      \
	  "every unit of the order has been used",                             \
	  "ask the owner for a further order")                                 \
	X(R_ORDER_RESERVED, "order-reserved", 409, "nobody",                   \
	  "the last units are reserved by other channels",                     \
	  "wait for the lease to run out and try again")                       \
	X(R_COUNTERFEIT, "fingerprint", 422, "owner",                          \
	  "the part is not the chip that the product is made of",              \
	  "set the part aside; it may be counterfeit")                         \
	X(R_UID_FORM, "uid-malformed", 422, "owner",                           \
	  "the unique ID is impossible for this chip family",                  \
	  "set the part aside; it may be counterfeit")                         \
	X(R_ALREADY_BUILT, "already-built", 409, "owner",                      \
	  "this chip has been built already",                                  \
	  "put the next board in; to rework this one ask the owner")           \
	X(R_CONFLICT, "uid-conflict", 409, "owner",                            \
	  "another flasher or order has claimed this unique ID",               \
	  "set the part aside and tell the owner")                             \
	X(R_RETRY_LIMIT, "retry-limit", 409, "owner",                          \
	  "this chip has used all its attempts",                               \
	  "set it aside; the owner can allow more with `signet grant retry`")  \
	X(R_CREDIT, "credit", 429, "operator",                                 \
	  "this flasher has as many grants open as it has channels",           \
	  "build its unfinished boards again, or ask the owner to scrap them") \
	X(R_LEASE, "lease-expired", 409, "operator",                           \
	  "the reservation ran out and no unit is free",                       \
	  "ask the owner for a further order")                                 \
	X(R_ATTEMPT, "attempt-stale", 409, "operator",                         \
	  "a later attempt for this chip exists", "start the device again")    \
	X(R_REPLAY, "replay-altered", 409, "owner",                            \
	  "a request key came back with other content",                        \
	  "tell the owner: this is a fault or an attack")                      \
	X(R_STATE, "state", 409, "caller",                                     \
	  "not possible in the present state",                                 \
	  "look at its state first: `signet ... show` or `list`")              \
	X(R_TOO_LARGE, "too-large", 413, "caller", "the request is too large", \
	  "send less")                                                         \
	X(R_SIGNATURE, "signature", 422, "owner",                              \
	  "the release is not signed by the product's release key",            \
	  "make it again with the right key")                                  \
	X(R_BUSY, "busy", 503, "nobody", "the server is overloaded",           \
	  "try again in a moment")                                             \
	X(R_STORAGE, "storage", 507, "owner",                                  \
	  "the server cannot write its database (disk full?)",                 \
	  "tell the owner; nothing was granted")                               \
	X(R_METHOD, "no-such-operation", 404, "caller",                        \
	  "there is no such operation", "see the table in docs/api.md")        \
	X(R_INTERNAL, "internal", 500, "owner", "the server failed",           \
	  "tell the owner; see the server's log")                              \
	X(R_MODE, "mode", 409, "owner",                                        \
	  "product, release and order do not allow the same mode",             \
	  "take a mode that all of them allow; `signet product create "        \
	  "--allow-signed` allows signed")                                     \
	X(R_PROOF, "proof-step", 409, "owner",                                 \
	  "the product demands a proof step that this cannot give",            \
	  "name a stage-0 batch, or a family that has stage 0")                \
	X(R_LOADER, "loader-not-admitted", 409, "owner",                       \
	  "the loader is not on the server's list",                            \
	  "build it and add it with `signet loader add`")                      \
	X(R_HANDSHAKE, "handshake", 422, "operator",                           \
	  "the chip's message does not open: altered, or not of this grant",   \
	  "start the device again; if that fails too, tell the owner")         \
	X(R_CLAIM, "claim", 422, "owner",                                      \
	  "the chip says that it is another one than the grant is for",        \
	  "set the part aside and tell the owner")                             \
	X(R_LOCK, "lock-state", 422, "operator",                               \
	  "the chip's protection is not as ordered",                           \
	  "start the device again; if that fails too, set the part aside")     \
	X(R_RNG, "rng", 422, "operator",                                       \
	  "the chip's random number generator failed its tests",               \
	  "start the device again; if that fails too, set the part aside")     \
	X(R_REPORT, "report", 422, "operator",                                 \
	  "what the chip reports is not the release that it was given",        \
	  "start the device again")                                            \
	X(R_LINK, "link", 409, "operator",                                     \
	  "the chip's loader speaks another line than the channel",            \
	  "set the channel's link in flasher.conf, or take another channel")   \
	X(R_CHIP, "chip", 409, "operator",                                     \
	  "the part is another chip than the release is laid out for",         \
	  "put the right part in, or ask the owner for an order of a "         \
	  "release for this one")                                              \
	X(R_LOADER_CHIP, "loader-chip", 409, "owner",                          \
	  "the loader is for another chip",                                    \
	  "build it with `make loader CHIP=...`, add it with `signet loader "  \
	  "add`")

enum refusal_code {
	R_NONE = 0,
#define X(sym, code, http, who, cause, next) sym,
	REFUSAL_LIST(X)
#undef X
		R_COUNT,
};

/* The answer's body when a request is refused. */
struct refusal {
	char code[NAME_CAP];
	char cause[TEXT_CAP]; /* may name what exactly */
	char next[TEXT_CAP];
	char who[NAME_CAP];
	uint32_t http; /* status */
};

/* Fills r from the table; cause is replaced by detail unless detail is NULL
 * or "". */
void refusal_set(struct refusal *r, enum refusal_code code, const char *detail);

/* -- the operations ------------------------------------------------------ */
enum api_port { PORT_FLASHER = 1, PORT_ENROL = 2, PORT_ADMIN = 3 };

/* X(op, method, path, port, request shape, answer shape).  With GET, request
 * fields come from path and query string. */
#define OP_LIST(X)                                                             \
	X(OP_GRANT, "POST", "/v1/grants", PORT_FLASHER, grant_request,         \
	  grant_answer)                                                        \
	X(OP_DELIVER, "POST", "/v1/grants/{grant}/deliver", PORT_FLASHER,      \
	  deliver_request, deliver_answer)                                     \
	X(OP_REPORT, "POST", "/v1/grants/{grant}/report", PORT_FLASHER,        \
	  report_request, report_answer)                                       \
	X(OP_HANDSHAKE, "POST", "/v1/grants/{grant}/handshake", PORT_FLASHER,  \
	  handshake_request, handshake_answer)                                 \
	X(OP_INSTALLED, "POST", "/v1/grants/{grant}/installed", PORT_FLASHER,  \
	  installed_request, installed_answer)                                 \
	X(OP_WORK, "GET", "/v1/work", PORT_FLASHER, query, order_list)         \
	X(OP_RELEASE_FETCH, "GET", "/v1/orders/{order}/release", PORT_FLASHER, \
	  release_fetch, release_answer)                                       \
	X(OP_LOADER_FETCH, "GET", "/v1/orders/{order}/loader", PORT_FLASHER,   \
	  loader_fetch, loader_answer)                                         \
	X(OP_STAGE0, "POST", "/v1/batches/{batch}/secret", PORT_FLASHER,       \
	  stage0_request, stage0_answer)                                       \
	X(OP_ENROL, "POST", "/v1/enrol", PORT_ENROL, enrol_request,            \
	  enrol_answer)                                                        \
	X(OP_PRODUCT_CREATE, "POST", "/v1/products", PORT_ADMIN, product,      \
	  product)                                                             \
	X(OP_PRODUCTS, "GET", "/v1/products", PORT_ADMIN, query, product_list) \
	X(OP_RELEASE_UPLOAD, "POST", "/v1/releases", PORT_ADMIN,               \
	  release_upload, release)                                             \
	X(OP_RELEASES, "GET", "/v1/releases", PORT_ADMIN, query, release_list) \
	X(OP_ORDER_CREATE, "POST", "/v1/orders", PORT_ADMIN, order, order)     \
	X(OP_ORDERS, "GET", "/v1/orders", PORT_ADMIN, query, order_list)       \
	X(OP_ORDER_CHANGE, "POST", "/v1/orders/{order}/change", PORT_ADMIN,    \
	  order_change, order)                                                 \
	X(OP_FLASHER_INVITE, "POST", "/v1/flashers", PORT_ADMIN, flasher,      \
	  flasher)                                                             \
	X(OP_FLASHERS, "GET", "/v1/flashers", PORT_ADMIN, query, flasher_list) \
	X(OP_FLASHER_REVOKE, "POST", "/v1/flashers/{flasher}/revoke",          \
	  PORT_ADMIN, query, flasher)                                          \
	X(OP_DEVICES, "GET", "/v1/devices", PORT_ADMIN, query, device_list)    \
	X(OP_GRANT_CHANGE, "POST", "/v1/grants/{grant}/change", PORT_ADMIN,    \
	  grant_change, device)                                                \
	X(OP_LOADER_ADD, "POST", "/v1/loaders", PORT_ADMIN, loader_upload,     \
	  loader)                                                              \
	X(OP_LOADERS, "GET", "/v1/loaders", PORT_ADMIN, query, loader_list)    \
	X(OP_LOADER_CHANGE, "POST", "/v1/loaders/{digest}/change", PORT_ADMIN, \
	  loader_change, loader)                                               \
	X(OP_BATCH_CREATE, "POST", "/v1/batches", PORT_ADMIN, stage0_batch,    \
	  stage0_batch)                                                        \
	X(OP_BATCHES, "GET", "/v1/batches", PORT_ADMIN, query, stage0_batches) \
	X(OP_LOG, "GET", "/v1/log", PORT_ADMIN, query, log_list)               \
	X(OP_STATUS, "GET", "/v1/status", PORT_ADMIN, query, status)           \
	X(OP_SERVER_KEYS, "GET", "/v1/keys", PORT_ADMIN, query, server_keys)

struct server_keys {		      /* what `signet release make` needs */
	struct blob release_hpke_pub; /* raw X25519 of the signer */
	struct blob ca;		      /* DER */
	struct blob noise_pub;	      /* raw X25519: goes into loaders */
};

enum api_op {
	OP_NONE = 0,
#define X(op, method, path, port, req, ans) op,
	OP_LIST(X)
#undef X
		OP_COUNT,
};

struct api_route {
	enum api_op op;
	const char *method, *path;
	enum api_port port;
	const struct shape *request, *answer;
};
extern const struct api_route api_routes[]; /* OP_COUNT - 1 rows, op order */
const struct api_route *api_route(enum api_op op);

/* Who asks; filled by the edge, looked up by the ledger at every request. */
struct api_caller {
	enum api_port port;
	/* flasher: SHA-256 of its certificate (DER); admin: SHA-256 of the
	 * token's text */
	uint8_t id[32];
};

extern const struct shape refusal_shape, grant_request_shape,
	grant_answer_shape, deliver_request_shape, deliver_answer_shape,
	report_request_shape, report_answer_shape, release_fetch_shape,
	release_answer_shape, enrol_request_shape, enrol_answer_shape,
	product_shape, release_shape, release_upload_shape, order_shape,
	order_change_shape, flasher_shape, device_shape, grant_change_shape,
	log_entry_shape, query_shape, product_list_shape, release_list_shape,
	order_list_shape, flasher_list_shape, device_list_shape, log_list_shape,
	status_shape, server_keys_shape, handshake_request_shape,
	handshake_answer_shape, installed_request_shape, installed_answer_shape,
	loader_fetch_shape, loader_answer_shape, stage0_request_shape,
	stage0_answer_shape, loader_shape, loader_upload_shape,
	loader_change_shape, loader_list_shape, stage0_batch_shape,
	stage0_batches_shape;

#endif
