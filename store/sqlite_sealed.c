/* SPDX-License-Identifier: MIT */
/* Batches, loaders, and the attempts of sealed grants. */
#include <stdlib.h>
#include <string.h>

#include "store/sqlite_int.h"

static const struct col batch_cols[] = {
	COL(I64, row_batch, id),
	COL_ARRAY(TEXT, row_batch, name),
	COL(U32, row_batch, family),
	COL_ARRAY(TEXT, row_batch, manufacturer),
	COL_ARRAY(FIXED, row_batch, master),
	COL(I64, row_batch, created),
	COL(U32, row_batch, chips), /* counted */
};
#define BATCH_SELECT                                               \
	"SELECT b.id, b.name, b.family, b.manufacturer, b.master," \
	" b.created, (SELECT count(*) FROM batch_chips c"          \
	"  WHERE c.batch_id = b.id) FROM batches b "

static const struct col loader_cols[] = {
	COL(I64, row_loader, id),
	COL(U32, row_loader, family),
	COL(U32, row_loader, device),
	COL(U32, row_loader, link),
	COL_ARRAY(FIXED, row_loader, digest),
	COL(U32, row_loader, stub_len),
	COL(BOOL, row_loader, admitted),
	COL(I64, row_loader, created),
};
#define LOADER_SELECT                                                   \
	"SELECT id, family, device, link, digest, stub_len, admitted, " \
	"created FROM loaders "

/* In two runs: fixed at the start of the attempt, and its answers. */
static const struct col attempt_cols[] = {
	COL(I64, row_attempt, grant_id),
	COL(U32, row_attempt, attempt),
	COL(I64, row_attempt, flasher_id),
	COL_ARRAY(FIXED, row_attempt, challenge),
#define ATTEMPT_FIXED 4
	COL_VAR_OF(row_attempt, ephemeral, ephemeral_len),
	COL_VAR_OF(row_attempt, request, request_len),
	COL(I64Z, row_attempt, loader_id),
	COL_VAR_OF(row_attempt, session, session_len),
	COL_VAR_OF(row_attempt, link, link_len),
	COL_VAR_OF(row_attempt, message2, message2_len),
	COL_VAR_OF(row_attempt, report, report_len),
	COL_VAR_OF(row_attempt, commit, commit_len),
#define ATTEMPT_ANSWERS 8
};
#define ATTEMPT_SELECT                                                \
	"SELECT grant_id, attempt, flasher_id, challenge, ephemeral," \
	" request, loader_id, session, link, message2,"               \
	" report, sealed_commit FROM attempts "

/* -- batches ------------------------------------------------------------- */
int store_batch_by_name(struct store *s, const char *name,
			struct row_batch *out)
{
	sqlite3_stmt *st = stmt_use(s, ST_BATCH_BY_NAME,
				    BATCH_SELECT "WHERE b.name = ?1");

	if (!st)
		return E_DB;
	bind_text(st, 1, name);
	return stmt_row(s, st, COLS_OF(batch_cols), out);
}

int store_batch_by_id(struct store *s, int64_t id, struct row_batch *out)
{
	sqlite3_stmt *st = stmt_use(s, ST_BATCH_BY_ID,
				    BATCH_SELECT "WHERE b.id = ?1");

	if (!st)
		return E_DB;
	sqlite3_bind_int64(st, 1, id);
	return stmt_row(s, st, COLS_OF(batch_cols), out);
}

int store_batch_insert(struct store *s, struct row_batch *row)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_BATCH_INSERT,
		"INSERT INTO batches (name, family, manufacturer, master,"
		" created) VALUES (?1, ?2, ?3, ?4, ?5)");

	if (!st)
		return E_DB;
	cols_bind(st, 1, batch_cols + 1, 5, row);
	return stmt_insert(s, st, &row->id);
}

