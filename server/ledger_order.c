/* SPDX-License-Identifier: MIT */
/* Orders, and what the owner decides about single devices. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "chip/chip.h"
#include "server/ledger_int.h"
#include "wire/cose.h"
#include "wire/name.h"
#include "wire/serial.h"

#define RETRIES_DEFAULT 3
#define RETRIES_MAX 1000
#define LEASE_DEFAULT_S 120
#define LEASE_MIN_S 5
#define LEASE_MAX_S 86400
#define SERIAL_FIRST_MAX (1ull << 53)

/* -- creating ------------------------------------------------------------ */
static int check_serial(struct call *c, const struct order *q)
{
	size_t len = strnlen(q->serial_prefix, SERIAL_CAP);

	if (len > SERIAL_PREFIX_MAX)
		return call_refuse(c, R_BAD_REQUEST,
				   "serial_prefix: at most %d bytes",
				   SERIAL_PREFIX_MAX);
	for (size_t i = 0; i < len; i++)
		if (q->serial_prefix[i] < 0x20 || q->serial_prefix[i] > 0x7e)
			return call_refuse(c, R_BAD_REQUEST,
					   "serial_prefix: ASCII only");
	/* "A1" + "2" and "A" + "12" would be the same serial number. */
	if (len > 0 && isdigit((unsigned char)q->serial_prefix[len - 1]))
		return call_refuse(c, R_BAD_REQUEST,
				   "serial_prefix: must not end in a digit");
	if (q->serial_first > SERIAL_FIRST_MAX)
		return call_refuse(c, R_BAD_REQUEST, "serial_first: too large");
	return 0;
}

static int check_numbers(struct call *c, const struct order *q,
			 struct row_order *row)
{
	if (q->quantity < 1 || q->quantity > INT32_MAX)
		return call_refuse(c, R_BAD_REQUEST, "quantity: from 1 to %d",
				   INT32_MAX);
	if (q->retries > RETRIES_MAX)
		return call_refuse(c, R_BAD_REQUEST, "retries: at most %d",
				   RETRIES_MAX);
	if (q->lease_s != 0 &&
	    (q->lease_s < LEASE_MIN_S || q->lease_s > LEASE_MAX_S))
		return call_refuse(c, R_BAD_REQUEST, "lease_s: from %d to %d",
				   LEASE_MIN_S, LEASE_MAX_S);
	if (time_parse(q->opens, &row->opens) < 0 ||
	    time_parse(q->closes, &row->closes) < 0)
		return call_refuse(c, R_BAD_REQUEST,
				   "opens, closes: like 2026-11-20T08:00:00Z");
	if (row->closes != 0 && row->closes <= row->opens)
		return call_refuse(c, R_BAD_REQUEST,
				   "closes: must be after opens");
	row->quantity = q->quantity;
	row->retries = q->retries ? q->retries : RETRIES_DEFAULT;
	row->lease_s = q->lease_s ? q->lease_s : LEASE_DEFAULT_S;
	return check_serial(c, q);
}

static int order_row(struct call *c, const struct order *q,
		     struct row_order *row)
{
	if (!name_valid(q->name) || !name_valid(q->manufacturer))
		return call_refuse(c, R_BAD_REQUEST,
				   "name, manufacturer: 1 to 31 of a-z 0-9 . "
				   "_ -");
	row->mode = MODE_SEALED;
	if (strcmp(q->mode, "signed") == 0)
		row->mode = MODE_SIGNED;
	else if (q->mode[0] != '\0' && strcmp(q->mode, "sealed") != 0)
		return call_refuse(c, R_BAD_REQUEST, "mode: sealed or signed");
	TEXT_SET(row->name, q->name);
	TEXT_SET(row->manufacturer, q->manufacturer);
	TEXT_SET(row->serial_prefix, q->serial_prefix);
	row->serial_first = (int64_t)q->serial_first;
	row->state = ORDER_OPEN;
	row->created = c->now;
	return check_numbers(c, q, row);
}

