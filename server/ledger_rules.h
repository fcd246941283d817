/* SPDX-License-Identifier: MIT */
/*
 * server/ledger_rules.h - the rules of the ledger, as pure functions.
 *
 * They look at rows and a time, and say yes or which refusal; the apply
 * functions change rows in memory.  No SQL, no clock, no I/O, so every rule is
 * tested by a table.  The rules:
 *
 * - The unit is the chip.  All attempts of one UID in one order are one grant;
 *   1 + retries + extra attempts are free in every state before closed.
 * - A unit is reserved by the first attempt and charged when credential and
 *   key leave (deliver).  Before that, the end of the lease or a report of
 *   failure gives it back; after it, nothing does.
 * - Reserved + delivered never exceed the quantity.
 * - A flasher holds at most `channels` grants.  It holds a grant from reserved
 *   until closed, scrapped or released; unknown is still held, or a rogue
 *   station could have one more set of channels every hour.  In sealed mode it
 *   holds a grant until installed: that is what the chip itself says.
 * - In sealed mode the handshake is what deliver is in signed mode; neither
 *   happens in the other mode.  Installed comes from the chip's report alone,
 *   and closed only after it in the same attempt.
 * - A chip is charged at most once over all orders.  Somebody else's
 *   reservation of the same UID elsewhere does not matter until one of the two
 *   is delivered.
 * - Within an order, another flasher may take a grant over once the present
 *   attempt is no longer live: failed, or silent for a lease.
 */
#ifndef SERVER_LEDGER_RULES_H
#define SERVER_LEDGER_RULES_H

#include "api/messages.h"
#include "store/store.h"

#define RULES_COALESCE_S 60 /* equal refusals within this are one entry */
#define RULES_INVITE_S (24 * 3600)
#define RULES_INVITE_WRONG 10

/* Has a key for this grant ever left? */
bool rules_charged(const struct row_grant *g);
/* Attempts that the grant may have in all. */
uint32_t rules_attempts(const struct row_order *o, const struct row_grant *g);
/* Is somebody presumably working on the chip right now? */
bool rules_live(const struct row_grant *g, int64_t now);
/* Units that can still be reserved. */
uint32_t rules_left(const struct row_order *o);

/* May this flasher get anything from this order now? */
enum refusal_code rules_order(const struct row_order *o,
			      const struct row_flasher *f, int64_t now);

/*
 * May f start an attempt on this chip?  own is the chip's grant in the order,
 * or NULL; other is the grant of another order that was charged for this chip,
 * or NULL.  rules_order() has said yes.
 */
enum refusal_code rules_grant(const struct row_order *o,
			      const struct row_flasher *f,
			      const struct row_grant *own,
			      const struct row_grant *other,
			      const char *other_manufacturer, int64_t now);
/* Starts the attempt: a new grant when g->attempt is 0 (order, family and UID
 * are set by the caller).  before is the flasher that holds g, or NULL. */
void rules_grant_apply(struct row_order *o, struct row_flasher *f,
		       struct row_flasher *before, struct row_grant *g,
		       int64_t now);

/* May key and credential of this attempt leave, to the flasher (signed)? */
enum refusal_code rules_deliver(const struct row_order *o,
				const struct row_flasher *f,
				const struct row_grant *g, uint32_t attempt,
				const struct row_grant *other, int64_t now);
/* The same for message 2, to the chip (sealed). */
enum refusal_code rules_handshake(const struct row_order *o,
				  const struct row_flasher *f,
				  const struct row_grant *g, uint32_t attempt,
				  const struct row_grant *other, int64_t now);
#define SERIAL_PREFIX_MAX 15
/* The order's serial number of that index, from 0; "" without a prefix. */
void rules_serial_number(const struct row_order *o, uint32_t index,
			 char out[SERIAL_CAP]);
/* What g has, or will be given when it is charged next. */
void rules_serial(const struct row_order *o, const struct row_grant *g,
		  char out[SERIAL_CAP]);
/* Charges the unit (once) and gives the serial number. */
void rules_deliver_apply(struct row_order *o, struct row_flasher *f,
			 struct row_grant *g, uint32_t unknown_after_s,
			 int64_t now);

enum report { REPORT_INSTALLED, REPORT_CLOSED, REPORT_FAILED };
/* False if the text names no outcome. */
bool rules_outcome(const char *text, enum report *out);
/* verified: the chip's own report of this attempt has been answered (sealed
 * orders). */
enum refusal_code rules_report(const struct row_order *o,
			       const struct row_flasher *f,
			       const struct row_grant *g, uint32_t attempt,
			       enum report what, bool verified);
/* May the chip's report of this attempt be judged? (sealed) */
enum refusal_code rules_installed(const struct row_flasher *f,
				  const struct row_grant *g, uint32_t attempt);
/* True if anything changed (a repeated report changes nothing). */
bool rules_report_apply(struct row_order *o, struct row_flasher *f,
			struct row_grant *g, enum report what,
			uint32_t unknown_after_s, int64_t now);

/* The clock: g->due has come.  holder may be NULL when nobody holds g. */
void rules_due_apply(struct row_order *o, struct row_flasher *holder,
		     struct row_grant *g, int64_t now);

/* The owner. */
enum refusal_code rules_scrap(const struct row_grant *g);
void rules_scrap_apply(struct row_order *o, struct row_flasher *holder,
		       struct row_grant *g, int64_t now);
enum refusal_code rules_retry(const struct row_grant *g);
/* True when a closed device was reopened (rework). */
bool rules_retry_apply(struct row_order *o, struct row_grant *g, int64_t now);

/* pause, resume, end.  R_STATE when the order is not in a state for it. */
enum refusal_code rules_order_change(const struct row_order *o,
				     const char *action, uint32_t *out_state);

/* May this one-time code be used now?  request is the digest of what uses it;
 * *out_again when that very request has used it before. */
enum refusal_code rules_invite(const struct row_invite *i,
			       const struct row_flasher *f,
			       const uint8_t secret[STORE_HASH_LEN],
			       const uint8_t request[STORE_HASH_LEN],
			       int64_t now, bool *out_again);

/* "reserved", "delivered" ...; static. */
const char *rules_grant_state(uint32_t state);
const char *rules_order_state(uint32_t state);
const char *rules_flasher_state(uint32_t state);
const char *rules_mode(uint32_t mode);	 /* "sealed", "signed" */
const char *rules_modes(uint32_t modes); /* "sealed", "sealed+signed" */

#endif
