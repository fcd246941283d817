/* SPDX-License-Identifier: MIT */
#include "store/migrations.h"

/*
 * Times are Unix seconds; numbers of enums are those of store/store.h.  The
 * checks and triggers repeat rules that server/ledger_rules.c has applied
 * already: a bug there must not become a device too many.
 */
static const char step_1[] =
	"CREATE TABLE persons ("
	" id INTEGER PRIMARY KEY,"
	" name TEXT NOT NULL,"
	" token BLOB NOT NULL UNIQUE CHECK (length(token) = 32),"
	" created INTEGER NOT NULL) STRICT;"

	"CREATE TABLE products ("
	" id INTEGER PRIMARY KEY,"
	" name TEXT NOT NULL UNIQUE,"
	" family INTEGER NOT NULL,"
	" proof INTEGER NOT NULL,"
	" release_pub BLOB NOT NULL CHECK (length(release_pub) = 65),"
	" device_pub BLOB NOT NULL CHECK (length(device_pub) = 65),"
	" created INTEGER NOT NULL) STRICT;"

	"CREATE TABLE releases ("
	" id INTEGER PRIMARY KEY,"
	" product_id INTEGER NOT NULL REFERENCES products,"
	" version TEXT NOT NULL,"
	" rollback INTEGER NOT NULL,"
	" size INTEGER NOT NULL,"
	" digest BLOB NOT NULL CHECK (length(digest) = 32),"
	" header_digest BLOB NOT NULL CHECK (length(header_digest) = 32),"
	" created INTEGER NOT NULL,"
	" UNIQUE (product_id, version)) STRICT;"

	"CREATE TABLE release_files ("
	" release_id INTEGER PRIMARY KEY REFERENCES releases,"
	" file BLOB NOT NULL) STRICT;"

	/* The counters are redundant with grants, on purpose: each grant
	 * decides on one row. */
	"CREATE TABLE orders ("
	" id INTEGER PRIMARY KEY,"
	" name TEXT NOT NULL UNIQUE,"
	" product_id INTEGER NOT NULL REFERENCES products,"
	" release_id INTEGER NOT NULL REFERENCES releases,"
	" mode INTEGER NOT NULL,"
	" manufacturer TEXT NOT NULL,"
	" quantity INTEGER NOT NULL"
	"  CHECK (quantity BETWEEN 1 AND 2147483647),"
	" retries INTEGER NOT NULL CHECK (retries >= 0),"
	" lease_s INTEGER NOT NULL CHECK (lease_s > 0),"
	" serial_prefix TEXT NOT NULL,"
	" serial_first INTEGER NOT NULL,"
	" opens INTEGER, closes INTEGER,"
	" wrapped BLOB NOT NULL CHECK (length(wrapped) = 80),"
	" created INTEGER NOT NULL,"
	" state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 3),"
	" serial_used INTEGER NOT NULL DEFAULT 0,"
	" reserved INTEGER NOT NULL DEFAULT 0 CHECK (reserved >= 0),"
	" delivered INTEGER NOT NULL DEFAULT 0 CHECK (delivered >= 0),"
	" installed INTEGER NOT NULL DEFAULT 0 CHECK (installed >= 0),"
	" closed INTEGER NOT NULL DEFAULT 0 CHECK (closed >= 0),"
	" unknown INTEGER NOT NULL DEFAULT 0 CHECK (unknown >= 0),"
	" scrapped INTEGER NOT NULL DEFAULT 0 CHECK (scrapped >= 0),"
	" CHECK (delivered + reserved <= quantity)) STRICT;"
	"CREATE TRIGGER orders_only_forward"
	" BEFORE UPDATE OF delivered, serial_used, quantity ON orders"
	" WHEN NEW.delivered < OLD.delivered"
	" OR NEW.serial_used < OLD.serial_used"
	" OR NEW.quantity <> OLD.quantity"
	" BEGIN SELECT RAISE(ABORT, 'an order''s count never falls'); END;"

	"CREATE TABLE order_contents ("
	" order_id INTEGER PRIMARY KEY REFERENCES orders,"
	" header BLOB NOT NULL, firmware BLOB NOT NULL,"
	" chunks BLOB NOT NULL) STRICT;"

	"CREATE TABLE flashers ("
	" id INTEGER PRIMARY KEY,"
	" name TEXT NOT NULL UNIQUE,"
	" manufacturer TEXT NOT NULL,"
	" channels INTEGER NOT NULL CHECK (channels > 0),"
	" state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 3),"
	" open INTEGER NOT NULL DEFAULT 0 CHECK (open >= 0),"
	" cert BLOB UNIQUE CHECK (length(cert) = 32),"
	" kem_pub BLOB CHECK (length(kem_pub) = 32),"
	" seen INTEGER,"
	" created INTEGER NOT NULL) STRICT;"

	"CREATE TABLE station_certs ("
	" flasher_id INTEGER PRIMARY KEY REFERENCES flashers,"
	" der BLOB NOT NULL) STRICT;"

	"CREATE TABLE invites ("
	" flasher_id INTEGER PRIMARY KEY REFERENCES flashers,"
	" selector BLOB NOT NULL UNIQUE CHECK (length(selector) = 4),"
	" secret BLOB NOT NULL CHECK (length(secret) = 32),"
	" expires INTEGER NOT NULL,"
	" wrong INTEGER NOT NULL,"
	" request BLOB) STRICT;"

	"CREATE TABLE grants ("
	" id INTEGER PRIMARY KEY,"
	" order_id INTEGER NOT NULL REFERENCES orders,"
	" flasher_id INTEGER NOT NULL REFERENCES flashers,"
	" family INTEGER NOT NULL,"
	" uid BLOB NOT NULL,"
	" state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 7),"
	" attempt INTEGER NOT NULL CHECK (attempt > 0),"
	" extra INTEGER NOT NULL,"
	" reworks INTEGER NOT NULL,"
	" held INTEGER NOT NULL,"
	" keyed INTEGER NOT NULL,"
	" over INTEGER NOT NULL,"
	" lease_until INTEGER NOT NULL,"
	" due INTEGER,"
	" charged INTEGER,"
	" changed INTEGER NOT NULL,"
	" serial TEXT NOT NULL,"
	" credential BLOB,"
	" CHECK ((charged IS NULL) = (state < 3)),"
	" CHECK ((charged IS NULL) = (credential IS NULL)),"
	" UNIQUE (order_id, family, uid)) STRICT;"
	/* A chip is charged once, whatever the order. */
	"CREATE UNIQUE INDEX grants_charged ON grants (family, uid)"
	" WHERE charged IS NOT NULL;"
	/* Small: credit bounds how many grants are due at a time. */
	"CREATE INDEX grants_due ON grants (due) WHERE due IS NOT NULL;"
	"CREATE TRIGGER grants_only_forward"
	" BEFORE UPDATE OF charged, credential, serial ON grants"
	" WHEN OLD.charged IS NOT NULL"
	" AND (NEW.charged IS NOT OLD.charged"
	"  OR NEW.credential IS NOT OLD.credential"
	"  OR NEW.serial IS NOT OLD.serial)"
	" BEGIN SELECT RAISE(ABORT, 'a credential never changes'); END;"
	"CREATE TRIGGER grants_stay BEFORE DELETE ON grants"
	" BEGIN SELECT RAISE(ABORT, 'grants are never deleted'); END;"

	"CREATE TABLE requests ("
	" flasher_id INTEGER NOT NULL,"
	" kind INTEGER NOT NULL,"
	" nonce BLOB NOT NULL,"
	" digest BLOB NOT NULL,"
	" grant_id INTEGER NOT NULL,"
	" answer BLOB NOT NULL,"
	" PRIMARY KEY (flasher_id, kind, nonce)) STRICT, WITHOUT ROWID;"

	"CREATE TABLE log ("
	" seq INTEGER PRIMARY KEY,"
	" time INTEGER NOT NULL,"
	" event TEXT NOT NULL,"
	" actor TEXT NOT NULL,"
	" ord TEXT NOT NULL,"
	" subject TEXT NOT NULL,"
	" code TEXT NOT NULL,"
	" text TEXT NOT NULL) STRICT;"
	"CREATE TRIGGER log_dense BEFORE INSERT ON log"
	" WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM log)"
	" BEGIN SELECT RAISE(ABORT, 'the log has no gaps'); END;"
	"CREATE TRIGGER log_no_update BEFORE UPDATE ON log"
	" BEGIN SELECT RAISE(ABORT, 'the log only grows'); END;"
	"CREATE TRIGGER log_no_delete BEFORE DELETE ON log"
	" BEGIN SELECT RAISE(ABORT, 'the log only grows'); END;"

	/* How often a refusal came again within its window. */
	"CREATE TABLE log_repeats ("
	" seq INTEGER PRIMARY KEY REFERENCES log,"
	" repeats INTEGER NOT NULL) STRICT;"
	"CREATE TRIGGER log_repeats_grow BEFORE UPDATE ON log_repeats"
	" WHEN NEW.repeats <= OLD.repeats OR NEW.seq <> OLD.seq"
	" BEGIN SELECT RAISE(ABORT, 'repeats only grow'); END;"
	"CREATE TRIGGER log_repeats_stay BEFORE DELETE ON log_repeats"
	" BEGIN SELECT RAISE(ABORT, 'repeats only grow'); END;"

	/* Which refusals may still be counted up; forgotten soon. */
	"CREATE TABLE refusals ("
	" code TEXT NOT NULL, actor TEXT NOT NULL, ord TEXT NOT NULL,"
	" subject TEXT NOT NULL,"
	" seq INTEGER NOT NULL,"
	" since INTEGER NOT NULL,"
	" PRIMARY KEY (code, actor, ord, subject)) STRICT, WITHOUT ROWID;";

