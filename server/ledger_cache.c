/* SPDX-License-Identifier: MIT */
/* The rows of one batch: read once, changed in memory, written at its end. */
#include <stdlib.h>
#include <string.h>

#include "server/ledger_int.h"

int vec_add(struct vec *v, void *item)
{
	size_t cap = v->cap ? 2 * v->cap : 32;
	void **items;

	if (v->count == v->cap) {
		items = realloc(v->items, cap * sizeof(*items));
		if (!items) {
			free(item);
			return E_NOMEM;
		}
		v->items = items;
		v->cap = cap;
	}
	v->items[v->count++] = item;
	return 0;
}

void vec_clear(struct vec *v)
{
	for (size_t i = 0; i < v->count; i++)
		free(v->items[i]);
	v->count = 0; /* the array stays for the next batch */
}

/* -- orders -------------------------------------------------------------- */
static int add_order(struct ledger *l, const struct row_order *row,
		     struct cached_order **out)
{
	struct cached_order *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return E_NOMEM;
	c->row = *row;
	err = vec_add(&l->batch.orders, c);
	if (err == 0)
		*out = c;
	return err;
}

int cache_order(struct ledger *l, const char *name, struct cached_order **out)
{
	struct vec *v = &l->batch.orders;
	struct row_order row;
	int err;

	for (size_t i = 0; i < v->count; i++) {
		struct cached_order *c = v->items[i];

		if (strcmp(c->row.name, name) == 0) {
			*out = c;
			return 0;
		}
	}
	err = store_order_by_name(l->db, name, &row);
	return err < 0 ? err : add_order(l, &row, out);
}

int cache_order_id(struct ledger *l, int64_t id, struct cached_order **out)
{
	struct vec *v = &l->batch.orders;
	struct row_order row;
	int err;

	for (size_t i = 0; i < v->count; i++) {
		struct cached_order *c = v->items[i];

		if (c->row.id == id) {
			*out = c;
			return 0;
		}
	}
	err = store_order_by_id(l->db, id, &row);
	return err < 0 ? err : add_order(l, &row, out);
}

/* -- flashers ------------------------------------------------------------ */
static struct cached_flasher *seek_flasher(struct ledger *l, int64_t id)
{
	struct vec *v = &l->batch.flashers;

	for (size_t i = 0; i < v->count; i++) {
		struct cached_flasher *c = v->items[i];

		if (c->row.id == id)
			return c;
	}
	return NULL;
}

static int add_flasher(struct ledger *l, const struct row_flasher *row,
		       struct cached_flasher **out)
{
	struct cached_flasher *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return E_NOMEM;
	c->row = *row;
	err = vec_add(&l->batch.flashers, c);
	if (err == 0)
		*out = c;
	return err;
}

int cache_flasher_id(struct ledger *l, int64_t id, struct cached_flasher **out)
{
	struct cached_flasher *c = seek_flasher(l, id);
	struct row_flasher row;
	int err;

	if (c) {
		*out = c;
		return 0;
	}
	err = store_flasher_by_id(l->db, id, &row);
	return err < 0 ? err : add_flasher(l, &row, out);
}

int cache_flasher(struct ledger *l, const char *name,
		  struct cached_flasher **out)
{
	struct row_flasher row;
	int err = store_flasher_by_name(l->db, name, &row);

	/* The cache may know better than the row just read. */
	return err < 0 ? err : cache_flasher_id(l, row.id, out);
}

int cache_flasher_cert(struct ledger *l, const uint8_t cert[32],
		       struct cached_flasher **out)
{
	struct vec *v = &l->batch.flashers;
	struct row_flasher row;
	int err;

	for (size_t i = 0; i < v->count; i++) {
		struct cached_flasher *c = v->items[i];

		if (c->row.cert_len == 32 &&
		    memcmp(c->row.cert, cert, 32) == 0) {
			*out = c;
			return 0;
		}
	}
	err = store_flasher_by_cert(l->db, cert, &row);
	if (err < 0)
		return err;
	/* Cached with another certificate: it enrolled anew in this batch. */
	if (seek_flasher(l, row.id))
		return E_NOT_FOUND;
	return add_flasher(l, &row, out);
}

/* -- grants -------------------------------------------------------------- */
static struct cached_grant *seek_grant(struct ledger *l, int64_t id)
{
	struct vec *v = &l->batch.grants;