struct overlap {
	const struct row_order *order;
	char found[NAME_CAP];
};

static int seek_overlap(void *arg, const struct row_order *r)
{
	struct overlap *o = arg;
	const struct row_order *n = o->order;

	if (strcmp(r->serial_prefix, n->serial_prefix) == 0 &&
	    r->serial_first < n->serial_first + (int64_t)n->quantity &&
	    n->serial_first < r->serial_first + (int64_t)r->quantity)
		TEXT_SET(o->found, r->name);
	return 0;
}

static int check_overlap(struct call *c, const struct row_order *row)
{
	struct store_filter f = { .product = row->product };
	struct overlap o = { .order = row };
	int err;

	if (row->serial_prefix[0] == '\0')
		return 0;
	err = store_orders(c->l->db, &f, seek_overlap, &o);
	if (err == 0 && o.found[0] != '\0')
		return call_refuse_next(
			c, R_EXISTS,
			"choose another --serial-prefix, or a --serial-first "
			"above its numbers",
			"order %s gives some of the same serial numbers",
			o.found);
	return err;
}

/* What the order's devices will have proved. */
static int find_batch(struct call *c, const struct order *q,
		      const struct row_product *p, struct row_order *row)
{
	const struct chip *chip = chip_find((enum family)p->family);
	struct row_batch b;
	int err;

	row->proof = chip && chip->demonstration ? PROOF_DEMO : PROOF_NONE;
	if (q->batch[0] != '\0') {
		err = store_batch_by_name(c->l->db, q->batch, &b);
		if (err < 0)
			return call_missing(c, err, "batch", q->batch);
		if (row->mode != MODE_SEALED)
			return call_refuse(c, R_MODE,
					   "a stage-0 batch is for sealed "
					   "orders");
		if (b.family != p->family)
			return call_refuse_next(
				c, R_BAD_REQUEST,
				"name a batch of the product's family; `signet "
				"batch list` shows them",
				"batch %s is of another chip family", q->batch);
		row->batch_id = b.id;
		row->proof = PROOF_STAGE0;
		TEXT_SET(row->batch, b.name);
	}
	if (row->proof < p->demands)
		return call_refuse_next(
			c, R_PROOF,
			"make it a sealed order with --batch; `signet batch "
			"list` shows the batches",
			"product %s demands %s, which this order does not give",
			p->name, proof_name(p->demands));
	return 0;
}

static int find_release(struct call *c, const struct order *q,
			struct row_product *p, struct row_order *row)
{
	struct row_release r;
	int err = store_product_by_name(c->l->db, q->product, p);

	if (err < 0)
		return call_missing(c, err, "product", q->product);
	err = store_release_by_version(c->l->db, p->id, q->release, &r);
	if (err < 0)
		return call_missing(c, err, "release", q->release);
	row->product_id = p->id;
	row->release_id = r.id;
	TEXT_SET(row->product, p->name);
	TEXT_SET(row->release, r.version);
	if (row->mode == MODE_SIGNED && p->modes == MODES_SEALED)
		return call_refuse(c, R_MODE,
				   "product %s is built in sealed mode only",
				   p->name);
	if ((row->mode == MODE_SEALED) != r.sealed)
		return call_refuse(c, R_MODE,
				   "the order is %s, release %s is laid out "
				   "for %s mode",
				   rules_mode(row->mode), r.version,
				   r.sealed ? "sealed" : "signed");
	return find_batch(c, q, p, row);
}

