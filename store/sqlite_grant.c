/* SPDX-License-Identifier: MIT */
/* Grants, and the answers that were given by request key. */
#include "store/sqlite_int.h"

/* Columns from state on are what store_grant_update() writes, after
 * flasher_id; id, order, family and UID never change.  From charged on they
 * do not change once they are set. */
const struct col grant_cols[] = {
	COL(I64, row_grant, id),
	COL(I64, row_grant, order_id),
	COL(I64, row_grant, flasher_id),
	COL(U32, row_grant, family),
	COL_VAR_OF(row_grant, uid, uid_len),
	COL(U32, row_grant, state),
	COL(U32, row_grant, attempt),
	COL(U32, row_grant, extra),
	COL(U32, row_grant, reworks),
	COL(BOOL, row_grant, held),
	COL(BOOL, row_grant, keyed),
	COL(BOOL, row_grant, over),
	COL(I64, row_grant, lease_until),
	COL(I64Z, row_grant, due),
	COL(I64, row_grant, changed),
	COL(I64Z, row_grant, charged),
	COL_ARRAY(TEXT, row_grant, serial),
	COL_VAR_OF(row_grant, credential, credential_len),
};
const size_t grant_col_count = sizeof(grant_cols) / sizeof(grant_cols[0]);
#define GRANT_CHANGING (grant_cols + 5), 13
#define GRANT_CHANGING_CHARGED (grant_cols + 5), 10
#define GRANT_FROM "SELECT " GRANT_SELECT " FROM grants g "

static const struct col device_name_cols[] = {
	COL_ARRAY(TEXT, row_device, order),
	COL_ARRAY(TEXT, row_device, product),
	COL_ARRAY(TEXT, row_device, release),
	COL_ARRAY(TEXT, row_device, flasher),
	COL(U32, row_device, proof),
};
#define DEVICE_FROM                                                   \
	"SELECT " GRANT_SELECT                                        \
	", o.name, p.name, r.version, f.name, o.proof FROM grants g " \
	"JOIN orders o ON o.id = g.order_id "                         \
	"JOIN products p ON p.id = o.product_id "                     \
	"JOIN releases r ON r.id = o.release_id "                     \
	"JOIN flashers f ON f.id = g.flasher_id "

static const struct col request_cols[] = {
	COL(I64, row_request, flasher_id),
	COL(U32, row_request, kind),
	COL_ARRAY(FIXED, row_request, nonce),
	COL_ARRAY(FIXED, row_request, digest),
	COL(I64, row_request, grant_id),
	COL_VAR_OF(row_request, answer, answer_len),
};

int store_grant_by_id(struct store *s, int64_t id, struct row_grant *out)
{
	sqlite3_stmt *st = stmt_use(s, ST_GRANT_BY_ID,
				    GRANT_FROM "WHERE g.id = ?1");

	if (!st)
		return E_DB;
	sqlite3_bind_int64(st, 1, id);
	return stmt_row(s, st, grant_cols, grant_col_count, out);
}

int store_grant_by_uid(struct store *s, int64_t order_id, uint32_t family,
		       const uint8_t *uid, uint32_t uid_len,
		       struct row_grant *out)
{
	sqlite3_stmt *st = stmt_use(s, ST_GRANT_BY_UID,
				    GRANT_FROM "WHERE g.order_id = ?1"
					       " AND g.family = ?2"
					       " AND g.uid = ?3");

	if (!st)
		return E_DB;
	sqlite3_bind_int64(st, 1, order_id);
	sqlite3_bind_int64(st, 2, family);
	sqlite3_bind_blob(st, 3, uid, (int)uid_len, SQLITE_STATIC);
	return stmt_row(s, st, grant_cols, grant_col_count, out);
}

int store_grant_charged(struct store *s, uint32_t family, const uint8_t *uid,
			uint32_t uid_len, struct row_grant *out)
{
	sqlite3_stmt *st = stmt_use(s, ST_GRANT_CHARGED,
				    GRANT_FROM "WHERE g.family = ?1"
					       " AND g.uid = ?2"
					       " AND g.charged IS NOT NULL");

	if (!st)
		return E_DB;
	sqlite3_bind_int64(st, 1, family);
	sqlite3_bind_blob(st, 2, uid, (int)uid_len, SQLITE_STATIC);
	return stmt_row(s, st, grant_cols, grant_col_count, out);
}

int store_grant_insert(struct store *s, struct row_grant *row)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_GRANT_INSERT,
		"INSERT INTO grants (order_id, flasher_id, family, uid,"
		" state, attempt, extra, reworks, held, keyed, over,"
		" lease_until, due, changed, charged, serial, credential)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,"
		" ?13, ?14, ?15, ?16, ?17)");

	if (!st)
		return E_DB;
	cols_bind(st, 1, grant_cols + 1, grant_col_count - 1, row);
	return stmt_insert(s, st, &row->id);
}

int store_grant_update(struct store *s, const struct row_grant *row)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_GRANT_UPDATE,
		"UPDATE grants SET state = ?1, attempt = ?2, extra = ?3,"
		" reworks = ?4, held = ?5, keyed = ?6, over = ?7,"
		" lease_until = ?8, due = ?9, changed = ?10, charged = ?11,"
		" serial = ?12, credential = ?13, flasher_id = ?14"
		" WHERE id = ?15");

	if (!st)
		return E_DB;
	cols_bind(st, 1, GRANT_CHANGING, row);
	sqlite3_bind_int64(st, 14, row->flasher_id);
	sqlite3_bind_int64(st, 15, row->id);
	return stmt_done(s, st);
}

