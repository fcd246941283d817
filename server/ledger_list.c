/* SPDX-License-Identifier: MIT */
/* Reading: lists, releases for stations, status, keys. */
#include <stdlib.h>
#include <string.h>

#include "server/ledger_int.h"

/* A list answer that grows.  The items belong to the answer from the start,
 * so that they are released with it whatever happens. */
struct growing {
	struct list *list;
	size_t cap, size;
	int64_t now; /* OP_WORK */
};

static void *list_next(struct growing *g)
{
	size_t cap = g->cap ? 2 * g->cap : 16;
	void *items;

	if (g->list->count == g->cap) {
		items = realloc(g->list->items, cap * g->size);
		if (!items)
			return NULL;
		g->list->items = items;
		g->cap = cap;
	}
	items = (uint8_t *)g->list->items + g->size * g->list->count;
	memset(items, 0, g->size);
	g->list->count++;
	return items;
}

static struct store_filter filter_of(const struct query *q)
{
	struct store_filter f = {
		.product = q->product,
		.order = q->order,
		.flasher = q->flasher,
		.event = q->event,
		.uid = q->uid.data,
		.uid_len = q->uid.len <= UID_MAX ? q->uid.len : UID_MAX,
		.after = q->after <= INT64_MAX ? (int64_t)q->after : INT64_MAX,
		.limit = q->limit > 0 && q->limit < ROWS_MAX ? q->limit
							     : ROWS_MAX,
	};

	return f;
}

static int add_product(void *arg, const struct row_product *r)
{
	struct product *p = list_next(arg);

	return p ? fill_product(r, p) : E_NOMEM;
}

static int op_products(struct call *c)
{
	struct store_filter f = filter_of(c->job->request);
	struct product_list *a = c->job->answer;
	struct growing g = { .list = &a->rows, .size = sizeof(struct product) };

	return store_products(c->l->db, &f, add_product, &g);
}

static int add_release(void *arg, const struct row_release *r)
{
	struct release *p = list_next(arg);

	if (!p)
		return E_NOMEM;
	fill_release(r, p);
	return 0;
}

static int op_releases(struct call *c)
{
	struct store_filter f = filter_of(c->job->request);
	struct release_list *a = c->job->answer;
	struct growing g = { .list = &a->rows, .size = sizeof(struct release) };

	return store_releases(c->l->db, &f, add_release, &g);
}

static int add_order(void *arg, const struct row_order *r)
{
	struct order *o = list_next(arg);

	if (!o)
		return E_NOMEM;
	fill_order(r, o);
	return 0;
}

static int op_orders(struct call *c)
{
	struct store_filter f = filter_of(c->job->request);
	struct order_list *a = c->job->answer;
	struct growing g = { .list = &a->rows, .size = sizeof(struct order) };

	return store_orders(c->l->db, &f, add_order, &g);
}

/* Only what the flasher could build right now. */
static int add_work(void *arg, const struct row_order *r)
{
	const struct growing *g = arg;

	if (g->list->count == ROWS_MAX)
		return 0;
	if (r->state != ORDER_OPEN || (r->opens != 0 && g->now < r->opens) ||
	    (r->closes != 0 && g->now >= r->closes))
		return 0;
	return add_order(arg, r);
}

static int op_work(struct call *c)
{
	struct store_filter f = filter_of(c->job->request);
	struct order_list *a = c->job->answer;
	struct growing g = { .list = &a->rows,
			     .size = sizeof(struct order),
			     .now = c->now };

	f.manufacturer = c->flasher->row.manufacturer;
	f.limit = 0; /* those that are over do not count */
	return store_orders(c->l->db, &f, add_work, &g);
}

static int add_flasher(void *arg, const struct row_flasher *r)
{
	struct flasher *f = list_next(arg);

	if (!f)
		return E_NOMEM;
	fill_flasher(r, f);
	return 0;
}