int store_batch_chip(struct store *s, const struct row_batch *b,
		     const uint8_t *uid, uint32_t uid_len, int64_t flasher_id,
		     int64_t loader_id, int64_t now)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_BATCH_CHIP,
		"INSERT INTO batch_chips (batch_id, family, uid, flasher_id,"
		" loader_id, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
		" ON CONFLICT DO UPDATE SET loader_id = excluded.loader_id");

	if (!st)
		return E_DB;
	sqlite3_bind_int64(st, 1, b->id);
	sqlite3_bind_int64(st, 2, b->family);
	sqlite3_bind_blob(st, 3, uid, (int)uid_len, SQLITE_STATIC);
	sqlite3_bind_int64(st, 4, flasher_id);
	sqlite3_bind_int64(st, 5, loader_id);
	sqlite3_bind_int64(st, 6, now);
	return stmt_done(s, st);
}

int store_batch_loader(struct store *s, int64_t batch_id, uint32_t family,
		       const uint8_t *uid, uint32_t uid_len,
		       struct row_loader *out)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_BATCH_LOADER,
		LOADER_SELECT "WHERE id = (SELECT loader_id FROM batch_chips"
			      " WHERE batch_id = ?1 AND family = ?2"
			      " AND uid = ?3)");

	if (!st)
		return E_DB;
	sqlite3_bind_int64(st, 1, batch_id);
	sqlite3_bind_int64(st, 2, family);
	sqlite3_bind_blob(st, 3, uid, (int)uid_len, SQLITE_STATIC);
	return stmt_row(s, st, COLS_OF(loader_cols), out);
}

struct each {
	union {
		int (*batch)(void *arg, const struct row_batch *r);
		int (*loader)(void *arg, const struct row_loader *r);
	} call;
	void *arg;
};

static int each_batch(void *arg, const void *row)
{
	struct each *e = arg;

	return e->call.batch(e->arg, row);
}

static int each_loader(void *arg, const void *row)
{
	struct each *e = arg;

	return e->call.loader(e->arg, row);
}

int store_batches(struct store *s, const struct store_filter *f,
		  int (*row)(void *arg, const struct row_batch *r), void *arg)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_BATCHES, BATCH_SELECT "ORDER BY b.id LIMIT ?1 OFFSET ?2");
	struct each e = { .call.batch = row, .arg = arg };
	struct row_batch r;

	if (!st)
		return E_DB;
	bind_limit(st, 1, f->limit);
	sqlite3_bind_int64(st, 2, f->after);
	return stmt_each(s, st, COLS_OF(batch_cols), &r, sizeof(r), each_batch,
			 &e);
}

/* -- loaders ------------------------------------------------------------- */
int store_loader_by_digest(struct store *s, const uint8_t digest[DIGEST_LEN],
			   struct row_loader *out)
{
	sqlite3_stmt *st = stmt_use(s, ST_LOADER_BY_DIGEST,
				    LOADER_SELECT "WHERE digest = ?1");

	if (!st)
		return E_DB;
	sqlite3_bind_blob(st, 1, digest, DIGEST_LEN, SQLITE_STATIC);
	return stmt_row(s, st, COLS_OF(loader_cols), out);
}

int store_loader_insert(struct store *s, struct row_loader *row,
			const struct store_blob *code,
			const struct store_blob *stub)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_LOADER_INSERT,
		"INSERT INTO loaders (family, device, link, digest, stub_len,"
		" admitted, created, code, stub)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");

	if (!st)
		return E_DB;
	cols_bind(st, 1, loader_cols + 1, 7, row);
	sqlite3_bind_blob64(st, 8, code->data, code->len, SQLITE_STATIC);
	sqlite3_bind_blob64(st, 9, stub->data, stub->len, SQLITE_STATIC);
	return stmt_insert(s, st, &row->id);
}

int store_loader_update(struct store *s, const struct row_loader *row)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_LOADER_UPDATE,
		"UPDATE loaders SET admitted = ?1 WHERE id = ?2");

	if (!st)
		return E_DB;
	sqlite3_bind_int(st, 1, row->admitted);
	sqlite3_bind_int64(st, 2, row->id);
	return stmt_done(s, st);
}