/* Where the image holds the serial number, each of the order's must fit. */
static int check_place(struct call *c, const struct row_order *row,
		       const struct release_file *rf)
{
	char serial[SERIAL_CAP], place[SERIAL_PLACE_CAP];
	uint8_t bytes[SERIAL_CAP];
	struct release_header h;
	struct cose_sign1 s;
	int err = cose_decode(rf->header, rf->header_len, &s);

	if (err == 0)
		err = release_header_decode(s.payload, s.payload_len, &h);
	if (err != 0 || h.serial.form == SERIAL_NONE)
		return err;
	serial_place_text(&h.serial, place);
	if (row->serial_prefix[0] == '\0')
		return call_refuse(c, R_BAD_REQUEST,
				   "release %s puts serial numbers into the "
				   "image: serial_prefix is missing",
				   row->release);
	/* the last one is the longest, and the greatest */
	rules_serial_number(row, row->quantity - 1, serial);
	if (serial_bytes(&h.serial, serial, bytes) == 0)
		return 0;
	return call_refuse(c, R_BAD_REQUEST,
			   "the serial number %s does not fit into the "
			   "release's %s",
			   serial, place);
}

/* The order's own encryption of the release, and what goes with it. */
static int make_content(struct call *c, const struct row_product *p,
			struct row_order *row, struct store_content *out)
{
	const struct signer_port *s = c->l->signer;
	struct store_blob file = { 0 };
	struct blob header = { 0 }, firmware = { 0 };
	struct release_file rf;
	int err = store_release_file(c->l->db, row->release_id, &file);

	if (err == 0)
		err = release_file_decode(file.data, file.len, &rf);
	if (err == 0)
		err = check_place(c, row, &rf);
	if (err == 0)
		err = blob_set(&header, rf.header, rf.header_len);
	if (err == 0)
		err = blob_set(&firmware, rf.firmware, rf.firmware_len);
	if (err == 0)
		err = s->release_encrypt(s->self, p->release_pub, file.data,
					 file.len, row->name, row->wrapped,
					 &out->chunks.data, &out->chunks.len);
	free(file.data);
	if (err != 0) {
		free(header.data);
		free(firmware.data);
		return err;
	}
	out->header = (struct store_blob){ header.data, header.len };
	out->firmware = (struct store_blob){ firmware.data, firmware.len };
	return 0;
}

static int op_order_create(struct call *c)
{
	const struct order *q = c->job->request;
	struct store_content content = { { 0 }, { 0 }, { 0 } };
	struct row_order row = { 0 }, old;
	struct row_product p;
	int err;

	TEXT_SET(c->order, q->name);
	TEXT_SET(c->subject, q->product);
	err = order_row(c, q, &row);
	if (err == 0)
		err = find_release(c, q, &p, &row);
	if (err != 0)
		return err;
	err = store_order_by_name(c->l->db, q->name, &old);
	if (err == 0)
		return call_refuse(c, R_EXISTS, "order %s exists", q->name);
	if (err != E_NOT_FOUND)
		return err;
	err = check_overlap(c, &row);
	if (err != 0)
		return err;
	err = make_content(c, &p, &row, &content);
	if (err == 0)
		err = store_order_insert(c->l->db, &row, &content);
	if (err == 0)
		err = call_log(c, "order.created", q->product,
			       "%u units, release %s, manufacturer %s, %s, "
			       "proof %s",
			       row.quantity, row.release, row.manufacturer,
			       rules_mode(row.mode), proof_name(row.proof));
	if (err == 0)
		fill_order(&row, c->job->answer);
	store_content_free(&content);
	return err;
}

/* -- pause, resume, end -------------------------------------------------- */
static int op_order_change(struct call *c)
{
	static const char *const events[] = {
		[ORDER_OPEN] = "order.resumed",
		[ORDER_PAUSED] = "order.paused",
		[ORDER_ENDED] = "order.ended",
	};
	const struct order_change *q = c->job->request;
	struct cached_order *o;
	enum refusal_code code;
	uint32_t state = 0;
	int err;

	TEXT_SET(c->order, q->order);
	err = cache_order(c->l, q->order, &o);
	if (err < 0)
		return call_missing(c, err, "order", q->order);
	TEXT_SET(c->subject, o->row.product);
	code = rules_order_change(&o->row, q->action, &state);
	if (code == R_BAD_REQUEST)
		return call_refuse(c, code, "action is pause, resume or end");
	if (code != R_NONE)
		return call_refuse_next(
			c, code,
			o->row.state == ORDER_ENDED
				? "create another order: an ended one stays so"
				: "nothing is to be done",
			"order %s is %s", q->order,
			rules_order_state(o->row.state));
	o->row.state = state;
	o->dirty = true;
	fill_order(&o->row, c->job->answer);
	return call_log(c, events[state], o->row.product, "delivered %u of %u",
			o->row.delivered, o->row.quantity);
}

