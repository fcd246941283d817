/* SPDX-License-Identifier: MIT */
/* Flashers, their certificates, and the codes that enrol them. */
#include "store/sqlite_int.h"

static const struct col flasher_cols[] = {
	COL(I64, row_flasher, id),
	COL_ARRAY(TEXT, row_flasher, name),
	COL(I64, row_flasher, created),
	/* what store_flasher_update() writes */
	COL_ARRAY(TEXT, row_flasher, manufacturer),
	COL(U32, row_flasher, channels),
	COL(U32, row_flasher, state),
	COL(U32, row_flasher, open),
	COL_VAR_OF(row_flasher, cert, cert_len),
	COL_VAR_OF(row_flasher, kem_pub, kem_len),
	COL(I64Z, row_flasher, seen),
};
#define FLASHER_CHANGING (flasher_cols + 3), 7
#define FLASHER_SELECT                                                         \
	"SELECT id, name, created, manufacturer, channels, state, open, cert," \
	" kem_pub, seen FROM flashers "

static const struct col invite_cols[] = {
	COL(I64, row_invite, flasher_id),
	COL_ARRAY(FIXED, row_invite, selector),
	COL_ARRAY(FIXED, row_invite, secret),
	COL(I64, row_invite, expires),
	COL(U32, row_invite, wrong),
	COL_VAR_OF(row_invite, request, request_len),
};

int store_flasher_by_name(struct store *s, const char *name,
			  struct row_flasher *out)
{
	sqlite3_stmt *st = stmt_use(s, ST_FLASHER_BY_NAME,
				    FLASHER_SELECT "WHERE name = ?1");

	if (!st)
		return E_DB;
	bind_text(st, 1, name);
	return stmt_row(s, st, COLS_OF(flasher_cols), out);
}

int store_flasher_by_id(struct store *s, int64_t id, struct row_flasher *out)
{
	sqlite3_stmt *st = stmt_use(s, ST_FLASHER_BY_ID,
				    FLASHER_SELECT "WHERE id = ?1");

	if (!st)
		return E_DB;
	sqlite3_bind_int64(st, 1, id);
	return stmt_row(s, st, COLS_OF(flasher_cols), out);
}

int store_flasher_by_cert(struct store *s, const uint8_t cert[STORE_HASH_LEN],
			  struct row_flasher *out)
{
	sqlite3_stmt *st = stmt_use(s, ST_FLASHER_BY_CERT,
				    FLASHER_SELECT "WHERE cert = ?1");

	if (!st)
		return E_DB;
	sqlite3_bind_blob(st, 1, cert, STORE_HASH_LEN, SQLITE_STATIC);
	return stmt_row(s, st, COLS_OF(flasher_cols), out);
}

int store_flasher_insert(struct store *s, struct row_flasher *row)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_FLASHER_INSERT,
		"INSERT INTO flashers (name, created, manufacturer, channels,"
		" state, open, cert, kem_pub, seen)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");

	if (!st)
		return E_DB;
	cols_bind(st, 1, flasher_cols + 1, 9, row);
	return stmt_insert(s, st, &row->id);
}

int store_flasher_update(struct store *s, const struct row_flasher *row)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_FLASHER_UPDATE,
		"UPDATE flashers SET manufacturer = ?1, channels = ?2,"
		" state = ?3, open = ?4, cert = ?5, kem_pub = ?6, seen = ?7"
		" WHERE id = ?8");

	if (!st)
		return E_DB;
	cols_bind(st, 1, FLASHER_CHANGING, row);
	sqlite3_bind_int64(st, 8, row->id);
	return stmt_done(s, st);
}

struct each {
	int (*call)(void *arg, const struct row_flasher *r);
	void *arg;
};

static int each_flasher(void *arg, const void *row)
{
	struct each *e = arg;

	return e->call(e->arg, row);
}

int store_flashers(struct store *s, const struct store_filter *f,
		   int (*row)(void *arg, const struct row_flasher *r),
		   void *arg)
{
	sqlite3_stmt *st = stmt_use(s, ST_FLASHERS,
				    FLASHER_SELECT
				    "WHERE ?1 IN ('', name) ORDER BY id "
				    "LIMIT ?2 OFFSET ?3");
	struct each e = { row, arg };
	struct row_flasher r;

	if (!st)
		return E_DB;
	bind_text(st, 1, f->flasher);
	bind_limit(st, 2, f->limit);
	sqlite3_bind_int64(st, 3, f->after);
	return stmt_each(s, st, COLS_OF(flasher_cols), &r, sizeof(r),
			 each_flasher, &e);
}

/* -- certificates -------------------------------------------------------- */
int store_station_cert(struct store *s, int64_t flasher_id,
		       struct store_blob *out)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_STATION_CERT,
		"SELECT der FROM station_certs WHERE flasher_id = ?1");
	int rc, err = E_NOT_FOUND;

	if (!st)
		return E_DB;
	sqlite3_bind_int64(st, 1, flasher_id);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		err = column_blob(st, 0, out);
	else if (rc != SQLITE_DONE)
		err = store_fail(s, rc);
	sqlite3_reset(st);
	return err;
}

int store_station_cert_set(struct store *s, int64_t flasher_id,
			   const uint8_t *der, size_t len)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_STATION_CERT_SET,
		"INSERT OR REPLACE INTO station_certs (flasher_id, der)"
		" VALUES (?1, ?2)");

	if (!st)
		return E_DB;
	sqlite3_bind_int64(st, 1, flasher_id);
	sqlite3_bind_blob64(st, 2, der, len, SQLITE_STATIC);
	return stmt_done(s, st);
}

/* -- one-time codes ------------------------------------------------------ */
int store_invite_find(struct store *s,
		      const uint8_t selector[STORE_SELECTOR_LEN],
		      struct row_invite *out)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_INVITE_FIND,
		"SELECT flasher_id, selector, secret, expires, wrong, request"
		" FROM invites WHERE selector = ?1");

	if (!st)
		return E_DB;
	sqlite3_bind_blob(st, 1, selector, STORE_SELECTOR_LEN, SQLITE_STATIC);
	return stmt_row(s, st, COLS_OF(invite_cols), out);
}

int store_invite_put(struct store *s, const struct row_invite *row)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_INVITE_PUT,
		"INSERT INTO invites (flasher_id, selector, secret, expires,"
		" wrong, request) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
		" ON CONFLICT (flasher_id) DO UPDATE SET"
		" selector = ?2, secret = ?3, expires = ?4, wrong = ?5,"
		" request = ?6");

	if (!st)
		return E_DB;
	cols_bind(st, 1, COLS_OF(invite_cols), row);
	return stmt_done(s, st);
}
