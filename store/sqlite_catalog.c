/* SPDX-License-Identifier: MIT */
/* Persons, products, releases, orders: what the owner sets up. */
#include <stdlib.h>
#include <string.h>

#include "store/sqlite_int.h"

static const struct col person_cols[] = {
	COL(I64, row_person, id),
	COL_ARRAY(TEXT, row_person, name),
	COL_ARRAY(FIXED, row_person, token),
	COL(I64, row_person, created),
};

static const struct col product_cols[] = {
	COL(I64, row_product, id),
	COL_ARRAY(TEXT, row_product, name),
	COL(U32, row_product, family),
	COL(U32, row_product, demands),
	COL(U32, row_product, modes),
	COL_ARRAY(FIXED, row_product, release_pub),
	COL_ARRAY(FIXED, row_product, device_pub),
	COL(I64, row_product, created),
};
#define PRODUCT_SELECT                                                    \
	"SELECT id, name, family, proof, modes, release_pub, device_pub," \
	" created "                                                       \
	"FROM products "

static const struct col release_cols[] = {
	COL(I64, row_release, id),
	COL(I64, row_release, product_id),
	COL_ARRAY(TEXT, row_release, version),
	COL(U32, row_release, rollback),
	COL(U32, row_release, size),
	COL_ARRAY(FIXED, row_release, digest),
	COL_ARRAY(FIXED, row_release, header_digest),
	COL(I64, row_release, created),
	COL(BOOL, row_release, sealed),
	COL_ARRAY(TEXT, row_release, serial_at),
	COL(U32, row_release, device),
	COL_ARRAY(TEXT, row_release, protection),
	COL_ARRAY(TEXT, row_release, product), /* joined */
};
#define RELEASE_SELECT                                                        \
	"SELECT r.id, r.product_id, r.version, r.rollback, r.size, r.digest," \
	" r.header_digest, r.created, r.sealed, r.serial_at, r.device,"       \
	" r.protection, p.name "                                              \
	"FROM releases r "                                                    \
	"JOIN products p ON p.id = r.product_id "

/* In three runs: fixed at creation, changing, joined. */
static const struct col order_cols[] = {
	COL(I64, row_order, id),
	COL(I64, row_order, product_id),
	COL(I64, row_order, release_id),
	COL_ARRAY(TEXT, row_order, name),
	COL(U32, row_order, mode),
	COL_ARRAY(TEXT, row_order, manufacturer),
	COL(U32, row_order, quantity),
	COL(U32, row_order, retries),
	COL(U32, row_order, lease_s),
	COL_ARRAY(TEXT, row_order, serial_prefix),
	COL(I64, row_order, serial_first),
	COL(I64Z, row_order, opens),
	COL(I64Z, row_order, closes),
	COL_ARRAY(FIXED, row_order, wrapped),
	COL(I64, row_order, created),
	COL(U32, row_order, proof),
	COL(I64Z, row_order, batch_id),
#define ORDER_FIXED 17
	COL(U32, row_order, state),
	COL(U32, row_order, serial_used),
	COL(U32, row_order, reserved),
	COL(U32, row_order, delivered),
	COL(U32, row_order, installed),
	COL(U32, row_order, closed),
	COL(U32, row_order, unknown),
	COL(U32, row_order, scrapped),
#define ORDER_CHANGING 8
	COL_ARRAY(TEXT, row_order, product),
	COL(U32, row_order, family),
	COL(U32, row_order, device),
	COL_ARRAY(TEXT, row_order, release),
	COL_ARRAY(TEXT, row_order, batch),
	COL_ARRAY(FIXED, row_order, digest),
	COL_ARRAY(FIXED, row_order, header_digest),
};
#define ORDER_SELECT                                                          \
	"SELECT o.id, o.product_id, o.release_id, o.name, o.mode,"            \
	" o.manufacturer, o.quantity, o.retries, o.lease_s, o.serial_prefix," \
	" o.serial_first, o.opens, o.closes, o.wrapped, o.created, o.proof,"  \
	" o.batch_id, o.state,"                                               \
	" o.serial_used, o.reserved, o.delivered, o.installed, o.closed,"     \
	" o.unknown, o.scrapped, p.name, p.family, r.device, r.version,"      \
	" coalesce(b.name, ''), r.digest, r.header_digest FROM orders o "     \
	"JOIN products p ON p.id = o.product_id "                             \
	"JOIN releases r ON r.id = o.release_id "                             \
	"LEFT JOIN batches b ON b.id = o.batch_id "

