/* SPDX-License-Identifier: MIT */
/* The SQLite driver: opening, migrating, transactions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/migrations.h"
#include "store/sqlite_int.h"

/*
 * locking_mode comes first: set before the file is touched it makes WAL work
 * without shared memory, and the lock then stays held, which is what keeps a
 * second server out.
 */
static const char open_sql[] = "PRAGMA locking_mode = EXCLUSIVE;"
			       "PRAGMA journal_mode = WAL;"
			       "PRAGMA synchronous = FULL;"
			       "PRAGMA foreign_keys = ON;"
			       "PRAGMA trusted_schema = OFF;"
			       "PRAGMA temp_store = MEMORY;"
			       "PRAGMA cache_size = -8192;"
			       "PRAGMA wal_autocheckpoint = 4000;"
			       "PRAGMA journal_size_limit = 67108864;";

static int exec(struct store *s, const char *sql)
{
	int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : store_fail(s, rc);
}

static int pragma_get(struct store *s, const char *sql, int64_t *out)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return rc == SQLITE_ROW ? 0 : store_fail(s, rc);
}

static void shut(struct store *s)
{
	for (size_t i = 0; i < ST_COUNT; i++) {
		sqlite3_finalize(s->kept[i]);
		s->kept[i] = NULL;
	}
	sqlite3_close(s->db);
	s->db = NULL;
	s->log_seq = -1;
}

/* SQLite keeps the old mode without an error when WAL cannot be had. */
static int check_wal(struct store *s)
{
	sqlite3_stmt *st = NULL;
	const unsigned char *mode;
	int rc, err = E_DB;

	rc = sqlite3_prepare_v2(s->db, "PRAGMA journal_mode", -1, &st, NULL);
	if (rc != SQLITE_OK || sqlite3_step(st) != SQLITE_ROW) {
		err = store_fail(s, rc);
		goto out;
	}
	mode = sqlite3_column_text(st, 0);
	if (mode && (!strcmp((const char *)mode, "wal") ||
		     !strcmp((const char *)mode, "memory")))
		err = 0;
	else
		snprintf(s->error, sizeof(s->error), "no write-ahead log");
out:
	sqlite3_finalize(st);
	return err;
}

static int connect_db(struct store *s)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
		    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	int rc, err;

	s->log_seq = -1;
	rc = sqlite3_open_v2(s->path, &s->db, flags, s->vfs);
	if (rc != SQLITE_OK)
		return store_fail(s, rc);
	(void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	err = exec(s, open_sql);
	if (err == 0) /* takes the lock now, not at the first request */
		err = exec(s, "BEGIN IMMEDIATE; COMMIT;");
	return err < 0 ? err : check_wal(s);
}

static int migrate_step(struct store *s, size_t version)
{
	char set[64];
	int err;

	snprintf(set, sizeof(set), "PRAGMA user_version = %zu", version);
	err = exec(s, "BEGIN IMMEDIATE");
	if (err < 0)
		return err;
	err = exec(s, store_migrations[version - 1]);
	if (err == 0)
		err = exec(s, set);
	if (err == 0)
		err = exec(s, "COMMIT");
	if (err < 0)
		(void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return err;
}

static int migrate(struct store *s, char why[STORE_WHY_CAP])
{
	int64_t version = 0, app = 0, tables = 0;
	char set[64];
	int err;

	err = pragma_get(s, "PRAGMA user_version", &version);
	if (err == 0)
		err = pragma_get(s, "PRAGMA application_id", &app);
	if (err == 0)
		err = pragma_get(s, "SELECT count(*) FROM sqlite_schema",
				 &tables);
	if (err < 0)
		return err;
	if (app != STORE_APPLICATION_ID && (tables > 0 || version != 0)) {
		snprintf(why, STORE_WHY_CAP, "%s is not a Signet database",
			 s->path);
		return E_VERSION;
	}
	if (version < 0 || (size_t)version > store_migration_count) {
		snprintf(why, STORE_WHY_CAP,
			 "%s has database version %lld, this program knows "
			 "versions up to %zu: use a newer signetd",
			 s->path, (long long)version, store_migration_count);
		return E_VERSION;
	}
	if (app != STORE_APPLICATION_ID) {
		snprintf(set, sizeof(set), "PRAGMA application_id = %d",
			 STORE_APPLICATION_ID);
		err = exec(s, set);
	}
	for (size_t v = (size_t)version + 1;
	     err == 0 && v <= store_migration_count; v++)
		err = migrate_step(s, v);
	return err;
}

static void explain(struct store *s, int err, char why[STORE_WHY_CAP])
{
	if (why[0] != '\0')
		return;
	if (err == E_DB_BUSY)
		snprintf(why, STORE_WHY_CAP,
			 "%s is in use by another process: is a signetd "
			 "running already?",
			 s->path);
	else
		snprintf(why, STORE_WHY_CAP, "%s: %s (%.150s)", s->path,
			 error_text(err), s->error);
}

int store_open(const struct store_config *cfg, struct store **out,
	       char why[STORE_WHY_CAP])
{
	struct store *s = calloc(1, sizeof(*s));
	int err = E_NOMEM;

	why[0] = '\0';
	if (!s)
		return E_NOMEM;
	s->path = strdup(cfg->path);
	s->vfs = cfg->vfs ? strdup(cfg->vfs) : NULL;
	if (!s->path || (cfg->vfs && !s->vfs))
		goto out;
	err = connect_db(s);
	if (err == 0)
		err = migrate(s, why);
out:
	if (err < 0) {
		explain(s, err, why);
		store_close(s);
		return err;
	}
	*out = s;
	return 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	shut(s);
	free(s->path);
	free(s->vfs);
	free(s);
}

int store_begin(struct store *s)
{
	if (!s->db)
		return E_DB;
	return stmt_done(s, stmt_use(s, ST_BEGIN, "BEGIN IMMEDIATE"));
}

void store_rollback(struct store *s)
{
	s->log_seq = -1;
	if (s->db && !sqlite3_get_autocommit(s->db) &&
	    stmt_done(s, stmt_use(s, ST_ROLLBACK, "ROLLBACK")) < 0)
		(void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

int store_commit(struct store *s)
{
	int err = stmt_done(s, stmt_use(s, ST_COMMIT, "COMMIT"));

	if (err == 0)
		return 0;
	store_rollback(s);
	/*
	 * A full disk stops the commit frame itself from being written, so the
	 * transaction is surely not there.  After any other failure (a sync
	 * that went wrong) its frames may be on the disk, valid.
	 */
	if (err == E_DISK_FULL || err == E_DB_BUSY || err == E_STATE)
		return err;
	return E_DB_UNCERTAIN;
}

int store_recover(struct store *s)
{
	int64_t busy = 0;
	int err;

	shut(s);
	err = connect_db(s);
	/* Writes everything anew and syncs it: a system that has once failed
	 * to sync a page does not try again by itself. */
	if (err == 0)
		err = pragma_get(s, "PRAGMA wal_checkpoint(TRUNCATE)", &busy);
	if (err == 0 && busy)
		err = E_DB_BUSY;
	if (err < 0)
		shut(s);
	return err;
}
