/* SPDX-License-Identifier: MIT */
/*
 * store/sqlite_int.h - inside the SQLite driver.
 *
 * A statement is prepared at its first use and kept.  Columns of a row struct
 * are described once, in a table (struct col), which binds and reads them.
 */
#ifndef STORE_SQLITE_INT_H
#define STORE_SQLITE_INT_H

#include <sqlite3.h>

#include "store/store.h"

enum col_type {
	COL_I64,   /* int64_t */
	COL_I64Z,  /* int64_t, 0 is NULL */
	COL_U32,   /* uint32_t */
	COL_BOOL,  /* bool */
	COL_TEXT,  /* char[cap] */
	COL_FIXED, /* uint8_t[cap], all of it */
	COL_VAR,   /* uint8_t[cap], uint32_t length; empty is NULL */
};

struct col {
	enum col_type type;
	size_t offset, cap, len_offset;
};

/* Tables of columns are written with these, S being the row struct. */
#define COL(kind, S, f)                                 \
	{                                               \
		COL_##kind, offsetof(struct S, f), 0, 0 \
	}
#define COL_ARRAY(kind, S, f)                                                  \
	{                                                                      \
		COL_##kind, offsetof(struct S, f), sizeof(((struct S *)0)->f), \
			0                                                      \
	}
#define COL_VAR_OF(S, f, l)                                                 \
	{                                                                   \
		COL_VAR, offsetof(struct S, f), sizeof(((struct S *)0)->f), \
			offsetof(struct S, l)                               \
	}
#define COLS_OF(a) (a), sizeof(a) / sizeof((a)[0])

#define STATEMENTS_MAX 80

struct store {
	sqlite3 *db;
	char *path, *vfs;
	int64_t log_seq; /* last number given; -1 = look it up */
	char error[STORE_WHY_CAP];
	sqlite3_stmt *kept[STATEMENTS_MAX];
};

/* Every statement of the driver has a number here and its text where it is
 * used: stmt_use(s, ST_X, "SELECT ...").  Returns it reset, or NULL with
 * s->error set. */
enum stmt_id {
	ST_BEGIN,
	ST_COMMIT,
	ST_ROLLBACK,
	ST_PERSON_BY_TOKEN,
	ST_PERSON_INSERT,
	ST_PRODUCT_BY_NAME,
	ST_PRODUCT_INSERT,
	ST_PRODUCTS,
	ST_RELEASE_BY_VERSION,
	ST_RELEASE_INSERT,
	ST_RELEASE_FILE,
	ST_RELEASE_FILE_INSERT,
	ST_RELEASES,
	ST_ORDER_BY_NAME,
	ST_ORDER_BY_ID,
	ST_ORDER_INSERT,
	ST_ORDER_UPDATE,
	ST_ORDER_CONTENT,
	ST_ORDER_CONTENT_INSERT,
	ST_ORDERS,
	ST_FLASHER_BY_NAME,
	ST_FLASHER_BY_ID,
	ST_FLASHER_BY_CERT,
	ST_FLASHER_INSERT,
	ST_FLASHER_UPDATE,
	ST_FLASHERS,
	ST_STATION_CERT,
	ST_STATION_CERT_SET,
	ST_INVITE_FIND,
	ST_INVITE_PUT,
	ST_GRANT_BY_ID,
	ST_GRANT_BY_UID,
	ST_GRANT_CHARGED,
	ST_GRANT_INSERT,
	ST_GRANT_UPDATE,
	ST_GRANT_UPDATE_CHARGED,
	ST_GRANTS_DUE,
	ST_DEVICE_BY_ID,
	ST_DEVICES,
	ST_DEVICES_BY_UID,
	ST_REQUEST_FIND,
	ST_REQUEST_INSERT,
	ST_BATCH_BY_NAME,
	ST_BATCH_BY_ID,
	ST_BATCH_INSERT,
	ST_BATCH_CHIP,
	ST_BATCH_LOADER,
	ST_BATCHES,
	ST_LOADER_BY_DIGEST,
	ST_LOADER_INSERT,
	ST_LOADER_UPDATE,
	ST_LOADER_CODE,
	ST_LOADERS,
	ST_ATTEMPT_FIND,
	ST_ATTEMPT_BY_KEY,
	ST_ATTEMPT_INSERT,
	ST_ATTEMPT_UPDATE,
	ST_ORDER_HEADER,
	ST_LOG_LAST,
	ST_LOG_INSERT,
	ST_LOG_REPEAT,
	ST_LOGS,
	ST_REFUSAL_FIND,
	ST_REFUSAL_PUT,
	ST_REFUSALS_FORGET,
	ST_TOTALS,
	ST_COUNT,
};
_Static_assert(ST_COUNT <= STATEMENTS_MAX, "room for every statement");

sqlite3_stmt *stmt_use(struct store *s, enum stmt_id id, const char *sql);
/* Maps SQLite's result to E_*, remembers its text. */
int store_fail(struct store *s, int rc);

/* Binds the columns to parameters first, first + 1, ... */
void cols_bind(sqlite3_stmt *st, int first, const struct col *cols,
	       size_t count, const void *row);
/* Reads result columns first, first + 1, ... ; E_DB if one does not fit. */
MUST_USE int cols_read(sqlite3_stmt *st, int first, const struct col *cols,
		       size_t count, void *row);

/* A filter's text, NULL taken as "". */
void bind_text(sqlite3_stmt *st, int n, const char *text);
/* LIMIT: 0 is no limit. */
void bind_limit(sqlite3_stmt *st, int n, uint32_t limit);

/* Steps a statement that returns no rows. */
MUST_USE int stmt_done(struct store *s, sqlite3_stmt *st);
/* Steps once and reads one row; E_NOT_FOUND. */
MUST_USE int stmt_row(struct store *s, sqlite3_stmt *st, const struct col *cols,
		      size_t count, void *out);
/* As stmt_done, then the new row's number. */
MUST_USE int stmt_insert(struct store *s, sqlite3_stmt *st, int64_t *out_id);
/* Calls each() for every row, with what cols read into row. */
MUST_USE int stmt_each(struct store *s, sqlite3_stmt *st,
		       const struct col *cols, size_t count, void *row,
		       size_t row_size, int (*each)(void *arg, const void *row),
		       void *arg);
/* Copies a result column into malloc'ed memory. */
MUST_USE int column_blob(sqlite3_stmt *st, int i, struct store_blob *out);

extern const struct col grant_cols[]; /* shared by grants and devices */
extern const size_t grant_col_count;
#define GRANT_SELECT                                                 \
	"g.id, g.order_id, g.flasher_id, g.family, g.uid, g.state, " \
	"g.attempt, g.extra, g.reworks, g.held, g.keyed, g.over, "   \
	"g.lease_until, g.due, g.changed, g.charged, g.serial, g.credential"

#endif