/* Sealed mode.  What was made before it is signed. */
static const char step_2[] =
	"ALTER TABLE products ADD COLUMN modes INTEGER NOT NULL DEFAULT 2"
	" CHECK (modes IN (1, 2));"
	"ALTER TABLE releases ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;"

	"CREATE TABLE batches ("
	" id INTEGER PRIMARY KEY,"
	" name TEXT NOT NULL UNIQUE,"
	" family INTEGER NOT NULL,"
	" manufacturer TEXT NOT NULL,"
	" master BLOB NOT NULL CHECK (length(master) = 80),"
	" created INTEGER NOT NULL) STRICT;"
	/* Chips that a stage-0 secret was given out for. */
	"CREATE TABLE batch_chips ("
	" batch_id INTEGER NOT NULL REFERENCES batches,"
	" family INTEGER NOT NULL,"
	" uid BLOB NOT NULL,"
	" flasher_id INTEGER NOT NULL REFERENCES flashers,"
	" created INTEGER NOT NULL,"
	" PRIMARY KEY (batch_id, family, uid)) STRICT, WITHOUT ROWID;"

	"ALTER TABLE orders ADD COLUMN proof INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE orders ADD COLUMN batch_id INTEGER REFERENCES batches;"
	"CREATE TRIGGER orders_mode BEFORE INSERT ON orders"
	" WHEN NEW.mode NOT IN (1, 2)"
	" OR (NEW.mode = 1 AND (SELECT modes FROM products"
	"  WHERE id = NEW.product_id) <> 2)"
	" OR (NEW.mode = 2) <> (SELECT sealed FROM releases"
	"  WHERE id = NEW.release_id)"
	" OR NEW.proof < (SELECT proof FROM products"
	"  WHERE id = NEW.product_id)"
	" OR (NEW.proof = 1) <> (NEW.batch_id IS NOT NULL)"
	" BEGIN SELECT RAISE(ABORT, 'mode and proof fit'); END;"

	"CREATE TABLE loaders ("
	" id INTEGER PRIMARY KEY,"
	" family INTEGER NOT NULL,"
	" digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),"
	" stub_len INTEGER NOT NULL,"
	" admitted INTEGER NOT NULL,"
	" created INTEGER NOT NULL,"
	" code BLOB NOT NULL, stub BLOB NOT NULL) STRICT;"

	/* One row per attempt of a sealed grant: what it was challenged with,
	 * and what it was answered. */
	"CREATE TABLE attempts ("
	" grant_id INTEGER NOT NULL REFERENCES grants,"
	" attempt INTEGER NOT NULL CHECK (attempt > 0),"
	" flasher_id INTEGER NOT NULL REFERENCES flashers,"
	" challenge BLOB NOT NULL CHECK (length(challenge) = 32),"
	" ephemeral BLOB CHECK (length(ephemeral) = 32),"
	" request BLOB CHECK (length(request) = 32),"
	" loader_id INTEGER REFERENCES loaders,"
	" session BLOB, link_down BLOB, link_up BLOB, message2 BLOB,"
	" report BLOB CHECK (length(report) = 32),"
	" sealed_commit BLOB,"
	" CHECK ((request IS NULL) = (message2 IS NULL)),"
	" CHECK ((request IS NULL) = (ephemeral IS NULL)),"
	" CHECK ((report IS NULL) = (sealed_commit IS NULL)),"
	" CHECK (report IS NULL OR request IS NOT NULL),"
	" PRIMARY KEY (grant_id, attempt)) STRICT, WITHOUT ROWID;"
	/* No chip's ephemeral key is ever answered twice. */
	"CREATE UNIQUE INDEX attempts_ephemeral ON attempts (ephemeral)"
	" WHERE ephemeral IS NOT NULL;"
	"CREATE TRIGGER attempts_answered_once BEFORE UPDATE ON attempts"
	" WHEN NEW.challenge IS NOT OLD.challenge"
	" OR NEW.grant_id <> OLD.grant_id OR NEW.attempt <> OLD.attempt"
	" OR (OLD.request IS NOT NULL"
	"  AND (NEW.request IS NOT OLD.request"
	"   OR NEW.ephemeral IS NOT OLD.ephemeral"
	"   OR NEW.session IS NOT OLD.session"
	"   OR NEW.link_down IS NOT OLD.link_down"
	"   OR NEW.link_up IS NOT OLD.link_up"
	"   OR NEW.message2 IS NOT OLD.message2))"
	" OR (OLD.report IS NOT NULL"
	"  AND (NEW.report IS NOT OLD.report"
	"   OR NEW.sealed_commit IS NOT OLD.sealed_commit))"
	" BEGIN SELECT RAISE(ABORT, 'an answer never changes'); END;"
	"CREATE TRIGGER attempts_stay BEFORE DELETE ON attempts"
	" BEGIN SELECT RAISE(ABORT, 'attempts are never deleted'); END;"

	/* A content key wrapped for a flasher (the answer to a delivery) can
	 * not even be written down for a sealed order. */
	"CREATE TRIGGER requests_signed_only BEFORE INSERT ON requests"
	" WHEN NEW.kind = 2 AND (SELECT o.mode FROM grants g"
	"  JOIN orders o ON o.id = g.order_id WHERE g.id = NEW.grant_id) <> 1"
	" BEGIN SELECT RAISE(ABORT, 'only signed orders give a flasher keys');"
	" END;";