	for (size_t i = 0; i < v->count; i++) {
		struct cached_grant *c = v->items[i];

		if (c->row.id == id)
			return c;
	}
	return NULL;
}

static bool same_chip(const struct row_grant *g, uint32_t family,
		      const uint8_t *uid, uint32_t len)
{
	return g->family == family && g->uid_len == len &&
	       memcmp(g->uid, uid, len) == 0;
}

/* The cached form of a row that was read: the cache is newer. */
static int settle_grant(struct ledger *l, const struct row_grant *row,
			struct cached_grant **out)
{
	struct cached_grant *c = seek_grant(l, row->id);
	int err;

	if (c) {
		*out = c;
		return 0;
	}
	c = calloc(1, sizeof(*c));
	if (!c)
		return E_NOMEM;
	c->row = *row;
	c->charged = rules_charged(row);
	err = vec_add(&l->batch.grants, c);
	if (err == 0)
		*out = c;
	return err;
}

int cache_grant_id(struct ledger *l, int64_t id, struct cached_grant **out)
{
	struct cached_grant *c = seek_grant(l, id);
	struct row_grant row;
	int err;

	if (c) {
		*out = c;
		return 0;
	}
	err = store_grant_by_id(l->db, id, &row);
	return err < 0 ? err : settle_grant(l, &row, out);
}

int cache_grant_uid(struct ledger *l, const struct row_order *o,
		    const uint8_t *uid, uint32_t len, struct cached_grant **out)
{
	struct row_grant row;
	int err = store_grant_by_uid(l->db, o->id, o->family, uid, len, &row);

	return err < 0 ? err : settle_grant(l, &row, out);
}

int cache_grant_charged(struct ledger *l, uint32_t family, const uint8_t *uid,
			uint32_t len, struct cached_grant **out)
{
	struct vec *v = &l->batch.grants;
	struct row_grant row;
	int err;

	/* Charged in this batch: not in the database yet. */
	for (size_t i = 0; i < v->count; i++) {
		struct cached_grant *c = v->items[i];

		if (rules_charged(&c->row) &&
		    same_chip(&c->row, family, uid, len)) {
			*out = c;
			return 0;
		}
	}
	err = store_grant_charged(l->db, family, uid, len, &row);
	return err < 0 ? err : settle_grant(l, &row, out);
}

int cache_grant_new(struct ledger *l, const struct row_grant *row,
		    struct cached_grant **out)
{
	struct row_grant copy = *row;
	int err = store_grant_insert(l->db, &copy);

	return err < 0 ? err : settle_grant(l, &copy, out);
}

/* -- the end of a batch -------------------------------------------------- */
static int flush_logs(struct ledger *l)
{
	struct vec *v = &l->batch.logs;
	int err = 0;

	for (size_t i = 0; err == 0 && i < v->count; i++) {
		struct pending_log *p = v->items[i];

		if (p->refusal)
			err = store_log_refusal(l->db, &p->row,
						RULES_COALESCE_S);
		else
			err = store_log_append(l->db, &p->row);
	}
	return err;
}

/* Orders first, then flashers, then chips: the order in which a database with
 * several writers has to lock them. */
int cache_flush(struct ledger *l)
{
	struct batch *b = &l->batch;
	int err = 0;

	for (size_t i = 0; err == 0 && i < b->orders.count; i++) {
		struct cached_order *c = b->orders.items[i];

		if (c->dirty)
			err = store_order_update(l->db, &c->row);
	}
	for (size_t i = 0; err == 0 && i < b->flashers.count; i++) {
		struct cached_flasher *c = b->flashers.items[i];

		if (c->dirty)
			err = store_flasher_update(l->db, &c->row);
	}
	for (size_t i = 0; err == 0 && i < b->grants.count; i++) {
		struct cached_grant *c = b->grants.items[i];

		if (c->dirty)
			err = c->charged ? store_grant_update_charged(l->db,
								      &c->row)
					 : store_grant_update(l->db, &c->row);
	}
	return err < 0 ? err : flush_logs(l);
}

void cache_clear(struct ledger *l)
{
	struct batch *b = &l->batch;

	vec_clear(&b->orders);
	vec_clear(&b->flashers);
	vec_clear(&b->grants);
	vec_clear(&b->deliveries);
	vec_clear(&b->logs);
	b->credential_count = 0;
	b->rewrap_count = 0;
}