/* -- persons ------------------------------------------------------------- */
int store_person_by_token(struct store *s, const uint8_t token[STORE_HASH_LEN],
			  struct row_person *out)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_PERSON_BY_TOKEN,
		"SELECT id, name, token, created FROM persons "
		"WHERE token = ?1");

	if (!st)
		return E_DB;
	sqlite3_bind_blob(st, 1, token, STORE_HASH_LEN, SQLITE_STATIC);
	return stmt_row(s, st, COLS_OF(person_cols), out);
}

int store_person_insert(struct store *s, struct row_person *row)
{
	sqlite3_stmt *st = stmt_use(s, ST_PERSON_INSERT,
				    "INSERT INTO persons (name, token, created)"
				    " VALUES (?1, ?2, ?3)");

	if (!st)
		return E_DB;
	cols_bind(st, 1, person_cols + 1, 3, row);
	return stmt_insert(s, st, &row->id);
}

/* -- products ------------------------------------------------------------ */
int store_product_by_name(struct store *s, const char *name,
			  struct row_product *out)
{
	sqlite3_stmt *st = stmt_use(s, ST_PRODUCT_BY_NAME,
				    PRODUCT_SELECT "WHERE name = ?1");

	if (!st)
		return E_DB;
	bind_text(st, 1, name);
	return stmt_row(s, st, COLS_OF(product_cols), out);
}

int store_product_insert(struct store *s, struct row_product *row)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_PRODUCT_INSERT,
		"INSERT INTO products (name, family, proof, modes, release_pub,"
		" device_pub, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");

	if (!st)
		return E_DB;
	cols_bind(st, 1, product_cols + 1, 7, row);
	return stmt_insert(s, st, &row->id);
}

/* The callbacks of the header take their own row type; stmt_each passes what
 * the columns were read into, which is that type. */
struct each {
	union {
		int (*product)(void *arg, const struct row_product *r);
		int (*release)(void *arg, const struct row_release *r);
		int (*order)(void *arg, const struct row_order *r);
	} call;
	void *arg;
};

static int each_product(void *arg, const void *row)
{
	struct each *e = arg;

	return e->call.product(e->arg, row);
}

static int each_release(void *arg, const void *row)
{
	struct each *e = arg;

	return e->call.release(e->arg, row);
}

static int each_order(void *arg, const void *row)
{
	struct each *e = arg;

	return e->call.order(e->arg, row);
}

int store_products(struct store *s, const struct store_filter *f,
		   int (*row)(void *arg, const struct row_product *r),
		   void *arg)
{
	sqlite3_stmt *st = stmt_use(s, ST_PRODUCTS,
				    PRODUCT_SELECT
				    "WHERE ?1 IN ('', name) ORDER BY id "
				    "LIMIT ?2 OFFSET ?3");
	struct each e = { .call.product = row, .arg = arg };
	struct row_product r;

	if (!st)
		return E_DB;
	bind_text(st, 1, f->product);
	bind_limit(st, 2, f->limit);
	sqlite3_bind_int64(st, 3, f->after);
	return stmt_each(s, st, COLS_OF(product_cols), &r, sizeof(r),
			 each_product, &e);
}

/* -- releases ------------------------------------------------------------ */
int store_release_by_version(struct store *s, int64_t product_id,
			     const char *version, struct row_release *out)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_RELEASE_BY_VERSION,
		RELEASE_SELECT "WHERE r.product_id = ?1 AND r.version = ?2");

	if (!st)
		return E_DB;
	sqlite3_bind_int64(st, 1, product_id);
	bind_text(st, 2, version);
	return stmt_row(s, st, COLS_OF(release_cols), out);
}