int store_grant_update_charged(struct store *s, const struct row_grant *row)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_GRANT_UPDATE_CHARGED,
		"UPDATE grants SET state = ?1, attempt = ?2, extra = ?3,"
		" reworks = ?4, held = ?5, keyed = ?6, over = ?7,"
		" lease_until = ?8, due = ?9, changed = ?10, flasher_id = ?11"
		" WHERE id = ?12 AND charged IS NOT NULL");

	int err;

	if (!st)
		return E_DB;
	cols_bind(st, 1, GRANT_CHANGING_CHARGED, row);
	sqlite3_bind_int64(st, 11, row->flasher_id);
	sqlite3_bind_int64(st, 12, row->id);
	err = stmt_done(s, st);
	if (err == 0 && sqlite3_changes(s->db) != 1)
		err = E_STATE; /* it was not charged after all */
	return err;
}

struct each_grant {
	int (*call)(void *arg, const struct row_grant *r);
	void *arg;
};

static int each_grant(void *arg, const void *row)
{
	struct each_grant *e = arg;

	return e->call(e->arg, row);
}

int store_grants_due(struct store *s, int64_t now, uint32_t limit,
		     int (*row)(void *arg, const struct row_grant *r),
		     void *arg)
{
	sqlite3_stmt *st = stmt_use(s, ST_GRANTS_DUE,
				    GRANT_FROM "WHERE g.due <= ?1"
					       " ORDER BY g.due LIMIT ?2");
	struct each_grant e = { row, arg };
	struct row_grant r;

	if (!st)
		return E_DB;
	sqlite3_bind_int64(st, 1, now);
	sqlite3_bind_int64(st, 2, limit);
	return stmt_each(s, st, grant_cols, grant_col_count, &r, sizeof(r),
			 each_grant, &e);
}

/* -- devices: grants with names ------------------------------------------ */
static int device_read(sqlite3_stmt *st, struct row_device *out)
{
	int err;

	*out = (struct row_device){ 0 };
	err = cols_read(st, 0, grant_cols, grant_col_count, &out->grant);
	if (err == 0)
		err = cols_read(st, (int)grant_col_count,
				COLS_OF(device_name_cols), out);
	return err;
}

int store_device_by_id(struct store *s, int64_t grant_id,
		       struct row_device *out)
{
	sqlite3_stmt *st = stmt_use(s, ST_DEVICE_BY_ID,
				    DEVICE_FROM "WHERE g.id = ?1");
	struct row_device d = { 0 };
	int rc, err = E_NOT_FOUND;

	if (!st)
		return E_DB;
	sqlite3_bind_int64(st, 1, grant_id);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		err = device_read(st, &d);
	else if (rc != SQLITE_DONE)
		err = store_fail(s, rc);
	sqlite3_reset(st);
	if (err == 0)
		*out = d;
	return err;
}

/* A UID is looked up order by order, so that the unique key finds it; all
 * other filters walk the grants in order of their numbers. */
static sqlite3_stmt *devices_stmt(struct store *s, const struct store_filter *f)
{
	sqlite3_stmt *st;

	if (f->uid_len == 0)
		return stmt_use(s, ST_DEVICES,
				DEVICE_FROM "WHERE g.id > ?1"
					    " AND ?2 IN ('', p.name)"
					    " AND ?3 IN ('', o.name)"
					    " AND ?4 IN ('', f.name)"
					    " ORDER BY g.id LIMIT ?5");
	st = stmt_use(s, ST_DEVICES_BY_UID,
		      DEVICE_FROM
		      "WHERE g.order_id IN (SELECT id FROM orders)"
		      " AND g.family IN (SELECT DISTINCT family FROM products)"
		      " AND g.uid = ?6 AND g.id > ?1 AND ?2 IN ('', p.name)"
		      " AND ?3 IN ('', o.name) AND ?4 IN ('', f.name)"
		      " ORDER BY g.id LIMIT ?5");
	if (st)
		sqlite3_bind_blob(st, 6, f->uid, (int)f->uid_len,
				  SQLITE_STATIC);
	return st;
}

int store_devices(struct store *s, const struct store_filter *f,
		  int (*row)(void *arg, const struct row_device *r), void *arg)
{
	sqlite3_stmt *st = devices_stmt(s, f);
	struct row_device d;
	int rc, err = 0;

	if (!st)
		return E_DB;
	sqlite3_bind_int64(st, 1, f->after);
	bind_text(st, 2, f->product);
	bind_text(st, 3, f->order);
	bind_text(st, 4, f->flasher);
	bind_limit(st, 5, f->limit);
	while (err == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		err = device_read(st, &d);
		if (err == 0)
			err = row(arg, &d);
	}
	if (err == 0 && rc != SQLITE_DONE)
		err = store_fail(s, rc);
	sqlite3_reset(st);
	return err;
}

/* -- requests ------------------------------------------------------------ */
int store_request_find(struct store *s, int64_t flasher_id,
		       enum request_kind kind,
		       const uint8_t nonce[STORE_NONCE_LEN],
		       struct row_request *out)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_REQUEST_FIND,
		"SELECT flasher_id, kind, nonce, digest, grant_id, answer"
		" FROM requests WHERE flasher_id = ?1 AND kind = ?2"
		" AND nonce = ?3");

	if (!st)
		return E_DB;
	sqlite3_bind_int64(st, 1, flasher_id);
	sqlite3_bind_int64(st, 2, kind);
	sqlite3_bind_blob(st, 3, nonce, STORE_NONCE_LEN, SQLITE_STATIC);
	return stmt_row(s, st, COLS_OF(request_cols), out);
}

int store_request_insert(struct store *s, const struct row_request *row)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_REQUEST_INSERT,
		"INSERT INTO requests (flasher_id, kind, nonce, digest,"
		" grant_id, answer) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");

	if (!st)
		return E_DB;
	cols_bind(st, 1, COLS_OF(request_cols), row);
	return stmt_done(s, st);
}
