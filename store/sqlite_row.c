/* SPDX-License-Identifier: MIT */
/* Rows and statements: what every table of the SQLite driver shares. */
#include <stdlib.h>
#include <string.h>

#include "store/sqlite_int.h"

int store_fail(struct store *s, int rc)
{
	int extended = s->db ? sqlite3_extended_errcode(s->db) : rc;

	sqlite3_snprintf(sizeof(s->error), s->error, "SQLite %d: %s", extended,
			 s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc));
	switch (rc & 0xff) {
	case SQLITE_FULL:
		return E_DISK_FULL;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return E_DB_BUSY;
	case SQLITE_NOMEM:
		return E_NOMEM;
	case SQLITE_CONSTRAINT:
		if (extended == SQLITE_CONSTRAINT_UNIQUE ||
		    extended == SQLITE_CONSTRAINT_PRIMARYKEY)
			return E_EXISTS;
		return E_STATE;
	default:
		return E_DB;
	}
}

sqlite3_stmt *stmt_use(struct store *s, enum stmt_id id, const char *sql)
{
	int rc;

	if (s->kept[id])
		return s->kept[id];
	rc = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
				&s->kept[id], NULL);
	if (rc != SQLITE_OK) {
		(void)store_fail(s, rc);
		return NULL;
	}
	return s->kept[id];
}

void cols_bind(sqlite3_stmt *st, int first, const struct col *cols,
	       size_t count, const void *row)
{
	/* Memory stays valid until the statement is stepped, so nothing is
	 * copied; every user steps at once.  A failed bind leaves NULL, which
	 * the NOT NULL columns refuse. */
	for (size_t i = 0; i < count; i++) {
		const struct col *c = &cols[i];
		const uint8_t *p = (const uint8_t *)row + c->offset;
		int n = first + (int)i;
		int64_t v = 0;
		uint32_t u;

		switch (c->type) {
		case COL_I64:
		case COL_I64Z:
			memcpy(&v, p, sizeof(v));
			if (v == 0 && c->type == COL_I64Z)
				sqlite3_bind_null(st, n);
			else
				sqlite3_bind_int64(st, n, v);
			break;
		case COL_U32:
			memcpy(&u, p, sizeof(u));
			sqlite3_bind_int64(st, n, u);
			break;
		case COL_BOOL:
			sqlite3_bind_int(st, n, *(const bool *)p);
			break;
		case COL_TEXT:
			sqlite3_bind_text(st, n, (const char *)p, -1,
					  SQLITE_STATIC);
			break;
		case COL_FIXED:
			sqlite3_bind_blob(st, n, p, (int)c->cap, SQLITE_STATIC);
			break;
		case COL_VAR:
			memcpy(&u, (const uint8_t *)row + c->len_offset,
			       sizeof(u));
			if (u == 0 || u > c->cap)
				sqlite3_bind_null(st, n);
			else
				sqlite3_bind_blob(st, n, p, (int)u,
						  SQLITE_STATIC);
			break;
		}
	}
}

static int read_bytes(sqlite3_stmt *st, int i, const struct col *c, void *row)
{
	uint8_t *p = (uint8_t *)row + c->offset;
	const void *data = sqlite3_column_blob(st, i);
	size_t len = (size_t)sqlite3_column_bytes(st, i);
	uint32_t u = (uint32_t)len;

	if (len > c->cap || (c->type == COL_FIXED && len != c->cap) ||
	    (c->type == COL_TEXT && len == c->cap))
		return E_DB;
	memset(p, 0, c->cap);
	if (len > 0)
		memcpy(p, data, len);
	if (c->type == COL_VAR)
		memcpy((uint8_t *)row + c->len_offset, &u, sizeof(u));
	return 0;
}

int cols_read(sqlite3_stmt *st, int first, const struct col *cols, size_t count,
	      void *row)
{
	for (size_t i = 0; i < count; i++) {
		const struct col *c = &cols[i];
		uint8_t *p = (uint8_t *)row + c->offset;
		int n = first + (int)i;
		int64_t v = sqlite3_column_int64(st, n);
		uint32_t u = (uint32_t)v;

		switch (c->type) {
		case COL_I64:
		case COL_I64Z:
			memcpy(p, &v, sizeof(v));
			break;
		case COL_U32:
			if (v < 0 || v > UINT32_MAX)
				return E_DB;
			memcpy(p, &u, sizeof(u));
			break;
		case COL_BOOL:
			*(bool *)p = v != 0;
			break;
		case COL_TEXT:
		case COL_FIXED:
		case COL_VAR:
			if (read_bytes(st, n, c, row) < 0)
				return E_DB;
			break;
		}
	}
	return 0;
}

void bind_text(sqlite3_stmt *st, int n, const char *text)
{
	sqlite3_bind_text(st, n, text ? text : "", -1, SQLITE_STATIC);
}

void bind_limit(sqlite3_stmt *st, int n, uint32_t limit)
{
	sqlite3_bind_int64(st, n, limit > 0 ? (int64_t)limit : -1);
}

int stmt_done(struct store *s, sqlite3_stmt *st)
{
	int rc, err = 0;

	if (!st)
		return E_DB;
	rc = sqlite3_step(st);
	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		err = store_fail(s, rc);
	sqlite3_reset(st);
	return err;
}

int stmt_row(struct store *s, sqlite3_stmt *st, const struct col *cols,
	     size_t count, void *out)
{
	int rc, err;

	if (!st)
		return E_DB;
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		err = cols_read(st, 0, cols, count, out);
	else if (rc == SQLITE_DONE)
		err = E_NOT_FOUND;
	else
		err = store_fail(s, rc);
	sqlite3_reset(st);
	return err;
}

int stmt_insert(struct store *s, sqlite3_stmt *st, int64_t *out_id)
{
	int err = stmt_done(s, st);

	if (err == 0)
		*out_id = sqlite3_last_insert_rowid(s->db);
	return err;
}

int stmt_each(struct store *s, sqlite3_stmt *st, const struct col *cols,
	      size_t count, void *row, size_t row_size,
	      int (*each)(void *arg, const void *row), void *arg)
{
	int rc, err = 0;

	if (!st)
		return E_DB;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		memset(row, 0, row_size);
		err = cols_read(st, 0, cols, count, row);
		if (err == 0)
			err = each(arg, row);
		if (err != 0)
			goto out;
	}
	if (rc != SQLITE_DONE)
		err = store_fail(s, rc);
out:
	sqlite3_reset(st);
	return err;
}

int column_blob(sqlite3_stmt *st, int i, struct store_blob *out)
{
	const void *data = sqlite3_column_blob(st, i);
	size_t len = (size_t)sqlite3_column_bytes(st, i);
	uint8_t *copy = malloc(len > 0 ? len : 1);

	if (!copy)
		return E_NOMEM;
	if (len > 0)
		memcpy(copy, data, len);
	out->data = copy;
	out->len = len;
	return 0;
}