/* -- one device ---------------------------------------------------------- */
static int device_answer(struct call *c, const struct cached_grant *g)
{
	struct row_device d;
	int err = store_device_by_id(c->l->db, g->row.id, &d);

	if (err < 0)
		return err;
	d.grant = g->row; /* newer than what was read */
	return fill_device(&d, c->job->answer);
}

static int scrap(struct call *c, struct cached_order *o, struct cached_grant *g,
		 const char *reason)
{
	struct cached_flasher *f;
	int err = cache_flasher_id(c->l, g->row.flasher_id, &f);

	if (err < 0)
		return err;
	if (rules_scrap(&g->row) != R_NONE)
		return call_refuse_next(
			c, R_STATE,
			g->row.state == GRANT_SCRAPPED
				? "nothing is to be done"
				: "let it be: its unit is not used, and comes "
				  "back when the lease runs out",
			"only a delivered device can be scrapped; this one is "
			"%s",
			rules_grant_state(g->row.state));
	rules_scrap_apply(&o->row, &f->row, &g->row, c->now);
	o->dirty = f->dirty = true;
	return call_log(c, "grant.scrapped", c->subject, "%s", reason);
}

static int retry(struct call *c, struct cached_order *o, struct cached_grant *g,
		 const char *reason)
{
	bool rework;

	if (rules_retry(&g->row) != R_NONE)
		return call_refuse_next(
			c, R_STATE,
			"build another chip: a scrapped one is not built again",
			"this device is scrapped");
	rework = rules_retry_apply(&o->row, &g->row, c->now);
	o->dirty = true;
	return call_log(c, rework ? "grant.rework" : "grant.retry", c->subject,
			"%u attempts allowed now%s%s",
			rules_attempts(&o->row, &g->row), reason[0] ? ": " : "",
			reason);
}

static int op_grant_change(struct call *c)
{
	const struct grant_change *q = c->job->request;
	struct cached_order *o;
	struct cached_grant *g;
	int err;

	err = E_NOT_FOUND;
	if (q->grant <= INT64_MAX)
		err = cache_grant_id(c->l, (int64_t)q->grant, &g);
	if (err == 0)
		err = cache_order_id(c->l, g->row.order_id, &o);
	if (err == E_NOT_FOUND)
		return call_refuse_next(
			c, R_NOT_FOUND, "`signet device list` shows the grants",
			"there is no grant %llu", (unsigned long long)q->grant);
	if (err != 0)
		return err;
	if (g->signing)
		return LATER;
	TEXT_SET(c->order, o->row.name);
	subject_uid(c->subject, g->row.uid, g->row.uid_len);
	if (strcmp(q->action, "scrap") == 0)
		err = scrap(c, o, g, q->reason);
	else if (strcmp(q->action, "retry") == 0)
		err = retry(c, o, g, q->reason);
	else
		return call_refuse(c, R_BAD_REQUEST,
				   "action is scrap or retry");
	if (err != 0)
		return err;
	g->dirty = true;
	return device_answer(c, g);
}

const struct op_row ledger_order_ops[] = {
	{ OP_ORDER_CREATE, "order", op_order_create, false },
	{ OP_ORDER_CHANGE, "order", op_order_change, false },
	{ OP_GRANT_CHANGE, "device", op_grant_change, false },
	{ OP_NONE, NULL, NULL, false },
};