int store_release_insert(struct store *s, struct row_release *row,
			 const uint8_t *file, size_t len)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_RELEASE_INSERT,
		"INSERT INTO releases (product_id, version, rollback, size,"
		" digest, header_digest, created, sealed, serial_at, device,"
		" protection)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)");
	int err;

	if (!st)
		return E_DB;
	cols_bind(st, 1, release_cols + 1, 11, row);
	err = stmt_insert(s, st, &row->id);
	if (err < 0)
		return err;
	st = stmt_use(s, ST_RELEASE_FILE_INSERT,
		      "INSERT INTO release_files (release_id, file)"
		      " VALUES (?1, ?2)");
	if (!st)
		return E_DB;
	sqlite3_bind_int64(st, 1, row->id);
	sqlite3_bind_blob64(st, 2, file, len, SQLITE_STATIC);
	return stmt_done(s, st);
}

int store_release_file(struct store *s, int64_t release_id,
		       struct store_blob *out)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_RELEASE_FILE,
		"SELECT file FROM release_files WHERE release_id = ?1");
	int rc, err = E_NOT_FOUND;

	if (!st)
		return E_DB;
	sqlite3_bind_int64(st, 1, release_id);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		err = column_blob(st, 0, out);
	else if (rc != SQLITE_DONE)
		err = store_fail(s, rc);
	sqlite3_reset(st);
	return err;
}

int store_releases(struct store *s, const struct store_filter *f,
		   int (*row)(void *arg, const struct row_release *r),
		   void *arg)
{
	sqlite3_stmt *st = stmt_use(s, ST_RELEASES,
				    RELEASE_SELECT
				    "WHERE ?1 IN ('', p.name) ORDER BY r.id "
				    "LIMIT ?2 OFFSET ?3");
	struct each e = { .call.release = row, .arg = arg };
	struct row_release r;

	if (!st)
		return E_DB;
	bind_text(st, 1, f->product);
	bind_limit(st, 2, f->limit);
	sqlite3_bind_int64(st, 3, f->after);
	return stmt_each(s, st, COLS_OF(release_cols), &r, sizeof(r),
			 each_release, &e);
}

/* -- orders -------------------------------------------------------------- */
int store_order_by_name(struct store *s, const char *name,
			struct row_order *out)
{
	sqlite3_stmt *st = stmt_use(s, ST_ORDER_BY_NAME,
				    ORDER_SELECT "WHERE o.name = ?1");

	if (!st)
		return E_DB;
	bind_text(st, 1, name);
	return stmt_row(s, st, COLS_OF(order_cols), out);
}

int store_order_by_id(struct store *s, int64_t id, struct row_order *out)
{
	sqlite3_stmt *st = stmt_use(s, ST_ORDER_BY_ID,
				    ORDER_SELECT "WHERE o.id = ?1");

	if (!st)
		return E_DB;
	sqlite3_bind_int64(st, 1, id);
	return stmt_row(s, st, COLS_OF(order_cols), out);
}

static int content_insert(struct store *s, int64_t order_id,
			  const struct store_content *c)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_ORDER_CONTENT_INSERT,
		"INSERT INTO order_contents (order_id, header, firmware,"
		" chunks) VALUES (?1, ?2, ?3, ?4)");

	if (!st)
		return E_DB;
	sqlite3_bind_int64(st, 1, order_id);
	sqlite3_bind_blob64(st, 2, c->header.data, c->header.len,
			    SQLITE_STATIC);
	sqlite3_bind_blob64(st, 3, c->firmware.data, c->firmware.len,
			    SQLITE_STATIC);
	sqlite3_bind_blob64(st, 4, c->chunks.data, c->chunks.len,
			    SQLITE_STATIC);
	return stmt_done(s, st);
}