int store_loader_code(struct store *s, int64_t loader_id,
		      struct store_blob *code, struct store_blob *stub)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_LOADER_CODE,
		"SELECT code, stub FROM loaders WHERE id = ?1");
	struct store_blob one = { NULL, 0 }, two = { NULL, 0 };
	int rc, err = E_NOT_FOUND;

	if (!st)
		return E_DB;
	sqlite3_bind_int64(st, 1, loader_id);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		err = column_blob(st, 0, &one);
		if (err == 0)
			err = column_blob(st, 1, &two);
	} else if (rc != SQLITE_DONE) {
		err = store_fail(s, rc);
	}
	sqlite3_reset(st);
	if (err < 0) {
		free(one.data);
		return err;
	}
	*code = one;
	*stub = two;
	return 0;
}

int store_loaders(struct store *s, const struct store_filter *f,
		  uint32_t family,
		  int (*row)(void *arg, const struct row_loader *r), void *arg)
{
	sqlite3_stmt *st = stmt_use(s, ST_LOADERS,
				    LOADER_SELECT
				    "WHERE ?1 IN (0, family) ORDER BY id DESC"
				    " LIMIT ?2 OFFSET ?3");
	struct each e = { .call.loader = row, .arg = arg };
	struct row_loader r;

	if (!st)
		return E_DB;
	sqlite3_bind_int64(st, 1, family);
	bind_limit(st, 2, f->limit);
	sqlite3_bind_int64(st, 3, f->after);
	return stmt_each(s, st, COLS_OF(loader_cols), &r, sizeof(r),
			 each_loader, &e);
}

/* -- attempts ------------------------------------------------------------ */
int store_attempt_find(struct store *s, int64_t grant_id, uint32_t attempt,
		       struct row_attempt *out)
{
	sqlite3_stmt *st = stmt_use(s, ST_ATTEMPT_FIND,
				    ATTEMPT_SELECT "WHERE grant_id = ?1"
						   " AND attempt = ?2");

	if (!st)
		return E_DB;
	sqlite3_bind_int64(st, 1, grant_id);
	sqlite3_bind_int64(st, 2, attempt);
	return stmt_row(s, st, COLS_OF(attempt_cols), out);
}

int store_attempt_by_key(struct store *s, const uint8_t ephemeral[32],
			 struct row_attempt *out)
{
	sqlite3_stmt *st = stmt_use(s, ST_ATTEMPT_BY_KEY,
				    ATTEMPT_SELECT "WHERE ephemeral = ?1");

	if (!st)
		return E_DB;
	sqlite3_bind_blob(st, 1, ephemeral, 32, SQLITE_STATIC);
	return stmt_row(s, st, COLS_OF(attempt_cols), out);
}

int store_attempt_insert(struct store *s, const struct row_attempt *row)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_ATTEMPT_INSERT,
		"INSERT INTO attempts (grant_id, attempt, flasher_id,"
		" challenge) VALUES (?1, ?2, ?3, ?4)");

	if (!st)
		return E_DB;
	cols_bind(st, 1, attempt_cols, ATTEMPT_FIXED, row);
	return stmt_done(s, st);
}

int store_attempt_update(struct store *s, const struct row_attempt *row)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_ATTEMPT_UPDATE,
		"UPDATE attempts SET ephemeral = ?1, request = ?2,"
		" loader_id = ?3, session = ?4, link = ?5, message2 = ?6,"
		" report = ?7, sealed_commit = ?8"
		" WHERE grant_id = ?9 AND attempt = ?10");

	if (!st)
		return E_DB;
	cols_bind(st, 1, attempt_cols + ATTEMPT_FIXED, ATTEMPT_ANSWERS, row);
	sqlite3_bind_int64(st, 9, row->grant_id);
	sqlite3_bind_int64(st, 10, row->attempt);
	return stmt_done(s, st);
}