/* One line per loader; those listed before speak both (0).  Link keys no
 * longer in the clear: attempts that have one begin anew. */
static const char step_3[] =
	"ALTER TABLE loaders ADD COLUMN link INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE batch_chips ADD COLUMN loader_id INTEGER"
	" REFERENCES loaders;"
	"DROP TRIGGER attempts_answered_once;"
	"ALTER TABLE attempts DROP COLUMN link_down;"
	"ALTER TABLE attempts DROP COLUMN link_up;"
	"ALTER TABLE attempts ADD COLUMN link BLOB;"
	"CREATE TRIGGER attempts_answered_once BEFORE UPDATE ON attempts"
	" WHEN NEW.challenge IS NOT OLD.challenge"
	" OR NEW.grant_id <> OLD.grant_id OR NEW.attempt <> OLD.attempt"
	" OR (OLD.request IS NOT NULL"
	"  AND (NEW.request IS NOT OLD.request"
	"   OR NEW.ephemeral IS NOT OLD.ephemeral"
	"   OR NEW.session IS NOT OLD.session"
	"   OR NEW.link IS NOT OLD.link"
	"   OR NEW.message2 IS NOT OLD.message2))"
	" OR (OLD.report IS NOT NULL"
	"  AND (NEW.report IS NOT OLD.report"
	"   OR NEW.sealed_commit IS NOT OLD.sealed_commit))"
	" BEGIN SELECT RAISE(ABORT, 'an answer never changes'); END;";

/* Releases that put each device's serial number into the image. */
static const char step_4[] =
	"ALTER TABLE releases ADD COLUMN serial_at TEXT NOT NULL DEFAULT '';";

/* Loaders and releases are for a chip: its device ID, where the family (1:
 * stm32f1) has several.  What is sealed and older was for the STM32F103xB, the
 * only one that had a loader. */
static const char step_5[] =
	"ALTER TABLE loaders ADD COLUMN device INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE releases ADD COLUMN device INTEGER NOT NULL DEFAULT 0;"
	"UPDATE loaders SET device = 0x410 WHERE family = 1;"
	"UPDATE releases SET device = 0x410 WHERE sealed = 1 AND product_id IN"
	" (SELECT id FROM products WHERE family = 1);";

/* The read protection that a release ends with: release_protection(). */
static const char step_6[] =
	"ALTER TABLE releases ADD COLUMN protection TEXT NOT NULL DEFAULT '';";

const char *const store_migrations[] = { step_1, step_2, step_3,
					 step_4, step_5, step_6 };
const size_t store_migration_count = sizeof(store_migrations) /
				     sizeof(store_migrations[0]);