static int op_flashers(struct call *c)
{
	struct store_filter f = filter_of(c->job->request);
	struct flasher_list *a = c->job->answer;
	struct growing g = { .list = &a->rows, .size = sizeof(struct flasher) };

	return store_flashers(c->l->db, &f, add_flasher, &g);
}

static int add_device(void *arg, const struct row_device *r)
{
	struct device *d = list_next(arg);

	return d ? fill_device(r, d) : E_NOMEM;
}

static int op_devices(struct call *c)
{
	struct store_filter f = filter_of(c->job->request);
	struct device_list *a = c->job->answer;
	struct growing g = { .list = &a->rows, .size = sizeof(struct device) };

	return store_devices(c->l->db, &f, add_device, &g);
}

static int add_log(void *arg, const struct row_log *r)
{
	struct log_entry *e = list_next(arg);

	if (!e)
		return E_NOMEM;
	e->seq = (uint64_t)r->seq;
	e->count = r->count;
	time_text(r->time, e->time);
	TEXT_SET(e->event, r->event);
	TEXT_SET(e->actor, r->actor);
	TEXT_SET(e->order, r->order);
	TEXT_SET(e->subject, r->subject);
	TEXT_SET(e->code, r->code);
	TEXT_SET(e->text, r->text);
	return 0;
}

static int op_log(struct call *c)
{
	struct store_filter f = filter_of(c->job->request);
	struct log_list *a = c->job->answer;
	struct growing g = { .list = &a->rows,
			     .size = sizeof(struct log_entry) };

	return store_logs(c->l->db, &f, add_log, &g);
}

static int op_status(struct call *c)
{
	struct status *a = c->job->answer;
	struct store_totals t;
	int err = store_totals(c->l->db, &t);

	if (err < 0)
		return err;
	TEXT_SET(a->version, c->l->version);
	time_text(c->l->started, a->started);
	a->log_entries = (uint64_t)t.log_entries;
	a->orders_open = (uint32_t)t.orders_open;
	a->devices = (uint64_t)t.devices;
	return 0;
}

static int op_server_keys(struct call *c)
{
	struct server_keys *a = c->job->answer;
	int err = blob_set(&a->release_hpke_pub, c->l->hpke_pub, X25519_LEN);

	if (err == 0)
		err = blob_set(&a->noise_pub, c->l->noise_pub, X25519_LEN);
	return err < 0 ? err : blob_set(&a->ca, c->l->ca, c->l->ca_len);
}

/* -- what stations fetch ------------------------------------------------- */
static int op_release_fetch(struct call *c)
{
	const struct release_fetch *q = c->job->request;
	struct release_answer *a = c->job->answer;
	struct store_content content;
	struct cached_order *o;
	enum refusal_code code;
	int err;

	TEXT_SET(c->order, q->order);
	err = cache_order(c->l, q->order, &o);
	if (err < 0)
		return call_missing(c, err, "order", q->order);
	code = rules_order(&o->row, &c->flasher->row, c->now);
	if (code != R_NONE)
		return (int)code;
	err = store_order_content(c->l->db, o->row.id, &content);
	if (err < 0)
		return err;
	TEXT_SET(a->version, o->row.release);
	a->header = (struct blob){ content.header.data, content.header.len };
	a->firmware = (struct blob){ content.firmware.data,
				     content.firmware.len };
	a->chunks = (struct blob){ content.chunks.data, content.chunks.len };
	return 0;
}

const struct op_row ledger_list_ops[] = {
	{ OP_WORK, "work", op_work, true },
	{ OP_RELEASE_FETCH, "release", op_release_fetch, false },
	{ OP_PRODUCTS, "product", op_products, true },
	{ OP_RELEASES, "release", op_releases, true },
	{ OP_ORDERS, "order", op_orders, true },
	{ OP_FLASHERS, "flasher", op_flashers, true },
	{ OP_DEVICES, "device", op_devices, true },
	{ OP_LOG, "log", op_log, true },
	{ OP_STATUS, "status", op_status, true },
	{ OP_SERVER_KEYS, "keys", op_server_keys, false },
	{ OP_NONE, NULL, NULL, false },
};
