/* SPDX-License-Identifier: MIT */
/* What the clock does to grants. */
#include "server/ledger_int.h"

#define DUE_AT_ONCE 64

struct due {
	int64_t ids[DUE_AT_ONCE];
	size_t count;
};

static int add_due(void *arg, const struct row_grant *r)
{
	struct due *d = arg;

	d->ids[d->count++] = r->id;
	return 0;
}

static int expire(struct ledger *l, int64_t id)
{
	struct call c = { .l = l, .now = l->batch.now };
	struct cached_flasher *f = NULL;
	struct cached_order *o;
	struct cached_grant *g;
	int err = cache_grant_id(l, id, &g);

	if (err == 0)
		err = cache_order_id(l, g->row.order_id, &o);
	if (err == 0)
		err = cache_flasher_id(l, g->row.flasher_id, &f);
	if (err != 0)
		return err;
	rules_due_apply(&o->row, &f->row, &g->row, c.now);
	o->dirty = g->dirty = f->dirty = true;
	TEXT_SET(c.order, o->row.name);
	subject_uid(c.subject, g->row.uid, g->row.uid_len);
	/* At once, so that the next look does not find it again. */
	err = store_grant_update(l->db, &g->row);
	if (err < 0)
		return err;
	return call_log(&c,
			g->row.state == GRANT_RELEASED ? "grant.expired"
						       : "grant.unknown",
			c.subject, "grant %lld, attempt %u, flasher %s",
			(long long)id, g->row.attempt, f->row.name);
}

int ledger_expire(struct ledger *l)
{
	struct due d;
	int err;

	do {
		d.count = 0;
		err = store_grants_due(l->db, l->batch.now, DUE_AT_ONCE,
				       add_due, &d);
		for (size_t i = 0; err == 0 && i < d.count; i++)
			err = expire(l, d.ids[i]);
	} while (err == 0 && d.count == DUE_AT_ONCE);
	return err;
}