int store_order_insert(struct store *s, struct row_order *row,
		       const struct store_content *content)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_ORDER_INSERT,
		"INSERT INTO orders (product_id, release_id, name, mode,"
		" manufacturer, quantity, retries, lease_s, serial_prefix,"
		" serial_first, opens, closes, wrapped, created, proof,"
		" batch_id, state)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,"
		" ?13, ?14, ?15, ?16, ?17)");
	int err;

	if (!st)
		return E_DB;
	cols_bind(st, 1, order_cols + 1, ORDER_FIXED, row);
	err = stmt_insert(s, st, &row->id);
	return err < 0 ? err : content_insert(s, row->id, content);
}

int store_order_update(struct store *s, const struct row_order *row)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_ORDER_UPDATE,
		"UPDATE orders SET state = ?1, serial_used = ?2,"
		" reserved = ?3, delivered = ?4, installed = ?5, closed = ?6,"
		" unknown = ?7, scrapped = ?8 WHERE id = ?9");

	if (!st)
		return E_DB;
	cols_bind(st, 1, order_cols + ORDER_FIXED, ORDER_CHANGING, row);
	sqlite3_bind_int64(st, 9, row->id);
	return stmt_done(s, st);
}

int store_order_content(struct store *s, int64_t order_id,
			struct store_content *out)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_ORDER_CONTENT,
		"SELECT header, firmware, chunks FROM order_contents"
		" WHERE order_id = ?1");
	struct store_content c = { { 0 }, { 0 }, { 0 } };
	int rc, err = E_NOT_FOUND;

	if (!st)
		return E_DB;
	sqlite3_bind_int64(st, 1, order_id);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		err = column_blob(st, 0, &c.header);
		if (err == 0)
			err = column_blob(st, 1, &c.firmware);
		if (err == 0)
			err = column_blob(st, 2, &c.chunks);
	} else if (rc != SQLITE_DONE) {
		err = store_fail(s, rc);
	}
	sqlite3_reset(st);
	if (err < 0)
		store_content_free(&c);
	else
		*out = c;
	return err;
}

int store_order_header(struct store *s, int64_t order_id,
		       struct store_content *out)
{
	sqlite3_stmt *st = stmt_use(
		s, ST_ORDER_HEADER,
		"SELECT header, firmware FROM order_contents"
		" WHERE order_id = ?1");
	struct store_content c = { { 0 }, { 0 }, { 0 } };
	int rc, err = E_NOT_FOUND;

	if (!st)
		return E_DB;
	sqlite3_bind_int64(st, 1, order_id);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		err = column_blob(st, 0, &c.header);
		if (err == 0)
			err = column_blob(st, 1, &c.firmware);
	} else if (rc != SQLITE_DONE) {
		err = store_fail(s, rc);
	}
	sqlite3_reset(st);
	if (err < 0)
		store_content_free(&c);
	else
		*out = c;
	return err;
}

void store_content_free(struct store_content *c)
{
	free(c->header.data);
	free(c->firmware.data);
	free(c->chunks.data);
	memset(c, 0, sizeof(*c));
}

int store_orders(struct store *s, const struct store_filter *f,
		 int (*row)(void *arg, const struct row_order *r), void *arg)
{
	sqlite3_stmt *st = stmt_use(s, ST_ORDERS,
				    ORDER_SELECT
				    "WHERE ?1 IN ('', p.name)"
				    " AND ?2 IN ('', o.name)"
				    " AND ?3 IN ('', o.manufacturer)"
				    " ORDER BY o.id LIMIT ?4 OFFSET ?5");
	struct each e = { .call.order = row, .arg = arg };
	struct row_order r;

	if (!st)
		return E_DB;
	bind_text(st, 1, f->product);
	bind_text(st, 2, f->order);
	bind_text(st, 3, f->manufacturer);
	bind_limit(st, 4, f->limit);
	sqlite3_bind_int64(st, 5, f->after);
	return stmt_each(s, st, COLS_OF(order_cols), &r, sizeof(r), each_order,
			 &e);
}
