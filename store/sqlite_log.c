/* SPDX-License-Identifier: MIT */
/* The audit log: appended to, never changed. */
#include "base/hex.h"
#include "store/sqlite_int.h"

static const struct col log_cols[] = {
	COL(I64, row_log, seq),		 COL(I64, row_log, time),
	COL_ARRAY(TEXT, row_log, event), COL_ARRAY(TEXT, row_log, actor),
	COL_ARRAY(TEXT, row_log, order), COL_ARRAY(TEXT, row_log, subject),
	COL_ARRAY(TEXT, row_log, code),	 COL_ARRAY(TEXT, row_log, text),
	COL(U32, row_log, count), /* computed */
};
#define LOG_STORED 8

static const struct col seq_cols[] = { COL(I64, row_log, seq) };

static int last_seq(struct store *s, int64_t *out)
{
	sqlite3_stmt *st = stmt_use(s, ST_LOG_LAST,
				    "SELECT coalesce(max(seq), 0) FROM log");
	struct row_log row;
	int err = stmt_row(s, st, COLS_OF(seq_cols), &row);

	if (err == 0)
		*out = row.seq;
	return err;
}

int store_log_append(struct store *s, struct row_log *row)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_LOG_INSERT,
		"INSERT INTO log (seq, time, event, actor, ord, subject, code,"
		" text) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
	int err = 0;

	if (!st)
		return E_DB;
	if (s->log_seq < 0)
		err = last_seq(s, &s->log_seq);
	if (err < 0)
		return err;
	row->seq = s->log_seq + 1;
	cols_bind(st, 1, log_cols, LOG_STORED, row);
	err = stmt_done(s, st);
	if (err == 0)
		s->log_seq = row->seq;
	return err;
}

static void bind_refusal(sqlite3_stmt *st, const struct row_log *row)
{
	bind_text(st, 1, row->code);
	bind_text(st, 2, row->actor);
	bind_text(st, 3, row->order);
	bind_text(st, 4, row->subject);
}

static int refusal_find(struct store *s, const struct row_log *row,
			int64_t since, int64_t *out_seq)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_REFUSAL_FIND,
		"SELECT seq FROM refusals WHERE code = ?1 AND actor = ?2"
		" AND ord = ?3 AND subject = ?4 AND since > ?5");
	struct row_log found;
	int err;

	if (!st)
		return E_DB;
	bind_refusal(st, row);
	sqlite3_bind_int64(st, 5, since);
	err = stmt_row(s, st, COLS_OF(seq_cols), &found);
	if (err == 0)
		*out_seq = found.seq;
	return err;
}

static int refusal_put(struct store *s, const struct row_log *row)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_REFUSAL_PUT,
		"INSERT OR REPLACE INTO refusals (code, actor, ord, subject,"
		" seq, since) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");

	if (!st)
		return E_DB;
	bind_refusal(st, row);
	sqlite3_bind_int64(st, 5, row->seq);
	sqlite3_bind_int64(st, 6, row->time);
	return stmt_done(s, st);
}

static int repeat(struct store *s, int64_t seq)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_LOG_REPEAT,
		"INSERT INTO log_repeats (seq, repeats) VALUES (?1, 1)"
		" ON CONFLICT (seq) DO UPDATE SET repeats = repeats + 1");

	if (!st)
		return E_DB;
	sqlite3_bind_int64(st, 1, seq);
	return stmt_done(s, st);
}

int store_log_refusal(struct store *s, struct row_log *row, int64_t within_s)
{
	int64_t seq = 0;
	int err = refusal_find(s, row, row->time - within_s, &seq);

	if (err == 0) {
		err = repeat(s, seq);
		if (err == 0)
			row->seq = seq;
		return err;
	}
	if (err != E_NOT_FOUND)
		return err;
	err = store_log_append(s, row);
	return err < 0 ? err : refusal_put(s, row);
}

int store_refusals_forget(struct store *s, int64_t before)
{
	sqlite3_stmt *st = stmt_use(s, ST_REFUSALS_FORGET,
				    "DELETE FROM refusals WHERE since < ?1");

	if (!st)
		return E_DB;
	sqlite3_bind_int64(st, 1, before);
	return stmt_done(s, st);
}

struct each {
	int (*call)(void *arg, const struct row_log *r);
	void *arg;
};

static int each_log(void *arg, const void *row)
{
	struct each *e = arg;

	return e->call(e->arg, row);
}

int store_logs(struct store *s, const struct store_filter *f,
	       int (*row)(void *arg, const struct row_log *r), void *arg)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_LOGS,
		"SELECT l.seq, l.time, l.event, l.actor, l.ord, l.subject,"
		" l.code, l.text, 1 + coalesce(r.repeats, 0) FROM log l"
		" LEFT JOIN log_repeats r ON r.seq = l.seq"
		" WHERE l.seq > ?1 AND ?2 IN ('', l.event)"
		" AND ?3 IN ('', l.ord) AND ?4 IN ('', l.actor)"
		" AND ?5 IN ('', l.subject) ORDER BY l.seq LIMIT ?6");
	char subject[2 * UID_MAX + 1];
	struct each e = { row, arg };
	struct row_log r;

	if (!st)
		return E_DB;
	if (f->uid_len > UID_MAX)
		return E_ARG;
	hex_encode(f->uid, f->uid_len, subject);
	sqlite3_bind_int64(st, 1, f->after);
	bind_text(st, 2, f->event);
	bind_text(st, 3, f->order);
	bind_text(st, 4, f->flasher);
	bind_text(st, 5, subject);
	bind_limit(st, 6, f->limit);
	return stmt_each(s, st, COLS_OF(log_cols), &r, sizeof(r), each_log, &e);
}

int store_totals(struct store *s, struct store_totals *out)
{
	static const struct col cols[] = {
		COL(I64, store_totals, log_entries),
		COL(I64, store_totals, orders_open),
		COL(I64, store_totals, devices),
	};

	return stmt_row(s,
			stmt_use(s, ST_TOTALS,
				 "SELECT (SELECT coalesce(max(seq), 0)"
				 " FROM log), (SELECT count(*) FROM orders"
				 " WHERE state = 1), (SELECT"
				 " coalesce(sum(delivered), 0) FROM orders)"),
			COLS_OF(cols), out);
}
